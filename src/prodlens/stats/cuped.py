"""Owns the use of a pre-period to sharpen an experiment: CUPED and ANCOVA.

Must not touch how long the pre-period is; its values must stem from before the assignment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prodlens.stats.experiment import (
    nothing_tested,
    tested,
    variance,
    welch_df,
    welch_t,
)
from prodlens.stats.samples import as_sample, is_constant, require_fraction, require_same_length

if TYPE_CHECKING:
    from prodlens.stats.experiment import ArmDifference, ArmSums, Difference
    from prodlens.stats.samples import Array, Numbers
    from prodlens.stats.status import Status


@dataclass(frozen=True, slots=True)
class Cuped:
    """Difference ``b - a`` adjusted for the pre-period, by CUPED and by ANCOVA.

    The ANCOVA figures are the primary ones in small experiments. When the pre-period does not
    vary there is nothing to adjust by: only the raw figures stand (``zero_variance``).
    """

    theta: float | None
    mean_a_adj: float | None
    mean_b_adj: float | None
    diff_adj: float | None
    se: float | None
    t: float | None
    df: float | None
    p_value: float | None
    ci_low: float | None
    ci_high: float | None
    diff_raw: float | None
    p_raw: float | None
    ancova_diff: float | None
    ancova_se: float | None
    ancova_p: float | None
    ancova_ci_low: float | None
    ancova_ci_high: float | None
    status: Status


@dataclass(frozen=True, slots=True)
class ArmMoments:
    """One arm as sums: the metric after, the same before, and their products.

    ``cross`` is the sum over units of post times pre. Both parts count the same units.

    Raises:
        ValueError: The two parts differ in ``n``, or one lacks its sum of squares.
    """

    post: ArmSums
    pre: ArmSums
    cross: float

    def __post_init__(self) -> None:
        if self.post.n != self.pre.n:
            raise ValueError(f"post and pre count {self.post.n} and {self.pre.n} units; both equal")
        if self.post.sum_squares is None or self.pre.sum_squares is None:
            raise ValueError("post and pre need a sum of squares")

    @property
    def covariance(self) -> float:
        """Sample covariance of post and pre over units."""
        return (self.cross - self.post.total * self.pre.total / self.post.n) / (self.post.n - 1.0)

    def weighted_variance(self, post_weight: float, pre_weight: float) -> float:
        """Return the variance of ``post_weight * post - pre_weight * pre``."""
        spread = post_weight**2 * self.post.variance + pre_weight**2 * self.pre.variance
        return max(0.0, spread - 2.0 * post_weight * pre_weight * self.covariance)


@dataclass(frozen=True, slots=True)
class CupedSummary:
    """``cuped`` from sums: the test of the adjusted difference, and the theta it used."""

    theta: float | None
    test: ArmDifference


def cuped(
    post_a: Numbers, pre_a: Numbers, post_b: Numbers, pre_b: Numbers, *, conf: float = 0.95
) -> Cuped:
    """Return the difference of two arms with what the pre-period explains taken out.

    CUPED: ``theta = cov(post, pre) / var(pre)`` over all units around one joint mean, then
    Welch's test of ``post - theta * (pre - mean(pre))``. ANCOVA: least squares of post on arm and
    pre, tested with n - 3 degrees of freedom.

    Args:
        post_a: Metric of arm a's units in the experiment, shape ``(n1,)``.
        pre_a: The same units before it, shape ``(n1,)``.
        post_b: Arm b, shape ``(n2,)``.
        pre_b: Arm b before, shape ``(n2,)``.
        conf: Confidence level.

    Returns:
        ``insufficient_data`` with fewer than two units in an arm.

    Raises:
        ValueError: Lengths differ within an arm, a value is unknown or infinite, or ``conf`` is
            not inside (0, 1).

    Source: Deng, Xu, Kohavi & Walker 2013, WSDM.

    >>> cuped([1, 2, 3], [1, 2, 3], [3, 4, 5], [1, 2, 3]).diff_raw
    2.0
    """
    require_fraction(conf, "conf")
    arm_a = as_sample(post_a, "post_a"), as_sample(pre_a, "pre_a")
    arm_b = as_sample(post_b, "post_b"), as_sample(pre_b, "pre_b")
    require_same_length(*arm_a, "post_a and pre_a")
    require_same_length(*arm_b, "post_b and pre_b")
    raw = welch_t(arm_b[0], arm_a[0], conf=conf)
    if raw.status == "insufficient_data":
        return _cuped_result(None, raw, (None, None), raw, raw)
    post, pre = np.concatenate([arm_a[0], arm_b[0]]), np.concatenate([arm_a[1], arm_b[1]])
    if is_constant(pre):
        return _cuped_result(None, raw, (None, None), nothing_tested("zero_variance"), None)
    centred = pre - pre.mean()
    theta = float((post - post.mean()) @ centred / (centred @ centred))
    adjusted = post - theta * centred
    adjusted_a, adjusted_b = adjusted[: arm_a[0].size], adjusted[arm_a[0].size :]
    means = float(adjusted_a.mean()), float(adjusted_b.mean())
    test = _tested_adjusted(adjusted_a, adjusted_b, post, conf)
    ancova = _ancova(arm_a, arm_b, 1.0 - conf)
    return _cuped_result(theta, raw, means, test, ancova)


def cuped_from_sums(
    a: ArmMoments, b: ArmMoments, *, difference: Difference = "absolute", alpha: float = 0.05
) -> CupedSummary:
    """Return the CUPED-adjusted test of arm ``b`` against arm ``a`` from their sums.

    Args:
        a: Baseline.
        b: Variation.
        difference: ``relative`` divides by the baseline's unadjusted mean.
        alpha: Error rate.

    Returns:
        Without variation in the pre-period ``theta`` is 0 and the test is the unadjusted one.

    Raises:
        ValueError: ``alpha`` is not inside (0, 1).

    Source: Deng, Xu, Kohavi & Walker 2013, WSDM; delta method for the relative difference.
    """
    require_fraction(alpha, "alpha")
    if min(a.post.n, b.post.n) < 2:
        return CupedSummary(None, nothing_tested("insufficient_data"))
    theta = _joint_theta(a, b)
    terms = (
        a.weighted_variance(1.0, theta) / a.post.n,
        b.weighted_variance(1.0, theta) / b.post.n,
    )
    df = welch_df(terms, (a.post.n - 1.0, b.post.n - 1.0))
    diff = b.post.mean - theta * b.pre.mean - (a.post.mean - theta * a.pre.mean)
    squared_error = sum(terms)
    if difference == "relative":
        base = a.post.mean
        if base == 0.0:
            return CupedSummary(theta, nothing_tested("zero_denominator"))
        # the baseline's mean is in both parts of the quotient, so its arm's error changes too
        shared = a.weighted_variance(b.post.mean / base, theta) / a.post.n
        diff, squared_error = diff / abs(base), (terms[1] + shared) / base / base
    return CupedSummary(theta, tested(diff, math.sqrt(squared_error), df, alpha))


def _joint_theta(a: ArmMoments, b: ArmMoments) -> float:
    n = a.post.n + b.post.n
    pre, post = a.pre.total + b.pre.total, a.post.total + b.post.total
    squares = (a.pre.sum_squares or 0.0) + (b.pre.sum_squares or 0.0)
    spread = squares - pre * pre / n
    if spread <= 1e-14 * squares:
        return 0.0
    return (a.cross + b.cross - post * pre / n) / spread


def _tested_adjusted(a: Array, b: Array, post: Array, conf: float) -> ArmDifference:
    """Return Welch's test of adjusted values, in which rounding alone is no variation."""
    if max(variance(a), variance(b)) <= 1e-24 * float(np.square(post).max()):
        a, b = np.full(a.size, a.mean()), np.full(b.size, b.mean())
    return welch_t(b, a, conf=conf)


