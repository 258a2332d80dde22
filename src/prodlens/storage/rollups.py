"""SQL of the daily tables and the correlation cache: upserting, reading, recomputing stale days.

Rollups are a function of the rows they are made from and of nothing else; no row of another table
is changed here. Days are UTC days. The SELECTs stand in `prodlens.storage.rollup_sql`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import format_instant, parse_day, utc_now
from prodlens.errors import InputError
from prodlens.schemas import nanos_to_usd, usd_to_nanos
from prodlens.storage import day_copies, dirty_days, rollup_sql
from prodlens.storage.columns import (
    COUNT,
    DAY,
    INSTANT,
    NUMBER,
    TEXT,
    WHOLE,
    Column,
    is_missing,
    read_row,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

_BOOKKEEPING: Final = {"id": WHOLE, "created_at": INSTANT}
_DAILY_SESSIONS: Final[dict[str, Column]] = {
    "event_date": DAY,
    "developer_id": TEXT,
    **dict.fromkeys(("session_count", "total_tokens", "accepted_count", "error_count"), COUNT),
    "median_latency_ms": NUMBER,
    "cost_usd": NUMBER,
    "cost_nanos": WHOLE,
    **dict.fromkeys(("priced_count", "decided_count", "status_known_count"), COUNT),
    **_BOOKKEEPING,
}
_DAILY_GITHUB: Final[dict[str, Column]] = {
    "event_date": DAY,
    **dict.fromkeys(("merged_pr_count", "commit_count", "reopened_pr_count"), COUNT),
    "avg_merge_hours": NUMBER,
    **_BOOKKEEPING,
}


def _day_or_blank(value: Any) -> str:
    return "" if value == "" else parse_day(value).isoformat()


_CACHE_KEY: Final = {
    "correlation_date": DAY,
    "lag_days": COUNT,
    **dict.fromkeys(("x_metric", "y_metric", "scope"), TEXT),
    "window_start": Column(_day_or_blank, "a date, YYYY-MM-DD, or ''"),
    "method_version": TEXT,
}
_CACHE: Final[dict[str, Column]] = {
    **_CACHE_KEY,
    **dict.fromkeys(("pearson_r", "pearson_p", "spearman_r", "spearman_p"), NUMBER),
    "sample_size": WHOLE,
    "window_end": Column(DAY.read, DAY.wants),
    **dict.fromkeys(("r_adj", "p_adj", "rho_adj", "rho_adj_p", "n_eff"), NUMBER),
    "k_controls": WHOLE,
    **dict.fromkeys(("ci_low", "ci_high", "r_mde80"), NUMBER),
    **dict.fromkeys(("status", "data_fingerprint"), TEXT),
    **_BOOKKEEPING,
}
_CACHE_DEFAULTS: Final = dict.fromkeys(
    ("x_metric", "y_metric", "scope", "window_start", "method_version"), ""
)

_FETCH: Final = """
select * from {table} where (:since is null or event_date >= :since) order by event_date
"""
_FETCH_CACHE: Final = "select * from correlation_cache order by correlation_date, lag_days, id"
_CALLS_OF_DAY: Final = day_copies.over(rollup_sql.CALLS_OF_DAY)
_FILLED: Final = {
    "daily_usage": day_copies.over(rollup_sql.WRITE_USAGE),
    "capture_coverage": day_copies.over(rollup_sql.WRITE_COVERAGE),
}
_ROLLED_UP: Final = """
select event_date from daily_session_metrics union select event_date from daily_usage
union select event_date from capture_coverage
union select event_date from daily_calls union select event_date from daily_call_values
"""


def insert_daily_session_metrics(
    conn: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]
) -> int:
    """Upsert rows of `daily_session_metrics` by `event_date`.

    Columns that a row does not give keep their value, or get the table's default in a new row.
    Of `cost_usd` and `cost_nanos` either gives the other. Days with calls become stale: what was
    written stands until the next aggregation computes them from the calls again.

    Args:
        conn: The connection, in a transaction.
        rows: Columns of the table; `event_date` as a date or text. None and NaN are NULL; `id` is
            passed over. `created_at` is now unless given, and stays when nothing else changes.

    Returns:
        Rows given.

    Raises:
        InputError: A column is unknown, `event_date` is missing, or a value does not fit.
    """
    read = [_with_both_costs(_daily_row(_DAILY_SESSIONS, row)) for row in rows]
    for row in read:
        _upsert(conn, "daily_session_metrics", ("event_date",), row)
    backed = _days_of(session_days(conn, sorted(_days_of(read))))
    dirty_days.mark(conn, dirty_days.SESSIONS, backed)
    return len(read)


def insert_daily_github_metrics(conn: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]) -> int:
    """Upsert rows of `daily_github_metrics` by `event_date`, as `insert_daily_session_metrics`.

    Args:
        conn: The connection, in a transaction.
        rows: Columns of the table; `event_date` as a date or text. None and NaN are NULL.

    Returns:
        Rows given.

    Raises:
        InputError: A column is unknown, `event_date` is missing, or a value does not fit.
    """
    read = [_daily_row(_DAILY_GITHUB, row) for row in rows]
    for row in read:
        _upsert(conn, "daily_github_metrics", ("event_date",), row)
    backed = _days_of(github_days(conn, sorted(_days_of(read))))
    dirty_days.mark(conn, dirty_days.GITHUB, backed)
    return len(read)


def insert_correlation_cache(conn: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]) -> int:
    """Upsert rows of `correlation_cache`; a row replaces the whole row of its key.

    The key is (`correlation_date`, `lag_days`) and the added columns `x_metric`, `y_metric`,
    `scope`, `window_start` and `method_version`, which are '' where they are not given.

    Args:
        conn: The connection, in a transaction.
        rows: Columns of the table; dates as dates or text. None and NaN are NULL.

    Returns:
        Rows given.

    Raises:
        InputError: A column is unknown, `correlation_date` or `lag_days` is missing, or a value
            does not fit.
    """
    given = 0
    for row in rows:
        read = read_row("cached association", _CACHE, row)
        for name in ("correlation_date", "lag_days"):
            if name not in read:
                raise InputError(f"A cached association needs its {name}.")
        known = {name: value for name, value in read.items() if value is not None}
        whole = dict.fromkeys(_CACHE) | _CACHE_DEFAULTS | known
        _upsert(conn, "correlation_cache", tuple(_CACHE_KEY), whole)
        given += 1
    return given


def fetch_daily_session_metrics(
    conn: sqlite3.Connection, since: date | str | None = None
) -> list[dict[str, Any]]:
    """Return the rows of `daily_session_metrics` by date, from `since` (inclusive) on."""
    return _fetch(conn, "daily_session_metrics", since)


def fetch_daily_github_metrics(
    conn: sqlite3.Connection, since: date | str | None = None
) -> list[dict[str, Any]]:
    """Return the rows of `daily_github_metrics` by date, from `since` (inclusive) on."""
    return _fetch(conn, "daily_github_metrics", since)


def fetch_correlation_cache(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return every cached association as a dict of columns, by date and lag."""
    return [dict(row) for row in conn.execute(_FETCH_CACHE)]


