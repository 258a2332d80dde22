"""Edits in Claude Code's transcripts: what was proposed, what became of it, and by whom."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.schemas import Decision, Skipped, Suggestion
from prodlens.sources import claude_code, edits
from prodlens.trace_normalizer import read_records

if TYPE_CHECKING:
    from prodlens.schemas import Outcome

FOLDER = Path(__file__).parents[2] / "data" / "claude_code_transcripts" / "-home-dev-widgets"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
OLD = "def greet():\n    print('helo')"
NEW = "def greet(name):\n    print('hello')\n    return name"
REJECTED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was "
    "a file edit, the new_string was NOT written to the file)."
)
DENIED = "Claude requested permissions to write to hello.py, but you haven't granted it yet."


def proposal(name: str = "Edit", **given: Any) -> dict[str, Any]:
    """Return the line of an answer that calls one tool."""
    whole = given or {"file_path": "/home/dev/hello.py", "old_string": OLD, "new_string": NEW}
    tool = {"type": "tool_use", "id": "toolu_1", "name": name, "input": whole}
    return {
        "type": "assistant",
        "uuid": "u-1",
        "timestamp": "2026-11-22T18:35:32Z",
        "sessionId": "s-1",
        "requestId": "req_1",
        "message": {
            "id": "msg_01",
            "model": "claude-sonnet-4-5",
            "content": [tool],
            "usage": {"input_tokens": 1, "output_tokens": 1},
        },
    }


def result(
    details: object = None, *, content: object = "Done.", is_error: object = None
) -> dict[str, Any]:
    """Return the line of a tool's result."""
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": "toolu_1", "content": content}
    if is_error is not None:
        block["is_error"] = is_error
    line: dict[str, Any] = {
        "type": "user",
        "uuid": "u-2",
        "timestamp": "2026-11-22T18:35:40Z",
        "sessionId": "s-1",
        "promptId": "p-1",
        "message": {"role": "user", "content": [block]},
    }
    return line if details is None else {**line, "toolUseResult": details}


def patched(*lines: str, **details: Any) -> dict[str, Any]:
    return {
        "filePath": "/home/dev/hello.py",
        "oldString": OLD,
        "newString": NEW,
        "structuredPatch": [{"oldStart": 1, "newStart": 1, "lines": list(lines)}],
        "userModified": False,
        **details,
    }


APPLIED = ("-def greet():", "-    print('helo')", *(f"+{line}" for line in NEW.splitlines()))


def read(*records: dict[str, Any]) -> list[Outcome]:
    return [one for record in records for one in claude_code.read(record, now=NOW)]


def said(*records: dict[str, Any]) -> list[Suggestion]:
    return [one for one in read(*records) if isinstance(one, Suggestion)]


def outcome_of(*records: dict[str, Any]) -> Suggestion:
    """Return what the last of several lines says about the edit."""
    return said(*records)[-1]


# The captured sessions ----------------------------------------------------------------------


def test_the_captured_sessions_hold_six_edits_with_their_decisions() -> None:
    proposed: dict[str, tuple[str | None, int | None]] = {}
    decided: dict[str, tuple[object, object, object, object]] = {}
    for path in sorted(FOLDER.rglob("*.jsonl")):
        records = [json.loads(line) for line in path.read_text().splitlines()]
        for one in read_records(records, now=NOW):
            if isinstance(one, Suggestion) and one.is_proposal:
                proposed[one.key] = (one.tool, one.proposed_lines)
            elif isinstance(one, Suggestion) and (one.is_edit or one.key in proposed):
                decided[one.key] = (
                    one.decision,
                    one.decided_by,
                    one.applied_lines,
                    one.user_modified,
                )
    assert proposed == {
        "tool:toolu_011d350b4f47bd4a4ca008a7": ("Edit", 3),
        "tool:toolu_0178daa713870f4170a4a4ad": ("Write", 6),
        "tool:toolu_01763227d7240341d7b85b27": ("Edit", 1),
        "tool:toolu_0102631a8eb7d94de78a31cd": ("Edit", 3),
        "tool:toolu_0190ddd58314e84a96b7dacd": ("Write", 6),
        "tool:toolu_01904c1da884054886ad24d0": ("Edit", 1),
    }
    assert decided == {
        "tool:toolu_011d350b4f47bd4a4ca008a7": ("accept", None, 3, False),
        "tool:toolu_0178daa713870f4170a4a4ad": ("accept", None, 6, False),
        "tool:toolu_01763227d7240341d7b85b27": ("denied_by_policy", "policy", 0, None),
        "tool:toolu_0102631a8eb7d94de78a31cd": ("accept", None, 3, False),
        "tool:toolu_0190ddd58314e84a96b7dacd": ("accept", None, 6, False),
        "tool:toolu_01904c1da884054886ad24d0": ("reject", "user", 0, None),
    }


