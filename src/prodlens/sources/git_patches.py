"""Reads which files commits of a local clone touched, and the lines that they added.

One line at a time, however large the clone. Asks no network, changes nothing in the clone, knows
nothing of suggestions and no store. Lines leave only as arguments of the caller's own function.

Source: git-log(1) `--name-status -z` and `-p`; git's gitformat documentation of patches
(`diff-generate-patch`): extended headers, hunk headers, quoted names.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from prodlens.sources.git_process import GitProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

_NO_CODE: Final = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-mailmap")
_NO_WALK: Final = ("log", "--stdin", "--no-walk=unsorted", "--ignore-missing", *_NO_CODE)
_SAME: Final = ("--no-relative", "--submodule=short", "--find-renames", "--root")
_PLAIN: Final = (
    "--unified=0",
    "--diff-algorithm=myers",
    "--inter-hunk-context=0",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)
_LONGEST_LINE: Final = 1 << 16
_HUNK: Final = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPE: Final = re.compile(rb"\\([0-7]{3}|.)")
_ESCAPED: Final = {
    b"a": b"\a",
    b"b": b"\b",
    b"t": b"\t",
    b"n": b"\n",
    b"v": b"\v",
    b"f": b"\f",
    b"r": b"\r",
}


class DatedCommit(NamedTuple):
    """One commit that is no merge.

    Attributes:
        sha: Its hash.
        authored_at: Author date, aware UTC.
        committed_at: Committer date, aware UTC; a rebase renews it, the author date stays.
    """

    sha: str
    authored_at: datetime
    committed_at: datetime


class AddedLine(NamedTuple):
    """One line that a commit added.

    Attributes:
        sha: The commit.
        path: The file, from the root of the repository, under the name it has in the commit.
        number: Number of the line in the file as the commit has it, from 1.
        text: The line, undecodable bytes replaced.
    """

    sha: str
    path: str
    number: int
    text: str


class GitPatches:
    """What commits of a clone changed.

    Args:
        folder: The clone, an absolute path.

    Raises:
        InputError: From every method: git failed, such as in a clone that lacks contents.
    """

    def __init__(self, folder: Path) -> None:
        self._git = GitProcess(folder)

    def commits(self, head: str) -> Iterator[DatedCommit]:
        """Give the commits of `head` that are no merges, parents first; undated ones are left out."""
        order = ("--topo-order", "--reverse", "--no-merges", "--no-patch")
        form = "--format=%H %at %ct"
        for line in self._git.stream("log", *_NO_CODE, *order, form, head, "--", ends=b"\n"):
            sha, authored, committed = line.decode("ascii", "replace").split(" ", 2)
            times = _instant(authored), _instant(committed)
            if times[0] is not None and times[1] is not None:
                yield DatedCommit(sha, times[0], times[1])

    def paths(self, head: str) -> Iterator[str]:
        """Give the paths of all files of a commit."""
        for name in self._git.stream("ls-tree", "-r", "-z", "--name-only", head, ends=b"\0"):
            yield _text(name)

    def touched(self, shas: Sequence[str]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Give, for each commit, the files that it touched.

        Args:
            shas: The commits; one that the clone does not have is left out.

        Yields:
            The commit, and `(path in the commit, path before)` pairs, equal unless it was renamed.
        """
        if not shas:
            return
        arguments = (*_NO_WALK, *_SAME, "--name-status", "-z", "--format=%x01%H")
        sha, files = "", list[tuple[str, str]]()
        names = self._git.stream(*arguments, "--", ends=b"\0", given=shas)
        for piece in names:
            status = piece.lstrip(b"\n")
            if status.startswith(b"\x01"):
                if sha:
                    yield sha, files
                sha, files = status[1:].decode("ascii", "replace"), []
            elif status[:1] in (b"R", b"C"):
                before, after = _text(next(names, b"")), _text(next(names, b""))
                files.append((after, before if status[:1] == b"R" else after))
            elif status:
                path = _text(next(names, b""))
                files.append((path, path))
        if sha:
            yield sha, files

    def added(
        self, shas: Sequence[str], wanted: Mapping[str, frozenset[str]]
    ) -> Iterator[AddedLine]:
        """Give the lines that commits added to the wanted files.

        Args:
            shas: The commits.
            wanted: Paths by commit.
        """
        if not shas:
            return
        arguments = (*_NO_WALK, *_SAME, *_PLAIN, "--patch", "--format=%x00%H")
        lines = self._git.stream(*arguments, "--", ends=b"\n", longest=_LONGEST_LINE, given=shas)
        sha = path = ""
        for line in lines:
            if line.startswith(b"\0"):
                sha = line[1:].decode("ascii", "replace")
            elif line.startswith(b"+++ "):
                path = _named(line[4:])
            elif (hunk := _HUNK.match(line)) is not None:
                removed, start, count = (int(part or 1) for part in _counts(hunk))
                _skip(lines, removed)
                is_wanted = path in wanted.get(sha, ())
                for number, text in _take(lines, start, count):
                    if is_wanted:
                        yield AddedLine(sha, path, number, text)

    def notes(self, ref: str, shas: frozenset[str], take: Callable[[str, str], None]) -> None:
        """Hand the notes of commits to a function, one at a time.

        Args:
            ref: Short name of the notes (`ai` is `refs/notes/ai`).
            shas: The commits.
            take: Takes the hash of a commit and the text of its note.
        """
        if self._git.ask("rev-parse", "--verify", "--quiet", f"refs/notes/{ref}") is None:
            return
        listing = self._git.stream("notes", f"--ref={ref}", "list", ends=b"\n")
        places = (line.decode("ascii", "replace").partition(" ") for line in listing)
        found = [(note, sha) for note, _, sha in places if sha in shas]
        if not found:
            return
        owners = iter(found)
        content = self._git.stream(
            "cat-file", "--batch", ends=b"\n", given=[note for note, _ in found]
        )
        for header in content:
            _, sha = next(owners)
            kind = header.decode("ascii", "replace").split(" ")
            if len(kind) == 3 and kind[1] == "blob":
                take(sha, _sized(content, int(kind[2])))


