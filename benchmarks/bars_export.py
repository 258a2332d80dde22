"""Bars of Parquet export, and whether DuckDB, Spark and the store compute the same rollups."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from typing import TYPE_CHECKING

from measuring import in_turns, step
from steps import ONE_DAY
from table import Row

if TYPE_CHECKING:
    from pathlib import Path

    from measuring import Cost, Costs
    from workspace import Workspace

EXPORT = ("export-memory", "export", "export-one-day")


def exports(work: Workspace) -> list[Row]:
    """Measure a whole export, the floor of one, and one after calls of one day came in."""
    db, lake = work.store(work.sizes.big), work.lake()
    plain = work.folder / "plain"

    def whole() -> Cost:
        shutil.rmtree(lake, ignore_errors=True)
        return step("export", db, lake)

    def floor() -> Cost:
        shutil.rmtree(plain, ignore_errors=True)
        return step("export_floor", db, plain)

    found = in_turns(
        work.repeats, {"floor": floor, "all": whole, "one day": lambda: _one_day(db, lake)}
    )
    shutil.rmtree(plain)
    return _rows(found)


def _one_day(db: Path, lake: Path) -> Cost:
    """Export after new calls of one day; say how many files of other days were touched."""
    before = _times(lake)
    cost = step("export", db, lake, "new")
    after = _times(lake)
    touched = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    others = sum(not name.endswith(f"{ONE_DAY}.parquet") for name in touched)
    return cost._replace(said={**cost.said, "others": others, "written": len(touched) - others})


def _times(lake: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in lake.glob("*/*.parquet")}


def _rows(found: dict[str, Costs]) -> list[Row]:
    whole, one = found["all"].least("cpu_s"), found["one day"].least("cpu_s")
    read, write = found["floor"].least("read_cpu_s"), found["floor"].least("write_cpu_s")
    files = max(found["floor"].all("files"))
    others = found["one day"].all("others") != {0}
    return [
        Row(
            name="export-memory",
            what=f"peak memory of a whole Parquet export into {files:,} files",
            measured=found["all"].peak_mb,
            bar=300,
            unit="MB",
        ),
        Row(
            name="export",
            what="whole export less reading the rows into Arrow / writing the same files (CPU)",
            measured=(whole - read) / write,
            bar=1.3,
            note=f"({whole:.2f} s - {read:.2f} s) / {write:.2f} s",
        ),
        Row(
            name="export-one-day",
            what="export after new calls of one day / whole export",
            measured=one / whole,
            bar=0.05,
            note=f"{one:.3f} s / {whole:.2f} s, {max(found['one day'].all('written'))} files written",
            broken=("files of other days were touched",) if others else (),
        ),
    ]


def duckdb(work: Workspace) -> list[Row]:
    """Compare DuckDB's rollups with those of the store, over the same calls."""
    return [_engine("duckdb", work)]


def spark(work: Workspace) -> list[Row]:
    """Compare Spark's rollups with those of the store, over the same calls."""
    return [_engine("spark", work)]


def _engine(name: str, work: Workspace) -> Row:
    what = f"rollups by {name} against SQLite's: largest relative difference of sums of fractions"
    why_not = _missing(name)
    if why_not:
        return Row(name=name, what=what, measured=None, bar=1e-12, unit="", note=why_not)
    db, lake = work.store(work.sizes.big), work.lake()
    step("aggregate", db)
    step("export", db, lake)
    said = step("engine", name, lake, db).said
    different = said["different"]
    return Row(
        name=name,
        what=what,
        measured=said["worst"],
        bar=1e-12,
        unit="",
        note=f"{said['rows']:,} rows, everything else equal" if not different else "",
        broken=(f"{different:,} values that must be equal differ",) if different else (),
    )


def _missing(name: str) -> str:
    library = {"duckdb": "duckdb", "spark": "pyspark"}[name]
    if find_spec(library) is None:
        return f"{library} is not installed"
    if name == "spark" and shutil.which("java") is None:
        return "there is no Java"
    return ""
