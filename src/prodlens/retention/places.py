"""Finds which files of a clone an edit was about, and which commits touched them.

The store knows an edit's file only as salted digests of the endings of its path, so every path of
the clone is digested the same way. Knows no lines.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from prodlens.sources import edits

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from prodlens.sources.git_patches import DatedCommit

_DIGEST_BYTES = 8


def digests_of(stored: bytes) -> tuple[bytes, ...]:
    """Return the digests that a column holds one after another, eight bytes each."""
    return tuple(
        stored[start : start + _DIGEST_BYTES] for start in range(0, len(stored), _DIGEST_BYTES)
    )


class Touch(NamedTuple):
    """A commit that touched a file.

    Attributes:
        position: Place of the commit in the history, 0 being the oldest that was read.
        path: The file, as the commit names it.
    """

    position: int
    path: str


class Places:
    """The files of a clone by what the store knows of edits.

    Args:
        folder: Name of the clone's folder, which often stands in an edit's path as well.
        salt: The store's salt.
        asked: Digests of all files that edits were about.
    """

    def __init__(self, folder: str, salt: bytes, asked: Iterable[bytes]) -> None:
        self._folder = folder
        self._salt = salt
        self._asked = frozenset(asked)
        self._paths: dict[bytes, str] = {}
        self._rooted: dict[bytes, str] = {}
        self._touches: defaultdict[str, list[Touch]] = defaultdict(list)
        self._seen: dict[str, bool] = {}

    def know(self, path: str) -> bool:
        """Note a path of the clone; return whether an edit may have been about it."""
        if (known := self._seen.get(path)) is not None:
            return known
        own = self._digest(path)
        if own in self._asked:
            self._paths[own] = path
            rooted = self._digest(f"{self._folder}/{path}")
            if rooted in self._asked:
                self._rooted[rooted] = path
        self._seen[path] = own in self._asked
        return self._seen[path]

    def touch(self, position: int, path: str, before: str) -> None:
        """Note that a commit touched a file, and that it had another name before."""
        for name in {path, before}:
            if self.know(name):
                self._touches[name].append(Touch(position, path))

    def files_of(self, digests: Iterable[bytes]) -> tuple[list[str], bool]:
        """Return the files of the clone that an edit was about, and whether that is certain.

        It is certain where the name of the clone's folder stands before the file's path. Otherwise
        the longest path wins: an edit of `src/app.py` is not about `app.py`.
        """
        known = tuple(digests)
        rooted = {self._rooted[one] for one in known if one in self._rooted}
        if rooted:
            return sorted(rooted), True
        found = {self._paths[one] for one in known if one in self._paths}
        return sorted(path for path in found if not _has_longer(path, found)), False

    def touches_of(self, path: str) -> list[Touch]:
        """Return the commits that touched a file, in the order in which they were noted."""
        return self._touches.get(path, [])

    def _digest(self, path: str) -> bytes:
        return edits.salted(edits.path_digests(path)[-1:], self._salt)


def _has_longer(path: str, found: Iterable[str]) -> bool:
    return any(other.endswith("/" + path) for other in found)


def in_window(commit: DatedCommit, proposed_at: datetime, closes_at: datetime) -> bool:
    """Return whether a commit may be the one of an edit.

    It was committed after the edit (git knows whole seconds), and written or committed before the
    window was over: a rebase renews the date of committing, not that of writing.
    """
    if commit.committed_at < proposed_at.replace(microsecond=0):
        return False
    written = commit.authored_at
    if commit.committed_at <= closes_at:
        return True
    return proposed_at.replace(microsecond=0) <= written <= closes_at
