"""Codex rollouts: which lines are calls, which repeat them, and what holds for turns and threads."""

from __future__ import annotations

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
from prodlens.trace_normalizer import detect, read_records

if TYPE_CHECKING:
    from prodlens.schemas import Outcome

DATA = Path(__file__).parents[2] / "data" / "codex"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
THREAD = "01a2048d-076f-7610-ba85-c4e5c22958cc"
TURN = "01a2048d-0784-7941-b487-7720a3ea92e3"
SECOND = "2026-11-22T18:40:{:02d}.000Z"


def line(kind: str, payload: dict[str, Any], second: int = 0) -> dict[str, Any]:
    return {"timestamp": SECOND.format(second), "type": kind, "payload": payload}


def event(kind: str, second: int = 0, **payload: Any) -> dict[str, Any]:
    return line("event_msg", {"type": kind, **payload}, second)


def usage(*counts: int) -> dict[str, int]:
    """Return a usage object of (input, cached, output, reasoning)."""
    names = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
    found = dict(zip(names, counts, strict=True))
    return found | {"total_tokens": counts[0] + counts[2]}


def token_count(
    total: tuple[int, ...] | None, last: tuple[int, ...] | None, second: int = 0
) -> dict[str, Any]:
    info = {
        name: usage(*counts)
        for name, counts in (("total_token_usage", total), ("last_token_usage", last))
        if counts is not None
    }
    return event("token_count", second, info=info, rate_limits={"plan_type": None})


def meta(thread: str = THREAD, **more: Any) -> dict[str, Any]:
    return line("session_meta", {"id": thread, "source": "cli", **more})


def context(model: str = "gpt-5-codex", **more: Any) -> dict[str, Any]:
    return line("turn_context", {"model": model, **more})


def record(response: str = "resp_1e8fb439ca6a4c1482ff0845", **more: Any) -> dict[str, Any]:
    payload = {
        "thread_id": THREAD,
        "turn_id": TURN,
        "session_id": THREAD,
        "root_turn_id": TURN,
        "response_id": response,
        "usage": usage(8120, 6400, 210, 64),
        "turn_token_usage": usage(16240, 12800, 420, 128),
        "thread_token_usage": usage(24360, 19200, 630, 192),
    }
    return line("token_usage_record", payload | more, 30)


def read(*records: dict[str, Any], state: dict[str, dict[str, Any]] | None = None) -> list[Outcome]:
    return list(read_records(records, now=NOW, state={} if state is None else state))


def calls(*records: dict[str, Any]) -> list[CanonicalTrace]:
    return [one for one in read(*records) if isinstance(one, CanonicalTrace)]


def edits(*records: dict[str, Any]) -> list[Suggestion]:
    return [one for one in read(*records) if isinstance(one, Suggestion)]


# A real rollout -----------------------------------------------------------------------------


def rollout() -> list[dict[str, Any]]:
    (path,) = DATA.glob("rollout-*.jsonl")
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]


def test_a_real_rollout_has_three_calls_and_each_is_told_twice() -> None:
    found = calls(*rollout())
    by_response = [one for one in found if one.provider_message_id is not None]
    counters = [one for one in found if one.provider_message_id is None]
    assert len(by_response) == 3
    assert sum(one.tokens_in or 0 for one in by_response) == 24360
    assert sum(one.tokens_out or 0 for one in by_response) == 630
    assert sum(one.cache_read_tokens or 0 for one in by_response) == 19200
    assert [one.shadows for one in by_response] == [(one.native_key,) for one in counters]


def test_every_line_of_a_real_rollout_is_read_or_named() -> None:
    found = read(*rollout())
    assert not [one for one in found if isinstance(one, Reject)]
    assert {one.kind for one in found if isinstance(one, Skipped)} == {
        "Codex function_call",
        "Codex function_call_output",
        "Codex item_completed",
        "Codex message",
        "Codex task_complete",
        "Codex task_started",
        "Codex thread_settings_applied",
        "Codex world_state",
    }


