"""Owns what the token counts of a span mean together: whole input with cache, whole output.

Counts in, counts out: which attribute holds which count is read elsewhere.

Source: sources.md 3 "Inclusive or exclusive?"; OpenTelemetry GenAI conventions 1.40 (input
includes cache), OpenInference (`prompt` includes cache).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.schemas import RejectReason, TokensBasis
from prodlens.sources import fields
from prodlens.sources.fields import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_INCLUSIVE: Final = TokensBasis.INCLUSIVE.value
_EXCLUSIVE_ADDED: Final = TokensBasis.EXCLUSIVE_ADDED.value
_TOTAL_ONLY: Final = TokensBasis.TOTAL_ONLY.value


class Counts(NamedTuple):
    """Token counts as a span has them, None where it has none."""

    tokens_in: int | None = None
    tokens_out: int | None = None
    total: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None

    @property
    def any_known(self) -> bool:
        """Whether the span tells how much went in, came out, or both together."""
        return not (self.tokens_in is self.tokens_out is self.total is None)


class Usage(NamedTuple):
    """Token counts of a call; `tokens_in` includes cache, `tokens_out` reasoning."""

    tokens_in: int | None = None
    tokens_out: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None
    basis: str | None = None


def first_count(attributes: Mapping[str, Any], names: Iterable[str]) -> int | None:
    """Return the first count among several names that is not zero, else a zero, else None.

    Raises:
        UnreadableError: A count is no count.
    """
    found: int | None = None
    for name in names:
        if (value := attributes.get(name)) is not None:
            counted = fields.count(value, name)
            if counted:
                return counted
            found = counted if found is None else found
    return found


def settle(counts: Counts, *, exclusive: bool) -> Usage:
    """Return the usage that counts stand for.

    Args:
        counts: As the span has them.
        exclusive: Whether the emitter counts input without cache. What the numbers themselves
            prove wins: more cache than input, or a total that adds cache to both sides.

    Raises:
        UnreadableError: A sum is beyond 64 bits.
    """
    tokens_in, tokens_out, basis = _sides(counts)
    cached = (counts.cache_read or 0) + (counts.cache_write or 0)
    if tokens_in is not None and cached and basis == _INCLUSIVE:
        proved = cached > tokens_in or counts.total == tokens_in + (tokens_out or 0) + cached
        if exclusive or proved:
            tokens_in, basis = tokens_in + cached, _EXCLUSIVE_ADDED
    if basis == _TOTAL_ONLY:
        tokens_in = max(tokens_in or 0, cached)
    reasoning = counts.reasoning or 0
    whole = (tokens_in or 0) + (tokens_out or 0)
    if tokens_out is not None and (
        reasoning > tokens_out or (reasoning and counts.total == whole + reasoning)
    ):
        tokens_out += reasoning  # such an emitter counts the answer without its reasoning
    if max((tokens_in or 0) + (tokens_out or 0), cached) > fields.LARGEST_COUNT:
        raise UnreadableError(RejectReason.NUMBER_TOO_LARGE, "total_tokens")
    write_1h = counts.cache_write_1h
    if write_1h is not None and write_1h > (counts.cache_write or 0):
        write_1h = None
    return Usage(
        tokens_in,
        tokens_out,
        counts.cache_read,
        counts.cache_write,
        write_1h,
        counts.reasoning,
        basis,
    )


def _sides(counts: Counts) -> tuple[int | None, int | None, str | None]:
    """Return input, output and basis; the total stands in for a side that is missing."""
    tokens_in, tokens_out, total = counts.tokens_in, counts.tokens_out, counts.total
    if tokens_in is None and tokens_out is None:
        return (None, None, None) if total is None else (total, 0, _TOTAL_ONLY)
    if total and not tokens_in and not tokens_out:
        return total, 0, _TOTAL_ONLY
    if total is not None:
        if tokens_in is None and total >= (tokens_out or 0):
            tokens_in = total - (tokens_out or 0)
        elif tokens_out is None and total >= (tokens_in or 0):
            tokens_out = total - (tokens_in or 0)
    return tokens_in, tokens_out, _INCLUSIVE
