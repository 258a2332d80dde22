"""SQL that reads what stands behind costs: calls, all of their records, what was left out.

Writes nothing, prices nothing and decides nothing; works on a read-only database.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prodlens.clock import parse_stored
from prodlens.storage import call_rows
from prodlens.storage.identity_keys import key_digest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from prodlens.selection import Selection
    from prodlens.storage.merging import Observation
    from prodlens.storage.where import Clause

_CHUNK: Final = 1_000_000_000
"""Sums are read as whole billions and the rest, so that no sum overflows 64 bits."""
_TOTALS: Final = f"""
select cost_source, coalesce(subscription, 0) as subscription, count(*) as calls,
    coalesce(sum(cost_nanos / {_CHUNK}), 0) as whole,
    coalesce(sum(cost_nanos % {_CHUNK}), 0) as rest,
    sum(observations) as records, total(total_tokens) as tokens
from sessions where {{where}} group by 1, 2 order by 1, 2
"""
_CALLS: Final = """
select * from sessions where {where}
order by cost_nanos is null, cost_nanos desc, total_tokens desc, trace_hash limit :audit_limit
"""
_SHADOWED: Final = """
select source, total_tokens, cost_nanos, source_file, source_offset, source_line
from shadowed_records where key in (select value from json_each(?))
order by source, source_file, source_offset, content
"""
_SHADOWED_DAYS: Final = """
select count(*), coalesce(sum(total_tokens), 0), coalesce(sum(cost_nanos), 0) from (
    select distinct content, total_tokens, cost_nanos from shadowed_records
    where event_date >= ? and event_date < ?
)
"""
_FILES: Final = "select id, path from source_files where id in (select value from json_each(?))"
_RESTATED: Final = """
select restated_at, old_cost_nanos, old_cost_source, old_price_version,
    new_cost_nanos, new_cost_source, new_price_version
from price_restatements where trace_hash = ? order by id
"""
_USAGE: Final = f"""
select {{day}} as day, coalesce(model, '') as model, coalesce(provider, '') as provider,
    coalesce(subscription, 0) as subscription,
    (cost_nanos is not null or coalesce(total_tokens, 0) = 0) as priced,
    count(*) as calls, sum(coalesce(tokens_in, 0) * {{own}}) as tokens_in,
    sum(coalesce(tokens_out, 0) * {{own}}) as tokens_out,
    sum(coalesce(cache_read_tokens, 0) * {{own}}) as cache_read,
    sum(coalesce(cache_write_tokens, 0) * {{own}}) as cache_write,
    sum(coalesce(cache_write_1h_tokens, 0) * {{own}}) as cache_write_1h,
    coalesce(sum(cost_nanos / {_CHUNK}), 0) as whole, coalesce(sum(cost_nanos % {_CHUNK}), 0) as rest
from sessions where {{where}} group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
"""
_OWN: Final = "(coalesce(traffic_class, '') <> 'cache_hit')"
"""Tokens that a proxy answered from its own cache never reached a provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostGroup:
    """Calls whose cost has one origin.

    Attributes:
        cost_source: reported, computed or unknown.
        subscription: Whether they ran on a subscription.
        calls: Calls.
        cost_nanos: Sum of their known costs, exact.
        records: Distinct records that describe them.
        tokens: Sum of their known tokens.
    """

    cost_source: str
    subscription: bool
    calls: int
    cost_nanos: int
    records: int
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowedRecord:
    """A record that describes a call once more and never counts; None: not known."""

    source: str
    total_tokens: int | None
    cost_nanos: int | None
    file_id: int | None
    offset: int | None
    line: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restatement:
    """What was said about the cost of a call before and after prices changed."""

    at: datetime
    old_nanos: int | None
    old_source: str
    old_version: str | None
    new_nanos: int | None
    new_source: str
    new_version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """What the calls of one model on one day add up to.

    Attributes:
        day: Day of the selection's zone, `YYYY-MM-DD`.
        model: Model; '' is not known.
        provider: Who served it; '' is not known.
        subscription: Whether the calls ran on a subscription.
        priced: Whether the calls have a cost, or no token that could have one.
        calls: Calls.
        tokens_in: Input with cache; none for answers out of a proxy's own cache, here and below.
        tokens_out: Output.
        cache_read: Part of the input read from the provider's cache.
        cache_write: Part of the input written to it.
        cache_write_1h: Part of that kept for an hour.
        cost_nanos: Sum of known costs, exact.
    """

    day: str
    model: str
    provider: str
    subscription: bool
    priced: bool
    calls: int
    tokens_in: int
    tokens_out: int
    cache_read: int
    cache_write: int
    cache_write_1h: int
    cost_nanos: int


