from __future__ import annotations

import math

import pytest

from prodlens.stats.cuped import ArmMoments, cuped, cuped_from_sums
from prodlens.stats.experiment import (
    ArmSums,
    confidence_sequence,
    permutation_test,
    ratio_metric_ab,
    summary_test,
    welch_t,
)
from prodlens.stats.srm import srm


def test_welch_agrees_with_scipy() -> None:
    """``scipy.stats.ttest_ind(a, b, equal_var=False)`` and its 90 % interval."""
    result = welch_t([3, 5, 8, 2, 7], [1, 2, 4, 2], conf=0.9)
    assert result.diff == 2.75
    assert result.t == pytest.approx(2.1117432276343306)
    assert result.df == pytest.approx(6.057891336413395)
    assert result.p_value == pytest.approx(0.07874077939652083)
    assert result.ci_low == pytest.approx(0.22383390143564874)
    assert result.ci_high == pytest.approx(5.27616609856435)


def test_welch_of_constant_arms_gives_the_difference_only() -> None:
    result = welch_t([0.1, 0.1, 0.1], [0.3, 0.3])
    assert result.diff == pytest.approx(-0.2)
    assert (result.t, result.p_value, result.ci_low) == (None, None, None)
    assert result.status == "zero_variance"


def test_one_constant_arm_is_no_obstacle() -> None:
    result = welch_t([2, 2, 2], [1, 2, 3])
    assert (result.diff, result.df, result.status) == (0.0, 2.0, "ok")


def test_sums_and_values_give_the_same_test() -> None:
    a, b = [1.0, 4.0, 2.0, 9.0], [3.0, 5.0, 8.0]
    from_values = welch_t(b, a)
    from_sums = summary_test(ArmSums(4, 16, 102), ArmSums(3, 16, 98))
    assert from_sums.diff == pytest.approx(from_values.diff)
    assert from_sums.p_value == pytest.approx(from_values.p_value)


def test_relative_difference_divides_by_the_size_of_the_baseline() -> None:
    result = summary_test(
        ArmSums(10, -20, 60), ArmSums(10, -10, 40), difference="relative", alpha=0.1
    )
    assert result.diff == pytest.approx(0.5)
    absolute = summary_test(ArmSums(10, 20, 60), ArmSums(10, 10, 40), difference="relative")
    assert absolute.diff == pytest.approx(-0.5)
    assert absolute.se == pytest.approx(result.se)


def test_no_relative_difference_from_zero() -> None:
    result = summary_test(ArmSums(5, 0, 3), ArmSums(5, 2, 3), difference="relative")
    assert (result.diff, result.status) == (None, "zero_denominator")


def test_shares_are_tested_with_their_own_variance() -> None:
    result = summary_test(ArmSums(28, 14), ArmSums(30, 16), difference="relative")
    assert result.diff == pytest.approx(0.0666666666666667)
    assert result.se == pytest.approx(0.27169855689735606)


def test_arms_without_variation_or_units_have_no_p_value() -> None:
    constant = ArmSums(3, 0.3, 0.03)
    assert constant.variance == 0.0
    assert summary_test(constant, constant).status == "zero_variance"
    assert summary_test(ArmSums(1, 1), ArmSums(9, 4)).status == "insufficient_data"
    assert ArmSums(0, 0).mean == 0.0
    assert ArmSums(1, 3.0, 9.0).variance == 0.0


@pytest.mark.parametrize(
    "sums", [(-1, 0.0, 0.0), (3, math.inf, 1.0), (3, 4.0, None), (3, -1.0, None)]
)
def test_impossible_sums_raise(sums: tuple[float, float, float | None]) -> None:
    with pytest.raises(ValueError, match=r"n must not be negative|a share needs"):
        ArmSums(*sums)


def test_ratio_metric_weighs_units_by_their_denominators() -> None:
    result = ratio_metric_ab([1, 2], [2, 4], [3, 4], [4, 8])
    assert result.ratio_a == 0.5
    assert result.ratio_b == pytest.approx(7 / 12)
    assert result.status == "exploratory"


def test_ratio_metric_statuses() -> None:
    assert ratio_metric_ab([1], [2], [1, 2], [2, 2]).status == "insufficient_data"
    assert ratio_metric_ab([0, 0], [0, 0], [1, 2], [2, 2]).status == "zero_denominator"
    assert ratio_metric_ab([1, 2], [2, 4], [1, 2], [2, 4]).status == "zero_variance"
    many = list(range(1, 16))
    assert ratio_metric_ab(many, [20] * 15, many, [25] * 15).status == "ok"


