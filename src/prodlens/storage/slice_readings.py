"""Owns the figures of a slice that need single values: distinct ones, durations, who and when.

Made from the values of days (`prodlens.storage.day_values`), wherever those were read. People are
resolved here, when a report is made, so that linking an id later changes what is said of calls
that were read long before. Computes no metric.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from datetime import date
from itertools import chain, compress, groupby
from operator import attrgetter, or_
from typing import TYPE_CHECKING, Final

from prodlens.clock import parse_stored
from prodlens.storage import daily_readings, day_sums, day_value_rows, persons
from prodlens.storage.daily_readings import CallDay, DecidedCalls
from prodlens.storage.day_values import DECIDED_COLUMNS, damaged, swapped
from prodlens.storage.persons import PROVENANCE, Identification
from prodlens.storage.readings import NAMES, DistinctFigures, Latencies
from prodlens.storage.slices import slice_of, value_slice_of, within
from prodlens.storage.sorted_runs import SortedRuns

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from prodlens.selection import Selection
    from prodlens.storage.day_sums import DaySums
    from prodlens.storage.day_values import DayValues

_DAY: Final = attrgetter("event_date")
_ACCEPTED: Final = bytes(int(said == 2) for said in range(256))
"""Turns a decision about a session into whether anything was accepted."""
_NOBODY: Final = "unknown"
"""Whose the hours of calls are that name no developer."""


def people_of(conn: sqlite3.Connection, values: Iterable[DayValues]) -> dict[str, str]:
    """Return the person behind each developer id of some days; see `persons.people`."""
    return persons.people(conn, set(chain.from_iterable(one.developers for one in values)))


def distinct(
    values: Sequence[DayValues], people: Mapping[str, str], *, days: int
) -> DistinctFigures:
    """Return the figures of calls that don't add up over groups.

    Args:
        values: The values of their days, by day.
        people: The person of every developer id.
        days: Days with calls, of the slice's zone.
    """
    sessions: set[str] = set()
    for one in values:
        sessions.update(one.sessions)
    developers = {people[name] for one in values for name in one.developers}
    firsts = min((one.first_call for one in values), default=None)
    lasts = max((one.last_call for one in values), default=None)
    return DistinctFigures(
        sessions=len(sessions),
        developers=len(developers),
        active_hours=sum(_hours(list(found), people) for _, found in groupby(values, _DAY)),
        days=days,
        first_call=None if firsts is None else parse_stored(firsts),
        last_call=None if lasts is None else parse_stored(lasts),
    )


def _hours(values: Sequence[DayValues], people: Mapping[str, str]) -> int:
    """Return the distinct pairs of person and hour of one day."""
    if len(values) == 1 and _are_apart(values[0].developers, people):
        masks = chain(values[0].developer_hours, (values[0].unknown_hours,))
        return sum(map(int.bit_count, masks))
    hours: dict[str, int] = {}
    for one in values:
        owners = chain(map(people.__getitem__, one.developers), (_NOBODY,))
        for name, mask in zip(
            owners, chain(one.developer_hours, (one.unknown_hours,)), strict=True
        ):
            hours[name] = or_(hours.get(name, 0), mask)
    return sum(map(int.bit_count, hours.values()))


def _are_apart(developers: Sequence[str], people: Mapping[str, str]) -> bool:
    """Return whether each developer id of a day is another person, and none is nobody's name."""
    persons = set(map(people.__getitem__, developers))
    return len(persons) == len(developers) and _NOBODY not in persons


def decided_sessions(values: Iterable[DayValues]) -> tuple[int, int]:
    """Return `(sessions with a decided call, those with an accepted one)`."""
    decided: set[str] = set()
    accepted: set[str] = set()
    for one in values:
        decided.update(compress(one.sessions, one.decisions))
        accepted.update(compress(one.sessions, one.decisions.translate(_ACCEPTED)))
    return len(decided), len(accepted)


def latencies(values: Sequence[DayValues]) -> Latencies:
    """Return the known durations; negative and infinite ones are none."""
    every = [one.latencies for one in values]
    failed = [one.failed_latencies for one in values]
    digest = hashlib.sha256()
    for _, found in groupby(values, _DAY):
        of_day = list(found)
        for name in ("latencies", "failed_latencies"):
            runs: list[array[float]] = [getattr(one, name) for one in of_day]
            run = runs[0] if len(runs) == 1 else array("d", sorted(chain.from_iterable(runs)))
            digest.update(swapped(run).tobytes())
            digest.update(f":{len(run)}:".encode("ascii"))
    return Latencies(
        every=SortedRuns(every),
        without_errors=SortedRuns(every, failed),
        digest=digest.hexdigest(),
    )