def _sized(lines: Iterator[bytes], size: int) -> str:
    """Return a text of a known number of bytes, whose last line may lack its end."""
    held: list[bytes] = []
    left = size
    while left >= 0:
        line = next(lines, None)
        if line is None:
            break
        held.append(line)
        left -= len(line) + 1
    return b"\n".join(held).decode("utf-8", "replace")


def _counts(hunk: re.Match[bytes]) -> tuple[bytes | None, bytes, bytes | None]:
    return hunk[1], hunk[2], hunk[3]


def _skip(lines: Iterator[bytes], count: int) -> None:
    for _ in range(count):
        line = next(lines, b"")
        if line.startswith(b"\\"):
            next(lines, b"")


def _take(lines: Iterator[bytes], start: int, count: int) -> Iterator[tuple[int, str]]:
    """Give added lines with their numbers; a remark about a missing line end is no line."""
    number = start
    while number < start + count:
        line = next(lines, None)
        if line is None:
            return
        if line.startswith(b"+"):
            yield number, _text(line[1:])
            number += 1


def _named(name: bytes) -> str:
    """Return the path behind `+++ `; a name with odd characters is quoted as in C."""
    name = name.rstrip(b"\t")
    if name.startswith(b'"') and name.endswith(b'"'):
        name = _ESCAPE.sub(_unescaped, name[1:-1])
    return _text(name.removeprefix(b"b/"))


def _unescaped(found: re.Match[bytes]) -> bytes:
    what = found[1]
    return bytes([int(what, 8) & 0xFF]) if len(what) == 3 else _ESCAPED.get(what, what)


def _instant(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
