"""Owns how a span becomes a call: keys, the leaf rule, failures, what a trace tells its calls.

What the attributes of a convention mean is read by `genai` and `openinference`, which give a
`Reading`. Knows no JSON layout and no store.

Source: sources.md 2 (leaf rule, failures that are emitted twice) and 3 (what is a call).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

from prodlens.schemas import (
    CanonicalTrace,
    ContextFact,
    CostSource,
    Fact,
    IdSource,
    RejectReason,
    Skipped,
    TrafficClass,
)
from prodlens.sources import fields, litellm_ids, model_names
from prodlens.sources.fields import UnreadableError
from prodlens.sources.litellm_ids import Who
from prodlens.sources.provider_ids import message_key, request_key
from prodlens.sources.span_failures import Failure
from prodlens.sources.span_usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.schemas import Outcome
    from prodlens.sources.otlp import Span

ANOTHER_SPAN: Final = "OpenTelemetry span without a call"
AGENT_SPAN: Final = "agent span (sums up its calls)"
RAW_REQUEST: Final = "raw request span (repeats its call)"

_NOBODY: Final = Who(None, None, None, None)
_NO_USAGE: Final = Usage()
_NO_FAILURE: Final = Failure(failed=False, status_code=None, error_type=None)
_HIT_MARK: Final = "_cache_hit"
_NO_ACCEPTANCE: Final = litellm_ids.Acceptance(None, None, None)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_START: Final = "start_time"


class Events(Enum):
    """What an emitter tells of one call beside its span."""

    NONE = auto()
    HAS_SOME = auto()
    """An event repeats the span."""
    IS_ONE = auto()
    """This is that event."""


class Reading(NamedTuple):
    """What the attributes of a span say under one convention; None is not known.

    Attributes:
        skipped: Why it is no call (one of the kinds above); None when it is one.
        model_raw: Model as written.
        model_alias: Model that was asked for, when it differs.
        provider: Provider as written.
        usage: Token counts.
        response_id: The provider's response id.
        who: Session and developer.
        repo_slug: `owner/name`.
        git_branch: Branch.
        cost_usd: Reported cost.
        failure: How it ended.
        ttft_ms: Time to the first token.
        stream: Whether the answer was streamed.
        call_type: Operation.
        user_agent: Client program.
        tags: Allow-listed marks.
        subscription: Whether the call ran on a subscription.
        accepted: What the client said about the suggestions.
        chain_id: Id of the request in a proxy's own log, in place of the trace id.
        cache_hit: Whether a proxy answered from its own cache.
        events: Whether the emitter tells the call by an event, too, or this is that event.
    """

    skipped: str | None = None
    model_raw: str | None = None
    model_alias: str | None = None
    provider: str | None = None
    usage: Usage = _NO_USAGE
    response_id: str | None = None
    who: Who = _NOBODY
    repo_slug: str | None = None
    git_branch: str | None = None
    cost_usd: float | None = None
    failure: Failure = _NO_FAILURE
    ttft_ms: float | None = None
    stream: bool | None = None
    call_type: str | None = None
    user_agent: str | None = None
    tags: tuple[str, ...] = ()
    subscription: bool | None = None
    accepted: litellm_ids.Acceptance = _NO_ACCEPTANCE
    chain_id: str | None = None
    cache_hit: bool = False
    events: Events = Events.NONE


class Keys(NamedTuple):
    """Identity of a span's call."""

    native: str | None
    others: tuple[str, ...]
    shadows: tuple[str, ...]


def span_key(trace_id: str | None, span_id: str | None) -> str | None:
    """Return the key of one span, None when it has no id of its own."""
    return f"span:{trace_id}/{span_id}" if trace_id and span_id else None


def trace_scope(trace_id: str) -> str:
    """Return the scope of everything in one OpenTelemetry trace."""
    return f"otel_trace:{trace_id}"


def facts(span: Span, who: Who, source: str) -> Iterator[ContextFact]:
    """Yield what a span tells the calls of its trace: their session and their developer.

    Args:
        span: The span, whether it is a call or not.
        who: Whom it names.
        source: Name of the format.
    """
    if span.trace_id is not None:
        scope = trace_scope(span.trace_id)
        if who.session_id is not None:
            yield ContextFact(scope, Fact.SESSION_ID, who.session_id, source)
        if who.developer_id is not None:
            yield ContextFact(scope, Fact.DEVELOPER_ID, who.developer_id, source)


def outcomes(span: Span, reading: Reading, *, source: str, now: datetime) -> Iterator[Outcome]:
    """Yield what a span says: facts of its trace, then its call or why it is none.

    Args:
        span: The span.
        reading: What its attributes say.
        source: Name of the format.
        now: The present instant; later times (by more than a day) are out of range.

    Raises:
        UnreadableError: It is a call without a usable time.
    """
    yield from facts(span, reading.who, source)
    if reading.skipped is not None:
        yield Skipped(reading.skipped)
    else:
        yield _call(span, reading, source, now)


