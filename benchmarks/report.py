"""Speed and memory of rollups, Parquet export and report, and of reading git, in one run.

    python benchmarks/report.py [COUNT...]      default: 100000 1000000

Calls are invented and ingested first (see `benchmarks/ingest.py`); each figure below comes from a
process of its own. The history is that of `prod-lens demo` over ten years.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ingest import AGGREGATE, INGEST, measure

from prodlens import __version__
from prodlens.demo.history import write_repository
from prodlens.demo.litellm_log import invent_calls, lines
from prodlens.demo.team import LINKED, invent_team

if TYPE_CHECKING:
    from ingest import Cost

EXPORT = """
import sys
from prodlens.storage import ProdLensStore
from prodlens.aggregation import ParquetExporter
with ProdLensStore(sys.argv[2]) as store:
    exporter = ParquetExporter(sys.argv[2] + ".parquet")
    exporter.export_sessions_by_date(store)
    exporter.export_aggregates_by_date(store)
"""
REPORT = """
import sys
from prodlens.storage import ProdLensStore
from prodlens.metrics import ReportGenerator
with ProdLensStore(sys.argv[2]) as store:
    ReportGenerator(store).generate_report(repo=None, since="2026-06-01")
"""
GIT = """
import sys
from prodlens.storage import ProdLensStore
from prodlens.git_etl import GitETL
with ProdLensStore(sys.argv[2]) as store:
    GitETL(store).sync(sys.argv[1], repo_slug="acme/payments")
"""
GIT_LOG = """
import subprocess, sys
form = "--format=%H%n%P%n%an%n%ae%n%at%n%cn%n%ce%n%ct%n%B"
with subprocess.Popen(["git", "-C", sys.argv[1], "log", "-z", form], stdout=-1) as process:
    while process.stdout.read(1 << 20):
        pass
"""


def shown(cost: Cost) -> dict[str, float]:
    return {name: round(value, 3) for name, value in cost._asdict().items()}


def bench_calls(count: int, folder: Path) -> None:
    log, db = folder / f"{count}.jsonl", folder / f"{count}.db"
    with log.open("wb") as stream:
        stream.writelines(lines(invent_calls(count)))
    found = {"ingest": measure(INGEST, str(log), str(db))}
    log.unlink()
    for name, script in (("aggregate", AGGREGATE), ("export", EXPORT), ("report", REPORT)):
        found[name] = measure(script, str(log), str(db))
    found["export again"] = measure(EXPORT, str(log), str(db))
    print(json.dumps({"calls": count} | {name: shown(cost) for name, cost in found.items()}))


def bench_git(folder: Path) -> None:
    delivered = invent_team(days=3650, developers=24).delivered[LINKED]
    write_repository(folder / "git", LINKED, delivered)
    plain = measure(GIT_LOG, str(folder / "git"))
    ours = measure(GIT, str(folder / "git"), str(folder / "git.db"))
    again = measure(GIT, str(folder / "git"), str(folder / "git.db"))
    found = {"commits": len(delivered), "git log": shown(plain), "ingest-git": shown(ours)}
    print(json.dumps(found | {"unchanged": shown(again), "cpu ratio": ours.cpu_s / plain.cpu_s}))


def main() -> None:
    counts = [int(text) for text in sys.argv[1:]] or [100_000, 1_000_000]
    print(f"prodlens {__version__}, Python {platform.python_version()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            bench_calls(count, Path(folder))
            sys.stdout.flush()
        bench_git(Path(folder))  # last: its memory would show in what starts after it


if __name__ == "__main__":
    main()
