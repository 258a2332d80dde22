"""Measures of pull requests with and without a sign of AI assistance; pure functions.

Which signs there are: `prodlens.metrics.delivery_evidence`. Everything that is counted by signs is
a lower bound, so no share of it has an interval; rates within a group have theirs.
Definitions: `prodlens.metrics.linking_entries`.
Source: statistics.md section 7; github.md 1.8.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from prodlens.metrics import delivery, followup
from prodlens.metrics.measuring import coverage
from prodlens.metrics.values import MetricValue, Unit
from prodlens.storage.delivery_links import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prodlens.metrics.delivery_inputs import DeliveryInputs
    from prodlens.metrics.followup import FollowUp
    from prodlens.metrics.inputs import MetricInputs
    from prodlens.storage.delivery_readings import PullRequest

_NAMES: Final = {
    Evidence.SESSION_TRAILER: "session trailer",
    Evidence.TRANSCRIPT: "transcript",
    Evidence.LABEL: "label",
    Evidence.CO_AUTHOR: "co-author",
}
_NOT_LESS: Final = "one without a sign may be assisted too"
_NONE: Final = {
    True: "none that is AI-linked was {what}",
    False: "none without an AI sign was {what}",
}


def ai_linked_prs(inputs: MetricInputs) -> MetricValue:
    """Return the merged pull requests with a sign, and in the note which signs they carry."""
    given = inputs.delivery
    if reason := delivery.why_no_requests(given):
        return MetricValue(value=None, unit=Unit.COUNT, n=0, note=reason)
    linked = _linked(given)
    counts = {kind: _count(given, kind) for kind in Evidence}
    words = [f"{_NAMES[kind]} {count:,}" for kind, count in counts.items() if count]
    note = f"by {', '.join(words)}" if words else _NOT_LESS
    return MetricValue(value=len(linked), unit=Unit.COUNT, n=len(given.merged), note=note)


def ai_linked_pr_share(inputs: MetricInputs) -> MetricValue:
    """Return the share of merged pull requests with a sign; a lower bound, so no interval."""
    given = inputs.delivery
    merged = [] if (reason := delivery.why_no_requests(given)) else given.merged
    nothing = reason or "no pull request was merged"
    found = coverage(len(_linked(given)) if merged else 0, len(merged), nothing=nothing)
    return found if found.value is None else replace(found, note=_NOT_LESS)


def _by(kind: Evidence, inputs: MetricInputs) -> MetricValue:
    given = inputs.delivery
    if reason := delivery.why_no_requests(given):
        return MetricValue(value=None, unit=Unit.COUNT, n=0, note=reason)
    return MetricValue(
        value=_count(given, kind), unit=Unit.COUNT, n=len(given.merged), note=_NOT_LESS
    )


def _linked(given: DeliveryInputs) -> list[PullRequest]:
    return [one for one in given.merged if (one.repo_id, one.number) in given.evidence]


def _count(given: DeliveryInputs, kind: Evidence) -> int:
    return sum(kind in given.evidence[one.repo_id, one.number] for one in _linked(given))


def _among(inputs: MetricInputs, *, linked: bool) -> MetricInputs:
    """Return the inputs with only the pull requests that carry a sign, or only the others."""
    given = inputs.delivery
    requests = tuple(
        one for one in given.requests if ((one.repo_id, one.number) in given.evidence) is linked
    )
    return replace(inputs, delivery=replace(given, requests=requests))


def _of_merged(
    measure: Callable[[MetricInputs], MetricValue], inputs: MetricInputs, *, linked: bool
) -> MetricValue:
    """Return a measure of merged pull requests over one of the two groups."""
    among = _among(inputs, linked=linked)
    found = measure(among)
    if found.value is None and inputs.delivery.merged and not among.delivery.merged:
        return replace(found, note=_NONE[linked].format(what="merged"))
    return found


def _of_closed(
    judge: Callable[..., FollowUp], what: str, inputs: MetricInputs, *, linked: bool
) -> MetricValue:
    """Return a rate within 21 days over one of the two groups."""
    given = inputs.delivery
    chosen = {(one.repo_id, one.number) for one in _among(inputs, linked=linked).delivery.requests}
    found = judge(given, chosen)
    return delivery.follow_up_share(given, found, nothing=_NONE[linked].format(what=what))


MEASURES: Final[Mapping[str, Callable[[MetricInputs], MetricValue]]] = {
    "ai_linked_prs": ai_linked_prs,
    "ai_linked_pr_share": ai_linked_pr_share,
    **{f"ai_linked_by_{kind}": partial(_by, kind) for kind in Evidence},
    "pr_merge_time_ai_linked_hours": partial(_of_merged, delivery.pr_merge_time_hours, linked=True),
    "pr_merge_time_not_linked_hours": partial(
        _of_merged, delivery.pr_merge_time_hours, linked=False
    ),
    "pr_size_ai_linked_lines": partial(_of_merged, delivery.pr_size_lines, linked=True),
    "pr_size_not_linked_lines": partial(_of_merged, delivery.pr_size_lines, linked=False),
    "rework_rate_ai_linked": partial(_of_closed, followup.rework, "closed", linked=True),
    "rework_rate_not_linked": partial(_of_closed, followup.rework, "closed", linked=False),
    "revert_rate_ai_linked": partial(_of_closed, followup.reverted, "merged", linked=True),
    "revert_rate_not_linked": partial(_of_closed, followup.reverted, "merged", linked=False),
}
"""The measure of each slug."""
