"""Owns the arithmetic: token counts times one price row, exact to the nano-dollar.

Prices are decimal dollars per million tokens; they become integers over one denominator, so no
rounding happens before the last step. Knows no catalogue, no model names, no files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Final, TypeAlias

from prodlens.frozen import quickly_made

if TYPE_CHECKING:
    from datetime import date, time
    from decimal import Decimal

_Level: TypeAlias = tuple[int | None, int | None, int | None, int | None, int | None]
"""Scaled rates of fresh input, output, cache read, five-minute and one-hour cache write."""

_NANOS_PER_TOKEN: Final = 1000
"""One dollar per million tokens is 1000 nano-dollars per token."""
_NANOS_PER_USD: Final = 1_000_000_000


class Unpriced(StrEnum):
    """Why a call has no cost; the value is the reason as people read it."""

    NO_MODEL = "no model name"
    UNKNOWN_MODEL = "unknown model"
    INEXACT_NAME = "the name only resembles a known model"
    NO_PROVIDER = "unknown model, or one that several providers sell: state the provider"
    LOCAL = "runs locally, no price list applies"
    REGION_UNKNOWN = "the price depends on the region, which the name does not hold"
    HOUR_UNKNOWN = "the price depends on the time of day, which was not given"
    OTHER_UNIT = "not priced per token"
    NEEDS_REASONING = "reasoning tokens have a price of their own"
    TOKENS_UNKNOWN = "input or output tokens not known"
    INCONSISTENT = "token counts contradict each other"
    NO_RATE = "no price for a kind of token that was used"


@quickly_made
@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one call; None means not known.

    Attributes:
        tokens_in: Whole input, cache reads and writes included.
        tokens_out: Whole output, reasoning included.
        cache_read_tokens: Part of `tokens_in` read from the provider's cache; None is read as 0,
            because formats without the field count plain input alone.
        cache_write_tokens: Part of `tokens_in` written to the cache, whatever its lifetime.
        cache_write_1h_tokens: Part of `cache_write_tokens` kept for one hour.
    """

    tokens_in: int | None
    tokens_out: int | None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None


@quickly_made
@dataclass(frozen=True, slots=True)
class Cost:
    """What one call cost.

    Attributes:
        nanos: Nano-US-dollars, exact, rounded half to even at the very end.
        price_version: `genai-prices==0.2.3`, or `override:` and 12 hex digits of the row's digest.
    """

    nanos: int
    price_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPrices:
    """US dollars per million tokens; None: a call that used such tokens is unpriced."""

    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal | None
    cache_read_usd_per_mtok: Decimal | None
    cache_write_usd_per_mtok: Decimal | None
    cache_write_1h_usd_per_mtok: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTier:
    """Prices of the whole call once its input is longer than `above_tokens_in`."""

    above_tokens_in: int
    prices: TokenPrices


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One row of a price list, as it is applied: what is not listed is already filled in.

    Attributes:
        provider: Provider id of the catalogue; for an override as it was given, None for any.
        model: Model id of the catalogue, or the pattern of the override.
        price_version: What `Cost.price_version` will say.
        prices: Prices up to the first tier.
        tiers: Long-context prices, ascending; empty for most models.
        usd_per_request: Fee per call beside the tokens; None when there is none.
        discount_share: Share 0..1 taken off everything; None when there is none.
        valid_from: First UTC day of these prices; None when no earlier price is known.
        hours: UTC time of day (from, until) of these prices; None for the whole day.
    """

    provider: str | None
    model: str
    price_version: str
    prices: TokenPrices
    tiers: tuple[PriceTier, ...] = ()
    usd_per_request: Decimal | None = None
    discount_share: Decimal | None = None
    valid_from: date | None = None
    hours: tuple[time, time] | None = None


class Rates:
    """One price row made ready for counting: integers over one common denominator."""

    __slots__ = ("_base", "_denominator", "_request", "_tiers", "row", "version")

    def __init__(self, row: PriceRow) -> None:
        """Scale the prices of `row`.

        Args:
            row: Prices, finite and not negative; tiers ascending by `above_tokens_in`.
        """
        kept = 1 - Fraction(row.discount_share or 0)
        levels = [_exact(prices, kept) for prices in (row.prices, *(t.prices for t in row.tiers))]
        request = Fraction(row.usd_per_request or 0) * _NANOS_PER_USD * kept
        known = [rate for level in levels for rate in level if rate is not None]
        self.row = row
        self.version = row.price_version
        self._denominator = math.lcm(request.denominator, *(rate.denominator for rate in known))
        self._request = int(request * self._denominator)
        scaled = [_scaled(level, self._denominator) for level in levels]
        self._base = scaled[0]
        starts = (tier.above_tokens_in for tier in row.tiers)
        self._tiers = tuple(zip(starts, scaled[1:], strict=True))[::-1]

    def nanos(self, usage: Usage) -> int | Unpriced:
        """Return the cost of `usage` in nano-dollars, or why there is none.

        A tier applies to the whole call once `tokens_in` is above its start. A call without any
        token costs nothing, a fee per request included: failed calls are not billed.

        Source: genai-prices 0.2.3, `ModelPrice.calc_price` and `calc_unit_price`.
        """
        tokens_in, tokens_out = usage.tokens_in, usage.tokens_out
        if tokens_in is None or tokens_out is None:
            return Unpriced.TOKENS_UNKNOWN
        read = usage.cache_read_tokens or 0
        writes = usage.cache_write_tokens or 0
        hour = usage.cache_write_1h_tokens or 0
        counts = (tokens_in - read - writes, tokens_out, read, writes - hour, hour)
        if min(counts) < 0:
            return Unpriced.INCONSISTENT
        if not tokens_in and not tokens_out:
            return 0
        total = self._request
        for count, rate in zip(counts, self._level(tokens_in), strict=True):
            if count:
                if rate is None:
                    return Unpriced.NO_RATE
                total += count * rate
        return _divided_half_even(total, self._denominator)

    def _level(self, tokens_in: int) -> _Level:
        for start, level in self._tiers:
            if tokens_in > start:
                return level
        return self._base


def _exact(prices: TokenPrices, kept: Fraction) -> tuple[Fraction | None, ...]:
    """Nano-dollars per token of each kind, after the discount."""
    listed = (
        prices.input_usd_per_mtok,
        prices.output_usd_per_mtok,
        prices.cache_read_usd_per_mtok,
        prices.cache_write_usd_per_mtok,
        prices.cache_write_1h_usd_per_mtok,
    )
    return tuple(
        None if price is None else Fraction(price) * _NANOS_PER_TOKEN * kept for price in listed
    )


def _scaled(level: tuple[Fraction | None, ...], denominator: int) -> _Level:
    fresh, out, read, write, hour = (
        None if rate is None else int(rate * denominator) for rate in level
    )
    return fresh, out, read, write, hour


def _divided_half_even(total: int, denominator: int) -> int:
    quotient, rest = divmod(total, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient % 2):
        return quotient + 1
    return quotient
