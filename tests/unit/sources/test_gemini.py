"""Gemini CLI's chat files and telemetry: calls, failures, edits, and what is one call told twice."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.schemas import (
    CanonicalTrace,
    ContextFact,
    DecidedBy,
    Decision,
    Fact,
    Reject,
    RejectReason,
    Skipped,
    Suggestion,
)
from prodlens.sources import gemini_telemetry
from prodlens.sources.otlp import LogRecord
from prodlens.trace_normalizer import detect, read_records

if TYPE_CHECKING:
    from prodlens.schemas import Outcome

DATA = Path(__file__).parents[2] / "data" / "gemini"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
SESSION = "25521225-401b-48d9-b79c-84e85dcd4b42"
HEADER = {"sessionId": SESSION, "projectHash": "d4fb", "startTime": "2026-11-22T18:38:42.617Z"}
TOKENS = {"input": 9000, "output": 150, "cached": 4096, "thoughts": 100, "tool": 0, "total": 9250}


def message(**more: Any) -> dict[str, Any]:
    return {
        "id": "m-1",
        "timestamp": "2026-11-22T18:38:43.171Z",
        "type": "gemini",
        "content": "private answer",
        "tokens": TOKENS,
        "model": "gemini-2.5-pro",
    } | more


def event(name: str, **attributes: Any) -> dict[str, Any]:
    """Return a log record as the telemetry's outfile holds it."""
    return {
        "hrTime": [1795372723, 171000000],
        "resource": {"_rawAttributes": [["service.name", "gemini-cli"]]},
        "attributes": {
            "session.id": SESSION,
            "event.name": f"gemini_cli.{name}",
            "event.timestamp": "2026-11-22T18:38:43.171Z",
            "prompt_id": "p-1",
            **attributes,
        },
    }


def response(**more: Any) -> dict[str, Any]:
    return event(
        "api_response",
        **{
            "model": "gemini-2.5-pro",
            "duration_ms": 171,
            "input_token_count": 9000,
            "output_token_count": 150,
            "cached_content_token_count": 4096,
            "thoughts_token_count": 100,
            "tool_token_count": 0,
            "total_token_count": 9250,
            "status_code": 200,
        }
        | more,
    )


def read(*records: dict[str, Any]) -> list[Outcome]:
    return list(read_records(records, now=NOW, state={}))


def calls(*records: dict[str, Any]) -> list[CanonicalTrace]:
    return [one for one in read(*records) if isinstance(one, CanonicalTrace)]


def edits(*records: dict[str, Any]) -> list[Suggestion]:
    return [one for one in read(*records) if isinstance(one, Suggestion)]


def chat() -> list[dict[str, Any]]:
    (path,) = DATA.glob("session-*.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def outfile() -> list[dict[str, Any]]:
    text, decoder, found = (DATA / "telemetry.log").read_text(encoding="utf-8"), None, []
    decoder = json.JSONDecoder()
    while text.strip():
        record, end = decoder.raw_decode(text)
        found.append(record)
        text = text[end:].lstrip()
    return found


# Chat files ---------------------------------------------------------------------------------


def test_a_real_chat_has_three_calls_two_of_them_written_twice() -> None:
    found = calls(*chat())
    by_key = {one.native_key: one for one in found}
    assert (len(found), len(by_key)) == (5, 3)
    assert sum(one.tokens_in or 0 for one in by_key.values()) == 27000
    assert sum(one.tokens_out or 0 for one in by_key.values()) == 750
    assert sum(one.cache_read_tokens or 0 for one in by_key.values()) == 12288


def test_every_record_of_a_real_chat_is_read_or_named() -> None:
    found = read(*chat())
    assert not [one for one in found if isinstance(one, Reject)]
    assert {one.kind for one in found if isinstance(one, Skipped)} == {
        "Gemini CLI session",
        "Gemini CLI update",
        "Gemini CLI user message",
    }


def test_a_call_of_a_chat_belongs_to_the_session_of_its_header() -> None:
    (call,) = calls(HEADER | {"kind": "main"}, message())
    assert call.session_id == SESSION
    assert call.session_source == "explicit"
    assert call.native_key == "gemini_message:m-1"
    assert call.timestamp == datetime(2026, 11, 22, 18, 38, 43, 171000, tzinfo=UTC)
    assert (call.tokens_in, call.tokens_out, call.total_tokens) == (9000, 250, 9250)
    assert (call.reasoning_tokens, call.tokens_basis) == (100, "inclusive")
    assert (call.model, call.status_code, call.latency_ms) == ("gemini-2.5-pro", 200, None)
    assert call.is_subagent is False
    assert calls(HEADER | {"kind": "subagent"}, message())[0].is_subagent is True


def test_a_message_without_its_header_has_no_session() -> None:
    assert calls(message())[0].session_id is None


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ({"input": 100, "output": 20, "thoughts": 5, "total": 125}, (100, 25, 125)),
        ({"input": 100, "output": 20, "thoughts": 5, "total": 120}, (100, 20, 120)),
        ({"input": 100, "output": 20, "tool": 7, "total": 127}, (107, 20, 127)),
        ({"input": 100, "output": 20, "tool": 7, "thoughts": 5, "total": 132}, (107, 25, 132)),
        ({"input": 100, "output": 20, "tool": 7, "total": 120}, (100, 20, 120)),
        ({"input": 100, "output": 20, "cached": 300}, (400, 20, 420)),
        ({"output": 20, "cached": 300}, (None, 20, 20)),
        ({"total": 120}, (120, 0, 120)),
    ],
)
def test_the_total_says_what_stands_beside_prompt_and_answer(
    tokens: dict[str, int], expected: tuple[int | None, int, int]
) -> None:
    (call,) = calls(message(tokens=tokens))
    assert (call.tokens_in, call.tokens_out, call.total_tokens) == expected


