"""SQL of the calls: which records are new, which are known, which need a look at others.

A call that one record describes is one row of `sessions` and nothing else: the row *is* the
observation. Only when a second, different record of the same call arrives, or when it depends on
records of its turn or trace, are all of them kept in `observations`, and the row becomes what
`prodlens.storage.rebuilding` decides from that set. So the tables are a function of the set of
records, whatever their order.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from prodlens.storage import call_rows, context_facts, dirty_days, shadows, weak_sessions
from prodlens.storage.identity_keys import listed, observe
from prodlens.storage.joining import joined_by_keys
from prodlens.storage.preparing import prepare
from prodlens.storage.rebuilding import Rebuilder, Rebuilt, seen_by
from prodlens.storage.trace_rows import SESSION_COLUMNS, plain_row, trace_of_mapping

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from prodlens.schemas import CanonicalTrace
    from prodlens.storage.merging import Observation
    from prodlens.storage.preparing import NewCalls, Prepared

_BATCH: Final = 5000
_CONTENTS: Final = """
select id, content from sessions where id in (select value from json_each(:calls))
union all
select call_id, content from observations where call_id in (select value from json_each(:calls))
"""
_SOURCES: Final = """
insert or ignore into call_sources (source) select value from json_each(?)
"""


@dataclass(slots=True)
class Added:
    """What storing a batch did.

    Attributes:
        added: New calls.
        changed: Calls known before whose row says something else now.
        known: Records that added nothing.
        days: UTC days whose rollups are stale now (`YYYY-MM-DD`).
        calls: Calls whose keys or rows may have changed, new ones among them only when several
            records describe them.
        edits: Suggestions whose call went away.
        shadowed: Records that describe calls once more and never count.
    """

    added: int = 0
    changed: int = 0
    known: int = 0
    days: set[str] = field(default_factory=set)
    calls: set[int] = field(default_factory=set)
    edits: set[int] = field(default_factory=set)
    shadowed: int = 0


def insert(conn: sqlite3.Connection, records: Iterable[CanonicalTrace | Mapping[str, Any]]) -> int:
    """Store calls as given, inside the caller's transaction; return rows added or changed."""
    done = 0
    observations = (
        observe(trace_of_mapping(record) if isinstance(record, Mapping) else record)
        for record in records
    )
    while batch := list(itertools.islice(observations, _BATCH)):
        result = add(conn, prepare(batch))
        done += result.added + result.changed
    return done


def add(
    conn: sqlite3.Connection,
    prepared: Prepared,
    *,
    scopes: Iterable[int] = (),
    price: Callable[[CanonicalTrace], tuple[int, str] | None] | None = None,
) -> Added:
    """Store one batch of observations inside the caller's transaction, and mark stale days.

    Args:
        conn: The connection.
        prepared: Observations of one or more calls.
        scopes: Scopes of which something new is known: their calls are decided again.
        price: Prices calls whose model is known only from their scopes.
    """
    result = Added()
    batch = prepared.observations
    several = _note_sources(conn, prepared.sources)
    again = _shadowed_calls(conn, shadows.add(conn, batch)) | context_facts.calls(conn, scopes)
    shadowed = shadows.set_aside(conn, batch)
    result.shadowed = len(shadowed)
    fresh, clusters = _sorted_out(conn, prepared, shadowed, several, result)
    added = _insert_fresh(conn, fresh, result)
    traces: set[int] = set()
    rebuilder = Rebuilder(conn, price=price, several=several)
    for observations in clusters:
        traces |= _rebuild(conn, rebuilder, set(), observations, result)
    for call in sorted(again):
        if call_rows.rows(conn, [call]):
            traces |= _rebuild(conn, rebuilder, {call}, [], result)
    result.days |= weak_sessions.decide(conn, traces, added)
    dirty_days.mark(conn, dirty_days.SESSIONS, result.days)
    return result


def preview(
    conn: sqlite3.Connection, batch: Sequence[Observation], seen: set[int]
) -> tuple[int, int]:
    """Return how many calls of a batch are new and how many are known, writing nothing.

    Args:
        conn: The connection.
        batch: Observations.
        seen: Key digests of earlier batches of the same run; grows.
    """
    digests = [observation.digests for observation in batch]
    known = call_rows.known_calls(conn, {digest for keys in digests for digest in keys})
    added = 0
    for keys in digests:
        added += not any(key in known or key in seen for key in keys)
        seen.update(keys)
    return added, len(batch) - added


