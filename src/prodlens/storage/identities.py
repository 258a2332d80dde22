"""SQL of people: what is known of identities, what was said of them, and what follows from both.

`developers` and `developer_identities` hold conclusions only; they can be computed anew at any time.
Statements of people stand in `sync_state` under repository 0. Decides nothing itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.storage.delivery import UNASSIGNED
from prodlens.storage.history import MAIL_MAP, replace_state, set_state, state

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

LINKS: Final = "developer_links"
"""Stream of statements: identity -> developer; '' says that it stands alone."""
MERGES: Final = "developer_merges"
"""Stream of statements: developer -> developer that they are."""


class Account(NamedTuple):
    """An author as commits of any source tell of them.

    Attributes:
        email: E-mail as written, lower case.
        name: Name as written.
        github_id: GitHub's id; None when not known.
        login: GitHub login; None when not known.
        commits: Commits on default branches that are no merges.
    """

    email: str
    name: str
    github_id: int | None
    login: str | None
    commits: int


class Row(NamedTuple):
    """A conclusion: columns of `developer_identities`."""

    kind: str
    value: str
    developer_id: str
    source: str
    confidence: float


_ACCOUNTS: Final = """
select coalesce(author_email, ''), coalesce(author_name, ''), author_id, author_login,
    sum(on_default_branch = 1 and is_merge = 0)
from commits where coalesce(is_bot, 0) = 0
group by 1, 2, 3, 4
"""
_LOGINS: Final = """
select distinct author, author_id from pull_requests
where author is not null and author_id is not null and coalesce(is_bot, 0) = 0
    and coalesce(author_type, 'User') = 'User' and coalesce(source, '') <> 'git'
"""
_TRACE_USERS: Final = "select developer_id, count(*) from sessions group by developer_id"
_SAME_CALLS: Final = """
with
bridged (id) as (
    select id from sessions where instr(sources, ',') > 0
    order by timestamp desc, trace_hash desc limit :most
),
named (call_id, id) as (
    select distinct o.call_id, json_extract(o.record, '$.developer_id')
    from bridged b join observations o on o.call_id = b.id
    where instr(o.record, '"developer_id"') > 0
        and coalesce(json_extract(o.record, '$.developer_source'), '') not in ('given', 'inherited')
)
select distinct one.id, other.id
from named one join named other on other.call_id = one.call_id and one.id < other.id
order by 1, 2
"""
_MOST_CALLS: Final = 20_000
"""Newest calls of several sources that are looked at: who shares calls shares recent ones."""
_MAIL_MAP: Final = "select distinct key, value from sync_state where stream = :stream"
_ROWS: Final = f"""
select {", ".join(Row._fields)} from developer_identities order by developer_id, kind, value
"""
_WRITE_DEVELOPER: Final = """
insert into developers (developer_id, display) values (?, ?)
on conflict (developer_id) do update set display = excluded.display
"""
_WRITE_ROW: Final = f"""
insert into developer_identities ({", ".join(Row._fields)}) values (?, ?, ?, ?, ?)
"""


def accounts(conn: sqlite3.Connection) -> list[Account]:
    """Return the distinct authors of commits, programs left out."""
    return [Account(*row) for row in conn.execute(_ACCOUNTS)]


def logins(conn: sqlite3.Connection) -> list[tuple[str, int]]:
    """Return logins and GitHub ids that stood together on pull requests, programs left out."""
    return [tuple(row) for row in conn.execute(_LOGINS)]


def trace_users(conn: sqlite3.Connection) -> dict[str | None, int]:
    """Return calls by developer id of the traces; None holds calls that name nobody."""
    return {row[0]: row[1] for row in conn.execute(_TRACE_USERS)}


def same_calls(conn: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return pairs of developer ids that records of several sources gave one call, each once.

    What the person who ingested a file said, and what came from other records, is left out.
    """
    rows = conn.execute(_SAME_CALLS, {"most": _MOST_CALLS})
    return [(str(one), str(other)) for one, other in rows]


def mail_map(conn: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return e-mails and what mail-maps of all repositories make of them."""
    return [tuple(row) for row in conn.execute(_MAIL_MAP, {"stream": MAIL_MAP})]


def statements(conn: sqlite3.Connection, stream: str) -> dict[str, str]:
    """Return what people have said: `LINKS` or `MERGES`."""
    return state(conn, UNASSIGNED, stream)


def say(conn: sqlite3.Connection, stream: str, values: Mapping[str, str]) -> None:
    """Add statements, or change them; caller's transaction."""
    set_state(conn, UNASSIGNED, values, stream)


def unsay(conn: sqlite3.Connection, stream: str, key: str) -> bool:
    """Take a statement back; return whether there was one."""
    said = statements(conn, stream)
    if said.pop(key, None) is None:
        return False
    replace_state(conn, UNASSIGNED, said, stream)
    return True


def rows(conn: sqlite3.Connection) -> list[Row]:
    """Return every conclusion, by developer, kind and value."""
    return [Row(*row) for row in conn.execute(_ROWS)]


def developers(conn: sqlite3.Connection) -> dict[str, str | None]:
    """Return the name shown for each developer, None when none is known."""
    found = conn.execute("select developer_id, display from developers order by developer_id")
    return {row[0]: row[1] for row in found}


def replace(
    conn: sqlite3.Connection, people: Mapping[str, str | None], found: Iterable[Row]
) -> bool:
    """Let the tables hold these conclusions and no others; caller's transaction.

    Returns:
        Whether anything changed; equal conclusions write nothing.
    """
    before, after = rows(conn), sorted(found, key=_by_developer)
    if before == after and developers(conn) == dict(people):
        return False
    conn.execute("delete from developer_identities")
    gone: list[tuple[Any, ...]] = [(one,) for one in developers(conn) if one not in people]
    conn.executemany("delete from developers where developer_id = ?", gone)
    conn.executemany(_WRITE_DEVELOPER, list(people.items()))
    conn.executemany(_WRITE_ROW, after)
    return True


def _by_developer(row: Row) -> tuple[bytes, bytes, bytes]:
    """Return the order that SQLite gives text: by bytes."""
    return (row.developer_id.encode(), row.kind.encode(), row.value.encode())
