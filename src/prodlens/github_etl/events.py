"""Finds out which pull requests were reopened: what is not known stays unknown, never "no".

What is closed and reopened within the second of its last change looks as before: events that were
read in that second are looked at once more. The list of all events ends after 300 pages, without a
sign that it was cut. How far back it was seen is remembered; older pull requests are asked one by
one, or by GraphQL, or wait.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prodlens.clock import format_instant
from prodlens.github_etl.run import PAGE, back, shrinking
from prodlens.sources.github.addresses import page_number
from prodlens.sources.github.caching import endpoint_key
from prodlens.sources.github.decisions import LONG_AGO, server_time
from prodlens.sources.github.payloads import event_places, read_events
from prodlens.storage import github_sync, history, runs
from prodlens.storage.github_sync import ALL, EVENTS, PULLS, SINCE_LAST

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from prodlens.github_etl.run import Run
    from prodlens.sources.github.client import Answer
    from prodlens.sources.github.payloads import EventPlace
    from prodlens.storage.github_sync import Waiting

CAP_PAGES: Final = 300
"""GitHub shows no more pages of this list (chaoss/augur, `augur/tasks/github/events.py`)."""
ONE_BY_ONE: Final = 100
"""So many that the list doesn't reach are asked one by one in one run."""
_FEW: Final = 3
"""So many pages of the list are read however few pull requests wait."""
_BEYOND: Final = 422
"""Status of a page beyond the last one that GitHub shows."""
_FORBIDDEN: Final = 403
_REFUSED: Final = (_FORBIDDEN, 404, 410)
"""Events may be withheld where pull requests are not: then it stays unknown what was reopened."""
_RESERVE: Final = 0.1
"""Share of the hour's calls that is left for others, where asking can wait."""


@dataclass(frozen=True, slots=True)
class _Walk:
    """A walk down the list.

    Attributes:
        top_id: Id of the newest event when it began; 0 when there was none.
        top_time: Its time, as stored text.
        size: Events on the first page.
        page: Path of the page that is read.
        etag: Validator of the first page; None for a walk that is resumed.
        seen_at: When the first page was answered, as stored text; empty as above.
        is_resumed: Whether its first page was read by an earlier run.
    """

    top_id: int
    top_time: str
    size: int
    page: str
    etag: str | None = None
    seen_at: str = ""
    is_resumed: bool = False

    @classmethod
    def starting_at(cls, first: Answer, key: str, seen_at: str) -> _Walk:
        """Return the walk that a first page begins; `key` is what its validator is kept under."""
        top = max(event_places(first.body), default=None)
        at = (top.event_id, top.created_at) if top else (0, "")
        return cls(*at, len(first.body), key, first.etag, seen_at)

    @classmethod
    def remembered(cls, state: Mapping[str, str]) -> _Walk:
        """Return the walk that `sync_state` remembers."""
        return cls(
            int(state["walk_id"]),
            state["walk_time"],
            int(state["walk_size"]),
            state["walk"],
            is_resumed=True,
        )

    def state(self) -> dict[str, str]:
        """Return it as values of `sync_state`."""
        return {
            "walk": self.page,
            "walk_id": str(self.top_id),
            "walk_time": self.top_time,
            "walk_size": str(self.size),
        }

    def ends_by_itself(self, page: Answer) -> bool:
        """Return whether the list ends here because there is no more, not because it is cut.

        A cut list ends with a full page. A first page is full when it holds what was asked for: what
        an installation gives at most is only seen from a first page that isn't the last.
        """
        if page.next is not None:
            return False
        number = page_number(page.path) or 1
        if number == 1:
            return not self.page.endswith(f"per_page={len(page.body)}")
        return len(page.body) < self.size and number != CAP_PAGES


