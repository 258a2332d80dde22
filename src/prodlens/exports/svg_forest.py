"""Draws differences or ratios on one axis, a row each, with their intervals as bars.

Draws only. Red and green are for verdicts alone, and the word stands beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports.svg import element, number
from prodlens.exports.svg_frame import NAME_SIZE, SIZE, Plot, is_narrow, label, picture
from prodlens.exports.svg_text import shortened, width_of
from prodlens.exports.svg_ticks import Scale, axis, bounds, spread, tick_form
from prodlens.exports.words import Verdict
from prodlens.metrics.values import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prodlens.exports.charts import ForestRow, ForestRows
    from prodlens.exports.svg import Markup
    from prodlens.exports.svg_ticks import Tick

_COLOURS: Final = {Verdict.BETTER: "good", Verdict.WORSE: "bad"}
_WORDS: Final = {Verdict.BETTER: "better", Verdict.WORSE: "worse"}
_HEAD: Final = 26.0
_ROW: Final = 42.0
_TALL_ROW: Final = 66.0
"""Height of a row whose bar stands below its name."""
_INSET: Final = 22.0


def forest_rows(chart: ForestRows, *, width: float, name: str) -> Markup:
    """Return differences on one axis; see `svg_charts.drawing`."""
    given = [end for one in chart.rows for end in (one.value, one.low, one.high) if end is not None]
    narrow = is_narrow(width)
    least = 10.0 if chart.in_percent else 0.2
    unit = Unit.PERCENT if chart.in_percent else Unit.PER_DAY
    form = tick_form(unit, signed=chart.neutral == 0.0)
    ends = bounds(given, include=chart.neutral, least=least)
    low, high, found = axis(*ends, count=4, form=form)
    texts = [_value_text(chart, one) for one in chart.rows]
    row_height = _TALL_ROW if narrow else _ROW
    bottom = _HEAD + row_height * len(chart.rows)
    beside = max((width_of(one, NAME_SIZE, bold=True) for one in texts), default=0.0)
    beside = min(max(beside, width_of("negligible", SIZE)) + 16.0, width / 3)
    left, right = (_INSET, _INSET) if narrow else (_left(chart, width), beside)
    plot = Plot(left, width - right, _HEAD, bottom)
    scale = Scale(low, high, plot.left, plot.right)
    drawn = list(_axis(chart, found, scale=scale, plot=plot))
    for place, one in enumerate(chart.rows):
        top = _HEAD + place * row_height
        drawn += _names(one, top, room=width - beside - 8.0 if narrow else plot.left - 16.0)
        drawn += _numbers(one, texts[place], top=top, right=width - 2.0, room=beside - 8.0)
        drawn += _bar(one, scale, top + (50.0 if narrow else _ROW / 2))
    return picture(chart, drawn, width=width, height=bottom + 6.0, name=name)


def _left(chart: ForestRows, width: float) -> float:
    """Return where the axis begins: behind the names, unless they take nearly half of the width."""
    named = [width_of(one.title, NAME_SIZE, bold=True) for one in chart.rows]
    return min(max(width * 0.33, max(named, default=0.0) + _INSET), width * 0.45)


def _value_text(chart: ForestRows, one: ForestRow) -> str:
    value = one.value + 0.0
    if chart.in_percent:
        return f"{round(value):+,d}%" if abs(value) < 1e9 else f"{value:+.2g}%"
    sign = "+" if chart.neutral == 0.0 else ""
    return f"{value:{sign},.2f}" if abs(value) < 1e9 else f"{value:{sign}.2g}"


def _axis(
    chart: ForestRows, found: Sequence[Tick], *, scale: Scale, plot: Plot
) -> Iterator[Markup]:
    placed = [(scale.at(one.value), one.label) for one in found]
    lines = ""
    for middle, text in spread(placed, SIZE, first=0.0, last=plot.right + _INSET):
        yield label(middle, 13.0, text, at="middle")
        lines += _upright(middle, plot, len(chart.rows))
    yield element("path", d=lines, class_="grid")
    yield element("path", d=_upright(scale.at(chart.neutral), plot, len(chart.rows)), class_="axis")


def _upright(x: float, plot: Plot, rows: int) -> str:
    """Return a line through all rows, or through their bars alone where names stand above them."""
    at, start = number(x), plot.top - 6.0
    tall = (plot.bottom - plot.top) / max(rows, 1)
    if tall < _TALL_ROW:
        return f"M{at} {number(start)}V{number(plot.bottom)}"
    ends = [
        (plot.top + place * tall + 37.0, plot.top + place * tall + 63.0) for place in range(rows)
    ]
    return f"M{at} {number(start)}v6" + "".join(f"M{at} {number(a)}V{number(b)}" for a, b in ends)


def _names(one: ForestRow, top: float, *, room: float) -> Iterator[Markup]:
    y = top + (18.0 if one.detail else 25.0)
    name = shortened(one.title, room, NAME_SIZE, bold=True)
    yield label(2.0, y, name, style="name strong")
    if one.detail:
        yield label(2.0, y + 15.0, shortened(one.detail, room, SIZE))


def _numbers(
    one: ForestRow, text: str, *, top: float, right: float, room: float
) -> Iterator[Markup]:
    word = _WORDS.get(one.verdict, one.word)
    y = top + (18.0 if word else 25.0)
    yield label(
        right, y, shortened(text, room, NAME_SIZE, bold=True), at="end", style="name strong"
    )
    if word:
        style = word if one.verdict in _WORDS else None
        yield label(right, y + 15.0, shortened(word, room, SIZE), at="end", style=style)


def _bar(one: ForestRow, scale: Scale, middle: float) -> Iterator[Markup]:
    at = scale.at(one.value)
    if one.low is not None and one.high is not None:
        left, right = scale.at(one.low), scale.at(one.high)
        yield element(
            "rect",
            x=left,
            y=middle - 5.0,
            width=max(right - left, 0.0),
            height=10.0,
            rx=5.0,
            class_=_COLOURS.get(one.verdict, "bar"),
        )
    else:
        yield element("circle", cx=at, cy=middle, r=3.5, class_="hollow")
        return
    style = _WORDS.get(one.verdict, "")
    path = f"M{number(at)} {number(middle - 9.0)}V{number(middle + 9.0)}"
    yield element("path", d=path, class_=f"at {style}".rstrip())
