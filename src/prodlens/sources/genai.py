"""Owns spans of OpenTelemetry's GenAI conventions, in every version and as emitters write them.

Tables of attribute names, the newest first; which emitters count input without cache; which spans
sum up others. Prompts and answers (`gen_ai.input.messages`, `gen_ai.prompt`, ...) are never
looked at.

Source: open-telemetry/semantic-conventions CHANGELOG 1.27 to 1.41 and semantic-conventions-genai
docs/gen-ai/non-normative/migration.md; openllmetry's `gen_ai.usage.*` and `llm.usage.*`,
pydantic-ai's `gen_ai.usage.details.*`, Sentry's `gen_ai.usage.input_tokens.cached`; LiteLLM's
`otel` callback (litellm/integrations/opentelemetry.py).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from prodlens.sources import fields, litellm_spans, span_calls, span_usage, traffic
from prodlens.sources.span_attributes import (
    branch,
    first_cost,
    first_flag,
    first_label,
    repository,
    who_of,
)
from prodlens.sources.span_calls import Events, Reading
from prodlens.sources.span_failures import failure_of
from prodlens.sources.span_usage import Counts, first_count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.sources.otlp import Span
    from prodlens.sources.span_failures import Failure

_USAGE: Final = "gen_ai.usage."
_INPUT: Final = (
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.usage.input_tokens",
    "llm.usage.prompt_tokens",
)
_OUTPUT: Final = (
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.usage.output_tokens",
    "llm.usage.completion_tokens",
)
_TOTAL: Final = (
    "gen_ai.usage.total_tokens",
    "llm.usage.total_tokens",
    "gen_ai.usage.total.token_count",
)
_CACHE_READ: Final = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.cache_read_tokens",
    "gen_ai.usage.cached_input_tokens",
    "gen_ai.usage.cached_tokens",
    "gen_ai.usage.input_tokens.cached",
    "gen_ai.usage.details.cache_read_input_tokens",
    "gen_ai.usage.details.cache_read_tokens",
    "gen_ai.usage.details.cached_tokens",
    "llm.usage.cache_read_input_tokens",
    "llm.usage.cache_read_tokens",
)
_CACHE_WRITE: Final = (
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_write_input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.cache_write_tokens",
    "gen_ai.usage.cache_creation_tokens",
    "gen_ai.usage.input_tokens.cache_write",
    "gen_ai.usage.details.cache_creation_input_tokens",
    "gen_ai.usage.details.cache_write_tokens",
    "llm.usage.cache_creation_input_tokens",
    "llm.usage.cache_write_tokens",
)
_REASONING: Final = (
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.output_tokens.reasoning",
    "gen_ai.usage.details.reasoning_tokens",
    "gen_ai.usage.details.thinking_tokens",
    "llm.usage.reasoning_tokens",
)
_MODEL: Final = (
    "gen_ai.response.model",
    "gen_ai.request.model",
    "llm.response.model",
    "llm.request.model",
)
_ASKED: Final = ("gen_ai.request.model", "llm.request.model")
_PROVIDER: Final = ("gen_ai.provider.name", "gen_ai.system", "llm.vendor")
_COST: Final = (
    "gen_ai.cost.total_cost",
    "gen_ai.usage.cost",
    "gen_ai.usage.total_cost",
    "operation.cost",
)
_STREAM: Final = (
    "gen_ai.request.stream",
    "gen_ai.request.is_stream",
    "gen_ai.is_streaming",
    "llm.is_streaming",
)
_FIRST_SECONDS: Final = (
    "gen_ai.response.time_to_first_chunk",
    "gen_ai.server.time_to_first_token",
)
_OPERATION: Final = ("gen_ai.operation.name", "llm.request.type")
_LIMIT: Final = "gen_ai.request.max_tokens"

_NO_CALLS: Final = frozenset(
    {
        "invoke_agent",
        "invoke_workflow",
        "execute_tool",
        "create_agent",
        "fetch_response",
        "retrieval",
    }
)
"""Operations whose tokens, if any, are those of the calls below them."""
_SUMS_OF_TRACELOOP: Final = frozenset({"workflow", "task", "agent", "tool"})
_SUMS_BY_NAME: Final = ("invoke_agent ", "agent run", "execute_tool ", "running tool")
_PROVIDERS: Final = {
    "aws": "bedrock",
    "aws.bedrock": "bedrock",
    "aws_bedrock": "bedrock",
    "az.ai.inference": "azure_ai",
    "az.ai.openai": "azure",
    "azure.ai.inference": "azure_ai",
    "azure.ai.openai": "azure",
    "gcp.gemini": "gemini",
    "gcp.gen_ai": "gemini",
    "gcp.vertex_ai": "vertex_ai",
    "mistral_ai": "mistral",
    "x_ai": "xai",
}
"""Names of the conventions and the ones that proxies and price lists use."""

_EXCLUSIVE_SCOPES: Final = ("com.anthropic.claude_code", "opentelemetry.instrumentation.bedrock")
_COPILOT: Final = "copilot"
_LOGFIRE: Final = "logfire"
_LOGFIRE_CHANGED: Final = datetime(2026, 3, 27, tzinfo=UTC)
"""Before this change (logfire #1812) its Anthropic integration passed on input without cache."""


def reading_of(span: Span) -> Reading:
    """Return what the attributes of a span say under the GenAI conventions.

    Raises:
        UnreadableError: It is a call and one of its numbers makes no sense.
    """
    proxied = litellm_spans.seen_in(span)
    who = litellm_spans.who(proxied) if proxied is not None else who_of(span)
    if (kind := _kind(span)) is not None:
        return Reading(skipped=kind, who=who)
    counts = _counts(span.attributes)
    if proxied is not None:
        counts = litellm_spans.with_cache(counts, proxied)
    reading = _reading(span, counts, failure_of(span))
    if reading is None:
        return Reading(skipped=span_calls.ANOTHER_SPAN, who=who)
    reading = reading._replace(who=who)
    if proxied is not None:
        return litellm_spans.completed(reading, proxied)
    return _of_copilot(reading) if _is_copilot(span) else reading


def _reading(span: Span, counts: Counts, failure: Failure) -> Reading | None:
    """Return a call's reading without whose it is; None without a model, or tokens, or an error."""
    attributes = span.attributes
    model, asked = first_label(attributes, _MODEL), first_label(attributes, _ASKED)
    if model is None or not (counts.any_known or failure.failed):
        return None
    provider = first_label(attributes, _PROVIDER)
    return Reading(
        model_raw=model,
        model_alias=asked if asked != model else None,
        provider=_PROVIDERS.get((provider or "").lower(), provider),
        usage=span_usage.settle(counts, exclusive=_is_exclusive(span)),
        response_id=fields.text(attributes.get("gen_ai.response.id")),
        repo_slug=repository(span),
        git_branch=branch(span),
        cost_usd=first_cost(attributes, _COST),
        failure=failure,
        ttft_ms=_ttft(attributes),
        stream=first_flag(attributes, _STREAM),
        call_type=first_label(attributes, _OPERATION),
        tags=(traffic.ONE_TOKEN,) if attributes.get(_LIMIT) == 1 else (),
    )


def _is_copilot(span: Span) -> bool:
    words = (span.scope_name, span.resource.get("service.name"))
    return any(_COPILOT in str(word or "").lower() for word in words)


def _of_copilot(reading: Reading) -> Reading:
    """Return the reading of a call of GitHub Copilot, which is paid for by the seat."""
    provider = "github_copilot" if reading.provider in (None, "github") else reading.provider
    return reading._replace(provider=provider, subscription=True, events=Events.HAS_SOME)


def _kind(span: Span) -> str | None:
    """Return what a span is that is certainly no call of its own, else None."""
    if span.name == litellm_spans.RAW_REQUEST:
        return span_calls.RAW_REQUEST
    attributes = span.attributes
    operation = attributes.get("gen_ai.operation.name")
    if operation is not None:
        return span_calls.AGENT_SPAN if _word(operation) in _NO_CALLS else None
    if _word(attributes.get("traceloop.span.kind")) in _SUMS_OF_TRACELOOP:
        return span_calls.AGENT_SPAN
    return span_calls.AGENT_SPAN if span.name.startswith(_SUMS_BY_NAME) else None


def _word(value: object) -> str:
    return value.strip().lower() if isinstance(value, str) else ""


def _counts(attributes: Mapping[str, Any]) -> Counts:
    if not any(name.startswith((_USAGE, "llm.usage.")) for name in attributes):
        return Counts()
    return Counts(
        tokens_in=first_count(attributes, _INPUT),
        tokens_out=first_count(attributes, _OUTPUT),
        total=first_count(attributes, _TOTAL),
        cache_read=first_count(attributes, _CACHE_READ),
        cache_write=first_count(attributes, _CACHE_WRITE),
        reasoning=first_count(attributes, _REASONING),
    )


def _is_exclusive(span: Span) -> bool:
    """Return whether the emitter counts input without cache.

    Source: openllmetry #4449 (its Bedrock instrumentation; the Anthropic one includes cache),
    logfire #1812, Claude Code's own spans.
    """
    scope = span.scope_name
    if scope.startswith(_EXCLUSIVE_SCOPES):
        return True
    if not scope.startswith(_LOGFIRE):
        return False
    anthropic = any(_word(span.attributes.get(name)) == "anthropic" for name in _PROVIDER)
    return anthropic and span.start is not None and span.start < _LOGFIRE_CHANGED


def _ttft(attributes: Mapping[str, Any]) -> float | None:
    for name in _FIRST_SECONDS:
        if (seconds := fields.measure(attributes.get(name), name)) is not None:
            return round(seconds * 1000, 3)
    return None
