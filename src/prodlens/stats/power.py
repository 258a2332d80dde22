"""Owns planning: what a study of a given size can detect, and how large it must be.

Must not touch observed effects: power computed from an observed effect says nothing new.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

from prodlens.stats.distributions import noncentral_t_cdf, t_quantile
from prodlens.stats.samples import require_fraction

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGEST_D: Final = 1e4
_LARGEST_N: Final = 1e9
_LONGEST_DAYS: Final = 36_525
_LONGEST_LAG: Final = 14
_WEEKDAY_COLUMNS: Final = 6


def power_two_sample(n_per_group: float, d: float, *, alpha: float = 0.05) -> float | None:
    """Return the power of a two-sided two-sample t test with equal groups.

    Args:
        n_per_group: Independent units in each group; not necessarily whole.
        d: True difference in standard deviations.
        alpha: Error rate.

    Returns:
        Between ``alpha`` and 1; None with fewer than two units a group.

    Raises:
        ValueError: ``alpha`` is not inside (0, 1).

    Source: Cohen 1988, Statistical Power Analysis for the Behavioral Sciences, 2nd ed., ch. 2.

    >>> round(power_two_sample(20, 0.5), 4)
    0.3379
    """
    require_fraction(alpha, "alpha")
    if n_per_group < 2:
        return None
    df = 2.0 * n_per_group - 2.0
    critical = t_quantile(1.0 - alpha / 2.0, df)
    shift = abs(d) * math.sqrt(n_per_group / 2.0)
    beyond = 1.0 - noncentral_t_cdf(critical, df, shift)
    return min(1.0, beyond + noncentral_t_cdf(-critical, df, shift))


def detectable_d(n_per_group: float, *, alpha: float = 0.05, power: float = 0.8) -> float | None:
    """Return the smallest standardised difference that two groups of this size detect.

    Args:
        n_per_group: Independent units in each group.
        alpha: Error rate of the two-sided test.
        power: Wanted, above ``alpha``.

    Returns:
        The difference; None with fewer than two units a group.

    Raises:
        ValueError: ``alpha`` or ``power`` is not inside (0, 1), or power is not above alpha.

    >>> round(detectable_d(10), 3)
    1.325
    """
    _check_levels(alpha, power)
    if n_per_group < 2:
        return None
    return _first_reaching(
        lambda d: power_two_sample(n_per_group, d, alpha=alpha) or 0.0, power, 0.0, _LARGEST_D
    )


def units_per_group(d: float, *, alpha: float = 0.05, power: float = 0.8) -> float | None:
    """Return how many units each of two groups needs to detect a standardised difference.

    Args:
        d: Difference in standard deviations; its sign does not matter.
        alpha: Error rate of the two-sided test.
        power: Wanted, above ``alpha``.

    Returns:
        At least 2, not rounded; None for ``d`` = 0, which no number of units detects.

    Raises:
        ValueError: ``alpha`` or ``power`` is not inside (0, 1), or power is not above alpha.

    >>> round(units_per_group(0.5), 2)
    63.77
    """
    _check_levels(alpha, power)
    if d == 0.0:
        return None
    return _first_reaching(
        lambda n: power_two_sample(n, d, alpha=alpha) or 0.0, power, 2.0, _LARGEST_N
    )


def detectable_r(
    n: float, *, controls: float = 0, alpha: float = 0.05, power: float = 0.8
) -> float | None:
    """Return the smallest correlation that ``n`` pairs detect.

    Args:
        n: Independent pairs.
        controls: Columns taken out beforehand, without the intercept.
        alpha: Error rate of the two-sided test.
        power: Wanted.

    Returns:
        ``tanh((z_{1-alpha/2} + z_{power}) / sqrt(n - 3 - controls))``; None when that root has
        nothing left to divide by.

    Raises:
        ValueError: ``alpha`` or ``power`` is not inside (0, 1), or power is not above alpha.

    Source: Fisher's z approximation.

    >>> round(detectable_r(30, controls=8), 4)
    0.5668
    """
    _check_levels(alpha, power)
    rest = n - 3.0 - controls
    return math.tanh(_z_sum(alpha, power) / math.sqrt(rest)) if rest > 0.0 else None


def pairs_for_r(r: float, *, alpha: float = 0.05, power: float = 0.8) -> float | None:
    """Return how many independent pairs detect a correlation.

    Args:
        r: Between -1 and 1 (exclusive); its sign does not matter.
        alpha: Error rate of the two-sided test.
        power: Wanted.

    Returns:
        ``((z_{1-alpha/2} + z_{power}) / atanh(r))^2 + 3``, not rounded; None for ``r`` = 0.

    Raises:
        ValueError: ``r`` is not inside (-1, 1), or a level is not as above.

    >>> round(pairs_for_r(0.3), 2)
    84.93
    """
    _check_levels(alpha, power)
    if not -1.0 < r < 1.0:
        raise ValueError(f"r must lie between -1 and 1 (exclusive), got {r}")
    if r == 0.0:
        return None
    return float((_z_sum(alpha, power) / math.atanh(r)) ** 2 + 3.0)


def days_needed(r: float, *, lag: int = 1, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """Return the shortest window in which the lagged association detects a correlation.

    Assumes that the adjusted days are independent; autocorrelation asks for more.

    Args:
        r: True correlation of the adjusted series, inside (-1, 1).
        lag: Days from exposure to outcome.
        alpha: Error rate of the two-sided test.
        power: Wanted.

    Returns:
        Days, at least 28 (the shortest window with full controls); None for ``r`` = 0, for a lag
        beyond 14 days, and where a century does not suffice.

    Raises:
        ValueError: ``lag`` is negative, ``r`` is not inside (-1, 1), or a level is not as above.

    >>> days_needed(0.3), days_needed(0.6)
    (97, 29)
    """
    if lag < 0:
        raise ValueError(f"lag must not be negative, got {lag}")
    pairs = pairs_for_r(r, alpha=alpha, power=power)
    if pairs is None or lag > _LONGEST_LAG:
        return None
    for days in range(max(28, 4 * lag), _LONGEST_DAYS):
        controls = 1 + max(1, days // 21) + _WEEKDAY_COLUMNS
        if days - lag - controls >= pairs:
            return days
    return None


def _z_sum(alpha: float, power: float) -> float:
    normal = NormalDist()
    return normal.inv_cdf(1.0 - alpha / 2.0) + normal.inv_cdf(power)


def _check_levels(alpha: float, power: float) -> None:
    require_fraction(alpha, "alpha")
    require_fraction(power, "power")
    if power <= alpha:
        raise ValueError(f"power must be above alpha, got {power} and {alpha}")


def _first_reaching(
    curve: Callable[[float], float], target: float, low: float, high: float
) -> float | None:
    """Return where a rising curve reaches a target, by doubling and then halving the range."""
    step = 1.0
    while curve(low + step) < target:
        step *= 2.0
        if low + step > high:
            return None
    bottom, top = low, low + step
    for _ in range(80):
        middle = (bottom + top) / 2.0
        bottom, top = (middle, top) if curve(middle) < target else (bottom, middle)
    return top
