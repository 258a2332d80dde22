"""SQL that reads the figures behind the metrics, over one slice of `sessions`; writes nothing.

Reads rows, never rollups, so what it says is right also when rollups are stale or the file is
read-only. Sums and counts are computed inside SQLite; only sorted durations are held in memory
(8 bytes each). Computes no metric and no ratio.
"""

from __future__ import annotations

import dataclasses
from array import array
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import parse_stored
from prodlens.storage.persons import person
from prodlens.storage.rollup_sql import ACCEPTED, BY_PEOPLE, DECIDED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import datetime

    from prodlens.storage.where import Clause

_FAILED: Final = "(coalesce(status_code, 0) >= 400 or error_type is not null)"
"""Error as api.md defines it; never NULL."""
_OUTCOME_KNOWN: Final = "(status_code is not null or error_type is not null)"
_TOKENS: Final = "coalesce(total_tokens, coalesce(tokens_in, 0) + coalesce(tokens_out, 0))"
"""What is known of a call's tokens: one known part counts, the other is not invented."""
_TOKENS_KNOWN: Final = "coalesce(total_tokens, tokens_in, tokens_out) is not null"
_DURATION: Final = "(latency_ms >= 0 and latency_ms < 9e999)"
"""A duration that can be one; 9e999 is infinity in SQLite."""
_WITH_LINES: Final = f"({ACCEPTED} and accepted_lines is not null)"
_LINES_AND_TOKENS: Final = f"({_WITH_LINES} and {_TOKENS_KNOWN})"
_KEPT: Final = f"(diff_ratio between 0 and 1 and {BY_PEOPLE})"
_CHUNK: Final = 1_000_000_000
"""Sums are read as whole billions and the rest, so that no sum overflows 64 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFigures:
    """Counts and exact sums over some calls; every figure adds up over disjoint groups.

    Attributes:
        calls: Rows.
        model_known: Rows that name a model.
        session_known: Rows with a session id.
        developer_known: Rows with a developer id.
        repo_known: Rows with a repository.
        latency_known: Rows with a duration of 0 or more.
        latency_negative: Rows whose duration is negative; they are in no other figure of time.
        outcome_known: Rows with a status or an error type.
        errors: Rows with a status of 400 or more, or an error type.
        decided: Rows with a proposal that a person accepted or rejected.
        accepted: Rows with a proposal that a person accepted.
        automatic: Rows whose proposals settings and modes let pass; in neither of these.
        tokens_known: Rows with any known token count.
        tokens: Sum of known tokens.
        accepted_tokens_known: Accepted rows with known tokens.
        accepted_tokens: Sum of their tokens.
        lines_known: Accepted rows with a known number of accepted lines.
        lines: Sum of those lines.
        lines_tokens_known: Accepted rows with both known.
        lines_tokens: Sum of their tokens.
        lines_with_tokens: Sum of their lines.
        diff_known: Rows with a share kept between 0 and 1.
        diff_sum: Sum of those shares.
        diff_high: Rows whose share is at least the threshold.
        priced: Rows with a known cost.
        cost_nanos: Exact sum of known costs, nano-dollars.
        subscription: Rows on a subscription.
        subscription_priced: Those with a known cost.
        subscription_nanos: Exact sum of their costs.
    """

    calls: int = 0
    model_known: int = 0
    session_known: int = 0
    developer_known: int = 0
    repo_known: int = 0
    latency_known: int = 0
    latency_negative: int = 0
    outcome_known: int = 0
    errors: int = 0
    decided: int = 0
    accepted: int = 0
    automatic: int = 0
    tokens_known: int = 0
    tokens: int = 0
    accepted_tokens_known: int = 0
    accepted_tokens: int = 0
    lines_known: int = 0
    lines: int = 0
    lines_tokens_known: int = 0
    lines_tokens: int = 0
    lines_with_tokens: int = 0
    diff_known: int = 0
    diff_sum: float = 0.0
    diff_high: int = 0
    priced: int = 0
    cost_nanos: int = 0
    subscription: int = 0
    subscription_priced: int = 0
    subscription_nanos: int = 0


FIGURES: Final = tuple(field.name for field in dataclasses.fields(CallFigures))

_COUNTED: Final = {
    "model_known": "model is not null",
    "session_known": "session_id is not null",
    "developer_known": "developer_id is not null",
    "repo_known": "repo_slug is not null",
    "latency_known": _DURATION,
    "latency_negative": "latency_ms < 0",
    "outcome_known": _OUTCOME_KNOWN,
    "errors": _FAILED,
    "decided": DECIDED,
    "accepted": ACCEPTED,
    "automatic": f"(accepted_flag is 1 and not {BY_PEOPLE})",
    "tokens_known": _TOKENS_KNOWN,
    "accepted_tokens_known": f"({ACCEPTED} and {_TOKENS_KNOWN})",
    "lines_known": _WITH_LINES,
    "lines_tokens_known": _LINES_AND_TOKENS,
    "diff_known": _KEPT,
    "diff_high": f"({_KEPT} and diff_ratio >= :threshold)",
    "priced": "cost_nanos is not null",
    "subscription": "subscription = 1",
    "subscription_priced": "(subscription = 1 and cost_nanos is not null)",
}
_SUMMED: Final = {
    "tokens": (_TOKENS, "1"),
    "accepted_tokens": (_TOKENS, ACCEPTED),
    "lines": ("accepted_lines", _WITH_LINES),
    "lines_tokens": (_TOKENS, _LINES_AND_TOKENS),
    "lines_with_tokens": ("accepted_lines", _LINES_AND_TOKENS),
    "cost_nanos": ("cost_nanos", "1"),
    "subscription_nanos": ("cost_nanos", "subscription = 1"),
}


def _columns() -> str:
    counts = [f"coalesce(sum({test}), 0) as {name}" for name, test in _COUNTED.items()]
    sums = [
        f"sum(case when {test} then coalesce({what}, 0) {operator} {_CHUNK} else 0 end) as {name}{part}"
        for name, (what, test) in _SUMMED.items()
        for operator, part in (("/", "_whole"), ("%", "_rest"))
    ]
    kept = f"total(case when {_KEPT} then diff_ratio end) as diff_sum"
    return ", ".join(["count(*) as calls", *counts, *sums, kept])


_BY_MODEL: Final = f"select model, {_columns()} from sessions where {{where}} group by model"
_DISTINCT: Final = f"""
with hours (id, hour) as materialized (
    select distinct developer_id, substr(timestamp, 1, 13) from sessions where {{where}}
),
people (id, person) as (
    select id, {person("id")} from (select distinct id from hours where id is not null)
)
select
    count(distinct session_id) as sessions,
    (select count(distinct person) from people) as developers,
    (select count(distinct coalesce(person, 'unknown') || ' ' || hour)
        from hours left join people using (id)) as hours,
    count(distinct {{day}}) as days,
    min(timestamp) as first_call,
    max(timestamp) as last_call
