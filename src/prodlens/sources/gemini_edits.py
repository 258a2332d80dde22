"""Owns what Gemini CLI says about edits, in its chat files and in its telemetry.

Code is read to count and digest it and is never kept. Only `replace`, `edit` and `write_file`
change files. Telemetry names no tool call, so an edit is known in both by what it would do
(`_key`): the same edit proposed twice in one session counts once.

Source: google-gemini/gemini-cli packages/core/src/telemetry/tool-call-decision.ts and types.ts
(`ToolCallEvent`), tools/diffOptions.ts (`diffStat`), services/chatRecordingTypes.ts
(`ToolCallRecord`); sources.md 8.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.schemas import DecidedBy, Decision, Suggestion
from prodlens.sources import edit_calls, edits
from prodlens.sources.fields import UnreadableError, count, mapping, text
from prodlens.sources.gemini_calls import SOURCE, scope_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_TOOLS: Final = frozenset({"edit", "replace", "write_file"})
_STATUS: Final = {
    "success": Decision.ACCEPT,
    "cancelled": Decision.REJECT,
    "error": Decision.ERROR,
}
_DECISIONS: Final = {
    "accept": (Decision.ACCEPT, DecidedBy.USER),
    "modify": (Decision.ACCEPT, DecidedBy.USER),
    "auto_accept": (Decision.ACCEPT, DecidedBy.AUTO),
    "reject": (Decision.REJECT, DecidedBy.USER),
}
_BY_POLICY: Final = "policy_violation"


class Place(NamedTuple):
    """Where an edit belongs.

    Attributes:
        session: Session, None when not known.
        call_key: The call that proposed it, None when not known.
        at: When, aware UTC; None when not known.
        developer: Person or account.
        repo: `owner/name`.
        source: Name of the file's format.
    """

    session: str | None
    call_key: str | None
    at: datetime | None
    developer: str | None = None
    repo: str | None = None
    source: str = SOURCE


class _Stat(NamedTuple):
    """Gemini's own count of lines: by the model, and what the person changed after it."""

    added: int | None
    removed: int | None
    user_added: int | None
    user_removed: int | None


def is_edit(name: object) -> bool:
    """Return whether a tool changes files."""
    return isinstance(name, str) and name in _TOOLS


def of_chat(tool_call: Mapping[str, Any], place: Place) -> Suggestion | None:
    """Return what a chat file says about one tool call; None when it is no edit."""
    name, call = tool_call.get("name"), text(tool_call.get("id"))
    if call is None or not is_edit(name):
        return None
    shown = mapping(tool_call.get("resultDisplay"))
    stat = _stat(shown.get("diffStat"))
    decision = _STATUS.get(text(tool_call.get("status")) or "")
    diff = shown.get("fileDiff")
    shown_lines = edits.added_of_unified_diff(diff) if isinstance(diff, str) else None
    arguments = tool_call.get("args")
    key = _key(str(name), arguments, place) or f"tool:{call}"
    made = _suggestion(str(name), arguments, key, stat, place=place)
    if shown_lines is not None and not made["user_modified"]:
        # What the file gains, of a file written anew less than the whole text.
        made["line_digests"] = edits.line_digests(shown_lines)
        made["proposed_lines"] = len(shown_lines) if stat.added is None else stat.added
    applied = None if shown_lines is None else len(shown_lines)
    return _decided(made, decision, None, applied, evidence="result")


def of_event(attributes: Mapping[str, Any], key: str, place: Place) -> Suggestion:
    """Return what a `tool_call` event says about an edit.

    Args:
        attributes: Attributes of the event; `is_edit` holds for its `function_name`.
        key: Key of the edit where its arguments do not make one.
        place: Where it belongs.
    """
    stat = _stat(attributes.get("metadata"))
    name, arguments = str(attributes.get("function_name")), attributes.get("function_args")
    said = text(attributes.get("decision"))
    decision, decided_by = _DECISIONS.get(said or "", (None, None))
    success = attributes.get("success")
    if decision is not Decision.REJECT and success is False:
        denied = text(attributes.get("error_type")) == _BY_POLICY
        decision = Decision.DENIED_BY_POLICY if denied else Decision.ERROR
        decided_by = DecidedBy.POLICY if denied else decided_by
    evidence = "result" if said is None or decided_by is None else "event"
    if decision is None and success is True:
        decision = Decision.ACCEPT
    own = _key(name, arguments, place) or key
    made = _suggestion(name, arguments, own, stat, place=place)
    if said == "modify":
        made["user_modified"] = True
    return _decided(made, decision, decided_by, _applied(stat), evidence=evidence)


