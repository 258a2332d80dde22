"""Owns what the delivery metrics are computed from, read once; computes no metric.

Pull requests of programs are set apart here, so that no metric can forget to leave them out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from prodlens.clock import TOLERATED_FUTURE
from prodlens.metrics.delivery_evidence import AI_LABELS, evidence_of
from prodlens.selection import Selection
from prodlens.storage import delivery_links, delivery_readings, where
from prodlens.storage.delivery_readings import CommitFigures

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from prodlens.storage.delivery_links import Evidence, Key
    from prodlens.storage.delivery_readings import PullRequest, RepositoryState, Revert

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class DeliveryInputs:
    """Everything the delivery metrics of one slice are computed from.

    Attributes:
        start: First instant of the window, aware UTC; None when the window holds no time.
        end: First instant after it, never in the future; None as above.
        states: Repositories of which deliveries are known.
        requests: Pull requests of people to which anything happened since `start`.
        requests_by_programs: Pull requests of programs merged in the window; in no metric.
        evidence: Signs of AI assistance of those of `requests` that carry any.
        reverts: What takes something back, of all times.
        commits: Counts over the commits of the window.
        impossible_commits: Commits that landed at no possible time and count on no day.
    """

    start: datetime | None = None
    end: datetime | None = None
    states: tuple[RepositoryState, ...] = ()
    requests: tuple[PullRequest, ...] = ()
    requests_by_programs: int = 0
    evidence: Mapping[Key, frozenset[Evidence]] = field(default_factory=dict)
    reverts: tuple[Revert, ...] = ()
    commits: CommitFigures = field(default_factory=CommitFigures)
    impossible_commits: int = 0

    def holds(self, moment: datetime | None) -> bool:
        """Return whether an instant lies in the window."""
        if moment is None or self.start is None or self.end is None:
            return False
        return self.start <= moment < self.end

    def as_of(self, repo_id: int) -> datetime | None:
        """Return until when the deliveries of a repository are known."""
        return self._as_of.get(repo_id)

    @cached_property
    def _as_of(self) -> dict[int, datetime | None]:
        return {state.repo_id: state.as_of for state in reversed(self.states)}

    @cached_property
    def merged(self) -> list[PullRequest]:
        """The pull requests merged in the window."""
        return [request for request in self.requests if self.holds(request.merged_at)]

    @property
    def observed_until(self) -> datetime | None:
        """The end of the window, or the last sync where that is earlier."""
        synced = [state.synced_at for state in self.states]
        latest = max((moment for moment in synced if moment is not None), default=None)
        if self.end is None or latest is None or None in synced:
            return self.end
        return min(self.end, latest)

    @property
    def days(self) -> float:
        """Days of the window that were observed, at least one."""
        if self.start is None or self.observed_until is None:
            return 1.0
        return max((self.observed_until - self.start) / _DAY, 1.0)

    @property
    def weeks(self) -> float:
        """Weeks of the window that were observed, at least one: no part of a week is scaled up."""
        return max(self.days / 7, 1.0)

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """From when to when deliveries are known; None when none are."""
        firsts = [
            moment
            for state in self.states
            for moment in (state.first_commit, state.first_request)
            if moment is not None
        ]
        lasts = [state.as_of for state in self.states if state.as_of is not None]
        return (min(firsts), max(lasts)) if firsts and lasts else None


def horizon_of(now: datetime, last_call: datetime | None) -> datetime:
    """Return the instant beyond which no delivery can have happened."""
    return max(now, last_call or now) + TOLERATED_FUTURE


def known_states(
    conn: sqlite3.Connection, repositories: tuple[str, ...], *, horizon: datetime
) -> tuple[RepositoryState, ...]:
    """Return the repositories of a slice of which deliveries are known."""
    clause = where.pull_requests(Selection(repositories=repositories), alias="r")
    return tuple(delivery_readings.repositories(conn, clause, horizon=horizon))


def read_delivery(
    conn: sqlite3.Connection,
    selection: Selection,
    states: Sequence[RepositoryState],
    *,
    horizon: datetime,
    ai_labels: Sequence[str] = AI_LABELS,
) -> DeliveryInputs:
    """Read what the delivery metrics need.

    Args:
        conn: The database.
        selection: The slice; both its times are set.
        states: The repositories of which deliveries are known.
        horizon: Times beyond it are impossible.
        ai_labels: Globs of labels that are a sign of AI assistance.
    """
    if not states:
        return DeliveryInputs(start=selection.since, end=selection.until)
    anywhen = Selection(repositories=selection.repositories, developers=selection.developers)
    anyone = Selection(repositories=selection.repositories)
    requests = where.pull_requests(anywhen, alias="p")
    commits = where.commits(anywhen, alias="c")
    found = list(delivery_readings.pull_requests(conn, requests, since=selection.since))
    by_people = tuple(request for request in found if not request.is_bot)
    everywhere = where.pull_requests(anyone, alias="p"), where.commits(anyone, alias="c")
    window = DeliveryInputs(start=selection.since, end=selection.until)
    return DeliveryInputs(
        start=selection.since,
        end=selection.until,
        states=tuple(states),
        requests=by_people,
        evidence=evidence_of(by_people, delivery_links.signs(conn, *everywhere), ai_labels),
        requests_by_programs=sum(
            request.is_bot and window.holds(request.merged_at) for request in found
        ),
        reverts=tuple(delivery_readings.reverts(conn, *everywhere)),
        commits=delivery_readings.commit_figures(conn, where.commits(selection, alias="c")),
        impossible_commits=delivery_readings.impossible_commits(conn, commits, horizon=horizon),
    )
