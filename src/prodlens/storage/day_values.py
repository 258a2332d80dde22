"""Owns the single values of a day's calls: what figures need that sums can't give.

One day, one traffic class, one set of sources: sorted durations, native sessions, who called in
which hours and stretches, what was decided. Made from rows, kept as columns of bytes, read back.
Runs no SQL; the statement that gives the rows stands here, because their order is the builder's.
"""

from __future__ import annotations

import json
import sys
from array import array
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from prodlens.errors import StoreCorruptError
from prodlens.storage.rollup_sql import ACCEPTED, DECIDED, DURATION, FAILED, TOKENS, TOKENS_KNOWN
from prodlens.storage.stretches import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Row = Sequence[Any]

_LONGEST_CALL_MS: Final = 86_400_000
"""A day: a call that claims to have taken longer says nothing about when it ended."""
_LONGEST_DECIDED_MS: Final = 1e15
"""30,000 years: what claims to have taken longer is no duration."""
_UNKNOWN: Final = float("nan")
_NOT_KNOWN: Final = float("-inf")
"""Stands for it while calls are put in order."""
ROWS: Final = f"""
select event_date, repo_slug, traffic_class, sources, developer_id, session_id, timestamp,
    cast(strftime('%s', substr(timestamp, 1, 19)) as integer)
        + cast('0' || substr(timestamp, 20, 7) as real) as start,
    cast(substr(timestamp, 12, 2) as integer) as hour,
    {DURATION} as latency, {FAILED} as failed,
    case when {DECIDED} then {ACCEPTED} end as decision,
    case when {TOKENS_KNOWN} is not null then {TOKENS} end as tokens, cost_nanos
from sessions where {{where}} order by event_date
"""
"""Rows that `of_rows` takes; `start` is in seconds since 1970, `latency` in milliseconds."""
_DAY: Final = itemgetter(0)
_REPOSITORY: Final = itemgetter(1)
_GROUP: Final = itemgetter(2, 3)


def _reals() -> array[float]:
    return array("d")


def _wholes() -> array[int]:
    return array("q")


@dataclass(slots=True, kw_only=True)
class DayValues:
    """The single values of the calls of one day, traffic class and set of sources.

    Owners are the developers in the order of `developers`, then the sessions of calls that name
    no developer, in the order of `unowned`.

    Attributes:
        event_date: UTC day.
        traffic_class: None is unclassified.
        sources: Sources that saw the calls, comma separated.
        calls: Calls.
        first_call: Time of the first call, as stored.
        last_call: Time of the last call.
        latencies: Known durations in ms, ascending.
        failed_latencies: Those of them that belong to failed calls, ascending.
        sessions: Native sessions.
        decisions: For each of them 0 nothing was decided, 1 decided, 2 accepted at least once.
        developers: Developer ids.
        developer_calls: Calls of each of them.
        developer_hours: UTC hours with calls of each of them, one bit per hour.
        unknown_hours: The same for calls that name no developer.
        unowned: Sessions of calls that name no developer.
        owned_calls: Calls that have an owner.
        stretch_counts: Stretches of each owner.
        stretch_starts: When each stretch began, seconds since 1970; owner by owner, in order.
        stretch_ends: When it ended.
        stretch_seconds: Lengths of all stretches, ascending.
        person_tokens: Known tokens of each developer, and at the end of nobody in particular.
        person_nanos: Known costs likewise, nano-dollars.
        person_accepted: Calls likewise that a person accepted.
        person_errors: Calls likewise that failed.
        person_session_counts: How many of `sessions` each of them is in.
        person_sessions: Which ones, by position; one after the other.
        decided_accepted: 1 accepted, 0 rejected; one entry for each decided call.
        decided_by: Position of its developer in `developers`; -1 is nobody.
        decided_latency: Its duration in ms; NaN when not known.
        decided_tokens: Its tokens; NaN when not known.
    """

    event_date: str
    traffic_class: str | None
    sources: str
    calls: int = 0
    first_call: str = ""
    last_call: str = ""
    latencies: array[float] = field(default_factory=_reals)
    failed_latencies: array[float] = field(default_factory=_reals)
    sessions: list[str] = field(default_factory=list)
    decisions: bytes = b""
    developers: list[str] = field(default_factory=list)
    developer_calls: array[int] = field(default_factory=_wholes)
    developer_hours: array[int] = field(default_factory=_wholes)
    unknown_hours: int = 0
    unowned: list[str] = field(default_factory=list)
    owned_calls: int = 0
    stretch_counts: array[int] = field(default_factory=_wholes)
    stretch_starts: array[float] = field(default_factory=_reals)
    stretch_ends: array[float] = field(default_factory=_reals)
    stretch_seconds: array[float] = field(default_factory=_reals)
    person_tokens: array[float] = field(default_factory=_reals)
    person_nanos: array[float] = field(default_factory=_reals)
    person_accepted: array[int] = field(default_factory=_wholes)
    person_errors: array[int] = field(default_factory=_wholes)
    person_session_counts: array[int] = field(default_factory=_wholes)
    person_sessions: array[int] = field(default_factory=_wholes)
    decided_accepted: bytes = b""
    decided_by: array[int] = field(default_factory=_wholes)
    decided_latency: array[float] = field(default_factory=_reals)
    decided_tokens: array[float] = field(default_factory=_reals)


