"""Rows of `sessions` and `observations` as records, and records as rows; runs no SQL."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import format_instant, parse_instant, parse_stored
from prodlens.errors import InputError
from prodlens.schemas import (
    TRACE_FIELDS,
    TUPLE_FIELDS,
    CanonicalTrace,
    CostSource,
    IdSource,
    nanos_to_usd,
)
from prodlens.storage.identity_keys import OBSERVED, key_digest
from prodlens.storage.merging import Observation, Place

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

FIRST_COLUMNS: Final = ("id", "trace_hash", "timestamp", "event_date")
LAST_COLUMNS: Final = (
    "cost_usd",
    "cost_nanos",
    "cost_source",
    "price_version",
    "tags",
    "sources",
    "identity_key",
    "content",
    "observations",
    "source_file",
    "source_offset",
    "source_line",
)
SESSION_COLUMNS: Final = (*FIRST_COLUMNS, *OBSERVED, *LAST_COLUMNS)
"""Columns of `sessions` in the order in which they are shown."""

FLAGS: Final = frozenset(
    {"accepted_flag", "subscription", "stream", "is_subagent", "timestamp_assumed_utc"}
)
"""Columns that are True or False, kept as 1 and 0."""
_GIVEN_ONLY: Final = frozenset(
    {
        "id",
        "trace_hash",
        "event_date",
        "cost_nanos",
        "sources",
        "identity_key",
        "content",
        "observations",
        "source_file",
        "source_offset",
        "source_line",
    }
)
_REQUIRED: Final = (
    "session_id",
    "developer_id",
    "model",
    "tokens_in",
    "tokens_out",
    "latency_ms",
    "status_code",
    "accepted_flag",
)
_KNOWN: Final = frozenset(TRACE_FIELDS) | _GIVEN_ONLY
_WHOLE: Final = frozenset(
    {
        "tokens_in",
        "tokens_out",
        "total_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "cache_write_1h_tokens",
        "reasoning_tokens",
        "status_code",
        "accepted_lines",
    }
)
_INT64: Final = 2**63
BY_PEOPLE: Final = "suggestions"
BY_RULE: Final = "suggestions_auto"
DERIVED_ACCEPTANCE: Final = frozenset({BY_PEOPLE, BY_RULE})
"""`accepted_source` of calls whose acceptance follows from `suggestions`: somebody decided, or only
settings and modes did."""
ACCEPTANCE_COLUMNS: Final = ("accepted_flag", "accepted_source", "accepted_lines", "diff_ratio")


def plain_row(row: sqlite3.Row) -> dict[str, Any]:
    """Return a row as a dict; flags become True, False or None, tags a list."""
    values = {name: row[name] for name in SESSION_COLUMNS}
    for name in FLAGS:
        if values[name] is not None:
            values[name] = bool(values[name])
    values["tags"] = json.loads(values["tags"]) if values["tags"] else []
    return values


def strip_derived(values: dict[str, Any]) -> None:
    """Take out what a row knows from other records: a weak session, what suggestions say."""
    if values["session_source"] == IdSource.WEAK:
        values["session_id"] = values["session_source"] = None
    if values["accepted_source"] in DERIVED_ACCEPTANCE:
        for name in ACCEPTANCE_COLUMNS:
            values[name] = None


def observation_of_row(row: sqlite3.Row) -> Observation:
    """Return the single observation that a row stands for; its `digests` know the identity only."""
    values = plain_row(row)
    trace_values = {name: values[name] for name in OBSERVED}
    strip_derived(trace_values)
    computed = values["cost_source"] == CostSource.COMPUTED
    reported = values["cost_source"] == CostSource.REPORTED
    identity = str(values["identity_key"])
    trace = CanonicalTrace(
        **trace_values,
        timestamp=parse_stored(values["timestamp"]),
        tags=tuple(values["tags"]),
        native_key=None if identity.startswith("content:") else identity,
        cost_usd=values["cost_usd"] if reported else None,
        cost_source=CostSource.REPORTED if reported else None,
    )
    return Observation(
        trace=trace,
        content=int(values["content"]),
        identity=identity,
        keys=(identity,),
        digests=(key_digest(identity),),
        cost_nanos=values["cost_nanos"] if computed else None,
        price_version=values["price_version"] if computed else None,
        place=Place(values["source_file"], values["source_offset"], values["source_line"]),
    )


def encode_observation(observation: Observation) -> str:
    """Return the JSON of an observation's fields that are known."""
    record = {
        name: value
        for name in TRACE_FIELDS
        if (value := getattr(observation.trace, name)) not in (None, ())
    }
    if observation.trace.cost_source == CostSource.UNKNOWN:
        del record["cost_source"]
    record["timestamp"] = format_instant(observation.trace.timestamp)
    record["identity"] = observation.identity
    record["keys"] = observation.keys
    record["digests"] = observation.digests
    return json.dumps(record, ensure_ascii=False, sort_keys=True)


