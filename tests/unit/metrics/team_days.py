"""An invented team for tests of what compares single developers; same arguments, same team."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING

from prodlens.metrics.calendar import DailySeries, Days
from prodlens.metrics.daily_metrics import NAMES, DailyMetrics
from prodlens.metrics.developers import gathered
from prodlens.storage.person_days import PersonDay

if TYPE_CHECKING:
    from collections.abc import Collection

    from prodlens.metrics.developers import Developers

MONDAY = date(2026, 1, 5)


def window(count: int) -> Days:
    return Days(MONDAY, MONDAY + timedelta(days=count - 1))


def covered(count: int, *unknown: str) -> DailyMetrics:
    """Return daily metrics that say on which days sessions and commits are known: on all."""
    series = {slug: DailySeries(name=slug) for slug in NAMES}
    for slug in {"sessions", "commits", "merged_prs"} - set(unknown):
        series[slug] = DailySeries(name=slug, covered=frozenset(window(count)))
    return DailyMetrics(days=window(count), series=series)


def entry(who: str | None, day: int, metric: str, count: int) -> PersonDay:
    return PersonDay(person=who, day=MONDAY + timedelta(days=day), metric=metric, count=count)


def team(
    developers: int,
    days: int = 60,
    *,
    link: float = 0.0,
    busy: float = 0.0,
    away: Collection[int] = (),
    seed: int = 1,
) -> Developers:
    """Return developers who use and deliver on work days.

    Args:
        developers: How many.
        days: Length of the window.
        link: How much of a day's use beyond the usual comes back as commits the next day.
        busy: How much more the later developers use and deliver, both.
        away: Days on which the developer of that number, of seven, is off.
        seed: Of the dice.
    """
    dice = random.Random(seed)  # noqa: S311 - repeatable data, no secret
    found = []
    for number in range(developers):
        extra, level = 0, 1.0 + busy * number
        for day in range(days):
            if day % 7 >= 5 or (day in away and number % 7 == day % 7):
                continue
            use = dice.randrange(1, 8)
            landed = round(level * dice.randrange(1, 5) + link * extra)
            extra = use - 4
            who = f"d{number:02d}"
            found += [
                entry(who, day, "sessions", round(level * use)),
                entry(who, day, "commits", max(landed, 0)),
            ]
    return gathered(found, window(days))
