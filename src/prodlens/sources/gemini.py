"""Owns Gemini CLI's chat files, and which of its two kinds of file a record is from.

A chat file (`~/.gemini/tmp/<project>/chats/session-*`) begins with a header that names the session,
goes on with messages, each written again when something is added (its tool calls), and updates of
the header (`$set`). Older versions wrote one JSON object with all messages. Prompts and answers
are never looked at.

Source: google-gemini/gemini-cli packages/core/src/services/chatRecordingTypes.ts and
chatRecordingService.ts; sources.md 5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from prodlens.schemas import Skipped
from prodlens.sources import fields, gemini_calls, gemini_edits, gemini_telemetry
from prodlens.sources.fields import UnreadableError, mapping, text
from prodlens.sources.gemini_calls import Names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from prodlens.schemas import Outcome

_COUNTS: Final = Names("input", "output", "cached", "thoughts", "tool", "total")
_MESSAGES: Final = frozenset({"error", "gemini", "info", "user", "warning"})
_ELSEWHERE: Final = frozenset({"message", "parentUuid", "payload", "sessionId", "uuid"})
"""Names that other tools' messages have beside a type and an id."""
_UPDATES: Final = ("$set", "$rewindTo")
_SAFE: Final = re.compile(r"[a-z][a-z_]{1,31}")
_IDS: Final = ("id", "model")
_TIMES: Final = ("timestamp",)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether a record is of a chat file or of the telemetry outfile."""
    if "sessionId" in record and "projectHash" in record:
        return True
    if len(record) == 1 and any(name in record for name in _UPDATES):
        return True
    kind = record.get("type")
    if isinstance(kind, str) and kind in _MESSAGES and _is_message(record):
        return True
    return gemini_telemetry.matches(record)


def _is_message(record: Mapping[str, Any]) -> bool:
    if "id" not in record:
        return False
    named = "content" in record or "tokens" in record or "toolCalls" in record
    return named and _ELSEWHERE.isdisjoint(record)


def read(record: Mapping[str, Any], *, now: datetime, state: dict[str, Any]) -> Iterable[Outcome]:
    """Read one record of either file.

    Args:
        record: The decoded record.
        now: The present instant; later times (by more than a day) are out of range.
        state: Of this file: the session that its header named, and whether an agent's.

    Returns:
        Calls and edits; what holds none of these is skipped.
    """
    if "sessionId" in record and "projectHash" in record:
        return _whole(record, now, state)
    for name in _UPDATES:
        if name in record:
            return _messages(mapping(record.get(name)), now, state) or (
                Skipped("Gemini CLI update"),
            )
    if gemini_telemetry.matches(record):
        return gemini_telemetry.read(record, now=now, state=state)
    return _message(record, now, state)


def _whole(record: Mapping[str, Any], now: datetime, state: dict[str, Any]) -> Iterable[Outcome]:
    """Note what a header says; of older versions it holds all messages, too."""
    state["session"] = text(record.get("sessionId"))
    kind = text(record.get("kind"))
    state["subagent"] = None if kind is None else kind == "subagent"
    return _messages(record, now, state) or (Skipped("Gemini CLI session"),)


def _messages(
    holder: Mapping[str, Any], now: datetime, state: dict[str, Any]
) -> tuple[Outcome, ...]:
    held = [one for one in fields.sequence(holder.get("messages")) if isinstance(one, dict)]
    return tuple(outcome for one in held for outcome in _message(one, now, state))


def _message(record: Mapping[str, Any], now: datetime, state: dict[str, Any]) -> Iterable[Outcome]:
    if record.get("type") != "gemini":
        kind = text(record.get("type")) or ""
        return (Skipped(f"Gemini CLI {kind if _SAFE.fullmatch(kind) else 'other'} message"),)
    try:
        found = tuple(_answer(record, now, state))
    except UnreadableError as bad:
        return (fields.rejected(bad, record, ids=_IDS, times=_TIMES),)
    return found or (Skipped("Gemini CLI message without tokens"),)


def _answer(record: Mapping[str, Any], now: datetime, state: dict[str, Any]) -> Iterator[Outcome]:
    """Yield the call of an answer and the edits it proposes."""
    at, assumed = fields.instant(record.get("timestamp"), now, "timestamp")
    message, session = text(record.get("id")), state.get("session")
    key = None if message is None else f"gemini_message:{message}"
    tokens = mapping(record.get("tokens"))
    if tokens:
        yield gemini_calls.call(
            gemini_calls.usage_of(tokens, _COUNTS),
            at,
            session=session,
            model_raw=text(record.get("model")),
            native_key=key,
            source_record_id=message,
            status_code=200,
            is_subagent=state.get("subagent"),
            timestamp_assumed_utc=assumed or None,
        )
    place = gemini_edits.Place(session, key, at)
    for tool_call in fields.sequence(record.get("toolCalls")):
        found = gemini_edits.of_chat(mapping(tool_call), place)
        if found is not None:
            yield found
