from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.errors import InputError
from prodlens.metrics.daily_metrics import NAMES, parse_metric, read_daily_metrics
from prodlens.selection import Selection
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prodlens.metrics.daily_metrics import DailyMetrics

NOW = datetime(2026, 4, 1, tzinfo=UTC)
WINDOW = Selection(since=datetime(2026, 3, 2, tzinfo=UTC), until=datetime(2026, 3, 6, tzinfo=UTC))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def call(number: int, day: int, **fields: Any) -> dict[str, Any]:
    at = datetime(2026, 3, day, 9, number % 60, tzinfo=UTC)
    return {"native_key": f"t:{number}", "timestamp": at, "repo_slug": "acme/web", **fields}


def request(number: int, **fields: Any) -> dict[str, Any]:
    created = datetime(2026, 3, 2, 8, tzinfo=UTC)
    given = {"number": number, "repo_slug": "acme/web", "state": "closed", "created_at": created}
    return {**given, "merged_at": datetime(2026, 3, 3, 8, tzinfo=UTC), **fields}


def commit(number: int, day: int) -> dict[str, Any]:
    at = datetime(2026, 3, day, 12, tzinfo=UTC)
    return {"sha": f"{number:08x}", "timestamp": at, "repo_slug": "acme/web", "author": "ana"}


def read(store: ProdLensStore) -> DailyMetrics:
    return read_daily_metrics(store, WINDOW, now=NOW)


def values(found: DailyMetrics, slug: str) -> list[int | None]:
    assert found.days is not None
    return found.series[slug].over(found.days)


def test_every_metric_has_a_series_over_the_complete_calendar(store: ProdLensStore) -> None:
    known = {"tokens_in": 1500, "tokens_out": 500, "cost_usd": 0.25, "status_code": 200}
    store.insert_sessions(
        [
            call(1, 2, session_id="a", accepted_flag=True, **known),
            call(2, 2, session_id="a", accepted_flag=False, **known),
            call(3, 5, session_id="b", **{**known, "status_code": 500}),
        ]
    )
    store.insert_commits([commit(1, 2), commit(2, 4), commit(3, 4), commit(4, 5)])
    found = read(store)
    assert set(found.series) == set(NAMES)
    assert values(found, "calls") == [2, 0, 0, 1]
    assert values(found, "sessions") == [1, 0, 0, 1]
    assert values(found, "tokens") == [4, 0, 0, 2]
    assert values(found, "cost") == [50, 0, 0, 25]
    assert values(found, "accepted") == [1, 0, 0, 0]
    assert values(found, "errors") == [0, 0, 0, 1]
    assert values(found, "commits") == [1, 0, 2, 1]
    assert values(found, "merged_prs") == [None] * 4
    assert values(found, "reopened") == [None] * 4


def test_a_day_whose_calls_say_nothing_is_unknown_and_not_zero(store: ProdLensStore) -> None:
    store.insert_sessions([call(1, 2, cost_usd=0.5), call(2, 3), call(3, 5, cost_usd=0.0)])
    found = read(store)
    assert values(found, "cost") == [50, None, 0, 0]
    assert values(found, "tokens") == [None] * 4
    assert values(found, "accepted") == [None] * 4
    assert values(found, "calls") == [1, 1, 0, 1]


def test_reopenings_count_on_their_day_and_only_where_they_are_known(store: ProdLensStore) -> None:
    store.insert_pull_requests(
        [
            request(1, reopened=True, reopened_at=datetime(2026, 3, 4, 8, tzinfo=UTC)),
            request(2, reopened=False, merged_at=datetime(2026, 3, 5, 8, tzinfo=UTC)),
        ]
    )
    assert values(read(store), "reopened") == [0, 0, 1, 0]
    assert values(read(store), "merged_prs") == [0, 1, 0, 1]
    store.insert_pull_requests([request(3, reopened=True, reopened_at=None)])
    assert values(read(store), "reopened") == [None] * 4


def test_an_empty_store_has_no_days(store: ProdLensStore) -> None:
    found = read(store)
    assert set(found.series) == set(NAMES)
    assert all(not one.covered for one in found.series.values())


def test_one_call_is_one_day(store: ProdLensStore) -> None:
    store.insert_sessions([call(1, 2)])
    found = read_daily_metrics(store, Selection(), now=NOW)
    assert found.days is not None
    assert list(found.days) == [date(2026, 3, 2)]


@pytest.mark.parametrize(
    ("text", "slug"),
    [("sessions", "sessions"), ("Merged-PRs", "merged_prs"), ("prs", "merged_prs")],
)
def test_a_metric_is_found_by_what_people_write(text: str, slug: str) -> None:
    assert parse_metric(text) == slug


def test_an_unknown_metric_is_named_with_the_nearest_one() -> None:
    with pytest.raises(InputError, match=r"'comits' is no daily metric\. Did you mean commits\?"):
        parse_metric("comits")
