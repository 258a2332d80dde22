"""The specification's `DailyAggregator`: what a day says, and that writing keeps tables right."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.aggregation import DailyAggregator
from prodlens.errors import InputError, StoreReadOnlyError
from prodlens.storage import ProdLensStore
from prodlens.trace_normalizer import normalize_records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Row = dict[str, Any]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


@pytest.fixture
def aggregator(store: ProdLensStore) -> DailyAggregator:
    return DailyAggregator(store)


def _record(timestamp: str, session: str, **metadata: Any) -> Row:
    return {
        "timestamp": timestamp,
        "usage": {"input_tokens": 1000, "output_tokens": 500},
        "attributes": {"llm.model_name": "claude-3-sonnet"},
        "metadata": {"session_id": session} | metadata,
    }


def test_empty_store_gives_nothing(aggregator: DailyAggregator) -> None:
    assert aggregator.aggregate_sessions() == {}
    assert aggregator.aggregate_github() == {}
    assert aggregator.aggregate_sessions(event_date=dt.date(2024, 10, 28)) == {}
    assert aggregator.aggregate_github(event_date="2024-10-28") == {}
    assert aggregator.write_aggregates() == (0, 0)


def test_normalized_records_of_the_specification_are_aggregated(
    store: ProdLensStore, aggregator: DailyAggregator
) -> None:
    records = [
        _record("2024-10-28T12:00:00Z", "session_abc123"),
        _record("2024-10-28T13:00:00Z", "session_abc123"),
        _record("2024-10-29T12:00:00Z", "session_def456"),
    ]
    store.insert_sessions(normalize_records(records))
    days = aggregator.aggregate_sessions()
    assert {day: row["session_count"] for day, row in days.items()} == {
        "2024-10-28": 2,
        "2024-10-29": 1,
    }
    assert days["2024-10-28"]["total_tokens"] == 3000


def test_day_has_the_metric_columns_of_its_table(
    store: ProdLensStore, aggregator: DailyAggregator
) -> None:
    store.insert_sessions([{"timestamp": "2024-10-28T12:00:00Z"}])
    store.insert_commits([{"sha": "a", "timestamp": "2024-10-28T12:00:00Z"}])
    unwritten = {"id", "created_at"}
    for table, days in (
        ("daily_session_metrics", aggregator.aggregate_sessions()),
        ("daily_github_metrics", aggregator.aggregate_github()),
    ):
        rows = store.conn.execute("select name from pragma_table_info(?)", (table,))
        assert set(days["2024-10-28"]) == {row["name"] for row in rows} - unwritten


@pytest.mark.parametrize(
    ("flags", "accepted"),
    [([True, True, False], 2), ([False], 0), ([None, True], 1), ([None], 0)],
)
def test_accepted_calls_are_counted(
    store: ProdLensStore, aggregator: DailyAggregator, flags: list[bool | None], accepted: int
) -> None:
    store.insert_sessions(
        [
            {"timestamp": f"2024-10-28T{hour:02}:00:00Z", "accepted_flag": flag}
            for hour, flag in enumerate(flags)
        ]
    )
    day = aggregator.aggregate_sessions()["2024-10-28"]
    assert (day["session_count"], day["accepted_count"]) == (len(flags), accepted)


@pytest.mark.parametrize(
    ("status", "errors"), [(200, 0), (399, 0), (400, 1), (429, 1), (503, 1), (None, 0)]
)
def test_errors_start_at_status_400(
    store: ProdLensStore, aggregator: DailyAggregator, status: int | None, errors: int
) -> None:
    store.insert_sessions([{"timestamp": "2024-10-28T12:00:00Z", "status_code": status}])
    assert aggregator.aggregate_sessions()["2024-10-28"]["error_count"] == errors


def test_one_day_can_be_asked_for(store: ProdLensStore, aggregator: DailyAggregator) -> None:
    store.insert_sessions(
        [{"timestamp": "2024-10-28T23:59:59.999Z"}, {"timestamp": "2024-10-29T00:00:00Z"}]
    )
    store.insert_commits(
        [{"sha": "a", "timestamp": "2024-10-28"}, {"sha": "b", "timestamp": "2024-10-29"}]
    )
    day = dt.date(2024, 10, 29)
    assert list(aggregator.aggregate_sessions(event_date=day)) == ["2024-10-29"]
    assert list(aggregator.aggregate_github(event_date="2024-10-29")) == ["2024-10-29"]
    with pytest.raises(InputError, match="YYYY-MM-DD"):
        aggregator.aggregate_sessions(event_date="yesterday")


def test_days_are_utc(store: ProdLensStore, aggregator: DailyAggregator) -> None:
    late = dt.datetime(2024, 10, 28, 23, tzinfo=dt.timezone(dt.timedelta(hours=-5)))
    store.insert_sessions([{"timestamp": late}])
    store.insert_commits([{"sha": "a", "timestamp": late}])
    assert list(aggregator.aggregate_sessions()) == ["2024-10-29"]
    assert list(aggregator.aggregate_github()) == ["2024-10-29"]


def test_cost_is_exact_and_median_is_no_mean(
    store: ProdLensStore, aggregator: DailyAggregator
) -> None:
    store.insert_sessions(
        [
            {"timestamp": f"2024-10-28T{hour:02}:00:00Z", "latency_ms": ms, "cost_usd": 0.1}
            for hour, ms in enumerate([100.0, 200.0, 9000.0])
        ]
    )
    day = aggregator.aggregate_sessions()["2024-10-28"]
    assert (day["cost_usd"], day["median_latency_ms"]) == (0.3, 200.0)


def test_github_days_follow_merge_landing_and_reopening(
    store: ProdLensStore, aggregator: DailyAggregator
) -> None:
    store.insert_pull_requests(
        [
            {
                "number": 1,
                "created_at": "2024-10-27T12:00:00Z",
                "merged_at": "2024-10-28T12:00:00Z",
            },
            {
                "number": 2,
                "created_at": "2024-10-28T06:00:00Z",
                "merged_at": "2024-10-28T18:00:00Z",
            },
            {"number": 3, "created_at": "2024-10-27T00:00:00Z", "state": "open"}
            | {"reopened": True, "reopened_at": "2024-10-29T09:00:00Z"},
        ]
    )
    store.insert_commits([{"sha": "a", "timestamp": "2024-10-29T01:00:00Z"}])
    assert aggregator.aggregate_github() == {
        "2024-10-28": {
            "event_date": "2024-10-28",
            "merged_pr_count": 2,
            "commit_count": 0,
            "reopened_pr_count": 0,
            "avg_merge_hours": 18.0,
        },
        "2024-10-29": {
            "event_date": "2024-10-29",
            "merged_pr_count": 0,
            "commit_count": 1,
            "reopened_pr_count": 1,
            "avg_merge_hours": None,
        },
    }


def test_aggregating_writes_nothing_and_works_read_only(
    store: ProdLensStore, tmp_path: Path
) -> None:
    store.insert_sessions([{"timestamp": "2024-10-28T12:00:00Z", "latency_ms": 5.0}])
    store.close()
    with ProdLensStore(tmp_path / "cache.db", read_only=True) as reading:
        aggregator = DailyAggregator(reading)
        assert aggregator.aggregate_sessions()["2024-10-28"]["median_latency_ms"] == 5.0
        assert aggregator.aggregate_github() == {}
        assert reading.fetch_daily_session_metrics() == []
        with pytest.raises(StoreReadOnlyError):
            aggregator.write_aggregates()


def test_what_is_written_is_what_is_computed(
    store: ProdLensStore, aggregator: DailyAggregator
) -> None:
    store.insert_sessions([{"timestamp": "2024-10-28T12:00:00Z", "cost_usd": 0.25}])
    store.insert_pull_requests([{"number": 1, "merged_at": "2024-10-30"}])
    assert aggregator.write_aggregates() == (1, 1)
    computed = [*aggregator.aggregate_sessions().values(), *aggregator.aggregate_github().values()]
    written = [*store.fetch_daily_session_metrics(), *store.fetch_daily_github_metrics()]
    assert [
        {name: value for name, value in row.items() if name not in ("id", "created_at")}
        for row in written
    ] == computed


def test_aggregating_again_changes_nothing(
    store: ProdLensStore, aggregator: DailyAggregator
) -> None:
    store.insert_sessions([{"timestamp": "2024-10-28T12:00:00Z"}])
    store.insert_commits([{"sha": "a", "timestamp": "2024-10-28T12:00:00Z"}])
    aggregator.write_aggregates()
    before = [*store.fetch_daily_session_metrics(), *store.fetch_daily_github_metrics()]
    changes = store.conn.total_changes
    assert aggregator.write_aggregates() == (1, 1)
    assert store.conn.total_changes == changes
    assert aggregator.write_aggregates(force=True) == (1, 1)
    assert [*store.fetch_daily_session_metrics(), *store.fetch_daily_github_metrics()] == before


def test_force_computes_days_that_nobody_marked(
    store: ProdLensStore, aggregator: DailyAggregator
) -> None:
    store.insert_sessions([{"timestamp": "2024-10-28T12:00:00Z", "tokens_in": 4}])
    aggregator.write_aggregates()
    store.conn.execute("update sessions set tokens_in = 5, total_tokens = 5")
    aggregator.write_aggregates()
    assert store.fetch_daily_session_metrics()[0]["total_tokens"] == 4
    aggregator.write_aggregates(force=True)
    assert store.fetch_daily_session_metrics()[0]["total_tokens"] == 5


def test_days_can_be_stored_by_hand_as_they_were_computed(
    store: ProdLensStore, aggregator: DailyAggregator
) -> None:
    store.insert_sessions([{"timestamp": "2024-10-28T12:00:00Z", "tokens_in": 4}])
    assert store.insert_daily_session_metrics(aggregator.aggregate_sessions().values()) == 1
    assert aggregator.write_aggregates() == (1, 0)
    (row,) = store.fetch_daily_session_metrics()
    assert (row["id"], row["total_tokens"]) == (1, 4)