_NAMES: Final = frozenset({"sessions", "developers", "unowned"})
_REALS: Final = frozenset(
    {
        "latencies",
        "failed_latencies",
        "stretch_starts",
        "stretch_ends",
        "stretch_seconds",
        "person_tokens",
        "person_nanos",
        "decided_latency",
        "decided_tokens",
    }
)
_WHOLES: Final = frozenset(
    {
        *("developer_calls", "developer_hours", "stretch_counts", "decided_by"),
        *("person_accepted", "person_errors", "person_session_counts", "person_sessions"),
    }
)
COLUMNS: Final = tuple(DayValues.__dataclass_fields__)
"""Columns of `daily_call_values` after `scope`, in order."""
DECIDED_COLUMNS: Final = tuple(name for name in COLUMNS if name.startswith("decided_"))
PERSON_COLUMNS: Final = tuple(name for name in COLUMNS if name.startswith("person_"))
USE_COLUMNS: Final = tuple(
    name for name in COLUMNS if name not in {*DECIDED_COLUMNS, *PERSON_COLUMNS}
)
"""What figures of use are made of; single decisions and people are far more than those need."""


def of_rows(rows: Iterable[Row], *, idle: float) -> Iterator[DayValues]:
    """Yield the values of calls, day by day.

    Args:
        rows: Rows of `ROWS`.
        idle: Seconds without a call that end a stretch.
    """
    for day, found in groupby(rows, _DAY):
        yield from of_day(day, list(found), idle=idle)


def of_day(day: str, rows: Sequence[Row], *, idle: float) -> Iterator[DayValues]:
    """Yield the values of the calls of one day: one entry for each traffic class and sources."""
    for key, found in _apart(rows, _GROUP):
        yield _values(DayValues(event_date=day, traffic_class=key[0], sources=key[1]), found, idle)


