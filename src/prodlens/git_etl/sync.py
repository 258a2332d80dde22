"""`GitETL`: a local clone -> store, by ancestry; knows neither how git is run nor any SQL text.

The default branch's rows are a function of its history: how often, in how many steps and with what
interruptions it was read does not matter. The cursor is written with and after the last row.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.clock import TOLERATED_FUTURE, format_instant, utc_now
from prodlens.errors import InputError
from prodlens.git_etl.rows import (
    commit_row,
    merged_number,
    request_author,
    request_row,
    stored_time,
)
from prodlens.selection import parse_repository
from prodlens.sources.ai_trailers import is_nobody
from prodlens.sources.git import GitRepository
from prodlens.sources.git_landing import landings
from prodlens.storage import connection, delivery, history, history_requests, runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from prodlens.sources.git import GitCommit, Head
    from prodlens.sources.git_landing import Landing
    from prodlens.storage import ProdLensStore

JOB: Final = "ingest_git"
RULES: Final = "1"
"""Raised when what is read from a message changes: the next sync then reads everything again."""
EARLIEST_COMMIT: Final = datetime(1971, 1, 1, tzinfo=UTC)
"""A clock that was never set says 1970. Unlike calls, commits are older than assistants."""
_BATCH: Final = 10_000
"""Hashes are random: every batch touches the whole index, so few large ones are faster."""
_LINES_BATCH: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class GitSyncReport:
    """What one sync found and did.

    Attributes:
        repo_slug: The repository, `owner/name`.
        branch: Branch that was read; None when no branch is checked out.
        head: Its newest commit; None when the repository is empty.
        instead_of: Branch that is checked out, when the default branch was read instead.
        previous_branch: Branch that was read before, when it was another one.
        commits_added: Commits that are new.
        commits_changed: Known commits that say something else now.
        commits_left: Commits that are no longer on the branch.
        pull_requests_added: Merged pull requests that are new.
        uncertain_numbers: Commits of this run whose number may be that of an issue; not used.
        rewritten: Whether the branch no longer contains what was its newest commit.
        outdated: Whether the clone is older than what is stored; nothing was changed then.
        history_cut: Whether the clone is shallow: landings near the cut may be late.
        mail_map_read: Whether the mail-map could be read.
        totals: What stands about the repository now, from all sources.
    """

    repo_slug: str
    branch: str | None
    head: str | None
    instead_of: str | None = None
    previous_branch: str | None = None
    commits_added: int = 0
    commits_changed: int = 0
    commits_left: int = 0
    pull_requests_added: int = 0
    uncertain_numbers: int = 0
    rewritten: bool = False
    outdated: bool = False
    history_cut: bool = False
    mail_map_read: bool = True
    totals: history.Totals


@dataclass(frozen=True, slots=True)
class LineReport:
    """How many commits got their lines counted, and for how many contents are missing."""

    counted: int
    unreadable: int


class GitETL:
    """Stores what local clones tell.

    Args:
        store: The store, writable.
        now: Gives the present; dates of commits more than a day later are impossible.
        batch: Commits in one transaction, at least; what lands together is never parted.
    """

    def __init__(
        self, store: ProdLensStore, *, now: Callable[[], datetime] = utc_now, batch: int = _BATCH
    ) -> None:
        self._store = store
        self._now = now
        self._batch = batch

    def sync(
        self,
        path: str | Path,
        *,
        repo_slug: str | None = None,
        branch: str | None = None,
        allow_shallow: bool = False,
        force: bool = False,
    ) -> GitSyncReport:
        """Store commits, parents, trailers and merged pull requests of one branch.

        Reads only what is new since the last sync, unless the branch was rewritten or its
        first-parent chain changed. Uses no network.

        Args:
            path: A folder of the clone.
            repo_slug: `owner/name`; None asks the clone's remote.
            branch: Branch to read; None is the default branch, see `GitRepository.head`.
            allow_shallow: Take a clone whose history was cut off.
            force: Read everything anew, and take it even when it has nothing in common with what
                is stored, or is older.

        Raises:
            InputError: The clone can't be read, names no repository, is shallow, or holds the
                history of another repository; the message says what to do.
            StoreError: The database can't be written; what was stored before is intact.
        """
        clone = GitRepository(Path(path))
        slug = _slug(clone, repo_slug)
        head = clone.head(branch)
        if clone.is_shallow and not allow_shallow:
            raise InputError(
                f"{clone.path} is a shallow clone, its history is cut off: run `git fetch "
                "--unshallow` in it, or add --allow-shallow to take what there is."
            )
        with connection.naming_errors(self._store.path):
            repo_id = self._repository(slug)
            run = _Sync(self._store, clone, head, repo_id, slug, self._now())
            return run.run(force=force, batch=self._batch)

    def count_lines(
        self, path: str | Path, *, repo_slug: str | None = None, branch: str | None = None
    ) -> LineReport:
        """Count lines of stored commits that have none, as far as the clone holds contents.

        Killed and run again it goes on where it was. Merges are left out. Arguments and errors are
        those of `sync`.
        """
        clone = GitRepository(Path(path))
        slug, head = _slug(clone, repo_slug), clone.head(branch)
        if head.sha is None:
            return LineReport(0, 0)
        counted = unreadable = 0
        with connection.naming_errors(self._store.path):
            repo_id = self._repository(slug)
            left = iter(history.uncounted(self._store.conn, repo_id))
        while batch := list(islice(left, _LINES_BATCH)):
            counts = clone.line_counts(batch, head.sha)
            known = {sha: lines for sha, lines in counts.items() if lines is not None}
            with self._store.transaction() as conn:
                history.set_lines(conn, repo_id, known)
            counted += len(known)
            unreadable += len(batch) - len(known)
        return LineReport(counted, unreadable)

    def _repository(self, slug: str) -> int:
        with self._store.transaction() as conn:
            return delivery.repository_id(conn, slug)


class _Plan(NamedTuple):
    """What is to be read: everything above `base`, or everything."""

    base: str | None
    rewritten: bool
    outdated: bool


class _Sync:
    """One sync of one branch into one repository."""

    def __init__(
        self,
        store: ProdLensStore,
        clone: GitRepository,
        head: Head,
        repo_id: int,
        slug: str,
        now: datetime,
    ) -> None:
        self._store, self._clone, self._head = store, clone, head
        self._repo_id, self._slug, self._started = repo_id, slug, now
        self._latest = now + TOLERATED_FUTURE
        self._state = history.state(store.conn, repo_id)
        self._merged: dict[int, tuple[str, str]] = {}
        self._counts: defaultdict[str, int] = defaultdict(int)

    def run(self, *, force: bool, batch: int) -> GitSyncReport:
        """Read, write, and report."""
        head = self._head.sha
        if head is None:
            return self._report()
        plan = self._plan(head, force=force)
        if plan.outdated:
            return self._report(outdated=True)
        if plan.base is not None or self._clone.is_shallow:
            self._merged = history_requests.known(self._store.conn, self._repo_id)
        if plan.base != head:
            self._walk(head, plan.base, batch)
        mail_map_read = self._finish(head, plan)
        return self._report(rewritten=plan.rewritten, mail_map_read=mail_map_read)

    def _plan(self, head: str, *, force: bool) -> _Plan:
        old, clone = self._state.get("head"), self._clone
        if old is not None and clone.is_ancestor(old, head):
            complete = self._state.get("cut") == "0" and self._state.get("rules") == RULES
            goes_on = complete and not force and clone.is_on_chain(old, head)
            return _Plan(old if goes_on else None, rewritten=False, outdated=False)
        if force or clone.is_shallow or self._state.get("cut") == "1":
            return _Plan(None, rewritten=old is not None and not clone.is_shallow, outdated=False)
        conn = self._store.conn
        if old and not clone.has(old) and history.reaches(conn, self._repo_id, old, head):
            return _Plan(None, rewritten=False, outdated=True)
        if history.has_commits(conn, self._repo_id) and not self._is_related(head):
            raise InputError(
                f"{clone.path} has no commit in common with what is stored for {self._slug}: is "
                "--repo right? If the whole history was rewritten, add --force."
            )
        return _Plan(None, rewritten=old is not None, outdated=False)

    def _is_related(self, head: str) -> bool:
        for shas in (self._clone.roots(head), self._clone.ancestors(head)):
            while some := list(islice(shas, 10_000)):
                if history.knows_any(self._store.conn, self._repo_id, some):
                    return True
        return False

    def _walk(self, head: str, base: str | None, size: int) -> None:
        found = landings(self._clone.commits(head, base), self._clone.chain(head, base))
        for batch in _batches(found, size):
            rows: list[history.HistoryRow] = []
            requests: list[dict[str, Any]] = []
            for landing in batch:
                self._read(landing, rows, requests)
            with self._store.transaction() as conn:
                written = history.write_commits(
                    conn, self._repo_id, rows, certain=not self._clone.is_shallow
                )
                new = history_requests.write(conn, self._repo_id, requests)
            self._counts["requests"] += new
            self._counts["added"] += written.added
            self._counts["changed"] += written.changed

    def _read(
        self,
        landing: Landing[GitCommit],
        rows: list[history.HistoryRow],
        requests: list[dict[str, Any]],
    ) -> None:
        """Add what landed together to the rows, and what it merged to the pull requests."""
        landed_at = self._possible(landing.at.committed_at)
        brought_by = merged_number(landing.at, on_chain=True)
        rows.append(commit_row(landing.at, landed_at, brought_by))
        self._merge(landing.at, brought_by, landed_at, landing.brought, requests)
        for commit in landing.brought:
            own = merged_number(commit, on_chain=False)
            rows.append(commit_row(commit, landed_at, own or brought_by))
            self._merge(commit, own, landed_at, (), requests)

    def _merge(
        self,
        commit: GitCommit,
        number: int | None,
        merged_at: str | None,
        brought: Sequence[GitCommit],
        requests: list[dict[str, Any]],
    ) -> None:
        """Add a pull request, unless an earlier commit is known to have merged it."""
        if number is None:
            self._counts["uncertain"] += commit.message.subject_number is not None
            return
        known = self._merged.get(number)
        if merged_at is None or (known is not None and known <= (merged_at, commit.sha)):
            return
        self._merged[number] = (merged_at, commit.sha)
        author = request_author(commit, brought)
        requests.append(request_row(commit, number, merged_at, self._slug) | author)

    def _finish(self, head: str, plan: _Plan) -> bool:
        """Write what needs the whole history, and the cursor; return if the mail-map was read."""
        cut = self._clone.is_shallow
        known = history.people(self._store.conn, self._repo_id)
        mapped = self._clone.mapped([(name, email) for name, email, _ in known])
        with self._store.transaction() as conn:
            if mapped is not None:
                self._apply_mail_map(known, mapped)
            if plan.base is None and not cut:
                stored = history_requests.known(conn, self._repo_id)
                history_requests.drop(conn, self._repo_id, stored.keys() - self._merged.keys())
                if plan.rewritten:
                    old = self._state["head"]
                    self._counts["left"] = history.leave_branch(conn, self._repo_id, old, head)
            state = {"head": head, "cut": str(int(cut)), "rules": RULES}
            history.set_state(conn, self._repo_id, state | {"branch": self._head.branch or ""})
            history.finish(
                conn,
                self._repo_id,
                now=format_instant(self._started),
                head=None if cut else head,
                branch=self._head.branch,
            )
            details = {"repo": self._slug, "head": head, **self._counts}
            rows = self._counts["added"] + self._counts["changed"]
            runs.record_run(conn, JOB, rows, details, started_at=self._started)
        return mapped is not None

    def _apply_mail_map(
        self, known: list[tuple[str, str, str | None]], mapped: list[tuple[str, str]]
    ) -> None:
        targets: defaultdict[str, set[str]] = defaultdict(set)
        names = []
        for (name, email, shown), (new_name, new_email) in zip(known, mapped, strict=True):
            targets[email].add(new_email)
            if shown is not None and shown != new_name:
                names.append((name, email, new_name))
        # An e-mail that stands for several people (told apart by name) leads to none of them.
        single = {email: min(to) for email, to in targets.items() if len(to) == 1 and {email} != to}
        people = {a: b for a, b in single.items() if not is_nobody(a) and not is_nobody(b)}
        conn = self._store.conn
        history.rename_people(conn, self._repo_id, names)
        history.replace_state(conn, self._repo_id, people, history.MAIL_MAP)

    def _possible(self, moment: datetime | None) -> str | None:
        """Return a time as stored text; None when no clock that is right can have said it."""
        if moment is None or not EARLIEST_COMMIT <= moment <= self._latest:
            return None
        return stored_time(moment)

    def _report(self, **more: bool) -> GitSyncReport:
        before, counts = self._state.get("branch"), self._counts
        branch = self._head.branch
        return GitSyncReport(
            repo_slug=self._slug,
            branch=branch,
            head=self._head.sha,
            instead_of=self._head.instead_of,
            previous_branch=before if before and before != branch else None,
            commits_added=counts["added"],
            commits_changed=counts["changed"],
            commits_left=counts["left"],
            pull_requests_added=counts["requests"],
            uncertain_numbers=counts["uncertain"],
            history_cut=self._clone.is_shallow,
            totals=history.totals(self._store.conn, self._repo_id),
            **more,
        )


def _slug(clone: GitRepository, given: str | None) -> str:
    slug = clone.slug() if given is None else parse_repository(given)
    if slug is None:
        raise InputError(
            f"{clone.path} has no remote that names a repository: add --repo OWNER/NAME."
        )
    return slug


def _batches(found: Iterable[Landing[GitCommit]], least: int) -> Iterator[list[Landing[GitCommit]]]:
    batch: list[Landing[GitCommit]] = []
    size = 0
    for landing in found:
        batch.append(landing)
        size += 1 + len(landing.brought)
        if size >= least:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
