"""Owns which days count: on which a missing call, or a missing delivery, is a 0 and not unknown.

The one rule of coverage (statistics.md 1.2), used by every daily series:

* A day on which a source saw any call, of whatever repository, is covered.
* Up to `LONGEST_QUIET_DAYS` days without a call between two seen days are covered: weekends and
  short holidays are zeros. A longer silence is taken for an outage: those days are missing.
* The same holds at the ends of the window that was asked for.
* Of several sources each must have been on, as long as it was in use; a source with less than
  `MINOR_SHARE` of the calls does not decide.
* Deliveries are covered from the first one of their repository to the day before the last sync
  (the day of the sync was not over); without a sync, to the last delivery.

Reads no data and computes no statistic. Days are UTC days, both ends of a range included.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from prodlens.clock import day_start, days_between, utc_day

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from prodlens.storage.delivery_readings import RepositoryState

LONGEST_QUIET_DAYS: Final = 4
MINOR_SHARE: Final = 0.1
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Days:
    """A range of days, both ends included; empty when `last` is before `first`."""

    first: date
    last: date

    def __iter__(self) -> Iterator[date]:
        """Yield every day in order."""
        return iter(days_between(self.first, self.last + _DAY))

    def __len__(self) -> int:
        return max((self.last - self.first).days + 1, 0)

    @property
    def after(self) -> date:
        """The day after the last one."""
        return self.last + _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class DailySeries:
    """Counts by day, and the days on which an absent count is 0.

    Attributes:
        name: Slug of what is counted.
        counts: Day -> count; days without one may be absent.
        covered: Days that were observed; on any other day the count is not known.
    """

    name: str
    counts: Mapping[date, int] = field(default_factory=dict)
    covered: frozenset[date] = frozenset()

    def over(self, days: Days) -> list[int | None]:
        """Return one value per day: the count, 0 on a covered day without one, else None."""
        return [self.counts.get(day, 0) if day in self.covered else None for day in days]


def whole_days(start: datetime, end: datetime) -> Days | None:
    """Return the days that lie in `[start, end)` from their first to their last instant.

    Args:
        start: First instant, aware UTC.
        end: First instant after it; a day that is not over when it ends is left out.

    Returns:
        None when no whole day lies in it.
    """
    first = utc_day(start)
    if start > day_start(first):
        first += _DAY
    last = utc_day(end) - _DAY
    return Days(first, last) if first <= last else None


def call_days(seen: Mapping[str, Mapping[date, int]], days: Days) -> frozenset[date]:
    """Return the days of a range on which calls were captured.

    Args:
        seen: Source -> day -> calls that it saw, of any repository and at any time.
        days: The range that was asked for.
    """
    within = {
        source: {day: calls for day, calls in found.items() if days.first <= day <= days.last}
        for source, found in seen.items()
    }
    total = sum(sum(found.values()) for found in within.values())
    on: set[date] = set()
    off: set[date] = set()
    for source, found in within.items():
        active, silent = _spans(sorted(seen[source]), days)
        on |= active
        if sum(found.values()) >= MINOR_SHARE * total:
            off |= silent
    return frozenset(on - off)


def _spans(seen: Sequence[date], days: Days) -> tuple[set[date], set[date]]:
    """Return the days on which one source was on, and those of its outages."""
    active = {day for day in seen if days.first <= day <= days.last}
    silent: set[date] = set()
    for before, after in pairwise(seen):
        gap = set(days_between(max(before + _DAY, days.first), min(after, days.last + _DAY)))
        (active if (after - before).days - 1 <= LONGEST_QUIET_DAYS else silent).update(gap)
    if seen:
        active |= _quiet_end(seen[-1], days)
    return active, silent


def _quiet_end(last: date, days: Days) -> set[date]:
    """Return the few quiet days between what was seen last in a range and its end.

    There is no such rule for the first calls: before them nobody knows whether anything was
    recorded at all.
    """
    if 0 < (days.last - last).days <= LONGEST_QUIET_DAYS:
        return set(days_between(last + _DAY, days.last + _DAY))
    return set()


def commit_days(states: Sequence[RepositoryState], days: Days) -> frozenset[date]:
    """Return the days of a range on which every repository's commits are known."""
    known = [state for state in states if state.commits_known]
    return _delivery_days(known, [state.first_commit for state in known], days)


def pull_request_days(states: Sequence[RepositoryState], days: Days) -> frozenset[date]:
    """Return the days of a range on which every repository's pull requests are known."""
    known = [state for state in states if state.requests_known]
    return _delivery_days(known, [state.first_request for state in known], days)


def _delivery_days(
    states: Sequence[RepositoryState], firsts: Sequence[datetime | None], days: Days
) -> frozenset[date]:
    begun = [(state, utc_day(first)) for state, first in zip(states, firsts, strict=True) if first]
    if not begun:
        return frozenset()
    # a repository that began later delivered nothing before; of a cut history that isn't known
    first = min(day for _, day in begun)
    first = max([first, *(day for state, day in begun if state.history_cut)])
    last = _last(states, days)
    covered = set(days_between(max(first, days.first), min(last, days.last) + _DAY))
    if covered:
        synced = any(state.synced_at for state in states)
        covered |= _quiet_end(days.last if synced else last, days)
        if 0 < (first - days.first).days <= LONGEST_QUIET_DAYS:  # a history is known from its start
            covered.update(days_between(days.first, first))
    return frozenset(covered)


def _last(states: Sequence[RepositoryState], days: Days) -> date:
    """Return the last day of which every repository's deliveries are known.

    A repository whose last sync lies before the range is no longer followed and decides nothing.
    """
    synced = [utc_day(state.synced_at) - _DAY for state in states if state.synced_at]
    other = [
        utc_day(state.last_delivery)
        for state in states
        if state.last_delivery and not state.synced_at
    ]
    ends = [end for end in synced if end >= days.first]
    if other:
        ends.append(max(other))
    return min(ends) if ends else max(synced, default=date.min)


def shared(first: DailySeries, second: DailySeries, days: Days) -> Days | None:
    """Return the range from the first to the last day on which both series are covered."""
    both = [day for day in days if day in first.covered and day in second.covered]
    return Days(both[0], both[-1]) if both else None


def longest_run(covered: Collection[date], days: Days) -> Days | None:
    """Return the longest range without a missing day; of equal ones the latest."""
    best: Days | None = None
    start: date | None = None
    for day in [*days, None]:
        if day is not None and day in covered:
            start = start or day
            run = Days(start, day)
            if best is None or len(run) >= len(best):
                best = run
        else:
            start = None
    return best
