"""Owns what a call of an edit tool proposes: which file, which lines it would add; counts, digests.

For formats that hold a tool's arguments and nothing of its outcome. Texts go in, and no text comes
out. Knows no vendor's records, no decisions and no store.

Source: the tools' own schemas: Claude Code (Edit, MultiEdit, Write, NotebookEdit), Anthropic's text
editor tool, Gemini CLI (replace, write_file), opencode (edit, write), VS Code's
(create_file, replace_string_in_file), Codex's apply_patch grammar.
"""

from __future__ import annotations

import difflib
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.sources import edits, fields

if TYPE_CHECKING:
    from collections.abc import Mapping

EDIT_TOOLS: Final = frozenset(
    """
    Edit MultiEdit NotebookEdit Write apply_patch create_file edit multiedit
    replace replace_string_in_file str_replace_based_edit_tool str_replace_editor
    write write_file write_to_file
    """.split()  # noqa: SIM905 - quoted words would bury the list
)
"""Names of tools that change files, as they stand in requests; anything else is no edit."""

_PATHS: Final = (
    "file_path",
    "filePath",
    "path",
    "notebook_path",
    "absolute_path",
)
_OLD: Final = ("old_string", "oldString", "old_str")
_NEW: Final = ("new_string", "newString", "new_str", "new_source")
_WHOLE: Final = ("content", "file_text", "insert_text")
_PATCHES: Final = ("input", "patch", "patchText")
_NO_EDITS: Final = frozenset({"view", "undo_edit"})
_LONGEST_PATH: Final = 4096
_MOST_COMPARED: Final = 40_000
"""Pairs of lines that are compared one with the other; longer texts are compared as bags."""
_FILE_MARKS: Final = ("*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: ")


class ProposedEdit(NamedTuple):
    """What is kept of a proposed edit.

    Attributes:
        language: Language of the file by its ending; None when unknown, or of several files.
        file_digests: `edits.path_digests` of the file's path, of several files one after another;
            empty when the call names none.
        line_digests: `edits.line_digests` of the lines it adds.
        lines: Number of lines it adds.
    """

    language: str | None
    file_digests: tuple[int, ...]
    line_digests: tuple[int, ...]
    lines: int


def proposed_edit(tool: object, arguments: object) -> ProposedEdit | None:
    """Return what a call of a tool proposes; None when it is no edit or can't be read.

    Args:
        tool: Name of the tool.
        arguments: Its arguments: an object, JSON text of one, or the text of a patch.
    """
    if not isinstance(tool, str) or tool not in EDIT_TOOLS:
        return None
    given = fields.mapping(arguments)
    if tool == "apply_patch":
        patch = _text(given, _PATCHES) or (arguments if isinstance(arguments, str) else None)
        return None if patch is None else _of_patch(patch)
    added = None if _text(given, ("command",)) in _NO_EDITS else _added(given)
    if added is None:
        return None
    path = _text(given, _PATHS)
    return _edit([] if path is None else [path], added)


def added_lines(old: str, new: str) -> list[str]:
    """Return the lines that putting `new` in the place of `old` adds, in order.

    Long texts are compared without regard to order: a line that `old` holds as often is not added.
    """
    before, after = edits.lines_of(old), edits.lines_of(new)
    if set(before).isdisjoint(after):
        return after  # nothing was kept
    if len(before) * len(after) > _MOST_COMPARED:
        left = Counter(before)
        return [line for line in after if not _taken(left, line)]
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    added: list[str] = []
    at = 0
    for _, start, size in matcher.get_matching_blocks():  # the last one is empty, at the end
        added += after[at:start]
        at = start + size
    return added


def _taken(left: Counter[str], line: str) -> bool:
    if left[line] <= 0:
        return False
    left[line] -= 1
    return True


def _added(given: Mapping[str, Any]) -> list[str] | None:
    """Return the lines that arguments would add, None when they are of no known form."""
    several = given.get("edits")
    if isinstance(several, list):
        parts = [_replaced(fields.mapping(part)) for part in several]
        return [line for part in parts if part is not None for line in part]
    if given.get("edit_mode") == "delete":
        return []
    replaced = _replaced(given)
    if replaced is not None:
        return replaced
    whole = _text(given, _WHOLE)
    return None if whole is None else edits.lines_of(whole)


def _replaced(given: Mapping[str, Any]) -> list[str] | None:
    old, new = _text(given, _OLD), _text(given, _NEW)
    if new is None:
        return None if old is None else []
    return added_lines(old or "", new)


def _of_patch(patch: str) -> ProposedEdit | None:
    paths: list[str] = []
    added: list[str] = []
    for line in patch.splitlines():
        if line.startswith("+"):
            added.append(line[1:])
        elif line.startswith("*** "):
            mark = next((one for one in _FILE_MARKS if line.startswith(one)), None)
            if mark is not None:
                paths.append(line[len(mark) :].strip())
    return _edit(paths, added) if paths else None


def _edit(paths: list[str], added: list[str]) -> ProposedEdit:
    usable = [path for path in dict.fromkeys(paths) if 0 < len(path) <= _LONGEST_PATH]
    languages = {edits.language_of(path) for path in usable}
    digests = [digest for path in usable for digest in edits.path_digests(path)]
    return ProposedEdit(
        languages.pop() if len(languages) == 1 else None,
        tuple(dict.fromkeys(digests)),
        edits.line_digests(added),
        len(added),
    )


def _text(given: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = given.get(name)
        if isinstance(value, str):
            return value
    return None
