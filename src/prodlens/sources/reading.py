"""Bytes -> one slice for each JSON object, with its place: JSONL, arrays, pretty-printed, joined.

Opens no file, knows no vendor, and gives no value a meaning. A record that can't be read costs
that record alone; whatever the bytes, nothing is raised and every one is accounted for.

Source: RFC 8259 (JSON).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from prodlens.sources.compression import HEAD_BYTES, is_wide_text, signature
from prodlens.sources.framing import (
    ARRAY,
    ARRAY_END,
    ARRAY_LOOK_AHEAD,
    ARRAY_START,
    NUL,
    OBJECT,
    OBJECT_END,
    WHITESPACE,
    ObjectScan,
    Progress,
    later_start,
)
from prodlens.sources.place import After, Place
from prodlens.sources.raw_records import (
    BadRecord,
    DecodeProblem,
    RawRecord,
    ReadReason,
    decode_record,
)
from prodlens.sources.setting_aside import SettingAside, verdict
from prodlens.sources.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "BadRecord",
    "DecodeProblem",
    "RawRecord",
    "ReadReason",
    "RecordReader",
    "decode_record",
]

_MOST_ARRAYS: Final = 64
"""Arrays directly inside arrays, around records; more of them are no data."""
_WHOLE_LINE_BYTES: Final = 4 << 20
"""An array on a line up to this long is cut into its elements at once."""
_slices: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_REFUSED: Final = object()
_CONTROLS: Final = bytes({*range(9), *range(14, 27), *range(28, 32)})
"""Control bytes that text hardly holds; tab, line ends and escape are not among them."""


def _is_no_text(head: bytes) -> bool:
    """Return whether a stream without a known signature holds no text at all.

    Text has next to no control bytes; of random bytes a tenth are, and they are no UTF-8. What
    begins as JSON is read in any case.
    """
    if head.lstrip(WHITESPACE + b"\0\xef\xbb\xbf")[:1] in (b"{", b"["):
        return False
    body = head.lstrip(b"\0")
    controls = len(body) - len(body.translate(None, _CONTROLS))
    try:
        body[:-4].decode()
    except UnicodeDecodeError:
        return controls * 33 > len(body)
    return controls * 10 > len(body)


class RecordReader:
    """Iterates over the records of a binary stream, each a `RawRecord` or a `BadRecord`, in order.

    Every byte outside whitespace, commas, and the brackets of arrays around records belongs to
    exactly one of them. Memory is bounded by a small multiple of `max_record_bytes`, time is
    linear in the bytes.

    What was emitted before `safe_offset` depends on nothing behind it: to read a stream that has
    grown since, begin there, at line `safe_line`. Records emitted behind it, such as those of an
    array that has no end yet, are emitted again then.

    Args:
        stream: Decompressed bytes, from `prodlens.sources.compression.open_decompressed`.
        start: Offset to begin at, a `safe_offset` of an earlier run. The stream is moved there
            from its beginning.
        start_line: 1-based line at `start`.
        max_record_bytes: Longer records are set aside without being held in memory.
        block_bytes: How much is read at a time.
        decoder: Is called with the bytes of each record; its value goes along as
            `RawRecord.value`. What it refuses with a ValueError (msgspec's errors and
            `DecodeProblem` are such) or a RecursionError, `decode_record` gets to see, whose value
            or reason then counts.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        start: int = 0,
        start_line: int = 1,
        max_record_bytes: int = 64 * 1024 * 1024,
        block_bytes: int = 1 << 20,
        decoder: Callable[[bytes], object] = decode_record,
    ) -> None:
        self._window = Window(stream, start=start, line=start_line, block_bytes=block_bytes)
        self._place = Place(self._window)
        self._aside = SettingAside(self._window, self._place, most=max_record_bytes)
        self._start, self._start_line = start, start_line
        self._limit = max_record_bytes
        self._block_bytes = block_bytes
        self._decoder = decoder
        self._refused = -1  # offset of a line that is more or less than one object
        self._items = self._read()

    def __iter__(self) -> Iterator[RawRecord | BadRecord]:
        """Return the one iteration over the stream; a second one goes on where the first is."""
        return self._items

    @property
    def safe_offset(self) -> int:
        """Offset in the decompressed stream from which a later run may resume."""
        return self._place.safe_offset

    @property
    def safe_line(self) -> int:
        """1-based line at `safe_offset`."""
        return self._place.safe_line

    @property
    def resumable(self) -> bool:
        """Whether a run from `safe_offset` repeats no record that this one emitted."""
        return not self._place.repeats

    @property
    def lines(self) -> int:
        """Number of line ends that were read."""
        return self._window.line - self._start_line

    def _read(self) -> Iterator[RawRecord | BadRecord]:
        if (foreign := self._foreign()) is not None:
            yield foreign
            return
        while self._place.skip_separators():
            if self._may_be_line():
                yield from self._lines()
            elif (sizes := self._element_sizes()) is not None:
                yield from self._elements(sizes)
            elif (item := self._next()) is not None:
                yield item
        if (rest := self._rest()) is not None:
            yield rest

    def _foreign(self) -> BadRecord | None:
        """Set the whole stream aside when its first bytes say that it is no UTF-8 text."""
        if self._start:
            return None
        self._window.need(HEAD_BYTES)
        head = self._window.data[:HEAD_BYTES]
        if signature(head) is None and not _is_no_text(head):
            return None
        return self._aside.stream(ReadReason.NOT_UTF8 if is_wide_text(head) else ReadReason.BINARY)

    # Lines that hold one object each, with or without a comma behind it: the fast path. It gives
    # what the scan below would give.

    def _may_be_line(self) -> bool:
        window, place = self._window, self._place
        return (
            place.fresh
            and window.data[window.at] == OBJECT
            and window.offset != self._refused
            and not place.begins_anew(OBJECT)
        )

    def _lines(self) -> Iterator[RawRecord]:
        window, place = self._window, self._place
        decode, limit = self._decoder, self._limit
        outside, safe = not place.arrays, place.is_safe
        data, base, at, line = window.data, window.base, window.at, window.line
        first = at
        while (end := data.find(b"\n", at)) > at and data[at] == OBJECT:
            text, comma = data[at:end], False
            if text[-1] != OBJECT_END:
                text, comma = _trimmed(text)
                if text[-1] != OBJECT_END:
                    break
            try:
                value = decode(text) if len(text) <= limit else _REFUSED
            except (ValueError, RecursionError):
                value = self._second_opinion(text)
            if value is _REFUSED:
                break
            window.at, window.line = end + 1, line + 1
            if safe:
                place.safe_offset, place.safe_line = base + end + 1, line + 1
            else:
                place.repeats = True
            yield RawRecord(text, base + at, line, None if outside else place.element(comma), value)
            at, line = end + 1, line + 1
            if not (outside or comma):
                break
        if at != first:
            place.begin_line()
        if end >= 0 or window.ahead >= self._block_bytes or not window.fill():
            self._refused = window.offset

    def _second_opinion(self, text: bytes) -> object:
        if self._decoder is decode_record:
            return _REFUSED
        try:
            return decode_record(text)
        except DecodeProblem:
            return _REFUSED

    # An array of objects on one line.

    def _element_sizes(self) -> list[int] | None:
        """Return the lengths of the elements if an array of objects makes up the line."""
        window, place = self._window, self._place
        if not place.fresh or place.arrays or window.data[window.at] != ARRAY:
            return None
        size = window.line_size(_WHOLE_LINE_BYTES)
        if size is None:
            return None
        try:
            elements = _slices(window.data[window.at : window.at + size])
        except (ValueError, RecursionError):
            return None
        views = [memoryview(element) for element in elements]
        if any(view[0] != OBJECT or len(view) > self._limit for view in views):
            return None
        return [len(view) for view in views]

    def _elements(self, sizes: list[int]) -> Iterator[RawRecord | BadRecord]:
        window, place = self._window, self._place
        place.open_array()
        for size in sizes:
            window.at = window.data.index(b"{", window.at)
            yield self._record(size)
        window.at = window.data.index(b"]", window.at)
        place.close_array()

    # One step of everything else.

    def _next(self) -> RawRecord | BadRecord | None:
        window, place, aside = self._window, self._place, self._aside
        byte = window.data[window.at]
        if place.begins_anew(byte):
            return self._leave_arrays()
        if byte == OBJECT:
            return self._object()
        if byte == ARRAY:
            return self._array()
        if byte == ARRAY_END and place.arrays:
            place.close_array()
            return None
        if byte == NUL:
            return aside.nuls()
        return aside.element() if place.arrays else aside.line()

    def _leave_arrays(self) -> BadRecord | None:
        """Forget arrays that were cut, and say so unless it was said of their last element."""
        place = self._place
        place.arrays.clear()
        return None if place.after is After.BAD else self._aside.nothing(ReadReason.NOT_JSON)

    def _array(self) -> BadRecord | None:
        window, place = self._window, self._place
        window.need(ARRAY_LOOK_AHEAD)
        if not ARRAY_START.match(window.data, window.at):
            return self._aside.line()
        if len(place.arrays) >= _MOST_ARRAYS:
            place.arrays.clear()
            return self._aside.line(ReadReason.TOO_DEEP)
        place.open_array()
        return None

    def _object(self) -> RawRecord | BadRecord:
        window, aside = self._window, self._aside
        if aside.is_doomed():
            return aside.lines(ReadReason.NOT_JSON)
        scan = ObjectScan(self._place.column)
        progress, size = self._scan(scan)
        if progress is Progress.CLOSED:
            return self._record(size)
        if progress is Progress.TOO_LONG:
            return aside.long_object(scan, size)
        reason = ReadReason.TOO_DEEP if scan.deep else ReadReason.NOT_JSON
        one_line = window.data.find(b"\n", window.at, window.at + size) < 0
        if progress is Progress.BROKEN and one_line:
            return aside.line(reason)
        aside.doom(size, *scan.unclosed())
        if progress is Progress.BROKEN:
            return aside.lines(reason)
        return aside.lines(ReadReason.TRUNCATED, complete=False)

    def _scan(self, scan: ObjectScan) -> tuple[Progress, int]:
        """Run the scan to its end; return how it ended and how many bytes it covered."""
        window, size = self._window, 0
        while True:
            end = min(len(window.data), window.at + self._limit)
            progress, stop = scan.run(window.data, window.at + size, end, window.base)
            size = stop - window.at
            if progress is not Progress.MORE:
                return progress, size
            if window.ahead >= self._limit:
                return Progress.TOO_LONG, size
            if not window.fill():
                return Progress.ENDED, window.ahead

    def _record(self, size: int) -> RawRecord | BadRecord:
        """Emit an object whose end is known, or set it aside when it can't be decoded."""
        window, place = self._window, self._place
        offset, line = window.offset, window.line
        data = window.data[window.at : window.at + size]
        try:
            value = self._decoder(data)
        except (ValueError, RecursionError):
            value = self._second_opinion(data)
        if value is _REFUSED:
            return self._refuse(data)
        window.take(size)
        index = place.count()
        place.repeats = True
        place.passed(After.VALUE)
        return RawRecord(data, offset, line, index, value)

    def _refuse(self, data: bytes) -> BadRecord:
        """Set aside an object that has an end but can't be decoded.

        When it covers lines that could be records of their own, such as those between the halves
        of a line that was torn, those lines are read anew, each for itself.
        """
        if later_start(self._place.column).search(data):
            self._aside.doom_lines(len(data))
            return self._aside.lines(verdict(data))
        return self._aside.whole(len(data), verdict(data))

    def _rest(self) -> BadRecord | None:
        """Say what is missing at the end of the stream, unless a record was set aside for it."""
        failure = self._window.failure
        if failure is not None and not failure.truncated:
            return self._aside.nothing(ReadReason.DAMAGED, complete=False)
        if self._aside.unfinished or not (failure or self._place.arrays):
            return None
        return self._aside.nothing(ReadReason.TRUNCATED, complete=False)


def _trimmed(text: bytes) -> tuple[bytes, bool]:
    """Return the text of a line without whitespace and one comma behind, and whether it had one."""
    text = text.rstrip(WHITESPACE)
    if text.endswith(b","):
        return text[:-1].rstrip(WHITESPACE), True
    return text, False
