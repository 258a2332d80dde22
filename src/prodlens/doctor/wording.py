"""Owns how findings write counts, shares, lists and spans of time; judges only what is long ago."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.clock import utc_day
from prodlens.metrics.calendar import LONGEST_QUIET_DAYS
from prodlens.metrics.notes import day_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

_NAMED: Final = 3
_UNITS: Final = ((24 * 60, "day"), (60, "hour"), (1, "minute"))


def counted(count: int, word: str) -> str:
    """Return a count with its word: `1 call`, `1,234 calls`."""
    return f"{count:,} {word if count == 1 else word + 's'}"


def share(part: int, whole: int) -> str:
    """Return a share in whole per cents, cut off: 100% is all of it, and 0% is nothing.

    >>> share(999, 1000), share(1, 1000), share(0, 5), share(5, 5)
    ('99%', 'under 1%', '0%', '100%')
    """
    return "under 1%" if 0 < part * 100 < whole else f"{part * 100 // whole}%"


def listed(texts: Iterable[str]) -> str:
    """Return the first three texts, and how many more there are.

    >>> listed("abcde")
    'a, b, c and 2 more'
    """
    every = list(texts)
    more = f" and {len(every) - _NAMED:,} more" if len(every) > _NAMED else ""
    return ", ".join(every[:_NAMED]) + more


def days(first: date, last: date) -> str:
    """Return a span of days: `1 Oct 2026 to 9 Oct 2026`."""
    return f"{day_text(first)} to {day_text(last)}"


def is_old(moment: datetime, now: datetime) -> bool:
    """Return whether more UTC days have passed than a weekend and a holiday explain."""
    return (utc_day(now) - utc_day(moment)).days > LONGEST_QUIET_DAYS


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago something was, in the largest unit that is full: `4 minutes ago`."""
    minutes = int((now - moment).total_seconds() // 60)
    for size, word in _UNITS:
        if minutes >= size:
            return f"{counted(minutes // size, word)} ago"
    return "just now"
