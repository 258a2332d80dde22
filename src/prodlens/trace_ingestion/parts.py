"""A long file of lines as parts that several processes read at the same time; reads no record."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from prodlens.sources.cutting import begins_with_an_object, next_cut
from prodlens.trace_ingestion import files

if TYPE_CHECKING:
    from types import TracebackType

    from prodlens.trace_ingestion.digests import FileDigest

PART_BYTES = 4 << 20
"""About how much one process reads before it commits; tests make it smaller."""
_MOST_PARTS_LONG: Final = 32
"""How many times as long as usual a part may get where no cut is found."""
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file.

    Attributes:
        number: Its position among the parts, from 0.
        start: Offset of its first byte.
        line: 1-based line there.
        end: Offset behind its last byte.
        digest: Digest (hex) of the file's bytes up to `end`; empty for what is left over.
    """

    number: int
    start: int
    line: int
    end: int
    digest: str = ""


class Parts:
    """Cuts a file, part by part, as far as it reaches now; may be asked from several threads.

    Args:
        path: The file.
        start: Offset of the first part.
        line: Line there.
        digest: Digest of the file, up to `start` or less.

    Attributes:
        rest: What is left where no cut was found for long: too much to be lost by a kill, so it is
            for the process that was started, whose progress is kept; None while all was given out.
    """

    def __init__(self, path: str, *, start: int, line: int, digest: FileDigest) -> None:
        self._stream: BinaryIO = files.open_file(path)  # open until `__exit__`
        self._lock = threading.Lock()
        self._end = Path(path).stat().st_size
        self._digest = digest.copy()
        self._digest.up_to(start)
        self._number, self._start, self._line, self._size = 0, start, line, PART_BYTES
        self.rest: Part | None = None
        self._behind: dict[int, FileDigest] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def take(self) -> Part | None:
        """Return the next part, None when there is none left."""
        with self._lock:
            if self._start >= self._end or self.rest is not None:
                return None
            end = self._cut()
            if end is None:
                self.rest = Part(self._number, self._start, self._line, self._end)
                return None
            lines = self._passed(end)
            digest = self._behind[self._number] = self._digest.copy()
            part = Part(self._number, self._start, self._line, end, digest.up_to(end))
            self._number += 1
            self._line += lines
            self._start = end
            return part

    def stored(self, part: Part) -> FileDigest:
        """Return the digest of the file's bytes up to the end of a part, to be carried on.

        Of the bytes that were there when the part was cut: the file may have become another one.
        """
        with self._lock:
            return self._behind.pop(part.number)

    def _cut(self) -> int | None:
        """Return where the next part ends, None when it would get too long."""
        near = self._start + self._size
        while near < self._end - self._size // 2:
            if near > self._start + _MOST_PARTS_LONG * self._size:
                return None
            found = next_cut(self._stream, near)
            if found is not None and found < self._end:
                return found
            near += self._size
        return self._end

    def _passed(self, end: int) -> int:
        """Return the lines from the last cut to `end`, and let the digest cover them."""
        self._stream.seek(self._start)
        left, lines = end - self._start, 0
        while left > 0 and (block := self._stream.read(min(_BLOCK, left))):
            left -= len(block)
            lines += block.count(b"\n")
            self._digest.carry_on(block)
        return lines


def can_be_cut(path: str, start: int) -> bool:
    """Return whether a file may be read in parts, from an offset where reading may begin."""
    with files.open_file(path) as stream:
        if start == 0:
            return begins_with_an_object(stream)
        return next_cut(stream, start) is not None
