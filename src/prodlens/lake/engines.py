"""What an engine must do for the lake, and the choice of one by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from prodlens.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from prodlens.partitions import Place

ENGINES: Final = ("duckdb", "spark")
"""Engines by name; each is an extra of its own."""


class Engine(Protocol):
    """Runs statements over the calls of a lake."""

    def calls(self, place: Place, names: Sequence[str], columns: Sequence[str]) -> None:
        """Make files of calls known to later statements as the table `calls`.

        Args:
            place: The lake.
            names: The files, at least one; no others are looked at.
            columns: Columns that the statements read.
        """
        ...

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """Run a SELECT and yield its rows in order; whole numbers are `int`.

        Raises:
            InputError: The engine can't do it; its own words are passed on shortened.
        """
        ...


def opened(engine: str, *, master: str | None = None) -> AbstractContextManager[Engine]:
    """Start an engine for a block.

    Args:
        engine: One of `ENGINES`.
        master: Spark's cluster, such as `local[4]` or `spark://host:7077`; None takes that of the
            environment, else all cores of this computer. Only for Spark.

    Raises:
        InputError: There is no such engine, its library is not installed, or `master` is not its.
    """
    if engine == "duckdb":
        if master is not None:
            raise InputError("--master is about --engine spark only.")
        from prodlens.lake.duckdb_engine import duckdb_engine

        return duckdb_engine()
    if engine == "spark":
        from prodlens.lake.spark_engine import spark_engine

        return spark_engine(master)
    raise InputError(f"{engine!r} is no engine: use one of {', '.join(ENGINES)}.")
