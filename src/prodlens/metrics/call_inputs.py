"""Owns what is read of the calls of one selection, once, and what it adds up to; no metric.

Where each day is read is decided in `prodlens.storage.slices`. To be used inside one read
transaction.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prodlens.clock import local_day, local_start
from prodlens.storage import (
    daily_readings,
    day_sums,
    day_value_rows,
    day_values,
    readings,
    slice_readings,
)
from prodlens.storage.day_values import USE_COLUMNS
from prodlens.storage.slices import holds, rows_of, slice_of, value_slice_of
from prodlens.storage.stretches import IDLE_SECONDS
from prodlens.storage.work_readings import work

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from prodlens.selection import Selection
    from prodlens.storage.daily_readings import CallDay
    from prodlens.storage.day_sums import DaySums
    from prodlens.storage.day_values import DayValues
    from prodlens.storage.persons import Identification
    from prodlens.storage.readings import CallFigures, DistinctFigures, Latencies
    from prodlens.storage.slices import Slice
    from prodlens.storage.work_readings import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsRead:
    """The calls of a selection, as sums and single values of days.

    Attributes:
        selection: The selection.
        found: Where its sums were read, those of every traffic class.
        every: Sums of every traffic class, because a report says how many calls its filter leaves
            out.
        sums: Those of the classes that count.
        values: Single values of the calls that count.
        people: The person behind each developer id.
        local_days: Calls of each day of the selection's zone; None when its days are UTC days.
    """

    selection: Selection
    found: Slice
    every: Sequence[DaySums]
    sums: Sequence[DaySums]
    values: Sequence[DayValues]
    people: Mapping[str, str]
    local_days: Mapping[date, CallDay] | None = None

    @property
    def are_whole(self) -> bool:
        """Whether all of it was read from whole UTC days."""
        return self.found.rows is None

    def models(self) -> dict[str | None, CallFigures]:
        """Return the figures of each model, by name; the key None holds calls without one."""
        found = day_sums.grouped(self.sums, lambda one: one.model)
        ordered = sorted(found.items(), key=lambda item: (item[0] is not None, item[0] or ""))
        return {model: readings.figures(one) for model, one in ordered}

    def traffic(self) -> dict[str, int]:
        """Return the calls of each traffic class, '' being none, those left out included."""
        return _calls(self.every, lambda one: one.traffic_class or "")

    def sources(self) -> dict[str, int]:
        """Return how many calls each source saw; a call that two saw counts for both."""
        counts: Counter[str] = Counter()
        for names, calls in _calls(self.sums, lambda one: one.sources).items():
            for name in names.split(","):
                counts[name] += calls
        return dict(sorted(counts.items()))

    def distinct(self) -> DistinctFigures:
        """Return the figures that don't add up over groups."""
        days = self.local_days or {one.event_date for one in self.sums}
        return slice_readings.distinct(self.values, self.people, days=len(days))

    def decided_sessions(self) -> tuple[int, int]:
        """Return `(sessions with a decided call, those with an accepted one)`."""
        return slice_readings.decided_sessions(self.values)

    def latencies(self) -> Latencies:
        """Return the known durations.

        Raises:
            StoreCorruptError: They are not as many as the sums say.
        """
        found, counted = slice_readings.latencies(self.values), day_sums.place("latency_known")
        if len(found.every) != sum(one.sums[counted] for one in self.sums):
            raise day_values.damaged("this time")
        return found

    def work(self, conn: sqlite3.Connection, idle_minutes: int) -> Work:
        """Return the working sessions.

        From the calls where a shorter gap ends one than the daily tables were cut by.
        """
        idle, values = idle_minutes * 60.0, self.values
        if idle < IDLE_SECONDS:
            values = day_value_rows.read(conn, rows_of(self.selection), idle=idle)
        return work(values, self.people, idle=idle)

    def identification(self, conn: sqlite3.Connection) -> Identification:
        """Return how far the ids of the calls can be trusted."""
        added = day_sums.grouped(self.sums, lambda _: None).get(None, ())
        return slice_readings.identification(conn, added, self.values)

    def by_day(self, conn: sqlite3.Connection, window: Selection) -> dict[date, CallDay]:
        """Return the calls of each day of a part of the selection's time that has any."""
        if self.local_days is not None and _begins_and_ends_with_days(window):
            first, after = (
                None if one is None else local_day(one, window.zone)
                for one in (window.since, window.until)
            )
            return {
                day: found
                for day, found in self.local_days.items()
                if (first is None or first <= day) and (after is None or day < after)
            }
        known = (self.sums, self.values) if holds(self.found, window) else None
        return slice_readings.calls_by_day(conn, window, known)


def read_calls(conn: sqlite3.Connection, selection: Selection) -> CallsRead:
    """Read the calls of a selection."""
    found = slice_of(conn, replace(selection, traffic=()))
    every = day_sums.read(conn, found)
    classes = selection.traffic
    values = day_value_rows.read(conn, value_slice_of(conn, selection), USE_COLUMNS)
    return CallsRead(
        selection=selection,
        found=found,
        every=every,
        sums=[one for one in every if not classes or (one.traffic_class or "") in classes],
        values=values,
        people=slice_readings.people_of(conn, values),
        local_days=None
        if selection.timezone == "UTC"
        else daily_readings.calls_by_local_day(conn, selection),
    )


def _begins_and_ends_with_days(window: Selection) -> bool:
    bounds = [one for one in (window.since, window.until) if one is not None]
    return all(one == local_start(local_day(one, window.zone), window.zone) for one in bounds)


def _calls(sums: Iterable[DaySums], key: Callable[[DaySums], str]) -> dict[str, int]:
    return dict(sorted(day_sums.counted(sums, key, "calls").items()))
