"""Owns what one measured value looks like: its unit, what it rests on, and why it may be None.

Knows no metric by name, no data and no formatting.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Unit(StrEnum):
    """What a value counts. Shares are 0..1; only growth is in per cent; money is US dollars."""

    COUNT = "count"
    SHARE = "share"
    MILLISECONDS = "ms"
    HOURS = "hours"
    USD = "usd"
    TOKENS = "tokens"
    LINES = "lines"
    PER_HOUR = "per_hour"
    PER_DAY = "per_day"
    PER_WEEK = "per_week"
    PER_SESSION = "per_session"
    PERCENT = "percent"
    DURATION_HOURS = "duration_hours"
    TOKENS_PER_CALL = "tokens_per_call"
    TOKENS_PER_LINE = "tokens_per_line"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricValue:
    """One measured value with what it rests on.

    Attributes:
        value: The value; None when the data don't suffice, never 0.0 or NaN in its place.
        unit: What it counts.
        n: Observations it rests on; None where that has no meaning.
        interval: 95 % interval `(low, high)` in the same unit; None where none is defined.
        note: Why the value is None, or what to know about it; None when nothing needs saying.
        numerator: What was divided; None when the value is no ratio.
        denominator: What it was divided by.

    Raises:
        ValueError: A number is NaN or infinite, or None stands without a reason.
    """

    value: float | None
    unit: Unit
    n: int | None = None
    interval: tuple[float, float] | None = None
    note: str | None = None
    numerator: float | None = None
    denominator: float | None = None

    def __post_init__(self) -> None:
        """Refuse what must never reach a reader: NaN, infinity, and None without a reason."""
        numbers = (self.value, self.numerator, self.denominator, *(self.interval or ()))
        if any(number is not None and not math.isfinite(number) for number in numbers):
            raise ValueError(f"a metric can't be NaN or infinite: {numbers}")
        if self.value is None and not self.note:
            raise ValueError("a metric without a value needs a note that says why")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; the ends of the interval as `ci_low` and `ci_high`."""
        low, high = self.interval or (None, None)
        return {
            "value": self.value,
            "unit": self.unit.value,
            "n": self.n,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "ci_low": low,
            "ci_high": high,
            "note": self.note,
        }
