from __future__ import annotations

import math

import numpy as np
import pytest

from prodlens.stats.association import lagged_association, longest_lag, pearson, spearman

# 30 days from a Thursday on, written down once; the expected values come from R (lm, pt).
X = [24, 12, 2, 0, 19, 8, 4, 10, 12, 0, 1, 15, 13, 11, 13]
X += [7, 1, 0, 11, 11, 18, 15, 21, 0, 1, 10, 12, 16, 11, 7]
Y = [3, 2, 0, 1, 5, 3, 1, 9, 7, 1, 2, 0, 2, 4, 5, 5, 0, 0, 8, 3, 12, 11, 11, 1, 0, 2, 6, 2, 3, 6]


def test_thirty_days_agree_with_r() -> None:
    result = lagged_association(X, Y, 3, 1)
    assert result.status == "ok"
    assert result.k_controls == 9
    assert result.n_pairs == 29
    assert result.r == pytest.approx(-0.181967197326828, abs=1e-9)
    assert result.p_value == pytest.approx(0.429853661792736, abs=1e-9)
    assert result.ci_low == pytest.approx(-0.568960516185819, abs=1e-9)
    assert result.ci_high == pytest.approx(0.271008030858422, abs=1e-9)
    assert result.r_mde80 == pytest.approx(0.578589616221095, abs=1e-9)


def test_counts_days_above_zero_in_the_pairs() -> None:
    result = lagged_association(X, Y, 3, 1)
    assert (result.n_positive_x, result.n_positive_y) == (25, 24)


def test_the_effect_is_the_interval_on_the_scale_of_the_outcome() -> None:
    result = lagged_association(X, Y, 3, 1)
    assert result.effect_percent == pytest.approx(-11.408639995667496)
    assert result.ci_low is not None
    assert result.r is not None
    assert result.effect_ci_low is not None
    assert result.effect_percent is not None
    spread = math.log1p(result.effect_percent / 100) / result.r
    assert math.log1p(result.effect_ci_low / 100) == pytest.approx(result.ci_low * spread)


def test_raw_values_stay_as_description() -> None:
    result = lagged_association(X, Y, 3, 1)
    assert result.raw_pearson_r == pytest.approx(0.158967450735039, abs=1e-9)
    assert result.raw_pearson_p == pytest.approx(0.410128912340748, abs=1e-9)
    assert result.raw_spearman_rho == pytest.approx(0.176735490862628, abs=1e-9)


def test_a_longer_lag_than_a_quarter_of_the_window_is_insufficient_data() -> None:
    assert longest_lag(30) == 7
    assert longest_lag(200) == 14
    assert lagged_association(X, Y, 3, 7).status == "ok"
    result = lagged_association(X, Y, 3, 8)
    assert (result.status, result.r, result.raw_pearson_r) == ("insufficient_data", None, None)


def test_thirteen_days_are_described_without_any_p_value() -> None:
    result = lagged_association(X[:13], Y[:13], 3, 0)
    assert result.status == "descriptive"
    assert result.raw_pearson_r is not None
    assert result.raw_pearson_p is None
    assert result.raw_spearman_p is None
    assert result.p_value is None
    assert result.r_mde80 is None


@pytest.mark.parametrize(("days", "status"), [(14, "exploratory"), (27, "exploratory"), (28, "ok")])
def test_status_tells_short_windows_apart(days: int, status: str) -> None:
    assert lagged_association(X[:days], Y[:days], 3, 0).status == status


def test_four_active_days_are_insufficient_activity() -> None:
    outcome = [0] * 26 + [1, 1, 1, 1]
    assert lagged_association(X, outcome, 3, 0).status == "insufficient_activity"
    assert lagged_association(X, [1, *outcome[1:]], 3, 0).status == "ok"


def test_uncovered_days_are_dropped_and_counted_not_zero() -> None:
    gaps = [None if day == 4 else count for day, count in enumerate(X)]
    result = lagged_association(gaps, Y, 3, 0)
    assert (result.n_days, result.n_pairs, result.n_missing_coverage) == (30, 29, 1)
    assert result.k_controls == 9
    assert result.n_eff is not None
    assert result.n_eff <= 29.0  # what is not there is worth nothing
    assert result.df == pytest.approx(result.n_eff - 9 - 1)
    assert result == lagged_association(gaps, [99 if d == 4 else c for d, c in enumerate(Y)], 3, 0)


def test_a_window_covered_to_less_than_ninety_per_cent_is_invalid() -> None:
    three, four = ([None] * gap + X[gap:] for gap in (3, 4))
    assert lagged_association(three, Y, 3, 0).status == "exploratory"
    result = lagged_association(four, Y, 3, 0)
    assert (result.status, result.r, result.p_value) == ("invalid", None, None)


def test_a_holiday_is_set_aside_as_exposure_and_as_outcome() -> None:
    plain = lagged_association(X, Y, 3, 1)
    off = lagged_association(X, Y, 3, 1, [10])
    assert plain.k_controls == 9
    assert off.k_controls == 11
    assert off.r != plain.r
    changed = [50 if day == 10 else count for day, count in enumerate(X)]
    assert lagged_association(changed, Y, 3, 1, [10]).r == pytest.approx(off.r)


