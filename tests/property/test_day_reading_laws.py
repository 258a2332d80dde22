"""What a report reads from days is what counting its calls one by one gives, whatever was rolled up.

Some days are rolled up, some stale, some cut by the window; the reference below knows no day table.
"""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.aggregation import DailyAggregator
from prodlens.clock import parse_stored
from prodlens.identity import People
from prodlens.metrics.effects import in_order
from prodlens.metrics.fingerprint import fingerprint
from prodlens.metrics.inputs import Conventions, read_inputs
from prodlens.selection import Selection
from prodlens.storage import ProdLensStore, person_days, slice_readings, where
from prodlens.storage.stretches import cut
from prodlens.storage.usage_readings import usage_by_model_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prodlens.metrics.inputs import MetricInputs

    Row = dict[str, Any]

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
NOW = datetime(2026, 4, 1, tzinfo=UTC)
LAPTOP, UUID = "0f" * 32, "9c1b7f0e-0d3a-4b52-8f63-2f6f1c2f7a11"
"""Ids that belong to Ada once they are linked."""
_MINUTES = st.one_of(st.integers(0, 5 * 1440 - 1), st.integers(1400, 1480), st.integers(2860, 2900))
_CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "minute": _MINUTES,
            "session_id": st.sampled_from([None, "s", "t", "u"]),
            "developer_id": st.sampled_from([None, LAPTOP, UUID, "bob", "unknown"]),
            "repo_slug": st.sampled_from([None, "acme/api", "acme/web"]),
            "model": st.sampled_from([None, "", "gpt-5", "claude-x"]),
            "source": st.sampled_from(["litellm", "otlp"]),
            "traffic_class": st.sampled_from([None, "human", "subagent"]),
            "latency_ms": st.sampled_from([None, -1.0, 0.0, 0.1, 250.5, 9e5, 7.2e6, 9e7, 2e15]),
            "status_code": st.sampled_from([None, 200, 500]),
            "error_type": st.sampled_from([None, None, "Timeout"]),
            "accepted_flag": st.sampled_from([None, True, False]),
            "accepted_source": st.sampled_from([None, "suggestions_auto"]),
            "accepted_lines": st.sampled_from([None, 0, 7]),
            "diff_ratio": st.sampled_from([None, 0.1, 0.7, 1.0]),
            "tokens_in": st.sampled_from([None, 0, 12, 2**62]),
            "tokens_out": st.sampled_from([None, 5]),
            "cost_usd": st.sampled_from([None, 0.0, 0.125, 1.000000001]),
            "subscription": st.sampled_from([None, True]),
            "session_source": st.sampled_from([None, "explicit", "weak"]),
            "developer_source": st.sampled_from([None, "derived", "given"]),
        }
    ),
    max_size=14,
)
_TIMES = st.none() | st.integers(-60, 5 * 1440).map(
    lambda minute: FIRST + timedelta(minutes=minute)
)
_MIDNIGHTS = st.integers(0, 5).map(lambda day: FIRST + timedelta(days=day))
_SELECTIONS = st.fixed_dictionaries(
    {
        "since": _TIMES | _MIDNIGHTS,
        "until": _TIMES | _MIDNIGHTS,
        "repositories": st.sampled_from([(), (), ("acme/web",), ("acme/web", "acme/api")]),
        "models": st.sampled_from([(), (), ("claude-*",)]),
        "developers": st.sampled_from([(), (), ("bob",), ("Ada",)]),
        "sources": st.sampled_from([(), (), ("otlp",)]),
        "traffic": st.sampled_from([(), (), ("human",), ("", "subagent")]),
        "timezone": st.sampled_from(["UTC", "UTC", "Europe/Berlin", "America/New_York"]),
    }
)


def put(store: ProdLensStore, calls: Sequence[Row], begin: int) -> None:
    store.insert_sessions(
        {
            **{name: value for name, value in call.items() if name != "minute"},
            "native_key": f"test:{begin + number}",
            "timestamp": FIRST + timedelta(minutes=call["minute"]),
        }
        for number, call in enumerate(calls)
    )


def selection_of(asked: Row) -> Selection:
    since, until = asked["since"], asked["until"]
    if since is not None and until is not None and until <= since:
        asked = asked | {"until": None}
    return Selection(**asked)


def person(name: str | None, *, linked: bool) -> str | None:
    return "Ada" if linked and name in {LAPTOP, UUID} else name


def rows_of(store: ProdLensStore, selection: Selection) -> list[Row]:
    clause = where.sessions(selection)
    statement = f"select *, {clause.day} as day from sessions where {clause.sql}"  # noqa: S608 - built by the store
    return [dict(row) for row in store.conn.execute(statement, clause.parameters)]


def failed(row: Row) -> bool:
    return (row["status_code"] or 0) >= 400 or row["error_type"] is not None


