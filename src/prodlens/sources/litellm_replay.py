"""Owns what logged bodies say about edits: proposals in answers, decisions in replayed results.

A client sends the whole conversation with each request, so the result of an edit stands in the next
request of that conversation. Only the last turn is looked at: an earlier one was the last turn of
an earlier request. Bodies are read to count and digest and are then gone; no text of them comes
out. Knows no store, and nothing of tokens, times and money.

Source: sources.md 8.1; Anthropic's Messages, OpenAI's Chat Completions and Responses; the result
texts of Claude Code, Codex, Gemini CLI and opencode.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.schemas import DecidedBy, Decision, Suggestion, TrafficClass
from prodlens.sources import edit_calls, fields
from prodlens.sources.edit_calls import EDIT_TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from prodlens.schemas import CanonicalTrace

REPLAY: Final = "replay"
"""`Suggestion.decision_source` of everything read here."""

_CACHE_HIT: Final = TrafficClass.CACHE_HIT.value
_MOST_ITEMS: Final = 512
"""Messages, and parts of a message, that are looked at from the end of a conversation."""
_LONGEST_RESULT: Final = 4096
"""Characters of a result that are looked at from its beginning."""
_LONGEST_CALL_MS: Final = 86_400_000.0
_UNIQUE: Final = re.compile(r"tooluse_|(?!functions\.)(?:[^A-Za-z0-9]*+[A-Za-z0-9]){16}")
"""Ids of tool calls that no other call has; some servers count `call_0`, `functions.edit:0`."""
_EMPTY: Final = ("{}", "[]", "null")
"""Columns of SpendLogs without a body, as text."""
_NAMED: Final = re.compile("|".join(f'"{tool}"' for tool in sorted(EDIT_TOOLS)))
_SHAPES: Final = (b"tool_", b"function_call")
"""What the bytes of every call of a tool hold: its kind, or its place in a message."""
_BEGINNINGS: Final = "|".join(
    tool
    for tool in sorted(EDIT_TOOLS)
    if not any(tool.startswith(other) for other in EDIT_TOOLS - {tool})
)
"""How the names of edit tools begin."""
_BEGUN: Final = re.compile(f'"(?:{_BEGINNINGS})'.encode())
_CALLED: Final = re.compile(rf'name\\*+"[\s:\\nrt]*+"(?:{_BEGINNINGS})'.encode())
"""The same as the value of a name, also inside JSON that was written as text."""
_ESCAPES: Final = rb"\u00"
_ESCAPED: Final = re.compile(rb"\\u00[4-7]")
"""A letter as an escape."""
_SHORT: Final = 64
"""A longer body is not empty unless it is all whitespace."""
_CLOSED: Final[tuple[dict[str, object], ...]] = ({},)
"""Stands for a body that holds something, but no edit: it says nothing."""
_RESULTS: Final = frozenset({"function_call_output", "custom_tool_call_output", "tool_result"})
_USES: Final = frozenset({"function_call", "custom_tool_call", "tool_use"})
_CALLS: Final = frozenset({"function_call_output", "custom_tool_call_output"})

_REJECTED: Final = re.compile(
    r"(?:Error: )?(?:The user doesn't want to (?:proceed with this tool use|take this action)"
    r"|User rejected tool use|The user rejected permission to use this"
    r"|\[Operation Cancelled\] Reason: User did not allow|patch rejected by user"
    r"|exec command rejected by user)"
)
_NOT_GRANTED: Final = re.compile(r"requested permissions? .{0,1024}?haven't granted", re.DOTALL)
_FAILED: Final = re.compile(r"<tool_use_error>|(?:Error|Failed|apply_patch verification failed)\b")
_APPLIED: Final = re.compile(
    r"The file .{1,1024}? has been (?:updated|edited)|File created successfully at:"
    r"|Applied \d+ edits? to |(?:Updated|Inserted|Deleted) cell |Success\. Updated the following"
    r"|Successfully (?:modified|created|overwrote|wrote|edited)|Edit applied successfully"
    r"|Wrote file successfully|(?:New )?[Ff]ile created successfully",
    re.DOTALL,
)
_CLAUDE_CODE: Final = re.compile(
    r"The file .{1,1024}? has been updated|File created successfully at:|Applied \d+ edits? to ",
    re.DOTALL,
)
_MODIFIED: Final = "The user modified your proposed"


class _Use(NamedTuple):
    """A call of a tool: its id, name and arguments as written."""

    id: object
    tool: object
    arguments: object


class _Result(NamedTuple):
    """The result of a tool: the call's id, what came of it, whether it is marked as an error."""

    id: object
    content: object
    is_error: object


class _Verdict(NamedTuple):
    """What a result says.

    Attributes:
        decision: What became of the edit, None when the text is not known.
        decided_by: Who decided, None when the text does not say.
        user_modified: Whether the person changed it before accepting, None when not said.
    """

    decision: Decision | None
    decided_by: DecidedBy | None = None
    user_modified: bool | None = None


