"""Long, deep and hostile input costs bounded memory and linear time."""

from __future__ import annotations

import hashlib
import io
import time
import tracemalloc
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import pytest

from prodlens.sources.reading import BadRecord, RawRecord, ReadReason, RecordReader

if TYPE_CHECKING:
    from collections.abc import Iterator


def seen(
    blob: bytes, *, max_record_bytes: int = 1 << 26, block_bytes: int = 1 << 20
) -> list[bytes | tuple[ReadReason, int, int, bool]]:
    """Return the bytes of each record, and (reason, offset, length, complete) of the others."""
    found: list[bytes | tuple[ReadReason, int, int, bool]] = []
    reader = RecordReader(
        io.BytesIO(blob), max_record_bytes=max_record_bytes, block_bytes=block_bytes
    )
    for item in reader:
        if isinstance(item, RawRecord):
            found.append(item.data)
            continue
        text = blob[item.offset : item.offset + item.length]
        assert item.digest == hashlib.sha256(text).hexdigest()
        found.append((item.reason, item.offset, item.length, item.complete))
    return found


LONG = b'{"a":"' + b"x" * 100 + b'"}'


@pytest.mark.parametrize("block_bytes", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("blob", "expected"),
    [
        (LONG + b'\n{"b":1}\n', [(ReadReason.TOO_LONG, 0, 108, True), b'{"b":1}']),
        (LONG + b'{"b":1}', [(ReadReason.TOO_LONG, 0, 108, True), b'{"b":1}']),
        (b"[" + LONG + b',{"b":1}]\n', [(ReadReason.TOO_LONG, 1, 108, True), b'{"b":1}']),
        (LONG[:-2] + b'\n{"b":1}\n', [(ReadReason.TOO_LONG, 0, 106, True), b'{"b":1}']),
        (LONG[:-2], [(ReadReason.TOO_LONG, 0, 106, False)]),
        (LONG[:-2] + b"\\", [(ReadReason.TOO_LONG, 0, 107, False)]),
        (b"x" * 60 + b'\n{"b":1}\n', [(ReadReason.TOO_LONG, 0, 60, True), b'{"b":1}']),
        (
            b"x" * 60 + b'\0\0\0\0{"b":1}',
            [(ReadReason.TOO_LONG, 0, 60, True), (ReadReason.BINARY, 60, 4, True), b'{"b":1}'],
        ),
        (b"x" * 60, [(ReadReason.TOO_LONG, 0, 60, False)]),
        (
            b"[" + b"x" * 60 + b'\n{"b":1}]',
            [(ReadReason.TOO_LONG, 0, 61, True), b'{"b":1}', (ReadReason.NOT_JSON, 69, 1, False)],
        ),
        (b"[{}," + b"x" * 60 + b',{"b":1}\n]', [b"{}", (ReadReason.TOO_LONG, 4, 68, True)]),
        (b"[{}," + b"x" * 60, [b"{}", (ReadReason.TOO_LONG, 4, 60, False)]),
        (b'[{},"' + b"x" * 60 + b'",{}', [b"{}", (ReadReason.TOO_LONG, 4, 65, False)]),
        (b'[\n{},"' + b"x" * 60 + b"\n{}]", [b"{}", (ReadReason.TOO_LONG, 5, 61, True), b"{}"]),
        (b"[{},x", [b"{}", (ReadReason.NOT_JSON, 4, 1, False)]),
        (
            b"{\n" + b' "a":1,\n' * 10 + b'}\n{"b":1}\n',
            [(ReadReason.TOO_LONG, 0, 83, True), b'{"b":1}'],
        ),
        (
            b'{"a":' + b" " * 60 + b'\n{"b":1}\n{"c":1}\n',
            [(ReadReason.TOO_LONG, 0, 73, True), b'{"c":1}'],
        ),
    ],
)
def test_what_is_longer_than_a_record_may_be_is_set_aside_alone(
    blob: bytes, expected: list[object], block_bytes: int
) -> None:
    assert seen(blob, max_record_bytes=50, block_bytes=block_bytes) == expected


@pytest.mark.parametrize(
    "framed", [LONG + b"\n", LONG, b"[" + LONG + b"]", b"[\n" + LONG + b",\n]"]
)
def test_a_record_of_just_the_length_allowed_is_read(framed: bytes) -> None:
    assert seen(framed, max_record_bytes=108) == [LONG]
    assert seen(framed, max_record_bytes=107)[0] != LONG


MANY = 10_000  # more than the patterns match in one turn


