"""Owns how lines of text fill a terminal: wrapping, columns, emphasis. Knows no report.

A page is plain text with marks of emphasis; it becomes coloured only when the caller asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from prodlens.exports.text import columns, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

Style = Literal["", "bold", "dim", "yellow"]
GAP: Final = "  "


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a row.

    Attributes:
        text: What it says; wrapped when its column is too narrow, a newline begins a line.
        style: Its emphasis.
        right: Whether it stands at the right of its column.
    """

    text: str
    style: Style = ""
    right: bool = False


@dataclass(slots=True)
class Page:
    """Lines of at most `width` columns, each a list of pieces with their emphasis."""

    width: int
    lines: list[list[tuple[str, Style]]] = field(default_factory=list)

    def blank(self) -> None:
        """Add an empty line."""
        self.lines.append([])

    def text(self, text: str, style: Style = "", *, indent: str = "") -> None:
        """Add a text, wrapped; the lines after the first begin with spaces as wide as `indent`."""
        start = indent
        for line in wrap(text, self.width - columns(indent)):
            self.lines.append([(start + line, style)])
            start = " " * columns(indent)

    def row(self, cells: Sequence[Cell], widths: Sequence[int]) -> None:
        """Add a row of cells, each wrapped in its column; the last one may use what is left."""
        wrapped = [
            [line for part in cell.text.split("\n") for line in wrap(part, width)]
            for cell, width in zip(cells, widths, strict=True)
        ]
        for height in range(max(len(lines) for lines in wrapped)):
            pieces: list[tuple[str, Style]] = []
            for cell, width, lines in zip(cells, widths, wrapped, strict=True):
                text = lines[height] if height < len(lines) else ""
                pieces.append((_padded(text, width, right=cell.right), cell.style))
            self.lines.append(_joined(pieces))

    def plain(self) -> str:
        """Return the page as text without emphasis; every line ends with a newline."""
        return "".join("".join(text for text, _ in line) + "\n" for line in self.lines)

    def styled(self) -> Text:
        """Return the page as rich text for a terminal, without a newline at the end."""
        from rich.text import Text

        page = Text(no_wrap=True, overflow="ignore")
        for number, line in enumerate(self.lines):
            page.append("\n" if number else "")
            for text, style in line:
                page.append(text, style=style or None)
        return page


def wrap(text: str, width: int) -> list[str]:
    """Return a text in lines of at most `width` columns; at least one line, nothing is cut away.

    >>> wrap("tokens per accepted line", 12)
    ['tokens per', 'accepted', 'line']
    """
    lines, line = [], ""
    for word in one_line(text).split(" "):
        joined = f"{line} {word}" if line else word
        if columns(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        *whole, line = _pieces(word, max(width, 1))
        lines += whole
    return [*lines, line] if line or not lines else lines


def _pieces(word: str, width: int) -> list[str]:
    """Return a word cut into pieces that fit; a word that fits is one piece."""
    pieces, piece = [], ""
    for char in word:
        if piece and columns(piece + char) > width:
            pieces.append(piece)
            piece = ""
        piece += char
    return [*pieces, piece]


def _padded(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - columns(text))
    return space + text if right else text + space


def _joined(pieces: list[tuple[str, Style]]) -> list[tuple[str, Style]]:
    """Put gaps between pieces and take the spaces at the end of the line away."""
    line: list[tuple[str, Style]] = []
    for number, (text, style) in enumerate(pieces):
        line.append(((GAP if number else "") + text, style))
    while line and not line[-1][0].strip():
        line.pop()
    return [*line[:-1], (line[-1][0].rstrip(), line[-1][1])] if line else line