class _Known:
    """What earlier walks know of the list.

    Attributes:
        covered_from: Events from after this time on are known; empty is all there are.
        is_anything: Whether any walk ever ended.
    """

    def __init__(self, state: Mapping[str, str]) -> None:
        self.is_anything = "last_id" in state
        self.covered_from = state.get("covered_from", "")
        self._last_id = int(state.get("last_id", "-1"))
        last_time = state.get("last_time")
        self._stop = back(last_time) if last_time else ""

    def is_reached(self, places: Iterable[EventPlace]) -> bool:
        """Return whether a page comes down to what is known, with some overlap."""
        return any(one.event_id <= self._last_id and one.created_at < self._stop for one in places)


class EventSync:
    """One look at the events of one repository."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._repo_id = run.repo.repo_id

    def sync(self, *, ask_older: bool = True) -> None:
        """Look at what happened since the last look, and at every pull request that changed.

        Args:
            ask_older: Whether those that the list doesn't reach are asked one by one; more than
                `ONE_BY_ONE` wait, unless the run is to fill everything.

        Raises:
            RetryLaterError: It ended early; the next look goes on.
            RemoteError: GitHub refuses.
        """
        if self._run.since is not None:
            self._ask(self._waiting()[:ONE_BY_ONE])
            return
        if not self._is_settled():
            shrinking(self._walk)
        if ask_older:
            self.ask_older()

    def ask_older(self) -> None:
        """Ask for the events of those that the list doesn't reach, one by one; not of too many."""
        older = self._waiting()
        if self._run.since is None and (self._run.fill or len(older) <= ONE_BY_ONE):
            self._ask(older, can_wait=True)

    def _is_settled(self) -> bool:
        """Return whether every event was seen, unless a pull request changed since: none did."""
        state = self._run.state(EVENTS)
        changed = self._run.state(PULLS).get("watermark", "")
        is_seen = "walk" not in state and state.get("seen_at", "") > changed
        return is_seen and not self._fresh(_Known(state))

    def _seen_at(self, answer: Answer) -> str:
        """Return when a page was answered, by the server's clock; long ago where it doesn't say.

        The clock of this computer can't tell whether a second of the server's was over.
        """
        return format_instant(server_time(answer.headers, LONG_AGO))

    def _waiting(self) -> list[Waiting]:
        return github_sync.waiting(self._run.store.conn, self._repo_id)

    def _fresh(self, known: _Known) -> list[Waiting]:
        """Return those whose events the list can tell."""
        waiting = self._waiting()
        if not known.is_anything:
            return waiting
        return [one for one in waiting if _is_told(one, known.covered_from, joined=True)]

    def _walk(self, size: int) -> None:
        """Read the list, hardly more pages of it than asking one by one would take calls."""
        state = self._run.state(EVENTS)
        known = _Known(state)
        if "walk" in state and size == PAGE:
            walk = _Walk.remembered(state)
            first = self._run.client.get(walk.page, take=(_BEYOND, *_REFUSED))
            if first.status == 200:
                self._down(walk, first, known)
                self._walk(size)  # what happened since that walk began
                return
        path, parameters = self._run.path("issues/events"), {"per_page": str(size)}
        key = endpoint_key(path, parameters)
        etag = runs.get_etag(self._run.store.conn, key) if known.is_anything else None
        first = self._run.client.get(path, parameters, etag=etag, take=_REFUSED)
        if first.status in _REFUSED:
            return  # what waits is asked one by one
        if first.status != 304:
            self._down(_Walk.starting_at(first, key, self._seen_at(first)), first, known)
            return
        with self._run.store.transaction() as conn:
            history.set_state(conn, self._repo_id, {"seen_at": self._seen_at(first)}, EVENTS)
            self._settle(conn, known.covered_from, joined=True)

    def _down(self, walk: _Walk, page: Answer, known: _Known) -> None:
        """Read down to what is known, or to the end; a first walk can go on where it died."""
        key = walk.page
        most = max(len(self._fresh(known)), _FEW)
        lowest = walk.top_time
        for done in itertools.count(1):
            places = event_places(page.body)
            lowest = min((one.created_at for one in places), default=lowest)
            joined, whole = known.is_reached(places), walk.ends_by_itself(page)
            with self._run.store.transaction() as conn:
                github_sync.add_events(conn, self._repo_id, read_events(page.body))
                if joined or page.next is None or done >= most:
                    covered = known.covered_from if joined else "" if whole else lowest
                    self._finish(conn, walk, key, covered, joined=joined or whole)
                    return
                if not known.is_anything:
                    history.set_state(conn, self._repo_id, walk.state(), EVENTS)
            self._run.tell("events", done)
            following = self._run.client.get(page.next, take=(_BEYOND,))
            if following.status == _BEYOND:
                with self._run.store.transaction() as conn:
                    self._finish(conn, walk, key, lowest, joined=False)
                return
            page, walk = following, dataclasses.replace(walk, page=following.path)

    def _finish(
        self, conn: sqlite3.Connection, walk: _Walk, key: str, covered_from: str, *, joined: bool
    ) -> None:
        """Write down how far the list is known, and what follows; caller's transaction."""
        place = {
            "last_id": str(walk.top_id),
            "last_time": walk.top_time,
            "covered_from": covered_from,
            "seen_at": walk.seen_at,
        }
        github_sync.forget(conn, self._repo_id, EVENTS)
        history.set_state(conn, self._repo_id, place, EVENTS)
        if walk.etag is not None:
            runs.set_etag(conn, key, walk.etag)
        self._settle(conn, covered_from, joined=joined, is_new=not walk.is_resumed)

    def _settle(
        self, conn: sqlite3.Connection, covered_from: str, *, joined: bool, is_new: bool = True
    ) -> None:
        """Write which were reopened, as far as the list tells; caller's transaction.

        A list whose first page was read by an earlier run says nothing of what happened since.
        """
        for one in github_sync.waiting(conn, self._repo_id):
            told = _is_told(one, covered_from, joined=joined)
            if github_sync.set_reopened(conn, self._repo_id, one, complete=told and is_new):
                self._run.pulls.add(one.number)
            if not told and one.scope != ALL:
                github_sync.know_nothing(conn, self._repo_id, one.number)

    def _ask(self, some: list[Waiting], *, can_wait: bool = False) -> None:
        """Ask for all events of pull requests, one after the other."""
        for done, one in enumerate(some, 1):
            if can_wait and self._is_scarce():
                return
            path = self._run.path(f"issues/{one.number}/events")
            first = self._run.client.get(path, {"per_page": "100"}, take=_REFUSED)
            if first.status == _FORBIDDEN:
                self._run.events_refused = True
                return
            if first.status in _REFUSED:
                with self._run.store.transaction() as conn:
                    github_sync.stop_waiting(conn, self._repo_id, one.number)
                continue
            events = [
                event
                for page in self._run.client.pages(first)
                for event in read_events(page.body, one.number)
            ]
            with self._run.store.transaction() as conn:
                github_sync.add_events(conn, self._repo_id, events)
                (now,) = github_sync.waiting(conn, self._repo_id, one.number)
                if github_sync.set_reopened(conn, self._repo_id, now, complete=True):
                    self._run.pulls.add(one.number)
            self._run.tell("events of pull requests", done, len(some))

    def _is_scarce(self) -> bool:
        usage = self._run.client.usage
        if usage.remaining is None or not usage.limit:
            return False
        return usage.remaining < usage.limit * _RESERVE


def _is_told(one: Waiting, covered_from: str, *, joined: bool) -> bool:
    """Return whether a walk tells all events of a pull request.

    Args:
        one: The pull request.
        covered_from: Events from after this time on are known; empty is all there are.
        joined: Whether the walk came down to where the one before it had begun.
    """
    if not covered_from or (joined and one.scope == SINCE_LAST):
        return True
    return one.created_at is not None and one.created_at > covered_from
