"""Edits in logged bodies: proposals of answers, decisions of replayed results, nothing of the text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.schemas import CanonicalTrace, DecidedBy, Decision, Suggestion
from prodlens.sources import litellm, litellm_spend
from prodlens.sources.edits import line_digests, path_digests
from prodlens.sources.litellm_replay import suggestions

NOW = datetime(2026, 11, 23, tzinfo=UTC)
EDIT_ID = "toolu_0102631a8eb7d94de78a31cd"
WRITE_ID = "toolu_0190ddd58314e84a96b7dacd"
CALL_ID = "call_62bf3e0a7543449c9560"
REJECTED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was "
    "a file edit, the new_string was NOT written to the file)."
)
DENIED = (
    "Claude requested permissions to write to /home/dev/hello.py, but you haven't granted it yet."
)
UPDATED = "The file /home/dev/hello.py has been updated successfully."
EDIT = {
    "file_path": "/home/dev/widgets/hello.py",
    "old_string": "def greet():\n    print('helo')",
    "new_string": "def greet(name: str):\n    print('hello')\n    print(name)",
}
EDIT_LINES = line_digests(["def greet(name: str):", "    print('hello')", "    print(name)"])
PATCH = (
    "*** Begin Patch\n*** Update File: src/app.go\n@@\n context\n-old line\n+first new line\n"
    "+second new line\n*** End Patch"
)


def record(**body: Any) -> dict[str, Any]:
    return {
        "id": "msg_0120fe5635b9f9483e99c409",
        "litellm_call_id": "f2b5",
        "call_type": "anthropic_messages",
        "status": "success",
        "startTime": 1795372172.0,
        "endTime": 1795372172.5,
        "model": "claude-sonnet-4-5",
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "session_id": "sess-1",
        "hidden_params": {},
        "metadata": {"user_api_key_user_email": "ada@example.org"},
        "request_tags": ["repo:github.com/acme/widgets"],
        **body,
    }


def read(**body: Any) -> list[Suggestion]:
    trace, *rest = litellm.read(record(**body), now=NOW)
    assert isinstance(trace, CanonicalTrace)
    assert all(isinstance(one, Suggestion) for one in rest)
    return rest  # type: ignore[return-value]


def use(tool_id: str = EDIT_ID, name: str = "Edit", given: Any = EDIT) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": [
            {"type": "text", "text": "I will edit"},
            {"type": "tool_use", "id": tool_id, "name": name, "input": given},
        ],
    }


def result(text: Any, tool_id: str = EDIT_ID, **more: Any) -> dict[str, Any]:
    part = {"type": "tool_result", "tool_use_id": tool_id, "content": text, **more}
    return {"role": "user", "content": [part]}


QUESTION = {"role": "user", "content": "please"}


def test_an_accepted_edit_is_found_in_the_next_request() -> None:
    (found,) = read(messages=[QUESTION, use(), result(UPDATED)])

    assert found == Suggestion(
        key=f"tool:{EDIT_ID}",
        source="litellm",
        session_id="sess-1",
        developer_id="ada@example.org",
        timestamp=datetime(2026, 11, 22, 18, 29, 32, tzinfo=UTC),
        repo_slug="acme/widgets",
        tool="Edit",
        language="python",
        file_digests=path_digests("/home/dev/widgets/hello.py"),
        line_digests=EDIT_LINES,
        proposed_lines=3,
        decision=Decision.ACCEPT,
        decision_source="replay",
        user_modified=False,
        applied_lines=3,
        diff_ratio=1.0,
    )


@pytest.mark.parametrize(
    ("text", "more", "decision", "by", "modified", "applied", "ratio"),
    [
        (REJECTED, {"is_error": True}, "reject", "user", None, 0, None),
        ("User rejected tool use", {}, "reject", "user", None, 0, None),
        (DENIED, {"is_error": True}, "denied_by_policy", "policy", None, 0, None),
        ("String to replace not found in file.", {"is_error": True}, "error", None, None, 0, None),
        ("<tool_use_error>File has not been read yet.", {}, "error", None, None, 0, None),
        ("Error: no such file", {}, "error", None, None, 0, None),
        (
            "The file /a.py has been updated.  The user modified your proposed changes",
            {},
            "accept",
            "user",
            True,
            None,
            None,
        ),
        ("File created successfully at: /a.py", {}, "accept", None, False, 3, 1.0),
        ("Successfully modified file: a.py (1 replacements).", {}, "accept", None, None, 3, None),
        ("Edit applied successfully.", {}, "accept", None, None, 3, None),
        ("staged for review", {}, None, None, None, None, None),
        ("", {}, None, None, None, None, None),
        ([{"type": "text", "text": UPDATED}], {}, "accept", None, False, 3, 1.0),
        ([{"type": "image"}], {}, None, None, None, None, None),
        (None, {"is_error": True}, "error", None, None, 0, None),
    ],
)
def test_the_text_of_the_result_decides(
    text: Any,
    more: dict[str, Any],
    decision: str | None,
    by: str | None,
    modified: bool | None,
    applied: int | None,
    ratio: float | None,
) -> None:
    (found,) = read(messages=[QUESTION, use(), result(text, **more)])

    assert found.decision == (None if decision is None else Decision(decision))
    assert found.decided_by == (None if by is None else DecidedBy(by))
    assert found.decision_source == (None if decision is None else "replay")
    assert (found.user_modified, found.applied_lines, found.diff_ratio) == (
        modified,
        applied,
        ratio,
    )


def test_several_results_of_one_turn_are_found() -> None:
    two = use()
    two["content"].append(
        {
            "type": "tool_use",
            "id": WRITE_ID,
            "name": "Write",
            "input": {"file_path": "/w/new.rs", "content": "fn main() {\n}\n"},
        }
    )
    found = read(
        messages=[two, result(UPDATED), result(REJECTED, WRITE_ID, is_error=True), QUESTION]
    )

    assert [(one.key, one.decision, one.proposed_lines, one.language) for one in found] == [
        (f"tool:{EDIT_ID}", Decision.ACCEPT, 3, "python"),
        (f"tool:{WRITE_ID}", Decision.REJECT, 2, "rust"),
    ]


def test_messages_of_the_chat_format_are_read() -> None:
    assistant = {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": CALL_ID,
                "type": "function",
                "function": {
                    "name": "replace",
                    "arguments": json.dumps(EDIT),
                },
            }
        ],
    }
    tool = {"role": "tool", "tool_call_id": CALL_ID, "content": "Successfully modified file: x"}
    (found,) = read(messages=[QUESTION, assistant, tool])

    assert (found.key, found.tool, found.decision) == (
        f"tool:{CALL_ID}",
        "replace",
        Decision.ACCEPT,
    )
    assert found.line_digests == EDIT_LINES


@pytest.mark.parametrize("wrapped", [False, True])
def test_items_of_the_responses_format_are_read(*, wrapped: bool) -> None:
    items = [
        {"type": "message", "role": "user", "content": "please"},
        {"type": "reasoning", "summary": []},
        {
            "type": "custom_tool_call",
            "id": "ctc_1",
            "call_id": CALL_ID,
            "name": "apply_patch",
            "input": PATCH,
        },
        {
            "type": "custom_tool_call_output",
            "call_id": CALL_ID,
            "output": json.dumps(
                {
                    "output": "Success. Updated the following files:\nM src/app.go\n",
                    "metadata": {"exit_code": 0},
                }
            ),
        },
    ]
    messages = [{"role": "user", "content": items}] if wrapped else items
    (found,) = read(messages=messages)

    assert found.key == f"tool:{CALL_ID}"
    assert (found.tool, found.language, found.proposed_lines) == ("apply_patch", "go", 2)
    assert found.file_digests == path_digests("src/app.go")
    assert found.line_digests == line_digests(["first new line", "second new line"])
    assert (found.decision, found.applied_lines) == (Decision.ACCEPT, 2)


def test_an_exit_code_says_that_a_patch_failed() -> None:
    output = json.dumps({"output": "no match", "metadata": {"exit_code": 1}})
    call = {"type": "function_call", "call_id": CALL_ID, "name": "apply_patch", "arguments": PATCH}
    (found,) = read(
        messages=[call, {"type": "function_call_output", "call_id": CALL_ID, "output": output}]
    )

    assert (found.decision, found.applied_lines) == (Decision.ERROR, 0)


CHAT_ANSWER = {
    "choices": [
        {
            "message": {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": EDIT_ID,
                        "type": "function",
                        "function": {"name": "Edit", "arguments": json.dumps(EDIT)},
                    }
                ],
            }
        }
    ]
}
MESSAGES_ANSWER = {"role": "assistant", "type": "message", "content": use()["content"]}
RESPONSES_ANSWER = {
    "object": "response",
    "output": [
        {"type": "function_call", "call_id": EDIT_ID, "name": "Edit", "arguments": json.dumps(EDIT)}
    ],
}


@pytest.mark.parametrize("answer", [CHAT_ANSWER, MESSAGES_ANSWER, RESPONSES_ANSWER])
@pytest.mark.parametrize("as_text", [False, True])
def test_an_answer_proposes(answer: dict[str, Any], *, as_text: bool) -> None:
    (found,) = read(response=json.dumps(answer) if as_text else answer)

    assert found == Suggestion(
        key=f"tool:{EDIT_ID}",
        source="litellm",
        call_key="message:msg_0120fe5635b9f9483e99c409",
        session_id="sess-1",
        developer_id="ada@example.org",
        provider_message_id="msg_0120fe5635b9f9483e99c409",
        timestamp=datetime(2026, 11, 22, 18, 29, 32, 500_000, tzinfo=UTC),
        repo_slug="acme/widgets",
        tool="Edit",
        language="python",
        file_digests=path_digests("/home/dev/widgets/hello.py"),
        line_digests=EDIT_LINES,
        proposed_lines=3,
        is_proposal=True,
    )


def test_an_answer_from_the_cache_proposes_nothing() -> None:
    assert read(response=CHAT_ANSWER, cache_hit=True) == []


def test_only_the_last_turn_is_looked_at() -> None:
    class Untouchable(dict[str, Any]):
        def get(self, name: str, default: object = None) -> object:
            raise AssertionError(name, default)

    history: list[Any] = [Untouchable() for _ in range(5000)]
    (found,) = read(messages=[*history, QUESTION, use(), result(UPDATED)])

    assert found.decision is Decision.ACCEPT
    assert read(messages=[*history, {"role": "assistant", "content": "done"}]) == []


def test_results_of_an_earlier_turn_are_not_repeated() -> None:
    later = {"role": "assistant", "content": [{"type": "text", "text": "done"}]}
    assert read(messages=[use(), result(UPDATED), later, QUESTION]) == []


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("Read", {"file_path": "/a.py"}),
        ("Bash", {"command": "sed -i s/a/b/ a.py"}),
        ("str_replace_based_edit_tool", {"command": "view", "path": "/a.py"}),
        ("Edit", {}),
        ("Edit", None),
        ("Edit", "not JSON"),
        ("apply_patch", "no patch"),
    ],
)
def test_what_is_no_edit_gives_nothing(name: str, given: Any) -> None:
    assert read(messages=[use(name=name, given=given), result(UPDATED)]) == []


@pytest.mark.parametrize("tool_id", ["call_0", "functions.str_replace_based_edit_tool:3", "", "7"])
def test_ids_that_other_calls_have_too_give_nothing(tool_id: str) -> None:
    assert read(messages=[use(tool_id), result(UPDATED, tool_id)]) == []


def test_redacted_bodies_give_nothing() -> None:
    hidden = [{"role": "user", "content": "redacted-by-litellm"}]
    assert read(messages=hidden, response={"text": "redacted-by-litellm"}) == []
    assert read(messages="redacted-by-litellm", response="redacted-by-litellm") == []


def test_spend_logs_hold_bodies_as_text_or_as_the_request_came() -> None:
    row = {
        "request_id": "msg_0120fe5635b9f9483e99c409",
        "call_type": "anthropic_messages",
        "spend": 0.01,
        "startTime": "2026-11-22T18:29:32Z",
        "endTime": "2026-11-22T18:29:33Z",
        "model": "claude-sonnet-4-5",
        "prompt_tokens": 10,
        "completion_tokens": 5,
    }
    turn = [QUESTION, use(), result(UPDATED)]
    bodies = (
        {"messages": json.dumps(turn), "response": "{}"},
        {"messages": {}, "response": {}, "proxy_server_request": {"body": {"messages": turn}}},
        {"messages": "{}", "proxy_server_request": json.dumps({"messages": turn})},
    )
    for body in bodies:
        _, found = litellm_spend.read(row | body, now=NOW)
        assert isinstance(found, Suggestion)
        assert (found.source, found.decision) == ("litellm_spend_logs", Decision.ACCEPT)


def test_text_without_the_name_of_an_edit_tool_is_not_decoded() -> None:
    assert read(messages='[{"role": "user", "content": ' + "[" * 5_000) == []
    assert read(messages="[" + '"Edit"' * 3) == []


MARKER = "XyzzyPlughMarker"


def test_no_text_of_a_body_comes_out() -> None:
    given = {
        "file_path": f"/home/{MARKER}/{MARKER}.py",
        "old_string": f"old {MARKER}",
        "new_string": f"new {MARKER}\nmore {MARKER}",
    }
    turn = [use(given=given), result(f"{UPDATED} {MARKER}")]
    found = [
        *read(messages=turn),
        *read(messages=turn, response=MESSAGES_ANSWER | {"content": use(given=given)["content"]}),
    ]
    assert len(found) == 3
    assert MARKER not in repr(found)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
NAMES = [
    "arguments",
    "call_id",
    "choices",
    "command",
    "content",
    "custom",
    "edits",
    "file_path",
    "function",
    "id",
    "input",
    "is_error",
    "message",
    "messages",
    "name",
    "new_string",
    "old_string",
    "output",
    "role",
    "text",
    "tool_call_id",
    "tool_calls",
    "tool_use_id",
    "type",
]
WORDS = [
    "assistant",
    "user",
    "tool",
    "tool_use",
    "tool_result",
    "function_call",
    "function_call_output",
    "Edit",
    "apply_patch",
    "custom_tool_call_output",
    "text",
]
bodies = st.recursive(
    st.sampled_from(
        [*WORDS, EDIT_ID, PATCH, UPDATED, None, 1, True, -2.5, "{}", "[1]", '{"a": 1}']
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=30,
)


@settings(max_examples=150)
@given(messages=bodies | json_values, response=bodies | json_values)
def test_no_body_raises(messages: Any, response: Any) -> None:
    (trace,) = litellm.read(record(), now=NOW)
    assert isinstance(trace, CanonicalTrace)
    for kept in (messages, {"body": messages}):
        body = {"messages": messages, "response": response, "proxy_server_request": kept}
        assert all(isinstance(one, Suggestion) for one in suggestions(body, trace))


@settings(max_examples=100)
@given(
    given=st.dictionaries(st.sampled_from(NAMES), bodies),
    content=bodies,
    flag=bodies,
)
def test_no_call_or_result_raises(given: Any, content: Any, flag: Any) -> None:
    turn = [use(given=given), result(content, is_error=flag)]
    assert len(read(messages=turn)) <= 1
