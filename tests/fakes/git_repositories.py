"""Real git repositories for tests, object by object: any graph, date and encoding, always the same.

Objects are written as git stores them, so that no git has to agree with what a test needs.
Source: git's own gitformat-loose(5) description of loose objects; git-commit-tree(1).
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import zlib
from typing import TYPE_CHECKING

from prodlens.clock import parse_instant

if TYPE_CHECKING:
    from pathlib import Path

ADA = "Ada Lovelace <ada@example.org>"
BOB = "Bob <bob@example.org>"
ADA_AT_GITHUB = "Ada Lovelace <101+ada@users.noreply.github.com>"
GITHUB = "GitHub <noreply@github.com>"
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(folder: Path, *arguments: str) -> str:
    """Run git as a person without any settings would, and return what it prints."""
    done = subprocess.run(  # noqa: S603 - arguments of our own tests
        ["git", "-C", str(folder), *arguments],  # noqa: S607 - any git will do
        capture_output=True,
        text=True,
        check=True,
        env=ENVIRONMENT,
    )
    return done.stdout.strip()


def clone(origin: Path, target: Path, *options: str) -> Path:
    """Clone over the file protocol, as from a server: options for depth and filters work."""
    git(origin.parent, "clone", "--quiet", *options, origin.as_uri(), str(target))
    return target


class Repository:
    """A repository without a working tree that is filled object by object.

    Args:
        path: Its folder, made here.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        git(path, "init", "--quiet", "--initial-branch=main")
        git(path, "config", "uploadpack.allowFilter", "true")
        self._files: dict[str, dict[str, bytes]] = {}
        self._count = 0

    def commit(
        self,
        message: str | bytes,
        *parents: str,
        at: str | int = "2026-09-01T12:00:00Z",
        authored: str | int | None = None,
        author: str | bytes = ADA,
        committer: str | None = None,
        files: dict[str, bytes] | None = None,
        headers: bytes = b"",
        branch: str | None = "main",
    ) -> str:
        """Write a commit, point a branch at it, and return its hash.

        Args:
            message: The whole message.
            parents: Hashes of its parents.
            at: Committer date; seconds since 1970 as they stand, or a time.
            authored: Author date, by default the same.
            author: Name and e-mail, raw bytes if need be.
            committer: Name and e-mail, by default the author's.
            files: Files that it adds or changes to those of its first parent; by default one.
            headers: More header lines.
            branch: Branch that then points to it; None points none.
        """
        self._count += 1
        kept = self._files.get(parents[0], {}) if parents else {}
        changed = {f"file{self._count}": b"one\ntwo\n"} if files is None else files
        content = {**kept, **changed}
        by = author if isinstance(author, bytes) else author.encode()
        lines = [b"tree " + self._tree(content).encode()]
        lines += [b"parent " + parent.encode() for parent in parents]
        lines += [b"author %s %d +0000" % (by, _seconds(at if authored is None else authored))]
        lines += [b"committer %s %d +0000" % ((committer or "").encode() or by, _seconds(at))]
        text = message if isinstance(message, bytes) else message.encode()
        sha = self._write(b"commit", b"\n".join(lines) + b"\n" + headers + b"\n" + text)
        self._files[sha] = content
        if branch is not None:
            self.point(branch, sha)
        return sha

    def point(self, branch: str, sha: str) -> None:
        """Let a branch point to a commit, as a push with force does."""
        ref = self.path / ".git" / "refs" / "heads" / branch
        ref.parent.mkdir(parents=True, exist_ok=True)
        ref.write_text(f"{sha}\n", encoding="ascii")

    def lose(self, content: bytes) -> None:
        """Take the content of a file away, as a damaged or filtered clone lacks it."""
        self._place(_hash(b"blob", content)).unlink()

    def break_commit(self, sha: str) -> None:
        """Damage a commit on the disk."""
        self._place(sha).write_bytes(b"broken")

    def mail_map(self, text: str) -> None:
        """Write the mail-map of the working tree."""
        (self.path / ".mailmap").write_text(text, encoding="utf-8")

    def _tree(self, files: dict[str, bytes]) -> str:
        entries = b"".join(
            b"100644 " + name.encode() + b"\0" + bytes.fromhex(self._write(b"blob", files[name]))
            for name in sorted(files)
        )
        return self._write(b"tree", entries)

    def _write(self, kind: bytes, data: bytes) -> str:
        sha = _hash(kind, data)
        place = self._place(sha)
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(zlib.compress(b"%s %d\0" % (kind, len(data)) + data))
        return sha

    def _place(self, sha: str) -> Path:
        return self.path / ".git" / "objects" / sha[:2] / sha[2:]


