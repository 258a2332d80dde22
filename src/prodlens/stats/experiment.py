"""Owns the comparison of two arms of an experiment on one metric.

Units are the ones that were randomised (developers): a test over sessions of randomised developers
finds differences that are not there. Must not touch assignment, exposure or stored definitions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from prodlens.stats.distributions import t_quantile, t_two_sided_p
from prodlens.stats.samples import as_sample, is_constant, require_fraction, require_same_length

if TYPE_CHECKING:
    from prodlens.stats.samples import Array, Numbers
    from prodlens.stats.status import Status

Difference = Literal["absolute", "relative"]
MIN_UNITS_PER_ARM: Final = 4
"""Below this no experiment is called: three a side cannot give an exact p under 0.10."""
MIN_UNITS_RATIO: Final = 15
MIN_UNITS_SEQUENTIAL: Final = 30
_MAX_EXACT_SPLITS: Final = 200_000
_RANDOM_SPLITS: Final = 9_999


@dataclass(frozen=True, slots=True)
class ArmSums:
    """One arm of a test, as sums over its units.

    ``sum_squares`` None makes it a share: ``total`` units out of ``n`` have the property.

    Raises:
        ValueError: ``n`` is negative, a value is not finite, or a share is outside 0..1.
    """

    n: float
    total: float
    sum_squares: float | None = None

    def __post_init__(self) -> None:
        numbers = (self.n, self.total, self.sum_squares or 0.0)
        if self.n < 0 or not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"n must not be negative and all sums finite, got n={self.n}")
        if self.sum_squares is None and not 0.0 <= self.total <= self.n:
            raise ValueError(f"a share needs 0 <= total <= n, got {self.total} of {self.n}")

    @property
    def mean(self) -> float:
        """Mean over units; 0.0 without any, which the tests refuse anyway."""
        return self.total / self.n if self.n else 0.0

    @property
    def variance(self) -> float:
        """Variance of one unit: sample variance, or ``p * (1 - p)`` of a share."""
        if self.sum_squares is None:
            return self.mean * (1.0 - self.mean)
        if self.n < 2:
            return 0.0
        spread = self.sum_squares - self.total * self.total / self.n
        # what rounding leaves of a constant arm is no variance
        return 0.0 if spread <= 1e-14 * self.sum_squares else spread / (self.n - 1.0)


@dataclass(frozen=True, slots=True)
class ArmDifference:
    """A difference of two arms; what does not exist is None and ``status`` says why."""

    diff: float | None
    se: float | None
    t: float | None
    df: float | None
    p_value: float | None
    ci_low: float | None
    ci_high: float | None
    status: Status


@dataclass(frozen=True, slots=True)
class RatioResult:
    """Difference of two ratios of sums, ``b`` minus ``a``.

    ``status`` is ``exploratory`` below 15 units an arm, where the test finds too much.
    """

    ratio_a: float | None
    ratio_b: float | None
    diff: float | None
    se: float | None
    t: float | None
    df: float | None
    p_value: float | None
    ci_low: float | None
    ci_high: float | None
    status: Status


@dataclass(frozen=True, slots=True)
class PermutationResult:
    """Permutation p-value of a difference of means; ``exact`` when every split was tried."""

    p_value: float | None
    exact: bool
    n_splits: int
    status: Status


def welch_t(a: Numbers, b: Numbers, *, conf: float = 0.95) -> ArmDifference:
    """Return Welch's t test of ``mean(a) - mean(b)``.

    Args:
        a: One value per unit, shape ``(n1,)``.
        b: Likewise, shape ``(n2,)``.
        conf: Confidence level.

    Returns:
        ``insufficient_data`` with fewer than two units in an arm; ``zero_variance`` when both are
        constant (then only ``diff`` is given).

    Raises:
        ValueError: A value is unknown or infinite, or ``conf`` is not inside (0, 1).

    Source: Welch 1947, Biometrika 34:28-35.

    >>> round(welch_t([1, 2, 3], [2, 4, 6]).t, 4)
    -1.5492
    """
    require_fraction(conf, "conf")
    first, second = as_sample(a, "a"), as_sample(b, "b")
    if min(first.size, second.size) < 2:
        return nothing_tested("insufficient_data")
    terms = variance(first) / first.size, variance(second) / second.size
    df = welch_df(terms, (first.size - 1.0, second.size - 1.0))
    return tested(float(first.mean()) - float(second.mean()), math.sqrt(sum(terms)), df, 1.0 - conf)


def summary_test(
    a: ArmSums, b: ArmSums, *, difference: Difference = "absolute", alpha: float = 0.05
) -> ArmDifference:
    """Return the test of arm ``b`` against arm ``a`` from their sums.

    Args:
        a: Baseline.
        b: Variation.
        difference: ``absolute`` for ``mean_b - mean_a``; ``relative`` divides by ``|mean_a|``.
        alpha: Error rate; the interval has level ``1 - alpha``.

    Returns:
        ``insufficient_data`` with fewer than two units in an arm, ``zero_denominator`` for a
        relative difference from a baseline of 0, ``zero_variance`` when nothing varies.

    Raises:
        ValueError: ``alpha`` is not inside (0, 1).

    Source: Welch 1947; delta method for the relative difference.

    >>> round(summary_test(ArmSums(28, 14), ArmSums(30, 16), difference="relative").diff, 4)
    0.0667
    """
    require_fraction(alpha, "alpha")
    if min(a.n, b.n) < 2:
        return nothing_tested("insufficient_data")
    terms = a.variance / a.n, b.variance / b.n
    df = welch_df(terms, (a.n - 1.0, b.n - 1.0))
    diff, squared_error = b.mean - a.mean, sum(terms)
    if difference == "relative":
        if a.mean == 0.0:
            return nothing_tested("zero_denominator")
        diff /= abs(a.mean)
        quotient = b.mean / a.mean
        squared_error = (terms[1] + terms[0] * quotient * quotient) / a.mean / a.mean
    return tested(diff, math.sqrt(squared_error), df, alpha)


def ratio_metric_ab(
    num_a: Numbers, den_a: Numbers, num_b: Numbers, den_b: Numbers, *, conf: float = 0.95
) -> RatioResult:
    """Return the difference of two ratios of sums (such as accepted over decided), ``b - a``.

    One entry per randomised unit, so that units with many calls weigh more but are counted once.

    Args:
        num_a: Numerators of arm a, shape ``(Ga,)``.
        den_a: Denominators of arm a, shape ``(Ga,)``.
        num_b: Numerators of arm b, shape ``(Gb,)``.
        den_b: Denominators of arm b, shape ``(Gb,)``.
        conf: Confidence level.

    Returns:
        ``insufficient_data`` with fewer than two units in an arm, ``zero_denominator`` when an
        arm's denominators add up to 0; otherwise see ``RatioResult``.

    Raises:
        ValueError: Lengths differ within an arm, a value is unknown or infinite, or ``conf`` is
            not inside (0, 1).

    Source: Deng, Knoblich & Lu 2018, KDD, section 3 (delta method).

    >>> ratio_metric_ab([1, 2], [2, 4], [3, 4], [4, 8]).ratio_a
    0.5
    """
    require_fraction(conf, "conf")
    arm_a = as_sample(num_a, "num_a"), as_sample(den_a, "den_a")
    arm_b = as_sample(num_b, "num_b"), as_sample(den_b, "den_b")
    require_same_length(*arm_a, "num_a and den_a")
    require_same_length(*arm_b, "num_b and den_b")
    smaller = min(arm_a[0].size, arm_b[0].size)
    if smaller < 2:
        return _no_ratio("insufficient_data")
    if 0.0 in {float(arm_a[1].sum()), float(arm_b[1].sum())}:
        return _no_ratio("zero_denominator")
    (ratio_a, term_a), (ratio_b, term_b) = _ratio(*arm_a), _ratio(*arm_b)
    df = welch_df((term_a, term_b), (arm_a[0].size - 1.0, arm_b[0].size - 1.0))
    test = tested(ratio_b - ratio_a, math.sqrt(term_a + term_b), df, 1.0 - conf)
    few = test.status == "ok" and smaller < MIN_UNITS_RATIO
    return RatioResult(
        ratio_a=ratio_a,
        ratio_b=ratio_b,
        diff=test.diff,
        se=test.se,
        t=test.t,
        df=test.df,
        p_value=test.p_value,
        ci_low=test.ci_low,
        ci_high=test.ci_high,
        status="exploratory" if few else test.status,
    )


def confidence_sequence(
    a: ArmSums,
    b: ArmSums,
    *,
    n_opt: float,
    difference: Difference = "absolute",
    alpha: float = 0.05,
) -> ArmDifference:
    """Return an interval that stays valid however often one looks at a growing experiment.

    Args:
        a: Baseline so far.
        b: Variation so far.
        n_opt: Planned total number of units in both arms, where the interval is tightest.
        difference: As in ``summary_test``.
        alpha: Error rate over all looks together.

    Returns:
        ``t`` and ``df`` are None. ``exploratory`` below 30 units an arm, where the guarantee,
        which is asymptotic, does not hold yet.

    Raises:
        ValueError: ``alpha`` is not inside (0, 1) or ``n_opt`` is not above 0.

    Source: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, arXiv 2103.06476, equations 9, 155, 161.

    >>> confidence_sequence(ArmSums(5, 2), ArmSums(5, 4), n_opt=100).status
    'exploratory'
    """
    if n_opt <= 0:
        raise ValueError(f"n_opt must be above 0, got {n_opt}")
    fixed = summary_test(a, b, difference=difference, alpha=alpha)
    if fixed.diff is None or fixed.se is None or fixed.status != "ok":
        return fixed
    n = a.n + b.n
    log_alpha = -2.0 * math.log(alpha)
    tuning = (log_alpha + math.log(log_alpha + 1.0)) / n_opt  # rho squared
    spread = n * tuning + 1.0
    half = fixed.se * math.sqrt(n) * math.sqrt(2.0 * spread) / (n * math.sqrt(tuning))
    half *= math.sqrt(math.log(math.sqrt(spread) / alpha))
    evidence = (fixed.diff / fixed.se) ** 2 * n
    p = math.exp(min(0.0, 0.5 * math.log(spread) - tuning * evidence / (2.0 * spread)))
    status: Status = "ok" if min(a.n, b.n) >= MIN_UNITS_SEQUENTIAL else "exploratory"
    low, high = fixed.diff - half, fixed.diff + half
    return ArmDifference(fixed.diff, fixed.se, None, None, p, low, high, status)


def permutation_test(a: Numbers, b: Numbers, *, seed: int = 0) -> PermutationResult:
    """Return how often a random split of the units differs in means at least as much.

    Every split is tried when there are at most 200,000, otherwise 9,999 random ones (and the
    observed one, so that p is never 0).

    Args:
        a: One value per unit, shape ``(n1,)``.
        b: Likewise, shape ``(n2,)``.
        seed: Of the random splits; equal inputs and seed give equal results.

    Returns:
        Two-sided p; ``insufficient_data`` when an arm is empty, ``exploratory`` with fewer than
        four units in an arm, where no small p exists.

    Raises:
        ValueError: A value is unknown or infinite.

    Source: Fisher 1935, The Design of Experiments, section 21.

    >>> permutation_test([1, 2, 3], [4, 5, 6]).p_value
    0.1
    """
    first, second = as_sample(a, "a"), as_sample(b, "b")
    smaller = min(first.size, second.size)
    if smaller == 0:
        return PermutationResult(None, exact=False, n_splits=0, status="insufficient_data")
    # centred at its mean, so that the sum of one arm alone tells the difference of means
    values = np.concatenate([first, second])
    pooled = values - values.mean()
    n_splits = math.comb(pooled.size, int(smaller))
    exact = n_splits <= _MAX_EXACT_SPLITS
    if exact:
        rows = np.array(list(combinations(range(pooled.size), int(smaller))), dtype=np.intp)
    else:
        keys = np.random.default_rng(seed).random((_RANDOM_SPLITS, pooled.size))
        rows = np.argpartition(keys, int(smaller) - 1, axis=1)[:, :smaller]
    observed = pooled[: first.size].sum()
    rounding = 1e-12 * float(np.abs(pooled).sum()) + 1e-15 * float(np.abs(values).sum())
    extreme = int((np.abs(pooled[rows].sum(axis=1)) >= abs(observed) - rounding).sum())
    p = extreme / n_splits if exact else (extreme + 1) / (_RANDOM_SPLITS + 1)
    status: Status = "ok" if smaller >= MIN_UNITS_PER_ARM else "exploratory"
    return PermutationResult(p, exact, n_splits if exact else _RANDOM_SPLITS, status)


def welch_df(terms: tuple[float, float], dfs: tuple[float, float]) -> float | None:
    """Return the Welch-Satterthwaite degrees of freedom of a sum of two squared errors.

    Args:
        terms: Squared standard error of each arm.
        dfs: Degrees of freedom of each arm, above 0.

    Returns:
        None when both terms are 0.
    """
    total = sum(terms)
    if total == 0.0:
        return None
    shares = terms[0] / total, terms[1] / total
    return 1.0 / (shares[0] ** 2 / dfs[0] + shares[1] ** 2 / dfs[1])


def variance(values: Array) -> float:
    """Return the sample variance, exactly 0 when all values are equal.

    Args:
        values: Shape ``(n,)`` with n at least 2.

    Returns:
        At least 0.
    """
    return 0.0 if is_constant(values) else float(values.var(ddof=1))


def nothing_tested(status: Status) -> ArmDifference:
    """Return a result that holds nothing but the reason.

    >>> nothing_tested("insufficient_data").diff is None
    True
    """
    return ArmDifference(None, None, None, None, None, None, None, status)


def tested(diff: float, se: float, df: float | None, alpha: float) -> ArmDifference:
    """Return t test and interval of an estimate with its standard error.

    Args:
        diff: Estimate.
        se: Its standard error.
        df: Degrees of freedom; None when nothing varies.
        alpha: Error rate; the interval has level ``1 - alpha``.

    Returns:
        ``zero_variance`` with the estimate alone when ``se`` is 0 or ``df`` None.
    """
    if df is None or se == 0.0:
        return ArmDifference(diff, None, None, None, None, None, None, "zero_variance")
    t, half = diff / se, t_quantile(1.0 - alpha / 2.0, df) * se
    return ArmDifference(diff, se, t, df, t_two_sided_p(t, df), diff - half, diff + half, "ok")


def _ratio(numerators: Array, denominators: Array) -> tuple[float, float]:
    """Return the ratio of sums and its squared standard error by the delta method."""
    ratio = float(numerators.sum() / denominators.sum())
    rest = numerators - ratio * denominators
    return ratio, variance(rest) / numerators.size / float(denominators.mean()) ** 2


def _no_ratio(status: Status) -> RatioResult:
    return RatioResult(None, None, None, None, None, None, None, None, None, status)