def identification(
    conn: sqlite3.Connection, sums: Sequence[int], values: Iterable[DayValues]
) -> Identification:
    """Return how far the ids of calls can be trusted.

    Args:
        conn: The database.
        sums: The sums of the calls, of `readings.COLUMNS`.
        values: The values of their days.
    """
    said = dict(zip(NAMES, sums, strict=True)) if sums else {}
    calls: Counter[str] = Counter()
    for one in values:
        for name, count in zip(one.developers, one.developer_calls, strict=True):
            calls[name] += count
    linked = persons.resolved(conn, calls)
    return Identification(
        session=_provenance(said, "session"),
        developer=_provenance(said, "developer"),
        developer_ids=len(calls),
        resolved_ids=len(linked),
        resolved_calls=sum(calls[one] for one in linked),
    )


def _provenance(said: Mapping[str, int], kind: str) -> dict[str, int]:
    counts = {name: said.get(f"{kind}_{name}", 0) for name in PROVENANCE[:-1]}
    counts[PROVENANCE[-1]] = said.get("calls", 0) - said.get(f"{kind}_known", 0)
    return {name: count for name, count in counts.items() if count}


def decided_calls(conn: sqlite3.Connection, selection: Selection) -> DecidedCalls:
    """Return every call of a selection that somebody decided about, in no order."""
    names = ("developers", *DECIDED_COLUMNS)
    values = day_value_rows.read(conn, value_slice_of(conn, selection), names)
    people = people_of(conn, values)
    accepted, rejected = _deciders(values, people)
    deciders = (*sorted(rejected), *sorted(accepted - rejected))
    places = {name: place for place, name in enumerate(deciders)}
    found = DecidedCalls(developers=deciders)
    for one in values:
        owners = [places.get(people[name], -1) for name in one.developers]
        owners.append(places.get("", -1))  # the last place stands for nobody
        found.accepted.frombytes(one.decided_accepted)
        found.developer.extend(map(owners.__getitem__, one.decided_by))
        found.latency_ms.extend(one.decided_latency)
        found.tokens.extend(one.decided_tokens)
    return found


def _deciders(values: Iterable[DayValues], people: Mapping[str, str]) -> tuple[set[str], set[str]]:
    """Return who accepted and who rejected; '' is nobody in particular."""
    accepted: set[str] = set()
    rejected: set[str] = set()
    for one in values:
        names = [*(people[name] for name in one.developers), ""]
        split = one.decided_accepted.count(0)  # rejected ones stand first
        rejected.update(names[place] for place in set(one.decided_by[:split]))
        accepted.update(names[place] for place in set(one.decided_by[split:]))
    return accepted, rejected


def calls_by_day(
    conn: sqlite3.Connection,
    selection: Selection,
    read: tuple[Sequence[DaySums], Sequence[DayValues]] | None = None,
) -> dict[date, CallDay]:
    """Return the calls of each day of a selection that has any, in order, in its zone.

    Args:
        conn: The database.
        selection: The selection.
        read: What was read before and holds the selection, by `slices.holds`.
    """
    if selection.timezone != "UTC":
        return daily_readings.calls_by_local_day(conn, selection)
    if read is None:
        of_values = value_slice_of(conn, selection)
        sums = day_sums.read(conn, slice_of(conn, selection))
        values = day_value_rows.read(conn, of_values, ("sessions",))
    else:
        sums, values = within(read[0], selection), within(read[1], selection)
    calls = day_sums.counted(sums, lambda one: one.event_date, "calls")
    named = {day: _sessions(list(found)) for day, found in groupby(values, _DAY)}
    return {
        date.fromisoformat(day): CallDay(count, named[day]) for day, count in sorted(calls.items())
    }


def _known(named: Mapping[str, int], day: str) -> int:
    if day not in named:
        raise damaged(day)
    return named[day]


def _sessions(values: Sequence[DayValues]) -> int:
    names = [one.sessions for one in values]
    return len(names[0]) if len(names) == 1 else len(set(chain.from_iterable(names)))
