"""The specification's storage contract: checkpoints, daily tables, correlation cache, workflow."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.aggregation import DailyAggregator
from prodlens.schemas import CanonicalTrace
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Row = dict[str, Any]
NOON = dt.datetime(2024, 10, 28, 12, tzinfo=dt.UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(str(tmp_path / ".prod-lens" / "cache.db")) as opened:
        yield opened


# Checkpoints -------------------------------------------------------------------------------


def test_first_run_of_a_job_has_no_checkpoint(store: ProdLensStore) -> None:
    assert store.get_last_checkpoint("trace_ingestion_job") is None


def test_checkpoint_is_what_was_set(store: ProdLensStore) -> None:
    store.set_checkpoint("trace_ingestion_job", NOON)
    checkpoint = store.get_last_checkpoint("trace_ingestion_job")
    assert checkpoint == NOON
    assert checkpoint is not None
    assert checkpoint.isoformat() == "2024-10-28T12:00:00+00:00"


def test_naive_checkpoint_is_utc(store: ProdLensStore) -> None:
    store.set_checkpoint("trace_ingestion_job", NOON.replace(tzinfo=None))
    assert store.get_last_checkpoint("trace_ingestion_job") == NOON


def test_jobs_have_independent_checkpoints(store: ProdLensStore) -> None:
    store.set_checkpoint("traces", NOON)
    store.set_checkpoint("github", NOON + dt.timedelta(hours=1))
    store.set_checkpoint("traces", NOON + dt.timedelta(days=1))
    assert store.get_last_checkpoint("traces") == NOON + dt.timedelta(days=1)
    assert store.get_last_checkpoint("github") == NOON + dt.timedelta(hours=1)
    assert store.get_last_checkpoint("other") is None


def test_each_checkpoint_is_a_run_of_its_job(store: ProdLensStore) -> None:
    store.set_checkpoint("traces", NOON)
    store.set_checkpoint("traces", NOON)
    rows = store.conn.execute("select job, checkpoint from etl_runs order by id").fetchall()
    assert [tuple(row) for row in rows] == [("traces", "2024-10-28T12:00:00.000000Z")] * 2


def test_checkpoint_outlives_the_process(tmp_path: Path) -> None:
    with ProdLensStore(tmp_path / "cache.db") as first:
        first.set_checkpoint("traces", NOON)
    with ProdLensStore(tmp_path / "cache.db") as second:
        assert second.get_last_checkpoint("traces") == NOON


# Daily tables ------------------------------------------------------------------------------

SPECIFIED: dict[str, list[tuple[str, str]]] = {
    "daily_session_metrics": [
        ("id", "INTEGER"),
        ("event_date", "TEXT"),
        ("developer_id", "TEXT"),
        ("session_count", "INTEGER"),
        ("total_tokens", "INTEGER"),
        ("accepted_count", "INTEGER"),
        ("error_count", "INTEGER"),
        ("median_latency_ms", "REAL"),
        ("cost_usd", "REAL"),
        ("created_at", "TEXT"),
    ],
    "daily_github_metrics": [
        ("id", "INTEGER"),
        ("event_date", "TEXT"),
        ("merged_pr_count", "INTEGER"),
        ("commit_count", "INTEGER"),
        ("reopened_pr_count", "INTEGER"),
        ("avg_merge_hours", "REAL"),
        ("created_at", "TEXT"),
    ],
    "correlation_cache": [
        ("id", "INTEGER"),
        ("correlation_date", "TEXT"),
        ("lag_days", "INTEGER"),
        ("pearson_r", "REAL"),
        ("pearson_p", "REAL"),
        ("spearman_r", "REAL"),
        ("spearman_p", "REAL"),
        ("sample_size", "INTEGER"),
        ("created_at", "TEXT"),
    ],
}


@pytest.mark.parametrize("table", SPECIFIED)
def test_table_begins_with_the_specified_columns(store: ProdLensStore, table: str) -> None:
    rows = store.conn.execute("select name, upper(type) from pragma_table_info(?)", (table,))
    columns = [tuple(row) for row in rows]
    assert columns[: len(SPECIFIED[table])] == SPECIFIED[table]


def test_index_on_the_date_has_the_specified_name(store: ProdLensStore) -> None:
    rows = store.conn.execute(
        "select name from pragma_index_info('idx_daily_session_metrics_date')"
    )
    assert [row["name"] for row in rows] == ["event_date"]


def _session_row(**fields: Any) -> Row:
    row: Row = {
        "event_date": "2024-10-28",
        "developer_id": None,
        "session_count": 10,
        "total_tokens": 15_000,
        "accepted_count": 7,
        "error_count": 1,
        "median_latency_ms": 1200.5,
        "cost_usd": 0.75,
    }
    return row | fields


def _github_row(**fields: Any) -> Row:
    row: Row = {
        "event_date": dt.date(2024, 10, 28),
        "merged_pr_count": 3,
        "commit_count": 12,
        "reopened_pr_count": 1,
        "avg_merge_hours": 18.5,
    }
    return row | fields


def test_session_metrics_come_back(store: ProdLensStore) -> None:
    assert store.insert_daily_session_metrics([_session_row()]) == 1
    (row,) = store.fetch_daily_session_metrics()
    assert {name: row[name] for name in _session_row()} == _session_row()
    assert dt.datetime.strptime(row["created_at"], "%Y-%m-%dT%H:%M:%S.%f%z").tzinfo == dt.UTC


def test_github_metrics_come_back(store: ProdLensStore) -> None:
    assert store.insert_daily_github_metrics([_github_row()]) == 1
    (row,) = store.fetch_daily_github_metrics()
    assert {name: row[name] for name in _github_row()} == (
        _github_row() | {"event_date": "2024-10-28"}
    )


def test_no_rows_insert_nothing(store: ProdLensStore) -> None:
    assert store.insert_daily_session_metrics([]) == 0
    assert store.insert_daily_github_metrics([]) == 0
    assert store.insert_correlation_cache([]) == 0
    assert store.fetch_daily_session_metrics() == store.fetch_daily_github_metrics() == []


def test_same_date_updates(store: ProdLensStore) -> None:
    store.insert_daily_session_metrics([_session_row()])
    store.insert_daily_session_metrics([_session_row(session_count=20, cost_usd=1.5)])
    store.insert_daily_github_metrics([_github_row()])
    store.insert_daily_github_metrics([_github_row(merged_pr_count=4, avg_merge_hours=None)])
    (calls,) = store.fetch_daily_session_metrics()
    (deliveries,) = store.fetch_daily_github_metrics()
    assert (calls["session_count"], calls["total_tokens"], calls["cost_usd"]) == (20, 15_000, 1.5)
    assert (deliveries["merged_pr_count"], deliveries["avg_merge_hours"]) == (4, None)


@pytest.mark.parametrize("since", ["2024-10-02", dt.date(2024, 10, 2)])
def test_since_filters_by_date_inclusively(store: ProdLensStore, since: dt.date | str) -> None:
    days = ["2024-10-03", "2024-10-01", "2024-10-02"]
    store.insert_daily_session_metrics([_session_row(event_date=day) for day in days])
    store.insert_daily_github_metrics([_github_row(event_date=day) for day in days])
    expected = ["2024-10-02", "2024-10-03"]
    assert [r["event_date"] for r in store.fetch_daily_session_metrics(since)] == expected
    assert [r["event_date"] for r in store.fetch_daily_github_metrics(since=since)] == expected
    assert [r["event_date"] for r in store.fetch_daily_session_metrics()] == sorted(days)


# Correlation cache -------------------------------------------------------------------------


def _cached(**fields: Any) -> Row:
    row: Row = {
        "correlation_date": "2024-10-28",
        "lag_days": 1,
        "pearson_r": 0.65,
        "pearson_p": 0.01,
        "spearman_r": 0.6,
        "spearman_p": 0.02,
        "sample_size": 30,
    }
    return row | fields


def test_cached_correlation_comes_back(store: ProdLensStore) -> None:
    assert store.insert_correlation_cache([_cached()]) == 1
    (row,) = store.fetch_correlation_cache()
    assert {name: row[name] for name in _cached()} == _cached()


def test_cached_correlation_updates_by_date_and_lag(store: ProdLensStore) -> None:
    store.insert_correlation_cache([_cached(), _cached(lag_days=2), _cached(lag_days=0)])
    store.insert_correlation_cache([_cached(pearson_r=0.7, sample_size=31)])
    rows = store.conn.execute(
        "select lag_days, pearson_r, sample_size from correlation_cache order by lag_days"
    )
    assert [tuple(row) for row in rows] == [(0, 0.65, 30), (1, 0.7, 31), (2, 0.65, 30)]


# The whole workflow ------------------------------------------------------------------------


def _trace(hour: int, **fields: Any) -> CanonicalTrace:
    values: Row = {
        "session_id": f"s{hour}",
        "developer_id": "ada",
        "timestamp": dt.datetime(2024, 10, 28, hour, tzinfo=dt.UTC),
        "model": "claude-3-sonnet",
        "tokens_in": 1000,
        "tokens_out": 500,
        "latency_ms": 1000.0 + hour,
        "status_code": 200,
        "accepted_flag": True,
        "repo_slug": "org/repo",
    }
    return CanonicalTrace(**(values | fields))


def test_ingest_aggregate_and_go_on_from_the_checkpoint(store: ProdLensStore) -> None:
    store.insert_sessions([_trace(9), _trace(10, accepted_flag=False, status_code=500)])
    store.insert_pull_requests(
        [
            {
                "id": 1,
                "number": 1,
                "title": "Add cache",
                "author": "ada",
                "state": "closed",
                "created_at": dt.datetime(2024, 10, 28, 6, tzinfo=dt.UTC),
                "merged_at": dt.datetime(2024, 10, 28, 18, tzinfo=dt.UTC),
                "updated_at": dt.datetime(2024, 10, 28, 18, tzinfo=dt.UTC),
                "reopened": False,
            }
        ]
    )
    store.insert_commits([{"sha": "abc", "author": "ada", "timestamp": NOON}])
    store.set_checkpoint("trace_ingestion", NOON)
    store.record_etl_run("trace_ingestion", 2, {"file": "traces.jsonl"})

    assert DailyAggregator(store).write_aggregates() == (1, 1)
    (calls,) = store.fetch_daily_session_metrics(since="2024-10-28")
    (deliveries,) = store.fetch_daily_github_metrics(since="2024-10-28")
    assert (calls["session_count"], calls["total_tokens"]) == (2, 3000)
    assert (calls["accepted_count"], calls["error_count"]) == (1, 1)
    assert (calls["median_latency_ms"], calls["cost_usd"]) == (1009.5, None)
    assert (deliveries["merged_pr_count"], deliveries["commit_count"]) == (1, 1)
    assert (deliveries["reopened_pr_count"], deliveries["avg_merge_hours"]) == (0, 12.0)
    assert store.get_last_checkpoint("trace_ingestion") == NOON

    store.insert_sessions([_trace(9), _trace(11), _trace(12, timestamp=NOON + dt.timedelta(1))])
    assert DailyAggregator(store).write_aggregates() == (2, 1)
    counts = {r["event_date"]: r["session_count"] for r in store.fetch_daily_session_metrics()}
    assert counts == {"2024-10-28": 3, "2024-10-29": 1}


def test_no_method_leaves_a_transaction_open(store: ProdLensStore) -> None:
    store.insert_daily_session_metrics([_session_row()])
    store.insert_daily_github_metrics([_github_row()])
    store.insert_correlation_cache([_cached()])
    store.set_checkpoint("job", NOON)
    store.record_etl_run("job", 0)
    store.set_etag("/x", "a")
    store.insert_commits([{"sha": "a"}])
    store.insert_pull_requests([{"number": 1}])
    DailyAggregator(store).write_aggregates()
    assert not store.conn.in_transaction
    store.conn.execute("VACUUM")
