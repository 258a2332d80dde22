"""Every way to write records down is read, with the place of each."""

from __future__ import annotations

import io

import pytest

from prodlens.sources.reading import RawRecord, ReadReason, RecordReader


def records(blob: bytes, block_bytes: int = 1 << 20) -> list[tuple[bytes, int, int, int | None]]:
    """Return (bytes, offset, line, index) of records that must all be readable."""
    found = []
    for item in RecordReader(io.BytesIO(blob), block_bytes=block_bytes):
        assert isinstance(item, RawRecord), item
        found.append((item.data, item.offset, item.line, item.index))
    return found


def test_reads_one_object_per_line() -> None:
    assert records(b'{"a":1}\n{"b":2}\n') == [
        (b'{"a":1}', 0, 1, None),
        (b'{"b":2}', 8, 2, None),
    ]


def test_passes_over_blank_lines_carriage_returns_and_indentation() -> None:
    assert records(b'\n{"a":1}\r\n\r\n  {"b":2} \t\r\n') == [
        (b'{"a":1}', 1, 2, None),
        (b'{"b":2}', 14, 4, None),
    ]


def test_reads_a_last_line_without_newline() -> None:
    assert records(b'{"a":1}\n{"b":2}') == [(b'{"a":1}', 0, 1, None), (b'{"b":2}', 8, 2, None)]


def test_reads_a_pretty_printed_object_as_one_record() -> None:
    text = b'{\n    "a": [\n        {"b": "}"}\n    ]\n}'
    assert records(text + b"\n" + text) == [(text, 0, 1, None), (text, 40, 6, None)]


def test_keeps_a_page_of_records_in_one_record() -> None:
    text = b'{"data": [\n{"a": 1},\n{"a": 2}\n], "next": null}'
    assert records(text + b"\n") == [(text, 0, 1, None)]


def test_reads_objects_that_are_joined_with_and_without_separators() -> None:
    assert records(b'{"a":1}{"b":2} {"c":3},{"d":4}') == [
        (b'{"a":1}', 0, 1, None),
        (b'{"b":2}', 7, 1, None),
        (b'{"c":3}', 15, 1, None),
        (b'{"d":4}', 23, 1, None),
    ]


@pytest.mark.parametrize("block_bytes", [1, 5, 1 << 20])
def test_reads_arrays_on_lines_element_by_element(block_bytes: int) -> None:
    blob = b'[{"a":1}, {"a":2}]\n[]\n[ {"b":"]"} ]\n'
    assert records(blob, block_bytes) == [
        (b'{"a":1}', 1, 1, 0),
        (b'{"a":2}', 10, 1, 1),
        (b'{"b":"]"}', 24, 3, 0),
    ]


def test_reads_an_array_with_an_element_per_line() -> None:
    assert records(b'[\n{"a":1},\n{"a":2},\r\n  {"a":3}\n]\n{"b":1}\n') == [
        (b'{"a":1}', 2, 2, 0),
        (b'{"a":2}', 11, 3, 1),
        (b'{"a":3}', 23, 4, 2),
        (b'{"b":1}', 33, 6, None),
    ]


def test_reads_a_pretty_printed_array() -> None:
    assert records(b'[\n  {\n    "a": 1\n  },\n  {\n    "a": [\n      {}\n    ]\n  }\n]\n') == [
        (b'{\n    "a": 1\n  }', 4, 2, 0),
        (b'{\n    "a": [\n      {}\n    ]\n  }', 24, 5, 1),
    ]


def test_reads_arrays_with_the_comma_in_front() -> None:
    assert records(b'[ {"a":1}\n, {"a":2}\n]') == [(b'{"a":1}', 2, 1, 0), (b'{"a":2}', 12, 2, 1)]


def test_reads_the_records_of_arrays_inside_an_array() -> None:
    assert records(b'[[{"a":1},{"a":2}],\n[{"b":1}]]\n') == [
        (b'{"a":1}', 2, 1, 0),
        (b'{"a":2}', 10, 1, 1),
        (b'{"b":1}', 21, 2, 0),
    ]


def test_reads_a_mix_of_all_framings() -> None:
    blob = b'{"a":1}\n[{"b":1},{"b":2}]\n{\n "c": 1\n}\n{"d":1}{"d":2}\n[\n{"e":1}\n]\n'
    assert [data for data, *_ in records(blob)] == [
        b'{"a":1}',
        b'{"b":1}',
        b'{"b":2}',
        b'{\n "c": 1\n}',
        b'{"d":1}',
        b'{"d":2}',
        b'{"e":1}',
    ]


def test_skips_the_byte_order_mark_at_the_start_and_of_joined_files() -> None:
    assert records(b'\xef\xbb\xbf{"a":1}\n\xef\xbb\xbf{"b":1}\n', block_bytes=2) == [
        (b'{"a":1}', 3, 1, None),
        (b'{"b":1}', 14, 2, None),
    ]


def test_finds_the_end_of_objects_behind_quotes_brackets_and_backslashes() -> None:
    text = rb'{"a":"\"}{","b":"\\","c":["]",{"d":"\\\""}]}'
    assert records(text + text) == [(text, 0, 1, None), (text, 44, 1, None)]


def test_gives_the_value_along() -> None:
    items = list(RecordReader(io.BytesIO(b'{"a":1}\n[{"a":NaN,"a":18446744073709551616}]')))
    assert [item.value for item in items if isinstance(item, RawRecord)] == [
        {"a": 1},
        {"a": 18446744073709551616},
    ]


def test_asks_decode_record_about_what_the_decoder_refuses() -> None:
    def decoder(data: bytes) -> object:
        if b"odd" in data:
            raise ValueError
        return "decoded"

    blob = b'{"a":1}\n{"odd":1}\n[{"odd":2},{"a":2}]\n{"odd":tru}\n'
    items = list(RecordReader(io.BytesIO(blob), decoder=decoder))
    values = [item.value if isinstance(item, RawRecord) else item.reason for item in items]
    assert values == ["decoded", {"odd": 1}, {"odd": 2}, "decoded", ReadReason.NOT_JSON]


def test_an_empty_stream_and_one_of_whitespace_hold_nothing() -> None:
    assert records(b"") == []
    assert records(b" \n\t\r\n,[ ]") == []


def test_shows_a_record_without_its_text() -> None:
    (item,) = RecordReader(io.BytesIO(b'{"prompt":"secret"}\n'))
    assert isinstance(item, RawRecord)
    assert repr(item) == "RawRecord(offset=0, line=1, length=19)"
    assert item.__rich_repr__() == [("offset", 0), ("line", 1), ("length", 19)]


def test_counts_lines() -> None:
    reader = RecordReader(io.BytesIO(b'{"a":1}\n\n{\n"b":1}\n{"c"'))
    list(reader)
    assert reader.lines == 4
