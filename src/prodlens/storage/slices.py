"""Decides which UTC days of a selection are read from the daily tables, and which from the calls.

The one place that knows: the daily tables are read for whole days inside the selection's time
whose rollups are there and not stale; every other day with calls is read from its rows. A store
that was never aggregated, or comes from an older ProdLens, is read from rows alone. Writes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from prodlens.clock import day_start, utc_day
from prodlens.selection import Selection
from prodlens.storage import persons, where
from prodlens.storage.dirty_days import NEW_CALLS
from prodlens.storage.where import Clause

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

_KNOWS_DAYS: Final = """
select exists (select 1 from pragma_table_info('daily_call_values') where name = 'whole') and 2 = (
    select count(*) from sqlite_master where type = 'table' and name in ('daily_calls', 'dirty_days')
)
"""
_CLEAN: Final = f"""
with recursive day (event_date) as (
    select (select min(event_date) from daily_call_values where scope = '' and whole = 1)
    union all
    select (
        select min(event_date) from daily_call_values
        where scope = '' and event_date > day.event_date and whole = 1
    )
    from day where day.event_date is not null
)
select event_date from day
where event_date is not null and event_date not in (
    select event_date from dirty_days where kind = 'sessions' union all {NEW_CALLS}
) and exists (
    select 1 from daily_calls c where c.scope = '' and c.event_date = day.event_date
)
"""
_WITH_CALLS: Final = """
with recursive day (event_date) as (
    select (select min(event_date) from sessions)
    union all
    select (select min(event_date) from sessions where event_date > day.event_date)
    from day where day.event_date is not null
)
select event_date from day where event_date is not null
"""
_SCOPES: Final = """
select repo_slug from (select distinct scope as repo_slug from daily_call_values where scope <> '')
where {where} order by repo_slug
"""


class _HasDay(Protocol):
    @property
    def event_date(self) -> str: ...


_OfDay = TypeVar("_OfDay", bound="_HasDay")
EVERYTHING: Final = ""
"""Scope of all calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Where the days of a selection are read.

    Attributes:
        clean: UTC days that are read from the daily tables, in order.
        days: Condition on those tables: scope, day, and what else the selection filters by there.
        rows: Condition on `sessions` for all other days; None when there are none.
    """

    clean: tuple[str, ...]
    days: Clause
    rows: Clause | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSlice(Slice):
    """Where the single values of the days of a selection are read, in `daily_call_values`."""


def slice_of(conn: sqlite3.Connection, selection: Selection) -> Slice:
    """Return where the sums of the days of a selection are read, in `daily_calls`."""
    found = _slice_of(conn, selection, "")
    return Slice(clean=found.clean, days=found.days, rows=found.rows)


def value_slice_of(conn: sqlite3.Connection, selection: Selection) -> ValueSlice:
    """Return where the single values of the days of a selection are read.

    They are kept of fewer parts of a day than its sums are.
    """
    return _slice_of(conn, selection, _part(selection))


def _slice_of(conn: sqlite3.Connection, selection: Selection, part: str | None) -> ValueSlice:
    """Return where days are read; `part` ends the condition on a daily table, None is no days."""
    if selection.developers:
        return _of_people(conn, selection)
    if part is None or not _knows_days(conn):
        return rows_of(selection)
    every = where.sessions(selection)
    first, after = _whole_days(selection)
    clean = [day for (day,) in conn.execute(_CLEAN) if first <= day and (not after or day < after)]
    begin, end = (None if one is None else one.isoformat() for one in selection.days())
    known = set(clean)
    others = [
        day
        for (day,) in conn.execute(_WITH_CALLS)
        if day not in known and (begin is None or begin <= day) and (end is None or day < end)
    ]
    rows = None
    if others:
        rest = {"slice_rest": json.dumps(others)}
        listed = "event_date in (select value from json_each(:slice_rest))"
        rows = every._replace(
            sql=f"{every.sql} and {listed}" if clean else every.sql,
            parameters=every.parameters | (rest if clean else {}),
        )
    days = _of_days(conn, selection, clean)
    return ValueSlice(clean=tuple(clean), days=days._replace(sql=f"{days.sql}{part}"), rows=rows)


def holds(found: Slice, window: Selection) -> bool:
    """Return whether what was read for a selection holds a part of its time, by whole UTC days.

    Args:
        found: The selection, read before.
        window: The same selection, of the same time or a part of it.
    """
    return found.rows is None and is_whole(window)


def is_whole(selection: Selection) -> bool:
    """Return whether a selection begins and ends with UTC days."""
    bounds = (one for one in (selection.since, selection.until) if one is not None)
    return all(one == day_start(utc_day(one)) for one in bounds)


def within(found: Iterable[_OfDay], selection: Selection) -> list[_OfDay]:
    """Return what is of the UTC days of a selection."""
    first, after = (None if one is None else one.isoformat() for one in selection.days())
    return [
        one
        for one in found
        if (first is None or first <= one.event_date) and (after is None or one.event_date < after)
    ]


def rows_of(selection: Selection) -> ValueSlice:
    """Return a selection of which every day is read from the calls."""
    return ValueSlice(clean=(), days=Clause("false", {}), rows=where.sessions(selection))


def _of_people(conn: sqlite3.Connection, selection: Selection) -> ValueSlice:
    """Return a selection of some people's calls, which an index finds by their ids."""
    every = where.sessions(replace(selection, developers=()))
    ids = {"slice_people": json.dumps(persons.ids_of(conn, selection.developers))}
    named = "developer_id in (select value from json_each(:slice_people))"
    rows = every._replace(sql=f"{named} and {every.sql}", parameters=every.parameters | ids)
    return ValueSlice(clean=(), days=Clause("false", {}), rows=rows)