def decision(row: Row) -> int | None:
    flag = row["accepted_flag"]
    return None if row["accepted_source"] == "suggestions_auto" else flag


def tokens(row: Row) -> int | None:
    parts = [row[name] for name in ("tokens_in", "tokens_out") if row[name] is not None]
    return sum(parts) if parts else None


def check_figures(inputs: MetricInputs, rows: Sequence[Row]) -> None:
    total = inputs.total
    decided = [row for row in rows if decision(row) is not None]
    accepted = [row for row in decided if decision(row)]
    lines = [row for row in accepted if row["accepted_lines"] is not None]
    costs = [row["cost_nanos"] for row in rows if row["cost_nanos"] is not None]
    kept = [
        row["diff_ratio"]
        for row in rows
        if row["diff_ratio"] is not None and row["accepted_source"] != "suggestions_auto"
    ]
    known = [tokens(row) for row in rows if tokens(row) is not None]
    assert (total.calls, total.errors) == (len(rows), sum(map(failed, rows)))
    assert (total.decided, total.accepted) == (len(decided), len(accepted))
    assert (total.tokens_known, total.tokens) == (len(known), sum(one or 0 for one in known))
    assert total.accepted_tokens == sum(tokens(row) or 0 for row in accepted)
    assert (total.lines_known, total.lines) == (
        len(lines),
        sum(row["accepted_lines"] for row in lines),
    )
    assert (total.priced, total.cost_nanos) == (len(costs), sum(costs))
    assert (total.diff_known, total.diff_high) == (len(kept), sum(one >= 0.7 for one in kept))
    assert total.diff_sum == pytest.approx(math.fsum(kept), rel=1e-15, abs=1e-15)
    by_model = Counter(row["model"] for row in rows)
    assert {model: one.calls for model, one in inputs.models.items()} == by_model
    assert list(inputs.models) == sorted(by_model, key=lambda model: (model is not None, model))


def check_distinct(inputs: MetricInputs, rows: Sequence[Row], *, linked: bool) -> None:
    found = inputs.distinct
    assert found.sessions == len({row["session_id"] for row in rows} - {None})
    owners = [person(row["developer_id"], linked=linked) for row in rows]
    assert found.developers == len({*owners} - {None})
    hours = {
        (who or "unknown", row["timestamp"][:13]) for who, row in zip(owners, rows, strict=True)
    }
    assert found.active_hours == len(hours)
    assert found.days == len({row["day"] for row in rows})
    times = sorted(row["timestamp"] for row in rows)
    assert found.first_call == (parse_stored(times[0]) if times else None)
    assert found.last_call == (parse_stored(times[-1]) if times else None)
    decided = [row for row in rows if row["session_id"] and decision(row) is not None]
    assert inputs.decided_sessions == len({row["session_id"] for row in decided})
    assert inputs.accepted_sessions == len({row["session_id"] for row in decided if decision(row)})
    assert Counter(inputs.sources) == Counter(row["source"] for row in rows)
    said = inputs.identification
    kinds = Counter(
        "unknown" if row["session_id"] is None else row["session_source"] or "unsaid"
        for row in rows
    )
    assert said.session == kinds
    assert sum(said.developer.values()) == len(rows)
    assert said.developer_ids == len({row["developer_id"] for row in rows} - {None})


def check_times(
    inputs: MetricInputs, rows: Sequence[Row], *, linked: bool, idle_minutes: int
) -> None:
    known = [row for row in rows if row["latency_ms"] is not None and row["latency_ms"] >= 0]
    assert list(inputs.latencies.every) == sorted(row["latency_ms"] for row in known)
    assert list(inputs.latencies.without_errors) == sorted(
        row["latency_ms"] for row in known if not failed(row)
    )
    owners: dict[tuple[str, str], list[tuple[float, float, int]]] = {}
    for row in rows:
        who = person(row["developer_id"], linked=linked)
        owner = ("person", who) if who is not None else ("session", row["session_id"])
        if owner[1] is not None:
            took = row["latency_ms"] or 0.0
            start = parse_stored(row["timestamp"]).timestamp()
            end = start + (took / 1000.0 if 0 < took <= 86_400_000 else 0.0)
            owners.setdefault((owner[0], owner[1]), []).append((start, end, 1))
    sessions = [one for calls in owners.values() for one in cut(calls, idle_minutes * 60.0)]
    assert list(inputs.work.seconds) == sorted(one.end - one.start for one in sessions)
    assert inputs.work.calls == sum(one.calls for one in sessions)