def test_a_confidence_sequence_is_wider_than_one_look() -> None:
    a, b = ArmSums(100, 200, 700), ArmSums(100, 260, 900)
    once = summary_test(a, b)
    always = confidence_sequence(a, b, n_opt=200)
    assert always.status == "ok"
    assert always.diff == once.diff
    assert always.ci_low is not None
    assert once.ci_low is not None
    assert always.ci_low < once.ci_low
    assert always.p_value is not None
    assert once.p_value is not None
    assert once.p_value < always.p_value <= 1


def test_a_confidence_sequence_needs_thirty_units_an_arm_and_a_plan() -> None:
    few = ArmSums(29, 30, 60)
    assert confidence_sequence(few, ArmSums(60, 70, 130), n_opt=200).status == "exploratory"
    assert confidence_sequence(ArmSums(1, 1), few, n_opt=200).status == "insufficient_data"
    with pytest.raises(ValueError, match="n_opt must be above 0"):
        confidence_sequence(few, few, n_opt=0)


def test_permutation_p_is_exact_in_small_experiments() -> None:
    """``scipy.stats.permutation_test`` of the difference of means, all 126 splits."""
    result = permutation_test([1, 2, 3, 9], [4, 5, 6, 7, 8])
    assert result.p_value == pytest.approx(0.2857142857142857)
    assert (result.exact, result.n_splits, result.status) == (True, 126, "ok")


@pytest.mark.parametrize(("n", "p"), [(3, 0.1), (4, 2 / 70)])
def test_the_smallest_p_that_small_arms_can_give(n: int, p: float) -> None:
    low, high = list(range(n)), list(range(10, 10 + n))
    assert permutation_test(low, high).p_value == pytest.approx(p)


def test_permutation_of_equal_arms_finds_nothing() -> None:
    assert permutation_test([2, 2, 2, 2], [2, 2, 2, 2]).p_value == 1.0
    assert permutation_test([], [1]).status == "insufficient_data"
    assert permutation_test([1, 2, 3], [4, 5, 6]).status == "exploratory"


def test_many_units_are_permuted_at_random_but_repeatably() -> None:
    a, b = list(range(20)), list(range(8, 28))
    first, again = permutation_test(a, b, seed=3), permutation_test(a, b, seed=3)
    assert first == again
    assert (first.exact, first.n_splits) == (False, 9999)
    assert first.p_value == pytest.approx(0.0001, abs=0.0004)


def test_cuped_of_a_flat_pre_period_leaves_the_raw_difference() -> None:
    result = cuped([1, 2, 3], [5, 5, 5], [2, 3, 5], [5, 5, 5])
    assert result.diff_raw == pytest.approx(4 / 3)
    assert (result.theta, result.diff_adj, result.ancova_diff) == (None, None, None)
    assert result.status == "zero_variance"


def test_cuped_of_one_unit_is_insufficient() -> None:
    result = cuped([1], [1], [1, 2], [1, 2])
    assert (result.diff_raw, result.theta, result.status) == (None, None, "insufficient_data")


def test_cuped_of_a_perfect_prediction_has_no_error_left() -> None:
    result = cuped([1, 2, 3], [1, 2, 3], [2, 3, 4], [2, 3, 4])
    assert result.theta == pytest.approx(1.0)
    assert result.diff_adj == pytest.approx(0.0, abs=1e-12)
    assert result.p_value is None
    assert result.ancova_diff == pytest.approx(0.0, abs=1e-12)
    assert result.ancova_p is None


def test_ancova_cannot_tell_arm_from_a_pre_period_that_is_the_arm() -> None:
    result = cuped([1, 2, 3], [0, 0, 0], [4, 5, 7], [1, 1, 1])
    assert result.ancova_diff is None
    assert result.diff_raw == pytest.approx(10 / 3)


def test_ancova_interval_belongs_to_its_estimate() -> None:
    result = cuped([3, 5, 4, 8], [1, 2, 2, 4], [6, 6, 9, 12], [2, 1, 3, 5], conf=0.9)
    assert result.ancova_ci_low is not None
    assert result.ancova_diff is not None
    assert result.ancova_ci_high is not None
    assert result.ancova_ci_low < result.ancova_diff < result.ancova_ci_high


