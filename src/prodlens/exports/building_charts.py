"""Makes the charts of use: stacked days by model, acceptance over weeks, spread of durations.

Puts into a chart what was measured by day; computes no value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports.charts import (
    Bin,
    Histogram,
    Mark,
    RateBand,
    RatePoint,
    Series,
    StackedDays,
)
from prodlens.exports.figures import counted, day_range, milliseconds, number, share
from prodlens.exports.tables import Column, Table
from prodlens.exports.text import from_outside
from prodlens.exports.words import Kind
from prodlens.metrics.over_time import FEWEST_CASES, WEEK
from prodlens.metrics.values import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from prodlens.metrics.over_time import ModelSeries, OverTime, RateDay
    from prodlens.metrics.report import Report

REST: Final = "all other models"
UNNAMED: Final = "(not named)"
_RATE_COLUMNS: Final = (
    Column(id="day", title="Week ending", kind=Kind.DATE),
    Column(id="rate", title="Rate", kind=Kind.PERCENT),
    Column(id="low", title="95% from", kind=Kind.PERCENT),
    Column(id="high", title="to", kind=Kind.PERCENT),
    Column(id="part", title="Of the week", kind=Kind.INT),
    Column(id="whole", title="Out of", kind=Kind.INT),
    Column(id="of_the_day", title="Day alone", kind=Kind.PERCENT),
)
_WHOLE_DAYS: Final = "Whole UTC days that are over; a gap is a day that was not covered."


def model_name(name: str | None, *, is_rest: bool = False) -> str:
    """Return a model as a report names it."""
    return REST if is_rest else from_outside(name) if name else UNNAMED


def use_by_day(found: OverTime) -> StackedDays | None:
    """Return the chart of daily use by model: tokens, or calls where no tokens are known."""
    if found.tokens:
        return _stacked("daily_tokens", "Daily use by model", found.days, found.tokens, Unit.TOKENS)
    return _stacked("daily_calls", "Daily use by model", found.days, found.calls, Unit.COUNT)


def cost_by_day(found: OverTime) -> StackedDays | None:
    """Return the chart of daily cost by model; None when no price is known."""
    return _stacked("daily_cost", "Daily cost by model", found.days, found.cost, Unit.USD)


def _stacked(
    name: str, title: str, days: Sequence[date], found: Sequence[ModelSeries], unit: Unit
) -> StackedDays | None:
    if not days or not found or all(value is None for one in found for value in one.values):
        return None
    series = tuple(
        Series(
            name=model_name(one.model, is_rest=one.is_rest), values=one.values, is_rest=one.is_rest
        )
        for one in found
    )
    what = {Unit.TOKENS: "Tokens, input and output", Unit.COUNT: "Calls"}.get(unit, "US dollars")
    totals = [sum(value or 0.0 for value in one.values) for one in series]
    largest = max(range(len(series)), key=totals.__getitem__)
    return StackedDays(
        id=name,
        title=title,
        subtitle=f"{what}, {day_range(days[0], days[-1])} (UTC)",
        alt=f"{title}, {what[0].lower() + what[1:] if unit is not Unit.USD else what}, over {counted(len(days), 'day')}: "
        f"{number(sum(totals), unit)} in all, most of it {series[largest].name} with "
        f"{number(totals[largest], unit)}.",
        table=_stacked_table(name, title, days, series, unit),
        note=_WHOLE_DAYS,
        days=tuple(days),
        series=series,
        unit=unit,
    )


def _stacked_table(
    name: str, title: str, days: Sequence[date], series: Sequence[Series], unit: Unit
) -> Table:
    kind = Kind.MONEY if unit is Unit.USD else Kind.INT
    columns = [Column(id="day", title="Day", kind=Kind.DATE)]
    columns += [
        Column(id=f"series_{place}", title=one.name, kind=kind) for place, one in enumerate(series)
    ]
    cells = [
        [value if value is None or unit is Unit.USD else round(value) for value in one.values]
        for one in series
    ]
    rows = tuple(zip(days, *cells, strict=True))
    return Table(id=name, title=title, columns=tuple(columns), rows=rows)


def acceptance_over_time(report: Report) -> RateBand | None:
    """Return the chart of the acceptance rate over weeks; None when no week has one."""
    found = report.over_time
    if found is None or not any(one.value is not None for one in found.acceptance):
        return None
    points = tuple(_point(one) for one in found.acceptance)
    known = [one for one in points if one.value is not None]
    last = known[-1]
    title = "Acceptance rate"
    return RateBand(
        id="acceptance_by_week",
        title=title,
        subtitle=f"Rate over {WEEK} days with 95% Wilson interval; dots are single days",
        alt=f"{title} over {WEEK} days, {day_range(points[0].day, points[-1].day)}: from "
        f"{share(known[0].value or 0.0)} to {share(last.value or 0.0)}, at the end "
        f"{last.numerator:,} of {last.denominator:,} decided calls.",
        table=Table(
            id="acceptance_by_week",
            title=title,
            columns=_RATE_COLUMNS,
            rows=tuple(
                (
                    one.day,
                    one.value,
                    one.low,
                    one.high,
                    one.numerator,
                    one.denominator,
                    one.of_the_day,
                )
                for one in points
            ),
        ),
        note=f"Weeks with fewer than {FEWEST_CASES} decided calls have no rate. Calls are taken as "
        "independent; those of one developer resemble each other, so the band is too narrow.",
        points=points,
        unit=Unit.SHARE,
    )


def _point(one: RateDay) -> RatePoint:
    return RatePoint(
        day=one.day,
        value=one.value,
        low=one.low,
        high=one.high,
        numerator=one.part,
        denominator=one.whole,
        of_the_day=one.of_the_day,
    )


def response_time(report: Report) -> Histogram | None:
    """Return the chart of durations; None when none is known."""
    found = report.over_time
    if found is None or not found.latency_ms:
        return None
    bins = tuple(Bin(low=one.low, high=one.high, count=one.count) for one in found.latency_ms)
    marks = tuple(
        Mark(label=label, value=value)
        for slug, label in (("median_latency_ms", "median"), ("p95_latency_ms", "95%"))
        if (value := report.values[slug].value) is not None
    )
    calls = sum(one.count for one in bins)
    said = ", ".join(f"{mark.label} {milliseconds(mark.value)}" for mark in marks)
    return Histogram(
        id="response_time",
        title="Response time",
        subtitle=f"{counted(calls, 'call')} with a known duration, logarithmic scale",
        alt=f"Response time of {counted(calls, 'call')}: {said}.",
        table=Table(
            id="response_time",
            title="Response time",
            columns=(
                Column(id="from", title="From", kind=Kind.DURATION),
                Column(id="below", title="Below", kind=Kind.DURATION),
                Column(id="calls", title="Calls", kind=Kind.INT),
            ),
            rows=tuple((one.low / 1000.0, one.high / 1000.0, one.count) for one in bins),
        ),
        bins=bins,
        marks=marks,
        unit=Unit.MILLISECONDS,
    )


_MODEL_COLUMNS: Final = (
    Column(id="model", title="Model"),
    Column(id="calls", title="Calls", kind=Kind.INT),
    Column(id="tokens", title="Tokens", kind=Kind.INT),
    Column(id="cost", title="Cost", kind=Kind.MONEY),
    Column(id="priced", title="Priced", kind=Kind.INT),
    Column(id="accepted", title="Accepted", kind=Kind.INT),
    Column(id="decided", title="Decided", kind=Kind.INT),
    Column(id="acceptance", title="Acceptance", kind=Kind.PERCENT),
    Column(id="acceptance_low", title="95% from", kind=Kind.PERCENT),
    Column(id="acceptance_high", title="to", kind=Kind.PERCENT),
    Column(id="errors", title="Failed", kind=Kind.INT),
    Column(id="outcome_known", title="Outcome known", kind=Kind.INT),
)


def models_table(report: Report) -> Table | None:
    """Return what each model did, highest cost first; None without calls."""
    if not report.models:
        return None
    rows = []
    for line in report.models:
        total, accepted = line.figures, line.acceptance
        low, high = accepted.interval or (None, None)
        rows.append(
            (
                model_name(line.model),
                total.calls,
                total.tokens if total.tokens_known else None,
                line.cost.value,
                total.priced,
                total.accepted if total.decided else None,
                total.decided,
                accepted.value,
                low,
                high,
                total.errors if total.outcome_known else None,
                total.outcome_known,
            )
        )
    return Table(
        id="models",
        title="Cost by model",
        columns=_MODEL_COLUMNS,
        rows=tuple(rows),
        note="Highest cost first. Acceptance over calls with a decision, cost over calls with a "
        "price.",
    )
