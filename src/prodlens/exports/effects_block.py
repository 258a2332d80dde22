"""The part of the page about effect sizes: accepted against rejected calls.

Composes and words; computes no value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports import figures
from prodlens.exports.page import GAP, Cell
from prodlens.exports.text import columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.exports.page import Page
    from prodlens.metrics.effects import EffectSizes, Size
    from prodlens.metrics.report import Report

_INDENT: Final = "  "
_NAME_MAX: Final = 42
_NAME_MIN: Final = 20


def effects(sheet: Page, report: Report) -> None:
    """Add the effect sizes of a report; nothing when there is nothing to compare."""
    found = report.effects
    if found.latency_dominance.value is None and found.token_ratio_disjoint.value is None:
        return
    rows = [row for row in _rows(found) if row[1] != figures.MISSING]
    widths = [max(columns(row[place]) for row in rows) for place in (1, 2, 3)]
    left = sheet.width - sum(widths) - 3 * len(GAP)
    name = max(min(left, _NAME_MAX), _NAME_MIN)
    sheet.blank()
    sheet.text("Effect sizes, accepted against rejected calls", "bold")
    for title, value, word, interval in rows:
        cells = [Cell(title), Cell(value, "bold", right=True), Cell(word), Cell(interval, "dim")]
        sheet.row(cells, [name, *widths])
    sheet.text(_basis(found), "dim", indent=_INDENT)


def _rows(found: EffectSizes) -> Iterator[tuple[str, str, str, str]]:
    yield _row("Response time, Cohen's d", found.latency, sign="+")
    yield _row("Response time, d of logarithms", found.latency_log, sign="+")
    yield _row("Response time, Cliff's delta", found.latency_dominance, sign="+")
    yield _row("Tokens, accepted / rejected", found.token_ratio_disjoint)
    ratio = figures.MISSING if found.token_ratio is None else f"{found.token_ratio:.2f}"
    yield "Tokens, accepted / all", ratio, "", ""


def _row(title: str, size: Size, *, sign: str = "") -> tuple[str, str, str, str]:
    if size.value is None:
        return title, figures.MISSING, "", ""
    ends = ""
    if size.ci_low is not None and size.ci_high is not None:
        ends = f"{size.ci_low:{sign}.2f} to {size.ci_high:{sign}.2f}"
    return title, f"{size.value:{sign}.2f}", size.word or "", ends


def _basis(found: EffectSizes) -> str:
    counts = f"{found.accepted:,} accepted and {found.rejected:,} rejected calls"
    if found.ci_reason is not None:
        return f"{counts}; no intervals: {found.ci_reason}"
    return f"{counts} of {found.developers:,} developers; intervals draw whole developers"
