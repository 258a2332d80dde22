"""Owns Claude Code's transcripts: one JSON object per line, one call per answer of the model.

An answer stands in several lines (one per block of its content, older versions wrote partial
counts first), and forked or resumed sessions repeat them in other files: all of them carry the
answer's own id. Bodies are read to count edits and never kept; the working folder is never read.

Source: Claude Code 1.0 to 2.1 (`~/.claude/projects/<folder>/<session>.jsonl`, `subagents/`);
sources.md 4a.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.schemas import CanonicalTrace, CostSource, RejectReason, Skipped, TokensBasis
from prodlens.sources import claude_code_context, claude_code_edits, fields, model_names
from prodlens.sources.claude_code_context import SOURCE
from prodlens.sources.fields import UnreadableError, count, label, mapping, text
from prodlens.sources.provider_ids import message_key, request_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from prodlens.schemas import Outcome
    from prodlens.sources.claude_code_context import Entry

_MARKS: Final = frozenset({"uuid", "operation", "leafUuid", "summary", "prNumber", "parentUuid"})
_WITHOUT_SESSION: Final = frozenset({"summary", "file-history-snapshot"})
_FOREIGN: Final = frozenset({"projectHash", "payload"})
"""Fields of other tools' records that name a session, too."""
_OLD_MARKS: Final = frozenset({"sessionId", "requestId", "costUSD", "isSidechain", "cwd"})
_AGENT_FILE: Final = frozenset({"agentType", "toolUseId"})
_IDS: Final = ("type", "uuid", "sessionId", "requestId", "version")
_TIMES: Final = ("timestamp",)
_SYNTHETIC: Final = "<synthetic>"
_SAFE: Final = re.compile(r"[a-z]+(?:[-_][a-z]+){0,5}")
_LONGEST_TYPE: Final = 40
_DETACHED: Final = "HEAD"
"""What stands for the branch when none is checked out."""
_MOST_ATTEMPTS: Final = 9999
_CLOUDS: Final = {"msg_bdrk_": "bedrock", "msg_vrtx_": "vertex_ai"}
"""How the ids of answers begin that were not served by Anthropic itself."""
_AGENT: Final = re.compile(r"[0-9A-Za-z.+-]{1,40}")
_WORD: Final = re.compile(r"[a-z-]{1,40}")


class Usage(NamedTuple):
    """Token counts of one answer; `tokens_in` includes cache reads and writes, None is unknown."""

    tokens_in: int | None
    tokens_out: int | None
    cache_read: int | None
    cache_write: int | None
    cache_write_1h: int | None


class _Failure(NamedTuple):
    """How a call failed, and which attempt it was."""

    status: int | None
    error_type: str
    attempt: int | None


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a line of a transcript, or a sub-agent's description file."""
    kind = record.get("type")
    if "sessionId" in record and _FOREIGN.isdisjoint(record):
        if isinstance(kind, str) or not _MARKS.isdisjoint(record):
            return True
        return isinstance(message := record.get("message"), Mapping) and "usage" in message
    if isinstance(kind, str) and kind in _WITHOUT_SESSION:
        return "leafUuid" in record or "snapshot" in record
    if record.keys() >= _AGENT_FILE:
        return True
    message = record.get("message")
    if (
        message is None
        or not isinstance(message, Mapping)
        or not isinstance(usage := message.get("usage"), Mapping)
    ):
        return False
    # The oldest lines name nothing but their time; `input_tokens` is Anthropic's own word.
    return not _OLD_MARKS.isdisjoint(record) or ("timestamp" in record and "input_tokens" in usage)


def read(record: Mapping[str, Any], *, now: datetime) -> Iterable[Outcome]:
    """Read one line of a transcript.

    Args:
        record: The decoded line.
        now: The present instant; later times (by more than a day) are out of range.

    Returns:
        The call, edits, facts and links of the line; or why it is set aside or skipped.
    """
    kind = record.get("type")
    if kind is None and isinstance(record.get("message"), Mapping):
        kind = "assistant"  # version 1.0 wrote no type for answers
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        return (Skipped(_kind_of(record)),)
    entry = claude_code_context.entry_of(record, now=now)
    try:
        found = reader(entry, now=now)
    except UnreadableError as bad:
        return (fields.rejected(bad, record, ids=_IDS, times=_TIMES),)
    return found or (Skipped(_kind_of(record)),)


def _kind_of(record: Mapping[str, Any]) -> str:
    """Name the kind of a line that holds nothing; a name that may be text is not repeated."""
    kind = record.get("type")
    if kind is None and "agentType" in record:
        return "Claude Code sub-agent description"
    if isinstance(kind, str) and len(kind) <= _LONGEST_TYPE and _SAFE.fullmatch(kind):
        return f"Claude Code {kind}"
    return "Claude Code other"


