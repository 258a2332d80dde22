"""The report as a page for a terminal: sentence, metrics, association, what is known and missing.

Composes and words; computes no value. Widths from 48 columns on; colour only when asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports import figures
from prodlens.exports.association_block import associations
from prodlens.exports.effects_block import effects
from prodlens.exports.gaps import known, missing
from prodlens.exports.headline import headline
from prodlens.exports.page import GAP, Cell, Page
from prodlens.exports.text import columns, one_line
from prodlens.metrics.catalog import METRICS, Family

if TYPE_CHECKING:
    from prodlens.metrics.report import ModelLine, Report
    from prodlens.metrics.values import MetricValue

NARROWEST: Final = 48
WIDEST: Final = 120
_TITLE_MIN: Final = 22
_NAME_MIN: Final = 10
_NAME_MAX: Final = 42
_TOP_MODELS: Final = 5
_FAMILY_TITLES: Final = {
    Family.INTERACTION: "Use",
    Family.ACCEPTANCE: "Acceptance",
    Family.COST: "Tokens and cost",
    Family.DELIVERY: "Delivery",
}
_SHOWN_WHEN_KNOWN: Final = frozenset(
    {
        "subscription_cost_usd",
        "pr_merge_time_mean_hours",
        "pr_merge_time_p75_hours",
        "pr_merge_time_with_open_hours",
    }
)
"""Metrics whose absence says nothing worth a line, or nothing that the line before doesn't say."""
_NEEDS_DELIVERIES: Final = frozenset({"cost_per_merged_pr_usd"})
"""Metrics of another family that say nothing where there are no deliveries."""
_QUIET_NOTES: Final = frozenset(
    {"no_data", "no_calls", "calls_taken_as_independent", "no_deliveries", "git_alone"}
)
"""Notes that stand elsewhere on the page."""


def page(report: Report, *, width: int = 80) -> Page:
    """Return the page of a report.

    Args:
        report: The report.
        width: Columns of the terminal; taken as 48 to 120.
    """
    sheet = Page(width=min(max(width, NARROWEST), WIDEST))
    first = headline(report)
    sheet.text(first, "bold")
    sheet.text(_subtitle(report), "dim")
    for note in report.notes:
        if note.code not in _QUIET_NOTES and note.text != first:
            sheet.text(note.text, "yellow", indent="! ")
    if report.coverage.calls or report.coverage.deliveries.states:
        _metrics(sheet, report)
        associations(sheet, report, first=first)
        if report.coverage.calls:
            effects(sheet, report)
        known(sheet, report)
    missing(sheet, report)
    return sheet


def _subtitle(report: Report) -> str:
    window, coverage = report.window, report.coverage
    parts = [one_line(report.repo) if report.repo else "all repositories"]
    if window.first_day and window.last_day and window.first_day <= window.last_day:
        parts.append(figures.day_range(window.first_day, window.last_day))
    if coverage.developers:
        parts.append(figures.counted(coverage.developers, "developer"))
    return " · ".join([*parts, figures.counted(coverage.calls, "call")])


def _metrics(sheet: Page, report: Report) -> None:
    rows = {family: rows for family in Family if (rows := _rows(report, family))}
    shown = [measured for family in rows.values() for _, measured in family]
    widths = _widths(sheet.width, shown)
    heads = (
        ("Value", "Based on", "95% interval")
        if len(widths) == 4
        else ("Value", "Based on, 95% interval")
    )
    for position, (family, measures) in enumerate(rows.items()):
        sheet.blank()
        if reason := _shared_reason(measures):
            sheet.text(_FAMILY_TITLES[family], "bold")
            sheet.text(reason, "dim", indent="  ")
            continue
        if position:
            sheet.text(_FAMILY_TITLES[family], "bold")
        else:
            sheet.row([Cell(_FAMILY_TITLES[family], "bold"), *_heads(heads)], widths)
        for name, measured in measures:
            _metric_row(sheet, name, measured, widths)
        if family is Family.DELIVERY:
            _remarks(sheet, measures)
        if family is Family.COST:
            _models(sheet, report)


