"""Owns the care of the database file: opening for a task, what is in it, soundness, copies.

Counts rows of all tables but knows the meaning of none.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prodlens.errors import InputError
from prodlens.storage import connection, dirty_days, migrations, rollup_sql
from prodlens.storage.store import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date
    from pathlib import Path

_FINDINGS_AT_MOST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreInfo:
    """What a database file holds.

    Attributes:
        path: The file.
        size_bytes: Size of the file.
        wal_bytes: Size of the write-ahead log beside it; 0 when there is none.
        free_bytes: Part of the file that `vacuum` would give back.
        schema_version: Number of the last schema step applied.
        latest_schema: Number of the newest step this ProdLens knows.
        rows: Table -> number of rows, in order of name.
        first_day: First UTC day with a call, as text; None when there is no call.
        last_day: Last UTC day with a call, as text; None when there is no call.
    """

    path: Path
    size_bytes: int
    wal_bytes: int
    free_bytes: int
    schema_version: int
    latest_schema: int
    rows: dict[str, int]
    first_day: str | None
    last_day: str | None


_TABLES: Final = """
select name from sqlite_master
where type = 'table' and name not like 'sqlite\\_%' escape '\\'
order by name
"""
_DAYS: Final = "select min(event_date), max(event_date) from sessions"
_CALLS_ROLLED_UP: Final = """
select event_date from daily_session_metrics union select event_date from daily_usage
union select event_date from capture_coverage
"""
_DAYS_OF: Final = {
    dirty_days.SESSIONS: (rollup_sql.CALL_DAYS, _CALLS_ROLLED_UP),
    dirty_days.GITHUB: (
        rollup_sql.DELIVERY_DAYS,
        "select event_date from daily_github_metrics",
    ),
}
"""Days that have rows, and days that have rollups, which may have lost their last row."""
_DUPLICATES: Final = """
select trace_hash, count(*) as copies from sessions
group by trace_hash having copies > 1
limit :at_most
"""


@contextlib.contextmanager
def opened(path: Path, *, read_only: bool = False) -> Iterator[ProdLensStore]:
    """Open a database for a block; whatever SQLite raises inside names the file and a way out.

    Raises:
        StoreError: The database can't be opened, or failed inside the block.
    """
    with ProdLensStore(path, read_only=read_only) as store:
        try:
            yield store
        except sqlite3.Error as error:
            raise connection.store_error(error, path) from error


def info(store: ProdLensStore) -> StoreInfo:
    """Return what the database holds and how much room it takes."""
    wal = store.path.with_name(store.path.name + "-wal")
    with connection.naming_errors(store.path):
        names = [str(row[0]) for row in store.conn.execute(_TABLES)]
        first, last = store.conn.execute(_DAYS).fetchone()
        return StoreInfo(
            path=store.path,
            size_bytes=store.path.stat().st_size,
            wal_bytes=wal.stat().st_size if wal.exists() else 0,
            free_bytes=_pragma(store.conn, "freelist_count") * _pragma(store.conn, "page_size"),
            schema_version=migrations.schema_version(store.conn),
            latest_schema=migrations.LATEST,
            rows={name: _count(store.conn, name) for name in names},
            first_day=first,
            last_day=last,
        )


def check(store: ProdLensStore) -> list[str]:
    """Return what is wrong with the database, one sentence each; empty when it is sound.

    Looks at every page and index (`pragma integrity_check`), at references between tables, and
    for calls that stand there twice.

    Raises:
        StoreCorruptError: It is too damaged to look at.
    """
    return [
        f"{kind}: {finding}"
        for kind, look in (
            ("integrity", _damaged_pages),
            ("reference", _broken_references),
            ("duplicate", _duplicates),
        )
        for finding in _findings(store, look)
    ]


def _findings(store: ProdLensStore, look: Callable[[sqlite3.Connection], list[str]]) -> list[str]:
    """Look at one thing; that it can't be looked at is a finding too."""
    with connection.naming_errors(store.path):
        try:
            return look(store.conn)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_ERROR":  # locked or full: says nothing about it
                raise
            return [str(error)]


def _damaged_pages(conn: sqlite3.Connection) -> list[str]:
    rows = conn.execute(f"pragma integrity_check({_FINDINGS_AT_MOST})").fetchall()
    return [row[0] for row in rows if row[0] != "ok"]


def _broken_references(conn: sqlite3.Connection) -> list[str]:
    rows = conn.execute("pragma foreign_key_check").fetchmany(_FINDINGS_AT_MOST)
    return [
        f"a row of {row['table']} points to a row of {row['parent']} that is not there"
        for row in rows
    ]


def _duplicates(conn: sqlite3.Connection) -> list[str]:
    rows = conn.execute(_DUPLICATES, {"at_most": _FINDINGS_AT_MOST}).fetchall()
    return [f"{row['trace_hash']} stands there {row['copies']} times" for row in rows]


def mark_days(conn: sqlite3.Connection, since: date | None, until: date | None) -> None:
    """Mark every UTC day of a window as changed, so that its rollups are computed anew.

    Args:
        conn: The connection, in a transaction.
        since: First day; None is the first of all.
        until: First day after the window; None is after the last of all.
    """
    first = "" if since is None else since.isoformat()
    last = "9999-99" if until is None else until.isoformat()
    for kind, statements in _DAYS_OF.items():
        days = {str(row[0]) for statement in statements for row in conn.execute(statement)}
        dirty_days.mark(conn, kind, (day for day in days if first <= day < last))


def changed_days(store: ProdLensStore) -> tuple[int, int]:
    """Return how many days wait for their rollups: of calls, and of deliveries."""
    with connection.naming_errors(store.path):
        calls = dirty_days.read(store.conn, dirty_days.SESSIONS)
        deliveries = dirty_days.read(store.conn, dirty_days.GITHUB)
    return len(calls), len(deliveries)


def backup(store: ProdLensStore, target: Path, *, replace: bool = False) -> int:
    """Copy the whole database into one file (mode 0600), also while others write.

    Args:
        store: The database.
        target: The file to write; its folder is created.
        replace: Whether a file that is already there may be replaced.

    Returns:
        Bytes written.

    Raises:
        InputError: The target is the database itself, or exists and may not be replaced.
        StoreError: It can't be written.
    """
    if target.exists() and target.samefile(store.path):
        raise InputError(f"{target} is the database itself: name another file.")
    if target.exists() and not replace:
        raise InputError(f"{target} exists already: name another file, or add --force.")
    with connection.naming_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        migrations.backup_to(store.conn, target)
        return target.stat().st_size


def vacuum(store: ProdLensStore) -> tuple[int, int]:
    """Write the database anew without gaps and empty its write-ahead log.

    Returns:
        Bytes of file and log together, before and after.
    """
    before = _footprint(store.path)
    with connection.naming_errors(store.path):
        store.conn.execute("vacuum")
        store.conn.execute("pragma wal_checkpoint(truncate)")
    return before, _footprint(store.path)


def _footprint(path: Path) -> int:
    wal = path.with_name(path.name + "-wal")
    return path.stat().st_size + (wal.stat().st_size if wal.exists() else 0)


def _pragma(conn: sqlite3.Connection, name: str) -> int:
    return int(conn.execute(f"pragma {name}").fetchone()[0])


def _count(conn: sqlite3.Connection, table: str) -> int:
    return int(conn.execute(f'select count(*) from "{table}"').fetchone()[0])
