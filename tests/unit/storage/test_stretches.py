"""Stretches of calls may be cut in parts, and again together."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.storage.stretches import IDLE_SECONDS, Stretch, cut

_CALLS = st.lists(
    st.tuples(st.integers(0, 40_000), st.integers(0, 9_000)).map(
        lambda one: (float(one[0]), float(one[0] + one[1]), 1)
    ),
    max_size=20,
)


def test_a_pause_as_long_as_the_gap_does_not_cut() -> None:
    calls = [(3600.0, 3660.0, 1), (0.0, 60.0, 1), (1860.0, 1860.0, 1)]
    assert cut(calls, 1800.0) == [Stretch(0.0, 3660.0, 3)]
    assert cut(calls, 1799.0) == [
        Stretch(0.0, 60.0, 1),
        Stretch(1860.0, 3660.0, 2),
    ]
    assert cut([], 1800.0) == []


@settings(max_examples=80, deadline=None)
@given(parts=st.lists(_CALLS, max_size=4), more=st.sampled_from([0.0, 1.0, 1800.0, 7200.0]))
def test_stretches_of_parts_together_are_those_of_everything(
    parts: list[list[tuple[float, float, int]]], more: float
) -> None:
    pieces = [piece for part in parts for piece in cut(part, IDLE_SECONDS)]
    everything = [call for part in parts for call in part]
    assert cut(pieces, IDLE_SECONDS + more) == cut(everything, IDLE_SECONDS + more)
