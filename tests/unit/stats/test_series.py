from __future__ import annotations

from datetime import date, timedelta

import pytest

from prodlens.stats.series import daily_series, lag_pairs, quiet_workdays

MONDAY = date(2026, 1, 5)
NEXT_MONDAY = MONDAY + timedelta(days=7)


def test_every_day_of_the_window_has_a_value() -> None:
    counts = {MONDAY: 4, MONDAY + timedelta(days=2): 1, NEXT_MONDAY: 9}
    assert daily_series(counts, since=MONDAY, until=NEXT_MONDAY) == [4, 0, 1, 0, 0, 0, 0]
    assert daily_series(counts, since=NEXT_MONDAY, until=MONDAY) == []


def test_a_day_without_coverage_is_unknown_even_with_a_count() -> None:
    counts = {MONDAY: 4}
    series = daily_series(
        counts, since=MONDAY, until=MONDAY + timedelta(days=2), missing_coverage=[MONDAY]
    )
    assert series == [None, 0]


def test_pairs_keep_days_without_activity() -> None:
    x = {MONDAY: 4, MONDAY + timedelta(days=1): 7, MONDAY + timedelta(days=3): 2}
    y = {MONDAY + timedelta(days=1): 1, MONDAY + timedelta(days=2): 3}
    pairs = lag_pairs(x, y, since=MONDAY, until=MONDAY + timedelta(days=5), lag=1)
    assert pairs == [(4, 1), (7, 3), (0, 0), (2, 0)]


def test_a_day_without_coverage_loses_both_its_pairs() -> None:
    tuesday = MONDAY + timedelta(days=1)
    x = {MONDAY + timedelta(days=day): day for day in range(5)}
    pairs = lag_pairs(
        x, x, since=MONDAY, until=MONDAY + timedelta(days=5), lag=1, missing_coverage=[tuesday]
    )
    assert pairs == [(2, 3), (3, 4)]


def test_a_lag_as_long_as_the_window_leaves_no_pair() -> None:
    assert lag_pairs({}, {}, since=MONDAY, until=NEXT_MONDAY, lag=7) == []
    with pytest.raises(ValueError, match="lag must not be negative"):
        lag_pairs({}, {}, since=MONDAY, until=NEXT_MONDAY, lag=-1)


def test_quiet_work_days_are_those_below_a_fifth_of_their_weekday() -> None:
    week: list[float | None] = [10, 10, 10, 10, 10, 0, 0]
    shut: list[float | None] = [10, 2, 1, None, 10, 0, 0]
    assert quiet_workdays([*week, *shut, *week], 0) == [9]
    assert quiet_workdays([*week, *shut, *week], 0, weekend=(0, 1, 2, 3)) == []
    assert quiet_workdays([], 0) == []
