from __future__ import annotations

import pytest

from prodlens.stats.survey import csat, nps, nps_difference, nps_from_scores


def test_nps_in_points_with_its_interval() -> None:
    result = nps(16, 12, 8)
    assert result.nps == pytest.approx(22.2222222222222)
    assert result.se == pytest.approx(13.0945700219731)
    assert result.ci_low == pytest.approx(-4.03479821420947)
    assert result.ci_high == pytest.approx(45.0604392398505)


def test_answers_fall_into_three_groups() -> None:
    result = nps_from_scores([10, 9, 9, 8, 7, 7, 6, 3, 10, 0])
    assert (result.promoters, result.passives, result.detractors) == (4, 3, 3)
    assert result.nps == pytest.approx(10.0)


def test_five_promoters_are_not_certain() -> None:
    result = nps(5, 0, 0)
    assert (result.nps, result.se, result.ci_high) == (100.0, 0.0, 100.0)
    assert result.ci_low == pytest.approx(17.491453034169)


def test_no_answer_gives_no_score() -> None:
    result = nps_from_scores([])
    assert (result.nps, result.ci_low, result.n) == (None, None, 0)
    assert result.status == "insufficient_data"


@pytest.mark.parametrize("scores", [[11], [-1], [5, 12]])
def test_answers_off_the_scale_raise(scores: list[int]) -> None:
    with pytest.raises(ValueError, match="whole number from 0 to 10"):
        nps_from_scores(scores)


def test_negative_numbers_of_answers_raise() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        nps(1, -1, 0)


def test_difference_adds_both_adjusted_variances() -> None:
    """With n + 3 answers: centres 8/39 and -4/23, variances of 0.42209 / 39 and 0.43714 / 23."""
    result = nps_difference(nps(16, 12, 8), nps(4, 8, 8))
    assert result.diff == pytest.approx(42.2222222222222)
    centre = 100 * (8 / 39 + 4 / 23)
    half = (
        195.996398454 * ((25.5 / 39 - (8 / 39) ** 2) / 39 + (13.5 / 23 - (4 / 23) ** 2) / 23) ** 0.5
    )
    assert result.ci_low == pytest.approx(centre - half)
    assert result.ci_high == pytest.approx(centre + half)


def test_no_difference_from_a_group_without_answers() -> None:
    assert nps_difference(nps(1, 1, 1), nps(0, 0, 0)).status == "insufficient_data"


def test_csat_counts_the_top_two_boxes() -> None:
    result = csat([5, 4, 4, 3, 5, 2, 4, 5, 1, 4])
    assert (result.csat, result.k, result.n) == (70.0, 7, 10)
    assert result.ci_low == pytest.approx(39.6778147461145)
    assert result.ci_high == pytest.approx(89.2208732593699)
    assert csat([5, 4, 4], top_box_min=5).k == 1


def test_csat_without_answers_is_unknown() -> None:
    result = csat([])
    assert (result.csat, result.ci_low, result.status) == (None, None, "insufficient_data")


@pytest.mark.parametrize(("scores", "top"), [([0], 4), ([6], 4), ([3], 0)])
def test_csat_off_the_scale_raises(scores: list[int], top: int) -> None:
    with pytest.raises(ValueError, match="whole number from 1 to 5"):
        csat(scores, top_box_min=top)


def test_levels_are_checked() -> None:
    with pytest.raises(ValueError, match="conf must lie between"):
        nps(1, 1, 1, conf=1.0)
