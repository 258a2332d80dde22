"""Owns how the blocks of a section share the width of a page: alone, or two beside each other.

Decides only how much room each takes on a large screen; on a small one all stand below each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports.charts import ForestRows, Histogram, LagProfile, RateBand, StackedDays
from prodlens.exports.model import FigureGroup, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prodlens.exports.model import Block

_BESIDE: Final = range(4, 12)
"""So many figures are about as tall as the chart they stand beside."""


def rows_of(blocks: Sequence[Block]) -> Iterator[tuple[tuple[Block, ...], str]]:
    """Yield what each card holds and its share of the width: whole, most, half or least.

    A card holds one block; findings that follow each other share one. A small chart that would be
    alone stands beside what comes before it, when that is a large chart or a few figures.
    """
    place = 0
    while place < len(blocks):
        block = blocks[place]
        count = _count(blocks[place:], Finding)
        if count:
            yield tuple(blocks[place : place + count]), "whole"
        else:
            small = _count(blocks[place + 1 :], RateBand | Histogram | ForestRows)
            spans = _spans(block, small)
            count = len(spans)
            for one, span in zip(blocks[place : place + count], spans, strict=True):
                yield (one,), span
        place += count


def _count(blocks: Sequence[Block], kind: object) -> int:
    """Return how many blocks of a kind stand at the start."""
    return next(
        (place for place, one in enumerate(blocks) if not isinstance(one, kind)),  # type: ignore[arg-type]
        len(blocks),
    )


def _spans(block: Block, small: int) -> tuple[str, ...]:
    """Return the widths of a block and of what stands beside it.

    Args:
        block: The first one.
        small: How many small charts follow it.
    """
    if isinstance(block, RateBand | Histogram | ForestRows):
        return ("half", "half") if small else ("whole",)
    if small % 2 == 0:
        return ("whole",)
    if isinstance(block, StackedDays | LagProfile):
        return ("most", "least")
    is_short = isinstance(block, FigureGroup) and len(block.figures) in _BESIDE
    return ("half", "half") if is_short else ("whole",)
