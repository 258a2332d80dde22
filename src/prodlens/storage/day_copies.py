"""Owns a copy of one day's calls with the few columns that rollups read; lives in memory.

Several rollups of a day read the same rows: out of a narrow table they do in half the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

_TABLE: Final = "temp.day_calls"
_COLUMNS: Final = ", ".join(
    (
        *("event_date", "timestamp", "repo_slug", "developer_id", "session_id", "model"),
        *("traffic_class", "sources", "session_source", "developer_source"),
        *("tokens_in", "tokens_out", "total_tokens", "cache_read_tokens", "cache_write_tokens"),
        *("latency_ms", "status_code", "error_type", "accepted_flag", "accepted_source"),
        *("accepted_lines", "diff_ratio", "cost_nanos", "subscription"),
    )
)
_MAKE: Final = (
    f"create temp table day_calls as select {_COLUMNS} from sessions where event_date = ''"
)
_FILL: Final = (
    f"insert into {_TABLE} ({_COLUMNS}) select {_COLUMNS} from sessions where event_date = :day"
)


def make(conn: sqlite3.Connection) -> None:
    """Make an empty copy, in the caller's transaction."""
    drop(conn)
    conn.execute(_MAKE)


def fill(conn: sqlite3.Connection, day: str) -> None:
    """Let the copy hold the calls of one UTC day."""
    conn.execute(f"delete from {_TABLE}")
    conn.execute(_FILL, {"day": day})


def drop(conn: sqlite3.Connection) -> None:
    """Let go of the copy."""
    conn.execute(f"drop table if exists {_TABLE}")


def over(statement: str) -> str:
    """Return a statement that reads `sessions` as one that reads the copy."""
    return statement.replace("from sessions", f"from {_TABLE}")