def test_a_message_without_tokens_is_no_call() -> None:
    assert read(message(tokens=None)) == [Skipped("Gemini CLI message without tokens")]


def test_older_versions_wrote_one_object_with_all_messages() -> None:
    whole = HEADER | {"messages": [{"id": "u", "type": "user"}, message(), message(id="m-2")]}
    assert [one.native_key for one in calls(whole)] == ["gemini_message:m-1", "gemini_message:m-2"]
    assert {one.session_id for one in calls(whole)} == {SESSION}


def test_a_message_with_a_broken_count_is_set_aside() -> None:
    (reject,) = read(message(tokens={"input": -1, "output": 2}))
    assert isinstance(reject, Reject)
    assert (reject.reason, reject.field) == (RejectReason.BAD_NUMBER, "input")
    assert reject.scalars == {
        "id": "m-1",
        "model": "gemini-2.5-pro",
        "timestamp": "2026-11-22T18:38:43.171Z",
    }


# Edits of chat files ------------------------------------------------------------------------

DIFF = "Index: a.py\n--- a.py\n+++ a.py\n@@ -1,1 +1,2 @@\n-old line\n+new line\n+other line\n"
STAT = {
    "model_added_lines": 2,
    "model_removed_lines": 1,
    "user_added_lines": 0,
    "user_removed_lines": 0,
}


def tool_call(**more: Any) -> dict[str, Any]:
    return {
        "id": "replace__1",
        "name": "replace",
        "args": {
            "file_path": "/w/a.py",
            "old_string": "old line",
            "new_string": "new line\nother line",
        },
        "status": "success",
        "resultDisplay": {"fileDiff": DIFF, "diffStat": STAT},
    } | more


def test_a_real_edit_names_the_call_that_proposed_it() -> None:
    (edit,) = edits(*chat())
    assert edit.key == "gemini_edit:d021806fdcecad227dc6332132563085"
    assert edit.call_key == "gemini_message:c708fe04-a4d9-4d3b-a9fa-e33ac83f863e"
    assert (edit.tool, edit.language, edit.proposed_lines) == ("replace", "python", 2)
    assert (edit.decision, edit.decided_by) == (Decision.ACCEPT, None)
    assert (edit.applied_lines, edit.diff_ratio, edit.user_modified) == (2, 1.0, False)
    assert len(edit.line_digests) == 2


def test_both_files_know_an_edit_under_one_key() -> None:
    assert {edit.key for edit in edits(*chat())} == {edit.key for edit in edits(*outfile())}


@pytest.mark.parametrize(
    "more",
    [
        {"name": "edit"},
        {"args": {"file_path": "/w/b.py", "old_string": "old line", "new_string": "new line"}},
        {"args": {"file_path": "/w/a.py", "old_string": "old line", "new_string": "a new line"}},
        {"args": {"file_path": "/w/a.py", "old_string": "one line", "new_string": "new line"}},
        {"args": {"file_path": "/w/a.py", "old_string": "old line", "new_string": "new line\n}"}},
    ],
)
def test_another_edit_has_another_key(more: dict[str, Any]) -> None:
    same = {"file_path": "/w/a.py", "old_string": "old line", "new_string": "new line"}
    first, other = edits(HEADER, message(toolCalls=[tool_call(args=same), tool_call(**more)]))
    assert first.key.startswith("gemini_edit:")
    assert other.key.startswith("gemini_edit:")
    assert first.key != other.key


def test_the_same_edit_in_another_session_has_another_key() -> None:
    first, other = (
        edits(header, message(toolCalls=[tool_call()]))[0]
        for header in (HEADER, HEADER | {"sessionId": "another"})
    )
    assert first.key != other.key


