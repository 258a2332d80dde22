"""Owns which drawing a chart becomes, inside of a page or as a file of its own.

Source: interfaces.md 0.1, 0.2 and 2 (charts are drawn by Python, the same in page, PDF and file).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from prodlens.exports.charts import (
    ForestRows,
    Histogram,
    LagProfile,
    RateBand,
    Sparkline,
    StackedDays,
)
from prodlens.exports.svg import Markup, element
from prodlens.exports.svg_colours import FONT, LIGHT, rules
from prodlens.exports.svg_days import sparkline, stacked_days
from prodlens.exports.svg_forest import forest_rows
from prodlens.exports.svg_frame import WIDE
from prodlens.exports.svg_histogram import histogram
from prodlens.exports.svg_lags import lag_profile
from prodlens.exports.svg_rate import rate_band

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.exports.charts import Chart


def drawing(chart: Chart, *, width: float = WIDE, name: str = "wide") -> Markup:
    """Return a chart as SVG without colours: the page around it holds `svg_colours.rules`.

    Args:
        chart: What to draw.
        width: Width in pixels, 300 or more; below 560 it is laid out for a phone.
        name: Which drawing of the chart it is, when a page holds several of one; a class too.
    """
    if isinstance(chart, StackedDays):
        return stacked_days(chart, width=width, name=name)
    if isinstance(chart, RateBand):
        return rate_band(chart, width=width, name=name)
    if isinstance(chart, LagProfile):
        return lag_profile(chart, width=width, name=name)
    if isinstance(chart, ForestRows):
        return forest_rows(chart, width=width, name=name)
    if isinstance(chart, Histogram):
        return histogram(chart, width=width, name=name)
    if isinstance(chart, Sparkline):
        return sparkline(chart, name=name)
    assert_never(chart)


def standalone(
    chart: Chart,
    *,
    width: float = WIDE,
    colours: Mapping[str, str] = LIGHT,
    font: str = FONT,
) -> str:
    """Return a chart as an SVG file that needs nothing beside it.

    Args:
        chart: What to draw.
        width: Width in pixels.
        colours: Colour by name; light ones, for paper, unless others are given.
        font: Family of the font of every text, as CSS writes it.
    """
    drawn = drawing(chart, width=width)
    start = drawn.index(">") + 1  # behind <svg ...>: an escaped attribute holds no ">"
    return drawn[:start] + element("style", Markup(rules(colours, font))) + drawn[start:]
