"""Owns how numbers are written for people: one form per unit, honest at the edges.

A share that is not whole is never written as 0 % or 100 %, a cost that is not 0 never as $0.00.
Knows no metric by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.metrics.notes import day_text
from prodlens.metrics.values import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from prodlens.metrics.values import MetricValue

MISSING: Final = "-"
"""What stands where a value is not known; the reason stands beside it."""
_BOTTOM_WORDS: Final = {Unit.PER_DAY: "day", Unit.PER_WEEK: "week"}


def value_text(measured: MetricValue) -> str:
    """Return the value of a metric; `-` when it is None."""
    return MISSING if measured.value is None else number(measured.value, measured.unit)


def number(value: float, unit: Unit) -> str:
    """Return a number of a unit as people write it.

    >>> number(0.625, Unit.SHARE), number(1234.4, Unit.MILLISECONDS), number(0.0834, Unit.USD)
    ('62.5%', '1.2 s', '$0.0834')
    """
    form = _FORMS.get(unit)
    return f"{value:,.{_DECIMALS[unit]}f}" if form is None else form(value)


def milliseconds(value: float) -> str:
    """Return a duration: milliseconds below a second, seconds from there.

    >>> milliseconds(950.0), milliseconds(1234.4)
    ('950 ms', '1.2 s')
    """
    return f"{value:,.0f} ms" if value < 999.5 else f"{value / 1000:,.1f} s"


def percent(value: float) -> str:
    """Return a growth in per cent, with its sign.

    >>> percent(44.83), percent(-100.0)
    ('+44.8%', '-100.0%')
    """
    return f"{value:+,.1f}%"


def elapsed(hours: float) -> str:
    """Return a span of time: minutes below an hour, days from three days on.

    >>> elapsed(0.5), elapsed(12.54), elapsed(100.0), elapsed(0.001)
    ('30 min', '12.5 h', '4.2 days', '<1 min')
    """
    if 0 < hours * 60 < 0.5:
        return "<1 min"
    if hours < 0.95:
        return f"{hours * 60:.0f} min"
    return f"{hours:,.1f} h" if hours < 71.95 else f"{hours / 24:,.1f} days"


def hours(value: float) -> str:
    """Return hours: whole ones, or with a decimal where there are few.

    >>> hours(4832), hours(23.4), hours(674.3), hours(0.01)
    ('4,832', '23.4', '674', '<0.1')
    """
    if 0 < value < 0.05:
        return "<0.1"
    return f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:,.1f}"


def share(value: float) -> str:
    """Return a share as per cent with one decimal.

    >>> share(0.99999), share(0.0001), share(1.0)
    ('>99.9%', '<0.1%', '100.0%')
    """
    if 0.9995 <= value < 1:
        return ">99.9%"
    if 0 < value < 0.0005:
        return "<0.1%"
    return f"{value * 100:.1f}%"


def usd(value: float) -> str:
    """Return dollars: cents from 1 dollar on, four decimals below.

    >>> usd(1655.231), usd(0.06), usd(0.0), usd(0.00002)
    ('$1,655.23', '$0.0600', '$0.00', '<$0.0001')
    """
    if value == 0 or abs(value) >= 1:
        return f"${value:,.2f}"
    if 0 < value < 0.00005:
        return "<$0.0001"
    return f"${value:.4f}"


def basis(measured: MetricValue) -> str:
    """Return what a value rests on: `5 of 8`, `15,700 / 47`, `n 7`, or nothing for a count."""
    top, bottom = measured.numerator, measured.denominator
    if top is not None and bottom is not None:
        sign = " of " if measured.unit is Unit.SHARE else " / "
        over = usd(top) if measured.unit is Unit.USD else _amount(top)
        return f"{over}{sign}{_amount(bottom)}{_word(measured.unit, bottom)}"
    if measured.n is None or measured.unit in {Unit.COUNT, Unit.HOURS}:
        return ""
    return f"n {measured.n:,}"


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def _word(unit: Unit, count: float) -> str:
    word = _BOTTOM_WORDS.get(unit)
    return "" if word is None else f" {word}{'' if count == 1 else 's'}"


def interval(measured: MetricValue) -> str:
    """Return the interval as `30.6% to 86.3%`; nothing when there is none."""
    if measured.interval is None:
        return ""
    low, high = measured.interval
    return f"{number(low, measured.unit)} to {number(high, measured.unit)}"


def day_range(first: date, last: date) -> str:
    """Return two days as a range: `24 Aug to 21 Nov 2026`, or one day alone."""
    end = day_text(last)
    if first == last:
        return end
    begin = day_text(first)
    return f"{begin.rpartition(' ')[0] if first.year == last.year else begin} to {end}"


_FORMS: Final[Mapping[Unit, Callable[[float], str]]] = {
    Unit.SHARE: share,
    Unit.HOURS: hours,
    Unit.MILLISECONDS: milliseconds,
    Unit.USD: usd,
    Unit.PERCENT: percent,
    Unit.DURATION_HOURS: elapsed,
}
_DECIMALS: Final[Mapping[Unit, int]] = {
    **dict.fromkeys((Unit.COUNT, Unit.TOKENS, Unit.LINES), 0),
    **dict.fromkeys((Unit.TOKENS_PER_CALL, Unit.TOKENS_PER_LINE), 1),
    **dict.fromkeys((Unit.PER_HOUR, Unit.PER_DAY, Unit.PER_WEEK, Unit.PER_SESSION), 2),
}
"""Every unit stands in one of the two."""


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its word: `1 call`, `1,234 calls`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
