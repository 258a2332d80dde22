"""OTLP in protobuf and spans in Parquet: the same calls as in JSON, told apart by content."""

from __future__ import annotations

import base64
import builtins
import gzip
import hashlib
import importlib
import io
import json
import struct
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import pandas as pd
import pyarrow as pa
import pytest

from prodlens.errors import MissingPathError
from prodlens.schemas import CanonicalTrace, Skipped
from prodlens.sources import containers
from prodlens.sources.compression import open_decompressed
from prodlens.sources.otlp_protobuf import Framing, ProtobufReader, framing_of
from prodlens.sources.parquet_rows import ParquetReader
from prodlens.sources.raw_records import BadRecord, RawRecord
from prodlens.sources.reading import RecordReader
from prodlens.trace_normalizer import read_records

DATA = Path(__file__).parents[2] / "data"
JSON = (DATA / "otlp/litellm_arize_phoenix_callback.otlp.jsonl").read_bytes()
FRAME = (DATA / "phoenix/get_spans_dataframe.to_json_default.jsonl").read_text()
TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
LOG = {
    "resourceLogs": [
        {
            "resource": {"attributes": [{"key": "a", "value": {"stringValue": "b"}}]},
            "scopeLogs": [
                {
                    "logRecords": [
                        {
                            "timeUnixNano": "1795372172000000000",
                            "traceId": TRACE,
                            "spanId": SPAN,
                            "body": {"stringValue": "claude_code.user_prompt"},
                            "attributes": [{"key": "n", "value": {"intValue": "12"}}],
                        }
                    ]
                }
            ],
        }
    ]
}
METRIC = {
    "resourceMetrics": [
        {"scopeMetrics": [{"metrics": [{"name": "m", "sum": {"dataPoints": [{"asInt": "3"}]}}]}]}
    ]
}
KINDS = {
    "resourceSpans": "trace.v1.trace_pb2:TracesData",
    "resourceLogs": "logs.v1.logs_pb2:LogsData",
    "resourceMetrics": "metrics.v1.metrics_pb2:MetricsData",
}


def with_bytes(value: Any) -> Any:
    """Return JSON whose hex ids are base64, as protobuf's own parser wants them."""
    if isinstance(value, dict):
        return {k: base64_id(v) if k in IDS and v else with_bytes(v) for k, v in value.items()}
    return [with_bytes(inner) for inner in value] if isinstance(value, list) else value


IDS = ("traceId", "spanId", "parentSpanId")


def base64_id(value: str) -> str:
    return base64.b64encode(bytes.fromhex(value)).decode()


def message(record: dict[str, Any]) -> bytes:
    module, _, name = KINDS[next(iter(record))].partition(":")
    kind = getattr(importlib.import_module(f"opentelemetry.proto.{module}"), name)
    parse = importlib.import_module("google.protobuf.json_format").ParseDict
    whole: bytes = parse(with_bytes(record), kind()).SerializeToString()
    return whole


SPANS = message(json.loads(JSON))


def prefixed(*messages: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(one)) + one for one in messages)


def zstd(data: bytes) -> bytes:
    packed: bytes = pa.Codec("zstd").compress(data, asbytes=True)
    return packed


def items_of(data: bytes, **options: Any) -> list[RawRecord | BadRecord]:
    return list(containers.open_reader(open_decompressed(io.BytesIO(data))[0], **options))


def calls_of(items: list[RawRecord | BadRecord]) -> list[CanonicalTrace]:
    values = [item.value for item in items if isinstance(item, RawRecord)]
    return [o for o in read_records(values) if isinstance(o, CanonicalTrace)]


def counted(calls: list[CanonicalTrace]) -> set[tuple[Any, ...]]:
    return {(t.native_key, t.timestamp, t.tokens_in, t.cost_usd, t.latency_ms) for t in calls}


EXPECTED = counted(calls_of(items_of(JSON)))


@pytest.mark.parametrize(
    ("data", "records"),
    [
        pytest.param(SPANS, 1, id="one message"),
        pytest.param(SPANS + SPANS, 2, id="joined messages"),
        pytest.param(gzip.compress(SPANS), 1, id="gzip"),
        pytest.param(zstd(SPANS), 1, id="zstd"),
        pytest.param(prefixed(SPANS), 1, id="prefixed"),
        pytest.param(prefixed(SPANS, SPANS), 2, id="prefixed twice"),
        pytest.param(prefixed(zstd(SPANS)), 1, id="collector with compression"),
        pytest.param(zstd(prefixed(SPANS)), 1, id="prefixed in zstd"),
        pytest.param(prefixed(JSON), 1, id="prefixed JSON"),
        pytest.param(prefixed(zstd(JSON), zstd(SPANS)), 2, id="collector with compressed JSON"),
    ],
)
def test_spans_in_protobuf_are_the_calls_they_are_in_json(data: bytes, records: int) -> None:
    items = items_of(data)
    assert len(items) == records
    assert counted(calls_of(items)) == EXPECTED
    assert len(EXPECTED) > 16


