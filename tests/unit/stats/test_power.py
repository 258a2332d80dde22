from __future__ import annotations

import math

import pytest
from scipy import special

from prodlens.stats.distributions import noncentral_t_cdf
from prodlens.stats.power import (
    days_needed,
    detectable_d,
    detectable_r,
    pairs_for_r,
    power_two_sample,
    units_per_group,
)


def test_the_textbook_sample_size() -> None:
    """R: ``pwr::pwr.t.test(d = .5, power = .8)$n``."""
    assert units_per_group(0.5) == pytest.approx(63.7656104441418, abs=1e-4)
    assert units_per_group(-0.5) == units_per_group(0.5)


@pytest.mark.parametrize(("n", "d"), [(5, 2.02), (10, 1.32)])
def test_what_small_groups_can_detect(n: int, d: float) -> None:
    assert detectable_d(n) == pytest.approx(d, abs=0.006)


def test_power_counts_both_tails() -> None:
    assert power_two_sample(20, 0.5) == pytest.approx(0.33793902892509, abs=1e-7)
    assert power_two_sample(20, 0.0) == pytest.approx(0.05)
    assert power_two_sample(100, 5.0) == 1.0


def test_nothing_is_detected_with_one_unit_or_no_difference() -> None:
    assert power_two_sample(1, 0.5) is None
    assert detectable_d(1) is None
    assert units_per_group(0.0) is None
    assert pairs_for_r(0.0) is None
    assert days_needed(0.0) is None


def test_a_difference_too_small_for_any_study_is_none() -> None:
    assert units_per_group(1e-9) is None


def test_detectable_correlation_pays_for_controls() -> None:
    assert detectable_r(30, controls=8) == pytest.approx(0.56675396995668)
    assert detectable_r(90) == pytest.approx(0.2916433657385164)
    assert detectable_r(11, controls=8) is None


def test_days_needed_include_lag_and_controls() -> None:
    """84.93 pairs for r = 0.3, and 1 trend + 4 bends + 6 weekdays beside the intercept: 95.93."""
    assert days_needed(0.3, lag=0) == 96
    assert days_needed(0.3, lag=1) == 97
    assert days_needed(0.9) == 28
    assert days_needed(0.9, lag=10) == 40
    assert days_needed(0.9, lag=15) is None
    assert days_needed(0.005) is None


@pytest.mark.parametrize(("alpha", "power"), [(0.0, 0.8), (0.05, 1.0), (0.05, 0.05), (0.05, 0.01)])
def test_levels_that_make_no_sense_raise(alpha: float, power: float) -> None:
    with pytest.raises(ValueError, match="must"):
        detectable_r(50, alpha=alpha, power=power)


def test_a_correlation_beyond_one_raises() -> None:
    with pytest.raises(ValueError, match="r must lie between -1 and 1"):
        pairs_for_r(1.0)
    with pytest.raises(ValueError, match="lag must not be negative"):
        days_needed(0.5, lag=-1)


@pytest.mark.parametrize(
    ("value", "df", "noncentrality", "probability"),
    [
        (10.896593713148018, 3, -7.21511787563146, 1.0),
        (-77.60099445097812, 590, 43.553550539754184, 0.0),
    ],
)
def test_far_tails_are_0_or_1_where_the_library_gives_nan(
    value: float, df: float, noncentrality: float, probability: float
) -> None:
    assert noncentral_t_cdf(value, df, noncentrality) == probability
    assert math.isnan(special.nctdtr(df, noncentrality, value))
