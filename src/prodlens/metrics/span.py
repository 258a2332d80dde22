"""Owns on which days two series are compared: those that both know, or the longest run of them.

Reads no data and computes no statistic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prodlens.metrics.calendar import longest_run, shared
from prodlens.metrics.declaration import MIN_COVERAGE

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from prodlens.metrics.calendar import DailySeries, Days


@dataclass(frozen=True, slots=True)
class Span:
    """Which days are compared, and both series over them.

    Attributes:
        days: First to last day.
        x: One value per day, None where not covered.
        y: Likewise.
        is_longest_run: Whether days were left out because too many are missing.
    """

    days: Days
    x: list[int | None]
    y: list[int | None]
    is_longest_run: bool

    @property
    def start_weekday(self) -> int:
        """Weekday of the first day, Monday = 0."""
        return self.days.first.weekday()

    @property
    def known(self) -> int:
        """Days on which both series are known."""
        return sum(a is not None and b is not None for a, b in zip(self.x, self.y, strict=True))

    @property
    def active(self) -> tuple[int, int]:
        """Days with any of x, and with any of y."""
        return sum(map(bool, self.x)), sum(map(bool, self.y))

    def places(self, chosen: Collection[date]) -> list[int]:
        """Return the positions of days within the range; others are passed over."""
        wanted = set(chosen)
        return [place for place, day in enumerate(self.days) if day in wanted]

    def quiet(self, listed: Collection[date] = ()) -> list[date]:
        """Return the work days on which hardly anything happened in either series, unless listed."""
        from prodlens.stats.series import quiet_workdays

        usual = [_mean(side) for side in (self.x, self.y)]
        # in units of their own mean, so that thousands of tokens don't drown the commits
        totals = [
            None if a is None or b is None else a / usual[0] + b / usual[1]
            for a, b in zip(self.x, self.y, strict=True)
        ]
        every = list(self.days)
        found = quiet_workdays(totals, self.start_weekday)
        return [every[place] for place in found if every[place] not in set(listed)]


def _mean(values: Collection[int | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if any(known) else 1.0


def comparable(x: DailySeries, y: DailySeries, days: Days | None) -> Span | None:
    """Return the days on which two series can be compared; None when they share none.

    With more than 10 % of them missing that is the longest run without a missing day.
    """
    span = None if days is None else shared(x, y, days)
    if span is None:
        return None
    both = x.covered & y.covered
    known = sum(day in both for day in span)
    run = longest_run(both, span) if known < MIN_COVERAGE * len(span) else None
    used = run or span
    return Span(used, x.over(used), y.over(used), run is not None)


def nothing_shared(x: DailySeries, y: DailySeries) -> str:
    """Return the status of two series that can't be compared on any day."""
    if not x.covered:
        return "no_x"
    return "no_shared_days" if y.covered else "no_y"
