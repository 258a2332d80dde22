"""How the outcome differs between days of high and of low use, and how much that hangs on a choice.

Composes `prodlens.stats.high_low` over daily series and words the result; a difference between
kinds of days, never an effect of use. Source: statistics.md 2, 8.4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from prodlens.metrics.daily_metrics import NAMES
from prodlens.metrics.span import comparable, nothing_shared
from prodlens.metrics.wording import after, between
from prodlens.metrics.wording import days as days_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date

    from prodlens.metrics.calendar import Days
    from prodlens.metrics.daily_metrics import DailyMetrics
    from prodlens.metrics.span import Span
    from prodlens.stats.high_low import HighLow, Split

CAVEAT: Final = "A difference between kinds of days, not an effect of AI."
_WEEKEND: Final = (5, 6)
_FEWEST_DAYS: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The same difference after one other choice.

    Attributes:
        name: What was done otherwise.
        days: Days that were set aside.
        result: The difference; its status says why there may be none.
    """

    name: str
    days: int = 0
    result: HighLow


@dataclass(frozen=True, slots=True, kw_only=True)
class HighLowDays:
    """Days of high against days of low use.

    Attributes:
        x: Slug of the use.
        y: Slug of the outcome.
        lag_days: Days from use to outcome.
        split: `tertile` or `median`.
        status: That of the result, or `no_x`, `no_y`, `no_shared_days`.
        days: First to last day that was compared; None when there is none.
        days_covered: Days of them on which both are known.
        result: The difference; None when there is nothing to compare.
        checks: Weekends out, non-working days out, changes against the week before.
        weeks: Lowest and highest difference when any one week is left out, in per cent.
    """

    x: str
    y: str
    lag_days: int
    split: Split
    status: str
    days: Days | None = None
    days_covered: int = 0
    result: HighLow | None = None
    checks: tuple[Check, ...] = field(default_factory=tuple)
    weeks: tuple[float, float] | None = None

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of 0."""
        found = self.result
        if found is None or found.ci_low is None:
            return False
        return found.ci_low > 0.0 or (found.ci_high is not None and found.ci_high < 0.0)


def high_low_days(
    metrics: DailyMetrics,
    pair: tuple[str, str],
    *,
    lag_days: int = 1,
    split: Split = "tertile",
    nonworking_days: Collection[date] = (),
) -> HighLowDays:
    """Compare the outcome after days of high use with that after days of low use.

    Args:
        metrics: The daily series.
        pair: Slugs of use and outcome.
        lag_days: Days from use to outcome.
        split: Upper against lower third, or halves.
        nonworking_days: Holidays and shutdowns that are set aside in the result itself.
    """
    x, y = metrics.series[pair[0]], metrics.series[pair[1]]
    span = comparable(x, y, metrics.days)
    if span is None:
        status = nothing_shared(x, y)
        return HighLowDays(x=x.name, y=y.name, lag_days=lag_days, split=split, status=status)
    compared = _Compared(span, lag_days, split, tuple(nonworking_days))
    result = compared.without(())
    tested = result.percent is not None
    return HighLowDays(
        x=x.name,
        y=y.name,
        lag_days=lag_days,
        split=split,
        status=result.status,
        days=span.days,
        days_covered=span.known,
        result=result,
        checks=tuple(compared.checks()) if tested else (),
        weeks=compared.weeks() if tested else None,
    )


@dataclass(frozen=True, slots=True)
class _Compared:
    """One pair of series over one span, and what is always set aside."""

    span: Span
    lag: int
    split: Split
    nonworking: tuple[date, ...]

    def without(self, places: Collection[int]) -> HighLow:
        """Return the difference with the listed days and some others set aside."""
        from prodlens.stats.high_low import high_low_difference

        aside = set(self.span.places(self.nonworking))
        return high_low_difference(
            self.span.x,
            self.span.y,
            self.span.start_weekday,
            self.lag,
            sorted(aside | set(places)),
            split=self.split,
        )

    def checks(self) -> Iterator[Check]:
        from prodlens.stats.high_low import week_difference

        start = self.span.start_weekday
        weekends = [p for p in range(len(self.span.x)) if (start + p) % 7 in _WEEKEND]
        yield Check(name="weekends out", days=len(weekends), result=self.without(weekends))
        quiet = self.span.places(self.span.quiet(self.nonworking))
        yield Check(name="non-working days out", days=len(quiet), result=self.without(quiet))
        changes = week_difference(self.span.x, self.span.y, start, self.lag, split=self.split)
        yield Check(name="7-day differences", result=changes)

    def weeks(self) -> tuple[float, float] | None:
        """Return the lowest and highest difference when any one week is left out."""
        length = len(self.span.x)
        found = [
            self.without(range(first, min(first + 7, length))).percent
            for first in range(0, length, 7)
        ]
        known = [value for value in found if value is not None]
        return (min(known), max(known)) if known else None


def percent(value: float | None) -> str:
    """Return per cent with a sign; a value that no number can hold is a dash.

    >>> percent(12.4), percent(-0.2), percent(None)
    ('+12%', '+0%', '-')
    """
    return "-" if value is None else f"{round(value) + 0:+d}%"


def sentence(found: HighLowDays) -> str:
    """Return what may be said about a difference: its days, window, family, and what is open."""
    result = found.result
    if result is None or result.percent is None or result.ci_low is None or found.days is None:
        return _nothing(found)
    kind = "third" if found.split == "tertile" else "half"
    x, y = NAMES[found.x], NAMES[found.y]
    basis = (
        f"{result.n_high:,} days in the upper {kind} of {x} for their weekday, {result.n_low:,} in "
        f"the lower, {between(found.days)}"
    )
    interval = f"{percent(result.percent)}, 95% interval {percent(result.ci_low)} to {percent(result.ci_high)}"
    prefix = "Exploratory, fewer than 28 days: " if found.status == "exploratory" else ""
    if not found.excludes_zero:
        return (
            f"{prefix}{basis}: the difference in {y} {after(found.lag_days)}, {interval}, neither "
            "shows nor excludes one; a family of its own. What would change it: more days, which "
            f"narrow the interval. {CAVEAT}"
        )
    direction = "more" if result.percent > 0 else "fewer"
    return (
        f"{prefix}Days of high {x} go together with {direction} {y} {after(found.lag_days)} "
        f"({interval}; {basis}; exploratory, a family of its own). {CAVEAT} What would change it: "
        "a cause of both that comes and goes within three weeks, or a check below whose interval "
        "holds 0."
    )


def check_text(check: Check) -> str:
    """Return one line of the strip."""
    result = check.result
    if check.name == "non-working days out" and not check.days:
        return "no such days found"
    if result.percent is None:
        return f"not enough days ({result.status})"
    interval = f"[{percent(result.ci_low)}, {percent(result.ci_high)}]"
    return f"{percent(result.percent)} {interval}, n {result.n_high + result.n_low:,}"


def _nothing(found: HighLowDays) -> str:
    x, y = NAMES[found.x], NAMES[found.y]
    if found.days is None:
        missing = {"no_x": x, "no_y": y}.get(found.status)
        if missing is not None:
            return f"Not enough data: no {missing} are known for this window."
        return f"Not enough data: {x} and {y} are known on no day together."
    where = f"{days_text(found.days_covered)}, {between(found.days)}"
    reasons = {
        "zero_variance": "once weekdays and trend are taken out, nothing varies",
        "insufficient_activity": f"5 days with {x} and 5 with {y} are needed",
        "invalid": "fewer than 90% of the days are covered by both",
    }
    why = reasons.get(
        found.status, f"it takes {_FEWEST_DAYS} days, and 5 in each group, to compare"
    )
    return f"Not enough data ({where}): {why}."
