"""SQL of daily series that are read from calls: days of another zone, and who saw which day.

The days of another zone than UTC cut UTC days, for which the daily tables stand. Writes nothing
and computes no metric: which of the days were covered is decided in `prodlens.metrics.calendar`.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final

from prodlens.selection import Selection
from prodlens.storage import where
from prodlens.storage.slices import slice_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    Seen = tuple[str, str | None, int, int]

_CALLS_BY_DAY: Final = """
select {day} as event_date, count(*) as calls, count(distinct session_id) as sessions
from sessions where {where} group by 1 order by 1
"""
_SEEN_IN_DAYS: Final = """
select sources, event_date, sum(calls), {inside} from daily_calls where {where} group by 1, 2
"""
_SEEN_IN_ROWS: Final = """
select sources, event_date, count(*), max(coalesce({inside}, 0)) from sessions
where {where} group by 1, 2
"""
_SEEN_ELSEWHERE: Final = """
with recursive covered (day) as (
    select (select min(event_date) from capture_coverage)
    union all
    select (select min(event_date) from capture_coverage where event_date > day)
    from covered where day is not null
),
brought (day) as (
    select day from covered
    where not exists (select 1 from sessions where event_date = day)
        and not exists (select 1 from dirty_days where kind = 'sessions' and event_date = day)
)
select source, event_date, sum(calls), max(coalesce({inside}, 0))
from (
    select source, event_date, nullif(repo_slug, '') as repo_slug, calls
    from brought cross join capture_coverage on event_date = day
) group by 1, 2
"""
"""Days that were rolled up elsewhere: this store has none of their calls."""
_SOURCES: Final = "select distinct sources from daily_calls where {where}"
_SEEN_BY_LOCAL_DAY: Final = """
with seen (sources, event_date, repo_slug, calls) as (
    select sources, {day}, repo_slug, count(*) from sessions group by 1, 2, 3
)
select sources, event_date, sum(calls) as calls, max(coalesce({where}, 0)) as inside
from seen group by sources, event_date
"""


@dataclass(frozen=True, slots=True)
class CallDay:
    """Calls of one day, and the distinct sessions that they name."""

    calls: int
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedCalls:
    """Calls whose proposal was accepted or rejected, one entry per call in each array.

    Attributes:
        accepted: 1 accepted, 0 rejected.
        developer: Position in `developers`.
        latency_ms: Duration; NaN when not known (inside ProdLens only).
        tokens: Tokens; NaN when not known (inside ProdLens only).
        developers: People, by the id they have in reports, those who rejected anything first, each
            in order; '' stands for calls that name none.
    """

    accepted: array[int] = field(default_factory=lambda: array("b"))
    developer: array[int] = field(default_factory=lambda: array("q"))
    latency_ms: array[float] = field(default_factory=lambda: array("d"))
    tokens: array[float] = field(default_factory=lambda: array("d"))
    developers: tuple[str, ...] = ()


def calls_by_local_day(conn: sqlite3.Connection, selection: Selection) -> dict[date, CallDay]:
    """Return the calls of each day of a selection's zone that has any, in order; from the calls."""
    clause = where.sessions(selection)
    statement = _CALLS_BY_DAY.format(where=clause.sql, day=clause.day)
    rows = conn.execute(statement, clause.parameters)
    return {
        date.fromisoformat(row["event_date"]): CallDay(row["calls"], row["sessions"])
        for row in rows
    }


def seen_days(conn: sqlite3.Connection, selection: Selection) -> dict[str, dict[date, int]]:
    """Return on which days each source saw how many calls of any repository.

    Args:
        conn: The database.
        selection: Repositories and zone: only sources that ever saw such a call count. Days of
            another zone than UTC are read from the calls alone.
    """
    days: dict[str, dict[date, int]] = {}
    concerned: set[str] = set()
    found = _seen_local_days if selection.timezone != "UTC" else _seen_days
    for sources, text, calls, inside in found(conn, selection):
        day = None if text is None else date.fromisoformat(text)
        for source in sources.split(","):
            known = days.setdefault(source, {})
            if day is not None:
                known[day] = known.get(day, 0) + calls
            if inside:
                concerned.add(source)
    return {source: days[source] for source in sorted(concerned)}


def _seen_days(conn: sqlite3.Connection, selection: Selection) -> Iterator[Seen]:
    """Yield sources, UTC day, calls, and whether a repository of the selection is among them.

    Of days that are read from the daily tables, the sources of a repository come without a day.
    """
    inside = where.sessions(Selection(repositories=selection.repositories))
    every = slice_of(conn, Selection())
    if every.clean:
        in_all = 0 if selection.repositories else 1
        statement = _SEEN_IN_DAYS.format(where=every.days.sql, inside=in_all)
        yield from conn.execute(statement, every.days.parameters)
        if selection.repositories:
            own = slice_of(conn, Selection(repositories=selection.repositories)).days
            for row in conn.execute(_SOURCES.format(where=own.sql), own.parameters):
                yield row[0], None, 0, 1
    if every.rows is not None:
        statement = _SEEN_IN_ROWS.format(where=every.rows.sql, inside=f"({inside.sql})")
        yield from conn.execute(statement, every.rows.parameters | inside.parameters)
    yield from conn.execute(_SEEN_ELSEWHERE.format(inside=f"({inside.sql})"), inside.parameters)


def _seen_local_days(conn: sqlite3.Connection, selection: Selection) -> Iterator[Seen]:
    clause = where.sessions(selection)
    statement = _SEEN_BY_LOCAL_DAY.format(where=f"({clause.sql})", day=clause.day)
    yield from conn.execute(statement, clause.parameters)
