"""Owns the user's own prices: one row, its checks, its digest, and which row applies when.

An override always wins over the catalogue. Reads no files; knows nothing of the catalogue's data.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from prodlens.errors import InputError
from prodlens.pricing.providers import provider_id
from prodlens.pricing.rates import PriceRow, TokenPrices

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_HIGHEST_USD_PER_MTOK: Final = Decimal(1_000_000)
_FINEST_EXPONENT: Final = -18
_PRICES: Final = (
    "input_usd_per_mtok",
    "output_usd_per_mtok",
    "cache_read_usd_per_mtok",
    "cache_write_usd_per_mtok",
    "cache_write_1h_usd_per_mtok",
)
_REQUIRED: Final = _PRICES[:2]
_DIGEST_DIGITS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceOverride:
    """Prices a user set for the models that a pattern names, in US dollars per million tokens.

    Attributes:
        model: Glob pattern (`*`, `?`, `[...]`), case-insensitive, matched on the whole raw name
            and on the whole plain name.
        provider: Any label of the provider (`bedrock` is `aws`); None for every provider.
        input_usd_per_mtok: Price of input that the cache had no part in.
        output_usd_per_mtok: Price of output.
        cache_read_usd_per_mtok: None: a call that read from the cache is unpriced, not guessed.
        cache_write_usd_per_mtok: Five-minute writes; None as above.
        cache_write_1h_usd_per_mtok: One-hour writes; None as above.
        valid_from: First UTC day; None for always.
        discount_share: Share 0..1 taken off every price of the row; None for none.

    Raises:
        InputError: A pattern or provider is blank, a price is no finite `Decimal` of 0 to
            1,000,000 with at most 18 places, a share is outside 0..1, or a day is no plain date.
    """

    model: str
    provider: str | None = None
    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal
    cache_read_usd_per_mtok: Decimal | None = None
    cache_write_usd_per_mtok: Decimal | None = None
    cache_write_1h_usd_per_mtok: Decimal | None = None
    valid_from: date | None = None
    discount_share: Decimal | None = None

    def __post_init__(self) -> None:
        if not self.model.strip():
            raise InputError("A price override needs a model pattern, for instance `gpt-4o*`.")
        if self.provider is not None and provider_id(self.provider) is None:
            raise InputError(
                f"The price override for {self.model!r} names no provider: leave it out for all."
            )
        for name in _PRICES:
            self._check(name, highest=_HIGHEST_USD_PER_MTOK)
        self._check("discount_share", highest=Decimal(1))
        if isinstance(self.valid_from, datetime):
            raise InputError(f"The price override for {self.model!r} starts on a day, not a time.")

    def _check(self, name: str, *, highest: Decimal) -> None:
        value: object = getattr(self, name)
        if value is None and name not in _REQUIRED:
            return
        if not isinstance(value, Decimal) or not value.is_finite() or not 0 <= value <= highest:
            raise InputError(
                f"The price override for {self.model!r} has {name} = {value}: "
                f"it must be a decimal number from 0 to {highest}."
            )
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and exponent < _FINEST_EXPONENT:
            raise InputError(
                f"The price override for {self.model!r} has {name} with more than "
                f"{-_FINEST_EXPONENT} decimal places: give fewer."
            )

    @property
    def subject(self) -> tuple[str, str | None]:
        """What the row is about: the pattern in lower case and the provider's id."""
        return self.model.strip().lower(), provider_id(self.provider)

    @property
    def digest(self) -> str:
        """First 12 hex digits of SHA-256 over the row; `3` and `3.00` are the same price."""
        numbers = [_plain(getattr(self, name)) for name in (*_PRICES, "discount_share")]
        start = None if self.valid_from is None else self.valid_from.isoformat()
        row = [*self.subject, start, *numbers]
        return sha256(json.dumps(row).encode()).hexdigest()[:_DIGEST_DIGITS]

    def matches(self, names: Collection[str], sold_by: Collection[str]) -> bool:
        """Return whether the row is for a model called one of `names`, sold by one of `sold_by`."""
        pattern, seller = self.subject
        if seller is not None and seller not in sold_by:
            return False
        return any(fnmatchcase(name.lower(), pattern) for name in names)

    def row(self) -> PriceRow:
        """Return the row in the form that prices calls."""
        prices = TokenPrices(**{name: getattr(self, name) for name in _PRICES})
        return PriceRow(
            provider=provider_id(self.provider),
            model=self.model,
            price_version=f"override:{self.digest}",
            prices=prices,
            discount_share=self.discount_share,
            valid_from=self.valid_from,
        )


def in_force(matching: Sequence[PriceOverride], day: date) -> PriceOverride | None:
    """Return the override that applies on `day`, None when none does yet.

    The last row in the sequence wins over earlier ones with another pattern or provider; among
    rows with the same pattern and provider the one that started last wins, in whatever order.

    Args:
        matching: Rows that match the call, in the order the user gave them.
        day: UTC day of the call.
    """
    started = [row for row in matching if row.valid_from is None or row.valid_from <= day]
    if not started:
        return None
    subject = started[-1].subject
    versions = [row for row in started if row.subject == subject]
    return max(reversed(versions), key=lambda row: row.valid_from or date.min)


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else str(Fraction(value))
