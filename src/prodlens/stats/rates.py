"""Owns the exact interval of a count and of the rate it stands for.

Must not touch what is counted. Plain Python, no numpy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prodlens.stats.status import Status


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per unit of exposure (such as merged pull requests per week)."""

    rate: float | None
    ci_low: float | None
    ci_high: float | None
    count: int
    exposure: float
    status: Status


def poisson_rate(count: int, exposure: float, *, conf: float = 0.95) -> Rate:
    """Return a rate with the exact Poisson interval of its count.

    Args:
        count: Events seen.
        exposure: Units in which they were counted, such as weeks.
        conf: Confidence level.

    Returns:
        ``zero_denominator`` without exposure; a count of 0 gives a rate of 0 with an interval.

    Raises:
        ValueError: ``count`` or ``exposure`` is negative, or ``conf`` is not inside (0, 1).

    Source: Garwood 1936, Biometrika 28:437-442.

    >>> result = poisson_rate(10, 2)
    >>> result.rate, round(result.ci_low, 3), round(result.ci_high, 3)
    (5.0, 2.398, 9.195)
    """
    if count < 0 or not 0.0 <= exposure < math.inf:
        raise ValueError(f"count and exposure must not be negative, got {count} and {exposure}")
    if not 0.0 < conf < 1.0:
        raise ValueError(f"conf must lie between 0 and 1 (exclusive), got {conf}")
    if exposure == 0.0:
        return Rate(None, None, None, count, exposure, "zero_denominator")
    tail = (1.0 - conf) / 2.0
    low = _gamma_quantile(count, tail) if count else 0.0
    high = _gamma_quantile(count + 1, 1.0 - tail)
    return Rate(count / exposure, low / exposure, high / exposure, count, exposure, "ok")


def _gamma_quantile(shape: int, probability: float) -> float:
    """Return the quantile of a gamma variable by halving a range down to neighbouring floats."""
    low, high = 0.0, shape + 1.0
    while _gamma_cdf(shape, high) < probability:
        low, high = high, 2.0 * high
    while low < (middle := (low + high) / 2.0) < high:
        if _gamma_cdf(shape, middle) < probability:
            low = middle
        else:
            high = middle
    return high


def _gamma_cdf(shape: int, value: float) -> float:
    """Return the regularised lower incomplete gamma function.

    Source: Abramowitz & Stegun 1964, 6.5.29 (series) and 6.5.31 (continued fraction).
    """
    front = math.exp(shape * math.log(value) - value - math.lgamma(shape))
    if value < shape + 1.0:
        term = total = 1.0 / shape
        step = shape
        while term > total * 1e-16:
            step += 1
            term *= value / step
            total += term
        return front * total
    return 1.0 - front * _upper_fraction(shape, value)


def _upper_fraction(shape: int, value: float) -> float:
    base = value + 1.0 - shape
    c, d = 1e300, 1.0 / base
    result, change, step = d, 0.0, 0
    while abs(change - 1.0) > 1e-15:
        step += 1
        weight = -step * (step - shape)
        base += 2.0
        d = 1.0 / (weight * d + base)
        c = base + weight / c
        change = c * d
        result *= change
    return result
