"""Owns the decision which entry of the catalogue a call means. Computes no prices.

The rule against false prices: an entry is taken only from a provider that can have sold the call,
and only for a name that is the model's own (`prodlens.pricing.matching`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from prodlens.pricing.catalogue import Listing, price_lists
from prodlens.pricing.matching import is_that_model
from prodlens.pricing.providers import PROTOCOLS, is_gateway, provider_id, runs_locally
from prodlens.pricing.rates import Unpriced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from genai_prices import types

    from prodlens.pricing.names import NameForms

_AWS: Final = "aws"
_MAKER_OF_NAME: Final = {
    "anthropic": re.compile(r"claude-"),
    "openai": re.compile(r"gpt-(?!oss)|chatgpt-|o[134](?:-|$)|ft:gpt-|codex-mini|text-embedding-"),
    "google": re.compile(r"gemini-"),
    "x-ai": re.compile(r"grok-[3-9]"),
}
"""Names that one maker alone gives: what they cost is known without a provider."""
_OPEN_WEIGHTS: Final = re.compile(r"gpt-oss")
_NO_WEIGHTS_SOLD: Final = frozenset({"openai", "azure"})
"""The catalogue lists gpt-oss under OpenAI, which publishes the weights but sells no calls to
them; the `openai` label on such a call means some compatible server."""
_GLOBAL_MAKERS: Final = ("anthropic", "openai")


def sellers(provider: str | None, name: NameForms) -> tuple[str, ...]:
    """Return the providers that may have sold the call, the likeliest first.

    A provider with prices of its own settles it, and so does software that runs locally. A label
    that is also a wire protocol (`openai`, `anthropic`), a gateway, and a label nobody knows say
    less than the name: software that runs locally, the shape of a Bedrock id, a route, and last a
    name that only one maker gives (`claude-`, `gpt-`, `o3`, `gemini-`, `grok-`).

    Args:
        provider: Provider as the source states it; None when it does not.
        name: Forms of the model's name.

    Returns:
        Provider ids; empty when the name could belong to several and no provider is known.
    """
    stated = provider_id(provider)
    routes = [route for route in map(provider_id, name.routes) if route and not is_gateway(route)]
    settled = _settled(stated, routes, is_aws=name.aws_id is not None)
    if settled is not None:
        return (settled,)
    labels = [label for label in (*routes, stated) if label in PROTOCOLS]
    plain = name.plain.lower()
    makers = [maker for maker, pattern in _MAKER_OF_NAME.items() if pattern.match(plain)]
    return tuple(dict.fromkeys(label for label in (*labels, *makers) if label))


def _settled(stated: str | None, routes: Sequence[str], *, is_aws: bool) -> str | None:
    if stated is not None and (runs_locally(stated) or _has_own_prices(stated)):
        return stated
    local = next((route for route in routes if runs_locally(route)), None)
    if local is not None or is_aws:
        return local or _AWS
    return next((route for route in routes if _has_own_prices(route)), None)


def unlisted_routes(name: NameForms) -> list[str]:
    """Return the routes in a name that the catalogue has no prices for; overrides may name them."""
    return [
        label for label in map(provider_id, name.routes) if label and label not in price_lists()
    ]


def _has_own_prices(provider: str) -> bool:
    return provider in price_lists() and provider not in PROTOCOLS


def find(name: NameForms, among: Sequence[str]) -> Listing | Unpriced:
    """Return the entry for a model at the first provider that lists it, or why there is none.

    Args:
        name: Forms of the model's name; the raw form is tried first, because region and version
            may carry a price of their own.
        among: Provider ids, from `sellers`.
    """
    reason = Unpriced.UNKNOWN_MODEL if among else Unpriced.NO_PROVIDER
    for seller in among:
        found = Unpriced.LOCAL if runs_locally(seller) else _find_at(seller, name)
        if isinstance(found, Listing):
            return found
        if found is not Unpriced.UNKNOWN_MODEL:
            reason = found
    return reason


def _find_at(seller: str, name: NameForms) -> Listing | Unpriced:
    provider = price_lists()[seller]
    everyone = list(price_lists().values())
    reason = Unpriced.UNKNOWN_MODEL
    # Bedrock's whole id or nothing: without its region it is a name with another price.
    is_aws, aws_id = seller == _AWS, name.aws_id
    for form in (aws_id,) if is_aws and aws_id is not None else name.forms:
        model = provider.find_model(form, all_providers=everyone)
        if model is None or not _is_sold_by(provider, model):
            continue
        if not is_that_model(form, model, aws=is_aws):
            reason = Unpriced.INEXACT_NAME
        elif is_aws and aws_id is None and _differs_by_region(provider, form, model):
            return Unpriced.REGION_UNKNOWN
        else:
            return Listing(seller, model)
    return reason


def _is_sold_by(provider: types.Provider, model: types.ModelInfo) -> bool:
    """Return whether the entry is a price of this provider.

    The catalogue lends Azure and Google the lists of other makers. That holds for models which
    one maker alone gives a price; hosts of open weights set their own.
    """
    if provider.id in _NO_WEIGHTS_SOLD and _OPEN_WEIGHTS.match(model.id):
        return False
    own = any(entry is model for entry in provider.models)
    return own or any(pattern.match(model.id) for pattern in _MAKER_OF_NAME.values())


def _differs_by_region(provider: types.Provider, form: str, model: types.ModelInfo) -> bool:
    """Return whether Bedrock sells the model worldwide at another price than in one region."""
    elsewhere = (provider.find_model(f"global.{maker}.{form}") for maker in _GLOBAL_MAKERS)
    return any(other is not None and other.prices != model.prices for other in elsewhere)
