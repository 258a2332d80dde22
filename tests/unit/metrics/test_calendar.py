from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.metrics.calendar import (
    DailySeries,
    Days,
    call_days,
    commit_days,
    longest_run,
    pull_request_days,
    shared,
    whole_days,
)
from prodlens.storage.delivery_readings import RepositoryState

MARCH = Days(date(2026, 3, 2), date(2026, 3, 29))
"""Four weeks from a Monday on."""


def march(*days: int) -> set[date]:
    return {date(2026, 3, day) for day in days}


def seen(*days: int, calls: int = 10) -> dict[date, int]:
    return dict.fromkeys(march(*days), calls)


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def state(**fields: object) -> RepositoryState:
    return RepositoryState(**{"repo_id": 1, "slug": "a/b", "commits_known": True, **fields})  # type: ignore[arg-type]


def test_a_weekend_between_two_seen_days_is_covered() -> None:
    covered = call_days(
        {"litellm": seen(2, 3, 4, 5, 6, 9, 10)}, Days(date(2026, 3, 2), date(2026, 3, 10))
    )
    assert covered == march(*range(2, 11))


@pytest.mark.parametrize(("second", "covered"), [(7, {3, 4, 5, 6}), (8, set())])
def test_four_quiet_days_are_zeros_and_five_are_an_outage(second: int, covered: set[int]) -> None:
    found = call_days({"litellm": seen(2, second)}, Days(date(2026, 3, 2), date(2026, 3, second)))
    assert found == march(2, second, *covered)


def test_an_outage_of_a_week_is_missing_and_its_ends_are_not() -> None:
    found = call_days({"litellm": seen(*range(2, 10), *range(17, 30))}, MARCH)
    assert set(MARCH) - found == march(*range(10, 17))


def test_quiet_days_count_behind_the_last_day_seen_but_never_before_the_first() -> None:
    assert call_days({"x": seen(6, 25)}, MARCH) == march(6, 25, 26, 27, 28, 29)
    assert call_days({"x": seen(7, 24)}, MARCH) == march(7, 24)


def test_what_was_seen_outside_the_window_bridges_its_edges() -> None:
    window = Days(date(2026, 3, 3), date(2026, 3, 5))
    assert call_days({"x": seen(2, 6)}, window) == march(3, 4, 5)
    assert call_days({"x": seen(1, 9)}, window) == set()


def test_two_sources_must_both_have_been_on_while_in_use() -> None:
    steady = seen(*range(2, 30))
    broken = seen(*range(2, 8), *range(20, 30))
    assert set(MARCH) - call_days({"a": steady, "b": broken}, MARCH) == march(*range(8, 20))


def test_a_source_that_was_retired_or_hardly_used_decides_nothing() -> None:
    steady = seen(*range(2, 30), calls=100)
    assert call_days({"new": steady, "old": seen(2, 3)}, MARCH) == set(MARCH)
    assert call_days({"main": steady, "tried": seen(2, 29, calls=1)}, MARCH) == set(MARCH)


def test_deliveries_are_known_from_the_first_one_to_the_day_before_the_last_sync() -> None:
    one = state(first_commit=at(10), last_delivery=at(12), synced_at=at(20), as_of=at(20))
    assert commit_days([one], MARCH) == march(*range(10, 20))


def test_without_a_sync_they_are_known_to_the_last_delivery_and_a_few_quiet_days() -> None:
    one = state(first_commit=at(10), last_delivery=at(26), as_of=at(26))
    assert commit_days([one], MARCH) == march(*range(10, 30))
    early = state(first_commit=at(10), last_delivery=at(24), as_of=at(24))
    assert commit_days([early], MARCH) == march(*range(10, 25))


def test_a_repository_that_began_later_delivered_nothing_before() -> None:
    old = state(first_commit=at(1), synced_at=at(29, 1), last_delivery=at(2))
    new = state(repo_id=2, first_commit=at(20), synced_at=at(29, 1), last_delivery=at(21))
    assert commit_days([old, new], MARCH) == march(*range(2, 29))


