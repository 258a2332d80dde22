"""Measures of the edits that assistants propose: who decided, and what was kept; pure functions.

No store, no SQL, no formatting. Definitions: `prodlens.metrics.edit_entries`.
Source: sources.md section 8. What people decide and what settings let pass are never added up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from prodlens.metrics.measuring import coverage, known_for, share
from prodlens.metrics.values import MetricValue, Unit
from prodlens.stats.proportions import wilson
from prodlens.storage.edit_readings import by_part, total

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prodlens.metrics.inputs import MetricInputs
    from prodlens.storage.edit_readings import EditFigures

NO_EDITS: Final = "no source tells of proposed edits"
_NOBODY: Final = "no person decided about an edit"
_NOTHING_ACCEPTED: Final = "no edit was accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditLine:
    """What the edits of one repository, or of one model, say.

    Attributes:
        name: Repository or model; None for edits that name none.
        figures: Counts and sums.
        acceptance: Share that people accepted of what people decided.
        automatic: Share that was approved automatically.
        retained: Share of accepted lines that were still there when committed.
    """

    name: str | None
    figures: EditFigures
    acceptance: MetricValue
    automatic: MetricValue
    retained: MetricValue


def by_repository(inputs: MetricInputs) -> tuple[EditLine, ...]:
    """Return a line per repository with edits, most edits first."""
    return _lines(by_part(inputs.edits, 0))


def by_model(inputs: MetricInputs) -> tuple[EditLine, ...]:
    """Return a line per model with edits, most edits first; None holds edits of unknown calls."""
    return _lines(by_part(inputs.edits, 1))


def _lines(groups: Mapping[str | None, EditFigures]) -> tuple[EditLine, ...]:
    lines = [
        EditLine(
            name=name,
            figures=figures,
            acceptance=acceptance_of(figures),
            automatic=automatic_of(figures),
            retained=retained_of(figures),
        )
        for name, figures in groups.items()
    ]
    return tuple(sorted(lines, key=lambda line: (-line.figures.edits, line.name or "")))


def acceptance_of(figures: EditFigures) -> MetricValue:
    """Return the share that people accepted of the edits that people decided about."""
    decided = figures.by_people + figures.rejected_by_people
    return share(
        figures.by_people,
        decided,
        nothing=_NOBODY if figures.edits else NO_EDITS,
        note=known_for(decided, figures.edits, "a person's decision is", "edits"),
    )


def automatic_of(figures: EditFigures) -> MetricValue:
    """Return the share of all edits that settings and modes let pass."""
    return share(figures.automatic, figures.edits, nothing=NO_EDITS)


def retained_of(figures: EditFigures) -> MetricValue:
    """Return the share of meaningful lines that were found again, over the measured edits.

    Lines of one edit are kept or lost together, so the interval is Wilson's with the number of
    cases that the spread between edits is worth: `r (1 - r) / v` with the linearised variance `v`
    of the ratio `r`; the number of edits where they differ less than single lines would by chance.

    Source: Cochran 1977, Sampling Techniques, 2.11 (variance of a ratio); Korn & Graubard 1998,
    Survey Methodology 24:193-201 (effective cases).
    """
    lines, kept, edits = figures.measured_lines, figures.retained_lines, figures.measured
    if not lines:
        return MetricValue(value=None, unit=Unit.SHARE, n=0, note=_why_not_measured(figures))
    found = wilson(kept / lines * (cases := _cases(figures)), cases)
    ends = found.ci_low, found.ci_high
    return MetricValue(
        value=kept / lines,
        unit=Unit.SHARE,
        n=edits,
        interval=None if ends[0] is None or ends[1] is None else (ends[0], ends[1]),
        numerator=kept,
        denominator=lines,
        note=_measured_note(figures),
    )


def _cases(figures: EditFigures) -> float:
    """Return how many independent lines the measured edits are worth."""
    lines, edits = figures.measured_lines, figures.measured
    rate = figures.retained_lines / lines
    if edits < 2 or not 0.0 < rate < 1.0:
        return float(edits)
    squares = (
        figures.retained_squared
        - 2.0 * rate * figures.lines_retained
        + rate * rate * figures.lines_squared
    )
    variance = squares * edits / (edits - 1) / lines**2
    least = rate * (1.0 - rate) / lines
    return rate * (1.0 - rate) / variance if variance > least else float(edits)


def _why_not_measured(figures: EditFigures) -> str:
    if not figures.edits:
        return NO_EDITS
    if not figures.accepted:
        return _NOTHING_ACCEPTED
    if figures.pending:
        return "accepted edits are still pending: no commit holds them yet"
    return "no clone was read (prod-lens retention)"


def _measured_note(figures: EditFigures) -> str | None:
    note = known_for(figures.measured, figures.accepted, "it is", "accepted edits")
    return f"{note}, {figures.pending:,} pending" if note and figures.pending else note


def _count(inputs: MetricInputs, name: str) -> MetricValue:
    """Return how many edits there are of a kind; None when no source tells of any edit."""
    figures = total(inputs.edits.values())
    if not figures.edits:
        return MetricValue(value=None, unit=Unit.COUNT, n=0, note=NO_EDITS)
    return MetricValue(value=getattr(figures, name), unit=Unit.COUNT, n=figures.edits)


def edit_acceptance_rate(inputs: MetricInputs) -> MetricValue:
    """Return the share of edits that people accepted among those that people decided about."""
    return acceptance_of(total(inputs.edits.values()))


def edits_auto_share(inputs: MetricInputs) -> MetricValue:
    """Return the share of edits that were approved automatically."""
    return automatic_of(total(inputs.edits.values()))


def edit_lines_proposed(inputs: MetricInputs) -> MetricValue:
    """Return the lines that edits would have added."""
    figures = total(inputs.edits.values())
    return _lines_of(
        (figures.proposed_lines, figures.proposed_known, figures.edits), "edits", NO_EDITS
    )


def edit_lines_applied(inputs: MetricInputs) -> MetricValue:
    """Return the lines that accepted edits added."""
    figures = total(inputs.edits.values())
    return _lines_of(
        (figures.applied_lines, figures.applied_known, figures.accepted),
        "accepted edits",
        _NOTHING_ACCEPTED if figures.edits else NO_EDITS,
    )


def _lines_of(sums: tuple[int, int, int], whom: str, nothing: str) -> MetricValue:
    lines, known, every = sums
    if not every and nothing != NO_EDITS:
        return MetricValue(value=0, unit=Unit.LINES, n=0, note=nothing)
    if not known:
        note = f"no record says how many lines {whom} have" if every else nothing
        return MetricValue(value=None, unit=Unit.LINES, n=0, note=note)
    note_known = known_for(known, every, "lines are", whom)
    return MetricValue(value=lines, unit=Unit.LINES, n=known, note=note_known)


def edit_retained_share(inputs: MetricInputs) -> MetricValue:
    """Return the share of accepted lines that were still there when committed."""
    return retained_of(total(inputs.edits.values()))


def edit_retention_coverage(inputs: MetricInputs) -> MetricValue:
    """Return the share of accepted edits that were measured; nothing is estimated."""
    figures = total(inputs.edits.values())
    nothing = _NOTHING_ACCEPTED if figures.edits else NO_EDITS
    return coverage(figures.measured, figures.accepted, nothing=nothing)


_COUNTS: Final = {
    "edits_proposed": "edits",
    "edits_auto_approved": "automatic",
    "edits_accepted": "accepted",
    "edits_accepted_unknown": "by_unknown",
    "edits_rejected": "rejected",
    "edits_denied": "denied",
    "edits_failed": "failed",
    "edits_undecided": "undecided",
}
MEASURES: Final[Mapping[str, Callable[[MetricInputs], MetricValue]]] = {
    **{slug: partial(_count, name=name) for slug, name in _COUNTS.items()},
    "edit_acceptance_rate": edit_acceptance_rate,
    "edits_auto_share": edits_auto_share,
    "edit_lines_proposed": edit_lines_proposed,
    "edit_lines_applied": edit_lines_applied,
    "edit_retained_share": edit_retained_share,
    "edit_retention_coverage": edit_retention_coverage,
}
"""The measure of each slug of this family."""
