"""SQL of `context_facts` and `call_scopes`: what a turn, a trace or a session tells its calls.

A call's own record wins; what it leaves open comes from the facts of its scopes. Where two facts
of the same name differ the value stays unknown: a session that worked in two repositories says
nothing about the repository of one call. That is a function of the set of facts, so order is none.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import format_instant
from prodlens.frozen import replaced
from prodlens.schemas import Fact
from prodlens.scopes import agreed, inherit
from prodlens.storage.identity_keys import key_digest, listed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from prodlens.schemas import ContextFact
    from prodlens.storage.merging import Observation

Facts = dict[int, dict[str, set[str]]]
"""Values by scope digest and name."""

_ADD: Final = """
insert or ignore into context_facts (scope, name, value, source) values (?, ?, ?, ?)
returning scope
"""
_OF: Final = """
select scope, name, value from context_facts where scope in (select value from json_each(?))
"""
_CALLS: Final = """
select distinct call_id from call_scopes where scope in (select value from json_each(?))
"""
_ADD_SCOPE: Final = "insert or ignore into call_scopes (scope, call_id) values (?, ?)"
_SESSION_SCOPE: Final = "_session:"
_TOLERANCE: Final = timedelta(seconds=1)
"""A session's first line is stamped a moment after what it copied last."""
_COPIED: Final[dict[str, Any]] = {
    "session_id": None,
    "session_source": None,
    "user_agent": None,
    "git_branch": None,
    "scopes": (),
}
"""What a copied line says of the session that copied it."""


def add(conn: sqlite3.Connection, facts: Iterable[ContextFact]) -> set[int]:
    """Store facts inside the caller's transaction; return the scopes that say something new."""
    new: set[int] = set()
    for fact in facts:
        values = (key_digest(fact.scope), fact.name.value, fact.value, fact.source)
        new |= {int(row[0]) for row in conn.execute(_ADD, values).fetchall()}
    return new


def of(conn: sqlite3.Connection, scopes: Iterable[int]) -> Facts:
    """Return what is known of these scopes."""
    found: Facts = {}
    asked = listed(scopes)
    for scope, name, value in conn.execute(_OF, (asked,)) if asked != "[]" else ():
        found.setdefault(scope, {}).setdefault(name, set()).add(value)
    return found


def calls(conn: sqlite3.Connection, scopes: Iterable[int]) -> set[int]:
    """Return the calls that belong to any of these scopes."""
    asked = listed(scopes)
    return {int(row[0]) for row in conn.execute(_CALLS, (asked,))} if asked != "[]" else set()


def place(conn: sqlite3.Connection, call_id: int, records: Iterable[Observation]) -> None:
    """Note which scopes a call belongs to, or is said to belong to."""
    scopes = {key_digest(scope) for record in records for scope in record.trace.scopes}
    conn.executemany(_ADD_SCOPE, [(scope, call_id) for scope in scopes])


def without_copies(records: Sequence[Observation], facts: Facts) -> list[Observation]:
    """Return the records of a call with what copies of it say about their own session left out.

    A session that continues another copies its history and writes its own id into every line. Of
    several sessions the one that was seen before the call keeps it; failing that, one of which
    nothing shows that it began later; then the least id, so that any order ends the same.
    """
    sessions = {
        record.trace.session_id: min(_standing(record, facts) for record in mine)
        for mine in _by_session(records)
        for record in mine
    }
    if len(sessions) < 2:
        return list(records)
    keeper = min(sessions, key=lambda session: (sessions[session], session))
    return [
        record
        if record.trace.session_id == keeper or not _is_session_named(record)
        else replaced(record, trace=replaced(record.trace, **_COPIED))
        for record in records
    ]


def _by_session(records: Sequence[Observation]) -> list[list[Observation]]:
    """Return the records that name a session of one transcript, by session."""
    found: dict[str | None, list[Observation]] = {}
    for record in records:
        if _is_session_named(record):
            found.setdefault(record.trace.session_id, []).append(record)
    return list(found.values())


def _is_session_named(record: Observation) -> bool:
    """Return whether a record belongs to the scope of the very session it names."""
    session = record.trace.session_id
    return session is not None and any(
        scope.endswith(f"{_SESSION_SCOPE}{session}") for scope in record.trace.scopes
    )


def _standing(record: Observation, facts: Facts) -> int:
    """Return 0 for a session that was seen before the call, 1 where nothing says, more after it.

    The more scopes of a call were seen only later, the likelier it is that it was copied.
    """
    by = format_instant(record.trace.timestamp + _TOLERANCE)
    known = [
        min(seen)
        for scope in record.trace.scopes
        if (seen := facts.get(key_digest(scope), {}).get(Fact.SEEN_SINCE.value))
    ]
    return 0 if any(seen <= by for seen in known) else 1 + len(known)


def value(scopes: Iterable[str], facts: Facts, name: Fact) -> str | None:
    """Return what scopes say under a name; None when nothing, or two different things."""
    known = (facts.get(key_digest(scope), {}).get(name.value, ()) for scope in scopes)
    return agreed(found for values in known for found in values)


def inherited(observation: Observation, facts: Facts) -> Observation:
    """Return a call with what its own records leave open filled from its scopes."""
    trace = observation.trace
    if not trace.scopes or not facts:
        return observation
    filled = inherit(trace, lambda name: value(trace.scopes, facts, name))
    return observation if filled is trace else replaced(observation, trace=filled)
