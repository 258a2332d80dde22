"""Owns `daily_call_values`: writing the single values of a day, and reading those of a slice.

What they are is decided in `prodlens.storage.day_values`; days that the table can't answer for are
made from the calls by the same rules. Computes no figure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.storage import day_copies, day_values
from prodlens.storage.day_values import Part
from prodlens.storage.slices import EVERYTHING
from prodlens.storage.stretches import IDLE_SECONDS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from prodlens.storage.day_values import DayValues
    from prodlens.storage.slices import ValueSlice

_COLUMNS: Final = ("scope", *Part._fields, *day_values.COLUMNS)
_FORGET: Final = "delete from daily_call_values where event_date = ?"
_WRITE: Final = f"""
insert into daily_call_values ({", ".join(_COLUMNS)})
values ({", ".join(f":{name}" for name in _COLUMNS)})
"""
_READ: Final = """
select {columns} from daily_call_values indexed by idx_daily_call_values_scope where {where}
"""
_ROWS_OF_DAY: Final = day_copies.over(day_values.ROWS.format(where="event_date = ?"))


def write(conn: sqlite3.Connection, day: str) -> None:
    """Write the values of the UTC day that was copied last, in the caller's transaction.

    The day is held in memory while it is written.
    """
    conn.execute(_FORGET, (day,))
    cursor = conn.cursor()
    cursor.row_factory = None
    rows = cursor.execute(_ROWS_OF_DAY, (day,)).fetchall()
    if not rows:
        return
    made = [
        (scope, part, one)
        for scope, of in ((EVERYTHING, rows), *day_values.by_repository(rows).items())
        for part, one in day_values.of_day(day, of, idle=IDLE_SECONDS, by_model=scope == EVERYTHING)
    ]
    conn.executemany(
        _WRITE,
        ({"scope": scope} | part._asdict() | day_values.stored(one) for scope, part, one in made),
    )


def read(
    conn: sqlite3.Connection,
    found: ValueSlice,
    columns: Sequence[str] = day_values.COLUMNS,
    *,
    idle: float = IDLE_SECONDS,
) -> list[DayValues]:
    """Return the values of a slice, by day.

    Args:
        conn: The database.
        found: The slice.
        columns: Which ones; others stay empty where the day is read from the table.
        idle: Seconds without a call that end a stretch; stretches of the table are cut by
            `IDLE_SECONDS`.
    """
    made: list[DayValues] = []
    cursor = conn.cursor()
    cursor.row_factory = None
    if found.clean:
        names = tuple(dict.fromkeys(("event_date", *columns)))
        statement = _READ.format(columns=", ".join(names), where=found.days.sql)
        made += [
            day_values.read(dict(zip(names, row, strict=True)))
            for row in cursor.execute(statement, found.days.parameters)
        ]
    if found.rows is not None:
        statement = day_values.ROWS.format(where=found.rows.sql)
        made += day_values.of_rows(cursor.execute(statement, found.rows.parameters), idle=idle)
    return sorted(made, key=lambda one: one.event_date)
