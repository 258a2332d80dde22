from __future__ import annotations

import pytest

from prodlens.stats.association import lagged_association
from prodlens.stats.sensitivity import range_of, rank_variant, week_differences, without_days
from unit.metrics.golden_days import EFFECT, NULL

X, Y, START = EFFECT["x"], EFFECT["y"], EFFECT["start_weekday"]


def test_with_nothing_set_aside_it_is_the_headline() -> None:
    headline, found = lagged_association(X, Y, START, 1), without_days(X, Y, START, 1)
    assert found.r == pytest.approx(0.270720257428419)
    assert (found.status, found.n_pairs) == ("ok", 89)
    assert found.n_eff == pytest.approx(headline.n_eff)
    assert (found.ci_low, found.ci_high) == pytest.approx((headline.ci_low, headline.ci_high))


def test_what_is_set_aside_does_not_matter_at_all() -> None:
    changed = [1_000 if place == 40 else count for place, count in enumerate(X)]
    assert without_days(changed, Y, START, 1, [40]) == without_days(X, Y, START, 1, [40])
    assert without_days(changed, Y, START, 1) != without_days(X, Y, START, 1)


def test_half_of_the_days_may_go_and_an_interval_remains() -> None:
    weekends = [place for place in range(90) if (START + place) % 7 >= 5]
    found = without_days(X, Y, START, 1, weekends)
    # Monday to Thursday as exposure, Tuesday to Friday as outcome
    assert found.n_pairs == 50
    assert found.r is not None
    assert found.ci_low is not None
    assert found.ci_high is not None
    assert found.ci_low < found.r < found.ci_high
    controlled = lagged_association(X, Y, START, 1, weekends)
    assert controlled.r == pytest.approx(found.r)
    assert controlled.ci_low is not None
    assert controlled.ci_low < found.ci_low  # a control for each day would widen the interval


def test_differences_of_a_week_need_no_model_of_the_weekday() -> None:
    found = week_differences(X, Y, START, 1)
    assert (found.status, found.n_pairs) == ("ok", 82)
    # adding a weekly pattern of logs changes nothing
    pattern = [1, 3, 7, 15, 31, 1, 1]
    scaled = [pattern[place % 7] * (count + 1) - 1 for place, count in enumerate(X)]
    assert week_differences(scaled, Y, START, 1).r == pytest.approx(found.r)


def test_a_change_that_touches_a_day_set_aside_goes() -> None:
    assert week_differences(X, Y, START, 0, [50]).n_pairs == 90 - 7 - 2


def test_the_ranks_have_an_interval_of_their_own() -> None:
    result = lagged_association(X, Y, START, 1)
    found = rank_variant(result)
    assert found.r == result.rho_adj
    assert found.ci_low is not None
    assert found.ci_high is not None
    assert found.ci_low < (result.rho_adj or 0.0) < found.ci_high
    assert rank_variant(lagged_association([1], [1], 0, 0)).r is None


@pytest.mark.parametrize(
    ("x", "y", "status"),
    [
        ([], [], "insufficient_data"),
        ([5], [2], "insufficient_data"),
        ([0] * 40, [0] * 40, "insufficient_activity"),
        ([3] * 40, Y[:40], "zero_variance"),
        ([None] * 20 + X[:40], [*Y[:60]], "invalid"),
    ],
)
def test_bad_series_are_a_status(x: list[int], y: list[int], status: str) -> None:
    for found in (without_days(x, y, 0, 0, [1]), week_differences(x, y, 0, 0)):
        assert found.status == status
        assert found.r is found.ci_low is found.n_eff is None


def test_nearly_everything_set_aside_is_not_enough_data() -> None:
    assert without_days(X, Y, START, 1, range(85)).status == "insufficient_data"
    quiet = [0 if place > 30 else count for place, count in enumerate(X)]
    assert without_days(quiet, Y, START, 1, range(29)).status == "insufficient_activity"
    assert week_differences(NULL["x"][:15], NULL["y"][:15], 0, 0).status == "insufficient_data"


def test_a_range_leaves_out_what_does_not_exist() -> None:
    assert range_of([0.5, None, -0.1]) == (-0.1, 0.5)
    assert range_of([None]) is None
