"""Owns the envelopes of OTLP: from one record to its spans, log records and metrics, unwrapped.

Any number of resources and scopes per record, all three signals in one file, JSON in every
spelling `otlp_values` knows. Knows no emitter: what a span or a log record means is read
elsewhere, and whether it is a call.

Source: open-telemetry/opentelemetry-proto trace.proto, logs.proto and common.proto, version 1.9,
and its docs/specification.md "JSON Protobuf Encoding"; `instrumentationLibrary*` until 0.15.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.sources import fields, otlp_values
from prodlens.sources.fields import text
from prodlens.sources.otlp_values import either

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

STATUS_ERROR: Final = 2

SIGNALS: Final = {
    "spans": ("resourceSpans", "resource_spans"),
    "logs": ("resourceLogs", "resource_logs"),
    "metrics": ("resourceMetrics", "resource_metrics"),
}
"""Fields of a record that hold each signal."""
_WITHOUT_ENVELOPE: Final = ("scopeSpans", "scope_spans", "scopeLogs", "scope_logs")
"""What a line holds beside its resource where an exporter left the envelope out.

Source: opentelemetry-java #6749 (`OtlpJsonLoggingSpanExporter`)."""
_ENVELOPES: Final = frozenset(
    (*(name for names in SIGNALS.values() for name in names), *_WITHOUT_ENVELOPE)
)
_SCOPED: Final = {
    "spans": ("scopeSpans", "scope_spans", "instrumentationLibrarySpans", "spans", "spans"),
    "logs": ("scopeLogs", "scope_logs", "instrumentationLibraryLogs", "logRecords", "log_records"),
    "metrics": (
        "scopeMetrics",
        "scope_metrics",
        "instrumentationLibraryMetrics",
        "metrics",
        "metrics",
    ),
}
_KINDS: Final = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUSES: Final = ("unset", "ok", "error")
_EVENT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*")
_LONGEST_EVENT: Final = 100
_CLAUDE: Final = "claude_code."


class Span(NamedTuple):
    """One span.

    Attributes:
        trace_id: 32 hex digits, lower case; None when it has none.
        span_id: 16 hex digits, lower case; None when it has none.
        parent_id: Span id of its parent; None for a root.
        name: As written, "" when it has none; may hold private text.
        start: Start to the microsecond, aware UTC, of any age; None when missing or unreadable.
        start_ns: Start in nanoseconds since 1970, None when it is not written so.
        end: End, likewise.
        status_code: OTel's status: 0 unset, 1 OK, 2 error; None when it is none of them.
        attributes: Attributes as one flat dict of plain values.
        resource: Attributes of the resource, likewise.
        scope_name: Name of the instrumentation scope, "" when it has none.
        scope_version: Its version, "" when it has none.
        kind: `internal`, `server`, `client`, `producer`, `consumer`, `unspecified`, or None.
        exception: Type of the last exception that was recorded on it, None without one.
        raw: The span as it stands in the record.
    """

    trace_id: str | None
    span_id: str | None
    parent_id: str | None
    name: str
    start: datetime | None
    start_ns: int | None
    end: datetime | None
    status_code: int | None
    attributes: dict[str, Any]
    resource: dict[str, Any]
    scope_name: str = ""
    scope_version: str = ""
    kind: str | None = None
    exception: str | None = None
    raw: Mapping[str, Any] = fields.EMPTY


class LogRecord(NamedTuple):
    """One log record or event.

    Attributes:
        event_name: Name of the event without a leading `claude_code.`: the attribute `event.name`,
            the field `eventName`, or a body that is a dotted name; None when it has none.
        time: When it happened, aware UTC, of any age; None when missing or unreadable.
        observed_time: When it was collected, likewise.
        attributes: Attributes as one flat dict of plain values.
        resource: Attributes of the resource, likewise.
        scope_name: Name of the instrumentation scope, "" when it has none.
        trace_id: 32 hex digits, lower case; None when it has none.
        span_id: 16 hex digits, lower case; None when it has none.
        raw: The log record as it stands in the record.
    """

    event_name: str | None
    time: datetime | None
    observed_time: datetime | None
    attributes: dict[str, Any]
    resource: dict[str, Any]
    scope_name: str = ""
    trace_id: str | None = None
    span_id: str | None = None
    raw: Mapping[str, Any] = fields.EMPTY


