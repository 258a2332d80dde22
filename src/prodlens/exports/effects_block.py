"""The part of the page about effect sizes: accepted against rejected calls.

Composes only; what is said stands in the report (`prodlens.exports.building_association`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports.charts import ForestRows
from prodlens.exports.page import GAP, Cell
from prodlens.exports.text import columns

if TYPE_CHECKING:
    from prodlens.exports.charts import ForestRow
    from prodlens.exports.model import Section
    from prodlens.exports.page import Page

_INDENT: Final = "  "
_NAME_MAX: Final = 42
_NAME_MIN: Final = 12


def effects(sheet: Page, section: Section) -> None:
    """Add the effect sizes of a report."""
    rows = [
        _row(row, sign="+" if block.neutral == 0.0 else "")
        for block in section.blocks
        if isinstance(block, ForestRows)
        for row in block.rows
    ]
    widths = [max(columns(row[place]) for row in rows) for place in (1, 2, 3)]
    left = sheet.width - sum(widths) - 3 * len(GAP)
    name = max(min(left, _NAME_MAX), _NAME_MIN)
    sheet.blank()
    sheet.text(section.title, "bold")
    for title, value, word, interval in rows:
        cells = [Cell(title), Cell(value, "bold", right=True), Cell(word), Cell(interval, "dim")]
        sheet.row(cells, [name, *widths])
    sheet.text(section.note, "dim", indent=_INDENT)


def _row(row: ForestRow, *, sign: str) -> tuple[str, str, str, str]:
    ends = ""
    if row.low is not None and row.high is not None:
        ends = f"{row.low:{sign}.2f} to {row.high:{sign}.2f}"
    return row.title, f"{row.value:{sign}.2f}", row.word, ends
