"""SQL of who made a call: from the developer id it names to the person it certainly belongs to.

Decided when a report is made, so that linking an id later changes what reports say of calls that
were read long before. Writes nothing; who is who stands in `developer_identities`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

    from prodlens.storage.where import Clause

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
_PROVENANCE: Final = """
select developer_id,
    case when session_id is null then 'unknown' else coalesce(session_source, 'unsaid') end,
    case when developer_id is null then 'unknown' else coalesce(developer_source, 'unsaid') end,
    count(*)
from sessions where {where} group by 1, 2, 3
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


def identification(conn: sqlite3.Connection, where: Clause) -> Identification:
    """Return how far the ids of the calls of a slice can be trusted.

    Args:
        conn: The database.
        where: The slice, of `prodlens.storage.where.sessions`.
    """
    resolved = {(kind == "email", value) for kind, value in conn.execute(_RESOLVED)}
    found: tuple[Counter[str], ...] = (Counter(), Counter(), Counter())
    for one, *sources, calls in conn.execute(_PROVENANCE.format(where=where.sql), where.parameters):
        for counts, source in zip(found, sources, strict=False):
            counts[source] += calls
        if one is not None:
            found[2][one] += calls
    session, developer, ids = found
    linked = [one for one in ids if (False, one) in resolved or (True, one.lower()) in resolved]
    return Identification(
        session={name: session[name] for name in PROVENANCE if session[name]},
        developer={name: developer[name] for name in PROVENANCE if developer[name]},
        developer_ids=len(ids),
        resolved_ids=len(linked),
        resolved_calls=sum(ids[one] for one in linked),
    )
