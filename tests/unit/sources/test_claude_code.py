"""Claude Code's transcripts: lines of real sessions, and the traps of forks, copies and versions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.schemas import (
    CanonicalTrace,
    ContextFact,
    Fact,
    LinkKind,
    Reject,
    RejectReason,
    SessionLink,
    Skipped,
)
from prodlens.sources import claude_code, litellm
from prodlens.trace_normalizer import detect, read_records

if TYPE_CHECKING:
    from prodlens.schemas import (
        Outcome,
    )

FOLDER = Path(__file__).parents[2] / "data" / "claude_code_transcripts" / "-home-dev-widgets"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
ORIGINAL = "15cbcc8a-6ad5-4b20-8744-f04ed5876e14"
FORK = "8ccc7522-3b0a-4c42-9bac-f36385782dfd"
AGENTS = "2cb900a1-5bec-414b-a5e8-38766e90a7c8"
USAGE = {
    "input_tokens": 12,
    "cache_creation_input_tokens": 2048,
    "cache_read_input_tokens": 15360,
    "output_tokens": 87,
    "cache_creation": {"ephemeral_1h_input_tokens": 1024, "ephemeral_5m_input_tokens": 1024},
}


def answer(message: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return the line of an answer; parts of its message and fields may be changed."""
    return {
        "parentUuid": "u-0",
        "isSidechain": False,
        "message": {
            "id": "msg_01abc",
            "type": "message",
            "role": "assistant",
            "model": "claude-sonnet-4-5-20250929",
            "content": [{"type": "text", "text": "A secret answer."}],
            "stop_reason": "end_turn",
            "usage": USAGE,
            **(message or {}),
        },
        "requestId": "req_01abc",
        "type": "assistant",
        "uuid": "u-1",
        "timestamp": "2026-11-22T18:35:32.518Z",
        "userType": "external",
        "entrypoint": "cli",
        "cwd": "/home/dev/widgets",
        "sessionId": "s-1",
        "version": "2.1.197",
        "gitBranch": "main",
        **changes,
    }


def user(**changes: Any) -> dict[str, Any]:
    return {
        "type": "user",
        "uuid": "u-2",
        "timestamp": "2026-11-22T18:35:33.000Z",
        "sessionId": "s-1",
        "promptId": "p-1",
        "entrypoint": "cli",
        "message": {"role": "user", "content": "A secret prompt."},
        **changes,
    }


def queued(at: str, session: str = "s-1") -> dict[str, Any]:
    return {
        "type": "queue-operation",
        "operation": "enqueue",
        "timestamp": at,
        "content": "x",
        "sessionId": session,
    }


def outcomes(*records: dict[str, Any]) -> list[Outcome]:
    """Return what the lines of one file give."""
    found: list[Outcome] = []
    for record in records:
        found += claude_code.read(record, now=NOW)
    return found


def call(record: dict[str, Any]) -> CanonicalTrace:
    (found,) = outcomes(record)
    assert isinstance(found, CanonicalTrace)
    return found


def reject(record: dict[str, Any]) -> Reject:
    (found,) = outcomes(record)
    assert isinstance(found, Reject)
    return found


def lines_of(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text().splitlines()]


def captured() -> list[CanonicalTrace]:
    """Return every call of the captured files, repeats kept."""
    found: list[CanonicalTrace] = []
    for path in sorted(FOLDER.rglob("*.jsonl")):
        records = [json.loads(line) for line in path.read_text().splitlines()]
        read = read_records(records, now=NOW)
        found += [one for one in read if isinstance(one, CanonicalTrace)]
    return found


# The captured sessions ----------------------------------------------------------------------


def test_the_captured_sessions_hold_21_calls_however_often_they_repeat_them() -> None:
    by_key: dict[str | None, list[CanonicalTrace]] = {}
    for one in captured():
        by_key.setdefault(one.native_key, []).append(one)
    largest = [max(same, key=lambda t: t.total_tokens or 0) for same in by_key.values()]
    assert len(captured()) == 34
    assert len(largest) == 21
    assert sum(one.tokens_in or 0 for one in largest) == 348_400
    assert sum(one.tokens_out or 0 for one in largest) == 1_740
    assert sum(one.cache_read_tokens or 0 for one in largest) == 307_200
    assert sum(one.cache_write_tokens or 0 for one in largest) == 40_960
    assert sum(one.cache_write_1h_tokens or 0 for one in largest) == 20_480
    assert sum(one.error_type is not None for one in largest) == 1