def suggestions(record: Mapping[str, Any], trace: CanonicalTrace) -> tuple[Suggestion, ...]:
    """Return what the bodies of a record say about edits; nothing for most records.

    Never raises, whatever the bodies hold. Redacted bodies hold no calls of tools and say nothing.

    Args:
        record: The record, with `messages` and `response` where they were logged.
        trace: The call that the record is.
    """
    response = _opened(record.get("response"))
    messages = _opened(record.get("messages"))
    if (not messages or messages in _EMPTY) and "proxy_server_request" in record:
        messages = _sent(_opened(record["proxy_server_request"]))
    found: list[Suggestion] = []
    if response and response is not _CLOSED and trace.traffic_class != _CACHE_HIT:
        found += _proposed(_answered(response), trace)
    if messages and messages is not _CLOSED:
        found += _decided(_last_turn(_listed(messages)), trace)
    return tuple(found)


def _opened(body: object) -> object:
    """Return a body decoded; one that names no tool that edits stays closed."""
    data = fields.undecoded(body)
    if data is None:
        return body
    if len(data) > _SHORT and not _may_name_an_edit(data):
        holds_something = data[1:_SHORT].strip() or data[1:-1].strip()
        if holds_something:
            return _CLOSED
    return fields.decode(data)


def _may_name_an_edit(data: bytes) -> bool:
    """Return whether JSON bytes may hold the call of an edit tool, in plain or with escapes."""
    if _ESCAPES in data:
        return _BEGUN.search(data) is not None or _ESCAPED.search(data) is not None
    return _CALLED.search(data) is not None and any(shape in data for shape in _SHAPES)


def _sent(request: object) -> object:
    """Return the conversation in a request that the proxy kept as it came."""
    if isinstance(request, str) and not _NAMED.search(request):
        return None
    kept = fields.mapping(request)
    body = fields.mapping(kept.get("body")) or kept
    return body.get("messages") or body.get("input")


def _listed(value: object) -> Sequence[object]:
    """Return a conversation, decoding JSON text only when it may hold an edit.

    Of the Responses interface, LiteLLM logs the whole input as the content of one message.
    """
    if isinstance(value, str) and _NAMED.search(value):
        value = fields.sequence(value)
    if not isinstance(value, list):
        return ()
    if len(value) == 1 and isinstance(value[0], dict):
        inner = _parts(value[0])
        if any(_kind(item) in _CALLS for item in inner):
            return inner
    return value


def _answered(response: object) -> Iterator[_Use]:
    """Give the calls of tools in an answer of any of the three shapes."""
    if isinstance(response, str) and not _NAMED.search(response):
        return
    answer = fields.mapping(response)
    choices = answer.get("choices")
    for choice in choices[:_MOST_ITEMS] if isinstance(choices, list) else ():
        yield from _uses_of(fields.mapping(choice).get("message"))
    yield from _uses_of(answer)
    output = answer.get("output")
    for item in output[:_MOST_ITEMS] if isinstance(output, list) else ():
        yield from _uses_of(item)


def _uses_of(message: object) -> Iterator[_Use]:
    """Give the calls of tools in one message, or in one item of a list of items."""
    if not isinstance(message, dict):
        return
    if _kind(message) in _USES:
        yield _use(message)
    calls = message.get("tool_calls")
    for call in calls[:_MOST_ITEMS] if isinstance(calls, list) else ():
        if isinstance(call, dict):
            named = fields.mapping(call.get("function") or call.get("custom"))
            arguments = named.get("arguments")
            yield _Use(
                call.get("id"),
                named.get("name"),
                named.get("input") if arguments is None else arguments,
            )
    for part in _parts(message):
        if _kind(part) == "tool_use":
            yield _use(part)


def _kind(item: Mapping[str, Any]) -> str:
    kind = item.get("type")
    return kind if isinstance(kind, str) else ""


def _use(item: Mapping[str, Any]) -> _Use:
    arguments = item.get("arguments")
    return _Use(
        item.get("call_id") or item.get("id"),
        item.get("name"),
        item.get("input") if arguments is None else arguments,
    )


