"""Decides what a commit becomes in the store: its row, its pull request, and who that is by; pure."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.clock import format_instant
from prodlens.sources.ai_trailers import account_of, author_sign, is_program
from prodlens.storage import history

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from prodlens.sources.ai_trailers import AiSign
    from prodlens.sources.git import GitCommit

_GITHUB: Final = "noreply@github.com"


def merged_number(commit: GitCommit, *, on_chain: bool) -> int | None:
    """Return the pull request that a commit merged, where that is certain.

    `(#12)` is one when GitHub itself made the commit on the branch; elsewhere it may be an issue.
    """
    message = commit.message
    if message.merged_number is not None and (on_chain or len(commit.parents) > 1):
        return message.merged_number
    return message.subject_number if on_chain and commit.committer_email == _GITHUB else None


@functools.lru_cache(maxsize=1024)
def stored_time(moment: datetime | None) -> str | None:
    """Return a time as stored text, None for None; a commit's times are often the same."""
    return None if moment is None else format_instant(moment)


@functools.lru_cache(maxsize=4096)
def _trailer(sign: AiSign) -> history.Trailer:
    return history.Trailer(*sign[:4], str(sign.role), sign.session_ref)


class _Author(NamedTuple):
    login: str | None
    github_id: int | None
    is_bot: int
    sign: AiSign | None


@functools.lru_cache(maxsize=4096)
def _author(name: str, email: str) -> _Author:
    account = account_of(email)
    github_id, login = account if account and account[0] is not None else (None, None)
    return _Author(login, github_id, int(is_program(name, email)), author_sign(name, email))


def commit_row(commit: GitCommit, landed_at: str | None, number: int | None) -> history.HistoryRow:
    """Return the row of a commit.

    Args:
        commit: The commit.
        landed_at: When it landed, as stored text; None when no possible time is known.
        number: Pull request that brought it in.
    """
    author = _author(commit.author_name, commit.author_email)
    signs = commit.message.signs + ((author.sign,) if author.sign else ())
    return history.HistoryRow(
        sha=commit.sha,
        author=author.login or commit.author_name or None,
        author_name=commit.author_name,
        author_email=commit.author_email,
        author_login=author.login,
        author_id=author.github_id,
        committer_email=commit.committer_email,
        authored_at=stored_time(commit.authored_at),
        committed_at=stored_time(commit.committed_at),
        landed_at=landed_at,
        subject=commit.message.subject,
        is_merge=int(len(commit.parents) > 1),
        is_bot=author.is_bot,
        pr_number=number,
        reverts_sha=commit.message.reverts_sha,
        parents=commit.parents,
        trailers=tuple(map(_trailer, signs)),
    )


def request_row(commit: GitCommit, number: int, merged_at: str, slug: str) -> dict[str, Any]:
    """Return what a clone knows of a pull request, without its author.

    When it was opened and whether it was reopened is not in a history: those columns stay away.

    Args:
        commit: The commit that merged it.
        number: Its number.
        merged_at: When that commit landed, as stored text.
        slug: The repository; a revert that names another one says nothing here.
    """
    message = commit.message
    own = message.reverts_slug in (None, slug)
    return {
        "number": number,
        "title": message.title,
        "state": "closed",
        "merged_at": merged_at,
        "closed_at": merged_at,
        "head_ref": message.head_ref,
        "merge_commit_sha": commit.sha,
        "reverts_number": message.reverts_number if own else None,
    }


def request_author(commit: GitCommit, brought: Iterable[GitCommit]) -> dict[str, Any]:
    """Return who a pull request is by; a merge says only who merged, so its commits must agree."""
    if len(commit.parents) > 1:
        by = {(one.author_email, one.author_name) for one in brought if len(one.parents) < 2}
        if len({email for email, _ in by}) != 1:
            return {"author": None, "author_id": None, "is_bot": None}
        email, name = min(by)
    else:
        email, name = commit.author_email, commit.author_name
    author = _author(name, email)
    shown = author.login or name or None
    return {"author": shown, "author_id": author.github_id, "is_bot": author.is_bot}
