"""Owns GitHub Copilot's OpenTelemetry: the file that its exporter writes, and its events.

The file holds spans, log records and metrics one a line, as the JavaScript SDK holds them in
memory. One call may stand there four times: as `chat` span, as inference event, inside the event
of an agent's turn, and in the span of the agent. The span is read; the event, too, for some
versions write their spans as `{}`, but it never counts beside its span. The other two sum up.

Source: microsoft/vscode-copilot-chat src/platform/otel/node/fileExporters.ts and
docs/monitoring/agent_monitoring.md; GitHub docs "OpenTelemetry monitoring" (Copilot CLI);
microsoft/vscode #319993 (spans written as empty objects).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from prodlens.schemas import Skipped
from prodlens.sources import (
    fields,
    genai,
    otlp,
    otlp_values,
    span_attributes,
    span_calls,
    spans,
)
from prodlens.sources.fields import UnreadableError
from prodlens.sources.otlp import LogRecord, Span
from prodlens.sources.span_calls import Events

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from prodlens.schemas import Outcome

_INFERENCE: Final = "gen_ai.client.inference.operation.details"
_INFERENCE_BODY: Final = "GenAI inference:"
_EVENTS: Final = ("copilot_chat.", "github.copilot.")
_NAME: Final = "copilot"
_SPAN_TIMES: Final = ("startTime", "endTime")
_STATUSES: Final = ("unset", "ok", "error")


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a span in the SDK's shape, or a record or metric of Copilot."""
    if "scopeMetrics" in record:
        return _is_copilot(_resource(record), record)
    attributes = record.get("attributes")
    if not isinstance(attributes, (dict, Mapping)):  # a dict is the quicker question
        return False
    if _is_span(record):
        return True
    name = _event_name(record, attributes)
    if name is None:
        return False
    return name.startswith(_EVENTS) or (
        name == _INFERENCE and (_has_body(record) or _is_copilot(_resource(record), record))
    )


def read(record: Mapping[str, Any], *, now: datetime) -> Iterable[Outcome]:
    """Read one record of the file.

    Args:
        record: The decoded record.
        now: The present instant; later times (by more than a day) are out of range.
    """
    if "scopeMetrics" in record:
        return (Skipped("OTLP metrics"),)
    if _is_span(record):
        return spans.read_span(span_of(record), now=now)
    return read_log(_log_of(record), now=now)


def owns_log(log: LogRecord) -> bool:
    """Return whether a log record of an OTLP export is one of Copilot's events."""
    name = log.event_name or ""
    if name.startswith(_EVENTS):
        return True
    words = (log.scope_name, log.resource.get("service.name"))
    return name == _INFERENCE and any(_NAME in str(word or "").lower() for word in words)


def read_log(log: LogRecord, *, now: datetime) -> Iterator[Outcome]:
    """Read one event: an inference is a call, everything else is skipped."""
    span = _inference_span(log)
    if log.event_name != _INFERENCE:
        yield from span_calls.facts(span, span_attributes.who_of(span), spans.OTLP)
        yield Skipped("GitHub Copilot event")
        return
    try:
        reading = genai.reading_of(span)._replace(events=Events.IS_ONE)
        yield from span_calls.outcomes(span, reading, source=spans.OTLP, now=now)
    except UnreadableError as bad:
        yield spans.set_aside(bad, span)


def _is_span(record: Mapping[str, Any]) -> bool:
    if "traceId" not in record and "spanId" not in record:
        return False
    return isinstance(record.get("name"), str) and any(name in record for name in _SPAN_TIMES)


def span_of(record: Mapping[str, Any]) -> Span:
    """Return the span of a record in the SDK's shape."""
    scope = fields.mapping(record.get("instrumentationScope"))
    status = fields.mapping(record.get("status")).get("code", 0)
    word = otlp_values.enum_name(status, "STATUS_CODE_", _STATUSES)
    start, end = (otlp_values.moment(record.get(name)) for name in _SPAN_TIMES)
    return Span(
        trace_id=otlp_values.any_id(record.get("traceId"), otlp_values.TRACE_ID_BYTES),
        span_id=otlp_values.any_id(record.get("spanId"), otlp_values.SPAN_ID_BYTES),
        parent_id=otlp_values.any_id(record.get("parentSpanId"), otlp_values.SPAN_ID_BYTES),
        name=str(record.get("name")),
        start=start or end,
        start_ns=None,
        end=None if start is None else end,
        status_code=None if word is None else _STATUSES.index(word),
        attributes=otlp_values.attributes(record.get("attributes")),
        resource=_resource(record),
        scope_name=fields.text(scope.get("name")) or "",
        scope_version=fields.text(scope.get("version")) or "",
        exception=otlp.exception_of(record.get("events")),
        raw=record,
    )


def _log_of(record: Mapping[str, Any]) -> LogRecord:
    context = fields.mapping(record.get("spanContext"))
    attributes = otlp_values.attributes(record.get("attributes"))
    trace, span = (record.get(name) or context.get(name) for name in ("traceId", "spanId"))
    return LogRecord(
        event_name=_event_name(record, attributes),
        time=otlp_values.moment(record.get("hrTime")),
        observed_time=otlp_values.moment(record.get("hrTimeObserved")),
        attributes=attributes,
        resource=_resource(record),
        scope_name=fields.text(fields.mapping(record.get("instrumentationScope")).get("name"))
        or "",
        trace_id=otlp_values.any_id(trace, otlp_values.TRACE_ID_BYTES),
        span_id=otlp_values.any_id(span, otlp_values.SPAN_ID_BYTES),
        raw=record,
    )


def _event_name(record: Mapping[str, Any], attributes: Mapping[str, Any]) -> str | None:
    name = attributes.get("event.name")
    if isinstance(name, str):
        return name
    return _INFERENCE if _has_body(record) else None


def _has_body(record: Mapping[str, Any]) -> bool:
    body = record.get("_body", record.get("body"))
    return isinstance(body, str) and body.startswith(_INFERENCE_BODY)


def _resource(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a resource, which newer SDKs keep as a list of pairs."""
    resource = fields.mapping(record.get("resource"))
    raw = resource.get("_rawAttributes")
    if not isinstance(raw, list):
        return otlp_values.attributes(resource.get("attributes"))
    pairs = [pair for pair in raw if isinstance(pair, list) and len(pair) == 2]
    return {pair[0]: pair[1] for pair in pairs if isinstance(pair[0], str)}


def _is_copilot(resource: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    scope = fields.mapping(record.get("instrumentationScope")).get("name")
    return any(_NAME in str(word or "").lower() for word in (scope, resource.get("service.name")))


def _inference_span(log: LogRecord) -> Span:
    """Return an event as the span it stands for; the span it lies in may be the agent's."""
    return Span(
        trace_id=log.trace_id,
        span_id=None,
        parent_id=None,
        name="",
        start=log.time or log.observed_time,
        start_ns=None,
        end=None,
        status_code=0,
        attributes=log.attributes,
        resource=log.resource,
        scope_name=log.scope_name or _NAME,
        raw=log.raw,
    )
