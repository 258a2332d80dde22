"""SQL of who made a call: from the developer id it names to the person it certainly belongs to.

Decided when a report is made, so that linking an id later changes what reports say of calls that
were read long before. Writes nothing; who is who stands in `developer_identities`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

TRACE_KINDS: Final = ("trace_user", "account", "device", "key_alias")
"""Kinds of identities that only calls know; their value is the developer id as calls name it. One
that is an e-mail has the kind of the git identities, `email`, in lower case."""
_KINDS: Final = ", ".join(f"'{kind}'" for kind in TRACE_KINDS)


def _is(column: str) -> str:
    """Return SQL of whether row `i` of `developer_identities` is about a developer id."""
    return (
        f"((i.kind in ({_KINDS}) and i.value = {column}) "
        f"or (i.kind = 'email' and i.value = lower({column})))"
    )


def person(column: str) -> str:
    """Return SQL of the person a developer id certainly belongs to, else the id itself.

    Args:
        column: Expression of the id; NULL stays NULL. A column must have another name than those
            of `developer_identities`, or stand with its table.
    """
    return (
        "coalesce((select min(i.developer_id) from developer_identities i "
        f"where i.confidence >= 1 and {_is(column)}), {column})"
    )


def is_one_of(column: str, people: str) -> str:
    """Return SQL of whether a developer id is one of some people's, or one of their names.

    Args:
        column: Expression of the id.
        people: Comma separated expressions of the people's ids.
    """
    known = (
        "select value from developer_identities where kind {kinds} "
        f"and confidence >= 1 and developer_id in ({people})"
    )
    mails, others = known.format(kinds="= 'email'"), known.format(kinds=f"in ({_KINDS})")
    return f"({column} in ({people}) or {column} in ({others}) or lower({column}) in ({mails}))"


_IDS: Final = "select distinct developer_id as id from sessions where developer_id is not null"
_IDS_BY_INDEX: Final = """
with recursive known (id) as (
    select min(developer_id) from sessions where developer_id is not null
    union all
    select (select min(developer_id) from sessions where developer_id > known.id)
    from known where known.id is not null
)
select id from known where id is not null
"""
_IS_INDEXED: Final = """
select exists (select 1 from sqlite_master where name = 'idx_sessions_developer')
"""


def ids_of(conn: sqlite3.Connection, people: Sequence[str]) -> list[str]:
    """Return the developer ids that calls name some people by, sorted.

    Args:
        conn: The database.
        people: Developer ids as reports show them.
    """
    indexed = bool(conn.execute(_IS_INDEXED).fetchone()[0])
    names = {f"people_{place}": one for place, one in enumerate(people)}
    own = is_one_of("id", ", ".join(f":{name}" for name in names))
    every = _IDS_BY_INDEX if indexed else _IDS
    found = conn.execute(f"select id from ({every}) where {own} order by id", names)
    return [str(row[0]) for row in found]


_RESOLVED: Final = f"""
select i.kind, i.value from developer_identities i
where i.confidence >= 1 and i.kind in ({_KINDS}, 'email') and (
    i.source <> 'trace' or exists (
        select 1 from developer_identities other
        where other.developer_id = i.developer_id and other.confidence >= 1
            and (other.kind, other.value) <> (i.kind, i.value)
    )
)
"""
_PEOPLE: Final = f"""
select id, {person("id")} from (select value as id from json_each(:ids))
"""


PROVENANCE: Final = ("explicit", "derived", "inherited", "given", "weak", "unsaid", "unknown")
"""Where an id of a call can come from, best first; `unsaid` where an id stands without its source,
`unknown` where there is no id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """How far the ids of calls can be trusted.

    Attributes:
        session: Calls by provenance of the session id, names of `PROVENANCE`, best first.
        developer: Calls by provenance of the developer id, likewise.
        developer_ids: Distinct developer ids.
        resolved_ids: Those of them that evidence or a person links to somebody.
        resolved_calls: Calls by one of these.
    """

    session: dict[str, int]
    developer: dict[str, int]
    developer_ids: int = 0
    resolved_ids: int = 0
    resolved_calls: int = 0


def people(conn: sqlite3.Connection, ids: Iterable[str]) -> dict[str, str]:
    """Return the person that each developer id certainly belongs to, else the id itself."""
    found = {one: one for one in ids}
    found.update(map(tuple, conn.execute(_PEOPLE, {"ids": json.dumps(list(found))})))
    return found


def resolved(conn: sqlite3.Connection, ids: Iterable[str]) -> list[str]:
    """Return those of some developer ids that evidence or a person links to somebody."""
    known = {(kind == "email", value) for kind, value in conn.execute(_RESOLVED)}
    return [one for one in ids if (False, one) in known or (True, one.lower()) in known]
