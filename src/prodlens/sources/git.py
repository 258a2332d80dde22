"""Reads a local git clone: which branch, its commits, line counts, mail-map; git output -> records.

Asks no network, changes nothing in the clone, touches no store. What a message means is decided in
`prodlens.sources.git_messages`, how git is run in `prodlens.sources.git_process`.
"""

from __future__ import annotations

import re
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from prodlens.errors import InputError, MissingPathError
from prodlens.sources.git_messages import read_message
from prodlens.sources.git_process import GitProcess, failure
from prodlens.sources.repo_slugs import repo_slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from prodlens.sources.git_messages import Message

_FIELDS: Final = "%H%n%P%n%at%n%ct%n%an%n%ae%n%ce%n%B"
"""A line break can't stand in a name or address; any other separator can."""
_LONGEST_COMMIT: Final = 1 << 20
_SHA: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_CONTACT: Final = re.compile(r"([^<>]*)<([^<>]*)>")
_LOCAL: Final = "refs/heads/"
_REMOTE: Final = "refs/remotes/"
_ORIGIN: Final = f"{_REMOTE}origin/"
_NO_CODE: Final = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-mailmap")
_NO_WALK: Final = ("log", "--stdin", "--no-walk=unsorted", "--ignore-missing", *_NO_CODE)
_PER_COMMIT: Final = ("--no-renames", "--no-relative", "--submodule=short", "--format=%x00%H")


class GitCommit(NamedTuple):
    """One commit as git holds it.

    Attributes:
        sha: Its hash, 40 or 64 hex digits.
        parents: Hashes of its parents, the first parent first.
        author_name: Author as written, undecodable bytes replaced.
        author_email: E-mail as written, lower case.
        committer_email: E-mail of the committer, lower case.
        authored_at: Author date, aware UTC; None when it is no time.
        committed_at: Committer date, aware UTC; None when it is no time.
        message: What its message says.
    """

    sha: str
    parents: tuple[str, ...]
    author_name: str
    author_email: str
    committer_email: str
    authored_at: datetime | None
    committed_at: datetime | None
    message: Message


class Head(NamedTuple):
    """What is read of a clone.

    Attributes:
        branch: Name of the branch; None when a commit without a branch is checked out.
        sha: Its newest commit; None when there is none yet.
        instead_of: Branch that is checked out, when the default branch is read instead.
    """

    branch: str | None
    sha: str | None
    instead_of: str | None = None


class Lines(NamedTuple):
    """What a commit changed against its parent; binary files count as files without lines."""

    additions: int
    deletions: int
    files: int


