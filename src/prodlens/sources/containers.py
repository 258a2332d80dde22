"""Owns which container holds the records of a stream: text, OTLP protobuf, or Parquet.

Told by the first bytes alone. Each container's reader yields what `RecordReader` yields; records
of a binary container come as the JSON they stand for. Opens no file and knows no vendor.

Source: collector `fileexporter` README (length-prefixed messages; with compression each message
is compressed by itself), protobuf encoding (developers.google.com/protocol-buffers), Parquet's
magic `PAR1`.
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol, cast

from prodlens.sources.compression import HEAD_BYTES
from prodlens.sources.otlp_protobuf import ProtobufReader, framing_of
from prodlens.sources.parquet_rows import MAGIC, ParquetReader
from prodlens.sources.raw_records import decode_record
from prodlens.sources.reading import RecordReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prodlens.sources.raw_records import BadRecord, RawRecord

MAX_RECORD_BYTES: Final = 64 * 1024 * 1024


class Reader(Protocol):
    """What reads the records of one stream, once, in order."""

    def __iter__(self) -> Iterator[RawRecord | BadRecord]:
        """Return the one iteration over the stream."""
        ...

    @property
    def safe_offset(self) -> int:
        """Offset from which a later run may resume; 0 where it has to begin anew."""
        ...

    @property
    def safe_line(self) -> int:
        """1-based line at `safe_offset`."""
        ...


def open_reader(
    stream: BinaryIO,
    *,
    start: int = 0,
    start_line: int = 1,
    max_record_bytes: int = MAX_RECORD_BYTES,
    decoder: Callable[[bytes], object] = decode_record,
) -> Reader:
    """Return the reader of the container that a stream holds.

    A reader of a binary container goes by offsets of its own (bytes of the message's beginning,
    or the number of the row) and can't be resumed; when it ends, a stream that can seek stands at
    its end.

    Args:
        stream: Decompressed bytes, from `prodlens.sources.compression.open_decompressed`.
        start: Offset to begin at, a `safe_offset` of an earlier run: then it is text.
        start_line: 1-based line at `start`.
        max_record_bytes: Longer records are set aside without being held in memory.
        decoder: As in `RecordReader`; of text alone.

    Raises:
        MissingPathError: It holds OTLP protobuf and the extra that reads it is not installed.
    """
    if not start:
        head, stream = _peeked(stream)
        if head.startswith(MAGIC):
            return ParquetReader(stream, max_record_bytes=max_record_bytes)
        if (framing := framing_of(head)) is not None:
            return ProtobufReader(stream, framing, max_record_bytes=max_record_bytes)
    return RecordReader(
        stream,
        start=start,
        start_line=start_line,
        max_record_bytes=max_record_bytes,
        decoder=decoder,
    )


def is_resumable(reader: Reader) -> bool:
    """Return whether a later run may go on at the reader's `safe_offset`."""
    return isinstance(reader, RecordReader)


def find(stream: BinaryIO, offset: int) -> bytes | None:
    """Return the record that a binary container holds at an offset of its reader's, as JSON.

    Args:
        stream: Decompressed bytes from their beginning.
        offset: `RawRecord.offset`.

    Returns:
        None for text, and when no record begins there.

    Raises:
        MissingPathError: It holds OTLP protobuf and the extra that reads it is not installed.
    """
    reader = open_reader(stream)
    if isinstance(reader, RecordReader):
        return None
    for item in reader:
        if item.offset >= offset:
            data = getattr(item, "data", None)
            return data if item.offset == offset and isinstance(data, bytes) else None
    return None


def _peeked(stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """Return the first bytes, and a stream that still holds them."""
    head = b""
    while len(head) < HEAD_BYTES and (more := stream.read(HEAD_BYTES - len(head))):
        head += more
    if stream.seekable():
        stream.seek(-len(head), os.SEEK_CUR)
        return head, stream
    return head, cast("BinaryIO", _Joined(head, stream))


class _Joined(io.RawIOBase):
    """A stream behind bytes that were already read from it."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        piece, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        piece = piece or self._stream.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)
