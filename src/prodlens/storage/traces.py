"""SQL of the calls: `sessions`, `observations`, `call_keys`, `trace_links`; row <-> record.

A call that one record describes is one row of `sessions` and nothing else: the row *is* the
observation. Only when a second, different record of the same call arrives are all of them kept in
`observations`, and the row becomes `prodlens.storage.merging.resolve` of that set. So the tables
are a function of the set of records, whatever their order.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import format_instant
from prodlens.schemas import IdSource, nanos_to_usd
from prodlens.storage import dirty_days, weak_sessions
from prodlens.storage.identity_keys import (
    OBSERVED,
    key_digest,
    observe,
    observed_values,
    trace_hash,
)
from prodlens.storage.merging import Observation, final_cost, resolve
from prodlens.storage.trace_rows import (
    FIRST_COLUMNS,
    LAST_COLUMNS,
    SESSION_COLUMNS,
    decode_observation,
    encode_observation,
    observation_of_row,
    plain_row,
    trace_of_mapping,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from prodlens.schemas import CanonicalTrace

_BATCH: Final = 5000

_BOOKKEEPING: Final = frozenset(
    {"content", "observations", "source_file", "source_offset", "source_line"}
)
_COLUMNS: Final = (*OBSERVED, *FIRST_COLUMNS, *LAST_COLUMNS)
_INSERT: Final = (
    f"insert into sessions ({', '.join(_COLUMNS)}) values ({', '.join('?' * len(_COLUMNS))})"
)
_UPDATE: Final = f"update sessions set {', '.join(f'{name} = ?' for name in _COLUMNS)} where id = ?"
_KNOWN_KEYS: Final = """
select key, call_id from call_keys where key in (select value from json_each(?))
"""
_CONTENTS: Final = """
select id, content, observations from sessions where id in (select value from json_each(?))
"""
_ADD_KEYS: Final = "insert or ignore into call_keys (key, call_id) values (?, ?)"
_ADD_OBSERVATION: Final = """
insert or ignore into observations
    (call_id, content, record, cost_nanos, price_version, source_file, source_offset, source_line)
values (?, ?, ?, ?, ?, ?, ?, ?)
"""


@dataclass(slots=True)
class Added:
    """What storing a batch did.

    Attributes:
        added: New calls.
        changed: Calls known before whose row says something else now.
        known: Records that added nothing.
        days: UTC days whose rollups are stale now (`YYYY-MM-DD`).
    """

    added: int = 0
    changed: int = 0
    known: int = 0
    days: set[str] = field(default_factory=set)


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


def add(conn: sqlite3.Connection, batch: Sequence[Observation]) -> Added:
    """Store one batch of observations inside the caller's transaction, and mark stale days."""
    result = Added()
    digests = [[key_digest(key) for key in observation.keys] for observation in batch]
    known = _known_calls(conn, {digest for keys in digests for digest in keys})
    fresh, repeated = _separate(batch, digests, known)
    first_new = _next_id(conn)
    links = _insert_fresh(conn, fresh, first_new, result)
    if repeated:
        links |= _add_repeated(conn, repeated, first_new, result)
    result.days |= weak_sessions.decide(conn, links)
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
    digests = [[key_digest(key) for key in observation.keys] for observation in batch]
    known = _known_calls(conn, {digest for keys in digests for digest in keys})
    added = 0
    for keys in digests:
        added += not any(key in known or key in seen for key in keys)
        seen.update(keys)
    return added, len(batch) - added


_Keyed = tuple[Observation, list[int]]


def _known_calls(conn: sqlite3.Connection, digests: Iterable[int]) -> dict[int, set[int]]:
    known: dict[int, set[int]] = {}
    for row in conn.execute(_KNOWN_KEYS, (json.dumps(list(digests)),)):
        known.setdefault(row[0], set()).add(row[1])
    return known


def _separate(
    batch: Sequence[Observation], digests: list[list[int]], known: dict[int, set[int]]
) -> tuple[list[_Keyed], list[_Keyed]]:
    """Return the observations of calls nobody has seen, and those that need a look at others."""
    fresh: list[_Keyed] = []
    repeated: list[_Keyed] = []
    claimed: set[int] = set()
    for observation, keys in zip(batch, digests, strict=True):
        if any(key in known or key in claimed for key in keys):
            repeated.append((observation, keys))
        else:
            fresh.append((observation, keys))
        claimed.update(keys)
    return fresh, repeated


def _next_id(conn: sqlite3.Connection) -> int:
    return int(conn.execute("select coalesce(max(id), 0) + 1 from sessions").fetchone()[0])


def _insert_fresh(
    conn: sqlite3.Connection, fresh: list[_Keyed], first: int, result: Added
) -> set[int]:
    if not fresh:
        return set()
    rows, keys, links = [], [], []
    for call_id, (observation, digests) in enumerate(fresh, first):
        row = _row(observation, observation.trace.source, call_id, 1)
        result.days.add(row[_EVENT_DATE])
        rows.append(row)
        keys += [(digest, call_id) for digest in digests]
        if observation.trace.trace_id is not None:
            links.append(weak_sessions.link(observation, call_id))
    conn.executemany(_INSERT, rows)
    conn.executemany(_ADD_KEYS, keys)
    weak_sessions.add(conn, links)
    result.added += len(rows)
    return {link[0] for link in links}


