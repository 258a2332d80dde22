"""SQL of `shadow_keys` and `shadowed_records`: records that describe calls once more.

The parent of an LLM span sums up its children, a repeated counter its last call: such a record
never counts, whether it comes before or after the record that says so. What is left out is kept
as a line of its own, so that an audit can name it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.clock import format_instant
from prodlens.schemas import usd_to_nanos
from prodlens.storage.identity_keys import key_digest, listed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from prodlens.storage.merging import Observation

_ADD: Final = "insert or ignore into shadow_keys (key) values (?) returning key"
_KNOWN: Final = "select key from shadow_keys where key in (select value from json_each(?))"
_KEEP: Final = """
insert or ignore into shadowed_records
    (key, content, source, event_date, total_tokens, cost_nanos, source_file, source_offset,
     source_line)
values (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def add(conn: sqlite3.Connection, observations: Iterable[Observation]) -> set[int]:
    """Note what records say never counts; return the keys that nobody had named before."""
    new: set[int] = set()
    for observation in observations:
        for key in observation.trace.shadows:
            new |= {int(row[0]) for row in conn.execute(_ADD, (key_digest(key),)).fetchall()}
    return new


def without(conn: sqlite3.Connection, records: Sequence[Observation]) -> list[Observation]:
    """Return the records that count, and keep a line about each of the others."""
    aside = set_aside(conn, records)
    return [record for position, record in enumerate(records) if position not in aside]


def set_aside(conn: sqlite3.Connection, records: Sequence[Observation]) -> set[int]:
    """Return the positions of records that never count, and keep a line about each."""
    if conn.execute("select 1 from shadow_keys limit 1").fetchone() is None:
        return set()
    digests = {digest for record in records for digest in record.digests}
    found = {int(row[0]) for row in conn.execute(_KNOWN, (listed(digests),))}
    aside: set[int] = set()
    for position, record in enumerate(records) if found else ():
        if hit := found.intersection(record.digests):
            _keep(conn, min(hit), record)
            aside.add(position)
    return aside


def _keep(conn: sqlite3.Connection, key: int, record: Observation) -> None:
    trace, place = record.trace, record.place
    cost = None if trace.cost_usd is None else usd_to_nanos(trace.cost_usd)
    conn.execute(
        _KEEP,
        (
            key,
            record.content,
            trace.source,
            format_instant(trace.timestamp)[:10],
            trace.total_tokens,
            cost,
            place.file_id,
            place.offset,
            place.line,
        ),
    )
