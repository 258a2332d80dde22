from __future__ import annotations

import math

import pytest

from prodlens.stats.multiplicity import adjust_pvalues, benjamini_hochberg, family_size


def test_bh_takes_the_cumulative_minimum() -> None:
    assert adjust_pvalues([0.04, 0.045, 0.1], "bh") == pytest.approx([0.0675, 0.0675, 0.1])


def test_none_stays_in_place_and_does_not_count() -> None:
    assert adjust_pvalues([0.52, None, 0.1, 0.3, 0.14]) == [
        pytest.approx(0.52),
        None,
        pytest.approx(0.28),
        pytest.approx(0.4),
        pytest.approx(0.28),
    ]
    assert family_size([0.52, None, 0.1, 0.3, 0.14]) == 4


def test_by_agrees_with_scipy() -> None:
    """``scipy.stats.false_discovery_control([.001, .02, .03, .5], method="by")``."""
    assert adjust_pvalues([0.001, 0.02, 0.03, 0.5], "by") == pytest.approx(
        [0.00833333, 0.08333333, 0.08333333, 1.0], abs=1e-8
    )


def test_holm_steps_down() -> None:
    assert adjust_pvalues([0.01, 0.04, 0.03], "holm") == pytest.approx([0.03, 0.06, 0.06])


def test_bonferroni_is_capped_at_one() -> None:
    assert adjust_pvalues([0.3, 0.5], "bonferroni") == pytest.approx([0.6, 1.0])


def test_the_short_form_is_bh() -> None:
    assert benjamini_hochberg([0.01, 0.04]) == adjust_pvalues([0.01, 0.04], "bh")


@pytest.mark.parametrize("p", [[], [None], [None, None]])
def test_a_family_without_tests_stays_as_it_is(p: list[float | None]) -> None:
    assert adjust_pvalues(p) == p


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_what_is_no_p_value_raises(value: float) -> None:
    with pytest.raises(ValueError, match="use None where there is none"):
        adjust_pvalues([0.5, value])
