from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.metrics.against import differences, other_time, verdict
from prodlens.metrics.metric import Better, Family
from prodlens.metrics.values import MetricValue, Unit


def day(month: int, number: int, year: int = 2026) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "kind", "then"),
    [
        (day(11, 2), day(11, 9), "previous", (day(10, 26), day(11, 2))),
        (day(11, 2), day(11, 12), "previous", (day(10, 19), day(10, 29))),
        (day(8, 24), day(11, 22), "previous", (day(5, 25), day(8, 23))),
        (day(11, 2), day(11, 9), "year", (day(11, 3, 2025), day(11, 10, 2025))),
        (day(1, 1), day(1, 6, 2027), "year", (day(12, 26, 2024), day(12, 31, 2025))),
    ],
)
def test_the_other_time_has_the_same_weekdays(
    start: datetime, end: datetime, kind: Any, then: tuple[datetime, datetime]
) -> None:
    assert other_time(start, end, kind) == then


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - made aware below
    st.integers(1, 900 * 24),
    st.sampled_from(["previous", "year"]),
)
def test_the_other_time_is_as_long_ends_before_and_keeps_the_weekday(
    start: datetime, hours: int, kind: Any
) -> None:

    begin = start.replace(tzinfo=UTC)
    end = begin + timedelta(hours=hours)
    first, last = other_time(begin, end, kind)
    assert last - first == end - begin
    assert last <= begin
    assert first.weekday() == begin.weekday()


def value(slug_value: float | None, unit: Unit, **fields: Any) -> MetricValue:
    return MetricValue(
        value=slug_value, unit=unit, note="none" if slug_value is None else None, **fields
    )


def test_a_share_of_deliveries_is_judged_by_its_interval() -> None:
    now = {"rework_rate": value(0.05, Unit.SHARE, numerator=10, denominator=200)}
    then = {"rework_rate": value(0.20, Unit.SHARE, numerator=40, denominator=200)}
    found = differences(now, then, {})["rework_rate"]
    assert found.value == pytest.approx(-0.15)
    assert (round(found.low or 0, 3), round(found.high or 0, 3)) == (-0.215, -0.087)
    assert found.verdict == "better"


def test_a_share_whose_parts_are_no_cases_gets_no_interval() -> None:
    now = {"edit_retained_share": value(0.5, Unit.SHARE, n=4, numerator=50, denominator=100)}
    then = {"edit_retained_share": value(0.8, Unit.SHARE, n=5, numerator=80, denominator=100)}
    found = differences(now, then, {})["edit_retained_share"]
    assert found.value == pytest.approx(-0.3)
    assert (found.low, found.high, found.verdict) == (None, None, "none")


def test_a_share_of_calls_gets_an_interval_and_no_verdict() -> None:
    now = {"error_rate": value(0.05, Unit.SHARE, numerator=500, denominator=10_000)}
    then = {"error_rate": value(0.20, Unit.SHARE, numerator=2000, denominator=10_000)}
    found = differences(now, then, {})["error_rate"]
    assert found.verdict == "none"
    assert found.high is not None
    assert found.high < 0
    assert found.note == "calls of one developer resemble each other: no verdict"


def test_counts_change_in_per_cent_and_use_is_no_verdict() -> None:
    now = {"calls": value(150, Unit.COUNT), "merged_prs": value(20, Unit.COUNT)}
    then = {"calls": value(100, Unit.COUNT), "merged_prs": value(25, Unit.COUNT)}
    found = differences(now, then, {})
    assert (found["calls"].value, found["calls"].verdict) == (50.0, "none")
    assert (found["merged_prs"].value, found["merged_prs"].verdict) == (-20.0, "unclear")


def test_nothing_is_compared_with_nothing() -> None:
    now = {"calls": value(150, Unit.COUNT), "cost_usd": value(None, Unit.USD)}
    then = {"calls": value(0, Unit.COUNT), "cost_usd": value(5.0, Unit.USD)}
    found = differences(now, then, {})
    assert found["calls"].value is None
    assert found["calls"].note == "nothing to divide by"
    assert found["cost_usd"].value is None


def test_a_family_that_was_not_covered_then_is_not_compared() -> None:
    now = {"calls": value(150, Unit.COUNT), "merged_prs": value(20, Unit.COUNT)}
    reasons = {Family.INTERACTION: "no calls are known then"}
    found = differences(now, dict(now), reasons)
    assert found["calls"].previous.value is None
    assert found["calls"].note == "no calls are known then"
    assert found["merged_prs"].value == 0.0


@pytest.mark.parametrize(
    ("low", "high", "better", "word"),
    [
        (0.1, 0.2, Better.UP, "better"),
        (0.1, 0.2, Better.DOWN, "worse"),
        (-0.2, -0.1, Better.DOWN, "better"),
        (0.0, 0.2, Better.UP, "unclear"),
        (None, None, Better.UP, "unclear"),
        (0.1, 0.2, Better.NEITHER, "none"),
    ],
)
def test_a_verdict(low: float | None, high: float | None, better: Better, word: str) -> None:
    assert verdict(low, high, better) == word
