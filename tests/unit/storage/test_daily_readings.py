from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.aggregation import DailyAggregator
from prodlens.metrics.effects import in_order
from prodlens.selection import Selection
from prodlens.storage import ProdLensStore, daily_readings, slice_readings
from prodlens.storage.daily_readings import CallDay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def call(number: int, day: int, **fields: Any) -> dict[str, Any]:
    return {
        "native_key": f"test:{number}",
        "timestamp": f"2026-03-{day:02d}T09:00:00Z",
        "repo_slug": "acme/web",
        "source": "litellm",
        **fields,
    }


CALLS = (
    call(1, 2, session_id="s"),
    call(2, 2, session_id="s"),
    call(3, 2),
    call(4, 3, session_id="s", repo_slug="acme/api"),
    call(5, 4, source="otlp", repo_slug="acme/api"),
    call(6, 5, source="otlp", repo_slug=None),
)


def seen(store: ProdLensStore, *slugs: str) -> dict[str, dict[date, int]]:
    return daily_readings.seen_days(store.conn, Selection(repositories=slugs))


def test_days_hold_calls_and_distinct_sessions(store: ProdLensStore) -> None:
    store.insert_sessions(CALLS)
    found = slice_readings.calls_by_day(store.conn, Selection(repositories=("acme/web",)))
    assert found == {date(2026, 3, 2): CallDay(calls=3, sessions=1)}


@pytest.mark.parametrize("fresh", [True, False])
def test_sources_that_saw_a_repository_count_with_all_their_days(
    store: ProdLensStore, *, fresh: bool
) -> None:
    store.insert_sessions(CALLS)
    if fresh:
        DailyAggregator(store).write_aggregates()
    assert seen(store, "acme/web") == {"litellm": {date(2026, 3, 2): 3, date(2026, 3, 3): 1}}
    assert seen(store) == {
        "litellm": {date(2026, 3, 2): 3, date(2026, 3, 3): 1},
        "otlp": {date(2026, 3, 4): 1, date(2026, 3, 5): 1},
    }
    assert seen(store, "acme/none") == {}


def test_only_stale_days_are_read_from_the_calls(store: ProdLensStore) -> None:
    store.insert_sessions(CALLS)
    DailyAggregator(store).write_aggregates()
    store.insert_sessions([call(7, 3), call(8, 9)])
    assert seen(store, "acme/web") == {
        "litellm": {date(2026, 3, 2): 3, date(2026, 3, 3): 2, date(2026, 3, 9): 1}
    }


def test_decided_calls_come_in_an_order_of_their_own(store: ProdLensStore) -> None:
    rows = [
        call(1, 2, accepted_flag=True, developer_id="ben", latency_ms=5.0, tokens_in=7),
        call(2, 2, accepted_flag=False, developer_id=None, latency_ms=-1.0),
        call(3, 2, latency_ms=9.0),
        call(4, 2, accepted_flag=True, developer_id="ana", latency_ms=3.0, tokens_out=2),
    ]
    store.insert_sessions(rows)
    found = in_order(slice_readings.decided_calls(store.conn, Selection()))
    assert list(found.accepted) == [0, 1, 1]
    assert [found.developers[place] for place in found.developer] == ["", "ana", "ben"]
    assert list(found.latency_ms)[1:] == [3.0, 5.0]
    assert list(found.tokens)[1:] == [2.0, 7.0]
    assert math.isnan(found.latency_ms[0])
    assert math.isnan(found.tokens[0])
