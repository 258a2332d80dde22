"""SQL of single calls: one row of `sessions` with its keys, its records, its scopes and links.

Writes and reads; what a row says is decided by `rebuilding` and `merging`.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import format_instant
from prodlens.frozen import replaced
from prodlens.schemas import nanos_to_usd
from prodlens.storage import context_facts
from prodlens.storage.identity_keys import OBSERVED, listed, observed_values, trace_hash
from prodlens.storage.merging import final_cost
from prodlens.storage.trace_rows import (
    FIRST_COLUMNS,
    LAST_COLUMNS,
    decode_observation,
    encode_observation,
    observation_of_row,
    plain_row,
    strip_derived,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from prodlens.storage.merging import Observation
    from prodlens.storage.preparing import NewCalls

_BOOKKEEPING: Final = frozenset(
    {"content", "observations", "source_file", "source_offset", "source_line"}
)
_VALUES: Final = (*OBSERVED, *FIRST_COLUMNS[1:], *LAST_COLUMNS)
"""Every column but the id."""
_COLUMNS: Final = ("id", *_VALUES)
_UPDATE: Final = f"update sessions set {', '.join(f'{name} = ?' for name in _VALUES)} where id = ?"
_KNOWN_KEYS: Final = """
select key, call_id from call_keys where key in (select value from json_each(?))
"""
_ROWS: Final = "select * from sessions where id in (select value from json_each(?)) order by id"
_KEYS: Final = "select key from call_keys where call_id = ?"
_ADD_KEY: Final = "insert or ignore into call_keys (key, call_id) values (?, ?)"
_DROP_KEYS: Final = "delete from call_keys where call_id = ?"
_ADD_OBSERVATION: Final = """
insert or replace into observations
    (call_id, content, record, cost_nanos, price_version, source_file, source_offset, source_line)
values (?, ?, ?, ?, ?, ?, ?, ?)
"""
_EVENT_DATE: Final = _VALUES.index("event_date")


def _inserting(columns: Sequence[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"insert into sessions ({', '.join(columns)}) values ({marks})"


_INSERT: Final = _inserting(_COLUMNS)


def next_id(conn: sqlite3.Connection) -> int:
    """Return the first id that no call has."""
    return int(conn.execute("select coalesce(max(id), 0) + 1 from sessions").fetchone()[0])


def known_calls(conn: sqlite3.Connection, digests: Iterable[int]) -> dict[int, set[int]]:
    """Return the calls that are known under each of these keys."""
    known: dict[int, set[int]] = {}
    for row in conn.execute(_KNOWN_KEYS, (listed(digests),)):
        known.setdefault(row[0], set()).add(row[1])
    return known


def bound(calls: Sequence[Observation]) -> tuple[str, list[tuple[Any, ...]], list[str]]:
    """Return how calls that one record each describes are stored: statement, rows and days.

    Columns that no row knows are left out, and so is the id: SQLite gives rows of one transaction
    ids that follow one another, from `next_id` on.
    """
    rows = [values_of(call, call.trace.source, 1) for call in calls]
    columns: dict[str, tuple[Any, ...]] = {
        name: values
        for name, values in zip(_VALUES, zip(*rows, strict=True), strict=False)
        if values[0] is not None or values.count(None) < len(values)
    }
    known = list(zip(*columns.values(), strict=True))
    return _inserting(list(columns)), known, [row[_EVENT_DATE] for row in rows]


def insert_new(conn: sqlite3.Connection, new: NewCalls, first: int) -> None:
    """Store calls that one record each describes.

    Args:
        conn: The connection, inside the caller's transaction.
        new: Calls nobody has seen.
        first: Id of the first one.
    """
    conn.executemany(new.statement, new.rows)
    conn.executemany(
        _ADD_KEY,
        [(digest, call_id) for call_id, own in enumerate(new.keys, first) for digest in own],
    )


def values_of(observation: Observation, sources: str, count: int) -> tuple[Any, ...]:
    """Return the values of a row without its id, in the order of its columns."""
    trace = observation.trace
    timestamp = format_instant(trace.timestamp)
    date = timestamp[:10]
    nanos, cost_source, version = final_cost(observation)
    place = observation.place
    return (
        *observed_values(trace),
        trace_hash(date, observation.identity),
        timestamp,
        date,
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


def rows(conn: sqlite3.Connection, calls: Iterable[int]) -> list[sqlite3.Row]:
    """Return the rows of calls, by id."""
    return conn.execute(_ROWS, (listed(calls),)).fetchall()


def records(conn: sqlite3.Connection, row: sqlite3.Row) -> list[Observation]:
    """Return every record of a call, each with all keys it was known by.

    Keys of the call that no record claims (a store of schema 1 kept them with the call only)
    belong to the leading record.
    """
    found = conn.execute("select * from observations where call_id = ?", (row["id"],)).fetchall()
    seen = [decode_observation(line) for line in found] or [observation_of_row(row)]
    claimed = {digest for observation in seen for digest in observation.digests}
    unclaimed = {int(key[0]) for key in conn.execute(_KEYS, (row["id"],))} - claimed
    if unclaimed:
        seen[0] = _with_digests(seen[0], unclaimed)
    return seen


def _with_digests(observation: Observation, more: set[int]) -> Observation:
    return replaced(observation, digests=(*observation.digests, *sorted(more)))


def said(row: sqlite3.Row) -> dict[str, Any]:
    """Return what a row says, without bookkeeping and what other tables decide."""
    values = {name: value for name, value in plain_row(row).items() if name not in _BOOKKEEPING}
    strip_derived(values)
    return values


def insert(
    conn: sqlite3.Connection, call_id: int, merged: Observation, seen: Sequence[Observation]
) -> None:
    """Write a new call with all of its records."""
    conn.execute(_INSERT, (call_id, *values_of(merged, sources_of(seen), len(seen))))
    _write_parts(conn, call_id, seen)


def update(
    conn: sqlite3.Connection, call_id: int, merged: Observation, seen: Sequence[Observation]
) -> None:
    """Write a call that exists, with all of its records."""
    conn.execute(_UPDATE, (*values_of(merged, sources_of(seen), len(seen)), call_id))
    conn.execute(_DROP_KEYS, (call_id,))
    conn.execute("delete from observations where call_id = ?", (call_id,))
    conn.execute("delete from call_scopes where call_id = ?", (call_id,))
    _write_parts(conn, call_id, seen)


def step_aside(conn: sqlite3.Connection, calls: Iterable[int]) -> None:
    """Free the hashes of calls that are about to be written, since two may swap them."""
    conn.executemany(
        "update sessions set trace_hash = 'moving:' || id where id = ?", [(c,) for c in calls]
    )


def delete(conn: sqlite3.Connection, calls: Iterable[int]) -> None:
    """Remove calls with everything that hangs on them."""
    conn.executemany("delete from sessions where id = ?", [(call,) for call in calls])


def sources_of(seen: Iterable[Observation]) -> str:
    """Return every source that saw a call, sorted and comma separated."""
    return ",".join(sorted({observation.trace.source for observation in seen}))


def _write_parts(conn: sqlite3.Connection, call_id: int, seen: Sequence[Observation]) -> None:
    conn.executemany(_ADD_KEY, [(digest, call_id) for o in seen for digest in o.digests])
    scoped = any(record.trace.scopes for record in seen)
    if len(seen) > 1 or scoped:
        conn.executemany(_ADD_OBSERVATION, [_observation_row(call_id, o) for o in seen])
    if scoped:
        context_facts.place(conn, call_id, seen)


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