def _moments(post: list[float], pre: list[float]) -> ArmMoments:
    return ArmMoments(
        ArmSums(len(post), sum(post), sum(value**2 for value in post)),
        ArmSums(len(pre), sum(pre), sum(value**2 for value in pre)),
        sum(one * other for one, other in zip(post, pre, strict=True)),
    )


def test_cuped_from_sums_equals_cuped_from_values() -> None:
    arms = ([3.0, 5, 4, 8], [1.0, 2, 2, 4]), ([6.0, 6, 9, 12], [2.0, 1, 3, 5])
    sums = cuped_from_sums(_moments(*arms[0]), _moments(*arms[1]))
    values = cuped(*arms[0], *arms[1])
    assert sums.theta == pytest.approx(values.theta)
    assert sums.test.diff == pytest.approx(values.diff_adj)
    assert sums.test.p_value == pytest.approx(values.p_value)


def test_relative_cuped_divides_by_the_unadjusted_baseline() -> None:
    a, b = _moments([3.0, 5, 4, 8], [1.0, 2, 2, 4]), _moments([6.0, 6, 9, 12], [2.0, 1, 3, 5])
    absolute, relative = cuped_from_sums(a, b), cuped_from_sums(a, b, difference="relative")
    assert absolute.test.diff is not None
    assert relative.test.diff == pytest.approx(absolute.test.diff / 5.0)
    zero = _moments([-1.0, 1.0], [1.0, 3.0])
    assert cuped_from_sums(zero, b, difference="relative").test.status == "zero_denominator"


def test_relative_cuped_with_a_flat_pre_period_is_the_plain_test() -> None:
    a, b = _moments([3.0, 5, 4, 8], [2.0, 2, 2, 2]), _moments([6.0, 6, 9, 12], [2.0, 2, 2, 2])
    adjusted = cuped_from_sums(a, b, difference="relative")
    plain = summary_test(a.post, b.post, difference="relative")
    assert adjusted.theta == 0.0
    assert adjusted.test == plain


def test_moments_must_fit_together() -> None:
    with pytest.raises(ValueError, match="post and pre count 3 and 2 units"):
        ArmMoments(ArmSums(3, 1, 1), ArmSums(2, 1, 1), 1)
    with pytest.raises(ValueError, match="need a sum of squares"):
        ArmMoments(ArmSums(3, 1, 1), ArmSums(3, 1), 1)
    one = ArmMoments(ArmSums(1, 1, 1), ArmSums(1, 1, 1), 1)
    assert cuped_from_sums(one, one).test.status == "insufficient_data"


def test_srm_flags_a_mismatch_as_invalid() -> None:
    result = srm([600, 400], [0.5, 0.5])
    assert result.chi2 == 40.0
    assert result.p_value == pytest.approx(2.53962858947086e-10)
    assert (result.mismatch, result.status) == (True, "invalid")


def test_srm_decides_by_the_exact_test_when_arms_are_small() -> None:
    """``scipy.stats.chi2.sf(128 / 9, 1)`` and ``scipy.stats.binomtest(17, 18).pvalue``."""
    result = srm([17, 1], [1, 1])
    assert result.p_value == pytest.approx(0.000162440845186801, rel=1e-9)
    assert result.exact_p == pytest.approx(0.00014495849609375, rel=1e-9)
    assert result.decision_p == result.exact_p
    assert result.mismatch is True
    assert result.shown is True
    assert srm([9, 1], [1, 1]).shown is False


def test_srm_of_nobody_is_unknown_not_fine() -> None:
    result = srm([0, 0], [0.5, 0.5])
    assert (result.p_value, result.mismatch, result.status) == (None, None, "insufficient_data")


def test_an_arm_of_weight_zero_does_not_count_unless_it_has_units() -> None:
    assert srm([50, 50, 0], [1, 1, 0]).df == 1
    assert srm([50, 50, 0], [1, 1, 0]).p_value == 1.0
    assert srm([50, 50, 1], [1, 1, 0]).status == "invalid"
    assert srm([50, 0], [1, 0]).p_value is None


@pytest.mark.parametrize(
    ("counts", "weights", "message"),
    [
        ([1, 2], [1.0], "equal length"),
        ([-1, 2], [1.0, 1.0], "must not be negative"),
        ([1, 2], [0.0, 0.0], "at least one weight"),
        ([1, 2], [1.0, math.nan], "must not be negative"),
    ],
)
def test_impossible_arms_raise(counts: list[int], weights: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        srm(counts, weights)
