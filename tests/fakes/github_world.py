"""Owns what a GitHub repository is: pull requests, events, commits, a clock; answers no request.

Every change sets `updated_at` in whole seconds and appends events with ascending ids, as GitHub
does. What the truth is, tests ask here.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

START = int(datetime(2026, 9, 1, 9, tzinfo=UTC).timestamp())
WEB = ("GitHub", "noreply@github.com")
Person = dict[str, Any]


def iso(seconds: int | None) -> str | None:
    """Return a time as GitHub writes it."""
    return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def user(login: str, number: int, kind: str = "User") -> Person:
    """Return an account."""
    return {"login": login, "id": number, "type": kind, "node_id": f"U_{number}"}


ADA = user("ada", 101)
BOB = user("Bob-B", 102)
ROBOT = user("dependabot[bot]", 49699333, "Bot")
NOBODY = user("ghost", 10137)


@dataclass
class Pull:
    """A pull request as it is now."""

    number: int
    title: str
    user: Person | None
    created_at: int
    updated_at: int
    body: str = ""
    state: str = "open"
    draft: bool = False
    merged_at: int | None = None
    closed_at: int | None = None
    merge_commit_sha: str | None = None
    labels: list[str] = field(default_factory=list)
    reopened: int = 0
    additions: int = 0
    deletions: int = 0
    changed_files: int = 0
    first_review: int | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened to a pull request or an issue."""

    id: int
    number: int
    kind: str
    at: int
    actor: Person | None
    commit_id: str | None
    of_pull: bool


@dataclass(frozen=True)
class Commit:
    """A commit; `account` is the GitHub account of its author, None when no e-mail leads to one."""

    sha: str
    parents: tuple[str, ...]
    name: str
    email: str
    authored_at: int
    committed_at: int
    committer: tuple[str, str]
    message: str
    account: Person | None


