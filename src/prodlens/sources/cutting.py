"""Owns where a long file of lines may be cut, so that its parts can be read apart from each other.

Decides no more than where a cut is likely to hold: whether one did is known when the part before
it was read (`RecordReader.safe_offset` is then the cut). Knows no format and no store.
"""

from __future__ import annotations

import io
from typing import Any, BinaryIO, Final

from prodlens.sources.compression import HEAD_BYTES, signature
from prodlens.sources.raw_records import DecodeProblem, decode_record

_LONGEST_LINE: Final = 8 << 20
"""Longer lines are not looked at: no cut is near them."""
_TRIES: Final = 20
"""Lines that are looked at for a cut."""


def begins_with_an_object(stream: BinaryIO) -> bool:
    """Return whether a stream is plain text whose first line is one whole object.

    The stream stands behind that line afterwards.
    """
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    return signature(head) is None and _is_object(stream.readline(_LONGEST_LINE))


def next_cut(stream: BinaryIO, near: int) -> int | None:
    """Return where the second of two lines begins that are each one whole object.

    There no record can be under way, unless a broken one lies before.

    Args:
        stream: The file; it is moved.
        near: Offset from which on a cut is looked for.

    Returns:
        An offset behind `near`; None when none of the next lines fits, or one is too long.
    """
    stream.seek(near)
    stream.readline(_LONGEST_LINE)  # the rest of a line that began before
    before = False
    for _ in range(_TRIES):
        start = stream.tell()
        line = stream.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            return None
        whole = _is_object(line)
        if before and whole:
            return start
        before = whole
    return None


def _is_object(line: bytes) -> bool:
    if not (line.startswith(b"{") and line.endswith(b"}\n")):
        return False
    try:
        return isinstance(decode_record(line), dict)
    except DecodeProblem:
        return False


class Upto(io.RawIOBase):
    """A stream that ends at an offset of another one."""

    def __init__(self, stream: BinaryIO, end: int) -> None:
        super().__init__()
        self._stream = stream
        self._end = end

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to an offset of the other stream."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Return the offset in the other stream."""
        return self._stream.tell()

    def readinto(self, buffer: Any, /) -> int:
        """Read into a buffer, up to the end."""
        left = max(0, min(len(buffer), self._end - self._stream.tell()))
        data = self._stream.read(left)
        buffer[: len(data)] = data
        return len(data)
