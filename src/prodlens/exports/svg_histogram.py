"""Draws how values are spread, with the values that stand out as marks above.

Draws only; an axis that can't be logarithmic, as it reaches 0, is linear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.exports.figures import number as figure_number
from prodlens.exports.svg import box_path, element, number
from prodlens.exports.svg_frame import SIZE, Plot, grid, is_narrow, label, picture, room_for
from prodlens.exports.svg_text import shortened, width_of
from prodlens.exports.svg_ticks import (
    Scale,
    axis,
    bounds,
    log_ticks,
    spread,
    tame,
    tick_form,
    ticks,
)
from prodlens.metrics.values import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.exports.charts import Histogram
    from prodlens.exports.svg import Markup

_MARK_LINE = 15.0


def histogram(chart: Histogram, *, width: float, name: str) -> Markup:
    """Return how values are spread; see `svg_charts.drawing`."""
    counts = [float(one.count) for one in chart.bins]
    most = bounds(counts, include=0.0)[1]
    _, high, found = axis(0.0, most, count=3, form=tick_form(Unit.COUNT))
    top = 8.0 + _MARK_LINE * max(len(chart.marks), 1)
    bottom = top + (130.0 if is_narrow(width) else 170.0)
    plot = Plot(room_for(found), width - 10.0, top, bottom)
    scale = Scale(0.0, high, plot.bottom, plot.top)
    along = _along(chart, plot)
    bars = ""
    for one in chart.bins:
        left, right, upper = along.at(one.low), along.at(one.high), scale.at(one.count)
        if one.count and right > left:
            seam = min(1.0, (right - left) / 4)
            bars += box_path(left, upper, right - left - seam, plot.bottom - upper)
    drawn = [*grid(found, scale, plot), element("path", d=bars, class_="s1")]
    drawn += _axis(chart, along, plot)
    drawn += _marks(chart, along, plot)
    return picture(chart, drawn, width=width, height=plot.bottom + 24.0, name=name)


def _along(chart: Histogram, plot: Plot) -> Scale:
    edges = [end for one in chart.bins for end in (one.low, one.high)]
    low, high = bounds([*edges, *(mark.value for mark in chart.marks)])
    is_log = chart.is_log and low > 0
    return Scale(low, high, plot.left, plot.right, is_log)


def _axis(chart: Histogram, along: Scale, plot: Plot) -> Iterator[Markup]:
    form = tick_form(chart.unit)
    found = log_ticks(along.low, along.high, form=form) if along.is_log else []
    if len(found) < 2:
        found = ticks(along.low, along.high, count=4, form=form)
    labels = [(along.at(one.value), one.label) for one in found]
    lines = ""
    for middle, text in spread(labels, SIZE, first=0.0, last=plot.right + 10.0):
        yield label(middle, plot.bottom + 17.0, text, at="middle")
        lines += f"M{number(middle)} {number(plot.bottom)}v4"
    base = f"M{number(plot.left)} {number(plot.bottom)}H{number(plot.right)}"
    yield element("path", d=base + lines, class_="axis")


def _marks(chart: Histogram, along: Scale, plot: Plot) -> Iterator[Markup]:
    """Yield the marks, each with a line of its own for its label: they never meet."""
    for place, one in enumerate(sorted(chart.marks, key=lambda mark: mark.value)):
        x, y = along.at(tame(one.value)), 4.0 + _MARK_LINE * (place + 1)
        room = plot.right - 8.0
        text = shortened(
            f"{one.label} {figure_number(one.value, chart.unit)}", room, SIZE, bold=True
        )
        wide = width_of(text, SIZE, bold=True) + 5.0
        yield element(
            "path", d=f"M{number(x)} {number(y - 10.0)}V{number(plot.bottom)}", class_="mark"
        )
        if x + wide <= plot.right + 4.0:
            yield label(x + 5.0, y, text, style="strong")
        elif x - wide >= 0:
            yield label(x - 5.0, y, text, at="end", style="strong")
        else:
            yield label(0.0, y, text, style="strong")
