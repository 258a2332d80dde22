"""Bars of what reads the store: aggregation, the report, and how fast the command starts."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from measuring import in_turns, run, step, warmed
from table import Row

if TYPE_CHECKING:
    from pathlib import Path

    from workspace import Workspace

AGGREGATION = ("one-day", "aggregate-memory")
REPORT = ("report", "report-process")
START = ("help",)
FORBIDDEN = frozenset({"msgspec", "pandas", "pyarrow", "duckdb", "scipy", "httpx", "fastapi"})
_MAIN = "import sys; from prodlens.cli.__main__ import main; main()"
"""What the installed script `prod-lens` does."""
_NO_STATISTICS = "--no-statistics"


def aggregation(work: Workspace) -> list[Row]:
    """Measure aggregation of one day and of all."""
    db = work.store(work.sizes.big)
    found = in_turns(
        work.repeats,
        {
            "all": lambda: step("aggregate", db, "all"),
            "one": lambda: step("aggregate", db, "one"),
        },
    )
    one, whole = found["one"].least("cpu_s"), found["all"].least("cpu_s")
    return [
        Row(
            name="one-day",
            what="aggregate one stale day of 90 / all of them",
            measured=one / whole,
            bar=0.05,
            note=f"{one:.3f} s / {whole:.2f} s",
        ),
        Row(
            name="aggregate-memory",
            what=f"peak memory of aggregating {work.sizes.big:,} calls",
            measured=found["all"].peak_mb,
            bar=200,
            unit="MB",
        ),
    ]


def reports(work: Workspace) -> list[Row]:
    """Measure the report in its process and as a command."""
    sizes = work.sizes
    few, many = work.store(sizes.least), work.store(sizes.big)
    found = in_turns(
        work.repeats,
        {
            "few": lambda: step("report", few, few),
            "many": lambda: step("report", many, few),
            "pass": lambda: run("-c", "pass"),
            "command": warmed(lambda: run("-c", _MAIN, *_report_of(many))),
        },
    )
    more, less = found["many"].least("cpu_s"), found["few"].least("cpu_s")
    command, nothing = found["command"], found["pass"]
    plain = _NO_STATISTICS in _report_of(many)
    how = "without statistics" if plain else "statistics and all: there is no way to leave them out"
    return [
        Row(
            name="report",
            what=f"report on {sizes.big:,} calls / on {sizes.least:,}, in the process",
            measured=more / less,
            bar=3,
            note=f"{more:.3f} s / {less:.3f} s",
        ),
        Row(
            name="report-process",
            what=f"prod-lens report on {sizes.big:,} calls / python -c pass (CPU)",
            measured=command.cpu_s / nothing.cpu_s,
            bar=30,
            note=f"{1000 * command.cpu_s:.0f} ms / {1000 * nothing.cpu_s:.0f} ms, {how}",
        ),
    ]


def _report_of(db: Path) -> list[str]:
    arguments = ["report", "--db", str(db), "--since", "2026-06-01", "--until", "2026-08-30"]
    return [*arguments, _NO_STATISTICS] if _has_no_statistics() else arguments


@functools.cache
def _has_no_statistics() -> bool:
    """Return whether the command can leave statistics out; asks in another process."""
    return bool(step("options", "report").said.get(_NO_STATISTICS))


def start(work: Workspace) -> list[Row]:
    """Measure `prod-lens --help`, which takes milliseconds and is therefore run more often."""
    found = in_turns(
        10 * work.repeats,
        {
            "pass": lambda: run("-c", "pass"),
            "help": warmed(lambda: run("-c", _MAIN, "--help")),
        },
    )
    nothing, help_ = found["pass"].cpu_s, found["help"].cpu_s
    imported = FORBIDDEN.intersection(step("modules").said["modules"])
    return [
        Row(
            name="help",
            what="prod-lens --help / python -c pass (CPU)",
            measured=help_ / nothing,
            bar=5,
            note=f"{1000 * help_:.0f} ms / {1000 * nothing:.0f} ms",
            broken=(f"imports {', '.join(sorted(imported))}",) if imported else (),
        )
    ]
