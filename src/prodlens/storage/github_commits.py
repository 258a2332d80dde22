"""SQL of commits as GitHub tells of them: staged page by page, placed on the branch at once.

A commit that was read stands off the branch until the walk is whole: a walk that died, or whose
branch was pushed over in between, leaves nothing on it that doesn't belong there. Knows no HTTP;
what a local clone tells is `prodlens.storage.history`'s, and both end in the same rows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from prodlens.storage import dirty_days
from prodlens.storage.history import Trailer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

SOURCE: Final = "github"


class CommitRow(NamedTuple):
    """A commit as GitHub tells it; columns of `commits` by their names.

    Attributes:
        parents: Hashes, the first parent first; None when not told.
        trailers: Signs of AI assistance.
    """

    sha: str
    author: str | None
    author_name: str
    author_email: str
    author_login: str | None
    author_id: int | None
    committer_email: str
    authored_at: str | None
    committed_at: str | None
    subject: str
    is_merge: int
    is_bot: int
    reverts_sha: str | None
    parents: tuple[str, ...] | None
    trailers: tuple[Trailer, ...]


class Node(NamedTuple):
    """What decides where a stored commit belongs.

    Attributes:
        parents: Hashes, the first parent first.
        committed_at: Committer date as stored text; None when it is no time.
        committer_email: E-mail of the committer.
        subject: First line of the message.
        timestamp: Time it counts at; None when it counts on no day.
        landed_at: When it landed; None when not known.
        pr_number: Pull request that brought it in.
        on_branch: Whether it is on the default branch.
    """

    parents: tuple[str, ...]
    committed_at: str | None
    committer_email: str | None
    subject: str | None
    timestamp: str | None
    landed_at: str | None
    pr_number: int | None
    on_branch: bool


class Placement(NamedTuple):
    """Where a commit belongs: on the branch or not, when it landed, with which pull request."""

    sha: str
    on_branch: bool
    landed_at: str | None
    timestamp: str | None
    pr_number: int | None


_COLUMNS: Final = CommitRow._fields[:-2]
_LARGER: Final = (
    "author_name",
    "author_email",
    "author_login",
    "author_id",
    "committer_email",
    "authored_at",
    "committed_at",
    "subject",
    "is_bot",
    "reverts_sha",
    "source",
)
"""Where a clone says otherwise the larger value stands, as in `prodlens.storage.history`."""


def _either(name: str) -> str:
    return f"coalesce(max({name}, excluded.{name}), {name}, excluded.{name})"


_STAGE: Final = f"""
insert into commits (repo_id, {", ".join(_COLUMNS)}, timestamp, source, on_default_branch)
values (?, {", ".join("?" * len(_COLUMNS))}, ?, '{SOURCE}', 0)
on conflict (repo_id, sha) do update set
    {", ".join(f"{name} = {_either(name)}" for name in _LARGER)},
    author = coalesce({_either("author_login")}, excluded.author),
    is_merge = excluded.is_merge
"""
_KNOWN: Final = """
select * from commits
where repo_id = :repo_id and sha in (select value from json_each(:shas))
"""
_ADD_PARENT: Final = """
insert or ignore into commit_parents (repo_id, sha, parent, position) values (?, ?, ?, ?)
"""
_FORGET_TRAILERS: Final = """
delete from commit_trailers
where repo_id = :repo_id and sha in (select value from json_each(:shas))
"""
_ADD_TRAILER: Final = f"""
insert or ignore into commit_trailers (repo_id, sha, {", ".join(Trailer._fields)})
values (?, ?, {", ".join("?" * len(Trailer._fields))})
"""
_NODES: Final = """
select sha, committed_at, committer_email, subject, timestamp, landed_at, pr_number,
    on_default_branch
from commits where repo_id = ?
"""
_PARENTS: Final = """
select sha, parent from commit_parents where repo_id = ? order by sha, position
"""
_PLACE: Final = """
update commits set on_default_branch = ?, landed_at = ?, timestamp = ?, pr_number = ?
where repo_id = ? and sha = ?
"""
_MERGED_BY: Final = """
select merge_commit_sha, min(number) as number from pull_requests
where repo_id = ? and merge_commit_sha is not null and merged_at is not null
    and source = 'github'
