"""Makes the figures of a report from the catalogue: any metric in it appears by itself.

Selects, names and groups what was measured; computes no metric and knows no format.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from prodlens.exports.charts import Sparkline
from prodlens.exports.figures import day_range
from prodlens.exports.model import Change, Figure, FigureGroup
from prodlens.exports.tables import Column, Table
from prodlens.exports.words import Kind, Status, Verdict
from prodlens.metrics.catalog import METRICS, Family

if TYPE_CHECKING:
    from prodlens.metrics.report import Report
    from prodlens.metrics.values import MetricValue

TITLES: Final = {
    Family.INTERACTION: ("use", "Use"),
    Family.ACCEPTANCE: ("acceptance", "Acceptance"),
    Family.EDITS: ("edits", "Proposed edits"),
    Family.COST: ("cost", "Tokens and cost"),
    Family.DELIVERY: ("delivery", "Delivery"),
}
"""Id and heading of a family's section; a family without an entry is named by its word."""
KEY_FIGURES: Final = (
    *("sessions", "calls", "total_tokens", "cost_usd", "acceptance_rate", "merged_prs"),
    *("commits", "error_rate"),
)
"""What stands at the top, as far as it is known, at most `MOST_KEY_FIGURES` of them."""
MOST_KEY_FIGURES: Final = 6
_INSTEAD: Final = {"calls": "sessions", "commits": "merged_prs"}
"""A key figure that stands only where the other one is not known."""
_RATES: Final = {"acceptance_rate": "acceptance", "error_rate": "errors"}
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
_LINKED: Final = ("_ai_linked", "_not_linked")
"""Parts of the names of metrics that compare pull requests with and without a sign of assistance: one
of which nothing is known repeats the reason of the metric of all of them."""
_FIRST_OF_EDITS: Final = "edits_proposed"
_NEEDS_DAYS: Final = {"session_growth_percent": 14}
"""Whole days that a metric takes."""


def figures_of(report: Report) -> dict[str, Figure]:
    """Return every metric of the catalogue by slug, in its order."""
    return {slug: _figure(report, slug, value) for slug, value in report.values.items()}


def _figure(report: Report, slug: str, measured: MetricValue) -> Figure:
    metric = METRICS[slug]
    low, high = measured.interval or (None, None)
    missing = 0
    if measured.value is None and report.coverage.calls:
        missing = max(_NEEDS_DAYS.get(slug, 0) - report.coverage.whole_days, 0)
    return Figure(
        slug=slug,
        title=metric.title,
        unit=measured.unit,
        value=measured.value,
        status=_status(measured, missing),
        low=low,
        high=high,
        n=measured.n,
        numerator=measured.numerator,
        denominator=measured.denominator,
        better=metric.better,
        definition=metric.definition,
        note=_with_days(measured.note, missing),
        days_missing=missing,
        change=_change(report, slug),
    )


def _status(measured: MetricValue, missing: int) -> Status:
    if measured.value is not None:
        return Status.KNOWN
    return Status.NOT_ENOUGH_DATA if missing else Status.NOT_KNOWN


def _with_days(note: str | None, missing: int) -> str | None:
    if not missing:
        return note
    return f"{note}: {missing} more {'is' if missing == 1 else 'are'} needed"


def _change(report: Report, slug: str) -> Change | None:
    found = None if report.against is None else report.against.differences.get(slug)
    if found is None:
        return None
    return Change(
        previous=found.previous.value,
        previous_n=found.previous.n,
        difference=found.value,
        in_points=found.in_points,
        low=found.low,
        high=found.high,
        verdict=Verdict(found.verdict),
        note=found.note,
    )


def groups_of(report: Report, figures: dict[str, Figure]) -> dict[Family, FigureGroup]:
    """Return the figures that are worth a line by family; a family without any is left out."""
    groups = {family: _group(report, family, figures) for family in Family}
    return {family: group for family, group in groups.items() if group.figures}


