"""GitHub Copilot's file of spans and events: four views of a call, one call."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.schemas import CanonicalTrace, Skipped
from prodlens.sources import copilot_otel
from prodlens.trace_normalizer import detect, read_records

if TYPE_CHECKING:
    from prodlens.schemas import Outcome

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TRACE, CHAT, AGENT = "a" * 32, "b" * 16, "c" * 16
SCOPE = {"name": "copilot-chat", "version": "0.51.0"}
RESOURCE = {"_rawAttributes": [["service.name", "copilot-chat"], ["session.id", "window-1"], [3]]}
USAGE = {
    "gen_ai.request.model": "gpt-5",
    "gen_ai.response.model": "gpt-5-2025-08-07",
    "gen_ai.usage.input_tokens": 22266,
    "gen_ai.usage.output_tokens": 233,
}
ANSWER = {"gen_ai.response.id": "response-1"}


def chat(**attributes: Any) -> dict[str, Any]:
    return {
        "type": "span",
        "resource": RESOURCE,
        "instrumentationScope": SCOPE,
        "traceId": TRACE,
        "spanId": CHAT,
        "parentSpanId": AGENT,
        "name": "chat gpt-5",
        "kind": 2,
        "startTime": [1795372172, 5000],
        "endTime": [1795372173, 255000],
        "status": {"code": 0},
        "events": [],
        "attributes": {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "github",
            "gen_ai.conversation.id": "conv-1",
            "gen_ai.usage.cache_read.input_tokens": 20000,
            **USAGE,
            **attributes,
        },
    }


def agent() -> dict[str, Any]:
    attributes = {"gen_ai.operation.name": "invoke_agent", **USAGE, **ANSWER}
    return chat() | {
        "spanId": AGENT,
        "parentSpanId": None,
        "name": "invoke_agent GitHub Copilot Chat",
        "attributes": attributes,
    }


def event(name: str, body: str, **attributes: Any) -> dict[str, Any]:
    return {
        "resource": RESOURCE,
        "instrumentationScope": SCOPE,
        "spanContext": {"traceId": TRACE, "spanId": AGENT, "traceFlags": 1},
        "hrTime": [1795372173, 672000000],
        "_body": body,
        "attributes": {"event.name": name, **attributes},
    }


def inference(**attributes: Any) -> dict[str, Any]:
    name = "gen_ai.client.inference.operation.details"
    return event(name, "GenAI inference: gpt-5", **(USAGE | attributes))


def turn() -> dict[str, Any]:
    return event("copilot_chat.agent.turn", "copilot_chat.agent.turn: 0", **USAGE)


def outcomes(*records: dict[str, Any]) -> list[Outcome]:
    assert {detect(record) for record in records} == {"otlp"}
    return list(read_records(records, now=NOW))


def counted(*records: dict[str, Any]) -> list[CanonicalTrace]:
    """Return the calls that nothing shadows."""
    calls = [o for o in outcomes(*records) if isinstance(o, CanonicalTrace)]
    shadowed = {key for trace in calls for key in trace.shadows}
    return [t for t in calls if not shadowed & {t.native_key, *t.other_keys}]


def test_a_chat_span_is_a_call() -> None:
    (trace,) = counted(chat(**ANSWER))
    assert (trace.model, trace.provider) == ("gpt-5-2025-08-07", "github_copilot")
    assert (trace.tokens_in, trace.tokens_out, trace.cache_read_tokens) == (22266, 233, 20000)
    assert (trace.session_id, trace.subscription, trace.latency_ms) == ("conv-1", True, 1000.25)
    assert trace.timestamp == datetime(2026, 11, 22, 18, 29, 32, 5, tzinfo=UTC)
    assert trace.native_key == f"span:{TRACE}/{CHAT}"


@pytest.mark.parametrize("answer", [{}, ANSWER], ids=["no id", "id"])
def test_four_views_of_a_call_are_one(answer: dict[str, Any]) -> None:
    views = [chat(**ANSWER), agent(), inference(**answer), turn()]
    for records in (views, views[::-1]):
        (trace,) = counted(*records)
        assert trace.span_id == CHAT


def test_where_spans_were_written_empty_the_event_is_the_call() -> None:
    (trace,) = counted(inference(**ANSWER), turn())
    assert trace.native_key == "inference_event:response-1"
    assert (trace.tokens_in, trace.tokens_out, trace.latency_ms) == (22266, 233, None)
    assert (trace.session_id, trace.provider) == ("window-1", "github_copilot")
    assert trace.timestamp == datetime(2026, 11, 22, 18, 29, 33, 672000, tzinfo=UTC)


def test_events_of_other_calls_of_the_trace_count_beside_a_span() -> None:
    other = inference(**{"gen_ai.response.id": "response-2", "gen_ai.usage.output_tokens": 9})
    assert len(counted(chat(**ANSWER), inference(**ANSWER), other)) == 2


def test_sums_and_everything_else_are_skipped_by_name() -> None:
    found = outcomes(agent(), turn(), event("copilot_chat.tool.call", "x"), metrics())
    assert [o.kind for o in found if isinstance(o, Skipped)] == [
        "agent span (sums up its calls)",
        "GitHub Copilot event",
        "GitHub Copilot event",
        "OTLP metrics",
    ]


def metrics() -> dict[str, Any]:
    return {"resource": RESOURCE, "scopeMetrics": [{"metrics": []}]}


def test_events_of_an_otlp_export_are_read_alike() -> None:
    values = [{"key": key, "value": value_of(value)} for key, value in {**USAGE, **ANSWER}.items()]
    log = {
        "timeUnixNano": "1795372173672000000",
        "traceId": TRACE,
        "eventName": "gen_ai.client.inference.operation.details",
        "attributes": values,
    }
    record = {"resourceLogs": [{"scopeLogs": [{"scope": SCOPE, "logRecords": [log, turned()]}]}]}
    (trace,) = counted(record)
    assert (trace.native_key, trace.tokens_in) == ("inference_event:response-1", 22266)


def turned() -> dict[str, Any]:
    return {"eventName": "copilot_chat.agent.turn"}


def value_of(value: object) -> dict[str, Any]:
    return {"intValue": value} if isinstance(value, int) else {"stringValue": value}


@pytest.mark.parametrize(
    "record",
    [
        {"name": "x", "traceId": TRACE},
        {"attributes": {"event.name": "gemini_cli.api_response"}, "hrTime": [1, 2]},
        {"attributes": {"event.name": "gen_ai.client.inference.operation.details"}},
        {"attributes": 3, "name": "x", "traceId": TRACE, "startTime": [1, 2]},
        {"scopeMetrics": [], "resource": {}},
        {},
    ],
)
def test_records_of_others_are_not_taken(record: dict[str, Any]) -> None:
    assert not copilot_otel.matches(record)


def test_an_event_without_a_usable_time_is_set_aside() -> None:
    found = outcomes(inference(**ANSWER) | {"hrTime": None})
    assert [type(o).__name__ for o in found] == ["ContextFact", "Reject"]
