from __future__ import annotations

import math

import pytest

from prodlens.stats.growth import session_growth


def test_two_weeks_are_compared_week_to_week() -> None:
    result = session_growth([5, 6, 7, 6, 5, 0, 0, 8, 9, 9, 8, 7, 1, 0])
    assert (result.before, result.after, result.weeks_per_half) == (29, 42, 1)
    assert result.session_growth_percent == pytest.approx(44.827586206896555)


def test_at_most_four_weeks_are_compared_with_four() -> None:
    result = session_growth([100.0] * 44 + [1.0] * 28 + [2.0] * 28)
    assert (result.weeks_per_half, result.before, result.after) == (4, 28, 56)


def test_a_steady_work_week_does_not_grow() -> None:
    result = session_growth([9, 9, 9, 9, 9, 1, 0] * 4)
    assert result.session_growth_percent == 0.0
    assert result.ci_low is not None
    assert result.ci_high is not None
    assert result.ci_low < 0 < result.ci_high


def test_the_interval_of_an_exact_fit_is_that_of_poisson_counts() -> None:
    """14 and 21 sessions, 6 degrees of freedom: 1.5 * exp(-+ 2.446912 * sqrt(1/14 + 1/21))."""
    result = session_growth([2] * 7 + [3] * 7)
    half = 2.4469118511449692 * math.sqrt(1 / 14 + 1 / 21)
    assert result.ci_low == pytest.approx(100 * (1.5 * math.exp(-half) - 1))
    assert result.ci_high == pytest.approx(100 * (1.5 * math.exp(half) - 1))


def test_wilder_days_widen_the_interval() -> None:
    calm = session_growth([8, 8, 8, 8, 8, 0, 0] * 4)
    wild = session_growth([1, 15, 2, 14, 8, 0, 0, 15, 1, 14, 2, 8, 0, 0] * 2)
    assert (calm.before, calm.after) == (wild.before, wild.after)
    assert calm.ci_high is not None
    assert wild.ci_high is not None
    assert wild.ci_high > calm.ci_high + 50


def test_a_single_busy_day_tells_nothing_about_spread() -> None:
    """One weekday with sessions leaves two days and two parameters: no interval."""
    result = session_growth([0] * 6 + [3] + [0] * 6 + [6])
    assert result.session_growth_percent == 100.0
    assert (result.ci_low, result.ci_high) == (None, None)


def test_thirteen_days_are_too_few() -> None:
    result = session_growth([1] * 13)
    assert (result.session_growth_percent, result.weeks_per_half) == (None, None)
    assert result.status == "insufficient_data"
    assert session_growth([]).status == "insufficient_data"


def test_growth_from_nothing_is_undefined() -> None:
    result = session_growth([0] * 7 + [3] * 7)
    assert (result.session_growth_percent, result.before, result.after) == (None, 0, 21)
    assert result.status == "zero_denominator"


def test_growth_to_nothing_is_minus_one_hundred_without_an_interval() -> None:
    result = session_growth([3] * 7 + [0] * 7)
    assert result.session_growth_percent == -100.0
    assert (result.ci_low, result.ci_high, result.status) == (None, None, "ok")


def test_an_uncovered_day_makes_the_comparison_invalid() -> None:
    result = session_growth([3.0] * 13 + [None])
    assert (result.session_growth_percent, result.status) == (None, "invalid")
    assert session_growth([None, *[3.0] * 14]).status == "ok"


def test_wrong_calls_raise() -> None:
    with pytest.raises(ValueError, match="must be finite and not negative"):
        session_growth([1] * 13 + [-1])
    with pytest.raises(ValueError, match="conf must lie between"):
        session_growth([1] * 14, conf=0)
