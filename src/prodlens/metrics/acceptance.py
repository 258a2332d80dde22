"""Measures of what is kept of what assistants propose; pure functions of the inputs.

No store, no SQL, no formatting. Definitions: `prodlens.metrics.catalog`.
Source: statistics.md section 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.metrics.measuring import NO_CALLS, coverage, known_for, share
from prodlens.metrics.values import MetricValue, Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prodlens.metrics.inputs import MetricInputs
    from prodlens.storage.readings import CallFigures

NOT_DECIDED: Final = "no source recorded a decision"
NOBODY_ASKED: Final = "settings let every proposal pass, nobody was asked"
NOTHING_ACCEPTED: Final = "no proposal was accepted"
_NO_DIFF: Final = "no source recorded what was kept"


def acceptance_rate(inputs: MetricInputs) -> MetricValue:
    """Return the share of accepted calls among those with a decision."""
    return acceptance_of(inputs.total)


def acceptance_of(figures: CallFigures) -> MetricValue:
    """Return the acceptance rate of some calls, such as those of one model."""
    return share(
        figures.accepted,
        figures.decided,
        nothing=_why_not_decided(figures),
        note=known_for(figures.decided, figures.calls, "a decision is"),
    )


def acceptance_coverage(inputs: MetricInputs) -> MetricValue:
    """Return the share of calls with a decision; it has no interval, nothing is estimated."""
    total = inputs.total
    return coverage(total.decided, total.calls, nothing=NO_CALLS)


def session_acceptance_rate(inputs: MetricInputs) -> MetricValue:
    """Return the share of sessions with an acceptance among those with a decision."""
    total = inputs.total
    reason = "no session holds a decision" if total.decided else _why_not_decided(total)
    return share(inputs.accepted_sessions, inputs.decided_sessions, nothing=reason)


def avg_diff_ratio(inputs: MetricInputs) -> MetricValue:
    """Return the mean share of a suggestion that was kept."""
    total = inputs.total
    if not total.diff_known:
        reason = _NO_DIFF if total.calls else NO_CALLS
        return MetricValue(value=None, unit=Unit.SHARE, n=0, note=reason)
    return MetricValue(value=total.diff_sum / total.diff_known, unit=Unit.SHARE, n=total.diff_known)


def share_above_threshold(inputs: MetricInputs) -> MetricValue:
    """Return the share of suggestions that were kept well."""
    total = inputs.total
    return share(total.diff_high, total.diff_known, nothing=_NO_DIFF if total.calls else NO_CALLS)


def accepted_lines(inputs: MetricInputs) -> MetricValue:
    """Return the accepted lines; None when accepted calls exist and none says how many."""
    total = inputs.total
    if total.accepted and not total.lines_known:
        return MetricValue(
            value=None, unit=Unit.LINES, n=0, note="no accepted call says how many lines"
        )
    if total.calls and not total.decided:
        return MetricValue(value=None, unit=Unit.LINES, n=0, note=_why_not_decided(total))
    note = known_for(total.lines_known, total.accepted, "lines are", "accepted calls")
    return MetricValue(
        value=total.lines,
        unit=Unit.LINES,
        n=total.lines_known,
        note=note if total.calls else NO_CALLS,
    )


def lines_coverage(inputs: MetricInputs) -> MetricValue:
    """Return the share of accepted calls that say how many lines were accepted."""
    total = inputs.total
    return coverage(total.lines_known, total.accepted, nothing=why_nothing_accepted(total))


def why_nothing_accepted(figures: CallFigures) -> str:
    """Return why there is no accepted call among some calls."""
    return NOTHING_ACCEPTED if figures.decided else _why_not_decided(figures)


def _why_not_decided(figures: CallFigures) -> str:
    if not figures.calls:
        return NO_CALLS
    return NOBODY_ASKED if figures.automatic else NOT_DECIDED


MEASURES: Final[Mapping[str, Callable[[MetricInputs], MetricValue]]] = {
    "acceptance_rate": acceptance_rate,
    "acceptance_coverage": acceptance_coverage,
    "session_acceptance_rate": session_acceptance_rate,
    "avg_diff_ratio": avg_diff_ratio,
    "share_above_threshold": share_above_threshold,
    "accepted_lines": accepted_lines,
    "lines_coverage": lines_coverage,
}
"""The measure of each slug of this family."""
