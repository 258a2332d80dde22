"""Owns growth of a daily count: the last whole weeks against as many before them.

Must not touch what is counted. Whole weeks are compared so that weekdays cancel out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.stats.status import Status

_LONGEST_HALF_WEEKS: Final = 4
_LARGEST_RHO: Final = 0.8


@dataclass(frozen=True, slots=True)
class SessionGrowth:
    """Growth in per cent between two spans of whole weeks.

    Noisy by nature: without any growth its median size is 30 % at 14 days and 17 % at 90, so show
    the interval with it. ``ci_low`` and ``ci_high`` are None where a span has no sessions or the
    window is too sparse to tell its spread. ``before`` and ``after`` are the totals of both spans.
    """

    session_growth_percent: float | None
    weeks_per_half: int | None
    before: float | None
    after: float | None
    ci_low: float | None
    ci_high: float | None
    status: Status


def session_growth(
    daily: Sequence[float | None], *, conf: float = 0.95, interval: bool = True
) -> SessionGrowth:
    """Return how much the last weeks exceed the weeks before them.

    Args:
        daily: Count of each consecutive day, 0 without activity, None when not covered.
        conf: Confidence level.
        interval: Whether to compute the interval, which loads a numerical library.

    Returns:
        ``weeks_per_half`` is ``min(4, days // 14)``. ``insufficient_data`` below 14 days,
        ``invalid`` when a day of the spans was not covered, ``zero_denominator`` when the earlier
        span has no sessions. The interval allows for counts that vary more than Poisson and for
        autocorrelation; simulated, it covers 91 to 99 % up to an autocorrelation of 0.5 and 84 %
        at 0.8.

    Raises:
        ValueError: A count is negative or not finite, or ``conf`` is not inside (0, 1).

    Source: McCullagh & Nelder 1989, Generalized Linear Models, section 6.2 (quasi-Poisson).

    >>> session_growth([2] * 7 + [3] * 7).session_growth_percent
    50.0
    """
    if not 0.0 < conf < 1.0:
        raise ValueError(f"conf must lie between 0 and 1 (exclusive), got {conf}")
    if any(count is not None and not 0.0 <= count < math.inf for count in daily):
        raise ValueError("daily counts must be finite and not negative")
    weeks = min(_LONGEST_HALF_WEEKS, len(daily) // 14)
    if weeks == 0:
        return SessionGrowth(None, None, None, None, None, None, "insufficient_data")
    span = daily[-14 * weeks :]
    known = [count for count in span if count is not None]
    if len(known) < len(span):
        return SessionGrowth(None, weeks, None, None, None, None, "invalid")
    before, after = sum(known[: 7 * weeks]), sum(known[7 * weeks :])
    if before == 0:
        return SessionGrowth(None, weeks, before, after, None, None, "zero_denominator")
    low, high = _interval(known, before, after, conf) if interval else (None, None)
    growth = 100.0 * (after - before) / before
    return SessionGrowth(growth, weeks, before, after, low, high, "ok")


def _interval(
    days: list[float], before: float, after: float, conf: float
) -> tuple[float | None, float | None]:
    """Return the ends in per cent of a t interval for the log of after over before."""
    if after == 0:
        return None, None
    rest, free = _pearson_residuals(days, before, after)
    if free < 1.0:
        return None, None
    dispersion = max(1.0, sum(value * value for value in rest) / free)
    worth = _autocorrelation_factor(rest)
    se = math.sqrt(dispersion * worth * (1.0 / before + 1.0 / after))
    from prodlens.stats.distributions import t_quantile

    half = t_quantile(0.5 + conf / 2.0, max(1.0, free / worth)) * se
    if half > 600.0:
        return None, None
    ratio = after / before
    return 100.0 * (ratio * math.exp(-half) - 1.0), 100.0 * (ratio * math.exp(half) - 1.0)


def _pearson_residuals(days: list[float], before: float, after: float) -> tuple[list[float], float]:
    """Return residuals of a model with one mean per weekday and one factor per span.

    Also the degrees of freedom left. Days of a weekday without any session say nothing about
    spread and are left out.
    """
    half = len(days) // 2
    weeks, total = half // 7, before + after
    weekday = [sum(days[place::7]) for place in range(7)]
    rest = []
    for place, count in enumerate(days):
        expected = (before if place < half else after) * weekday[place % 7] / total / weeks
        if expected > 0.0:
            rest.append((count - expected) / math.sqrt(expected))
    return rest, len(rest) - sum(one > 0 for one in weekday) - 1.0


def _autocorrelation_factor(rest: list[float]) -> float:
    """Return by how much autocorrelation raises the variance of a sum; at least 1.

    The autocorrelation at one day is corrected for the bias that estimating two means brings, and
    taken to fade geometrically.

    Source: Kendall 1954, Biometrika 41:403-404 (bias).
    """
    half, total = len(rest) / 2.0, sum(value * value for value in rest)
    if total == 0.0:
        return 1.0
    first = sum(one * two for one, two in pairwise(rest)) / total
    rho = min(_LARGEST_RHO, max(0.0, first + (1.0 + 4.0 * first) / half))
    return (1.0 + rho) / (1.0 - rho)
