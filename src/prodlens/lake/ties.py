"""What ties records together: those that share a tie are decided about in one place.

Two records may have to do with each other when they name the same key, request, trace, turn or
session, or are failures of the same instant. Whoever shares nothing, directly or through others,
can't change what becomes of the other; so every group can be decided by itself, anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.clock import format_instant
from prodlens.schemas import ContextFact, Fact
from prodlens.storage.identity_keys import key_digest
from prodlens.storage.merging import Observation

if TYPE_CHECKING:
    from collections.abc import Iterator


def ties_of(said: Any) -> list[int]:
    """Return the ties of an observation, a suggestion with its place, or a fact: at least one.

    Returns:
        Signed 64-bit digests, each once.
    """
    if isinstance(said, Observation):
        names = _of_call(said)
    elif isinstance(said, ContextFact):
        names = _of_fact(said)
    else:
        names = _of_suggestion(said[0])
    return sorted({key_digest(name) for name in names})


def _of_call(observation: Observation) -> Iterator[str]:
    trace = observation.trace
    yield from observation.keys
    yield from trace.shadows
    for scope in trace.scopes:
        yield f"scope {scope}"
    if trace.trace_id is not None:
        yield f"trace {trace.trace_id}"
    if trace.session_id is not None:
        yield f"session {trace.session_id}"
    if trace.error_type is not None or (trace.status_code or 0) >= 400:
        yield f"failure {format_instant(trace.timestamp)}"


def _of_suggestion(suggestion: Any) -> Iterator[str]:
    yield f"suggestion {suggestion.key}"
    if suggestion.call_key is not None:
        yield suggestion.call_key
    for scope in (*suggestion.scopes, *filter(None, (suggestion.within,))):
        yield f"scope {scope}"
    if suggestion.session_id is not None:
        yield f"session {suggestion.session_id}"


def _of_fact(fact: ContextFact) -> Iterator[str]:
    yield f"scope {fact.scope}"
    if fact.name is Fact.SESSION_ID:
        yield f"session {fact.value}"
