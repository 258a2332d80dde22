"""Owns the check that an experiment's arms have the sizes they were meant to have.

A sample ratio mismatch means that units got lost unevenly, and then no comparison of the arms can
be trusted. Must not touch the metric. Counts are units, never sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prodlens.stats.distributions import binomial_two_sided_p, chi2_upper_tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.stats.status import Status

SRM_THRESHOLD: Final = 0.001
MIN_EXPECTED_EXACT: Final = 10.0
MIN_EXPECTED_SHOWN: Final = 8.0


@dataclass(frozen=True, slots=True)
class Srm:
    """Result of the sample ratio check.

    Attributes:
        chi2: The statistic; None without units, and where an arm that should be empty is not.
        df: Arms with a positive weight, less one.
        p_value: Of chi-square; None without units or with one arm only, never 1 for "no data".
        exact_p: Binomial p-value with two arms, else None.
        decision_p: The one that decides: exact where an expected count is below 10.
        mismatch: ``decision_p`` below the threshold; None when there is none.
        shown: Whether every arm expects at least 8 units, below which nobody is alarmed.
        status: ``invalid`` on a mismatch, ``insufficient_data`` without a p-value, else ``ok``.
    """

    chi2: float | None
    df: int
    p_value: float | None
    exact_p: float | None
    decision_p: float | None
    mismatch: bool | None
    shown: bool
    status: Status


def srm(
    counts: Sequence[int], weights: Sequence[float], *, threshold: float = SRM_THRESHOLD
) -> Srm:
    """Return whether arm sizes differ from their weights by more than chance.

    Args:
        counts: Units seen in each arm.
        weights: Planned shares, in any unit; an arm of weight 0 should have no unit and, when it
            has none, does not count as an arm.
        threshold: Mismatch below this p-value.

    Returns:
        See ``Srm``.

    Raises:
        ValueError: Lengths differ, a count or weight is negative, or all weights are 0.

    Source: Fabijan et al. 2019, KDD; Pearson's chi-square and the exact binomial test.

    >>> srm([600, 400], [0.5, 0.5]).mismatch
    True
    """
    if len(counts) != len(weights):
        raise ValueError(
            f"counts and weights must have equal length, got {len(counts)} and {len(weights)}"
        )
    if any(count < 0 for count in counts) or any(not weight >= 0 for weight in weights):
        raise ValueError("counts and weights must not be negative")
    if not sum(weights) > 0:
        raise ValueError("at least one weight must be above 0")
    arms = [(count, weight) for count, weight in zip(counts, weights, strict=True) if weight > 0]
    total, df = sum(counts), len(arms) - 1
    if sum(count for count, _ in arms) < total:
        return Srm(None, df, 0.0, None, 0.0, mismatch=True, shown=True, status="invalid")
    shares = [weight / sum(weights) for _, weight in arms]
    expected = [total * share for share in shares]
    shown = min(expected) >= MIN_EXPECTED_SHOWN
    if total == 0 or df == 0:
        return Srm(None, df, None, None, None, None, shown, "insufficient_data")
    chi2 = sum((count - mean) ** 2 / mean for (count, _), mean in zip(arms, expected, strict=True))
    p = chi2_upper_tail(chi2, df)
    exact = binomial_two_sided_p(arms[0][0], total, shares[0]) if df == 1 else None
    decision = exact if exact is not None and min(expected) < MIN_EXPECTED_EXACT else p
    mismatch = decision < threshold
    return Srm(chi2, df, p, exact, decision, mismatch, shown, "invalid" if mismatch else "ok")
