from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from prodlens.errors import SchemaTooNewError, StoreCorruptError
from prodlens.storage import ProdLensStore, connection, migrations
from prodlens.storage.migrations import MIGRATIONS, Migration

if TYPE_CHECKING:
    from pathlib import Path

NEXT = Migration(99, "add a note to calls", ("alter table sessions add column note text",))
RECORD = {
    "session_id": "s",
    "developer_id": "d",
    "timestamp": "2024-10-28T12:00:00Z",
    "model": "m",
    "tokens_in": 1,
    "tokens_out": 2,
    "latency_ms": 3.0,
    "status_code": 200,
    "accepted_flag": True,
}


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as conn:
        rows = conn.execute("select name from sqlite_master where type = 'table'")
        return {row[0] for row in rows}


def test_a_new_database_has_every_table_and_a_record_of_each_step(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "cache.db"
    with ProdLensStore(path) as store:
        steps = store.conn.execute("select version, name from schema_migrations").fetchall()
        assert [tuple(step) for step in steps] == [(m.version, m.name) for m in MIGRATIONS]
        assert store.conn.execute("pragma journal_mode").fetchone()[0] == "wal"
    assert tables(path) >= {
        "sessions",
        "pull_requests",
        "commits",
        "daily_session_metrics",
        "daily_github_metrics",
        "correlation_cache",
        "etag_state",
        "etl_runs",
        "repositories",
        "repo_aliases",
        "developers",
        "developer_identities",
        "suggestions",
        "capture_coverage",
        "source_files",
        "dead_letters",
        "daily_usage",
    }


@pytest.mark.parametrize("steps", range(1, len(MIGRATIONS) + 1))
def test_every_older_schema_is_opened_with_its_data(steps: int, tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    with closing(connection.connect(path)) as conn:
        migrations.migrate(conn, path, MIGRATIONS[:steps])
        conn.execute(
            "insert into etl_runs (job, status, checkpoint)"
            " values ('trace_ingestion', 'ok', '2024-10-28T12:00:00.000000Z')"
        )
    with ProdLensStore(path) as store:
        checkpoint = store.get_last_checkpoint("trace_ingestion")
        assert checkpoint is not None
        assert checkpoint.isoformat() == "2024-10-28T12:00:00+00:00"
        assert store.insert_sessions([RECORD]) == 1


def test_a_step_copies_the_file_before_it_changes_anything(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    with ProdLensStore(path) as store:
        store.insert_sessions([RECORD])
        applied = migrations.migrate(store.conn, path, (*MIGRATIONS, NEXT))
        assert applied == [99]
        assert migrations.migrate(store.conn, path, (*MIGRATIONS, NEXT)) == []
    backup = tmp_path / f"cache.db.schema-{MIGRATIONS[-1].version}.bak"
    assert oct(backup.stat().st_mode & 0o777) == "0o600"
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("select count(*) from sessions").fetchone()[0] == 1
        columns = [row[1] for row in copy.execute("pragma table_info(sessions)")]
        assert "note" not in columns


def test_a_step_that_fails_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    broken = Migration(99, "broken", ("create table half (a)", "create nonsense"))
    with ProdLensStore(path) as store:
        with pytest.raises(sqlite3.OperationalError):
            migrations.migrate(store.conn, path, (*MIGRATIONS, broken))
        assert migrations.schema_version(store.conn) == MIGRATIONS[-1].version
        assert store.insert_sessions([RECORD]) == 1
    assert "half" not in tables(path)


def test_a_newer_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    with ProdLensStore(path) as store:
        store.conn.execute("pragma user_version = 999")
    with pytest.raises(SchemaTooNewError, match=r"schema 999.*upgrade ProdLens"):
        ProdLensStore(path)
    with pytest.raises(SchemaTooNewError):
        ProdLensStore(path, read_only=True)


def test_a_foreign_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "songs.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("create table songs (title text)")
    with pytest.raises(StoreCorruptError, match="not one of ProdLens"):
        ProdLensStore(path)
    assert tables(path) == {"songs"}