def test_a_real_edit_is_proposed_applied_and_confirmed_under_one_key() -> None:
    found = edits(*rollout())
    assert {one.key for one in found} == {"tool:call_62bf3e0a7543449c9560"}
    assert [one.decision for one in found] == [None, Decision.ACCEPT, Decision.ACCEPT]
    assert [one.applied_lines for one in found] == [None, 2, 2]
    assert [one.proposed_lines for one in found] == [2, 2, None]
    assert {one.within for one in found} == {f"codex_turn:{TURN}"}


def test_nothing_of_code_or_prompts_comes_out() -> None:
    told = repr(read(*rollout()))
    for secret in ("TASK-CX", "greet", "hello.py", "helo", "/home/dev", "apply_patch <<"):
        assert secret not in told


# Calls by response --------------------------------------------------------------------------


def test_a_record_of_usage_is_one_call_with_the_ids_it_names() -> None:
    (call,) = calls(record())
    assert call.native_key == "message:resp_1e8fb439ca6a4c1482ff0845"
    assert call.session_id == THREAD
    assert call.session_source == "explicit"
    assert call.timestamp == datetime(2026, 11, 22, 18, 40, 30, tzinfo=UTC)
    assert (call.tokens_in, call.tokens_out, call.total_tokens) == (8120, 210, 8330)
    assert (call.cache_read_tokens, call.reasoning_tokens) == (6400, 64)
    assert call.tokens_basis == "inclusive"
    assert call.latency_ms is None
    assert call.cost_usd is None
    assert call.developer_id is None
    assert call.scopes == (f"codex_turn:{TURN}", f"codex_thread:{THREAD}")
    assert call.shadows == ("codex_usage:24360.19200.0.630.192/8120.6400.0.210.64",)


def test_running_totals_are_never_a_call() -> None:
    (call,) = calls(record())
    assert call.tokens_in == 8120


def test_a_turn_that_another_turn_started_is_an_agents() -> None:
    assert calls(record())[0].is_subagent is False
    assert calls(record(root_turn_id="another"))[0].is_subagent is True
    assert calls(record(root_turn_id=None))[0].is_subagent is None


def test_an_id_that_may_repeat_is_one_of_its_thread_only() -> None:
    (call,) = calls(record(response="r-1"))
    assert call.native_key == f"codex_response:{THREAD}/r-1"


def test_input_smaller_than_its_cache_was_counted_without_it() -> None:
    (call,) = calls(record(usage=usage(120, 6400, 210, 64)))
    assert (call.tokens_in, call.tokens_basis) == (6520, "exclusive_added")


def test_the_model_of_a_record_comes_from_its_own_turn_only() -> None:
    assert calls(context(turn_id=TURN), record())[0].model == "gpt-5-codex"
    assert calls(context(turn_id="another"), record())[0].model is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"usage": None}, RejectReason.NO_USAGE),
        ({"usage": {"input_tokens": -1, "output_tokens": 2}}, RejectReason.BAD_NUMBER),
        ({"usage": {"input_tokens": True, "output_tokens": 2}}, RejectReason.BAD_FIELD),
        ({"usage": {"input_tokens": 2**63 - 1, "output_tokens": 2}}, RejectReason.NUMBER_TOO_LARGE),
    ],
)
def test_a_record_without_usable_counts_is_set_aside(
    changes: dict[str, Any], reason: RejectReason
) -> None:
    (reject,) = read(record(**changes))
    assert isinstance(reject, Reject)
    assert reject.reason is reason
    assert reject.scalars["response_id"] == "resp_1e8fb439ca6a4c1482ff0845"


def test_a_call_without_a_time_is_set_aside() -> None:
    (reject,) = read(record() | {"timestamp": None})
    assert isinstance(reject, Reject)
    assert reject.reason is RejectReason.NO_TIMESTAMP


# Calls by counter ---------------------------------------------------------------------------

FIRST, SUM = (8000, 6000, 200, 50), (17000, 13000, 500, 120)
LAST = (9000, 7000, 300, 70)


def test_counters_of_old_versions_are_whole_calls() -> None:
    first, second = calls(
        meta(), context(), token_count(FIRST, FIRST, 1), token_count(SUM, LAST, 2)
    )
    assert (first.tokens_in, first.tokens_out) == (8000, 200)
    assert (second.tokens_in, second.tokens_out, second.cache_read_tokens) == (9000, 300, 7000)
    assert {one.session_id for one in (first, second)} == {THREAD}
    assert {one.model for one in (first, second)} == {"gpt-5-codex"}
    assert second.native_key == "codex_usage:17000.13000.0.500.120/9000.7000.0.300.70"
    assert second.scopes == (f"codex_thread:{THREAD}",)
    assert second.status_code == 200


