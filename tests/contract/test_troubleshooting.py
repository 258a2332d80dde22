"""The specification's recipes, line by line: VACUUM, duplicates, stale ETags, missing metrics."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from prodlens.aggregation import DailyAggregator
from prodlens.storage import ProdLensStore
from prodlens.trace_normalizer import normalize_records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECORD = {
    "timestamp": "2024-10-28T12:00:00Z",
    "usage": {"input_tokens": 1000, "output_tokens": 500},
    "attributes": {"llm.model_name": "claude-3-sonnet"},
    "metadata": {"session_id": "session_abc123"},
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def test_vacuum_gives_room_back_after_any_work(store: ProdLensStore) -> None:
    store.insert_commits([{"sha": f"{n:040x}", "subject": "x" * 500} for n in range(1200)])
    DailyAggregator(store).write_aggregates()
    store.conn.execute("delete from commits")
    before = store.conn.execute("pragma page_count").fetchone()[0]
    store.conn.execute("VACUUM")
    after = store.conn.execute("pragma page_count").fetchone()[0]
    assert after < before / 2
    assert store.fetch_commits() == []


def test_duplicate_check_finds_none_after_ingesting_twice(store: ProdLensStore) -> None:
    store.insert_sessions(normalize_records([RECORD, RECORD]))
    store.insert_sessions(normalize_records([RECORD]))
    dupes = store.conn.execute("""
        SELECT trace_hash, COUNT(*) as cnt
        FROM sessions
        GROUP BY trace_hash
        HAVING cnt > 1
    """).fetchall()
    assert dupes == []
    assert len(store.fetch_sessions()) == 1
    assert DailyAggregator(store).aggregate_sessions()["2024-10-28"]["session_count"] == 1


def test_rows_of_conn_have_names_and_positions(store: ProdLensStore) -> None:
    store.insert_sessions(normalize_records([RECORD]))
    (row,) = store.conn.execute("SELECT session_id, COUNT(*) as cnt FROM sessions").fetchall()
    assert (row["cnt"], row[1], row["session_id"]) == (1, 1, "abc123")


def test_clearing_an_etag_forces_a_refresh_of_that_endpoint_alone(store: ProdLensStore) -> None:
    store.insert_pull_requests([{"number": 1, "repo_slug": "org/repo"}])
    real = "/repos/org/repo/pulls?state=all&sort=updated&direction=desc&per_page=100"
    store.set_etag(real, 'W/"abc"')
    store.set_etag("/repos/org/repo/pulls", 'W/"plain"')
    store.set_etag("/repos/org/other/pulls", 'W/"other"')
    store.set_etag("/repos/org/repo/pulls", None)
    assert store.get_etag(real) is None
    assert store.get_etag("/repos/org/repo/pulls") is None
    assert store.get_etag("/repos/org/other/pulls") == 'W/"other"'
    (state,) = store.conn.execute("select repo_id, stream, key from sync_state").fetchall()
    assert tuple(state) == (1, "pulls", "force_full")


def test_clearing_an_unknown_etag_is_no_error(store: ProdLensStore) -> None:
    store.set_etag("/repos/org/repo/pulls", None)
    assert store.get_etag("/repos/org/repo/pulls") is None


def test_sessions_dataframe_shows_number_and_range(store: ProdLensStore) -> None:
    later = RECORD | {"timestamp": "2024-10-30T08:30:00Z"}
    store.insert_sessions(normalize_records([later, RECORD]))
    sessions = store.sessions_dataframe()
    assert f"Total sessions: {len(sessions)}" == "Total sessions: 2"
    assert sessions["timestamp"].min() == datetime(2024, 10, 28, 12, tzinfo=UTC)
    assert sessions["timestamp"].max() == datetime(2024, 10, 30, 8, 30, tzinfo=UTC)


def test_sessions_dataframe_of_an_empty_store_says_so(store: ProdLensStore) -> None:
    sessions = store.sessions_dataframe()
    assert len(sessions) == 0
    assert f"{sessions['timestamp'].min()} to {sessions['timestamp'].max()}" == "NaT to NaT"
