"""What is set aside: how far broken bytes reach, and the `BadRecord` that stands for them.

Decides neither that something is broken nor what comes next; keeps none of the bytes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from prodlens.sources.framing import ARRAY, Progress, record_start
from prodlens.sources.place import MOST_COLUMN, After
from prodlens.sources.raw_records import BadRecord, DecodeProblem, ReadReason, decode_record
from prodlens.sources.window import Region

if TYPE_CHECKING:
    from prodlens.sources.framing import ObjectScan
    from prodlens.sources.place import Place
    from prodlens.sources.window import Window


class SettingAside:
    """Steps over broken bytes of a window and gives what stands for them.

    Args:
        window: What is read.
        place: Where the reader stands; told of everything that is passed.
        most: Bytes that are looked at as one text; longer ones are `ReadReason.TOO_LONG`.

    Attributes:
        unfinished: Whether something was set aside because the stream ends.
    """

    def __init__(self, window: Window, place: Place, *, most: int) -> None:
        self._window = window
        self._place = place
        self._most = most
        self.unfinished = False
        # The objects that were open when one around them was found broken are broken as well:
        # their lines are read anew, but not scanned again.
        self._doomed: set[int] = set()
        self._doomed_from = sys.maxsize
        self._doomed_until = 0
        self._lines_from = self._lines_until = 0

    def nothing(self, reason: ReadReason, *, complete: bool = True) -> BadRecord:
        """Say that something is missing here."""
        return self._done(Region(self._window), reason, complete=complete)

    def stream(self, reason: ReadReason) -> BadRecord:
        """Set aside everything up to the end of the stream."""
        region = Region(self._window)
        region.take_all()
        self._place.freeze()
        return self._done(region, reason)

    def nuls(self) -> BadRecord:
        """Set aside a run of NUL bytes."""
        region = Region(self._window)
        return self._done(region, ReadReason.BINARY, complete=region.take_nuls())

    def whole(self, size: int, reason: ReadReason) -> BadRecord:
        """Set aside the next `size` bytes, whose end is known."""
        region = Region(self._window)
        region.take(size)
        return self._done(region, reason)

    def line(self, reason: ReadReason | None = None) -> BadRecord:
        """Set aside what is left of the line; without a reason, its text gives one."""
        return self._text(self._window.line_stop(self._most), reason)

    def element(self) -> BadRecord:
        """Set aside an element of an array that is no object."""
        return self._text(self._window.element_stop(self._most), None)

    def lines(self, reason: ReadReason, *, complete: bool = True) -> BadRecord:
        """Set aside the line and those behind it, up to one where a record may begin."""
        window, place = self._window, self._place
        starts = record_start(place.column, in_array=bool(place.arrays))
        region = Region(window)
        while region.take_line():
            window.need(MOST_COLUMN + 1)
            if starts.match(window.data, window.at):
                return self._done(region, reason, complete=complete)
        return self._done(region, reason, complete=False)

    def long_object(self, scan: ObjectScan, size: int) -> BadRecord:
        """Set aside an object of which `size` bytes were scanned, without keeping them."""
        window = self._window
        region = Region(window)
        while True:
            region.take(size)
            progress, stop = scan.run(window.data, window.at, len(window.data), window.base)
            size = stop - window.at
            if progress is not Progress.MORE:
                region.take(size)
                return self._done(region, ReadReason.TOO_LONG)
            if not size and not window.fill():
                region.take(window.ahead)
                return self._done(region, ReadReason.TOO_LONG, complete=False)

    def doom(self, size: int, objects: frozenset[int], beyond: int | None) -> None:
        """Remember which objects in the next `size` bytes are known to have no end.

        Args:
            size: How far that is known.
            objects: Offsets of the objects.
            beyond: All objects from this offset on as well; None for no more.
        """
        until = self._window.offset + size
        if until > self._doomed_until:
            self._doomed, self._doomed_from, self._doomed_until = set(), sys.maxsize, until
        self._doomed |= objects
        if beyond is not None:
            self._doomed_from = min(self._doomed_from, beyond)
        self._place.freeze(until)

    def doom_lines(self, size: int) -> None:
        """Let no object of several lines begin in the next `size` bytes."""
        self._lines_from = self._window.offset
        self._lines_until = self._lines_from + size
        self._place.freeze(self._lines_until)

    def is_doomed(self) -> bool:
        """Return whether the object that begins here is not to be scanned."""
        offset = self._window.offset
        if self._lines_from <= offset < self._lines_until:
            return True
        if offset >= self._doomed_until:
            return False
        return offset in self._doomed or offset >= self._doomed_from

    def _text(self, size: int | None, reason: ReadReason | None) -> BadRecord:
        window = self._window
        region = Region(window)
        if size is None:
            return self._done(region, ReadReason.TOO_LONG, complete=region.take_to_stop())
        complete = size < window.ahead
        if reason is None:
            text = window.data[window.at : window.at + size]
            reason = verdict(text)
            if not complete and text[0] == ARRAY:
                reason = ReadReason.TRUNCATED
        region.take(size)
        return self._done(region, reason, complete=complete)

    def _done(self, region: Region, reason: ReadReason, *, complete: bool = True) -> BadRecord:
        place = self._place
        if not complete:
            self.unfinished = True
            place.freeze()
        if region.length:
            place.count()
        place.passed(After.BAD, line=region.ends_line)
        return BadRecord(reason, region.offset, region.length, region.line, region.digest, complete)


def verdict(text: bytes) -> ReadReason:
    """Return why a text is no record."""
    try:
        decode_record(text)
    except DecodeProblem as problem:
        return problem.reason
    return ReadReason.NOT_AN_OBJECT
