from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from prodlens.metrics.calendar import Days
from prodlens.metrics.high_low_days import Check, HighLowDays, check_text, high_low_days, sentence
from prodlens.stats.high_low import HighLow, high_low_difference
from unit.metrics.golden_days import EFFECT, first_day, golden, metrics

PAIR = ("sessions", "commits")
SPAN = Days(date(2026, 1, 1), date(2026, 3, 31))


def made(**fields: Any) -> HighLowDays:
    result = {
        "status": "ok",
        "n_pairs": 89,
        "n_high": 30,
        "n_low": 30,
        "percent": 61.2,
        "ci_low": 14.0,
        "ci_high": 128.0,
    } | fields.pop("result", {})
    given: dict[str, Any] = {
        "x": "sessions",
        "y": "commits",
        "lag_days": 1,
        "split": "tertile",
        "status": "ok",
        "days": SPAN,
        "days_covered": 90,
        "result": HighLow(**result),
    }
    return HighLowDays(**given | fields)


def test_the_difference_is_that_of_the_series() -> None:
    found = high_low_days(golden(EFFECT), PAIR)
    start = EFFECT["start_weekday"]
    assert found.result == high_low_difference(EFFECT["x"], EFFECT["y"], start, 1)
    assert found.status == "ok"


def test_the_strip_holds_every_other_choice() -> None:
    found = high_low_days(golden(EFFECT), PAIR)
    assert [check.name for check in found.checks] == [
        "weekends out",
        "non-working days out",
        "7-day differences",
    ]
    assert found.checks[0].days == 26
    assert found.weeks is not None
    assert found.result is not None
    assert found.result.percent is not None
    assert found.weeks[0] <= found.result.percent <= found.weeks[1]


def test_a_listed_day_is_set_aside() -> None:
    days = golden(EFFECT)
    assert days.days is not None
    holiday = days.days.first + timedelta(days=20)
    found = high_low_days(days, PAIR, nonworking_days=(holiday,))
    start = EFFECT["start_weekday"]
    assert found.result == high_low_difference(EFFECT["x"], EFFECT["y"], start, 1, [20])


def test_a_difference_with_an_interval_above_0() -> None:
    assert sentence(made()) == (
        "Days of high AI sessions go together with more commits the next day (+61%, 95% interval "
        "+14% to +128%; 30 days in the upper third of AI sessions for their weekday, 30 in the "
        "lower, 2026-01-01 to 2026-03-31; exploratory, a family of its own). A difference between "
        "kinds of days, not an effect of AI. What would change it: a cause of both that comes and "
        "goes within three weeks, or a check below whose interval holds 0."
    )


def test_a_difference_below_0_says_fewer() -> None:
    text = sentence(made(result={"percent": -30.0, "ci_low": -50.0, "ci_high": -2.0}))
    assert "go together with fewer commits the next day (-30%, 95% interval -50% to -2%" in text


def test_an_interval_with_0_neither_shows_nor_excludes() -> None:
    found = made(split="median", status="exploratory", result={"ci_low": -9.0})
    assert sentence(found) == (
        "Exploratory, fewer than 28 days: 30 days in the upper half of AI sessions for their "
        "weekday, 30 in the lower, 2026-01-01 to 2026-03-31: the difference in commits the next "
        "day, +61%, 95% interval -9% to +128%, neither shows nor excludes one; a family of its "
        "own. What would change it: more days, which narrow the interval. A difference between "
        "kinds of days, not an effect of AI."
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("no_x", "Not enough data: no AI sessions are known for this window."),
        ("no_y", "Not enough data: no commits are known for this window."),
        (
            "no_shared_days",
            "Not enough data: AI sessions and commits are known on no day together.",
        ),
    ],
)
def test_without_shared_days_that_is_said(status: str, expected: str) -> None:
    assert sentence(made(status=status, days=None)) == expected


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("zero_variance", "once weekdays and trend are taken out, nothing varies"),
        ("insufficient_activity", "5 days with AI sessions and 5 with commits are needed"),
        ("invalid", "fewer than 90% of the days are covered by both"),
        ("descriptive", "it takes 14 days, and 5 in each group, to compare"),
    ],
)
def test_what_is_not_compared_says_why(status: str, why: str) -> None:
    found = made(status=status, result={"percent": None, "ci_low": None, "ci_high": None})
    assert sentence(found) == (f"Not enough data (90 days, 2026-01-01 to 2026-03-31): {why}.")


def test_each_line_of_the_strip() -> None:
    result = HighLow("ok", 89, 20, 21, percent=30.0, ci_low=-5.0, ci_high=80.0)
    shown = [
        check_text(Check(name="weekends out", days=25, result=result)),
        check_text(Check(name="7-day differences", result=result)),
        check_text(Check(name="non-working days out", result=result)),
        check_text(Check(name="weekends out", days=5, result=HighLow("insufficient_data"))),
    ]
    assert shown == [
        "+30% [-5%, +80%], n 41",
        "+30% [-5%, +80%], n 41",
        "no such days found",
        "not enough days (insufficient_data)",
    ]


BAD: tuple[tuple[list[int], list[int], dict[str, Any]], ...] = (
    ([], [], {}),
    ([5], [2], {}),
    ([0] * 40, [0] * 40, {}),
    ([5] * 40, [3] * 40, {}),
    ([5, 7] * 20, [1, 2] * 20, {"missing": tuple(range(0, 40, 2))}),
    ([5] * 40, [2] * 40, {"missing": tuple(range(20)), "missing_y": tuple(range(20, 40))}),
    ([5] * 40, [0] * 40, {"missing_y": tuple(range(40))}),
)


@pytest.mark.parametrize(("x", "y", "more"), BAD)
def test_bad_series_give_a_sentence(x: list[int], y: list[int], more: dict[str, Any]) -> None:
    found = high_low_days(metrics(x, y, first_day(0), **more), PAIR)
    assert sentence(found).startswith("Not enough data")
    assert (found.checks, found.weeks) == ((), None)
