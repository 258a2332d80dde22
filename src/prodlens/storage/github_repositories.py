"""SQL of `repositories` and `repo_aliases` as GitHub tells of them: ids, renames, names reused.

A repository is its number on its server; its name is only what it is called now. Asks no server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.storage import delivery, dirty_days

if TYPE_CHECKING:
    import sqlite3

_BY_ID: Final = """
select repo_id, host, github_id, lower(slug) as slug, default_branch from repositories
where host = :host and github_id = :github_id
"""
_BY_ROW: Final = """
select repo_id, host, github_id, lower(slug), default_branch from repositories
where repo_id = :repo_id
"""
_BY_SLUG: Final = """
select r.repo_id, r.host, r.github_id, lower(r.slug) as slug, r.default_branch, 0 as place
from repositories r where r.host = :host and r.slug = :slug
union all
select r.repo_id, r.host, r.github_id, lower(r.slug), r.default_branch, 1
from repo_aliases a join repositories r using (repo_id) where a.host = :host and a.slug = :slug
union all
select r.repo_id, r.host, r.github_id, lower(r.slug), r.default_branch, 2
from repositories r
where r.host = :other_host and r.slug = :slug and r.github_id is null and r.host <> :host
order by place
"""
"""A row that traces or a clone made names no server: it is found when the server's own is not."""
_ADD: Final = """
insert into repositories (host, github_id, slug, default_branch)
values (:host, :github_id, :slug, :branch) returning repo_id
"""
_SETTLE: Final = """
update repositories set host = :host, github_id = coalesce(:github_id, github_id), slug = :slug,
    default_branch = coalesce(:branch, default_branch)
where repo_id = :repo_id
"""
_GIVE_UP_NAME: Final = """
update repositories set slug = 'repositories/' || coalesce(github_id, -repo_id)
where repo_id = :repo_id
"""
_ALIAS: Final = """
insert into repo_aliases (host, slug, repo_id) values (:host, :slug, :repo_id)
on conflict (host, slug) do update set repo_id = excluded.repo_id
"""
_NO_ALIAS: Final = "delete from repo_aliases where host = :host and slug = :slug"
_NAMES: Final = """
select lower(slug) from repositories where repo_id = :repo_id
union select lower(slug) from repo_aliases where repo_id = :repo_id
"""
_MOVED_TABLES: Final = ("pr_events", "commit_parents", "commit_trailers", "sync_state")
_DELIVERY_DAYS: Final = """
select substr(merged_at, 1, 10) from pull_requests where repo_id = :old and merged_at is not null
union select substr(reopened_at, 1, 10) from pull_requests
    where repo_id = :old and reopened_at is not null
union select substr(timestamp, 1, 10) from commits where repo_id = :old and timestamp is not null
"""


class Known(NamedTuple):
    """What stands about a repository.

    Attributes:
        repo_id: Its row.
        host: Its server.
        github_id: Its number there; None when GitHub was never asked.
        slug: What it is called, lower case.
        default_branch: Name of its default branch; None when not known.
    """

    repo_id: int
    host: str
    github_id: int | None
    slug: str
    default_branch: str | None


def find(conn: sqlite3.Connection, host: str, slug: str) -> Known | None:
    """Return the repository that a name stands for, also an old one; None when there is none."""
    names = {"host": host, "slug": slug, "other_host": delivery.HOST}
    row = conn.execute(_BY_SLUG, names).fetchone()
    return None if row is None else Known(*tuple(row)[:5])


def names_of(conn: sqlite3.Connection, repo_id: int) -> set[str]:
    """Return every name a repository has or had, lower case."""
    return {str(row[0]) for row in conn.execute(_NAMES, {"repo_id": repo_id})}


