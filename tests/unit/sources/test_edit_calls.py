"""Calls of edit tools: every tool's own arguments lead to the same counts and digests."""

from __future__ import annotations

from typing import Any

import pytest

from prodlens.sources.edit_calls import added_lines, proposed_edit
from prodlens.sources.edits import line_digests, path_digests

PATH = "/home/dev/src/app.py"
ADDED = ["first new line", "second new line"]
NEW = "first new line\nsecond new line\n"
PATCH = f"*** Begin Patch\n*** Add File: {PATH}\n+first new line\n+second new line\n*** End Patch\n"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("Edit", {"file_path": PATH, "old_string": "old line", "new_string": NEW}),
        ("Write", {"file_path": PATH, "content": NEW}),
        ("edit", {"filePath": PATH, "oldString": "", "newString": NEW}),
        ("write", {"filePath": PATH, "content": NEW}),
        ("replace", {"file_path": PATH, "old_string": "old", "new_string": NEW}),
        ("write_file", {"absolute_path": PATH, "content": NEW}),
        ("create_file", {"filePath": PATH, "content": NEW}),
        ("write_to_file", {"path": PATH, "content": NEW}),
        ("NotebookEdit", {"notebook_path": PATH, "new_source": NEW, "edit_mode": "insert"}),
        (
            "str_replace_based_edit_tool",
            {"command": "str_replace", "path": PATH, "old_str": "x", "new_str": NEW},
        ),
        ("str_replace_editor", {"command": "create", "path": PATH, "file_text": NEW}),
        (
            "MultiEdit",
            {
                "file_path": PATH,
                "edits": [
                    {"old_string": "a", "new_string": "first new line"},
                    {"old_string": "b", "new_string": "second new line"},
                ],
            },
        ),
        ("apply_patch", PATCH),
        ("apply_patch", {"input": PATCH}),
        ("apply_patch", {"patchText": PATCH}),
    ],
)
def test_every_tool_says_the_same_of_the_same_edit(tool: str, arguments: Any) -> None:
    found = proposed_edit(tool, arguments)

    assert found is not None
    assert found == ("python", path_digests(PATH), line_digests(ADDED), 2)


@pytest.mark.parametrize(
    ("old", "new", "added"),
    [
        ("", "a\nb", ["a", "b"]),
        ("a\nb\nc", "a\nB\nc", ["B"]),
        ("a\nb", "a\nnew\nb", ["new"]),
        ("a\nb", "a", []),
        ("a", "a\n\n", [""]),
        ("same", "same", []),
        ("x\n" * 300 + "y", "y\n" + "x\n" * 301, ["x"]),
    ],
)
def test_only_lines_that_are_new_are_added(old: str, new: str, added: list[str]) -> None:
    assert added_lines(old, new) == added


@pytest.mark.parametrize(
    ("tool", "arguments", "lines"),
    [
        ("NotebookEdit", {"notebook_path": "/a.ipynb", "edit_mode": "delete"}, 0),
        ("Edit", {"file_path": "/a.py", "old_string": "gone\nlines"}, 0),
        ("Write", {"file_path": "/a.py", "content": ""}, 0),
    ],
)
def test_taking_away_adds_nothing(tool: str, arguments: Any, lines: int) -> None:
    found = proposed_edit(tool, arguments)
    assert found is not None
    assert found.lines == lines


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("Read", {"file_path": PATH}),
        ("Edit", {"file_path": PATH}),
        ("Edit", 7),
        (None, {}),
        ({}, {}),
        ("apply_patch", "echo hello"),
        ("str_replace_editor", {"command": "view", "path": PATH, "file_text": "x"}),
        ("str_replace_editor", {"command": ["view"], "path": PATH}),
        ("Write", {"file_path": PATH, "content": ["x"]}),
    ],
)
def test_what_is_no_edit_is_none(tool: Any, arguments: Any) -> None:
    assert proposed_edit(tool, arguments) is None


def test_a_patch_of_several_files_names_all_of_them_and_no_language() -> None:
    patch = (
        "*** Begin Patch\n*** Update File: src/a.py\n*** Move to: src/b.py\n@@\n-old\n+new line\n"
        "*** Add File: web/c.ts\n+more lines\n*** Delete File: d.go\n*** End Patch"
    )
    found = proposed_edit("apply_patch", patch)

    assert found is not None
    assert (found.language, found.lines) == (None, 2)
    assert set(found.file_digests) == {
        digest
        for path in ("src/a.py", "src/b.py", "web/c.ts", "d.go")
        for digest in path_digests(path)
    }


def test_an_edit_without_a_path_is_still_counted() -> None:
    found = proposed_edit("Write", {"content": NEW, "file_path": ""})
    assert found == (None, (), line_digests(ADDED), 2)