def _hash(kind: bytes, data: bytes) -> str:
    return hashlib.sha1(b"%s %d\0" % (kind, len(data)) + data, usedforsecurity=False).hexdigest()


def _seconds(moment: str | int) -> int:
    if isinstance(moment, int):
        return moment
    parsed = parse_instant(moment)
    assert parsed is not None, moment
    return int(parsed[0].timestamp())


def squash_style(repository: Repository) -> list[str]:
    """Write a history as GitHub's squash merges make it; return its hashes, oldest first.

    Four commits on 1 to 4 September 2026: one without a pull request, #1 and #2 by Ada with an
    assistant, #3 that reverts #2.
    """
    first = repository.commit("Begin", at="2026-09-01T09:00:00Z", author=ADA)
    second = repository.commit(
        "Add payments (#1)\n\n* one\n\nCo-authored-by: Claude Opus 4.6 <noreply@anthropic.com>\n\n"
        "* two\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>\n",
        first,
        at="2026-09-02T10:00:00Z",
        author=ADA_AT_GITHUB,
        committer=GITHUB,
    )
    third = repository.commit(
        "Add refunds (#2)",
        second,
        at="2026-09-03T11:00:00Z",
        author=BOB,
        committer=GITHUB,
    )
    fourth = repository.commit(
        'Revert "Add refunds (#2)" (#3)\n\nReverts acme/payments#2\n',
        third,
        at="2026-09-04T12:00:00Z",
        author=BOB,
        committer=GITHUB,
    )
    return [first, second, third, fourth]


def merge_style(repository: Repository) -> dict[str, str]:
    """Write a history of merge commits; return its hashes by name.

    ```
    begin -- main1 ------------ merge7 -- merge8
         \\-- a1 -- a2 ---------/          /
                    \\-- b1 (2 weeks old) /
    ```
    Pull request 7 (Ada's a1, a2) landed on 10 September, 8 (Bob's b1) on 20 September 2026.
    """
    made: dict[str, str] = {}
    made["begin"] = repository.commit("Begin", at="2026-09-01T09:00:00Z")
    made["a1"] = repository.commit(
        "Start (#99)", made["begin"], at="2026-09-02T09:00:00Z", branch=None
    )
    made["a2"] = repository.commit("End", made["a1"], at="2026-09-03T09:00:00Z", branch=None)
    made["b1"] = repository.commit(
        "Bob's\n\nClaude-Session: https://claude.ai/code/session_01ABCDEFG\n",
        made["a2"],
        at="2026-09-06T09:00:00Z",
        author=BOB,
        branch=None,
    )
    made["main1"] = repository.commit("Direct", made["begin"], at="2026-09-05T09:00:00Z")
    made["merge7"] = repository.commit(
        "Merge pull request #7 from ada/payments\n\nPayments\n",
        made["main1"],
        made["a2"],
        at="2026-09-10T09:00:00Z",
        committer=GITHUB,
    )
    made["merge8"] = repository.commit(
        "Merge pull request #8 from bob/fix/it\n\nFix it\n",
        made["merge7"],
        made["b1"],
        at="2026-09-20T09:00:00Z",
        committer=GITHUB,
    )
    return made
