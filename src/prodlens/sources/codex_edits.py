"""Owns what Codex's rollouts say about edits: patches proposed, asked about, applied, refused.

Code is read to count and digest it and is never kept. Knows no tokens and no other tool.

Source: openai/codex codex-rs/protocol (`FileChangeItem`, `PatchApplyBeginEvent`,
`PatchApplyEndEvent`, `ApplyPatchApprovalRequestEvent`), codex-rs/apply-patch (the patch's own
grammar and the sentences of its result); sources.md 5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.schemas import DecidedBy, Decision, Suggestion
from prodlens.sources import edit_calls, edits, fields
from prodlens.sources.edit_calls import ProposedEdit
from prodlens.sources.fields import mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

SOURCE: Final = "codex"
TOOL: Final = "apply_patch"
PROPOSING: Final = frozenset({"patch_apply_begin", "apply_patch_approval_request", "item_started"})
"""Events before the edit is made; the second one means that somebody was asked."""

_STATUS: Final = {
    "completed": Decision.ACCEPT,
    "declined": Decision.REJECT,
    "failed": Decision.ERROR,
}
_SHELLS: Final = frozenset(
    {"shell", "shell_command", "exec_command", "local_shell", "container.exec"}
)
_BEGIN: Final = "*** Begin Patch"
_END: Final = "*** End Patch"
_FULL_HUNK: Final = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@", re.MULTILINE)
_EXIT: Final = re.compile(r"^(?:Exit code: |Process exited with code )(\d{1,3})$", re.MULTILINE)
_DONE: Final = "Success. Updated the following files"
_REFUSED_BY_SETTING: Final = "rejected by user approval settings"
_REFUSED: Final = "rejected by user"
_OF_PATCHES: Final = (
    _DONE,
    _REFUSED,
    "apply_patch verification failed",
    "Failed to find expected lines in",
    "Failed to find context",
    "Invalid patch",
)
"""Source: openai/codex codex-rs/apply-patch/src/lib.rs, parser.rs."""
_READ_OF_OUTPUT: Final = 20_000
_MOST_WAITING: Final = 64
"""Edits of a file whose result is awaited."""


class Line(NamedTuple):
    """A line of a rollout, as far as its edits need it.

    Attributes:
        payload: What it holds.
        at: When it was written, aware UTC; None when that can't be read.
        turn: Turn, None in old shapes.
        thread: Thread of the file.
        mode: `ask` or `auto` as the file's last turn context says; used without a turn only.
        reviewed: Whether a program answers approval requests, as that turn context says.
    """

    payload: Mapping[str, Any]
    at: datetime | None
    turn: str | None
    thread: str | None
    mode: str | None
    reviewed: bool = False


def of_change(line: Line, state: dict[str, Any], *, kind: str) -> Suggestion | None:
    """Return what an event about a patch says.

    Args:
        line: The event's line; its payload names the call and the changes.
        state: Of the file; notes who was asked, which only an earlier event says.
        kind: `item_completed`, `patch_apply_end` or one of `PROPOSING`.

    Returns:
        None when no id of a call is given.
    """
    payload = line.payload
    call = text(payload.get("call_id")) or text(payload.get("id"))
    if call is None:
        return None
    approvers: dict[str, str] = state.setdefault("approvers", {})
    if (said := _approver(line, kind=kind)) is not None:
        _note(approvers, call, said.value)
    edit = _changes(payload.get("changes"))
    if kind in PROPOSING:
        return _suggestion(call, line, edit)
    decision = _STATUS.get(text(payload.get("status")) or "")
    if decision is None and isinstance(payload.get("success"), bool):
        decision = Decision.ACCEPT if payload.get("success") else Decision.ERROR
    noted = approvers.pop(call, None)
    decided_by = said or (DecidedBy(noted) if noted is not None else None)
    return _suggestion(call, line, edit, decision=decision, decided_by=decided_by)


def of_call(line: Line, state: dict[str, Any]) -> Suggestion | None:
    """Return the edit that a tool call proposes, None for a call that patches nothing.

    Notes in `state` that its result is awaited: the result names no tool.
    """
    patch = _patch_of(line.payload)
    call = text(line.payload.get("call_id"))
    edit = None if patch is None else edit_calls.proposed_edit(TOOL, patch)
    if edit is None or call is None:
        return None
    _note(state.setdefault("edits", {}), call, edit.lines)
    return _suggestion(call, line, edit)


def _note(waiting: dict[str, Any], call: str, value: str | int) -> None:
    """Remember something about a call until its result comes, of the latest calls only."""
    waiting[call] = value
    while len(waiting) > _MOST_WAITING:
        del waiting[next(iter(waiting))]


def of_output(line: Line, state: dict[str, Any]) -> Suggestion | None:
    """Return what the result of a tool call says about an edit; None for other calls.

    The call that it answers may stand in another piece of the file: then the sentences that only
    patches are answered with tell that it was one, and the store knows the rest by the call's id.
    """
    call = text(line.payload.get("call_id"))
    waiting: dict[str, Any] = state.get("edits", {})
    awaited = call in waiting
    if call is None or not (awaited or _is_of_patch(line.payload.get("output"))):
        return None
    lines = waiting.pop(call, None)
    decision, decided_by = _result(line.payload.get("output"))
    if decision is None:
        return None
    return Suggestion(
        key=f"tool:{call}",
        source=SOURCE,
        scopes=_scopes(line),
        within=_within(line),
        session_id=line.thread,
        timestamp=line.at,
        tool=TOOL,
        decision=decision,
        decided_by=decided_by or _by_mode(line, decision),
        decision_source="result",
        applied_lines=lines if decision is Decision.ACCEPT else 0,
        diff_ratio=1.0 if decision is Decision.ACCEPT else None,
        is_edit=awaited,
    )


def _suggestion(
    call: str,
    line: Line,
    edit: ProposedEdit | None,
    *,
    decision: Decision | None = None,
    decided_by: DecidedBy | None = None,
) -> Suggestion:
    """Return one suggestion; `edit` None when its lines could not be read.

    A result holds the whole change once more, so it counts as the proposal, too: it knows whole
    paths where the call that proposed it may name files from its own folder.
    """
    accepted = decision is Decision.ACCEPT
    lines = None if edit is None else edit.lines
    if decision is not None and decided_by is None:
        decided_by = _by_mode(line, decision)
    return Suggestion(
        key=f"tool:{call}",
        source=SOURCE,
        scopes=_scopes(line),
        within=_within(line),
        session_id=line.thread,
        timestamp=line.at,
        tool=TOOL,
        language=None if edit is None else edit.language,
        file_digests=() if edit is None else edit.file_digests,
        line_digests=() if edit is None else edit.line_digests,
        proposed_lines=lines,
        decision=decision,
        decided_by=decided_by,
        decision_source=None if decision is None else "result",
        applied_lines=None if decision is None else lines if accepted else 0,
        diff_ratio=1.0 if accepted else None,  # Codex applies a patch as it is or not at all
        is_proposal=edit is not None or decision is None,
    )


def scopes_of(turn: str | None, thread: str | None) -> tuple[str, ...]:
    """Return the scopes of a turn and a thread, as far as they are known."""
    named = (("codex_turn", turn), ("codex_thread", thread))
    return tuple(f"{name}:{found}" for name, found in named if found is not None)


def _scopes(line: Line) -> tuple[str, ...]:
    return scopes_of(line.turn, line.thread)


def _within(line: Line) -> str | None:
    return next(iter(_scopes(line)), None)


def _by_mode(line: Line, decision: Decision) -> DecidedBy | None:
    """Say who decided in a shape without turns; with turns, the store asks the turn's facts."""
    if line.turn is not None or line.mode is None:
        return None
    if decision not in (Decision.ACCEPT, Decision.REJECT):
        return None
    return DecidedBy.AUTO if line.mode == "auto" else DecidedBy.USER


