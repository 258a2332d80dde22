"""Owns how one workbook is written: cells by kind, formats, names of sheets, widths of columns.

Text is text in every cell, never a formula, a link or a number. Knows no part of a report.
Source: Microsoft, "Excel specifications and limits" and "Number format codes"
(support.microsoft.com); xlsxwriter.readthedocs.io, "The Workbook Class".
"""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from prodlens.errors import InputError
from prodlens.exports.cells import cell_text, is_number
from prodlens.exports.svg_colours import LIGHT
from prodlens.exports.text import columns as wide
from prodlens.exports.text import one_line
from prodlens.exports.words import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from prodlens.exports.tables import Column, Table, Value

ROWS: Final = 1_048_576
CHARACTERS: Final = 32_767
EXACT: Final = 2**53
"""Limits of a sheet and of a cell; larger whole numbers lose digits."""
LEFT: Final = {"align": "left", "indent": 1}
"""What text and times look like: off the number that stands to the left of them."""
_NAME: Final = 31
_NO_NAME: Final = re.compile(r"[\[\]:*?/\\]")
_NO_XML: Final = re.compile("[\ud800-\udfff\ufffe\uffff]")
_NARROWEST: Final = 9
_WIDEST: Final = 46
_WIDEST_PROSE: Final = 90
_PROSE: Final = 4 * _WIDEST
"""Characters from which on a text gets a wider column, so that its row is not a tower."""
_LINE: Final = 15.0
_HIGHEST: Final = 405.0
"""Points of a line of text, and of the highest row that a sheet has."""
_SECONDS_PER_DAY: Final = 86_400.0
_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}
NUMBER_FORMS: Final = {
    Kind.TEXT: "General",
    Kind.INT: "#,##0",
    Kind.FLOAT: "#,##0.00##",
    Kind.PERCENT: "0.0%",
    Kind.MONEY: "[>=1]$#,##0.00;[=0]$0.00;$0.0000",
    Kind.DATE: "d mmm yyyy",
    Kind.INSTANT: 'yyyy-mm-dd hh:mm" UTC"',
    Kind.DURATION: "[h]:mm:ss",
}
"""How a program of sheets shows each kind; a duration is a part of a day, as it counts time."""
_SIGNED: Final = {
    Kind.INT: "+#,##0;-#,##0;0",
    Kind.FLOAT: "+#,##0.00;-#,##0.00;0.00",
    Kind.PERCENT: "+0.0%;-0.0%;0.0%",
    Kind.MONEY: "+$#,##0.00;-$#,##0.00;$0.00",
}
_SHORT_SECONDS: Final = 100.0
_SHORT_DURATION: Final = "[h]:mm:ss.00"
UNKNOWN: Final = "An empty cell is not known; it is not 0."


def shown(text: str) -> str:
    """Return a text as a cell can hold it: one line, printable, not longer than a cell."""
    line = _NO_XML.sub("", one_line(text))
    return line if len(line) <= CHARACTERS else f"{line[: CHARACTERS - 3]}..."


def form_of(kind: Kind, value: Value, *, signed: bool = False) -> str:
    """Return the number format of a value of a kind; short durations show hundredths."""
    if kind is Kind.DURATION and isinstance(value, int | float) and abs(value) < _SHORT_SECONDS:
        return _SHORT_DURATION
    return _SIGNED.get(kind, NUMBER_FORMS[kind]) if signed else NUMBER_FORMS[kind]


