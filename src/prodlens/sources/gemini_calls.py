"""Owns what Gemini CLI's token counts mean, and the call they make, for both of its files.

Knows neither file's layout. Gemini counts the prompt with its cached part, and thoughts beside the
answer; what tools put into the prompt is counted beside the prompt.

Source: Gemini API `GenerateContentResponse.UsageMetadata` (total = prompt + candidates + tool use
prompt + thoughts); google-gemini/gemini-cli packages/core/src/telemetry/types.ts
(`ApiResponseEvent`) and services/chatRecordingTypes.ts (`TokensSummary`); sources.md 5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.schemas import CanonicalTrace, CostSource, IdSource, RejectReason, TokensBasis
from prodlens.sources import fields, model_names
from prodlens.sources.fields import UnreadableError, count

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

SOURCE: Final = "gemini"


class Names(NamedTuple):
    """Names under which a file holds the counts."""

    prompt: str
    answer: str
    cached: str
    thoughts: str
    tool: str
    total: str


class Usage(NamedTuple):
    """Token counts; `tokens_in` includes cache, `tokens_out` thoughts; None is not known."""

    tokens_in: int | None
    tokens_out: int | None
    total: int | None
    cached: int | None
    thoughts: int | None
    basis: str | None


def usage_of(held: Mapping[str, Any], names: Names) -> Usage:
    """Return the counts of a call.

    The total decides whether thoughts and tool input stand beside the other two or in them.

    Raises:
        UnreadableError: A count makes no sense, or there is none.
    """
    prompt, answer, cached, thoughts, tool, total = (count(held.get(n), n) for n in names)
    if prompt is None and answer is None:
        if not total:
            raise UnreadableError(RejectReason.NO_USAGE)
        return Usage(total, 0, total, cached, thoughts, TokensBasis.TOTAL_ONLY.value)
    plain = (prompt or 0) + (answer or 0)
    beside = plain + (thoughts or 0)
    if total and tool and total - tool in (plain, beside):
        prompt = (prompt or 0) + tool
        total -= tool
    if thoughts and total != plain:
        answer = (answer or 0) + thoughts
    basis = TokensBasis.INCLUSIVE
    if cached and prompt is not None and cached > prompt:
        prompt, basis = prompt + cached, TokensBasis.EXCLUSIVE_ADDED
    whole = (prompt or 0) + (answer or 0)
    if whole > fields.LARGEST_COUNT:
        raise UnreadableError(RejectReason.NUMBER_TOO_LARGE, names.total)
    return Usage(prompt, answer, whole, cached, thoughts, basis.value)


def call(
    usage: Usage | None, at: datetime, *, session: str | None, model_raw: str | None, **known: Any
) -> CanonicalTrace:
    """Return one call.

    Args:
        usage: Its counts; None of a failure, which has none.
        at: When it began, aware UTC.
        session: Session, as the file names it.
        model_raw: Model as written.
        known: Further fields of `CanonicalTrace`.
    """
    provider = known.pop("provider", None)
    model, provider = model_names.normalise(model_raw, provider)
    counts: dict[str, Any] = {"tokens_in": None, "tokens_out": None}
    if usage is not None:
        counts = {
            "tokens_in": usage.tokens_in,
            "tokens_out": usage.tokens_out,
            "total_tokens": usage.total,
            "cache_read_tokens": usage.cached,
            "reasoning_tokens": usage.thoughts,
            "tokens_basis": usage.basis,
        }
    left_open = {"developer_id": None, "latency_ms": None, "accepted_flag": None}
    known = left_open | {"source": SOURCE} | known
    return CanonicalTrace(
        session_id=session,
        timestamp=at,
        model=model,
        model_raw=model_raw,
        provider=provider,
        cost_source=CostSource.UNKNOWN.value,
        session_source=None if session is None else IdSource.EXPLICIT.value,
        scopes=() if session is None else (scope_of(session),),
        **counts,
        **known,
    )


def scope_of(session: str) -> str:
    """Return the scope of a session."""
    return f"gemini_session:{session}"