def _approver(line: Line, *, kind: str) -> DecidedBy | None:
    """Return who was to approve: a request asks somebody, `auto_approved` says that nobody was."""
    auto = line.payload.get("auto_approved")
    if kind != "apply_patch_approval_request" and not isinstance(auto, bool):
        return None
    return DecidedBy.AUTO if auto is True or line.reviewed else DecidedBy.USER


# Changes ------------------------------------------------------------------------------------


def _changes(value: object) -> ProposedEdit | None:
    """Return files and added lines of a map of changes, or of a list; None when one says nothing.

    Several files are one change.
    """
    found = mapping(value)
    pairs: Iterable[tuple[object, object]] = found.items()
    if not found:
        pairs = [(mapping(one).get("path"), one) for one in fields.sequence(value)]
    added: list[str] = []
    paths: list[str] = []
    for path, change in pairs:
        lines = _added(mapping(change))
        if not isinstance(path, str) or lines is None:
            return None
        paths.append(path)
        added += lines
    languages = {edits.language_of(path) for path in paths}
    digests = [digest for path in paths for digest in edits.path_digests(path)]
    return (
        ProposedEdit(
            languages.pop() if len(languages) == 1 else None,
            tuple(dict.fromkeys(digests)),
            edits.line_digests(added),
            len(added),
        )
        if paths
        else None
    )


