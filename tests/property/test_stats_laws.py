"""Laws that the statistics keep for any data."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.stats.assignment import blocked_assignment, hash_v2
from prodlens.stats.association import lagged_association, pearson, spearman
from prodlens.stats.cuped import cuped
from prodlens.stats.effect import cliffs_delta, ratio_of_means, standardized_difference
from prodlens.stats.experiment import permutation_test, ratio_metric_ab, welch_t
from prodlens.stats.growth import session_growth
from prodlens.stats.monitoring import alarms, robust_z, weekday_adjusted_z
from prodlens.stats.multiplicity import adjust_pvalues
from prodlens.stats.panel import panel_association
from prodlens.stats.proportions import risk_difference, wilson
from prodlens.stats.rates import poisson_rate
from prodlens.stats.survey import nps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.stats.multiplicity import Method

COUNTS = st.integers(0, 60)
FEW = settings(max_examples=40, deadline=None)
NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)
SAMPLES = st.lists(NUMBERS, max_size=12)
METHODS: tuple[Method, ...] = ("bh", "by", "holm", "bonferroni")


@st.composite
def paired_counts(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    days = draw(st.integers(0, 45))
    same = st.lists(COUNTS, min_size=days, max_size=days)
    return draw(same), draw(same)


def assert_finite_or_none(result: Any) -> None:
    for value in asdict(result).values():
        assert not isinstance(value, float) or math.isfinite(value), result


def intervals(result: Any) -> Iterator[tuple[float, float, float]]:
    """Yield (low, estimate, high) of every interval that a result holds."""
    names = {field.name for field in fields(result)}
    for low, estimate, high in [
        ("ci_low", name, "ci_high")
        for name in ("r", "delta", "ratio", "p", "diff", "rate", "nps", "diff_adj")
        if name in names
    ] + [
        ("d_ci_low", "d", "d_ci_high"),
        ("g_ci_low", "g", "g_ci_high"),
        ("effect_ci_low", "effect_percent", "effect_ci_high"),
        ("ancova_ci_low", "ancova_diff", "ancova_ci_high"),
    ]:
        if {low, estimate, high} <= names and getattr(result, low) is not None:
            yield getattr(result, low), getattr(result, estimate), getattr(result, high)


def assert_close(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    for key, value in one.items():
        if isinstance(value, float):
            assert other[key] == pytest.approx(value, rel=1e-6, abs=1e-9), key
        else:
            assert other[key] == value, key


def assert_sound(result: Any) -> None:
    assert_finite_or_none(result)
    for low, estimate, high in intervals(result):
        assert low <= estimate <= high, result


@FEW
@given(paired_counts(), st.integers(0, 6), st.integers(0, 15))
def test_lagged_association_never_raises_and_contains_its_estimate(
    counts: tuple[list[int], list[int]], start: int, lag: int
) -> None:
    result = lagged_association(*counts, start, lag)
    assert_sound(result)
    assert (result.p_value is None) == (result.status not in {"ok", "exploratory"})


@FEW
@given(paired_counts(), st.integers(0, 6), st.integers(0, 7), st.integers(1, 9))
def test_moving_all_dates_by_whole_weeks_changes_nothing(
    counts: tuple[list[int], list[int]], start: int, lag: int, weeks: int
) -> None:
    moved = (start + 7 * weeks) % 7
    assert lagged_association(*counts, start, lag) == lagged_association(*counts, moved, lag)


@FEW
@given(
    st.integers(0, 60),
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(0, 8),
    st.sets(st.integers(0, 59), max_size=6),
)
def test_constant_series_never_raise(days: int, x: int, y: int, lag: int, off: set[int]) -> None:
    result = lagged_association([x] * days, [y] * days, 0, lag, off)
    assert result.p_value is None
    assert result.status in {
        "insufficient_data",
        "insufficient_activity",
        "descriptive",
        "zero_variance",
    }


@FEW
@given(paired_counts(), st.sets(st.integers(0, 44), max_size=4))
def test_uncovered_days_never_raise_and_are_never_read_as_zero(
    counts: tuple[list[int], list[int]], gaps: set[int]
) -> None:
    x = [None if day in gaps else count for day, count in enumerate(counts[0])]
    result = lagged_association(x, counts[1], 2, 1)
    assert_sound(result)
    # the outcome that belongs to an uncovered day is the next day's; it must not matter
    changed = [57 if day - 1 in gaps else count for day, count in enumerate(counts[1])]
    assert lagged_association(x, changed, 2, 1) == result


@FEW
@given(paired_counts())
def test_correlations_do_not_depend_on_the_order_of_rows(
    counts: tuple[list[int], list[int]],
) -> None:
    backwards = counts[0][::-1], counts[1][::-1]
    for function in (pearson, spearman):
        assert_close(asdict(function(*counts)), asdict(function(*backwards)))
        assert_sound(function(*counts))


@FEW
@given(SAMPLES, SAMPLES)
def test_group_comparisons_never_raise_and_contain_their_estimates(
    a: list[float], b: list[float]
) -> None:
    for function in (standardized_difference, cliffs_delta, ratio_of_means, welch_t):
        assert_sound(function(a, b))
    assert_finite_or_none(permutation_test(a[:6], b[:6]))


@FEW
@given(SAMPLES, SAMPLES)
def test_swapping_groups_changes_the_sign_only(a: list[float], b: list[float]) -> None:
    one, other = cliffs_delta(a, b), cliffs_delta(b, a)
    if one.delta is not None and other.delta is not None:
        assert one.delta == pytest.approx(-other.delta)
        assert one.var == pytest.approx(other.var)
    assert permutation_test(a[:5], b[:5]).p_value == permutation_test(b[:5], a[:5]).p_value


@FEW
@given(st.lists(st.tuples(COUNTS, COUNTS, COUNTS, COUNTS), max_size=10))
def test_experiment_tests_never_raise(rows: list[tuple[int, int, int, int]]) -> None:
    columns = [[row[place] for row in rows] for place in range(4)]
    assert_sound(cuped(*columns))
    assert_sound(ratio_metric_ab(*columns))


@FEW
@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=20))
def test_adjusted_p_values_are_monotone_and_not_below_p(p: list[float | None]) -> None:
    for method in METHODS:
        adjusted = adjust_pvalues(p, method)
        assert [value is None for value in adjusted] == [value is None for value in p]
        pairs = sorted(
            (one, q)
            for one, q in zip(p, adjusted, strict=True)
            if one is not None and q is not None
        )
        assert all(one <= q <= 1 for one, q in pairs)
        assert [q for _, q in pairs] == sorted(q for _, q in pairs)


@FEW
@given(st.lists(st.floats(0, 1), max_size=12), st.randoms(use_true_random=False))
def test_adjusting_does_not_depend_on_order(p: list[float], shuffler: Any) -> None:
    order = list(range(len(p)))
    shuffler.shuffle(order)
    for method in METHODS:
        direct = adjust_pvalues(p, method)
        shuffled = adjust_pvalues([p[place] for place in order], method)
        assert [direct[place] for place in order] == shuffled


@FEW
@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_shares_rates_and_scores_contain_their_estimates(a: int, b: int, c: int, d: int) -> None:
    assert_sound(wilson(a, a + b))
    assert_sound(risk_difference(a, a + b, c, c + d))
    assert_sound(poisson_rate(a, b))
    assert_sound(nps(a, b, c))


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(COUNTS, COUNTS), min_size=64, max_size=64),
    st.randoms(use_true_random=False),
)
def test_panel_does_not_depend_on_row_order_or_names(
    counts: list[tuple[int, int]], shuffler: Any
) -> None:
    rows = [(place // 16, place % 16, *pair) for place, pair in enumerate(counts)]
    shuffled = rows[:]
    shuffler.shuffle(shuffled)

    def run(table: list[tuple[int, int, int, int]], names: str) -> dict[str, Any]:
        result = panel_association(
            [names[row[0]] for row in table],
            [row[1] + 7 for row in table],
            x=[row[2] for row in table],
            y=[row[3] for row in table],
            lag=1,
        )
        assert_finite_or_none(result)
        return asdict(result)

    first = run(rows, "abcd")
    assert run(shuffled, "abcd") == first
    assert_close(run(rows, "zkbp"), first)


@FEW
@given(st.lists(st.one_of(st.none(), COUNTS), max_size=80), st.integers(0, 6))
def test_monitoring_never_raises(counts: list[int | None], start: int) -> None:
    scores = weekday_adjusted_z(counts, start)
    assert len(scores) == len(counts)
    assert all(score.z is None or math.isfinite(score.z) for score in scores)
    days = [alarm.day for alarm in alarms([score.z for score in scores])]
    assert days == sorted(set(days))
    assert_finite_or_none(robust_z([count for count in counts if count is not None], 3.0))
    assert_finite_or_none(session_growth(counts))


@FEW
@given(st.dictionaries(st.text(max_size=6), st.one_of(st.none(), NUMBERS), max_size=15), st.text())
def test_assignment_covers_every_unit_once(baseline: dict[str, float | None], seed: str) -> None:
    assigned = blocked_assignment(baseline, seed=seed)
    assert assigned.keys() == baseline.keys()
    ones = sum(assigned.values())
    assert abs(2 * ones - len(assigned)) <= 1
    assert all(0 <= hash_v2(seed, unit) < 1 for unit in baseline)


def test_results_do_not_depend_on_the_hash_seed_of_the_process() -> None:
    code = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "from prodlens.stats.assignment import blocked_assignment\n"
        "from prodlens.stats.association import lagged_association\n"
        "from prodlens.stats.panel import panel_association\n"
        "x = [(7 * d**3 + 3 * d) % 11 for d in range(40)]\n"
        "y = [(5 * d**3 + d * d) % 13 for d in range(40)]\n"
        "print(lagged_association(x, y, 2, 1, {3, 9, 17}))\n"
        "print(panel_association(['a', 'b'] * 20, [d // 2 for d in range(40)], x=x, y=y, lag=1))\n"
        "print(sorted(blocked_assignment({str(d): None for d in range(9)}, seed='s').items()))\n"
    )
    outputs = {
        subprocess.run(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert "status='ok'" in outputs.pop()
