"""Daily tables that can't be true are named, and whoever changes a call makes its day stale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prodlens.aggregation import DailyAggregator
from prodlens.errors import StoreCorruptError
from prodlens.metrics.inputs import read_inputs
from prodlens.selection import Selection
from prodlens.storage import ProdLensStore, dirty_days, person_days, slice_readings, slices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = "2026-03-02"
WAY_OUT = "prod-lens aggregate --force"
SHORTER = "substr({0}, 1, length({0}) - {1})"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        opened.insert_sessions(
            {
                "native_key": f"test:{number}",
                "timestamp": f"{DAY}T0{number}:00:00Z",
                "session_id": f"s{number}",
                "developer_id": ("ana", "bo", None)[number % 3],
                "latency_ms": 100.0 + number,
                "accepted_flag": number % 2 == 0,
            }
            for number in range(6)
        )
        DailyAggregator(opened).write_aggregates()
        yield opened


def read(store: ProdLensStore) -> None:
    read_inputs(store, Selection())


def decided(store: ProdLensStore) -> None:
    slice_readings.decided_calls(store.conn, Selection())


def used(store: ProdLensStore) -> None:
    list(person_days.used(store.conn, Selection()))


def change(store: ProdLensStore, column: str, value: str) -> None:
    store.conn.execute(f"update daily_call_values set {column} = {value}")  # noqa: S608 - names of this file


@pytest.mark.parametrize("cut", [1, 8])
@pytest.mark.parametrize(
    "column",
    [
        *("latencies", "developer_calls", "developer_hours", "stretch_counts", "stretch_starts"),
        *("stretch_ends", "stretch_seconds", "decisions"),
    ],
)
def test_a_column_of_use_that_lost_bytes_is_named_with_a_way_out(
    store: ProdLensStore, column: str, cut: int
) -> None:
    read(store)
    change(store, column, SHORTER.format(column, cut))
    with pytest.raises(StoreCorruptError, match=WAY_OUT):
        read(store)
    DailyAggregator(store).write_aggregates(force=True)
    read(store)


@pytest.mark.parametrize("column", ["decided_by", "decided_latency", "decided_tokens"])
def test_a_column_of_decisions_that_lost_a_value_is_named(
    store: ProdLensStore, column: str
) -> None:
    decided(store)
    change(store, column, SHORTER.format(column, 8))
    with pytest.raises(StoreCorruptError, match=f"{DAY} are damaged.*{WAY_OUT}"):
        decided(store)


@pytest.mark.parametrize(
    "column",
    [
        *("person_tokens", "person_nanos", "person_accepted", "person_errors"),
        *("person_session_counts", "person_sessions"),
    ],
)
def test_a_column_of_people_that_lost_a_value_is_named(store: ProdLensStore, column: str) -> None:
    used(store)
    change(store, column, SHORTER.format(column, 8))
    with pytest.raises(StoreCorruptError, match=WAY_OUT):
        used(store)


@pytest.mark.parametrize("value", ["'[\"s'", "''", "'[]'"])
def test_names_that_can_t_be_read_or_are_too_few_are_named(
    store: ProdLensStore, value: str
) -> None:
    change(store, "sessions", value)
    with pytest.raises(StoreCorruptError, match=WAY_OUT):
        read(store)


@pytest.mark.parametrize("column", ["calls", "unknown_hours", "owned_calls"])
def test_a_count_that_is_none_is_named(store: ProdLensStore, column: str) -> None:
    change(store, column, "'many'")
    with pytest.raises(StoreCorruptError, match=f"{DAY} are damaged.*{WAY_OUT}"):
        read(store)


def test_a_day_of_which_only_parts_are_left_is_read_from_its_calls(store: ProdLensStore) -> None:
    store.insert_sessions(
        [{"native_key": "test:9", "timestamp": f"{DAY}T09:00:00Z", "model": "gpt-5"}]
    )
    DailyAggregator(store).write_aggregates()
    store.conn.execute("delete from daily_call_values where whole = 1")
    assert store.conn.execute("select count(*) from daily_call_values").fetchone()[0] > 0
    assert slices.value_slice_of(store.conn, Selection()).clean == ()
    assert read_inputs(store, Selection()).distinct.sessions == 6


def test_a_call_that_moves_makes_both_days_stale(store: ProdLensStore) -> None:
    store.conn.execute("update sessions set event_date = '2026-03-05' where id = 1")
    assert dirty_days.read(store.conn, dirty_days.SESSIONS) == [DAY, "2026-03-05"]
