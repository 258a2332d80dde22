"""Owns how markup of SVG and HTML is put together: escaped by construction, numbers always finite.

A text becomes text and an attribute an attribute, whatever stands in it; only what this module
made itself is taken as markup. Knows no chart, no page and no report.
Source: www.w3.org/TR/xml (characters, escapes); www.w3.org/TR/SVG2/paths.html.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from prodlens.exports.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

_NO_CHARACTER: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_NAME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*")
_EMPTY: Final = frozenset({"br", "col", "meta"})
"""Elements of HTML without an end."""


class Markup(str):
    """Markup that this module made; every other text is escaped when it is put into an element."""

    __slots__ = ()


NEWLINE: Final = Markup("\n")
"""The end of a line, for a page that is easier to compare."""


def escaped(text: str) -> Markup:
    """Return a text from anywhere as text and nothing else, in one line.

    >>> print(escaped("a<b & 'c'"))
    a&lt;b &amp; &#39;c&#39;
    """
    line = _NO_CHARACTER.sub("", one_line(text)).replace("&", "&amp;").replace("<", "&lt;")
    line = line.replace(">", "&gt;").replace('"', "&quot;").replace("'", "&#39;")
    return Markup(line)


def number(value: float) -> str:
    """Return a coordinate with at most one decimal, as short as can be.

    Raises:
        ValueError: It is NaN or infinite: no drawing may hold that.

    >>> number(12.04), number(-0.04), number(0.5)
    ('12', '0', '.5')
    """
    if not math.isfinite(value):
        raise ValueError(f"a drawing can't hold {value}")
    text = f"{value:.1f}".removesuffix(".0")
    if text in {"-0", "0"}:
        return "0"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def element(name: str, /, *children: str, **attributes: str | float | None) -> Markup:
    """Return one element with what is in it.

    Args:
        name: Its name.
        children: Markup as it is; any other text escaped.
        attributes: Value by name; `_` in a name is `-`, one at its end is dropped (`class_`).
            None leaves the attribute out, numbers are coordinates.

    Raises:
        ValueError: A name is none, or a number not finite.

    >>> print(element("text", "a<b", x=1.25, class_="label"))
    <text x="1.2" class="label">a&lt;b</text>
    """
    given = "".join(_attribute(key, value) for key, value in attributes.items())
    if not _NAME.fullmatch(name):
        raise ValueError(f"no name of an element: {name!r}")
    if name in _EMPTY:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{joined(children)}</{name}>")


def joined(children: Iterable[str]) -> Markup:
    """Return pieces one after the other: markup as it is, any other text escaped."""
    return Markup("".join(one if isinstance(one, Markup) else escaped(one) for one in children))


def _attribute(key: str, value: str | float | None) -> str:
    if value is None:
        return ""
    name = key.rstrip("_").replace("_", "-")
    name = "viewBox" if name == "viewbox" else name
    if not _NAME.fullmatch(name):
        raise ValueError(f"no name of an attribute: {key!r}")
    return f' {name}="{escaped(value) if isinstance(value, str) else number(value)}"'


def line_path(points: Iterable[tuple[float, float]]) -> str:
    """Return the path data through points, each moved to from the one before."""
    parts: list[str] = []
    for x, y in points:
        parts.append(f"{'L' if parts else 'M'}{number(x)} {number(y)}")
    return "".join(parts)


def dots_path(points: Iterable[tuple[float, float]]) -> str:
    """Return path data of dots; its stroke must have round ends."""
    return "".join(f"M{number(x)} {number(y)}h0" for x, y in points)


def box_path(left: float, top: float, width: float, height: float) -> str:
    """Return path data of a rectangle."""
    return f"M{number(left)} {number(top)}h{number(width)}v{number(height)}h{number(-width)}z"
