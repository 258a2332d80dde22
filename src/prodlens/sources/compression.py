"""Which bytes are compressed or no text at all, by their first bytes; and reading what is compressed.

Knows no JSON and opens no file: a binary stream in, a binary stream out, in bounded memory.

Sources: RFC 1952 (gzip), RFC 8878 (Zstandard), and the signatures that each format documents.
"""

from __future__ import annotations

import io
import zlib
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from prodlens.errors import CompressionError

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD_BYTES: Final = 512
"""How much of a stream's beginning `looks_binary` wants to see."""

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE: Final = tuple(bytes((low, 0x2A, 0x4D, 0x18)) for low in range(0x50, 0x60))
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_READ_BYTES: Final = 1 << 16

_UTF_32: Final = {b"\xff\xfe\0\0": "UTF-32 text", b"\0\0\xfe\xff": "UTF-32 text"}
_UTF_16: Final = dict.fromkeys((b"\xff\xfe", b"\xfe\xff", b"{\0", b"[\0"), "UTF-16 text")
_SIGNATURES: Final = (
    _UTF_32
    | _UTF_16
    | {
        b"PAR1": "a Parquet file",
        b"ARROW1": "an Arrow file",
        b"Obj\x01": "an Avro file",
        b"SQLite format 3\0": "a SQLite database",
        b"PK\x03\x04": "a zip archive",
        b"PK\x05\x06": "a zip archive",
        _GZIP: "gzip data",
        _ZSTD: "Zstandard data",
        b"BZh91AY&SY": "bzip2 data",
        b"\xfd7zXZ\0": "xz data",
        b"\x04\x22\x4d\x18": "LZ4 data",
        b"7z\xbc\xaf\x27\x1c": "a 7z archive",
        b"\x7fELF": "a program (ELF)",
        b"\xcf\xfa\xed\xfe": "a program (Mach-O)",
        b"%PDF-": "a PDF document",
        b"\x89PNG": "a PNG picture",
        b"\xff\xd8\xff": "a JPEG picture",
        b"GIF8": "a GIF picture",
        b"\x89HDF": "an HDF5 file",
    }
)


class Compression(StrEnum):
    """How a stream is compressed."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


def signature(head: bytes) -> str | None:
    """Return what the first bytes of a stream say it is, None when they could be UTF-8 text."""
    return next((name for magic, name in _SIGNATURES.items() if head.startswith(magic)), None)


def is_wide_text(head: bytes) -> bool:
    """Return whether the first bytes are those of UTF-16 or UTF-32 text."""
    return head.startswith((*_UTF_32, *_UTF_16))


def looks_binary(head: bytes) -> str | None:
    """Return the name of what begins with `head` when that is no UTF-8 text, else None.

    NUL bytes at the very beginning do not count: a log that was cut while its writer went on
    begins with a hole of them, and text follows.

    Args:
        head: The first bytes of a stream, after decompression, best `HEAD_BYTES` of them.
    """
    if name := signature(head):
        return name
    if head[257:262] == b"ustar":
        return "a tar archive"
    if head[8:12] == b"DUCK":
        return "a DuckDB database"
    if head[:1] == head[2:3] == b"\0" and b"\0" not in (head[1:2], head[3:4]):
        return "UTF-16 text"
    return "binary data" if b"\0" in head.lstrip(b"\0") else None


def open_decompressed(stream: BinaryIO) -> tuple[BinaryIO, Compression]:
    """Return a stream of the decompressed bytes and how they were compressed, by the first bytes.

    An uncompressed stream that can seek comes back as it is, at the place where it was. The others
    can't seek. Reading a compressed one raises `CompressionError` once everything that could be
    decompressed was returned; Zstandard data that can't seek may lose their last 64 KiB to that.

    Args:
        stream: Positioned at the first byte of the data.
    """
    head = b""
    while len(head) < len(_ZSTD) and (more := stream.read(len(_ZSTD) - len(head))):
        head += more
    whole: BinaryIO
    if stream.seekable():
        stream.seek(-len(head), io.SEEK_CUR)
        whole = stream
    else:
        whole = _as_binary(_Pieces(_rejoined(head, stream)))
    if head.startswith(_GZIP):
        return _as_binary(_Pieces(_gunzipped(whole))), Compression.GZIP
    if head.startswith((_ZSTD, *_ZSTD_SKIPPABLE)):
        return _as_binary(_Pieces(_unzstd(whole))), Compression.ZSTD
    return whole, Compression.NONE


class _Pieces(io.RawIOBase):
    """A stream of the bytes that an iterator gives piece by piece; `read` may return fewer."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if not self._rest:
            self._rest = next((piece for piece in self._pieces if piece), b"")
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


def _as_binary(stream: io.RawIOBase) -> BinaryIO:
    return cast("BinaryIO", stream)


def _rejoined(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    yield head
    while piece := stream.read(_READ_BYTES):
        yield piece


def _gunzipped(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of all gzip members, at most 64 KiB at a time."""
    member = zlib.decompressobj(_GZIP_WINDOW)
    packed = stream.read(_READ_BYTES)
    while packed:
        try:
            yield member.decompress(packed, _READ_BYTES)
        except zlib.error:
            raise _failure(Compression.GZIP, truncated=False) from None
        packed = member.unconsumed_tail or member.unused_data or stream.read(_READ_BYTES)
        if member.eof and (packed := packed.lstrip(b"\0")):  # zeros only fill up a tape's block
            member = zlib.decompressobj(_GZIP_WINDOW)
    if not member.eof:
        yield member.flush()
        raise _failure(Compression.GZIP, truncated=True)


def _unzstd(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of all Zstandard frames, at most 64 KiB at a time.

    A read that fails drops what it had decompressed, so it is done again byte by byte where the
    stream can go back.
    """
    start = stream.tell() if stream.seekable() else None
    source, given = _Lent(stream), 0
    try:
        opened = _zstd_stream(source)
        while piece := opened.read(_READ_BYTES):
            given += len(piece)
            yield piece
    except OSError as error:
        if error.errno is not None:  # the stream could not be read, whatever it holds
            raise
    else:
        return
    if start is not None:
        stream.seek(start)
        yield _zstd_rest(stream, given)
    raise _failure(Compression.ZSTD, truncated=source.ended)


def _zstd_rest(stream: BinaryIO, skip: int) -> bytes:
    """Return what still decompresses behind the first `skip` bytes, less than one read."""
    opened = _zstd_stream(_Lent(stream))
    rest = bytearray()
    try:
        while skip and (piece := opened.read(min(skip, _READ_BYTES))):
            skip -= len(piece)
        while byte := opened.read(1):
            rest += byte
    except OSError:
        pass  # the failure that is being looked at; the caller raises it
    return bytes(rest)


def _zstd_stream(source: _Lent) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(pa.PythonFile(source, mode="r"), "zstd")


def _failure(compression: Compression, *, truncated: bool) -> CompressionError:
    what = "end early: is the file still being written, or only copied in part?"
    if not truncated:
        what = "are damaged from here on: compress or copy the file anew."
    return CompressionError(f"The {compression} data {what}", truncated=truncated)


class _Lent:
    """A stream as Arrow wants to see it, which does not close the stream when Arrow closes it.

    Attributes:
        ended: Whether everything was read, so that what is missing lies behind the end.
    """

    closed = False

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.ended = False

    def read(self, size: int) -> bytes:
        piece = self._stream.read(size)
        self.ended = not piece
        return piece

    def close(self) -> None:
        """Leave the stream open for who lent it."""
