"""Owns LiteLLM's StandardLoggingPayload: one record of the proxy's logging callbacks, one call.

Written by `s3_v2`, `gcs_bucket`, `generic_api` and custom callbacks. Bodies (`messages`, `response`,
`proxy_server_request`) are looked at by `litellm_replay` alone, for edits; of `model_parameters`
nothing but the limit of tokens is. Error texts, tracebacks, and client headers other than session
headers are never looked at.

Source: litellm/types/utils.py `class StandardLoggingPayload` and
litellm_core_utils/litellm_logging.py `get_standard_logging_object_payload`, versions 1.55 (times
as naive text, no `session_id`, `litellm_call_id`, `cost_breakdown`) to 1.109.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from prodlens.schemas import (
    CanonicalTrace,
    CostSource,
    IdSource,
    RejectReason,
    Skipped,
    TokensBasis,
    TrafficClass,
)
from prodlens.sources import fields, litellm_ids, litellm_replay, model_names, tags, traffic
from prodlens.sources.fields import UnreadableError, count, label, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from prodlens.schemas import Outcome

SOURCE: Final = "litellm"

_REPORTED: Final = CostSource.REPORTED.value
_UNPRICED: Final = CostSource.UNKNOWN.value
_INCLUSIVE: Final = TokensBasis.INCLUSIVE.value
_EXCLUSIVE_ADDED: Final = TokensBasis.EXCLUSIVE_ADDED.value
_TOTAL_ONLY: Final = TokensBasis.TOTAL_ONLY.value
_CACHE_HIT: Final = TrafficClass.CACHE_HIT.value
_EXPLICIT: Final = IdSource.EXPLICIT.value
_IDS: Final = ("id", "request_id", "litellm_call_id", "trace_id", "model", "call_type", "status")
_TIMES: Final = ("startTime", "endTime")


class Parts(msgspec.Struct, frozen=True, gc=False):
    """What the two shapes of a LiteLLM record hold under different names.

    Attributes:
        source: Name of the shape.
        metadata: Its `metadata` object.
        attached: What the client attached there.
        record_id: The provider's response id, or what LiteLLM writes in its place.
        call_id: `litellm_call_id`: shared by a failure and the fallback that succeeded.
        trace_id: Trace id; the store decides whether it stands for a session.
        who: Session and developer.
        stream: Whether the answer was streamed, None when not said.
        streamed: The same, judged by the times where the shape does not say.
        error: Its `error_information`.
        cost: Reported cost as written.
        priced: Where `cost_breakdown` and `model_map_information` stand.
        headers: Response headers that LiteLLM kept.
        user_agent: Client program.
    """

    source: str
    metadata: Mapping[str, Any]
    attached: litellm_ids.Attached
    record_id: str | None
    call_id: str | None
    trace_id: str | None
    who: litellm_ids.Who
    stream: bool | None
    streamed: bool
    error: Mapping[str, Any]
    cost: object
    priced: Mapping[str, Any]
    headers: Mapping[str, Any]
    user_agent: object


class _Cache(msgspec.Struct, frozen=True, gc=False):
    """What is said about cache and reasoning, None where nothing is."""

    read: int | None = None
    write: int | None = None
    write_1h: int | None = None
    reasoning: int | None = None


class _Usage(msgspec.Struct, frozen=True, gc=False):
    """Token counts; `tokens_in` includes cache reads and writes."""

    tokens_in: int | None
    tokens_out: int | None
    cache: _Cache
    basis: str | None


class _Result(NamedTuple):
    """How a call ended; `failed` None when the record does not say."""

    failed: bool | None
    status_code: int | None
    error_type: str | None


_NO_CACHE: Final = _Cache()
_SUCCESS: Final = _Result(failed=False, status_code=200, error_type=None)
_UNSAID: Final = _Result(failed=None, status_code=None, error_type=None)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a StandardLoggingPayload."""
    if "startTime" in record and "call_type" in record and "id" in record:
        return "hidden_params" in record or "model_map_information" in record
    return "model_map_information" in record and "response_cost" in record