@pytest.mark.parametrize("args", [None, "x", {"new_string": "new line"}, {"file_path": "/w/a.py"}])
def test_an_edit_whose_arguments_tell_too_little_goes_by_its_own_id(args: object) -> None:
    (edit,) = edits(HEADER, message(toolCalls=[tool_call(args=args)]))
    assert edit.key == f"tool:{tool_call()['id']}"


def test_nothing_of_code_or_prompts_comes_out() -> None:
    told = repr([*read(*chat()), *read(*outfile())])
    for secret in ("PRIVATE", "greet", "hello.py", "helo", "/home/dev", "TASK-GM", "Done"):
        assert secret not in told


@pytest.mark.parametrize(
    ("status", "decision", "applied"),
    [
        ("success", Decision.ACCEPT, 2),
        ("cancelled", Decision.REJECT, 0),
        ("error", Decision.ERROR, 0),
        ("awaiting_approval", None, None),
    ],
)
def test_the_status_of_a_tool_call_is_its_outcome(
    status: str, decision: Decision | None, applied: int | None
) -> None:
    (edit,) = edits(message(toolCalls=[tool_call(status=status)]))
    assert (edit.decision, edit.applied_lines) == (decision, applied)


def test_a_cancelled_edit_has_no_diff_and_still_counts_what_it_proposed() -> None:
    (edit,) = edits(message(toolCalls=[tool_call(status="cancelled", resultDisplay=None)]))
    assert (edit.proposed_lines, edit.applied_lines, edit.diff_ratio) == (2, 0, None)
    assert len(edit.line_digests) == 2


def test_what_a_person_changed_is_no_longer_the_models() -> None:
    changed = STAT | {"user_added_lines": 1, "user_removed_lines": 1}
    display = {"fileDiff": DIFF + "+third line\n", "diffStat": changed}
    (edit,) = edits(message(toolCalls=[tool_call(resultDisplay=display)]))
    assert edit.user_modified is True
    assert edit.diff_ratio == pytest.approx(1 / 3)
    assert (edit.proposed_lines, edit.applied_lines) == (2, 3)


def test_other_tools_are_no_edits() -> None:
    assert edits(message(toolCalls=[tool_call(name="read_file"), "x", None])) == []


# Telemetry ----------------------------------------------------------------------------------


def test_a_telemetry_file_tells_each_call_once() -> None:
    found = read(*outfile())
    told = [one for one in found if isinstance(one, CanonicalTrace)]
    assert len(told) == 3
    assert sum(one.tokens_in or 0 for one in told) == 27000
    assert sum(one.tokens_out or 0 for one in told) == 750
    assert not [one for one in found if isinstance(one, Reject)]
    assert {one.kind for one in found if isinstance(one, Skipped)} == {
        "Gemini CLI api_request",
        "Gemini CLI file_operation",
        "Gemini CLI gen_ai.client.inference.operation.details",
        "Gemini CLI metrics",
        "Gemini CLI span",
        "Gemini CLI tool_call",
        "Gemini CLI user_prompt",
    }


def test_a_response_began_its_duration_before_it_was_told() -> None:
    (call,) = calls(
        response(**{"user.email": "dev@example.com", "auth_type": "vertex-ai", "role": "main"})
    )
    assert call.timestamp == datetime(2026, 11, 22, 18, 38, 43, tzinfo=UTC)
    assert call.latency_ms == 171.0
    assert (call.tokens_in, call.tokens_out) == (9000, 250)
    assert (call.session_id, call.developer_id) == (SESSION, "dev@example.com")
    assert call.developer_source == "explicit"
    assert (call.provider, call.subscription) == ("vertex_ai", False)
    assert (call.query_source, call.is_subagent) == ("main", False)
    assert call.source == "gemini_otel"


def test_an_installation_stands_for_a_person_only_where_no_address_is_known() -> None:
    (call,) = calls(response(**{"installation.id": "5d1f", "role": "subagent"}))
    assert (call.developer_id, call.developer_source) == ("5d1f", "derived")
    assert call.is_subagent is True


def test_signing_in_with_an_account_is_no_payment_per_token() -> None:
    assert calls(response(auth_type="oauth-personal"))[0].subscription is True
    assert calls(response(auth_type="else"))[0].subscription is None


def test_an_error_is_a_call_without_tokens() -> None:
    (call,) = calls(
        event(
            "api_error",
            model="gemini-2.5-pro",
            error="private text",
            status_code=429,
            duration_ms=20,
            **{"error.type": "RateLimitError"},
        )
    )
    assert (call.status_code, call.error_type) == (429, "RateLimitError")
    assert (call.tokens_in, call.tokens_out) == (None, None)
    assert call.latency_ms == 20.0


def test_an_error_that_names_nothing_is_still_one() -> None:
    (call,) = calls(event("api_error", model="m", error="private text"))
    assert (call.status_code, call.error_type) == (None, "error")