def _row(observation: Observation, sources: str, call_id: int, count: int) -> tuple[Any, ...]:
    trace = observation.trace
    timestamp = format_instant(trace.timestamp)
    nanos, cost_source, version = final_cost(observation)
    place = observation.place
    return (
        *observed_values(trace),
        call_id,
        trace_hash(timestamp[:10], observation.identity),
        timestamp,
        timestamp[:10],
        None if nanos is None else nanos_to_usd(nanos),
        nanos,
        cost_source.value,
        version,
        _tags_text(trace.tags) if trace.tags else None,
        sources,
        observation.identity,
        observation.content,
        count,
        place.file_id,
        place.offset,
        place.line,
    )


@functools.lru_cache(maxsize=1024)
def _tags_text(tags: tuple[str, ...]) -> str:
    return json.dumps(tags)


_EVENT_DATE: Final = _COLUMNS.index("event_date")


def _add_repeated(
    conn: sqlite3.Connection, repeated: list[_Keyed], first_new: int, result: Added
) -> set[int]:
    """Store records of calls that are known already, or that were new in this very batch.

    A call that came with this batch (id from `first_new` on) counts as added, not as changed too.
    """
    known = _known_calls(conn, {key for _, keys in repeated for key in keys})
    calls = sorted({call for found in known.values() for call in found})
    contents = {row[0]: (row[1], row[2]) for row in conn.execute(_CONTENTS, (json.dumps(calls),))}
    links: set[int] = set()
    for observation, keys in repeated:
        found = {call for key in keys for call in known.get(key, ())}
        every_key_known = all(known.get(key) for key in keys)
        if len(found) == 1 and every_key_known:
            content, count = contents[next(iter(found))]
            if content == observation.content and count == 1:
                result.known += 1
                continue
        call, gone, changed = _merge(conn, sorted(found), observation, result, links)
        _relearn(known, contents, call, gone, keys, conn)
        result.added -= sum(other >= first_new for other in gone)
        if changed and call < first_new:
            result.changed += 1
        else:
            result.known += 1
    return links


def _relearn(
    known: dict[int, set[int]],
    contents: dict[int, tuple[int, int]],
    call: int,
    gone: set[int],
    keys: list[int],
    conn: sqlite3.Connection,
) -> None:
    """Bring what this batch knows about calls up to date after a merge."""
    for key, calls in known.items() if gone else ():
        if calls & gone:
            known[key] = (calls - gone) | {call}
    for key in keys:
        known.setdefault(key, set()).add(call)
    for row in conn.execute(_CONTENTS, (json.dumps([call]),)):
        contents[row[0]] = (row[1], row[2])


def _merge(
    conn: sqlite3.Connection,
    calls: list[int],
    observation: Observation,
    result: Added,
    links: set[int],
) -> tuple[int, set[int], bool]:
    """Join one more record with the calls it belongs to.

    Returns:
        `(the call that stays, the calls that went into it, whether a row says something new)`.
    """
    rows = [
        conn.execute("select * from sessions where id = ?", (call,)).fetchone() for call in calls
    ]
    seen = {o.content: o for row in rows for o in _observations(conn, row)}
    if len(calls) == 1 and observation.content in seen:
        conn.executemany(_ADD_KEYS, [(key_digest(key), calls[0]) for key in observation.keys])
        return calls[0], set(), False
    seen.setdefault(observation.content, observation)
    merged, sources = resolve(list(seen.values()))
    keep, gone = calls[0], set(calls[1:])
    before = _said(rows[0])
    _repoint(conn, keep, gone)
    conn.execute(_UPDATE, (*_row(merged, sources, keep, len(seen)), keep))
    conn.executemany(_ADD_OBSERVATION, [_observation_row(keep, o) for o in seen.values()])
    conn.executemany(_ADD_KEYS, [(key_digest(key), keep) for key in merged.keys])
    links |= weak_sessions.relink(conn, keep, merged)
    after = conn.execute("select * from sessions where id = ?", (keep,)).fetchone()
    changed = bool(gone) or _said(after) != before
    if changed:
        result.days |= {str(row["event_date"]) for row in (*rows, after)}
    return keep, gone, changed


def _said(row: sqlite3.Row) -> dict[str, Any]:
    """Return what a row says, without its bookkeeping."""
    said = {name: value for name, value in plain_row(row).items() if name not in _BOOKKEEPING}
    if said["session_source"] == IdSource.WEAK:  # decided anew behind every batch
        said["session_id"] = said["session_source"] = None
    return said


def _repoint(conn: sqlite3.Connection, keep: int, gone: set[int]) -> None:
    for call in gone:
        for table in ("call_keys", "observations", "trace_links"):
            conn.execute(
                f"update or ignore {table} set call_id = ? where call_id = ?", (keep, call)
            )
        conn.execute("update suggestions set call_id = ? where call_id = ?", (keep, call))
        conn.execute("delete from sessions where id = ?", (call,))


def _observations(conn: sqlite3.Connection, row: sqlite3.Row) -> list[Observation]:
    if row["observations"] == 1:
        return [observation_of_row(row)]
    found = conn.execute("select * from observations where call_id = ?", (row["id"],))
    return [decode_observation(line) for line in found]


def _observation_row(call_id: int, observation: Observation) -> tuple[Any, ...]:
    place = observation.place
    return (
        call_id,
        observation.content,
        encode_observation(observation),
        observation.cost_nanos,
        observation.price_version,
        place.file_id,
        place.offset,
        place.line,
    )


def fetch(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return every call as a dict of columns, oldest first; flags are True, False or None."""
    rows = conn.execute(
        f"select {', '.join(SESSION_COLUMNS)} from sessions order by timestamp, trace_hash"
    )
    return [plain_row(row) for row in rows]
