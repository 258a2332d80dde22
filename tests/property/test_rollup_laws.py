"""Rollups of changed days alone are what a full recomputation gives, after any history."""

from __future__ import annotations

import contextlib
import sqlite3
import statistics
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.storage import delivery, dirty_days, rollups, traces
from prodlens.storage.connection import transaction
from prodlens.storage.migrations import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]
Step = tuple[str, Any]

_DAYS = ("2024-10-28", "2024-10-29", "2024-10-30")
_TABLES = (
    *("daily_session_metrics", "daily_usage", "capture_coverage", "daily_github_metrics"),
    *("daily_calls", "daily_call_values"),
)
_TIMES = st.sampled_from(
    [f"{day}T{clock}Z" for day in _DAYS for clock in ("00:00:00", "12:30:00", "23:59:59.999999")]
)
_KNOWN_TIMES = st.none() | _TIMES

_CALLS = st.fixed_dictionaries(
    {"timestamp": _TIMES},
    optional={
        "native_key": st.sampled_from(["message:1", "message:2", "request:3"]),
        "other_keys": st.just(("message:1",)),
        "source": st.sampled_from(["litellm", "claude_code"]),
        "session_id": st.sampled_from(["s", "t"]),
        "developer_id": st.sampled_from(["ada", ""]),
        "repo_slug": st.sampled_from(["org/a", "org/b"]),
        "model": st.sampled_from(["m", "n"]),
        "tokens_in": st.integers(0, 9),
        "tokens_out": st.integers(0, 9),
        "latency_ms": st.sampled_from([0.1, 0.2, 0.7, 3.0, -1.0]),
        "status_code": st.sampled_from([200, 429]),
        "error_type": st.just("Timeout"),
        "accepted_flag": st.booleans(),
        "cost_usd": st.sampled_from([0.0, 0.1]),
    },
)
_PULL_REQUESTS = st.fixed_dictionaries(
    {"number": st.integers(1, 2)},
    optional={
        "created_at": _KNOWN_TIMES,
        "merged_at": _KNOWN_TIMES,
        "reopened_at": _KNOWN_TIMES,
        "updated_at": _KNOWN_TIMES,
        "repo_slug": st.just("org/a"),
    },
)
_COMMITS = st.fixed_dictionaries(
    {"sha": st.sampled_from(["a", "b"])},
    optional={
        "authored_at": _KNOWN_TIMES,
        "landed_at": _KNOWN_TIMES,
        "is_merge": st.booleans(),
        "on_default_branch": st.booleans(),
    },
)
_STEPS = st.one_of(
    st.tuples(st.just("calls"), st.lists(_CALLS, min_size=1, max_size=3)),
    st.tuples(st.just("pulls"), st.lists(_PULL_REQUESTS, min_size=1, max_size=2)),
    st.tuples(st.just("commits"), st.lists(_COMMITS, min_size=1, max_size=2)),
    st.tuples(st.just("forget"), st.sampled_from(_DAYS)),
    st.tuples(st.just("roll up"), st.none()),
)


@contextlib.contextmanager
def _store() -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        conn.row_factory = sqlite3.Row
        conn.execute("pragma foreign_keys = on")
        for statement in (line for step in MIGRATIONS for line in step.statements):
            conn.execute(statement)
        yield conn


def _run(conn: sqlite3.Connection, step: Step) -> None:
    kind, what = step
    with transaction(conn):
        if kind == "calls":
            traces.insert(conn, what)
        elif kind == "pulls":
            delivery.insert_pull_requests(conn, what)
        elif kind == "commits":
            delivery.insert_commits(conn, what)
        elif kind == "forget":
            conn.execute("delete from sessions where event_date = ?", (what,))
            dirty_days.mark(conn, dirty_days.SESSIONS, [what])
        else:
            roll_up(conn)


def roll_up(conn: sqlite3.Connection, *, force: bool = False) -> None:
    rollups.refresh_calls(conn, rollups.stale_days(conn, force=force))
    rollups.refresh_deliveries(conn)


def _tables(conn: sqlite3.Connection) -> dict[str, list[Row]]:
    found = {}
    for table in _TABLES:
        rows = [dict(row) for row in conn.execute(f"select * from {table} order by 1, 2, 3, 4, 5")]  # noqa: S608 - names of this file
        for row in rows:
            row.pop("id", None)
            row.pop("created_at", None)
        found[table] = sorted(rows, key=repr)
    return found


@settings(max_examples=80, deadline=None, derandomize=True)
@given(steps=st.lists(_STEPS, min_size=1, max_size=10))
def test_changed_days_alone_give_what_everything_gives(steps: list[Step]) -> None:
    with _store() as conn:
        for step in [*steps, ("roll up", None)]:
            _run(conn, step)
        assert not rollups.is_stale(conn)
        incremental = _tables(conn)
        with transaction(conn):
            roll_up(conn, force=True)
        assert _tables(conn) == incremental
        for table in _TABLES:
            conn.execute(f"delete from {table}")  # noqa: S608 - names of this file
        with transaction(conn):
            roll_up(conn, force=True)
        assert _tables(conn) == incremental
        assert [row["event_date"] for row in incremental["daily_session_metrics"]] == [
            row["event_date"] for row in rollups.session_days(conn)
        ]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(calls=st.lists(_CALLS, min_size=1, max_size=8))
def test_rollups_agree_with_the_rows_and_with_each_other(calls: list[Row]) -> None:
    with _store() as conn:
        _run(conn, ("calls", calls))
        _run(conn, ("roll up", None))
        found = _tables(conn)
        rows = traces.fetch(conn)
        for day in found["daily_session_metrics"]:
            mine = [row for row in rows if row["event_date"] == day["event_date"]]
            used = [row for row in found["daily_usage"] if row["event_date"] == day["event_date"]]
            known = [r["latency_ms"] for r in mine if r["latency_ms"] is not None]
            durations = [ms for ms in known if ms >= 0]
            assert day["median_latency_ms"] == (statistics.median(durations) if durations else None)
            assert day["session_count"] == len(mine) == sum(row["calls"] for row in used)
            assert day["error_count"] == sum(row["errors"] for row in used)
            assert day["accepted_count"] == sum(row["accepted"] for row in used)
            assert day["priced_count"] == sum(row["priced"] for row in used)
            assert (day["cost_nanos"] or 0) == sum(row["cost_nanos"] for row in used)
            assert (day["cost_usd"] is None) == (day["priced_count"] == 0)
            assert len(durations) == sum(row["latency_n"] for row in used)
        seen = sum(len(row["sources"].split(",")) for row in rows)
        assert seen == sum(row["calls"] for row in found["capture_coverage"])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(calls=st.lists(_CALLS, min_size=1, max_size=6), data=st.data())
def test_order_of_the_calls_never_matters(calls: list[Row], data: st.DataObject) -> None:
    order = data.draw(st.permutations(calls))
    with _store() as one, _store() as two:
        for conn, records in ((one, calls), (two, order)):
            _run(conn, ("calls", records))
            _run(conn, ("roll up", None))
        assert _tables(one) == _tables(two)
