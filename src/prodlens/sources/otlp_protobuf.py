"""Owns OTLP as protobuf in files: which bytes are one message, and the JSON each stands for.

Two framings: one message (or several joined) whose field 1 repeats for each resource, and the
collector's stream of messages with a length before each, compressed or not. Needs the extra
`otlp`; knows no attribute.

Source: opentelemetry-proto trace.proto, logs.proto, metrics.proto (`TracesData`, `LogsData`,
`MetricsData` and the `Export...ServiceRequest`s have one encoding each); collector `fileexporter`
(`binary.BigEndian`, 4 bytes); protobuf encoding.
"""

from __future__ import annotations

import hashlib
import importlib
import io
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

import msgspec

from prodlens.errors import CompressionError, MissingPathError
from prodlens.sources.compression import Compression, open_decompressed
from prodlens.sources.raw_records import (
    BadRecord,
    DecodeProblem,
    RawRecord,
    ReadReason,
    decode_record,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NEEDED: Final = (
    'OTLP in protobuf needs one more package: pip install "prodlens[otlp]"'
    " (or let the collector write JSON)."
)

_PREFIX: Final = 4
_RESOURCE: Final = 0x0A
"""Tag of field 1 with a length: a resource of the message."""
_INSIDE: Final = (b"\x0a", b"\x12")
"""What a resource's item begins with: the resource, or its first scope."""
_MOST_VARINT: Final = 10
_MORE: Final = 0x80
_LARGEST_PREFIXED: Final = 1 << 28
_BLOCK: Final = 1 << 20
_PACKED: Final = (b"\x28\xb5\x2f\xfd", b"\x1f\x8b")
_NO_TEXT: Final = frozenset({*range(9), *range(14, 27), *range(28, 32)})
"""Control bytes that text hardly holds; every attribute's tag is one of them."""
_TRACE_ID: Final = 16


class Framing(Enum):
    """How messages are told apart."""

    JOINED = auto()
    PREFIXED = auto()


def framing_of(head: bytes) -> Framing | None:
    """Return how a stream that begins with `head` frames its messages, None when it holds none.

    Args:
        head: The first bytes, best some hundred of them.
    """
    if _NO_TEXT.isdisjoint(head):
        return None  # text, which may well begin with the bytes of a tag: a line end is one
    if _is_resource(head):
        return Framing.JOINED
    inner = head[_PREFIX:]
    if not 0 < int.from_bytes(head[:_PREFIX], "big") < _LARGEST_PREFIXED:
        return None
    if inner.startswith((b"{", *_PACKED)) or _is_resource(inner):
        return Framing.PREFIXED
    return None


def _is_resource(head: bytes) -> bool:
    """Return whether bytes begin a message: field 1, its length, and a resource or scope in it."""
    if head[:1] != bytes((_RESOURCE,)):
        return False
    at = 1
    while at < len(head) and head[at] & _MORE and at <= _MOST_VARINT:
        at += 1
    return _varint(head[1 : at + 1]) > 0 and head[at + 1 : at + 2] in _INSIDE


def _varint(data: bytes) -> int:
    return sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(data))


class _Kind(NamedTuple):
    """One of the three messages, and how to know that bytes are one."""

    message: Any
    items: Callable[[Any], Iterator[Any]]
    is_real: Callable[[Any], bool]


