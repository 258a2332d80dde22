"""Owns the single values of a day's calls: what figures need that sums can't give.

Sorted durations, native sessions, who called in which hours and stretches, what was decided: of all
calls of a day, and of parts of them that a selection may ask for. Made from rows, kept as columns
of bytes, read back. Runs no SQL; the statement that gives the rows stands here, because their order
is the builder's.
"""

from __future__ import annotations

import json
import sys
from array import array
from dataclasses import dataclass, field
from itertools import chain, groupby
from operator import itemgetter, sub
from typing import TYPE_CHECKING, Any, Final, NamedTuple

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
select event_date, repo_slug, traffic_class, sources, model, developer_id, session_id, timestamp,
    cast(strftime('%s', substr(timestamp, 1, 19)) as integer)
        + cast('0' || substr(timestamp, 20, 7) as real) as start,
    case when {DURATION} <= {_LONGEST_CALL_MS} then {DURATION} / 1000.0 else 0.0 end as lasts,
    1 << cast(substr(timestamp, 12, 2) as integer) as hour,
    {DURATION} as latency, {FAILED} as failed,
    case when {DECIDED} then {ACCEPTED} end as decision,
    case when {TOKENS_KNOWN} is not null then {TOKENS} end as tokens, cost_nanos
from sessions where {{where}} order by event_date
"""
"""Rows that `of_rows` takes: `start` in seconds since 1970, `lasts` in seconds, 0 where that is not
known, the hour of the day as a bit, `latency` in milliseconds."""
_DAY: Final = itemgetter(0)
_REPOSITORY: Final = itemgetter(1)
_SEEN: Final = itemgetter(2, 3)
_MODEL: Final = itemgetter(4)
_DEVELOPER: Final = itemgetter(5)
_SESSION: Final = itemgetter(6)


def _reals() -> array[float]:
    return array("d")


def _wholes() -> array[int]:
    return array("q")


class Part(NamedTuple):
    """Which calls of a day values are of.

    A day is taken apart in two ways, by traffic class and sources, and by model. What stands for the
    whole day stands for a part as well where that is the only one of its kind.

    Attributes:
        whole: Whether these are all calls of the day.
        model: The model whose calls these are; None when they don't stand for a model.
        sources: The sources that saw them, comma separated; None when they don't stand for a
            traffic class and sources.
        traffic_class: The traffic class whose calls these are, where `sources` is not None; None is
            unclassified.
    """

    whole: bool = False
    model: str | None = None
    sources: str | None = None
    traffic_class: str | None = None


@dataclass(slots=True, kw_only=True)
class DayValues:
    """The single values of all calls of one day, or of a part of them.

    Owners are the developers in the order of `developers`, then the sessions of calls that name
    no developer, in the order of `unowned`.

    Attributes:
        event_date: UTC day.
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
        decided_accepted: 1 accepted, 0 rejected; one entry for each decided call, rejected ones
            first.
        decided_by: Position of its developer in `developers`; -1 is nobody.
        decided_latency: Its duration in ms; NaN when not known.
        decided_tokens: Its tokens; NaN when not known.
    """

    event_date: str
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
_COUNTS: Final = ("calls", "unknown_hours", "owned_calls")
COLUMNS: Final = tuple(DayValues.__dataclass_fields__)
"""Columns of `daily_call_values` after `scope` and those of `Part`, in order."""
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
        yield of_calls(day, list(found), idle=idle)


def of_calls(day: str, rows: Sequence[Row], *, idle: float) -> DayValues:
    """Return the values of some calls of one day."""
    return _values(DayValues(event_date=day), rows, idle)


def of_day(
    day: str, rows: Sequence[Row], *, idle: float, by_model: bool
) -> Iterator[tuple[Part, DayValues]]:
    """Yield the values of all calls of one day, then those of its parts.

    Args:
        day: UTC day.
        rows: Its rows of `ROWS`, one or more.
        idle: Seconds without a call that end a stretch.
        by_model: Whether models are parts; calls without a model are in none of these.
    """
    seen = [
        (Part(sources=one[1], traffic_class=one[0]), of) for one, of in _apart(rows, _SEEN).items()
    ]
    models = [(Part(model=one), of) for one, of in _apart(rows, _MODEL).items()] if by_model else []
    whole = Part(whole=True)
    if len(seen) == 1:
        whole = seen.pop()[0]._replace(whole=True)
    if len(models) == 1:
        whole = whole._replace(model=models.pop()[0].model)
    named = (one for one in models if one[0].model is not None)
    for part, found in chain([(whole, rows)], seen, named):
        yield part, of_calls(day, found, idle=idle)


def by_repository(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows of each repository; those that name none are in none."""
    return {name: found for name, found in _apart(rows, _REPOSITORY).items() if name}


