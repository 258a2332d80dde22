"""Owns OTLP's spelling of values: `AnyValue`, key-value lists, ids, enums and nanoseconds.

Knows no signal, no emitter and no meaning of an attribute. Whatever the JSON, nothing is raised:
what is no value of the protocol is None.

Source: open-telemetry/opentelemetry-proto docs/specification.md "JSON Protobuf Encoding" (lower
camel case, hex ids, integers as text); the plain protobuf dump (snake case, base64 ids, names of
enums); Phoenix's `otlpv1` page (snake case, every other kind of value null).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import parse_instant
from prodlens.sources import fields

if TYPE_CHECKING:
    from datetime import datetime

TRACE_ID_BYTES: Final = 16
SPAN_ID_BYTES: Final = 8

_MOST_LEVELS: Final = 16
"""Lists in lists deeper than this hold nothing that is read."""
_LONGEST_ID: Final = 64
_HEX: Final = re.compile(r"(?:0[xX])?([0-9a-fA-F]+)")
_WHOLE: Final = re.compile(r"-?[0-9]{1,20}")
_PLAIN: Final = (
    ("stringValue", "string_value"),
    ("intValue", "int_value"),
    ("boolValue", "bool_value"),
    ("doubleValue", "double_value"),
    ("bytesValue", "bytes_value"),
)
_LISTS: Final = (("arrayValue", "array_value"), ("kvlistValue", "kvlist_value"))
_LEAST_NANOS: Final = 10**17


def either(record: Mapping[str, Any], camel: str, snake: str) -> Any:
    """Return the field of a message under either of its two names, None when it has neither."""
    value = record.get(camel)
    return record.get(snake) if value is None else value


def any_value(value: object, *, level: int = 0) -> object:
    """Return what an `AnyValue` holds: text, number, bool, list or dict; None when nothing.

    Integers that were written as text become numbers; a value that stands there bare is taken as
    it is.
    """
    if not isinstance(value, (dict, Mapping)):  # a dict is the quicker question
        return None if isinstance(value, list) else value
    for camel, snake in _PLAIN:
        if (found := either(value, camel, snake)) is not None:
            is_number = camel == "intValue" and isinstance(found, str) and _WHOLE.fullmatch(found)
            return int(found) if is_number else found
    return _listed(value, level + 1) if level < _MOST_LEVELS else None


def _listed(value: Mapping[str, Any], level: int) -> object:
    for camel, snake in _LISTS:
        if isinstance(held := either(value, camel, snake), dict):
            values = fields.sequence(held.get("values"))
            if camel == "kvlistValue":
                return attributes(values, level=level)
            return [any_value(item, level=level) for item in values]
    return None


def attributes(pairs: object, *, level: int = 0) -> dict[str, Any]:
    """Return a list of `{key, value}` as one flat dict; of equal keys the last one wins.

    An object is taken as attributes that were written plainly.
    """
    if isinstance(pairs, (dict, Mapping)):
        return {name: value for name, value in pairs.items() if value is not None}
    found: dict[str, Any] = {}
    for pair in fields.sequence(pairs):
        if isinstance(pair, (dict, Mapping)) and isinstance(key := pair.get("key"), str):
            value = any_value(pair.get("value"), level=level)
            if value is not None:
                found[key] = value
    return found


def hex_id(value: object, size: int) -> str | None:
    """Return an id of `size` bytes as lower-case hex; None when it is none, or all zeros.

    Args:
        value: Hex in any case, with or without `0x`, or base64 of either alphabet, padded or not.
        size: Bytes of the id: `TRACE_ID_BYTES` or `SPAN_ID_BYTES`.
    """
    if not isinstance(value, str) or len(value) > _LONGEST_ID:
        return None
    found = _HEX.fullmatch(value)
    if found and len(found[1]) == 2 * size:
        word = found[1].lower()
    else:
        try:
            bare = value.translate(_URL_SAFE).rstrip("=")
            raw = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
        except (binascii.Error, ValueError):
            return None
        if len(raw) != size:
            return None
        word = raw.hex()
    return word if word.strip("0") else None


def any_id(value: object, size: int) -> str | None:
    """Return an id as `hex_id` does; ids of tracers with other ids stay as they are."""
    return hex_id(value, size) or (fields.text(value) if isinstance(value, str) else None)


_URL_SAFE: Final = str.maketrans("-_", "+/")


def enum_name(value: object, prefix: str, names: tuple[str, ...]) -> str | None:
    """Return the lower-case name of an enum's value; None when it is none of them.

    Args:
        value: Its number, its name with or without `prefix`, in any case.
        prefix: What every name begins with (`SPAN_KIND_`).
        names: The names without prefix in lower case, by number.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        word = value.strip().lower()
        word = word.rpartition(".")[2].removeprefix(prefix.lower())
        if not word.isdecimal() or len(word) > 1:
            return word if word in names else None
        value = int(word)
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else None


def nanos(value: object) -> int | None:
    """Return a time in nanoseconds since 1970 when it is written in nanoseconds, else None."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < _LEAST_NANOS:
        return None
    return value


def moment(value: object) -> datetime | None:
    """Return an instant to the nearest microsecond, aware UTC; None for 0 and what is no time.

    Emitters turn seconds into nanoseconds by way of a float, so cutting off what lies below a
    microsecond would miss by one the time that the same program wrote elsewhere.
    """
    whole = nanos(value)
    if whole is not None:
        value = (whole + 500) // 1000
    elif value in (0, "0"):
        return None
    try:
        parsed = parse_instant(value)
    except OverflowError:
        return None
    return None if parsed is None else parsed[0]
