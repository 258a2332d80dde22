"""Owns the sizes of a difference between two groups, with their intervals and words.

All intervals assume independent values; values nested in developers make them too narrow, and the
caller then shows the estimate without its interval. Must not touch p-values of A/B tests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

import numpy as np

from prodlens.stats.distributions import noncentrality_at, small_sample_correction, t_quantile
from prodlens.stats.samples import as_sample, is_constant, require_fraction

if TYPE_CHECKING:
    from prodlens.stats.samples import Array, Numbers
    from prodlens.stats.status import Status

Band = Literal["negligible", "small", "medium", "large"]


@dataclass(frozen=True, slots=True)
class StandardizedDifference:
    """Difference of two means in pooled standard deviations: Cohen's d and Hedges' g.

    Positive when the first group's mean is the larger one. Everything but the sizes is None unless
    ``status`` is ``ok``; ``pooled_sd`` is 0 when both groups are constant.
    """

    d: float | None
    g: float | None
    n1: int
    n2: int
    pooled_sd: float | None
    d_ci_low: float | None
    d_ci_high: float | None
    g_ci_low: float | None
    g_ci_high: float | None
    band: Band | None
    status: Status


@dataclass(frozen=True, slots=True)
class CliffsDelta:
    """How much more often a value of the first group exceeds one of the second than the reverse.

    ``delta`` equals the rank-biserial correlation of the Mann-Whitney test;
    ``prob_superiority`` counts ties as half. With one value in a group there is no variance:
    ``var`` and the interval are None and ``status`` is ``descriptive``.
    """

    delta: float | None
    var: float | None
    ci_low: float | None
    ci_high: float | None
    prob_superiority: float | None
    band: Band | None
    n1: int
    n2: int
    status: Status


@dataclass(frozen=True, slots=True)
class RatioOfMeans:
    """Mean of the first group over the mean of the second, with an interval on the log scale.

    ``status`` is ``zero_denominator`` when the second mean is not above 0 and
    ``insufficient_activity`` when only the first is not; a ratio on the log scale exists in
    neither case. With two constant groups the ratio stands without an interval
    (``zero_variance``), and so it does where the interval is without bounds (``exploratory``).
    """

    ratio: float | None
    log_se: float | None
    df: float | None
    ci_low: float | None
    ci_high: float | None
    pct_change: float | None
    status: Status


def band_of_d(d: float) -> Band:
    """Return the specification's word for a standardised difference; lower bounds inclusive.

    >>> [band_of_d(d) for d in (0.1999, 0.2, -0.5, 0.8)]
    ['negligible', 'small', 'medium', 'large']
    """
    return _band(abs(d), (0.2, 0.5, 0.8))


def band_of_delta(delta: float) -> Band:
    """Return the word for a Cliff's delta; lower bounds inclusive.

    Source: Romano, Kromrey, Coraggio & Skowronek 2006, annual meeting of the Florida Association
    of Institutional Research.

    >>> [band_of_delta(delta) for delta in (0.1, 0.147, -0.33, 0.474)]
    ['negligible', 'small', 'medium', 'large']
    """
    return _band(abs(delta), (0.147, 0.33, 0.474))


def standardized_difference(
    a: Numbers, b: Numbers, *, conf: float = 0.95
) -> StandardizedDifference:
    """Return Cohen's d and Hedges' g of ``a`` minus ``b``, with noncentral t intervals.

    Assumes equal spread in both groups; with very different spreads and sizes the interval covers
    too little, so show ``cliffs_delta`` beside it.

    Args:
        a: Shape ``(n1,)``.
        b: Shape ``(n2,)``.
        conf: Confidence level.

    Returns:
        ``insufficient_data`` with fewer than two values in a group, ``zero_variance`` when both
        groups are constant.

    Raises:
        ValueError: A value is unknown or infinite, or ``conf`` is not inside (0, 1).

    Source: Cohen 1988, Statistical Power Analysis for the Behavioral Sciences, 2nd ed., p. 66-67;
    Hedges 1981, Journal of Educational Statistics 6:107-128; interval by inverting the noncentral
    t as in Steiger & Fouladi 1997.

    >>> round(standardized_difference([1, 2, 3], [3, 4, 5]).d, 6)
    -2.0
    """
    require_fraction(conf, "conf")
    first, second = as_sample(a, "a"), as_sample(b, "b")
    n1, n2 = int(first.size), int(second.size)
    if min(n1, n2) < 2:
        return _no_difference(n1, n2, None, "insufficient_data")
    df = n1 + n2 - 2
    pooled = math.sqrt(((n1 - 1) * _variance(first) + (n2 - 1) * _variance(second)) / df)
    difference = float(first.mean()) - float(second.mean())
    if pooled == 0.0 or not math.isfinite(difference / pooled):
        return _no_difference(n1, n2, pooled, "zero_variance")
    d = difference / pooled
    scale = math.sqrt(1.0 / n1 + 1.0 / n2)
    low = noncentrality_at(d / scale, df, 0.5 + conf / 2.0) * scale
    high = noncentrality_at(d / scale, df, 0.5 - conf / 2.0) * scale
    correction = small_sample_correction(df)
    return StandardizedDifference(
        d=d,
        g=d * correction,
        n1=n1,
        n2=n2,
        pooled_sd=pooled,
        d_ci_low=low,
        d_ci_high=high,
        g_ci_low=low * correction,
        g_ci_high=high * correction,
        band=band_of_d(d),
        status="ok",
    )


def cliffs_delta(a: Numbers, b: Numbers, *, conf: float = 0.95) -> CliffsDelta:
    """Return Cliff's delta of ``a`` over ``b`` with an asymmetric interval.

    Needs no equal spread and no normal values. Time grows with n log n, not with n1 * n2.

    Args:
        a: Shape ``(n1,)``.
        b: Shape ``(n2,)``.
        conf: Confidence level.

    Returns:
        ``insufficient_data`` when a group is empty, ``descriptive`` with one value in a group.

    Raises:
        ValueError: A value is unknown or infinite, or ``conf`` is not inside (0, 1).

    Source: Cliff 1996, Ordinal Methods for Behavioral Data Analysis (consistent variance and its
    floor); Feng & Cliff 2004, Journal of Modern Applied Statistical Methods 3:322-332 (interval,
    and its end when the groups do not overlap).

    >>> cliffs_delta([1, 2, 3], [2, 3, 4]).prob_superiority
    0.2222222222222222
    """
    require_fraction(conf, "conf")
    first, second = as_sample(a, "a"), as_sample(b, "b")
    n1, n2 = int(first.size), int(second.size)
    if min(n1, n2) == 0:
        return CliffsDelta(None, None, None, None, None, None, n1, n2, "insufficient_data")
    first, second = np.sort(first), np.sort(second)
    rows, columns = _dominance(first, second), -_dominance(second, first)
    delta = float(rows.sum()) / (n1 * n2)
    band, superiority = band_of_delta(delta), (delta + 1.0) / 2.0
    if min(n1, n2) < 2:
        return CliffsDelta(delta, None, None, None, superiority, band, n1, n2, "descriptive")
    untied = n1 * n2 - _ties(first, second)
    variance = _delta_variance(rows / n2, columns / n1, delta, untied)
    low, high = _delta_interval(delta, variance, min(n1, n2), conf)
    return CliffsDelta(delta, variance, low, high, superiority, band, n1, n2, "ok")


def ratio_of_means(a: Numbers, b: Numbers, *, conf: float = 0.95) -> RatioOfMeans:
    """Return the ratio of two means with a delta-method interval on the log scale.

    Args:
        a: Shape ``(n1,)``, amounts whose mean is above 0.
        b: Shape ``(n2,)``, likewise; disjoint from ``a``.
        conf: Confidence level.

    Returns:
        ``insufficient_data`` with fewer than two values in a group; see ``RatioOfMeans``.

    Raises:
        ValueError: A value is unknown or infinite, or ``conf`` is not inside (0, 1).

    Source: Hedges, Gurevitch & Curtis 1999, Ecology 80:1150-1156; Satterthwaite's degrees of
    freedom of the two terms.

    >>> ratio_of_means([2, 4], [1, 1.5]).ratio
    2.4
    """
    require_fraction(conf, "conf")
    first, second = as_sample(a, "a"), as_sample(b, "b")
    n1, n2 = int(first.size), int(second.size)
    if min(n1, n2) < 2:
        return _no_ratio("insufficient_data")
    mean_a, mean_b = float(first.mean()), float(second.mean())
    if min(mean_a, mean_b) <= 0.0:
        return _no_ratio("zero_denominator" if mean_b <= 0.0 else "insufficient_activity")
    ratio = mean_a / mean_b
    change = 100.0 * (ratio - 1.0)
    terms = _variance(first) / (n1 * mean_a**2), _variance(second) / (n2 * mean_b**2)
    if sum(terms) == 0.0:
        return RatioOfMeans(ratio, 0.0, None, None, None, change, "zero_variance")
    shares = terms[0] / sum(terms), terms[1] / sum(terms)
    df = 1.0 / (shares[0] ** 2 / (n1 - 1) + shares[1] ** 2 / (n2 - 1))
    se = math.sqrt(sum(terms))
    half = t_quantile(0.5 + conf / 2.0, df) * se
    if half > 600.0:  # the interval reaches from 0 to beyond any number
        return RatioOfMeans(ratio, se, df, None, None, change, "exploratory")
    low, high = ratio * math.exp(-half), ratio * math.exp(half)
    return RatioOfMeans(ratio, se, df, low, high, change, "ok")


def _band(size: float, bounds: tuple[float, float, float]) -> Band:
    small, medium, large = bounds
    if size < small:
        return "negligible"
    if size < medium:
        return "small"
    return "medium" if size < large else "large"


def _variance(values: Array) -> float:
    return 0.0 if is_constant(values) else float(values.var(ddof=1))


def _no_difference(
    n1: int, n2: int, pooled_sd: float | None, status: Status
) -> StandardizedDifference:
    return StandardizedDifference(
        d=None,
        g=None,
        n1=n1,
        n2=n2,
        pooled_sd=pooled_sd,
        d_ci_low=None,
        d_ci_high=None,
        g_ci_low=None,
        g_ci_high=None,
        band=None,
        status=status,
    )


def _no_ratio(status: Status) -> RatioOfMeans:
    return RatioOfMeans(None, None, None, None, None, None, status)


def _dominance(values: Array, others: Array) -> Array:
    """Return, for each value, how many others lie below it minus how many lie above it.

    Both in order: looking up neighbours one after the other takes a quarter of the time.
    """
    below = np.searchsorted(others, values, side="left")
    not_above = np.searchsorted(others, values, side="right")
    return np.asarray(below + not_above - others.size, dtype=np.float64)


def _ties(first: Array, second: Array) -> int:
    """Return how many pairs are equal; both in order."""
    right = np.searchsorted(second, first, side="right")
    return int((right - np.searchsorted(second, first, side="left")).sum())


def _delta_variance(rows: Array, columns: Array, delta: float, untied: int) -> float:
    """Return the variance of delta from the mean dominance of each value."""
    n1, n2 = rows.size, columns.size
    single = (untied - n1 * n2 * delta * delta) / ((n1 - 1) * (n2 - 1))
    spread = (n2 - 1) * float(rows.var(ddof=1)) + (n1 - 1) * float(columns.var(ddof=1))
    floor = (1.0 - delta * delta) / (n1 * n2 - 1)
    return max(floor, (spread + single) / (n1 * n2), 0.0)


def _delta_interval(
    delta: float, variance: float, smaller: int, conf: float
) -> tuple[float, float]:
    z = NormalDist().inv_cdf(0.5 + conf / 2.0)
    rest = 1.0 - delta * delta
    if rest == 0.0:
        inner = (smaller - z * z) / (smaller + z * z)
        return (inner, 1.0) if delta > 0 else (-1.0, -inner)
    half = z * math.sqrt(variance) * math.sqrt(rest * rest + z * z * variance)
    scale = rest + z * z * variance
    low, high = (delta * rest - half) / scale, (delta * rest + half) / scale
    return max(-1.0, min(low, delta)), min(1.0, max(high, delta))