def settle(
    conn: sqlite3.Connection,
    *,
    host: str,
    github_id: int | None,
    slug: str,
    asked: str,
    default_branch: str | None,
) -> Known:
    """Bring what GitHub says of a repository into the tables; caller's transaction.

    Its old names become aliases. A row that another source made under the new name is merged into
    it. A repository that lost this name to another one keeps its rows under its number.

    Args:
        conn: The connection, in a transaction.
        host: The server.
        github_id: The repository's number there; None when not told.
        slug: What it is called now, lower case.
        asked: The name it was asked for, lower case.
        default_branch: Name of its default branch; None when not told.
    """
    named, by_id = find(conn, host, slug), _by_id(conn, host, github_id)
    if named is not None and not _may_be(named, host, github_id):
        if named.slug == slug and named.host == host:
            conn.execute(_GIVE_UP_NAME, {"repo_id": named.repo_id})
        named = None
    if by_id is None and named is None and asked != slug:
        by_id = _unclaimed(find(conn, host, asked))
    row = {"host": host, "github_id": github_id, "slug": slug, "branch": default_branch}
    target = by_id or named
    if target is None:
        repo_id = int(conn.execute(_ADD, row).fetchone()[0])
    else:
        repo_id = target.repo_id
        if named is not None and named.repo_id != repo_id:
            _merge(conn, named.repo_id, repo_id)
        conn.execute(_SETTLE, row | {"repo_id": repo_id})
        if target.slug != slug and not target.slug.startswith("repositories/"):
            conn.execute(_ALIAS, {"host": host, "slug": target.slug, "repo_id": repo_id})
    _name(conn, host, slug, asked, repo_id)
    return Known(*conn.execute(_BY_ROW, {"repo_id": repo_id}).fetchone())


def _by_id(conn: sqlite3.Connection, host: str, github_id: int | None) -> Known | None:
    row = conn.execute(_BY_ID, {"host": host, "github_id": github_id}).fetchone()
    return None if row is None else Known(*row)


def _may_be(known: Known, host: str, github_id: int | None) -> bool:
    """Return whether a row found by name can be this repository."""
    if known.github_id is None or github_id is None:
        return True
    return known.host == host and known.github_id == github_id


def _unclaimed(known: Known | None) -> Known | None:
    return known if known is not None and known.github_id is None else None


def _name(conn: sqlite3.Connection, host: str, slug: str, asked: str, repo_id: int) -> None:
    """Let the present name mean this row, and the name it was asked for too."""
    conn.execute(_NO_ALIAS, {"host": host, "slug": slug})
    aliases = {(host, asked)} if asked != slug else set()
    if host != delivery.HOST:  # clones and traces name no server: there it means this one too
        known = conn.execute(
            "select 1 from repositories where host = ? and slug = ?", (delivery.HOST, slug)
        )
        if known.fetchone() is None:
            aliases.add((delivery.HOST, slug))
    for place, name in sorted(aliases):
        conn.execute(_ALIAS, {"host": place, "slug": name, "repo_id": repo_id})


def _merge(conn: sqlite3.Connection, old: int, new: int) -> None:
    """Move every row of one repository into another, as if it had been read there."""
    names: dict[str, Any] = {"old": old, "new": new}
    days = {str(row[0]) for row in conn.execute(_DELIVERY_DAYS, names)}
    dirty_days.mark(conn, dirty_days.GITHUB, days)
    conn.execute("delete from sync_state where repo_id = :old and stream = 'field_ages'", names)
    for table in _MOVED_TABLES:
        conn.execute(f"update or ignore {table} set repo_id = :new where repo_id = :old", names)
        conn.execute(f"delete from {table} where repo_id = :old", names)
    for table, insert in (
        ("pull_requests", delivery.insert_pull_requests),
        ("commits", delivery.insert_commits),
    ):
        rows = conn.execute(f"select * from {table} where repo_id = :old", names).fetchall()
        insert(conn, [dict(row) | {"repo_id": new} for row in rows])
        conn.execute(f"delete from {table} where repo_id = :old", names)
    conn.execute("update repo_aliases set repo_id = :new where repo_id = :old", names)
    conn.execute("delete from repositories where repo_id = :old", names)
