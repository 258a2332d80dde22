from __future__ import annotations

from datetime import date

import pytest

from prodlens.exports import figures
from prodlens.metrics.values import MetricValue, Unit


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, Unit.SHARE, "0.0%"),
        (0.0004, Unit.SHARE, "<0.1%"),
        (0.0005, Unit.SHARE, "0.1%"),
        (0.394, Unit.SHARE, "39.4%"),
        (0.9996, Unit.SHARE, ">99.9%"),
        (1.0, Unit.SHARE, "100.0%"),
        (0.0, Unit.MILLISECONDS, "0 ms"),
        (999.4, Unit.MILLISECONDS, "999 ms"),
        (999.6, Unit.MILLISECONDS, "1.0 s"),
        (3_600_000.0, Unit.MILLISECONDS, "3,600.0 s"),
        (0.0, Unit.USD, "$0.00"),
        (0.00001, Unit.USD, "<$0.0001"),
        (0.069998, Unit.USD, "$0.0700"),
        (1655.234, Unit.USD, "$1,655.23"),
        (41208, Unit.COUNT, "41,208"),
        (0.857, Unit.PER_HOUR, "0.86"),
        (174.468, Unit.TOKENS_PER_LINE, "174.5"),
        (1419.0, Unit.TOKENS_PER_CALL, "1,419.0"),
        (47, Unit.LINES, "47"),
        (89888, Unit.TOKENS, "89,888"),
        (7, Unit.HOURS, "7"),
        (21.8555, Unit.PER_WEEK, "21.86"),
        (0.285714, Unit.PER_DAY, "0.29"),
        (44.8276, Unit.PERCENT, "+44.8%"),
        (-100.0, Unit.PERCENT, "-100.0%"),
        (0.25, Unit.DURATION_HOURS, "15 min"),
        (12.52, Unit.DURATION_HOURS, "12.5 h"),
        (71.9, Unit.DURATION_HOURS, "71.9 h"),
        (72.0, Unit.DURATION_HOURS, "3.0 days"),
    ],
)
def test_a_number_is_written_as_its_unit_asks(value: float, unit: Unit, text: str) -> None:
    assert figures.number(value, unit) == text


def test_every_unit_can_be_written() -> None:
    assert all(figures.number(1.0, unit) for unit in Unit)


def test_a_value_that_is_not_known_is_a_dash() -> None:
    assert figures.value_text(MetricValue(value=None, unit=Unit.USD, note="why")) == "-"


@pytest.mark.parametrize(
    ("measured", "text"),
    [
        (MetricValue(value=0.5, unit=Unit.SHARE, n=8, numerator=4, denominator=8), "4 of 8"),
        (MetricValue(value=2, unit=Unit.PER_HOUR, n=7, numerator=14, denominator=7), "14 / 7"),
        (
            MetricValue(value=0.1, unit=Unit.USD, n=4, numerator=0.4, denominator=4),
            "$0.4000 / 4",
        ),
        (
            MetricValue(value=2, unit=Unit.PER_WEEK, n=25, numerator=25, denominator=90 / 7),
            "25 / 12.9 weeks",
        ),
        (
            MetricValue(value=0.5, unit=Unit.PER_DAY, n=4, numerator=4, denominator=8.0),
            "4 / 8 days",
        ),
        (MetricValue(value=950, unit=Unit.MILLISECONDS, n=1234), "n 1,234"),
        (MetricValue(value=9, unit=Unit.COUNT, n=9), ""),
        (MetricValue(value=1, unit=Unit.USD), ""),
    ],
)
def test_what_a_value_rests_on(measured: MetricValue, text: str) -> None:
    assert figures.basis(measured) == text


def test_an_interval_has_the_unit_of_its_value() -> None:
    share = MetricValue(value=0.625, unit=Unit.SHARE, interval=(0.3057, 0.8631))
    assert figures.interval(share) == "30.6% to 86.3%"
    assert figures.interval(MetricValue(value=1, unit=Unit.COUNT)) == ""


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 8, 24), date(2026, 11, 21), "24 Aug to 21 Nov 2026"),
        (date(2025, 12, 31), date(2026, 1, 1), "31 Dec 2025 to 1 Jan 2026"),
        (date(2026, 3, 2), date(2026, 3, 2), "2 Mar 2026"),
    ],
)
def test_a_range_of_days(first: date, last: date, text: str) -> None:
    assert figures.day_range(first, last) == text


def test_counts_agree_with_their_word() -> None:
    assert figures.counted(1, "call") == "1 call"
    assert figures.counted(1200, "call") == "1,200 calls"
    assert figures.counted(2, "proxy", "proxies") == "2 proxies"
