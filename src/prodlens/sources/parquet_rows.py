"""Owns Parquet exports: rows of a file as the JSON objects they stand for, a few at a time.

Knows no vendor but one: bodies of spans (prompts, answers) are columns of their own in data
frames of spans and are never read from the file.

Source: Apache Parquet; pandas `DataFrame.to_parquet`, `pyarrow.parquet.ParquetFile`.
"""

from __future__ import annotations

import hashlib
import io
import os
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import msgspec

from prodlens.sources.raw_records import BadRecord, RawRecord, ReadReason

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

MAGIC: Final = b"PAR1"

_ROWS: Final = 256
_MOST_HELD: Final = 512 * 1024 * 1024
"""Of a stream that can't seek, this much is held in memory: Parquet is read from its end."""
_BODIES: Final = (
    "attributes.input.",
    "attributes.output.",
    "attributes.llm.input_messages",
    "attributes.llm.output_messages",
    "attributes.llm.prompts",
    "attributes.llm.tools",
    "attributes.gen_ai.input.messages",
    "attributes.gen_ai.output.messages",
)


class ParquetReader:
    """Iterates over the rows of a Parquet file.

    A record's `data` is the row as JSON, `offset` its 0-based number, `line` its 1-based number.
    Times become integers since 1970 in the file's own unit, bytes base64, what is missing null.

    Args:
        stream: The file from its first byte; one that can't seek is held in memory.
        max_record_bytes: Longer rows are set aside.
    """

    safe_offset = 0
    safe_line = 1

    def __init__(self, stream: BinaryIO, *, max_record_bytes: int) -> None:
        self._stream = stream
        self._most = max_record_bytes

    def __iter__(self) -> Iterator[RawRecord | BadRecord]:
        """Return the one iteration over the rows."""
        import pyarrow as pa

        row = 0
        try:
            for batch in self._batches():
                for value in batch.to_pylist():
                    yield self._record(value, row)
                    row += 1
        except (pa.ArrowException, OSError, ValueError):
            yield BadRecord(
                ReadReason.DAMAGED, row, 0, row + 1, hashlib.sha256().hexdigest(), complete=True
            )
        if self._stream.seekable():
            self._stream.seek(0, os.SEEK_END)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        import pyarrow.parquet as pq

        source = self._stream
        if not source.seekable():
            source = io.BytesIO(_held(source))
        file = pq.ParquetFile(_Lent(source))
        names = [name for name in file.schema_arrow.names if not name.startswith(_BODIES)]
        for batch in file.iter_batches(batch_size=_ROWS, columns=names):
            yield _with_plain_times(batch)

    def _record(self, value: dict[str, Any], row: int) -> RawRecord | BadRecord:
        data = msgspec.json.encode(value, enc_hook=str)
        if len(data) > self._most:
            digest = hashlib.sha256(data).hexdigest()
            return BadRecord(ReadReason.TOO_LONG, row, len(data), row + 1, digest, complete=True)
        return RawRecord(data, row, row + 1, None, msgspec.json.decode(data))


def _held(stream: BinaryIO) -> bytes:
    whole = bytearray()
    while piece := stream.read(1 << 20):
        whole += piece
        if len(whole) > _MOST_HELD:
            raise ValueError("too long to be held")  # becomes a record that was set aside
    return bytes(whole)


def _with_plain_times(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows whose times are integers: nanoseconds would be lost on the way to a datetime."""
    import pyarrow as pa

    columns = [
        column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


class _Lent(io.RawIOBase):
    """A stream as Arrow wants to see it, which stays open when Arrow closes it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()
