from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

import numpy as np
import pytest

from prodlens.metrics.cluster_bootstrap import (
    Groups,
    difference_interval,
    dominance_interval,
    ratio_interval,
)
from prodlens.metrics.effects import FEW_DEVELOPERS, effect_sizes
from prodlens.storage.daily_readings import DecidedCalls

if TYPE_CHECKING:
    from prodlens.metrics.effects import EffectSizes

UNKNOWN = math.nan


def decided(*rows: tuple[int, str, float, float]) -> DecidedCalls:
    names = sorted({name for _, name, _, _ in rows})
    return DecidedCalls(
        accepted=array("b", [row[0] for row in rows]),
        developer=array("l", [names.index(row[1]) for row in rows]),
        latency_ms=array("d", [row[2] for row in rows]),
        tokens=array("d", [row[3] for row in rows]),
        developers=tuple(names),
    )


def sizes(*rows: tuple[int, str, float, float], mean_tokens: float | None = 100.0) -> EffectSizes:
    return effect_sizes(decided(*rows), mean_tokens=mean_tokens, model_acceptance_rates={"m": 0.5})


FEW = (
    (1, "ana", 1.0, 10.0),
    (1, "ben", 2.0, 30.0),
    (1, "ben", 3.0, UNKNOWN),
    (0, "ana", 3.0, 40.0),
    (0, "ana", 4.0, 60.0),
    (0, "", 5.0, 50.0),
    (0, "ben", UNKNOWN, 50.0),
)


def test_sizes_are_accepted_minus_rejected_over_the_pooled_spread() -> None:
    found = sizes(*FEW)
    assert (found.accepted, found.rejected, found.developers) == (3, 3, 2)
    assert found.latency.value == pytest.approx(-2.0)
    assert found.latency.word == "large"
    assert found.latency_g == pytest.approx(-1.5957691216057308)
    assert found.latency_dominance.value == pytest.approx(-8 / 9)
    assert found.latency_dominance.word == "large"
    assert found.latency_log.value == pytest.approx(-1.774, abs=0.001)
    assert found.token_ratio == pytest.approx(0.2)
    assert found.token_ratio_disjoint.value == pytest.approx(0.4)


def test_with_fewer_than_ten_developers_there_are_no_intervals() -> None:
    found = sizes(*FEW)
    assert found.ci_reason == FEW_DEVELOPERS == "fewer than 10 developers"
    ends = (found.latency, found.latency_dominance, found.token_ratio_disjoint)
    assert {end for size in ends for end in (size.ci_low, size.ci_high)} == {None}


def test_unequal_groups_are_pooled_by_their_degrees_of_freedom() -> None:
    rows = [(1, "ana", value, 1.0) for value in (10.0, 12.0)]
    rows += [(0, "ana", value, 1.0) for value in (4.0, 6.0, 8.0, 10.0, 12.0)]
    assert sizes(*rows).latency.value == pytest.approx(3.0 / math.sqrt((2.0 + 40.0) / 5.0))


@pytest.mark.parametrize("flag", [0, 1])
def test_one_group_alone_has_no_size(flag: int) -> None:
    found = sizes((flag, "ana", 1.0, 10.0), (flag, "ben", 2.0, 30.0))
    assert found.latency.value is None
    assert found.latency.word is None
    assert found.ci_reason == "no accepted and rejected calls to compare"
    assert found.token_ratio == (pytest.approx(0.2) if flag else None)


def test_nothing_decided_has_all_the_keys_and_no_value() -> None:
    empty, full = sizes(mean_tokens=None).to_dict(), sizes(*FEW).to_dict()
    assert list(empty) == list(full)
    assert empty["latency_cohens_d"] is None
    assert empty["latency_effect"] is None
    assert empty["token_efficiency_ratio"] is None
    assert empty["model_acceptance_rates"] == {"m": 0.5}
    assert (empty["accepted"], empty["rejected"], empty["developers"]) == (0, 0, 0)