from sessions where {{where}}
"""
_DECIDED_SESSIONS: Final = """
select count(*) as decided, coalesce(sum(accepted), 0) as accepted
from (
    select max(accepted_flag) as accepted from sessions
    where {where} and session_id is not null and {decided}
    group by session_id
)
"""
_LATENCIES: Final = f"""
select latency_ms, {_FAILED} as failed from sessions
where {{where}} and {_DURATION} order by latency_ms
"""
_SOURCES: Final = "select sources, count(*) as calls from sessions where {where} group by sources"
_TRAFFIC: Final = """
select coalesce(traffic_class, ''), count(*) from sessions where {where} group by 1 order by 1
"""
_SPAN: Final = """
select
    (select min(event_date) from sessions where {where}),
    (select max(event_date) from sessions where {where})
"""
_SPAN_ELSEWHERE: Final = "select min({day}), max({day}) from sessions where {where}"
"""The same in another zone, from every row of the slice."""
_KNOWN_REPOSITORIES: Final = """
select lower(slug) as slug from repositories where slug <> ''
union select lower(slug) from repo_aliases
union select distinct repo_slug from sessions where repo_slug is not null
order by slug
"""
_HAS_CALLS: Final = "select exists (select 1 from sessions)"
_OPEN_DEAD_LETTERS: Final = "select count(*) from dead_letters where status = 'open'"


@dataclass(frozen=True, slots=True, kw_only=True)
class DistinctFigures:
    """Figures that don't add up over groups.

    Attributes:
        sessions: Distinct session ids.
        developers: Distinct people: developer ids, and one for those that are one person's.
        active_hours: Distinct pairs of person (or 'unknown') and UTC clock hour.
        days: Days with calls, of the slice's zone.
        first_call: First call, aware UTC; None when there is none.
        last_call: Last call, aware UTC; None when there is none.
    """

    sessions: int = 0
    developers: int = 0
    active_hours: int = 0
    days: int = 0
    first_call: datetime | None = None
    last_call: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """Durations in ms, ascending.

    Attributes:
        every: All known durations.
        without_errors: Those of calls that are not known to have failed.
    """

    every: array[float]
    without_errors: array[float]


def by_model(
    conn: sqlite3.Connection, where: Clause, *, threshold: float
) -> dict[str | None, CallFigures]:
    """Return the figures of each model of a slice; the key None holds calls without a model.

    Args:
        conn: The database.
        where: The slice, of `prodlens.storage.where.sessions`.
        threshold: Share kept from which on a suggestion counts in `diff_high`.
    """
    statement = _BY_MODEL.format(where=where.sql)
    rows = conn.execute(statement, {**where.parameters, "threshold": threshold})
    return {row["model"]: _figures(row) for row in rows}


def _figures(row: sqlite3.Row) -> CallFigures:
    exact = {
        name: row[f"{name}_whole"] * _CHUNK + row[f"{name}_rest"] if name in _SUMMED else row[name]
        for name in FIGURES
    }
    return CallFigures(**exact)


def total(groups: Iterable[CallFigures]) -> CallFigures:
    """Return the figures of disjoint groups taken together; all zero for no group."""
    rows = list(groups)
    sums: dict[str, Any] = {name: sum(getattr(row, name) for row in rows) for name in FIGURES}
    return CallFigures(**sums)


def distinct(conn: sqlite3.Connection, where: Clause) -> DistinctFigures:
    """Return the figures of a slice that need every call at once."""
    statement = _DISTINCT.format(where=where.sql, day=where.day)
    row = conn.execute(statement, where.parameters).fetchone()
    return DistinctFigures(
        sessions=row["sessions"],
        developers=row["developers"],
        active_hours=row["hours"],
        days=row["days"],
        first_call=_instant(row["first_call"]),
        last_call=_instant(row["last_call"]),
    )


def decided_sessions(conn: sqlite3.Connection, where: Clause) -> tuple[int, int]:
    """Return `(sessions with a decided call, those with an accepted one)` of a slice."""
    row = conn.execute(
        _DECIDED_SESSIONS.format(where=where.sql, decided=DECIDED), where.parameters
    ).fetchone()
    return row["decided"], row["accepted"]


def latencies(conn: sqlite3.Connection, where: Clause) -> Latencies:
    """Return the known durations of a slice, ascending; negative and infinite ones are left out."""
    every, without_errors = array("d"), array("d")
    for duration, failed in conn.execute(_LATENCIES.format(where=where.sql), where.parameters):
        every.append(duration)
        if not failed:
            without_errors.append(duration)
    return Latencies(every=every, without_errors=without_errors)


def calls_by_source(conn: sqlite3.Connection, where: Clause) -> dict[str, int]:
    """Return how many calls of a slice each source saw; a call that two saw counts for both."""
    counts: dict[str, int] = {}
    for names, calls in conn.execute(_SOURCES.format(where=where.sql), where.parameters):
        for name in names.split(","):
            counts[name] = counts.get(name, 0) + calls
    return dict(sorted(counts.items()))


def calls_by_traffic(conn: sqlite3.Connection, where: Clause) -> dict[str, int]:
    """Return the calls of each traffic class of a slice; '' holds those without a class."""
    rows = conn.execute(_TRAFFIC.format(where=where.sql), where.parameters)
    return {str(row[0]): int(row[1]) for row in rows}


def days_with_data(conn: sqlite3.Connection, where: Clause) -> tuple[date, date] | None:
    """Return the first and the last day with calls of a slice, of its zone; None when empty."""
    select = _SPAN if where.day == "event_date" else _SPAN_ELSEWHERE
    statement = select.format(where=where.sql, day=where.day)
    first, last = conn.execute(statement, where.parameters).fetchone()
    return None if first is None else (date.fromisoformat(first), date.fromisoformat(last))


def known_repositories(conn: sqlite3.Connection) -> list[str]:
    """Return every repository that a call or a delivery belongs to, old names included, sorted."""
    return [row["slug"] for row in conn.execute(_KNOWN_REPOSITORIES)]


def has_calls(conn: sqlite3.Connection) -> bool:
    """Return whether the store holds any call at all."""
    return bool(conn.execute(_HAS_CALLS).fetchone()[0])


def open_dead_letters(conn: sqlite3.Connection) -> int:
    """Return how many records were set aside and still wait, over the whole store."""
    return int(conn.execute(_OPEN_DEAD_LETTERS).fetchone()[0])


def _instant(text: str | None) -> datetime | None:
    return None if text is None else parse_stored(text)
