"""Owns the axes of drawings: where ticks stand, what they say, and which of them have room.

Labels of one axis are all different and say exactly where their tick is. Draws nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prodlens.exports.svg_text import width_of
from prodlens.metrics.notes import day_text
from prodlens.metrics.values import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

_LARGEST: Final = 1e300
_SMALLEST: Final = 1e-300
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_SCALES: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
_DAY_STEPS: Final = (1, 2, 7, 14, 28)
_MONTH_STEPS: Final = (1, 2, 3, 6, 12, 24, 60)
_TIMES: Final = ((86_400_000.0, " d"), (3_600_000.0, " h"), (60_000.0, " min"), (1000.0, " s"))
GAP: Final = 8.0
"""Room between two labels."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick: where it stands in the unit of the axis, and what it says."""

    value: float
    label: str


def tame(value: float) -> float:
    """Return a value that axes can be made for: 1e300 at most, and 0 below 1e-300."""
    if abs(value) < _SMALLEST:
        return 0.0
    return max(-_LARGEST, min(_LARGEST, value))


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to coordinates: `low` is at `start`, `high` at `end`; what is outside stops there.

    Attributes:
        low: Least value; less than `high`.
        high: Largest value.
        start: Coordinate of the least.
        end: Coordinate of the largest.
        is_log: Whether equal ratios take equal room; both ends are above 0 then.
    """

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def at(self, value: float) -> float:
        """Return the coordinate of a value."""
        place, low, high = tame(value), self.low, self.high
        if self.is_log:
            place = math.log10(max(place, _SMALLEST))
            low, high = math.log10(low), math.log10(high)
        part = (place - low) / (high - low)
        return self.start + min(max(part, 0.0), 1.0) * (self.end - self.start)


def bounds(
    values: Sequence[float], *, include: float | None = None, least: float = 0.0
) -> tuple[float, float]:
    """Return the ends of an axis that holds all values, the lower one below the upper one.

    Args:
        values: What it must hold; may be empty.
        include: A value that it holds too.
        least: Room there is at least between the ends.
    """
    held = [tame(value) for value in values] + ([] if include is None else [include])
    low, high = min(held, default=0.0), max(held, default=1.0)
    room = max(least, 1e-3 * max(abs(low), abs(high)))
    if high - low >= room > 0:
        return low, high
    if room == 0:
        return low, low + 1.0
    if include is not None and include in {low, high}:
        return (low, low + room) if include == low else (high - room, high)
    middle = low / 2 + high / 2
    return middle - room / 2, middle + room / 2


def ticks(
    low: float, high: float, *, count: int, form: Callable[[float, float], str]
) -> list[Tick]:
    """Return ticks at round values from end to end, about `count` of them.

    Args:
        low: Lower end.
        high: Upper end, above it.
        count: How many there should be.
        form: Label of a value, given the step between ticks.
    """
    step = _step((high - low) / max(count, 1))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return _different([Tick(k * step, form(k * step, step)) for k in range(first, last + 1)])


def axis(
    low: float, high: float, *, count: int, form: Callable[[float, float], str]
) -> tuple[float, float, list[Tick]]:
    """Return the ends of an axis moved out to the round values next to them, and its ticks.

    Args:
        low: Least value it holds.
        high: Largest value, above it.
        count: How many parts it should have, about.
        form: Label of a value, given the step between ticks.
    """
    step = _step((high - low) / max(count, 1))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    found = [Tick(k * step, form(k * step, step)) for k in range(first, last + 1)]
    return first * step, last * step, _different(found)


def _step(rough: float) -> float:
    size = 10.0 ** math.floor(math.log10(max(rough, _SMALLEST)))
    return next(size * one for one in _STEPS if size * one >= rough * (1 - 1e-9))


def log_ticks(low: float, high: float, *, form: Callable[[float, float], str]) -> list[Tick]:
    """Return ticks at 1, 2 and 5 times powers of ten; at powers alone on a long axis."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = max((last - first) // 8, 1)
    found = [
        times * 10.0**power
        for power in range(first, last + 1, every)
        for times in ((1.0, 2.0, 5.0) if last - first <= 5 else (1.0,))
    ]
    return _different([Tick(one, form(one, one)) for one in found if low <= one <= high])