class GitRepository:
    """A local clone, with or without a working tree, opened for reading.

    Args:
        path: A folder of the clone.

    Attributes:
        path: The same, absolute.
        is_shallow: Whether its history was cut off when it was cloned.
        is_partial: Whether contents may be missing because they were filtered when it was cloned.

    Raises:
        MissingPathError: There is no such folder, or no clone in it.
        InputError: git is not installed or refuses the folder; the message says what to do.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        if not self.path.is_dir():
            what = "is a file" if self.path.exists() else "does not exist"
            raise MissingPathError(f"{self.path} {what}: name the folder of a clone.")
        self._git = GitProcess(self.path)
        facts = self._git.run("rev-parse", "--is-shallow-repository")
        if facts.code != 0:
            raise failure(facts.problem, self.path)
        self.is_shallow = facts.out.strip() == "true"
        promises = self._git.ask(
            "config", "--get-regexp", r"^(remote\..*\.promisor|extensions\.partialclone)$"
        )
        self.is_partial = bool(promises)
        self._missing: dict[str, frozenset[str]] = {}

    def slug(self) -> str | None:
        """Return `owner/name` of `origin`, or of the only remote; None when there is none."""
        names = (self._git.ask("remote") or "").split("\n")
        remote = "origin" if "origin" in names else names[0] if len(names) == 1 else ""
        if not remote or remote.startswith("-"):
            return None
        return repo_slug(self._git.ask("remote", "get-url", remote))

    def head(self, branch: str | None = None) -> Head:
        """Return what is to be read.

        Args:
            branch: Name of a branch, here or at `origin`. None is what is checked out, or the
                default branch of `origin` when another branch is checked out. Where `origin` is
                known to be ahead of the local branch of that name, `origin` is read.

        Raises:
            InputError: There is no such branch; the message names those there are.
        """
        checked_out = self._git.ask("symbolic-ref", "--quiet", "HEAD")
        if branch is not None:
            return self._named(branch, checked_out)
        default = self._git.ask("symbolic-ref", "--quiet", f"{_ORIGIN}HEAD")
        name = default.removeprefix(_ORIGIN) if default else None
        here = checked_out.removeprefix(_LOCAL) if checked_out else None
        if name is not None and name != here and (sha := self._newest(name)):
            return Head(name, sha, here)
        if here is None:
            return Head(None, self._sha("HEAD"))
        return Head(here, self._newest(here))

    def commits(self, head: str, base: str | None = None) -> Iterator[GitCommit]:
        """Give the commits of `head` without those of `base`, parents first, one at a time.

        Raises:
            InputError: git failed: what was given is not everything.
        """
        options = ("--topo-order", "--reverse", "--encoding=UTF-8", "--no-patch")
        span = (*_span(head, base), "--")
        arguments = ("log", "-z", *_NO_CODE, *options, f"--format={_FIELDS}", *span)
        for record in self._git.stream(*arguments, ends=b"\0", longest=_LONGEST_COMMIT):
            yield _commit(record)

    def chain(self, head: str, base: str | None = None) -> Iterator[str]:
        """Give the first-parent chain of `head` down to `base` (without it), oldest first."""
        return self._shas("--first-parent", "--reverse", *_span(head, base))

    def is_on_chain(self, sha: str, head: str) -> bool:
        """Return whether following first parents from `head` leads to a commit."""
        if sha == head:
            return True
        if not self.is_ancestor(sha, head):
            return False
        lowest = deque(self._shas("--first-parent", "--parents", *_span(head, sha)), maxlen=1)
        return lowest[0].split()[1:2] == [sha]

    def is_ancestor(self, sha: str, head: str) -> bool:
        """Return whether `head` contains a commit; False when the clone does not have it."""
        return self._git.run("merge-base", "--is-ancestor", sha, head).code == 0

    def has(self, sha: str) -> bool:
        """Return whether the clone has a commit, reachable from a branch or not."""
        return self._git.run("cat-file", "-e", f"{sha}^{{commit}}").code == 0

    def ancestors(self, head: str) -> Iterator[str]:
        """Give the hashes of all commits of `head`, roughly newest first."""
        return self._shas(head)

    def roots(self, head: str) -> Iterator[str]:
        """Give the commits of `head` without a parent; in a shallow clone, where it was cut."""
        return self._shas("--max-parents=0", head)

    def mapped(self, people: Sequence[tuple[str, str]]) -> list[tuple[str, str]] | None:
        """Return what the mail-map makes of people, in their order.

        Args:
            people: `(name, e-mail)` pairs; e-mails must not be empty.

        Returns:
            `(name, e-mail)` pairs, e-mails in lower case; None when the mail-map can't be read,
            as in a partial clone without a working tree that lacks it.
        """
        contacts = [f"{_bare(name)} <{_bare(email)}>".strip() for name, email in people]
        done = self._git.run("check-mailmap", "--stdin", given=contacts) if contacts else None
        lines = done.out.removesuffix("\n").split("\n") if done else []
        if (done is not None and done.code != 0) or len(lines) != len(people):
            return None
        found = [_CONTACT.fullmatch(line.strip()) for line in lines]
        return [
            (to[1].strip() or name, to[2].strip().lower()) if to else (name, email)
            for to, (name, email) in zip(found, people, strict=True)
        ]

    def line_counts(self, shas: Sequence[str], head: str) -> dict[str, Lines | None]:
        """Count lines of commits that are no merges, without fetching what is missing.

        Args:
            shas: The commits; one that the clone does not have is left out.
            head: The branch they belong to.

        Returns:
            Counts by hash; None where contents are missing, or where the history was cut.
        """
        unknown = set(self.roots(head)) if self.is_shallow else set()
        if self.is_partial:
            unknown |= self._filtered(shas, head)
        counts: dict[str, Lines | None] = dict.fromkeys(unknown.intersection(shas))
        left = [sha for sha in shas if sha not in unknown]
        while left:
            read, complete = self._numstat(left)
            if complete:
                return counts | read
            # git names a commit before it fails on it, so the last one named is not to be trusted.
            trusted = list(read)[:-1]
            counts.update({sha: read[sha] for sha in trusted})
            left = left[left.index(trusted[-1]) + 1 :] if trusted else left
            suspect, *left = left
            single, complete = self._numstat([suspect])
            counts[suspect] = single.get(suspect) if complete else None
        return counts

    def _named(self, branch: str, checked_out: str | None) -> Head:
        if self._git.run("check-ref-format", _LOCAL + branch).code == 0:
            if sha := self._newest(branch) or self._sha(_REMOTE + branch):
                return Head(branch, sha)
            if checked_out == _LOCAL + branch:
                return Head(branch, None)
        listing = ("for-each-ref", "--count=10", "--format=%(refname:short)")
        known = (self._git.ask(*listing, _LOCAL, _REMOTE) or "").split("\n")
        names = ", ".join(name for name in known if name) or "none"
        raise InputError(f"{self.path} has no branch {branch!r}; it has: {names}.")

    def _newest(self, branch: str) -> str | None:
        """Return the local branch, or that of `origin` where it is ahead or the only one."""
        here, there = self._sha(_LOCAL + branch), self._sha(_ORIGIN + branch)
        if here is None or there is None:
            return here or there
        return there if self.is_ancestor(here, there) else here

    def _sha(self, ref: str) -> str | None:
        """Return the commit a name leads to; None when there is no such name."""
        verify = ("rev-parse", "--verify", "--quiet", "--end-of-options")
        if (named := self._git.ask(*verify, ref)) is None or not _SHA.fullmatch(named):
            return None
        found = self._git.run(*verify[:2], verify[3], f"{named}^{{commit}}")
        if found.code != 0:
            raise failure(found.problem, self.path)
        return found.out.strip()

    def _shas(self, *arguments: str) -> Iterator[str]:
        for line in self._git.stream("rev-list", *arguments, "--", ends=b"\n"):
            yield line.decode("ascii", "replace")

    def _numstat(self, shas: Sequence[str]) -> tuple[dict[str, Lines], bool]:
        """Return counts of the commits git came to, in order, and whether those are all."""
        counts: dict[str, Lines] = {}
        sha = ""
        arguments = (*_NO_WALK, *_PER_COMMIT, "--numstat", "--diff-algorithm=myers", "--")
        try:
            for line in self._git.stream(*arguments, ends=b"\n", given=shas):
                if line.startswith(b"\0"):
                    sha = line[1:].decode("ascii", "replace")
                    counts[sha] = Lines(0, 0, 0)
                elif line:
                    added, deleted, _ = line.split(b"\t", 2)
                    so_far = counts[sha]
                    counts[sha] = Lines(
                        so_far.additions + int(added if added != b"-" else 0),
                        so_far.deletions + int(deleted if deleted != b"-" else 0),
                        so_far.files + 1,
                    )
        except InputError:
            return counts, False
        return counts, True

    def _filtered(self, shas: Sequence[str], head: str) -> set[str]:
        """Return the commits whose contents a partial clone lacks, found without reading them."""
        if (missing := self._missing.get(head)) is None:
            arguments = ("--objects", "--no-object-names", "--missing=print", head)
            named = self._shas(*arguments)
            missing = frozenset(line[1:] for line in named if line.startswith("?"))
            self._missing[head] = missing
        raw = (*_NO_WALK, *_PER_COMMIT, "--raw", "--no-abbrev", "--")
        lacking: set[str] = set()
        sha = ""
        try:
            for piece in self._git.stream(*raw, ends=b"\n", given=shas):
                if piece.startswith(b"\0"):
                    sha = piece[1:].decode("ascii", "replace")
                elif piece and not missing.isdisjoint(
                    piece.decode("ascii", "replace").split()[2:4]
                ):
                    lacking.add(sha)
        except InputError:  # folders are missing too: nothing can be compared
            return set(shas)
        return lacking


def _span(head: str, base: str | None) -> tuple[str, ...]:
    return (head,) if base is None else (head, f"^{base}")


def _commit(record: bytes) -> GitCommit:
    lines = record.decode("utf-8", "replace").split("\n", 7)
    if len(lines) != 8 or not _SHA.fullmatch(lines[0]):
        raise InputError("git answered in a form that is not known: use git 2.29 or newer.")
    sha, parents, authored, committed, name, email, committer, text = lines
    return GitCommit(
        sha,
        tuple(parents.split()),
        name.strip(),
        email.strip().lower(),
        committer.strip().lower(),
        _instant(authored),
        _instant(committed),
        read_message(text),
    )


def _instant(seconds: str) -> datetime | None:
    try:
        moment = datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.year >= 1970 else None


def _bare(text: str) -> str:
    """Take out what would end a name or an e-mail in a contact."""
    return re.sub(r"[<>\x00-\x1f]", "", text).strip()
