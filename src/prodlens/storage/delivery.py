"""SQL of the deliveries: `repositories`, `pull_requests`, `commits`; row <-> dict.

Knows no remote service and no metric. Every write marks the UTC days whose figures it changes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from prodlens.errors import InputError
from prodlens.selection import parse_repository
from prodlens.storage import dirty_days
from prodlens.storage.columns import (
    FLAG,
    INSTANT,
    KEY_TEXT,
    TEXT,
    WHOLE,
    Column,
    read_row,
)
from prodlens.storage.field_ages import merge

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

UNASSIGNED: Final = 0
"""`repo_id` of what belongs to no known repository."""
HOST: Final = "github.com"

_REPOSITORY: Final = {"repo_slug": TEXT, "repo_id": WHOLE}


def _labels(value: Any) -> str:
    if isinstance(value, str):
        return value
    if all(isinstance(label, str) for label in value):
        return json.dumps(list(value))
    raise TypeError


PULL_REQUEST: Final[dict[str, Column]] = {
    **dict.fromkeys(("number", "id"), WHOLE),
    **dict.fromkeys(("node_id", "title", "author"), TEXT),
    "author_id": WHOLE,
    "author_type": TEXT,
    "is_bot": FLAG,
    "state": TEXT,
    "draft": FLAG,
    **dict.fromkeys(("created_at", "merged_at", "closed_at", "updated_at"), INSTANT),
    "reopened": FLAG,
    "reopened_count": WHOLE,
    "reopened_at": INSTANT,
    **dict.fromkeys(("base_ref", "head_ref", "merge_commit_sha"), TEXT),
    **dict.fromkeys(("additions", "deletions", "changed_files", "reverts_number"), WHOLE),
    "labels": Column(_labels, "a list of names"),
    "first_review_at": INSTANT,
    "source": TEXT,
    "first_seen_at": INSTANT,
}
"""Columns of `pull_requests` beside `repo_id`."""

COMMIT: Final[dict[str, Column]] = {
    "sha": KEY_TEXT,
    **dict.fromkeys(("author", "author_name", "author_email", "author_login"), TEXT),
    "author_id": WHOLE,
    "committer_email": TEXT,
    **dict.fromkeys(("timestamp", "authored_at", "committed_at", "landed_at"), INSTANT),
    "subject": TEXT,
    **dict.fromkeys(("is_merge", "is_bot", "on_default_branch"), FLAG),
    **dict.fromkeys(("additions", "deletions", "files", "pr_number"), WHOLE),
    **dict.fromkeys(("reverts_sha", "source"), TEXT),
}
"""Columns of `commits` beside `repo_id`."""

_FLAGS: Final = ("is_bot", "draft", "reopened", "is_merge", "on_default_branch")

_FIND_REPOSITORY: Final = """
select repo_id, 0 as place from repo_aliases where host = :host and slug = :slug
union all
select repo_id, 1 from repositories where host = :host and slug = :slug
order by place
"""
_ADD_REPOSITORY: Final = """
insert into repositories (host, slug) values (:host, :slug) returning repo_id
"""
_FIND_PULL_REQUEST: Final = """
select p.*, s.value as older
from pull_requests p
left join sync_state s
    on s.repo_id = p.repo_id and s.stream = 'field_ages' and s.key = cast(p.number as text)
