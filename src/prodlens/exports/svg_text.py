"""Owns how much room text takes in a drawing, and how it is cut to the room there is.

Widths are estimates on the wide side, as nobody knows the reader's font. Draws nothing.
Source: advance widths of DejaVu Sans, one of the widest of usual sans-serif fonts, rounded up.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_NARROW: Final = dict.fromkeys("ijlI|.,:;!' ·", 0.37) | dict.fromkeys('ftr()[]/-"', 0.45)
_WIDE: Final = dict.fromkeys("mw%MW@—…", 1.0) | dict.fromkeys("ABCDGHKNOQRUVXYZ+<>=~←→", 0.82)
_OTHER: Final = 0.65
_FULL: Final = 1.1
ELLIPSIS: Final = "…"


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width a text takes at most, in the unit of its size.

    Args:
        text: One line.
        size: Size of the font.
        bold: Whether it is bold, which takes more.
    """
    ems = sum(_ems(char) for char in text)
    return ems * size * (1.1 if bold else 1.0)


def _ems(char: str) -> float:
    if char in _NARROW:
        return _NARROW[char]
    if char in _WIDE:
        return _WIDE[char]
    if char.isascii():
        return _OTHER
    if unicodedata.combining(char):
        return 0.0
    return _FULL if unicodedata.east_asian_width(char) in "WF" else 0.9


def shortened(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """Return a text that fits a room, its end replaced by an ellipsis if need be.

    >>> shortened("claude-sonnet-4-6", 60.0, 10.0)
    'claude-s…'
    """
    if len(text) <= 400 and width_of(text, size, bold=bold) <= room:
        return text
    left = room - width_of(ELLIPSIS, size, bold=bold)
    kept: list[str] = []
    for char in text[:400]:
        left -= width_of(char, size, bold=bold)
        if left < 0:
            break
        kept.append(char)
    return "".join(kept).rstrip() + ELLIPSIS
