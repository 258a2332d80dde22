from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.metrics.measuring import coverage, known_for, quantile, ratio, share
from prodlens.metrics.values import Unit


def test_a_share_has_its_wilson_interval() -> None:
    measured = share(81, 263, nothing="none")
    assert measured.value == pytest.approx(0.307984790874525)
    assert measured.interval == pytest.approx((0.255288519878274, 0.3662095769828))
    assert (measured.n, measured.numerator, measured.denominator) == (263, 81, 263)


def test_a_share_of_nothing_is_none_with_the_reason() -> None:
    measured = share(0, 0, nothing="nobody decided", note="not shown")
    assert measured.value is None
    assert measured.interval is None
    assert (measured.n, measured.note) == (0, "nobody decided")


def test_coverage_estimates_nothing_and_has_no_interval() -> None:
    assert coverage(8, 9, nothing="none").value == pytest.approx(0.8888888888888888)
    assert coverage(8, 9, nothing="none").interval is None
    assert coverage(0, 0, nothing="no calls").value is None


def test_a_ratio_by_zero_is_none_with_the_reason() -> None:
    assert ratio(9700, 5, Unit.TOKENS_PER_CALL, nothing="none").value == 1940.0
    empty = ratio(9700, 0, Unit.TOKENS_PER_CALL, nothing="nothing accepted")
    assert (empty.value, empty.note) == (None, "nothing accepted")


def test_a_note_says_for_how_many_something_is_known() -> None:
    assert known_for(3, 3, "a decision is") is None
    assert known_for(90, 1200, "a decision is") == "a decision is known for 90 of 1,200 calls"


@pytest.mark.parametrize(
    ("q", "expected"), [(0.0, 300.0), (0.5, 950.0), (0.95, 11220.0), (1.0, 15000.0)]
)
def test_quantiles_interpolate_between_the_nearest_values(q: float, expected: float) -> None:
    durations = array("d", [300, 700, 800, 950, 1200, 2400, 15000])
    assert quantile(durations, q) == pytest.approx(expected)


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=50),
    st.sampled_from([0.0, 0.25, 0.5, 0.95, 1.0]),
)
@settings(max_examples=50)
def test_quantiles_agree_with_numpy(values: list[float], q: float) -> None:
    assert quantile(sorted(values), q) == pytest.approx(float(np.quantile(values, q)))
