"""Measures of tokens and money; pure functions of the inputs.

No store, no SQL, no formatting. Definitions: `prodlens.metrics.catalog`.
Source: statistics.md section 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.metrics.acceptance import why_nothing_accepted
from prodlens.metrics.delivery import merged_prs
from prodlens.metrics.measuring import NO_CALLS, coverage, known_for, ratio
from prodlens.metrics.values import MetricValue, Unit
from prodlens.schemas import nanos_to_usd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prodlens.metrics.inputs import MetricInputs
    from prodlens.storage.readings import CallFigures

_NO_TOKENS: Final = "no call says how many tokens it took"
_NO_ACCEPTED_TOKENS: Final = "no accepted call says how many tokens it took"
_NO_LINES: Final = "no accepted line is known"


def total_tokens(inputs: MetricInputs) -> MetricValue:
    """Return the tokens of all calls; None when calls exist and none says how many."""
    total = inputs.total
    if total.calls and not total.tokens_known:
        return MetricValue(value=None, unit=Unit.TOKENS, n=0, note=_NO_TOKENS)
    note = known_for(total.tokens_known, total.calls, "tokens are")
    return MetricValue(
        value=total.tokens,
        unit=Unit.TOKENS,
        n=total.tokens_known,
        note=note if total.calls else NO_CALLS,
    )


def tokens_per_accept(inputs: MetricInputs) -> MetricValue:
    """Return tokens per accepted call, over accepted calls whose tokens are known."""
    total = inputs.total
    reason = _NO_ACCEPTED_TOKENS if total.accepted else why_nothing_accepted(total)
    return ratio(
        total.accepted_tokens,
        total.accepted_tokens_known,
        Unit.TOKENS_PER_CALL,
        n=total.accepted_tokens_known,
        nothing=reason,
        note=known_for(total.accepted_tokens_known, total.accepted, "tokens are", "accepted calls"),
    )


def tokens_per_accepted_line(inputs: MetricInputs) -> MetricValue:
    """Return tokens per line, over accepted calls for which both are known."""
    total = inputs.total
    return ratio(
        total.lines_tokens,
        total.lines_with_tokens,
        Unit.TOKENS_PER_LINE,
        n=total.lines_tokens_known,
        nothing=_why_no_lines(total),
        note=known_for(total.lines_tokens_known, total.accepted, "lines are", "accepted calls"),
    )


def tokens_per_accepted_line_all_in(inputs: MetricInputs) -> MetricValue:
    """Return the tokens of all calls per accepted line."""
    total = inputs.total
    if not total.tokens_known:
        reason = _NO_TOKENS if total.calls else NO_CALLS
        return MetricValue(value=None, unit=Unit.TOKENS_PER_LINE, n=0, note=reason)
    return ratio(
        total.tokens,
        total.lines,
        Unit.TOKENS_PER_LINE,
        n=total.tokens_known,
        nothing=_why_no_lines(total),
        note=known_for(total.lines_known, total.accepted, "lines are", "accepted calls"),
    )


def cost_usd(inputs: MetricInputs) -> MetricValue:
    """Return the sum of known costs; None when calls exist and none has a price."""
    return cost_of(inputs.total)


def cost_of(figures: CallFigures) -> MetricValue:
    """Return the cost of some calls, such as those of one model."""
    if figures.calls and not figures.priced:
        return MetricValue(value=None, unit=Unit.USD, n=0, note="no call has a price")
    note = known_for(figures.priced, figures.calls, "the cost is")
    if figures.subscription_priced:
        words = f"on a subscription, at API prices: {figures.subscription_priced:,}"
        note = f"{note}; {words}" if note else words
    return MetricValue(
        value=nanos_to_usd(figures.cost_nanos),
        unit=Unit.USD,
        n=figures.priced,
        note=note if figures.calls else NO_CALLS,
    )


def cost_coverage(inputs: MetricInputs) -> MetricValue:
    """Return the share of calls whose cost is known."""
    return coverage(inputs.total.priced, inputs.total.calls, nothing=NO_CALLS)


def subscription_cost_usd(inputs: MetricInputs) -> MetricValue:
    """Return the part of the cost that stands for calls on a subscription."""
    total = inputs.total
    if not total.subscription_priced:
        reason = (
            "no call on a subscription has a price"
            if total.subscription
            else ("no call is known to be on a subscription")
        )
        return MetricValue(value=None, unit=Unit.USD, n=0, note=reason if total.calls else NO_CALLS)
    return MetricValue(
        value=nanos_to_usd(total.subscription_nanos),
        unit=Unit.USD,
        n=total.subscription_priced,
        note="what the API would have charged, not what was spent",
    )


def cost_per_merged_pr_usd(inputs: MetricInputs) -> MetricValue:
    """Return the cost of the window's calls per pull request merged in it."""
    total, given = inputs.total, inputs.delivery
    cost, merged = cost_of(total), merged_prs(inputs)
    reason = merged.note if merged.value is None else None
    if reason is None and (cost.value is None or not total.calls):
        reason = cost.note
    if reason:
        return MetricValue(value=None, unit=Unit.USD, n=0, note=reason)
    return ratio(
        cost.value or 0.0,
        len(given.merged),
        Unit.USD,
        n=len(given.merged),
        nothing="no pull request was merged",
        note="; ".join(note for note in (cost.note, merged.note) if note) or None,
    )


def _why_no_lines(figures: CallFigures) -> str:
    return _NO_LINES if figures.accepted else why_nothing_accepted(figures)


MEASURES: Final[Mapping[str, Callable[[MetricInputs], MetricValue]]] = {
    "total_tokens": total_tokens,
    "tokens_per_accept": tokens_per_accept,
    "tokens_per_accepted_line": tokens_per_accepted_line,
    "tokens_per_accepted_line_all_in": tokens_per_accepted_line_all_in,
    "cost_usd": cost_usd,
    "cost_coverage": cost_coverage,
    "subscription_cost_usd": subscription_cost_usd,
    "cost_per_merged_pr_usd": cost_per_merged_pr_usd,
}
"""The measure of each slug of this family."""
