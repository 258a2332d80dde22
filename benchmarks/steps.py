"""The steps that are measured, each run as a process of its own: `steps.py NAME ARGUMENT...`.

Prints one line of JSON: `s` and `cpu_s`, seconds of the clock and of all cores that the work itself
took without the start of Python, and what a row wants to know beside. Only the libraries that a
step needs are imported, for each counts towards its peak memory.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIRST_DAY: Final = "2026-06-01"
AFTER: Final = "2026-08-30"
"""Day after the last one of the invented calls; `team.py` invents them."""
ONE_DAY: Final = "2026-07-15"
NOW: Final = datetime(2026, 10, 1, tzinfo=UTC)
_LOOSE: Final = frozenset({"latency_sum", "latency_sumsq"})
"""Columns that are sums of fractions, whose last bits depend on the order of adding."""


_STORED: Final = {
    "daily_sessions": ("daily_session_metrics", "event_date"),
    "daily_usage": ("daily_usage", "event_date, repo_slug, developer_id, model, traffic_class"),
    "coverage": ("capture_coverage", "event_date, source, repo_slug, developer_id"),
}
"""Table of the store, and the order of its rows, of each rollup that it keeps."""
_BY_REPOSITORY: Final = """
select event_date, coalesce(repo_slug, ''), count(*), count(distinct session_id),
    count(distinct developer_id) from sessions group by 1, 2 order by 1, 2
