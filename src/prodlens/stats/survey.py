"""Owns the scores of surveys: NPS and CSAT with their intervals.

Give one answer per person and period: repeated answers of one person are no independent answers.
Must not touch who was asked, nor the rule that groups below ``MIN_GROUP`` people are not shown.
Plain Python, no numpy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

from prodlens.stats.proportions import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.stats.status import Status

MIN_GROUP: Final = 5
"""Groups of fewer people are suppressed wherever survey results are shown."""


@dataclass(frozen=True, slots=True)
class Nps:
    """Net promoter score in points, -100..100; the scores are None without answers.

    The interval is the result to show first: at 20 answers it is about 55 points wide.
    """

    nps: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    promoters: int
    passives: int
    detractors: int
    n: int
    status: Status


@dataclass(frozen=True, slots=True)
class NpsDifference:
    """Difference of two independent net promoter scores in points, first minus second."""

    diff: float | None
    ci_low: float | None
    ci_high: float | None
    status: Status


@dataclass(frozen=True, slots=True)
class Csat:
    """Per cent of answers in the top boxes with Wilson's interval in per cent."""

    csat: float | None
    k: int
    n: int
    ci_low: float | None
    ci_high: float | None
    status: Status


def nps(promoters: int, passives: int, detractors: int, *, conf: float = 0.95) -> Nps:
    """Return the net promoter score with its adjusted Wald interval.

    Args:
        promoters: Answers 9 and 10.
        passives: Answers 7 and 8.
        detractors: Answers 0 to 6.
        conf: Confidence level.

    Returns:
        ``insufficient_data`` without answers.

    Raises:
        ValueError: A count is negative or ``conf`` is not inside (0, 1).

    Source: Rocks 2016, The American Statistician 70:365-372: 3/4 of an answer is added to each
    end and 3 to the number of answers; the interval is clipped to -100..100.

    >>> result = nps(16, 12, 8)
    >>> round(result.nps, 1), round(result.ci_low, 1), round(result.ci_high, 1)
    (22.2, -4.0, 45.1)
    """
    z = _z(conf)
    if min(promoters, passives, detractors) < 0:
        raise ValueError("numbers of answers must not be negative")
    n = promoters + passives + detractors
    if n == 0:
        return Nps(None, None, None, None, 0, 0, 0, 0, "insufficient_data")
    score, variance = _net(promoters / n, detractors / n)
    centre, squared_error = _adjusted(promoters, detractors, n)
    half = z * math.sqrt(squared_error)
    return Nps(
        nps=100.0 * score,
        se=100.0 * math.sqrt(variance / n),
        ci_low=100.0 * max(-1.0, min(score, centre - half)),
        ci_high=100.0 * min(1.0, max(score, centre + half)),
        promoters=promoters,
        passives=passives,
        detractors=detractors,
        n=n,
        status="ok",
    )


def nps_from_scores(scores: Sequence[int], *, conf: float = 0.95) -> Nps:
    """Return the net promoter score of answers from 0 to 10.

    Args:
        scores: Whole numbers 0..10, one per person.
        conf: Confidence level.

    Returns:
        As ``nps``.

    Raises:
        ValueError: An answer is not one of 0..10, or ``conf`` is not inside (0, 1).

    >>> nps_from_scores([10, 9, 8, 3]).nps
    25.0
    """
    if any(score not in range(11) for score in scores):
        raise ValueError("an NPS answer must be a whole number from 0 to 10")
    promoters = sum(score >= 9 for score in scores)
    detractors = sum(score <= 6 for score in scores)
    return nps(promoters, len(scores) - promoters - detractors, detractors, conf=conf)


def nps_difference(first: Nps, second: Nps, *, conf: float = 0.95) -> NpsDifference:
    """Return the difference of two scores of different people.

    Args:
        first: From ``nps``.
        second: Likewise, of other people.
        conf: Confidence level.

    Returns:
        ``insufficient_data`` when either has no answers. The interval adds both adjusted
        variances and is clipped to -200..200.

    Raises:
        ValueError: ``conf`` is not inside (0, 1).

    Source: Rocks 2016, as in ``nps``.

    >>> nps_difference(nps(5, 0, 5), nps(5, 0, 5)).diff
    0.0
    """
    z = _z(conf)
    if first.nps is None or second.nps is None:
        return NpsDifference(None, None, None, "insufficient_data")
    centre_1, error_1 = _adjusted(first.promoters, first.detractors, first.n)
    centre_2, error_2 = _adjusted(second.promoters, second.detractors, second.n)
    diff = first.nps - second.nps
    centre, half = 100.0 * (centre_1 - centre_2), 100.0 * z * math.sqrt(error_1 + error_2)
    low, high = max(-200.0, min(diff, centre - half)), min(200.0, max(diff, centre + half))
    return NpsDifference(diff, low, high, "ok")


def csat(scores: Sequence[int], *, top_box_min: int = 4, conf: float = 0.95) -> Csat:
    """Return the per cent of satisfied answers on a scale of 1 to 5.

    Args:
        scores: Whole numbers 1..5, one per person.
        top_box_min: Lowest answer that counts as satisfied.
        conf: Confidence level.

    Returns:
        ``insufficient_data`` without answers.

    Raises:
        ValueError: An answer or ``top_box_min`` is not one of 1..5, or ``conf`` is not inside
            (0, 1).

    Source: Wilson's interval, see ``prodlens.stats.proportions``.

    >>> csat([5, 4, 3, 1]).csat
    50.0
    """
    if top_box_min not in range(1, 6) or any(score not in range(1, 6) for score in scores):
        raise ValueError("a CSAT answer must be a whole number from 1 to 5")
    k = sum(score >= top_box_min for score in scores)
    share = wilson(k, len(scores), conf=conf)
    if share.p is None or share.ci_low is None or share.ci_high is None:
        return Csat(None, 0, 0, None, None, "insufficient_data")
    low, high = 100.0 * share.ci_low, 100.0 * share.ci_high
    return Csat(100.0 * k / len(scores), k, len(scores), low, high, "ok")


def _net(promoters: float, detractors: float) -> tuple[float, float]:
    """Return score and variance of one answer (-1, 0 or 1) from two shares."""
    score = promoters - detractors
    return score, max(0.0, promoters + detractors - score * score)


def _adjusted(promoters: int, detractors: int, n: int) -> tuple[float, float]:
    """Return centre and squared standard error after adding the imagined answers."""
    total = n + 3.0
    centre, variance = _net((promoters + 0.75) / total, (detractors + 0.75) / total)
    return centre, variance / total


def _z(conf: float) -> float:
    if not 0.0 < conf < 1.0:
        raise ValueError(f"conf must lie between 0 and 1 (exclusive), got {conf}")
    return NormalDist().inv_cdf(0.5 + conf / 2.0)