# Answers ------------------------------------------------------------------------------------


def _read_answer(entry: Entry, *, now: datetime) -> list[Outcome]:
    record = entry.record
    message = mapping(record.get("message"))
    if record.get("isApiErrorMessage") is True:
        return [_failed(entry, _failure_of(record), now=now)]
    if message.get("model") == _SYNTHETIC:
        return [Skipped("Claude Code synthetic message")]
    call = _answer(entry, message, now=now)
    proposed = claude_code_edits.proposed(
        entry, message, call_key=call.native_key, message_id=call.provider_message_id
    )
    return [call, *proposed]


def _answer(entry: Entry, message: Mapping[str, Any], *, now: datetime) -> CanonicalTrace:
    record = entry.record
    start, assumed = fields.instant(record.get("timestamp"), now, "timestamp")
    usage = usage_of(mapping(message.get("usage")))
    message_id, request_id = text(message.get("id")), text(record.get("requestId"))
    nothing = usage.tokens_in is None and usage.tokens_out is None
    if nothing and message_id is None and request_id is None:
        raise UnreadableError(RejectReason.NO_USAGE, "usage")
    cloud = next((c for mark, c in _CLOUDS.items() if (message_id or "").startswith(mark)), None)
    model_raw = label(message.get("model"))
    model, provider = model_names.normalise(model_raw, cloud)
    cost = fields.usd(record.get("costUSD"), "costUSD") or None  # 0.0 is a model without a price
    latency = fields.measure(record.get("durationMs"), "durationMs")
    keys = _keys(entry, message_id, request_id)
    return CanonicalTrace(
        session_id=entry.session_id,
        developer_id=None,
        timestamp=start,
        model=model,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        latency_ms=latency,
        status_code=None if nothing else 200,
        accepted_flag=None,
        source=SOURCE,
        native_key=keys[0] if keys else None,
        other_keys=keys[1:],
        source_record_id=text(record.get("uuid")),
        provider=provider,
        model_raw=model_raw,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        cache_write_1h_tokens=usage.cache_write_1h,
        tokens_basis=None if usage.tokens_in is None else TokensBasis.EXCLUSIVE_ADDED.value,
        latency_source=None if latency is None else SOURCE,
        cost_usd=cost,
        cost_source=CostSource.UNKNOWN.value if cost is None else CostSource.REPORTED.value,
        user_agent=_user_agent(entry),
        git_branch=_branch(entry),
        is_subagent=_is_subagent(record),
        timestamp_assumed_utc=assumed or None,
        provider_message_id=message_id,
        provider_request_id=request_id,
        session_source=entry.session_source,
        scopes=claude_code_context.call_scopes(entry),
    )


def usage_of(usage: Mapping[str, Any]) -> Usage:
    """Return the counts of Anthropic's `usage`, whose `input_tokens` leaves the cache out.

    Raises:
        UnreadableError: A count is negative, not whole, no number, or too large.
    """
    plain = count(usage.get("input_tokens"), "input_tokens")
    read = count(usage.get("cache_read_input_tokens"), "cache_read_input_tokens")
    write = count(usage.get("cache_creation_input_tokens"), "cache_creation_input_tokens")
    split = mapping(usage.get("cache_creation"))
    short = count(split.get("ephemeral_5m_input_tokens"), "ephemeral_5m_input_tokens")
    long = count(split.get("ephemeral_1h_input_tokens"), "ephemeral_1h_input_tokens")
    if short is not None or long is not None:
        write = max(write or 0, (short or 0) + (long or 0))
    out = count(usage.get("output_tokens"), "output_tokens")
    total = (plain or 0) + (read or 0) + (write or 0)
    if total + (out or 0) > fields.LARGEST_COUNT:
        raise UnreadableError(RejectReason.NUMBER_TOO_LARGE, "usage")
    known = plain is not None or read is not None or write is not None
    return Usage(total if known else None, out, read, write, long)


def _keys(entry: Entry, message_id: str | None, request_id: str | None) -> tuple[str, ...]:
    """Return the keys of an answer, the most widely shared first.

    An id of a form that may repeat counts together with the request's; without one, only lines
    with the same id of their own are the same.
    """
    own = message_key(message_id)
    if own is None and message_id is not None and request_id is not None:
        own = f"claude_message:{message_id}/{request_id}"
    tied = request_key(request_id)
    if own is None and tied is None and entry.uuid is not None:
        own = f"claude_record:{entry.uuid}"
    return tuple(key for key in (own, tied) if key is not None)


# Failures -----------------------------------------------------------------------------------


def _failure_of(record: Mapping[str, Any]) -> _Failure:
    """Return what an error message says; its text is not looked at."""
    said = record.get("error")
    inner = mapping(said)
    kind = fields.error_type(inner.get("type") if inner else said)
    status = fields.status(record.get("apiErrorStatus"))
    return _Failure(status or fields.status(inner.get("status")), kind or "api_error", None)


