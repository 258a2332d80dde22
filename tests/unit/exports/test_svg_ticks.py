"""Ticks stand at round values and say exactly where they are."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from prodlens.exports.svg_ticks import (
    Scale,
    axis,
    bounds,
    day_ticks,
    log_ticks,
    spread,
    tick_form,
    ticks,
)
from prodlens.metrics.values import Unit


@pytest.mark.parametrize(
    ("low", "high", "unit", "labels"),
    [
        (0.0, 10e6, Unit.TOKENS, ["0", "2.5M", "5M", "7.5M", "10M"]),
        (0.0, 800.0, Unit.COUNT, ["0", "200", "400", "600", "800"]),
        (0.0, 2000.0, Unit.COUNT, ["0", "500", "1k", "1.5k", "2k"]),
        (0.3, 0.4, Unit.SHARE, ["30%", "32.5%", "35%", "37.5%", "40%"]),
        (0.0, 20.0, Unit.USD, ["$0", "$5", "$10", "$15", "$20"]),
        (0.0, 0.02, Unit.USD, ["$0", "$0.005", "$0.01", "$0.015", "$0.02"]),
        (-20.0, 20.0, Unit.PERCENT, ["-20%", "-10%", "0%", "10%", "20%"]),
        (0.0, 4000.0, Unit.MILLISECONDS, ["0 ms", "1 s", "2 s", "3 s", "4 s"]),
        (0.0, 1e301, Unit.COUNT, ["0", "2.5e+300", "5e+300", "7.5e+300", "1e+301"]),
    ],
)
def test_labels_say_where_their_tick_is(
    low: float, high: float, unit: Unit, labels: list[str]
) -> None:
    assert [one.label for one in ticks(low, high, count=4, form=tick_form(unit))] == labels


def test_signed_labels_carry_a_plus_but_not_at_zero() -> None:
    found = ticks(-0.5, 1.0, count=3, form=tick_form(Unit.PER_DAY, signed=True))
    assert [one.label for one in found] == ["-0.5", "0", "+0.5", "+1"]


def test_a_logarithmic_axis_has_1_2_and_5() -> None:
    found = log_ticks(400.0, 22_000.0, form=tick_form(Unit.MILLISECONDS))
    assert [one.label for one in found] == ["500 ms", "1 s", "2 s", "5 s", "10 s", "20 s"]


def test_a_long_logarithmic_axis_has_powers_alone() -> None:
    found = log_ticks(1.0, 1e8, form=tick_form(Unit.COUNT))
    assert [one.value for one in found] == [10.0**power for power in range(9)]


def test_the_ends_of_an_axis_hold_all_values_and_are_apart() -> None:
    assert bounds([]) == (0.0, 1.0)
    assert bounds([0.0, 0.0]) == (0.0, 1.0)
    assert bounds([3.0, 9.0], include=0.0) == (0.0, 9.0)
    assert bounds([0.394, 0.394], least=0.02) == pytest.approx((0.384, 0.404))
    assert bounds([5.0], include=5.0, least=2.0) == (5.0, 7.0)
    low, high, found = axis(0.0, 9.3e6, count=4, form=tick_form(Unit.TOKENS))
    assert (low, high) == (0.0, 10e6)
    assert [one.label for one in found] == ["0", "2.5M", "5M", "7.5M", "10M"]


def test_a_scale_stops_at_its_ends() -> None:
    scale = Scale(0.0, 10.0, 100.0, 0.0)
    assert [scale.at(value) for value in (-5.0, 0.0, 2.5, 10.0, 1e308)] == [100, 100, 75, 0, 0]
    assert Scale(1.0, 100.0, 0.0, 10.0, is_log=True).at(10.0) == 5.0
    assert Scale(1.0, 100.0, 0.0, 10.0, is_log=True).at(0.0) == 0.0


def days(count: int) -> list[date]:
    return [date(2026, 8, 24) + timedelta(days=n) for n in range(count)]


def test_days_are_marked_by_weeks() -> None:
    assert day_ticks(days(90), 560.0, 11.0) == [
        *((0, "24 Aug"), (14, "7 Sep"), (28, "21 Sep"), (42, "5 Oct"), (56, "19 Oct")),
        *((70, "2 Nov"), (84, "16 Nov")),
    ]


def test_a_year_is_marked_by_months() -> None:
    assert day_ticks(days(365), 500.0, 11.0) == [
        *((8, "Sep 2026"), (69, "Nov 2026"), (130, "Jan 2027")),
        *((189, "Mar 2027"), (250, "May 2027"), (311, "Jul 2027")),
    ]
    assert [text for _, text in day_ticks(days(3000), 300.0, 11.0)] == [
        *("Jan 2028", "Jan 2030", "Jan 2032", "Jan 2034"),
    ]


def test_days_of_two_years_carry_their_year() -> None:
    new_year = [date(2026, 12, 28) + timedelta(days=n) for n in range(8)]
    assert [text for _, text in day_ticks(new_year, 200.0, 11.0)] == ["28 Dec 2026", "4 Jan 2027"]


def test_one_day_and_no_day() -> None:
    assert day_ticks(days(1), 0.0, 11.0) == [(0, "24 Aug")]
    assert day_ticks([], 100.0, 11.0) == []


def test_labels_that_would_meet_or_leave_the_frame_are_left_out() -> None:
    given = [(0.0, "out"), (30.0, "first"), (40.0, "meets"), (80.0, "second"), (99.0, "out")]
    assert spread(given, 10.0, first=0.0, last=110.0) == [(30.0, "first"), (80.0, "second")]