group by merge_commit_sha
"""
_UNNUMBERED: Final = f"""
select 1 from ({_MERGED_BY}) as m join commits c on c.repo_id = ? and c.sha = m.merge_commit_sha
where c.on_default_branch = 1 and c.pr_number is not m.number
limit 1
"""
_COUNT: Final = """
select count(*) from commits where repo_id = ? and on_default_branch = 1
"""


def stage(conn: sqlite3.Connection, repo_id: int, rows: Sequence[CommitRow]) -> set[str]:
    """Store commits with their parents and trailers, off the branch unless they stand on it.

    Known fields are never lost. No day's figures change.

    Args:
        conn: The connection, in a transaction.
        repo_id: The repository.
        rows: The commits.

    Returns:
        Hashes of those that are new or say something else now.
    """
    asked = {"repo_id": repo_id, "shas": json.dumps([row.sha for row in rows])}
    before = {row["sha"]: tuple(row) for row in conn.execute(_KNOWN, asked)}
    width = len(_COLUMNS)
    conn.executemany(_STAGE, [(repo_id, *row[:width], row.committed_at) for row in rows])
    after = {row["sha"]: tuple(row) for row in conn.execute(_KNOWN, asked)}
    conn.execute(_FORGET_TRAILERS, asked)
    parents = [
        (repo_id, row.sha, parent, position)
        for row in rows
        for position, parent in enumerate(row.parents or ())
    ]
    conn.executemany(_ADD_PARENT, parents)
    conn.executemany(
        _ADD_TRAILER, [(repo_id, row.sha, *trailer) for row in rows for trailer in row.trailers]
    )
    return {sha for sha, row in after.items() if before.get(sha) != row}


def nodes(conn: sqlite3.Connection, repo_id: int) -> dict[str, Node]:
    """Return the whole stored graph of a repository, by hash."""
    parents: dict[str, list[str]] = {}
    for sha, parent in conn.execute(_PARENTS, (repo_id,)):
        parents.setdefault(sha, []).append(parent)
    return {
        row[0]: Node._make((tuple(parents.get(row[0], ())), *row[1:7], bool(row[7])))
        for row in map(tuple, conn.execute(_NODES, (repo_id,)))
    }


def merged_by(conn: sqlite3.Connection, repo_id: int) -> dict[str, int]:
    """Return which pull request a commit merged, as GitHub says: hash -> number."""
    return {str(row[0]): int(row[1]) for row in conn.execute(_MERGED_BY, (repo_id,))}


def has_unnumbered(conn: sqlite3.Connection, repo_id: int) -> bool:
    """Return whether a commit on the branch doesn't carry the number that GitHub says."""
    return conn.execute(_UNNUMBERED, (repo_id, repo_id)).fetchone() is not None


def place(
    conn: sqlite3.Connection, repo_id: int, placements: Iterable[tuple[Placement, Node]]
) -> None:
    """Put commits where they belong; caller's transaction.

    Args:
        conn: The connection, in a transaction.
        repo_id: The repository.
        placements: Where each belongs, and where it stands now. Days whose figures that moves are
            marked.
    """
    rows, days = [], set()
    for to, at in placements:
        rows.append((int(to.on_branch), to.landed_at, to.timestamp, to.pr_number, repo_id, to.sha))
        if (to.on_branch, to.timestamp) != (at.on_branch, at.timestamp):
            days |= {time[:10] for time in (to.timestamp, at.timestamp) if time}
    conn.executemany(_PLACE, rows)
    dirty_days.mark(conn, dirty_days.GITHUB, days)


def count_on_branch(conn: sqlite3.Connection, repo_id: int) -> int:
    """Return how many commits stand on the default branch, merges included."""
    return int(conn.execute(_COUNT, (repo_id,)).fetchone()[0])
