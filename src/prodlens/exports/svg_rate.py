"""Draws a rate over time with its interval as a band; days without one stay gaps.

Draws only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.exports.figures import number as figure_number
from prodlens.exports.svg import box_path, dots_path, element, line_path
from prodlens.exports.svg_days import day_axis, runs
from prodlens.exports.svg_frame import SIZE, Plot, grid, is_narrow, label, picture, room_for
from prodlens.exports.svg_text import width_of
from prodlens.exports.svg_ticks import Scale, axis, bounds, tick_form
from prodlens.metrics.values import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prodlens.exports.charts import RateBand, RatePoint
    from prodlens.exports.svg import Markup
    from prodlens.exports.svg_ticks import Tick


def rate_band(chart: RateBand, *, width: float, name: str) -> Markup:
    """Return a rate over time; see `svg_charts.drawing`."""
    low, high, found = _axis(chart)
    said, right = "", width - 6.0
    last = next((one for one in reversed(chart.points) if one.value is not None), None)
    if last is not None and last.value is not None:
        said = figure_number(last.value, chart.unit)
        wide = width_of(said, SIZE, bold=True) + 10.0
        said, right = (said, width - wide) if wide < width / 4 else ("", right)
    bottom = 170.0 if is_narrow(width) else 210.0
    plot = Plot(room_for(found), right, 12.0, bottom)
    scale = Scale(low, high, plot.bottom, plot.top)
    first, pitch = _places(len(chart.points), plot)
    drawn = [*grid(found, scale, plot), *_lines(chart.points, scale, first=first, pitch=pitch)]
    if said and last is not None and last.value is not None:
        y = min(scale.at(last.value) + 4.0, plot.bottom)
        drawn.append(label(plot.right + 6.0, y, said, style="said"))
    end = first + pitch * (len(chart.points) - 1)
    drawn += day_axis([one.day for one in chart.points], plot, first=first, last=max(first, end))
    return picture(chart, drawn, width=width, height=plot.bottom + 26.0, name=name)


def _axis(chart: RateBand) -> tuple[float, float, list[Tick]]:
    points = chart.points
    given = [
        end
        for one in points
        for end in (one.value, one.low, one.high, one.of_the_day)
        if end is not None
    ]
    least = 0.02 if chart.unit is Unit.SHARE else 0.0
    low, high, found = axis(*bounds(given, least=least), count=4, form=tick_form(chart.unit))
    if chart.unit is Unit.SHARE and all(0.0 <= one <= 1.0 for one in given):
        low, high = max(low, 0.0), min(high, 1.0)
    return low, high, [one for one in found if low <= one.value <= high]


def _places(count: int, plot: Plot) -> tuple[float, float]:
    if count <= 1:
        return plot.left + plot.width / 2, 0.0
    return plot.left + 3.0, (plot.width - 6.0) / (count - 1)


def _lines(
    points: Sequence[RatePoint], scale: Scale, *, first: float, pitch: float
) -> Iterator[Markup]:
    for run in runs([one.low if one.high is not None else None for one in points]):
        lower = [(first + place * pitch, scale.at(value)) for place, value in run]
        upper = [(first + place * pitch, scale.at(points[place].high or 0.0)) for place, _ in run]
        path = line_path([*upper, *reversed(lower)]) + "z"
        if len(run) == 1:  # one day alone has no breadth of its own
            path = box_path(lower[0][0] - 3.0, upper[0][1], 6.0, lower[0][1] - upper[0][1])
        yield element("path", d=path, class_="band")
    days = [
        (first + place * pitch, scale.at(one.of_the_day))
        for place, one in enumerate(points)
        if one.of_the_day is not None
    ]
    if days:
        yield element("path", d=dots_path(days), class_="days")
    for run in runs([one.value for one in points]):
        path = line_path([(first + place * pitch, scale.at(value)) for place, value in run])
        yield element("path", d=path + ("h0" if len(run) == 1 else ""), class_="curve")