where p.repo_id = :repo_id and p.number = :number
"""
_KEEP_AGES: Final = """
insert into sync_state (repo_id, stream, key, value)
values (:repo_id, 'field_ages', cast(:number as text), :older)
on conflict (repo_id, stream, key) do update set value = excluded.value
"""
_FORGET_AGES: Final = """
delete from sync_state
where repo_id = :repo_id and stream = 'field_ages' and key = cast(:number as text)
"""
_REOPENED_DAYS: Final = """
select distinct substr(created_at, 1, 10) from pr_events
where repo_id = :repo_id and number = :number and event = 'reopened' and created_at is not null
"""
_FIND_COMMIT: Final = "select * from commits where repo_id = :repo_id and sha = :sha"

FETCH_PULL_REQUESTS: Final = """
select nullif(lower(r.slug), '') as repo_slug, p.*
from pull_requests p join repositories r using (repo_id)
order by p.repo_id, p.number
"""
FETCH_COMMITS: Final = """
select nullif(lower(r.slug), '') as repo_slug, c.*
from commits c join repositories r using (repo_id)
order by c.timestamp, c.repo_id, c.sha
"""


def _upsert(table: str, columns: Iterable[str], key: str) -> str:
    names = ("repo_id", *columns)
    return (
        f"insert into {table} ({', '.join(names)}) values ({', '.join(f':{n}' for n in names)}) "
        f"on conflict (repo_id, {key}) do update set "
        + ", ".join(f"{name} = excluded.{name}" for name in names)
    )


_WRITE_PULL_REQUEST: Final = _upsert("pull_requests", PULL_REQUEST, "number")
_WRITE_COMMIT: Final = _upsert("commits", COMMIT, "sha")


def repository_id(conn: sqlite3.Connection, slug: str | None) -> int:
    """Return the id of a repository, making its row on demand; caller's transaction.

    Args:
        conn: The connection.
        slug: `owner/name` in any case, or an old name of it; None is unassigned (0).

    Raises:
        InputError: The text is no repository.
    """
    if slug is None or not slug.strip():
        return UNASSIGNED
    name = {"host": HOST, "slug": parse_repository(slug)}
    row = conn.execute(_FIND_REPOSITORY, name).fetchone()
    if row is None:
        row = conn.execute(_ADD_REPOSITORY, name).fetchone()
    return int(row[0])


def insert_pull_requests(conn: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]) -> int:
    """Store pull requests; one row per (repository, number), whatever the order of the records.

    A field stands as the record with the newest `updated_at` said it; None says nothing. Records
    without `updated_at` are older than any with it. See `prodlens.storage.field_ages`.

    Args:
        conn: The connection, in a transaction.
        rows: Columns of `pull_requests` and `repo_slug`; times as aware datetimes or text (naive
            is UTC). Without `repo_slug` a pull request is unassigned. Where `number` is missing,
            `id` stands in for it. `labels` may be a list of names.

    Returns:
        Rows that are new or say something else now.

    Raises:
        InputError: A column is unknown, a time is none, or neither `number` nor `id` is given.
    """
    changed: set[tuple[int, int]] = set()
    for row in rows:
        said = read_row("pull request", PULL_REQUEST | _REPOSITORY, row)
        number = said.pop("number", None)
        number = said.get("id") if number is None else number
        if number is None:
            raise InputError("A pull request needs a number (or an id that stands in for it).")
        key = {"repo_id": _take_repository(conn, said), "number": number}
        if _store_pull_request(conn, key, said):
            changed.add((key["repo_id"], number))
    return len(changed)


def insert_commits(conn: sqlite3.Connection, rows: Iterable[Mapping[str, Any]]) -> int:
    """Store commits; one row per (repository, sha).

    Known fields are never lost. Commits have no age: where two records differ, the larger value
    stands, whatever the order; only `on_default_branch` is as the last record says that gives it.
    `timestamp` becomes `landed_at`, else `committed_at`, else `authored_at`; a `timestamp` given
    without `landed_at` that is neither of the others *is* when the commit landed.

    Args:
        conn: The connection, in a transaction.
        rows: Columns of `commits` and `repo_slug`; times as aware datetimes or text (naive is
            UTC). A new commit is on the default branch and no merge unless the record says so.

    Returns:
        Rows that are new or say something else now.

    Raises:
        InputError: A column is unknown, a time is none, or `sha` is missing.
    """
    changed: set[tuple[int, str]] = set()
    for row in rows:
        said = read_row("commit", COMMIT | _REPOSITORY, row)
        sha = said.pop("sha", None)
        if not sha:
            raise InputError("A commit needs a sha.")
        key = {"repo_id": _take_repository(conn, said), "sha": sha}
        if _store_commit(conn, key, said):
            changed.add((key["repo_id"], sha))
    return len(changed)


def fetch_pull_requests(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return every pull request as a dict of columns and `repo_slug` (None is unassigned).

    Times are fixed-width UTC text; `reopened`, `draft` and `is_bot` are True, False or None.
    """
    return [_plain(row) for row in conn.execute(FETCH_PULL_REQUESTS)]


