"""Owns which emitter an OTLP span or log record is from, and so which module reads it.

A new emitter is one line of `_SPANS` or `_LOGS`. Knows no field of any emitter, no store and no
files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prodlens.schemas import ContextFact, Reject, RejectReason, Skipped
from prodlens.sources import (
    claude_code_otel,
    codex_otel,
    copilot_otel,
    gemini_telemetry,
    otlp,
    spans,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from prodlens.schemas import Outcome
    from prodlens.sources.otlp import LogRecord, Span

    SpanRule = tuple[Callable[[Span], bool], Callable[..., Iterable[Outcome]]]
    LogRule = tuple[Callable[[LogRecord], bool], Callable[..., Iterable[Outcome]]]


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether a record is an OTLP export, or of a file in the shapes of an SDK."""
    return otlp.matches(record) or copilot_otel.matches(record)


_SPANS: Final[tuple[SpanRule, ...]] = (
    (claude_code_otel.owns_span, claude_code_otel.read_span),
    (gemini_telemetry.owns_span, gemini_telemetry.read_span),
)
"""`(owns_span, read_span)` of the emitters that have conventions of their own, the first one that
owns a span reads it; all other spans are read by the GenAI and OpenInference conventions."""
_LOGS: Final[tuple[LogRule, ...]] = (
    (claude_code_otel.owns_log, claude_code_otel.read_log),
    (codex_otel.owns_log, codex_otel.read_log),
    (copilot_otel.owns_log, copilot_otel.read_log),
    (gemini_telemetry.owns_log, gemini_telemetry.read_log),
)
"""`(owns_log, read_log)` likewise; log records that nobody owns hold no calls."""


def read(record: Mapping[str, Any], *, now: datetime) -> Iterator[Outcome]:
    """Read one OTLP record: its spans, its log records, its metrics, in this order.

    Args:
        record: The decoded record.
        now: The present instant; later times (by more than a day) are out of range.

    Yields:
        The outcomes of every item; what one trace says of its session or developer is given once
        per record, however many of its spans repeat it. A part of the envelope that can't be read
        is set aside by its field's name. Nothing raises.
    """
    if not otlp.matches(record):
        yield from copilot_otel.read(record, now=now)
        return
    faults = otlp.faults(record)
    empty = not faults
    for outcome in _items(record, now):
        empty = False
        yield outcome
    for field in faults:
        yield Reject(RejectReason.BAD_FIELD, field)
    if empty:
        yield Skipped("empty OTLP export")


def _items(record: Mapping[str, Any], now: datetime) -> Iterator[Outcome]:
    said: set[ContextFact] = set()
    for span in otlp.spans(record):
        for outcome in _span_reader(span)(span, now=now):
            if isinstance(outcome, ContextFact):
                if outcome in said:
                    continue
                said.add(outcome)
            yield outcome
    for log in otlp.logs(record):
        yield from _log_reader(log)(log, now=now)
    for _ in otlp.scoped(record, "metrics"):
        yield Skipped("OTLP metrics")


def _span_reader(span: Span) -> Callable[..., Iterable[Outcome]]:
    return next((reads for owns, reads in _SPANS if owns(span)), spans.read_span)


def _log_reader(log: LogRecord) -> Callable[..., Iterable[Outcome]]:
    return next((reads for owns, reads in _LOGS if owns(log)), _skip_log)


def _skip_log(_log: LogRecord, *, now: datetime) -> tuple[Skipped]:  # noqa: ARG001 - a reader's signature
    return (Skipped("OTLP log record"),)
