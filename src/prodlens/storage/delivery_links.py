"""SQL that reads which pull requests carry a sign of AI assistance, and which one; writes nothing.

A pull request is signed by the commits that it brought in, and by what transcripts of sessions say.
Labels are matched in `prodlens.metrics.delivery_evidence`. What carries no sign may be assisted
too: everything here is a lower bound.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from prodlens.storage.where import Clause

Key = tuple[int, int]
"""Repository and number of a pull request."""


class Evidence(StrEnum):
    """What joins a pull request to AI assistance; the strongest first."""

    SESSION_TRAILER = "session_trailer"
    """A commit message names a session."""
    TRANSCRIPT = "transcript"
    """The transcript of a session says that it made the pull request or one of its commits."""
    LABEL = "label"
    """It has a label that people use for this."""
    CO_AUTHOR = "co_author"
    """A commit names an assistant as co-author, as tool, or is by one."""


_BELONGING: Final = """
belonging (repo_id, number, sha) as (
    select c.repo_id, c.pr_number, c.sha from commits c
    where {commits} and c.pr_number is not null
    union
    select p.repo_id, p.number, p.merge_commit_sha from pull_requests p
    where {requests} and p.merge_commit_sha is not null
)
"""
_BY_MESSAGE: Final = f"""
with {_BELONGING}
select distinct b.repo_id, b.number, iif(t.session_ref is null, 'co_author', 'session_trailer')
from belonging b join commit_trailers t on t.repo_id = b.repo_id and t.sha = b.sha
where t.ai_role = 'author'
"""
_BY_TRANSCRIPT: Final = f"""
with {_BELONGING},
names (repo_id, slug) as (
    select repo_id, lower(slug) from repositories where slug <> ''
    union select repo_id, lower(slug) from repo_aliases
),
links (kind, slug, ref) as (
    select distinct kind, lower(repo_slug), lower(ref) from session_links
),
named (repo_id, sha) as (
    select n.repo_id, min(c.sha)
    from links l
    join names n on n.slug = l.slug
    join commits c on c.repo_id = n.repo_id and c.sha >= l.ref and c.sha < l.ref || 'g'
    where l.kind = 'commit' and length(l.ref) >= 7 and l.ref not glob '*[^0-9a-f]*'
    group by n.repo_id, l.ref
    having count(distinct c.sha) = 1
)
select n.repo_id, cast(l.ref as integer), 'transcript'
from links l join names n on n.slug = l.slug
where l.kind = 'pull_request' and l.ref <> '' and l.ref not glob '*[^0-9]*'
union
select b.repo_id, b.number, 'transcript'
from belonging b join named m on m.repo_id = b.repo_id and m.sha = b.sha
union
select b.repo_id, b.number, 'transcript'
from belonging b join links l on l.kind = 'commit' and l.slug = '' and l.ref = b.sha
"""
"""A shortened hash counts where it can mean one commit only; without a repository, a whole one."""
_KNOWS_LINKS: Final = """
select count(*) from sqlite_master where type = 'table' and name = 'session_links'
"""


def signs(
    conn: sqlite3.Connection, requests: Clause, commits: Clause
) -> Mapping[Key, frozenset[Evidence]]:
    """Return what joins pull requests to AI assistance, labels left out.

    Args:
        conn: The database; one of an older schema knows of no transcripts.
        requests: Condition on `repo_id` alone, with the alias `p`.
        commits: The same with the alias `c`.

    Returns:
        By repository and number; what carries no sign is not in it. Numbers that transcripts name
        need not be stored.
    """
    statements = [_BY_MESSAGE]
    if conn.execute(_KNOWS_LINKS).fetchone()[0]:
        statements.append(_BY_TRANSCRIPT)
    found: dict[Key, frozenset[Evidence]] = {}
    for statement in statements:
        text = statement.format(requests=requests.sql, commits=commits.sql)
        for repo_id, number, kind in conn.execute(text, requests.parameters | commits.parameters):
            key = (repo_id, number)
            found[key] = found.get(key, frozenset()) | {Evidence(kind)}
    return found