def by_repository(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows of each repository; those that name none are in none."""
    return {name: found for name, found in _apart(rows, _REPOSITORY) if name is not None}


def _apart(rows: Sequence[Row], key: itemgetter[Any]) -> list[tuple[Any, list[Row]]]:
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return list(found.items())


def _values(made: DayValues, rows: Sequence[Row], idle: float) -> DayValues:
    """Fill in what the rows of one traffic class and set of sources say."""
    times = [row[6] for row in rows]
    made.calls, made.first_call, made.last_call = len(rows), min(times), max(times)
    made.latencies = array("d", sorted(row[9] for row in rows if row[9] is not None))
    made.failed_latencies = array(
        "d", sorted(row[9] for row in rows if row[10] and row[9] is not None)
    )
    _own(made, rows, idle)
    _name(made, rows)
    _share(made, rows)
    _decide(made, [row for row in rows if row[11] is not None])
    return made


def _own(made: DayValues, rows: Iterable[Row], idle: float) -> None:
    """Fill in who called, and when."""
    people: dict[str, list[tuple[float, float, int]]] = {}
    unowned: dict[str, list[tuple[float, float, int]]] = {}
    hours: dict[str | None, int] = {}
    for row in rows:
        developer, session, _, start, hour, latency = row[4:10]
        lasts = latency is not None and 0 < latency <= _LONGEST_CALL_MS
        piece = start, start + (latency / 1000.0 if lasts else 0.0), 1
        hours[developer] = hours.get(developer, 0) | 1 << hour
        if developer is not None:
            people.setdefault(developer, []).append(piece)
        elif session is not None:
            unowned.setdefault(session, []).append(piece)
    made.developers, made.unowned = sorted(people), sorted(unowned)
    made.developer_calls = array("q", [len(people[name]) for name in made.developers])
    made.unknown_hours = hours.pop(None, 0)
    made.developer_hours = array("q", [hours[name] for name in made.developers])
    owners = chain(map(people.__getitem__, made.developers), map(unowned.__getitem__, made.unowned))
    _cut(made, owners, idle)


def _cut(made: DayValues, owners: Iterable[list[tuple[float, float, int]]], idle: float) -> None:
    for pieces in owners:
        found = cut(pieces, idle)
        made.stretch_counts.append(len(found))
        made.owned_calls += len(pieces)
        for start, end, _ in found:
            made.stretch_starts.append(start)
            made.stretch_ends.append(end)
    pairs = zip(made.stretch_starts, made.stretch_ends, strict=True)
    made.stretch_seconds = array("d", sorted(end - start for start, end in pairs))


def _name(made: DayValues, rows: Iterable[Row]) -> None:
    """Fill in the native sessions, and what was decided in them."""
    sessions: dict[str, int] = {}
    for row in rows:
        session, decision = row[5], row[11]
        if session is not None:
            known = sessions.setdefault(session, 0)
            if decision is not None and decision >= known:
                sessions[session] = decision + 1
    made.sessions = sorted(sessions)
    made.decisions = bytes(map(sessions.__getitem__, made.sessions))


def _share(made: DayValues, rows: Iterable[Row]) -> None:
    """Fill in what each developer used, and nobody in particular at the end."""
    places: dict[str | None, int] = {name: at for at, name in enumerate(made.developers)}
    sums = [[0, 0, 0, 0] for _ in range(len(places) + 1)]
    sessions: list[set[str]] = [set() for _ in sums]
    for row in rows:
        place = places.get(row[4], -1)
        one = sums[place]
        one[0] += row[12] or 0
        one[1] += row[13] or 0
        one[2] += row[11] or 0
        one[3] += row[10]
        if row[5] is not None:
            sessions[place].add(row[5])
    tokens, nanos, accepted, errors = zip(*sums, strict=True)
    made.person_tokens, made.person_nanos = array("d", tokens), array("d", nanos)
    made.person_accepted, made.person_errors = array("q", accepted), array("q", errors)
    named = {name: at for at, name in enumerate(made.sessions)}
    made.person_session_counts = array("q", map(len, sessions))
    made.person_sessions = array(
        "q", [at for one in sessions for at in sorted(named[n] for n in one)]
    )


def _decide(made: DayValues, decided: Iterable[Row]) -> None:
    """Fill in the decided calls, in an order of their own values."""
    places: dict[str | None, int] = {name: at for at, name in enumerate(made.developers)}
    calls = sorted(
        (
            row[11],
            places.get(row[4], -1),
            _NOT_KNOWN if row[9] is None or row[9] >= _LONGEST_DECIDED_MS else row[9],
            _NOT_KNOWN if row[12] is None else row[12],
        )
        for row in decided
    )
    made.decided_accepted = bytes(one[0] for one in calls)
    made.decided_by = array("q", [one[1] for one in calls])
    for name, place in (("decided_latency", 2), ("decided_tokens", 3)):
        values = [_UNKNOWN if one[place] == _NOT_KNOWN else one[place] for one in calls]
        setattr(made, name, array("d", values))


def stored(made: DayValues) -> dict[str, Any]:
    """Return the columns under which values are kept: little-endian bytes, names as JSON."""
    return {name: _stored(name, getattr(made, name)) for name in COLUMNS}


def _stored(name: str, value: Any) -> Any:
    if name in _NAMES:
        return json.dumps(value, separators=(",", ":"))
    return swapped(value).tobytes() if name in _REALS or name in _WHOLES else value


def read(columns: Mapping[str, Any]) -> DayValues:
    """Return values as they were kept; columns that are not given stay empty.

    Raises:
        StoreCorruptError: A column can't be read, or has another length than others say.
    """
    day = str(columns.get("event_date"))
    try:
        made = DayValues(**{name: _read(name, value) for name, value in columns.items()})
    except (TypeError, ValueError) as error:  # JSON or bytes that are none
        raise damaged(day) from error
    if any(len(getattr(made, name)) != size for name, size in _sizes(made) if name in columns):
        raise damaged(day)
    return made


def damaged(days: str) -> StoreCorruptError:
    """Return the error of daily tables that can't be true.

    Args:
        days: Which days they are of.
    """
    return StoreCorruptError(
        f"The daily tables of {days} are damaged: run `prod-lens aggregate --force`, which makes "
        "them from the calls again."
    )


def _sizes(made: DayValues) -> Iterator[tuple[str, int]]:
    """Yield how long columns must be by what others say; all of a kind are always read together."""
    people, stretches = len(made.developers), sum(made.stretch_counts)
    yield "decisions", len(made.sessions)
    yield "developer_calls", people
    yield "developer_hours", people
    yield "stretch_counts", people + len(made.unowned)
    for name in ("stretch_starts", "stretch_ends", "stretch_seconds"):
        yield name, stretches
    for name in PERSON_COLUMNS:
        if name != "person_sessions":
            yield name, people + 1
    yield "person_sessions", sum(made.person_session_counts)
    for name in DECIDED_COLUMNS:
        yield name, len(made.decided_accepted)


def _read(name: str, value: Any) -> Any:
    if name in _NAMES:
        return json.loads(value)
    if name not in _REALS and name not in _WHOLES:
        return value
    found: array[Any] = array("d" if name in _REALS else "q")
    found.frombytes(value)
    return swapped(found)


def swapped(values: array[Any]) -> array[Any]:
    """Return the same numbers in the other order of bytes where the machine is not little-endian."""
    if sys.byteorder == "little":
        return values
    turned = array(values.typecode, values)
    turned.byteswap()
    return turned
