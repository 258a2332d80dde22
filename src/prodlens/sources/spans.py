"""Owns which convention reads a span that no emitter has conventions of its own for.

Knows no attribute; `genai` and `openinference` do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.sources import fields, genai, openinference, span_calls
from prodlens.sources.fields import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from prodlens.schemas import Outcome, Reject
    from prodlens.sources.otlp import Span

OTLP: Final = "otlp"
_MODELS: Final = ("llm.model_name", "gen_ai.response.model", "gen_ai.request.model")


def read_span(span: Span, *, now: datetime, source: str = OTLP) -> Iterator[Outcome]:
    """Read one span of any emitter: GenAI conventions or OpenInference.

    Args:
        span: The span.
        now: The present instant; later times (by more than a day) are out of range.
        source: Name of the format that its calls carry.

    Yields:
        Facts of its trace, then its call, why it is none, or why it is set aside.
    """
    try:
        convention = openinference if openinference.owns(span) else genai
        yield from span_calls.outcomes(span, convention.reading_of(span), source=source, now=now)
    except UnreadableError as bad:
        yield set_aside(bad, span)


def set_aside(bad: UnreadableError, span: Span) -> Reject:
    """Return why a span is set aside, with the few plain values that help to find it."""
    model = next((found for name in _MODELS if (found := span.attributes.get(name))), None)
    named = {"trace_id": span.trace_id, "span_id": span.span_id, "model": model}
    return fields.rejected(bad, named, ids=tuple(named), times=())
