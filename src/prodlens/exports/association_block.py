"""The part of the page about association: a strip with its interval, what it rests on, a sentence.

Composes and words; computes no value. Sentences: `prodlens.metrics.sentences`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports import figures
from prodlens.exports.page import GAP, Cell
from prodlens.metrics.association import Q
from prodlens.metrics.notes import day_text
from prodlens.metrics.sentences import NAMES, probability, sentence, signed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.exports.page import Page
    from prodlens.metrics.association import Comparison
    from prodlens.metrics.report import Report
    from prodlens.stats.association import LaggedAssociation

_INDENT: Final = "  "
_DETAIL: Final = "    "
_SHORT: Final = {"commits": "commits", "merged_prs": "merged PRs"}
_METHOD: Final = "Pearson, weekday and trend removed, 95% interval"
_ESTIMATE: Final = len("+0.00 [+0.00, +0.00]")
_WIDEST: Final = 41
_NARROWEST: Final = 11
_NAMED: Final = 3


def associations(sheet: Page, report: Report, *, first: str) -> None:
    """Add the comparisons of a report; none of them when there is nothing to compare.

    Args:
        sheet: The page.
        report: The report.
        first: The sentence that the page begins with; it is not said again.
    """
    found = report.associations.comparisons
    if all(one.result is None for one in found):
        if report.coverage.calls and report.coverage.deliveries.states:
            _title(sheet, found[0])
            sheet.text(sentence(found[0]), indent=_INDENT)
        return
    _title(sheet, found[0])
    said = {sentence(one) for one in found}
    if len(said) == 1 and not any(one.is_tested for one in found):
        sheet.text(f"{_lag(found[0].lag_days)}: {said.pop()}", indent=_INDENT)
        return
    for comparison in found:
        _comparison(sheet, comparison, first)


def _title(sheet: Page, first: Comparison) -> None:
    sheet.blank()
    title = f"Association of {NAMES[first.exposure]} with deliveries"
    sheet.text(title, "bold")
    sheet.text(_METHOD, "dim", indent=_INDENT)


def _comparison(sheet: Page, comparison: Comparison, first: str) -> None:
    """Add a comparison; its sentence only when the page does not begin with it."""
    name = f"{_SHORT[comparison.outcome]}, {_lag(comparison.lag_days)}"
    result = comparison.result
    if result is None or not comparison.is_tested:
        sheet.text(f"{name}: {sentence(comparison)}", indent=_INDENT)
    else:
        _estimate(sheet, name, result)
        sheet.text("; ".join(_basis(comparison, result)), "dim", indent=_DETAIL)
        if (said := sentence(comparison)) != first:
            sheet.text(said, indent=_DETAIL)
    for remark in _remarks(comparison):
        sheet.text(remark, "dim", indent=_DETAIL)


def _estimate(sheet: Page, name: str, result: LaggedAssociation) -> None:
    ends = result.ci_low or 0.0, result.ci_high or 0.0
    estimate = f"{signed(result.r or 0.0)} [{signed(ends[0])}, {signed(ends[1])}]"
    names = max(len(f"{short}, {_lag(14)}") for short in _SHORT.values())
    left = sheet.width - names - _ESTIMATE - 2 * len(GAP)
    if left < _NARROWEST:
        sheet.row([Cell(name), Cell(estimate, "bold")], [names, _ESTIMATE])
        return
    drawn = strip(result.r or 0.0, ends, width=min(left, _WIDEST))
    sheet.row(
        [Cell(name), Cell(drawn), Cell(estimate, "bold")],
        [names, len(drawn), _ESTIMATE],
    )


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


def _lag(days: int) -> str:
    return f"+{days} d" if days else "same day"


def _basis(comparison: Comparison, result: LaggedAssociation) -> Iterator[str]:
    worth = f", worth {result.n_eff:,.0f}" if result.n_eff is not None else ""
    yield f"n {figures.counted(result.n_pairs, 'pair')} of days{worth}"
    if comparison.is_primary:
        yield f"declared beforehand, p {probability(result.p_value or 0.0)}"
    elif comparison.q is not None:
        yield (
            f"exploratory, q {probability(comparison.q)} held against {Q:.2f}, "
            f"family of {comparison.family_size}"
        )
    yield f"status {comparison.status}"
    ends = result.effect_ci_low, result.effect_ci_high
    if result.effect_percent is not None and ends[0] is not None and ends[1] is not None:
        more = f"{result.effect_percent:+.0f}% [{ends[0]:+.0f}%, {ends[1]:+.0f}%]"
        yield f"about {more} {_SHORT[comparison.outcome]} for one standard deviation more use"


def _remarks(comparison: Comparison) -> Iterator[str]:
    if comparison.is_longest_run and comparison.days is not None:
        between = figures.day_range(comparison.days.first, comparison.days.last)
        yield (
            f"Too many days are without coverage: only the longest run of covered days is "
            f"compared, {between}."
        )
    missing = comparison.days_in_window - comparison.days_covered
    if comparison.days is not None and missing and not comparison.is_longest_run:
        word = figures.counted(missing, "day")
        yield f"{word} of {comparison.days_in_window:,} left out: not covered by both."
    without, quiet = comparison.without_quiet, comparison.quiet_workdays
    if without is not None and without.r is not None:
        named = ", ".join(day_text(day) for day in quiet[:_NAMED])
        named += ", ..." if len(quiet) > _NAMED else ""
        ends = f"[{signed(without.ci_low or 0.0)}, {signed(without.ci_high or 0.0)}]"
        count = figures.counted(len(quiet), "work day")
        yield (
            f"Without {count} on which hardly anything happened ({named}): "
            f"{signed(without.r)} {ends}."
        )
