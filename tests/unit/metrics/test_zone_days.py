"""Daily series and spans in the days of a zone, where UTC days would say something else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from prodlens.metrics import ReportGenerator
from prodlens.metrics.inputs import observe, read_inputs
from prodlens.schemas import CanonicalTrace
from prodlens.selection import Selection
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)


def call(text: str) -> CanonicalTrace:
    return CanonicalTrace(
        session_id=text,
        developer_id="ana",
        timestamp=datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC),
        model="gpt-4o",
        tokens_in=1,
        tokens_out=1,
        latency_ms=None,
        status_code=200,
        accepted_flag=None,
        repo_slug="acme/web",
        cost_usd=0.5,
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        # in New York: 31 October 23:59, 1 November 00:00 and 23:30 (a day of 25 hours), 2 November
        opened.insert_sessions(
            map(
                call,
                ["2026-11-01 03:59", "2026-11-01 04:00", "2026-11-02 04:30", "2026-11-02 05:00"],
            )
        )
        opened.insert_commits(
            [
                {
                    "sha": f"{number:040x}",
                    "author": "ana",
                    "timestamp": f"2026-11-0{day}T04:30:00Z",
                    "repo_slug": "acme/web",
                }
                for number, day in enumerate((1, 2, 3))
            ]
        )
        yield opened


def test_calls_and_commits_stand_on_the_zones_days(store: ProdLensStore) -> None:
    selection = Selection(timezone="America/New_York")

    daily = read_inputs(store, selection, now=NOW).daily

    assert dict(daily.calls.counts) == {
        date(2026, 10, 31): 1,
        date(2026, 11, 1): 2,
        date(2026, 11, 2): 1,
    }
    assert dict(daily.commits.counts) == {date(2026, 11, 1): 2, date(2026, 11, 2): 1}
    assert daily.days is not None
    assert (daily.days.first, daily.days.last) == (date(2026, 10, 31), date(2026, 11, 2))
    assert set(daily.calls.covered) == set(daily.days)


def test_the_same_data_have_other_days_in_utc(store: ProdLensStore) -> None:
    daily = read_inputs(store, Selection(), now=NOW).daily

    assert dict(daily.calls.counts) == {date(2026, 11, 1): 2, date(2026, 11, 2): 2}
    assert dict(daily.commits.counts) == {
        date(2026, 11, 1): 1,
        date(2026, 11, 2): 1,
        date(2026, 11, 3): 1,
    }


def test_the_span_of_the_data_is_told_in_the_zones_days(store: ProdLensStore) -> None:
    found = observe(store, ("acme/web",), now=NOW, timezone="America/New_York")

    assert found.calls == (date(2026, 10, 31), date(2026, 11, 2))
    assert found.deliveries == (date(2026, 11, 1), date(2026, 11, 2))


def test_a_report_of_a_zone_says_so_and_counts_its_days(store: ProdLensStore) -> None:
    maker = ReportGenerator(store, now=lambda: NOW, timezone="America/New_York")

    report = maker.build(repo="acme/web", since="2026-11-01", until="2026-11-02")

    assert report.window.since == datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert report.window.until == datetime(2026, 11, 2, 5, tzinfo=UTC)
    assert report.values["calls"].value == 2
    assert report.notes[0].text == (
        "Days are those of America/New_York, read from single calls and commits; clock hours of "
        "active use are UTC hours."
    )


def test_a_report_in_utc_says_nothing_about_zones(store: ProdLensStore) -> None:
    report = ReportGenerator(store, now=lambda: NOW).build(repo=None, since=None)

    assert "time_zone" not in {note.code for note in report.notes}