def test_every_line_of_the_captured_files_is_recognised_and_none_set_aside() -> None:
    for path in FOLDER.rglob("*.json*"):
        records = [json.loads(line) for line in path.read_text().splitlines()]
        assert {detect(record) for record in records} == {"claude_code"}
        assert not any(isinstance(one, Reject) for one in read_records(records, now=NOW))


def test_a_forked_session_repeats_the_answers_of_the_session_it_continues() -> None:
    copies = {one.native_key for one in captured() if one.session_id == FORK}
    first = {one.native_key for one in captured() if one.session_id == ORIGINAL}
    assert copies - first == {"message:msg_01dabf7b0f86a74af3a173f1"}
    assert len(copies & first) == 4


def test_the_sub_agents_calls_belong_to_the_session_that_sent_it() -> None:
    agents = [one for one in captured() if one.is_subagent]
    assert {one.native_key for one in agents} == {
        "message:msg_013b71028d8bfc420c818fd6",
        "message:msg_01f7508b53fa214d0eb82481",
    }
    assert {one.session_id for one in agents} == {AGENTS}


def test_the_pull_request_of_a_session_is_linked_and_names_its_repository() -> None:
    found = outcomes(*lines_of("d7bf2f06-777f-4dd9-85bb-3e081de47acb.jsonl"))
    links = [one for one in found if isinstance(one, SessionLink)]
    facts = {one for one in found if isinstance(one, ContextFact) and one.name is Fact.REPO_SLUG}
    assert {(one.kind, one.repo_slug, one.ref) for one in links} == {
        (LinkKind.PULL_REQUEST, "acme/widgets", "42")
    }
    assert min(one.occurred_at for one in links if one.occurred_at) == datetime(
        2026, 11, 22, 18, 58, 55, 494_000, tzinfo=UTC
    )
    assert facts == {
        ContextFact(
            "claude_session:d7bf2f06-777f-4dd9-85bb-3e081de47acb",
            Fact.REPO_SLUG,
            "acme/widgets",
            "claude_code",
        )
    }


# One answer ---------------------------------------------------------------------------------


def test_an_answer_is_a_call_whose_input_includes_the_cache() -> None:
    found = call(answer())
    assert (found.tokens_in, found.tokens_out, found.total_tokens) == (17_420, 87, 17_507)
    assert (found.cache_read_tokens, found.cache_write_tokens) == (15_360, 2_048)
    assert found.cache_write_1h_tokens == 1_024
    assert found.tokens_basis == "exclusive_added"
    assert found.timestamp == datetime(2026, 11, 22, 18, 35, 32, 518_000, tzinfo=UTC)
    assert (found.model, found.status_code, found.source) == (
        "claude-sonnet-4-5-20250929",
        200,
        "claude_code",
    )
    assert (found.latency_ms, found.cost_usd, found.developer_id) == (None, None, None)
    assert found.user_agent == "claude-cli/2.1.197 (external, cli)"
    assert found.git_branch == "main"
    assert found.scopes == ("claude_session:s-1",)


def test_an_answer_carries_the_keys_under_which_a_proxy_and_telemetry_know_it() -> None:
    found = call(answer())
    assert found.native_key == "message:msg_01abc"
    assert found.other_keys == ("request:req_01abc",)


def test_neither_text_nor_the_working_folder_comes_out() -> None:
    shown = repr(outcomes(answer(), user()))
    assert "secret" not in shown
    assert "/home/dev" not in shown


def test_a_message_id_that_may_repeat_counts_together_with_the_request() -> None:
    found = call(answer({"id": "chatcmpl-7"}, requestId="local-1"))
    assert found.native_key == "claude_message:chatcmpl-7/local-1"
    assert found.other_keys == ()


