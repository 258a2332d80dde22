"""Writes the sheets of figures, findings, tables and what to know into a workbook.

Each takes the report and writes what it says; computes nothing. The first sheet and the order are
in `prodlens.exports.workbook`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from prodlens.exports.cells import typed
from prodlens.exports.model import FigureGroup, Finding
from prodlens.exports.svg_colours import LIGHT
from prodlens.exports.tables import Column, Table
from prodlens.exports.words import Kind, Verdict
from prodlens.exports.workbook_book import LEFT, UNKNOWN
from prodlens.exports.workbook_charts import chart_of, place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prodlens.exports.charts import Chart
    from prodlens.exports.model import Figure, ReportModel
    from prodlens.exports.tables import Value
    from prodlens.exports.workbook_book import Book
    from prodlens.exports.workbook_data import ChartData

HEAD_ROW: Final = 3
"""Row of the headings of a sheet with a table, from 0: title, note and a blank row stand above."""
TITLE: Final = {"bold": True, "font_size": 14, "font_color": LIGHT["ink"]}
MUTED: Final = {"font_color": LIGHT["muted"]}
WRAPPED: Final = {"text_wrap": True}
INK: Final = {Verdict.BETTER: LIGHT["good"], Verdict.WORSE: LIGHT["bad"]}
"""Colours of verdicts; use and cost have none."""
_TWO_DECIMALS: Final = "#,##0.00"
_POINTS: Final = '+0.0" pts";-0.0" pts";0.0" pts"'
_GROWTH: Final = "+0%;-0%;0%"
_FIGURES: Final = (
    ("Metric", 38),
    ("Value", 13),
    ("95% from", 11),
    ("to", 11),
    ("n", 10),
    ("Of", 13),
    ("Out of", 13),
    ("Status", 17),
    ("Good is", 9),
    ("Before", 12),
    ("Change", 11),
    ("95% from", 11),
    ("to", 11),
    ("Verdict", 10),
    ("Note", 60),
    ("Name", 34),
    ("How it is computed", 70),
)
_RIGHT: Final = frozenset({"Value", "95% from", "to", "n", "Of", "Out of", "Before", "Change"})
_FINDINGS: Final = (
    Column(id="about", title="About"),
    Column(id="text", title="What may be repeated"),
    Column(id="r", title="Correlation", kind=Kind.FLOAT, signed=True),
    Column(id="low", title="95% from", kind=Kind.FLOAT, signed=True),
    Column(id="high", title="to", kind=Kind.FLOAT, signed=True),
    Column(id="n", title="Paired days", kind=Kind.INT),
    Column(id="worth", title="Worth", kind=Kind.FLOAT),
    Column(id="p", title="p", kind=Kind.FLOAT),
    Column(id="q", title="q", kind=Kind.FLOAT),
    Column(id="tests", title="Tests", kind=Kind.INT),
    Column(id="role", title="Role"),
    Column(id="status", title="Status"),
    Column(id="missing", title="Days missing", kind=Kind.INT),
    Column(id="rests", title="Rests on"),
    Column(id="remarks", title="Remarks"),
)
_PAIRS: Final = (Column(id="what", title="What"), Column(id="says", title="Says"))


def begin(book: Book, title: str, *notes: str, colour: str = "accent", name: str = "") -> Any:
    """Add a sheet with its title, its notes in one line, and room for headings."""
    sheet = book.sheet(name or title, colour=colour)
    book.text(sheet, 0, 0, title, **TITLE)
    book.text(sheet, 1, 0, " ".join(note for note in notes if note), **MUTED)
    return sheet


def figure_cells(book: Book, sheet: Any, at: tuple[int, int], figure: Figure, **more: Any) -> None:
    """Write value, both ends of the interval, n and what was divided, in six typed cells."""
    row, column = at
    kind, value = typed(figure)
    if kind is Kind.FLOAT:
        more = {"num_format": _TWO_DECIMALS, **more}
    ends = [typed(replace(figure, value=end))[1] for end in (figure.low, figure.high)]
    book.value(sheet, at, kind, value, bold=True, **more)
    for step, end in enumerate(ends, start=1):
        book.value(sheet, (row, column + step), kind, end, **more)
    more.pop("num_format", None)
    book.value(sheet, (row, column + 3), Kind.INT, figure.n, **more)
    top = Kind.MONEY if kind is Kind.MONEY else Kind.INT
    for step, (one, number) in enumerate(
        ((top, figure.numerator), (Kind.INT, figure.denominator)), start=4
    ):
        whole = number is None or number == int(number) or one is Kind.MONEY
        book.value(sheet, (row, column + step), one if whole else Kind.FLOAT, number, **more)


def change_cells(book: Book, sheet: Any, at: tuple[int, int], figure: Figure, **more: Any) -> None:
    """Write the value of the other time, the change and both ends of its interval."""
    change = figure.change
    if change is None:
        return
    row, column = at
    kind, before = typed(replace(figure, value=change.previous))
    plain = {"num_format": _TWO_DECIMALS, **more} if kind is Kind.FLOAT else more
    book.value(sheet, at, kind, before, **plain)
    form, scale = (_POINTS, 100.0) if change.in_points else (_GROWTH, 0.01)
    ink = {"font_color": INK[change.verdict]} if change.verdict in INK else {}
    for step, number in enumerate((change.difference, change.low, change.high), start=1):
        if number is not None:
            look = {"num_format": form, **ink, **more}
            book.value(sheet, (row, column + step), Kind.FLOAT, number * scale, **look)


def figures_sheet(book: Book, model: ReportModel) -> None:
    """Write every metric of the catalogue, a row each, in cells of its own unit."""
    sheet = begin(book, "Figures", "Every metric of the catalogue.", UNKNOWN)
    sheet.set_row(HEAD_ROW, 32)
    for column, (head, width) in enumerate(_FIGURES):
        sheet.set_column(column, column, width)
        look = book.head("right" if head in _RIGHT else "left")
        book.text(sheet, HEAD_ROW, column, head, **look)
    for row, one in enumerate(model.figures, start=HEAD_ROW + 1):
        book.text(sheet, row, 0, one.title, **WRAPPED, **LEFT)
        figure_cells(book, sheet, (row, 1), one)
        book.text(sheet, row, 7, one.status.value.replace("_", " "), **LEFT)
        book.text(sheet, row, 8, one.better.value, **LEFT)
        change_cells(book, sheet, (row, 9), one)
        verdict = Verdict.NONE if one.change is None else one.change.verdict
        book.text(sheet, row, 13, "" if verdict is Verdict.NONE else verdict.value, **LEFT)
        before = one.change.note if one.change and one.change.note != one.note else None
        told = "; ".join(part for part in (one.note, before and f"before: {before}") if part)
        book.text(sheet, row, 14, told, **WRAPPED, **LEFT)
        book.text(sheet, row, 15, one.slug, **MUTED, **LEFT)
        book.text(sheet, row, 16, one.definition, **LEFT)  # in one line: nothing stands behind it
        book.fit(sheet, row, ((one.title, _FIGURES[0][1]), (told, _FIGURES[14][1])))
    if model.figures:
        sheet.autofilter(HEAD_ROW, 0, HEAD_ROW + len(model.figures), len(_FIGURES) - 1)
    sheet.freeze_panes(HEAD_ROW + 1, 1)
    sheet.repeat_rows(HEAD_ROW)
    sheet.print_area(0, 0, HEAD_ROW + len(model.figures), 14)


def findings_sheet(book: Book, model: ReportModel) -> None:
    """Write every finding with its numbers: the sentences that may be repeated."""
    found = {one.id: one for one in model.findings}
    for section in model.sections:
        found |= {block.id: block for block in section.blocks if isinstance(block, Finding)}
    rows = tuple(_finding_row(one) for one in found.values())
    table = Table(id="findings", title="Findings", columns=_FINDINGS, rows=rows)
    table_sheet(book, table, note="Associations; none of them says what causes what.")


def _finding_row(one: Finding) -> tuple[Value, ...]:
    rests = (one.name or "in short", one.text)
    said = one.estimate
    numbers: tuple[Value, ...] = (None,) * 8 + ("",)
    if said is not None:
        numbers = (
            *(said.value, said.low, said.high, said.n, said.n_effective, said.p, said.q),
            said.family_size or None,
            said.role,
        )
    ends = (one.status.value.replace("_", " "), one.days_missing or None)
    return (*rests, *numbers, *ends, one.detail, " ".join(one.remarks))


def table_sheet(book: Book, table: Table, *, note: str = "", colour: str = "accent") -> Any:
    """Write a typed table on a sheet of its own: frozen headings, autofilter, what empty means."""
    has_gaps = any(value is None for row in table.rows for value in row)
    sheet = begin(book, table.title, table.note, note, UNKNOWN if has_gaps else "", colour=colour)
    book.table(sheet, HEAD_ROW, table)
    sheet.freeze_panes(HEAD_ROW + 1, 1)
    sheet.repeat_rows(HEAD_ROW)
    return sheet


def section_sheets(book: Book, data: ChartData, model: ReportModel) -> None:
    """Write a sheet for every table and every chart of every section; figures have their own."""
    for section in model.sections:
        for block in section.blocks:
            if isinstance(block, Table):
                table_sheet(book, block, note=section.note)
            elif not isinstance(block, Finding | FigureGroup):
                _chart_sheet(book, data, block)


def _chart_sheet(book: Book, data: ChartData, chart: Chart) -> None:
    table = replace(chart.table, title=chart.title)
    sheet = table_sheet(book, table, note=f"{chart.subtitle}. {chart.note}".strip(), colour="s3")
    drawn = chart_of(chart, data)
    if drawn is not None:
        place(sheet, chart, drawn, at=(HEAD_ROW, len(table.columns) + 1))


def quality_sheet(book: Book, model: ReportModel) -> None:
    """Write how far to trust the report: what is known, until when, what is missing."""
    quality = model.quality
    sheet = begin(book, "Quality", "How far to trust it.", UNKNOWN, colour="s2")
    sheet.set_column(0, 0, 46)
    sheet.set_column(1, 3, 24)
    row = _block(book, sheet, 2, ("Known of the calls", "Share", "Calls", "Out of"))
    for known in quality.shares:
        book.text(sheet, row, 0, known.name, **LEFT)
        share = known.known / known.of if known.of else None
        for column, (kind, value) in enumerate(
            ((Kind.PERCENT, share), (Kind.INT, known.known), (Kind.INT, known.of)), start=1
        ):
            book.value(sheet, (row, column), kind, value)
        row += 1
    row = _block(book, sheet, row + 1, ("Source", "Calls"))
    for name, calls in quality.sources:
        book.text(sheet, row, 0, name, **WRAPPED, **LEFT)
        book.value(sheet, (row, 1), Kind.INT, calls)
        row += 1
    row = _block(book, sheet, row + 1, ("Known until", "Last"))
    for fresh in quality.freshness:
        book.text(sheet, row, 0, fresh.text, **WRAPPED, **LEFT)
        book.value(sheet, (row, 1), Kind.INSTANT, fresh.at)
        row += 1
    book.text(sheet, row, 0, "Records set aside that could not be read", **LEFT)
    book.value(sheet, (row, 1), Kind.INT, quality.set_aside)
    row = _block(book, sheet, row + 2, ("What is missing", "What mends it"))
    for gap in quality.gaps:
        book.text(sheet, row, 0, gap.text, **WRAPPED, **LEFT)
        book.text(sheet, row, 1, gap.command, font_name="Consolas", **LEFT)
        row += 1
    row = _block(book, sheet, row + 1, ("What else to know",))
    for remark in (*quality.remarks, *quality.deliveries):
        book.text(sheet, row, 0, remark, **LEFT)
        row += 1


def _block(book: Book, sheet: Any, row: int, heads: Sequence[str]) -> int:
    for column, head in enumerate(heads):
        look = book.head("right" if head in {"Share", "Calls", "Out of"} else "left")
        book.text(sheet, row, column, head, **look)
    return row + 1


def about_sheet(book: Book, model: ReportModel) -> None:
    """Write the notes, what the report is about, and what made it."""
    rows = tuple(_about(model))
    table = Table(id="about", title="Notes, filters and versions", columns=_PAIRS, rows=rows)
    sheet = table_sheet(book, table, colour="s2")
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 100)


def _about(model: ReportModel) -> Iterator[tuple[str, str]]:
    for note in model.notes:
        yield f"Note: {note.code.replace('_', ' ')}", note.text
    asked, versions = model.filters, model.versions
    yield "Repository", asked.repo or "all of them"
    if asked.models:
        yield "Models", ", ".join(asked.models)
    yield "First day (UTC)", "no data" if asked.first_day is None else str(asked.first_day)
    yield "Last day (UTC)", "no data" if asked.last_day is None else str(asked.last_day)
    yield "Asked for from", _instant(asked.since) or "the beginning"
    yield "Asked for until", _instant(asked.until) or "the end of the data"
    if asked.incomplete_day is not None:
        yield "Not over yet", str(asked.incomplete_day)
    yield "Days from use to delivery", str(asked.lag_days)
    yield "Models of the policy", ", ".join(asked.policy_models) or "none named"
    if asked.compared_first_day is not None:
        days = f"{asked.compared_first_day} to {asked.compared_last_day}"
        yield "Compared with", f"{days} ({asked.compare}), matched by weekday"
    yield "Made", _instant(model.generated_at) or ""
    yield "prodlens", versions.prodlens
    yield "Form", versions.schema
    yield "Rules", versions.rules
    yield "Method", versions.method or "none"
    yield "Data (SHA-256)", model.fingerprint


def _instant(moment: Any) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
