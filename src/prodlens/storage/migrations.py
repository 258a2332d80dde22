"""Numbered schema steps, each in one transaction with its record; reads no data for callers.

A step is never edited after a release: a change is a new step. Before the first step on a
database that already holds data, the file is copied beside itself (mode 0600).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prodlens.clock import format_instant, utc_now
from prodlens.errors import SchemaTooNewError, StoreCorruptError, StoreEmptyError
from prodlens.storage.connection import transaction
from prodlens.storage.schema_0001 import STATEMENTS as FIRST
from prodlens.storage.schema_0002 import STATEMENTS as SECOND
from prodlens.storage.schema_0003 import STATEMENTS as THIRD
from prodlens.storage.schema_0004 import STATEMENTS as FOURTH

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

APPLICATION_ID: Final = 0x50724C73
"""`PrLs` in the SQLite header says that a file is ours (sqlite.org/pragma.html application_id)."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its number, a name for people, and the statements it runs."""

    version: int
    name: str
    statements: tuple[str, ...]


MIGRATIONS: Final = (
    Migration(1, "first schema", FIRST),
    Migration(2, "several sources of one call", SECOND),
    Migration(3, "sums and values of calls by day", THIRD),
    Migration(4, "values of whole days and of their parts", FOURTH),
)
LATEST: Final = MIGRATIONS[-1].version


def schema_version(conn: sqlite3.Connection) -> int:
    """Return the number of the last step applied; 0 for an empty database."""
    return int(conn.execute("pragma user_version").fetchone()[0])


def check_version(
    conn: sqlite3.Connection, path: Path, latest: int = LATEST, *, must_exist: bool = False
) -> int:
    """Return the schema version of a database this ProdLens can work with.

    Raises:
        StoreEmptyError: It is empty although it `must_exist`.
        SchemaTooNewError: A newer ProdLens wrote it.
        StoreCorruptError: It is a SQLite database of something else.
    """
    found = schema_version(conn)
    if found > latest:
        raise SchemaTooNewError(
            f"{path} has schema {found}; this ProdLens knows schemas up to {latest}: "
            "upgrade ProdLens, or name another file with --db."
        )
    if found == 0 and _has_tables(conn):
        raise StoreCorruptError(
            f"{path} is a SQLite database, but not one of ProdLens: name another file with --db."
        )
    if found == 0 and must_exist:
        raise StoreEmptyError(
            f"{path} holds nothing yet: run `prod-lens ingest-traces PATH` first."
        )
    return found


def migrate(
    conn: sqlite3.Connection, path: Path, steps: Sequence[Migration] = MIGRATIONS
) -> list[int]:
    """Bring a database to the newest schema.

    Args:
        conn: A writable connection.
        path: The file, for messages and for the backup beside it.
        steps: The steps in order; tests pass older or longer lists.

    Returns:
        The versions applied now; empty when there was nothing to do.
    """
    latest = steps[-1].version
    found = check_version(conn, path, latest)
    if found == latest:
        return []
    if found > 0:
        backup_to(conn, path.with_name(f"{path.name}.schema-{found}.bak"))
    return [step.version for step in steps if step.version > found and _apply(conn, step)]


def _apply(conn: sqlite3.Connection, step: Migration) -> bool:
    with transaction(conn):
        if schema_version(conn) >= step.version:  # another process was faster
            return False
        for statement in step.statements:
            conn.execute(statement)
        conn.execute(
            "insert into schema_migrations (version, name, applied_at) values (?, ?, ?)",
            (step.version, step.name, format_instant(utc_now())),
        )
        conn.execute(f"pragma application_id = {APPLICATION_ID}")
        conn.execute(f"pragma user_version = {step.version}")
    return True


def backup_to(conn: sqlite3.Connection, target: Path) -> None:
    """Copy the whole database into `target` (mode 0600), replacing it atomically."""
    partial = target.with_name(target.name + ".partial")
    with contextlib.suppress(FileNotFoundError):
        partial.unlink()
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with contextlib.closing(sqlite3.connect(partial)) as copy:
        conn.backup(copy)
    partial.replace(target)


def _has_tables(conn: sqlite3.Connection) -> bool:
    row = conn.execute("select count(*) from sqlite_master where name not like 'sqlite_%'")
    return int(row.fetchone()[0]) > 0
