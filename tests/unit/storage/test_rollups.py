"""Daily tables and cache: what is counted, what is upserted, what is recomputed."""

from __future__ import annotations

import math
import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.errors import InputError, StoreBusyError
from prodlens.schemas import CanonicalTrace
from prodlens.storage import ProdLensStore, dirty_days, rollup_sql, rollups
from prodlens.storage.delivery import repository_id

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

Row = dict[str, Any]

DAY = "2024-10-28"
NEXT = "2024-10-29"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def _call(name: str, timestamp: str = f"{DAY}T12:00:00Z", **fields: Any) -> Row:
    return {"timestamp": timestamp, "native_key": f"message:{name}"} | fields


def _roll_up(conn: sqlite3.Connection, *, force: bool = False) -> None:
    rollups.refresh_calls(conn, rollups.stale_days(conn, force=force))
    rollups.refresh_deliveries(conn)


def _refresh(store: ProdLensStore, *, force: bool = False) -> None:
    with store.transaction() as conn:
        _roll_up(conn, force=force)


def _table(store: ProdLensStore, name: str) -> list[Row]:
    return [dict(row) for row in store.conn.execute(f"select * from {name}")]  # noqa: S608 - names of this file


def _only(rows: list[Row]) -> Row:
    assert len(rows) == 1
    return rows[0]


# Calls of a day ----------------------------------------------------------------------------


def test_day_of_calls_is_counted_as_the_tables_say(store: ProdLensStore) -> None:
    store.insert_sessions(
        [
            _call("a", tokens_in=100, tokens_out=50, latency_ms=10.0, status_code=200)
            | {"accepted_flag": True, "cost_usd": 0.1, "session_id": "s"},
            _call("b", tokens_in=10, tokens_out=5, latency_ms=40.0, status_code=429)
            | {"accepted_flag": False, "cost_usd": 0.2, "session_id": "s"},
            _call("c", tokens_out=7, latency_ms=20.0, error_type="Timeout"),
            _call("d", f"{DAY}T23:59:59.999999Z", status_code=399, session_id="s"),
            _call("e", f"{NEXT}T00:00:00Z", status_code=400),
        ]
    )
    assert rollups.session_days(store.conn) == [
        {
            "event_date": "2024-10-28",
            "developer_id": None,
            "session_count": 4,
            "total_tokens": 172,
            "accepted_count": 1,
            "error_count": 2,
            "median_latency_ms": 20.0,
            "cost_usd": 0.3,
            "cost_nanos": 300_000_000,
            "priced_count": 2,
            "decided_count": 2,
            "status_known_count": 4,
        },
        {
            "event_date": "2024-10-29",
            "developer_id": None,
            "session_count": 1,
            "total_tokens": 0,
            "accepted_count": 0,
            "error_count": 1,
            "median_latency_ms": None,
            "cost_usd": None,
            "cost_nanos": None,
            "priced_count": 0,
            "decided_count": 0,
            "status_known_count": 1,
        },
    ]


def test_free_calls_cost_nothing_and_unpriced_ones_are_unknown(store: ProdLensStore) -> None:
    store.insert_sessions(
        [
            _call("free", cost_usd=0.0),
            _call("free, not known", cost_usd=None),
            _call("unpriced", f"{NEXT}T01:00:00Z"),
        ]
    )
    free, unpriced = rollups.session_days(store.conn)
    assert (free["cost_usd"], free["priced_count"]) == (0.0, 1)
    assert (unpriced["cost_usd"], unpriced["priced_count"]) == (None, 0)


@pytest.mark.parametrize(
    ("durations", "median"),
    [
        ([5.0], 5.0),
        ([1.0, 2.0], 1.5),
        ([9.0, 1.0, 4.0], 4.0),
        ([4.0, 1.0, 3.0, 2.0], 2.5),
        ([None, 7.0, -1.0], 7.0),
        ([0.0, 0.0, 8.0], 0.0),
        ([1.5e308, 1.7e308], 1.6e308),
        ([None, None], None),
    ],
)
def test_median_is_exact_and_skips_what_is_no_duration(
    store: ProdLensStore, durations: list[float | None], median: float | None
) -> None:
    store.insert_sessions([_call(str(n), latency_ms=ms) for n, ms in enumerate(durations)])
    _refresh(store)
    assert _only(store.fetch_daily_session_metrics())["median_latency_ms"] == median


def test_infinite_durations_are_none(store: ProdLensStore) -> None:
    store.insert_sessions([_call("a", latency_ms=3.0)])
    store.conn.execute("update sessions set latency_ms = 9e999")
    assert _only(rollups.session_days(store.conn))["median_latency_ms"] is None


