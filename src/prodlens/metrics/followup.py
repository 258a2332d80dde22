"""Owns what happened to pull requests within 21 days: reopened after a close, reverted after a merge.

Pure functions of the inputs. Only pull requests whose 21 days were over when their repository was
last read can be judged; what no source tells is unknown, never "no".
Source: statistics.md 7, github.md 1.6 and 1.7; git-revert(1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from prodlens.metrics.delivery_entries import FOLLOW_UP_DAYS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from prodlens.metrics.delivery_inputs import DeliveryInputs
    from prodlens.storage.delivery_links import Key
    from prodlens.storage.delivery_readings import PullRequest, Revert

FOLLOW_UP: Final = timedelta(days=FOLLOW_UP_DAYS)
_QUOTED: Final = re.compile(r'Revert "(.*)"')
_AT_END: Final = re.compile(r"\(#([1-9]\d{0,8})\)\s*$")
_SHORTEST_SHA: Final = 7


@dataclass(frozen=True, slots=True)
class FollowUp:
    """How many pull requests something happened to within their 21 days.

    Attributes:
        happened: Those to which it did.
        matured: All that could be judged.
        immature: Those whose 21 days were not over at the last sync.
        unknown: Those of which no source says whether it happened.
    """

    happened: int = 0
    matured: int = 0
    immature: int = 0
    unknown: int = 0


class _Close(NamedTuple):
    """The first close of a pull request, and when it was taken back."""

    at: datetime
    reopened_at: datetime | None


def rework(inputs: DeliveryInputs, among: Collection[Key] | None = None) -> FollowUp:
    """Return how many of the pull requests first closed in the window were reopened.

    Args:
        inputs: What is known.
        among: Repository and number of those that are judged; None is all.
    """
    happened = matured = immature = unknown = 0
    for request in inputs.requests:
        close = _first_close(request)
        if close is None or not inputs.holds(close.at) or not _is_among(request, among):
            continue
        if request.reopened is None and request.first_reopened is None:
            unknown += 1
        elif not _is_over(close.at, inputs.as_of(request.repo_id)):
            immature += 1
        else:
            matured += 1
            happened += close.reopened_at is not None and close.reopened_at - close.at <= FOLLOW_UP
    return FollowUp(happened, matured, immature, unknown)


def _first_close(request: PullRequest) -> _Close | None:
    """Return the first close; None for a pull request that was never closed.

    Where events were not recorded, or not from the beginning, the first close of one that was
    reopened lies before its reopening: at its recorded close if that is earlier, else it is taken
    to be at the reopening.
    """
    closes = [moment for moment in (request.closed_at, request.merged_at) if moment is not None]
    if not (request.reopened or request.first_reopened):
        at = request.first_closed or min(closes, default=None)
        return None if at is None else _Close(at, None)
    reopened_at = request.first_reopened or request.reopened_at
    first = request.first_closed
    if first is not None and (reopened_at is None or first <= reopened_at):
        return _Close(first, reopened_at or first)
    if reopened_at is None:
        at = min(closes, default=request.updated_at)
        return None if at is None else _Close(at, at)
    return _Close(min([reopened_at, *closes]), reopened_at)


def reverted(inputs: DeliveryInputs, among: Collection[Key] | None = None) -> FollowUp:
    """Return how many of the pull requests merged in the window were reverted; see `rework`."""
    merged = inputs.merged
    undone = _reverted_at(merged, inputs.reverts)
    happened = matured = immature = 0
    for request in merged:
        if not _is_among(request, among):
            continue
        if request.merged_at is None or not _is_over(
            request.merged_at, inputs.as_of(request.repo_id)
        ):
            immature += 1
            continue
        matured += 1
        at = undone.get((request.repo_id, request.number))
        happened += at is not None and at - request.merged_at <= FOLLOW_UP
    return FollowUp(happened, matured, immature)


def _is_among(request: PullRequest, among: Collection[Key] | None) -> bool:
    return among is None or (request.repo_id, request.number) in among


def _is_over(begin: datetime, as_of: datetime | None) -> bool:
    return as_of is not None and begin + FOLLOW_UP <= as_of


def _reverted_at(
    merged: Iterable[PullRequest], reverts: Iterable[Revert]
) -> dict[tuple[int, int], datetime]:
    """Return when each pull request was first reverted after its merge, by repository and number."""
    index = _Index(merged)
    found: dict[tuple[int, int], datetime] = {}
    for revert in sorted(reverts, key=lambda one: one.at):
        target = index.target(revert)
        if target is not None and target.merged_at is not None and target.merged_at <= revert.at:
            found.setdefault((target.repo_id, target.number), revert.at)
    return found


class _Index:
    """Finds the pull request that a revert is about: by number, commit, or else title."""

    def __init__(self, merged: Iterable[PullRequest]) -> None:
        self._by_number: dict[tuple[int, int], PullRequest] = {}
        self._by_sha: dict[tuple[int, str], PullRequest] = {}
        self._by_title: dict[tuple[int, str], list[PullRequest]] = {}
        for request in merged:
            self._by_number[request.repo_id, request.number] = request
            if request.merge_commit_sha:
                self._by_sha[request.repo_id, request.merge_commit_sha] = request
            if request.title:
                key = request.repo_id, _plain(request.title)
                self._by_title.setdefault(key, []).append(request)

    def target(self, revert: Revert) -> PullRequest | None:
        """Return what is reverted; None when it is no pull request merged in the window."""
        found = self._named(revert)
        # a commit that is taken back inside its own pull request reverts nothing that was merged
        return None if found is None or found.number == revert.own_number else found

    def _named(self, revert: Revert) -> PullRequest | None:
        quoted = _QUOTED.match(revert.title or "")
        at_end = _AT_END.search(quoted[1]) if quoted else None
        number = revert.number or (int(at_end[1]) if at_end else None)
        if number is not None:
            return self._by_number.get((revert.repo_id, number))
        if revert.sha is not None:
            return self._of_commit(revert.repo_id, revert.sha)
        return self._titled(revert, quoted[1]) if quoted else None

    def _of_commit(self, repo_id: int, sha: str) -> PullRequest | None:
        exact = self._by_sha.get((repo_id, sha))
        if exact is not None or len(sha) < _SHORTEST_SHA:
            return exact
        return next(
            (
                request
                for (repo, full), request in self._by_sha.items()
                if repo == repo_id and full.startswith(sha)
            ),
            None,
        )

    def _titled(self, revert: Revert, title: str) -> PullRequest | None:
        """Return the latest pull request of that title that was merged before."""
        earlier = [
            request
            for request in self._by_title.get((revert.repo_id, _plain(title)), ())
            if request.merged_at is not None and request.merged_at <= revert.at
        ]
        return max(earlier, key=lambda request: str(request.merged_at), default=None)


def _plain(title: str) -> str:
    """Return a title without the number that a squash puts behind it."""
    return _AT_END.sub("", title).strip()
