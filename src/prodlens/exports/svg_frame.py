"""Owns what all drawings share: the picture with its text for screen readers, axes, legends.

Knows no kind of chart. A picture is `role="img"`, named by its title and described by its gist.
Source: www.w3.org/TR/graphics-aam-1.0; interfaces.md 2 (guard rails of our own charts).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prodlens.exports.svg import element, joined, number
from prodlens.exports.svg_text import shortened, width_of
from prodlens.exports.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prodlens.exports.charts import Drawn
    from prodlens.exports.svg import Markup
    from prodlens.exports.svg_ticks import Scale, Tick

SIZE: Final = 11.0
"""Size of the font of ticks."""
NAME_SIZE: Final = 12.0
"""Size of the font of names."""
WIDE: Final = 840
"""Width of a drawing for a page or a large screen."""
NARROW: Final = 340
"""Width of a drawing for a phone or half a page: fewer ticks, the same size of text."""
LEGEND_LINE: Final = 18.0
_LONGEST_NAME: Final = 240.0


@dataclass(frozen=True, slots=True)
class Plot:
    """The part of a drawing inside of its axes.

    Attributes:
        left: Coordinate of its left edge.
        right: Of its right edge.
        top: Of its upper edge.
        bottom: Of its lower edge.
    """

    left: float
    right: float
    top: float
    bottom: float

    @property
    def width(self) -> float:
        """Its width."""
        return self.right - self.left


def is_narrow(width: float) -> bool:
    """Return whether a drawing of a width is laid out for a phone."""
    return width < 560


def picture(
    chart: Drawn, body: Iterable[str], *, width: float, height: float, name: str = "wide"
) -> Markup:
    """Return the whole drawing.

    Args:
        chart: What is drawn; gives its title and the sentence for those who can't see it.
        body: What is in it.
        width: Its width; the coordinates of everything in it are between 0 and this.
        height: Its height likewise.
        name: Which drawing of the chart it is, when a page holds several; a class too.
    """
    key = f"{re.sub('[^a-z0-9]+', '-', chart.id.lower()).strip('-') or 'chart'}-{name}"
    return element(
        "svg",
        element("title", chart.title, id=f"{key}-t"),
        element("desc", chart.alt, id=f"{key}-d"),
        *body,
        xmlns="http://www.w3.org/2000/svg",
        viewbox=f"0 0 {number(width)} {number(height)}",
        role="img",
        aria_labelledby=f"{key}-t {key}-d",
        class_=f"drawing {name}",
    )


def label(x: float, y: float, text: str, *, at: str = "", style: str | None = None) -> Markup:
    """Return a text of a drawing.

    Args:
        x: Where it begins, has its middle or ends.
        y: Its base line.
        text: What it says.
        at: `middle` or `end`; '' when it begins at `x`.
        style: Its class.
    """
    return element("text", one_line(text), x=x, y=y, text_anchor=at or None, class_=style)


def room_for(found: Sequence[Tick]) -> float:
    """Return the room that the labels of a vertical axis take."""
    return max((width_of(one.label, SIZE) for one in found), default=0.0) + 8.0


def grid(found: Sequence[Tick], scale: Scale, plot: Plot) -> Iterator[Markup]:
    """Yield the lines of a vertical axis and their labels, as many as stand clear of each other."""
    lines, free = "", plot.bottom + SIZE
    for one in sorted(found, key=lambda tick: tick.value):
        y = scale.at(one.value)
        if y > free - SIZE:
            continue
        lines += f"M{number(plot.left)} {number(y)}H{number(plot.right)}"
        yield label(plot.left - 6.0, y + 4.0, one.label, at="end")
        free = y - 3.0
    yield element("path", d=lines, class_="grid")


def legend(
    items: Sequence[tuple[str, str]], *, left: float, width: float, top: float
) -> tuple[Markup, float]:
    """Return the legend and its height.

    Args:
        items: Class of the colour and name of each.
        left: Where its lines begin.
        width: Width of the drawing.
        top: Where it begins.
    """
    x, y, drawn = left, top + 13.0, []
    for colour, name in items:
        text = shortened(name, min(_LONGEST_NAME, width - left - 16.0), NAME_SIZE)
        wide = 15.0 + width_of(text, NAME_SIZE)
        if x > left and x + wide > width:
            x, y = left, y + LEGEND_LINE
        box = element("rect", x=x, y=y - 9.0, width=9.0, height=9.0, rx=2.0, class_=colour)
        drawn += [box, label(x + 14.0, y, text, style="name")]
        x += wide + 12.0
    return joined(drawn), y - top + 6.0
