"""Measures of use: calls, sessions, response time, errors, policy; pure functions of the inputs.

No store, no SQL, no formatting. Definitions: `prodlens.metrics.catalog`.
Source: statistics.md section 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.metrics.association import exposure_of
from prodlens.metrics.measuring import NO_CALLS, known_for, quantile, ratio, share
from prodlens.metrics.values import MetricValue, Unit
from prodlens.stats.growth import session_growth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prodlens.metrics.inputs import MetricInputs

_NO_SESSION: Final = "no call names its session"
_WHY_NO_GROWTH: Final = {
    "insufficient_data": "fewer than 14 whole days",
    "invalid": "a day of the last weeks was not covered",
    "zero_denominator": "no session in the earlier weeks",
}


def calls(inputs: MetricInputs) -> MetricValue:
    """Return the number of calls; 0 is a value."""
    count = inputs.total.calls
    return MetricValue(value=count, unit=Unit.COUNT, n=count, note=None if count else NO_CALLS)


def sessions(inputs: MetricInputs, *, count_unnamed: bool = False) -> MetricValue:
    """Return the number of sessions.

    Args:
        inputs: What was read.
        count_unnamed: Count each call without a session id as a session of its own, as
            statistics.md section 7 does; by default such calls are no sessions (api.md).
    """
    named, every = inputs.total.session_known, inputs.total.calls
    count = inputs.distinct.sessions + (every - named if count_unnamed else 0)
    if every and not count:
        return MetricValue(value=None, unit=Unit.COUNT, n=0, note=_NO_SESSION)
    note = None if count_unnamed else known_for(named, every, "a session id is")
    return MetricValue(value=count, unit=Unit.COUNT, n=named, note=note if every else NO_CALLS)


def median_latency_ms(inputs: MetricInputs) -> MetricValue:
    """Return the median duration over calls whose duration is known."""
    return _duration(inputs, inputs.latencies.every, 0.5)


def p95_latency_ms(inputs: MetricInputs) -> MetricValue:
    """Return the 95th percentile of the same durations."""
    return _duration(inputs, inputs.latencies.every, 0.95)


def median_latency_success_ms(inputs: MetricInputs) -> MetricValue:
    """Return the median duration over calls that are not known to have failed."""
    return _duration(inputs, inputs.latencies.without_errors, 0.5)


def active_hours(inputs: MetricInputs) -> MetricValue:
    """Return the developer-hours with calls; 0 is a value."""
    total = inputs.total
    note = known_for(total.developer_known, total.calls, "the developer is")
    return MetricValue(
        value=inputs.distinct.active_hours,
        unit=Unit.HOURS,
        n=total.calls,
        note=note if total.calls else NO_CALLS,
    )


def sessions_per_hour(inputs: MetricInputs, *, count_unnamed: bool = False) -> MetricValue:
    """Return sessions per active developer-hour; `count_unnamed` as in `sessions`."""
    found = sessions(inputs, count_unnamed=count_unnamed)
    hours = inputs.distinct.active_hours
    if found.value is None:
        return MetricValue(value=None, unit=Unit.PER_HOUR, n=hours, note=found.note)
    return ratio(found.value, hours, Unit.PER_HOUR, n=hours, nothing=NO_CALLS, note=found.note)


def calls_per_hour(inputs: MetricInputs) -> MetricValue:
    """Return calls per active developer-hour."""
    hours = inputs.distinct.active_hours
    return ratio(inputs.total.calls, hours, Unit.PER_HOUR, n=hours, nothing=NO_CALLS)


def session_growth_percent(inputs: MetricInputs) -> MetricValue:
    """Return the growth of daily sessions from the earlier to the last whole weeks, in per cent."""
    series = exposure_of(inputs.daily)
    known = [] if inputs.daily.days is None else series.over(inputs.daily.days)
    while known and known[0] is None:
        known.pop(0)
    while known and known[-1] is None:
        known.pop()
    found = session_growth(known, interval=inputs.statistics)
    if found.session_growth_percent is None:
        reason = _WHY_NO_GROWTH.get(found.status, "") if inputs.total.calls else NO_CALLS
        return MetricValue(value=None, unit=Unit.PERCENT, n=len(known), note=reason)
    ends = found.ci_low, found.ci_high
    few = "of calls: few of them name a session" if series.name == "calls" else None
    return MetricValue(
        value=found.session_growth_percent,
        unit=Unit.PERCENT,
        n=14 * (found.weeks_per_half or 0),
        interval=None if ends[0] is None or ends[1] is None else (ends[0], ends[1]),
        note=few,
    )


def error_rate(inputs: MetricInputs) -> MetricValue:
    """Return the share of failed calls among those whose outcome is known."""
    total = inputs.total
    return share(
        total.errors,
        total.outcome_known,
        nothing="no call has a known outcome" if total.calls else NO_CALLS,
        note=known_for(total.outcome_known, total.calls, "the outcome is"),
    )


def model_selection_accuracy(inputs: MetricInputs) -> MetricValue:
    """Return the share of calls to models that the policy allows, among calls naming a model."""
    if not inputs.policy:
        return MetricValue(
            value=None, unit=Unit.SHARE, note="no policy given (--policy-model PATTERN)"
        )
    total = inputs.total
    allowed = sum(
        figures.calls
        for model, figures in inputs.models.items()
        if model is not None and inputs.policy.allows(model)
    )
    return share(
        allowed,
        total.model_known,
        nothing="no call names its model" if total.calls else NO_CALLS,
        note=known_for(total.model_known, total.calls, "the model is"),
    )


def _duration(inputs: MetricInputs, ascending: Sequence[float], q: float) -> MetricValue:
    total = inputs.total
    if not ascending:
        reason = "no call has a known duration" if total.calls else NO_CALLS
        return MetricValue(value=None, unit=Unit.MILLISECONDS, n=0, note=reason)
    note = known_for(total.latency_known, total.calls, "the duration is")
    if total.latency_negative:
        note = f"{note}; negative ones dropped: {total.latency_negative:,}"
    return MetricValue(
        value=quantile(ascending, q), unit=Unit.MILLISECONDS, n=len(ascending), note=note
    )


MEASURES: Final[Mapping[str, Callable[[MetricInputs], MetricValue]]] = {
    "calls": calls,
    "sessions": sessions,
    "median_latency_ms": median_latency_ms,
    "p95_latency_ms": p95_latency_ms,
    "median_latency_success_ms": median_latency_success_ms,
    "active_hours": active_hours,
    "sessions_per_hour": sessions_per_hour,
    "calls_per_hour": calls_per_hour,
    "session_growth_percent": session_growth_percent,
    "error_rate": error_rate,
    "model_selection_accuracy": model_selection_accuracy,
}
"""The measure of each slug of this family."""
