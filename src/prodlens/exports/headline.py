"""Owns the sentence a report begins with: what a person may repeat, with its caveat.

Says only what the values say; computes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports.figures import counted, interval, number
from prodlens.metrics.sentences import sentence

if TYPE_CHECKING:
    from prodlens.metrics.report import Report

FEWEST_DECISIONS: Final = 20
"""Below this many decided calls no rate leads the report (statistics.md 7: not ranked below 20)."""
FEWEST_PAIRS: Final = 20
"""Below this many paired days no association leads the report (interfaces.md 7c)."""


def headline(report: Report) -> str:
    """Return what is to be said first about the report, its caveat included."""
    if not report.coverage.calls:
        return _about_deliveries(report) or report.notes[0].text
    return _about_association(report) or _about_acceptance(report) or _about_cost(report)


def _about_association(report: Report) -> str | None:
    leading = report.associations.lead
    if not leading.is_tested or leading.result is None or leading.result.n_pairs < FEWEST_PAIRS:
        return None
    return sentence(leading)


def _about_deliveries(report: Report) -> str | None:
    merged, commits = report.values["merged_prs_per_week"], report.values["commits"]
    said = []
    if merged.value is not None:
        rate = f"{number(merged.value, merged.unit)} a week, 95% interval {interval(merged)}"
        said.append(f"{counted(merged.n or 0, 'pull request')} merged ({rate})")
    if commits.value is not None:
        said.append(counted(int(commits.value), "commit"))
    if not said:
        return None
    return f"{' and '.join(said)}; no calls are known here, so nothing is said about AI use."


def _about_acceptance(report: Report) -> str | None:
    measured, total = report.values["acceptance_rate"], report.inputs.total
    if measured.value is None or total.decided < FEWEST_DECISIONS:
        return None
    rate = number(measured.value, measured.unit)
    claim = (
        f"Of {counted(total.decided, 'call')} with a decision {rate} were accepted "
        f"(95% interval {interval(measured)})"
    )
    undecided = total.calls - total.decided
    if undecided:
        verb = "has" if undecided == 1 else "have"
        return (
            f"{claim}; {undecided:,} of all {counted(total.calls, 'call')} {verb} no decision, "
            "and the rate doesn't speak for them."
        )
    return f"{claim}; calls of one developer resemble each other, so the interval is too narrow."


def _about_cost(report: Report) -> str:
    measured, total = report.values["cost_usd"], report.inputs.total
    calls = counted(total.calls, "call")
    verb = "was" if total.decided == 1 else "were"
    accepted = (
        f"only {counted(total.decided, 'decision')} {verb} recorded, too few for a rate."
        if total.decided
        else "how much was accepted isn't known, because no source recorded decisions."
    )
    if measured.value is None:
        return f"What {calls} cost isn't known; {accepted}"
    priced = "" if total.priced == total.calls else f", counting the {total.priced:,} with a price"
    return f"{calls} cost {number(measured.value, measured.unit)}{priced}; {accepted}"