def _call(span: Span, reading: Reading, source: str, now: datetime) -> CanonicalTrace:
    if span.start is None:
        given = any(span.raw.get(name) for name in _STARTS)
        raise UnreadableError(
            RejectReason.BAD_TIMESTAMP if given else RejectReason.NO_TIMESTAMP, _START
        )
    start, _ = fields.instant(span.start, now, _START)
    model, provider = model_names.normalise(reading.model_raw, reading.provider)
    keys = keys_of(span, reading, start=start, model=model)
    who, usage, accepted = reading.who, reading.usage, reading.accepted
    latency = None if span.end is None else fields.milliseconds_between(span.start, span.end)
    cost = 0.0 if reading.cache_hit else reading.cost_usd
    return CanonicalTrace(
        session_id=who.session_id,
        developer_id=who.developer_id,
        timestamp=start,
        model=model,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        latency_ms=latency,
        status_code=_status(span, reading),
        accepted_flag=accepted.accepted_flag,
        repo_slug=reading.repo_slug,
        diff_ratio=accepted.diff_ratio,
        accepted_lines=accepted.accepted_lines,
        source=source,
        native_key=keys.native,
        other_keys=keys.others,
        source_record_id=span.span_id,
        provider=provider,
        model_raw=reading.model_raw,
        model_alias=reading.model_alias,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        cache_write_1h_tokens=usage.cache_write_1h,
        reasoning_tokens=usage.reasoning,
        tokens_basis=usage.basis,
        ttft_ms=reading.ttft_ms,
        latency_source=None if latency is None else "span",
        error_type=reading.failure.error_type,
        accepted_source=None if accepted.accepted_flag is None else "metadata",
        cost_usd=cost,
        cost_source=(CostSource.UNKNOWN if cost is None else CostSource.REPORTED).value,
        traffic_class=TrafficClass.CACHE_HIT.value if reading.cache_hit else None,
        subscription=reading.subscription,
        stream=reading.stream,
        call_type=reading.call_type,
        user_agent=reading.user_agent,
        git_branch=reading.git_branch,
        provider_message_id=None if request_key(reading.response_id) else reading.response_id,
        provider_request_id=reading.response_id if request_key(reading.response_id) else None,
        trace_id=reading.chain_id or span.trace_id,
        call_group=span.trace_id if reading.chain_id else span.span_id,
        span_id=span.span_id,
        parent_span_id=span.parent_id,
        session_source=who.session_source,
        developer_source=who.developer_source,
        repo_source=None if reading.repo_slug is None else IdSource.EXPLICIT.value,
        tags=reading.tags,
        scopes=(trace_scope(span.trace_id),) if span.trace_id else (),
        shadows=keys.shadows,
    )


_STARTS: Final = ("startTimeUnixNano", "start_time_unix_nano", "start_time", "startTime")


def keys_of(span: Span, reading: Reading, *, start: datetime, model: str | None) -> Keys:
    """Return the identity of a span's call.

    A success is known by the provider's response id where that is unique in the world, a failure
    by its start, model and error (LiteLLM writes some failures into two traces), and every span
    by its own id as well. Its parent is shadowed: when that describes the call once more, it
    never counts.

    Args:
        span: The span.
        reading: What its attributes say.
        start: Its start, aware.
        model: Its model, normalised.
    """
    own, parent = span_key(span.trace_id, span.span_id), span_key(span.trace_id, span.parent_id)
    shadows: tuple[str, ...] = (parent,) if parent is not None and parent != own else ()
    if reading.events is not Events.NONE:
        told = _event_keys(span, reading, model)
        if reading.events is Events.IS_ONE:
            own = told[0] if told else None
        else:
            shadows += told
    answer = reading.response_id
    if reading.cache_hit:
        # The answer's id is the first call's; LiteLLM marks it with the time of this one.
        known = f"litellm_cache_hit:{answer}" if answer and _HIT_MARK in answer else None
    else:
        known = request_key(answer) or message_key(answer) or _failure_key(reading, start, model)
    if known is None:
        return Keys(own, (), shadows)
    return Keys(known, () if own is None else (own,), shadows)


def _event_keys(span: Span, reading: Reading, model: str | None) -> tuple[str, ...]:
    """Return the keys under which the event of a call is known, the best one first."""
    usage = reading.usage
    keys = [f"inference_event:{reading.response_id}"] if reading.response_id else []
    if span.trace_id and usage.tokens_in is not None:
        counts = f"{usage.tokens_in}/{usage.tokens_out}"
        keys.append(f"inference_event:{span.trace_id}/{model}/{counts}")
    return tuple(keys)


def _failure_key(reading: Reading, start: datetime, model: str | None) -> str | None:
    if not reading.failure.failed or reading.usage.tokens_out:
        return None
    micros = (start - _EPOCH) // _MICROSECOND
    # Times cut to milliseconds say less, so the proxy's id of the request has to agree, too.
    exact = f":{reading.chain_id}" if reading.chain_id and micros % 1000 == 0 else ""
    kind = reading.failure.error_type or reading.failure.status_code
    return f"span_failure:{micros}:{model}:{kind}{exact}"


def _status(span: Span, reading: Reading) -> int | None:
    """Return the HTTP status; a span that did not fail and names none had an answer: 200."""
    code = reading.failure.status_code
    if code is not None or reading.failure.failed:
        return code
    return 200 if span.status_code is not None else None
