"""SQL of `dirty_days`: which UTC days have rollups older than their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

SESSIONS: Final = "sessions"
GITHUB: Final = "github"
_SEEN: Final = "calls_seen_by_rollups"
"""Setting: the largest id of a call whose day was marked or rolled up."""
NEW_CALLS: Final = f"""
select distinct event_date from sessions not indexed where id > coalesce(
    (select cast(value as integer) from store_settings where key = '{_SEEN}'), 0)
"""
"""Days with calls that came since: whoever inserted them may have marked nothing."""
_MARK_NEW: Final = f"""
insert or ignore into dirty_days (kind, event_date) select 'sessions', event_date from ({NEW_CALLS})
"""
_SEE: Final = f"""
insert into store_settings (key, value)
select '{_SEEN}', cast(coalesce(max(id), 0) as text) from sessions where true
on conflict (key) do update set value = excluded.value where excluded.value <> value
"""
_MARK: Final = "insert or ignore into dirty_days (kind, event_date) values (?, ?)"


def mark(conn: sqlite3.Connection, kind: str, days: Iterable[str]) -> None:
    """Mark days (`YYYY-MM-DD`) as stale inside the caller's transaction."""
    conn.executemany(_MARK, [(kind, day) for day in sorted(days)])


def mark_new(conn: sqlite3.Connection) -> None:
    """Mark the days of calls that came since this was last done, in the caller's transaction."""
    conn.execute(_MARK_NEW)
    conn.execute(_SEE)


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