def _different(found: list[Tick]) -> list[Tick]:
    seen: set[str] = set()
    kept = []
    for one in found:
        if one.label not in seen:
            seen.add(one.label)
            kept.append(one)
    return kept


def day_ticks(days: Sequence[date], room: float, size: float) -> list[tuple[int, str]]:
    """Return places in `days` with their labels: `24 Aug`; on a long axis first days of months.

    Args:
        days: Every day in order, without a gap.
        room: Width from the first day to the last.
        size: Size of the font.
    """
    if not days:
        return []
    several = days[0].year != days[-1].year
    pitch = room / max(len(days) - 1, 1)
    widest = width_of("28 Mar 2026" if several else "28 Mar", size) + 2 * GAP
    every = next((step for step in _DAY_STEPS if step * pitch >= widest), None)
    if every is None and len(days) > 1:
        return _month_ticks(days, pitch, width_of("Mar 2026", size) + GAP)
    found = []
    for place in range(0, len(days), every or 1):
        text = day_text(days[place])
        found.append((place, text if several else text.rpartition(" ")[0]))
    return found


def _month_ticks(days: Sequence[date], pitch: float, widest: float) -> list[tuple[int, str]]:
    every = next((step for step in _MONTH_STEPS if step * 29 * pitch >= widest), 120)
    return [
        (place, day_text(day).partition(" ")[2])
        for place, day in enumerate(days)
        if day.day == 1 and (day.year * 12 + day.month - 1) % every == 0
    ]


def spread(
    labels: Sequence[tuple[float, str]], size: float, *, first: float, last: float
) -> list[tuple[float, str]]:
    """Return those centred labels that stand inside of the frame and clear of each other.

    Args:
        labels: Where the middle of each stands, ascending, and what it says.
        size: Size of the font.
        first: Least coordinate a label may begin at.
        last: Largest coordinate it may end at.
    """
    kept, free = [], first
    for middle, text in labels:
        half = width_of(text, size) / 2
        if middle - half >= free and middle + half <= last:
            kept.append((middle, text))
            free = middle + half + GAP
    return kept


def _plain(value: float, step: float) -> str:
    if value == 0:
        return "0"
    if not abs(step) >= 1e-6 or not abs(value) < 1e12:
        return f"{value:.6g}"
    decimals = next(n for n in range(8) if abs(round(step, n) - step) <= step * 1e-6)
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def _short(value: float, step: float) -> str:
    for size, letter in _SCALES:
        if abs(value) >= size and abs(value) < 1e15:
            return _plain(value / size, step / size) + letter
    return _plain(value, step)


def _time(value: float, step: float) -> str:
    for size, word in _TIMES:
        if value >= size * (1 if size == 1000.0 else 2):
            return _plain(value / size, step / size) + word
    return _plain(value, step) + " ms"


def tick_form(unit: Unit, *, signed: bool = False) -> Callable[[float, float], str]:
    """Return how the ticks of an axis of a unit are written; takes a value and the step.

    >>> tick_form(Unit.TOKENS)(2_500_000.0, 2_500_000.0), tick_form(Unit.SHARE)(0.325, 0.025)
    ('2.5M', '32.5%')
    """
    form = _short
    if unit in {Unit.SHARE, Unit.PERCENT}:
        factor = 100.0 if unit is Unit.SHARE else 1.0
        form = lambda value, step: _plain(value * factor, step * factor) + "%"  # noqa: E731 - one line each
    elif unit is Unit.USD:
        form = lambda value, step: ("-$" if value < 0 else "$") + _short(abs(value), step)  # noqa: E731 - likewise
    elif unit is Unit.MILLISECONDS:
        form = _time
    if not signed:
        return form
    return lambda value, step: ("+" if value > 0 else "") + form(value, step)
