"""Owns what Claude Code's transcripts say about edits: proposed, applied, refused, denied.

Code is read to count and digest it and is never kept. Knows no tokens and no tool but the edit
tools.

Source: Claude Code 2.1 (inputs of Edit, MultiEdit, Write and NotebookEdit, `toolUseResult`, and
the sentences of refused tool calls); sources.md 4a and 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.schemas import DecidedBy, Decision, Suggestion
from prodlens.sources import edit_calls, edits, fields
from prodlens.sources.claude_code_context import SOURCE, prompt_scope
from prodlens.sources.fields import mapping, text
from prodlens.sources.repo_slugs import repo_slug

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.sources.claude_code_context import Entry

TOOLS: Final = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})

_READ_OF_TEXT: Final = 2_000
_BY_PERSON: Final = (
    "The user doesn't want to proceed with this tool use",
    "The user doesn't want to take this action right now",
    "User rejected tool use",
    "[Request interrupted by user",
)
_BY_POLICY: Final = (
    "but you haven't granted it yet",
    "Permission to use ",
    "denied by your permission settings",
    "hook error",
    "blocked by hook",
)
_WRITTEN: Final = frozenset({"create", "update"})
_NOTHING: Final = edit_calls.ProposedEdit(None, (), (), 0)
"""Stands for an edit whose input can't be read."""
_OF_EDITS: Final = ("structuredPatch", "new_source")


class _Part(NamedTuple):
    """One result of a line: of which tool call, and what the program adds."""

    key: str
    block: Mapping[str, Any]
    details: object


def proposed(
    entry: Entry,
    message: Mapping[str, Any],
    *,
    call_key: str | None,
    message_id: str | None,
) -> Iterator[Suggestion]:
    """Yield the edits that an answer proposes.

    Args:
        entry: The answer's line.
        message: Its message.
        call_key: Key of the call.
        message_id: The provider's id of the answer.
    """
    for block in _blocks(message, "tool_use"):
        name, key = text(block.get("name")), text(block.get("id"))
        if name not in TOOLS or key is None:
            continue
        edit = edit_calls.proposed_edit(name, block.get("input")) or _NOTHING
        yield Suggestion(
            key=f"tool:{key}",
            source=SOURCE,
            call_key=call_key,
            scopes=prompt_scope(entry.record.get("promptId")),
            session_id=entry.session_id,
            provider_message_id=message_id,
            timestamp=entry.at,
            tool=name,
            language=edit.language,
            file_digests=edit.file_digests,
            line_digests=edit.line_digests,
            proposed_lines=None if edit is _NOTHING else edit.lines,
            is_proposal=True,
        )


def results(entry: Entry) -> Iterator[Suggestion]:
    """Yield what a line says about edits that were proposed before.

    A refusal or failure names no tool: whether it is of an edit is known from the proposal, which
    may stand in another file.
    """
    blocks = list(_blocks(mapping(entry.record.get("message")), "tool_result"))
    details = entry.record.get("toolUseResult") if len(blocks) == 1 else None
    for block in blocks:
        key = text(block.get("tool_use_id"))
        is_edit = isinstance(details, Mapping) and _is_edit(details)
        if key is not None and (is_edit or not isinstance(details, Mapping)):
            yield _result(entry, _Part(key, block, details), is_edit=is_edit)


def _result(entry: Entry, part: _Part, *, is_edit: bool) -> Suggestion:
    decision, decided_by = _verdict(part)
    applied = part.details if isinstance(part.details, Mapping) else fields.EMPTY
    accepted = decision is Decision.ACCEPT
    added = _applied_lines(applied)
    path = applied.get("filePath") or applied.get("notebook_path")
    path = path if isinstance(path, str) else None
    modified = fields.flag(applied.get("userModified")) if accepted else None
    return Suggestion(
        key=f"tool:{part.key}",
        source=SOURCE,
        scopes=prompt_scope(entry.record.get("promptId")),
        session_id=entry.session_id,
        timestamp=entry.at,
        repo_slug=repo_slug(mapping(applied.get("gitDiff")).get("repository")),
        language=None if path is None else edits.language_of(path),
        file_digests=() if path is None else edits.path_digests(path),
        line_digests=edits.line_digests(_written(applied, added, modified=modified))
        if accepted
        else (),
        decision=decision,
        decided_by=decided_by,
        decision_source="result",
        user_modified=modified,
        applied_lines=0 if not accepted else None if added is None else len(added),
        diff_ratio=1.0 if modified is False else None,
        is_edit=is_edit,
    )


def _written(
    applied: Mapping[str, Any], added: list[str] | None, *, modified: bool | None
) -> list[str]:
    """Return the lines by which an applied edit is found again, or compared with its proposal."""
    whole = applied.get("content")
    if modified and isinstance(whole, str):
        return edits.lines_of(whole)  # what Write proposed is a whole file, too
    return added or []


def _blocks(message: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    content = message.get("content")
    for block in content if isinstance(content, list) else ():
        if isinstance(block, Mapping) and block.get("type") == kind:
            yield block


# Results ------------------------------------------------------------------------------------


def _is_edit(details: Mapping[str, Any]) -> bool:
    if any(name in details for name in _OF_EDITS):
        return True
    if "filePath" not in details:
        return False
    return details.get("type") in _WRITTEN or "newString" in details


def _applied_lines(details: Mapping[str, Any]) -> list[str] | None:
    """Return the lines that were added: of the patch, or all of a file that is new."""
    patch = details.get("structuredPatch")
    if isinstance(patch, list) and patch:
        hunks = [fields.sequence(mapping(hunk).get("lines")) for hunk in patch]
        return edits.added_of_hunks(line for hunk in hunks for line in hunk)
    if details.get("type") == "create" or "new_source" in details:
        deletes = details.get("edit_mode") == "delete"
        whole = details.get("content", details.get("new_source"))
        return [] if deletes else edits.lines_of(whole) if isinstance(whole, str) else None
    diff = mapping(details.get("gitDiff")).get("patch")
    if isinstance(diff, str):
        return edits.added_of_unified_diff(diff)
    return [] if isinstance(patch, list) else None


def _verdict(part: _Part) -> tuple[Decision, DecidedBy | None]:
    """Return what became of an edit; who accepted it stands with its prompt."""
    block, details = part.block, part.details
    said = [_text(block.get("content"))]
    if isinstance(details, str):
        said.append(details[:_READ_OF_TEXT])
    failed = fields.flag(block.get("is_error")) is True
    if not failed and isinstance(details, Mapping):
        return Decision.ACCEPT, None
    for words in said:
        if words.removeprefix("Error: ").startswith(_BY_PERSON):
            return Decision.REJECT, DecidedBy.USER
    if failed and any(mark in words for words in said for mark in _BY_POLICY):
        return Decision.DENIED_BY_POLICY, DecidedBy.POLICY
    return (Decision.ERROR if failed else Decision.ACCEPT), None


def _text(content: object) -> str:
    """Return the beginning of a result's text, which is matched and dropped."""
    if isinstance(content, str):
        return content[:_READ_OF_TEXT]
    for block in content if isinstance(content, list) else ():
        if isinstance(block, Mapping) and isinstance(found := block.get("text"), str):
            return found[:_READ_OF_TEXT]
    return ""