def test_a_counter_that_is_written_again_counts_once() -> None:
    again = token_count(FIRST, FIRST, 9)
    assert len(calls(meta(), token_count(FIRST, FIRST, 1), again, again)) == 1
    assert read(meta(), token_count(FIRST, FIRST, 1), again)[-1] == Skipped(
        "Codex repeated token_count"
    )


def test_a_fork_that_copies_history_with_new_times_gives_the_same_keys() -> None:
    parent = calls(meta(), token_count(FIRST, FIRST, 1), token_count(SUM, LAST, 2))
    fork = calls(
        meta("fork", forked_from_id=THREAD),
        meta(),  # the parent's own line is copied, too
        token_count(FIRST, FIRST, 40),
        token_count(SUM, LAST, 40),
        token_count((26000, 20000, 700, 180), LAST, 50),
    )
    assert [one.native_key for one in fork[:2]] == [one.native_key for one in parent]
    assert fork[2].native_key not in {one.native_key for one in parent}
    assert {one.session_id for one in fork} == {"fork"}


def test_where_only_totals_are_written_a_call_is_their_difference() -> None:
    first, second = calls(meta(), token_count(FIRST, None, 1), token_count(SUM, None, 2))
    assert (first.tokens_in, second.tokens_in) == (8000, 9000)
    assert (second.cache_read_tokens, second.tokens_out, second.reasoning_tokens) == (7000, 300, 70)


def test_a_total_that_falls_began_anew() -> None:
    _, second = calls(meta(), token_count(SUM, None, 1), token_count(FIRST, None, 2))
    assert second.tokens_in == 8000


def test_a_total_without_the_beginning_of_its_file_is_no_call() -> None:
    (reject,) = read(token_count(SUM, None, 1))
    assert isinstance(reject, Reject)
    assert reject.reason is RejectReason.NO_USAGE


def test_a_count_that_is_not_written_is_not_known() -> None:
    (call,) = calls(record(usage={"input_tokens": 10, "output_tokens": 2}))
    assert (call.cache_read_tokens, call.cache_write_tokens, call.reasoning_tokens) == (None,) * 3
    assert call.shadows == ("codex_usage:24360.19200.0.630.192/10.0.0.2.0",)


def test_an_estimate_of_the_context_is_no_call() -> None:
    estimate = token_count(FIRST, FIRST, 2)
    estimate["payload"]["info"]["last_token_usage"] = {"input_tokens": 0, "total_tokens": 5000}
    assert len(calls(meta(), token_count(FIRST, FIRST, 1), estimate)) == 1


def test_a_counter_under_another_total_than_its_record_is_a_repeat() -> None:
    counted = token_count((99, 0, 9, 0), (8120, 6400, 210, 64), 31)
    assert [type(one) for one in read(meta(), record(), counted)[-2:]] == [CanonicalTrace, Skipped]


def test_what_a_part_of_a_file_needs_is_in_its_state() -> None:
    whole = read(meta(), context(), token_count(FIRST, None, 1), token_count(SUM, None, 2))
    state: dict[str, dict[str, Any]] = {}
    parts = read(meta(), context(), token_count(FIRST, None, 1), state=state)
    state = json.loads(json.dumps(state))
    assert parts + read(token_count(SUM, None, 2), state=state) == whole


def test_a_plan_makes_the_thread_a_subscription() -> None:
    counted = token_count(FIRST, FIRST, 1)
    counted["payload"]["rate_limits"]["plan_type"] = "pro"
    scope = f"codex_thread:{THREAD}"
    assert ContextFact(scope, Fact.SUBSCRIPTION, "1", "codex") in read(meta(), counted)
    counted["payload"]["rate_limits"]["plan_type"] = "free"
    assert not [one for one in read(meta(), counted) if isinstance(one, ContextFact)]


