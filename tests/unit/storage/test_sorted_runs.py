"""Runs of numbers say what the one sorted list of them says."""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.storage.sorted_runs import SortedRuns

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBERS = st.one_of(st.floats(0, 1e300), st.sampled_from([0.0, 5e-324, 1.0, 1.5, 1e308]))
_RUNS = st.lists(st.lists(_NUMBERS, max_size=8), max_size=6)


def test_runs_read_as_one_ascending_list() -> None:
    runs = SortedRuns([[1.0, 4.0], [], [2.0, 2.0, 9.0]], [[2.0]])
    assert list(runs) == [1.0, 2.0, 4.0, 9.0]
    assert (len(runs), runs[0], runs[-1], runs[1]) == (4, 1.0, 9.0, 2.0)
    assert runs[1:3] == [2.0, 4.0]
    assert (runs.below(2.0), runs.below(2.5), runs.below(10.0)) == (1, 2, 4)
    assert runs.sum() == 16.0
    assert runs == [1.0, 2.0, 4.0, 9.0]
    assert repr(runs) == "SortedRuns(4 values)"
    with pytest.raises(IndexError):
        runs[4]


def test_no_run_is_no_value() -> None:
    assert (list(SortedRuns()), len(SortedRuns()), bool(SortedRuns())) == ([], 0, False)
    assert SortedRuns([[3.0]], [[3.0]]).sum() == 0.0


@settings(max_examples=80, deadline=None)
@given(runs=_RUNS)
def test_a_search_over_runs_finds_what_sorting_finds(runs: list[list[float]]) -> None:
    every = sorted(value for run in runs for value in run)
    without = every[::3]
    kept = _less(every, without)
    found = SortedRuns([sorted(run) for run in runs], [without], few=0)
    assert [found[place] for place in range(len(kept))] == kept
    assert [found.below(value) for value in every] == [bisect_left(kept, one) for one in every]
    assert list(found) == kept


def _less(every: Sequence[float], without: Sequence[float]) -> list[float]:
    left = list(every)
    for value in without:
        left.remove(value)
    return left


def test_a_sum_is_rounded_once() -> None:
    tenth = SortedRuns([[0.1] * 5, [0.1] * 5])
    assert tenth.sum() == 1.0 == math.fsum([0.1] * 10)
