"""The envelopes of OTLP in every spelling: what comes out is the same plain span."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from prodlens.schemas import Reject, RejectReason, Skipped
from prodlens.sources import otlp, otlp_values
from prodlens.trace_normalizer import detect, read_records

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TRACE = "5b8efff798038103d269b633813fc60c"
SPAN = "eee19b7ec3c1b174"
PARENT = "eee19b7ec3c1b173"


def base64_of(hex_id: str) -> str:
    return base64.b64encode(bytes.fromhex(hex_id)).decode()


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ({"stringValue": "x"}, "x"),
        ({"stringValue": ""}, ""),
        ({"intValue": 12}, 12),
        ({"intValue": "17507"}, 17507),
        ({"intValue": "-3"}, -3),
        ({"intValue": "many"}, "many"),
        ({"boolValue": False}, False),
        ({"doubleValue": 0.25}, 0.25),
        ({"doubleValue": 0}, 0),
        ({"bytesValue": "aGk="}, "aGk="),
        ({"arrayValue": {"values": [{"stringValue": "stop"}, {"intValue": "1"}]}}, ["stop", 1]),
        ({"arrayValue": {}}, []),
        ({"kvlistValue": {"values": [{"key": "a", "value": {"intValue": 1}}]}}, {"a": 1}),
        ({"string_value": None, "int_value": 5, "bool_value": None}, 5),
        ({"array_value": {"values": [{"string_value": "x"}]}}, ["x"]),
        ("bare", "bare"),
        (7, 7),
        ([1], None),
        ({}, None),
        ({"arrayValue": "x"}, None),
        (None, None),
    ],
)
def test_each_kind_of_value_is_unwrapped(value: object, plain: object) -> None:
    assert otlp_values.any_value(value) == plain


def test_a_list_nested_deeper_than_anything_real_is_cut_off() -> None:
    value: dict[str, Any] = {"stringValue": "deep"}
    for _ in range(600):
        value = {"arrayValue": {"values": [value]}}
    found, levels = otlp_values.any_value(value), 0
    while isinstance(found, list):
        found, levels = found[0], levels + 1
    assert (found, levels) == (None, 16)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (TRACE, TRACE),
        (TRACE.upper(), TRACE),
        ("0x" + TRACE, TRACE),
        (base64_of(TRACE), TRACE),
        ("0" * 32, None),
        ("", None),
        (TRACE[:-1], None),
        (SPAN, None),
        ("x" * 32, None),
        (12, None),
        ("A" * 4096, None),
    ],
)
def test_trace_ids_are_hex_or_base64_and_never_all_zeros(value: object, found: str | None) -> None:
    assert otlp_values.hex_id(value, otlp_values.TRACE_ID_BYTES) == found


def test_base64_of_a_span_id_may_use_the_url_alphabet() -> None:
    urlsafe = base64.urlsafe_b64encode(b"\xfb\xff\xfe\x01\x02\x03\x04\x05").decode()
    assert otlp_values.hex_id(urlsafe, otlp_values.SPAN_ID_BYTES) == "fbfffe0102030405"
    bare = urlsafe.rstrip("=")
    assert len(bare) == 11
    assert otlp_values.hex_id(bare, otlp_values.SPAN_ID_BYTES) == "fbfffe0102030405"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (3, "client"),
        pytest.param("3", "client", id="text"),
        ("SPAN_KIND_CLIENT", "client"),
        ("client", "client"),
        ("SpanKind.CLIENT", "client"),
        (9, None),
        (-1, None),
        (True, None),
        ("other", None),
        (None, None),
    ],
)
def test_enums_are_numbers_or_names(value: object, name: str | None) -> None:
    names = ("unspecified", "internal", "server", "client", "producer", "consumer")
    assert otlp_values.enum_name(value, "SPAN_KIND_", names) == name


@pytest.mark.parametrize(
    ("value", "micros"),
    [
        ("1795372172155726848", 155727),
        pytest.param(1795372172155726848, 155727, id="number"),
        ("1795372172155727499", 155727),
        (1795372172155, 155000),
        ("2026-11-22T18:29:32.155727+00:00", 155727),
        ([1795372172, 155727000], 155727),
    ],
)
def test_times_are_rounded_to_the_microsecond_other_sources_write(
    value: object, micros: int
) -> None:
    expected = datetime(2026, 11, 22, 18, 29, 32, micros, tzinfo=UTC)
    assert otlp_values.moment(value) == expected


@pytest.mark.parametrize("value", [0, None, "", "soon", True, [], {}, -5e300])
def test_what_is_no_time_is_none(value: object) -> None:
    assert otlp_values.moment(value) is None


CAMEL: dict[str, Any] = {
    "resourceSpans": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "s"}}]},
            "scopeSpans": [
                {
                    "scope": {"name": "lib", "version": "1.0"},
                    "spans": [
                        {
                            "traceId": TRACE.upper(),
                            "spanId": SPAN,
                            "parentSpanId": PARENT,
                            "name": "chat",
                            "kind": 3,
                            "startTimeUnixNano": "1795372172000000000",
                            "endTimeUnixNano": "1795372173000000000",
                            "status": {"code": 2},
                            "attributes": [{"key": "n", "value": {"intValue": "5"}}],
                        }
                    ],
                }
            ],
        }
    ]
}
SNAKE: dict[str, Any] = {
    "resource_spans": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"string_value": "s"}}]},
            "instrumentationLibrarySpans": [
                {
                    "instrumentationLibrary": {"name": "lib", "version": "1.0"},
                    "spans": [
                        {
                            "trace_id": base64_of(TRACE),
                            "span_id": base64_of(SPAN),
                            "parent_span_id": base64_of(PARENT),
                            "name": "chat",
                            "kind": "SPAN_KIND_CLIENT",
                            "start_time_unix_nano": 1795372172000000000,
                            "end_time_unix_nano": 1795372173000000000,
                            "status": {"code": "STATUS_CODE_ERROR"},
                            "attributes": [{"key": "n", "value": {"int_value": 5}}],
                        }
                    ],
                }
            ],
        }
    ]
}


@pytest.mark.parametrize("record", [CAMEL, SNAKE])
def test_both_spellings_and_the_old_names_give_the_same_span(record: dict[str, Any]) -> None:
    (span,) = otlp.spans(record)
    assert span._replace(raw={}) == otlp.Span(
        trace_id=TRACE,
        span_id=SPAN,
        parent_id=PARENT,
        name="chat",
        start=datetime(2026, 11, 22, 18, 29, 32, tzinfo=UTC),
        start_ns=1795372172000000000,
        end=datetime(2026, 11, 22, 18, 29, 33, tzinfo=UTC),
        status_code=2,
        attributes={"n": 5},
        resource={"service.name": "s"},
        scope_name="lib",
        scope_version="1.0",
        kind="client",
        exception=None,
        raw={},
    )


def test_one_record_may_hold_many_resources_and_scopes() -> None:
    spans = CAMEL["resourceSpans"][0]["scopeSpans"][0]["spans"]
    scopes = [{"spans": spans * 2}, {"spans": spans}]
    record = {"resourceSpans": [{"scopeSpans": scopes}, {}, {"scopeSpans": scopes}, None, 3]}
    assert len(list(otlp.spans(record))) == 6


def test_a_line_without_its_envelope_is_read_as_one_resource() -> None:
    resource = CAMEL["resourceSpans"][0]
    assert detect(resource) == "otlp"
    assert list(otlp.spans(resource)) == list(otlp.spans(CAMEL))
    assert list(otlp.logs(resource)) == []


def test_a_span_without_a_status_is_unset() -> None:
    (span,) = otlp.spans({"resourceSpans": [{"scopeSpans": [{"spans": [{}]}]}]})
    assert (span.status_code, span.trace_id, span.start, span.name) == (0, None, None, "")


def test_the_last_exception_is_named_without_its_modules() -> None:
    events = [
        {"name": "exception", "attributes": [exception("a.First")]},
        {"name": "exception", "attributes": {"exception.type": "litellm.RateLimitError"}},
        {"name": "other", "attributes": []},
    ]
    assert otlp.exception_of(events) == "RateLimitError"
    assert otlp.exception_of([{"name": "exception"}]) is None


def exception(name: str) -> dict[str, Any]:
    return {"key": "exception.type", "value": {"stringValue": name}}


@pytest.mark.parametrize(
    ("log", "name"),
    [
        ({"attributes": [{"key": "event.name", "value": {"stringValue": "x"}}]}, "x"),
        ({"eventName": "codex.tool_decision"}, "codex.tool_decision"),
        ({"event_name": "a.b"}, "a.b"),
        ({"body": {"stringValue": "claude_code.api_request"}}, "api_request"),
        ({"body": {"stringValue": "A sentence, not a name."}}, None),
        ({"body": {"stringValue": "x" * 200}}, None),
        ({"body": {"kvlistValue": {"values": []}}}, None),
        ({}, None),
    ],
)
def test_an_event_is_named_by_attribute_field_or_body(log: dict[str, Any], name: str) -> None:
    record = {"resourceLogs": [{"scopeLogs": [{"logRecords": [log]}]}]}
    assert [found.event_name for found in otlp.logs(record)] == [name]


def test_a_log_record_keeps_its_time_and_its_span() -> None:
    log = {
        "timeUnixNano": "1795372172000000000",
        "observedTimeUnixNano": 1795372173000000000,
        "traceId": TRACE,
        "spanId": base64_of(SPAN),
    }
    scope = {"scope": {"name": "events"}, "logRecords": [log]}
    (found,) = otlp.logs({"resourceLogs": [{"scopeLogs": [scope]}]})
    assert found.time == datetime(2026, 11, 22, 18, 29, 32, tzinfo=UTC)
    assert found.observed_time == datetime(2026, 11, 22, 18, 29, 33, tzinfo=UTC)
    assert (found.trace_id, found.span_id, found.scope_name) == (TRACE, SPAN, "events")


def test_one_record_with_all_three_signals_is_read_and_nothing_in_it_is_an_error() -> None:
    """Old spans without a model are no calls, so their age is no fault."""
    record = {
        "resourceSpans": [
            {
                "scopeSpans": [
                    {"spans": [{"name": "GET /", "startTimeUnixNano": "1544712660000000000"}]}
                ]
            }
        ],
        "resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "hello"}}]}]}],
        "resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m"}, {"name": "n"}]}]}],
    }
    assert detect(record) == "otlp"
    assert list(read_records([record], now=NOW)) == [
        Skipped("OpenTelemetry span without a call"),
        Skipped("OTLP log record"),
        Skipped("OTLP metrics"),
        Skipped("OTLP metrics"),
    ]


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (None, "no timestamp"),
        ("soon", "unreadable timestamp"),
        ("1544712660000000000", "time out of range"),
        ("1895372172000000000", "time out of range"),
    ],
)
def test_a_call_without_a_usable_time_is_set_aside_with_its_ids(
    start: str | None, reason: str
) -> None:
    span = CAMEL["resourceSpans"][0]["scopeSpans"][0]["spans"][0] | {
        "startTimeUnixNano": start,
        "attributes": [
            {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4o"}},
            {"key": "gen_ai.usage.input_tokens", "value": {"intValue": 1}},
        ],
    }
    record = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    (found,) = read_records([record], now=NOW)
    assert isinstance(found, Reject)
    assert (found.reason.value, found.field) == (reason, "start_time")
    assert found.scalars == {"trace_id": TRACE, "span_id": SPAN, "model": "gpt-4o"}


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        ({"resourceSpans": 5}, ["resourceSpans"]),
        ({"resourceSpans": {"scopeSpans": []}}, ["resourceSpans"]),
        ({"resourceLogs": [None]}, ["resourceLogs"]),
        ({"resourceLogs": [{"scopeLogs": "x"}, {"scopeLogs": [7]}]}, ["scopeLogs"]),
        ({"resource_spans": [{"scope_spans": [{"spans": [[]]}]}]}, ["spans"]),
        ({"scopeSpans": True}, ["scopeSpans"]),
        ({"resourceSpans": 0, "resourceLogs": "x"}, ["resourceLogs", "resourceSpans"]),
    ],
)
def test_a_part_of_an_envelope_that_is_something_else_is_named(
    record: dict[str, Any], fields: list[str]
) -> None:
    found = list(read_records([record], now=NOW))
    assert [(one.reason, one.field) for one in found if isinstance(one, Reject)] == [
        (RejectReason.BAD_FIELD, field) for field in fields
    ]


@pytest.mark.parametrize("record", [{"resourceSpans": []}, {"resourceLogs": [{"scopeLogs": []}]}])
def test_an_export_of_nothing_is_said_to_be_empty(record: dict[str, Any]) -> None:
    assert list(read_records([record], now=NOW)) == [Skipped("empty OTLP export")]
