"""Where a reader stands between records: in which arrays, behind what, and how far it is safe.

Looks at separators only; what stands between them is for the reader.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from prodlens.sources.framing import ARRAY, MARK_BEGIN, OBJECT, SEPARATORS

if TYPE_CHECKING:
    from prodlens.sources.window import Window

MOST_COLUMN: Final = 255
"""Indentation beyond this counts as this."""
_MARK_BYTES: Final = 3


class After(Enum):
    """What stands before the next byte, whitespace left out."""

    START = auto()
    OPENING = auto()
    COMMA = auto()
    VALUE = auto()
    BAD = auto()


@dataclass(slots=True)
class OpenArray:
    """An array around records.

    Attributes:
        column: Whitespace bytes before it on its line.
        count: Elements so far, broken ones included.
        inline: Whether its first element stands on the line where it begins.
        nested: Whether it has arrays as elements.
    """

    column: int
    count: int = 0
    inline: bool = True
    nested: bool = False


class Place:
    """The state of a reader between two records.

    Attributes:
        arrays: The arrays that are open here, the outermost first.
        after: What stands before.
        column: Whitespace bytes since the last newline, record, bracket or comma, at most
            `MOST_COLUMN`.
        fresh: Whether only whitespace stands before on the line.
        safe_offset: Offset up to which nothing depends on bytes behind it.
        safe_line: 1-based line there.
        repeats: Whether a record was emitted that lies behind `safe_offset`.
    """

    __slots__ = (
        "_frozen_until",
        "_window",
        "after",
        "arrays",
        "column",
        "fresh",
        "repeats",
        "safe_line",
        "safe_offset",
    )

    def __init__(self, window: Window) -> None:
        self._window = window
        self._frozen_until = 0
        self.arrays: list[OpenArray] = []
        self.after = After.START
        self.column = 0
        self.fresh = True
        self.safe_offset, self.safe_line = window.offset, window.line
        self.repeats = False

    @property
    def is_safe(self) -> bool:
        """Whether a later run could begin here."""
        return not self.arrays and self._window.offset >= self._frozen_until

    def freeze(self, until: int = sys.maxsize) -> None:
        """Leave `safe_offset` where it is up to an offset; without one, for good."""
        self._frozen_until = max(self._frozen_until, until)

    def mark(self) -> None:
        """Move `safe_offset` here if it may."""
        if self.is_safe:
            self.safe_offset, self.safe_line = self._window.offset, self._window.line
            self.repeats = False

    def count(self) -> int | None:
        """Count one element of the innermost array and return its position, None outside."""
        if not self.arrays:
            return None
        self.arrays[-1].count += 1
        return self.arrays[-1].count - 1

    def element(self, comma: bool) -> int | None:  # noqa: FBT001 - called once a line
        """Count a line that is one element, with or without a comma behind; return its position."""
        self.after = After.COMMA if comma else After.VALUE
        return self.count()

    def passed(self, what: After, *, line: bool = False) -> None:
        """Note that the window stepped past a record, a bracket, or what was set aside.

        Args:
            what: What it was.
            line: Whether the end of its line belonged to it.
        """
        self.after, self.column, self.fresh = what, 0, line
        self.mark()

    def begin_line(self) -> None:
        """Note that the window stands at the beginning of a line, behind a record."""
        self.column = 0
        self.mark()

    def open_array(self) -> None:
        """Step into an array."""
        self.arrays.append(OpenArray(self.column))
        self._window.take(1)
        self.passed(After.OPENING)

    def close_array(self) -> None:
        """Step out of the innermost array."""
        self.arrays.pop()
        self._window.take(1)
        if self.count() is not None:
            self.arrays[-1].nested = True
        self.passed(After.VALUE)

    def begins_anew(self, byte: int) -> bool:
        """Return whether the arrays here were cut, and what comes next begins outside of them.

        It does so when it begins a line no further right than the outermost array and no comma
        leads to it. After an element that was cut there is no comma to look for; then only an
        array that had its elements on its own line has ended with that line. And an array of
        records has no arrays as elements.
        """
        if not self.arrays or not self.fresh or byte not in (OBJECT, ARRAY):
            return False
        first = self.arrays[0]
        if self.column > first.column:
            return False
        if self.after is After.BAD:
            return first.inline
        if self.after is After.COMMA:
            innermost = self.arrays[-1]
            return byte == ARRAY and innermost.count > 0 and not innermost.nested
        return self.after is After.VALUE

    def skip_separators(self) -> bool:
        """Step to the next byte that is no separator; return False at the end of the stream."""
        window = self._window
        while True:
            found = SEPARATORS.match(window.data, window.at)
            if found and found.end() > window.at:
                self._skip(found.group())
            elif not window.ahead:
                if not window.fill():
                    return False
            else:
                is_mark_cut = window.data[window.at] == MARK_BEGIN and window.ahead < _MARK_BYTES
                if not is_mark_cut or not window.fill():
                    return True

    def _skip(self, gap: bytes) -> None:
        newline, comma = gap.rfind(b"\n"), gap.rfind(b",")
        cut = 1 + max(newline, comma, gap.rfind(b"\xbf"))
        if newline >= 0 and self.after is After.OPENING and len(self.arrays) == 1:
            self.arrays[0].inline = False
        if comma >= 0:
            self.after = After.COMMA
        if cut:
            self._window.take(cut)
            self.fresh = newline > comma or (comma < 0 and self.fresh)
            self.column = 0
            self.mark()
        self._window.take(len(gap) - cut)
        self.column = min(self.column + len(gap) - cut, MOST_COLUMN)