def test_sums_beyond_64_bits_do_not_stop_the_aggregation(store: ProdLensStore) -> None:
    store.insert_sessions([_call(str(n), tokens_in=2**62) for n in range(3)])
    _refresh(store)
    assert _only(store.fetch_daily_session_metrics())["total_tokens"] == float(3 * 2**62)
    assert _only(_table(store, "daily_usage"))["tokens_in"] == float(3 * 2**62)


def test_sum_of_durations_is_rounded_once_and_finite() -> None:
    total = rollup_sql.ExactSum()
    for value in [0.1] * 10:
        total.step(value)
    total.step(None)
    assert total.finalize() == 1.0
    total.step(sys.float_info.max)
    total.step(sys.float_info.max)
    assert total.finalize() == sys.float_info.max


# Deliveries of a day -----------------------------------------------------------------------


def test_day_of_deliveries_is_counted_as_the_tables_say(store: ProdLensStore) -> None:
    store.insert_pull_requests(
        [
            {"number": 1, "created_at": f"{DAY}T00:00:00Z", "merged_at": f"{DAY}T01:30:00Z"},
            {"number": 2, "created_at": "2024-10-27T23:59:59.5Z", "merged_at": f"{DAY}T03:30:00Z"}
            | {"repo_slug": "org/repo"},
            {"number": 3, "merged_at": f"{DAY}T04:00:00Z"},
            {"number": 4, "created_at": f"{NEXT}T05:00:00Z", "merged_at": f"{NEXT}T04:00:00Z"},
            {"number": 5, "created_at": f"{DAY}T00:00:00Z", "reopened_at": f"{NEXT}T10:00:00Z"},
            {"number": 6, "created_at": f"{DAY}T00:00:00Z", "reopened": True},
        ]
    )
    store.insert_commits(
        [
            {"sha": "a", "timestamp": f"{DAY}T23:59:59.999999Z", "authored_at": "2024-10-01"},
            {"sha": "b", "timestamp": f"{DAY}T00:00:00Z"},
            {"sha": "merge", "timestamp": f"{DAY}T00:00:00Z", "is_merge": True},
            {"sha": "branch", "timestamp": f"{DAY}T00:00:00Z", "on_default_branch": False},
            {"sha": "undated"},
            {"sha": "last", "timestamp": "2024-10-31T08:00:00Z"},
        ]
    )
    rows = rollups.github_days(store.conn)
    first, second, third = rows
    assert first.pop("avg_merge_hours") == pytest.approx((1.5 + 3.5 + 0.5 / 3600) / 2, rel=1e-12)
    assert first == {
        "event_date": "2024-10-28",
        "merged_pr_count": 3,
        "commit_count": 2,
        "reopened_pr_count": 0,
    }
    assert second == {
        "event_date": "2024-10-29",
        "merged_pr_count": 1,
        "commit_count": 0,
        "reopened_pr_count": 1,
        "avg_merge_hours": None,
    }
    assert third == {
        "event_date": "2024-10-31",
        "merged_pr_count": 0,
        "commit_count": 1,
        "reopened_pr_count": 0,
        "avg_merge_hours": None,
    }


def test_merge_hours_are_exact(store: ProdLensStore) -> None:
    store.insert_pull_requests(
        [{"number": 1, "created_at": "2024-10-27T10:00:00Z", "merged_at": f"{DAY}T11:30:00Z"}]
    )
    assert _only(rollups.github_days(store.conn))["avg_merge_hours"] == 25.5


def test_reopenings_come_from_events_too_and_count_once_a_day(store: ProdLensStore) -> None:
    with store.transaction() as conn:
        repository_id(conn, "org/repo")
        conn.executemany(
            "insert into pr_events (repo_id, event_id, number, event, created_at) "
            "values (1, ?, ?, ?, ?)",
            [
                (1, 7, "reopened", f"{DAY}T08:00:00.000000Z"),
                (2, 7, "reopened", f"{DAY}T09:00:00.000000Z"),
                (3, 7, "reopened", f"{NEXT}T09:00:00.000000Z"),
                (4, 7, "closed", "2024-10-30T09:00:00.000000Z"),
                (5, 8, "reopened", f"{DAY}T09:00:00.000000Z"),  # an issue: no pull request
            ],
        )
    store.insert_pull_requests(
        [{"number": 7, "repo_slug": "org/repo", "reopened_at": f"{NEXT}T09:00:00Z"}]
    )
    _refresh(store)
    rows = store.fetch_daily_github_metrics()
    assert {row["event_date"]: row["reopened_pr_count"] for row in rows} == {DAY: 1, NEXT: 1}


