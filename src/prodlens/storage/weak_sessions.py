"""SQL of `trace_links`: sessions that are known only because a trace id spans several requests.

LiteLLM makes a random trace id for each request unless the client sends one, so a trace id says
something about a session only when at least two requests carry it (sources.md 1.2). Records of one
request (a failure and its fallback) share `call_group` and count once. Whether a call has such a
session is decided again whenever a record with its trace id arrives.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from prodlens.storage.identity_keys import key_digest, listed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from prodlens.storage.merging import Observation

Link = tuple[int, int]
"""`(digest of the trace id, digest of the request)`."""

_ADD: Final = """
insert or ignore into trace_links (trace_key, group_key, call_id) values (?, ?, ?)
"""
_GIVE: Final = """
update sessions set session_id = trace_id, session_source = 'weak'
where session_id is null and id in (
    select call_id from trace_links where trace_key in (
        select trace_key from trace_links
        where trace_key in (select value from json_each(?))
        group by trace_key having min(group_key) < max(group_key)))
returning event_date
"""
_TAKE_BACK: Final = """
update sessions set session_id = null, session_source = null
where session_source = 'weak' and id in (
    select call_id from trace_links where trace_key in (
        select trace_key from trace_links
        where trace_key in (select value from json_each(?))
        group by trace_key having min(group_key) = max(group_key)))
returning event_date
"""


def link(observation: Observation) -> Link:
    """Return the link of a call whose `trace_id` is known."""
    trace = observation.trace
    group = trace.call_group or observation.identity
    return _trace_key(trace.trace_id), key_digest(f"group:{group}")


@functools.lru_cache(maxsize=8192)
def _trace_key(trace_id: str | None) -> int:
    return key_digest(f"trace:{trace_id}")


def add(conn: sqlite3.Connection, links: Iterable[tuple[int, Link]]) -> set[int]:
    """Store calls' links inside the caller's transaction; return every trace key concerned."""
    rows = [(trace_key, group_key, call_id) for call_id, (trace_key, group_key) in links]
    conn.executemany(_ADD, rows)
    return {row[0] for row in rows}


def relink(conn: sqlite3.Connection, call_id: int, merged: Observation) -> set[int]:
    """Replace the links of a call by what it says now; return every trace key concerned."""
    rows = conn.execute("delete from trace_links where call_id = ? returning trace_key", (call_id,))
    keys = {int(row[0]) for row in rows.fetchall()}
    if merged.trace.trace_id is not None:
        keys |= add(conn, [(call_id, link(merged))])
    return keys


def decide(
    conn: sqlite3.Connection, trace_keys: Iterable[int], added: Iterable[int] = ()
) -> set[str]:
    """Give or take back weak sessions of these trace ids; return the days that changed.

    Args:
        conn: The connection, inside the caller's transaction.
        trace_keys: Trace ids whose links changed in any way.
        added: Trace ids that got links and lost none: they have nothing to take back.
    """
    changed = set(trace_keys)
    days: set[str] = set()
    for statement, keys in ((_GIVE, changed.union(added)), (_TAKE_BACK, changed)):
        if keys:
            days |= {str(row[0]) for row in conn.execute(statement, (listed(keys),))}
    return days
