"""What is known of each pull request of a window: how long, reopened, reverted, AI signs.

Pure functions of the delivery inputs; the same rules as the metrics of delivery, request by
request. Names no author. What no source tells is None, and "too early" is a word of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from prodlens.metrics import followup
from prodlens.storage.delivery_links import Evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.metrics.delivery_inputs import DeliveryInputs
    from prodlens.storage.delivery_links import Key
    from prodlens.storage.delivery_readings import PullRequest

_HOUR: Final = timedelta(hours=1)
YES: Final = "yes"
NO: Final = "no"
TOO_EARLY: Final = "too early"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestLine:
    """One pull request of people.

    Attributes:
        repo: `owner/name`; None for one that belongs to no repository.
        request: What is stored of it.
        state: merged, closed or open.
        merge_hours: Hours from opening to merge; None when it is not merged, when it is not known
            when it was opened, or when it is said to be merged before that.
        reopened: Whether it was ever reopened; None when no source says so.
        reverted: Whether it was reverted within 21 days of its merge: yes, no, or too early while
            they were not over at the last sync; None when it was not merged.
        evidence: Signs of AI assistance, the strongest first; empty when it carries none, which
            does not mean that there was none.
    """

    repo: str | None
    request: PullRequest
    state: str
    merge_hours: float | None
    reopened: bool | None
    reverted: str | None
    evidence: tuple[Evidence, ...]


def pull_request_lines(given: DeliveryInputs) -> list[PullRequestLine]:
    """Return the pull requests opened, merged or closed in the window, the latest first."""
    slugs = {state.repo_id: state.slug for state in given.states}
    chosen = [
        one
        for one in given.requests
        if any(given.holds(at) for at in (one.created_at, one.merged_at, one.closed_at))
    ]
    merged = sorted(given.merged, key=lambda one: (str(one.merged_at), _key(one)))
    reverted = _reverted(given, [_key(one) for one in merged])
    chosen.sort(key=lambda one: (str(one.merged_at or one.closed_at or one.created_at), _key(one)))
    return [
        PullRequestLine(
            repo=slugs.get(one.repo_id),
            request=one,
            state="merged" if one.merged_at else "closed" if one.closed_at else "open",
            merge_hours=_merge_hours(one),
            reopened=one.reopened,
            reverted=reverted.get(_key(one)),
            evidence=_signs(given, one),
        )
        for one in reversed(chosen)
    ]


def _key(request: PullRequest) -> Key:
    return request.repo_id, request.number


def _merge_hours(request: PullRequest) -> float | None:
    if request.created_at is None or request.merged_at is None:
        return None
    hours = (request.merged_at - request.created_at) / _HOUR
    return hours if hours >= 0 else None


def _signs(given: DeliveryInputs, request: PullRequest) -> tuple[Evidence, ...]:
    found = given.evidence.get(_key(request), frozenset())
    return tuple(kind for kind in Evidence if kind in found)


def _reverted(given: DeliveryInputs, keys: Sequence[Key]) -> dict[Key, str]:
    """Return for each pull request merged in the window whether it was reverted.

    The metric counts over a group; a group that does not agree is halved, so that each answer is
    the metric's own, in few counts because reverts are few.
    """
    if not keys:
        return {}
    found = followup.reverted(given, set(keys))
    if found.immature == len(keys):
        return dict.fromkeys(keys, TOO_EARLY)
    if found.happened == len(keys):
        return dict.fromkeys(keys, YES)
    if found.happened == found.immature == 0:
        return dict.fromkeys(keys, NO)
    middle = len(keys) // 2
    return {**_reverted(given, keys[:middle]), **_reverted(given, keys[middle:])}
