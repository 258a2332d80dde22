"""Decides which calls that no id bridges are the same call seen by two sources; pure, no SQL.

Two rules, each a function of the set of calls (so order doesn't matter):

- calls of one session with the same model and the same token counts, whose times overlap or lie
  at most five seconds apart, join one to one, nearest first;
- failures with the same model and class of error that began in the same millisecond (some exports
  cut times there), likewise one to one.

Only calls whose sources differ join; nothing unknown is taken for equal.

Source: api.md "Order never matters"; sources.md 2 (failures that LiteLLM emits twice) and 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import format_instant
from prodlens.schemas import IdSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from prodlens.schemas import CanonicalTrace

NEARLY: Final = timedelta(seconds=5)
"""Calls this far apart may still be one: a transcript is stamped when its line is written."""
_CACHE: Final = ("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens")

_MILLISECOND: Final = len("2026-11-22T12:00:00.000")
"""Characters of an instant's text up to its milliseconds."""

Group = tuple[str, ...]
"""What calls must have in common to be compared: `call` or `failure`, then the values."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One call as its bridged records describe it.

    Attributes:
        trace: What they say together.
        sources: Formats that saw it.
        identity: Its key.
    """

    trace: CanonicalTrace
    sources: frozenset[str]
    identity: str


def group_of(trace: CanonicalTrace) -> Group | None:
    """Return what a call may be compared by; None when it can't be the same as any other."""
    if trace.error_type is not None or (trace.status_code or 0) >= 400:
        return _failure(trace)
    if trace.session_id is None or trace.session_source == IdSource.WEAK or trace.model is None:
        return None
    if trace.tokens_in is None or trace.tokens_out is None or not trace.total_tokens:
        return None
    return ("call", trace.session_id, trace.model, str(trace.tokens_in), str(trace.tokens_out))


def _failure(trace: CanonicalTrace) -> Group | None:
    if trace.model is None or trace.error_type is None or trace.total_tokens:
        return None
    kind = trace.error_type.partition(":")[0]
    return ("failure", format_instant(trace.timestamp)[:_MILLISECOND], trace.model, kind)


def unions(candidates: Sequence[Candidate]) -> list[list[int]]:
    """Return which of the calls of one group are one call.

    Args:
        candidates: Calls of one `group_of`, in any order.

    Returns:
        Positions that belong together, every position in exactly one list.
    """
    pairs = sorted(
        pair
        for left in range(len(candidates))
        for right in range(left + 1, len(candidates))
        if (pair := _pair(candidates, left, right)) is not None
    )
    home = {position: [position] for position in range(len(candidates))}
    for *_, left, right in pairs:
        one, other = home[left], home[right]
        if one is other or _sources(candidates, one) & _sources(candidates, other):
            continue
        one.extend(other)
        for position in other:
            home[position] = one
    return [members for position, members in home.items() if members[0] == position]


def _sources(candidates: Sequence[Candidate], members: Sequence[int]) -> set[str]:
    return {source for position in members for source in candidates[position].sources}


def _pair(candidates: Sequence[Candidate], left: int, right: int) -> tuple[Any, ...] | None:
    """Return the distance of two calls for sorting, None when they can't be one."""
    one, other = candidates[left], candidates[right]
    if one.sources & other.sources or not _same_cache(one.trace, other.trace):
        return None
    gap = _gap(one.trace, other.trace)
    if gap > NEARLY:
        return None
    apart = abs(one.trace.timestamp - other.trace.timestamp)
    names = sorted((one.identity, other.identity))
    return gap, apart, *names, left, right


def _same_cache(one: CanonicalTrace, other: CanonicalTrace) -> bool:
    """Return whether the cache counts that both know are equal."""
    for name in _CACHE:
        left, right = getattr(one, name), getattr(other, name)
        if left is not None and right is not None and left != right:
            return False
    return True


def _gap(one: CanonicalTrace, other: CanonicalTrace) -> timedelta:
    """Return the time between the end of the earlier call and the start of the later one."""
    first, second = sorted((_span(one), _span(other)))
    return max(second[0] - first[1], timedelta(0))


def _span(trace: CanonicalTrace) -> tuple[datetime, datetime]:
    try:
        return trace.timestamp, trace.timestamp + timedelta(milliseconds=trace.latency_ms or 0.0)
    except OverflowError:
        return trace.timestamp, trace.timestamp
