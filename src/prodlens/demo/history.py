"""Writes the invented team's deliveries as real git repositories and as pull requests.

The first repository squashes its pull requests, the second merges them with merge commits, as real
teams do. Same team, same hashes: dates, names and contents are all in the stream that git reads.

Source of the stream's form: git-fast-import(1).
"""

from __future__ import annotations

import os
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from prodlens.demo.litellm_log import EPOCH
from prodlens.demo.team import LINKED
from prodlens.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from prodlens.demo.team import Delivered

_HUB: Final = "GitHub <noreply@github.com>"
_TRAILER: Final = "Co-Authored-By: Claude <noreply@anthropic.com>"


def write_repository(folder: Path, slug: str, delivered: tuple[Delivered, ...]) -> None:
    """Make a git repository with every delivery on its branch `main`.

    Args:
        folder: Where; made with its parents, must not hold a repository yet.
        slug: `owner/name`; the first invented repository squashes, others merge.
        delivered: Commits in order of time.

    Raises:
        InputError: git is missing or refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "remote", "add", "origin", f"https://github.com/{slug}.git")
    stream = b"".join(_stream(slug, delivered))
    _git(folder, "fast-import", "--quiet", "--force", data=stream)


def pull_requests(slug: str, delivered: tuple[Delivered, ...]) -> list[dict[str, Any]]:
    """Return the pull requests of a repository as `ProdLensStore.insert_pull_requests` takes them."""
    return [_pull_request(slug, item) for item in delivered if item.pull_request is not None]


def _pull_request(slug: str, item: Delivered) -> dict[str, Any]:
    number = item.pull_request or 0
    reopened_at = item.at - (item.at - item.opened_at) / 2 if item.opened_at else None
    return {
        "repo_slug": slug,
        "number": number,
        "id": (1_000_000 if slug == LINKED else 2_000_000) + number,
        "title": item.subject,
        "author": item.author.email.partition("@")[0],
        "state": "closed",
        "created_at": item.opened_at,
        "merged_at": item.at,
        "closed_at": item.at,
        "updated_at": item.at,
        "reopened": item.reopened,
        "reopened_count": int(item.reopened),
        "reopened_at": reopened_at if item.reopened else None,
        "reverts_number": item.reverts,
        "source": "github",
    }


def _git(folder: Path, *arguments: str, data: bytes | None = None) -> None:
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
    }
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program with a list of arguments
            ["git", "-c", "core.logAllRefUpdates=false", "-C", str(folder), *arguments],  # noqa: S607 - git of the person's own PATH
            input=data,
            capture_output=True,
            check=False,
            env=environment,
        )
    except FileNotFoundError:
        raise InputError("The demo needs git: install it, then run it again.") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(f"git refused to make the demo's repository: {said[-1] if said else '?'}")


def _stream(slug: str, delivered: tuple[Delivered, ...]) -> Iterator[bytes]:
    """Yield a git-fast-import stream; mark 1 is the root, the tip of main is always the last."""
    start = delivered[0].at - timedelta(days=1) if delivered else EPOCH
    root = _commit(
        "main", 1, f"Start <start@acme.example> {_when(start)}", "Begin", "README", "Hi\n"
    )
    yield root
    tip = mark = 1
    for number, item in enumerate(delivered):
        author = f"{item.author.name} <{item.author.email}> {_when(item.at)}"
        message = item.subject
        if item.pull_request is not None and slug == LINKED:
            message += f" (#{item.pull_request})"
        if item.reverts is not None:
            message += f"\n\nReverts {slug}#{item.reverts}"
        if item.assisted:
            message += f"\n\n{_TRAILER}"
        path, text = f"src/part_{number % 17}.txt", f"{number}\n{item.subject}\n"
        mark += 1
        if item.pull_request is None or slug == LINKED:
            hub = item.pull_request is not None
            committer = f"{_HUB} {_when(item.at)}" if hub else author
            yield _commit("main", mark, author, message, path, text, parents=(tip,), by=committer)
        else:
            worked = item.opened_at or item.at
            own = f"{item.author.name} <{item.author.email}> {_when(worked)}"
            branch = f"topic-{item.pull_request}"
            yield _commit(branch, mark, own, message, path, text, parents=(tip,))
            merge = f"Merge pull request #{item.pull_request} from acme/{branch}\n\n{item.subject}"
            mark += 1
            yield _commit(
                "main",
                mark,
                author,
                merge,
                path,
                text,
                parents=(tip, mark - 1),
                by=f"{_HUB} {_when(item.at)}",
            )
            yield f"reset refs/heads/{branch}\nfrom {'0' * 40}\n\n".encode()
        tip = mark


def _when(at: datetime) -> str:
    return f"{(at - EPOCH) // timedelta(seconds=1)} +0000"


def _commit(  # noqa: PLR0913 - the parts of one commit
    branch: str,
    mark: int,
    author: str,
    message: str,
    path: str,
    text: str,
    *,
    parents: tuple[int, ...] = (),
    by: str | None = None,
) -> bytes:
    body = message.encode()
    lines = [
        f"commit refs/heads/{branch}",
        f"mark :{mark}",
        f"author {author}",
        f"committer {by or author}",
        f"data {len(body)}",
        message,
        *(f"{'from' if place == 0 else 'merge'} :{parent}" for place, parent in enumerate(parents)),
        f"M 100644 inline {path}",
        f"data {len(text.encode())}",
        text,
        "",
    ]
    return "\n".join(lines).encode()