def _note_sources(conn: sqlite3.Connection, sources: Sequence[str]) -> bool:
    """Return whether calls of more than one source may meet."""
    conn.execute(_SOURCES, (listed(sources),))
    return int(conn.execute("select count(*) from call_sources").fetchone()[0]) > 1


def _shadowed_calls(conn: sqlite3.Connection, keys: set[int]) -> set[int]:
    if not keys:
        return set()
    return {call for calls in call_rows.known_calls(conn, keys).values() for call in calls}


def _contents(conn: sqlite3.Connection, calls: set[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    if calls:
        for call, content in conn.execute(_CONTENTS, {"calls": listed(calls)}):
            found.setdefault(call, set()).add(content)
    return found


def _sorted_out(
    conn: sqlite3.Connection,
    prepared: Prepared,
    shadowed: set[int],
    several: bool,  # noqa: FBT001 - private
    result: Added,
) -> tuple[NewCalls, list[list[Observation]]]:
    """Return calls that need no look at others, and clusters of records that do.

    Records that are stored already, with all their keys, count as known and are in neither.
    """
    batch, single = prepared.observations, prepared.single
    known = call_rows.known_calls(conn, {digest for o in batch for digest in o.digests})
    stored = _stored(conn, batch, known) - shadowed if known else set()
    result.known += len(stored)
    left = shadowed | stored
    others = left | (_related(conn, prepared, left) if several else set())
    if known:
        others |= {p for p in single.positions if not known.keys().isdisjoint(batch[p].digests)}
    fresh = single.without(others) if others else single
    decided = left.union(fresh.positions)
    rest = [record for position, record in enumerate(batch) if position not in decided]
    joined = joined_by_keys([record.digests for record in rest])
    return fresh, [[rest[member] for member in members] for members in joined]


def _stored(
    conn: sqlite3.Connection, batch: Sequence[Observation], known: dict[int, set[int]]
) -> set[int]:
    """Return positions of records that are stored, each under all of its keys."""
    contents = _contents(conn, {call for calls in known.values() for call in calls})
    stored: set[int] = set()
    for position, record in enumerate(batch):
        calls = {call for digest in record.digests for call in known.get(digest, ())}
        complete = len(calls) == 1 and all(digest in known for digest in record.digests)
        if complete and record.content in contents.get(min(calls), ()):
            stored.add(position)
    return stored


def _related(conn: sqlite3.Connection, prepared: Prepared, left: set[int]) -> set[int]:
    """Return positions of records that another source may have seen, stored or in this batch."""
    groups = prepared.groups
    if left:
        groups = {group: p for group, all_ in groups.items() if (p := sorted({*all_} - left))}
    related: set[int] = set()
    seen = seen_by(conn, groups)
    batch = prepared.observations
    for group, positions in groups.items():
        if group not in seen and len(positions) == 1:
            continue
        sources = {batch[position].trace.source for position in positions}
        if len(sources | seen.get(group, set())) > 1:
            related.update(positions)
    return related


def _insert_fresh(conn: sqlite3.Connection, fresh: NewCalls, result: Added) -> set[int]:
    """Store calls that need no look at others; return the trace keys they carry."""
    if not fresh.rows:
        return set()
    first = call_rows.next_id(conn)
    call_rows.insert_new(conn, fresh, first)
    result.added += len(fresh.rows)
    result.days.update(fresh.days)
    return weak_sessions.add(
        conn, ((call, link) for call, link in enumerate(fresh.links, first) if link is not None)
    )


def _rebuild(
    conn: sqlite3.Connection,
    rebuilder: Rebuilder,
    calls: set[int],
    observations: Sequence[Observation],
    result: Added,
) -> set[int]:
    """Decide one cluster anew; its calls are looked up now, since others were joined before it."""
    digests = {digest for observation in observations for digest in observation.digests}
    found = call_rows.known_calls(conn, digests)
    done = Rebuilt()
    rebuilder.rebuild(calls | {c for known in found.values() for c in known}, observations, done)
    changed = max(len(done.changed), bool(done.gone))
    result.added += len(done.new)
    result.changed += changed
    result.known += max(len(observations) - len(done.new) - changed, 0)
    result.days |= done.days
    result.calls |= done.calls
    result.edits |= done.edits
    return done.traces


def fetch(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return every call as a dict of columns, oldest first; flags are True, False or None."""
    rows = conn.execute(
        f"select {', '.join(SESSION_COLUMNS)} from sessions order by timestamp, trace_hash"
    )
    return [plain_row(row) for row in rows]
