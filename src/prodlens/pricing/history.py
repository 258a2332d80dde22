"""Owns the prices of one model over time: which row holds on which day. Looks nothing up."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Self, TypeAlias

from prodlens.pricing.catalogue import Listing, segments, start_days
from prodlens.pricing.overrides import in_force
from prodlens.pricing.rates import Rates, Unpriced

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prodlens.pricing.catalogue import Segments
    from prodlens.pricing.overrides import PriceOverride
    from prodlens.pricing.rates import PriceRow

Stretches: TypeAlias = tuple[Rates, ...] | Unpriced
"""Rates of one day: one, or several by time of day, the first from 0:00 UTC; or why none."""


@dataclass(frozen=True, slots=True)
class History:
    """Prices of one model over time: `days[i]` holds from `starts[i]` until `starts[i + 1]`."""

    starts: tuple[date, ...]
    days: tuple[Stretches, ...]

    @classmethod
    def of(cls, own: Sequence[PriceOverride], listing: Listing | Unpriced) -> Self:
        """Lay the user's rows over the catalogue's.

        Args:
            own: Overrides that match the model, in the user's order.
            listing: The catalogue's entry, or why there is none.
        """
        listed = _listed(listing)
        starts = {date.min, *(row.valid_from for row in own if row.valid_from is not None)}
        if isinstance(listing, Listing):
            starts.update(start_days(listing))
        ordered = tuple(sorted(starts))
        return cls(ordered, tuple(_stretches(in_force(own, day), listed(day)) for day in ordered))

    def on(self, day: date) -> Stretches:
        """Return the rates of a UTC day."""
        return self.days[bisect_right(self.starts, day) - 1]


def listed_rows(listing: Listing, day: date) -> tuple[PriceRow, ...]:
    """Return the catalogue's rows of an entry on a UTC day, none when it can't be priced."""
    rows = _listed(listing)(day)
    return () if isinstance(rows, Unpriced) else rows


def _listed(listing: Listing | Unpriced) -> Callable[[date], Segments]:
    if isinstance(listing, Unpriced):
        return lambda _: listing
    starts = start_days(listing)
    return lambda day: segments(listing, starts[bisect_right(starts, day) - 1])


def _stretches(own: PriceOverride | None, listed: Segments) -> Stretches:
    if own is not None:
        return (Rates(own.row()),)
    return listed if isinstance(listed, Unpriced) else tuple(Rates(row) for row in listed)