def _rows(report: Report, family: Family) -> list[tuple[str, MetricValue]]:
    """Return the metrics of a family that are worth a line, with their titles."""
    coverage = report.coverage
    known = bool(coverage.deliveries.states if family is Family.DELIVERY else coverage.calls)
    if not known:
        return []
    absent = _SHOWN_WHEN_KNOWN | (_NEEDS_DELIVERIES if not coverage.deliveries.states else set())
    return [
        (METRICS[slug].title, measured)
        for slug, measured in report.values.items()
        if METRICS[slug].family is family and not (measured.value is None and slug in absent)
    ]


def _shared_reason(measures: list[tuple[str, MetricValue]]) -> str | None:
    """Return why no metric of a family has a value, when it is the same for all of them."""
    reasons = {measured.note for _, measured in measures if measured.value is None}
    absent = all(measured.value is None for _, measured in measures)
    return reasons.pop() if absent and len(reasons) == 1 else None


def _remarks(sheet: Page, measures: list[tuple[str, MetricValue]]) -> None:
    """Add what is to be known about values that are there, each remark once."""
    said: dict[str, str] = {}
    for title, measured in measures:
        if measured.value is not None and measured.note:
            said.setdefault(measured.note, title)
    for note, title in said.items():
        sheet.text(f"{title}: {note}", "dim", indent="  ")


def _heads(words: tuple[str, ...]) -> list[Cell]:
    return [Cell(word, "dim", right=not number) for number, word in enumerate(words)]


def _widths(width: int, shown: list[MetricValue]) -> list[int]:
    """Return the widths of title, value, basis and interval; without the last when it's narrow."""
    value = max(columns(figures.value_text(measured)) for measured in shown)
    basis = max(columns(figures.basis(measured)) for measured in shown)
    interval = max(columns(figures.interval(measured)) for measured in shown)
    value, basis, interval = max(value, 5), max(basis, 8), max(interval, 12)
    title = width - value - basis - interval - 3 * len(GAP)
    if title >= _TITLE_MIN:
        return [min(title, _NAME_MAX), value, basis, interval]
    left = width - value - 2 * len(GAP)
    detail = max(min(max(basis, interval), left - _NAME_MIN), _NAME_MIN)
    return [max(left - detail, _NAME_MIN), value, detail]


def _metric_row(sheet: Page, name: str, measured: MetricValue, widths: list[int]) -> None:
    title, value = Cell(name), Cell(figures.value_text(measured), "bold", right=True)
    basis, interval = figures.basis(measured), figures.interval(measured)
    if measured.value is None:
        left = sheet.width - sum(widths[:2]) - 2 * len(GAP)
        sheet.row([title, value, Cell(measured.note or "", "dim")], [*widths[:2], left])
    elif len(widths) == 4:
        sheet.row([title, value, Cell(basis, "dim"), Cell(interval, "dim")], widths)
    else:
        detail = f"{basis}\n{interval}" if interval else basis
        sheet.row([title, value, Cell(detail, "dim")], widths)


def _models(sheet: Page, report: Report) -> None:
    top, rest = report.models[:_TOP_MODELS], report.models[_TOP_MODELS:]
    rows = [_model_row(line) for line in top]
    heads = ("Calls", "Cost", "Priced", "Accepted")
    widths = [
        max(columns(head), *(columns(row[number + 1]) for row in rows))
        for number, head in enumerate(heads)
    ]
    name = min(max(sheet.width - sum(widths) - 4 * len(GAP), _NAME_MIN), _NAME_MAX)
    sheet.blank()
    sheet.row(
        [Cell("Cost by model", "bold"), *(Cell(head, "dim", right=True) for head in heads)],
        [name, *widths],
    )
    for model, *numbers in rows:
        cells = [Cell(number, right=True) for number in numbers]
        sheet.row([Cell(model), *cells], [name, *widths])
    if rest:
        calls = sum(line.figures.calls for line in rest)
        more = figures.counted(len(rest), "more model")
        sheet.text(f"{more} with {figures.counted(calls, 'call')}: see --json", "dim")


def _model_row(line: ModelLine) -> tuple[str, str, str, str, str]:
    total = line.figures
    accepted = f"{total.accepted:,} of {total.decided:,}" if total.decided else figures.MISSING
    return (
        one_line(line.model) if line.model else "(not named)",
        f"{total.calls:,}",
        figures.value_text(line.cost),
        "all" if total.priced == total.calls else f"{total.priced:,} of {total.calls:,}",
        accepted,
    )