def test_an_agents_old_rollout_is_marked() -> None:
    spawned = meta(source={"subagent": {"thread_spawn": {}}})
    assert calls(spawned, token_count(FIRST, FIRST, 1))[0].is_subagent is True
    assert calls(meta(), token_count(FIRST, FIRST, 1))[0].is_subagent is False


# Context ------------------------------------------------------------------------------------


def test_a_thread_tells_its_repository_branch_and_provider() -> None:
    git = {"repository_url": "git@github.com:Acme/Widgets.git", "branch": "main"}
    found = read(meta(git=git, model_provider="OpenAI"))
    scope = f"codex_thread:{THREAD}"
    assert found == [
        ContextFact(scope, Fact.REPO_SLUG, "acme/widgets", "codex"),
        ContextFact(scope, Fact.GIT_BRANCH, "main", "codex"),
        ContextFact(scope, Fact.PROVIDER, "openai", "codex"),
    ]


@pytest.mark.parametrize(
    ("said", "mode"),
    [
        ({"approval_policy": "never"}, "auto"),
        ({"approval_policy": "on-failure"}, "auto"),
        ({"approval_policy": "untrusted"}, "ask"),
        ({"approval_policy": "untrusted", "approvals_reviewer": "guardian"}, "auto"),
        ({"approval_policy": "untrusted", "approvals_reviewer": "user"}, "ask"),
        ({"approval_policy": "on-request", "sandbox_policy": {"type": "read-only"}}, "ask"),
        ({"approval_policy": "on-request", "sandbox_policy": {"type": "workspace-write"}}, "auto"),
        ({"approval_policy": "on-request", "sandbox_policy": {"mode": "workspace-write"}}, "auto"),
        ({"approval_policy": "on-request", "permission_profile": {"type": "disabled"}}, "auto"),
        ({"approval_policy": "on-request", "permission_profile": {"type": "managed"}}, None),
        ({"approval_policy": "on-request"}, None),
        ({"approval_policy": "new-policy", "sandbox_policy": {"type": "read-only"}}, None),
        ({"approval_policy": {"granular": {"sandbox_approval": False}}}, "auto"),
        ({"approval_policy": {"reject": {"sandbox_approval": True}}}, "auto"),
        (
            {
                "approval_policy": {"granular": {"sandbox_approval": True}},
                "sandbox_policy": {"type": "read-only"},
            },
            "ask",
        ),
        ({"approval_policy": "on-request", "sandbox_policy": {"type": ["x"]}}, None),
        ({"approval_policy": ["never"]}, None),
        ({}, None),
    ],
)
def test_who_is_asked_follows_policy_sandbox_and_reviewer(
    said: dict[str, Any], mode: str | None
) -> None:
    facts = read(context(turn_id=TURN, **said))
    modes = [
        one.value
        for one in facts
        if isinstance(one, ContextFact) and one.name is Fact.PERMISSION_MODE
    ]
    assert modes == ([] if mode is None else [mode])


# Edits --------------------------------------------------------------------------------------

CHANGES = {
    "/w/a.py": {"type": "update", "unified_diff": "@@ -1 +1,2 @@\n-old\n+first new\n+second new\n"},
    "/w/b.py": {"type": "add", "content": "third new\n"},
    "/w/c.py": {"type": "delete", "content": "gone\ngone\n"},
}


def item(status: str, **more: Any) -> dict[str, Any]:
    change = {"type": "FileChange", "id": "call_1", "changes": CHANGES, "status": status} | more
    return event("item_completed", 5, thread_id=THREAD, turn_id=TURN, item=change)


@pytest.mark.parametrize(
    ("status", "decision", "applied", "ratio"),
    [
        ("completed", Decision.ACCEPT, 3, 1.0),
        ("declined", Decision.REJECT, 0, None),
        ("failed", Decision.ERROR, 0, None),
    ],
)
def test_the_files_of_one_change_are_one_edit(
    status: str, decision: Decision, applied: int, ratio: float | None
) -> None:
    (edit,) = edits(item(status))
    assert (edit.key, edit.tool, edit.language) == ("tool:call_1", "apply_patch", "python")
    assert (edit.decision, edit.decision_source) == (decision, "result")
    assert (edit.proposed_lines, edit.applied_lines, edit.diff_ratio) == (3, applied, ratio)
    assert len(edit.line_digests) == 3
    assert len(edit.file_digests) == 6
    assert edit.decided_by is None
    assert edit.scopes == (f"codex_turn:{TURN}", f"codex_thread:{THREAD}")


