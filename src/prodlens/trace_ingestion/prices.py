"""Prices calls that no source priced; loaded when the first one comes, since the lists are long."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

from prodlens.pricing import PriceBook, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from prodlens.schemas import CanonicalTrace

_built_in: Final = functools.cache(PriceBook)
"""One list for all files and parts: it remembers what it looked up."""


def pricing(prices: PriceBook | None) -> Callable[[CanonicalTrace], tuple[int, str] | None]:
    """Return what gives `(nano-dollars, price version)` of a call's tokens, None without a price.

    Args:
        prices: The price list; None is the built-in one.
    """
    book = _built_in() if prices is None else prices

    def price(trace: CanonicalTrace) -> tuple[int, str] | None:
        cost = book.cost(
            provider=trace.provider,
            model=trace.model_raw or trace.model,
            day=trace.timestamp.date(),
            at=trace.timestamp,
            usage=Usage(
                trace.tokens_in,
                trace.tokens_out,
                trace.cache_read_tokens,
                trace.cache_write_tokens,
                trace.cache_write_1h_tokens,
            ),
        )
        return None if cost is None else (cost.nanos, cost.price_version)

    return price
