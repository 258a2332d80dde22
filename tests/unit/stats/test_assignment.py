from __future__ import annotations

import math
from collections import Counter

import pytest

from prodlens.stats.assignment import (
    blocked_assignment,
    bucket_ranges,
    choose_variation,
    hash_v2,
    in_namespace,
)


def test_hash_places_units_evenly() -> None:
    share = sum(hash_v2("experiment", str(unit)) < 0.5 for unit in range(4000)) / 4000
    assert 0.48 < share < 0.52


def test_hash_reads_text_as_javascript_does() -> None:
    """Two UTF-16 code units for a character beyond the basic plane."""
    assert hash_v2("\U0001f600", "") == hash_v2("", "\ud83d\ude00") == 0.4971


def test_the_hash_range_is_cut_by_weights_and_coverage() -> None:
    assert bucket_ranges(3, 1, [0.2, 0.3, 0.5]) == [(0.0, 0.2), (0.2, 0.5), (0.5, 1.0)]
    assert bucket_ranges(2, 2.0) == [(0.0, 0.5), (0.5, 1.0)]
    assert bucket_ranges(2, -0.2) == [(0.0, 0.0), (0.5, 0.5)]
    assert bucket_ranges(0) == []


@pytest.mark.parametrize("weights", [[0.4, 0.1], [0.7, 0.6], [0.4, 0.1, 0.2], []])
def test_weights_that_do_not_fit_become_equal(weights: list[float]) -> None:
    assert bucket_ranges(2, 1, weights) == [(0.0, 0.5), (0.5, 1.0)]


def test_weights_adding_up_to_nearly_one_are_kept() -> None:
    ranges = bucket_ranges(2, 1, [0.4, 0.5999])
    assert ranges[1] == pytest.approx((0.4, 0.9999))


def test_a_unit_outside_all_ranges_takes_no_part() -> None:
    assert choose_variation(0.4, [(0.0, 0.25), (0.5, 0.75)]) == -1
    assert choose_variation(0.5, [(0.0, 0.25), (0.5, 0.75)]) == 1


def test_disjoint_slices_share_no_unit() -> None:
    units = [str(unit) for unit in range(500)]
    first = {unit for unit in units if in_namespace(unit, "chat", 0.0, 0.4)}
    second = {unit for unit in units if in_namespace(unit, "chat", 0.4, 1.0)}
    assert not first & second
    assert len(first | second) == 500
    assert 150 < len(first) < 250


def test_blocks_pair_units_of_similar_activity() -> None:
    baseline = {f"u{rank:02}": float(rank) for rank in range(20)}
    assigned = blocked_assignment(baseline, seed="exp-1")
    for rank in range(0, 20, 2):
        assert {assigned[f"u{rank:02}"], assigned[f"u{rank + 1:02}"]} == {0, 1}


@pytest.mark.parametrize(("units", "variations"), [(7, 2), (10, 3), (2, 4), (11, 4)])
def test_arms_differ_by_one_unit_at_most(units: int, variations: int) -> None:
    baseline = {str(unit): None if unit % 3 else 1.5 * unit for unit in range(units)}
    arms = Counter(blocked_assignment(baseline, seed="s", variations=variations).values())
    sizes = [arms[arm] for arm in range(variations)]
    assert max(sizes) - min(sizes) <= 1
    assert sum(sizes) == units


def test_the_order_of_units_does_not_matter() -> None:
    baseline = {"a": 1.0, "b": 1.0, "c": None, "d": 7.0, "e": None}
    backwards = dict(reversed(baseline.items()))
    assert blocked_assignment(baseline, seed="s") == blocked_assignment(backwards, seed="s")


def test_the_assignment_is_the_same_in_every_process() -> None:
    baseline = {"a": 1.0, "b": 2.0, "c": 8.0, "d": 9.0, "e": None, "f": None, "g": 3.0}
    assert blocked_assignment(baseline, seed="s") == {
        "d": 1,
        "c": 0,
        "g": 0,
        "b": 1,
        "a": 1,
        "f": 0,
        "e": 1,
    }


def test_another_seed_deals_anew_and_each_unit_gets_both_arms() -> None:
    arms = [blocked_assignment({"a": 1.0, "b": 2.0}, seed=str(seed))["a"] for seed in range(400)]
    assert 150 < sum(arms) < 250


def test_nobody_is_assigned_when_nobody_is_there() -> None:
    assert blocked_assignment({}, seed="s") == {}


def test_impossible_experiments_raise() -> None:
    with pytest.raises(ValueError, match="at least two variations"):
        blocked_assignment({"a": 1.0}, seed="s", variations=1)
    with pytest.raises(ValueError, match="must be finite"):
        blocked_assignment({"a": math.nan}, seed="s")
