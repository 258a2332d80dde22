"""Adds to a report how its days went and how it compares with another time.

Reads what the report itself does not need, from the same state of the store; writes nothing but
the cache of correlations.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from prodlens.clock import local_day
from prodlens.metrics.association import LONGEST_LAG
from prodlens.metrics.over_time import OverTime, over_time
from prodlens.storage.usage_readings import usage_by_model_day

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from prodlens.metrics.against import Compare
    from prodlens.metrics.report import Report
    from prodlens.selection import Selection
    from prodlens.storage import ProdLensStore

OUTCOMES: Final = ("commits", "merged_prs")
"""Outcomes that are compared between days of high and of low use."""


def selection_of(report: Report) -> Selection | None:
    """Return the slice of a report, cut to its data; None when it holds no time."""
    start, end = report.inputs.delivery.start, report.inputs.delivery.end
    if start is None or end is None:
        return None
    return replace(report.asking.selection, since=start, until=end)


def with_days(store: ProdLensStore, report: Report) -> Report:
    """Return the report with its days; call it inside the reading of the report itself."""
    selection = selection_of(report)
    if selection is None:
        return replace(report, over_time=OverTime())
    rows = usage_by_model_day(store.conn, selection, report.inputs.by_day)
    found = over_time(
        rows,
        report.inputs.daily,
        models=[line.model for line in report.models],
        latencies=report.inputs.latencies.every,
    )
    return replace(report, over_time=found)


def with_lags(store: ProdLensStore, report: Report) -> Report:
    """Return the report with use and delivery lag by lag; may write the cache of correlations."""
    found, daily = report.over_time, report.inputs.daily
    comparable = any(one.result is not None for one in report.associations.comparisons)
    if found is None or daily.days is None or not comparable:
        return report
    from prodlens.metrics.daily_metrics import DailyMetrics
    from prodlens.metrics.high_low_days import high_low_days
    from prodlens.metrics.lag_profile import lag_profile
    from prodlens.metrics.profile import Question
    from prodlens.metrics.report_family import one_family

    series = (daily.sessions, daily.calls, daily.commits, daily.merged_prs)
    metrics = DailyMetrics(days=daily.days, series={one.name: one for one in series})
    use, outcome = report.associations.commits.exposure, report.associations.commits.outcome
    asking = report.asking
    question = Question(
        x=use,
        y=outcome,
        selection=asking.selection,
        nonworking_days=asking.nonworking_days,
        declared=asking.declared,
    )
    profile = lag_profile(store, metrics, question, now=report.generated_at)
    outcomes = tuple(
        high_low_days(
            metrics,
            (use, one),
            lag_days=report.lag_days,
            nonworking_days=asking.nonworking_days,
        )
        for one in OUTCOMES
        if report.lag_days <= LONGEST_LAG
    )
    associations, profile = one_family(report.associations, profile)
    days = replace(found, profile=profile, outcomes=outcomes)
    return replace(report, associations=associations, over_time=days)


def compared(
    report: Report, kind: Compare, measure: Callable[[datetime, datetime], Report]
) -> Report:
    """Return the report with how its metrics differ from those of another time.

    Args:
        report: The report.
        kind: Which other time.
        measure: Returns the report over `[start, end)`.
    """
    from prodlens.metrics.against import Against, differences, known_families, other_time

    start, end = report.inputs.delivery.start, report.inputs.delivery.end
    if start is None or end is None:
        return replace(report, against=Against(kind=kind, reason="no data to compare"))
    zone = report.asking.selection.zone
    # in the zone's own time, so that the other days begin at midnight too when clocks changed
    begin, until = other_time(start.astimezone(zone), end.astimezone(zone), kind)
    then = measure(begin, until)
    reasons = known_families(report.inputs, then.inputs, local_day(begin, zone))
    found = Against(
        kind=kind,
        first_day=local_day(begin, zone),
        last_day=local_day(until - timedelta(microseconds=1), zone),
        differences=differences(report.values, then.values, reasons),
        reason="; ".join(dict.fromkeys(one for one in reasons.values() if one)),
    )
    return replace(report, against=found)