def test_logs_and_metrics_are_told_from_spans() -> None:
    items = items_of(prefixed(message(LOG), message(METRIC), SPANS[:0], SPANS))
    values = [cast("dict[str, Any]", item.value) for item in items if isinstance(item, RawRecord)]
    assert [next(iter(value)) for value in values] == [
        "resourceLogs",
        "resourceMetrics",
        "resourceSpans",
    ]
    kinds = [o.kind for o in read_records(values[:2]) if isinstance(o, Skipped)]
    assert kinds[-1] == "OTLP metrics"


def test_a_records_place_is_its_first_byte_and_its_data_the_json_it_stands_for() -> None:
    log = message(LOG)
    first, second = items_of(prefixed(log, log))
    assert isinstance(first, RawRecord)
    assert isinstance(second, RawRecord)
    assert (first.offset, second.offset) == (0, 4 + len(log))
    assert (first.line, second.line, first.index) == (1, 2, None)
    assert json.loads(first.data) == first.value
    assert containers.find(io.BytesIO(prefixed(log, log)), second.offset) == second.data
    assert containers.find(io.BytesIO(prefixed(log, log)), 3) is None
    assert containers.find(io.BytesIO(JSON), 0) is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b'\n{"a": 1}\n',
        b'\n\n\n\n\n\n\n\n\n{"a": 1}\n',
        b'{"a": 1}\n',
        b"[1]",
        b"\n\n\x1b[0m colour",
        b"\0\0\0\0",
        b"PAR",
        b"\0\0\0\x05hello",
    ],
)
def test_text_is_no_container(text: bytes) -> None:
    assert framing_of(text) is None
    assert isinstance(containers.open_reader(io.BytesIO(text)), RecordReader)


def test_the_framing_is_told_by_the_first_bytes() -> None:
    assert framing_of(SPANS[:200]) is Framing.JOINED
    assert framing_of(prefixed(SPANS)[:200]) is Framing.PREFIXED


def test_a_stream_that_cannot_seek_is_read_just_as_well() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self._inner = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any, /) -> int:
            return self._inner.readinto(memoryview(buffer)[:7])

    for data in (JSON, SPANS, prefixed(SPANS)):
        stream = cast("BinaryIO", Pipe(data))
        assert counted(calls_of(list(containers.open_reader(stream)))) == EXPECTED


@pytest.mark.parametrize(
    ("data", "reasons", "offset"),
    [
        (SPANS[:-9], ["truncated"], 0),
        (prefixed(SPANS)[:-9], ["truncated"], 0),
        (prefixed(SPANS) + b"\0\0", [], 0),
        (prefixed(SPANS) + b"\0\0\1", ["truncated"], len(SPANS) + 4),
        (SPANS + b"\x99\x99 rest", ["damaged"], len(SPANS)),
        (SPANS + b"\x0a\x03abc", ["damaged"], len(SPANS)),
        (prefixed(SPANS, b"\x28\xb5\x2f\xfd broken"), ["damaged"], len(SPANS) + 4),
        (prefixed(SPANS, b"\xff\xff\xff"), ["damaged"], len(SPANS) + 4),
        (prefixed(SPANS, b"{no json"), ["not_json"], len(SPANS) + 4),
    ],
    ids=range(9),
)
def test_what_is_broken_costs_itself_alone(data: bytes, reasons: list[str], offset: int) -> None:
    bad = [item for item in items_of(data) if isinstance(item, BadRecord)]
    assert [item.reason.value for item in bad] == reasons
    for item in bad:
        assert item.offset == offset
        assert item.digest == hashlib.sha256(data[offset : offset + item.length]).hexdigest()
        assert offset + item.length == len(data)


def test_a_message_that_is_too_long_is_stepped_over() -> None:
    items = items_of(prefixed(SPANS, message(LOG)), max_record_bytes=2000)
    bad, good = items
    assert isinstance(bad, BadRecord)
    assert (bad.reason.value, bad.length, bad.complete) == ("too_long", 4 + len(SPANS), True)
    assert isinstance(good, RawRecord)