def fetch_commits(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return every commit as a dict of columns and `repo_slug` (None is unassigned), oldest first.

    Times are fixed-width UTC text; flags are True, False or None.
    """
    return [_plain(row) for row in conn.execute(FETCH_COMMITS)]


def _plain(row: sqlite3.Row) -> dict[str, Any]:
    values = dict(row)
    for name in _FLAGS:
        if values.get(name) is not None:
            values[name] = bool(values[name])
    return values


def _take_repository(conn: sqlite3.Connection, said: dict[str, Any]) -> int:
    """Take the repository out of a record; `repo_slug` counts, `repo_id` only without it."""
    slug, given = said.pop("repo_slug", None), said.pop("repo_id", None)
    if slug or not given:
        return repository_id(conn, slug)
    if not conn.execute("select 1 from repositories where repo_id = ?", (given,)).fetchone():
        raise InputError(f"There is no repository with repo_id {given}: give repo_slug instead.")
    return int(given)


def _store_pull_request(
    conn: sqlite3.Connection, key: dict[str, Any], said: Mapping[str, Any]
) -> bool:
    row = conn.execute(_FIND_PULL_REQUEST, key).fetchone()
    stored = {name: row[name] if row else None for name in PULL_REQUEST} | {"number": None}
    older = json.loads(row["older"]) if row and row["older"] else {}
    merged, ages = merge(stored, older, said)
    if ages != older:
        conn.execute(
            _KEEP_AGES if ages else _FORGET_AGES, key | {"older": json.dumps(ages, sort_keys=True)}
        )
    if row and merged == stored:
        return False
    conn.execute(_WRITE_PULL_REQUEST, merged | key)
    days = _days_of(stored, merged, ("merged_at", "reopened_at"), ("created_at",))
    if not row:
        days |= {str(found[0]) for found in conn.execute(_REOPENED_DAYS, key)}
    dirty_days.mark(conn, dirty_days.GITHUB, days)
    return True


def _store_commit(conn: sqlite3.Connection, key: dict[str, Any], said: dict[str, Any]) -> bool:
    row = conn.execute(_FIND_COMMIT, key).fetchone()
    stored = {name: row[name] if row else None for name in COMMIT} | {"sha": None}
    landing = said.pop("timestamp", None)
    if landing not in (None, said.get("committed_at"), said.get("authored_at")):
        said["landed_at"] = said.get("landed_at") or landing
    said["author"] = said.get("author") or said.get("author_name")
    merged, _ = merge(stored, {}, said)
    merged["timestamp"] = merged["landed_at"] or merged["committed_at"] or merged["authored_at"]
    merged["author"] = merged["author_login"] or merged["author"]
    for name, default in (("is_merge", 0), ("on_default_branch", 1)):
        merged[name] = default if merged[name] is None else merged[name]
    if row and merged == stored:
        return False
    conn.execute(_WRITE_COMMIT, merged | key)
    days = _days_of(stored, merged, ("timestamp",), ("is_merge", "on_default_branch"))
    dirty_days.mark(conn, dirty_days.GITHUB, days)
    return True


def _days_of(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    times: tuple[str, ...],
    others: tuple[str, ...],
) -> set[str]:
    """Return the UTC days, old and new, whose figures a change of these columns moves."""
    if all(before[name] == after[name] for name in (*times, *others)):
        return set()
    return {row[name][:10] for row in (before, after) for name in times if row[name]}