def narrowed(clause: Clause, *, session: str | None = None, call: str | None = None) -> Clause:
    """Return a condition on `sessions` that also asks for one session, or one call by its hash.

    Args:
        clause: Of `prodlens.storage.where.sessions`.
        session: Session id; None is any.
        call: `trace_hash`, or the beginning of one; None is any.
    """
    parts, names = [clause.sql], dict(clause.parameters)
    if session is not None:
        parts.append("session_id = :audit_session")
        names["audit_session"] = session
    if call is not None:
        parts.append("substr(trace_hash, 1, length(:audit_call)) = :audit_call")
        names["audit_call"] = call.lower()
    return clause._replace(sql=" and ".join(parts), parameters=names)


def cost_groups(conn: sqlite3.Connection, where: Clause) -> list[CostGroup]:
    """Return the costs of a slice by where they come from; exact sums over every call."""
    return [
        CostGroup(
            cost_source=row["cost_source"],
            subscription=bool(row["subscription"]),
            calls=row["calls"],
            cost_nanos=row["whole"] * _CHUNK + row["rest"],
            records=row["records"],
            tokens=int(row["tokens"]),
        )
        for row in conn.execute(_TOTALS.format(where=where.sql), where.parameters)
    ]


def calls(conn: sqlite3.Connection, where: Clause, *, limit: int | None) -> list[sqlite3.Row]:
    """Return the calls of a slice, the dearest first, those without a cost last.

    Args:
        conn: The database.
        where: The slice.
        limit: At most so many; None is all.
    """
    names = {**where.parameters, "audit_limit": -1 if limit is None else limit}
    return conn.execute(_CALLS.format(where=where.sql), names).fetchall()


def records(conn: sqlite3.Connection, row: sqlite3.Row) -> list[Observation]:
    """Return every distinct record of a call."""
    return call_rows.records(conn, row)


def shadowed(conn: sqlite3.Connection, seen: Iterable[Observation]) -> list[ShadowedRecord]:
    """Return the records that those of a call say never count."""
    keys = sorted({key_digest(key) for record in seen for key in record.trace.shadows})
    if not keys:
        return []
    return [
        ShadowedRecord(
            source=row["source"],
            total_tokens=row["total_tokens"],
            cost_nanos=row["cost_nanos"],
            file_id=row["source_file"],
            offset=row["source_offset"],
            line=row["source_line"],
        )
        for row in conn.execute(_SHADOWED, (json.dumps(keys),))
    ]


def shadowed_days(conn: sqlite3.Connection, selection: Selection) -> tuple[int, int, int]:
    """Return `(records, tokens, nano-dollars)` that never count, on the UTC days of a slice."""
    first, after = selection.days()
    bounds = (first.isoformat() if first else "", after.isoformat() if after else "~")
    count, tokens, nanos = conn.execute(_SHADOWED_DAYS, bounds).fetchone()
    return count, tokens, nanos


def restatements(conn: sqlite3.Connection, trace_hash: str) -> list[Restatement]:
    """Return how the cost of a call was restated, oldest first."""
    return [
        Restatement(
            at=parse_stored(row["restated_at"]),
            old_nanos=row["old_cost_nanos"],
            old_source=row["old_cost_source"],
            old_version=row["old_price_version"],
            new_nanos=row["new_cost_nanos"],
            new_source=row["new_cost_source"],
            new_version=row["new_price_version"],
        )
        for row in conn.execute(_RESTATED, (trace_hash,))
    ]


def paths(conn: sqlite3.Connection, ids: Iterable[int]) -> Mapping[int, str]:
    """Return the paths of source files by id."""
    return {row["id"]: row["path"] for row in conn.execute(_FILES, (json.dumps(sorted(ids)),))}


def usage(conn: sqlite3.Connection, where: Clause) -> list[UsageRow]:
    """Return what each model used on each day of a slice, by what decides about its cost."""
    statement = _USAGE.format(where=where.sql, day=where.day, own=_OWN)
    return [
        UsageRow(
            day=row["day"],
            model=row["model"],
            provider=row["provider"],
            subscription=bool(row["subscription"]),
            priced=bool(row["priced"]),
            calls=row["calls"],
            tokens_in=row["tokens_in"],
            tokens_out=row["tokens_out"],
            cache_read=row["cache_read"],
            cache_write=row["cache_write"],
            cache_write_1h=row["cache_write_1h"],
            cost_nanos=row["whole"] * _CHUNK + row["rest"],
        )
        for row in conn.execute(statement, where.parameters)
    ]