"""
_DISTINCT: Final = ["event_date", "repo_slug", "calls", "sessions", "developers"]


@contextlib.contextmanager
def _timed(said: dict[str, Any]) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    said["s"], said["cpu_s"] = time.perf_counter() - wall, time.process_time() - cpu


def floor(log: str) -> dict[str, Any]:
    """Decode every line with orjson and drop it; lines that are no JSON are passed over."""
    import orjson

    said: dict[str, Any] = {}
    bad = 0
    with _timed(said), Path(log).open("rb") as stream:
        for line in stream:
            try:
                orjson.loads(line)
            except orjson.JSONDecodeError:
                bad += 1
    return said | {"bad": bad}


def ingest(log: str, db: str, processes: str = "1") -> dict[str, Any]:
    """Ingest one file, by so many processes at most."""
    from prodlens.storage import ProdLensStore
    from prodlens.trace_ingestion import IngestOptions, TraceIngestor

    said: dict[str, Any] = {}
    with _timed(said), ProdLensStore(db) as store:
        changes = store.conn.total_changes
        ingestor = TraceIngestor(store, dead_letter_dir=f"{db}.dead", processes=int(processes))
        report = ingestor.ingest([log], IngestOptions())[0]
        said["changes"] = store.conn.total_changes - changes
    return said | {
        "added": report.added,
        "changed": report.changed,
        "known": report.known,
        "set_aside": report.set_aside.total(),
        "unchanged": int(report.unchanged),
    }


def forced(log: str, db: str) -> dict[str, Any]:
    """Ingest a file once more after the ledger has forgotten with which options it was read."""
    from prodlens.storage import ProdLensStore

    with ProdLensStore(db) as store, store.transaction() as conn:
        conn.execute("update source_files set options = 'forgotten'")
    return ingest(log, db)


def aggregate(db: str, which: str = "stale") -> dict[str, Any]:
    """Bring the daily tables up to date: `stale` days, `all` of them, or `one` after new calls."""
    from prodlens.aggregation import DailyAggregator
    from prodlens.storage import ProdLensStore

    said: dict[str, Any] = {}
    with ProdLensStore(db) as store:
        if which == "one":
            store.insert_sessions(_new_calls())
        with _timed(said):
            DailyAggregator(store).write_aggregates(force=which == "all")
    return said


def _new_calls() -> list[dict[str, Any]]:
    """Return a call of one day for each of twenty repositories, new ones each time."""
    return [
        {
            "timestamp": f"{ONE_DAY}T12:00:00Z",
            "native_key": f"message:{time.time_ns()}-{number}",
            "repo_slug": f"acme/service-{number:02d}",
            "developer_id": "dev-001",
            "model": "gpt-5",
            "tokens_in": 100,
            "latency_ms": 1000.0 + number,
        }
        for number in range(20)
    ]


def report(db: str, before: str) -> dict[str, Any]:
    """Make the report of all days, after one on another store with calls has done the imports.

    Associations that an earlier report kept are forgotten before each.
    """
    from prodlens.metrics import ReportGenerator
    from prodlens.storage import ProdLensStore

    said: dict[str, Any] = {}
    for path in (before, db):
        with ProdLensStore(path) as store:
            with store.transaction() as conn:
                conn.execute("delete from correlation_cache")
            with _timed(said):
                ReportGenerator(store, now=lambda: NOW).generate_report(
                    repo=None, since=FIRST_DAY, until=AFTER
                )
    return said


def modules() -> dict[str, Any]:
    """Say which libraries `prod-lens --help` has imported."""
    from prodlens.cli.__main__ import main

    sys.argv = ["prod-lens", "--help"]
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
        main()
    return {"modules": sorted(name for name in sys.modules if "." not in name)}


def options(command: str) -> dict[str, Any]:
    """Say which options a command of `prod-lens` has."""
    from prodlens.cli.__main__ import COMMANDS

    parameters = COMMANDS[command].load().params
    return {option: True for parameter in parameters for option in parameter.opts}


def export(db: str, folder: str, after: str = "nothing") -> dict[str, Any]:
    """Bring the Parquet files of calls up to date; `new` calls of one day come in before."""
    import pyarrow.parquet

    from prodlens.aggregation import ParquetExporter
    from prodlens.storage import ProdLensStore

    said: dict[str, Any] = {"pyarrow": pyarrow.__version__}
    with ProdLensStore(db) as store:
        if after == "new":
            store.insert_sessions(_new_calls())
        with _timed(said):
            rows = ParquetExporter(folder).export_sessions_by_date(store)
    return said | {"rows": rows}


def export_floor(db: str, folder: str) -> dict[str, Any]:
    """Write the same files by the shortest way: rows, Arrow columns, one `write_table` per file.

    Says separately what reading the rows into Arrow takes, and what writing takes.
    """
    import pyarrow.parquet

    from prodlens.storage import ProdLensStore, exported, lake_map

    said = {"read_cpu_s": 0.0, "write_cpu_s": 0.0, "rows": 0, "files": 0}
    with ProdLensStore(db) as store:
        for day in list(lake_map.days_of_calls(store.conn, None)):
            started = time.process_time()
            rows = list(exported.calls_of_day(store.conn, day.repo_slug, day.event_date))
            table = _arrow(exported.CALLS, rows)
            read = time.process_time()
            place = Path(folder) / (day.repo_slug or "none").replace("/", "-")
            place.mkdir(parents=True, exist_ok=True)
            pyarrow.parquet.write_table(table, place / f"{day.event_date}.parquet")
            said["write_cpu_s"] += time.process_time() - read
            said["read_cpu_s"] += read - started
            said["rows"] += len(rows)
            said["files"] += 1
    return said


def _arrow(fields: Any, rows: list[Any]) -> Any:
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "whole": pa.int64(),
        "number": pa.float64(),
        "flag": pa.int8(),
        "time": pa.string(),
    }
    columns = [
        pa.array(values, types[kind])
        for (_, kind), values in zip(fields, zip(*rows, strict=True), strict=True)
    ]
    return pa.Table.from_arrays(columns, names=[name for name, _ in fields])


def engine(name: str, folder: str, db: str) -> dict[str, Any]:
    """Compute the rollups of a lake with an engine and compare them with those of the store."""
    from prodlens.lake.aggregating import Days
    from prodlens.lake.aggregating import aggregate as computed
    from prodlens.lake.engines import opened
    from prodlens.lake.rollup_sql import ROLLUPS
    from prodlens.partitions import place_at, read_at
    from prodlens.storage import ProdLensStore

    said: dict[str, Any] = {"rows": 0, "different": 0, "worst": 0.0}
    with opened(name) as running, _timed(said):
        computed(place_at(folder), running, Days())
    with ProdLensStore(db) as store:
        store.conn.row_factory = None
        for rollup, (table, keys) in _STORED.items():
            fields = ROLLUPS[rollup].fields
            names = [name for name, _ in fields]
            statement = f"select {', '.join(names)} from {table} order by {keys}"
            wanted = store.conn.execute(statement).fetchall()
            found = read_at(place_at(folder), f"_aggregates/{rollup}.parquet", fields)
            _compare(said, names, found, wanted)
        fields = ROLLUPS["daily_repositories"].fields
        found = read_at(place_at(folder), "_aggregates/daily_repositories.parquet", fields)
        wanted = store.conn.execute(_BY_REPOSITORY).fetchall()
        _compare(said, _DISTINCT, [row[: len(_DISTINCT)] for row in found], wanted)
    return said


def _compare(said: dict[str, Any], names: list[str], found: list[Any], wanted: list[Any]) -> None:
    """Count the values that differ; of sums of fractions, note the largest relative difference."""
    said["rows"] += len(wanted)
    said["different"] += abs(len(found) - len(wanted))
    for one, other in zip(found, wanted, strict=False):
        for name, left, right in zip(names, one, other, strict=True):
            if name == "created_at" or left == right:
                continue
            if name in _LOOSE and left is not None and right is not None:
                apart = abs(left - right) / max(abs(left), abs(right))
                said["worst"] = max(said["worst"], apart)
            else:
                said["different"] += 1


STEPS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    made.__name__: made
    for made in (
        floor,
        ingest,
        forced,
        aggregate,
        report,
        modules,
        options,
        export,
        export_floor,
        engine,
    )
}


def main() -> None:
    name, *arguments = sys.argv[1:]
    print(json.dumps(STEPS[name](*arguments)))


if __name__ == "__main__":
    main()