def decode_observation(row: sqlite3.Row) -> Observation:
    """Return the observation that `encode_observation` wrote."""
    record = json.loads(row["record"])
    identity, keys = record.pop("identity"), tuple(record.pop("keys"))
    digests = record.pop("digests", None) or [key_digest(key) for key in keys]
    record["timestamp"] = parse_stored(record["timestamp"])
    for name in TUPLE_FIELDS:
        record[name] = tuple(record.get(name, ()))
    for name in _REQUIRED:
        record.setdefault(name, None)
    return Observation(
        trace=CanonicalTrace(**record),
        content=int(row["content"]),
        identity=identity,
        keys=keys,
        digests=tuple(digests),
        cost_nanos=row["cost_nanos"],
        price_version=row["price_version"],
        place=Place(row["source_file"], row["source_offset"], row["source_line"]),
    )


def trace_of_mapping(record: Mapping[str, Any]) -> CanonicalTrace:
    """Return the call that a mapping of columns describes.

    `trace_hash` (or `identity_key`, as `fetch_sessions` returns it) decides equality when given;
    `event_date` and the other derived columns follow from the rest and are not read.

    Raises:
        InputError: A column is unknown, the timestamp is missing or unreadable, or a number can't
            be stored; the message names the column.
    """
    if unknown := sorted(set(record) - _KNOWN):
        raise InputError(f"A call has no column {unknown[0]!r}: see docs/reference/schema.md.")
    parsed = parse_instant(record.get("timestamp"))
    if parsed is None:
        raise InputError(f"A call needs a timestamp; {record.get('timestamp')!r} is none.")
    values: dict[str, Any] = dict.fromkeys(_REQUIRED)
    values |= {name: record[name] for name in TRACE_FIELDS if name in record}
    for name, value in values.items():
        values[name] = _checked(name, value)
    values |= {
        "timestamp": parsed[0],
        **{name: tuple(values.get(name) or ()) for name in TUPLE_FIELDS},
        "source": values.get("source") or "direct",
        "native_key": values.get("native_key") or _given_key(record),
    }
    _complete_cost(values, record)
    if values.get("session_source") == IdSource.WEAK:
        values["session_id"] = values["session_source"] = None
    if values.get("accepted_source") in DERIVED_ACCEPTANCE:
        values |= dict.fromkeys(ACCEPTANCE_COLUMNS)
    return CanonicalTrace(**values)


def _complete_cost(values: dict[str, Any], record: Mapping[str, Any]) -> None:
    """Take the exact cost when there is one; a cost without a word on its origin is reported."""
    if record.get("cost_nanos") is not None:
        values["cost_usd"] = nanos_to_usd(record["cost_nanos"])
    if values.get("cost_usd") is not None and values.get("cost_source") is None:
        values["cost_source"] = CostSource.REPORTED


def _given_key(record: Mapping[str, Any]) -> str | None:
    identity = record.get("identity_key")
    if isinstance(identity, str):
        return None if identity.startswith("content:") else identity
    given = record.get("trace_hash")
    return f"given:{given}" if isinstance(given, str) and given else None


def _checked(name: str, value: Any) -> Any:
    """Return a column's value as it is stored; whole numbers and flags may come as floats."""
    if hasattr(value, "item"):  # a scalar of numpy
        value = value.item()
    if value is None or type(value).__name__ == "NAType":
        return None
    if name in FLAGS:
        return bool(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"A call's {name} is {value}: give a number, or None when not known.")
    if name in _WHOLE:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            raise InputError(f"A call's {name} is {value!r}: give a whole number.")
        value = int(value)
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        raise InputError(f"A call's {name} is beyond 64 bits.")
    return value