# Usage and coverage ------------------------------------------------------------------------


def test_usage_adds_up_by_repository_developer_model_and_traffic(store: ProdLensStore) -> None:
    known = {"repo_slug": "org/a", "developer_id": "ada", "model": "m"}
    store.insert_sessions(
        [
            _call("a", tokens_in=10, tokens_out=5, cache_read_tokens=4, latency_ms=3.0, **known)
            | {"status_code": 200, "accepted_flag": True, "accepted_lines": 6, "cost_usd": 0.5},
            _call("b", tokens_in=1, tokens_out=1, cache_write_tokens=1, latency_ms=4.0, **known)
            | {"status_code": 500, "accepted_flag": False},
            _call("c", **known),
            _call("d", traffic_class="cache_hit", cost_usd=0.0, **known),
        ]
    )
    _refresh(store)
    ordinary, hit = _table(store, "daily_usage")
    assert ordinary == {
        "event_date": "2024-10-28",
        "repo_slug": "org/a",
        "developer_id": "ada",
        "model": "m",
        "traffic_class": "",
        "calls": 3,
        "tokens_in": 11,
        "tokens_out": 6,
        "cache_read_tokens": 4,
        "cache_write_tokens": 1,
        "tokens_known": 2,
        "cost_nanos": 500_000_000,
        "priced": 1,
        "errors": 1,
        "status_known": 2,
        "accepted": 1,
        "decided": 2,
        "accepted_lines": 6,
        "latency_n": 2,
        "latency_sum": 7.0,
        "latency_sumsq": 25.0,
    }
    assert (hit["traffic_class"], hit["calls"], hit["priced"]) == ("cache_hit", 1, 1)


def test_unknown_and_empty_names_are_one_group(store: ProdLensStore) -> None:
    store.insert_sessions(
        [_call("a", latency_ms=1.0), _call("b", developer_id="", latency_ms=2.0, repo_slug="")]
    )
    _refresh(store)
    row = _only(_table(store, "daily_usage"))
    assert (row["developer_id"], row["calls"], row["latency_sum"]) == ("", 2, 3.0)
    assert _only(_table(store, "capture_coverage"))["calls"] == 2


def test_call_that_two_sources_saw_covers_both(store: ProdLensStore) -> None:
    seen: Row = {"developer_id": "ada", "repo_slug": "org/a"}
    store.insert_sessions(
        [
            _call("a", source="litellm", **seen),
            _call("a", source="claude_code", **seen),
            _call("b", source="litellm", **seen),
            _call("c", source="codex"),
        ]
    )
    _refresh(store)
    assert [tuple(row.values()) for row in _table(store, "capture_coverage")] == [
        ("claude_code", DAY, "ada", "org/a", 1),
        ("codex", DAY, "", "", 1),
        ("litellm", DAY, "ada", "org/a", 2),
    ]


# Recomputing -------------------------------------------------------------------------------


def test_only_stale_days_are_computed_again(store: ProdLensStore) -> None:
    store.insert_sessions([_call("a"), _call("b", f"{NEXT}T01:00:00Z")])
    _refresh(store)
    assert not rollups.is_stale(store.conn)
    store.conn.execute("drop trigger stale_calls_updated")  # so that only one day is stale
    store.conn.execute("update sessions set tokens_in = 5, total_tokens = 5")
    with store.transaction() as conn:
        dirty_days.mark(conn, dirty_days.SESSIONS, [NEXT])
    assert rollups.is_stale(store.conn)
    _refresh(store)
    assert [row["total_tokens"] for row in store.fetch_daily_session_metrics()] == [0, 5]
    _refresh(store, force=True)
    assert [row["total_tokens"] for row in store.fetch_daily_session_metrics()] == [5, 5]
    assert not rollups.is_stale(store.conn)


def test_rollups_of_days_without_rows_go_away(store: ProdLensStore) -> None:
    store.insert_sessions([_call("a")])
    store.insert_commits([{"sha": "a", "timestamp": f"{DAY}T01:00:00Z"}])
    _refresh(store)
    assert rollups.standing_days(store.conn) == (1, 1)
    store.insert_commits([{"sha": "a", "on_default_branch": False}])
    with store.transaction() as conn:
        conn.execute("delete from sessions")
        dirty_days.mark(conn, dirty_days.SESSIONS, [DAY])
    _refresh(store)
    assert rollups.standing_days(store.conn) == (0, 0)
    assert _table(store, "daily_usage") == _table(store, "capture_coverage") == []