def test_an_answer_without_any_providers_id_is_known_by_its_own_line() -> None:
    found = call(answer({"id": "chatcmpl-7"}, requestId=None))
    assert found.native_key == "claude_record:u-1"


def test_a_write_that_is_only_split_is_added_up() -> None:
    split = {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 20}
    found = call(answer({"usage": {"input_tokens": 5, "cache_creation": split}}))
    assert (found.tokens_in, found.cache_write_tokens) == (125, 120)
    assert found.tokens_out is None


def test_version_1_writes_no_type_and_a_cost() -> None:
    record = {
        "timestamp": "2025-06-01T10:00:00.000Z",
        "version": "1.0.9",
        "message": {"id": "msg_01old", "model": "claude-opus-4-20250514", "usage": USAGE},
        "requestId": "req_01old",
        "costUSD": 0.25,
        "durationMs": 4200,
    }
    assert detect(record) == "claude_code"
    found = call(record)
    assert (found.cost_usd, found.cost_source, found.latency_ms) == (0.25, "reported", 4200.0)
    assert (found.session_id, found.session_source, found.scopes) == (None, None, ())
    assert found.is_subagent is None


def test_a_cost_of_nothing_is_a_model_without_a_price() -> None:
    assert call(answer(costUSD=0)).cost_usd is None


@pytest.mark.parametrize(
    ("message_id", "provider"),
    [("msg_bdrk_01a", "bedrock"), ("msg_vrtx_01a", "vertex_ai"), ("msg_01a", None)],
)
def test_the_id_of_an_answer_shows_which_cloud_served_it(
    message_id: str, provider: str | None
) -> None:
    assert call(answer({"id": message_id})).provider == provider


def test_a_detached_head_is_no_branch() -> None:
    assert call(answer(gitBranch="HEAD")).git_branch is None


def test_a_line_of_a_sub_agent_is_marked() -> None:
    assert call(answer(isSidechain=True)).is_subagent is True
    assert call(answer(isSidechain=False, agentId="a1")).is_subagent is True
    assert call(answer(isSidechain="yes")).is_subagent is None


def test_a_running_sub_agents_answer_is_read_from_its_sessions_progress() -> None:
    inner = {
        "type": "assistant",
        "uuid": "u-9",
        "requestId": "req_01sub",
        "timestamp": "2026-11-22T18:36:00Z",
        "message": {"id": "msg_01sub", "model": "claude-haiku-4-5", "usage": USAGE},
    }
    data = {"type": "agent_progress", "agentId": "a1", "message": inner}
    found = call({**answer(), "type": "progress", "message": None, "data": data})
    assert (found.native_key, found.is_subagent) == ("message:msg_01sub", True)
    assert found.timestamp == datetime(2026, 11, 22, 18, 36, tzinfo=UTC)
    other = {"type": "progress", "sessionId": "s-1", "uuid": "u", "data": {"type": "hook_progress"}}
    assert outcomes(other) == [Skipped("Claude Code progress")]


# Failures -----------------------------------------------------------------------------------


def failed(**changes: Any) -> dict[str, Any]:
    return answer(
        {"id": "905a16ae", "model": "<synthetic>"},
        isApiErrorMessage=True,
        apiErrorStatus=529,
        error="server_error",
        **changes,
    )


def test_an_error_message_is_a_failed_call_that_used_nothing() -> None:
    found = call(failed())
    assert (found.status_code, found.error_type, found.model) == (529, "server_error", None)
    assert (found.tokens_in, found.tokens_out) == (None, None)
    assert (found.native_key, found.other_keys) == (
        "claude_record:905a16ae",
        ("request:req_01abc",),
    )


def test_copies_of_an_error_in_other_sessions_are_the_same_call() -> None:
    copy = failed(uuid="u-77", sessionId="s-2", forkedFrom={"sessionId": "s-1"})
    assert call(failed()).native_key == call(copy).native_key


def test_a_message_that_the_program_made_up_is_no_call() -> None:
    record = answer({"model": "<synthetic>"}, isApiErrorMessage=False)
    assert outcomes(record) == [Skipped("Claude Code synthetic message")]


