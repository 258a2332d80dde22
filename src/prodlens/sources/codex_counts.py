"""Owns the token counts that Codex writes: of a call, of a thread so far, and their difference.

Knows no line of a rollout.

Source: openai/codex codex-rs/protocol/src/protocol.rs `TokenUsage`: input includes cached input,
output includes reasoning.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from prodlens.sources.fields import count, mapping

_NAMES: Final = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
)
_OTHER_CACHED: Final = "cache_read_input_tokens"
"""Its name in some early versions."""


class Counts(NamedTuple):
    """Token counts of one call, or running totals; None is not written.

    `tokens_in` includes cache, as written.
    """

    tokens_in: int | None
    cached: int | None
    written: int | None
    tokens_out: int | None
    reasoning: int | None

    def key(self) -> str:
        """Return the counts as part of a key; older versions leave out what newer ones write 0."""
        return ".".join(str(one or 0) for one in self)

    def is_nothing(self) -> bool:
        """Return whether it only estimates the context, as after a compaction."""
        return not self.tokens_in and not self.tokens_out


def counts_of(value: object) -> Counts | None:
    """Return the counts of a usage object; None when it has none.

    Raises:
        UnreadableError: A count makes no sense.
    """
    usage = mapping(value)
    found = Counts(*(count(usage.get(name), name) for name in _NAMES))
    if found.tokens_in is None and found.tokens_out is None:
        return None
    if found.cached is None:
        found = found._replace(cached=count(usage.get(_OTHER_CACHED), _OTHER_CACHED))
    return found


def since(total: Counts | None, before: list[int | None] | None, *, begun: bool) -> Counts | None:
    """Return a call's own counts where only running totals are written: their difference.

    A total below the one before belongs to a counter that began anew. Without the beginning of
    the file the difference is not known.

    Args:
        total: The running total.
        before: The one before it in the file, None when it is the first.
        begun: Whether the file was read from its beginning.
    """
    if total is None or (before is None and not begun):
        return None
    earlier = before or [0] * len(total)
    parts = [
        None if now is None else now - (then or 0) for now, then in zip(total, earlier, strict=True)
    ]
    return total if min(part or 0 for part in parts) < 0 else Counts(*parts)