class World:
    """One repository, its past and its present."""

    def __init__(self, slug: str = "acme/payments", github_id: int = 4711) -> None:
        self.slug, self.github_id = slug, github_id
        self.old_slugs: set[str] = set()
        self.default_branch = "main"
        self.now = START
        self.pulls: dict[int, Pull] = {}
        self.events: list[Event] = []
        self.commits: dict[str, Commit] = {}
        self.head: str | None = None
        self.version = 0
        self.past: dict[int, set[tuple[str, str, str | None]]] = {}
        self._numbers = itertools.count(1)
        self._event_ids = itertools.count(9_000_000_001, 7)
        self._events_of: dict[int, list[Event]] = {}
        self._cache: dict[Any, Any] = {}

    # Time ----------------------------------------------------------------------------------

    def tick(self, seconds: float = 60) -> None:
        """Let time pass."""
        self.now += int(seconds)

    def _changed(self, pull: Pull) -> None:
        pull.updated_at = self.now
        self.version += 1
        version = (str(iso(self.now)), pull.state, iso(pull.merged_at))
        self.past.setdefault(pull.number, set()).add(version)

    def _happened(self, kind: str, number: int, *, of_pull: bool = True, **more: Any) -> None:
        actor, commit = more.get("actor", ADA), more.get("commit")
        event = Event(next(self._event_ids), number, kind, self.now, actor, commit, of_pull)
        self.events.append(event)
        self._events_of.setdefault(number, []).append(event)
        self.version += 1

    # Pull requests -------------------------------------------------------------------------

    def open_pull(self, title: str = "Work", by: Person | None = ADA, **more: Any) -> Pull:
        """Open a pull request."""
        number = next(self._numbers)
        pull = Pull(number, title, by, self.now, self.now, **more)
        self.pulls[number] = pull
        self._changed(pull)
        return pull

    def update(self, pull: Pull, **values: Any) -> None:
        """Change fields of a pull request, or only its time, as a comment does."""
        for name, value in values.items():
            setattr(pull, name, value)
        self._changed(pull)

    def close(self, pull: Pull) -> None:
        """Close without a merge."""
        pull.state, pull.closed_at = "closed", self.now
        self._changed(pull)
        self._happened("closed", pull.number)

    def reopen(self, pull: Pull) -> None:
        """Open again what was closed without a merge."""
        pull.state, pull.closed_at = "open", None
        pull.reopened += 1
        self._changed(pull)
        self._happened("reopened", pull.number, actor=pull.user)

    def merge(self, pull: Pull, sha: str | None = None) -> str:
        """Merge with a squash commit, or by a commit that is already there."""
        if sha is None:
            title = f"{pull.title} (#{pull.number})"
            sha = self.push(title, author=pull.user, committer=WEB, body=pull.body)
        pull.state, pull.closed_at, pull.merged_at = "closed", self.now, self.now
        pull.merge_commit_sha = sha
        self._changed(pull)
        self._happened("merged", pull.number, commit=sha)
        self._happened("closed", pull.number)
        return sha

    def issue_noise(self, count: int = 1) -> None:
        """Let things happen to an issue: the list of events holds those too."""
        number = next(self._numbers)
        for _ in range(count):
            self._happened("closed", number, of_pull=False)
            self._happened("labeled", number, of_pull=False)

    # Commits -------------------------------------------------------------------------------

    def add_commit(self, message: str, *parents: str, **more: Any) -> str:
        """Write a commit without moving the branch; return its hash.

        Args:
            message: The whole message.
            parents: Hashes of its parents.
            more: `author` (an account or None), `email`, `name`, `at`, `authored_at`, `committer`,
                `sha`.
        """
        author = more.get("author", ADA)
        login = author["login"] if author else "someone"
        name = more.get("name", login.title())
        email = more.get("email", f"{login.lower()}@example.org")
        at = more.get("at", self.now)
        committer = more.get("committer", (name, email))
        authored_at = more.get("authored_at", at)
        seed = f"{parents}{name}{email}{at}{authored_at}{committer}{message}{len(self.commits)}"
        sha = more.get("sha") or hashlib.sha1(seed.encode(), usedforsecurity=False).hexdigest()
        self.commits[sha] = Commit(
            sha, parents, name, email, authored_at, at, committer, message, author
        )
        return sha

    def push(
        self, message: str, *, author: Person | None = ADA, body: str = "", **more: Any
    ) -> str:
        """Add a commit on top of the branch."""
        parents = (self.head,) if self.head else ()
        text = f"{message}\n\n{body}" if body else message
        self.head = self.add_commit(text, *parents, author=author, **more)
        self.version += 1
        return self.head

    def merge_branch(self, tip: str, message: str = "Merge branch 'side'") -> str:
        """Merge a branch into the default branch with a merge commit."""
        assert self.head is not None
        self.head = self.add_commit(message, self.head, tip, committer=WEB)
        self.version += 1
        return self.head

    def force_push(self, sha: str) -> None:
        """Let the branch point somewhere else."""
        self.head = sha
        self.version += 1

    def rename(self, slug: str) -> None:
        """Give the repository another name; the old one goes on leading to it."""
        self.old_slugs.add(self.slug)
        self.old_slugs.discard(slug)
        self.slug = slug

    def events_of(self, number: int) -> list[Event]:
        """Return the events of one pull request or issue, oldest first."""
        return self._events_of.get(number, [])

    # Truth ---------------------------------------------------------------------------------

    def ancestors(self, sha: str | None) -> set[str]:
        """Return everything a commit contains."""
        found: set[str] = set()
        below = [sha] if sha else []
        while below:
            one = below.pop()
            if one not in found:
                found.add(one)
                below.extend(self.commits[one].parents)
        return found

    def log(self, sha: str, without: str | None = None) -> list[Commit]:
        """Return what a commit contains in the order of `git log`, newest first; cached."""
        key = (sha, without)
        if key not in self._cache:
            hidden = self.ancestors(without)
            heap = [] if sha in hidden else [(-self.commits[sha].committed_at, 0, sha)]
            seen, order, found = {sha}, itertools.count(1), []
            while heap:
                commit = self.commits[heapq.heappop(heap)[2]]
                found.append(commit)
                for parent in commit.parents:
                    if parent not in seen | hidden if hidden else parent not in seen:
                        seen.add(parent)
                        at = -self.commits[parent].committed_at
                        heapq.heappush(heap, (at, next(order), parent))
            self._cache[key] = found
        found_log: list[Commit] = self._cache[key]
        return found_log

    def sorted_pulls(self, by: str, *, descending: bool) -> list[Pull]:
        """Return the pull requests in an order; cached until something changes."""
        key = ("pulls", by, descending)
        if self._cache.get(key, (-1,))[0] != self.version:
            name = "updated_at" if by == "updated" else "created_at"
            order = sorted(
                self.pulls.values(), key=lambda p: (getattr(p, name), p.number), reverse=descending
            )
            self._cache[key] = (self.version, order)
        ordered: list[Pull] = self._cache[key][1]
        return ordered
