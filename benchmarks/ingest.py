"""Speed and memory of ingestion as ratios to `orjson.loads` over the same lines, in one run.

    python benchmarks/ingest.py [COUNT...]      default: 10000 100000 1000000

Each figure comes from a process of its own (CPU seconds and peak memory by os.wait4), so nothing
that one step leaves behind helps the next. Only ratios within one run mean anything.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from prodlens import __version__
from prodlens.demo.litellm_log import invent_calls, lines

BODY = "A line of invented text that stands where a prompt would stand. " * 4
FLOOR = """
import sys, orjson
with open(sys.argv[1], "rb") as stream:
    for line in stream:
        orjson.loads(line)
"""
INGEST = """
import sys
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import IngestOptions, TraceIngestor
with ProdLensStore(sys.argv[2]) as store:
    TraceIngestor(store, dead_letter_dir=sys.argv[2] + ".dead").ingest([sys.argv[1]], IngestOptions())
"""
AGGREGATE = """
import sys
from prodlens.storage import ProdLensStore
from prodlens.aggregation import DailyAggregator
with ProdLensStore(sys.argv[2]) as store:
    DailyAggregator(store).write_aggregates()
"""
FORCED = INGEST.replace("IngestOptions()", "IngestOptions(developer='someone')")
NOTHING = "pass"


class Cost(NamedTuple):
    """What a process took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def measure(script: str, *arguments: str) -> Cost:
    started = time.perf_counter()
    child = os.posix_spawn(
        sys.executable, [sys.executable, "-c", script, *arguments], dict(os.environ)
    )
    _, status, usage = os.wait4(child, 0)
    if status:
        sys.exit(f"a measured step failed with status {status}")
    wall = time.perf_counter() - started
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def bench(count: int, folder: Path) -> dict[str, float]:
    log, db = folder / f"{count}.jsonl", folder / f"{count}.db"
    with log.open("wb") as stream:
        stream.writelines(lines(invent_calls(count), body=BODY))
    floor = measure(FLOOR, str(log))
    first = measure(INGEST, str(log), str(db))
    again = measure(INGEST, str(log), str(db))
    forced = measure(FORCED, str(log), str(db))
    rollup = measure(AGGREGATE, str(log), str(db))
    result = {
        "records": count,
        "megabytes": round(log.stat().st_size / 1e6),
        "floor_wall_s": floor.wall_s,
        "ingest_wall_s": first.wall_s,
        "records_per_s": count / first.wall_s,
        "ingest_over_floor_wall": first.wall_s / floor.wall_s,
        "ingest_over_floor_cpu": first.cpu_s / floor.cpu_s,
        "unchanged_over_first": again.wall_s / first.wall_s,
        "forced_over_first": forced.wall_s / first.wall_s,
        "aggregate_over_first": rollup.wall_s / first.wall_s,
        "peak_mb": first.peak_mb,
        "aggregate_peak_mb": rollup.peak_mb,
    }
    log.unlink()
    db.unlink()
    return {name: round(value, 4) for name, value in result.items()}


def main() -> None:
    counts = [int(text) for text in sys.argv[1:]] or [10_000, 100_000, 1_000_000]
    print(f"prodlens {__version__}, Python {platform.python_version()}, {os.cpu_count()} cores")
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            results.append(bench(count, Path(folder)))
            print(json.dumps(results[-1], indent=2), flush=True)
    if len(results) > 1:
        ratio = results[-1]["peak_mb"] / results[0]["peak_mb"]
        print(f"peak memory at {counts[-1]:,} / at {counts[0]:,}: {ratio:.2f}")


if __name__ == "__main__":
    main()
