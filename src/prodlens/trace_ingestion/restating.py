"""Prices stored calls again after a price change, keeping what was said before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prodlens.clock import parse_stored, utc_now
from prodlens.storage import costs

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from datetime import datetime

    from prodlens.pricing import PriceBook
    from prodlens.storage import ProdLensStore


@dataclass(slots=True)
class Restated:
    """What a restatement did.

    Attributes:
        looked_at: Calls without a reported cost.
        changed: Calls whose cost or price version changed.
        before_nanos: Sum of their known costs before, nano-dollars.
        after_nanos: Sum of their known costs after, nano-dollars.
    """

    looked_at: int = 0
    changed: int = 0
    before_nanos: int = 0
    after_nanos: int = 0


def restate(
    store: ProdLensStore, prices: PriceBook, *, now: Callable[[], datetime] = utc_now
) -> Restated:
    """Recompute every computed or unknown cost with today's prices; reported costs stay.

    Each batch is one transaction; days whose sums change become stale. Running it twice changes
    nothing the second time.

    Args:
        store: Whose calls.
        prices: The prices that hold now, dated as ever by the day of each call.
        now: Reads the clock, for the record of the change.
    """
    done = Restated()
    moment = now()
    for rows in costs.priceable(store.conn):
        priced = [(row, *_price(prices, row)) for row in rows]
        with store.transaction() as conn:
            done.changed += costs.restate(conn, priced, moment)
        done.looked_at += len(rows)
        done.before_nanos += sum(row["cost_nanos"] or 0 for row in rows)
        done.after_nanos += sum(nanos or 0 for _, nanos, _ in priced)
    return done


def _price(prices: PriceBook, row: sqlite3.Row) -> tuple[int | None, str | None]:
    from prodlens.pricing import Usage

    at = parse_stored(row["timestamp"])
    cost = prices.cost(
        provider=row["provider"],
        model=row["model_raw"] or row["model"],
        day=at.date(),
        at=at,
        usage=Usage(
            tokens_in=row["tokens_in"],
            tokens_out=row["tokens_out"],
            cache_read_tokens=row["cache_read_tokens"],
            cache_write_tokens=row["cache_write_tokens"],
            cache_write_1h_tokens=row["cache_write_1h_tokens"],
        ),
    )
    return (None, None) if cost is None else (cost.nanos, cost.price_version)
