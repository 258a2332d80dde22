"""Working sessions: where they are cut, whose they are, and that no order of calls matters."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.identity import People
from prodlens.metrics.catalog import Need
from prodlens.metrics.inputs import Conventions, MetricInputs, read_inputs
from prodlens.metrics.measures import measure
from prodlens.selection import Selection
from prodlens.storage import ProdLensStore, stretches
from prodlens.storage.readings import CallFigures
from prodlens.storage.stretches import Stretch

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MINUTE = 60.0
SLUGS = (
    *("working_sessions", "working_session_median_hours", "working_time_hours"),
    "calls_per_working_session",
)
CALLS = st.lists(
    st.tuples(st.integers(0, 20_000), st.integers(0, 4_000)).map(lambda c: (c[0], c[0] + c[1])),
    max_size=25,
)


def cut(calls: Iterable[tuple[float, float]], *, idle_minutes: float) -> list[Stretch]:
    return stretches.cut([(*call, 1) for call in calls], idle_minutes * MINUTE)


def starting(*minutes: float) -> list[tuple[float, float]]:
    return [(one * MINUTE, one * MINUTE) for one in minutes]


def test_a_pause_of_half_an_hour_is_none_and_a_longer_one_cuts() -> None:
    assert cut(starting(0, 30, 60.5), idle_minutes=30) == [
        Stretch(0.0, 1800.0, 2),
        Stretch(3630.0, 3630.0, 1),
    ]
    assert len(cut(starting(0, 30, 60.5), idle_minutes=31)) == 1
    assert cut([], idle_minutes=30) == []


def test_a_pause_begins_when_the_last_call_ended_not_when_it_began() -> None:
    long, short, later = (0.0, 3000.0), (60.0, 90.0), (4500.0, 4500.0)
    assert cut([short, later, long], idle_minutes=30) == [Stretch(0.0, 4500.0, 3)]
    assert len(cut([short, later], idle_minutes=30)) == 2


def test_minutes_reach_from_the_first_begin_to_the_last_end() -> None:
    (one,) = cut([(0.0, 60.0), (600.0, 720.0)], idle_minutes=30)
    assert (one.end - one.start) / MINUTE == 12.0


@settings(max_examples=60, deadline=None)
@given(calls=CALLS, dice=st.randoms(use_true_random=False), idle=st.integers(1, 60))
def test_the_order_of_calls_changes_nothing_and_every_call_is_in_one(
    calls: list[tuple[float, float]], dice: random.Random, idle: int
) -> None:
    found = cut(calls, idle_minutes=idle)
    mixed = list(calls)
    dice.shuffle(mixed)
    assert cut(mixed, idle_minutes=idle) == found
    assert sum(one.calls for one in found) == len(calls)
    for before, after in pairwise(found):
        assert after.start - before.end > idle * MINUTE


@settings(max_examples=60, deadline=None)
@given(calls=CALLS, idle=st.integers(1, 60))
def test_parts_that_a_gap_separates_add_up(calls: list[tuple[float, float]], idle: int) -> None:
    whole = cut(calls, idle_minutes=idle)
    parts = [
        [call for call in calls if one.start <= call[0] and call[1] <= one.end] for one in whole
    ]
    assert [piece for part in parts for piece in cut(part, idle_minutes=idle)] == whole


@settings(max_examples=60, deadline=None)
@given(calls=CALLS, idle=st.integers(1, 30), more=st.integers(0, 30))
def test_a_longer_gap_never_makes_more_sessions_or_less_time(
    calls: list[tuple[float, float]], idle: int, more: int
) -> None:
    short, long = cut(calls, idle_minutes=idle), cut(calls, idle_minutes=idle + more)
    assert len(long) <= len(short)
    assert sum(one.end - one.start for one in long) >= sum(one.end - one.start for one in short)
    assert {one.start for one in long} <= {one.start for one in short}


def call(clock: str, **fields: Any) -> dict[str, Any]:
    return {"timestamp": f"2026-09-01T{clock}Z", "native_key": f"test:{clock}", **fields}


LAPTOP, UUID = "0f" * 32, "9c1b7f0e-0d3a-4b52-8f63-2f6f1c2f7a11"
CALLS_OF_A_DAY = (
    call("09:00:00", developer_id=LAPTOP, session_id="a", latency_ms=120_000.0),
    call("09:20:00", developer_id=UUID, session_id="b"),
    call("09:40:00", developer_id=LAPTOP, session_id="a", latency_ms=60_000.0),
    call("11:00:00", developer_id=LAPTOP, session_id="a"),
    call("09:10:00", session_id="nobody's"),
    call("09:30:00", session_id="nobody's", latency_ms=9e9),
    call("09:15:00"),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        opened.insert_sessions(CALLS_OF_A_DAY)
        yield opened


def values(store: ProdLensStore, **asked: Any) -> list[float | None]:
    inputs = read_inputs(store, Selection(), needs={Need.TIMES}, **asked)
    return [one.value for one in measure(inputs, SLUGS).values()]


def test_an_owner_is_a_person_and_a_session_only_where_nobody_is_named(
    store: ProdLensStore,
) -> None:
    # the laptop: 9:00 to 9:02, 9:40 to 9:41 and 11:00; the account: 9:20; nobody: 9:10 to 9:30
    assert values(store) == [5, pytest.approx(1 / 60), pytest.approx(23 / 60), pytest.approx(1.2)]
    noted = measure(read_inputs(store, Selection()), SLUGS)["working_sessions"]
    assert (noted.n, noted.note) == (6, "a developer or a session is known for 6 of 7 calls")


def test_ids_that_are_linked_later_work_in_one_session(store: ProdLensStore) -> None:
    People(store).link("Ada", [f"device:{LAPTOP}", f"account:{UUID}"])
    # Ada: 9:00 to 9:41 and 11:00; nobody: 9:10 to 9:30
    assert values(store) == [3, pytest.approx(20 / 60), pytest.approx(61 / 60), pytest.approx(2.0)]


def test_the_gap_is_a_setting_of_the_caller(store: ProdLensStore) -> None:
    assert values(store, conventions=Conventions(idle_minutes=120))[0] == 3
    assert values(store, conventions=Conventions(idle_minutes=1))[0] == 6


def test_calls_that_name_nobody_are_no_working_session() -> None:
    measured = measure(MetricInputs(total=CallFigures(calls=4)), SLUGS)
    assert {one.value for one in measured.values()} == {None}
    assert {one.note for one in measured.values()} == {"no call names a developer or a session"}