def _parts(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the last parts of a message's content."""
    content = message.get("content")
    if not isinstance(content, list):
        return []
    return [part for part in content[-_MOST_ITEMS:] if isinstance(part, dict)]


def _results_of(message: Mapping[str, Any]) -> Iterator[_Result]:
    """Give the results of tools in one message or item."""
    if _kind(message) in _RESULTS:
        yield _result(message)
    elif message.get("role") == "tool":
        yield _Result(message.get("tool_call_id"), message.get("content"), message.get("is_error"))
    else:
        for part in _parts(message):
            if _kind(part) == "tool_result":
                yield _result(part)


def _result(item: Mapping[str, Any]) -> _Result:
    content = item.get("output")
    return _Result(
        item.get("call_id") or item.get("tool_use_id"),
        item.get("content") if content is None else content,
        item.get("is_error"),
    )


def _last_turn(messages: Sequence[object]) -> Iterator[tuple[_Use, _Result]]:
    """Give the tools that the assistant called last, each with its result.

    From the end: first what is not the assistant's (results, and what a person wrote), then the
    assistant's, up to the next message that is not.
    """
    results: dict[object, _Result] = {}
    answered = False
    for message in messages[: -_MOST_ITEMS - 1 : -1]:
        if not isinstance(message, dict):
            continue
        if _is_assistants(message):
            answered = True
            if not results:
                return
            for use in _uses_of(message):
                if isinstance(use.id, str) and use.id in results:
                    yield use, results[use.id]
        elif answered:
            return
        else:
            found = (one for one in _results_of(message) if isinstance(one.id, str))
            results |= {one.id: one for one in found}


def _is_assistants(message: Mapping[str, Any]) -> bool:
    kind = _kind(message)
    return kind in _USES or kind == "reasoning" or message.get("role") == "assistant"


def _proposed(uses: Iterable[_Use], trace: CanonicalTrace) -> Iterator[Suggestion]:
    for use in uses:
        key, edit = _key(use.id), edit_calls.proposed_edit(use.tool, use.arguments)
        if key is None or edit is None:
            continue
        ended = trace.timestamp
        if trace.latency_ms is not None and trace.latency_ms < _LONGEST_CALL_MS:
            ended += timedelta(milliseconds=trace.latency_ms)
        yield Suggestion(
            key=key,
            source=trace.source,
            call_key=trace.native_key,
            session_id=trace.session_id,
            developer_id=trace.developer_id,
            provider_message_id=trace.provider_message_id,
            timestamp=ended,
            repo_slug=trace.repo_slug,
            tool=fields.label(use.tool),
            language=edit.language,
            file_digests=edit.file_digests,
            line_digests=edit.line_digests,
            proposed_lines=edit.lines,
            is_proposal=True,
        )


def _decided(turn: Iterable[tuple[_Use, _Result]], trace: CanonicalTrace) -> Iterator[Suggestion]:
    for use, result in turn:
        key, edit = _key(use.id), edit_calls.proposed_edit(use.tool, use.arguments)
        if key is None or edit is None:
            continue
        verdict = _verdict(result)
        decided = verdict.decision is not None
        kept = verdict.decision is Decision.ACCEPT
        whole = kept and verdict.user_modified is not True
        yield Suggestion(
            key=key,
            source=trace.source,
            session_id=trace.session_id,
            developer_id=trace.developer_id,
            timestamp=trace.timestamp,
            repo_slug=trace.repo_slug,
            tool=fields.label(use.tool),
            language=edit.language,
            file_digests=edit.file_digests,
            line_digests=edit.line_digests,
            proposed_lines=edit.lines,
            decision=verdict.decision,
            decided_by=verdict.decided_by,
            decision_source=REPLAY if decided else None,
            user_modified=verdict.user_modified,
            applied_lines=edit.lines if whole else None if kept or not decided else 0,
            diff_ratio=1.0 if verdict.user_modified is False else None,
        )


def _verdict(result: _Result) -> _Verdict:
    """Return what a result says; a text that is not known decides nothing."""
    text, failed = _text(result.content)
    if _REJECTED.match(text):
        return _Verdict(Decision.REJECT, DecidedBy.USER)
    if _NOT_GRANTED.search(text):
        return _Verdict(Decision.DENIED_BY_POLICY, DecidedBy.POLICY)
    if result.is_error is True or failed or _FAILED.match(text):
        return _Verdict(Decision.ERROR)
    if not _APPLIED.match(text):
        return _Verdict(None)
    if _MODIFIED in text:
        return _Verdict(Decision.ACCEPT, DecidedBy.USER, user_modified=True)
    known = _CLAUDE_CODE.match(text) is not None
    return _Verdict(Decision.ACCEPT, user_modified=False if known else None)


def _text(content: object) -> tuple[str, bool]:
    """Return the beginning of a result, and whether an exit code beside it says that it failed."""
    if isinstance(content, str):
        if content.startswith("{") and len(content) <= _LONGEST_RESULT:
            packed = fields.mapping(content)
            code = fields.mapping(packed.get("metadata")).get("exit_code")
            return _begin(packed.get("output")), type(code) is int and code != 0
        return _begin(content), False
    for part in content[:_MOST_ITEMS] if isinstance(content, list) else ():
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            return _begin(part["text"]), False
    return "", False


def _begin(text: object) -> str:
    return text[:_LONGEST_RESULT].lstrip() if isinstance(text, str) else ""


def _key(tool_call: object) -> str | None:
    """Return the key of an edit; None when another call may have the same id."""
    own = fields.text(tool_call) if isinstance(tool_call, str) else None
    return None if own is None or not _UNIQUE.match(own) else f"tool:{own}"
