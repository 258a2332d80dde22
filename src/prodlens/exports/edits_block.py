"""Writes the tables of proposed edits on the terminal page; computes nothing.

The page shows the few columns that a line has room for; every column is in the other formats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prodlens.exports import figures
from prodlens.exports.page import GAP, Cell
from prodlens.exports.text import columns

if TYPE_CHECKING:
    from prodlens.exports.page import Page
    from prodlens.exports.tables import Table

IDS: Final = frozenset({"edits_by_model", "edits_by_repository"})
"""Tables that this module writes."""
_MOST_ROWS: Final = 5
_NAME: Final = (12, 44)
_HEADS: Final = ("Edits", "By people", "Automatic", "Retained")


def edits(sheet: Page, table: Table) -> None:
    """Add a table of edits: how many, what people and settings approved, what was kept."""
    names = [column.id for column in table.columns]
    named = [dict(zip(names, row, strict=True)) for row in table.rows]
    rows = [_row(str(row[names[0]]), row) for row in named[:_MOST_ROWS]]
    widths = [
        max(columns(head), *(columns(row[place + 1]) for row in rows))
        for place, head in enumerate(_HEADS)
    ]
    left = sheet.width - sum(widths) - len(widths) * len(GAP)
    name = min(max(left, _NAME[0]), _NAME[1])
    heads = [Cell(head, "dim", right=True) for head in _HEADS]
    sheet.blank()
    sheet.row([Cell(table.title, "bold"), *heads], [name, *widths])
    for first, *numbers in rows:
        cells = [Cell(number, right=True) for number in numbers]
        sheet.row([Cell(first), *cells], [name, *widths])
    if (rest := len(named) - _MOST_ROWS) > 0:
        sheet.text(f"{figures.counted(rest, 'more row')}: see --table {table.id}", "dim")


def _row(name: str, row: dict[str, Any]) -> tuple[str, str, str, str, str]:
    decided = row["by_people"] + row["rejected"]
    people = f"{row['by_people']:,} of {decided:,}" if decided else figures.MISSING
    if row["retained"] is None:
        pending = row["pending"]
        kept = f"{pending:,} pending" if pending else figures.MISSING
    else:
        kept = figures.share(row["retained"])
    return name, f"{row['edits']:,}", people, f"{row['automatic']:,}", kept
