"""The part of the page about change: the key figures now and then, and how they went.

Composes only. Both are there only when the report holds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports.cells import change_interval_text, change_text, previous_text, value_text
from prodlens.exports.figures import MISSING, day_range
from prodlens.exports.page import GAP, Cell
from prodlens.exports.text import columns
from prodlens.exports.words import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.exports.charts import Sparkline
    from prodlens.exports.model import Figure, ReportModel
    from prodlens.exports.page import Page

_BARS: Final = "▁▂▃▄▅▆▇█"
_LONGEST: Final = 40
_SHORTEST: Final = 8
_NAME_MAX: Final = 24
_HEAD: Final = "7-day means"
_VERDICTS: Final = {Verdict.BETTER: "better", Verdict.WORSE: "worse"}


def changes(sheet: Page, model: ReportModel) -> None:
    """Add how the key figures changed and went; nothing when the report doesn't hold it."""
    shown = [
        one for one in model.key_figures if one.change is not None or one.slug in model.sparklines
    ]
    if not shown:
        return
    compared = any(one.change is not None and one.change.previous is not None for one in shown)
    heads = ["", "Now", "Then", "Change"] if compared else ["", "Now"]
    rows = [_row(one, compared=compared) for one in shown]
    widths = _widths(heads, rows)
    if compared and sum(widths) + len(GAP) * (len(widths) - 1) > sheet.width:
        heads = ["", "Now, then", "Change"]
        rows = [[name, f"{now}\n{then}", change] for name, now, then, change in rows]
        widths = _widths(heads, rows)
        widths[0] = min(widths[0], sheet.width - sum(widths[1:]) - len(GAP) * (len(widths) - 1))
    left = min(sheet.width - sum(widths) - len(GAP) * len(widths), _LONGEST)
    sheet.blank()
    _line(sheet, heads, widths, _HEAD if left >= len(_HEAD) else "")
    for figure, row in zip(shown, rows, strict=True):
        line = model.sparklines.get(figure.slug)
        _line(sheet, row, widths, spark(line, width=left) if line and left >= _SHORTEST else "")
    _against(sheet, model, compared=compared)


def _line(sheet: Page, texts: Sequence[str], widths: Sequence[int], drawn: str) -> None:
    cells = [Cell(texts[0])] + [Cell(text, right=True) for text in texts[1:]]
    if drawn:
        sheet.row([*cells, Cell(drawn, "dim")], [*widths, columns(drawn)])
    else:
        sheet.row(cells, widths)


def _widths(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    widths = [
        max(columns(part) for line in (heads, *rows) for part in line[place].split("\n"))
        for place in range(len(heads))
    ]
    return [min(widths[0], _NAME_MAX), *widths[1:]]


def _row(figure: Figure, *, compared: bool) -> list[str]:
    if not compared:
        return [figure.title, value_text(figure)]
    changed = change_text(figure.change) or MISSING
    word = "" if figure.change is None else _VERDICTS.get(figure.change.verdict, "")
    return [figure.title, value_text(figure), previous_text(figure), f"{changed} {word}".rstrip()]


def _against(sheet: Page, model: ReportModel, *, compared: bool) -> None:
    filters = model.filters
    if not compared or filters.compared_first_day is None or filters.compared_last_day is None:
        return
    then = day_range(filters.compared_first_day, filters.compared_last_day)
    sheet.text(f"Then: {then}, matched by weekday.", "dim")
    ends = [
        f"{figure.title} {text}"
        for figure in model.key_figures
        if (text := change_interval_text(figure.change))
    ]
    if ends:
        sheet.text(f"95% interval of the change: {'; '.join(ends)}.", "dim")


def spark(line: Sparkline, *, width: int) -> str:
    """Return values as bars from the lowest to the highest; a gap where nothing is known.

    >>> from prodlens.exports.charts import Sparkline
    >>> from prodlens.exports.tables import Table
    >>> from prodlens.metrics.values import Unit
    >>> table = Table(id="a", title="A", columns=(), rows=())
    >>> said = {"id": "a", "title": "A", "subtitle": "", "alt": "", "table": table}
    >>> spark(Sparkline(**said, days=(), values=(1.0, None, 2.0), unit=Unit.COUNT), width=9)
    '▁ █'
    """
    values = line.values
    if len(values) > width:  # the last value of each stretch: they are means of a week already
        values = tuple(values[(place + 1) * len(values) // width - 1] for place in range(width))
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, range_ = min(known), max(known) - min(known)
    return "".join(
        " " if value is None else _BARS[round((value - low) / range_ * 7) if range_ else 0]
        for value in values
    )
