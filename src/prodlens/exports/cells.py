"""Owns how a figure, a change and a cell of a table are written for people, in any format.

The forms of units are in `prodlens.exports.figures`. Escapes nothing: that is each format's own.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from prodlens.exports import figures
from prodlens.exports.figures import MISSING
from prodlens.exports.words import Kind
from prodlens.metrics.notes import day_text
from prodlens.metrics.values import MetricValue, Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prodlens.exports.model import Change, Figure
    from prodlens.exports.tables import Column, Value

_BY_UNIT: Final[Mapping[Unit, tuple[Kind, float]]] = {
    **dict.fromkeys((Unit.COUNT, Unit.TOKENS, Unit.LINES, Unit.HOURS), (Kind.INT, 1.0)),
    Unit.SHARE: (Kind.PERCENT, 1.0),
    Unit.PERCENT: (Kind.PERCENT, 0.01),
    Unit.USD: (Kind.MONEY, 1.0),
    Unit.MILLISECONDS: (Kind.DURATION, 0.001),
    Unit.DURATION_HOURS: (Kind.DURATION, 3600.0),
}
"""Kind of cell that a unit asks for, and the factor from the unit to that kind; else a float."""


def value_text(figure: Figure) -> str:
    """Return the value of a figure; `-` when it is not known."""
    return MISSING if figure.value is None else figures.number(figure.value, figure.unit)


def basis_text(figure: Figure) -> str:
    """Return what a figure rests on: `5 of 8`, `15,700 / 47`, `n 7`, or nothing for a count."""
    return figures.basis(_measured(figure))


def interval_text(figure: Figure) -> str:
    """Return the 95 % interval of a figure as `30.6% to 86.3%`; nothing when there is none."""
    return figures.interval(_measured(figure))


def _measured(figure: Figure) -> MetricValue:
    whole = figure.low is not None and figure.high is not None
    return MetricValue(
        value=figure.value,
        unit=figure.unit,
        n=figure.n,
        interval=(figure.low or 0.0, figure.high or 0.0) if whole else None,
        note=figure.note or MISSING,
        numerator=figure.numerator,
        denominator=figure.denominator,
    )


def change_text(change: Change | None) -> str:
    """Return a change: `+38%`, `+2.7 pts`; nothing when there is none.

    >>> from prodlens.exports.model import Change
    >>> change_text(Change(previous=0.367, difference=0.027, in_points=True))
    '+2.7 pts'
    """
    if change is None or change.difference is None:
        return ""
    return _difference(change.difference, in_points=change.in_points)


def change_interval_text(change: Change | None) -> str:
    """Return the 95 % interval of a change: `+1.9 pts to +8.0 pts`; nothing without one."""
    if change is None or change.low is None or change.high is None:
        return ""
    ends = (_difference(end, in_points=change.in_points) for end in (change.low, change.high))
    return " to ".join(ends)


def previous_text(figure: Figure) -> str:
    """Return the value of the other time; `-` when it is not known."""
    previous = None if figure.change is None else figure.change.previous
    return MISSING if previous is None else figures.number(previous, figure.unit)


def _difference(value: float, *, in_points: bool) -> str:
    if in_points:
        return f"{round(value * 100, 1) + 0.0:+.1f} pts"
    return f"{round(value) + 0:+,d}%"


def typed(figure: Figure) -> tuple[Kind, float | None]:
    """Return the kind of cell that a figure asks for, and its value as that kind holds it.

    Shares and growth are shares, durations seconds, money dollars.
    """
    kind, factor = _BY_UNIT.get(figure.unit, (Kind.FLOAT, 1.0))
    return kind, None if figure.value is None else figure.value * factor


def cell_text(column: Column, value: Value) -> str:
    """Return a cell as people read it; `-` when it is not known.

    Raises:
        KeyError: The kind has no form.

    >>> from prodlens.exports.tables import Column
    >>> cell_text(Column(id="a", title="A", kind=Kind.PERCENT, signed=True), 0.25)
    '+25.0%'
    """
    if value is None:
        return MISSING
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, date):
        return day_text(value)
    text = _FORMS[column.kind](value)
    return f"+{text}" if column.signed and value > 0 else text


def is_number(kind: Kind) -> bool:
    """Return whether the cells of a kind stand right, as numbers do."""
    return kind in _FORMS


def seconds(value: float) -> str:
    """Return a duration: milliseconds below a second, minutes, hours and days from 100 seconds on.

    >>> seconds(0.95), seconds(12.34), seconds(45144.0)
    ('950 ms', '12.3 s', '12.5 h')
    """
    return figures.milliseconds(value * 1000.0) if value < 100 else figures.elapsed(value / 3600.0)


def share(value: float) -> str:
    """Return a share, or a growth, as per cent; a share keeps off 0 % and 100 % it is not.

    >>> share(-0.483), share(0.99999), share(1.15)
    ('-48.3%', '>99.9%', '115.0%')
    """
    return figures.share(value)


_FORMS: Final[Mapping[Kind, Callable[[float], str]]] = {
    Kind.INT: lambda value: f"{value:,.0f}",
    Kind.FLOAT: lambda value: f"{value + 0.0:,.2f}",
    Kind.PERCENT: share,
    Kind.MONEY: figures.usd,
    Kind.DURATION: seconds,
}