class ProtobufReader:
    """Iterates over the messages of a stream; every resource of a joined message is one record.

    A record's `data` is the JSON that the message stands for, its `offset` the first byte of the
    message (of a prefixed one, of its length), its `line` the number of the message.

    Args:
        stream: Decompressed bytes, positioned at the first one.
        framing: From `framing_of`.
        max_record_bytes: Longer messages are set aside without being held in memory.

    Raises:
        MissingPathError: The extra `otlp` is not installed.
    """

    safe_offset = 0
    safe_line = 1

    def __init__(self, stream: BinaryIO, framing: Framing, *, max_record_bytes: int) -> None:
        self._kinds, self._to_dict, self._broken = _codecs()
        self._stream = stream
        self._framing = framing
        self._most = max_record_bytes
        self._offset = 0
        self._count = 0

    def __iter__(self) -> Iterator[RawRecord | BadRecord]:
        """Return the one iteration over the stream."""
        try:
            step = self._prefixed if self._framing is Framing.PREFIXED else self._joined
            while (item := step()) is not None:
                yield item
                if isinstance(item, BadRecord) and not item.complete:
                    return
        except CompressionError as error:
            reason = ReadReason.TRUNCATED if error.truncated else ReadReason.DAMAGED
            yield self._bad(reason, b"", self._offset, complete=not error.truncated)

    def _prefixed(self) -> RawRecord | BadRecord | None:
        while True:
            start = self._offset
            prefix = self._take(_PREFIX)
            if prefix.strip(b"\0"):
                length = int.from_bytes(prefix, "big")
                return self._message(prefix, length, start, self._prefixed_value)
            if len(prefix) < _PREFIX:
                return None  # the end, or a hole that a crash left of it

    def _joined(self) -> RawRecord | BadRecord | None:
        start = self._offset
        head = self._take(1)
        if not head:
            return None
        while len(head) <= _MOST_VARINT and (more := self._take(1)):
            head += more
            if not more[0] & _MORE:
                break
        if head[0] != _RESOURCE or len(head) == 1 or head[-1] & _MORE:
            return self._rest(head, start)
        return self._message(head, _varint(head[1:]), start, self._joined_value)

    def _message(
        self, head: bytes, length: int, start: int, decode: Callable[[bytes, bytes], object]
    ) -> RawRecord | BadRecord:
        self._count += 1
        if length > self._most:
            return self._skipped(head, length, start)
        data = self._take(length)
        if len(data) < length or (self._framing is Framing.PREFIXED and len(head) < _PREFIX):
            return self._bad(ReadReason.TRUNCATED, head + data, start, complete=False)
        value = decode(head, data)
        if isinstance(value, ReadReason):
            return self._bad(value, head + data, start)
        return RawRecord(msgspec.json.encode(value), start, self._count, None, value)

    def _prefixed_value(self, _head: bytes, data: bytes) -> object:
        if data.startswith(_PACKED):
            unpacked = self._unpacked(data)
            if isinstance(unpacked, ReadReason):
                return unpacked
            data = unpacked
        if data[:1] == b"{":
            try:
                return decode_record(data)
            except DecodeProblem as problem:
                return problem.reason
        return self._decoded(data)

    def _joined_value(self, head: bytes, data: bytes) -> object:
        return self._decoded(head + data)

    def _unpacked(self, data: bytes) -> bytes | ReadReason:
        stream, compression = open_decompressed(io.BytesIO(data))
        if compression is Compression.NONE:
            return ReadReason.DAMAGED
        whole = bytearray()
        try:
            while len(whole) <= self._most and (piece := stream.read(_BLOCK)):
                whole += piece
        except CompressionError:
            return ReadReason.DAMAGED
        return bytes(whole) if len(whole) <= self._most else ReadReason.TOO_LONG

    def _decoded(self, data: bytes) -> object:
        """Return a message as the JSON it stands for, DAMAGED when it is none of the three."""
        empty = False
        for kind in self._kinds:
            message = kind.message()
            try:
                message.ParseFromString(data)
            except self._broken:
                continue
            items = list(kind.items(message))
            if any(map(kind.is_real, items)):
                value: object = self._to_dict(message)
                return value
            empty = empty or not items
        return {"resourceSpans": []} if empty else ReadReason.DAMAGED

    # Bytes ----------------------------------------------------------------------------------

    def _take(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end."""
        pieces: list[bytes] = []
        missing = size
        while missing and (piece := self._stream.read(min(missing, _BLOCK))):
            pieces.append(piece)
            missing -= len(piece)
        self._offset += size - missing
        return b"".join(pieces)

    def _skipped(self, head: bytes, length: int, start: int) -> BadRecord:
        digest, missing = hashlib.sha256(head), length
        while missing and (piece := self._stream.read(min(missing, _BLOCK))):
            digest.update(piece)
            missing -= len(piece)
        self._offset += length - missing
        reason = ReadReason.TRUNCATED if missing else ReadReason.TOO_LONG
        size = self._offset - start
        return BadRecord(reason, start, size, self._count, digest.hexdigest(), not missing)

    def _rest(self, head: bytes, start: int) -> BadRecord:
        """Set aside everything from here on: where the next message begins can't be known."""
        digest = hashlib.sha256(head)
        while piece := self._stream.read(_BLOCK):
            digest.update(piece)
            self._offset += len(piece)
        self._count += 1
        size = self._offset - start
        return BadRecord(
            ReadReason.DAMAGED, start, size, self._count, digest.hexdigest(), complete=False
        )

    def _bad(
        self, reason: ReadReason, data: bytes, start: int, *, complete: bool = True
    ) -> BadRecord:
        digest = hashlib.sha256(data).hexdigest()
        return BadRecord(reason, start, len(data), max(self._count, 1), digest, complete)


def _codecs() -> tuple[tuple[_Kind, ...], Callable[[Any], object], type[Exception]]:
    """Return the three messages, what writes one as plain values, and what a broken one raises."""
    try:
        trace = importlib.import_module("opentelemetry.proto.trace.v1.trace_pb2")
        logs = importlib.import_module("opentelemetry.proto.logs.v1.logs_pb2")
        metrics = importlib.import_module("opentelemetry.proto.metrics.v1.metrics_pb2")
        protobuf = importlib.import_module("google.protobuf.message")
        json_format = importlib.import_module("google.protobuf.json_format")
    except ImportError:
        raise MissingPathError(NEEDED) from None
    kinds = (
        _Kind(
            trace.TracesData,
            lambda m: (s for r in m.resource_spans for c in r.scope_spans for s in c.spans),
            lambda span: len(span.trace_id) == _TRACE_ID and span.start_time_unix_nano > 0,
        ),
        _Kind(
            logs.LogsData,
            lambda m: (s for r in m.resource_logs for c in r.scope_logs for s in c.log_records),
            lambda log: log.time_unix_nano > 0 or log.observed_time_unix_nano > 0,
        ),
        _Kind(
            metrics.MetricsData,
            lambda m: (s for r in m.resource_metrics for c in r.scope_metrics for s in c.metrics),
            lambda metric: bool(metric.name) and metric.WhichOneof("data") is not None,
        ),
    )
    return kinds, json_format.MessageToDict, protobuf.DecodeError
