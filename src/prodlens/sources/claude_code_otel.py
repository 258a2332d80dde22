"""Owns Claude Code's own telemetry: events (OTLP logs) and spans, one call per request.

Tokens, cost and latency are read from `api_request` events, spans add what those leave open;
both carry the provider's request id. `tool_decision` says who decided about an edit. Counters
(`claude_code.token.usage` and others) repeat the events and are never added to them.

Source: code.claude.com/docs, "Monitoring usage", version 2.1; sources.md 4b.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.schemas import (
    CanonicalTrace,
    CostSource,
    IdSource,
    RejectReason,
    Skipped,
    TokensBasis,
)
from prodlens.sources import claude_code_otel_edits, fields, model_names
from prodlens.sources.claude_code_context import prompt_scope, session_scope
from prodlens.sources.claude_code_otel_edits import SOURCE, teller_of, time_of
from prodlens.sources.fields import UnreadableError, count, label, mapping, text
from prodlens.sources.provider_ids import request_key
from prodlens.sources.span_calls import span_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prodlens.schemas import Outcome
    from prodlens.sources.claude_code_otel_edits import Teller
    from prodlens.sources.otlp import LogRecord, Span

_SCOPE: Final = "com.anthropic.claude_code"
_SERVICE: Final = "claude-code"
_BODY: Final = "claude_code."
_REQUEST: Final = "claude_code.llm_request"
_IDS: Final = ("request_id", "session.id", "model", "event.name", "attempt")
_SAFE: Final = re.compile(r"[a-z]+(?:[_.][a-z]+){0,5}")
_LATER: Final = re.compile(r"[2-9]|[1-9][0-9]{1,3}")
"""Number of an attempt after the first."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LONGEST_DURATION: Final = 7 * 24 * 3_600_000.0
"""Milliseconds; a longer request is a broken number."""
_TAGS: Final = (
    ("team", ("team.id", "team")),
    ("project", ("project",)),
    ("env", ("deployment.environment.name", "deployment.environment", "env")),
    ("task", ("task",)),
)
_OTHER: Final = "Claude Code event other"
_MAIN: Final = ("repl_main_thread", "sdk")


class _Course(NamedTuple):
    """How a request went, as an event, an error or a span says it.

    Attributes:
        start: Start, aware UTC.
        keys: Keys, its own first.
        latency: Milliseconds.
        status: HTTP status.
        error: Name of the error, None for a success.
        cost: US dollars as reported.
        span: Trace id, span id and parent's span id.
        shadows: Keys of what describes it once more.
    """

    start: datetime
    keys: tuple[str, ...]
    latency: float | None
    status: int | None
    error: str | None = None
    cost: float | None = None
    span: tuple[str | None, str | None, str | None] = (None, None, None)
    shadows: tuple[str, ...] = ()


def owns_log(log: LogRecord) -> bool:
    """Return whether a log record is an event of Claude Code."""
    if log.scope_name.startswith(_SCOPE) or log.resource.get("service.name") == _SERVICE:
        return True
    body = mapping(log.raw.get("body")).get("stringValue")
    return isinstance(body, str) and body.startswith(_BODY)


def owns_span(span: Span) -> bool:
    """Return whether a span is Claude Code's own."""
    return span.scope_name.startswith(_SCOPE) or span.name.startswith(_BODY)


def read_log(log: LogRecord, *, now: datetime) -> Iterable[Outcome]:
    """Read one event.

    Args:
        log: The log record.
        now: The present instant; later times (by more than a day) are out of range.

    Returns:
        The call, edit or facts it describes; or why it is set aside or skipped.
    """
    teller = teller_of(log.attributes, log.resource)
    name = log.event_name or ""
    reader = _EVENTS.get(name)
    if reader is None:
        return (Skipped(f"Claude Code event {name}" if _SAFE.fullmatch(name) else _OTHER),)
    try:
        return reader(log, teller, now)
    except UnreadableError as bad:
        return (fields.rejected(bad, teller.seen, ids=_IDS, times=("event.timestamp",)),)


