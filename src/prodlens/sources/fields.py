"""Owns the reading of untrusted JSON: digging, coercion, and why a value can't be used.

One table of rules for every format (tested as a table); those of numbers stand in `numbers`. Knows
no vendor's layout, no files and no store. What can't be used raises `UnreadableError`, which an
adapter turns into a `Reject`.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import in_range, parse_instant
from prodlens.schemas import Reject, RejectReason
from prodlens.sources.numbers import (
    EMPTY_WORDS,
    LARGEST_COUNT,
    UnreadableError,
    count,
    is_positive,
    lines,
    measure,
    share,
    status,
    usd,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

__all__ = [
    "EMPTY",
    "LARGEST_COUNT",
    "LONGEST_TEXT",
    "UNRECOGNISED",
    "UnreadableError",
    "count",
    "decode",
    "error_type",
    "first_text",
    "flag",
    "from_json_text",
    "instant",
    "is_positive",
    "label",
    "lines",
    "mapping",
    "measure",
    "milliseconds_between",
    "moment",
    "person",
    "rejected",
    "sequence",
    "share",
    "status",
    "text",
    "undecoded",
    "usd",
]

EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})
"""Stands for every object that is missing."""
LONGEST_TEXT: Final = 200
UNRECOGNISED: Final = "unrecognised"
"""Error type of an error whose own name might be error text."""

_KEPT_OF_LONG_TEXT: Final = 32
_LONGEST_JSON_TEXT: Final = 8 * 1024 * 1024
_LEAST_MILLISECONDS: Final = 1e11
"""`clock.parse_instant` reads smaller numbers as seconds."""
_MICROSECOND: Final = timedelta(microseconds=1)
_CACHED: Final = 16_384
_PLACEHOLDERS: Final = EMPTY_WORDS | {"nan"}
_LONGEST_PLACEHOLDER: Final = 9
_NOBODY: Final = frozenset(
    {"anonymous", "default_user_id", "litellm-internal-health-check", "litellm_proxy_master_key"}
)
"""What proxies write in place of a person: kept, they would merge all developers into one."""

# Control characters, line and paragraph separators, and overrides of the writing direction.
_INVISIBLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SESSION_WORD: Final = re.compile(r"(?<![A-Za-z])session|Session|SESSION")
_ERROR_TYPE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:]{0,79}")
_TIME_TEXT: Final = re.compile(r"[0-9TZtz:.,+/ -]{1,40}")

_YES: Final = frozenset({"true", "yes", "y", "1", "accept", "accepted"})
_NO: Final = frozenset({"false", "no", "n", "0", "reject", "rejected", "declined", "denied"})


# Objects ------------------------------------------------------------------------------------


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object, one that was written as JSON text or not decoded yet, or `EMPTY`."""
    if isinstance(value, dict):
        return value
    if value is None:
        return EMPTY
    if isinstance(value, str):
        decoded = from_json_text(value)
        return decoded if isinstance(decoded, dict) else EMPTY
    if isinstance(value, Mapping):
        return value
    opened = undecoded(value)
    return EMPTY if opened is None else mapping(decode(opened))


def sequence(value: object) -> list[Any]:
    """Return a list, a list that was written as JSON text, or an empty one."""
    if isinstance(value, list):
        return value
    decoded = from_json_text(value) if isinstance(value, str) else None
    return decoded if isinstance(decoded, list) else []


def from_json_text(text: str) -> object:
    """Return what JSON text of an object or array holds; None when it holds neither."""
    head = text[:1]
    if (head not in "{[" and text.lstrip()[:1] not in "{[") or len(text) > _LONGEST_JSON_TEXT:
        return None
    try:
        decoded: object = _decoder()(text)
    except (ValueError, RecursionError):
        try:
            decoded = json.loads(text)  # reads NaN and lone surrogates, too
        except (ValueError, RecursionError):
            return None
    return decoded


def undecoded(value: object) -> bytes | None:
    """Return the JSON bytes of a part of a record that was left undecoded; None for a value."""
    return bytes(value) if type(value) is _raw() else None  # type: ignore[call-overload]  # msgspec.Raw is a buffer


def decode(data: bytes) -> object:
    """Return the value of JSON bytes that were found to be valid before."""
    try:
        return _decoder()(data)
    except (ValueError, RecursionError):
        return json.loads(data)  # NaN, lone surrogates, numbers beyond a float


@functools.cache
def _raw() -> type:
    import msgspec

    return msgspec.Raw


@functools.cache
def _decoder() -> Callable[[str | bytes], object]:
    import msgspec

    return msgspec.json.Decoder().decode


# Text ---------------------------------------------------------------------------------------