def _ancova(
    arm_a: tuple[Array, Array], arm_b: tuple[Array, Array], alpha: float
) -> ArmDifference | None:
    """Return the treatment coefficient of post ~ arm + pre; None where it cannot be told."""
    (post_a, pre_a), (post_b, pre_b) = arm_a, arm_b
    within_a, within_b = pre_a - pre_a.mean(), pre_b - pre_b.mean()
    spread = float(within_a @ within_a + within_b @ within_b)
    if (is_constant(pre_a) and is_constant(pre_b)) or spread == 0.0:
        return None
    slope = float(within_a @ post_a + within_b @ post_b) / spread
    gap = float(pre_b.mean() - pre_a.mean())
    diff = float(post_b.mean() - post_a.mean()) - slope * gap
    rest_a = post_a - post_a.mean() - slope * within_a
    rest_b = post_b - post_b.mean() - slope * within_b
    df = post_a.size + post_b.size - 3.0
    squares = float(rest_a @ rest_a + rest_b @ rest_b)
    scale = float(post_a @ post_a + post_b @ post_b)
    residual = 0.0 if squares <= 1e-24 * scale else squares / df
    se = math.sqrt(residual * (1.0 / post_a.size + 1.0 / post_b.size + gap * gap / spread))
    return tested(diff, se, df, alpha)


def _cuped_result(
    theta: float | None,
    raw: ArmDifference,
    means: tuple[float | None, float | None],
    test: ArmDifference,
    ancova: ArmDifference | None,
) -> Cuped:
    by_arm = ancova if ancova is not None else nothing_tested("zero_variance")
    return Cuped(
        theta=theta,
        mean_a_adj=means[0],
        mean_b_adj=means[1],
        diff_adj=test.diff,
        se=test.se,
        t=test.t,
        df=test.df,
        p_value=test.p_value,
        ci_low=test.ci_low,
        ci_high=test.ci_high,
        diff_raw=raw.diff,
        p_raw=raw.p_value,
        ancova_diff=by_arm.diff,
        ancova_se=by_arm.se,
        ancova_p=by_arm.p_value,
        ancova_ci_low=by_arm.ci_low,
        ancova_ci_high=by_arm.ci_high,
        status=test.status,
    )
