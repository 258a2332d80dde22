"""Bars of ingestion: against the floor, by two processes, in memory, again, appended, a new day.

With them the aggregation of what was ingested, because its bar is a share of ingestion.
"""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING, NamedTuple

import traces
from measuring import IDLE_CORES, Costs, idle_cores, in_turns, step
from table import Row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from measuring import Cost
    from workspace import Workspace

ROWS = (
    "ingest-one",
    "ingest-two",
    "large-one",
    "large-two",
    "memory-growth",
    "memory",
    "unchanged",
    "forced",
    "append",
    "new-day",
    "aggregate",
)
BEYOND = ("memory-beyond",)
_NOTHING = Costs(())


class _Round(NamedTuple):
    """Files of the rounds on the larger file."""

    original: Path
    log: Path
    rest: Path
    new_day: Path
    one: Path


class _Pair(NamedTuple):
    """Ingestion of a file and the floor of it: name of the row, what it holds, how many lines."""

    name: str
    what: str
    lines: int
    ours: Costs
    floor: Costs


def rows(work: Workspace) -> list[Row]:
    """Measure; two processes only while two cores have nothing else to do."""
    sizes, why_not = work.sizes, _why_not_two(work)
    little = _little(work, two=not why_not)
    place = _prepare(work)
    big = _big(work, place, two=not why_not)
    work.keep_as_store(place.one, sizes.big)
    small, bodies = "small lines", "lines of 6.5 KB"
    few, many = little["floor"], big["floor"]
    large = little["large floor"]
    return [
        _one(_Pair("ingest-one", small, sizes.small, little["one"], few), 9),
        _two(_Pair("ingest-two", small, sizes.big, big["two"], many), 6, why_not),
        _one(_Pair("large-one", bodies, sizes.large, little["large"], large), 1.8),
        _two(_Pair("large-two", bodies, sizes.large, little["large two"], large), 1.2, why_not),
        *_memory(work, little, big),
        *_again(big, sizes.big),
        _new_day(big, sizes.new_day),
        _aggregation(big, sizes.big),
    ]


def beyond(work: Workspace) -> list[Row]:
    """Measure the memory of reading ten times as many lines; needs 15 GB of disk."""
    few, many = work.sizes.big, 10 * work.sizes.big
    logs = {count: work.log("small", count) for count in (few, many)}
    peaks = {count: _fresh(work, "beyond", log, 1).peak_mb for count, log in logs.items()}
    return [
        Row(
            name=BEYOND[0],
            what=f"peak memory of ingesting {many:,} / {few:,} small lines",
            measured=peaks[many] / peaks[few],
            bar=1.1,
            note=f"{peaks[many]:.0f} MB / {peaks[few]:.0f} MB",
        )
    ]


def _why_not_two(work: Workspace) -> str:
    found = idle_cores()
    if work.busy or found >= IDLE_CORES:
        return ""
    return f"{found:.1f} cores are idle, and the clock of two processes needs two"


def _fresh(work: Workspace, name: str, log: Path, processes: int) -> Cost:
    db = work.new_db(name)
    cost = step("ingest", log, db, processes)
    work.drop(db)
    return cost


def _little(work: Workspace, *, two: bool) -> dict[str, Costs]:
    """Measure the smaller file, and the one with bodies."""
    small, large = work.log("small", work.sizes.small), work.log("large", work.sizes.large)
    steps: dict[str, Callable[[], Cost]] = {
        "floor": lambda: step("floor", small),
        "one": lambda: _fresh(work, "little", small, 1),
        "large floor": lambda: step("floor", large),
        "large": lambda: _fresh(work, "large", large, 1),
    }
    if two:
        steps["two"] = lambda: _fresh(work, "little", small, 2)
        steps["large two"] = lambda: _fresh(work, "large", large, 2)
    found = in_turns(work.repeats, steps)
    return {"two": _NOTHING, "large two": _NOTHING} | found


