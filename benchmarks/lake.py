"""Speed and memory of the lake: rollups by DuckDB, Spark and the store, and reading by Spark.

    python benchmarks/lake.py [COUNT...]        default: 100000 1000000

Calls are invented column by column, over 90 days and 20 repositories of 12 people; each figure
comes from a process of its own, with the start of the engine in it. Raw files hold the records of
`prod-lens demo`, a tenth as many. Needs DuckDB, and for Spark Java and PySpark.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from measuring import run

from prodlens import __version__, partitions
from prodlens.demo.litellm_log import invent_calls, lines
from prodlens.partitions.manifest import CALLS, Entry, Manifest
from prodlens.storage.exported import CALLS as FIELDS

DAYS, REPOSITORIES, DEVELOPERS, MODELS = 90, 20, 12, 3
INVENT = "--invent"
FIRST = datetime(2026, 6, 1, tzinfo=UTC)


def invent_lake(root: Path, count: int) -> None:
    """Write a lake of about `count` calls; equal calls for equal counts."""
    import numpy as np

    place, manifest = partitions.place_at(root), Manifest()
    dice = np.random.default_rng(7)
    each = count // (DAYS * REPOSITORIES)
    for day in range(DAYS):
        for repo in range(REPOSITORIES):
            text = (FIRST + timedelta(days=day)).date().isoformat()
            table = invent_calls_of(dice, each, FIRST + timedelta(days=day), f"org/repo-{repo}")
            name = f"org-repo-{repo}/{text}.parquet"
            done = partitions.write_tables_at(place, name, FIELDS, [table])
            manifest.files[name] = Entry(
                path=name,
                kind=CALLS,
                repo_slug=f"org/repo-{repo}",
                first_day=text,
                last_day=text,
                rows=done.rows,
                size=done.size,
            )
    manifest.save(place)


def invent_calls_of(dice: Any, count: int, day: datetime, repo: str) -> Any:
    """Return the calls of one repository and day as an Arrow table."""
    import numpy as np
    import pyarrow as pa

    seconds = np.sort(dice.integers(0, 86_400_000_000, count))
    tokens_in, tokens_out = dice.integers(0, 9000, count), dice.integers(0, 900, count)
    text = day.date().isoformat()
    start = int(day.timestamp()) * 1_000_000

    def named(prefix: str, of: int) -> list[str]:
        return [f"{prefix}-{n}" for n in dice.integers(0, of, count)]

    known: dict[str, Any] = {
        "event_date": [text] * count,
        "timestamp": pa.array(start + seconds, pa.timestamp("us", tz="UTC")),
        "repo_slug": [repo] * count,
        "developer_id": named(f"dev-{repo[-2:]}", DEVELOPERS),
        "session_id": named(f"session-{text}", 1 + count // 20),
        "model": named("model", MODELS),
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "total_tokens": tokens_in + tokens_out,
        "latency_ms": np.round(dice.lognormal(7, 1, count), 3),
        "status_code": dice.choice([200, 200, 200, 200, 500], count),
        "accepted_flag": dice.choice([True, False], count),
        "cost_nanos": dice.integers(0, 10**8, count),
        "sources": ["litellm"] * count,
        "source": ["litellm"] * count,
        "trace_hash": [f"{text}{repo}{n}" for n in range(count)],
    }
    schema = partitions.table_of(FIELDS, []).schema
    columns = [
        pa.array(known[field.name], field.type)
        if field.name in known
        else pa.nulls(count, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def measure(*arguments: str) -> dict[str, float]:
    """Run `prod-lens` with arguments; return seconds, seconds of all cores, and peak memory."""
    cost = run("-m", "prodlens.cli", "-q", *arguments)
    return {
        "seconds": round(cost.wall_s, 2),
        "cpu": round(cost.cpu_s, 2),
        "peak_mb": round(cost.peak_mb),
    }


def bench(count: int, folder: Path) -> None:
    lake, db, log = folder / "lake", folder / "calls.db", folder / "calls.jsonl"
    run(__file__, INVENT, str(count), str(lake))
    size = sum(path.stat().st_size for path in lake.rglob("*.parquet"))
    print(json.dumps({"calls": count, "files": DAYS * REPOSITORIES, "mb": size >> 20}))
    tasks = {
        "duckdb, all days": ("lake", "aggregate", "--from", str(lake)),
        "duckdb, one day": ("lake", "aggregate", "--from", str(lake), "--since", "2026-08-29"),
        "spark, all days": ("lake", "aggregate", "--from", str(lake), "--engine", "spark"),
        "import of rollups": ("lake", "import", "--from", str(lake), "--db", str(db)),
    }
    if count <= 1_000_000:
        tasks |= {
            "import of calls": ("lake", "import", "--from", str(lake), "--calls", "--db", str(db)),
            "store, all days": ("aggregate", "--force", "--db", str(db)),
        }
    for name, arguments in tasks.items():
        print(json.dumps({"task": name, **measure(*arguments)}), flush=True)
    raw = count // 10
    with log.open("wb") as stream:
        stream.writelines(lines(invent_calls(raw)))
    print(json.dumps({"raw records": raw, "mb": log.stat().st_size >> 20}))
    for name, where in (
        ("ingest-traces", ("ingest-traces", str(log), "--db", str(folder / "raw.db"))),
        ("lake ingest, spark", ("lake", "ingest", str(log), "--to", str(folder / "raw"))),
    ):
        print(json.dumps({"task": name, **measure(*where)}), flush=True)


def main() -> None:
    if sys.argv[1:2] == [INVENT]:  # in a process of its own, whose memory shows in no other
        invent_lake(Path(sys.argv[3]), int(sys.argv[2]))
        return
    print(json.dumps({"prodlens": __version__, "python": platform.python_version()}))
    print(json.dumps({"cores": os.cpu_count(), "machine": platform.machine()}))
    for count in map(int, sys.argv[1:] or ("100000", "1000000")):
        with tempfile.TemporaryDirectory() as folder:
            bench(count, Path(folder))


if __name__ == "__main__":
    main()
