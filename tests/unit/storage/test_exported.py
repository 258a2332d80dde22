from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.storage import ProdLensStore
from prodlens.storage.exported import TABLES, calls_of_day, rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SINCE = datetime(2024, 10, 2, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def column(store: ProdLensStore, table: str, name: str, since: datetime | None = None) -> list[Any]:
    at = [field for field, _ in TABLES[table].fields].index(name)
    return [row[at] for row in rows(store.conn, TABLES[table], since)]


@pytest.mark.parametrize("name", TABLES)
def test_every_table_can_be_read_also_empty_and_since(store: ProdLensStore, name: str) -> None:
    assert list(rows(store.conn, TABLES[name])) == []
    assert list(rows(store.conn, TABLES[name], SINCE)) == []


@pytest.mark.parametrize("name", TABLES)
def test_no_table_shows_row_ids_places_addresses_or_digests(name: str) -> None:
    shown = {field for field, _ in TABLES[name].fields}
    kept_back = {
        "repo_id",
        "call_id",
        "node_id",
        "author_email",
        "author_name",
        "committer_email",
        "source_file",
        "source_offset",
        "source_line",
        "file_hash",
        "line_hashes",
        "content",
        "identity_key",
    }
    assert not shown & kept_back
    assert ("id" in shown) == (name == "pull-requests")  # GitHub's number, not ours


def test_calls_come_in_order_of_time_from_since_on(store: ProdLensStore) -> None:
    hours = ("2024-10-03T00", "2024-10-02T11", "2024-10-02T12")
    store.insert_sessions([{"timestamp": f"{hour}:00:00Z", "session_id": hour} for hour in hours])
    assert column(store, "sessions", "session_id") == [hours[1], hours[2], hours[0]]
    assert column(store, "sessions", "session_id", SINCE) == [hours[2], hours[0]]


def test_since_of_a_daily_table_is_its_whole_day(store: ProdLensStore) -> None:
    days = ("2024-10-01", "2024-10-02", "2024-10-03")
    store.insert_daily_session_metrics([{"event_date": day} for day in days])
    assert column(store, "daily-sessions", "event_date", SINCE) == ["2024-10-02", "2024-10-03"]


def test_deliveries_carry_the_slug_of_their_repository(store: ProdLensStore) -> None:
    store.insert_commits([{"sha": "a", "repo_slug": "Org/Repo", "timestamp": "2024-10-02"}])
    store.insert_pull_requests(
        [
            {"number": 1, "repo_slug": "org/repo", "merged_at": "2024-10-01"},
            {"number": 2, "merged_at": "2024-10-03"},
        ]
    )
    assert column(store, "commits", "repo_slug") == ["org/repo"]
    assert column(store, "pull-requests", "repo_slug") == [None, "org/repo"]
    assert column(store, "pull-requests", "number", SINCE) == [2]


def test_calls_of_a_day_are_those_of_one_repository(store: ProdLensStore) -> None:
    for hour, repo in enumerate(["org/repo", "org/other", None, "", "org/repo"]):
        at = f"2024-10-02T{20 - hour:02}:00:00Z"
        store.insert_sessions([{"timestamp": at, "repo_slug": repo}])
    store.insert_sessions([{"timestamp": "2024-10-03T00:00:00Z", "repo_slug": "org/repo"}])
    times = [row[1] for row in calls_of_day(store.conn, "org/repo", "2024-10-02")]
    assert times == ["2024-10-02T16:00:00.000000Z", "2024-10-02T20:00:00.000000Z"]
    assert len(list(calls_of_day(store.conn, "", "2024-10-02"))) == 2
    assert list(calls_of_day(store.conn, "un/known", "2024-10-02")) == []
