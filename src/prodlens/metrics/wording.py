"""Owns how numbers, days and lags are written in every sentence about associations.

Words nothing that has a verdict in it. Computes nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from prodlens.metrics.calendar import Days

_LIMITS: Final = (0.05, 0.1)
"""What p-values and q-values are held against."""
CAVEAT: Final = "An association of day-to-day fluctuations, not an effect of AI."


def signed(value: float) -> str:
    """Return a correlation with its sign and two decimals.

    >>> signed(0.456), signed(-0.001)
    ('+0.46', '+0.00')
    """
    return f"{round(value, 2) + 0.0:+.2f}"


def end(value: float) -> str:
    """Return one end of an interval, so that 0 stands there only where the end is 0.

    >>> end(0.456), end(0.004), end(-0.00001)
    ('+0.46', '+0.004', '-0.001')
    """
    if round(value, 2) or not value:
        return signed(value)
    return f"{math.copysign(max(abs(value), 0.001), value):+.3f}"


def probability(value: float) -> str:
    """Return a p-value or q-value; never 0, and never on the other side of 0.05 or 0.10.

    >>> probability(0.0171), probability(0.00002), probability(0.10004)
    ('0.017', '<0.001', '0.1001')
    """
    if any(value > limit >= round(value, 3) for limit in _LIMITS):
        return f"{math.ceil(value * 10_000) / 10_000:.4f}"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def days(count: int) -> str:
    """Return a count of days with its word."""
    return f"{count:,} day" if count == 1 else f"{count:,} days"


def tests(count: int) -> str:
    """Return a count of tests with its word."""
    return f"{count:,} test" if count == 1 else f"{count:,} tests"


def between(span: Days) -> str:
    """Return a range of days in words."""
    return f"{span.first.isoformat()} to {span.last.isoformat()}"


def after(lag_days: int) -> str:
    """Return a lag in words.

    >>> after(0), after(1), after(3), after(-2)
    ('on the same day', 'the next day', '3 days later', '2 days earlier')
    """
    if lag_days in {0, 1}:
        return ("on the same day", "the next day")[lag_days]
    if lag_days == -1:
        return "the day before"
    return f"{abs(lag_days)} days {'later' if lag_days > 0 else 'earlier'}"
