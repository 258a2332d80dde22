"""Owns `daily_calls`: writing the sums of a day, and reading those of a slice by day and group.

A group is a model, a traffic class and a set of sources. What is summed is decided in
`prodlens.storage.readings`; days that the table can't answer for are summed from the calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from prodlens.storage import day_copies
from prodlens.storage.readings import COLUMNS, NAMES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    from prodlens.storage.slices import Slice

_Key = TypeVar("_Key")
_GROUP: Final = "event_date, model, traffic_class, sources"
_ALL: Final = ", ".join(NAMES)
_SUMS: Final = ", ".join(f"{what} as {name}" for name, what in COLUMNS.items())
_ADDED: Final = ", ".join(f"sum({name})" for name in NAMES)
_FORGET: Final = "delete from daily_calls where event_date = :day"
_WRITE: Final = day_copies.over(f"""
insert into daily_calls (scope, {_GROUP}, {_ALL})
with fine as materialized (
    select repo_slug, {_GROUP}, {_SUMS} from sessions
    where event_date = :day group by repo_slug, model, traffic_class, sources
)
select '', {_GROUP}, {_ADDED} from fine group by model, traffic_class, sources
union all
select repo_slug, {_GROUP}, {_ALL} from fine where repo_slug <> ''
""")
_FROM_DAYS: Final = f"""
select {_GROUP}, {_ALL} from daily_calls indexed by idx_daily_calls_scope where {{where}}
"""
_FROM_ROWS: Final = f"""
select {_GROUP}, {_SUMS} from sessions where {{where}}
group by event_date, model, traffic_class, sources
"""


class DaySums(NamedTuple):
    """What the calls of one group on one UTC day add up to.

    Attributes:
        event_date: UTC day.
        model: Model; None is not known.
        traffic_class: Traffic class; None is unclassified.
        sources: Sources that saw the calls, comma separated.
        sums: The sums of `readings.COLUMNS`, in their order.
    """

    event_date: str
    model: str | None
    traffic_class: str | None
    sources: str
    sums: tuple[int, ...]


def place(name: str) -> int:
    """Return where a sum stands in `DaySums.sums`."""
    return NAMES.index(name)


def write(conn: sqlite3.Connection, day: str) -> None:
    """Write the sums of the UTC day that was copied last, in the caller's transaction."""
    conn.execute(_FORGET, {"day": day})
    conn.execute(_WRITE, {"day": day})


def read(conn: sqlite3.Connection, found: Slice) -> list[DaySums]:
    """Return the sums of a slice, by day; the order within a day says nothing."""
    cursor = conn.cursor()
    cursor.row_factory = None
    rows: list[tuple[Any, ...]] = []
    if found.clean:
        days = found.days
        rows += cursor.execute(_FROM_DAYS.format(where=days.sql), days.parameters)
    if found.rows is not None:
        calls = found.rows
        rows += cursor.execute(_FROM_ROWS.format(where=calls.sql), calls.parameters)
    made = [
        DaySums(day, model, traffic, sources, tuple(sums))
        for day, model, traffic, sources, *sums in rows
    ]
    return sorted(made, key=lambda one: one.event_date)


def grouped(rows: Iterable[DaySums], key: Callable[[DaySums], _Key]) -> dict[_Key, tuple[int, ...]]:
    """Return the sums of what has the same key."""
    found: dict[_Key, list[tuple[int, ...]]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row.sums)
    return {
        name: some[0] if len(some) == 1 else tuple(map(sum, zip(*some, strict=True)))
        for name, some in found.items()
    }


def counted(rows: Iterable[DaySums], key: Callable[[DaySums], _Key], name: str) -> dict[_Key, int]:
    """Return one of the sums of what has the same key."""
    at = place(name)
    found: dict[_Key, int] = {}
    for row in rows:
        of = key(row)
        found[of] = found.get(of, 0) + row.sums[at]
    return found
