from __future__ import annotations

import dataclasses
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.selection import Selection
from prodlens.storage import ProdLensStore, correlations, where
from prodlens.storage.correlations import CacheKey, UsageDay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = CacheKey(
    x="sessions",
    y="commits",
    scope="acme/web",
    window_start="2026-01-01",
    window_end="2026-03-31",
    method_version="1.1",
    fingerprint="f" * 64,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def row(key: CacheKey, lag: int, **fields: Any) -> dict[str, Any]:
    return {
        "correlation_date": key.window_end,
        "lag_days": lag,
        "x_metric": key.x,
        "y_metric": key.y,
        "scope": key.scope,
        "window_start": key.window_start,
        "window_end": key.window_end,
        "method_version": key.method_version,
        "data_fingerprint": key.fingerprint,
        "p_adj": 0.5,
        **fields,
    }


def test_use_is_added_up_by_day_with_what_is_known_of_it(store: ProdLensStore) -> None:
    calls: list[dict[str, Any]] = [
        {
            "native_key": "a:1",
            "timestamp": "2026-03-02T09:00:00Z",
            "tokens_in": 900,
            "tokens_out": 100,
            "cost_usd": 0.25,
            "accepted_flag": True,
            "status_code": 200,
        },
        {"native_key": "a:2", "timestamp": "2026-03-02T10:00:00Z", "status_code": 500},
        {"native_key": "a:3", "timestamp": "2026-03-02T11:00:00Z", "accepted_flag": False},
        {"native_key": "a:4", "timestamp": "2026-03-04T11:00:00Z"},
    ]
    store.insert_sessions(calls)
    found = correlations.usage_by_day(store.conn, where.sessions(Selection()))
    assert list(found) == [date(2026, 3, 2), date(2026, 3, 4)]
    assert found[date(2026, 3, 2)] == UsageDay(
        calls=3,
        tokens_known=1,
        tokens=1000.0,
        priced=1,
        cost_nanos=250_000_000.0,
        decided=2,
        accepted=1,
        outcome_known=2,
        errors=1,
    )
    assert found[date(2026, 3, 4)].tokens_known == 0


def test_a_row_is_served_for_its_own_key_alone(store: ProdLensStore) -> None:
    store.insert_correlation_cache([row(KEY, 1), row(KEY, -1)])
    assert set(correlations.cached(store.conn, KEY)) == {1, -1}
    for name in KEY.__slots__:
        other = dataclasses.replace(KEY, **{name: "2026-02-02"})
        assert correlations.cached(store.conn, other) == {}, name


def test_other_ends_of_the_window_are_counted_once_each(store: ProdLensStore) -> None:
    ends = ["2026-03-01", "2026-03-08", "2026-03-08"]
    keys = [dataclasses.replace(KEY, window_end=end) for end in ends]
    store.insert_correlation_cache(
        [row(key, 1, window_start=f"2026-01-0{place}") for place, key in enumerate(keys, 1)]
    )
    store.insert_correlation_cache([row(KEY, 1), row(KEY, 2)])
    assert correlations.earlier_looks(store.conn, KEY, [1, 2]) == 2
    assert correlations.earlier_looks(store.conn, KEY, [2]) == 0
    assert correlations.earlier_looks(store.conn, KEY, []) == 0
    other = dataclasses.replace(KEY, y="merged_prs")
    assert correlations.earlier_looks(store.conn, other, [1]) == 0


def test_a_look_at_which_nothing_was_tested_does_not_count(store: ProdLensStore) -> None:
    earlier = dataclasses.replace(KEY, window_end="2026-01-05")
    store.insert_correlation_cache([row(earlier, 1, p_adj=None)])
    assert correlations.earlier_looks(store.conn, KEY, [1]) == 0
