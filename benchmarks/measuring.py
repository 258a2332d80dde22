"""Costs of processes: seconds of clock and cores, peak memory; repeated in turns, the best kept.

Knows nothing of ProdLens. Stays small: a process that is started begins with the peak memory of
the one that starts it, so neither data nor large libraries may be in this one.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STEPS: Final = str(Path(__file__).with_name("steps.py"))
IDLE_CORES: Final = 1.7
"""Cores that must have nothing to do before two processes are timed by the clock."""
_LOOK_S: Final = 1.0
_ENVIRON: Final = {
    name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
}
"""As it is, but Python keeps what it compiled: whoever installs a package has it compiled."""
_LIBRARIES: Final = ("msgspec", "orjson", "numpy", "scipy", "pyarrow", "duckdb", "pyspark")


class StepFailedError(Exception):
    """A measured process ended with an error; what it said about it stands in the error output."""


class Cost(NamedTuple):
    """What one process took, those that it started and waited for included.

    Attributes:
        wall_s: Seconds of the clock, from its start to its end.
        cpu_s: Seconds of all cores.
        peak_mb: Largest resident memory of any one of the processes.
        said: Numbers that it printed as JSON on its last line.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    said: Mapping[str, Any]


class Costs(NamedTuple):
    """Costs of the same step, run several times."""

    of: tuple[Cost, ...]

    @property
    def wall_s(self) -> float:
        """Seconds of the clock, of the run that took least."""
        return min(cost.wall_s for cost in self.of)

    @property
    def cpu_s(self) -> float:
        """Seconds of all cores, of the run that took least."""
        return min(cost.cpu_s for cost in self.of)

    @property
    def peak_mb(self) -> float:
        """Peak memory of the run that took most."""
        return max(cost.peak_mb for cost in self.of)

    def least(self, name: str) -> float:
        """Return the least of a number that each run printed."""
        return min(float(cost.said[name]) for cost in self.of)

    def all(self, name: str) -> set[Any]:
        """Return the different values of a number that each run printed."""
        return {cost.said[name] for cost in self.of}


def run(*arguments: str) -> Cost:
    """Run Python with arguments, wait for it, and return what it took.

    Raises:
        StepFailedError: It failed; its own error output has said why.
    """
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], stdout=output, env=_ENVIRON)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            named = " ".join(Path(text).name for text in arguments[:3])
            raise StepFailedError(f"{named}: exit code {process.returncode}")
        output.seek(0)
        last = output.read().decode().strip().rpartition("\n")[2]
    said = json.loads(last) if last.startswith("{") else {}
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / _maxrss_unit(), said)


def _maxrss_unit() -> int:
    """Return how many units of `ru_maxrss` are a megabyte: kilobytes on Linux, bytes on macOS."""
    return 1 << 20 if sys.platform == "darwin" else 1 << 10


def warmed(measured: Callable[[], Cost]) -> Callable[[], Cost]:
    """Return a step that has been run once, so that Python has compiled what it imports."""
    measured()
    return measured


def step(name: str, *arguments: object) -> Cost:
    """Run one step of `steps.py` in a process of its own."""
    return run(STEPS, name, *map(str, arguments))


def in_turns(repeats: int, steps: Mapping[str, Callable[[], Cost]]) -> dict[str, Costs]:
    """Run steps A B C, A B C, ...: what slows the machine for a while slows all of them.

    Args:
        repeats: How often each is run.
        steps: By name, in order; a later one may build on what an earlier one has left.
    """
    found: dict[str, list[Cost]] = {name: [] for name in steps}
    for _ in range(repeats):
        for name, measured in steps.items():
            found[name].append(measured())
    return {name: Costs(tuple(costs)) for name, costs in found.items()}


def idle_cores() -> float:
    """Return how many cores had nothing to do during the last second; looks for a second.

    Where the system doesn't say, the cores less the load average.
    """
    first = _idle_ticks()
    if first is None:
        return (os.cpu_count() or 1) - os.getloadavg()[0]
    started = time.monotonic()
    time.sleep(_LOOK_S)
    second = _idle_ticks() or first
    ticks = (time.monotonic() - started) * os.sysconf("SC_CLK_TCK")
    return (second - first) / ticks


def _idle_ticks() -> int | None:
    try:
        fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
    except OSError:
        return None
    return int(fields[4]) + int(fields[5])


def machine() -> dict[str, Any]:
    """Return what figures of this machine depend on."""
    versions = {}
    for name in ("prodlens", *_LIBRARIES):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **versions,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