class Book:
    """One workbook in memory: a report's tables are bounded by days, models and metrics.

    Args:
        title: What it is, for the properties of the file.
        made: When, aware UTC; the only time in the file.
    """

    def __init__(self, *, title: str, made: datetime) -> None:
        import xlsxwriter

        self._page = io.BytesIO()
        self.file: Any = xlsxwriter.Workbook(self._page, _OPTIONS)
        created = made.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        self.file.set_properties({"title": shown(title), "created": created})
        self.file.set_size(2000, 1200)
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self._names: set[str] = set()

    def content(self) -> bytes:
        """Close the workbook and return the whole file; call it once."""
        self.file.close()
        return self._page.getvalue()

    def style(self, **properties: Any) -> Any:
        """Return a format; the same properties give the same one."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self.file.add_format({"valign": "top", **properties})
        return self._formats[key]

    def sheet(self, title: str, *, colour: str = "accent", is_named: bool = False) -> Any:
        """Add a sheet, ready to be printed on landscape pages; its name is made unique.

        Args:
            title: The name as people should read it; what a name can't hold is left out.
            colour: Name of the colour of its tab.
            is_named: Whether `title` is what `name` returned for it.
        """
        sheet = self.file.add_worksheet(title if is_named else self.name(title))
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
        sheet.set_footer("&L&A&RPage &P of &N")
        sheet.set_tab_color(LIGHT[colour])
        return sheet

    def name(self, title: str) -> str:
        """Return a name that a sheet may have and none has yet; it is taken from now on."""
        bare = " ".join(_NO_NAME.sub(" ", shown(title)).split()).strip("'") or "Sheet"
        if bare.lower() == "history":  # Excel keeps this name for itself
            bare = "History of days"
        name, count = bare[:_NAME].strip("' "), 1
        while name.lower() in self._names:
            count += 1
            end = f" {count}"
            name = bare[: _NAME - len(end)].strip("' ") + end
        self._names.add(name.lower())
        return name

    def text(self, sheet: Any, row: int, column: int, text: str, **properties: Any) -> None:
        """Write a text as text; an empty one leaves the cell empty."""
        if text:
            if row == 0 and properties.get("font_size"):
                sheet.set_row(0, 1.6 * properties["font_size"])
            sheet.write_string(row, column, shown(text), self.style(**properties))

    def fit(self, sheet: Any, row: int, texts: Iterable[tuple[str, float]]) -> None:
        """Make a row as high as its wrapped texts need: not every program does so by itself.

        Args:
            sheet: The sheet.
            row: The row, from 0.
            texts: Texts that wrap, each with the width of its column in characters.
        """
        lines = max((lines_of(text, width) for text, width in texts), default=1)
        if lines > 1:
            sheet.set_row(row, min(_HIGHEST, _LINE * lines + 1.0))

    def value(
        self, sheet: Any, at: tuple[int, int], kind: Kind, value: Value, **properties: Any
    ) -> None:
        """Write a value as what its kind says; None leaves the cell empty.

        Args:
            sheet: The sheet.
            at: Row and column, from 0.
            kind: What the value is; seconds for a duration.
            value: The value.
            properties: Of the format; `signed=True` shows a plus.
        """
        signed = bool(properties.pop("signed", False))
        if value is None:
            return
        if isinstance(value, str):
            self.text(sheet, *at, value, **properties)
            return
        look = self.style(**{"num_format": form_of(kind, value, signed=signed), **properties})
        if isinstance(value, int | float):
            if isinstance(value, int) and abs(value) > EXACT:
                sheet.write_string(*at, str(value), look)
                return
            sheet.write_number(*at, cell_number(kind, value), look)
        else:
            look = self.style(**{"num_format": form_of(kind, value), **LEFT, **properties})
            sheet.write_datetime(*at, _calendar(value), look)

    def heads(self, sheet: Any, row: int, columns: tuple[Column, ...]) -> None:
        """Write the headings of typed columns; those of numbers stand right."""
        sheet.set_row(row, 32)
        for place, column in enumerate(columns):
            align = "right" if is_number(column.kind) else "left"
            self.text(sheet, row, place, column.title, **self.head(align))

    def head(self, align: str = "left") -> dict[str, Any]:
        """Return the properties of a heading."""
        return {
            "bold": True,
            "bottom": 1,
            "bottom_color": LIGHT["axis"],
            "bg_color": LIGHT["tint"],
            "align": align,
            "valign": "bottom",
            **({"indent": 1} if align == "left" else {}),
            "text_wrap": True,
        }

    def table(self, sheet: Any, row: int, table: Table) -> int:
        """Write a typed table with an autofilter, set the widths and return the row after it.

        Raises:
            InputError: It has more rows than a sheet.
        """
        if row + len(table.rows) >= ROWS:
            raise InputError(f"{table.id} has too many rows for a sheet: write .csv instead.")
        self.heads(sheet, row, table.columns)
        for number, line in enumerate(table.rows, start=row + 1):
            for place, (column, value) in enumerate(zip(table.columns, line, strict=True)):
                wrap = {"text_wrap": True, **LEFT} if column.kind is Kind.TEXT else {}
                self.value(sheet, (number, place), column.kind, value, signed=column.signed, **wrap)
        wide_as = widths(table)
        for place, width in enumerate(wide_as):
            sheet.set_column(place, place, width)
        for number, line in enumerate(table.rows, start=row + 1):
            said = zip(line, wide_as, strict=True)
            self.fit(sheet, number, [(one, width) for one, width in said if isinstance(one, str)])
        last = row + len(table.rows)
        if table.rows and table.columns:
            sheet.autofilter(row, 0, last, len(table.columns) - 1)
        return last + 1


def cell_number(kind: Kind, value: float) -> float:
    """Return a number as a sheet holds it: durations, which are seconds, become parts of a day."""
    return value / _SECONDS_PER_DAY if kind is Kind.DURATION else value


def widths(table: Table) -> list[int]:
    """Return the width of each column in characters, within limits; headings may wrap once."""
    found = []
    for place, column in enumerate(table.columns):
        cells = [cell_text(column, row[place]) for row in table.rows]
        longest = max([wide(shown(text)) for text in cells], default=0)
        heading = max((wide(word) for word in shown(column.title).split()), default=0) + 3
        most = _WIDEST if longest <= _PROSE else _WIDEST_PROSE
        found.append(max(_NARROWEST, min(most, max(longest + 3, heading))))
    return found


def lines_of(text: str, width: float) -> int:
    """Return how many lines a text takes in a column; lines that break at words are not full.

    >>> lines_of("a short one", 30.0), lines_of("word " * 20, 30.0)
    (1, 4)
    """
    long = wide(shown(text))
    return 1 if long <= width else -(-long // max(int(0.9 * width), 1))


def _calendar(value: date) -> date:
    """Return a day or an instant without its zone: sheets know none, the format says UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    return value
