"""What reading gives: one record's exact bytes and place, or why bytes were set aside.

Reads no stream; `decode_record` turns the bytes of one record into Python values.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec


class ReadReason(StrEnum):
    """Why bytes could not be read as a record."""

    NOT_JSON = "not_json"
    """They are no JSON, or a record was cut and another one follows."""
    NOT_UTF8 = "not_utf8"
    """They are no UTF-8 text."""
    NOT_AN_OBJECT = "not_an_object"
    """They are a JSON value, but a number, text, true, false or null."""
    TOO_LONG = "too_long"
    """They are more than one record may have."""
    TOO_DEEP = "too_deep"
    """Objects and arrays are nested deeper than can be decoded."""
    TRUNCATED = "truncated"
    """The stream ends inside the record, or inside the array around it."""
    BINARY = "binary"
    """They are a file of another kind, or NUL bytes."""
    DAMAGED = "damaged"
    """Compressed data are damaged here; nothing behind can be read."""


class RawRecord(msgspec.Struct, frozen=True, gc=False):
    """One JSON object as it stands in a stream.

    A msgspec struct, for a frozen dataclass takes ten times as long to make.

    Attributes:
        data: Its exact bytes, from "{" to "}".
        offset: Offset of the first byte in the decompressed stream.
        line: 1-based line where it begins.
        index: 0-based position in the array that it is an element of, None outside arrays.
        value: What the decoder made of `data`.
    """

    data: bytes
    offset: int
    line: int
    index: int | None
    value: object = None

    def __repr__(self) -> str:
        """Return the place alone: the bytes may hold prompts and code."""
        return f"RawRecord(offset={self.offset}, line={self.line}, length={len(self.data)})"

    def __rich_repr__(self) -> list[tuple[str, int]]:
        """Return the place alone, as `__repr__` does."""
        return [("offset", self.offset), ("line", self.line), ("length", len(self.data))]


@dataclass(frozen=True, slots=True)
class BadRecord:
    """Bytes that were set aside.

    Attributes:
        reason: Why.
        offset: Offset of the first byte in the decompressed stream.
        length: Number of bytes, whitespace at the end left out; 0 for something that is missing:
            the end of an array, or of compressed data.
        line: 1-based line where they begin.
        digest: Hex sha256 of the bytes.
        complete: Whether more bytes behind the end of the stream can't change this. False only
            for the last record of a stream, and for what was decided because the stream ends.
    """

    reason: ReadReason
    offset: int
    length: int
    line: int
    digest: str
    complete: bool


class DecodeProblem(ValueError):  # noqa: N818 - a verdict on a record, not an error of the program
    """A record can't be decoded; holds nothing of its text.

    Attributes:
        reason: Why.
    """

    def __init__(self, reason: ReadReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


_decode: Final = msgspec.json.Decoder().decode


def decode_record(data: bytes) -> object:
    """Return the value of one JSON text, also of the kinds that Python writes beyond the standard.

    NaN, Infinity and numbers beyond the range of a float become float nan and inf, for a
    normaliser to refuse; a lone surrogate escape stays in its string; of equal keys the last one
    wins; integers have any size up to Python's limit of digits.

    Args:
        data: UTF-8 bytes of one value; whitespace around it is allowed.

    Raises:
        DecodeProblem: It is no such text. Nothing of the text hangs on the exception.
    """
    try:
        return _decode(data)
    except (ValueError, RecursionError):
        pass
    value = _decode_lenient(data)
    if isinstance(value, ReadReason):
        raise DecodeProblem(value)
    return value


def _decode_lenient(data: bytes) -> object:
    """Return the value, or the reason: an exception raised here would carry the text along."""
    try:
        return json.loads(data.decode())
    except UnicodeDecodeError:
        return ReadReason.NOT_UTF8
    except ValueError:
        return ReadReason.NOT_JSON
    except RecursionError:
        return ReadReason.TOO_DEEP