# Proposals ----------------------------------------------------------------------------------


def test_a_proposal_names_its_call_and_counts_the_lines_it_adds() -> None:
    (one,) = said(proposal())
    assert (one.key, one.call_key, one.provider_message_id) == (
        "tool:toolu_1",
        "message:msg_01",
        "msg_01",
    )
    assert (one.tool, one.language, one.proposed_lines) == ("Edit", "python", 3)
    assert one.is_proposal
    assert one.timestamp == datetime(2026, 11, 22, 18, 35, 32, tzinfo=UTC)
    assert one.file_digests == edits.path_digests("/home/dev/hello.py")
    assert one.line_digests == edits.line_digests(NEW.splitlines())
    assert (one.decision, one.decided_by) == (None, None)


@pytest.mark.parametrize(
    ("tool", "given", "lines"),
    [
        ("Edit", {"old_string": "a\nb\nc", "new_string": "a\nx\nc"}, 1),
        ("Edit", {"old_string": "a\nb", "new_string": "a"}, 0),
        ("Edit", {"old_string": None, "new_string": 7}, None),
        ("Write", {"content": "A = 1\nB = 2\n\n\ndef add(a, b):\n    return a + b\n"}, 6),
        ("Write", {"content": ""}, 0),
        ("Write", {"content": ["A"]}, None),
        (
            "MultiEdit",
            {
                "edits": [
                    {"old_string": "a", "new_string": "x\ny"},
                    {"old_string": "b", "new_string": "z"},
                ]
            },
            3,
        ),
        ("MultiEdit", {"edits": "x"}, None),
        ("NotebookEdit", {"notebook_path": "a.ipynb", "new_source": "x = 1\ny = 2"}, 2),
        ("NotebookEdit", {"new_source": "x = 1", "edit_mode": "delete"}, 0),
    ],
)
def test_every_edit_tool_counts_its_lines(
    tool: str, given: dict[str, Any], lines: int | None
) -> None:
    (one,) = said(proposal(tool, **given))
    assert (one.tool, one.proposed_lines) == (tool, lines)


def test_a_very_long_edit_is_counted_without_comparing_each_line_with_each() -> None:
    old = "\n".join(f"line {number}" for number in range(3000))
    (one,) = said(proposal(file_path="x.py", old_string=old, new_string=f"{old}\nanother line"))
    assert one.proposed_lines == 1


def test_other_tools_propose_nothing() -> None:
    assert said(proposal("Read", file_path="x.py")) == []
    (answered,) = said(result(content="1\tx = 1"))
    assert not answered.is_edit  # it names no tool: only a proposal could make an edit of it


def test_no_code_and_no_path_comes_out() -> None:
    shown = repr(read(proposal(), result(patched(*APPLIED))))
    assert "greet" not in shown
    assert "hello.py" not in shown


# Results ------------------------------------------------------------------------------------


def test_an_applied_edit_is_accepted_by_whom_its_prompt_says() -> None:
    one = outcome_of(proposal(), result(patched(*APPLIED)))
    assert (one.decision, one.decided_by, one.decision_source) == (Decision.ACCEPT, None, "result")
    assert (one.applied_lines, one.user_modified, one.diff_ratio) == (3, False, 1.0)
    assert one.scopes == ("claude_prompt:p-1",)
    assert one.timestamp == datetime(2026, 11, 22, 18, 35, 40, tzinfo=UTC)
    assert not one.is_proposal


def test_a_result_that_describes_an_edit_needs_no_proposal() -> None:
    one = outcome_of(result(patched(*APPLIED)))
    assert (one.decision, one.applied_lines, one.language) == (Decision.ACCEPT, 3, "python")
    assert one.tool is None