@pytest.mark.parametrize("block_bytes", [999, 1 << 20])
@pytest.mark.parametrize(
    "record",
    [
        b'{"a":"' + rb"\n" * MANY + b'"}',
        b'{"a":[' + b'"x",' * MANY + b"1]}",
        b'{"a":{' + b'"x":1,' * MANY + b'"y":{}}}',
        b'{"a":{' + b'"x":{},' * MANY + b'"y":1}}',
    ],
)
def test_many_small_pieces_make_one_record(record: bytes, block_bytes: int) -> None:
    assert seen(record + record, block_bytes=block_bytes) == [record, record]


@pytest.mark.parametrize("block_bytes", [999, 1 << 20])
def test_many_small_pieces_make_one_broken_element(block_bytes: int) -> None:
    odd = b'x"y"' * MANY
    assert seen(b"[{}," + odd + b",{}]", block_bytes=block_bytes) == [
        b"{}",
        (ReadReason.NOT_JSON, 4, 4 * MANY, True),
        b"{}",
    ]


DEEP = 100_000


@pytest.mark.parametrize(
    "line",
    [
        b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        b'{"a":' * DEEP + b'"cut',
        b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'[{"a":' + b"[" * DEEP + b"]" * DEEP + b"}]",
        b"[" * DEEP,
        b"[" * DEEP + b"]" * DEEP,
    ],
)
def test_deep_nesting_costs_its_line(line: bytes) -> None:
    items = list(RecordReader(io.BytesIO(line + b'\n{"b":1}\n')))
    assert [i.reason if isinstance(i, BadRecord) else i.data for i in items] == [
        ReadReason.TOO_DEEP,
        b'{"b":1}',
    ]


def test_a_deep_line_that_never_ends_is_truncated() -> None:
    assert seen(b'{"a":' * DEEP) == [(ReadReason.TRUNCATED, 0, 5 * DEEP, False)]


LINES = 20_000


@pytest.mark.parametrize(
    ("blob", "bad", "good"),
    [
        (b'{"a": "unterm\n' * LINES, LINES, 0),
        (b'{"a":\n' * LINES, LINES, 0),
        (b'{"a":[\n' * LINES, LINES, 0),
        (b'{"a":1,\n' * LINES, LINES, 0),
        (b"{\n" * LINES, LINES, 0),
        (b'{"a":\n{"b":2}\nx}\n' * (LINES // 4), LINES // 2, LINES // 4),
        (b'{"a":[\n' * LINES + b"x" + b"]}\n" * LINES, LINES, 0),
        (b'{"a":[\n{"x":\n{"y":1}\nbad},\n' * (LINES // 4), LINES // 4 * 3, LINES // 4),
        (b'[{"a":1},{"b":2}\n' * LINES, LINES, 2 * LINES),
        (b"[" + b'"\0\0\0\0' * LINES, 2 * LINES, 0),
        (b"{}" * LINES, 0, LINES),
        (b"[" * LINES, 1, 0),
    ],
)
def test_hostile_input_takes_linear_time(blob: bytes, bad: int, good: int) -> None:
    began = time.process_time()
    items = list(RecordReader(io.BytesIO(blob)))
    spent_s = time.process_time() - began
    assert sum(isinstance(item, BadRecord) for item in items) == bad
    assert sum(isinstance(item, RawRecord) for item in items) == good
    assert spent_s < 6  # reading anything anew for each line takes minutes


class Generated(io.RawIOBase):
    """A stream that is made while it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self._rest = self._rest or next(self._pieces, b"")
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


def binary(pieces: Iterator[bytes]) -> BinaryIO:
    """Return a stream of pieces."""
    return cast("BinaryIO", Generated(pieces))


def array(separator: bytes, size: int) -> Iterator[bytes]:
    """Yield an array of about `size` bytes."""
    piece = (b'{"text":"' + b"x" * 2000 + b'"}' + separator) * 30
    yield b"["
    for _ in range(size // len(piece)):
        yield piece
    yield b"{}]"


def peak_bytes(pieces: Iterator[bytes]) -> tuple[int, int]:
    """Return how many items a stream gives, and the most memory that reading it took."""
    tracemalloc.start()
    try:
        count = sum(1 for _ in RecordReader(binary(pieces)))
        return count, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("separator", [b",", b",\n"])
def test_a_large_array_is_read_in_bounded_memory(separator: bytes) -> None:
    count, peak = peak_bytes(array(separator, 30_000_000))
    assert count > 14_000
    assert peak < 20_000_000


def test_a_record_that_is_too_long_is_not_held_in_memory() -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"a":"'
        for _ in range(460):
            yield b"x" * 65536
        yield b'"}\n{"b":1}\n'

    tracemalloc.start()
    try:
        reader = RecordReader(binary(pieces()), max_record_bytes=1 << 20)
        first, second = reader
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(first, BadRecord)
    assert (first.reason, first.length) == (ReadReason.TOO_LONG, 460 * 65536 + 8)
    assert second.offset == 460 * 65536 + 9
    assert peak < 10_000_000
