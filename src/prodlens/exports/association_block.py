"""The part of the page about association: strips with their intervals, what they rest on, words.

Composes only; what is said stands in the report (`prodlens.exports.building_association`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports.charts import ForestRows, LagProfile
from prodlens.exports.model import Finding
from prodlens.exports.page import GAP, Cell
from prodlens.exports.text import columns
from prodlens.metrics.sentences import probability, signed

if TYPE_CHECKING:
    from prodlens.exports.charts import LagRow
    from prodlens.exports.model import Estimate, Section
    from prodlens.exports.page import Page, Style

_INDENT: Final = "  "
_DETAIL: Final = "    "
_ESTIMATE: Final = len("+0.00 [+0.00, +0.00]")
_NAME: Final = len("merged PRs, +14 d")
_LAG: Final = len("  +14 d")
_BESIDE: Final = {"placebo": "placebo", "primary": "primary", "confirmatory": "declared"}
_OUTCOME: Final = len("merged pull requests")
_WIDEST: Final = 41
_NARROWEST: Final = 11


def associations(sheet: Page, section: Section, *, first: str) -> None:
    """Add the comparisons of a report.

    Args:
        sheet: The page.
        section: The part of the report about association.
        first: The sentence that the page begins with; it is not said again.
    """
    sheet.blank()
    sheet.text(section.title, "bold")
    sheet.text(section.subtitle, "dim", indent=_INDENT)
    for block in section.blocks:
        if isinstance(block, Finding):
            _finding(sheet, block, first)
    for block in section.blocks:
        if isinstance(block, LagProfile):
            _lags(sheet, block)
        elif isinstance(block, ForestRows):
            _differences(sheet, block)


def _finding(sheet: Page, found: Finding, first: str) -> None:
    """Add a finding; its sentence only when the page does not begin with it."""
    if found.estimate is None:
        said = f"{found.name}: {found.text}" if found.name else found.text
        sheet.text(said, indent=_INDENT)
    else:
        _estimate(sheet, found.name, found.estimate)
        sheet.text(found.detail, "dim", indent=_DETAIL)
        if found.text != first:
            sheet.text(found.text, indent=_DETAIL)
    for remark in found.remarks:
        sheet.text(remark, "dim", indent=_DETAIL)


def _estimate(sheet: Page, name: str, found: Estimate) -> None:
    ends = found.low, found.high
    estimate = f"{signed(found.value)} [{signed(ends[0])}, {signed(ends[1])}]"
    left = sheet.width - _NAME - _ESTIMATE - 2 * len(GAP)
    if left < _NARROWEST:
        sheet.row([Cell(name), Cell(estimate, "bold")], [_NAME, _ESTIMATE])
        return
    drawn = strip(found.value, ends, width=min(left, _WIDEST))
    sheet.row(
        [Cell(name), Cell(drawn), Cell(estimate, "bold")],
        [_NAME, len(drawn), _ESTIMATE],
    )


def _lags(sheet: Page, chart: LagProfile) -> None:
    """Add a row per lag, as far as it could be tested."""
    sheet.blank()
    sheet.text(chart.title, "bold")
    sheet.text(chart.subtitle, "dim", indent=_INDENT)
    for row in chart.rows:
        _lag(sheet, row)
    sheet.text(chart.note, "dim", indent=_INDENT)


def _lag(sheet: Page, row: LagRow) -> None:
    name = f"{row.lag_days:+d} d" if row.lag_days else "0 d"
    if row.value is None or row.low is None or row.high is None:
        sheet.row([Cell(name, "dim", right=True), Cell(row.reason, "dim")], [_LAG, _ESTIMATE])
        return
    style: Style = "bold" if row.stands_out else "dim"
    estimate = f"{signed(row.value)} [{signed(row.low)}, {signed(row.high)}]"
    tested = f"q {probability(row.q)}" if row.q is not None else ""
    beside = _BESIDE.get(row.role, tested)
    left = sheet.width - _LAG - _ESTIMATE - 3 * len(GAP) - len("declared")
    cells, widths = [Cell(name, style, right=True)], [_LAG]
    if left >= _NARROWEST:
        drawn = strip(row.value, (row.low, row.high), width=min(left, _WIDEST))
        cells.append(Cell(drawn, style))
        widths.append(len(drawn))
    sheet.row([*cells, Cell(estimate, style), Cell(beside, "dim")], [*widths, _ESTIMATE, 8])


def _differences(sheet: Page, chart: ForestRows) -> None:
    """Add a row per outcome with its difference in per cent."""
    sheet.blank()
    sheet.text(chart.title, "bold")
    sheet.text(chart.subtitle, "dim", indent=_INDENT)
    for row in chart.rows:
        ends = ""
        if row.low is not None and row.high is not None:
            ends = f" [{_percent(row.low)}, {_percent(row.high)}]"
        said = [Cell(row.title), Cell(f"{_percent(row.value)}{ends}", "bold")]
        left = sheet.width - _OUTCOME - _ESTIMATE - 2 * len(GAP)
        if left >= columns(row.detail):
            sheet.row([*said, Cell(row.detail, "dim")], [_OUTCOME, _ESTIMATE, left])
        else:
            sheet.row(said, [_OUTCOME, _ESTIMATE])
            sheet.text(row.detail, "dim", indent=_DETAIL)
    sheet.text(chart.note, "dim", indent=_INDENT)


def _percent(value: float) -> str:
    return f"{round(value) + 0:+,d}%"


def strip(r: float, ends: tuple[float, float], *, width: int) -> str:
    """Return an estimate with its interval on a line from -1 to +1, 0 marked.

    An interval that leaves 0 out never touches it, however narrow the line.

    >>> strip(0.5, (0.0, 0.75), width=9), strip(0.5, (0.01, 0.75), width=9)
    ('    ┼─●─ ', '    │─●─ ')
    """
    width -= 1 - width % 2  # 0 stands in the middle
    low, dot, high = (round((value + 1.0) / 2.0 * (width - 1)) for value in (ends[0], r, ends[1]))
    zero = width // 2
    if ends[0] > 0.0:
        low, dot, high = (max(place, zero + 1) for place in (low, dot, high))
    elif ends[1] < 0.0:
        low, dot, high = (min(place, zero - 1) for place in (low, dot, high))
    cells = [" "] * width
    cells[low : high + 1] = "─" * (high + 1 - low)
    cells[zero] = "┼" if low <= zero <= high else "│"
    cells[dot] = "●"
    return "".join(cells)
