"""What counts as the text of a record, and what its value is."""

from __future__ import annotations

import math

import pytest

from prodlens.sources.reading import DecodeProblem, ReadReason, decode_record


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a": 1, "b": [true, null]}', {"a": 1, "b": [True, None]}),
        (b' {"a": "\xc3\xa9"}\r\n', {"a": "é"}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"a": 18446744073709551616}', {"a": 18446744073709551616}),
        (rb'{"a": "\ud800"}', {"a": "\ud800"}),
        (b'{"a": Infinity, "b": -Infinity}', {"a": math.inf, "b": -math.inf}),
        (b'{"a": 1e999}', {"a": math.inf}),
        (b"[1]", [1]),
    ],
)
def test_decodes(data: bytes, value: object) -> None:
    assert decode_record(data) == value


def test_keeps_nan_for_a_normaliser_to_refuse() -> None:
    value = decode_record(b'{"a": NaN}')
    assert isinstance(value, dict)
    assert math.isnan(value["a"])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", ReadReason.NOT_JSON),
        (b'{"a": 1', ReadReason.NOT_JSON),
        (b'{"a": 1} x', ReadReason.NOT_JSON),
        (b'{"a": 1,}', ReadReason.NOT_JSON),
        (b'{"a": "x\ny"}', ReadReason.NOT_JSON),
        (b'{"a": "x\0y"}', ReadReason.NOT_JSON),
        (b'\xef\xbb\xbf{"a": 1}', ReadReason.NOT_JSON),
        (b'{"a": ' + b"9" * 5000 + b"}", ReadReason.NOT_JSON),
        (b'{"a": "\xff"}', ReadReason.NOT_UTF8),
        (b'{"a": "\xed\xa0\x80"}', ReadReason.NOT_UTF8),
        ('{"a": 1}'.encode("utf-16"), ReadReason.NOT_UTF8),
        (b"[" * 100_000, ReadReason.TOO_DEEP),
        (b'{"a":' * 100_000 + b"NaN" + b"}" * 100_000, ReadReason.TOO_DEEP),
    ],
)
def test_refuses_with_a_reason(data: bytes, reason: ReadReason) -> None:
    with pytest.raises(DecodeProblem) as caught:
        decode_record(data)
    assert caught.value.reason is reason


def test_no_text_hangs_on_the_exception() -> None:
    with pytest.raises(DecodeProblem) as caught:
        decode_record(b'{"prompt": "secret" x}')
    assert str(caught.value) == "not_json"
    assert (caught.value.__context__, caught.value.__cause__) == (None, None)