def _added(change: Mapping[str, Any]) -> list[str] | None:
    """Return the lines one file gains; None when the change does not say."""
    kind, body = change.get("type") or change.get("kind"), change
    if isinstance(kind, dict):
        kind = kind.get("type")
    if kind is None and len(change) == 1:  # shape of early versions: {"add": {"content": ...}}
        kind, inner = next(iter(change.items()))
        body = mapping(inner)
    if kind == "delete":
        return []
    key = "content" if kind == "add" else "unified_diff"
    code = body.get(key, body.get("diff"))
    if kind not in ("add", "update") or not isinstance(code, str):
        return None
    return edits.lines_of(code) if kind == "add" else _added_of_diff(code)


def _added_of_diff(diff: str) -> list[str]:
    if _FULL_HUNK.search(diff):
        return edits.added_of_unified_diff(diff)
    lines = (line for line in diff.splitlines() if not line.startswith("+++ "))
    return edits.added_of_hunks(lines)


# Patches ------------------------------------------------------------------------------------


def _patch_of(payload: Mapping[str, Any]) -> str | None:
    """Return the text of the patch in a tool call, None when there is none."""
    name = text(payload.get("name"))
    if payload.get("type") == "local_shell_call":
        return _inside(mapping(payload.get("action")).get("command"))
    if name == TOOL:
        given = payload.get("input")
        arguments = mapping(payload.get("arguments"))
        given = given or arguments.get("input") or arguments.get("patch")
        return given if isinstance(given, str) else None
    if name in _SHELLS:
        written = payload.get("arguments")
        if isinstance(written, str) and TOOL not in written:
            return None  # most commands: not worth decoding
        arguments = mapping(written)
        return _inside(arguments.get("command") or arguments.get("cmd"))
    return None


def _inside(command: object) -> str | None:
    """Return the patch inside a shell command that runs `apply_patch`."""
    words = command if isinstance(command, list) else [command]
    script = "\n".join(word for word in words if isinstance(word, str))
    begin = script.find(_BEGIN)
    return script[begin:].partition(_END)[0] if begin >= 0 and TOOL in script else None


def _said(output: object) -> str:
    """Return the beginning of a tool's result, which is matched and dropped."""
    held = mapping(output)
    said = held.get("output") if held else output
    return said[:_READ_OF_OUTPUT] if isinstance(said, str) else ""


def _is_of_patch(output: object) -> bool:
    """Return whether a result is worded as only those of patches are."""
    said = _said(output)
    return any(words in said for words in _OF_PATCHES)


def _result(output: object) -> tuple[Decision | None, DecidedBy | None]:
    """Judge a tool's result by Codex's own sentences and exit code; None when it tells nothing."""
    held, said = mapping(output), _said(output)
    if _REFUSED_BY_SETTING in said:
        return Decision.DENIED_BY_POLICY, DecidedBy.POLICY
    if _REFUSED in said:
        return Decision.REJECT, DecidedBy.USER
    if _DONE in said:
        return Decision.ACCEPT, None
    code = mapping(held.get("metadata")).get("exit_code")
    if type(code) is not int and (found := _EXIT.search(said)):
        code = int(found[1])
    if type(code) is not int:
        return None, None
    return Decision.ACCEPT if code == 0 else Decision.ERROR, None