def _part(selection: Selection) -> str | None:
    """Return the condition on which rows of `daily_call_values` make up a selection.

    None when none do: days are kept whole and taken apart by traffic class and sources, and by
    model, but not by both, nor a repository's by model.
    """
    seen = bool(selection.traffic or selection.sources)
    if selection.models:
        return None if seen or selection.repositories else " and model is not null"
    return " and sources is not null" if seen else " and whole = 1"


def _knows_days(conn: sqlite3.Connection) -> bool:
    return bool(conn.execute(_KNOWS_DAYS).fetchone()[0])


def _whole_days(selection: Selection) -> tuple[str, str]:
    """Return the first UTC day that lies whole in a selection, and the first one after them.

    '' stands for no bound.
    """
    first, after = "", ""
    if selection.since is not None:
        day = utc_day(selection.since)
        whole = day if day_start(day) == selection.since else day + timedelta(days=1)
        first = whole.isoformat()
    if selection.until is not None:
        after = utc_day(selection.until).isoformat()
    return first, after


def _of_days(conn: sqlite3.Connection, selection: Selection, clean: list[str]) -> Clause:
    """Return the condition on the daily tables; their rows know no instant and no developer."""
    scopes = _scopes(conn, selection)
    narrow = where.sessions(
        replace(selection, since=None, until=None, repositories=(), developers=())
    )
    names: dict[str, Any] = {"slice_days": json.dumps(clean), "slice_scopes": json.dumps(scopes)}
    return Clause(
        "scope in (select value from json_each(:slice_scopes)) "
        f"and event_date in (select value from json_each(:slice_days)) and {narrow.sql}",
        names | narrow.parameters,
    )


def _scopes(conn: sqlite3.Connection, selection: Selection) -> list[str]:
    """Return the scopes that make up a selection: all calls, or every name of its repositories."""
    if not selection.repositories:
        return [EVERYTHING]
    named = where.sessions(Selection(repositories=selection.repositories))
    found = conn.execute(_SCOPES.format(where=named.sql), named.parameters)
    return [str(row[0]) for row in found]
