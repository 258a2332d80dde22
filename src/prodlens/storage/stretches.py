"""Owns where a stretch of calls ends: at a pause that is longer than an idle gap; pure functions.

Stretches may be cut again: those of parts of the calls, taken together, give those of all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

IDLE_SECONDS: Final = 1800.0
"""The gap by which the stretches of a day are kept: no shorter one can be asked of them."""


class Stretch(NamedTuple):
    """Calls of one owner between two idle gaps.

    Attributes:
        start: When the first of them began, seconds since 1970, UTC.
        end: When the last one to end did.
        calls: How many they are.
    """

    start: float
    end: float
    calls: int


def cut(pieces: Iterable[tuple[float, float, int]], idle: float) -> list[Stretch]:
    """Cut calls of one owner where more than some seconds pass without one.

    A pause begins when every call so far has ended. What no gap separates in a part of the calls,
    none separates in all of them, so pieces may be calls as well as stretches that were cut by a
    gap of at most this length.

    Args:
        pieces: Start, end and number of calls of each, in any order.
        idle: Seconds; a pause of exactly this length does not cut.

    Returns:
        In order of time; every call is in exactly one.

    >>> cut([(0.0, 60.0, 1), (1800.0, 1800.0, 1), (9000.0, 9060.0, 2)], 1800.0)
    [Stretch(start=0.0, end=1800.0, calls=2), Stretch(start=9000.0, end=9060.0, calls=2)]
    """
    found: list[Stretch] = []
    first = last = 0.0
    count = 0
    for start, end, calls in sorted(pieces):
        if count and start - last > idle:
            found.append(Stretch(first, last, count))
            count = 0
        if not count:
            first = last = start
        last = max(last, end)
        count += calls
    if count:
        found.append(Stretch(first, last, count))
    return found
