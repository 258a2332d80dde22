"""SQL of `dirty_days`: which UTC days have rollups older than their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

SESSIONS: Final = "sessions"
GITHUB: Final = "github"
_MARK: Final = "insert or ignore into dirty_days (kind, event_date) values (?, ?)"


def mark(conn: sqlite3.Connection, kind: str, days: Iterable[str]) -> None:
    """Mark days (`YYYY-MM-DD`) as stale inside the caller's transaction."""
    conn.executemany(_MARK, [(kind, day) for day in sorted(days)])


def read(conn: sqlite3.Connection, kind: str) -> list[str]:
    """Return the stale days of a kind in order."""
    rows = conn.execute(
        "select event_date from dirty_days where kind = ? order by event_date", (kind,)
    )
    return [str(row[0]) for row in rows]


def clear(conn: sqlite3.Connection, kind: str, days: Iterable[str]) -> None:
    """Forget marks, in the transaction that wrote the days' rollups."""
    conn.executemany(
        "delete from dirty_days where kind = ? and event_date = ?", [(kind, day) for day in days]
    )
