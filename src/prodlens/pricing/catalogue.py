"""Owns the price list that comes with genai-prices: its entries and their dated price rows.

Reads the data inside the installed package and nothing else: no network, no updates, no snapshot
someone set at run time, so that `genai-prices==<version>` names the prices completely. The
package takes a moment to import and is loaded on first use. Which entry a call means is decided
in `prodlens.pricing.lookup`.

Prices are the standard ones: batch, flex, priority and fast tiers are not told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, TypeAlias, overload

from prodlens.pricing.rates import PriceRow, PriceTier, TokenPrices, Unpriced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from genai_prices import types

Segments: TypeAlias = tuple[PriceRow, ...] | Unpriced
"""Rows of one day, one per stretch of it with a price of its own; or why there is none."""

_FREE: Final = ":free"
_REQUESTS_PER_FEE: Final = 1000


@dataclass(frozen=True, slots=True)
class Listing:
    """A model as one provider of the catalogue sells it."""

    provider: str
    model: types.ModelInfo


@cache
def price_lists() -> Mapping[str, types.Provider]:
    """Return the price list of every provider, by provider id."""
    from genai_prices.data import providers

    return {provider.id: provider for provider in providers}


@cache
def price_version() -> str:
    """Return the name of the whole catalogue, `genai-prices==<installed version>`."""
    return f"genai-prices=={version('genai-prices')}"


def start_days(listing: Listing) -> list[date]:
    """Return the UTC days on which prices of the entry begin, ascending.

    The first is the oldest possible day: the catalogue's first price holds for all earlier calls.
    """
    from genai_prices import types

    days = {
        conditional.constraint.start_date
        for conditional in _conditionals(listing)
        if isinstance(conditional.constraint, types.StartDateConstraint)
    }
    return [date.min, *sorted(days)]


def segments(listing: Listing, start: date) -> Segments:
    """Return the price rows that hold from `start`, which is one of `start_days`.

    Returns:
        One row for most models; several, by time of day, where the seller has cheaper hours. The
        reason instead when the entry can't be priced from token counts.
    """
    bounds = _hour_bounds(listing)
    rows: list[PriceRow] = []
    for begin, end in zip(bounds, [*bounds[1:], time.min], strict=True):
        price = listing.model.get_prices(datetime.combine(start, begin, tzinfo=UTC))
        reason = _unusable(listing, price)
        if reason is not None:
            return reason
        hours = (begin, end) if len(bounds) > 1 else None
        rows.append(_row(listing, price, start=start, hours=hours))
    return tuple(rows)


def _conditionals(listing: Listing) -> Sequence[types.ConditionalPrice]:
    prices = listing.model.prices
    return prices if isinstance(prices, list) else ()


def _hour_bounds(listing: Listing) -> list[time]:
    from genai_prices import types

    bounds = {time.min}
    for conditional in _conditionals(listing):
        if isinstance(conditional.constraint, types.TimeOfDateConstraint):
            bounds.add(_utc_time(conditional.constraint.start_time))
            bounds.add(_utc_time(conditional.constraint.end_time))
    return sorted(bounds)


def _utc_time(value: time) -> time:
    """Return the time of day in UTC; a naive one is UTC already."""
    moment = datetime.combine(date(2000, 1, 1), value)
    return (moment if value.tzinfo is None else moment.astimezone(UTC)).time()


def _unusable(listing: Listing, price: types.ModelPrice) -> Unpriced | None:
    """Return why token counts can't be priced with `price`, None when they can.

    An entry without any price may be free, part of a subscription, or unknown: only a name that
    says `:free` is taken for zero.
    """
    if price.input_mtok is None:
        listed = any(value is not None for value in vars(price).values())
        is_free = not listed and listing.model.id.endswith(_FREE)
        return None if is_free else Unpriced.OTHER_UNIT
    return None if price.output_reasoning_mtok is None else Unpriced.NEEDS_REASONING


def _row(
    listing: Listing, price: types.ModelPrice, *, start: date, hours: tuple[time, time] | None
) -> PriceRow:
    tiers = (
        PriceTier(above_tokens_in=above, prices=_token_prices(price, above))
        for above in _tier_starts(price)
    )
    fee = _at_tier(price.requests_kcount, None)
    return PriceRow(
        provider=listing.provider,
        model=listing.model.id,
        price_version=price_version(),
        prices=_token_prices(price, None),
        tiers=tuple(tiers),
        usd_per_request=None if fee is None else fee / _REQUESTS_PER_FEE,
        valid_from=None if start == date.min else start,
        hours=hours,
    )


def _tier_starts(price: types.ModelPrice) -> list[int]:
    from genai_prices import types

    tiered = [value for value in vars(price).values() if isinstance(value, types.TieredPrices)]
    return sorted({tier.start for value in tiered for tier in value.tiers})


def _token_prices(price: types.ModelPrice, above: int | None) -> TokenPrices:
    """Return the prices of one tier, None for the base.

    Cached tokens without a price of their own are plain input, as the catalogue has it. One
    exception: one-hour writes beside a price for five-minute writes cost more wherever they are
    sold, so the lower price would be a guess and they stay without.
    """
    out: Decimal | None
    if price.input_mtok is None:
        fresh = out = Decimal(0)
    else:
        fresh, out = _at_tier(price.input_mtok, above), _at_tier(price.output_mtok, above)
    read = _at_tier(price.cache_read_mtok, above)
    write = _at_tier(price.cache_write_mtok, above)
    hour = _at_tier(price.cache_write_1h_mtok, above)
    return TokenPrices(
        input_usd_per_mtok=fresh,
        output_usd_per_mtok=out,
        cache_read_usd_per_mtok=fresh if read is None else read,
        cache_write_usd_per_mtok=fresh if write is None else write,
        cache_write_1h_usd_per_mtok=fresh if hour is None and write is None else hour,
    )


@overload
def _at_tier(value: None, above: int | None) -> None: ...
@overload
def _at_tier(value: Decimal | types.TieredPrices, above: int | None) -> Decimal: ...
def _at_tier(value: Decimal | types.TieredPrices | None, above: int | None) -> Decimal | None:
    """Return the price that holds for input just above `above` tokens."""
    if value is None or isinstance(value, Decimal):
        return value
    price = value.base
    for tier in value.tiers:
        if above is not None and tier.start <= above:
            price = tier.price
    return price
