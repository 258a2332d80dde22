"""Owns the machine-readable words that say how far a result may be trusted.

Must not touch the results themselves, nor any sentence shown to people.
"""

from __future__ import annotations

from typing import Literal

Status = Literal[
    "ok",
    "exploratory",
    "descriptive",
    "insufficient_data",
    "insufficient_activity",
    "zero_variance",
    "zero_denominator",
    "learning",
    "invalid",
]
"""Why a result is as it is.

* ``ok``: enough data for the method.
* ``exploratory``: computed, but from so little data that it is a hint only.
* ``descriptive``: a description of the data without any inference.
* ``insufficient_data``: too few values to compute anything.
* ``insufficient_activity``: enough values, but nearly all of them are zero.
* ``zero_variance``: nothing varies, so nothing can be compared.
* ``zero_denominator``: the quantity divided by is zero.
* ``learning``: an alert rule is still collecting its history.
* ``invalid``: the data break an assumption that the result stands on.
"""
