"""Facts behind `prod-lens doctor`: the file, what each source saw, what each repository delivered.

Reads only. Judges and words nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from prodlens.clock import parse_stored
from prodlens.storage import connection
from prodlens.storage.migrations import APPLICATION_ID
from prodlens.storage.persons import person

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime
    from pathlib import Path

_HEADER_SIZE: Final = 100
_APPLICATION_ID_AT: Final = slice(68, 72)
"""Where SQLite keeps the application id. Source: sqlite.org/fileformat.html, section 1.3."""
_OTHERS: Final = 0o077
FileKind = Literal["missing", "folder", "unreadable", "empty", "prodlens", "sqlite", "other"]
Named = Literal["developer_id", "repo_slug"]
"""What the options of an ingestion can say of calls that don't."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What the file system says of a database file.

    Attributes:
        kind: What the file is by its first bytes; `sqlite` is a database of something else.
        size_bytes: Size of the file; 0 when there is none.
        writable: Whether the file and its folder may be written.
    """

    kind: FileKind
    size_bytes: int = 0
    writable: bool = False


class SourceSpan(NamedTuple):
    """What one source saw.

    Attributes:
        calls: Calls; one that two sources saw counts for both.
        first: First call, aware UTC.
        last: Last call, aware UTC.
        days: UTC days with calls, in order.
    """

    calls: int
    first: datetime
    last: datetime
    days: tuple[date, ...]


class Delivered(NamedTuple):
    """Counts of the deliveries of one repository.

    Attributes:
        commits: Commits of the default branch that are no merges.
        pull_requests: Pull requests, merged or not.
        merged: Merged pull requests.
        timed: Merged pull requests of which it is known when they were opened.
        from_git: Merged pull requests that only a local clone told of.
    """

    commits: int = 0
    pull_requests: int = 0
    merged: int = 0
    timed: int = 0
    from_git: int = 0


class Caller(NamedTuple):
    """A developer of the traces.

    Attributes:
        developer_id: As calls name them.
        calls: Their calls.
        delivers: Whether it is certain which account or e-mail of commits is theirs.
    """

    developer_id: str
    calls: int
    delivers: bool


_SOURCE_DAYS: Final = """
select sources, event_date, count(*) as calls, min(timestamp) as first, max(timestamp) as last
from sessions group by sources, event_date order by event_date
"""
_DELIVERED: Final = """
select r.repo_id,
    (select count(*) from commits c
        where c.repo_id = r.repo_id and c.on_default_branch = 1 and c.is_merge = 0) as commits,
    count(p.number) as pull_requests,
    count(p.merged_at) as merged,
    count(p.number) filter (where p.merged_at is not null and p.created_at is not null) as timed,
    count(p.number) filter (where p.merged_at is not null and p.source = 'git') as from_git
from repositories r left join pull_requests p using (repo_id)
group by r.repo_id
"""
_UNDELIVERED: Final = """
with delivering (repo_id) as (
    select repo_id from commits union select repo_id from pull_requests
    union select repo_id from repositories where synced_at is not null
)
select repo_slug, count(*) as calls from sessions
where repo_slug is not null and repo_slug not in (
    select lower(slug) from repositories join delivering using (repo_id)
    union select lower(slug) from repo_aliases join delivering using (repo_id)
)
group by repo_slug order by calls desc, repo_slug
"""
_CALLERS: Final = f"""
with delivering (person) as (
    select developer_id from developer_identities
    where confidence >= 1 and (kind in ('github_login', 'github_id')
        or (kind = 'email' and source <> 'trace'))
),
ids (id, calls) as (
    select developer_id, count(*) from sessions where developer_id is not null
    group by developer_id
)
select id, calls, {person("id")} in (select person from delivering) as delivers
from ids order by calls desc, id
"""
_FILE_WITHOUT: Final = """
select f.path from sessions s join source_files f on f.id = s.source_file
where s.{column} is null and f.path <> '-'
group by f.id order by count(*) desc, f.path limit 1
"""


def file_facts(path: Path) -> FileFacts:
    """Return what the file system says of a database file; opens no database."""
    try:
        status = path.stat()
        if path.is_dir():
            return FileFacts(kind="folder")
        with path.open("rb") as stream:
            head = stream.read(_HEADER_SIZE)
    except FileNotFoundError:
        return FileFacts(kind="missing", writable=connection.is_writable(path))
    except OSError:
        return FileFacts(kind="unreadable")
    return FileFacts(
        kind=_kind(path, head),
        size_bytes=status.st_size,
        writable=connection.is_writable(path),
    )


def _kind(path: Path, head: bytes) -> FileKind:
    if not head:
        return "empty"
    if not connection.looks_like_sqlite(path):
        return "other"
    ours = head[_APPLICATION_ID_AT] == APPLICATION_ID.to_bytes(4, "big")
    return "prodlens" if ours else "sqlite"


def shared(path: Path) -> list[Path]:
    """Return which of the file, its WAL and the WAL's index others may open.

    Whoever opens the database makes the other two with the modes of the file. Empty on systems
    without such modes.
    """
    if os.name != "posix":
        return []
    files = (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm")))
    return [file for file in files if file.exists() and file.stat().st_mode & _OTHERS]


def source_spans(conn: sqlite3.Connection) -> dict[str, SourceSpan]:
    """Return what each source saw, by name of the source."""
    found: dict[str, SourceSpan] = {}
    for row in conn.execute(_SOURCE_DAYS):
        day = date.fromisoformat(row["event_date"])
        first, last = parse_stored(row["first"]), parse_stored(row["last"])
        for source in row["sources"].split(","):
            known = found.get(source, SourceSpan(0, first, last, ()))
            days = known.days if day in known.days[-1:] else (*known.days, day)
            found[source] = SourceSpan(
                known.calls + row["calls"], min(known.first, first), max(known.last, last), days
            )
    return dict(sorted(found.items()))


def delivered(conn: sqlite3.Connection) -> dict[int, Delivered]:
    """Return the counts of every repository, by `repo_id`; 0 is "unassigned"."""
    return {row[0]: Delivered(*tuple(row)[1:]) for row in conn.execute(_DELIVERED)}


def without_deliveries(conn: sqlite3.Connection) -> dict[str, int]:
    """Return the calls of repositories of which no delivery is known, most calls first."""
    return {str(row[0]): int(row[1]) for row in conn.execute(_UNDELIVERED)}


def callers(conn: sqlite3.Connection) -> list[Caller]:
    """Return who made calls, most calls first; who delivers is as `developer_identities` says."""
    return [Caller(row[0], row[1], bool(row[2])) for row in conn.execute(_CALLERS)]


def file_without(conn: sqlite3.Connection, column: Named) -> str | None:
    """Return the file with the most calls that lack something; None when no file has any."""
    row = conn.execute(_FILE_WITHOUT.format(column=column)).fetchone()
    return None if row is None else str(row[0])