def test_unchanged_days_keep_their_row_to_the_byte(store: ProdLensStore) -> None:
    store.insert_sessions([_call("a", latency_ms=3.5, cost_usd=0.1)])
    store.insert_pull_requests([{"number": 1, "merged_at": DAY, "created_at": "2024-10-27"}])
    _refresh(store)
    old = "2000-01-01T00:00:00.000000Z"
    store.conn.execute("update daily_session_metrics set created_at = ?", (old,))
    store.conn.execute("update daily_github_metrics set created_at = ?", (old,))
    before = [*store.fetch_daily_session_metrics(), *store.fetch_daily_github_metrics()]
    _refresh(store, force=True)
    after = [*store.fetch_daily_session_metrics(), *store.fetch_daily_github_metrics()]
    assert after == before
    store.insert_sessions([_call("b")])
    _refresh(store)
    assert _only(store.fetch_daily_session_metrics())["created_at"] > old


def test_mark_of_another_process_survives(store: ProdLensStore) -> None:
    store.insert_sessions([_call("a")])
    with ProdLensStore(store.path) as other:
        other.conn.execute("pragma busy_timeout = 0")
        with store.transaction() as conn:
            _roll_up(conn)
            with pytest.raises(StoreBusyError), other.transaction():
                pytest.fail("a second writer came in between")
        other.insert_sessions([_call("b")])
    assert dirty_days.read(store.conn, dirty_days.SESSIONS) == [DAY]
    _refresh(store)
    assert _only(store.fetch_daily_session_metrics())["session_count"] == 2


def test_aggregates_work_while_a_statement_is_being_read(store: ProdLensStore) -> None:
    store.insert_sessions([_call("a", latency_ms=1.0), _call("b", latency_ms=2.0)])
    reading = store.conn.execute("select * from sessions")
    reading.fetchone()
    for _ in range(2):
        assert _only(rollups.session_days(store.conn, [DAY]))["median_latency_ms"] == 1.5


# Rows by hand ------------------------------------------------------------------------------


def test_daily_rows_are_upserted_by_date(store: ProdLensStore) -> None:
    first: Row = {"event_date": date(2024, 10, 28), "session_count": 5, "total_tokens": 100}
    first |= {"median_latency_ms": 250.5, "cost_usd": 1.25, "error_count": 1}
    assert store.insert_daily_session_metrics([]) == 0
    assert store.insert_daily_session_metrics([first, {"event_date": NEXT}]) == 2
    assert store.insert_daily_session_metrics([{"event_date": DAY, "session_count": 6}]) == 1
    row, empty = store.fetch_daily_session_metrics()
    del row["created_at"]
    assert row == {
        "id": 1,
        "event_date": "2024-10-28",
        "developer_id": None,
        "session_count": 6,
        "total_tokens": 100,
        "accepted_count": 0,
        "error_count": 1,
        "median_latency_ms": 250.5,
        "cost_usd": 1.25,
        "cost_nanos": 1_250_000_000,
        "priced_count": 0,
        "decided_count": 0,
        "status_known_count": 0,
    }
    assert (empty["session_count"], empty["median_latency_ms"], empty["cost_usd"]) == (
        0,
        None,
        None,
    )


def test_exact_cost_gives_the_shown_one(store: ProdLensStore) -> None:
    store.insert_daily_session_metrics([{"event_date": DAY, "cost_nanos": 1}])
    assert _only(store.fetch_daily_session_metrics())["cost_usd"] == 1e-9
    store.insert_daily_session_metrics([{"event_date": DAY, "cost_nanos": None}])
    assert _only(store.fetch_daily_session_metrics())["cost_usd"] is None


def test_nan_becomes_none(store: ProdLensStore) -> None:
    store.insert_daily_github_metrics([{"event_date": DAY, "avg_merge_hours": math.nan}])
    assert _only(store.fetch_daily_github_metrics())["avg_merge_hours"] is None


@pytest.mark.parametrize("since", [NEXT, date(2024, 10, 29), datetime(2024, 10, 29, 5, tzinfo=UTC)])
def test_since_is_inclusive(store: ProdLensStore, since: date | str) -> None:
    store.insert_daily_github_metrics([{"event_date": day} for day in (NEXT, DAY, "2024-11-01")])
    assert [row["event_date"] for row in store.fetch_daily_github_metrics(since)] == (
        ["2024-10-29", "2024-11-01"]
    )
    assert len(store.fetch_daily_github_metrics()) == 3


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"event_date": DAY, "sessions": 5}, "no column 'sessions'"),
        ({"session_count": 5}, "event_date"),
        ({"event_date": None}, "event_date"),
        ({"event_date": "28 October"}, "event_date"),
        ({"event_date": DAY, "session_count": None}, "session_count"),
        ({"event_date": DAY, "session_count": 1.5}, "session_count"),
        ({"event_date": DAY, "median_latency_ms": math.inf}, "median_latency_ms"),
        ({"event_date": DAY, "cost_usd": "1"}, "cost_usd"),
    ],
)
def test_daily_row_that_does_not_fit_is_refused_by_name(
    store: ProdLensStore, row: Row, named: str
) -> None:
    with pytest.raises(InputError, match=named):
        store.insert_daily_session_metrics([{"event_date": NEXT}, row])
    assert store.fetch_daily_session_metrics() == []


