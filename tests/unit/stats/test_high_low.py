from __future__ import annotations

import numpy as np
import pytest

from prodlens.stats.high_low import HighLow, high_low_difference, week_difference

REPLICATIONS = 200


def work_weeks(
    rng: np.random.Generator, days: int, *, factor: float = 1.0
) -> tuple[list[int], list[int]]:
    """Return counts from a Monday on; a day of high use multiplies the next day's outcome."""
    weekend = np.arange(days) % 7 >= 5
    level = np.where(weekend, 0.12, 1.0)
    busy = rng.normal(size=days) * 0.5
    x = rng.poisson(20 * level * np.exp(busy))
    lift = np.where(np.roll(busy, 1) > 0, factor, 1.0)
    y = rng.poisson(10 * level * lift)
    return x.tolist(), y.tolist()


def test_days_that_alternate_give_the_ratio_of_their_outcomes() -> None:
    # 30 weeks; a high day is followed by 19 commits, a low one by 9: 1 + y doubles
    rng = np.random.default_rng(3)
    busy = rng.integers(0, 2, size=210)
    x = [int(10 + 20 * b) for b in busy]
    y = [9, *(int(9 + 10 * b) for b in busy[:-1])]
    found = high_low_difference(x, y, 0, 1)
    assert found.status == "ok"
    assert found.percent == pytest.approx(100.0, abs=1e-6)
    assert (found.mean_high, found.mean_low) == (19.0, 9.0)
    assert (found.n_high, found.n_low) == (70, 70)


def test_a_planted_difference_is_found_and_its_interval_holds_it() -> None:
    rng = np.random.default_rng(5)
    held = found = 0
    for _ in range(60):
        x, y = work_weeks(rng, 120, factor=1.6)
        result = high_low_difference(x, y, 0, 1)
        assert result.percent is not None
        assert result.ci_low is not None
        assert result.ci_high is not None
        found += result.ci_low > 0
        held += result.ci_low <= result.percent <= result.ci_high
    assert held == 60
    assert found >= 50


def test_independent_series_are_rarely_called_different() -> None:
    rng = np.random.default_rng(11)
    wrong = {"tertile": 0, "median": 0, "weeks": 0}
    for _ in range(REPLICATIONS):
        x, y = work_weeks(rng, 90)
        for name, result in {
            "tertile": high_low_difference(x, y, 0, 1),
            "median": high_low_difference(x, y, 0, 1, split="median"),
            "weeks": week_difference(x, y, 0, 1),
        }.items():
            assert result.p_value is not None
            wrong[name] += result.p_value < 0.05
    assert max(wrong.values()) <= 0.10 * REPLICATIONS  # 5 % and three standard errors
    assert min(wrong.values()) >= 1


def test_weekends_and_work_days_fall_into_both_groups() -> None:
    x, y = work_weeks(np.random.default_rng(7), 91)
    found = high_low_difference(x, y, 0, 1)
    assert found.mean_low is not None
    assert found.mean_low > 4.0  # were the low days the weekends it would be about 1
    assert found.n_pairs == 90
    assert (found.n_high, found.n_low) == (30, 30)


def test_listed_days_are_in_no_group() -> None:
    x, y = work_weeks(np.random.default_rng(7), 91)
    found = high_low_difference(x, y, 0, 1, range(30), split="median")
    assert found.n_high + found.n_low == 60


@pytest.mark.parametrize(
    ("x", "y", "status"),
    [
        ([], [], "insufficient_data"),
        ([3], [1], "insufficient_data"),
        ([0] * 40, [0] * 40, "insufficient_activity"),
        ([5] * 40, [3] * 40, "zero_variance"),
        ([1, 2, 3, 4] * 3, [1, 2, 3, 4] * 3, "descriptive"),
        ([None, 5] * 30, [2, 3] * 30, "invalid"),
        ([4, 7, 2] * 14, [3] * 42, "zero_variance"),
    ],
)
def test_bad_series_give_a_status_and_no_number(
    x: list[int | None], y: list[int | None], status: str
) -> None:
    for found in (high_low_difference(x, y, 0, 1), week_difference(x, y, 0, 1)):
        assert found.status == status
        assert (found.percent, found.p_value, found.ci_low) == (None, None, None)


def test_huge_counts_stay_finite() -> None:
    rng = np.random.default_rng(1)
    x = [int(value) for value in rng.integers(1, 10**15, size=60)]
    found = high_low_difference(x, x[::-1], 0, 1)
    assert isinstance(found, HighLow)
    assert found.percent is None or np.isfinite(found.percent)
    assert found.p_value is not None
    assert 0.0 <= found.p_value <= 1.0
