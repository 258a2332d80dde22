"""Where JSON values begin and end in bytes: patterns, and a scan over brackets and strings.

Decodes no value, reads no stream, and knows nothing of what a record means.

Source: RFC 8259 (JSON), sections 2 (whitespace and brackets) and 7 (strings).
"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import cache
from typing import Final

WHITESPACE: Final = b" \t\r\n"
OBJECT: Final = ord("{")
OBJECT_END: Final = ord("}")
ARRAY: Final = ord("[")
ARRAY_END: Final = ord("]")
QUOTE: Final = ord('"')
NEWLINE: Final = ord("\n")
COMMA: Final = ord(",")
MARK_BEGIN: Final = 0xEF
"""First byte of the byte order mark of UTF-8."""
NUL: Final = 0
_BACKSLASH: Final = ord("\\")
_COLON: Final = ord(":")
_BEFORE_ELEMENT: Final = (ARRAY, COMMA)
_OPENING: Final = (OBJECT, ARRAY)
_CLOSING: Final = (OBJECT_END, ARRAY_END)
_END: Final = -1

MOST_LEVELS: Final = 10_000
"""Levels of nesting whose brackets are remembered; deeper ones are only counted."""
ARRAY_LOOK_AHEAD: Final = 160
"""Bytes that `ARRAY_START` may need to see."""

# Repeats of groups are bounded because each turn costs the matcher memory; what is longer is
# matched in several turns. A newline ends a string, for JSON allows none inside.
_STRING: Final = rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+){0,4096}"'
_FLAT: Final = rb'(?:[^"{}\[\]\n]++|' + _STRING + rb"){0,4096}"
_IN_STRING: Final = re.compile(rb'[^"\\\n]*+(?:\\.[^"\\\n]*+){0,4096}')
_UP_TO_BRACKET: Final = re.compile(
    rb'(?:[^":{}\[\]]++|' + _STRING + rb"|: ?(?:\{" + _FLAT + rb"\}|\[" + _FLAT + rb"\])?){0,4096}"
)

SEPARATORS: Final = re.compile(rb"(?:[ \t\r\n,]++|\xef\xbb\xbf){0,4096}")
"""What may stand between records: whitespace, commas, and the mark a joined file begins with."""
ELEMENT: Final = re.compile(
    rb'(?:[^",\]\n\x00]++|"[^"\\\n\x00]*+(?:\\[^\n\x00][^"\\\n\x00]*+){0,4096}"){0,4096}'
)
"""What a broken element of an array covers: strings whole, up to a comma, `]`, newline or NUL."""
LINE_STOP: Final = re.compile(rb"\n|\x00{4}")
"""Where a broken line stops; NUL bytes are what a crash leaves of its rest."""
ARRAY_START: Final = re.compile(
    rb"\[(?:[ \t]{65}|[ \t]{0,64}(?:[\r\n\[\]{\",]"
    rb"|(?:true|false|null|NaN|-?Infinity|-?[0-9][0-9.eE+-]{0,40})[ \t\r]{0,20}[,\]\n]))"
)
"""An array, and not the bracket that a line of a server log begins with."""


@cache
def record_start(column: int, *, in_array: bool) -> re.Pattern[bytes]:
    """Return what a line begins with where a record may begin, at most `column` bytes in.

    Args:
        column: Whitespace bytes before the record that was broken.
        in_array: Whether the end of an array counts as well.
    """
    closing = rb"\]" if in_array else b""
    return re.compile(rb"[ \t\r]{0,%d}[\[{%b]" % (column, closing))


@cache
def later_start(column: int) -> re.Pattern[bytes]:
    """Return what is found in a record when on a later line another one may begin."""
    return re.compile(rb"\n[ \t\r]{0,%d}[\[{]" % column)


class Progress(Enum):
    """How far the scan of an object came."""

    CLOSED = auto()
    """Its last bracket was found."""
    BROKEN = auto()
    """It was cut, and something else begins."""
    MORE = auto()
    """Everything at hand was scanned; it is still open."""
    ENDED = auto()
    """The stream ended before it did."""
    TOO_LONG = auto()
    """It is longer than a record may be."""


class ObjectScan:
    """Finds the end of one object, piece by piece, in linear time and bounded memory.

    Looks at brackets and strings only: whether what closes is JSON, a decoder says. It gives up
    (`Progress.BROKEN`) at the two signs that a record was cut and another one follows: a newline
    inside a string; and a bracket that begins a line, no further right than the object itself,
    where no value may stand.

    Attributes:
        column: Whitespace bytes before the object on its line.
        deep: Whether it is nested deeper than `MOST_LEVELS`.
    """

    __slots__ = ("_arrays", "_beyond", "_in_string", "_indent", "_last", "_open", "column", "deep")

    def __init__(self, column: int) -> None:
        self.column = column
        self.deep = False
        self._open: list[int] = []  # offset of each open "{", -1 - offset of each open "["
        self._arrays = 0  # how many of them are "["
        self._beyond = 0  # levels open below the last remembered one
        self._in_string = False
        self._last = 0  # the last byte that is no whitespace
        self._indent = -1  # whitespace since the last newline, -1 once text is there

    def unclosed(self) -> tuple[frozenset[int], int | None]:
        """Return the offsets of the objects still open, and from where on none is remembered."""
        opened = frozenset(place for place in self._open if place >= 0)
        if not self._beyond:
            return opened, None
        deepest = self._open[-1]
        return opened, 1 + (deepest if deepest >= 0 else -1 - deepest)

    def run(self, data: bytes, at: int, end: int, base: int) -> tuple[Progress, int]:
        """Go on with `data[at:end]`, where `data[0]` lies at offset `base` of the stream.

        Returns:
            CLOSED and the index behind the object; BROKEN and the index where something else
            begins (the newline or the bracket); or MORE and the index up to which was scanned.
        """
        progress: Progress | None = None
        if self._in_string:
            progress, at = self._string(data, at, end)
            if progress is not None:
                return progress, at
        while True:
            found = _UP_TO_BRACKET.match(data, at, end)
            stop = found.end() if found else at
            byte = data[stop] if stop < end else _END
            if byte in _CLOSING:
                at = stop + 1
                if self._pop(byte):
                    return Progress.CLOSED, at
            elif byte == QUOTE:
                progress, at = self._string(data, stop + 1, end)
            else:
                self._note(data[at:stop])
                progress, at = self._step(byte, stop, base)
            if progress is not None:
                return progress, at

    def _step(self, byte: int, at: int, base: int) -> tuple[Progress | None, int]:
        """Go on at an opening bracket, at the end, or where a turn of the pattern ended."""
        if byte == _END:
            return Progress.MORE, at
        if byte not in _OPENING:
            return None, at
        if self._is_misplaced():
            return Progress.BROKEN, at
        self._push(byte, base + at)
        return None, at + 1

    def _string(self, data: bytes, at: int, end: int) -> tuple[Progress | None, int]:
        """Go on inside a string; there is no progress to tell when it closed."""
        self._last, self._indent, self._in_string = QUOTE, -1, True
        while True:
            found = _IN_STRING.match(data, at, end)
            at = found.end() if found else at
            if at == end or (data[at] == _BACKSLASH and at + 1 == end):
                return Progress.MORE, at
            if data[at] == QUOTE:
                self._in_string = False
                return None, at + 1
            escaped = data[at] == _BACKSLASH
            if data[at + escaped] == NEWLINE:
                return Progress.BROKEN, at + escaped

    def _note(self, piece: bytes) -> None:
        """Remember the last byte of text, and how much whitespace begins the line after it."""
        text = piece.rstrip(WHITESPACE)
        newline = piece.rfind(b"\n", len(text))
        if text:
            self._last, self._indent = text[-1], -1
        if newline >= 0:
            self._indent = len(piece) - newline - 1
        elif self._indent >= 0:
            self._indent += len(piece)

    def _is_misplaced(self) -> bool:
        if not self._open or not 0 <= self._indent <= self.column or self._last == _COLON:
            return False
        in_array = self._beyond > 0 or self._open[-1] < 0
        return not (in_array and self._last in _BEFORE_ELEMENT)

    def _push(self, byte: int, offset: int) -> None:
        self._last, self._indent = byte, -1
        if len(self._open) >= MOST_LEVELS:
            self.deep = True
            self._beyond += 1
        elif byte == OBJECT:
            self._open.append(offset)
        else:
            self._open.append(-1 - offset)
            self._arrays += 1

    def _pop(self, byte: int) -> bool:
        """Close the nearest bracket of the kind; return whether the object itself closed."""
        self._last, self._indent = byte, -1
        if self._beyond:
            self._beyond -= 1
            return False
        closes_array = byte == ARRAY_END
        if closes_array and not self._arrays:
            return False  # it closes nothing of this object; a decoder will say so
        while True:
            is_array = self._open.pop() < 0
            self._arrays -= is_array
            if is_array == closes_array:
                return not self._open
