"""A record that can't be read costs that record, and no other one."""

from __future__ import annotations

import hashlib
import io

import pytest

from prodlens.sources.reading import BadRecord, RawRecord, ReadReason, RecordReader

Seen = str | tuple[ReadReason, str]


def seen(blob: bytes, *, block_bytes: int = 1 << 20) -> list[Seen]:
    """Return the text of each record, and (reason, text) of what was set aside."""
    found: list[Seen] = []
    for item in RecordReader(io.BytesIO(blob), block_bytes=block_bytes):
        if isinstance(item, RawRecord):
            found.append(item.data.decode())
            continue
        text = blob[item.offset : item.offset + item.length]
        assert item.digest == hashlib.sha256(text).hexdigest()
        assert item.line == 1 + blob.count(b"\n", 0, item.offset)
        found.append((item.reason, text.decode("latin-1")))
    return found


BROKEN_LINES = [
    '{"a": "unterm',
    '{"a": "unterm\\',
    '{"a":',
    '{"a": 1,',
    '{"a"',
    "{",
    '{"a": [',
    '{"a": [1,',
    '{"a": [{"b": 1},',
    '{"a": {"b": {"c": 2}',
    '{"a": [}',
    '{"a": tru}',
    '{"a": 1]}',
    '{"a" 1}',
    '{"a": "\x01"}',
    '"b": 2}',
    "}",
    "]",
    "plain text, with a comma",
    "2026-01-02 INFO [main] {}",
    "[2026-01-02 10:00:00] started",
    "[main] started {}",
]


@pytest.mark.parametrize("broken", BROKEN_LINES)
@pytest.mark.parametrize("block_bytes", [3, 1 << 20])
def test_a_broken_line_between_good_ones_costs_that_line(broken: str, block_bytes: int) -> None:
    blob = f'{{"x":1}}\n{broken}\n{{"y":2}}\n{{"z":3}}\n'.encode()
    assert seen(blob, block_bytes=block_bytes) == [
        '{"x":1}',
        (ReadReason.NOT_JSON, broken),
        '{"y":2}',
        '{"z":3}',
    ]


def test_two_broken_lines_in_a_row_are_two() -> None:
    assert seen(b'{"a":\n{"b":[\n{"c":1}\n{"d":1}\n') == [
        (ReadReason.NOT_JSON, '{"a":'),
        (ReadReason.NOT_JSON, '{"b":['),
        '{"c":1}',
        '{"d":1}',
    ]


def test_a_line_between_the_halves_of_a_torn_one_is_read() -> None:
    assert seen(b'{"a":[1,\n{"b":1}\n2]x}\n{"c":1}\n') == [
        (ReadReason.NOT_JSON, '{"a":[1,'),
        '{"b":1}',
        (ReadReason.NOT_JSON, "2]x}"),
        '{"c":1}',
    ]


def test_what_stands_behind_an_object_on_its_line_is_set_aside_alone() -> None:
    assert seen(b'{"a":1}x\n{"b":1}{"c"\n{"d":1}\n') == [
        '{"a":1}',
        (ReadReason.NOT_JSON, "x"),
        '{"b":1}',
        (ReadReason.NOT_JSON, '{"c"'),
        '{"d":1}',
    ]


def test_a_broken_pretty_printed_object_is_one_bad_record() -> None:
    broken = '{\n  "a": [\n    {\n      "b": 1\n    },\n    {\n      "c'
    assert seen(f'{broken}\n{{\n  "d": 2\n}}\n'.encode()) == [
        (ReadReason.NOT_JSON, broken),
        '{\n  "d": 2\n}',
    ]


def test_a_pretty_printed_object_with_a_bad_word_is_one_bad_record() -> None:
    broken = '{\n  "a": {\n    "b": undefined\n  }\n}'
    assert seen(f'{broken}\n{{"c":1}}\n'.encode()) == [(ReadReason.NOT_JSON, broken), '{"c":1}']


@pytest.mark.parametrize("block_bytes", [3, 1 << 20])
def test_a_broken_element_of_an_array_costs_that_element(block_bytes: int) -> None:
    blob = b'[{"a":1}, {"a": }, {"a":[1}, nope, 7, "x,]", {"a":2}]\n{"b":1}\n'
    assert seen(blob, block_bytes=block_bytes) == [
        '{"a":1}',
        (ReadReason.NOT_JSON, '{"a": }'),
        (ReadReason.NOT_JSON, '{"a":[1}'),
        (ReadReason.NOT_JSON, "nope"),
        (ReadReason.NOT_AN_OBJECT, "7"),
        (ReadReason.NOT_AN_OBJECT, '"x,]"'),
        '{"a":2}',
        '{"b":1}',
    ]


def test_broken_elements_count_as_positions() -> None:
    items = list(RecordReader(io.BytesIO(b'[\n1,{"a":tru},\n"x\n{"a":1}]')))
    assert [item.index for item in items if isinstance(item, RawRecord)] == [3]