def text(value: object) -> str | None:
    """Return a name or id, or None for what is missing, a placeholder, or no text.

    Control characters are dropped, lone surrogates become U+FFFD. A text beyond 200 characters
    becomes its first 32, `~`, and the sha256 of all of it: still an id, no longer a place where
    anything can hide. Integers are ids, too. Applying it twice changes nothing.
    """
    if not isinstance(value, str):
        if type(value) is int and -LARGEST_COUNT <= value <= LARGEST_COUNT:
            return str(value)
        return None
    if not (value.isascii() and value.isprintable()):
        value = _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", value))
    value = value.strip()
    if len(value) <= _LONGEST_PLACEHOLDER:
        return None if value.lower() in _PLACEHOLDERS else value
    return value if len(value) <= LONGEST_TEXT else _shortened(value)


def _shortened(value: str) -> str:
    digest = hashlib.sha256(value.encode()).hexdigest()
    return f"{value[:_KEPT_OF_LONG_TEXT]}~{digest}"


_cached_text = functools.lru_cache(maxsize=_CACHED)(text)


def label(value: object) -> str | None:
    """Return `text` of a value that repeats from record to record (remembered)."""
    if value is None:
        return None
    if type(value) is str and len(value) <= LONGEST_TEXT:
        return _cached_text(value)
    return text(value)


def first_text(values: Iterable[object]) -> str | None:
    """Return the first of several values that is a text."""
    return next((found for value in values if (found := text(value)) is not None), None)


def person(value: object) -> str | None:
    """Return a developer id: `text`, but never a stand-in, and never a value holding a session."""
    if type(value) is str and len(value) <= LONGEST_TEXT:
        return _cached_person(value)
    return _person(value)


def _person(value: object) -> str | None:
    found = text(value)
    if found is None or found.lower() in _NOBODY or _SESSION_WORD.search(found):
        return None
    return found


_cached_person = functools.lru_cache(maxsize=_CACHED)(_person)


def error_type(value: object) -> str | None:
    """Return the name of an error class; anything that may be error text is `unrecognised`."""
    found = text(value)
    return found if found is None or _ERROR_TYPE.fullmatch(found) else UNRECOGNISED


def flag(value: object) -> bool | None:
    """Return a yes or no as people and tools write it, None for everything else."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in _YES else False if word in _NO else None
    if isinstance(value, int | float) and value in (0, 1):
        return value == 1
    return None


# Time ---------------------------------------------------------------------------------------


def instant(value: object, now: datetime, field: str) -> tuple[datetime, bool]:
    """Return the instant of a call, and whether its text named no zone (taken as UTC).

    Raises:
        UnreadableError: Missing, unreadable, before 2020 or more than a day after `now`.
    """
    try:
        parsed = parse_instant(value)
    except OverflowError:
        parsed = None
    if parsed is None:
        missing = value is None or (isinstance(value, str) and text(value) is None)
        raise UnreadableError(
            RejectReason.NO_TIMESTAMP if missing else RejectReason.BAD_TIMESTAMP, field
        )
    if not in_range(parsed[0], now):
        raise UnreadableError(RejectReason.TIME_OUT_OF_RANGE, field)
    return parsed


def moment(value: object) -> tuple[datetime, bool] | None:
    """Return `clock.parse_instant`, None as well for a datetime at the edge of the calendar."""
    try:
        return parse_instant(value)
    except OverflowError:
        return None


def milliseconds_between(start: object, end: object) -> float | None:
    """Return a duration in milliseconds, to the microsecond.

    Args:
        start: Beginning, written in any way `clock.parse_instant` reads.
        end: End, likewise.

    Returns:
        None when either is missing, or when the end is before the beginning.
    """
    if type(start) is float and type(end) is float and 0 < start <= end < _LEAST_MILLISECONDS:
        return round((end - start) * 1000, 3)
    began, ended = moment(start), moment(end)
    if began is None or ended is None:
        return None
    micros = (ended[0] - began[0]) // _MICROSECOND
    return micros / 1000 if micros >= 0 else None


# Rejects ------------------------------------------------------------------------------------


def rejected(
    bad: UnreadableError, record: Mapping[str, Any], *, ids: Iterable[str], times: Iterable[str]
) -> Reject:
    """Return the reject of a record with the few plain values that help to find it.

    Args:
        bad: What was wrong.
        record: The record.
        ids: Names of its ids and model names, kept as `text`.
        times: Names of its times, kept when they look like times.
    """
    scalars: dict[str, str | int | float | bool] = {}
    for name in ids:
        if (found := text(record.get(name))) is not None:
            scalars[name] = found
    for name in times:
        value: object = record.get(name)
        if isinstance(value, str):
            if _TIME_TEXT.fullmatch(value):
                scalars[name] = value
        elif is_positive(value) and value < LARGEST_COUNT:
            scalars[name] = value
    return Reject(bad.reason, bad.field, scalars)
