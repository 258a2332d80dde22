"""The report as a page for a terminal: sentence, metrics, association, what is known and missing.

Composes only; computes no value. Widths from 48 columns on; colour only when asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prodlens.exports import cells as written
from prodlens.exports import figures
from prodlens.exports.association_block import associations
from prodlens.exports.building import model_of
from prodlens.exports.changes_block import changes
from prodlens.exports.edits_block import IDS as EDIT_TABLES
from prodlens.exports.edits_block import edits
from prodlens.exports.effects_block import effects
from prodlens.exports.gaps import known, missing
from prodlens.exports.model import FigureGroup
from prodlens.exports.page import GAP, Cell, Page
from prodlens.exports.tables import Table
from prodlens.exports.text import columns

if TYPE_CHECKING:
    from prodlens.exports.model import Figure, ReportModel, Section
    from prodlens.metrics.report import Report

NARROWEST: Final = 48
WIDEST: Final = 120
_TITLE_MIN: Final = 22
_NAME_MIN: Final = 10
_NAME_MAX: Final = 42
_TOP_MODELS: Final = 5


def page(report: Report | ReportModel, *, width: int = 80) -> Page:
    """Return the page of a report.

    Args:
        report: The report.
        width: Columns of the terminal; taken as 48 to 120.
    """
    model = model_of(report)
    sheet = Page(width=min(max(width, NARROWEST), WIDEST))
    first = model.findings[0].text
    sheet.text(first, "bold")
    sheet.text(model.subtitle, "dim")
    for note in model.notes:
        if not note.is_said_elsewhere:
            sheet.text(note.text, "yellow", indent="! ")
    changes(sheet, model)
    _sections(sheet, model, first)
    known(sheet, model.quality)
    missing(sheet, model.quality)
    return sheet


def render(model: ReportModel) -> bytes:
    """Return the page as a text file, 80 columns wide."""
    return page(model, width=80).plain().encode("utf-8", "replace")


def _sections(sheet: Page, model: ReportModel, first: str) -> None:
    shown = [
        figure
        for section in model.sections
        for block in section.blocks
        if isinstance(block, FigureGroup)
        for figure in block.figures
    ]
    widths = _widths(sheet.width, shown) if shown else []
    begun = False
    for section in model.sections:
        if section.id == "association":
            associations(sheet, section, first=first)
        elif section.id == "effects":
            effects(sheet, section)
        else:
            begun = _figures(sheet, section, widths, begun=begun)


def _figures(sheet: Page, section: Section, widths: list[int], *, begun: bool) -> bool:
    """Add a part with figures; the heads of the columns stand once, above the first of them."""
    heads = (
        ("Value", "Based on", "95% interval")
        if len(widths) == 4
        else ("Value", "Based on, 95% interval")
    )
    for block in section.blocks:
        if isinstance(block, FigureGroup):
            sheet.blank()
            if block.reason is not None:
                sheet.text(block.title, "bold")
                sheet.text(block.reason, "dim", indent="  ")
                continue
            head = [Cell(block.title, "bold"), *_heads(heads)]
            sheet.row([head[0]] if begun else head, widths[:1] if begun else widths)
            begun = True
            for figure in block.figures:
                _figure_row(sheet, figure, widths)
            for remark in block.remarks:
                sheet.text(remark, "dim", indent="  ")
        elif isinstance(block, Table):
            (edits if block.id in EDIT_TABLES else _models)(sheet, block)
    return begun


def _heads(words: tuple[str, ...]) -> list[Cell]:
    return [Cell(word, "dim", right=not number) for number, word in enumerate(words)]


def _widths(width: int, shown: list[Figure]) -> list[int]:
    """Return the widths of title, value, basis and interval; without the last when it's narrow."""
    value = max(columns(written.value_text(figure)) for figure in shown)
    basis = max(columns(written.basis_text(figure)) for figure in shown)
    interval = max(columns(written.interval_text(figure)) for figure in shown)
    value, basis, interval = max(value, 5), max(basis, 8), max(interval, 12)
    title = width - value - basis - interval - 3 * len(GAP)
    if title >= _TITLE_MIN:
        return [min(title, _NAME_MAX), value, basis, interval]
    left = width - value - 2 * len(GAP)
    detail = max(min(max(basis, interval), left - _NAME_MIN), _NAME_MIN)
    return [max(left - detail, _NAME_MIN), value, detail]


def _figure_row(sheet: Page, figure: Figure, widths: list[int]) -> None:
    title, value = Cell(figure.title), Cell(written.value_text(figure), "bold", right=True)
    basis, interval = written.basis_text(figure), written.interval_text(figure)
    if figure.value is None:
        left = sheet.width - sum(widths[:2]) - 2 * len(GAP)
        sheet.row([title, value, Cell(figure.note or "", "dim")], [*widths[:2], left])
    elif len(widths) == 4:
        sheet.row([title, value, Cell(basis, "dim"), Cell(interval, "dim")], widths)
    else:
        detail = f"{basis}\n{interval}" if interval else basis
        sheet.row([title, value, Cell(detail, "dim")], widths)


def _models(sheet: Page, table: Table) -> None:
    names = [column.id for column in table.columns]
    named: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in table.rows]
    rows = [_model_row(row) for row in named[:_TOP_MODELS]]
    heads = ("Calls", "Cost", "Priced", "Accepted")
    widths = [
        max(columns(head), *(columns(row[number + 1]) for row in rows))
        for number, head in enumerate(heads)
    ]
    name = min(max(sheet.width - sum(widths) - 4 * len(GAP), _NAME_MIN), _NAME_MAX)
    sheet.blank()
    sheet.row(
        [Cell(table.title, "bold"), *(Cell(head, "dim", right=True) for head in heads)],
        [name, *widths],
    )
    for model, *numbers in rows:
        cells = [Cell(number, right=True) for number in numbers]
        sheet.row([Cell(model), *cells], [name, *widths])
    if rest := named[_TOP_MODELS:]:
        calls = sum(row["calls"] for row in rest)
        more = figures.counted(len(rest), "more model")
        sheet.text(f"{more} with {figures.counted(calls, 'call')}: see --json", "dim")


def _model_row(row: dict[str, Any]) -> tuple[str, str, str, str, str]:
    cost = figures.MISSING if row["cost"] is None else figures.usd(row["cost"])
    accepted = (
        figures.MISSING if row["accepted"] is None else f"{row['accepted']:,} of {row['decided']:,}"
    )
    priced = "all" if row["priced"] == row["calls"] else f"{row['priced']:,} of {row['calls']:,}"
    return row["model"], f"{row['calls']:,}", cost, priced, accepted
