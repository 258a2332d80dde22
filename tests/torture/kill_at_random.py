"""Run as a process: does one kind of work, to be killed from outside at any moment.

Usage: kill_at_random.py WORK FOLDER PROCESSES FILE...   (WORK: ingest | aggregate | export)

`FOLDER/cache.db` is the store, `FOLDER/dead` has the dead letters and `FOLDER/lake` the Parquet
files. Says `ready` when everything is imported, so that moments are moments of the work.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from prodlens import partitions
from prodlens.aggregation import DailyAggregator, ParquetExporter
from prodlens.storage import ProdLensStore, exported
from prodlens.trace_ingestion import IngestOptions, TraceIngestor, ingestor, many, parts

BATCH = 40
"""Records of one transaction: fifty commits for the files of the test."""
PART_BYTES = 60_000
"""Bytes of what one of several processes reads at once: about as many records."""


def ingest(folder: Path, processes: int, files: list[str]) -> None:
    ingestor.BATCH_RECORDS = BATCH
    many.MANY_BYTES, parts.PART_BYTES = 1, PART_BYTES  # or one process would do it alone
    with ProdLensStore(folder / "cache.db") as store:
        TraceIngestor(store, dead_letter_dir=folder / "dead", processes=processes).ingest(
            files, IngestOptions()
        )


def aggregate(folder: Path, _processes: int, _files: list[str]) -> None:
    with ProdLensStore(folder / "cache.db") as store:
        DailyAggregator(store).write_aggregates()


def export(folder: Path, _processes: int, _files: list[str]) -> None:
    with ProdLensStore(folder / "cache.db") as store:
        exporter = ParquetExporter(folder / "lake")
        exporter.export_sessions_by_date(store)
        exporter.export_aggregates_by_date(store)


WORKS = {"ingest": ingest, "aggregate": aggregate, "export": export}


def main() -> None:
    work, folder, processes, *files = sys.argv[1:]
    if work == "export":
        partitions.table_of(exported.CALLS[:1], [])  # imports Arrow
    elif work == "ingest":
        importlib.import_module("prodlens.pricing")  # imported with the first call without a price
    print("ready", flush=True)  # noqa: T201 - what the test waits for
    WORKS[work](Path(folder), int(processes), files)


if __name__ == "__main__":
    main()
