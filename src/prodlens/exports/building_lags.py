"""Makes the charts of association: a correlation at each lag, outcomes by high and low use.

Puts into a chart what the statistics say; computes no value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports.charts import ForestRow, ForestRows, LagProfile, LagRow
from prodlens.exports.figures import counted, day_range
from prodlens.exports.tables import Column, Table
from prodlens.exports.words import Kind, Verdict
from prodlens.metrics.against import verdict
from prodlens.metrics.association import Q
from prodlens.metrics.catalog import METRICS
from prodlens.metrics.daily_metrics import NAMES
from prodlens.metrics.high_low_days import CAVEAT as HIGH_LOW_CAVEAT
from prodlens.metrics.sentences import CAVEAT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.metrics.high_low_days import HighLowDays
    from prodlens.metrics.profile import Line, Profile
    from prodlens.metrics.report import Report

_LAG_COLUMNS: Final = (
    Column(id="lag_days", title="Lag in days", kind=Kind.INT, signed=True),
    Column(id="r", title="Correlation", kind=Kind.FLOAT, signed=True),
    Column(id="low", title="95% from", kind=Kind.FLOAT, signed=True),
    Column(id="high", title="to", kind=Kind.FLOAT, signed=True),
    Column(id="days", title="Paired days", kind=Kind.INT),
    Column(id="q", title="q", kind=Kind.FLOAT),
    Column(id="role", title="Role"),
    Column(id="reason", title="Why none"),
)
_FOREST_COLUMNS: Final = (
    Column(id="outcome", title="Outcome"),
    Column(id="difference", title="Difference", kind=Kind.PERCENT, signed=True),
    Column(id="low", title="95% from", kind=Kind.PERCENT, signed=True),
    Column(id="high", title="to", kind=Kind.PERCENT, signed=True),
    Column(id="high_days", title="Days of high use", kind=Kind.INT),
    Column(id="low_days", title="Days of low use", kind=Kind.INT),
)


def lag_profile(report: Report) -> LagProfile | None:
    """Return the chart of use and delivery, lag by lag; None when no lag could be tested."""
    profile = None if report.over_time is None else report.over_time.profile
    if profile is None or profile.days is None or not any(one.is_tested for one in profile.lines):
        return None
    use, outcome = NAMES[profile.x], NAMES[profile.y]
    rows = tuple(_lag_row(line) for line in profile.lines)
    title = f"{use} and {outcome}, by lag"
    days = counted(profile.days_covered, "day")
    return LagProfile(
        id="lag_profile",
        title=title,
        subtitle=f"Correlation, weekday and trend removed, with 95% interval; {days}, "
        f"{day_range(profile.days.first, profile.days.last)}",
        alt=f"{title}: {_in_words(rows)} {CAVEAT}",
        table=Table(
            id="lag_profile",
            title=title,
            columns=_LAG_COLUMNS,
            rows=tuple(
                (row.lag_days, row.value, row.low, row.high, row.n, row.q, row.role, row.reason)
                for row in rows
            ),
        ),
        note=_note(rows, profile),
        rows=rows,
        before=f"{outcome} before {use} (placebo)",
        after=f"days from {use} to {outcome}",
    )


def _lag_row(line: Line) -> LagRow:
    tested = line.is_tested
    return LagRow(
        lag_days=line.lag_days,
        value=line.r if tested else None,
        low=line.ci_low if tested else None,
        high=line.ci_high if tested else None,
        n=line.n_pairs,
        q=line.q,
        role=line.role,
        stands_out=line.is_finding,
        reason="" if tested else line.status,
    )


def _in_words(rows: Sequence[LagRow]) -> str:
    out = [f"{row.lag_days:+d}" for row in rows if row.stands_out]
    if not out:
        return "no lag stands out."
    return f"{'lags' if len(out) > 1 else 'lag'} {', '.join(out)} stand{'' if len(out) > 1 else 's'} out."


def _note(rows: Sequence[LagRow], profile: Profile) -> str:
    named = {"primary": "that is primary by default", "confirmatory": "declared beforehand"}
    beside = "".join(
        f" The lag {named[row.role]} is judged on its own." for row in rows if row.role in named
    )
    return (
        f"A lag stands out with q at most {Q:.2f} in a family of "
        f"{counted(profile.family_size, 'test')}.{beside} {CAVEAT}"
    )


def high_low_rows(found: Sequence[HighLowDays]) -> ForestRows | None:
    """Return the chart of outcomes after days of high against low use; None without any."""
    known = [one for one in found if one.result is not None and one.result.percent is not None]
    if not known:
        return None
    rows = tuple(_forest_row(one) for one in known)
    kind = "third" if known[0].split == "tertile" else "half"
    use = NAMES[known[0].x]
    title = "Outcomes after days of high against low use"
    subtitle = (
        f"High: upper {kind} of {use} for their weekday; difference with 95% interval, "
        f"{_later(known[0].lag_days)}"
    )
    return ForestRows(
        id="high_low_days",
        title=title,
        subtitle=subtitle,
        alt=f"{title}: {len(rows)} outcomes with their difference in per cent. {HIGH_LOW_CAVEAT}",
        table=Table(
            id="high_low_days",
            title=title,
            columns=_FOREST_COLUMNS,
            rows=tuple(_table_row(one) for one in known),
        ),
        note=f"Exploratory, a family of its own. {HIGH_LOW_CAVEAT}",
        rows=rows,
        in_percent=True,
    )


def _later(days: int) -> str:
    return "on the same day" if not days else f"{counted(days, 'day')} later"


def _forest_row(one: HighLowDays) -> ForestRow:
    result = one.result
    low, high = (None, None) if result is None else (result.ci_low, result.ci_high)
    whole = low is not None and high is not None
    counts = (0, 0) if result is None else (result.n_high, result.n_low)
    metric = METRICS.get(one.y)
    word = "none" if metric is None else verdict(low, high, metric.better)
    return ForestRow(
        title=NAMES[one.y],
        value=0.0 if result is None or result.percent is None else result.percent,
        low=low if whole else None,
        high=high if whole else None,
        detail=f"{counts[0]:,} days of high use, {counts[1]:,} of low",
        verdict=Verdict(word) if one.status == "ok" else Verdict.UNCLEAR,
    )


def _table_row(one: HighLowDays) -> tuple[str | int | float | None, ...]:
    result = one.result
    if result is None:
        return NAMES[one.y], None, None, None, 0, 0
    shares = [
        None if value is None else value / 100.0
        for value in (result.percent, result.ci_low, result.ci_high)
    ]
    return NAMES[one.y], *shares, result.n_high, result.n_low
