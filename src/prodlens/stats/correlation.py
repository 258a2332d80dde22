"""Owns Pearson's r and Spearman's rho of paired values, with their naive inference.

"Naive" because the p-values assume independent pairs, which daily counts are not: they describe,
and ``prodlens.stats.association`` infers. Must not touch calendars or lags.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from prodlens.stats.distributions import t_two_sided_p
from prodlens.stats.samples import (
    as_gappy,
    is_constant,
    require_fraction,
    require_same_length,
)

if TYPE_CHECKING:
    from prodlens.stats.samples import Array, Gappy
    from prodlens.stats.status import Status

MIN_PAIRS: Final = 3
_ROUNDING: Final = 1e-14


@dataclass(frozen=True, slots=True)
class Pearson:
    """Pearson's correlation of the pairs in which both values are known.

    ``r`` and ``p_value`` are None unless ``status`` is ``ok``; the interval is None below four
    pairs too, where Fisher's z has no standard error.
    """

    r: float | None
    p_value: float | None
    n: int
    ci_low: float | None
    ci_high: float | None
    status: Status


@dataclass(frozen=True, slots=True)
class Spearman:
    """Spearman's rank correlation of the pairs in which both values are known.

    ``rho`` and ``p_value`` are None unless ``status`` is ``ok``.
    """

    rho: float | None
    p_value: float | None
    n: int
    status: Status


def pearson(x: Gappy, y: Gappy, *, conf: float = 0.95) -> Pearson:
    """Return Pearson's r with a naive t test and Fisher's z interval.

    Args:
        x: Shape ``(n,)``; ``None`` marks an unknown value, whose pair is dropped.
        y: Shape ``(n,)``, likewise.
        conf: Confidence level of the interval.

    Returns:
        ``insufficient_data`` below three pairs, ``zero_variance`` when a side is constant.

    Raises:
        ValueError: Lengths differ, a value is infinite, or ``conf`` is not inside (0, 1).

    Source: Fisher 1921, Metron 1:3-32 (interval); t with n - 2 degrees of freedom.

    >>> pearson([1, 2, 3, 4], [2, 4, 6, 9]).n
    4
    """
    require_fraction(conf, "conf")
    first, second = _known_pairs(x, y)
    n = int(first.size)
    if n < MIN_PAIRS:
        return Pearson(None, None, n, None, None, "insufficient_data")
    r = product_moment(first, second)
    if r is None:
        return Pearson(None, None, n, None, None, "zero_variance")
    low, high = fisher_interval(r, n - 3, conf) if n > 3 else (None, None)
    return Pearson(r, correlation_p(r, n - 2), n, low, high, "ok")


def spearman(x: Gappy, y: Gappy) -> Spearman:
    """Return Spearman's rho: Pearson's r of mid-ranks, with a naive t test.

    Args:
        x: Shape ``(n,)``; ``None`` marks an unknown value, whose pair is dropped.
        y: Shape ``(n,)``, likewise.

    Returns:
        ``insufficient_data`` below three pairs, ``zero_variance`` when a side is constant.

    Raises:
        ValueError: Lengths differ or a value is infinite.

    Source: Spearman 1904, American Journal of Psychology 15:72-101; ties by mid-ranks.

    >>> spearman([1, 2, 3, 4], [1, 4, 9, 16]).rho
    1.0
    """
    first, second = _known_pairs(x, y)
    n = int(first.size)
    if n < MIN_PAIRS:
        return Spearman(None, None, n, "insufficient_data")
    rho = product_moment(mid_ranks(first), mid_ranks(second))
    if rho is None:
        return Spearman(None, None, n, "zero_variance")
    return Spearman(rho, correlation_p(rho, n - 2), n, "ok")


def mid_ranks(values: Array) -> Array:
    """Return ranks from 1, equal values sharing the mean of their ranks.

    Args:
        values: Shape ``(n,)``.

    Returns:
        Shape ``(n,)``.

    >>> mid_ranks(np.array([10.0, 30.0, 10.0])).tolist()
    [1.5, 3.0, 1.5]
    """
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2.0
    return np.asarray(ranks[places], dtype=np.float64)


def product_moment(first: Array, second: Array) -> float | None:
    """Return the product-moment correlation, or None when a side does not vary.

    Each side is scaled to at most 1 first, so that neither huge nor tiny numbers overflow.

    Args:
        first: Shape ``(n,)``.
        second: Shape ``(n,)``.

    Returns:
        Between -1 and 1.
    """
    u, v = _unit_centred(first), _unit_centred(second)
    if u is None or v is None:
        return None
    r = float(u @ v)
    # a perfect line must not miss 1 by rounding: its p-value would depend on the order of rows
    return math.copysign(1.0, r) if abs(r) >= 1.0 - _ROUNDING else r


def correlation_p(r: float, df: float) -> float:
    """Return the two-sided p-value of a correlation; 0.0 at a perfect one.

    Args:
        r: Between -1 and 1.
        df: Degrees of freedom, above 0.

    Returns:
        Between 0 and 1.
    """
    return t_two_sided_p(correlation_t(r, df), df)


def correlation_t(r: float, df: float) -> float:
    """Return the t statistic of a correlation, infinite at a perfect one.

    Args:
        r: Between -1 and 1.
        df: Degrees of freedom, above 0.

    Returns:
        ``r * sqrt(df / (1 - r^2))``.
    """
    rest = (1.0 - r) * (1.0 + r)
    return math.copysign(math.inf, r) if rest <= 0.0 else r * math.sqrt(df / rest)


def fisher_interval(r: float, precision: float, conf: float = 0.95) -> tuple[float, float]:
    """Return the interval of a correlation on Fisher's z scale.

    Args:
        r: Between -1 and 1; at -1 or 1 the interval is that point.
        precision: One over the variance of z (n - 3 for independent pairs), above 0.
        conf: Confidence level.

    Returns:
        Lower and upper end, containing ``r``.
    """
    if abs(r) >= 1.0:
        return r, r
    half = NormalDist().inv_cdf(0.5 + conf / 2.0) / math.sqrt(precision)
    centre = math.atanh(r)
    # the way to z and back may lose the last digit, and an interval contains its estimate
    return min(r, math.tanh(centre - half)), max(r, math.tanh(centre + half))


def _known_pairs(x: Gappy, y: Gappy) -> tuple[Array, Array]:
    first, second = as_gappy(x, "x"), as_gappy(y, "y")
    require_same_length(first, second, "x and y")
    known = ~(np.isnan(first) | np.isnan(second))
    return first[known], second[known]


def _unit_centred(values: Array) -> Array | None:
    """Return values minus their mean, scaled to a sum of squares of 1; None if constant."""
    if is_constant(values):
        return None
    centred = values / float(np.abs(values).max())
    centred = centred - centred.mean()
    centred = centred / float(np.abs(centred).max())
    return np.asarray(centred / math.sqrt(float(centred @ centred)), dtype=np.float64)
