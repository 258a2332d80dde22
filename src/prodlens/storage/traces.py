"""SQL of the calls: which records are new, which are known, which need a look at others.

A call that one record describes is one row of `sessions` and nothing else: the row *is* the
observation. Only when a second, different record of the same call arrives, or when it depends on
records of its turn or trace, are all of them kept in `observations`, and the row becomes what
`prodlens.storage.rebuilding` decides from that set. So the tables are a function of the set of
records, whatever their order.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from prodlens.storage import call_rows, context_facts, dirty_days, matching, shadows, weak_sessions
from prodlens.storage.identity_keys import observe
from prodlens.storage.rebuilding import Rebuilder, Rebuilt, joined_by_keys, seen_by
from prodlens.storage.trace_rows import SESSION_COLUMNS, plain_row, trace_of_mapping

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from prodlens.schemas import CanonicalTrace
    from prodlens.storage.merging import Observation

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
        result = add(conn, batch)
        done += result.added + result.changed
    return done


def add(
    conn: sqlite3.Connection,
    batch: Sequence[Observation],
    *,
    scopes: Iterable[int] = (),
    price: Callable[[CanonicalTrace], tuple[int, str] | None] | None = None,
) -> Added:
    """Store one batch of observations inside the caller's transaction, and mark stale days.

    Args:
        conn: The connection.
        batch: Observations of one or more calls.
        scopes: Scopes of which something new is known: their calls are decided again.
        price: Prices calls whose model is known only from their scopes.
    """
    result = Added()
    several = _note_sources(conn, batch)
    again = _shadowed_calls(conn, shadows.add(conn, batch)) | context_facts.calls(conn, scopes)
    counted = shadows.without(conn, batch)
    result.shadowed = len(batch) - len(counted)
    known = call_rows.known_calls(conn, {d for o in counted for d in o.digests})
    contents = _contents(conn, {call for calls in known.values() for call in calls})
    fresh, clusters = _sorted_out(conn, counted, known, contents, several, result)
    traces = _insert_fresh(conn, fresh, result)
    rebuilder = Rebuilder(conn, price=price, several=several)
    for observations in clusters:
        traces |= _rebuild(conn, rebuilder, set(), observations, result)
    for call in sorted(again):
        if call_rows.rows(conn, [call]):
            traces |= _rebuild(conn, rebuilder, {call}, [], result)
    result.days |= weak_sessions.decide(conn, traces)
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


def _note_sources(conn: sqlite3.Connection, batch: Sequence[Observation]) -> bool:
    """Return whether calls of more than one source may meet."""
    conn.execute(_SOURCES, (json.dumps(sorted({o.trace.source for o in batch})),))
    return int(conn.execute("select count(*) from call_sources").fetchone()[0]) > 1


def _shadowed_calls(conn: sqlite3.Connection, keys: set[int]) -> set[int]:
    if not keys:
        return set()
    return {call for calls in call_rows.known_calls(conn, keys).values() for call in calls}


def _contents(conn: sqlite3.Connection, calls: set[int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    if calls:
        for call, content in conn.execute(_CONTENTS, {"calls": json.dumps(list(calls))}):
            found.setdefault(call, set()).add(content)
    return found


def _sorted_out(
    conn: sqlite3.Connection,
    batch: Sequence[Observation],
    known: dict[int, set[int]],
    contents: dict[int, set[int]],
    several: bool,  # noqa: FBT001 - private
    result: Added,
) -> tuple[list[Observation], list[list[Observation]]]:
    """Return calls that need no look at others, and clusters of records that do.

    Records that are stored already, with all their keys, count as known and are in neither.
    """
    news: list[Observation] = []
    for observation in batch:
        calls = {call for digest in observation.digests for call in known.get(digest, ())}
        stored = len(calls) == 1 and all(known.get(digest) for digest in observation.digests)
        if stored and observation.content in contents.get(min(calls), ()):
            result.known += 1
        else:
            news.append(observation)
    related = _related(conn, news) if several else set()
    fresh: list[Observation] = []
    clusters: list[list[Observation]] = []
    for members in joined_by_keys([observation.digests for observation in news]):
        first = news[members[0]]
        alone = len(members) == 1 and not any(known.get(digest) for digest in first.digests)
        if alone and not first.trace.scopes and members[0] not in related:
            fresh.append(first)
        else:
            clusters.append([news[member] for member in members])
    return fresh, clusters


def _related(conn: sqlite3.Connection, news: Sequence[Observation]) -> set[int]:
    """Return positions of records that another source may have seen, stored or in this batch."""
    groups: dict[matching.Group, list[int]] = {}
    for position, observation in enumerate(news):
        if (group := matching.group_of(observation.trace)) is not None:
            groups.setdefault(group, []).append(position)
    related: set[int] = set()
    seen = seen_by(conn, groups)
    for group, positions in groups.items():
        sources = {news[position].trace.source for position in positions}
        if len(sources | seen.get(group, set())) > 1:
            related.update(positions)
    return related


def _insert_fresh(
    conn: sqlite3.Connection, fresh: Sequence[Observation], result: Added
) -> set[int]:
    if not fresh:
        return set()
    first = call_rows.next_id(conn)
    result.days |= call_rows.insert_new(conn, fresh, first)
    result.added += len(fresh)
    links = [
        weak_sessions.link(observation, call_id)
        for call_id, observation in enumerate(fresh, first)
        if observation.trace.trace_id is not None
    ]
    weak_sessions.add(conn, links)
    return {link[0] for link in links}


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