def _read_system(entry: Entry, *, now: datetime) -> list[Outcome]:
    """Read what the program noted of itself; an attempt that failed and was retried is a call."""
    record = entry.record
    if record.get("subtype") != "api_error":
        return []
    error = mapping(record.get("error"))
    inner = mapping(error.get("error"))
    kind = mapping(inner.get("error")).get("type") or inner.get("type") or error.get("type")
    attempt = fields.lines(record.get("retryAttempt"), "retryAttempt")
    failure = _Failure(
        fields.status(error.get("status")), fields.error_type(kind) or "api_error", attempt
    )
    return [_failed(entry, failure, now=now)]


def _failed(entry: Entry, failure: _Failure, *, now: datetime) -> CanonicalTrace:
    record = entry.record
    start, assumed = fields.instant(record.get("timestamp"), now, "timestamp")
    error = mapping(record.get("error"))
    request_id = text(record.get("requestId")) or text(error.get("requestID"))
    own = text(mapping(record.get("message")).get("id")) or entry.uuid
    tied = request_key(request_id)
    keys = [key for key in (f"claude_record:{own}" if own else None, tied) if key is not None]
    if not keys:
        raise UnreadableError(RejectReason.BAD_FIELD, "uuid")
    return CanonicalTrace(
        session_id=entry.session_id,
        developer_id=None,
        timestamp=start,
        model=None,
        tokens_in=None,
        tokens_out=None,
        latency_ms=None,
        status_code=failure.status,
        accepted_flag=None,
        source=SOURCE,
        native_key=keys[0],
        other_keys=tuple(keys[1:]),
        source_record_id=entry.uuid,
        error_type=failure.error_type,
        cost_source=CostSource.UNKNOWN.value,
        user_agent=_user_agent(entry),
        git_branch=_branch(entry),
        is_subagent=_is_subagent(record),
        timestamp_assumed_utc=assumed or None,
        provider_request_id=request_id,
        session_source=entry.session_source,
        tags=(f"attempt:{failure.attempt}",)
        if 1 < (failure.attempt or 0) <= _MOST_ATTEMPTS
        else (),
        scopes=claude_code_context.call_scopes(entry),
    )


# What every call says -----------------------------------------------------------------------


def _user_agent(entry: Entry) -> str | None:
    """Return the program in the form of its own user agent, as a proxy sees it.

    A copied line carries the program that copied it, not the one that made the call.
    """
    record = entry.record
    version = text(record.get("version"))
    if entry.copied or version is None or not _AGENT.fullmatch(version):
        return None
    words = (text(record.get(name)) for name in ("userType", "entrypoint"))
    said = [word for word in words if word is not None and _WORD.fullmatch(word)]
    return f"claude-cli/{version} ({', '.join(said)})" if said else f"claude-cli/{version}"


def _branch(entry: Entry) -> str | None:
    branch = None if entry.copied else label(entry.record.get("gitBranch"))
    return None if branch == _DETACHED else branch


def _is_subagent(record: Mapping[str, Any]) -> bool | None:
    if record.get("isSidechain") is True or text(record.get("agentId")) is not None:
        return True
    return False if record.get("isSidechain") is False else None


# Other lines --------------------------------------------------------------------------------


def _read_user(entry: Entry, *, now: datetime) -> list[Outcome]:  # noqa: ARG001 - a reader's signature
    facts = claude_code_context.of_user(entry)
    return [*facts, *claude_code_edits.results(entry)]


def _read_progress(entry: Entry, *, now: datetime) -> list[Outcome]:
    """Read a sub-agent's answer that its session repeats while it runs."""
    data = mapping(entry.record.get("data"))
    inner = mapping(data.get("message"))
    if data.get("type") != "agent_progress" or "usage" not in mapping(inner.get("message")):
        return []
    own = {**entry.record, **inner, "isSidechain": True}
    return _read_answer(entry._replace(record=own, uuid=text(inner.get("uuid"))), now=now)


def _read_link(entry: Entry, *, now: datetime) -> list[Outcome]:  # noqa: ARG001 - a reader's signature
    return claude_code_context.of_link(entry)


def _read_queue(entry: Entry, *, now: datetime) -> list[Outcome]:  # noqa: ARG001 - a reader's signature
    return claude_code_context.of_queue(entry)


_READERS: Final[dict[str, Callable[..., list[Outcome]]]] = {
    "assistant": _read_answer,
    "user": _read_user,
    "system": _read_system,
    "progress": _read_progress,
    "pr-link": _read_link,
    "queue-operation": _read_queue,
}
"""Readers of the kinds of lines that may hold something; others are skipped by name."""