def test_an_attempt_that_was_retried_is_a_failed_call() -> None:
    record = {
        "type": "system",
        "subtype": "api_error",
        "uuid": "u-5",
        "sessionId": "s-1",
        "timestamp": "2026-11-22T18:35:00Z",
        "error": {
            "status": 529,
            "requestID": "req_01try",
            "error": {"type": "error", "error": {"type": "overloaded_error", "message": "Sorry!"}},
        },
        "retryAttempt": 2,
    }
    found = call(record)
    assert (found.status_code, found.error_type) == (529, "overloaded_error")
    assert found.native_key == "claude_record:u-5"
    assert found.other_keys == ("request:req_01try",)
    assert found.tags == ("attempt:2",)
    assert call({**record, "retryAttempt": 1}).tags == ()
    assert outcomes({**record, "subtype": "turn_duration"}) == [Skipped("Claude Code system")]


def test_an_errors_text_is_never_kept() -> None:
    found = call(failed() | {"error": "Your secret could not be read: /home/dev"})
    assert found.error_type == "unrecognised"


# Copies -------------------------------------------------------------------------------------


def test_a_line_that_names_its_origin_belongs_to_it() -> None:
    found = call(answer(sessionId="s-2", forkedFrom={"sessionId": "s-1", "messageUuid": "u-1"}))
    assert (found.session_id, found.session_source) == ("s-1", "derived")
    assert found.scopes == ("claude_session:s-1",)
    assert (found.user_agent, found.git_branch) == (None, None)


def test_a_queued_prompt_tells_since_when_its_session_was_seen() -> None:
    assert outcomes(queued("2026-11-22T18:40:00.000Z")) == [
        ContextFact(scope, Fact.SEEN_SINCE, "2026-11-22T18:40:00.000000Z", "claude_code")
        for scope in ("claude_session:s-1", "claude_headless_session:s-1")
    ]


def test_a_call_of_a_program_that_queues_its_prompt_first_belongs_to_both_scopes() -> None:
    assert call(answer(entrypoint="cli")).scopes == ("claude_session:s-1",)
    assert call(answer(entrypoint="sdk-cli")).scopes == (
        "claude_session:s-1",
        "claude_headless_session:s-1",
    )
    copied = answer(sessionId="s-2", entrypoint="sdk-cli", forkedFrom={"sessionId": "s-1"})
    assert call(copied).scopes == ("claude_session:s-1",)


@pytest.mark.parametrize("at", [None, "soon", "2999-01-01T00:00:00Z", "1999-01-01T00:00:00Z", 7])
def test_a_queued_prompt_without_a_time_that_makes_sense_tells_nothing(at: Any) -> None:
    assert outcomes(queued(at)) == [Skipped("Claude Code queue-operation")]


def test_what_a_line_says_does_not_depend_on_the_lines_before_it() -> None:
    lines = [queued("2026-11-22T18:40:00Z"), answer(), user(permissionMode="default")]
    assert outcomes(*lines) == [one for line in lines for one in outcomes(line)]


def test_a_commit_that_a_session_made_is_linked() -> None:
    made = user(toolUseResult={"gitOperation": {"commit": {"sha": "87f2c70", "kind": "committed"}}})
    found = [one for one in outcomes(made) if isinstance(one, SessionLink)]
    assert [(one.session_id, one.kind, one.ref, one.repo_slug) for one in found] == [
        ("s-1", LinkKind.COMMIT, "87f2c70", None)
    ]


def test_the_link_of_a_line_that_names_its_origin_is_the_origins() -> None:
    copied = user(
        sessionId="s-2",
        forkedFrom={"sessionId": "s-1"},
        toolUseResult={"gitOperation": {"commit": {"sha": "87f2c70"}}},
    )
    assert [one.session_id for one in outcomes(copied) if isinstance(one, SessionLink)] == ["s-1"]


