"""Owns working sessions: stretches of calls of one person without a long pause; pure functions.

A native session ends when a program does, may stay open for days, and one person has several side
by side; a working session is cut at idle gaps alone, whatever the native ids. Calls that name no
developer are cut within their native session; calls that name neither are in none. Where they are
cut, `prodlens.storage.stretches` decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.metrics.measuring import NO_CALLS, known_for, quantile, ratio
from prodlens.metrics.values import MetricValue, Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prodlens.metrics.inputs import MetricInputs

IDLE_MINUTES: Final = 30
"""Minutes without a call that end a working session, unless the settings say otherwise."""
_NOBODY: Final = "no call names a developer or a session"
_HOUR: Final = 3600.0


def count(inputs: MetricInputs) -> MetricValue:
    """Return the number of working sessions; 0 without calls."""
    calls, every = inputs.work.calls, inputs.total.calls
    if not every:
        return MetricValue(value=0, unit=Unit.COUNT, n=0, note=NO_CALLS)
    if not calls:
        return MetricValue(value=None, unit=Unit.COUNT, n=0, note=_NOBODY)
    return MetricValue(value=len(inputs.work), unit=Unit.COUNT, n=calls, note=_note(inputs))


def median_length(inputs: MetricInputs) -> MetricValue:
    """Return the median length of a working session in hours."""
    if not inputs.work:
        return MetricValue(value=None, unit=Unit.DURATION_HOURS, n=0, note=_why(inputs))
    lengths = inputs.work.seconds
    return MetricValue(
        value=quantile(lengths, 0.5) / _HOUR,
        unit=Unit.DURATION_HOURS,
        n=len(lengths),
        note=_note(inputs),
    )


def active_time(inputs: MetricInputs) -> MetricValue:
    """Return the sum of all lengths in hours."""
    if not inputs.work:
        return MetricValue(value=None, unit=Unit.HOURS, n=0, note=_why(inputs))
    hours = inputs.work.total_seconds / _HOUR
    return MetricValue(value=hours, unit=Unit.HOURS, n=len(inputs.work), note=_note(inputs))


def calls_per_session(inputs: MetricInputs) -> MetricValue:
    """Return the mean number of calls of a working session."""
    return ratio(
        inputs.work.calls,
        len(inputs.work),
        Unit.PER_SESSION,
        n=len(inputs.work),
        nothing=_why(inputs),
        note=_note(inputs),
    )


def _note(inputs: MetricInputs) -> str | None:
    return known_for(inputs.work.calls, inputs.total.calls, "a developer or a session is")


def _why(inputs: MetricInputs) -> str:
    return _NOBODY if inputs.total.calls else NO_CALLS


MEASURES: Final[Mapping[str, Callable[[MetricInputs], MetricValue]]] = {
    "working_sessions": count,
    "working_session_median_hours": median_length,
    "working_time_hours": active_time,
    "calls_per_working_session": calls_per_session,
}
"""The measure of each slug of this family."""
