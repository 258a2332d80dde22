"""Phoenix's and Arize's exports: one span in five shapes is one call."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prodlens.schemas import CanonicalTrace, ContextFact, Skipped
from prodlens.sources import phoenix
from prodlens.trace_normalizer import detect, read_records

DATA = Path(__file__).parents[2] / "data"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
TRACE, OWN, PARENT = "7e19f779981d85e8e04d9cfed48aa1a9", "c9686a389bbc519d", "3c2bc2e61f5da7e2"
MESSAGE = "msg_0120fe5635b9f9483e99c409"
ACCOUNT = "11111111-2222-4333-8444-555555555555"
SESSION = "0aa7c6c4-7f4b-4b1e-9d53-0c5ff1e5a001"
PACKED = f"user_{'a1' * 32}_account_{ACCOUNT}_session_{SESSION}"
METADATA = {
    "user_api_key_hash": "litellm_proxy_master_key",
    "user_api_key_user_id": "default_user_id",
    "user_api_key_end_user_id": PACKED,
    "user_agent": "claude-cli/2.1.197 (external, cli)",
    "spend_logs_metadata": {"prod_lens": {"accepted": True}},
    "used_client_oauth_token": False,
}
FLAT = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "claude-sonnet-4-5-20250929",
    "llm.response.model": "claude-sonnet-4-5-20250929",
    "llm.response.id": MESSAGE,
    "llm.response.cost": 0.015933,
    "llm.request.type": "anthropic_messages",
    "llm.is_streaming": "False",
    "llm.provider": "",
    "llm.token_count.prompt": 17420,
    "llm.token_count.completion": 87,
    "llm.token_count.total": 17507,
    "llm.token_count.prompt_details.cache_read": 15360,
    "llm.token_count.prompt_details.cache_write": 2048,
    "llm.cost.total": 0.015933,
    "session.id": PACKED,
    "user.id": "default_user_id",
    "litellm.trace_id": SESSION,
    "input.value": "a prompt",
}
NESTED = {
    "attributes.openinference.span.kind": "LLM",
    "attributes.llm.model_name": "claude-sonnet-4-5-20250929",
    "attributes.llm.token_count.prompt": 17420.0,
    "attributes.llm.token_count.completion": 87.0,
    "attributes.llm.token_count.total": 17507.0,
    "attributes.llm.token_count.prompt_details.cache_read": 15360.0,
    "attributes.llm.token_count.prompt_details.cache_write": 2048.0,
    "attributes.llm.cost.total": 0.015933,
    "attributes.llm": {
        "response": {"model": "claude-sonnet-4-5-20250929", "id": MESSAGE, "cost": 0.015933},
        "request": {"type": "anthropic_messages"},
        "is_streaming": "False",
    },
    "attributes.metadata": METADATA,
    "attributes.session.id": PACKED,
    "attributes.user.id": "default_user_id",
    "attributes.litellm": {"trace_id": SESSION},
    "attributes.http": None,
    "attributes.llm.provider": "",
    "attributes.input.value": "a prompt",
    "attributes.exception": None,
}
FRAME = {
    "name": "litellm_request",
    "span_kind": "LLM",
    "parent_id": PARENT,
    "start_time": 1795372172155,
    "end_time": 1795372172329,
    "status_code": "OK",
    "status_message": "",
    "events": [],
    "context.span_id": OWN,
    "context.trace_id": TRACE,
    **NESTED,
}


def as_text(write: Any) -> dict[str, Any]:
    return {name: write(v) if isinstance(v, dict | list) else v for name, v in FRAME.items()}


def dotted(prefix: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    return {
        k: v for name, inner in value.items() for k, v in dotted(f"{prefix}.{name}", inner).items()
    }


PAGED = {
    "id": "U3Bhbjo1MA==",
    "name": "litellm_request",
    "context": {"trace_id": TRACE, "span_id": OWN},
    "span_kind": "LLM",
    "parent_id": PARENT,
    "start_time": "2026-11-22T18:29:32.155727+00:00",
    "end_time": "2026-11-22T18:29:32.329184+00:00",
    "status_code": "OK",
    "attributes": FLAT | dotted("metadata", METADATA),
    "events": [],
}


def other_nulls(value: object) -> dict[str, Any]:
    names = {"string_value": str, "int_value": int, "double_value": float, "bool_value": bool}
    return {name: value if type(value) is kind else None for name, kind in names.items()}


OTLP_LIKE = {
    "name": "litellm_request",
    "trace_id": TRACE,
    "span_id": OWN,
    "parent_span_id": PARENT,
    "kind": "SPAN_KIND_INTERNAL",
    "start_time_unix_nano": 1795372172155726848,
    "end_time_unix_nano": 1795372172329184000,
    "status": {"code": 1, "message": None},
    "attributes": [
        {"key": key, "value": other_nulls(value)}
        for key, value in (FLAT | {"metadata": json.dumps(METADATA)}).items()
    ],
}
ARIZE = FRAME | {"start_time": 1795372172155.0, "latency_ms": 174.0, "span_kind": None}
ISO = FRAME | {
    "start_time": "2026-11-22T18:29:32.155727Z",
    "end_time": "2026-11-22T18:29:32.329184Z",
}
SHAPES = {
    "data frame": FRAME,
    "data frame with ISO times": ISO,
    "data frame with columns as JSON": as_text(json.dumps),
    "data frame with columns as Python's repr": as_text(str),
    "page": PAGED,
    "page with objects as JSON": PAGED
    | {name: json.dumps(PAGED[name]) for name in ("context", "attributes")},
    "page with objects as Python's repr": PAGED
    | {name: str(PAGED[name]) for name in ("context", "attributes")},
    "page like OTLP": OTLP_LIKE,
    "Arize": ARIZE,
}


def call(record: dict[str, Any]) -> CanonicalTrace:
    found = [o for o in read_records([record], now=NOW) if not isinstance(o, ContextFact)]
    (trace,) = found
    assert isinstance(trace, CanonicalTrace), trace
    return trace


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_recognised_and_says_the_same(shape: str) -> None:
    assert detect(SHAPES[shape]) == "openinference"
    trace = call(SHAPES[shape])
    exact = not shape.startswith(("data frame", "Arize")) or "ISO" in shape
    assert trace == CanonicalTrace(
        session_id=SESSION,
        session_source="derived",
        developer_id=ACCOUNT,
        developer_source="derived",
        timestamp=datetime(2026, 11, 22, 18, 29, 32, 155727 if exact else 155000, tzinfo=UTC),
        model="claude-sonnet-4-5-20250929",
        model_raw="claude-sonnet-4-5-20250929",
        tokens_in=17420,
        tokens_out=87,
        cache_read_tokens=15360,
        cache_write_tokens=2048,
        tokens_basis="inclusive",
        latency_ms=173.457 if exact else 174.0,
        latency_source="span",
        status_code=200,
        accepted_flag=True,
        accepted_source="metadata",
        cost_usd=0.015933,
        cost_source="reported",
        stream=False,
        subscription=False,
        call_type="anthropic_messages",
        user_agent="claude-cli/2.1.197 (external, cli)",
        source="openinference",
        native_key=f"message:{MESSAGE}",
        other_keys=(f"span:{TRACE}/{OWN}",),
        shadows=(f"span:{TRACE}/{PARENT}",),
        scopes=(f"otel_trace:{TRACE}",),
        source_record_id=OWN,
        span_id=OWN,
        parent_span_id=PARENT,
        trace_id=SESSION,
        call_group=TRACE,
        provider_message_id=MESSAGE,
    )


SECOND = {**FRAME, "context.span_id": "d" * 16, "attributes.llm.token_count.prompt": 18000.0}
WHOLE_FRAMES = {
    "columns": {name: {"0": FRAME[name], "1": SECOND[name]} for name in FRAME},
    "index": {"0": FRAME, "1": SECOND},
    "split": {
        "columns": list(FRAME),
        "index": [0, 1],
        "data": [list(FRAME.values()), list(SECOND.values())],
    },
}


@pytest.mark.parametrize("orient", WHOLE_FRAMES)
def test_a_data_frame_written_as_one_object_gives_all_of_its_spans(orient: str) -> None:
    record = WHOLE_FRAMES[orient]
    assert detect(record) == "openinference"
    found = [o for o in read_records([record], now=NOW) if isinstance(o, CanonicalTrace)]
    assert [(call.span_id, call.tokens_in, call.tokens_out) for call in found] == [
        (OWN, 17420, 87),
        ("d" * 16, 18000, 87),
    ]


@pytest.mark.parametrize(
    "record",
    [
        {"context.span_id": {}},
        {"context.span_id": {"0": None}, "start_time": 5, "name": {"0": 7}},
        {"columns": ["context.span_id"], "data": [1, None, [], ["x", "y"]]},
        {"0": {"context.span_id": 5}, "1": "text"},
    ],
)
def test_a_damaged_data_frame_gives_no_calls(record: dict[str, Any]) -> None:
    found = list(read_records([record], now=NOW))
    assert not [outcome for outcome in found if isinstance(outcome, CanonicalTrace)]


def test_a_page_is_unwrapped() -> None:
    page = {"data": [PAGED, PAGED], "next_cursor": None}
    found = [o for o in read_records([page], now=NOW) if isinstance(o, CanonicalTrace)]
    assert found == [call(PAGED)] * 2


def test_a_page_without_spans_is_nothing() -> None:
    assert list(read_records([{"data": [], "next_cursor": None}], now=NOW)) == []


@pytest.mark.parametrize("shape", [FRAME, PAGED])
@pytest.mark.parametrize(
    ("kind", "skipped"),
    [
        ("AGENT", "agent span (sums up its calls)"),
        ("CHAIN", "agent span (sums up its calls)"),
        ("TOOL", "OpenTelemetry span without a call"),
        ("EVALUATOR", "OpenTelemetry span without a call"),
    ],
)
def test_a_span_of_another_kind_is_no_call_whatever_it_counts(
    shape: dict[str, Any], kind: str, skipped: str
) -> None:
    record = json.loads(json.dumps(shape | {"span_kind": kind}))
    record["attributes.openinference.span.kind"] = None
    record.get("attributes", {}).pop("openinference.span.kind", None)
    outcomes = list(phoenix.read(record, now=NOW))
    assert outcomes[-1] == Skipped(skipped)


@pytest.mark.parametrize(
    ("status", "attributes", "expected"),
    [
        ("OK", {}, (200, None)),
        ("UNSET", {}, (200, None)),
        (None, {}, (None, None)),
        ("ERROR", {}, (None, "error")),
        ("ERROR", {"attributes.error.type": "BadRequestError"}, (None, "BadRequestError")),
        ("ERROR", {"attributes.http": {"response": {"status_code": 400}}}, (400, None)),
        (
            "ERROR",
            {"attributes.error": '{"code": "429", "type": "RateLimitError", "message": "no"}'},
            (429, "RateLimitError"),
        ),
    ],
)
def test_how_a_call_ended(
    status: str | None, attributes: dict[str, Any], expected: tuple[int | None, str | None]
) -> None:
    trace = call(FRAME | {"status_code": status} | attributes)
    assert (trace.status_code, trace.error_type) == expected


@pytest.mark.parametrize("model", [None, float("nan"), ""])
def test_a_span_without_a_model_is_no_call(model: object) -> None:
    record = FRAME | {"attributes.llm.model_name": model, "attributes.llm": None}
    assert list(phoenix.read(record, now=NOW))[-1] == Skipped("OpenTelemetry span without a call")


def test_genai_attributes_in_a_data_frame_are_read_as_such() -> None:
    record = {
        "context.span_id": OWN,
        "context.trace_id": TRACE,
        "name": "chat gpt-4o",
        "span_kind": "UNKNOWN",
        "start_time": 1795372172155,
        "end_time": 1795372172329,
        "status_code": "UNSET",
        "attributes.gen_ai": {
            "request": {"model": "gpt-4o"},
            "usage": {"input_tokens": 5, "output_tokens": 6},
        },
    }
    trace = call(record)
    assert (trace.model, trace.tokens_in, trace.tokens_out) == ("gpt-4o", 5, 6)


@pytest.mark.parametrize(
    ("session", "metadata", "expected"),
    [
        ("dev-42", {"user_api_key_end_user_id": "dev-42"}, (None, "dev-42")),
        ("dev-42", {}, (None, "dev-42")),
        ("chat-7", {"user_api_key_end_user_id": "dev-42"}, ("chat-7", "dev-42")),
        ("chat-7", {"user_api_key_hash": "h"}, ("chat-7", None)),
        ("", {"requester_metadata": {"session_id": "sess-tool"}}, ("sess-tool", None)),
        (
            "dev-42",
            {
                "user_api_key_end_user_id": "dev-42",
                "requester_metadata": '{"session_id": "sess-gpt-1"}',
            },
            ("sess-gpt-1", "dev-42"),
        ),
    ],
)
def test_the_proxy_writes_the_end_user_where_a_session_belongs(
    session: str, metadata: dict[str, Any], expected: tuple[str | None, str | None]
) -> None:
    record = FRAME | {"attributes.session.id": session, "attributes.metadata": metadata}
    trace = call(record)
    assert (trace.session_id, trace.developer_id) == expected


def test_a_session_of_another_emitter_is_one() -> None:
    record = {
        k: v for k, v in FRAME.items() if k not in ("attributes.litellm", "attributes.metadata")
    }
    record |= {"name": "llm", "attributes.session.id": "s-9", "attributes.user.id": "ada"}
    trace = call(record)
    assert (trace.session_id, trace.session_source) == ("s-9", "explicit")
    assert (trace.developer_id, trace.trace_id, trace.call_group) == ("ada", TRACE, OWN)


def test_times_cut_to_milliseconds_need_the_proxys_id_to_make_two_failures_one() -> None:
    failed = FRAME | {
        "status_code": "ERROR",
        "attributes.llm": None,
        "attributes.error.type": "BadRequestError",
        "attributes.llm.token_count.completion": None,
        "attributes.llm.token_count.total": None,
    }
    start = "span_failure:1795372172155000:claude-sonnet-4-5-20250929:BadRequestError"
    assert call(failed).native_key == f"{start}:{SESSION}"
    assert call(failed | {"attributes.litellm": None}).native_key == start


def test_ids_of_other_tracers_stay_as_they_are() -> None:
    trace = call(FRAME | {"context.span_id": "span-1", "context.trace_id": "trace-1"})
    assert trace.other_keys == ("span:trace-1/span-1",)


def test_tags_are_kept_by_an_allow_list() -> None:
    trace = call(FRAME | {"attributes.tag.tags": ["repo:github.com/acme/widgets", "secret:1"]})
    assert (trace.repo_slug, trace.tags) == ("acme/widgets", ("repo:acme/widgets",))


@pytest.mark.parametrize(
    "parameters", ['{"max_tokens": 1}', {"max_tokens": 1}, '{"max_completion_tokens": 1}']
)
def test_a_request_for_one_token_is_marked(parameters: object) -> None:
    trace = call(FRAME | {"attributes.llm.invocation_parameters": parameters})
    assert trace.tags == ("max_tokens:1",)


def test_tags_that_tell_the_kind_of_traffic_are_kept() -> None:
    tags = ["traffic:evaluation", "secret:1", "litellm-internal-health-check"]
    trace = call(FRAME | {"attributes.tag.tags": tags})
    assert trace.tags == ("litellm-internal-health-check", "traffic:evaluation")