def read(record: Mapping[str, Any], *, now: datetime) -> Iterable[Outcome]:
    """Read one StandardLoggingPayload.

    Args:
        record: The decoded record.
        now: The present instant; later times (by more than a day) are out of range.

    Returns:
        The call and what its bodies say about edits, or the reason why it is set aside.
    """
    try:
        trace = trace_of(record, _parts(record), now=now)
    except UnreadableError as bad:
        return (fields.rejected(bad, record, ids=_IDS, times=_TIMES),)
    return (trace, *litellm_replay.suggestions(record, trace))


def is_server_log(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a line of the proxy's own log (`json_logs: true`)."""
    return "message" in record and "level" in record and "component" in record


def skip_server_log(_record: Mapping[str, Any], *, now: datetime) -> Iterable[Outcome]:  # noqa: ARG001 - an adapter's signature
    """Say what a line of the proxy's own log is; it holds no call."""
    return (Skipped("LiteLLM server log"),)


def _parts(record: Mapping[str, Any]) -> Parts:
    metadata, hidden = mapping(record.get("metadata")), record.get("hidden_params")
    error, stream = record.get("error_information"), fields.flag(record.get("stream"))
    attached = litellm_ids.attached_to(metadata)
    leaves = litellm_ids.leaves_of(
        metadata,
        attached,
        session_field=record.get("session_id"),
        key_owner=metadata.get("user_api_key_user_id"),
        end_user=record.get("end_user"),
    )
    return Parts(
        source=SOURCE,
        metadata=metadata,
        attached=attached,
        record_id=text(record.get("id")),
        call_id=text(record.get("litellm_call_id")),
        trace_id=text(record.get("trace_id")),
        who=litellm_ids.who(leaves),
        stream=stream,
        streamed=stream is True,
        error=mapping(error) if error else fields.EMPTY,
        cost=record.get("response_cost"),
        priced=record,
        headers=mapping(mapping(hidden).get("additional_headers")) if hidden else fields.EMPTY,
        user_agent=metadata.get("user_agent") or record.get("user_agent"),
    )


def trace_of(record: Mapping[str, Any], parts: Parts, *, now: datetime) -> CanonicalTrace:
    """Return the call of a record of either shape.

    Raises:
        UnreadableError: The record has no usable time, or a number that makes no sense.
    """
    start, assumed = fields.instant(record.get("startTime"), now, "startTime")
    began = record.get("startTime")
    began = began if type(began) is float else start  # text is read once only
    latency = fields.milliseconds_between(began, record.get("endTime"))
    metadata = parts.metadata
    call_type = label(record.get("call_type"))
    model_raw, model, provider = model_names.named(
        record.get("model"), record.get("custom_llm_provider")
    )
    usage = _usage(record, metadata)
    result = _result(record.get("status"), parts, usage)
    hit = not result.failed and litellm_ids.is_hit(record.get("cache_hit"), parts.record_id)
    cost = 0.0 if hit else _cost(parts, result)
    keys = litellm_ids.keys_of(
        parts.record_id,
        parts.call_id,
        request_id=litellm_ids.request_id(parts.headers, parts.error),
        start=start,
        failed=result.failed is True,
        hit=hit,
    )
    who = parts.who
    said = _tags(record, metadata)
    repo = litellm_ids.repository(parts.attached, said)
    acceptance = litellm_ids.acceptance(parts.attached)
    if keys.native is None and model_raw is None and usage.tokens_in is None:
        raise UnreadableError(RejectReason.UNKNOWN_FORMAT)
    return CanonicalTrace(
        session_id=who.session_id,
        developer_id=who.developer_id,
        timestamp=start,
        model=model,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        latency_ms=latency,
        status_code=result.status_code,
        accepted_flag=acceptance.accepted_flag,
        repo_slug=repo,
        diff_ratio=acceptance.diff_ratio,
        accepted_lines=acceptance.accepted_lines,
        source=parts.source,
        native_key=keys.native,
        other_keys=keys.others,
        source_record_id=parts.record_id,
        provider=provider,
        model_raw=model_raw,
        model_alias=label(record.get("model_group")),
        cache_read_tokens=usage.cache.read,
        cache_write_tokens=usage.cache.write,
        cache_write_1h_tokens=usage.cache.write_1h,
        reasoning_tokens=usage.cache.reasoning,
        tokens_basis=usage.basis,
        ttft_ms=_ttft(began, record.get("completionStartTime"), latency)
        if parts.streamed
        else None,
        latency_source=_latency_source(call_type, parts) if latency is not None else None,
        error_type=result.error_type,
        accepted_source=None if acceptance.accepted_flag is None else "metadata",
        cost_usd=cost,
        cost_source=_UNPRICED if cost is None else _REPORTED,
        traffic_class=_CACHE_HIT if hit else None,
        subscription=fields.flag(metadata.get("used_client_oauth_token")),
        stream=parts.stream,
        call_type=call_type,
        user_agent=label(parts.user_agent),
        git_branch=said.branch,
        timestamp_assumed_utc=assumed or None,
        provider_message_id=keys.message_id,
        provider_request_id=keys.request_id,
        trace_id=parts.trace_id,
        call_group=parts.call_id or parts.record_id,
        session_source=who.session_source,
        developer_source=who.developer_source,
        repo_source=None if repo is None else _EXPLICIT,
        tags=said.kept + said.marks,
    )


def _tags(record: Mapping[str, Any], metadata: Mapping[str, Any]) -> tags.TagFacts:
    """Return what tags, the key's account and the request's limit say."""
    listed, parameters = record.get("request_tags"), record.get("model_parameters")
    alias = metadata.get("user_api_key_alias")
    if alias is not None and (own := traffic.account_marks(alias)):
        listed = [*fields.sequence(listed), *own]
    said = tags.facts_of(listed)
    if parameters and (limit := traffic.limit_marks(mapping(parameters))):
        return said._replace(marks=said.marks + limit)
    return said


def _ttft(began: object, answered: object, latency: float | None) -> float | None:
    """Return the time to the first token; LiteLLM writes `endTime` where it measured none."""
    first = fields.milliseconds_between(began, answered)
    return first if first is not None and latency is not None and first < latency else None


def _latency_source(call_type: str | None, parts: Parts) -> str:
    """Name the clock: of a streamed `/v1/messages`, LiteLLM times only what follows the headers.

    Source: litellm llms/anthropic/pass_through/messages/streaming_iterator.py.
    """
    after_headers = call_type == "anthropic_messages" and parts.streamed
    return "litellm_after_headers" if after_headers else "litellm"


def _usage(record: Mapping[str, Any], metadata: Mapping[str, Any]) -> _Usage:
    tokens_in, tokens_out, basis = _counts(record)
    usage = metadata.get("usage_object") or metadata.get("additional_usage_values")
    usage = mapping(usage) if usage else None
    cache = _cache(usage) if usage else _NO_CACHE
    cached = (cache.read or 0) + (cache.write or 0)
    if tokens_in is not None and cached > tokens_in:
        # More cache than input: that input was counted without cache.
        tokens_in += cached
        basis = _EXCLUSIVE_ADDED
    if max((tokens_in or 0) + (tokens_out or 0), cached) > fields.LARGEST_COUNT:
        raise UnreadableError(RejectReason.NUMBER_TOO_LARGE, "total_tokens")
    return _Usage(tokens_in, tokens_out, cache, basis)


def _cache(usage: Mapping[str, Any]) -> _Cache:
    details = usage.get("prompt_tokens_details")
    details = mapping(details) if details else fields.EMPTY
    write = _either(usage, "cache_creation_input_tokens", details, "cache_creation_tokens")
    long = None
    if split := details.get("cache_creation_token_details"):
        split = mapping(split)
        short = count(split.get("ephemeral_5m_input_tokens"), "ephemeral_5m_input_tokens")
        long = count(split.get("ephemeral_1h_input_tokens"), "ephemeral_1h_input_tokens")
        if short is not None or long is not None:
            # LiteLLM may leave the sum empty; a sum smaller than its parts is none.
            write = max(write or 0, (short or 0) + (long or 0))
    read = _either(usage, "cache_read_input_tokens", details, "cached_tokens")
    out = usage.get("completion_tokens_details")
    reasoning = mapping(out).get("reasoning_tokens") if out else None
    return _Cache(read, write, long, count(reasoning, "reasoning_tokens"))


def _counts(record: Mapping[str, Any]) -> tuple[int | None, int | None, str | None]:
    """Return input, output and basis; the total stands in for a side that is missing."""
    tokens_in = count(record.get("prompt_tokens"), "prompt_tokens")
    tokens_out = count(record.get("completion_tokens"), "completion_tokens")
    if tokens_in and tokens_out is not None:
        return tokens_in, tokens_out, _INCLUSIVE
    nothing = tokens_in is None and tokens_out is None
    total = count(record.get("total_tokens"), "total_tokens")
    if total is None:
        return tokens_in, tokens_out, None if nothing else _INCLUSIVE
    if nothing or (total and tokens_in == 0 and tokens_out == 0):
        return total, 0, _TOTAL_ONLY
    if tokens_in is None and total >= (tokens_out or 0):
        tokens_in = total - (tokens_out or 0)
    elif tokens_out is None and total >= (tokens_in or 0):
        tokens_out = total - (tokens_in or 0)
    return tokens_in, tokens_out, _INCLUSIVE


def _either(
    usage: Mapping[str, Any], name: str, details: Mapping[str, Any], detail: str
) -> int | None:
    """Return the first of two counts that is not empty; LiteLLM may write 0 in one of them."""
    first = usage.get(name)
    if first is not None and (first := count(first, name)):
        return first
    second = count(details.get(detail), detail) if details else None
    return first if second is None else second


def _result(status: object, parts: Parts, usage: _Usage) -> _Result:
    """Say how a call ended; a row without a status is judged by its error, answer and cost."""
    if status == "success":
        return _SUCCESS
    error = parts.error
    word = (text(status) or "").lower()
    kind = fields.error_type(error.get("error_class"))
    code = fields.status(error.get("error_code"))
    if word == "failure" or (word != "success" and (kind or code)):
        category = fields.error_type(error.get("error_rate_limit_category"))
        if category is not None:
            kind = f"{kind or 'error'}:{category}"
        return _Result(
            failed=True, status_code=code, error_type=kind or (None if code else "failure")
        )
    if word == "success" or usage.tokens_out or fields.is_positive(parts.cost):
        return _SUCCESS
    return _UNSAID


def _cost(parts: Parts, result: _Result) -> float | None:
    """Return the reported cost; LiteLLM writes 0.0, too, for a model it has no price for."""
    cost = fields.usd(parts.cost, "response_cost")
    if cost == 0.0 and result.failed is not True and not _is_priced(parts.priced):
        return None
    return cost


def _is_priced(priced: Mapping[str, Any]) -> bool:
    """Return whether anything says that LiteLLM had a price above zero for the model."""
    if priced.get("response_cost_failure_debug_info"):
        return False
    if fields.is_positive(mapping(priced.get("cost_breakdown")).get("total_cost")):
        return True
    model = mapping(mapping(priced.get("model_map_information")).get("model_map_value"))
    return any("cost" in str(name) and fields.is_positive(price) for name, price in model.items())
