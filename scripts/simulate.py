"""Simulate what ProdLens says of series whose truth is known, and print how often it is right.

    python scripts/simulate.py                         the whole table (minutes)
    python scripts/simulate.py --replications 100 --demos 20
    python scripts/simulate.py --seed 3 --part null holidays

Parts: `null` (independent series), `rollout` (both grow), `holidays` (shared days off), `coverage`
(intervals and power), `family` (many tests at once), `split` (days of high against low use), `choices`
(the strip of other choices), `people` (what compares developers), `demo` (the invented team
of `prod-lens demo`). Exit 1 when a gate fails. Reads and writes no database.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from simulated_checks import CHECKS
from simulated_worlds import ALPHA, NULL_WORLDS, Row, World, ceiling, is_found, share_of

from prodlens.demo.litellm_log import start_of
from prodlens.demo.team import LINKED, PLANTED_LAG_DAYS, UNLINKED, invent_team
from prodlens.stats.association import lagged_association
from prodlens.stats.correlation import pearson
from prodlens.stats.high_low import high_low_difference
from prodlens.stats.multiplicity import adjust_pvalues

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHAPES: Final = ("linear", "S-curve", "step")
TRUTH_DAYS: Final = 4_000


def null(dice: np.random.Generator, count: int) -> Iterator[Row]:
    """Yield how often independent series are called associated, naively and by ProdLens."""
    rates = []
    for days in (14, 30, 90, 180):
        for name, fields in NULL_WORLDS.items():
            world = World(days, **fields)  # type: ignore[arg-type]
            ours, naive = [], []
            for _ in range(count):
                x, y, start = world.draw(dice)
                p = lagged_association(x, y, start, 1).p_value
                if p is not None:
                    ours.append(p < ALPHA)
                naive.append(is_found(pearson(x[:-1], y[1:]).p_value))
            rate = share_of(ours)
            rates.append(rate)
            beside = f"plain Pearson {100 * share_of(naive):.1f} %"
            yield Row(
                "null", f"{days} days, {name}", rate, len(ours), beside, rate > ceiling(count)
            )
    mean = sum(rates) / len(rates)
    yield Row("null", "mean of these", mean, len(rates), fails=mean > 0.055)


def rollout(dice: np.random.Generator, count: int) -> Iterator[Row]:
    """Yield the same when both series grow with one roll-out and have nothing else in common."""
    for days in (30, 90, 180):
        for shape in SHAPES:
            world = World(days, rollout=shape)
            ours, naive = [], []
            for _ in range(count):
                x, y, start = world.draw(dice)
                ours.append(is_found(lagged_association(x, y, start, 1).p_value))
                naive.append(is_found(pearson(x[:-1], y[1:]).p_value))
            rate = share_of(ours)
            beside = f"plain Pearson {100 * share_of(naive):.1f} %"
            fails = rate > ceiling(count)
            yield Row("rollout", f"{days} days, {shape}", rate, count, beside, fails)


def holidays(dice: np.random.Generator, count: int) -> Iterator[Row]:
    """Yield the same on the same day when both stand still on holidays, listed and not listed."""
    for days in (60, 90):
        for name, length in (("two single holidays", 1), ("a week's shutdown", 5)):
            listed, unlisted = [], []
            for _ in range(count):
                x, y, start = World(days).draw(dice)
                off = _days_off(dice, days, start, length)
                x[off] = y[off] = 0
                listed.append(is_found(lagged_association(x, y, start, 0, off).p_value))
                unlisted.append(is_found(lagged_association(x, y, start, 0).p_value))
            rate = share_of(listed)
            beside = f"not listed {100 * share_of(unlisted):.1f} %"
            fails = rate > ceiling(count)
            yield Row("holidays", f"{days} days, {name}, listed", rate, count, beside, fails)


def _days_off(dice: np.random.Generator, days: int, start: int, length: int) -> list[int]:
    mondays = [day for day in range(7, days - 7) if (start + day) % 7 == 0]
    chosen = dice.choice(mondays, size=2 if length == 1 else 1, replace=False)
    return [int(day) + offset for day in chosen for offset in range(length)]


def coverage(dice: np.random.Generator, count: int) -> Iterator[Row]:
    """Yield how often the interval holds the truth, and how often a true association is found."""
    for link in (0.0, 0.4, 0.7, 0.9):
        truth = _truth(dice, link)
        for days in (30, 60, 90, 180):
            held, found = [], []
            for _ in range(count):
                x, y, start = World(days, link=link).draw(dice)
                result = lagged_association(x, y, start, 1)
                if result.ci_low is None or result.ci_high is None:
                    continue
                held.append(result.ci_low <= truth <= result.ci_high)
                found.append(is_found(result.p_value))
            power = share_of(found)
            needed = {(90, 0.9): 0.80, (180, 0.7): 0.88}.get((days, link), 0.0)
            share = share_of(held)
            fails = share < 0.95 - (ceiling(count) - ALPHA) or power < needed
            what = f"{days} days, true r {truth:.2f}: interval holds it"
            yield Row("coverage", what, share, len(held), f"found {100 * power:.0f} %", fails)


def _truth(dice: np.random.Generator, link: float) -> float:
    """Return what the method estimates, from series so long that chance is gone."""
    if link == 0.0:
        return 0.0
    found = []
    for _ in range(3):
        x, y, start = World(TRUTH_DAYS, link=link).draw(dice)
        found.append(lagged_association(x, y, start, 1).r or 0.0)
    return sum(found) / len(found)


def family(dice: np.random.Generator, count: int) -> Iterator[Row]:
    """Yield how often 16 tests of independent series (8 lags, 2 outcomes) find anything."""
    for days in (30, 90):
        raw, adjusted = [], []
        for _ in range(max(count // 4, 20)):
            x, y, start = World(days).draw(dice)
            other = World(days).draw(dice)[1]
            p = [
                lagged_association(x, outcome, start, lag).p_value
                for outcome in (y, other)
                for lag in range(8)
            ]
            raw.append(any(is_found(value) for value in p))
            adjusted.append(any(is_found(value) for value in adjust_pvalues(p)))
        rate = share_of(adjusted)
        beside = f"unadjusted {100 * share_of(raw):.0f} %"
        fails = rate > ceiling(len(raw))
        yield Row("family", f"{days} days, 16 tests, any q < .05", rate, len(raw), beside, fails)


def split(dice: np.random.Generator, count: int) -> Iterator[Row]:
    """Yield how often days of high and low use are called different when they are not."""
    for days in (30, 90, 180):
        for name in ("week", "week AR .5", "week AR .8"):
            world = World(days, **NULL_WORLDS[name])  # type: ignore[arg-type]
            wrong = []
            for _ in range(count):
                x, y, start = world.draw(dice)
                wrong.append(is_found(high_low_difference(x, y, start, 1).p_value))
            rate = share_of(wrong)
            fails = rate > ceiling(count)
            yield Row("split", f"{days} days, {name}, thirds", rate, count, fails=fails)


@dataclass(frozen=True)
class Demo:
    """What one invented team shows: p and r at the planted lag, and p where nothing is planted."""

    p: float | None
    r: float
    detectable: float
    quiet_p: float | None
    quiet_found: bool


def invented(seed: int) -> Demo:
    """Return what is found in the series of `prod-lens demo --seed SEED`."""
    team = invent_team(seed=seed)
    results = {}
    for slug in (LINKED, UNLINKED):
        sessions: list[set[str]] = [set() for _ in range(90)]
        commits = [0] * 90
        for call in team.calls:
            if call.repo == slug:
                sessions[(call.at - start_of(90)).days].add(call.session)
        for item in team.delivered[slug]:
            commits[(item.at - start_of(90)).days] += 1
        use, weekday = [len(one) for one in sessions], start_of(90).weekday()
        results[slug] = [lagged_association(use, commits, weekday, lag) for lag in range(8)]
    planted, quiet = results[LINKED][PLANTED_LAG_DAYS], results[UNLINKED]
    q = adjust_pvalues([one.p_value for one in quiet])
    return Demo(
        p=planted.p_value,
        r=planted.r or 0.0,
        detectable=planted.r_mde80 or 1.0,
        quiet_p=quiet[PLANTED_LAG_DAYS].p_value,
        quiet_found=any(value is not None and value <= 0.1 for value in q),
    )


def demo(seed: int, count: int) -> Iterator[Row]:
    """Yield how often the demo's planted association is found, and nothing is where there is none."""
    teams = [invented(seed + place) for place in range(count)]
    power = expected_power(teams)
    found = share_of([is_found(one.p) for one in teams])
    slack = 3 * math.sqrt(power * (1 - power) / max(count, 1)) + 0.05
    beside = f"power says {100 * power:.0f} % at r {np.mean([one.r for one in teams]):.2f}"
    yield Row("demo", "planted, +1 d: found", found, count, beside, abs(found - power) > slack)
    wrong = share_of([is_found(one.quiet_p) for one in teams])
    yield Row("demo", "nothing planted, +1 d: found", wrong, count, fails=wrong > ceiling(count))
    any_q = share_of([one.quiet_found for one in teams])
    fails = any_q > ceiling(count, 0.1)
    yield Row("demo", "nothing planted, 8 lags: any q <= .10", any_q, count, fails=fails)


