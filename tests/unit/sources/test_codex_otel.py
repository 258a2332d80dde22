"""Codex's OpenTelemetry events: responses are calls, requests only when they fail, decisions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.schemas import (
    CanonicalTrace,
    DecidedBy,
    Decision,
    Reject,
    RejectReason,
    Skipped,
    Suggestion,
)
from prodlens.trace_normalizer import detect, read_records

if TYPE_CHECKING:
    from prodlens.schemas import Outcome

NOW = datetime(2026, 11, 23, tzinfo=UTC)
THREAD = "01a2048d-076f-7610-ba85-c4e5c22958cc"
RESPONSE = {
    "event.kind": "response.completed",
    "input_token_count": "8120",  # as Codex writes them: numbers as text
    "output_token_count": "210",
    "cached_token_count": 6400,
    "reasoning_token_count": 64,
    "tool_token_count": "8330",
}


def value(plain: object) -> dict[str, Any]:
    if isinstance(plain, bool):
        return {"boolValue": plain}
    return {"intValue": plain} if isinstance(plain, int) else {"stringValue": plain}


def export(name: str, **attributes: object) -> dict[str, Any]:
    """Return an OTLP record with one event of Codex."""
    held = {
        "event.name": f"codex.{name}",
        "event.timestamp": "2026-11-22T18:38:01.281Z",
        "conversation.id": THREAD,
        "model": "gpt-5-codex",
        "user.account_id": "acc-1",
        **attributes,
    }
    log = {
        "timeUnixNano": "1795372681281000000",
        "attributes": [{"key": key, "value": value(one)} for key, one in held.items()],
    }
    resource = [{"key": "repo", "value": {"stringValue": "acme/widgets"}}]
    return {
        "resourceLogs": [
            {"resource": {"attributes": resource}, "scopeLogs": [{"logRecords": [log]}]}
        ]
    }


def read(name: str, **attributes: object) -> Outcome:
    record = export(name, **attributes)
    assert detect(record) == "otlp"
    (outcome,) = read_records([record], now=NOW)
    return outcome


def call(name: str, **attributes: object) -> CanonicalTrace:
    outcome = read(name, **attributes)
    assert isinstance(outcome, CanonicalTrace)
    return outcome


def test_a_completed_response_is_a_call() -> None:
    found = call("sse_event", **RESPONSE)
    assert (found.tokens_in, found.tokens_out, found.total_tokens) == (8120, 210, 8330)
    assert (found.cache_read_tokens, found.reasoning_tokens) == (6400, 64)
    assert (found.session_id, found.session_source) == (THREAD, "explicit")
    assert (found.model, found.status_code, found.source) == ("gpt-5-codex", 200, "codex_otel")
    assert found.timestamp == datetime(2026, 11, 22, 18, 38, 1, 281000, tzinfo=UTC)
    assert found.latency_ms is None
    assert (found.developer_id, found.developer_source) == ("acc-1", "derived")
    assert (found.repo_slug, found.repo_source) == ("acme/widgets", "explicit")
    assert found.scopes == (f"codex_thread:{THREAD}",)


def test_an_input_that_is_not_named_stays_unknown() -> None:
    found = call("sse_event", **{k: v for k, v in RESPONSE.items() if k != "input_token_count"})
    assert (found.tokens_in, found.tokens_out, found.cache_read_tokens) == (None, 210, 6400)


def test_the_same_event_has_the_same_key_and_another_one_another() -> None:
    key = call("sse_event", **RESPONSE).native_key
    assert call("sse_event", **RESPONSE).native_key == key
    later = {"event.timestamp": "2026-11-22T18:38:01.300Z"}
    assert call("sse_event", **RESPONSE | later).native_key != key


def test_an_address_names_the_person_better_than_an_account() -> None:
    found = call("sse_event", **RESPONSE, **{"user.email": "ada@example.com"})
    assert (found.developer_id, found.developer_source) == ("ada@example.com", "explicit")


@pytest.mark.parametrize(
    ("mode", "subscription"), [("Chatgpt", True), ("ApiKey", False), ("else", None)]
)
def test_the_way_of_signing_in_says_who_pays(mode: str, subscription: bool | None) -> None:
    assert call("sse_event", **RESPONSE, auth_mode=mode).subscription is subscription


def test_other_parts_of_a_stream_are_no_calls() -> None:
    part = {"event.kind": "response.output_item.done", "duration_ms": "3"}
    assert read("sse_event", **part) == Skipped("Codex event sse_event")


def test_a_stream_that_failed_is_a_call_without_tokens() -> None:
    failed = {"event.kind": "response.completed", "error.message": "private text"}
    found = call("sse_event", **failed)
    assert (found.error_type, found.status_code) == ("response.failed", None)
    assert (found.tokens_in, found.tokens_out) == (None, None)
    assert "private" not in repr(found)


def test_a_request_that_succeeded_is_told_by_its_response() -> None:
    done = {"http.response.status_code": 200, "duration_ms": "120", "attempt": 0}
    assert read("api_request", **done) == Skipped("Codex event api_request")


def test_a_request_that_failed_began_its_duration_earlier() -> None:
    failed = {
        "http.response.status_code": 429,
        "duration_ms": "281",
        "attempt": 1,
        "error.message": "private text",
        "endpoint": "/responses",
        "auth.request_id": "req_123",
    }
    found = call("api_request", **failed)
    assert (found.status_code, found.error_type, found.latency_ms) == (429, None, 281.0)
    assert found.timestamp == datetime(2026, 11, 22, 18, 38, 1, tzinfo=UTC)
    assert found.tags == ("attempt:2",)
    assert found.other_keys == ("request:req_123",)
    assert "private" not in repr(found)


def test_a_request_for_the_list_of_models_is_no_call() -> None:
    failed = {"http.response.status_code": 500, "endpoint": "/models"}
    assert read("api_request", **failed) == Skipped("Codex event api_request")


@pytest.mark.parametrize(
    ("said", "source", "decision", "decided_by"),
    [
        ("approved", "User", Decision.ACCEPT, DecidedBy.USER),
        ("approved_for_session", "User", Decision.ACCEPT, DecidedBy.USER),
        ("approved", "Config", Decision.ACCEPT, DecidedBy.AUTO),
        ("approved", "AutomatedReviewer", Decision.ACCEPT, DecidedBy.AUTO),
        ("denied", "User", Decision.REJECT, DecidedBy.USER),
        ("abort", "User", Decision.REJECT, DecidedBy.USER),
        ("denied", "Config", Decision.DENIED_BY_POLICY, DecidedBy.POLICY),
    ],
)
def test_a_decision_about_a_patch_names_who_decided(
    said: str, source: str, decision: Decision, decided_by: DecidedBy
) -> None:
    found = read(
        "tool_decision", tool_name="apply_patch", call_id="call_1", decision=said, source=source
    )
    assert isinstance(found, Suggestion)
    assert (found.key, found.decision_source) == ("tool:call_1", "event")
    assert (found.decision, found.decided_by) == (decision, decided_by)
    assert found.applied_lines == (None if decision is Decision.ACCEPT else 0)
    assert found.session_id == THREAD


@pytest.mark.parametrize("tool", ["exec_command", "shell"])
def test_a_decision_about_a_command_counts_only_where_the_rollout_shows_a_patch(tool: str) -> None:
    found = read(
        "tool_decision", tool_name=tool, call_id="call_1", decision="approved", source="User"
    )
    assert isinstance(found, Suggestion)
    assert (found.key, found.tool, found.is_edit) == ("tool:call_1", None, False)
    assert (found.decision, found.decided_by) == (Decision.ACCEPT, DecidedBy.USER)


@pytest.mark.parametrize(
    "more",
    [
        {"tool_name": "web_search", "decision": "approved"},
        {"tool_name": "apply_patch", "decision": "something new"},
    ],
)
def test_other_decisions_are_no_edits(more: dict[str, object]) -> None:
    found = read("tool_decision", call_id="call_1", source="User", **more)
    assert found == Skipped("Codex event tool_decision")


def test_a_response_without_counts_is_set_aside() -> None:
    reject = read("sse_event", **{"event.kind": "response.completed"})
    assert isinstance(reject, Reject)
    assert reject.reason is RejectReason.NO_USAGE
    assert reject.scalars["conversation.id"] == THREAD


def test_other_events_are_named() -> None:
    assert read("user_prompt", prompt="private") == Skipped("Codex event user_prompt")
