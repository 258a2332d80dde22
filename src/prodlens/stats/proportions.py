"""Owns intervals of shares and of their differences: Wilson and Newcombe.

Must not touch what is counted. Plain Python: importing it loads neither numpy nor scipy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prodlens.stats.status import Status


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share ``k / n`` with Wilson's interval; all three are None when ``n`` is 0."""

    p: float | None
    ci_low: float | None
    ci_high: float | None
    k: float
    n: float
    status: Status


@dataclass(frozen=True, slots=True)
class RiskDifference:
    """Difference of two independent shares, first minus second; None when a group is empty."""

    diff: float | None
    ci_low: float | None
    ci_high: float | None
    status: Status


def wilson(k: float, n: float, *, conf: float = 0.95) -> Proportion:
    """Return a share with its score interval (no continuity correction).

    Holds its level at small n and near 0 and 1, where the usual interval does not. Assumes
    independent cases; for clustered ones pass the effective numbers of ``effective_cases``.

    Args:
        k: Cases that count, 0..n; not necessarily whole.
        n: All cases.
        conf: Confidence level.

    Returns:
        ``insufficient_data`` when ``n`` is 0.

    Raises:
        ValueError: ``k`` is negative or above ``n``, or ``conf`` is not inside (0, 1).

    Source: Wilson 1927, Journal of the American Statistical Association 22:209-212.

    >>> result = wilson(81, 263)
    >>> round(result.ci_low, 4), round(result.ci_high, 4)
    (0.2553, 0.3662)
    """
    if not 0.0 <= k <= n or math.isinf(n):
        raise ValueError(f"k must lie between 0 and n, got k={k} and n={n}")
    z = _z(conf)
    if n == 0:
        return Proportion(None, None, None, k, n, "insufficient_data")
    p = k / n
    centre = p + z * z / (2.0 * n)
    half = z * math.sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n))
    scale = 1.0 + z * z / n
    low = 0.0 if k == 0 else min(p, (centre - half) / scale)
    high = 1.0 if k == n else max(p, (centre + half) / scale)
    return Proportion(p, low, high, k, n, "ok")


def risk_difference(
    k1: float, n1: float, k2: float, n2: float, *, conf: float = 0.95
) -> RiskDifference:
    """Return the difference of two shares with Newcombe's hybrid score interval (method 10).

    Args:
        k1: Cases that count in the first group, 0..n1.
        n1: All cases of the first group.
        k2: Cases that count in the second group, 0..n2.
        n2: All cases of the second group.
        conf: Confidence level.

    Returns:
        ``insufficient_data`` when a group is empty.

    Raises:
        ValueError: A ``k`` is negative or above its ``n``, or ``conf`` is not inside (0, 1).

    Source: Newcombe 1998, Statistics in Medicine 17:873-890, method 10.

    >>> result = risk_difference(56, 70, 48, 80)
    >>> round(result.ci_low, 4), round(result.ci_high, 4)
    (0.0524, 0.3339)
    """
    first, second = wilson(k1, n1, conf=conf), wilson(k2, n2, conf=conf)
    p1, low1, high1 = first.p, first.ci_low, first.ci_high
    p2, low2, high2 = second.p, second.ci_low, second.ci_high
    if p1 is None or low1 is None or high1 is None or p2 is None or low2 is None or high2 is None:
        return RiskDifference(None, None, None, "insufficient_data")
    diff = p1 - p2
    low = diff - math.hypot(p1 - low1, high2 - p2)
    high = diff + math.hypot(high1 - p1, p2 - low2)
    return RiskDifference(diff, max(-1.0, low), min(1.0, high), "ok")


def effective_cases(n: float, cluster_size: float, icc: float) -> float:
    """Return how many independent cases ``n`` clustered ones are worth.

    Args:
        n: All cases.
        cluster_size: Mean cases per cluster (such as calls per developer), at least 1.
        icc: Intraclass correlation, 0..1.

    Returns:
        ``n / (1 + (cluster_size - 1) * icc)``.

    Raises:
        ValueError: ``cluster_size`` is below 1 or ``icc`` outside 0..1.

    Source: Kish 1965, Survey Sampling, section 5.4.

    >>> effective_cases(200, 11, 0.1)
    100.0
    """
    if cluster_size < 1.0 or not 0.0 <= icc <= 1.0:
        raise ValueError(
            f"cluster_size must be at least 1 and icc within 0..1, got {cluster_size} and {icc}"
        )
    return n / (1.0 + (cluster_size - 1.0) * icc)


def _z(conf: float) -> float:
    if not 0.0 < conf < 1.0:
        raise ValueError(f"conf must lie between 0 and 1 (exclusive), got {conf}")
    return NormalDist().inv_cdf(0.5 + conf / 2.0)
