from __future__ import annotations

import math

import pytest

from prodlens.stats.effect import (
    band_of_d,
    band_of_delta,
    cliffs_delta,
    ratio_of_means,
    standardized_difference,
)


def test_d_and_g_of_the_textbook_cars() -> None:
    """Values of R's ``effectsize::cohens_d(mpg ~ am, data = mtcars)``."""
    automatic = [21.4, 18.7, 18.1, 14.3, 24.4, 22.8, 19.2, 17.8, 16.4, 17.3]
    automatic += [15.2, 10.4, 10.4, 14.7, 21.5, 15.5, 15.2, 13.3, 19.2]
    manual = [21, 21, 22.8, 32.4, 30.4, 33.9, 27.3, 26, 30.4, 15.8, 19.7, 15, 21.4]
    result = standardized_difference(automatic, manual)
    assert result.d == pytest.approx(-1.47794709580159, abs=1e-9)
    assert result.g == pytest.approx(-1.44063540240186, abs=1e-9)
    assert result.d_ci_low == pytest.approx(-2.26597328044609, abs=1e-6)
    assert result.d_ci_high == pytest.approx(-0.670568385745411, abs=1e-6)
    assert result.band == "large"


def test_the_first_group_minus_the_second_gives_the_sign() -> None:
    assert standardized_difference([4, 5, 6], [1, 2, 3]).d == pytest.approx(3.0)
    assert standardized_difference([1, 2, 3], [4, 5, 6]).d == pytest.approx(-3.0)


def test_constant_groups_have_no_standardised_difference() -> None:
    result = standardized_difference([0.1, 0.1, 0.1], [0.3, 0.3])
    assert (result.d, result.band, result.pooled_sd) == (None, None, 0.0)
    assert result.status == "zero_variance"


def test_one_value_is_not_a_group() -> None:
    assert standardized_difference([1], [2, 3]).status == "insufficient_data"
    assert standardized_difference([], []).n1 == 0


def test_nearly_constant_groups_far_apart_stay_finite() -> None:
    result = standardized_difference([1, 1, 1.0000001], [5, 5, 5])
    assert result.d == pytest.approx(-9.8e7, rel=1e-2)
    assert result.d_ci_low is not None
    assert result.d_ci_high is not None
    assert -math.inf < result.d_ci_low < result.d_ci_high < 0


def test_a_wider_level_gives_a_wider_interval() -> None:
    a, b = [1.0, 2.0, 4.0, 7.0], [2.0, 5.0, 9.0]
    narrow, wide = (standardized_difference(a, b, conf=conf) for conf in (0.8, 0.99))
    assert narrow.d_ci_low is not None
    assert wide.d_ci_low is not None
    assert wide.d_ci_low < narrow.d_ci_low


@pytest.mark.parametrize("conf", [0.0, 1.0, 95.0])
def test_a_level_outside_the_unit_interval_raises(conf: float) -> None:
    with pytest.raises(ValueError, match="conf must lie between 0 and 1"):
        standardized_difference([1, 2], [3, 4], conf=conf)


def test_unknown_values_raise_instead_of_spreading() -> None:
    with pytest.raises(ValueError, match="a must not hold unknown values"):
        standardized_difference([1.0, math.nan], [1.0, 2.0])


def test_bands_use_inclusive_lower_bounds() -> None:
    assert [band_of_d(d) for d in (0.0, -0.2, 0.5, 0.79, 0.8)] == [
        "negligible",
        "small",
        "medium",
        "medium",
        "large",
    ]
    assert [band_of_delta(d) for d in (0.146, -0.147, 0.33, 0.474)] == [
        "negligible",
        "small",
        "medium",
        "large",
    ]


def test_cliffs_delta_is_the_rank_biserial_correlation() -> None:
    """``2 * scipy.stats.mannwhitneyu(a, b).statistic / 20 - 1``."""
    result = cliffs_delta([3, 5, 8, 2, 7], [1, 2, 4, 2])
    assert result.delta == pytest.approx(0.7)
    assert result.prob_superiority == pytest.approx(0.85)
    assert result.band == "large"


def test_groups_that_do_not_overlap_keep_an_honest_interval() -> None:
    """Feng & Cliff 2004, equation 8: ``(3 - 1.96^2) / (3 + 1.96^2)``."""
    result = cliffs_delta([5, 6, 7, 8], [1, 2, 3])
    assert (result.delta, result.ci_high) == (1.0, 1.0)
    assert result.ci_low == pytest.approx(-0.122994063510)
    mirrored = cliffs_delta([1, 2, 3], [5, 6, 7, 8])
    assert mirrored.ci_low == -1.0
    assert mirrored.ci_high == pytest.approx(0.122994063510)


def test_equal_constant_groups_have_delta_zero() -> None:
    result = cliffs_delta([2, 2, 2], [2, 2])
    assert (result.delta, result.prob_superiority, result.band) == (0.0, 0.5, "negligible")
    assert result.var == pytest.approx(0.2)


def test_one_value_is_described_without_an_interval() -> None:
    result = cliffs_delta([9], [1, 2, 3])
    assert (result.delta, result.ci_low, result.status) == (1.0, None, "descriptive")


def test_an_empty_group_has_no_delta() -> None:
    result = cliffs_delta([], [1.0])
    assert (result.delta, result.band, result.status) == (None, None, "insufficient_data")


def test_ratio_of_means_with_its_interval() -> None:
    """Closed form in R on the same vectors."""
    result = ratio_of_means(
        [1500, 2200, 900, 4100, 1750, 1300, 2600, 1980], [2300, 5100, 1200, 3900, 2750, 6400, 1800]
    )
    assert result.ratio == pytest.approx(0.609328358208955)
    assert result.ci_low == pytest.approx(0.336756282820505)
    assert result.ci_high == pytest.approx(1.10252151795938)
    assert result.pct_change == pytest.approx(-39.0671641791045)


def test_a_ratio_needs_means_above_zero() -> None:
    assert ratio_of_means([1, 2], [0, 0]).status == "zero_denominator"
    assert ratio_of_means([0, 0], [1, 2]).status == "insufficient_activity"
    assert ratio_of_means([0, 0], [1, 2]).ratio is None
    assert ratio_of_means([1], [1, 2]).status == "insufficient_data"


def test_constant_groups_have_a_ratio_without_an_interval() -> None:
    result = ratio_of_means([6, 6], [4, 4])
    assert (result.ratio, result.ci_low, result.status) == (1.5, None, "zero_variance")


def test_an_interval_without_bounds_is_left_out() -> None:
    result = ratio_of_means([-1e50, 1e50 + 1e40], [1.0, 2.0])
    assert result.ratio is not None
    assert (result.ci_low, result.ci_high, result.status) == (None, None, "exploratory")