def expected_power(teams: list[Demo]) -> float:
    """Return the power that Fisher's z gives at the mean r and mean precision of many teams."""
    z = np.arctanh([one.r for one in teams]).mean()
    root = np.mean([(1.959964 + 0.841621) / np.arctanh(one.detectable) for one in teams])
    return 0.5 * math.erfc((1.959964 - float(z * root)) / math.sqrt(2.0))


PARTS: Final[dict[str, Callable[[np.random.Generator, int], Iterator[Row]]]] = {
    "null": null,
    "rollout": rollout,
    "holidays": holidays,
    "coverage": coverage,
    "family": family,
    "split": split,
    **CHECKS,
}


def table(
    *, seed: int, replications: int, demos: int, parts: tuple[str, ...] = (*PARTS, "demo")
) -> Iterator[Row]:
    """Yield every row; each part has dice of its own, so that it is the same run alone.

    Args:
        seed: Decides everything.
        replications: Series per row.
        demos: Invented teams.
        parts: Which parts, in this order.
    """
    for part in parts:
        if part == "demo":
            yield from demo(seed, demos)
            continue
        number = list(PARTS).index(part)
        yield from PARTS[part](np.random.default_rng([seed, number]), replications)


def main() -> int:
    """Print the table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=20261101)
    parser.add_argument("--replications", type=int, default=1000)
    parser.add_argument("--demos", type=int, default=200)
    parser.add_argument("--part", nargs="+", choices=[*PARTS, "demo"], default=[*PARTS, "demo"])
    given = parser.parse_args()
    print(f"seed {given.seed}, {given.replications} series a row, {given.demos} invented teams")
    failed = 0
    rows = table(
        seed=given.seed,
        replications=given.replications,
        demos=given.demos,
        parts=tuple(given.part),
    )
    for row in rows:
        print(row.text(), flush=True)
        failed += row.fails
    print(f"{failed} of the gates failed." if failed else "Every gate holds.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
