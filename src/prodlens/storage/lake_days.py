"""SQL that takes rollups computed elsewhere into the daily tables; computes none itself.

A day of which this store has calls is never touched: its rollups are a function of those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prodlens.storage import dirty_days, exported, rollups

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

_OWN_DAYS: Final = """
select distinct event_date from sessions
union select event_date from dirty_days where kind = 'sessions'
"""
_FILLED: Final = {
    "daily_usage": ("daily_usage", exported.DAILY_USAGE),
    "coverage": ("capture_coverage", exported.COVERAGE),
}


def replace(
    conn: sqlite3.Connection, tables: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, int]:
    """Replace the rollups of days by given ones, in the caller's transaction.

    Args:
        conn: The connection, in a transaction.
        tables: Rows of `daily_sessions`, `daily_usage` and `coverage`, by name; columns as
            `prodlens.storage.exported` names them, days as `YYYY-MM-DD`.

    Returns:
        `days` that were taken, `own_days` that were left alone, and rows taken by table.

    Raises:
        InputError: A value does not fit its column.
    """
    own = {str(row[0]) for row in conn.execute(_OWN_DAYS)}
    given = {row["event_date"] for row in tables["daily_sessions"]}
    taken = given - own
    kept = {
        name: [row for row in rows if row["event_date"] in taken] for name, rows in tables.items()
    }
    rollups.insert_daily_session_metrics(conn, kept["daily_sessions"])
    for name, (table, fields) in _FILLED.items():
        columns = [column for column, _ in fields]
        conn.executemany(f"delete from {table} where event_date = ?", [(day,) for day in taken])
        conn.executemany(
            f"insert into {table} ({', '.join(columns)}) "
            f"values ({', '.join(f':{column}' for column in columns)})",
            kept[name],
        )
    dirty_days.clear(conn, dirty_days.SESSIONS, sorted(taken))
    return {
        "days": len(taken),
        "own_days": len(given & own),
        **{name: len(rows) for name, rows in kept.items()},
    }