@pytest.mark.parametrize(
    ("approved", "decided_by"), [(True, DecidedBy.AUTO), (False, DecidedBy.USER)]
)
def test_an_item_may_say_whether_somebody_approved(approved: bool, decided_by: DecidedBy) -> None:
    (edit,) = edits(item("completed", auto_approved=approved))
    assert edit.decided_by is decided_by


def test_a_request_for_approval_means_that_somebody_was_asked() -> None:
    asked = event("apply_patch_approval_request", 4, call_id="call_1", changes=CHANGES)
    proposal, result = edits(context(turn_id=TURN), asked, item("completed"))
    assert (proposal.decision, proposal.is_proposal) == (None, True)
    assert result.decided_by is DecidedBy.USER


def test_a_program_that_answers_requests_is_no_person() -> None:
    turn = context(turn_id=TURN, approval_policy="on-request", approvals_reviewer="guardian")
    asked = event("apply_patch_approval_request", 4, call_id="call_1", changes=CHANGES)
    assert edits(turn, asked, item("declined"))[-1].decided_by is DecidedBy.AUTO


def test_old_versions_tell_an_edit_in_two_events() -> None:
    begin = event("patch_apply_begin", 4, call_id="c", auto_approved=True, changes=CHANGES)
    end = event("patch_apply_end", 5, call_id="c", success=True, changes=CHANGES)
    proposal, result = edits(meta(), begin, end)
    assert (proposal.proposed_lines, proposal.decision) == (3, None)
    assert (result.decision, result.decided_by) == (Decision.ACCEPT, DecidedBy.AUTO)
    assert result.within == f"codex_thread:{THREAD}"


def test_the_first_versions_name_a_change_by_its_key() -> None:
    old = {"/w/b.py": {"add": {"content": "one line\n"}}, "/w/a.py": {"update": {
        "unified_diff": "@@ -1 +1 @@\n-old\n+new line\n"}}}  # fmt: skip
    assert edits(item("completed", changes=old))[0].proposed_lines == 2


def test_a_change_that_hides_its_lines_has_an_unknown_number() -> None:
    (edit,) = edits(item("completed", changes={"/w/a.py": {"type": "update"}}))
    assert (edit.proposed_lines, edit.applied_lines) == (None, None)
    assert edit.decision is Decision.ACCEPT


PATCH = "*** Begin Patch\n*** Add File: n.py\n+first line\n+second line\n*** End Patch"


def tool_call(second: int = 1, **payload: Any) -> dict[str, Any]:
    return line("response_item", {"call_id": "c9", **payload}, second)


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "custom_tool_call", "name": "apply_patch", "input": PATCH},
        {
            "type": "function_call",
            "name": "apply_patch",
            "arguments": json.dumps({"input": PATCH}),
        },
        {
            "type": "function_call",
            "name": "shell",
            "arguments": json.dumps({"command": ["bash", "-lc", f"apply_patch <<'E'\n{PATCH}\nE"]}),
        },
        {
            "type": "local_shell_call",
            "action": {"type": "exec", "command": ["apply_patch", PATCH]},
        },
    ],
)
def test_a_patch_is_found_in_every_tool_that_applies_one(payload: dict[str, Any]) -> None:
    (edit,) = edits(meta(), tool_call(**payload))
    assert (edit.key, edit.proposed_lines, edit.is_proposal) == ("tool:c9", 2, True)


def test_other_commands_are_no_edits() -> None:
    listing = '{"command": ["ls"]}'
    call = tool_call(type="function_call", name="shell", arguments=listing)
    assert edits(meta(), call) == []


