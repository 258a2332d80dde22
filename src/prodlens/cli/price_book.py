"""The prices of a run: the built-in list, and before it the rows of `prodlens.toml`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prodlens.pricing import PriceBook, PriceOverride
    from prodlens.settings import PriceSetting, Settings


def price_book(settings: Settings) -> PriceBook:
    """Return the prices that hold under these settings."""
    from prodlens.pricing import PriceBook

    return PriceBook([price_override(row) for row in settings.prices])


def price_override(row: PriceSetting) -> PriceOverride:
    """Return a `[[prices]]` row as the price lookup takes it.

    Raises:
        InputError: A value is out of range.
    """
    from prodlens.pricing import PriceOverride

    return PriceOverride(
        model=row.model,
        provider=row.provider,
        input_usd_per_mtok=row.input,
        output_usd_per_mtok=row.output,
        cache_read_usd_per_mtok=row.cache_read,
        cache_write_usd_per_mtok=row.cache_write,
        cache_write_1h_usd_per_mtok=row.cache_write_1h,
        valid_from=row.valid_from,
        discount_share=row.discount,
    )