def read_span(span: Span, *, now: datetime) -> Iterable[Outcome]:
    """Read one span; only a request to the model is a call.

    Args:
        span: The span.
        now: The present instant; later times (by more than a day) are out of range.
    """
    teller = teller_of(span.attributes, span.resource)
    if span.name != _REQUEST and teller.seen.get("span.type") != "llm_request":
        return (Skipped("Claude Code span"),)
    try:
        return (_call_of_span(span, teller, now=now),)
    except UnreadableError as bad:
        return (fields.rejected(bad, teller.seen, ids=_IDS, times=()),)


# Calls --------------------------------------------------------------------------------------


def _read_request(log: LogRecord, teller: Teller, now: datetime) -> tuple[Outcome, ...]:
    seen = teller.seen
    at = time_of(log, now)
    latency = _duration(seen)
    micros = fields.measure(seen.get("cost_usd_micros"), "cost_usd_micros")
    cost = fields.usd(seen.get("cost_usd"), "cost_usd")
    if cost is None and micros is not None:
        cost = fields.usd(micros / 1_000_000, "cost_usd_micros")
    course = _Course(
        _started(at, latency),
        _keys(teller, at, attempt=None),
        latency,
        200,
        cost=cost or None,  # 0.0 is a model without a price
    )
    return (_call(teller, course),)


def _read_error(log: LogRecord, teller: Teller, now: datetime) -> tuple[Outcome, ...]:
    """Read a failed attempt; its error text is kept only where it is a plain name."""
    seen = teller.seen
    at = time_of(log, now)
    latency = _duration(seen)
    attempt = fields.lines(seen.get("attempt"), "attempt")
    course = _Course(
        _started(at, latency),
        _keys(teller, at, attempt=1 if attempt is None else attempt),
        latency,
        fields.status(seen.get("status_code")),
        error=fields.error_type(seen.get("error.type") or seen.get("error")) or "api_error",
    )
    return (_call(teller, course),)


def _call_of_span(span: Span, teller: Teller, *, now: datetime) -> CanonicalTrace:
    start, _ = fields.instant(span.start, now, "startTimeUnixNano")
    seen = teller.seen
    failed = fields.flag(seen.get("success")) is False or span.status_code == 2
    attempt = fields.lines(seen.get("attempt"), "attempt") if failed else None
    keys = _keys(teller, None, attempt=(attempt or 1) if failed else None)
    status = fields.status(seen.get("http.response.status_code") or seen.get("status_code"))
    error = fields.error_type(seen.get("error.type") or span.exception or seen.get("error"))
    latency = fields.milliseconds_between(span.start, span.end)
    own = span_key(span.trace_id, span.span_id)
    parent = span_key(span.trace_id, span.parent_id)
    keys += () if own is None else (own,)
    if not keys:
        raise UnreadableError(RejectReason.BAD_FIELD, "spanId")
    course = _Course(
        start,
        keys,
        _duration(seen) if latency is None else latency,
        status if failed else 200,
        error=(error or "api_error") if failed else None,
        span=(span.trace_id, span.span_id, span.parent_id),
        shadows=() if parent is None else (parent,),
    )
    return _call(teller, course)