def check_days(store: ProdLensStore, selection: Selection, rows: Iterable[Row]) -> None:
    found = {(str(one.day), one.model): one for one in usage_by_model_day(store.conn, selection)}
    groups: dict[tuple[str, str | None], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["day"], row["model"]), []).append(row)
    assert list(found) == sorted(groups, key=lambda key: (key[0], key[1] is not None, key[1]))
    for key, calls in groups.items():
        known = [tokens(row) for row in calls if tokens(row) is not None]
        assert found[key].calls == len(calls)
        assert found[key].tokens == pytest.approx(sum(one or 0 for one in known))
        assert found[key].cost_nanos == sum(row["cost_nanos"] or 0 for row in calls)
    by_day = slice_readings.calls_by_day(store.conn, selection)
    days = sorted({day for day, _ in groups})
    assert [str(day) for day in by_day] == days
    for day, one in zip(days, by_day.values(), strict=True):
        calls = [row for key, group in groups.items() if key[0] == day for row in group]
        assert one.calls == len(calls)
        assert one.sessions == len({row["session_id"] for row in calls} - {None})


def check_decided(
    store: ProdLensStore, selection: Selection, rows: Iterable[Row], *, linked: bool
) -> None:
    found = in_order(slice_readings.decided_calls(store.conn, selection))
    said = zip(found.accepted, found.developer, found.latency_ms, found.tokens, strict=True)
    made = [
        (flag, found.developers[by], -1 if math.isnan(took) else took, -1 if math.isnan(n) else n)
        for flag, by, took, n in said
    ]
    plain = []
    for row in rows:
        if decision(row) is not None:
            took, n = row["latency_ms"], tokens(row)
            took = -1 if took is None or not 0 <= took < 1e15 else took
            who = person(row["developer_id"], linked=linked) or ""
            plain.append((int(decision(row) or 0), who, took, -1 if n is None else float(n)))
    both = {one[0] for one in plain} == {0, 1}
    assert (made if both else sorted(made)) == sorted(plain)
    rejecting = sorted({one[1] for one in plain if not one[0]})
    others = sorted({one[1] for one in plain} - {*rejecting})
    assert list(found.developers) == [*rejecting, *others]


def check_people(
    store: ProdLensStore, selection: Selection, rows: Iterable[Row], *, linked: bool
) -> None:
    found = {
        (one.person, str(one.day), one.metric): one.count
        for one in person_days.used(store.conn, selection)
    }
    groups: dict[tuple[str | None, str], list[Row]] = {}
    for row in rows:
        who = person(row["developer_id"], linked=linked)
        groups.setdefault((who, row["event_date"]), []).append(row)
    assert {key[:2] for key in found} == set(groups)
    for key, calls in groups.items():
        used = {
            "calls": len(calls),
            "sessions": len({row["session_id"] for row in calls} - {None}),
            "tokens": round(float(sum(tokens(row) or 0 for row in calls)) / 1000),
            "cost": round(sum(row["cost_nanos"] or 0 for row in calls) / 1e7),
            "accepted": sum(decision(row) or 0 for row in calls),
            "errors": sum(map(failed, calls)),
        }
        assert {name: found[*key, name] for name in used} == used


@settings(max_examples=80, deadline=None)
@given(
    before=_CALLS,
    after=_CALLS,
    asked=_SELECTIONS,
    state=st.sampled_from(["rows", "days", "both"]),
    linked=st.booleans(),
    idle_minutes=st.sampled_from([30, 30, 5, 95]),
)
def test_days_say_what_their_calls_say(
    before: list[Row], after: list[Row], asked: Row, state: str, *, linked: bool, idle_minutes: int
) -> None:
    selection = selection_of(asked)
    with (
        tempfile.TemporaryDirectory() as folder,
        ProdLensStore(Path(folder) / "cache.db") as store,
    ):
        put(store, before, 0)
        if state != "rows":
            DailyAggregator(store).write_aggregates()
        put(store, after, len(before))
        if state == "days":
            DailyAggregator(store).write_aggregates()
        if linked:
            People(store).link("Ada", [f"device:{LAPTOP}", f"account:{UUID}"])
        taken = Conventions(idle_minutes=idle_minutes)
        inputs = read_inputs(store, selection, now=NOW, conventions=taken)
        rows = rows_of(store, selection)
        check_figures(inputs, rows)
        check_distinct(inputs, rows, linked=linked)
        check_times(inputs, rows, linked=linked, idle_minutes=idle_minutes)
        check_days(store, selection, rows)
        check_decided(store, selection, rows, linked=linked)
        check_people(store, selection, rows, linked=linked)
        print_of = fingerprint(inputs)
        store.conn.execute("delete from daily_calls")
        store.conn.execute("delete from daily_call_values")
        again = read_inputs(store, selection, now=NOW, conventions=taken)
    assert fingerprint(again) == print_of
    assert (again.models, again.daily, again.traffic) == (
        inputs.models,
        inputs.daily,
        inputs.traffic,
    )