# Prompts, links and repositories ------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "mode"),
    [
        ({"permissionMode": "default"}, "ask"),
        ({"permissionMode": "acceptEdits"}, "auto"),
        ({"permissionMode": "bypassPermissions"}, "auto"),
        ({"permissionMode": "dontAsk"}, "auto"),
        ({"permissionMode": "default", "entrypoint": "sdk-cli", "promptSource": "sdk"}, "auto"),
        ({"permissionMode": "default", "entrypoint": "sdk-cli", "promptSource": "typed"}, "ask"),
        ({"permissionMode": "default", "entrypoint": "claude-vscode"}, "ask"),
        ({"permissionMode": "plan"}, None),
        ({"permissionMode": 7}, None),
        ({}, None),
    ],
)
def test_the_permission_mode_of_a_prompt_says_whether_somebody_was_asked(
    changes: dict[str, Any], mode: str | None
) -> None:
    facts = [one for one in outcomes(user(**changes)) if isinstance(one, ContextFact)]
    assert [one.value for one in facts] == ([] if mode is None else [mode])
    assert {one.scope for one in facts} <= {"claude_prompt:p-1"}


def test_a_copied_prompt_does_not_say_who_was_asked_by_the_program_that_copied_it() -> None:
    copied = user(permissionMode="default", entrypoint="sdk-cli", forkedFrom={"sessionId": "s-0"})
    assert outcomes(copied) == [Skipped("Claude Code user")]


def test_a_prompt_without_an_id_says_nothing() -> None:
    assert outcomes(user(promptId=None, permissionMode="default")) == [Skipped("Claude Code user")]


def test_the_repository_of_a_patch_is_the_sessions() -> None:
    found = outcomes(user(toolUseResult={"gitDiff": {"repository": "Acme/Widgets"}}))
    assert found == [
        ContextFact("claude_session:s-1", Fact.REPO_SLUG, "acme/widgets", "claude_code")
    ]


@pytest.mark.parametrize(
    ("pull", "linked"),
    [
        ({"number": 42, "url": "https://github.com/acme/widgets/pull/42"}, ("acme/widgets", "42")),
        ({"url": "https://gitlab.com/a/b/-/merge_requests/7"}, ("a/b", "7")),
        ({"number": 42, "action": "created"}, (None, "42")),
        ({"number": 42, "action": "merged"}, None),
        ({"number": "../42"}, None),
        ({"number": {"x": 1}, "url": 5}, None),
    ],
)
def test_a_pull_request_that_a_command_made_is_linked(
    pull: dict[str, Any], linked: tuple[str | None, str] | None
) -> None:
    found = outcomes(user(toolUseResult={"gitOperation": {"pr": pull}}))
    links = [(one.repo_slug, one.ref) for one in found if isinstance(one, SessionLink)]
    assert links == ([] if linked is None else [linked])


def test_a_link_line_may_lack_everything_but_its_address() -> None:
    record = {"type": "pr-link", "sessionId": "s-1", "prUrl": "https://github.com/acme/w/pull/3"}
    links = [one for one in outcomes(record) if isinstance(one, SessionLink)]
    assert [(one.repo_slug, one.ref, one.occurred_at) for one in links] == [("acme/w", "3", None)]


# What is set aside or skipped ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"timestamp": None}, RejectReason.NO_TIMESTAMP, "timestamp"),
        ({"timestamp": {"a": 1}}, RejectReason.BAD_TIMESTAMP, "timestamp"),
        ({"timestamp": "2031-01-01T00:00:00Z"}, RejectReason.TIME_OUT_OF_RANGE, "timestamp"),
        ({"message": {"usage": {"input_tokens": -1}}}, RejectReason.BAD_NUMBER, "input_tokens"),
        ({"message": {"usage": {"output_tokens": []}}}, RejectReason.BAD_FIELD, "output_tokens"),
        ({"costUSD": "dear"}, RejectReason.BAD_FIELD, "costUSD"),
        ({"message": {}, "requestId": None}, RejectReason.NO_USAGE, "usage"),
        ({"message": "text", "requestId": 5.5}, RejectReason.NO_USAGE, "usage"),
    ],
)
def test_an_answer_that_makes_no_sense_is_set_aside(
    changes: dict[str, Any], reason: RejectReason, field: str
) -> None:
    found = reject(answer() | changes)
    assert (found.reason, found.field) == (reason, field)