def _group(report: Report, family: Family, figures: dict[str, Figure]) -> FigureGroup:
    name, title = TITLES.get(family, (family.value, family.value.capitalize()))
    shown = _worth_a_line(report, family, figures)
    reasons = {figure.note for figure in shown if figure.value is None}
    absent = all(figure.value is None for figure in shown)
    remarks: dict[str, str] = {}
    for figure in shown:
        if family is Family.DELIVERY and figure.value is not None and figure.note:
            remarks.setdefault(figure.note, figure.title)
    reason = reasons.pop() if absent and len(reasons) == 1 else None
    folded = {} if reason is not None else _folded(shown)
    return FigureGroup(
        id=name,
        title=title,
        figures=tuple(one for one in shown if one not in folded),
        reason=reason,
        remarks=(
            *(f"{figure}: {note}" for note, figure in remarks.items()),
            *(
                f"{count} more {'figure has' if count == 1 else 'figures have'} no value: {note}"
                for note, count in Counter(folded.values()).items()
            ),
        ),
    )


def _folded(shown: tuple[Figure, ...]) -> dict[Figure, str]:
    """Return the figures that only repeat why another one has no value -> that reason."""
    absent = [one for one in shown if one.value is None and one.note is not None]
    several = {note for note, count in Counter(one.note for one in absent).items() if count > 2}
    first = {note: next(one for one in absent if one.note == note) for note in several}
    return {
        one: one.note
        for one in absent
        if one.note is not None and one.note in several and one is not first[one.note]
    }


def _worth_a_line(report: Report, family: Family, figures: dict[str, Figure]) -> tuple[Figure, ...]:
    coverage = report.coverage
    delivering = bool(coverage.deliveries.states)
    if not (delivering if family is Family.DELIVERY else coverage.calls):
        return ()
    if family is Family.EDITS and figures[_FIRST_OF_EDITS].value is None:
        return ()  # most sources tell of no edits: that is no gap
    absent = _SHOWN_WHEN_KNOWN | (frozenset() if delivering else _NEEDS_DELIVERIES)
    return tuple(
        figure
        for slug, figure in figures.items()
        if METRICS[slug].family is family
        and not (figure.value is None and (slug in absent or any(part in slug for part in _LINKED)))
    )


def key_figures_of(report: Report, groups: dict[Family, FigureGroup]) -> tuple[Figure, ...]:
    """Return the few figures that stand at the top, only such as are known."""
    known = {
        figure.slug: figure
        for group in groups.values()
        for figure in group.figures
        if figure.value is not None
    }
    if not report.coverage.calls:
        known.pop("error_rate", None)
    chosen = [
        known[slug]
        for slug in KEY_FIGURES
        if slug in known and _INSTEAD.get(slug, slug) not in known.keys() - {slug}
    ]
    return tuple(chosen[:MOST_KEY_FIGURES])


def sparklines_of(report: Report, key_figures: tuple[Figure, ...]) -> dict[str, Sparkline]:
    """Return how each key figure went, by slug; none for one of which nothing is known by day."""
    found = report.over_time
    if found is None or not found.days:
        return {}
    lines = {}
    for figure in key_figures:
        rate = _RATES.get(figure.slug)
        if rate is None:
            values = found.means.get(figure.slug, ())
        else:
            values = tuple(one.value for one in getattr(found, rate))
        if sum(value is not None for value in values) > 1:
            lines[figure.slug] = _sparkline(figure, report, values)
    return lines


def _sparkline(figure: Figure, report: Report, values: tuple[float | None, ...]) -> Sparkline:
    days = () if report.over_time is None else report.over_time.days
    what = "rate over 7 days" if figure.slug in _RATES else "mean per day over 7 days"
    known = [value for value in values if value is not None]
    kind = Kind.PERCENT if figure.slug in _RATES else Kind.FLOAT
    where = day_range(days[0], days[-1])
    went = "rose" if known[-1] > known[0] else "fell" if known[-1] < known[0] else "did not change"
    return Sparkline(
        id=f"spark_{figure.slug}",
        title=figure.title,
        subtitle=f"{what}, {where}",
        alt=f"{figure.title}, {what}, {went} from the first to the last week of {where}.",
        table=Table(
            id=f"spark_{figure.slug}",
            title=f"{figure.title}, {what}",
            columns=(
                Column(id="day", title="Day", kind=Kind.DATE),
                Column(id="value", title=figure.title, kind=kind),
            ),
            rows=tuple(zip(days, values, strict=True)),
        ),
        days=days,
        values=values,
        unit=figure.unit,
    )