@pytest.mark.parametrize(
    ("output", "decision", "decided_by"),
    [
        ("Success. Updated the following files:\nA n.py\n", Decision.ACCEPT, DecidedBy.USER),
        (
            {"output": "", "metadata": {"exit_code": 0}},
            Decision.ACCEPT,
            DecidedBy.USER,
        ),
        ('{"output": "no", "metadata": {"exit_code": 1}}', Decision.ERROR, None),
        ("Exit code: 1\nOutput:\n", Decision.ERROR, None),
        ("patch rejected by user", Decision.REJECT, DecidedBy.USER),
        (
            "writing outside of the project; rejected by user approval settings",
            Decision.DENIED_BY_POLICY,
            DecidedBy.POLICY,
        ),
    ],
)
def test_the_result_of_a_patch_is_told_by_its_own_sentences(
    output: object, decision: Decision, decided_by: DecidedBy | None
) -> None:
    asking = context(approval_policy="untrusted")
    call = tool_call(type="custom_tool_call", name="apply_patch", input=PATCH)
    done = tool_call(2, type="custom_tool_call_output", output=output)
    result = edits(meta(), asking, call, done)[-1]
    assert (result.decision, result.decided_by) == (decision, decided_by)
    assert result.applied_lines == (2 if decision is Decision.ACCEPT else 0)


@pytest.mark.parametrize(
    ("output", "decision", "decided_by"),
    [
        ("Success. Updated the following files:\nM a.py\n", Decision.ACCEPT, None),
        ("patch rejected by user", Decision.REJECT, DecidedBy.USER),
        (
            {"output": "Failed to find expected lines in a.py", "metadata": {"exit_code": 1}},
            Decision.ERROR,
            None,
        ),
    ],
)
def test_a_patchs_result_is_known_by_its_words_where_its_call_stands_elsewhere(
    output: object, decision: Decision, decided_by: DecidedBy | None
) -> None:
    done = tool_call(2, type="custom_tool_call_output", output=output)
    (found,) = edits(done)
    assert (found.decision, found.decided_by, found.is_edit) == (decision, decided_by, False)


def test_another_commands_result_is_no_edit() -> None:
    done = tool_call(2, type="custom_tool_call_output", output={"output": "a.py", "metadata": {}})
    assert edits(done) == []


def test_an_output_that_tells_nothing_decides_nothing() -> None:
    call = tool_call(type="custom_tool_call", name="apply_patch", input=PATCH)
    done = tool_call(2, type="custom_tool_call_output", output="hm")
    assert len(edits(meta(), call, done)) == 1


# Detection ----------------------------------------------------------------------------------


def test_lines_of_rollouts_are_recognised() -> None:
    assert {detect(one) for one in rollout()} == {"codex"}
    assert detect({"record_type": "state"}) == "codex"
    assert detect(line("a_new_type", {})) == "codex"
    assert detect({"type": "message", "payload": {}}) is None


@pytest.mark.parametrize(
    "record_",
    [
        {"id": "5973b6c0", "timestamp": "2025-05-07T17:24:21.597Z", "instructions": None},
        {"record_type": "state"},
        {"type": "message", "role": "user", "content": [{"type": "input_text"}]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "function_call_output", "call_id": "c1", "output": "private"},
        {"type": "turn.completed", "usage": {"input_tokens": 5}},
    ],
)
def test_lines_without_an_envelope_hold_no_calls_and_are_skipped(
    record_: dict[str, Any],
) -> None:
    assert detect(record_) == "codex"
    (skipped,) = read(record_)
    assert isinstance(skipped, Skipped)
    assert skipped.kind.startswith("Codex ")


@pytest.mark.parametrize(
    "record_",
    [
        {"type": "message", "role": "user", "content": [], "usage": {}},
        {"type": "message", "role": "user", "content": [], "uuid": "u", "sessionId": "s"},
        {"id": "1", "timestamp": "2026-11-22T10:00:00Z", "usage": {}},
        {"type": "message"},
    ],
)
def test_like_lines_of_other_tools_are_not_taken(record_: dict[str, Any]) -> None:
    assert detect(record_) != "codex"


@pytest.mark.parametrize(
    ("record_", "kind"),
    [
        (line("a_new_type", {}), "Codex a_new_type"),
        (line("Private Name", {}), "Codex other"),
        (event("a_new_event"), "Codex a_new_event"),
        (line("event_msg", {"type": ["x"]}), "Codex other"),
        (line("compacted", {"message": "private"}), "Codex compacted"),
    ],
)
def test_unknown_types_are_named_only_when_the_name_is_harmless(
    record_: dict[str, Any], kind: str
) -> None:
    assert read(record_) == [Skipped(kind)]
