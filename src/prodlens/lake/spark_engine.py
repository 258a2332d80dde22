"""Spark as an engine of the lake: many computers, or all cores of one; knows no statement."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prodlens.errors import InputError
from prodlens.partitions import Folder, place_at
from prodlens.storage.exported import CALLS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from prodlens.partitions import Place
    from prodlens.storage.exported import Fields, Kind

_LOCAL: Final = "local"
_SPARK_TYPES: Final[dict[Kind, str]] = {
    "text": "string",
    "whole": "bigint",
    "number": "double",
    "flag": "boolean",
    "time": "timestamp",
}
_SETTINGS: Final = {
    "spark.app.name": "prod-lens",
    "spark.log.level": "ERROR",
    "spark.sql.session.timeZone": "UTC",
}
_LOCAL_SETTINGS: Final = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 2)),
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": str(os.cpu_count() or 2),
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
"""Only where one computer does everything: nothing listens to the network."""
_ROWS_AT_ONCE: Final = 10_000
_FILES_A_TASK: Final = 32


class SparkEngine:
    """Runs statements in a Spark session.

    Args:
        spark: The session.
    """

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark

    def calls(self, place: Place, names: Sequence[str], columns: Sequence[str]) -> None:
        """Make files known as the table `calls`; see `Engine`.

        A folder is read by Spark itself. An object store is read on the executors through the
        library that the exporter writes through, so that Spark needs no connector of its own.
        """
        from pyspark import StorageLevel

        kinds = dict(CALLS)
        fields = tuple((name, kinds[name]) for name in columns)
        with said():
            if isinstance(place, Folder):
                addresses = [Path(place.address(name)).resolve().as_uri() for name in names]
                found = self._spark.read.schema(schema_of(fields)).parquet(*addresses)
            else:
                found = self._fetched(place.url, names, fields)
            # Every statement reads it, some twice: the files are opened once.
            found.persist(StorageLevel.MEMORY_AND_DISK).createOrReplaceTempView("calls")

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """Run a SELECT; see `Engine`."""
        with said():
            for row in self._spark.sql(statement).toLocalIterator(prefetchPartitions=True):
                yield tuple(row)

    def _fetched(self, url: str, names: Sequence[str], fields: Fields) -> DataFrame:
        tasks = max(1, len(names) // _FILES_A_TASK)
        listed = self._spark.createDataFrame([(name,) for name in names], "name string")
        return listed.repartition(tasks).mapInArrow(_reader(url, fields), schema_of(fields))


@contextlib.contextmanager
def spark_engine(master: str | None = None) -> Iterator[SparkEngine]:
    """Start Spark for a block, or join the session that `spark-submit` has started.

    Args:
        master: The cluster; None takes that of the environment, else all cores of this computer.

    Raises:
        InputError: Spark or Java is missing.
    """
    with spark_session(master) as spark:
        try:
            yield SparkEngine(spark)
        finally:
            spark.catalog.clearCache()


@contextlib.contextmanager
def spark_session(master: str | None = None) -> Iterator[SparkSession]:
    """Yield a Spark session; one that was there before stays open. See `spark_engine`."""
    # Spark says which pandas it has not been tried with; no pandas comes near it here.
    warnings.filterwarnings("ignore", message="PySpark does not yet", category=FutureWarning)
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise InputError(
            "--engine spark needs PySpark, which is not installed: pip install 'prodlens[spark]'."
        ) from None
    standing = SparkSession.getActiveSession()
    if standing is not None:
        yield standing
        return
    builder = SparkSession.builder
    for name, value in _settings(master).items():
        builder = builder.config(name, value)
    try:
        spark = builder.getOrCreate()
    except (PySparkException, RuntimeError, OSError) as error:
        raise InputError(
            f"Spark does not start ({type(error).__name__}): it needs Java 17 or newer, found by "
            "JAVA_HOME or on the PATH, and a cluster that answers."
        ) from None
    try:
        yield spark
    finally:
        spark.stop()


def schema_of(fields: Fields) -> str:
    """Return columns as Spark's DDL."""
    return ", ".join(f"`{name}` {_SPARK_TYPES[kind]}" for name, kind in fields)


def arrow_schema(fields: Fields) -> pa.Schema:
    """Return columns as Arrow types, as Spark sends and takes them."""
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "whole": pa.int64(),
        "number": pa.float64(),
        "flag": pa.bool_(),
        "time": pa.timestamp("us", tz="UTC"),
    }
    return pa.schema([(name, types[kind]) for name, kind in fields])


@contextlib.contextmanager
def said() -> Iterator[None]:
    """Turn what Spark raises into a sentence; its own text may quote rows and stays out."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except PySparkException as error:
        if "No module named" in str(error):
            raise InputError(
                "The executors lack ProdLens or one of its libraries: install it there as it is "
                "installed here (docs/how-to/scale.md)."
            ) from None
        condition = error.getCondition() or type(error).__name__
        raise InputError(f"Spark can't do that ({condition}): its own log says more.") from None
    except Py4JError:
        raise InputError("Spark's Java process has failed or was ended.") from None


def _settings(master: str | None) -> dict[str, str]:
    """Return what a new session is configured with; `spark-submit` and Spark's own files add."""
    chosen = master or os.environ.get("SPARK_MASTER") or os.environ.get("MASTER") or "local[*]"
    settings = _SETTINGS | {"spark.master": chosen}
    if not chosen.startswith(_LOCAL):
        return settings
    # Workers of this computer run this Python and find this package as this process does.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    source = str(Path(__file__).parents[2])
    known = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if source not in known:
        os.environ["PYTHONPATH"] = os.pathsep.join([*known, source])
    return settings | _LOCAL_SETTINGS


def _reader(
    url: str, fields: Fields
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return what reads the columns of named files on an executor."""

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow.parquet as pq

        place, schema = place_at(url), arrow_schema(fields)
        for batch in batches:
            for name in batch.column("name").to_pylist():
                with place.open(name) as stream, pq.ParquetFile(stream) as file:
                    columns = [field for field, _ in fields]
                    for found in file.iter_batches(_ROWS_AT_ONCE, columns=columns):
                        yield found.cast(schema)

    return read