def test_equal_durations_have_no_size_and_no_trouble() -> None:
    found = sizes((1, "a", 0.0, 0.0), (1, "a", 0.0, 0.0), (0, "a", 0.0, 0.0), (0, "a", 0.0, 0.0))
    assert (found.latency.value, found.latency_log.value) == (None, None)
    assert found.latency_dominance.value == 0.0
    assert found.token_ratio_disjoint.value is None


def test_durations_that_are_not_known_give_no_size() -> None:
    found = sizes((1, "a", UNKNOWN, UNKNOWN), (0, "b", UNKNOWN, UNKNOWN))
    assert (found.accepted, found.rejected, found.developers) == (0, 0, 0)
    assert found.latency.value is None
    assert found.latency_dominance.value is None


def many(developers: int, calls: int, *, shift: float, spread: float) -> DecidedCalls:
    dice = np.random.default_rng(11)
    rows = []
    for number in range(developers):
        own = dice.normal(0.0, spread)
        for _ in range(calls):
            flag = int(dice.random() < 0.5)
            latency = 1000.0 + 100.0 * (own + dice.normal() + shift * flag)
            rows.append((flag, f"d{number:02d}", latency, 100.0 + 50.0 * flag + dice.normal()))
    return decided(*rows)


def test_from_ten_developers_on_intervals_hold_the_size() -> None:
    given = many(12, 40, shift=-0.5, spread=0.3)
    found = effect_sizes(given, mean_tokens=125.0, model_acceptance_rates={})
    assert found.ci_reason is None
    assert found.developers == 12
    for size in (found.latency, found.latency_dominance, found.token_ratio_disjoint):
        assert size.ci_low is not None
        assert size.ci_high is not None
        assert size.value is not None
        assert size.ci_low < size.value < size.ci_high
    assert found.token_ratio_disjoint.value == pytest.approx(1.5, abs=0.01)
    assert found.latency.ci_high is not None
    assert found.latency.ci_high < 0


def groups(given: DecidedCalls) -> Groups:
    accepted = np.asarray(given.accepted) == 1
    latency, by = np.asarray(given.latency_ms), np.asarray(given.developer, dtype=np.int64)
    return Groups(
        latency[accepted], latency[~accepted], by[accepted], by[~accepted], len(given.developers)
    )


def test_the_same_data_give_the_same_interval_again() -> None:
    given = groups(many(10, 20, shift=0.2, spread=0.5))
    for interval in (difference_interval, ratio_interval, dominance_interval):
        assert interval(given) == interval(given)


def test_developers_who_differ_widen_the_interval() -> None:
    """Half of the developers accept slow calls only: calls are not independent of each other."""
    dice = np.random.default_rng(5)
    rows = []
    for number in range(12):
        for _ in range(50):
            flag = int(dice.random() < (0.9 if number % 2 else 0.1))
            rows.append((flag, f"d{number:02d}", 1000.0 * (number % 2) + dice.normal(), 1.0))
    given = groups(decided(*rows))
    found = difference_interval(given)
    assert found is not None
    n1, n2 = given.first.size, given.second.size
    independent = 2 * 1.96 * math.sqrt(1 / n1 + 1 / n2)
    assert found[1] - found[0] > 3 * independent


def test_an_interval_of_a_group_that_is_nearly_never_drawn_is_none() -> None:
    first = np.array([1.0, 2.0, 3.0])
    lonely = Groups(first, np.array([5.0, 6.0]), np.array([0, 1, 2]), np.array([9, 9]), 10)
    assert difference_interval(lonely) is None
    assert ratio_interval(lonely) is None
    assert dominance_interval(lonely) is None


def test_dominance_of_groups_that_do_not_overlap_is_at_its_end() -> None:
    by = np.arange(10)
    apart = Groups(np.arange(10.0), np.arange(20.0, 30.0), by, by, 10)
    assert dominance_interval(apart) == (-1.0, -1.0)
