"""SQL of costs: which calls can be priced again, what was said before, which models have no price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import format_instant
from prodlens.schemas import CostSource, nanos_to_usd
from prodlens.storage import dirty_days

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from datetime import datetime

_PRICEABLE: Final = """
select id, trace_hash, timestamp, event_date, provider, model, model_raw, tokens_in, tokens_out,
    cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, cost_nanos, cost_source,
    price_version, observations, content
from sessions where id > ? and cost_source <> 'reported' order by id limit ?
"""
_UPDATE: Final = """
update sessions set cost_nanos = ?, cost_usd = ?, cost_source = ?, price_version = ? where id = ?
"""
_UPDATE_OBSERVATIONS: Final = """
update observations set cost_nanos = ?, price_version = ?
where call_id = ? and cost_nanos is ?
"""
_KEEP: Final = """
insert into price_restatements
    (trace_hash, restated_at, old_cost_nanos, old_cost_source, old_price_version,
     new_cost_nanos, new_cost_source, new_price_version)
values (?, ?, ?, ?, ?, ?, ?, ?)
"""
_UNPRICED: Final = """
select coalesce(model, '') as model, coalesce(provider, '') as provider, count(*) as calls,
    coalesce(sum(total_tokens), 0) as tokens, min(event_date) as first_day,
    max(event_date) as last_day, max(cache_read_tokens) as cache_read,
    max(cache_write_tokens) as cache_write, max(cache_write_1h_tokens) as cache_write_1h,
    max(tokens_in) as input, max(tokens_out) as output
from sessions
where cost_source = 'unknown' and coalesce(total_tokens, 0) > 0
group by 1, 2 order by tokens desc, model, provider
"""
_MODELS: Final = """
select coalesce(model, '') as model, coalesce(provider, '') as provider, count(*) as calls,
    max(event_date) as last_day
from sessions where model is not null group by 1, 2 order by calls desc, model, provider
"""


def priceable(conn: sqlite3.Connection, batch: int = 5000) -> Iterator[list[sqlite3.Row]]:
    """Yield calls without a reported cost in batches, in order of id."""
    last = 0
    while rows := conn.execute(_PRICEABLE, (last, batch)).fetchall():
        last = rows[-1]["id"]
        yield rows


def restate(
    conn: sqlite3.Connection,
    changes: Iterable[tuple[sqlite3.Row, int | None, str | None]],
    now: datetime,
) -> int:
    """Write new costs inside the caller's transaction, keeping what was said before.

    Args:
        conn: The connection, in a transaction.
        changes: `(row of priceable, new nano-dollars or None, new price version)`.
        now: When.

    Returns:
        Calls whose cost or price version changed.
    """
    done = 0
    for row, nanos, version in changes:
        source = (CostSource.UNKNOWN if nanos is None else CostSource.COMPUTED).value
        if (nanos, source, version) == (
            row["cost_nanos"],
            row["cost_source"],
            row["price_version"],
        ):
            continue
        usd = None if nanos is None else nanos_to_usd(nanos)
        conn.execute(_UPDATE, (nanos, usd, source, version, row["id"]))
        if row["observations"] > 1:
            conn.execute(_UPDATE_OBSERVATIONS, (nanos, version, row["id"], row["cost_nanos"]))
        before = (row["cost_nanos"], row["cost_source"], row["price_version"])
        conn.execute(
            _KEEP, (row["trace_hash"], format_instant(now), *before, nanos, source, version)
        )
        dirty_days.mark(conn, dirty_days.SESSIONS, [row["event_date"]])
        done += 1
    return done


def unpriced_models(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return models with tokens and no price, most tokens first.

    Each with `model`, `provider`, `calls`, `tokens`, `first_day`, `last_day`, and the largest
    `cache_read`, `cache_write`, `cache_write_1h`, `input` and `output` of one call (None: not
    known).
    """
    return [dict(row) for row in conn.execute(_UNPRICED)]


def models(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return the models of all calls, most used first: model, provider, calls, last day."""
    return [dict(row) for row in conn.execute(_MODELS)]


def restatements(conn: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return every restatement, oldest first, as dicts of columns."""
    return [dict(row) for row in conn.execute("select * from price_restatements order by id")]
