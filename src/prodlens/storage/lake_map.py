"""SQL behind the Parquet export: folders of repositories, and which (repository, day) has changed.

Chooses no folder names and writes no files. Tracking is set up by the first export, so a store that
is never exported pays nothing for it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator

    NameFolder = Callable[[str, Iterable[str]], str]

_RANDOM: Final = "lower(hex(randomblob(8)))"
_NAME_FILE: Final = f"insert or ignore into parquet_changes values ('', {_RANDOM})"
_HAS_TRACKING: Final = "select count(*) from parquet_changes where event_date = ''"
_TOKENS: Final = "select event_date, token from parquet_changes"
_FOLDERS: Final = "select repo_slug, folder from parquet_folders"
_ADD_FOLDER: Final = "insert into parquet_folders (repo_slug, folder) values (?, ?)"
_SLUGS: Final = """
with recursive found (slug) as (
    select min(repo_slug) from sessions where repo_slug > ''
    union all
    select (select min(repo_slug) from sessions where repo_slug > slug) from found
    where slug is not null
)
select slug from found where slug is not null
union all
select '' where exists (select 1 from sessions where repo_slug is null or repo_slug = '')
"""
"""Jumps from slug to slug in the index instead of reading every call."""
_GROUPS: Final = """
select slug, event_date, calls, ids, newest,
       (select content from sessions where id = newest) as newest_content
from (
    select repo_slug as slug, event_date, count(*) as calls, sum(id) as ids, max(id) as newest
    from sessions where :since is null or event_date >= :since
    group by repo_slug, event_date
)
order by event_date, slug
"""
_NAMES: Final = """
with ids as (
    select repo_id from repositories where slug = :slug and repo_id <> 0
    union select repo_id from repo_aliases where slug = :slug
)
select lower(slug) from repositories where repo_id in (select repo_id from ids)
union select lower(slug) from repo_aliases where repo_id in (select repo_id from ids)
"""


@dataclass(frozen=True, slots=True)
class DayOfCalls:
    """The calls of one repository on one UTC day.

    Attributes:
        repo_slug: `owner/name`; '' is unassigned.
        event_date: The day, `YYYY-MM-DD`.
        calls: How many.
        seen: Changes whenever the calls do; None when that is not tracked.
    """

    repo_slug: str
    event_date: str
    calls: int
    seen: str | None


def track(conn: sqlite3.Connection) -> None:
    """Give this file its name, in the caller's write transaction; twice is fine.

    The triggers of the first schema note changes of calls from the beginning on.
    """
    conn.execute(_NAME_FILE)


def is_tracked(conn: sqlite3.Connection) -> bool:
    """Return whether this file has a name that tells it from others."""
    return int(conn.execute(_HAS_TRACKING).fetchone()[0]) == 1


def store_token(conn: sqlite3.Connection) -> str | None:
    """Return a text that tells this database from others; None when changes are not noted."""
    return _tokens(conn).get("") if is_tracked(conn) else None


def folders(conn: sqlite3.Connection) -> dict[str, str]:
    """Return slug -> folder as stored; the slug '' is unassigned."""
    return {str(row[0]): str(row[1]) for row in conn.execute(_FOLDERS)}


def slugs(conn: sqlite3.Connection) -> list[str]:
    """Return every slug that has calls, in order; '' is unassigned."""
    return sorted(str(row[0]) for row in conn.execute(_SLUGS))


def with_new(known: dict[str, str], found: Iterable[str], name: NameFolder) -> dict[str, str]:
    """Return slug -> folder with a folder for every slug found.

    Args:
        known: Slug -> folder so far.
        found: Slugs, in the order in which they choose.
        name: Chooses the folder of a slug, given the folders that are taken.
    """
    complete = dict(known)
    for slug in found:
        if slug not in complete:
            complete[slug] = name(slug, complete.values())
    return complete


def assign(conn: sqlite3.Connection, name: NameFolder) -> dict[str, str]:
    """Store a folder for every slug that has none, in the caller's write transaction.

    Args:
        conn: The connection, in a transaction.
        name: As in `with_new`.

    Returns:
        Slug -> folder, of every slug. A folder that stands never changes.
    """
    known = folders(conn)
    complete = with_new(known, slugs(conn), name)
    added = [(slug, folder) for slug, folder in complete.items() if slug not in known]
    conn.executemany(_ADD_FOLDER, added)
    return complete


def days_of_calls(conn: sqlite3.Connection, since: str | None = None) -> list[DayOfCalls]:
    """Return every (repository, day) that has calls, by day and slug.

    Calls that came, went or moved show in the number and ids of the calls, which an index holds;
    calls that changed in place show in the day's token; the newest call's digest tells a restored
    copy of a database from the one that was copied.

    Args:
        conn: The connection.
        since: First UTC day (`YYYY-MM-DD`); None is every day.
    """
    tokens = _tokens(conn) if is_tracked(conn) else None
    found: dict[tuple[str, str], tuple[int, list[str]]] = {}
    for row in conn.execute(_GROUPS, {"since": since}):
        # NULL and '' both mean unassigned, and share a file.
        calls, seen = found.get((row["event_date"], row["slug"] or ""), (0, []))
        said = f"{row['ids']}.{row['newest']}.{row['newest_content']}"
        found[row["event_date"], row["slug"] or ""] = (calls + row["calls"], [*seen, said])
    return [
        DayOfCalls(
            repo_slug=slug,
            event_date=day,
            calls=calls,
            seen=None if tokens is None else ".".join([*seen, tokens.get(day, "")]),
        )
        for (day, slug), (calls, seen) in found.items()
    ]


def names_of(conn: sqlite3.Connection, slug: str) -> set[str]:
    """Return every name that a repository has or had, the given one included, in lower case."""
    return {slug.lower(), *(str(row[0]) for row in conn.execute(_NAMES, {"slug": slug}))}


@contextlib.contextmanager
def snapshot(conn: sqlite3.Connection) -> Iterator[None]:
    """Let every read of a block see the same moment, while others go on writing."""
    if conn.in_transaction:
        yield
        return
    conn.execute("begin")
    try:
        yield
    finally:
        conn.execute("rollback")


def _tokens(conn: sqlite3.Connection) -> dict[str, str]:
    return {str(row[0]): str(row[1]) for row in conn.execute(_TOKENS)}
