"""Owns how text and tables stand in an HTML page: inert, in reading order, readable by a machine.

Names from outside are isolated, so that one written from right to left turns nothing around it.
Source: html.spec.whatwg.org (bdi, table); www.w3.org/WAI/tutorials/tables.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from prodlens.exports.cells import cell_text, is_number
from prodlens.exports.svg import Markup, element, escaped, joined
from prodlens.exports.words import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prodlens.exports.tables import Column, Table, Value

_RIGHT_TO_LEFT: Final = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
    "(?:[^<>&;]{0,80}[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc])?"
)


def said(text: str) -> Markup:
    """Return a sentence; what is written from right to left in it is isolated."""
    return Markup(_RIGHT_TO_LEFT.sub(lambda found: f"<bdi>{found[0]}</bdi>", escaped(text)))


def name(text: str) -> Markup:
    """Return a name from outside, isolated from the text around it."""
    return element("bdi", text)


def paragraph(text: str, style: str | None = None) -> Markup:
    """Return a sentence as a paragraph; nothing for an empty text."""
    return element("p", said(text), class_=style) if text else Markup()


def items(texts: Iterable[str], style: str | None = None) -> Markup:
    """Return sentences as a list; nothing when there are none."""
    lines = [element("li", said(text)) for text in texts]
    return element("ul", *lines, class_=style) if lines else Markup()


def table(found: Table, *, caption: str | None = None, heading: str = "h3") -> Markup:
    """Return a typed table; its first column names the rows.

    Args:
        found: The table.
        caption: What stands above it; its own title, as a heading, when None.
        heading: Which heading the title is.
    """
    rows = [_row(found.columns, row) for row in found.rows]
    above = element(heading, said(found.title)) if caption is None else said(caption)
    heads = [(column.title, is_number(column.kind)) for column in found.columns]
    whole = framed(above, heads, rows, title=found.title)
    return joined((whole, paragraph(found.note, "note")))


def framed(
    caption: str, heads: Sequence[tuple[str, bool]], rows: Iterable[str], *, title: str
) -> Markup:
    """Return a table in a frame that scrolls when it is too narrow, also by the keyboard.

    Args:
        caption: What stands above it.
        heads: Title of each column, and whether it stands right.
        rows: Its rows.
        title: What a screen reader calls the frame.
    """
    top = [
        element("th", said(head), scope="col", class_=None if right else "t")
        for head, right in heads
    ]
    return element(
        "div",
        element(
            "table",
            element("caption", caption),
            element("thead", element("tr", *top)),
            element("tbody", *rows),
        ),
        class_="frame",
        tabindex="0",
        role="region",
        aria_label=f"{title}, table",
    )


def _row(columns: Sequence[Column], row: Sequence[Value]) -> Markup:
    cells = []
    for place, (column, value) in enumerate(zip(columns, row, strict=True)):
        text = cell_text(column, value)
        shown = name(text) if isinstance(value, str) else text
        style = None if is_number(column.kind) else "t" if column.kind is Kind.TEXT else "d"
        if place == 0:
            cells.append(element("th", shown, scope="row", class_=style))
        else:
            cells.append(element("td", shown, class_=style))
    return element("tr", *cells)
