"""Draws a correlation at each lag with its interval; a lag without a value stays empty.

Draws only. A dot is filled when its lag stands out, which a placebo never does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports.svg import element
from prodlens.exports.svg_frame import SIZE, Plot, grid, is_narrow, label, picture, room_for
from prodlens.exports.svg_text import shortened, width_of
from prodlens.exports.svg_ticks import Scale, axis, bounds, spread, tick_form
from prodlens.metrics.values import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prodlens.exports.charts import LagProfile, LagRow
    from prodlens.exports.svg import Markup

_OUTSIDE: Final = {"primary": "primary", "confirmatory": "declared beforehand"}


def lag_profile(chart: LagProfile, *, width: float, name: str) -> Markup:
    """Return a correlation at each lag; see `svg_charts.drawing`."""
    given = [end for one in chart.rows for end in (one.value, one.low, one.high) if end is not None]
    ends = bounds(given, include=0.0, least=0.4)
    low, high, found = axis(*ends, count=4, form=tick_form(Unit.PER_DAY, signed=True))
    bottom = 190.0 if is_narrow(width) else 240.0
    plot = Plot(room_for(found), width - 4.0, 26.0, bottom)
    scale = Scale(low, high, plot.bottom, plot.top)
    pitch = plot.width / max(len(chart.rows), 1)
    middles = [plot.left + (place + 0.5) * pitch for place in range(len(chart.rows))]
    drawn = [*_declared(chart.rows, middles, plot=plot, pitch=pitch), *grid(found, scale, plot)]
    zero = scale.at(0.0)
    drawn.append(element("path", d=f"M{plot.left:.1f} {zero:.1f}H{plot.right:.1f}", class_="axis"))
    for one, middle in zip(chart.rows, middles, strict=True):
        drawn += _row(one, middle, scale, wide=min(8.0, pitch / 2))
    drawn += _axis(chart, middles, plot)
    sides, tall = _sides(chart, plot)
    return picture(
        chart, [*drawn, *sides], width=width, height=plot.bottom + 24.0 + tall, name=name
    )


def _declared(
    rows: Sequence[LagRow], middles: Sequence[float], *, plot: Plot, pitch: float
) -> Iterator[Markup]:
    wide = min(pitch, 70.0)
    for one, middle in zip(rows, middles, strict=True):
        said = _OUTSIDE.get(one.role)
        if said is None:
            continue
        yield element(
            "rect",
            x=middle - wide / 2,
            y=plot.top - 20.0,
            width=wide,
            height=plot.bottom - plot.top + 20.0,
            rx=4.0,
            class_="tint",
        )
        half = width_of(said, SIZE, bold=True) / 2
        at = min(max(middle, half), plot.right + 4.0 - half)
        yield label(at, plot.top - 8.0, said, at="middle", style="said")


def _row(one: LagRow, middle: float, scale: Scale, *, wide: float) -> Iterator[Markup]:
    if one.value is None:
        return
    if one.low is not None and one.high is not None:
        upper, lower = scale.at(one.high), scale.at(one.low)
        yield element(
            "rect",
            x=middle - wide / 2,
            y=upper,
            width=wide,
            height=max(lower - upper, 0.0),
            rx=wide / 2,
            class_="lit" if one.stands_out else "bar",
        )
    said = f"{one.lag_days:+d} d: {one.value + 0.0:+.2f}"
    if one.low is not None and one.high is not None:
        said += f", 95% interval {one.low + 0.0:+.2f} to {one.high + 0.0:+.2f}"
    yield element(
        "circle",
        element("title", f"{said}, {one.n:,} paired days"),
        cx=middle,
        cy=scale.at(one.value),
        r=min(5.0, max(wide / 2 + 1.0, 2.0)),
        class_="full" if one.stands_out else "hollow",
    )


def _axis(chart: LagProfile, middles: Sequence[float], plot: Plot) -> Iterator[Markup]:
    bold = {
        middle: "strong" for one, middle in zip(chart.rows, middles, strict=True) if one.stands_out
    }
    texts = [f"{one.lag_days:+d}" if one.lag_days else "0" for one in chart.rows]
    found = list(zip(middles, texts, strict=True))
    for middle, text in spread(found, SIZE * 1.1, first=0.0, last=plot.right + 4.0):
        yield label(middle, plot.bottom + 17.0, text, at="middle", style=bold.get(middle))


def _sides(chart: LagProfile, plot: Plot) -> tuple[list[Markup], float]:
    """Return what the two sides of the axis are, side by side or below each other."""
    before, after = f"← {chart.before}", f"{chart.after} →"
    wide = plot.right - 4.0
    y = plot.bottom + 37.0
    drawn = []
    has_before = any(one.lag_days < 0 for one in chart.rows)
    both = width_of(before, SIZE) + width_of(after, SIZE) + 24.0 <= wide
    if has_before:
        drawn.append(label(4.0, y, shortened(before, wide, SIZE)))
        y += 0.0 if both else 16.0
    drawn.append(label(plot.right, y, shortened(after, wide, SIZE), at="end"))
    return drawn, y - plot.bottom - 24.0 + 8.0
