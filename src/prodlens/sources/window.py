"""What is in memory of a stream, where it lies, and what of it is set aside by place and digest.

Knows lines and bytes, no JSON values; keeps a bounded part of the stream.
"""

from __future__ import annotations

import hashlib
import re
from typing import BinaryIO, Final

from prodlens.errors import CompressionError
from prodlens.sources.framing import ELEMENT, LINE_STOP, NEWLINE, QUOTE, WHITESPACE

_MOST_READ_BYTES: Final = 8 << 20
"""Most bytes asked of the stream at once while a long record is gathered."""
_LINE_END: Final = re.compile(rb"\n")
_NULS: Final = re.compile(rb"\x00*+")


class Window:
    """The part of a stream that is in memory, and the place in it that is read next.

    Attributes:
        data: The bytes in memory.
        at: Index in `data` of the next byte.
        base: Offset in the stream of `data[0]`.
        line: 1-based line of the next byte.
        ended: Whether the stream has no more bytes.
        failure: Why the stream ended early, None when it did not.
    """

    __slots__ = ("_block_bytes", "_stream", "at", "base", "data", "ended", "failure", "line")

    def __init__(self, stream: BinaryIO, *, start: int, line: int, block_bytes: int) -> None:
        self._stream = stream
        self._block_bytes = block_bytes
        self.data = b""
        self.at = 0
        self.base = start
        self.line = line
        self.ended = False
        self.failure: CompressionError | None = None
        if start:
            self._go_to(start)

    @property
    def offset(self) -> int:
        """Offset in the stream of the next byte."""
        return self.base + self.at

    @property
    def ahead(self) -> int:
        """Bytes in memory from the next one on."""
        return len(self.data) - self.at

    def fill(self) -> bool:
        """Read one more block and forget what was taken; return False at the end of the stream.

        A long record is read in growing blocks, so that gathering it copies each byte a bounded
        number of times.
        """
        if self.ended:
            return False
        if self.at:
            self.base += self.at
            self.data = self.data[self.at :]
            self.at = 0
        more = self._read(max(self._block_bytes, min(len(self.data), _MOST_READ_BYTES)))
        self.data += more
        return bool(more)

    def need(self, size: int) -> None:
        """Have the next `size` bytes in memory, or all that are left."""
        while self.ahead < size and self.fill():
            pass

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes and step past them."""
        taken = self.data[self.at : self.at + size]
        self.line += taken.count(b"\n")
        self.at += size
        return taken

    def line_size(self, most: int) -> int | None:
        """Return the bytes up to the next newline or the stream's end, None if beyond `most`."""
        searched = 0
        while (end := self.data.find(b"\n", self.at + searched)) < 0:
            searched = self.ahead
            if searched > most:
                return None
            if not self.fill():
                return self.ahead
        return end - self.at if end - self.at <= most else None

    def line_stop(self, most: int) -> int | None:
        """Return how many bytes ahead the line stops: newline, run of NUL bytes, or stream end.

        None when it does not stop within `most` bytes. A run of NUL bytes is what a crash leaves
        of a line; the next record may follow on the same line.
        """
        searched = 0
        while True:
            if found := LINE_STOP.search(self.data, self.at + searched):
                size = found.start() - self.at
                return None if size > most else size
            searched = max(self.ahead - 3, 0)
            if searched > most:
                return None
            if not self.fill():
                return None if self.ahead > most else self.ahead

    def element_stop(self, most: int) -> int | None:
        """Return how many bytes ahead a broken array element stops; None as with `line_stop`.

        It stops at a comma, a `]`, a newline or a NUL byte outside strings; at the end of the line
        when a string in it is not closed.
        """
        size = 0
        while size <= most:
            found = ELEMENT.match(self.data, self.at + size)
            size = found.end() - self.at if found else size
            byte = self.data[self.at + size] if size < self.ahead else None
            if byte == QUOTE and LINE_STOP.search(self.data, self.at + size):
                return self.line_stop(most)
            if byte is not None and byte in b",]\n\0":
                return size if size <= most else None
            if byte in (None, QUOTE) and (self.ahead > most or not self.fill()):
                return self.line_stop(most)
        return None

    def _read(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the end of the stream."""
        pieces = []
        try:
            while size and (piece := self._stream.read(size)):
                pieces.append(piece)
                size -= len(piece)
        except CompressionError as error:
            self.failure = error
        self.ended = size > 0
        return b"".join(pieces)

    def _go_to(self, start: int) -> None:
        if self._stream.seekable():
            self._stream.seek(start)
            return
        while start and (skipped := self._read(min(start, self._block_bytes))):
            start -= len(skipped)


class Region:
    """Bytes that are set aside: their place, length and digest, without the bytes themselves.

    Whitespace at the end is stepped over but does not belong to the region.

    Attributes:
        offset: Offset in the stream of the first byte.
        line: 1-based line of the first byte.
        length: Number of bytes.
        ends_line: Whether what was taken ends with a newline.
    """

    __slots__ = (
        "_all",
        "_size",
        "_trimmed",
        "_window",
        "ends_line",
        "length",
        "line",
        "offset",
    )

    def __init__(self, window: Window) -> None:
        self._window = window
        self._all = hashlib.sha256()
        self._trimmed = self._all.copy()
        self._size = 0
        self.length = 0
        self.ends_line = False
        self.line = window.line
        self.offset = window.offset

    @property
    def digest(self) -> str:
        """Hex sha256 of the `length` bytes from `offset`."""
        return self._trimmed.hexdigest()

    def take(self, size: int) -> None:
        """Take the next `size` bytes of the window into the region."""
        taken = self._window.take(size)
        if text := taken.rstrip(WHITESPACE):
            self._all.update(text)
            self._trimmed = self._all.copy()
            self.length = self._size + len(text)
        self._all.update(taken[len(text) :])
        self._size += len(taken)
        self.ends_line = taken.endswith(b"\n") or (self.ends_line and not taken)

    def take_line(self) -> bool:
        """Take the rest of the line and its newline; return False when the stream ended first."""
        return self._take_up_to(_LINE_END, keep=0)

    def take_to_stop(self) -> bool:
        """Take the rest of the line as `Window.line_stop` bounds it; False as with `take_line`."""
        return self._take_up_to(LINE_STOP, keep=3)

    def take_nuls(self) -> bool:
        """Take a run of NUL bytes; return False when the stream ended with it."""
        window = self._window
        while True:
            found = _NULS.match(window.data, window.at)
            self.take(found.end() - window.at if found else 0)
            if window.ahead:
                return True
            if not window.fill():
                return False

    def take_all(self) -> None:
        """Take everything up to the end of the stream."""
        self.take(self._window.ahead)
        while self._window.fill():
            self.take(self._window.ahead)

    def _take_up_to(self, stop: re.Pattern[bytes], *, keep: int) -> bool:
        """Take up to a stop; `keep` bytes stay until it is known whether they begin one."""
        window = self._window
        while True:
            if found := stop.search(window.data, window.at):
                newline = window.data[found.start()] == NEWLINE
                self.take(found.start() + newline - window.at)
                return True
            self.take(max(window.ahead - keep, 0))
            if not window.fill():
                self.take(window.ahead)
                return False
