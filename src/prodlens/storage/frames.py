"""DataFrames of whole tables; writes nothing and computes nothing.

Columns are the table's own, also when it is empty. Times are `datetime64[us, UTC]`, whole numbers
`Int64`, flags `boolean`, other numbers `float64`, text `object` with None: what is not known is NA,
NaN, NaT or None, never 0 or False.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prodlens.storage.delivery import FETCH_COMMITS, FETCH_PULL_REQUESTS

if TYPE_CHECKING:
    import sqlite3

    import pandas as pd
    from numpy.typing import NDArray

    _Array = NDArray[Any]
    _Part = tuple[_Array, _Array]

_CHUNK: Final = 50_000
_SESSIONS: Final = "select * from sessions order by timestamp, trace_hash"
_FLAGS: Final = frozenset(
    {
        "accepted_flag",
        "subscription",
        "stream",
        "is_subagent",
        "timestamp_assumed_utc",
        "is_bot",
        "draft",
        "reopened",
        "is_merge",
        "on_default_branch",
    }
)
_TIMES: Final = frozenset(
    {
        "timestamp",
        "created_at",
        "merged_at",
        "closed_at",
        "updated_at",
        "reopened_at",
        "first_review_at",
        "first_seen_at",
        "authored_at",
        "committed_at",
        "landed_at",
    }
)


def sessions(conn: sqlite3.Connection) -> pd.DataFrame:
    """Return every call, oldest first: the columns of `sessions`; `tags` is JSON text."""
    return _frame(conn, _SESSIONS, "sessions")


def pull_requests(conn: sqlite3.Connection) -> pd.DataFrame:
    """Return every pull request: the columns of `pull_requests` and `repo_slug`."""
    return _frame(conn, FETCH_PULL_REQUESTS, "pull_requests")


def commits(conn: sqlite3.Connection) -> pd.DataFrame:
    """Return every commit, oldest first: the columns of `commits` and `repo_slug`."""
    return _frame(conn, FETCH_COMMITS, "commits")


def _frame(conn: sqlite3.Connection, statement: str, table: str) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    declared = _declared_types(conn, table)
    cursor = conn.execute(statement)
    cursor.row_factory = None
    names = [column[0] for column in cursor.description]
    parts: list[list[_Part]] = [[] for _ in names]
    # Chunks keep few rows as Python objects at a time: most of them become machine numbers.
    while (rows := cursor.fetchmany(_CHUNK)) or not parts[0]:
        columns = zip(*rows, strict=True) if rows else ((),) * len(names)
        for name, values, chunks in zip(names, columns, parts, strict=True):
            chunks.append(_part(_kind(name, declared), values))
    return pd.DataFrame(
        {
            name: _column(
                _kind(name, declared),
                np.concatenate([values for values, _ in chunks]),
                np.concatenate([missing for _, missing in chunks]),
            )
            for name, chunks in zip(names, parts, strict=True)
        },
        columns=names,
    )


def _declared_types(conn: sqlite3.Connection, table: str) -> dict[str, str]:
    rows = conn.execute("select name, lower(type) from pragma_table_info(?)", (table,))
    return {str(row[0]): str(row[1]) for row in rows}


def _kind(name: str, declared: dict[str, str]) -> str:
    if name in _TIMES:
        return "time"
    return "flag" if name in _FLAGS else declared.get(name, "text")


def _part(kind: str, values: tuple[Any, ...]) -> _Part:
    """Return values as a numpy array of the column's kind, and which of them are missing."""
    import numpy as np
    import pandas as pd

    plain = np.empty(len(values), dtype=object)
    plain[:] = values
    missing = np.asarray(pd.isna(plain))
    if kind == "text":
        return plain, missing
    if kind == "time":
        # Without the Z, numpy reads the text exactly and quickly, whatever the pandas version.
        bare = [None if text is None else text[:-1] for text in values]
        return np.array(bare, dtype="datetime64[us]"), missing
    if kind == "real":
        return plain.astype("float64"), missing  # None becomes NaN
    plain[missing] = 0  # masked: never shown
    return plain.astype("bool" if kind == "flag" else "int64"), missing


def _column(kind: str, values: _Array, missing: _Array) -> pd.Series[Any]:
    import pandas as pd

    if kind == "time":
        return pd.Series(pd.DatetimeIndex(values).tz_localize("UTC"))
    if kind == "flag":
        return pd.Series(pd.arrays.BooleanArray(values, missing))
    if kind == "integer":
        return pd.Series(pd.arrays.IntegerArray(values, missing))
    return pd.Series(values, dtype="float64" if kind == "real" else "object")