ARGUMENTS = json.dumps({"file_path": "/w/a.py", "old_string": "a", "new_string": "new line\nb"})


def decision(**more: Any) -> dict[str, Any]:
    return event(
        "tool_call",
        **{
            "function_name": "replace",
            "function_args": ARGUMENTS,
            "success": True,
            "decision": "accept",
            "metadata": STAT,
        }
        | more,
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, (Decision.ACCEPT, DecidedBy.USER, "event", 2)),
        ({"decision": "auto_accept"}, (Decision.ACCEPT, DecidedBy.AUTO, "event", 2)),
        (
            {"decision": "reject", "success": False, "metadata": None},
            (Decision.REJECT, DecidedBy.USER, "event", 0),
        ),
        (
            {"success": False, "metadata": None},
            (Decision.ERROR, DecidedBy.USER, "event", 0),
        ),
        (
            {"decision": None, "success": False, "error_type": "policy_violation"},
            (Decision.DENIED_BY_POLICY, DecidedBy.POLICY, "result", 0),
        ),
        ({"decision": None}, (Decision.ACCEPT, None, "result", 2)),
    ],
)
def test_a_tool_call_says_what_became_of_an_edit_and_who_decided(
    more: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    (edit,) = edits(decision(**more))
    assert (edit.decision, edit.decided_by, edit.decision_source, edit.applied_lines) == expected
    assert edit.proposed_lines == 2


def test_an_edit_that_was_modified_counts_the_persons_part() -> None:
    added = STAT | {"user_added_lines": 1}
    (edit,) = edits(decision(decision="modify", metadata=added))
    assert (edit.decision, edit.decided_by) == (Decision.ACCEPT, DecidedBy.USER)
    assert (edit.user_modified, edit.applied_lines) == (True, 3)
    assert edit.diff_ratio == pytest.approx(2 / 3)
    removed = STAT | {"user_removed_lines": 1}
    assert edits(decision(decision="modify", metadata=removed))[0].applied_lines is None


def test_an_edit_belongs_to_the_last_call_of_its_prompt() -> None:
    told = read(response(), decision(), decision(prompt_id="another"))
    (call,) = [one for one in told if isinstance(one, CanonicalTrace)]
    first, second = [one for one in told if isinstance(one, Suggestion)]
    assert first.call_key == call.native_key
    assert second.call_key is None


@pytest.mark.parametrize(
    ("mode", "value"),
    [("default", "ask"), ("auto_edit", "auto"), ("yolo", "auto"), ("autoEdit", "auto")],
)
def test_the_approval_mode_holds_for_the_session(mode: str, value: str) -> None:
    fact = ContextFact(f"gemini_session:{SESSION}", Fact.PERMISSION_MODE, value, "gemini_otel")
    assert read(event("config", approval_mode=mode)) == [fact]
    assert read(event("config", approval_mode="plan")) == [Skipped("Gemini CLI config")]


def test_an_event_of_an_otlp_export_is_read_alike() -> None:
    record = response()
    log = LogRecord(
        event_name="gemini_cli.api_response",
        time=datetime(2026, 11, 22, 18, 38, 43, 171000, tzinfo=UTC),
        observed_time=None,
        attributes=record["attributes"],
        resource={"service.name": "gemini-cli"},
    )
    assert gemini_telemetry.owns_log(log)
    assert list(gemini_telemetry.read_log(log, now=NOW)) == read(record)


def test_spans_of_an_otlp_export_are_no_second_view_of_a_call() -> None:
    attributes = [{"key": "gen_ai.usage.input_tokens", "value": {"intValue": 9000}}]
    span = {"name": "llm_call", "traceId": "6b" * 16, "spanId": "1a" * 8, "attributes": attributes}
    named = [{"key": "service.name", "value": {"stringValue": "gemini-cli"}}]
    resource = {"resource": {"attributes": named}, "scopeSpans": [{"spans": [span]}]}
    assert read({"resourceSpans": [resource]}) == [Skipped("Gemini CLI span")]


# Detection ----------------------------------------------------------------------------------


def test_both_files_are_recognised() -> None:
    assert {detect(one) for one in [*chat(), *outfile()]} == {"gemini"}


def test_other_programs_that_use_the_same_exporter_are_not() -> None:
    other = copy.deepcopy(response())
    other["resource"] = {"_rawAttributes": [["service.name", "copilot-chat"]]}
    other["attributes"]["event.name"] = "copilot_chat.tool.call"
    assert detect(other) != "gemini"


@pytest.mark.parametrize(
    "record",
    [
        {"id": "1", "type": "user", "content": "x", "uuid": "u", "sessionId": "s"},
        {"type": "user", "content": "x"},
        {"id": "1", "type": "gemini"},
    ],
)
def test_messages_of_other_tools_are_not_taken(record: dict[str, Any]) -> None:
    assert detect(record) != "gemini"
