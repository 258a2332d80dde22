"""A day without capture is no day without use, whichever source failed to capture."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.aggregation import DailyAggregator
from prodlens.metrics import ReportGenerator
from prodlens.metrics.daily_metrics import read_daily_metrics
from prodlens.metrics.inputs import read_inputs
from prodlens.selection import Selection
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

NOW = datetime(2026, 10, 1, tzinfo=UTC)
FIRST, LAST = 1, 28
OUTAGE = range(10, 17)
"""A week: longer than any weekend."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def calls(
    days: Iterable[int], source: str, developer: str, repo: str = "acme/web", each: int = 2
) -> list[dict[str, Any]]:
    return [
        {
            "timestamp": f"2026-09-{day:02d}T12:00:{number:02d}Z",
            "native_key": f"{source}:{day}/{number}/{repo}",
            "source": source,
            "developer_id": developer,
            "repo_slug": repo,
            "session_id": f"{source}{day}",
            "tokens_in": 1000,
        }
        for day in days
        for number in range(each)
    ]


def every_day() -> range:
    return range(FIRST, LAST + 1)


def series(store: ProdLensStore, slug: str = "calls", **slice_of: Any) -> list[int | None]:
    found = read_daily_metrics(store, Selection(**slice_of), now=NOW)
    assert found.days is not None
    assert (found.days.first, found.days.last) == (date(2026, 9, 1), date(2026, 9, 28))
    return found.series[slug].over(found.days)


def expected(value: int) -> list[int | None]:
    return [None if day in OUTAGE else value for day in every_day()]


@pytest.mark.parametrize("source", ["claude_code", "codex", "gemini", "openinference", "litellm"])
@pytest.mark.parametrize("rolled_up", [False, True])
def test_the_outage_of_any_single_source_is_missing_and_not_zero(
    store: ProdLensStore, source: str, rolled_up: bool
) -> None:
    store.insert_sessions(calls(set(every_day()) - set(OUTAGE), source, "ada"))
    if rolled_up:
        DailyAggregator(store).write_aggregates()
    assert series(store) == expected(2)
    assert series(store, "tokens") == expected(2)
    report = ReportGenerator(store, now=lambda: NOW).build_whole(repo=None, since=None)
    assert (report.coverage.whole_days, report.coverage.captured_days) == (28, 21)
    growth = report.values["session_growth_percent"]
    assert (growth.value, growth.note) == (None, "a day of the last weeks was not covered")
    daily = store.fetch_daily_session_metrics()
    assert {row["event_date"] for row in daily}.isdisjoint(f"2026-09-{day}" for day in OUTAGE)


def test_days_on_which_one_of_two_sources_failed_say_nothing_of_the_sum(
    store: ProdLensStore,
) -> None:
    store.insert_sessions(calls(every_day(), "litellm", "ada"))
    store.insert_sessions(calls(set(every_day()) - set(OUTAGE), "claude_code", "bob"))
    assert series(store) == expected(4)


def test_a_source_that_sees_little_does_not_take_the_others_days(store: ProdLensStore) -> None:
    store.insert_sessions(calls(every_day(), "litellm", "ada"))
    store.insert_sessions(calls((3, 20), "gemini", "bob", each=1))
    assert series(store) == [3 if day in {3, 20} else 2 for day in every_day()]


def test_a_source_decides_about_the_repositories_that_it_ever_saw(store: ProdLensStore) -> None:
    store.insert_sessions(calls(every_day(), "litellm", "ada"))
    store.insert_sessions(
        calls(set(every_day()) - set(OUTAGE), "claude_code", "bob", repo="acme/api")
    )
    assert series(store, repositories=("acme/web",)) == [2] * 28
    assert series(store, repositories=("acme/api",)) == expected(2)


def test_a_day_of_other_repositories_is_a_zero_of_this_one(store: ProdLensStore) -> None:
    store.insert_sessions(calls(every_day(), "codex", "ada", repo="acme/api"))
    store.insert_sessions(calls((1, 28), "codex", "ada"))
    assert series(store, repositories=("acme/web",)) == [2, *[0] * 26, 2]


def test_coverage_says_which_source_saw_whom_and_what_on_each_day(store: ProdLensStore) -> None:
    store.insert_sessions(calls((1,), "claude_code", "ada"))
    store.insert_sessions(
        [
            one | {"native_key": "seen twice", "source": source}
            for source in ("claude_code", "litellm")
            for one in calls((2,), source, "ada", each=1)
        ]
    )
    store.insert_sessions(calls((2,), "codex", "bob", repo="acme/api", each=3))
    DailyAggregator(store).write_aggregates()
    rows = store.conn.execute(
        "select source, event_date, developer_id, repo_slug, calls from capture_coverage"
        " order by 1, 2"
    )
    assert [tuple(row) for row in rows] == [
        ("claude_code", "2026-09-01", "ada", "acme/web", 2),
        ("claude_code", "2026-09-02", "ada", "acme/web", 1),
        ("codex", "2026-09-02", "bob", "acme/api", 3),
        ("litellm", "2026-09-02", "ada", "acme/web", 1),
    ]


def test_the_association_drops_days_that_no_source_captured(store: ProdLensStore) -> None:
    store.insert_sessions(calls(set(every_day()) - set(OUTAGE), "codex", "ada"))
    store.insert_commits(
        {"sha": f"{day:040x}", "repo_slug": "acme/web", "timestamp": f"2026-09-{day:02d}T15:00:00Z"}
        for day in every_day()
    )
    daily = read_inputs(store, Selection(), now=NOW).daily
    assert daily.days is not None
    pairs = zip(daily.calls.over(daily.days), daily.commits.over(daily.days), strict=True)
    assert sum(x is not None and y is not None for x, y in pairs) == 21
    report = ReportGenerator(store, now=lambda: NOW).build(repo=None, since=None)
    days = report.to_dict()["ai_outcome_association"]
    # the longest stretch without a gap, 17 to 28 September, each day against the next
    assert days["pearson"]["count"] == 11
