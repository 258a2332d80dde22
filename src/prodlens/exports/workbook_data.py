"""Owns the sheet "Chart data", which native charts and sparklines of a workbook refer to.

Knows no kind of chart and draws nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.exports.tables import Value
    from prodlens.exports.words import Kind
    from prodlens.exports.workbook_book import Book


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One column of numbers behind a chart."""

    head: str
    kind: Kind
    values: Sequence[Value]


class ChartData:
    """The last sheet, which charts refer to: blocks of columns, each under its chart's name.

    Args:
        book: The workbook.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self._name = book.name("Chart data")
        self._blocks: list[tuple[int, str, Sequence[Line]]] = []
        self._free = 0

    def add(self, title: str, lines: Sequence[Line]) -> list[list[Any]]:
        """Keep the columns of a chart and return the range of each, as charts take them."""
        first = self._free
        self._blocks.append((first, title, lines))
        self._free += len(lines) + 1
        return [
            [self._name, 2, place, 1 + max(len(line.values), 1), place]
            for place, line in enumerate(lines, start=first)
        ]

    def write(self) -> None:
        """Add the sheet; without charts there is none."""
        if not self._blocks:
            return
        sheet = self.book.sheet(self._name, colour="none", is_named=True)
        sheet.freeze_panes(2, 0)
        for first, title, lines in self._blocks:
            self.book.text(sheet, 0, first, title, bold=True)
            sheet.set_column(first, first + len(lines) - 1, 13)
            for place, line in enumerate(lines, start=first):
                self.book.text(sheet, 1, place, line.head, **self.book.head())
                for row, value in enumerate(line.values, start=2):
                    self.book.value(sheet, (row, place), line.kind, value)


def formula(range_: Sequence[Any]) -> str:
    """Return a range as error bars and sparklines take it."""
    from xlsxwriter.utility import quote_sheetname, xl_range_abs

    sheet, *corners = range_
    return f"={quote_sheetname(sheet)}!{xl_range_abs(*corners)}"
