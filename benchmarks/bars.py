"""Every bar of the design as a ratio within one run: `just bench`.

    python benchmarks/bars.py                       all bars; some minutes, 6 GB of disk
    python benchmarks/bars.py --quick               a tenth of the data, once; a minute
    python benchmarks/bars.py --rows help report    these alone
    python benchmarks/bars.py --json bars.json      also as JSON

Only ratios within one run mean anything: README.md beside this says how to read them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import bars_export
import bars_ingestion
import bars_reading
from measuring import StepFailedError, machine
from table import Row, about, count, in_page, markdown
from workspace import FULL, QUICK, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

GROUPS: Final[tuple[tuple[tuple[str, ...], Callable[[Workspace], list[Row]]], ...]] = (
    (bars_ingestion.ROWS, bars_ingestion.rows),
    (bars_reading.AGGREGATION, bars_reading.aggregation),
    (bars_reading.REPORT, bars_reading.reports),
    (bars_reading.START, bars_reading.start),
    (bars_export.EXPORT, bars_export.exports),
    (("duckdb",), bars_export.duckdb),
    (("spark",), bars_export.spark),
)
"""Names of rows, and what measures all of them."""
NAMES: Final = tuple(name for names, _ in GROUPS for name in names)
ON_DEMAND: Final = ((bars_ingestion.BEYOND, bars_ingestion.beyond),)
"""Measured only when named."""
NAMED: Final = (*NAMES, *(name for names, _ in ON_DEMAND for name in names))


FAILED: Final = "failed:"


def arguments(given: list[str]) -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(description="Measure the bars of the design.")
    parser.add_argument("--quick", action="store_true", help="A tenth of the data, each step once.")
    parser.add_argument("--rows", nargs="+", choices=NAMED, metavar="NAME", help=", ".join(NAMED))
    parser.add_argument("--json", type=Path, metavar="PATH", help="Where results go as JSON.")
    parser.add_argument("--page", type=Path, help="Page whose table of the last run is replaced.")
    parser.add_argument("--repeats", type=int, metavar="N", help="Runs of each step; default 3.")
    parser.add_argument(
        "--dir", type=Path, metavar="FOLDER", help="Keep the trace files there for the next run."
    )
    parser.add_argument(
        "--busy", action="store_true", help="Time two processes even when cores are in use."
    )
    return parser.parse_args(given)


def measured(work: Workspace, names: Iterable[str]) -> list[Row]:
    """Run every group that has one of the rows; return these rows in the order of the table."""
    wanted = set(names)
    found: list[Row] = []
    for own, measure in (*GROUPS, *ON_DEMAND):
        if wanted.isdisjoint(own):
            continue
        started = time.monotonic()
        try:
            rows = measure(work)
        except StepFailedError as error:
            rows = [
                Row(name=name, what=name, measured=None, bar=None, note=f"{FAILED} {error}")
                for name in own
            ]
        found += [row for row in rows if row.name in wanted]
        print(f"{', '.join(own)}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return found


def shown(rows: list[Row], this: dict[str, Any], work: Workspace) -> str:
    """Return the table with what its figures depend on."""
    times = "once" if work.repeats == 1 else f"{work.repeats} times, the best counts"
    less = ", with a tenth of the data" if work.sizes == QUICK else ""
    how = f"{about(this)}. Each step was run {times}{less}."
    return f"{how}\n\n{markdown(rows)}\n\n{count(rows)}"


def main() -> None:
    given = arguments(sys.argv[1:])
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.dir or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        sizes, repeats = (QUICK, 1) if given.quick else (FULL, 3)
        work = Workspace(folder, sizes, given.repeats or repeats, given.busy)
        rows, this = measured(work, given.rows or NAMES), machine()
        work.clear()
    text = shown(rows, this, work)
    print(text)
    if given.page:
        page = given.page.read_text(encoding="utf-8")
        given.page.write_text(in_page(page, text), encoding="utf-8")
    path = given.json or Path(tempfile.mkdtemp(prefix="prodlens-bench-")) / "bars.json"
    result = {
        "machine": this,
        "quick": given.quick,
        "repeats": work.repeats,
        "seconds": round(time.monotonic() - started),
        "rows": [row.plain() for row in rows],
    }
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"\nJSON: {path}")
    sys.exit(any(row.note.startswith(FAILED) for row in rows))


if __name__ == "__main__":
    main()
