"""What a stream that is still being written means, and where a later run may go on."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, BinaryIO, cast

import pytest

from prodlens.errors import CompressionError
from prodlens.sources.compression import open_decompressed
from prodlens.sources.reading import RawRecord, ReadReason, RecordReader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prodlens.sources.reading import BadRecord


def shape(
    items: Iterable[RawRecord | BadRecord],
) -> list[bytes | tuple[ReadReason, int, int, bool]]:
    """Return the bytes of each record, and (reason, offset, length, complete) of the others."""
    return [
        item.data
        if isinstance(item, RawRecord)
        else (item.reason, item.offset, item.length, item.complete)
        for item in items
    ]


def test_a_half_written_last_line_is_truncated_and_read_again_once_it_is_whole() -> None:
    reader = RecordReader(io.BytesIO(b'{"a":1}\n{"b": "unt'))
    assert shape(reader) == [b'{"a":1}', (ReadReason.TRUNCATED, 8, 10, False)]
    assert (reader.safe_offset, reader.safe_line, reader.resumable) == (8, 2, True)

    grown = io.BytesIO(b'{"a":1}\n{"b": "until"}\n{"c":1}\n')
    again = RecordReader(grown, start=reader.safe_offset, start_line=reader.safe_line)
    assert [(i.offset, i.line) for i in again] == [(8, 2), (23, 3)]
    assert again.safe_offset == 31


def test_a_whole_last_line_without_newline_is_safe() -> None:
    reader = RecordReader(io.BytesIO(b'{"a":1}\n{"b":1}'))
    assert shape(reader) == [b'{"a":1}', b'{"b":1}']
    assert (reader.safe_offset, reader.safe_line) == (15, 2)
    grown = RecordReader(io.BytesIO(b'{"a":1}\n{"b":1}\n{"c":1}\n'), start=15, start_line=2)
    assert [(i.offset, i.line) for i in grown] == [(16, 3)]


def test_each_line_is_safe_as_soon_as_it_is_emitted() -> None:
    reader = RecordReader(io.BytesIO(b'{"a":1}\n{"b":1}\n'))
    assert [(reader.safe_offset, reader.safe_line) for _ in reader] == [(8, 2), (16, 3)]


def test_an_array_is_safe_behind_its_end_only() -> None:
    reader = RecordReader(io.BytesIO(b'{"a":1}\n[\n{"b":1},\n{"c":1}\n'))
    assert shape(reader) == [
        b'{"a":1}',
        b'{"b":1}',
        b'{"c":1}',
        (ReadReason.TRUNCATED, 27, 0, False),
    ]
    assert (reader.safe_offset, reader.safe_line, reader.resumable) == (8, 2, False)

    whole = RecordReader(io.BytesIO(b'{"a":1}\n[\n{"b":1},\n{"c":1}\n]\n'))
    list(whole)
    assert (whole.safe_offset, whole.safe_line, whole.resumable) == (29, 6, True)


def test_an_element_that_is_cut_is_the_only_bad_record_of_a_cut_array() -> None:
    reader = RecordReader(io.BytesIO(b'[{"a":1},{"b":'))
    assert shape(reader) == [b'{"a":1}', (ReadReason.TRUNCATED, 9, 5, False)]
    assert reader.safe_offset == 0


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (b"[", ReadReason.TRUNCATED),
        (b"12", ReadReason.NOT_AN_OBJECT),
        (b"nul", ReadReason.NOT_JSON),
        (b"\0\0", ReadReason.BINARY),
        (b'{\n "a": 1,\n', ReadReason.TRUNCATED),
    ],
)
def test_whatever_more_bytes_could_change_is_not_complete(end: bytes, reason: ReadReason) -> None:
    reader = RecordReader(io.BytesIO(b'{"a":1}\n' + end))
    length = len(end.rstrip())
    assert shape(reader) == [b'{"a":1}', (reason, 8, length, False)]
    assert (reader.safe_offset, reader.resumable) == (8, True)


def test_a_good_line_behind_a_cut_one_is_read_even_at_the_end() -> None:
    reader = RecordReader(io.BytesIO(b'{"a":[\n{"b":1}\n'))
    assert shape(reader) == [(ReadReason.TRUNCATED, 0, 6, False), b'{"b":1}']
    assert (reader.safe_offset, reader.resumable) == (0, False)


def test_starts_in_a_stream_that_can_not_seek() -> None:
    stream, _ = open_decompressed(io.BytesIO(zlib.compress(b'{"a":1}\n{"b":1}\n', wbits=31)))
    reader = RecordReader(stream, start=8, start_line=2, block_bytes=3)
    assert [(i.offset, i.line) for i in reader] == [(8, 2)]


class Failing(io.RawIOBase):
    """Gives its bytes, then fails as compressed data do."""

    def __init__(self, data: bytes, *, truncated: bool) -> None:
        self._data = io.BytesIO(data)
        self._truncated = truncated

    def read(self, size: int = -1, /) -> bytes:
        if data := self._data.read(size):
            return data
        raise CompressionError("ends", truncated=self._truncated)

    def seekable(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("data", "truncated", "expected"),
    [
        (b'{"a":1}\n', True, [b'{"a":1}', (ReadReason.TRUNCATED, 8, 0, False)]),
        (b'{"a":1}\n{"b', True, [b'{"a":1}', (ReadReason.TRUNCATED, 8, 3, False)]),
        (b'{"a":1}\n', False, [b'{"a":1}', (ReadReason.DAMAGED, 8, 0, False)]),
        (b"", True, [(ReadReason.TRUNCATED, 0, 0, False)]),
    ],
)
def test_the_end_of_damaged_compressed_data_is_said_behind_their_records(
    data: bytes, truncated: bool, expected: list[object]
) -> None:
    reader = RecordReader(cast("BinaryIO", Failing(data, truncated=truncated)))
    assert shape(reader) == expected
    assert reader.safe_offset == data.rfind(b"\n") + 1
