"""Owns the sentence a report begins with: what a person may repeat, with its caveat.

Says only what the values say; computes nothing. What a comparison rests on besides, and what would
change it, stands with it in its section (`prodlens.exports.building_association`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports.figures import counted, interval, number
from prodlens.metrics.association import Q
from prodlens.metrics.daily_metrics import NAMES
from prodlens.metrics.wording import CAVEAT, after, end, probability, signed, tests

if TYPE_CHECKING:
    from prodlens.metrics.association import Comparison
    from prodlens.metrics.report import Report
    from prodlens.stats.association import LaggedAssociation

FEWEST_DECISIONS: Final = 20
"""Below this many decided calls no rate leads the report (statistics.md 7: not ranked below 20)."""
FEWEST_PAIRS: Final = 20
"""Below this many paired days no association leads the report (interfaces.md 7c)."""
_STANDING: Final = {
    "confirmatory": "declared beforehand",
    "primary": "not declared beforehand",
}


def headline(report: Report) -> str:
    """Return what is to be said first about the report, its caveat included."""
    if not report.coverage.calls:
        return _about_deliveries(report) or report.notes[0].text
    leading = leading_comparison(report)
    if leading is not None and leading.result is not None:
        return _about_association(leading, leading.result)
    return _about_acceptance(report) or _about_cost(report)


def leading_comparison(report: Report) -> Comparison | None:
    """Return the comparison that the report begins with; None when it begins with another thing."""
    leading = report.associations.lead
    if not report.coverage.calls or not leading.is_tested or leading.result is None:
        return None
    return leading if leading.result.n_pairs >= FEWEST_PAIRS else None


def _about_association(leading: Comparison, result: LaggedAssociation) -> str:
    """Return a comparison in short: chosen by status, interval and q alone, no adjective.

    Source: statistics.md 8.10. Days, family and what would change it stand in its section.
    """
    x, y = NAMES[leading.exposure], NAMES[leading.outcome]
    when, low, high = after(leading.lag_days), result.ci_low or 0.0, result.ci_high or 0.0
    short = "Exploratory, fewer than 28 days: " if leading.status == "exploratory" else ""
    estimate = f"r {signed(result.r or 0.0)}, 95% interval {end(low)} to {end(high)}"
    if low <= 0.0 <= high:
        return (
            f"{short}{result.n_pairs:,} paired days neither show nor exclude that days with more "
            f"{x} go together with more or fewer {y} {when} ({estimate})."
        )
    basis = f"{estimate}, {counted(result.n_pairs, 'paired day')}, {_standing(leading)}"
    if not leading.is_primary and (leading.q is None or leading.q > Q):
        return f"{short}{x} and {y} {when} ({basis}): no finding, after allowing for chance."
    direction = "more" if (result.r or 0.0) > 0 else "fewer"
    return (
        f"{short}Days with more {x} than usual for the weekday go together with {direction} {y} "
        f"{when} ({basis}). {CAVEAT}"
    )


def _standing(leading: Comparison) -> str:
    if leading.is_primary or leading.q is None:
        return _STANDING.get(leading.standing, "not adjusted")
    return f"q {probability(leading.q)} of {tests(leading.family_size)}"


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