def _apart(rows: Iterable[Row], key: itemgetter[Any]) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def _values(made: DayValues, rows: Sequence[Row], idle: float) -> DayValues:
    """Fill in what the rows say."""
    times = [row[7] for row in rows]
    made.calls, made.first_call, made.last_call = len(rows), min(times), max(times)
    known = [row for row in rows if row[11] is not None]
    made.latencies = array("d", sorted([row[11] for row in known]))
    made.failed_latencies = array("d", sorted([row[11] for row in known if row[12]]))
    owners = _apart(rows, _DEVELOPER)
    nobody = owners.pop(None, [])
    made.developers = sorted(owners)
    people = [owners[name] for name in made.developers]
    decided = [row for row in rows if row[13] is not None]
    _own(made, people, nobody, idle)
    _name(made, rows, decided)
    _share(made, [*people, nobody])
    _decide(made, decided)
    return made


def _own(
    made: DayValues, people: Sequence[Sequence[Row]], nobody: Sequence[Row], idle: float
) -> None:
    """Fill in who called, and when; the calls of nobody belong to their sessions."""
    unowned = _apart([row for row in nobody if row[6] is not None], _SESSION)
    made.unowned = sorted(unowned)
    made.developer_calls = array("q", map(len, people))
    made.developer_hours = array("q", map(_hours, people))
    made.unknown_hours = _hours(nobody)
    for rows in (*people, *map(unowned.__getitem__, made.unowned)):
        found = cut([(row[8], row[8] + row[9], 1) for row in rows], idle)
        made.owned_calls += len(rows)
        made.stretch_counts.append(len(found))
        made.stretch_starts.extend([one.start for one in found])
        made.stretch_ends.extend([one.end for one in found])
    lasted = map(sub, made.stretch_ends, made.stretch_starts)
    made.stretch_seconds = array("d", sorted(lasted))


def _hours(rows: Iterable[Row]) -> int:
    """Return the hours of some calls, one bit for each."""
    return sum({row[10] for row in rows})


def _name(made: DayValues, rows: Iterable[Row], decided: Iterable[Row]) -> None:
    """Fill in the native sessions, and what was decided in them."""
    made.sessions = sorted({row[6] for row in rows if row[6] is not None})
    said: dict[str, int] = {}
    for row in decided:
        said[row[6]] = max(said.get(row[6], 0), row[13] + 1)
    made.decisions = bytes([said.get(name, 0) for name in made.sessions])


def _share(made: DayValues, owners: Iterable[Sequence[Row]]) -> None:
    """Fill in what each developer used, and nobody in particular at the end."""
    named = {name: at for at, name in enumerate(made.sessions)}
    for rows in owners:
        made.person_tokens.append(sum([row[14] for row in rows if row[14] is not None]))
        made.person_nanos.append(sum([row[15] for row in rows if row[15] is not None]))
        made.person_accepted.append(sum([row[13] for row in rows if row[13] is not None]))
        made.person_errors.append(sum([row[12] for row in rows]))
        sessions = {row[6] for row in rows if row[6] is not None}
        made.person_session_counts.append(len(sessions))
        made.person_sessions.extend(sorted([named[name] for name in sessions]))


def _decide(made: DayValues, decided: Iterable[Row]) -> None:
    """Fill in the decided calls, rejected ones first, in an order of their own values."""
    places: dict[str | None, int] = {name: at for at, name in enumerate(made.developers)}
    calls = sorted(
        [
            (
                row[13],
                places.get(row[5], -1),
                _NOT_KNOWN if row[11] is None or row[11] >= _LONGEST_DECIDED_MS else row[11],
                _NOT_KNOWN if row[14] is None else row[14],
            )
            for row in decided
        ]
    )
    made.decided_accepted = bytes([one[0] for one in calls])
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
    if not all(type(getattr(made, name)) is int for name in _COUNTS):
        raise damaged(day)
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