def session_days(
    conn: sqlite3.Connection, days: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Compute the metric columns of `daily_session_metrics` from the calls; writes nothing.

    Args:
        conn: The connection.
        days: UTC days (`YYYY-MM-DD`); None is every day that has calls.

    Returns:
        One dict for each of the days that has calls, in order.
    """
    rollup_sql.register(conn)
    if days is None:
        days = [str(row[0]) for row in conn.execute(rollup_sql.CALL_DAYS).fetchall()]
    return [row for day in days if (row := _calls_of(conn, day)) is not None]


def github_days(
    conn: sqlite3.Connection, days: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Compute the metric columns of `daily_github_metrics` from the deliveries; writes nothing.

    Pull requests count on the day merged, commits of the default branch that are no merges on the
    day landed, reopened pull requests on the day reopened, once a day; one whose `reopened_at` is
    not known counts on no day. `avg_merge_hours` is the mean of creation to merge over the pull
    requests merged that day whose creation is known and not after the merge; None when there is
    none.

    Args:
        conn: The connection.
        days: UTC days (`YYYY-MM-DD`); None is every day on which something happened.

    Returns:
        One dict for each of the days on which something happened, in order.
    """
    if days is None:
        days = [str(row[0]) for row in conn.execute(rollup_sql.DELIVERY_DAYS).fetchall()]
    rows = conn.execute(rollup_sql.DELIVERIES_OF_DAYS, {"days": json.dumps(list(days))})
    return [dict(row) for row in rows]


def is_stale(conn: sqlite3.Connection) -> bool:
    """Return whether any day's rollups are older than its rows."""
    marked = conn.execute("select 1 from dirty_days limit 1").fetchone()
    return marked is not None or conn.execute(dirty_days.NEW_CALLS).fetchone() is not None


def stale_days(conn: sqlite3.Connection, *, force: bool = False) -> list[str]:
    """Mark what is stale and return the days with stale rollups of calls, in order.

    Args:
        conn: The connection, in a transaction begun with `begin immediate`.
        force: Mark every day.
    """
    dirty_days.mark_new(conn)
    if force:
        dirty_days.mark(conn, dirty_days.SESSIONS, _every_call_day(conn))
        dirty_days.mark(conn, dirty_days.GITHUB, _every_delivery_day(conn))
    return dirty_days.read(conn, dirty_days.SESSIONS)


def refresh_calls(conn: sqlite3.Connection, days: list[str]) -> None:
    """Recompute the rollups of calls of some days and forget that they were stale.

    In the caller's write transaction, so that a day another process marks meanwhile is marked
    after this one. Rollups of days that have no rows any more go away.

    Args:
        conn: The connection, in a transaction begun with `begin immediate`.
        days: UTC days (`YYYY-MM-DD`).
    """
    if days:
        _refresh_calls(conn, days)
    dirty_days.clear(conn, dirty_days.SESSIONS, days)


def refresh_deliveries(conn: sqlite3.Connection) -> None:
    """Recompute the rollups of every day with stale deliveries, as `refresh_calls` does."""
    days = dirty_days.read(conn, dirty_days.GITHUB)
    _rewrite(conn, "daily_github_metrics", days, github_days(conn, days))
    dirty_days.clear(conn, dirty_days.GITHUB, days)


def _refresh_calls(conn: sqlite3.Connection, days: list[str]) -> None:
    """Rewrite what is rolled up of the calls of some days."""
    from prodlens.storage import day_sums, day_value_rows

    rollup_sql.register(conn)
    day_copies.make(conn)
    rows = []
    for day in days:
        day_copies.fill(conn, day)
        named = {"day": day}
        found = conn.execute(_CALLS_OF_DAY, named).fetchone()
        rows += [] if found is None else [_with_both_costs(dict(found))]
        for table, statement in _FILLED.items():
            conn.execute(f"delete from {table} where event_date = :day", named)
            conn.execute(statement, named)
        day_sums.write(conn, day)
        day_value_rows.write(conn, day)
    day_copies.drop(conn)
    _rewrite(conn, "daily_session_metrics", days, rows)


def standing_days(conn: sqlite3.Connection) -> tuple[int, int]:
    """Return the rows of `daily_session_metrics` and of `daily_github_metrics`."""
    row = conn.execute(
        "select (select count(*) from daily_session_metrics), "
        "(select count(*) from daily_github_metrics)"
    ).fetchone()
    return int(row[0]), int(row[1])


def _every_call_day(conn: sqlite3.Connection) -> set[str]:
    rows = (conn.execute(rollup_sql.CALL_DAYS), conn.execute(_ROLLED_UP))
    return {str(row[0]) for found in rows for row in found}


def _every_delivery_day(conn: sqlite3.Connection) -> set[str]:
    standing = conn.execute("select event_date from daily_github_metrics")
    rows = (conn.execute(rollup_sql.DELIVERY_DAYS), standing)
    return {str(row[0]) for found in rows for row in found}


def _calls_of(conn: sqlite3.Connection, day: str) -> dict[str, Any] | None:
    row = conn.execute(rollup_sql.CALLS_OF_DAY, {"day": day}).fetchone()
    return None if row is None else _with_both_costs(dict(row))


def _with_both_costs(row: dict[str, Any]) -> dict[str, Any]:
    """Complete a cost: the exact one leads, the one that is shown follows."""
    nanos, usd = row.get("cost_nanos"), row.get("cost_usd")
    if nanos is not None:
        return row | {"cost_usd": nanos_to_usd(nanos)}
    if "cost_usd" in row or "cost_nanos" in row:
        return row | {"cost_usd": usd, "cost_nanos": None if usd is None else usd_to_nanos(usd)}
    return row


def _rewrite(
    conn: sqlite3.Connection, table: str, days: list[str], rows: list[dict[str, Any]]
) -> None:
    for row in rows:
        _upsert(conn, table, ("event_date",), row)
    gone = sorted(set(days) - _days_of(rows))
    conn.executemany(f"delete from {table} where event_date = ?", [(day,) for day in gone])


def _upsert(
    conn: sqlite3.Connection, table: str, key: tuple[str, ...], row: Mapping[str, Any]
) -> None:
    """Write a row; one that says the same already is left alone, `created_at` included."""
    told = [name for name in row if name not in (*key, "id", "created_at")]
    names = [*key, *told, "created_at"]
    values = dict(row) | {"created_at": row.get("created_at") or format_instant(utc_now())}
    action = "nothing"
    if told:
        new = ", ".join(f"{name} = excluded.{name}" for name in (*told, "created_at"))
        differs = " or ".join(f"{table}.{name} is not excluded.{name}" for name in told)
        action = f"update set {new} where {differs}"
    conn.execute(
        f"insert into {table} ({', '.join(names)}) values ({', '.join(f':{n}' for n in names)}) "
        f"on conflict ({', '.join(key)}) do {action}",
        values,
    )


def _daily_row(columns: Mapping[str, Column], row: Mapping[str, Any]) -> dict[str, Any]:
    if is_missing(row.get("event_date")):
        raise InputError("A row of a daily table needs its event_date.")
    return read_row("daily row", columns, row)


def _days_of(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    return {str(row["event_date"]) for row in rows}


def _fetch(conn: sqlite3.Connection, table: str, since: date | str | None) -> list[dict[str, Any]]:
    first = None if since is None else parse_day(since).isoformat()
    return [dict(row) for row in conn.execute(_FETCH.format(table=table), {"since": first})]
