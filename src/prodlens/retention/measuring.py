"""`Retention`: a local clone and accepted edits -> how many lines of them were kept, in the store.

What is written is a function of the store, the clone and the time: running it again, or again after
it was interrupted, gives the same. Knows neither how git is run nor any SQL text.

Source: sources.md 8, point 3 (b).
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from prodlens.clock import parse_stored, utc_now
from prodlens.errors import InputError
from prodlens.retention.claims import AcceptedEdit, Candidate, Status, settle
from prodlens.retention.places import Places, digests_of, in_window
from prodlens.retention.report import Notes, RetentionReport, all_tools, by_tool
from prodlens.selection import parse_repository
from prodlens.sources import edits as edit_digests
from prodlens.sources.git import GitRepository
from prodlens.sources.git_ai_notes import NOTES, read_note
from prodlens.sources.git_patches import GitPatches
from prodlens.storage import retention_readings, suggestions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from prodlens.retention.claims import Kept, Pools
    from prodlens.sources.git import Head
    from prodlens.sources.git_ai_notes import Attested
    from prodlens.sources.git_patches import AddedLine, DatedCommit
    from prodlens.storage import ProdLensStore

WINDOW: Final = timedelta(days=14)
"""How long after an edit a commit counts unless another time is given."""
_BATCH: Final = 500
_NO_TOOL: Final = "(not known)"


class _Edit(NamedTuple):
    """An accepted edit with what the store says of its files and of earlier runs."""

    accepted: AcceptedEdit
    files: tuple[bytes, ...]
    status: str | None
    sha: str | None


class Retention:
    """Measures how much of what was accepted is in the commits of a clone.

    Args:
        store: An open, writable store.
        now: The present instant; the clock's when not given.
    """

    def __init__(self, store: ProdLensStore, *, now: datetime | None = None) -> None:
        self._store = store
        self._now = utc_now() if now is None else now

    def measure(
        self,
        path: str | Path,
        *,
        repo_slug: str | None = None,
        branch: str | None = None,
        window: timedelta = WINDOW,
    ) -> RetentionReport:
        """Look for accepted edits in a clone and store what became of each.

        Args:
            path: A folder of the clone.
            repo_slug: The repository; otherwise the clone's remote says. Edits of another one are
                not looked for.
            branch: Branch to read; None is the default branch, see `GitRepository.head`.
            window: How long after an edit a commit counts.

        Raises:
            MissingPathError: There is no clone.
            InputError: git is missing or fails, there is no such branch, or the clone lacks
                contents.
            StoreError: The database fails.
        """
        clone = GitRepository(Path(path))
        slug = parse_repository(repo_slug) if repo_slug else clone.slug()
        head = clone.head(branch)
        found = self._edits(slug, window)
        run = _Run(clone, head, suggestions.salt(self._store.conn) if found else b"", found)
        results = self._results(clone, run)
        earlier = {edit.accepted.id for edit in found if run.stays(edit, results)}
        measured = {one: kept for one, kept in results.items() if one not in earlier}
        changed = self._write(measured)
        tools = by_tool([edit.accepted for edit in found], measured)
        return RetentionReport(
            repo_slug=slug,
            branch=head.branch,
            head=head.sha,
            window_days=window.days,
            accepted=retention_readings.accepted_count(self._store.conn, slug),
            elsewhere=sum(kept is None for kept in measured.values()),
            earlier=len(earlier),
            total=all_tools(tools),
            tools=tools,
            commits=len(run.touching),
            notes=run.said(results),
            history_cut=clone.is_shallow,
            changed=changed,
        )

    def _results(self, clone: GitRepository, run: _Run) -> dict[int, Kept | None]:
        try:
            return run.settle(self._now)
        except InputError as problem:
            if not clone.is_partial:
                raise
            raise InputError(
                f"{clone.path} lacks contents of files, and nothing was fetched: use a clone that "
                "was made without --filter."
            ) from problem

    def _edits(self, slug: str | None, window: timedelta) -> list[_Edit]:
        """Return the accepted edits that may be in the clone."""
        found: list[_Edit] = []
        for row in suggestions.accepted(self._store.conn, repo_slug=slug):
            proposed = parse_stored(row["timestamp"])
            edit = AcceptedEdit(
                id=row["id"],
                proposed_at=proposed,
                closes_at=proposed + window,
                lines=digests_of(row["line_hashes"]),
                is_here=slug is not None and row["repo_slug"] == slug,
                tool=row["tool"] or _NO_TOOL,
            )
            files = digests_of(row["path_hashes"])
            found.append(_Edit(edit, files, row["retention_status"], row["retained_at_sha"]))
        return found

    def _write(self, results: Mapping[int, Kept | None]) -> int:
        changed = 0
        waiting = iter([(one, kept) for one, kept in results.items() if kept is not None])
        while batch := list(islice(waiting, _BATCH)):
            with self._store.transaction() as conn:
                changed += sum(
                    suggestions.set_retention(
                        conn, one, status=kept.status.value, lines=kept.lines, sha=kept.sha
                    )
                    for one, kept in batch
                )
        return changed


class _Run:
    """One look into one clone.

    Attributes:
        touching: Commits that touched a file of an edit in its window.
    """

    def __init__(
        self, clone: GitRepository, head: Head, salt: bytes, edits: Sequence[_Edit]
    ) -> None:
        self.touching: frozenset[str] = frozenset()
        self._clone = clone
        self._head = head.sha
        self._salt = salt
        self._edits = edits
        self._patches = GitPatches(clone.path)
        self._commits: list[DatedCommit] = []
        self._read: frozenset[str] = frozenset()
        self._notes: dict[str, dict[str, Attested]] = {}
        self._pools: Pools = {}
        self._attested: dict[tuple[str, str], Counter[bytes]] = {}
        self._by_people = 0

    def settle(self, now: datetime) -> dict[int, Kept | None]:
        """Return what became of each edit."""
        candidates: dict[int, list[Candidate]] = {}
        accepted = [edit.accepted for edit in self._edits]
        if accepted and self._head is not None:
            places = self._look(self._head, min(edit.proposed_at for edit in accepted))
            accepted = [self._placed(edit, places, candidates) for edit in self._edits]
            self._read_lines(candidates)
        return settle(accepted, candidates, self._pools, now=now)

    def stays(self, edit: _Edit, results: Mapping[int, Kept | None]) -> bool:
        """Return whether an earlier finding holds: its commit is none of this branch's."""
        result = results[edit.accepted.id]
        if edit.status != Status.KEPT or edit.sha is None:
            return False
        if result is not None and result.lines and result.status is Status.KEPT:
            return False
        return edit.sha not in self._read

    def said(self, results: Mapping[int, Kept | None]) -> Notes:
        """Return what the notes say of the lines that were kept."""
        lines = confirmed = 0
        for kept in results.values():
            if kept is None or kept.sha is None:
                continue
            for path, digest in kept.taken:
                if path in self._notes.get(kept.sha, {}):
                    lines += 1
                    pool = self._attested.get((kept.sha, path))
                    if pool and pool[digest] > 0:
                        pool[digest] -= 1
                        confirmed += 1
        return Notes(
            commits=len(self._notes), lines=lines, confirmed=confirmed, people=self._by_people
        )

    def _look(self, head: str, since: datetime) -> Places:
        """Read which commits touched which files that an edit was about."""
        asked = {digest for edit in self._edits for digest in edit.files}
        places = Places(self._clone.path.name, self._salt, asked)
        for path in self._patches.paths(head):
            places.know(path)
        cut = frozenset(self._clone.roots(head)) if self._clone.is_shallow else frozenset()
        earliest = since.replace(microsecond=0)
        self._commits = [
            commit
            for commit in self._patches.commits(head)
            if commit.committed_at >= earliest and commit.sha not in cut
        ]
        position = {commit.sha: place for place, commit in enumerate(self._commits)}
        self._read = frozenset(position)
        for sha, files in self._patches.touched(list(position)):
            for path, before in files:
                places.touch(position[sha], path, before)
        return places

    def _placed(
        self, edit: _Edit, places: Places, candidates: dict[int, list[Candidate]]
    ) -> AcceptedEdit:
        """Note the commits that may hold an edit; return it, knowing whether it is of this clone."""
        accepted = edit.accepted
        files, is_certain = places.files_of(edit.files)
        touched: dict[int, list[str]] = {}
        for file in files:
            for touch in places.touches_of(file):
                commit = self._commits[touch.position]
                if in_window(commit, accepted.proposed_at, accepted.closes_at):
                    touched.setdefault(touch.position, []).append(touch.path)
        candidates[accepted.id] = [
            Candidate(self._commits[position].sha, tuple(sorted(set(touched[position]))))
            for position in sorted(touched)
        ]
        if accepted.is_here or not is_certain:
            return accepted
        return AcceptedEdit(
            id=accepted.id,
            proposed_at=accepted.proposed_at,
            closes_at=accepted.closes_at,
            lines=accepted.lines,
            is_here=True,
            tool=accepted.tool,
        )

    def _read_lines(self, candidates: Mapping[int, Sequence[Candidate]]) -> None:
        """Read what candidates added, and who wrote it where a note says so."""
        wanted: dict[str, set[str]] = {}
        for several in candidates.values():
            for candidate in several:
                wanted.setdefault(candidate.sha, set()).update(candidate.paths)
        self.touching = frozenset(wanted)
        self._patches.notes(NOTES, self.touching, self._take_note)
        shas = [commit.sha for commit in self._commits if commit.sha in wanted]
        asked = frozenset(digest for edit in self._edits for digest in edit.accepted.lines)
        files = {sha: frozenset(paths) for sha, paths in wanted.items()}
        for line in self._patches.added(shas, files):
            for digest in self._digests(line.text):
                if digest in asked:
                    self._offer(line, digest)

    def _offer(self, line: AddedLine, digest: bytes) -> None:
        """Let edits claim a committed line, unless a note says that a person wrote it."""
        place = (line.sha, line.path)
        attested = self._notes.get(line.sha, {}).get(line.path)
        if attested is not None and attested.by_person(line.number):
            self._by_people += 1
            return
        self._pools.setdefault(place, Counter())[digest] += 1
        if attested is not None and attested.by_assistant(line.number):
            self._attested.setdefault(place, Counter())[digest] += 1

    def _digests(self, line: str) -> Iterator[bytes]:
        plain = edit_digests.line_digests(edit_digests.lines_of(line))
        yield from digests_of(edit_digests.salted(plain, self._salt))

    def _take_note(self, sha: str, text: str) -> None:
        note = read_note(text)
        if note is not None:
            self._notes[sha] = note