def _prepare(work: Workspace) -> _Round:
    """Name the larger file, the copy to which lines are appended, and what comes after it."""
    sizes = work.sizes
    return _Round(
        original=work.log("small", sizes.big),
        log=work.folder / "growing.jsonl",
        rest=work.one_day(sizes.big // 100, days_after=89, seed=8),
        new_day=work.one_day(sizes.new_day, days_after=90, seed=9),
        one=work.folder / "big.db",
    )


def _big(work: Workspace, place: _Round, *, two: bool) -> dict[str, Costs]:
    """Measure the larger file: anew, again, with lines appended, with one more day."""
    steps: dict[str, Callable[[], Cost]] = {
        "floor": lambda: step("floor", place.original),
        "one": lambda: _begin(work, place),
        "unchanged": lambda: _unchanged(place),
        "forced": lambda: step("forced", place.log, place.one),
        "append": lambda: _append(work, place),
        "new day": lambda: step("ingest", place.new_day, work.folder / "day.db", 1),
        "aggregate": lambda: step("aggregate", place.one),
    }
    if two:
        steps["two"] = lambda: _fresh(work, "big-two", place.original, 2)
    found = in_turns(work.repeats, steps)
    work.drop(work.folder / "day.db")
    place.log.unlink()
    return {"two": _NOTHING} | found


def _begin(work: Workspace, place: _Round) -> Cost:
    shutil.copyfile(place.original, place.log)
    return step("ingest", place.log, work.new_db(place.one.stem), 1)


def _unchanged(place: _Round) -> Cost:
    before = _digest(place.one)
    cost = step("ingest", place.log, place.one, 1)
    return cost._replace(said={**cost.said, "same_bytes": int(_digest(place.one) == before)})


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _append(work: Workspace, place: _Round) -> Cost:
    """Append a hundredth; leave a copy of the store for the new day, which changes it."""
    with place.log.open("ab") as stream, place.rest.open("rb") as rest:
        shutil.copyfileobj(rest, stream)
    cost = step("ingest", place.log, place.one, 1)
    shutil.copyfile(place.one, work.new_db("day"))
    return cost


# Rows -----------------------------------------------------------------------------------------


def _miscounted(costs: Costs, count: int) -> tuple[str, ...]:
    """Say how many calls of a file were lost or came twice, or lines were set aside or not."""
    calls, bad = traces.expected(count)
    wanted = {"added": calls, "set_aside": bad}
    found = {name: costs.all(name) for name in wanted}
    return tuple(
        f"{name} {sorted(found[name])} instead of {wanted[name]:,}"
        for name in wanted
        if found[name] != {wanted[name]}
    )


def _one(pair: _Pair, bar: float) -> Row:
    ours, floor = pair.ours, pair.floor
    return Row(
        name=pair.name,
        what=f"ingest {pair.lines:,} {pair.what}, one process / orjson.loads of them (CPU)",
        measured=ours.cpu_s / floor.cpu_s,
        bar=bar,
        note=f"{ours.cpu_s:.2f} s / {floor.cpu_s:.2f} s, peak {ours.peak_mb:.0f} MB",
        broken=_miscounted(ours, pair.lines),
    )


def _two(pair: _Pair, bar: float, why_not: str) -> Row:
    ours, floor = pair.ours, pair.floor
    what = f"ingest {pair.lines:,} {pair.what}, two processes / orjson.loads of them (clock)"
    if why_not:
        return Row(name=pair.name, what=what, measured=None, bar=bar, note=why_not)
    return Row(
        name=pair.name,
        what=what,
        measured=ours.wall_s / floor.wall_s,
        bar=bar,
        note=f"{ours.wall_s:.2f} s / {floor.wall_s:.2f} s, peak {ours.peak_mb:.0f} MB",
        broken=_miscounted(ours, pair.lines),
    )


def _memory(work: Workspace, little: dict[str, Costs], big: dict[str, Costs]) -> list[Row]:
    def worst(of: dict[str, Costs], *names: str) -> float:
        return max(of[name].peak_mb for name in names if of[name].of)

    few, many = worst(little, "one", "two"), worst(big, "one", "two")
    most = max(many, worst(little, "one", "two", "large", "large two"), worst(big, "forced"))
    return [
        Row(
            name="memory-growth",
            what=f"peak memory of ingesting {work.sizes.big:,} / {work.sizes.small:,} small lines",
            measured=many / few,
            bar=2,
            note=f"{many:.0f} MB / {few:.0f} MB, worst process",
        ),
        Row(
            name="memory",
            what="peak memory of ingesting, worst process of every file",
            measured=most,
            bar=200,
            unit="MB",
        ),
    ]


def _again(big: dict[str, Costs], count: int) -> list[Row]:
    first = big["one"].least("cpu_s")
    unchanged, forced, append = (
        big[name].least("cpu_s") for name in ("unchanged", "forced", "append")
    )
    return [
        Row(
            name="unchanged",
            what=f"ingest an unchanged file of {count:,} lines / the first time",
            measured=unchanged / first,
            bar=0.15,
            note=f"{unchanged:.3f} s / {first:.2f} s",
            broken=_unlike(
                big["unchanged"],
                changes=(0, "rows changed"),
                same_bytes=(1, "the database's bytes changed"),
            ),
        ),
        Row(
            name="forced",
            what="ingest it without the ledger / the first time",
            measured=forced / first,
            bar=1.1,
            note=f"{forced:.2f} s / {first:.2f} s",
            broken=_unlike(big["forced"], added=(0, "new rows came in")),
        ),
        Row(
            name="append",
            what="ingest after 1 % was appended / the first time",
            measured=append / first,
            bar=0.05,
            note=f"{append:.3f} s / {first:.2f} s",
            broken=_miscounted(big["append"], count // 100),
        ),
    ]


def _unlike(costs: Costs, **wanted: tuple[int, str]) -> tuple[str, ...]:
    """Return the words of those numbers that were not as wanted in each run."""
    return tuple(words for name, (value, words) in wanted.items() if costs.all(name) != {value})


def _new_day(big: dict[str, Costs], count: int) -> Row:
    def each(name: str) -> float:
        return big[name].least("cpu_s") / big[name].least("added")

    added = max(big["new day"].all("added"))
    return Row(
        name="new-day",
        what=f"each of {added:,} calls of a new day, added to the store / each of the first ones",
        measured=each("new day") / each("one"),
        bar=1.6,
        note=f"{1e6 * each('new day'):.1f} us / {1e6 * each('one'):.1f} us",
        broken=_miscounted(big["new day"], count),
    )


def _aggregation(big: dict[str, Costs], count: int) -> Row:
    ours, first = big["aggregate"].least("cpu_s"), big["one"].least("cpu_s")
    return Row(
        name="aggregate",
        what=f"aggregate every day of {count:,} lines / ingest them",
        measured=ours / first,
        bar=0.3,
        note=f"{ours:.2f} s / {first:.2f} s",
    )