def test_a_reject_holds_ids_and_times_only() -> None:
    assert reject(answer({"usage": {"input_tokens": -1}})).scalars == {
        "type": "assistant",
        "uuid": "u-1",
        "sessionId": "s-1",
        "requestId": "req_01abc",
        "version": "2.1.197",
        "timestamp": "2026-11-22T18:35:32.518Z",
    }


def test_an_answer_without_usage_is_a_call_of_unknown_size() -> None:
    found = call(answer({"usage": None}))
    assert (found.tokens_in, found.tokens_out, found.status_code) == (None, None, None)


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("file-history-snapshot", "Claude Code file-history-snapshot"),
        ("some-new-type", "Claude Code some-new-type"),
        ("My secret prompt", "Claude Code other"),
        (7, "Claude Code other"),
    ],
)
def test_other_lines_are_skipped_by_a_name_that_is_no_text(kind: object, named: str) -> None:
    record = {"type": kind, "sessionId": "s-1", "uuid": "u-1"}
    assert outcomes(record) == [Skipped(named)]


@pytest.mark.parametrize(
    "record",
    [
        {"sessionId": "s", "projectHash": "h", "startTime": "2026-11-22T18:38:42Z", "kind": "main"},
        {"type": "session_meta", "payload": {}, "timestamp": "2026-11-22T18:38:42Z"},
        {"id": "a", "timestamp": "2026-11-22T18:38:42Z", "type": "user", "content": []},
        {"timestamp": "2026-11-22T18:38:42Z", "usage": {"input_tokens": 1}},
        {"summary": "x"},
        {},
    ],
)
def test_records_of_other_tools_are_not_taken(record: dict[str, Any]) -> None:
    assert not claude_code.matches(record)


@pytest.mark.parametrize(
    "record",
    [
        {"type": "summary", "summary": "x", "leafUuid": "u"},
        {"type": "file-history-snapshot", "messageId": "m", "snapshot": {}},
        {"agentType": "general-purpose", "description": "look", "toolUseId": "toolu_1"},
        {"sessionId": "s", "message": {"usage": {}}},
        {"type": "mode", "mode": "normal", "sessionId": "s"},
    ],
)
def test_lines_without_a_time_are_recognised(record: dict[str, Any]) -> None:
    assert claude_code.matches(record)
    assert all(isinstance(one, Skipped | Reject) for one in outcomes(record))


def test_a_proxy_knows_an_answer_under_the_same_keys() -> None:
    logged = {
        "id": "msg_01abc",
        "litellm_call_id": "call-1",
        "call_type": "anthropic_messages",
        "status": "success",
        "startTime": 1795372532.0,
        "endTime": 1795372532.5,
        "model": "anthropic/claude-sonnet-4-5-20250929",
        "prompt_tokens": 17_420,
        "completion_tokens": 87,
        "metadata": {},
        "hidden_params": {"additional_headers": {"llm_provider-request-id": "req_01abc"}},
    }
    (found,) = litellm.read(logged, now=NOW)
    assert isinstance(found, CanonicalTrace)
    written = call(answer())
    assert (found.native_key, found.other_keys) == (written.native_key, written.other_keys)
    assert (found.model, found.tokens_in) == (written.model, written.tokens_in)


@pytest.mark.parametrize("more", [{}, {"version": "1.0.0"}])
def test_the_oldest_lines_name_nothing_but_their_time(more: dict[str, str]) -> None:
    usage = {"input_tokens": 4, "output_tokens": 10}
    message = {"usage": usage, "model": "claude-3-opus-20240229"}
    line = {"timestamp": "2025-05-05T10:00:00.000Z", "message": message, **more}
    assert detect(line) == "claude_code"
    (found,) = read_records([line], now=NOW)
    assert isinstance(found, CanonicalTrace)
    assert (found.tokens_in, found.tokens_out, found.session_id) == (4, 10, None)


@pytest.mark.parametrize("usage", [{"prompt_tokens": 4}, [], "4", None])
def test_a_message_with_another_usage_is_no_line_of_a_transcript(usage: object) -> None:
    line = {"timestamp": "2025-05-05T10:00:00.000Z", "message": {"usage": usage}}
    assert detect(line) is None
