"""The report as a workbook: a first sheet to read, then a sheet for each table, typed throughout.

Numbers are numbers, text is text and never a formula or a link, charts are native and refer to
cells. Computes nothing; the same report gives the same bytes. The parts are in `workbook_*`.
Source: interfaces.md 3 and 6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prodlens.exports.charts import LagProfile, StackedDays
from prodlens.exports.figures import day_range
from prodlens.exports.svg_colours import LIGHT
from prodlens.exports.words import Kind
from prodlens.exports.workbook_book import LEFT, UNKNOWN, Book, shown
from prodlens.exports.workbook_charts import chart_of, place
from prodlens.exports.workbook_data import ChartData, Line, formula
from prodlens.exports.workbook_parts import (
    MUTED,
    TITLE,
    WRAPPED,
    about_sheet,
    change_cells,
    figure_cells,
    figures_sheet,
    findings_sheet,
    quality_sheet,
    section_sheets,
)

if TYPE_CHECKING:
    from prodlens.exports.model import Figure, ReportModel

_HEADS: Final = (
    ("", 30),
    ("Value", 13),
    ("95% from", 11),
    ("to", 11),
    ("n", 10),
    ("Of", 13),
    ("Out of", 13),
    ("Status", 26),
    ("Before", 12),
    ("Change", 11),
    ("95% from", 11),
    ("to", 11),
    ("How it went", 22),
    ("How it is computed", 60),
)
_LAST: Final = len(_HEADS) - 1
_TALL: Final = 15.0
"""Height of a line of text in points."""
_PER_LINE: Final = 150
"""Characters of the first sheet's sentences in a line, roughly."""
_CHART_WIDTH: Final = 1400


def render(model: ReportModel) -> bytes:
    """Return the whole workbook of a report.

    Raises:
        InputError: A table has more rows than a sheet.
    """
    book = Book(title=model.title, made=model.generated_at)
    data = ChartData(book)
    sheet = book.sheet("Summary")
    _summary(book, data, sheet, model)
    figures_sheet(book, model)
    findings_sheet(book, model)
    section_sheets(book, data, model)
    quality_sheet(book, model)
    about_sheet(book, model)
    data.write()
    return book.content()


def _summary(book: Book, data: ChartData, sheet: Any, model: ReportModel) -> None:
    """Write the sheet that is read first: the sentence, the key figures, two charts, caveats."""
    for column, (_, width) in enumerate(_HEADS):
        sheet.set_column(column, column, width)
    book.text(sheet, 0, 0, model.title, bold=True, font_size=20, font_color=LIGHT["ink"])
    book.text(sheet, 1, 0, model.subtitle, **MUTED)
    lead = model.findings[0]
    row = _wide(book, sheet, 3, lead.text, bold=True, font_size=13)
    row = _wide(book, sheet, row, lead.detail, **MUTED)
    for note in model.notes:
        if not note.is_said_elsewhere:
            row = _wide(book, sheet, row, f"Note: {note.text}", **MUTED)
    row = _key_figures(book, data, sheet, row + 1, model)
    for kind in (StackedDays, LagProfile):
        chart = next((one for one in model.charts() if isinstance(one, kind)), None)
        drawn = None if chart is None else chart_of(chart, data)
        if chart is not None and drawn is not None:
            row += place(sheet, chart, drawn, at=(row, 0), width=_CHART_WIDTH)
    _foot(book, sheet, row, model)


def _wide(book: Book, sheet: Any, row: int, text: str, **look: Any) -> int:
    """Write a text over the whole width, as high as it needs, and return the next row."""
    if not text:
        return row
    lines = -(-len(shown(text)) // _PER_LINE)
    sheet.merge_range(row, 0, row, _LAST - 1, "", book.style(**WRAPPED, **look))
    book.text(sheet, row, 0, text, **WRAPPED, **look)
    sheet.set_row(row, min(400.0, _TALL * lines * look.get("font_size", 11) / 11 + 4))
    return row + 1


def _key_figures(book: Book, data: ChartData, sheet: Any, row: int, model: ReportModel) -> int:
    """Write the figures at the top with typed cells and a sparkline, and return the next row."""
    if not model.key_figures:
        return row
    first, last = model.filters.compared_first_day, model.filters.compared_last_day
    if first is not None and last is not None:
        against = f"Before: {day_range(first, last)}, matched by weekday."
    else:
        against = ""
    sheet.set_row(row, 24)
    book.text(sheet, row, 0, "Key figures", **TITLE)
    book.text(sheet, row, 1, f"{against} {UNKNOWN}".strip(), **MUTED)
    for column, (head, _) in enumerate(_HEADS):
        align = "left" if column in {0, 7, 12, 13} else "right"
        book.text(sheet, row + 1, column, head or "Metric", **book.head(align))
    for place_, one in enumerate(model.key_figures, start=row + 2):
        _key_figure(book, data, sheet, place_, one, model)
    return row + 2 + len(model.key_figures) + 1


def _key_figure(
    book: Book, data: ChartData, sheet: Any, row: int, one: Figure, model: ReportModel
) -> None:
    sheet.set_row(row, 2 * _TALL + 2)
    middle = {"valign": "vcenter"}
    book.text(sheet, row, 0, one.title, bold=True, **LEFT, **middle)
    figure_cells(book, sheet, (row, 1), one, **middle)
    status = one.note or one.status.value.replace("_", " ")
    book.text(sheet, row, 7, status, **WRAPPED, **LEFT, **middle)
    change_cells(book, sheet, (row, 8), one, **middle)
    line = model.sparklines.get(one.slug)
    if line is not None:
        numbers = Line(head=line.title, kind=Kind.FLOAT, values=line.values)
        days = Line(head="Day", kind=Kind.DATE, values=line.days)
        range_ = data.add(f"{one.title}, {line.subtitle}", [days, numbers])[1]
        sheet.add_sparkline(
            row, 12, {"range": formula(range_), "series_color": LIGHT["accent"], "weight": 1.5}
        )
    book.text(sheet, row, 13, one.definition, **WRAPPED, **MUTED, **LEFT, **middle)


def _foot(book: Book, sheet: Any, row: int, model: ReportModel) -> None:
    """Write how fresh the data are, what is missing, and what made the report."""
    quality = model.quality
    sheet.set_row(row, 24)
    book.text(sheet, row, 0, "How far to trust it", **TITLE)
    said = [one.text for one in quality.freshness[:3]]
    said += [f"{gap.text} ({gap.command})" for gap in quality.gaps[:3]]
    said.append(f"{quality.set_aside:,} records set aside; more on the sheet Quality")
    for number, text in enumerate(said, start=row + 1):
        book.text(sheet, number, 0, text, **MUTED)
    made = f"prodlens {model.versions.prodlens}, made {model.generated_at:%Y-%m-%d %H:%M} UTC"
    book.text(sheet, row + 1 + len(said), 0, f"{made}, data {model.fingerprint[:16]}", **MUTED)
    sheet.print_area(0, 0, row + 2 + len(said), _LAST - 1)
    sheet.fit_to_pages(1, 1)