def test_of_a_shallow_clone_nothing_is_known_before_its_cut() -> None:
    old = state(first_commit=at(1), synced_at=at(29, 1), last_delivery=at(2))
    cut = state(repo_id=2, first_commit=at(20), synced_at=at(29, 1), history_cut=True)
    assert commit_days([old, cut], MARCH) == march(*range(20, 29))


def test_the_repository_that_was_synced_first_ends_what_is_known_of_all() -> None:
    fresh = state(first_commit=at(1), synced_at=at(29), last_delivery=at(28))
    stale = state(repo_id=2, first_commit=at(1), synced_at=at(12), last_delivery=at(11))
    assert commit_days([fresh, stale], MARCH) == march(*range(2, 12))


def test_a_repository_last_synced_before_the_window_is_no_longer_followed() -> None:
    fresh = state(first_commit=at(1), synced_at=at(29), last_delivery=at(28))
    gone = state(repo_id=2, first_commit=at(1), synced_at=at(2, 1), last_delivery=at(1))
    assert commit_days([fresh, gone], MARCH) == march(*range(2, 29))


def test_commits_and_pull_requests_are_known_apart() -> None:
    one = state(first_commit=at(3), first_request=at(10), synced_at=at(29), requests_known=True)
    assert min(commit_days([one], MARCH)) == date(2026, 3, 2)
    assert min(pull_request_days([one], MARCH)) == date(2026, 3, 10)
    assert pull_request_days([state(first_commit=at(3), synced_at=at(29))], MARCH) == set()
    assert commit_days([], MARCH) == set()


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        (at(2, 0), at(5, 0), 2, 4),
        (at(2, 1), at(5, 0), 3, 4),
        (at(2, 0), at(5, 23), 2, 4),
    ],
)
def test_only_whole_days_count(start: datetime, end: datetime, first: int, last: int) -> None:
    assert whole_days(start, end) == Days(date(2026, 3, first), date(2026, 3, last))


def test_part_of_a_day_is_no_day() -> None:
    assert whole_days(at(2, 1), at(2, 23)) is None
    assert whole_days(at(2, 1), at(3, 23)) is None


def test_a_series_tells_zero_from_unknown() -> None:
    series = DailySeries(name="calls", counts={date(2026, 3, 2): 3}, covered=frozenset(march(2, 3)))
    assert series.over(Days(date(2026, 3, 2), date(2026, 3, 4))) == [3, 0, None]


def test_the_shared_range_reaches_from_the_first_to_the_last_day_known_of_both() -> None:
    first = DailySeries(name="calls", covered=frozenset(march(3, 4, 8, 9)))
    second = DailySeries(name="commits", covered=frozenset(march(4, 5, 8)))
    assert shared(first, second, MARCH) == Days(date(2026, 3, 4), date(2026, 3, 8))
    assert shared(first, DailySeries(name="commits"), MARCH) is None


def test_of_two_equal_runs_the_later_one_is_taken() -> None:
    assert longest_run(march(2, 3, 5, 6), MARCH) == Days(date(2026, 3, 5), date(2026, 3, 6))
    assert longest_run(march(2, 3, 4, 6), MARCH) == Days(date(2026, 3, 2), date(2026, 3, 4))
    assert longest_run(set(), MARCH) is None


@given(st.sets(st.integers(0, 40), max_size=20))
@settings(max_examples=50)
def test_seen_days_are_covered_and_shifting_all_days_shifts_the_rest(offsets: set[int]) -> None:
    def covered(shift: int) -> set[int]:
        begin = date(2026, 3, 2) + timedelta(days=shift)
        days = {begin + timedelta(days=offset): 5 for offset in offsets}
        window = Days(begin, begin + timedelta(days=40))
        return {(day - begin).days for day in call_days({"x": days}, window)}

    assert offsets <= covered(0) <= set(range(41))
    assert covered(0) == covered(7)
