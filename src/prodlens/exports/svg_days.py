"""Draws values by day: bars stacked from the first series up, and the small line of a figure.

Draws only; a day that is not known stays a gap and is marked as one, never 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports.figures import number as figure_number
from prodlens.exports.svg import box_path, element, joined, line_path, number
from prodlens.exports.svg_frame import (
    SIZE,
    Plot,
    grid,
    is_narrow,
    label,
    legend,
    picture,
    room_for,
)
from prodlens.exports.svg_ticks import (
    Scale,
    axis,
    bounds,
    day_ticks,
    spread,
    tame,
    tick_form,
)
from prodlens.metrics.notes import day_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from prodlens.exports.charts import Sparkline, StackedDays
    from prodlens.exports.svg import Markup

_NAMED: Final = 5
_WIDEST_BAR: Final = 48.0
_DENSE: Final = 3.0
"""Below this many units a day, bars touch and are drawn as one outline."""
_HOVERED: Final = 130
"""Up to this many days each of them says its numbers under the pointer."""
SPARK_WIDTH: Final = 150.0
SPARK_HEIGHT: Final = 34.0


def stacked_days(chart: StackedDays, *, width: float, name: str) -> Markup:
    """Return bars of days; see `svg_charts.drawing`."""
    tops = _tops(chart)
    known = [column[-1] for column in tops if column is not None and column]
    top = bounds(known, include=0.0)[1]
    _, high, found = axis(0.0, top, count=4, form=tick_form(chart.unit))
    bottom = 170.0 if is_narrow(width) else 230.0
    plot = Plot(room_for(found), width - 4.0, 12.0, bottom)
    scale = Scale(0.0, high, plot.bottom, plot.top)
    pitch = plot.width / max(len(chart.days), 1)
    drawn = [*grid(found, scale, plot), *_gaps(tops, plot, pitch)]
    draw = _outlines if pitch < _DENSE else _bars
    drawn += draw(chart, tops, plot=plot, scale=scale)
    drawn += day_axis(chart.days, plot, first=plot.left + pitch / 2, last=plot.right - pitch / 2)
    if len(chart.days) <= _HOVERED and not is_narrow(width):
        drawn += _hovers(chart, plot, pitch)
    items = [(colour_of(chart, place), one.name) for place, one in enumerate(chart.series)]
    if any(column is None for column in tops):
        items.append(("gap", "not known"))
    names, tall = legend(items, left=plot.left, width=width, top=plot.bottom + 26.0)
    return picture(chart, [*drawn, names], width=width, height=plot.bottom + 26.0 + tall, name=name)


def colour_of(chart: StackedDays, place: int) -> str:
    """Return the class of the colour of a series."""
    return "rest" if chart.series[place].is_rest else f"s{place % _NAMED + 1}"


def day_axis(days: Sequence[date], plot: Plot, *, first: float, last: float) -> Iterator[Markup]:
    """Yield the labels of days below a plot.

    Args:
        days: Every day in order.
        plot: Where they stand below.
        first: Coordinate of the first day.
        last: Of the last one.
    """
    pitch = (last - first) / max(len(days) - 1, 1)
    found = [(first + place * pitch, text) for place, text in day_ticks(days, last - first, SIZE)]
    for middle, text in spread(found, SIZE, first=0.0, last=plot.right + 4.0):
        yield label(middle, plot.bottom + 18.0, text, at="middle")


def _tops(chart: StackedDays) -> list[list[float] | None]:
    """Return where each series ends on each day, from 0 up; None for a day that is not known."""
    columns: list[list[float] | None] = []
    for place in range(len(chart.days)):
        given = [one.values[place] for one in chart.series]
        total, column = 0.0, []
        for value in given:
            total = tame(total + max(tame(value or 0.0), 0.0))
            column.append(total)
        columns.append(None if all(value is None for value in given) else column)
    return columns


def _gaps(tops: Sequence[list[float] | None], plot: Plot, pitch: float) -> Iterator[Markup]:
    path = "".join(
        box_path(plot.left + place * pitch, plot.top, pitch, plot.bottom - plot.top)
        for place, column in enumerate(tops)
        if column is None
    )
    if path:
        yield element("path", d=path, class_="gap")


def _bars(
    chart: StackedDays, tops: Sequence[list[float] | None], *, plot: Plot, scale: Scale
) -> Iterator[Markup]:
    pitch = plot.width / len(chart.days)
    wide = min(pitch * 0.8, _WIDEST_BAR)
    for level in range(len(chart.series)):
        path = ""
        for place, column in enumerate(tops):
            if column is None:
                continue
            upper = scale.at(column[level])
            tall = scale.at(column[level - 1] if level else 0.0) - upper
            seam = 0.7 if level and tall > 2.0 else 0.0  # keeps neighbours apart without colour
            if tall > 0.05:
                left = plot.left + place * pitch + (pitch - wide) / 2
                path += box_path(left, upper, wide, tall - seam)
        if path:
            yield element("path", d=path, class_=colour_of(chart, level))


def _outlines(
    chart: StackedDays, tops: Sequence[list[float] | None], *, plot: Plot, scale: Scale
) -> Iterator[Markup]:
    """Yield one outline per series down to the base, the tallest first: later ones cover it."""
    pitch = plot.width / len(chart.days)
    base = number(plot.bottom)
    for level in reversed(range(len(chart.series))):
        path, before = "", True
        for place, column in enumerate(tops):
            if column is not None:
                start = f"M{number(plot.left + place * pitch)} {base}" if before else ""
                end = number(plot.left + (place + 1) * pitch)
                path += f"{start}V{number(scale.at(column[level]))}H{end}"
            elif not before:
                path += f"V{base}z"
            before = column is None
        if path:
            yield element(
                "path", d=path if before else f"{path}V{base}z", class_=colour_of(chart, level)
            )


def _hovers(chart: StackedDays, plot: Plot, pitch: float) -> Iterator[Markup]:
    for place, day in enumerate(chart.days):
        said = "; ".join(
            f"{one.name} {figure_number(value, chart.unit)}"
            for one in chart.series
            if (value := one.values[place]) is not None
        )
        yield element(
            "path",
            element("title", f"{day_text(day)}: {said or 'not known'}"),
            d=box_path(plot.left + place * pitch, plot.top, pitch, plot.bottom - plot.top),
            class_="hit",
        )


def sparkline(chart: Sparkline, *, name: str = "spark") -> Markup:
    """Return the small line of a figure: its shape, without an axis."""
    known = [value for value in chart.values if value is not None]
    low, high = bounds(known)
    scale = Scale(low, high, SPARK_HEIGHT - 4.0, 4.0)
    pitch = (SPARK_WIDTH - 8.0) / max(len(chart.values) - 1, 1)
    drawn: list[str] = []
    last: tuple[float, float] | None = None
    for run in runs(chart.values):
        points = [(4.0 + place * pitch, scale.at(value)) for place, value in run]
        last = points[-1]
        ends = (points[0][0], last[0])
        under = f"{line_path(points)}V{number(SPARK_HEIGHT)}H{number(ends[0])}z"
        drawn += [
            element("path", d=under, class_="tint"),
            element(
                "path", d=line_path(points) + ("h0" if len(points) == 1 else ""), class_="curve"
            ),
        ]
    if last is not None:
        drawn.append(element("circle", cx=last[0], cy=last[1], r=3.0, class_="dot"))
    return picture(chart, [joined(drawn)], width=SPARK_WIDTH, height=SPARK_HEIGHT, name=name)


def runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Return the stretches of values that are known, each with their places.

    >>> runs([1.0, None, 2.0, 3.0])
    [[(0, 1.0)], [(2, 2.0), (3, 3.0)]]
    """
    found: list[list[tuple[int, float]]] = []
    before: float | None = None
    for place, value in enumerate(values):
        if value is not None:
            if before is None:
                found.append([])
            found[-1].append((place, value))
        before = value
    return found
