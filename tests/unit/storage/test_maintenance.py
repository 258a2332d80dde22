from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from prodlens.aggregation import DailyAggregator
from prodlens.errors import InputError, StoreCorruptError, StoreError
from prodlens.schemas import CanonicalTrace
from prodlens.storage import ProdLensStore, maintenance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def call(day: int) -> CanonicalTrace:
    return CanonicalTrace(
        session_id="s",
        developer_id="kim",
        timestamp=datetime(2026, 10, day, 12, tzinfo=UTC),
        model="gpt-5",
        tokens_in=10,
        tokens_out=5,
        latency_ms=100.0,
        status_code=200,
        accepted_flag=None,
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "lens.db") as opened:
        opened.insert_sessions([call(1), call(3)])
        yield opened


def test_info_says_what_the_database_holds(store: ProdLensStore) -> None:
    found = maintenance.info(store)
    assert found.path == store.path
    assert (found.schema_version, found.latest_schema) == (4, 4)
    assert (found.first_day, found.last_day) == ("2026-10-01", "2026-10-03")
    assert found.rows["sessions"] == 2
    assert found.rows["commits"] == 0
    assert list(found.rows) == sorted(found.rows)
    assert not any(name.startswith("sqlite_") for name in found.rows)
    assert found.size_bytes == store.path.stat().st_size
    assert found.wal_bytes > 0


def test_info_of_an_empty_database_knows_no_days(tmp_path: Path) -> None:
    with ProdLensStore(tmp_path / "new.db") as store:
        found = maintenance.info(store)
    assert (found.first_day, found.last_day) == (None, None)


def test_a_sound_database_has_no_findings(store: ProdLensStore) -> None:
    assert maintenance.check(store) == []


def test_a_broken_reference_is_found(store: ProdLensStore) -> None:
    store.conn.execute("pragma foreign_keys = off")
    store.conn.execute("insert into call_keys (key, call_id) values (1, 999)")
    assert maintenance.check(store) == [
        "reference: a row of call_keys points to a row of sessions that is not there"
    ]


def test_a_call_that_stands_there_twice_is_found(store: ProdLensStore) -> None:
    rebuild_sessions(store, without=" unique")
    store.conn.execute("update sessions set trace_hash = 'same'")
    assert maintenance.check(store) == ["duplicate: same stands there 2 times"]


def test_what_can_not_be_looked_at_is_a_finding(store: ProdLensStore) -> None:
    rebuild_sessions(store, without=" primary key")
    findings = maintenance.check(store)
    assert any(finding.startswith("reference: foreign key mismatch") for finding in findings)


def rebuild_sessions(store: ProdLensStore, *, without: str) -> None:
    """Write the table of calls anew without one of its safeguards."""
    made = store.conn.execute("select sql from sqlite_master where name = 'sessions'").fetchone()
    statement = made["sql"].replace(without, "")
    store.conn.execute("pragma foreign_keys = off")
    store.conn.execute(statement.replace("sessions", "copy", 1))
    store.conn.execute("insert into copy select * from sessions")
    store.conn.execute("drop table sessions")
    store.conn.execute("alter table copy rename to sessions")


def test_a_damaged_index_is_found(store: ProdLensStore) -> None:
    store.conn.execute("pragma writable_schema = on")
    store.conn.execute(
        "update sqlite_master set sql = 'create index idx_sessions_date on sessions (session_id)' "
        "where name = 'idx_sessions_date'"
    )
    store.conn.execute("pragma writable_schema = off")
    store.close()
    with ProdLensStore(store.path, read_only=True) as reopened:
        findings = maintenance.check(reopened)
    assert findings
    assert all(finding.startswith("integrity: ") for finding in findings)


def test_a_damaged_page_is_named_with_the_file(store: ProdLensStore) -> None:
    store.conn.execute("pragma wal_checkpoint(truncate)")
    store.close()
    with store.path.open("r+b") as stream:
        stream.seek(4096)
        stream.write(os.urandom(store.path.stat().st_size - 4096))
    with (
        pytest.raises(StoreCorruptError, match=r"lens\.db is damaged"),
        maintenance.opened(store.path, read_only=True) as damaged,
    ):
        assert maintenance.check(damaged) == []


def test_a_backup_holds_what_was_stored_and_is_private(
    store: ProdLensStore, tmp_path: Path
) -> None:
    target = tmp_path / "backups" / "lens.bak"
    written = maintenance.backup(store, target)
    assert written == target.stat().st_size
    assert target.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("select count(*) from sessions").fetchone() == (2,)
    assert [path.name for path in target.parent.iterdir()] == ["lens.bak"]


def test_a_backup_replaces_nothing_unless_told(store: ProdLensStore, tmp_path: Path) -> None:
    target = tmp_path / "lens.bak"
    target.write_text("precious", encoding="utf-8")
    with pytest.raises(InputError, match=r"lens\.bak exists already: .* --force"):
        maintenance.backup(store, target)
    assert target.read_text(encoding="utf-8") == "precious"
    maintenance.backup(store, target, replace=True)
    assert target.read_bytes().startswith(b"SQLite format 3\x00")


def test_a_backup_never_replaces_the_database_itself(store: ProdLensStore) -> None:
    with pytest.raises(InputError, match="is the database itself"):
        maintenance.backup(store, store.path, replace=True)


def test_vacuum_gives_room_back(store: ProdLensStore) -> None:
    store.conn.execute("create table big as select zeroblob(1000000) as data")
    store.conn.execute("drop table big")
    before, after = maintenance.vacuum(store)
    assert before - after > 900_000
    assert maintenance.info(store).free_bytes == 0
    assert maintenance.info(store).wal_bytes == 0
    assert maintenance.check(store) == []


def test_days_of_a_window_are_computed_anew(store: ProdLensStore) -> None:
    aggregator = DailyAggregator(store)
    aggregator.write_aggregates()
    store.insert_daily_session_metrics([{"event_date": "2026-10-07", "session_count": 5}])
    assert maintenance.changed_days(store) == (0, 0)
    with store.transaction() as conn:
        maintenance.mark_days(conn, date(2026, 10, 2), date(2026, 10, 8))
    assert maintenance.changed_days(store) == (2, 0)
    assert aggregator.write_aggregates() == (2, 0)
    with store.transaction() as conn:
        maintenance.mark_days(conn, None, None)
    assert maintenance.changed_days(store) == (2, 0)


def test_whatever_sqlite_raises_in_a_block_names_the_file(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreError, match=r"lens\.db: no such table: nowhere"),
        maintenance.opened(tmp_path / "lens.db") as store,
    ):
        store.conn.execute("select * from nowhere")
