"""Owns how a value is made from counts: ratios, shares with intervals, quantiles, reasons.

Knows no metric and no data; pure functions.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from prodlens.metrics.values import MetricValue, Unit
from prodlens.stats.proportions import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_CALLS: Final = "no calls in this window"


def share(part: int, whole: int, *, nothing: str, note: str | None = None) -> MetricValue:
    """Return a share with its 95 % Wilson interval.

    Args:
        part: Numerator.
        whole: Denominator; 0 makes the value None.
        nothing: Why the value is None when `whole` is 0.
        note: What to know about the value when there is one.

    Source: Newcombe 1998, Statistics in Medicine 17:857-872 (the interval, method 3).
    """
    if whole == 0:
        return MetricValue(
            value=None, unit=Unit.SHARE, n=0, numerator=part, denominator=whole, note=nothing
        )
    return MetricValue(
        value=part / whole,
        unit=Unit.SHARE,
        n=whole,
        interval=_interval(part, whole),
        numerator=part,
        denominator=whole,
        note=note,
    )


def ratio(
    top: float,
    bottom: float,
    unit: Unit,
    *,
    nothing: str,
    n: int | None = None,
    note: str | None = None,
) -> MetricValue:
    """Return a quotient without an interval; None and `nothing` when `bottom` is 0."""
    return MetricValue(
        value=top / bottom if bottom else None,
        unit=unit,
        n=n,
        numerator=top,
        denominator=bottom,
        note=note if bottom else nothing,
    )


def quantile(ascending: Sequence[float], q: float) -> float:
    """Return a quantile with linear interpolation between the two nearest values.

    Args:
        ascending: At least one value, in ascending order.
        q: Between 0 and 1; 0.5 is the median.

    Source: Hyndman & Fan 1996, The American Statistician 50:361-365, definition 7.

    >>> quantile([1.0, 2.0, 3.0, 10.0], 0.5)
    2.5
    """
    position = (len(ascending) - 1) * q
    below = math.floor(position)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (position - below) * (ascending[above] - ascending[below])


def coverage(part: int, whole: int, *, nothing: str) -> MetricValue:
    """Return a share that describes the data and estimates nothing, so it has no interval."""
    return MetricValue(
        value=part / whole if whole else None,
        unit=Unit.SHARE,
        n=whole,
        numerator=part,
        denominator=whole,
        note=None if whole else nothing,
    )


def known_for(known: int, every: int, what: str, whom: str = "calls") -> str | None:
    """Return a note that says for how many something is known; None when for all.

    >>> known_for(90, 1200, "a decision is")
    'a decision is known for 90 of 1,200 calls'
    """
    return None if known == every else f"{what} known for {known:,} of {every:,} {whom}"


def _interval(part: int, whole: int) -> tuple[float, float] | None:
    found = wilson(part, whole)
    return None if found.ci_low is None or found.ci_high is None else (found.ci_low, found.ci_high)
