"""How the metrics of one time compare with those of another, weekday by weekday.

The other time is as long and begins on the same weekday, because weekends are quiet. Pure
functions of values that were measured. A verdict needs an interval that leaves 0 out and a metric
with a direction; shares of calls get none, because calls of one developer resemble each other and
their intervals are too narrow for one. Source: interfaces.md 1; statistics.md 1.2 (coverage).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from prodlens.metrics.catalog import METRICS
from prodlens.metrics.metric import Better, Family
from prodlens.metrics.notes import day_text
from prodlens.metrics.values import MetricValue, Unit
from prodlens.stats.proportions import risk_difference

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from prodlens.metrics.inputs import MetricInputs

Compare = Literal["previous", "year", "none"]
KNOWN_SHARE: Final = 0.9
"""Both times must be covered to this share of their days."""
_DAY: Final = timedelta(days=1)
_YEAR_DAYS: Final = 364
"""52 weeks: the same weekday a year ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One metric now against then.

    Attributes:
        previous: The value then.
        value: Now less then: in shares for a share, else in per cent of then; None when a value is
            not known or nothing can be divided.
        in_points: Whether `value` is in shares.
        low: Lower end of its 95 % interval; None without one.
        high: Upper end.
        verdict: `better` or `worse` when the interval leaves 0 out and the metric has a direction;
            `unclear` when it has one but nothing leaves 0 out; else `none`.
        note: Why there is no value, or no verdict.
    """

    previous: MetricValue
    value: float | None = None
    in_points: bool = False
    low: float | None = None
    high: float | None = None
    verdict: Literal["better", "worse", "unclear", "none"] = "none"
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """The metrics of a report against another time.

    Attributes:
        kind: Which time: the one before, or the same weeks of the year before.
        first_day: First day then; None when there is nothing to compare.
        last_day: Last day then.
        differences: By slug.
        reason: Why there is nothing to compare, or less than everything; '' for no reason.
    """

    kind: Compare
    first_day: date | None = None
    last_day: date | None = None
    differences: Mapping[str, Difference] = field(default_factory=dict)
    reason: str = ""


def other_time(start: datetime, end: datetime, kind: Compare) -> tuple[datetime, datetime]:
    """Return the time to compare with: as long, ending before, on the same weekdays.

    Args:
        start: First instant, aware UTC.
        end: First instant after it.
        kind: `previous`: as many whole weeks before as are needed not to overlap; `year`: 52 weeks
            before, or more when the time is longer.
    """
    weeks = math.ceil(math.ceil((end - start) / _DAY) / 7)
    shift = timedelta(days=max(7 * weeks, _YEAR_DAYS if kind == "year" else 0))
    return start - shift, end - shift


def known_families(now: MetricInputs, then: MetricInputs, begin: date) -> dict[Family, str]:
    """Return why a family of metrics can't be compared; '' where it can.

    Args:
        now: What the values now were computed from.
        then: The same of the other time.
        begin: First day of the other time.
    """
    calls = _why_no_calls(now, then)
    firsts = [
        moment
        for state in then.delivery.states
        for moment in (state.first_commit, state.first_request)
        if moment is not None
    ]
    deliveries = "no deliveries are known then"
    if firsts:
        first = min(firsts).date()
        deliveries = "" if first <= begin else f"deliveries begin on {day_text(first)}"
    return {family: deliveries if family is Family.DELIVERY else calls for family in Family}


def _why_no_calls(now: MetricInputs, then: MetricInputs) -> str:
    if not then.total.calls:
        return "no calls are known then"
    for inputs, word in ((then, "then"), (now, "now")):
        days, covered = inputs.daily.days, len(inputs.daily.calls.covered)
        if days is None or covered < KNOWN_SHARE * len(days):
            every = 0 if days is None else len(days)
            return f"calls were captured on {covered:,} of {every:,} days {word}"
    return ""


def differences(
    now: Mapping[str, MetricValue],
    then: Mapping[str, MetricValue],
    reasons: Mapping[Family, str],
) -> dict[str, Difference]:
    """Return how each metric differs.

    Args:
        now: Values by slug.
        then: Values of the other time by slug.
        reasons: Why a family can't be compared; '' where it can.
    """
    return {
        slug: _difference(slug, value, then[slug], reasons.get(METRICS[slug].family, ""))
        for slug, value in now.items()
    }


def _difference(slug: str, now: MetricValue, then: MetricValue, reason: str) -> Difference:
    in_points = now.unit in {Unit.SHARE, Unit.PERCENT}
    if reason:
        unknown = MetricValue(value=None, unit=then.unit, note=reason)
        return Difference(previous=unknown, in_points=in_points, note=reason)
    if now.value is None or then.value is None:
        note = now.note if now.value is None else then.note
        return Difference(previous=then, in_points=in_points, note=note)
    if now.unit is Unit.SHARE:
        return _of_shares(slug, now, then)
    if now.unit is Unit.PERCENT or not then.value:
        changes = now.unit is Unit.PERCENT
        note = "a change of a change is not compared" if changes else "nothing to divide by"
        return Difference(previous=then, in_points=in_points, note=note)
    percent = 100.0 * (now.value - then.value) / then.value
    known = METRICS[slug].better is not Better.NEITHER
    return Difference(previous=then, value=percent, verdict="unclear" if known else "none")


def _of_shares(slug: str, now: MetricValue, then: MetricValue) -> Difference:
    value = (now.value or 0.0) - (then.value or 0.0)
    tops, bottoms = (now.numerator, then.numerator), (now.denominator, then.denominator)
    if None in {*tops, *bottoms}:
        return Difference(previous=then, value=value, in_points=True)
    if any(n not in {None, bottom} for n, bottom in zip((now.n, then.n), bottoms, strict=True)):
        note = "its parts are no independent cases: no interval"
        return Difference(previous=then, value=value, in_points=True, note=note)
    found = risk_difference(tops[0] or 0.0, bottoms[0] or 0.0, tops[1] or 0.0, bottoms[1] or 0.0)
    metric = METRICS[slug]
    if metric.family is not Family.DELIVERY or metric.better is Better.NEITHER:
        note = "calls of one developer resemble each other: no verdict"
        return Difference(
            previous=then,
            value=value,
            in_points=True,
            low=found.ci_low,
            high=found.ci_high,
            note=None if metric.better is Better.NEITHER else note,
        )
    return Difference(
        previous=then,
        value=value,
        in_points=True,
        low=found.ci_low,
        high=found.ci_high,
        verdict=verdict(found.ci_low, found.ci_high, metric.better),
    )


def verdict(
    low: float | None, high: float | None, better: Better
) -> Literal["better", "worse", "unclear", "none"]:
    """Return what an interval of a difference says of a metric with a direction.

    >>> verdict(0.01, 0.2, Better.UP), verdict(-0.1, 0.2, Better.UP), verdict(0.1, 0.2, Better.DOWN)
    ('better', 'unclear', 'worse')
    """
    if better is Better.NEITHER:
        return "none"
    if low is None or high is None or low <= 0.0 <= high:
        return "unclear"
    return "better" if (low > 0.0) == (better is Better.UP) else "worse"
