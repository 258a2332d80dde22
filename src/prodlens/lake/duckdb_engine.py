"""DuckDB as an engine of the lake: one computer, all of its cores; knows no statement."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

from prodlens.errors import InputError
from prodlens.partitions import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb

    from prodlens.partitions import Place

_ROWS_AT_ONCE: Final = 10_000
_SHOWN: Final = 200


class DuckDBEngine:
    """Runs statements in a database of its own that is never written to disk.

    Args:
        conn: A connection that nobody else uses.
    """

    def __init__(self, conn: duckdb.DuckDBPyConnection) -> None:
        self._conn = conn

    def calls(self, place: Place, names: Sequence[str], columns: Sequence[str]) -> None:
        """Make files known as the table `calls`; see `Engine`."""
        if not isinstance(place, Folder):
            self._reach(place.url)
        listed = ", ".join(_text(place.address(name)) for name in names)
        with _said():
            self._conn.execute(
                f"create or replace temp view calls as select {', '.join(columns)} "  # noqa: S608 - names of our own columns and quoted addresses
                f"from read_parquet([{listed}], union_by_name = true)"
            )

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """Run a SELECT; see `Engine`."""
        with _said():
            found = self._conn.execute(statement)
            while rows := found.fetchmany(_ROWS_AT_ONCE):
                yield from rows

    def _reach(self, url: str) -> None:
        """Let DuckDB read through the library that the exporter writes through."""
        import fsspec

        scheme = url.partition("://")[0]
        if not self._conn.filesystem_is_registered(scheme):
            self._conn.register_filesystem(fsspec.filesystem(scheme))


@contextlib.contextmanager
def duckdb_engine() -> Iterator[DuckDBEngine]:
    """Start DuckDB for a block.

    Raises:
        InputError: It is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise InputError(
            "--engine duckdb needs DuckDB, which is not installed: pip install 'prodlens[lake]'."
        ) from None
    with duckdb.connect(":memory:") as conn:
        conn.execute("set TimeZone = 'UTC'")
        yield DuckDBEngine(conn)


@contextlib.contextmanager
def _said() -> Iterator[None]:
    """Turn what DuckDB raises into a sentence."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        first = str(error).strip().partition("\n")[0][:_SHOWN]
        raise InputError(f"DuckDB can't read the lake: {first}") from None


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
