"""Puts together what stands behind the costs of a slice; reads the store, writes nothing.

The sum is read by the statement that `report` reads its own from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prodlens.audit.behind import Audit, AuditedCall, LeftOut, Price, SeenRecord, Spot, Tokens
from prodlens.clock import day_start, parse_stored, utc_day
from prodlens.metrics.inputs import one_state
from prodlens.pricing import Usage
from prodlens.schemas import CostSource, usd_to_nanos
from prodlens.storage import audit_readings, readings, where
from prodlens.storage.connection import naming_errors

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from prodlens.pricing import PriceBook, PriceRow
    from prodlens.schemas import CanonicalTrace
    from prodlens.selection import Selection
    from prodlens.storage import ProdLensStore
    from prodlens.storage.audit_readings import ShadowedRecord
    from prodlens.storage.merging import Observation

_COPIED: Final = (
    "trace_hash",
    "session_id",
    "developer_id",
    "repo_slug",
    "model",
    "provider",
    "traffic_class",
    "cost_nanos",
    "cost_source",
    "price_version",
)
"""Columns of a call that stand in the audit as they are."""


def audit(
    store: ProdLensStore,
    selection: Selection,
    prices: PriceBook,
    *,
    session: str | None = None,
    call: str | None = None,
    limit: int | None = 20,
) -> Audit:
    """Return what stands behind the costs of a slice.

    Args:
        store: The store; it is only read.
        selection: The slice.
        prices: The prices that hold now.
        session: Only this session; None is any.
        call: Only calls whose hash begins so; None is any.
        limit: Calls to show in full, the dearest first; None is all.

    Raises:
        StoreError: The database can't be read.
    """
    with naming_errors(store.path), one_state(store):
        conn = store.conn
        clause = where.sessions(selection)
        clause = audit_readings.narrowed(clause, session=session, call=call)
        total = readings.total(readings.by_model(conn, clause).values())
        groups = audit_readings.cost_groups(conn, clause)
        rows = audit_readings.calls(conn, clause, limit=limit)
        unpriced = [group for group in groups if group.cost_source == CostSource.UNKNOWN]
        narrow = session is not None or call is not None
        narrow = narrow or bool(selection.repositories or selection.models)
        return Audit(
            since=selection.since,
            until=selection.until,
            timezone=selection.timezone,
            calls=total.calls,
            cost_nanos=total.cost_nanos,
            reported=_of(groups, CostSource.REPORTED),
            computed=_of(groups, CostSource.COMPUTED),
            unpriced=sum(group.calls for group in unpriced),
            unpriced_tokens=sum(group.tokens for group in unpriced),
            subscription_nanos=total.subscription_nanos,
            records=sum(group.records for group in groups),
            left_out=None if narrow else _left_out_days(conn, selection),
            shown=tuple(_audited(conn, row, prices) for row in rows),
        )


def _left_out_days(conn: sqlite3.Connection, selection: Selection) -> tuple[int, int, int] | None:
    """Return what never counts; None where a UTC day is cut: both sides would hold all of it."""
    ends = (selection.since, selection.until)
    if any(end is not None and end != day_start(utc_day(end)) for end in ends):
        return None
    return audit_readings.shadowed_days(conn, selection)


def _of(groups: Sequence[audit_readings.CostGroup], source: CostSource) -> tuple[int, int]:
    mine = [group for group in groups if group.cost_source == source]
    return sum(group.calls for group in mine), sum(group.cost_nanos for group in mine)


def _audited(conn: sqlite3.Connection, row: sqlite3.Row, prices: PriceBook) -> AuditedCall:
    seen = audit_readings.records(conn, row)
    hidden = audit_readings.shadowed(conn, seen)
    ids = {one.place.file_id for one in seen} | {one.file_id for one in hidden}
    paths = audit_readings.paths(conn, [one for one in ids if one is not None])
    asked: dict[str, Any] = {
        "provider": row["provider"],
        "model": row["model_raw"] or row["model"],
        "day": utc_day(parse_stored(row["timestamp"])),
        "at": parse_stored(row["timestamp"]),
    }
    usage = Usage(
        tokens_in=row["tokens_in"],
        tokens_out=row["tokens_out"],
        cache_read_tokens=row["cache_read_tokens"],
        cache_write_tokens=row["cache_write_tokens"],
        cache_write_1h_tokens=row["cache_write_1h_tokens"],
    )
    found, cost = prices.explain(**asked), prices.cost(**asked, usage=usage)
    return AuditedCall(
        **{name: row[name] for name in _COPIED},
        timestamp=asked["at"],
        subscription=row["subscription"] == 1,
        tokens=_tokens(row),
        price=None if found is None else _price(found, row["tokens_in"]),
        computed_nanos=None if cost is None else cost.nanos,
        reason=prices.unpriced_reason(**asked, usage=usage),
        records=_records(row, seen, paths),
        left_out=tuple(_left_out(one, paths) for one in hidden),
        restated=tuple(audit_readings.restatements(conn, row["trace_hash"])),
    )


def _tokens(said: sqlite3.Row) -> Tokens:
    return _split(
        said["tokens_in"],
        said["tokens_out"],
        (said["cache_read_tokens"], said["cache_write_tokens"], said["cache_write_1h_tokens"]),
        said["tokens_basis"],
    )


def _tokens_of(trace: CanonicalTrace) -> Tokens | None:
    if trace.tokens_in is None and trace.tokens_out is None:
        return None
    cached = (trace.cache_read_tokens, trace.cache_write_tokens, trace.cache_write_1h_tokens)
    return _split(trace.tokens_in, trace.tokens_out, cached, trace.tokens_basis)


def _split(
    tokens_in: int | None,
    tokens_out: int | None,
    cached: tuple[int | None, int | None, int | None],
    basis: str | None,
) -> Tokens:
    """Return tokens with what was written for five minutes apart; without a split it is all."""
    read, write, hour = cached
    return Tokens(
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cache_read=read,
        cache_write_5m=None if write is None else write - (hour or 0),
        cache_write_1h=hour,
        basis=basis,
    )


def _price(row: PriceRow, tokens_in: int | None) -> Price:
    tiers = [tier for tier in row.tiers if (tokens_in or 0) > tier.above_tokens_in]
    prices = tiers[-1].prices if tiers else row.prices
    return Price(
        provider=row.provider,
        model=row.model,
        version=row.price_version,
        valid_from=row.valid_from,
        usd_per_mtok={
            "input": prices.input_usd_per_mtok,
            "output": prices.output_usd_per_mtok,
            "cache_read": prices.cache_read_usd_per_mtok,
            "cache_write": prices.cache_write_usd_per_mtok,
            "cache_write_1h": prices.cache_write_1h_usd_per_mtok,
        },
        above_tokens_in=tiers[-1].above_tokens_in if tiers else None,
        discount_share=row.discount_share,
    )


def _records(
    row: sqlite3.Row, seen: Sequence[Observation], paths: Mapping[int, str]
) -> tuple[SeenRecord, ...]:
    """Return the records of a call, those first that gave its cost and its tokens."""
    # equal values are equal evidence: of several records that say them the leading one is named
    ordered = sorted(
        seen,
        key=lambda one: (
            one.content != row["content"],
            one.trace.source != row["source"],
            one.trace.source,
            one.content,
        ),
    )
    tokens = next((one for one in ordered if _tokens_of(one.trace) == _tokens(row)), None)
    cost = next((one for one in ordered if _gave_cost(one, row)), None)
    if cost is None and row["cost_nanos"] is not None:
        cost = tokens  # priced when its turn named the model
    givers = {"cost": cost, "tokens": tokens}
    if cost is None and tokens is None:
        givers["call"] = ordered[0]
    found = [
        SeenRecord(
            source=one.trace.source,
            spot=_spot(paths, one.place.file_id, one.place.line, one.place.offset),
            tokens=_tokens_of(one.trace),
            reported_nanos=_reported(one),
            computed_nanos=one.cost_nanos,
            gave=tuple(word for word, giver in givers.items() if giver is one),
        )
        for one in ordered
    ]
    return tuple(sorted(found, key=lambda one: ("cost" not in one.gave, not one.gave)))


def _gave_cost(one: Observation, row: sqlite3.Row) -> bool:
    if row["cost_nanos"] is None:
        return False
    own = _reported(one) if row["cost_source"] == CostSource.REPORTED else one.cost_nanos
    return own == int(row["cost_nanos"])


def _reported(one: Observation) -> int | None:
    return None if one.trace.cost_usd is None else usd_to_nanos(one.trace.cost_usd)


def _left_out(one: ShadowedRecord, paths: Mapping[int, str]) -> LeftOut:
    return LeftOut(
        source=one.source,
        spot=_spot(paths, one.file_id, one.line, one.offset),
        total_tokens=one.total_tokens,
        cost_nanos=one.cost_nanos,
    )


def _spot(
    paths: Mapping[int, str], file_id: int | None, line: int | None, offset: int | None
) -> Spot:
    path = None if file_id is None else paths.get(file_id)
    return Spot(path=path, line=line, offset=offset)
