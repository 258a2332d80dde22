"""Laws of reading: the framing changes nothing, nor does the block size, nor where a run stopped."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.sources.reading import BadRecord, RawRecord, RecordReader, decode_record

Item = RawRecord | BadRecord

LEAVES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=8)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=3), max_size=5)
BLOCKS = st.integers(1, 40) | st.just(1 << 20)

# Pieces of records, arrays and breakage, so that random sequences come close to real damage.
PIECES = st.sampled_from(
    [
        *(bytes([byte]) for byte in b'{}[],:"\\ \n\0x1-\xff\xef'),
        b"\r\n", b"\0\0\0\0", b"\xef\xbb\xbf", b"\n  ", b"null", b'"k":', b'\\"', b"]}\n", b"[\n",
        b'{"a":1}', b'{"a":1}\n', b'{"b":"z"},\n', b'{"b":\n', b'{"x":"y', b'{"p":[\n',
        b'[{"c":2},', b'\n[{"e":5}]\n', b'{\n "q": {\n  "r": 1\n }\n}\n',
    ]
)  # fmt: skip
DAMAGED = st.lists(PIECES, max_size=25).map(b"".join) | st.binary(max_size=60)


def framed(objects: list[dict[str, Any]], framing: str, *, ascii_only: bool) -> bytes:
    """Write objects in one of the framings."""
    indent = 2 if framing.startswith("pretty") else None
    texts = [json.dumps(one, indent=indent, ensure_ascii=ascii_only) for one in objects]
    wrapped = {
        "lines": lambda: "".join(f"{text}\n" for text in texts),
        "crlf": lambda: "\r\n\r\n".join(texts),
        "joined": lambda: "".join(texts),
        "commas": lambda: ",\n".join(texts),
        "array": lambda: "[" + ", ".join(texts) + "]",
        "array of lines": lambda: "[\n" + ",\n".join(texts) + "\n]\n",
        "arrays": lambda: "".join(f"[{text}]\n" for text in texts),
        "pretty": lambda: "\n".join(texts),
        "pretty array": lambda: json.dumps(objects, indent=2, ensure_ascii=ascii_only),
    }
    return wrapped[framing]().encode("utf-8", "surrogatepass")


FRAMINGS = st.sampled_from(
    [
        "lines",
        "crlf",
        "joined",
        "commas",
        "array",
        "array of lines",
        "arrays",
        "pretty",
        "pretty array",
    ]
)


def run(
    blob: bytes, *, start: int = 0, start_line: int = 1, block_bytes: int = 1 << 20
) -> tuple[list[Item], RecordReader]:
    """Read everything; return it with the reader."""
    reader = RecordReader(
        io.BytesIO(blob), start=start, start_line=start_line, block_bytes=block_bytes
    )
    return list(reader), reader


def length(item: Item) -> int:
    """Return how many bytes an item covers."""
    return len(item.data) if isinstance(item, RawRecord) else item.length


@settings(max_examples=150, deadline=None)
@given(
    parts=st.lists(st.tuples(OBJECTS, FRAMINGS), max_size=3), ascii_only=st.booleans(), block=BLOCKS
)
def test_every_framing_and_block_size_gives_the_same_values_in_order(
    parts: list[tuple[list[dict[str, Any]], str]], ascii_only: bool, block: int
) -> None:
    blob = b"\n".join(framed(objects, framing, ascii_only=ascii_only) for objects, framing in parts)
    items, reader = run(blob, block_bytes=block)
    assert [item.value for item in items if isinstance(item, RawRecord)] == [
        one for objects, _ in parts for one in objects
    ]
    for item in items:
        assert isinstance(item, RawRecord)
        assert blob[item.offset : item.offset + len(item.data)] == item.data
        assert decode_record(item.data) == item.value
        assert item.line == 1 + blob.count(b"\n", 0, item.offset)
    assert reader.resumable


@settings(max_examples=150, deadline=None)
@given(objects=OBJECTS, cut=st.integers(0, 400), block=BLOCKS)
def test_a_run_over_a_prefix_and_one_from_its_safe_offset_are_one_run(
    objects: list[dict[str, Any]], cut: int, block: int
) -> None:
    blob = framed(objects, "lines", ascii_only=True)
    before, reader = run(blob[:cut], block_bytes=block)
    rest, _ = run(blob, start=reader.safe_offset, start_line=reader.safe_line)
    records = [item for item in before if isinstance(item, RawRecord)]
    assert all(not item.complete for item in before if isinstance(item, BadRecord))
    assert records + rest == run(blob)[0]


@settings(max_examples=300, deadline=None)
@given(blob=DAMAGED, cut=st.integers(0, 200))
def test_whatever_the_bytes_what_is_safe_never_changes(blob: bytes, cut: int) -> None:
    whole, reader = run(blob)
    if reader.safe_offset == 0 and len(whole) == 1:
        return  # one record, or a file of another kind, whose end is the end of the stream
    before, prefix = run(blob[:cut])
    safe = [item for item in before if item.offset + length(item) <= prefix.safe_offset]
    kept = [item for item in safe if isinstance(item, RawRecord) or item.complete]
    rest, _ = run(blob, start=prefix.safe_offset, start_line=prefix.safe_line)
    assert kept + rest == whole
    ahead = [i for i in before if isinstance(i, RawRecord) and i.offset >= prefix.safe_offset]
    assert prefix.resumable == (not ahead)


@settings(max_examples=300, deadline=None)
@given(blob=DAMAGED, block=BLOCKS)
def test_every_byte_belongs_to_one_record_or_stands_between_them(blob: bytes, block: int) -> None:
    items, reader = run(blob, block_bytes=block)
    assert items == run(blob)[0]
    end = 0
    for item in items:
        between, text = blob[end : item.offset], blob[item.offset : item.offset + length(item)]
        assert not between.replace(b"\xef\xbb\xbf", b"").strip(b" \t\r\n,[]")
        assert len(text) == length(item)
        if isinstance(item, BadRecord):
            assert item.digest == hashlib.sha256(text).hexdigest()
        end = item.offset + length(item)
    assert not blob[end:].replace(b"\xef\xbb\xbf", b"").strip(b" \t\r\n,[]")
    assert 0 <= reader.safe_offset <= len(blob)