def _call(teller: Teller, course: _Course) -> CanonicalTrace:
    """Return a call; `input_tokens` leaves the cache out and gets it added."""
    seen = teller.seen
    read = count(seen.get("cache_read_tokens"), "cache_read_tokens")
    write = count(seen.get("cache_creation_tokens"), "cache_creation_tokens")
    plain = count(seen.get("input_tokens"), "input_tokens")
    out = count(seen.get("output_tokens"), "output_tokens")
    total = (plain or 0) + (read or 0) + (write or 0)
    if total + (out or 0) > fields.LARGEST_COUNT:
        raise UnreadableError(RejectReason.NUMBER_TOO_LARGE, "input_tokens")
    known = plain is not None or read is not None or write is not None
    model_raw = label(seen.get("model") or seen.get("gen_ai.request.model"))
    model, provider = model_names.normalise(model_raw)
    session = teller.session_id
    return CanonicalTrace(
        session_id=session,
        developer_id=teller.developer_id,
        timestamp=course.start,
        model=model,
        tokens_in=total if known else None,
        tokens_out=out,
        latency_ms=course.latency,
        status_code=course.status,
        accepted_flag=None,
        repo_slug=teller.repo,
        source=SOURCE,
        native_key=course.keys[0] if course.keys else None,
        other_keys=course.keys[1:],
        source_record_id=text(seen.get("request_id")),
        provider=provider,
        model_raw=model_raw,
        cache_read_tokens=read,
        cache_write_tokens=write,
        tokens_basis=TokensBasis.EXCLUSIVE_ADDED.value if known else None,
        ttft_ms=fields.measure(seen.get("ttft_ms"), "ttft_ms"),
        latency_source=None if course.latency is None else SOURCE,
        error_type=course.error,
        cost_usd=course.cost,
        cost_source=CostSource.UNKNOWN.value if course.cost is None else CostSource.REPORTED.value,
        git_branch=label(seen.get("vcs.ref.head.name") or seen.get("branch")),
        query_source=label(seen.get("query_source")),
        is_subagent=_is_subagent(seen),
        provider_request_id=text(seen.get("request_id")),
        trace_id=course.span[0],
        span_id=course.span[1],
        parent_span_id=course.span[2],
        session_source=None if session is None else IdSource.EXPLICIT.value,
        developer_source=teller.developer_source,
        repo_source=None if teller.repo is None else IdSource.EXPLICIT.value,
        tags=_tags(seen),
        scopes=(
            *(() if session is None else (session_scope(session),)),
            *prompt_scope(seen.get("prompt.id")),
        ),
        shadows=course.shadows,
    )


def _keys(teller: Teller, at: datetime | None, *, attempt: int | None) -> tuple[str, ...]:
    """Return the keys of a request, its own first; of a failed attempt the attempt's first.

    Without a request's id (a gateway that gives none), an event is known by its place in its
    session.
    """
    seen = teller.seen
    request = text(seen.get("request_id")) or text(seen.get("gen_ai.response.id"))
    tied = request_key(request)
    own = tied
    if request is not None and attempt is not None:
        own = f"claude_attempt:{request}/{attempt}"
    elif request is not None and tied is None:
        own = f"claude_request:{request}"
    sequence = text(seen.get("event.sequence"))
    if request is None and at is not None and teller.session_id is not None and sequence:
        own = f"claude_event:{teller.session_id}/{sequence}:{(at - _EPOCH) // _MICROSECOND}"
    return tuple(dict.fromkeys(key for key in (own, tied) if key is not None))


def _duration(seen: Mapping[str, Any]) -> float | None:
    found = fields.measure(seen.get("duration_ms"), "duration_ms")
    if found is not None and found > _LONGEST_DURATION:
        raise UnreadableError(RejectReason.BAD_NUMBER, "duration_ms")
    return found


def _started(at: datetime, latency: float | None) -> datetime:
    """Return the start of a request whose event is written at its end."""
    return at if latency is None else at - timedelta(milliseconds=latency)


def _is_subagent(seen: Mapping[str, Any]) -> bool | None:
    source = text(seen.get("query_source")) or ""
    if source.startswith("agent:") or text(seen.get("agent_id")) is not None:
        return True
    return False if source.startswith(_MAIN) else None


def _tags(seen: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the person attached for grouping, and the number of a later attempt."""
    found = []
    for tag, names in _TAGS:
        value = fields.first_text(seen.get(name) for name in names)
        found += [] if value is None else [f"{tag}:{value}"]
    number = text(seen.get("attempt"))
    if number is not None and _LATER.fullmatch(number):
        found.append(f"attempt:{number}")
    return tuple(sorted(found))


_EVENTS: Final[dict[str, Callable[[LogRecord, Teller, datetime], tuple[Outcome, ...]]]] = {
    "api_request": _read_request,
    "api_error": _read_error,
    "tool_decision": claude_code_otel_edits.read_decision,
    "tool_result": claude_code_otel_edits.read_result,
    "user_prompt": claude_code_otel_edits.read_prompt,
}
"""Events that say something of calls and edits. `api_retries_exhausted` repeats the last error."""