class Scoped(NamedTuple):
    """One item of a signal as it stands in the record, and what it belongs to."""

    item: Mapping[str, Any]
    resource: dict[str, Any]
    scope_name: str
    scope_version: str


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether a record is an OTLP export of any signal."""
    return not _ENVELOPES.isdisjoint(record)


def scoped(record: Mapping[str, Any], signal: str) -> Iterator[Scoped]:
    """Yield every item of a signal, in order.

    Args:
        record: An OTLP record.
        signal: `spans`, `logs` or `metrics`.
    """
    camel, snake, old, items_camel, items_snake = _SCOPED[signal]
    bare = any(name in _WITHOUT_ENVELOPE and name in record for name in (camel, snake))
    for group in [record] if bare else fields.sequence(either(record, *SIGNALS[signal])):
        if not isinstance(group, Mapping):
            continue
        resource = otlp_values.attributes(fields.mapping(group.get("resource")).get("attributes"))
        groups = either(group, camel, snake)
        for inner in fields.sequence(group.get(old) if groups is None else groups):
            if not isinstance(inner, Mapping):
                continue
            scope = inner.get("scope")
            scope = fields.mapping(inner.get("instrumentationLibrary") if scope is None else scope)
            name, version = text(scope.get("name")) or "", text(scope.get("version")) or ""
            for item in fields.sequence(either(inner, items_camel, items_snake)):
                if isinstance(item, Mapping):
                    yield Scoped(item, resource, name, version)


def faults(record: Mapping[str, Any]) -> list[str]:
    """Return the names of envelope fields that hold something else than objects, sorted.

    `scoped` leaves out what stands there.

    Args:
        record: An OTLP record.
    """
    bad: set[str] = set()
    for signal, (camel, snake, old, items_camel, items_snake) in _SCOPED.items():
        bare = any(name in _WITHOUT_ENVELOPE and name in record for name in (camel, snake))
        names = SIGNALS[signal]
        for group in [record] if bare else _parts(either(record, *names), names[0], bad):
            groups = either(group, camel, snake)
            for inner in _parts(group.get(old) if groups is None else groups, camel, bad):
                _parts(either(inner, items_camel, items_snake), items_camel, bad)
    return sorted(bad)


def _parts(value: object, name: str, bad: set[str]) -> list[Mapping[str, Any]]:
    listed = fields.sequence(value)
    found = [part for part in listed if isinstance(part, Mapping)]
    if len(found) < len(listed) or not (listed or value is None or value == []):
        bad.add(name)
    return found


def spans(record: Mapping[str, Any]) -> Iterator[Span]:
    """Yield the spans of a record in order."""
    return (span_of(found) for found in scoped(record, "spans"))


def logs(record: Mapping[str, Any]) -> Iterator[LogRecord]:
    """Yield the log records of a record in order."""
    return (log_of(found) for found in scoped(record, "logs"))


def span_of(found: Scoped) -> Span:
    """Return one span, unwrapped."""
    item = found.item
    begun = either(item, "startTimeUnixNano", "start_time_unix_nano")
    status = fields.mapping(item.get("status")).get("code", 0)
    word = otlp_values.enum_name(status, "STATUS_CODE_", _STATUSES)
    return Span(
        trace_id=_trace_id(item),
        span_id=_span_id(either(item, "spanId", "span_id")),
        parent_id=_span_id(either(item, "parentSpanId", "parent_span_id")),
        name=name if isinstance(name := item.get("name"), str) else "",
        start=otlp_values.moment(begun),
        start_ns=otlp_values.nanos(begun),
        end=otlp_values.moment(either(item, "endTimeUnixNano", "end_time_unix_nano")),
        status_code=None if word is None else _STATUSES.index(word),
        attributes=otlp_values.attributes(item.get("attributes")),
        resource=found.resource,
        scope_name=found.scope_name,
        scope_version=found.scope_version,
        kind=otlp_values.enum_name(item.get("kind"), "SPAN_KIND_", _KINDS),
        exception=exception_of(item.get("events")),
        raw=item,
    )


def exception_of(events: object) -> str | None:
    """Return the name of the class of the last exception among a span's events, without modules."""
    for event in reversed(fields.sequence(events)):
        if isinstance(event, Mapping) and event.get("name") == "exception":
            kind = otlp_values.attributes(event.get("attributes")).get("exception.type")
            if (found := text(kind)) is not None:
                return found.rpartition(".")[2] or found
    return None


def log_of(found: Scoped) -> LogRecord:
    """Return one log record, unwrapped; its body is looked at for its name alone."""
    item = found.item
    attributes = otlp_values.attributes(item.get("attributes"))
    return LogRecord(
        event_name=_event_name(item, attributes),
        time=otlp_values.moment(either(item, "timeUnixNano", "time_unix_nano")),
        observed_time=otlp_values.moment(
            either(item, "observedTimeUnixNano", "observed_time_unix_nano")
        ),
        attributes=attributes,
        resource=found.resource,
        scope_name=found.scope_name,
        trace_id=_trace_id(item),
        span_id=_span_id(either(item, "spanId", "span_id")),
        raw=item,
    )


def _trace_id(item: Mapping[str, Any]) -> str | None:
    return otlp_values.hex_id(either(item, "traceId", "trace_id"), otlp_values.TRACE_ID_BYTES)


def _span_id(value: object) -> str | None:
    return otlp_values.hex_id(value, otlp_values.SPAN_ID_BYTES)


def _event_name(item: Mapping[str, Any], attributes: Mapping[str, Any]) -> str | None:
    named = (attributes.get("event.name"), either(item, "eventName", "event_name"))
    for value in (*named, otlp_values.any_value(item.get("body"))):
        if isinstance(value, str) and len(value) <= _LONGEST_EVENT and _EVENT.fullmatch(value):
            return value.removeprefix(_CLAUDE)
    return None
