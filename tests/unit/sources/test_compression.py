"""Compressed streams are read whatever state they are in; foreign files are named."""

from __future__ import annotations

import gzip
import io
import random
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pytest

from prodlens.errors import CompressionError
from prodlens.sources.compression import Compression, looks_binary, open_decompressed

if TYPE_CHECKING:
    from collections.abc import Callable


def zipped(data: bytes) -> bytes:
    """Return gzip data that are the same at any time."""
    return gzip.compress(data, mtime=0)


NOISE = random.Random(7).randbytes(300_000)  # noqa: S311 - bytes that don't compress


class OneWay(io.BytesIO):
    """A stream that can't go back, as a pipe."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation


def zstd(data: bytes) -> bytes:
    """Return one Zstandard frame."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue().to_pybytes())


def read_all(stream: BinaryIO) -> tuple[bytes, CompressionError | None]:
    """Return everything a stream gives, and the error it ended with."""
    data = b""
    try:
        while piece := stream.read(100_000):
            assert len(piece) <= 100_000
            data += piece
    except CompressionError as error:
        return data, error
    return data, None


@pytest.mark.parametrize("kind", [io.BytesIO, OneWay])
@pytest.mark.parametrize(
    ("packed", "compression"),
    [
        (NOISE, Compression.NONE),
        (zipped(NOISE), Compression.GZIP),
        (
            zipped(NOISE[:1000]) + zipped(b"") + zipped(NOISE[1000:]),
            Compression.GZIP,
        ),
        (zipped(NOISE) + b"\0" * 100, Compression.GZIP),
        (zstd(NOISE), Compression.ZSTD),
        (zstd(NOISE[:1000]) + zstd(NOISE[1000:]), Compression.ZSTD),
        (b"\x50\x2a\x4d\x18\x04\0\0\0skip" + zstd(NOISE), Compression.ZSTD),
    ],
)
def test_reads_what_was_compressed(
    packed: bytes, compression: Compression, kind: Callable[[bytes], BinaryIO]
) -> None:
    stream, found = open_decompressed(kind(packed))
    assert found is compression
    assert read_all(stream) == (NOISE, None)


@pytest.mark.parametrize("data", [b"", b"a", b"ab\n", zipped(b""), zstd(b"")])
def test_reads_short_and_empty_streams(data: bytes) -> None:
    stream, found = open_decompressed(io.BytesIO(data))
    assert read_all(stream)[0] == (data if found is Compression.NONE else b"")


def test_an_uncompressed_stream_stays_where_it_was() -> None:
    given = io.BytesIO(b'head{"a":1}')
    given.seek(4)
    stream, _ = open_decompressed(given)
    assert stream is given
    assert stream.read() == b'{"a":1}'


def test_everything_before_the_cut_of_gzip_data_is_read() -> None:
    stream, _ = open_decompressed(io.BytesIO(zipped(NOISE)[:-200]))
    data, error = read_all(stream)
    assert NOISE.startswith(data)
    assert len(data) > 299_000
    assert error is not None
    assert error.truncated
    assert str(error) == (
        "The gzip data end early: is the file still being written, or only copied in part?"
    )


def test_everything_before_the_cut_of_zstandard_data_is_read() -> None:
    text = b'{"a":1}\n' * 100_000  # one block of the frame holds 128 KiB of it
    stream, _ = open_decompressed(io.BytesIO(zstd(text)[:-3]))
    data, error = read_all(stream)
    assert text.startswith(data)
    assert len(data) >= 6 * 131_072
    assert len(data) % 131_072 == 0
    assert error is not None
    assert error.truncated


def test_zstandard_data_from_a_pipe_end_with_the_last_read_that_worked() -> None:
    text = b'{"a":1}\n' * 100_000
    data, error = read_all(open_decompressed(OneWay(zstd(text)[:-3]))[0])
    assert text.startswith(data)
    assert len(data) >= 6 * 131_072 - 65_536
    assert error is not None
    assert error.truncated


@pytest.mark.parametrize(
    "packed",
    [
        zipped(NOISE) + b"tail",
        zstd(NOISE) + b"tail",
        zipped(NOISE)[:-8] + b"\1\2\3\4\5\6\7\0",
    ],
)
def test_damage_is_named_behind_all_that_could_be_read(packed: bytes) -> None:
    data, error = read_all(open_decompressed(io.BytesIO(packed))[0])
    assert error is not None
    assert not error.truncated
    assert "damaged" in str(error)
    assert NOISE.startswith(data)


def test_failing_to_read_the_file_is_no_damage() -> None:
    class Unreadable(OneWay):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise PermissionError(13, "not allowed")
            return super().read(size)

    stream, _ = open_decompressed(Unreadable(zstd(b"")))
    with pytest.raises(PermissionError):
        stream.read(10)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"PK\x03\x04\x14", "a zip archive"),
        (b"SQLite format 3\0\x10", "a SQLite database"),
        (b"\x7fELF\x02", "a program (ELF)"),
        (zipped(b""), "gzip data"),
        (b"\xff\xfe{\0", "UTF-16 text"),
        (b"\xff\xfe\0\0{\0\0\0", "UTF-32 text"),
        (b'{\0"\0a\0', "UTF-16 text"),
        (b'\0{\0"\0a', "UTF-16 text"),
        (b"x" * 257 + b"ustar", "a tar archive"),
        (b"12345678DUCK", "a DuckDB database"),
        (b"text\0and more", "binary data"),
        (b"", None),
        (b'{"a":1}\n', None),
        (b'\xef\xbb\xbf{"a":1}', None),
        (b'\0\0\0\0{"a":1}\n', None),
        (b"caf\xe9", None),
    ],
)
def test_names_what_is_no_text(head: bytes, name: str | None) -> None:
    assert looks_binary(head) == name
