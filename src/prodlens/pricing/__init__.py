"""Owns what one call costs: one price lookup with dated prices and the user's overrides.

No network, no guessing: a model without a known price has no cost, and a reason why.
Must not touch the store, settings, files, or any source's record format.
"""

from __future__ import annotations

from prodlens.pricing.book import PriceBook
from prodlens.pricing.names import ModelName, normalise_model
from prodlens.pricing.overrides import PriceOverride
from prodlens.pricing.rates import Cost, PriceRow, PriceTier, TokenPrices, Unpriced, Usage

__all__ = [
    "Cost",
    "ModelName",
    "PriceBook",
    "PriceOverride",
    "PriceRow",
    "PriceTier",
    "TokenPrices",
    "Unpriced",
    "Usage",
    "normalise_model",
]
