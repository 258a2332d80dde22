from __future__ import annotations

import pytest

from prodlens.metrics.planning import days_for, plan


def test_days_that_are_missing_are_counted() -> None:
    made = plan(0.4, lag=1, present=30)
    assert (made.needed, made.more) == (57, 27)
    assert made.sentence() == (
        "27 more days until a lag correlation of 0.40 the next day would show four times out of "
        "five: 57 are needed, there are 30 days known on both sides."
    )


def test_autocorrelated_days_take_longer() -> None:
    made = plan(0.4, lag=1, present=60, worth=0.75)
    assert (made.needed, made.needed_worth, made.more) == (57, 77, 17)
    assert made.sentence() == (
        "17 more days until a lag correlation of 0.40 the next day would show four times out of "
        "five: 77 are needed, there are 60 days known on both sides, each worth 0.75 after "
        "autocorrelation."
    )


def test_enough_days_are_called_enough() -> None:
    made = plan(0.4, lag=0, present=90)
    assert made.more == 0
    assert made.sentence() == (
        "Enough days for a lag correlation of 0.40 on the same day: 56 are needed, there are 90 "
        "days known on both sides."
    )


def test_what_thirty_days_can_show_is_the_planning_table() -> None:
    assert plan(0.4, lag=1, present=30).detectable == pytest.approx(0.58, abs=0.01)
    assert plan(0.4, lag=1, present=27).detectable is None


@pytest.mark.parametrize("present", [0, 1, 13])
def test_next_to_no_days_are_planned_from(present: int) -> None:
    made = plan(0.4, lag=1, present=present)
    assert made.detectable is None
    assert made.more == 57 - present


def test_a_lag_beyond_two_weeks_is_never_planned() -> None:
    made = plan(0.4, lag=15, present=90)
    assert (made.needed, made.more, made.detectable) == (None, None, None)
    assert made.sentence() == (
        "No number of days shows a lag correlation of 0.40 15 days later: 14 days are the longest "
        "lag."
    )


def test_no_number_of_days_shows_what_is_next_to_nothing() -> None:
    assert days_for(0.0001, lag=1, worth=1.0) is None
    assert plan(0.0001, lag=1, present=90).sentence() == (
        "No number of days shows a lag correlation of 0.00 the next day four times out of five."
    )
