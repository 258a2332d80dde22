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

from prodlens.schemas import IdSource
from prodlens.sources import fields, litellm_ids, litellm_spans, span_calls, span_usage, traffic
from prodlens.sources.fields import label
from prodlens.sources.litellm_ids import Who
from prodlens.sources.repo_slugs import repo_slug
from prodlens.sources.span_calls import Events, Reading
from prodlens.sources.span_failures import failure_of
from prodlens.sources.span_usage import Counts, first_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prodlens.sources.otlp import Span

_EXPLICIT: Final = IdSource.EXPLICIT.value
_DERIVED: Final = IdSource.DERIVED.value

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
_MODEL: Final = ("gen_ai.response.model", "gen_ai.request.model", "llm.response.model")
_ASKED: Final = ("gen_ai.request.model", "llm.request.model")
_PROVIDER: Final = ("gen_ai.provider.name", "gen_ai.system", "llm.vendor")
_COST: Final = (
    "gen_ai.cost.total_cost",
    "gen_ai.usage.cost",
    "gen_ai.usage.total_cost",
    "operation.cost",
)
_SESSION: Final = (
    "gen_ai.conversation.id",
    "session.id",
    "copilot_chat.session_id",
    "copilot_chat.chat_session_id",
    "traceloop.association.properties.session_id",
    "langfuse.session.id",
)
_DEVELOPER: Final = (
    "user.email",
    "enduser.id",
    "user.id",
    "traceloop.association.properties.user_id",
    "langfuse.user.id",
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
_REPOSITORY: Final = (
    "vcs.repository.url.full",
    "repo",
    "repo_slug",
    "github.copilot.git.repository",
)
_BRANCH: Final = (
    "vcs.ref.head.name",
    "vcs.repository.ref.name",
    "github.copilot.git.branch",
    "branch",
)
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
    attributes = span.attributes
    proxied = litellm_spans.seen_in(span)
    who = litellm_spans.who(proxied) if proxied is not None else who_of(span)
    kind = _kind(span)
    if kind is not None:
        return Reading(skipped=kind, who=who)
    model = first_label(attributes, _MODEL) or label(attributes.get("llm.request.model"))
    failure = failure_of(span)
    counts = _counts(attributes)
    if proxied is not None:
        counts = litellm_spans.with_cache(counts, proxied)
    if model is None or not (counts.any_known or failure.failed):
        return Reading(skipped=span_calls.ANOTHER_SPAN, who=who)
    asked = first_label(attributes, _ASKED)
    provider = first_label(attributes, _PROVIDER)
    cost = first_cost(attributes, _COST)
    reading = Reading(
        model_raw=model,
        model_alias=asked if asked != model else None,
        provider=_PROVIDERS.get((provider or "").lower(), provider),
        usage=span_usage.settle(counts, exclusive=_is_exclusive(span)),
        response_id=fields.text(attributes.get("gen_ai.response.id")),
        who=who,
        repo_slug=repository(span),
        git_branch=branch(span),
        cost_usd=cost,
        failure=failure,
        ttft_ms=_ttft(attributes),
        stream=first_flag(attributes, _STREAM),
        call_type=label(
            attributes.get("gen_ai.operation.name") or attributes.get("llm.request.type")
        ),
        tags=(traffic.ONE_TOKEN,) if attributes.get(_LIMIT) == 1 else (),
    )
    if proxied is not None:
        return litellm_spans.completed(reading, proxied)
    return _of_copilot(reading) if _is_copilot(span) else reading


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


# What every convention shares ---------------------------------------------------------------


def who_of(span: Span) -> Who:
    """Return session and developer that a span or its resource names.

    A session written as one of Claude Code's end-user strings is taken apart.
    """
    session, source = first_of(span, _SESSION), _EXPLICIT
    developer, said = first_person(span, _DEVELOPER), _EXPLICIT
    packed = litellm_ids.claude_user(session) if session is not None else None
    if packed is not None:
        session, source = packed.session_id, _DERIVED
        if developer is None:
            developer, said = packed.developer_id, _DERIVED
    if developer == session:
        developer = None
    return Who(
        session,
        source if session is not None else None,
        developer,
        said if developer is not None else None,
    )


def first_of(span: Span, names: Iterable[str]) -> str | None:
    """Return the first text under several names, of the span before its resource's."""
    names = tuple(names)
    for place in (span.attributes, span.resource):
        for name in names:
            if name in place and (found := _id_text(place[name])) is not None:
                return found
    return None


def _id_text(value: object) -> str | None:
    """Return an id; a packed end-user string may be longer than an id is kept."""
    if isinstance(value, str) and litellm_ids.claude_user(value) is not None:
        return value
    return fields.text(value)


def first_person(span: Span, names: Iterable[str]) -> str | None:
    """Return the first developer id under several names, of the span before its resource's."""
    names = tuple(names)
    for place in (span.attributes, span.resource):
        for name in names:
            if name in place and (found := fields.person(place[name])) is not None:
                return found
    return None


def first_label(attributes: Mapping[str, Any], names: Iterable[str]) -> str | None:
    """Return the first text under several names that repeats from span to span."""
    return next((found for name in names if (found := label(attributes.get(name)))), None)


def first_flag(attributes: Mapping[str, Any], names: Iterable[str]) -> bool | None:
    """Return the first yes or no under several names."""
    flags = (fields.flag(attributes.get(name)) for name in names)
    return next((found for found in flags if found is not None), None)


def first_cost(attributes: Mapping[str, Any], names: Iterable[str]) -> float | None:
    """Return the first amount in US dollars under several names; raises as `fields.usd` does."""
    for name in names:
        if (cost := fields.usd(attributes.get(name), name)) is not None:
            return cost
    return None


def repository(span: Span) -> str | None:
    """Return the repository that a span or its resource names, `owner/name` in lower case.

    Source: OpenTelemetry `vcs.*` conventions; `repo` as people set it for Claude Code.
    """
    for place in (span.attributes, span.resource):
        for named in _REPOSITORY:
            if (slug := repo_slug(place.get(named))) is not None:
                return slug
        owner, name = place.get("vcs.owner.name"), place.get("vcs.repository.name")
        whole = f"{owner}/{name}" if isinstance(owner, str) else name
        if isinstance(whole, str) and "/" in whole and (slug := repo_slug(whole)) is not None:
            return slug
    return None


def branch(span: Span) -> str | None:
    """Return the branch that a span or its resource names."""
    for place in (span.attributes, span.resource):
        if (found := first_label(place, _BRANCH)) is not None:
            return found
    return None