def test_numbers_of_numpy_are_numbers(store: ProdLensStore) -> None:
    import numpy as np

    store.insert_daily_session_metrics(
        [{"event_date": DAY, "session_count": np.int64(4), "median_latency_ms": np.float64(2.5)}]
    )
    row = _only(store.fetch_daily_session_metrics())
    assert (row["session_count"], row["median_latency_ms"]) == (4, 2.5)


def test_rows_by_hand_stand_until_their_day_is_computed(store: ProdLensStore) -> None:
    store.insert_sessions([_call("a")])
    store.insert_commits([{"sha": "a", "timestamp": f"{DAY}T01:00:00Z"}])
    _refresh(store)
    store.insert_daily_session_metrics(
        [{"event_date": DAY, "session_count": 99}, {"event_date": NEXT, "session_count": 7}]
    )
    store.insert_daily_github_metrics(
        [{"event_date": DAY, "commit_count": 99}, {"event_date": NEXT, "commit_count": 7}]
    )
    _refresh(store)
    calls = [row["session_count"] for row in store.fetch_daily_session_metrics()]
    landed = [row["commit_count"] for row in store.fetch_daily_github_metrics()]
    assert (calls, landed) == ([1, 7], [1, 7])
    _refresh(store, force=True)
    assert rollups.standing_days(store.conn) == (1, 1)


# Correlation cache -------------------------------------------------------------------------


def test_cache_is_upserted_by_date_and_lag(store: ProdLensStore) -> None:
    row: Row = {"correlation_date": date(2024, 10, 28), "lag_days": 1, "pearson_r": 0.5}
    assert store.insert_correlation_cache([]) == 0
    assert store.insert_correlation_cache([row | {"sample_size": 30}, row | {"lag_days": 2}]) == 2
    assert store.insert_correlation_cache([row | {"pearson_r": math.nan, "spearman_r": 0.25}]) == 1
    first, second = store.fetch_correlation_cache()
    assert (first["correlation_date"], first["lag_days"]) == ("2024-10-28", 1)
    assert (first["pearson_r"], first["spearman_r"], first["sample_size"]) == (None, 0.25, None)
    assert (second["lag_days"], second["pearson_r"]) == (2, 0.5)


def test_added_key_columns_tell_cached_rows_apart(store: ProdLensStore) -> None:
    row: Row = {"correlation_date": DAY, "lag_days": 1}
    store.insert_correlation_cache(
        [row, row | {"y_metric": "commits"}, row | {"window_start": date(2024, 10, 1)}]
    )
    store.insert_correlation_cache([row | {"x_metric": None, "window_start": "", "status": "ok"}])
    found = [
        (r["y_metric"], r["window_start"], r["status"]) for r in store.fetch_correlation_cache()
    ]
    assert found == [("", "", "ok"), ("commits", "", None), ("", "2024-10-01", None)]


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"correlation_date": DAY}, "lag_days"),
        ({"lag_days": 1}, "correlation_date"),
        ({"correlation_date": DAY, "lag_days": 1, "rho": 0.5}, "no column 'rho'"),
        ({"correlation_date": DAY, "lag_days": 1, "window_start": "x"}, "window_start"),
        ({"correlation_date": DAY, "lag_days": 1, "pearson_r": -math.inf}, "pearson_r"),
    ],
)
def test_cached_row_that_does_not_fit_is_refused_by_name(
    store: ProdLensStore, row: Row, named: str
) -> None:
    with pytest.raises(InputError, match=named):
        store.insert_correlation_cache([row])
    assert store.fetch_correlation_cache() == []


def test_records_and_mappings_roll_up_alike(store: ProdLensStore) -> None:
    store.insert_sessions(
        [
            CanonicalTrace(
                session_id="s",
                developer_id=None,
                timestamp=datetime(2024, 10, 28, 12, tzinfo=UTC),
                model="m",
                tokens_in=3,
                tokens_out=None,
                latency_ms=None,
                status_code=None,
                accepted_flag=None,
            )
        ]
    )
    assert _only(rollups.session_days(store.conn, [DAY, NEXT]))["total_tokens"] == 3
