from __future__ import annotations

import math
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.metrics.calendar import DailySeries
from prodlens.metrics.calendar import Days as Range
from prodlens.metrics.inputs import DailyInputs
from prodlens.metrics.over_time import over_time, spread, weekly_mean
from prodlens.storage.usage_readings import ModelDay

FIRST = date(2026, 3, 2)
EVERY = [FIRST + timedelta(days=n) for n in range(10)]


def row(day: int, model: str | None, calls: int = 10, **fields: int) -> ModelDay:
    given = {"tokens_known": calls, "tokens": 1000, "priced": calls, "cost_nanos": 500_000_000}
    given |= {"decided": 5, "accepted": 2, "outcome_known": calls, "errors": 1, **fields}
    return ModelDay(EVERY[day], model, calls, **given)


def daily(*, missing: tuple[int, ...] = ()) -> DailyInputs:
    covered = frozenset(day for n, day in enumerate(EVERY) if n not in missing)
    series = DailySeries(name="calls", counts={}, covered=covered)
    return DailyInputs(days=Range(EVERY[0], EVERY[-1]), calls=series, sessions=series)


def test_days_stand_by_model_and_a_quiet_day_is_0() -> None:
    rows = [row(0, "a"), row(0, "b", tokens=3000), row(2, "a")]
    found = over_time(rows, daily(), models=["a", "b"], latencies=[])
    assert found.days == tuple(EVERY)
    assert [one.model for one in found.tokens] == ["a", "b"]
    assert found.tokens[0].values[:4] == (1000, 0, 1000, 0)
    assert found.tokens[1].values[:4] == (3000, 0, 0, 0)
    assert found.cost[0].values[:2] == (0.5, 0.0)


def test_a_day_that_was_not_covered_is_not_known() -> None:
    found = over_time([row(0, "a")], daily(missing=(1,)), models=["a"], latencies=[])
    assert found.calls[0].values[:3] == (10, None, 0)
    assert found.means["calls"] == (None,) * 8 + (0.0, 0.0)


def test_a_day_of_which_too_little_is_known_is_not_known() -> None:
    rows = [row(0, "a", tokens_known=8), row(1, "a", tokens_known=9)]
    found = over_time(rows, daily(), models=["a"], latencies=[])
    assert found.tokens[0].values[:2] == (None, 1000)


def test_a_model_of_which_nothing_is_known_stands_at_no_number() -> None:
    rows = [
        row(0, "a", calls=95, tokens_known=95, priced=95),
        row(0, "b", calls=5, tokens_known=0, tokens=0, priced=0, cost_nanos=0),
        row(1, "a"),
    ]
    found = over_time(rows, daily(), models=["a", "b"], latencies=[])
    assert [one.values[:2] for one in found.tokens] == [(1000, 1000), (None, 0)]
    assert [one.values[:2] for one in found.cost] == [(0.5, 0.5), (None, 0)]
    assert [one.values[:2] for one in found.calls] == [(95, 10), (5, 0)]


def test_what_no_call_says_has_no_series() -> None:
    rows = [row(0, "a", tokens_known=0, tokens=0, priced=0, cost_nanos=0, decided=0, accepted=0)]
    found = over_time(rows, daily(), models=["a"], latencies=[])
    assert found.tokens == ()
    assert found.cost == ()
    assert found.acceptance == ()
    assert set(found.means) == {"calls", "sessions"}


def test_of_many_models_the_smaller_ones_stand_together() -> None:
    names = ["a", "b", "c", "d", "e", None]
    rows = [row(0, name) for name in names]
    found = over_time(rows, daily(), models=names, latencies=[])
    assert [(one.model, one.is_rest) for one in found.calls] == [
        ("a", False),
        ("b", False),
        ("c", False),
        ("d", False),
        (None, True),
    ]
    assert found.calls[-1].values[0] == 20


def test_a_rate_stands_on_a_whole_week_with_enough_cases() -> None:
    rows = [row(n, "a") for n in range(10)]
    found = over_time(rows, daily(), models=["a"], latencies=[]).acceptance
    assert [one.value for one in found[:6]] == [None] * 6
    assert (found[6].part, found[6].whole) == (14, 35)
    assert found[6].value == pytest.approx(0.4)
    assert (round(found[6].low or 0, 4), round(found[6].high or 0, 4)) == (0.2555, 0.5643)
    assert found[0].of_the_day == pytest.approx(0.4)
    few = [row(n, "a", decided=2, accepted=1) for n in range(10)]
    assert {
        one.value for one in over_time(few, daily(), models=["a"], latencies=[]).acceptance
    } == {None}


def test_no_whole_day_leaves_the_durations() -> None:
    found = over_time([], DailyInputs(), models=[], latencies=[100.0, 200.0])
    assert found.days == ()
    assert sum(one.count for one in found.latency_ms) == 2


def test_a_mean_needs_seven_known_days() -> None:
    assert list(weekly_mean([7.0] * 6)) == [None] * 6
    assert list(weekly_mean([7.0] * 7)) == [None] * 6 + [7.0]
    assert list(weekly_mean([7.0, None, *[7.0] * 7]))[-2:] == [None, 7.0]


@given(st.lists(st.floats(0, 1e9), max_size=60))
def test_every_value_stands_in_one_bin(values: list[float]) -> None:
    ascending = sorted(values)
    bins = spread(ascending)
    assert all(math.isfinite(one.low) and one.low < one.high for one in bins)
    assert all(one.high == two.low for one, two in pairwise(bins))
    assert len(bins) <= 41
    if any(value >= 1e-3 for value in values):
        assert sum(one.count for one in bins) == len(values)
    else:
        assert bins == ()
