"""Opens SQLite as ProdLens needs it and names its errors; knows no table.

WAL so that readers never block a writer, a busy timeout so that several processes may write at
once, mode 0600 because the file holds who did what when.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import time
from typing import TYPE_CHECKING, Final

from prodlens.errors import (
    StoreBusyError,
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreReadOnlyError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BUSY_TIMEOUT_S: Final = 60.0
CACHE_KIB: Final = 16 * 1024
"""Pages kept in memory; the system's cache holds the rest, so that memory stays small."""
_HEADER: Final = b"SQLite format 3\x00"


class ReadOnlyConnection(sqlite3.Connection):
    """A connection to a database that was opened for reading only."""


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the database file, creating it and its folders when it may be written.

    Args:
        path: The file.
        read_only: Open for reading; `immutable` when no WAL can be made beside it.

    Returns:
        A connection in autocommit mode (transactions are explicit) whose rows give their values
        by name and by index.

    Raises:
        StoreError: The file can't be opened; the subclass says why.
    """
    with naming_errors(path):
        if read_only:
            return _connect_read_only(path)
        _create_private(path)
        conn = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            _prepare(conn)
        except BaseException:
            conn.close()
            raise
        return conn


_NOTHING: Final[dict[None, None]] = {}
# Bind what sqlite3 would bind anyway: None (which no key of an empty table is) and 0 or 1. For a
# class without an adapter it looks for other ways each time, which takes as long as binding several
# numbers; a row of calls has some twenty values that are not known.
sqlite3.register_adapter(type(None), _NOTHING.get)
sqlite3.register_adapter(bool, int)


def _prepare(conn: sqlite3.Connection) -> None:
    conn.row_factory = sqlite3.Row
    _enter_wal(conn)
    conn.execute("pragma synchronous = normal")
    conn.execute("pragma foreign_keys = on")
    conn.execute(f"pragma cache_size = -{CACHE_KIB}")
    conn.execute("pragma temp_store = memory")
    conn.execute("pragma secure_delete = off")


def _enter_wal(conn: sqlite3.Connection) -> None:
    """Turn the write-ahead log on, also while other processes are opening the same new file.

    SQLite does not call its busy handler for this change, so it is tried again until the timeout.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            conn.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _create_private(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise StoreError(f"{path} is a folder: name a file with --db, such as {path}/cache.db.")
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _connect_read_only(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise StoreError(f"{path} does not exist: run `prod-lens ingest-traces PATH` first.")
    location = path.resolve().as_uri()
    for options in ("mode=ro", "mode=ro&immutable=1"):
        if "immutable" in options and _has_unmerged_log(path):
            raise StoreReadOnlyError(
                f"{path} has changes in {path.name}-wal that can't be read from a folder that "
                "can't be written: copy both files elsewhere, or make the folder writable."
            )
        conn = sqlite3.connect(
            f"{location}?{options}",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            factory=ReadOnlyConnection,
        )
        try:
            conn.execute("select count(*) from sqlite_master").fetchone()
        except sqlite3.OperationalError:
            conn.close()
            continue
        except BaseException:
            conn.close()
            raise
        conn.row_factory = sqlite3.Row
        return conn
    raise sqlite3.OperationalError("unable to open database file")


def _has_unmerged_log(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def is_writable(path: Path) -> bool:
    """Return whether the database at `path` (or a new one there) could be written."""
    if path.exists():
        return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    parent = path.parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    return os.access(parent, os.W_OK)


@contextlib.contextmanager
def transaction(conn: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Run a block in one write transaction: all of it is kept, or nothing.

    Nested use joins the outer transaction.
    """
    if conn.in_transaction:
        yield conn
        return
    conn.execute("begin immediate")
    try:
        yield conn
        conn.execute("commit")
    except BaseException:
        _roll_back(conn)
        raise


def _roll_back(conn: sqlite3.Connection) -> None:
    """Undo an open transaction; SQLite has undone it itself after some errors."""
    if conn.in_transaction:
        conn.execute("rollback")


@contextlib.contextmanager
def naming_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise into errors that name the file and a way out."""
    try:
        yield
    except sqlite3.Error as error:
        raise store_error(error, path) from error
    except OSError as error:
        raise _from_os(error, path) from error


def store_error(error: sqlite3.Error, path: Path) -> StoreError:
    """Return the error that a person can act on for one that SQLite raised."""
    text = str(error)
    name = getattr(error, "sqlite_errorname", "") or ""
    decisions: tuple[tuple[bool, Callable[[], StoreError]], ...] = (
        (
            name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")),
            lambda: StoreBusyError(
                f"{path} was locked by another process for more than {BUSY_TIMEOUT_S:.0f} s: "
                "wait for it to end, then run the same command again. Nothing was lost."
            ),
        ),
        (
            name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")),
            lambda: StoreCorruptError(
                f"{path} is damaged or is no SQLite database ({text}): restore a backup "
                "(`prod-lens db backup` makes them), or move the file away and ingest again."
            ),
        ),
        (
            name.startswith("SQLITE_FULL") or "disk is full" in text,
            lambda: StoreFullError(
                f"There is no space left to write {path}: free some, then run the same command "
                "again. What was stored before is intact."
            ),
        ),
        (
            name.startswith("SQLITE_READONLY"),
            lambda: StoreReadOnlyError(
                f"{path} can't be written: change its permissions or name another file with --db."
            ),
        ),
        (
            name.startswith("SQLITE_CANTOPEN"),
            lambda: StoreError(
                f"{path} can't be opened: check the folder and its permissions, or name another "
                "file with --db."
            ),
        ),
        (
            name.startswith("SQLITE_IOERR"),
            lambda: StoreFullError(
                f"{path} could not be written or read ({text}): check free space and the file-size "
                "limit, then run the same command again. What was stored before is intact."
            ),
        ),
    )
    for applies, build in decisions:
        if applies:
            return build()
    return StoreError(f"{path}: {text}.")


def _from_os(error: OSError, path: Path) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
        return StoreFullError(
            f"There is no space left to write {path}: free some, then run the same command again."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreReadOnlyError(
            f"{path} can't be written: change its permissions or name another file with --db."
        )
    return StoreError(f"{path} can't be opened: {os.strerror(error.errno or 0)}.")


def looks_like_sqlite(path: Path) -> bool:
    """Return whether a file begins as a SQLite database does; an empty file counts as one."""
    with path.open("rb") as stream:
        head = stream.read(len(_HEADER))
    return head in (b"", _HEADER)
