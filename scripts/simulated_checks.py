"""Simulate what stands beside the headline: other choices, ranks, families, developers.

Parts of the table of `simulate.py`, which runs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
from simulated_worlds import NULL_WORLDS, Row, World, ceiling, is_found, share_of

from prodlens.metrics.calendar import DailySeries, Days
from prodlens.metrics.daily_metrics import NAMES, DailyMetrics
from prodlens.metrics.developers import gathered
from prodlens.metrics.high_low_developers import high_low_developers
from prodlens.metrics.panel import panel
from prodlens.stats.association import lagged_association
from prodlens.stats.sensitivity import rank_variant, week_differences, without_days
from prodlens.storage.person_days import PersonDay

if TYPE_CHECKING:
    from prodlens.metrics.developers import Developers
    from prodlens.stats.sensitivity import Variant

Part = Callable[[np.random.Generator, int], Iterator[Row]]

SLACK: Final = 0.02
"""How much more often than promised a check may leave 0 out: it is shown, never a finding."""
MONDAY: Final = date(2026, 1, 5)


def choices(dice: np.random.Generator, count: int) -> Iterator[Row]:
    """Yield how often the interval after another choice leaves 0 out though nothing is there."""
    for days in (30, 90, 180):
        for name in ("week AR .5", "week AR .8"):
            world = World(days, **NULL_WORLDS[name])  # type: ignore[arg-type]
            out: dict[str, list[bool]] = {}
            for _ in range(count):
                for choice, made in _variants(world, dice).items():
                    if made.ci_low is not None and made.ci_high is not None:
                        out.setdefault(choice, []).append(made.ci_low > 0 or made.ci_high < 0)
            for choice, flags in out.items():
                rate = share_of(flags)
                fails = rate > ceiling(len(flags)) + SLACK
                yield Row("choices", f"{days} days, {name}, {choice}", rate, len(flags), "", fails)


def _variants(world: World, dice: np.random.Generator) -> dict[str, Variant]:
    x, y, start = world.draw(dice)
    weekends = [day for day in range(world.days) if (start + day) % 7 >= 5]
    return {
        "weekends out": without_days(x, y, start, 1, weekends),
        "7-day differences": week_differences(x, y, start, 1),
        "ranks": rank_variant(lagged_association(x, y, start, 1)),
    }


@dataclass(frozen=True)
class Team:
    """Developers whose use and deliveries have nothing to do with each other.

    Attributes:
        size: How many.
        days: Length of the window.
        means: Mean use and deliveries of a work day.
        level: Spread of how much people do, of both alike (log).
        shock: Spread of what moves everybody on one day (log).
        away: Whether everybody has one absence of 3 to 13 days.
        link: Log deliveries per unit of the day's log use beyond the usual, one day later.
    """

    size: int
    days: int
    means: tuple[float, float] = (4.0, 2.0)
    level: float = 0.3
    shock: float = 0.0
    away: bool = False
    link: float = 0.0

    def draw(self, dice: np.random.Generator) -> tuple[DailyMetrics, Developers]:
        """Return the days of the team and of its developers."""
        entries: list[PersonDay] = []
        common = self.shock * dice.normal(size=self.days)
        for number in range(self.size):
            entries += self._developer(f"d{number:02d}", common, dice)
        days = Days(MONDAY, MONDAY + timedelta(days=self.days - 1))
        series = {slug: DailySeries(name=slug) for slug in NAMES}
        for slug in ("sessions", "commits"):
            counts: dict[date, int] = {}
            for one in entries:
                if one.metric == slug:
                    counts[one.day] = counts.get(one.day, 0) + one.count
            series[slug] = DailySeries(name=slug, counts=counts, covered=frozenset(days))
        return DailyMetrics(days=days, series=series), gathered(entries, days)

    def _developer(
        self, who: str, common: np.ndarray, dice: np.random.Generator
    ) -> Iterator[PersonDay]:
        own, spells = self.level * dice.normal(), np.zeros((2, self.days))
        shocks = dice.normal(size=(2, self.days))
        for day in range(1, self.days):
            spells[:, day] = 0.5 * spells[:, day - 1] + 0.43 * shocks[:, day]
        first = int(dice.integers(self.days)) if self.away else self.days
        off = set(range(first, first + int(dice.integers(3, 14))))
        for day in set(range(self.days)) - off:
            week = 0.1 if day % 7 >= 5 else 1.0
            linked = self.link * spells[0, day - 1] if day else 0.0
            logs = own + common[day] + spells[0, day], own + common[day] + spells[1, day] + linked
            for metric, mean, log in zip(("sessions", "commits"), self.means, logs, strict=True):
                count = int(dice.poisson(mean * week * np.exp(log)))
                if count:
                    when = MONDAY + timedelta(days=day)
                    yield PersonDay(person=who, day=when, metric=metric, count=count)


TEAMS: Final = {
    "6 people, 60 days": Team(6, 60),
    "12 people, 90 days": Team(12, 90),
    "12 people, a deadline moves all": Team(12, 90, shock=0.5),
    "12 people with time off": Team(12, 90, away=True),
    "12 people who do little, time off": Team(12, 90, means=(0.7, 0.4), away=True),
}


def people(dice: np.random.Generator, count: int) -> Iterator[Row]:
    """Yield how often developers' days, or developers, are called different when they are not."""
    replications = max(count // 5, 12)
    for name, team in TEAMS.items():
        wrong = []
        for _ in range(replications):
            line = panel(*team.draw(dice), ("sessions", "commits"), (0,)).lines[0]
            wrong.append(line.excludes_zero)
        rate = share_of(wrong)
        fails = rate > ceiling(replications)
        yield Row("people", f"{name}, same day", rate, replications, "", fails)
    planted = [
        panel(*Team(12, 90, link=0.5).draw(dice), ("sessions", "commits"), (1,)).lines[0]
        for _ in range(replications)
    ]
    power = share_of([line.excludes_zero for line in planted])
    yield Row("people", "12 people, planted at +1 d: found", power, replications)
    split = [
        high_low_developers(*Team(24, 60, level=0.0).draw(dice), ("sessions", "commits"))
        for _ in range(replications)
    ]
    rate = share_of([is_found(one.p_value) for one in split])
    fails = rate > ceiling(replications)
    yield Row("people", "24 alike people, thirds by use", rate, replications, "", fails)


CHECKS: Final[dict[str, Part]] = {"choices": choices, "people": people}
