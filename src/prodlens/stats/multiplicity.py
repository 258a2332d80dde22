"""Owns the adjustment of p-values for the size of their family.

Must not touch which p-values form a family: the report decides that. Plain Python, no numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, assert_never

if TYPE_CHECKING:
    from collections.abc import Sequence

Method = Literal["bh", "by", "holm", "bonferroni"]


def adjust_pvalues(p: Sequence[float | None], method: Method = "bh") -> list[float | None]:
    """Return adjusted p-values in the order of the input.

    ``None`` (a test that could not be made) stays in its place and does not count. A smaller p
    never gets the larger adjusted value, and none exceeds 1.

    Args:
        p: P-values between 0 and 1, or None.
        method: ``bh`` controls the false discovery rate of independent or positively dependent
            tests, ``by`` under any dependence; ``holm`` and ``bonferroni`` control the chance of
            any false finding.

    Returns:
        Same length as ``p``.

    Raises:
        ValueError: A value is NaN or outside 0..1.

    Source: Benjamini & Hochberg 1995, Journal of the Royal Statistical Society B 57:289-300;
    Benjamini & Yekutieli 2001, Annals of Statistics 29:1165-1188; Holm 1979, Scandinavian Journal
    of Statistics 6:65-70.

    >>> [round(q, 4) for q in adjust_pvalues([0.04, 0.045, 0.1])]
    [0.0675, 0.0675, 0.1]
    >>> adjust_pvalues([0.02, None, 0.9], "holm")
    [0.04, None, 0.9]
    """
    known = [(value, place) for place, value in enumerate(p) if value is not None]
    if any(not 0.0 <= value <= 1.0 for value, _ in known):
        raise ValueError("a p-value must lie between 0 and 1; use None where there is none")
    known.sort()
    ordered = _adjust_sorted([value for value, _ in known], method)
    adjusted: list[float | None] = [None] * len(p)
    for (_, place), value in zip(known, ordered, strict=True):
        adjusted[place] = value
    return adjusted


def benjamini_hochberg(p: Sequence[float | None]) -> list[float | None]:
    """Return false-discovery-rate adjusted p-values (q-values); see ``adjust_pvalues``.

    >>> benjamini_hochberg([0.01, 0.02])
    [0.02, 0.02]
    """
    return adjust_pvalues(p, "bh")


def family_size(p: Sequence[float | None]) -> int:
    """Return how many tests a family has: the p-values that exist.

    >>> family_size([0.2, None, 0.4])
    2
    """
    return sum(value is not None for value in p)


def _adjust_sorted(p: list[float], method: Method) -> list[float]:
    m = len(p)
    if method == "bonferroni":
        return [min(1.0, value * m) for value in p]
    if method == "holm":
        return _running_max([value * (m - rank) for rank, value in enumerate(p)])
    if method == "bh":
        return _step_up(p, 1.0)
    if method == "by":
        return _step_up(p, sum(1.0 / rank for rank in range(1, m + 1)))
    assert_never(method)


def _step_up(p: list[float], factor: float) -> list[float]:
    """Return ``p * factor * m / rank``, made monotone from the largest p downwards."""
    m = len(p)
    lowest, reverse = 1.0, []
    for rank in range(m, 0, -1):
        # never below p itself, which the rounding of m / rank could give
        lowest = min(lowest, max(p[rank - 1], p[rank - 1] * factor * m / rank))
        reverse.append(lowest)
    return reverse[::-1]


def _running_max(values: list[float]) -> list[float]:
    highest, result = 0.0, []
    for value in values:
        highest = max(highest, min(1.0, value))
        result.append(highest)
    return result
