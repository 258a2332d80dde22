"""Owns how numbers, days and lags are written in every sentence about associations.

Words nothing that has a verdict in it. Computes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from prodlens.metrics.calendar import Days

CAVEAT: Final = "An association of day-to-day fluctuations, not an effect of AI."


def signed(value: float) -> str:
    """Return a correlation with its sign and two decimals.

    >>> signed(0.456), signed(-0.001)
    ('+0.46', '+0.00')
    """
    return f"{round(value, 2) + 0.0:+.2f}"


def probability(value: float) -> str:
    """Return a p-value or q-value; never 0, because none is.

    >>> probability(0.0171), probability(0.00002)
    ('0.017', '<0.001')
    """
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