def test_days_off_outside_the_window_do_nothing() -> None:
    assert lagged_association(X, Y, 3, 1, [-1, 30, 400]) == lagged_association(X, Y, 3, 1)


def test_the_first_and_last_day_off_touch_one_pair_each() -> None:
    assert lagged_association(X, Y, 3, 1, [0]).k_controls == 10
    assert lagged_association(X, Y, 3, 1, [29]).k_controls == 10


def test_another_weekend_is_scaled_as_such() -> None:
    friday_saturday = lagged_association(X, Y, 3, 1, weekend=(4, 5))
    assert friday_saturday.r != lagged_association(X, Y, 3, 1).r
    everything = lagged_association(X, Y, 3, 1, weekend=range(7))
    assert everything.effect_percent is None


def test_equal_series_give_a_perfect_correlation_without_infinities() -> None:
    result = lagged_association(X, X, 3, 0)
    assert result.r == pytest.approx(1.0)
    assert result.p_value == pytest.approx(0.0, abs=1e-30)
    assert result.t is None or math.isfinite(result.t)
    assert result.ci_high == pytest.approx(1.0)


def test_a_pure_work_week_is_zero_variance() -> None:
    week = [5, 5, 5, 5, 5, 1, 1] * 6
    result = lagged_association(week, week, 0, 0)
    assert result.status == "zero_variance"
    assert result.raw_pearson_r == pytest.approx(1.0)
    assert result.p_value is None


def test_circular_shift_p_counts_the_observed_shift() -> None:
    assert lagged_association(X, Y, 3, 1).p_circular_shift == pytest.approx(9 / 29)


@pytest.mark.parametrize(
    ("x", "y", "start_weekday", "lag", "message"),
    [
        ([1, 2], [1], 0, 0, "x and y must have equal length, got 2 and 1"),
        ([1, -2], [1, 1], 0, 0, "x must not be negative, but is at position 1"),
        ([1, 2], [1, 1], 0, -1, "lag must not be negative"),
        ([1, 2], [1, 1], 7, 0, "a weekday must be within 0"),
        ([1, math.inf], [1, 1], 0, 0, "x must not hold infinite values"),
    ],
)
def test_wrong_calls_raise(
    x: list[float], y: list[float], start_weekday: int, lag: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        lagged_association(x, y, start_weekday, lag)


def test_pearson_agrees_with_scipy() -> None:
    """Written out from ``scipy.stats.pearsonr(x, y)`` and its 90 % interval."""
    result = pearson([1, 4, 2, 8, 5, 7], [2, 3, 1, 9, 4, 9], conf=0.9)
    assert result.r == pytest.approx(0.9383148632568363, abs=1e-12)
    assert result.p_value == pytest.approx(0.005590226439765756, abs=1e-12)
    assert result.ci_low == pytest.approx(0.6493123763954081, abs=1e-12)
    assert result.ci_high == pytest.approx(0.9905188463597092, abs=1e-12)


def test_spearman_agrees_with_scipy() -> None:
    """Written out from ``scipy.stats.spearmanr(x, y)``."""
    result = spearman([1, 4, 2, 8, 5, 7], [2, 3, 1, 9, 4, 9])
    assert result.rho == pytest.approx(0.9276336570439175, abs=1e-12)
    assert result.p_value == pytest.approx(0.00766584418747316, abs=1e-12)


def test_three_pairs_have_no_interval() -> None:
    result = pearson([1, 2, 3], [1, 3, 2])
    assert result.r == pytest.approx(0.5)
    assert (result.ci_low, result.ci_high, result.n) == (None, None, 3)


def test_a_perfect_line_has_p_zero_and_a_point_interval() -> None:
    result = pearson([1, 2, 3, 4], [2, 4, 6, 8])
    assert (result.r, result.p_value) == (1.0, 0.0)
    assert (result.ci_low, result.ci_high) == (1.0, 1.0)


def test_pairs_with_an_unknown_value_are_dropped() -> None:
    assert pearson([1, None, 3, 4], [1, 5, None, 4]).status == "insufficient_data"
    assert spearman([1, 2, 3, 4, None], [1, 2, 4, 3, 1]).n == 4


def test_equal_decimals_are_constant_although_their_mean_is_rounded() -> None:
    assert pearson([0.1] * 7, [1, 2, 3, 4, 5, 6, 7]).status == "zero_variance"
    assert spearman([1, 2, 3, 4, 5, 6, 7], [0.1] * 7).status == "zero_variance"


def test_huge_and_tiny_numbers_neither_overflow_nor_vanish() -> None:
    assert pearson([1e59, 2e59, 4e59, 8e59], [1e-50, 2e-50, 4e-50, 8e-50]).r == pytest.approx(1.0)


def test_a_table_is_no_series() -> None:
    with pytest.raises(ValueError, match="x must be one-dimensional, got 2 dimensions"):
        pearson(np.ones((2, 2)), [1, 2])