def test_a_new_file_is_applied_whole() -> None:
    made: dict[str, Any] = {
        "type": "create",
        "filePath": "/home/dev/new.py",
        "content": "A = 1\nB = 2\n",
        "structuredPatch": [],
        "originalFile": None,
        "userModified": False,
    }
    given = {"file_path": "/home/dev/new.py", "content": "A = 1\nB = 2\n"}
    proposed, applied = said(proposal("Write", **given), result(made))
    assert (proposed.tool, applied.tool) == ("Write", None)
    assert (applied.applied_lines, applied.diff_ratio) == (2, 1.0)
    assert proposed.line_digests == applied.line_digests


def test_the_patch_of_git_stands_in_for_a_missing_one() -> None:
    diff = "@@ -1,1 +1,2 @@\n-old\n+new one\n+new two\n"
    details = {"filePath": "x.py", "newString": "x", "gitDiff": {"patch": diff}}
    one = outcome_of(result({**details, "userModified": False}))
    assert one.applied_lines == 2


def test_a_sub_agents_result_has_no_details_and_leaves_open_what_it_is_of() -> None:
    one = outcome_of(proposal(), result(content="The file has been updated."))
    assert (one.decision, one.applied_lines, one.diff_ratio) == (Decision.ACCEPT, None, None)
    assert (one.key, one.tool, one.is_edit) == ("tool:toolu_1", None, False)


def test_a_result_of_something_else_is_no_suggestion() -> None:
    assert read(result({"stdout": "x"}, content=REJECTED, is_error=True)) == [
        Skipped("Claude Code user")
    ]


@pytest.mark.parametrize(
    ("details", "content", "decision", "by"),
    [
        ("User rejected tool use", REJECTED, Decision.REJECT, "user"),
        (None, REJECTED, Decision.REJECT, "user"),
        ("Error: User rejected tool use", "x", Decision.REJECT, "user"),
        (None, [{"type": "text", "text": REJECTED}], Decision.REJECT, "user"),
        (f"Error: {DENIED}", DENIED, Decision.DENIED_BY_POLICY, "policy"),
        (None, "Permission to use Edit has been denied.", Decision.DENIED_BY_POLICY, "policy"),
        (
            None,
            "File is in a directory that is denied by your permission settings.",
            Decision.DENIED_BY_POLICY,
            "policy",
        ),
        ("Error: String to replace not found in file.", "x", Decision.ERROR, None),
        (None, 7, Decision.ERROR, None),
    ],
)
def test_a_refused_edit_is_told_from_a_denied_and_a_failed_one(
    details: object, content: object, decision: Decision, by: str | None
) -> None:
    one = outcome_of(proposal(), result(details, content=content, is_error=True))
    assert (one.decision, one.decided_by, one.applied_lines) == (decision, by, 0)
    assert (one.diff_ratio, one.user_modified) == (None, None)


def test_what_a_person_changed_before_accepting_is_said_with_its_lines() -> None:
    applied = ("+def greet(name):", "+    print('hello')", "+    return name.title()")
    one = outcome_of(proposal(), result(patched(*applied, userModified=True)))
    assert (one.user_modified, one.diff_ratio) == (True, None)  # the share: the store, from both
    assert one.line_digests == edits.line_digests(line[1:] for line in applied)


def test_a_changed_new_file_is_digested_whole() -> None:
    made = {"type": "update", "filePath": "n.py", "structuredPatch": [], "userModified": True}
    one = outcome_of(result({**made, "content": "alpha = 1\nbeta = 3\n"}))
    assert (one.diff_ratio, one.applied_lines) == (None, 0)
    assert one.line_digests == edits.line_digests(["alpha = 1", "beta = 3"])


def test_the_repository_of_a_patch_is_the_edits() -> None:
    one = outcome_of(result(patched(*APPLIED, gitDiff={"repository": "acme/widgets"})))
    assert one.repo_slug == "acme/widgets"


def test_details_of_several_results_in_one_line_belong_to_none_of_them() -> None:
    line = result(patched(*APPLIED))
    line["message"]["content"].append({"type": "tool_result", "tool_use_id": "toolu_2"})
    assert [(one.key, one.is_edit, one.applied_lines) for one in said(line)] == [
        ("tool:toolu_1", False, None),
        ("tool:toolu_2", False, None),
    ]


def test_an_edit_in_a_history_whose_origin_is_named_is_the_origins() -> None:
    copied = {"forkedFrom": {"sessionId": "s-0"}}
    found = said(proposal() | copied, result(patched(*APPLIED)) | copied)
    assert [one.session_id for one in found] == ["s-0", "s-0"]
    assert [one.session_id for one in said(proposal())] == ["s-1"]
