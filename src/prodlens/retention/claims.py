"""Decides which committed lines stem from which accepted edit: pure, knows neither git nor a store.

The newest edit claims first and each committed line is claimed once, else every round of an
iteration would count the lines that the last one brought.

Source: sources.md 8, point 3 (b).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

LEAST_LATER_SHARE: Final = 0.5
"""Share of an edit's lines that a commit after the first one must hold to be taken for its commit:
`return None` alone is found in many."""


class Status(StrEnum):
    """What is known of an accepted edit after looking into a clone."""

    PENDING = "pending"
    """No commit holds any of it, and the window is still open: not known yet, not zero."""
    KEPT = "kept"
    """A commit touched the file in the window; how many lines it holds is another matter."""
    NOT_COMMITTED = "not_committed"
    """The window is over and no commit touched the file."""


@dataclass(frozen=True, slots=True)
class AcceptedEdit:
    """One accepted edit.

    Attributes:
        id: `suggestions.id`.
        proposed_at: When it was proposed, aware UTC.
        closes_at: When its window is over, aware UTC.
        lines: Salted digests of its meaningful lines, repeats kept.
        is_here: Whether it is known to belong to this clone; otherwise only a commit that holds
            at least half of its lines makes it so.
        tool: Name of the edit tool.
    """

    id: int
    proposed_at: datetime
    closes_at: datetime
    lines: tuple[bytes, ...]
    is_here: bool
    tool: str


class Candidate(NamedTuple):
    """A commit that touched an edit's files in its window.

    Attributes:
        sha: Its hash.
        paths: The files, as the commit names them.
    """

    sha: str
    paths: tuple[str, ...]


Pools = dict[tuple[str, str], Counter[bytes]]
"""Digests of the lines that a commit added to a file, by `(hash, path)`; claimed ones are gone."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one accepted edit.

    Attributes:
        status: What is known.
        lines: Meaningful lines that were found again; None while pending.
        sha: The commit they were found in, None without one.
        taken: The lines that were found, by path in that commit.
    """

    status: Status
    lines: int | None
    sha: str | None
    taken: tuple[tuple[str, bytes], ...] = ()


def settle(
    edits: Iterable[AcceptedEdit],
    candidates: Mapping[int, Sequence[Candidate]],
    pools: Pools,
    *,
    now: datetime,
) -> dict[int, Kept | None]:
    """Return what became of each edit.

    An edit's commit is the first one in its window that touched its file. When that one holds none
    of its lines (somebody else's work landed first), it is the next one that holds at least half
    of them. Where newer edits claimed what would be enough, the edit is superseded: 0 lines were
    kept. When there is no such commit, it is pending until its window is over, then 0 lines were
    kept.

    Args:
        edits: Accepted edits, in any order.
        candidates: Commits by edit, in the order of the history.
        pools: Lines that commits added; what is claimed is taken out.
        now: The present instant.

    Returns:
        By id of the edit; None where nothing says that the edit belongs to this clone.
    """
    whole = {place: lines.copy() for place, lines in pools.items()}
    newest = sorted(edits, key=lambda edit: (edit.proposed_at, edit.id), reverse=True)
    results: dict[int, Kept | None] = {}
    for edit in newest:
        commits = candidates.get(edit.id, ())
        kept = _claimed(edit, commits, pools, whole)
        if kept is None and edit.is_here:
            kept = _without_commit(commits, is_open=now < edit.closes_at)
        results[edit.id] = kept
    return results


def _claimed(
    edit: AcceptedEdit, candidates: Sequence[Candidate], pools: Pools, whole: Pools
) -> Kept | None:
    """Return what an edit takes from its commit; None when no commit is its own.

    Args:
        edit: The edit.
        candidates: Commits that touched its files.
        pools: Lines that nobody claimed yet.
        whole: Lines as they were committed.
    """
    half = max(1, math.ceil(len(edit.lines) * LEAST_LATER_SHARE))
    least = 1 if edit.is_here else half
    for candidate in candidates:
        found = _found(edit, candidate, pools)
        if len(found) >= least:
            for path, digest in found:
                pools[candidate.sha, path][digest] -= 1
            return Kept(Status.KEPT, len(found), candidate.sha, tuple(found))
        if len(_found(edit, candidate, whole)) >= half:
            return Kept(Status.KEPT, 0, candidate.sha)
        least = half
    return None


def _without_commit(candidates: Sequence[Candidate], *, is_open: bool) -> Kept:
    if is_open:
        return Kept(Status.PENDING, None, None)
    if candidates:
        return Kept(Status.KEPT, 0, candidates[0].sha)
    return Kept(Status.NOT_COMMITTED, 0, None)


def _found(edit: AcceptedEdit, candidate: Candidate, pools: Pools) -> list[tuple[str, bytes]]:
    """Return the lines of an edit that a commit holds and nobody claimed, as multisets."""
    left = Counter(edit.lines)
    found: list[tuple[str, bytes]] = []
    for path in candidate.paths:
        pool = pools.get((candidate.sha, path))
        for digest, count in list(left.items()) if pool else ():
            taken = min(count, pool[digest]) if pool else 0
            left[digest] -= taken
            found += [(path, digest)] * taken
    return found
