"""Owns OpenInference's attributes: `llm.*` and `openinference.span.kind`, in any envelope.

Prompts and answers (`input.*`, `output.*`, `llm.input_messages`, `llm.output_messages`) are never
looked at.

Source: Arize-ai/openinference spec/semantic_conventions.md; `llm.token_count.prompt` includes
cache. LiteLLM's `arize` callbacks add `llm.request.*`, `llm.response.*` and `litellm.*`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prodlens.sources import (
    fields,
    litellm_spans,
    span_attributes,
    span_calls,
    span_usage,
    tags,
    traffic,
)
from prodlens.sources.fields import label
from prodlens.sources.span_attributes import first_cost, first_flag, first_label
from prodlens.sources.span_calls import Reading
from prodlens.sources.span_failures import failure_of
from prodlens.sources.span_usage import Counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.sources.otlp import Span
    from prodlens.sources.span_failures import Failure

KIND: Final = "openinference.span.kind"
_CALLS: Final = frozenset({"LLM", "EMBEDDING", "UNKNOWN", ""})
"""Other kinds (agents, chains, tools, evaluators) sum up the calls below them, if anything."""
_SUMS: Final = frozenset({"AGENT", "CHAIN"})

_MODEL: Final = (
    "llm.response.model",
    "llm.model_name",
    "llm.response.model_name",
    "llm.request.model_name",
    "embedding.model_name",
)
_ASKED: Final = ("llm.request.model_name", "llm.model_name")
_PROVIDER: Final = ("llm.provider", "llm.system")
_RESPONSE_ID: Final = ("llm.response.id", "gen_ai.response.id")
_COST: Final = ("llm.cost.total", "llm.response.cost")
_STREAM: Final = ("llm.is_streaming",)
_COUNT: Final = "llm.token_count."
_CACHE_READ: Final = (
    "llm.token_count.prompt_details.cache_read",
    "llm.token_count.prompt_details.cache_input",
)
_PARAMETERS: Final = "llm.invocation_parameters"


def owns(span: Span) -> bool:
    """Return whether a span follows OpenInference."""
    attributes = span.attributes
    if KIND in attributes or "llm.model_name" in attributes:
        return True
    return any(name.startswith(_COUNT) for name in attributes)


def reading_of(span: Span) -> Reading:
    """Return what the attributes of a span say under OpenInference.

    Raises:
        UnreadableError: It is a call and one of its numbers makes no sense.
    """
    proxied = litellm_spans.seen_in(span)
    who = litellm_spans.who(proxied) if proxied is not None else span_attributes.who_of(span)
    kind = str(span.attributes.get(KIND) or "").upper()
    if span.name == litellm_spans.RAW_REQUEST:
        return Reading(skipped=span_calls.RAW_REQUEST, who=who)
    reading = _reading(span, failure_of(span)) if kind in _CALLS else None
    if reading is None:
        sums = span_calls.AGENT_SPAN if kind in _SUMS else span_calls.ANOTHER_SPAN
        return Reading(skipped=sums, who=who)
    reading = reading._replace(who=who)
    return reading if proxied is None else litellm_spans.completed(reading, proxied)


def _reading(span: Span, failure: Failure) -> Reading | None:
    """Return a call's reading without whose it is; None without a model, or tokens, or an error."""
    attributes = span.attributes
    model, asked = first_label(attributes, _MODEL), first_label(attributes, _ASKED)
    counts = _counts(attributes)
    if model is None or not (counts.any_known or failure.failed):
        return None
    answers = (fields.text(attributes.get(name)) for name in _RESPONSE_ID)
    said = tags.facts_of(attributes.get("tag.tags"))
    return Reading(
        model_raw=model,
        model_alias=asked if asked != model else None,
        provider=first_label(attributes, _PROVIDER),
        usage=span_usage.settle(counts, exclusive=False),
        response_id=next((answer for answer in answers if answer is not None), None),
        repo_slug=span_attributes.repository(span) or said.repo_slug,
        git_branch=span_attributes.branch(span) or said.branch,
        cost_usd=first_cost(attributes, _COST),
        failure=failure,
        stream=first_flag(attributes, _STREAM),
        call_type=label(attributes.get("llm.request.type")),
        tags=said.kept + _marks(attributes),
    )


def _counts(attributes: Mapping[str, Any]) -> Counts:
    def of(name: str) -> int | None:
        return fields.count(attributes.get(_COUNT + name), _COUNT + name)

    return Counts(
        tokens_in=of("prompt"),
        tokens_out=of("completion"),
        total=of("total"),
        cache_read=span_usage.first_count(attributes, _CACHE_READ),
        cache_write=of("prompt_details.cache_write"),
        reasoning=of("completion_details.reasoning"),
    )


def _marks(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what of a call the rules of traffic look at: marks of a fixed vocabulary."""
    limit = attributes.get("llm.request.max_tokens")
    written = attributes.get(_PARAMETERS)
    parameters = fields.mapping(written) if limit is None and written is not None else {}
    tagged = fields.sequence(attributes.get("tag.tags"))
    return traffic.marks(tagged, parameters if limit is None else {"max_tokens": limit})
