"""SQL that reads daily series and single decisions behind the report; writes nothing.

Days are UTC days, or those of the selection's zone. Computes no metric: which of the days were covered is decided in
`prodlens.metrics.calendar`.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final

from prodlens.storage.persons import person
from prodlens.storage.rollup_sql import DECIDED

if TYPE_CHECKING:
    import sqlite3

    from prodlens.storage.where import Clause

_TOKENS: Final = """
case when coalesce(total_tokens, tokens_in, tokens_out) is not null
    then coalesce(total_tokens, coalesce(tokens_in, 0) + coalesce(tokens_out, 0)) end
"""
_LONGEST_MS: Final = 1e15
"""30,000 years: what claims to have taken longer is no duration."""
_CALLS_BY_DAY: Final = """
select {day} as event_date, count(*) as calls, count(distinct session_id) as sessions
from sessions where {where} group by 1 order by 1
"""
_SEEN_DAYS: Final = """
with
stale (day) as (select event_date from dirty_days where kind = 'sessions'),
seen (sources, event_date, repo_slug, calls) as (
    select source, event_date, nullif(repo_slug, ''), calls
    from capture_coverage where event_date not in (select day from stale)
    union all
    select sources, event_date, repo_slug, count(*)
    from sessions where event_date in (select day from stale) group by 1, 2, 3
)
select sources, event_date, sum(calls) as calls, max(coalesce({where}, 0)) as inside
from seen group by sources, event_date
"""
_SEEN_DAYS_ELSEWHERE: Final = """
with seen (sources, event_date, repo_slug, calls) as (
    select sources, {day}, repo_slug, count(*) from sessions group by 1, 2, 3
)
select sources, event_date, sum(calls) as calls, max(coalesce({where}, 0)) as inside
from seen group by sources, event_date
"""
_DECIDED: Final = f"""
with people (id, person) as (
    select id, {person("id")} from (
        select distinct developer_id as id from sessions
        where {{where}} and {DECIDED} and developer_id is not null
    )
)
select accepted_flag, coalesce(person, '') as developer,
    case when latency_ms >= 0 and latency_ms < {_LONGEST_MS!r} then latency_ms end as latency,
    {_TOKENS} as tokens
from sessions left join people on people.id = sessions.developer_id
where {{where}} and {DECIDED}
order by 1, 2, 3, 4
"""


@dataclass(frozen=True, slots=True)
class CallDay:
    """Calls of one day, and the distinct sessions that they name."""

    calls: int
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedCalls:
    """Calls whose proposal was accepted or rejected, one entry per call in each array.

    In an order of their own values, so that nothing computed from them depends on when they came.

    Attributes:
        accepted: 1 accepted, 0 rejected.
        developer: Position in `developers`.
        latency_ms: Duration; NaN when not known (inside ProdLens only).
        tokens: Tokens; NaN when not known (inside ProdLens only).
        developers: People, by the id they have in reports; '' stands for calls that name none.
    """

    accepted: array[int] = field(default_factory=lambda: array("b"))
    developer: array[int] = field(default_factory=lambda: array("l"))
    latency_ms: array[float] = field(default_factory=lambda: array("d"))
    tokens: array[float] = field(default_factory=lambda: array("d"))
    developers: tuple[str, ...] = ()


def calls_by_day(conn: sqlite3.Connection, where: Clause) -> dict[date, CallDay]:
    """Return the calls of each day of a slice that has any, in order."""
    statement = _CALLS_BY_DAY.format(where=where.sql, day=where.day)
    rows = conn.execute(statement, where.parameters)
    return {
        date.fromisoformat(row["event_date"]): CallDay(row["calls"], row["sessions"])
        for row in rows
    }


def seen_days(conn: sqlite3.Connection, where: Clause) -> dict[str, dict[date, int]]:
    """Return on which days each source saw how many calls of any repository.

    Read from `capture_coverage`, and from the calls themselves where that is stale; in another
    zone than UTC from the calls alone.

    Args:
        conn: The database.
        where: Condition on `repo_slug` alone: only sources that ever saw such a call count.
    """
    days: dict[str, dict[date, int]] = {}
    concerned: set[str] = set()
    select = _SEEN_DAYS if where.day == "event_date" else _SEEN_DAYS_ELSEWHERE
    statement = select.format(where=f"({where.sql})", day=where.day)
    for sources, text, calls, inside in conn.execute(statement, where.parameters):
        day = date.fromisoformat(text)
        for source in sources.split(","):
            found = days.setdefault(source, {})
            found[day] = found.get(day, 0) + calls
            if inside:
                concerned.add(source)
    return {source: days[source] for source in sorted(concerned)}


def decided_calls(conn: sqlite3.Connection, where: Clause) -> DecidedCalls:
    """Return every call of a slice that somebody decided about."""
    found = DecidedCalls()
    places: dict[str, int] = {}
    unknown = float("nan")
    for accepted, developer, latency, tokens in conn.execute(
        _DECIDED.format(where=where.sql), where.parameters
    ):
        found.accepted.append(accepted)
        found.developer.append(places.setdefault(developer, len(places)))
        found.latency_ms.append(unknown if latency is None else latency)
        found.tokens.append(unknown if tokens is None else tokens)
    return DecidedCalls(
        accepted=found.accepted,
        developer=found.developer,
        latency_ms=found.latency_ms,
        tokens=found.tokens,
        developers=tuple(places),
    )
