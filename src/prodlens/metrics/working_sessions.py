"""Owns working sessions: stretches of calls of one person without a long pause; pure functions.

A native session ends when a program does, may stay open for days, and one person has several side
by side; a working session is cut at idle gaps alone, whatever the native ids. Calls that name no
developer are cut within their native session; calls that name neither are in none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prodlens.metrics.measuring import NO_CALLS, known_for, quantile, ratio
from prodlens.metrics.values import MetricValue, Unit
from prodlens.storage import stretches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prodlens.metrics.inputs import MetricInputs

IDLE_MINUTES: Final = 30
"""Minutes without a call that end a working session, unless the settings say otherwise."""
_NOBODY: Final = "no call names a developer or a session"
_MINUTE: Final = 60.0
_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True)
class WorkingSession:
    """Calls of one owner between two idle gaps.

    Attributes:
        start: When its first call began, seconds since 1970, UTC.
        end: When its last call to end did; the begin of a call whose duration is not known.
        calls: Its calls.
    """

    start: float
    end: float
    calls: int

    @property
    def minutes(self) -> float:
        """Active minutes: from its start to its end, pauses shorter than an idle gap included."""
        return (self.end - self.start) / _MINUTE


def cut(calls: Iterable[tuple[float, float]], *, idle_minutes: float) -> list[WorkingSession]:
    """Cut the calls of one owner where more than some minutes pass without one.

    Args:
        calls: Start and end of each call in seconds, in any order.
        idle_minutes: A pause between the end of every call so far and the next start that is
            longer than this ends a working session; one of exactly this length does not.

    Returns:
        In order of time; every call is in exactly one.

    >>> cut([(0, 60), (1800, 1800), (9000, 9060)], idle_minutes=30)
    [WorkingSession(start=0, end=1800, calls=2), WorkingSession(start=9000, end=9060, calls=1)]
    """
    pieces = ((start, end, 1) for start, end in calls)
    return [WorkingSession(*one) for one in stretches.cut(pieces, idle_minutes * _MINUTE)]


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