def test_a_broken_line_in_an_array_costs_that_line() -> None:
    blob = b'[\n{"a":1},\n{"b": "unterm\n{"c":1},\n{"d":1}\n]\n{"e":1}\n'
    items = list(RecordReader(io.BytesIO(blob)))
    assert seen(blob) == [
        '{"a":1}',
        (ReadReason.NOT_JSON, '{"b": "unterm'),
        '{"c":1}',
        '{"d":1}',
        '{"e":1}',
    ]
    assert [i.index for i in items if isinstance(i, RawRecord)] == [0, 2, 3, None]


def test_a_broken_pretty_printed_element_costs_that_element() -> None:
    blob = b'[\n  {\n    "a": 1\n  },\n  {\n    "b": "x\n  },\n  {\n    "c": 3\n  }\n]\n'
    assert seen(blob) == [
        '{\n    "a": 1\n  }',
        (ReadReason.NOT_JSON, '{\n    "b": "x\n  },'),
        '{\n    "c": 3\n  }',
    ]


def test_a_cut_array_on_a_line_ends_with_its_line() -> None:
    blob = b'[{"a":1},{"b":\n[{"c":1},{"c":2}\n[{"d":1}]\n{"e":1}\n'
    reader = RecordReader(io.BytesIO(blob))
    items = list(reader)
    assert seen(blob) == [
        '{"a":1}',
        (ReadReason.NOT_JSON, '{"b":'),
        '{"c":1}',
        '{"c":2}',
        (ReadReason.NOT_JSON, ""),
        '{"d":1}',
        '{"e":1}',
    ]
    assert [i.index for i in items if isinstance(i, RawRecord)] == [0, 0, 1, 0, None]
    assert (reader.safe_offset, reader.resumable) == (len(blob), True)


def test_an_array_that_was_cut_behind_a_comma_does_not_hold_the_next_one() -> None:
    blob = b'[{"a":1},\n[{"b":1},\n[{"c":1}]\n'
    assert seen(blob) == [
        '{"a":1}',
        (ReadReason.NOT_JSON, ""),
        '{"b":1}',
        (ReadReason.NOT_JSON, ""),
        '{"c":1}',
    ]


def test_values_that_are_no_objects_are_named_so() -> None:
    assert seen(b'12\n"text"\nnull\n{"a":1}\n') == [
        (ReadReason.NOT_AN_OBJECT, "12"),
        (ReadReason.NOT_AN_OBJECT, '"text"'),
        (ReadReason.NOT_AN_OBJECT, "null"),
        '{"a":1}',
    ]


def test_bytes_that_are_no_utf_8_cost_their_record() -> None:
    assert seen(b'{"a":"\xff"}\n[{"b":"\xed\xa0\x80"},{"c":1}]\n\xe9t\xe9\n{"d":1}\n') == [
        (ReadReason.NOT_UTF8, '{"a":"\xff"}'),
        (ReadReason.NOT_UTF8, '{"b":"\xed\xa0\x80"}'),
        '{"c":1}',
        (ReadReason.NOT_UTF8, "\xe9t\xe9"),
        '{"d":1}',
    ]


@pytest.mark.parametrize("block_bytes", [2, 1 << 20])
def test_a_hole_of_nul_bytes_does_not_hide_the_record_behind_it(block_bytes: int) -> None:
    blob = b'\0\0\0\0\0\0{"a":1}\n{"b":"cut\0\0\0\0\0{"c":1}\n'
    assert seen(blob, block_bytes=block_bytes) == [
        (ReadReason.BINARY, "\0\0\0\0\0\0"),
        '{"a":1}',
        (ReadReason.NOT_JSON, '{"b":"cut'),
        (ReadReason.BINARY, "\0\0\0\0\0"),
        '{"c":1}',
    ]


def test_a_nul_byte_in_a_string_costs_its_record() -> None:
    assert seen(b'{"a":"x\0y"}\n{"b":1}\n') == [(ReadReason.NOT_JSON, '{"a":"x\0y"}'), '{"b":1}']


def test_accepts_what_python_writes_beyond_json() -> None:
    assert seen(rb'{"a":NaN,"b":-Infinity,"c":"\ud800"}' + b"\n") == [
        r'{"a":NaN,"b":-Infinity,"c":"\ud800"}'
    ]


@pytest.mark.parametrize(
    ("blob", "reason"),
    [
        (b"PAR1" + b"\n{}\n" * 3, ReadReason.BINARY),
        (b"\x1f\x8b\x08\0{}\n", ReadReason.BINARY),
        ('{"a":1}\n'.encode("utf-16"), ReadReason.NOT_UTF8),
        ('{"a":1}\n'.encode("utf-16-le"), ReadReason.NOT_UTF8),
        ('{"a":1}\n'.encode("utf-32"), ReadReason.NOT_UTF8),
    ],
)
def test_a_file_of_another_kind_is_one_bad_record(blob: bytes, reason: ReadReason) -> None:
    reader = RecordReader(io.BytesIO(blob), block_bytes=4)
    (item,) = reader
    assert isinstance(item, BadRecord)
    assert (item.reason, item.offset, item.length) == (reason, 0, len(blob.rstrip(b"\n")))
    assert reader.safe_offset == 0