def _key(name: str, arguments: object, place: Place) -> str | None:
    """Return the key that both files give an edit; None where one of its parts is not known.

    The digest is keyed with the session's id, so that no table of edits tells what it was. What is
    taken out counts, too: two deletions in one file are two edits.
    """
    edit = edit_calls.proposed_edit(name, arguments)
    if place.session is None or edit is None or not edit.file_digests:
        return None
    old = mapping(arguments).get("old_string")
    gone = edits.line_digests(edits.lines_of(old)) if isinstance(old, str) else ()
    said = (name, edit.file_digests[-1], edit.lines, edit.line_digests, gone)
    session = hashlib.blake2b(place.session.encode("utf-8", "surrogatepass")).digest()
    digest = hashlib.blake2b(repr(said).encode(), digest_size=16, key=session).hexdigest()
    return f"gemini_edit:{digest}"


def _suggestion(
    name: str, arguments: object, key: str, stat: _Stat, *, place: Place
) -> dict[str, Any]:
    """Return the fields of a suggestion that don't depend on its outcome."""
    edit = edit_calls.proposed_edit(name, arguments)
    changed = None if stat.user_added is None else bool(stat.user_added or stat.user_removed)
    lines = stat.added if stat.added is not None else None if edit is None else edit.lines
    return {
        "key": key,
        "source": place.source,
        "call_key": place.call_key,
        "scopes": () if place.session is None else (scope_of(place.session),),
        "session_id": place.session,
        "developer_id": place.developer,
        "timestamp": place.at,
        "repo_slug": place.repo,
        "tool": name,
        "language": None if edit is None else edit.language,
        "file_digests": () if edit is None else edit.file_digests,
        "line_digests": () if edit is None else edit.line_digests,
        "proposed_lines": lines,
        "user_modified": changed,
        "diff_ratio": _ratio(stat),
        "is_proposal": True,
    }


def _decided(
    made: dict[str, Any],
    decision: Decision | None,
    decided_by: DecidedBy | None,
    applied: int | None,
    *,
    evidence: str,
) -> Suggestion:
    if decision is not None:
        accepted = decision is Decision.ACCEPT
        lines = applied if applied is not None else made["proposed_lines"]
        if applied is None and made["user_modified"]:
            lines = None
        made["applied_lines"] = lines if accepted else 0
        made["diff_ratio"] = made["diff_ratio"] if accepted else None
        evidence_of = {"decision_source": evidence}
        made |= {"decision": decision, "decided_by": decided_by} | evidence_of
    return Suggestion(**made)


def _stat(value: object) -> _Stat:
    held = mapping(value)
    names = ("model_added_lines", "model_removed_lines", "user_added_lines", "user_removed_lines")
    found: list[int | None] = []
    for name in names:
        try:
            found.append(count(held.get(name), name))
        except UnreadableError:
            found.append(None)  # the arguments and the diff count as well
    return _Stat(*found)


def _ratio(stat: _Stat) -> float | None:
    """Return the share of the model's changes that the person left alone.

    Formula: 1 - changes of the person / changes of the model, at least 0.
    Source: sources.md 8.3.
    """
    if stat.added is None or stat.user_added is None:
        return None
    model = stat.added + (stat.removed or 0)
    person = stat.user_added + (stat.user_removed or 0)
    if model == 0:
        return None
    return max(0.0, 1 - person / model)


def _applied(stat: _Stat) -> int | None:
    """Return the lines that were added; not known when the person took lines out again."""
    if stat.added is None or stat.user_removed:
        return None
    return stat.added + (stat.user_added or 0)