def test_a_small_message_that_unpacks_to_a_huge_one_is_not_held() -> None:
    (bad,) = items_of(prefixed(zstd(b"{" + b" " * 5_000_000 + b"}")), max_record_bytes=100_000)
    assert isinstance(bad, BadRecord)
    assert bad.reason.value == "too_long"


def test_without_the_extra_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = importlib.import_module

    def missing(name: str, package: str | None = None) -> Any:
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingPathError, match=r'pip install "prodlens\[otlp\]"'):
        containers.open_reader(io.BytesIO(SPANS))


# Parquet ------------------------------------------------------------------------------------


def frame(write: Any = json.dumps) -> pd.DataFrame:
    """Return the captured data frame as people save it: nested columns as text."""
    rows = [json.loads(line) for line in FRAME.splitlines()]
    data = pd.DataFrame(rows)
    for name in data.columns:
        data[name] = [write(v) if isinstance(v, dict | list) else v for v in data[name]]
    return data


def parquet(data: pd.DataFrame, **options: Any) -> bytes:
    file = io.BytesIO()
    data.to_parquet(file, **options)
    return file.getvalue()


PLAIN = parquet(frame(), row_group_size=7)
ROWS = counted(calls_of(items_of(FRAME.encode())))


def dated(unit: Literal["ms", "us", "ns"]) -> pd.DataFrame:
    data = frame().set_index("context.span_id")
    for name in ("start_time", "end_time"):
        data[name] = pd.to_datetime(data[name], unit="ms", utc=True).dt.as_unit(unit)
    return data


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(PLAIN, id="JSON text"),
        pytest.param(parquet(frame(str)), id="Python's repr"),
        pytest.param(parquet(dated("ms")), id="ms"),
        pytest.param(parquet(dated("us")), id="us"),
        pytest.param(parquet(dated("ns")), id="ns"),
        pytest.param(gzip.compress(PLAIN), id="gzip"),
        pytest.param(parquet(frame(), compression="zstd"), id="zstd inside"),
    ],
)
def test_rows_of_a_parquet_file_are_the_calls_of_the_data_frame(data: bytes) -> None:
    items = items_of(data)
    assert len(items) == 50
    assert counted(calls_of(items)) == ROWS
    assert len(ROWS) > 16


def test_a_rows_place_is_its_number_and_bodies_are_not_even_read() -> None:
    stream = io.BytesIO(PLAIN)
    items = list(containers.open_reader(stream))
    assert [item.offset for item in items] == list(range(50))
    assert [item.line for item in items] == list(range(1, 51))
    assert stream.tell() == len(PLAIN)
    assert not stream.closed
    first = items[0]
    assert isinstance(first, RawRecord)
    assert json.loads(first.data) == first.value
    assert "attributes.llm.model_name" in cast("dict[str, Any]", first.value)
    assert not any(b"attributes.input.value" in i.data for i in items if isinstance(i, RawRecord))
    assert containers.find(io.BytesIO(PLAIN), 0) == first.data


def test_a_damaged_parquet_file_is_set_aside_and_a_long_row_alone() -> None:
    (bad,) = items_of(PLAIN[:-20])
    assert isinstance(bad, BadRecord)
    assert bad.reason.value == "damaged"
    (half,) = items_of(b"PAR1" + b"\0" * 30)
    assert isinstance(half, BadRecord)
    items = items_of(PLAIN, max_record_bytes=2000)
    assert len(items) == 50
    assert {item.reason.value for item in items if isinstance(item, BadRecord)} == {"too_long"}


def test_only_text_can_be_read_on() -> None:
    assert containers.is_resumable(containers.open_reader(io.BytesIO(JSON)))
    for data, kind in ((SPANS, ProtobufReader), (PLAIN, ParquetReader)):
        reader = containers.open_reader(io.BytesIO(data))
        assert isinstance(reader, kind)
        assert not containers.is_resumable(reader)
        assert (reader.safe_offset, reader.safe_line) == (0, 1)


def test_neither_container_needs_the_package_before_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(name: str, *_args: Any, **_named: Any) -> Any:
        raise AssertionError(name)

    monkeypatch.setattr(builtins, "__import__", refuse)
    containers.open_reader(io.BytesIO(JSON))
    containers.open_reader(io.BytesIO(PLAIN))
