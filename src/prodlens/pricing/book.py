"""Owns the one price lookup: user's rows over the catalogue, remembered per model and provider.

Opens no files and no connections, guesses nothing: what has no price has a reason instead.
"""

from __future__ import annotations

from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from prodlens.clock import as_utc, utc_day
from prodlens.pricing.catalogue import Listing, price_lists
from prodlens.pricing.history import History, listed_rows
from prodlens.pricing.lookup import find, sellers, unlisted_routes
from prodlens.pricing.names import name_forms
from prodlens.pricing.overrides import in_force
from prodlens.pricing.providers import provider_id
from prodlens.pricing.rates import Cost, Unpriced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.pricing.overrides import PriceOverride
    from prodlens.pricing.rates import PriceRow, Rates, Usage

_REMEMBERED: Final = 8192
"""Pairs of provider and model kept at once; a log with more distinct names starts afresh."""


class PriceBook:
    """Prices of calls by model, provider and day: the user's overrides, then the catalogue.

    How the provider is used: `bedrock`, `vertex_ai`, `azure` and their spellings mean the price
    lists of AWS, Google and Azure; a provider with a list of its own settles the price, and a
    model it does not list is unpriced. A provider that is missing, unknown, a gateway, or only a
    wire protocol (`openai`, `anthropic`) borrows the maker's list price for names that one maker
    alone gives (`claude-sonnet-4-5`, `gpt-5`, `gemini-2.5-pro`), never for open weights or other
    names. What runs locally has no price unless an override gives one. A name that merely
    contains or starts with a known one is unpriced.

    Costs are list prices of the standard service tier, and plain text: batch discounts, priority
    surcharges, searches, images and audio are not in the token counts and so not in the cost.

    One instance may be shared by threads. Give model names raw: regions may have own prices.
    """

    __slots__ = ("_histories", "_overrides")

    def __init__(self, overrides: Sequence[PriceOverride] = ()) -> None:
        """Keep the user's rows; the catalogue is loaded when a model first needs it.

        Args:
            overrides: Rows in the user's order: a later row beats an earlier one with another
                pattern, the latest start wins among rows for the same pattern and provider.
        """
        self._overrides = tuple(overrides)
        self._histories: dict[tuple[str | None, str | None], History] = {}

    def cost(
        self,
        *,
        provider: str | None,
        model: str | None,
        day: date,
        usage: Usage,
        at: datetime | None = None,
    ) -> Cost | None:
        """Return what a call cost, None when that is not known (`unpriced_reason` says why).

        Args:
            provider: Who sold the call, as the source states it; None when it does not.
            model: Model name, best raw; None and blank names are unpriced.
            day: UTC day of the call, which decides between dated prices.
            usage: Token counts; a call without tokens costs 0, a call with unknown counts is
                unpriced as a whole.
            at: Instant of the call (naive is UTC), needed only by the few models that cost less
                in some hours; without it those are unpriced.
        """
        rates = self._rates(provider, model, day, at)
        if isinstance(rates, Unpriced):
            return None
        nanos = rates.nanos(usage)
        return None if isinstance(nanos, Unpriced) else Cost(nanos, rates.version)

    def explain(
        self,
        *,
        provider: str | None,
        model: str | None,
        day: date,
        at: datetime | None = None,
    ) -> PriceRow | None:
        """Return the row that prices such a call, None when there is none; arguments as `cost`."""
        rates = self._rates(provider, model, day, at)
        return None if isinstance(rates, Unpriced) else rates.row

    def unpriced_reason(
        self,
        *,
        provider: str | None,
        model: str | None,
        day: date,
        usage: Usage | None = None,
        at: datetime | None = None,
    ) -> str:
        """Return why a call has no cost, a value of `Unpriced`; blank when it has one.

        Arguments as `cost`; without `usage` only the price itself is looked for.
        """
        rates = self._rates(provider, model, day, at)
        if isinstance(rates, Unpriced):
            return rates.value
        nanos = 0 if usage is None else rates.nanos(usage)
        return nanos.value if isinstance(nanos, Unpriced) else ""

    def search(self, pattern: str, *, day: date) -> list[PriceRow]:
        """Return the rows in force on `day` for models whose name matches a pattern.

        Args:
            pattern: Glob, case-insensitive, on `model` or `provider/model`; of an override the
                pattern itself is compared.
            day: UTC day.

        Returns:
            The overrides in force in their order, then the catalogue's rows by provider and
            model, one per stretch of the day; entries that have no price per token are left out.
        """
        day, glob = _plain_day(day), pattern.strip().lower()
        own = [row.row() for row in self._overrides if in_force(self._versions(row), day) is row]
        listed = (
            row
            for provider, prices in sorted(price_lists().items())
            for model in sorted(prices.models, key=lambda model: model.id)
            if _matches(glob, provider, model.id)
            for row in listed_rows(Listing(provider, model), day)
        )
        return [*(row for row in own if _matches(glob, row.provider, row.model)), *listed]

    def _versions(self, row: PriceOverride) -> list[PriceOverride]:
        """The rows for the same models and provider as `row`."""
        return [other for other in self._overrides if other.subject == row.subject]

    def _rates(
        self, provider: str | None, model: str | None, day: date, at: datetime | None
    ) -> Rates | Unpriced:
        history = self._histories.get((provider, model))
        if history is None:
            history = self._remember(provider, model)
        found = history.on(_plain_day(day))
        if isinstance(found, Unpriced) or len(found) == 1:
            return found if isinstance(found, Unpriced) else found[0]
        return Unpriced.HOUR_UNKNOWN if at is None else _at_hour(found, at)

    def _remember(self, provider: str | None, model: str | None) -> History:
        if len(self._histories) >= _REMEMBERED:
            self._histories.clear()
        history = self._history(provider, model)
        self._histories[provider, model] = history
        return history

    def _history(self, provider: str | None, model: str | None) -> History:
        name = name_forms(model or "")
        if not name.plain:
            return History((date.min,), (Unpriced.NO_MODEL,))
        among = sellers(provider, name)
        stated = provider_id(provider)
        labels = [*among, *unlisted_routes(name), *([stated] if stated else [])]
        own = [row for row in self._overrides if row.matches(name.forms, labels)]
        return History.of(own, find(name, among))


def _matches(glob: str, provider: str | None, model: str) -> bool:
    name = model.lower()
    return fnmatchcase(name, glob) or fnmatchcase(f"{provider or '*'}/{name}", glob)


def _plain_day(day: date) -> date:
    return utc_day(day) if isinstance(day, datetime) else day


def _at_hour(stretches: Sequence[Rates], at: datetime) -> Rates:
    """Return the stretch of the day that holds the UTC time of `at`; the first starts at 0:00."""
    moment = as_utc(at).time()
    begun = [rates for rates in stretches if rates.row.hours and rates.row.hours[0] <= moment]
    return begun[-1]
