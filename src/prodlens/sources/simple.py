"""Owns ProdLens' own shape: the specification's records and the loggers that write like it.

`{"timestamp", "usage": {...}, "attributes": {...}, "metadata": {...}}`, with every fact in any of
the places that `simple_places` knows.

Source: phase-1 guide, component 1; the OpenInference and OpenTelemetry GenAI attribute names
(`llm.model_name`, `gen_ai.request.model`) that such records borrow.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from prodlens.schemas import CanonicalTrace, CostSource, IdSource, RejectReason, TokensBasis
from prodlens.sources import fields, model_names, simple_places
from prodlens.sources.fields import UnreadableError, count, label, mapping, text
from prodlens.sources.repo_slugs import repo_slug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from prodlens.schemas import Outcome
    from prodlens.sources.simple_places import Spots

SOURCE: Final = "prodlens_simple"

_INPUT: Final = ("input_tokens", "prompt_tokens", "tokens_in", "inputTokens", "promptTokens")
_OUTPUT: Final = (
    "output_tokens",
    "completion_tokens",
    "tokens_out",
    "outputTokens",
    "completionTokens",
)
_TOTAL: Final = ("total_tokens", "totalTokens")
_CACHE_READ: Final = ("cache_read_input_tokens", "cache_read_tokens", "cached_tokens")
_CACHE_WRITE: Final = ("cache_creation_input_tokens", "cache_write_tokens")
_DETAILS: Final = ("prompt_tokens_details", "input_tokens_details")
_SPLIT: Final = "cache_creation"
_SPLIT_INTO: Final = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
_RAW_ANTHROPIC: Final = ("cache_read_input_tokens", "cache_creation_input_tokens", _SPLIT)
_CACHE: Final = frozenset({*_CACHE_READ, *_CACHE_WRITE, *_DETAILS, _SPLIT})

_REPORTED: Final = CostSource.REPORTED.value
_UNPRICED: Final = CostSource.UNKNOWN.value
_EXPLICIT: Final = IdSource.EXPLICIT.value
_DERIVED: Final = IdSource.DERIVED.value
_INCLUSIVE: Final = TokensBasis.INCLUSIVE.value
_EXCLUSIVE_ADDED: Final = TokensBasis.EXCLUSIVE_ADDED.value
_TOTAL_ONLY: Final = TokensBasis.TOTAL_ONLY.value

_SESSION_INSIDE: Final = re.compile(
    r"(?:^|[^A-Za-z])session[_-](?P<id>[A-Za-z0-9][\w.-]*)", re.IGNORECASE
)
_KEY_ITSELF: Final = frozenset({"id", "ids", "key", "name"})
_SUCCESS: Final = frozenset({"success", "ok"})
_FAILURE: Final = frozenset({"failure", "failed", "error"})
_MARKS: Final = frozenset(
    {"attributes", "metadata", "model", "session_id", "developer_id", "latency_ms", "status_code"}
)
_IDS: Final = ("id", "request_id", "trace_id", "span_id")
_TIMES: Final = ("timestamp", "time", "ts")


class _Usage(msgspec.Struct, gc=False):
    """Token counts; `tokens_in` includes cache."""

    tokens_in: int | None
    tokens_out: int | None
    cache_read: int | None
    cache_write: int | None
    cache_write_1h: int | None
    basis: str | None


_NO_CACHE: Final = (None, None, None)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether a record has the shape of the specification's example."""
    if "usage" in record:
        return True
    return "timestamp" in record and not _MARKS.isdisjoint(record)


def read(record: Mapping[str, Any], *, now: datetime) -> Iterable[Outcome]:
    """Read one record at the instant `now`: the call, or the reason why it is set aside."""
    try:
        return (_trace(record, now),)
    except UnreadableError as bad:
        return (fields.rejected(bad, record, ids=_IDS, times=_TIMES),)


def _trace(record: Mapping[str, Any], now: datetime) -> CanonicalTrace:
    objects, places = simple_places.searched(record)
    known = _known(objects, places)
    # In the order of `simple_places.SLOTS`, as `_READERS`.
    time, usage, session, developer, model_raw, provider, latency, code = known[:8]
    word, error, accepted, diff_ratio, accepted_lines, repo, branch, cost = known[8:16]
    stream, user_agent, request, trace, span, parent = known[16:]
    start, assumed = fields.instant(time, now, "timestamp")
    counts = _usage(usage)
    session_source = None if session is None else _EXPLICIT
    if session is None and (session := _session_of_user(objects, places)) is not None:
        session_source = _DERIVED
    if developer == session:
        developer = None
    record_id = _record_id(record, trace, span)
    model, provider = model_names.normalise(model_raw, provider)
    if latency is not None:
        latency = fields.measure(latency, "latency_ms")
    if cost is not None:
        cost = fields.usd(cost, "cost_usd")
    if code is None and word is not None:
        code, error = _outcome(error, word)
    if diff_ratio is not None:
        diff_ratio = fields.share(diff_ratio, "diff_ratio")
    if accepted_lines is not None:
        accepted_lines = fields.lines(accepted_lines, "accepted_lines")
    return CanonicalTrace(
        session_id=session,
        developer_id=developer,
        timestamp=start,
        model=model,
        tokens_in=counts.tokens_in,
        tokens_out=counts.tokens_out,
        latency_ms=latency,
        status_code=code,
        accepted_flag=accepted,
        repo_slug=repo,
        diff_ratio=diff_ratio,
        accepted_lines=accepted_lines,
        source=SOURCE,
        native_key=None if record_id is None else f"simple:{record_id}",
        source_record_id=record_id,
        provider=provider,
        model_raw=model_raw,
        cache_read_tokens=counts.cache_read,
        cache_write_tokens=counts.cache_write,
        cache_write_1h_tokens=counts.cache_write_1h,
        tokens_basis=counts.basis,
        latency_source=None if latency is None else "record",
        error_type=error,
        accepted_source=None if accepted is None else "metadata",
        cost_usd=cost,
        cost_source=_UNPRICED if cost is None else _REPORTED,
        stream=stream,
        user_agent=user_agent,
        git_branch=branch,
        timestamp_assumed_utc=assumed or None,
        trace_id=trace,
        call_group=request or record_id,
        span_id=span,
        parent_span_id=parent,
        session_source=session_source,
        developer_source=None if developer is None else _EXPLICIT,
        repo_source=None if repo is None else _EXPLICIT,
    )


def _known(objects: Sequence[Mapping[str, Any]], places: Iterable[tuple[int, Spots]]) -> list[Any]:
    """Return per slot the first value that its reader can use; a bad one in front does no harm."""
    known: list[Any] = [None] * len(_READERS)
    for slot, spots in places:
        reader = _READERS[slot]
        for at, name in spots:
            value = objects[at][name]
            if value is not None and (usable := reader(value)) is not None:
                known[slot] = usable
                break
    return known


def _said(value: object) -> object:
    """Return a value that is more than a placeholder."""
    return value if not isinstance(value, str) or text(value) is not None else None


def _usage_object(value: object) -> Mapping[str, Any] | None:
    return value if isinstance(value, dict) else mapping(value) or None


def _record_id(record: Mapping[str, Any], trace: str | None, span: str | None) -> str | None:
    """Return the record's own id; without one, its content decides what is the same record."""
    if "id" in record or "request_id" in record:
        own = text(record.get("id")) or text(record.get("request_id"))
        if own is not None:
            return own
    # The ids that were found are these, unless they were found in another place.
    raw_trace, raw_span = record.get("trace_id"), record.get("span_id")
    trace = trace if raw_trace == trace else text(raw_trace)
    span = span if raw_span == span else text(raw_span)
    return f"{trace}/{span}" if trace and span else None


def _session_of_user(
    objects: Sequence[Mapping[str, Any]], places: Iterable[tuple[int, Spots]]
) -> str | None:
    """Return the session that stands inside a user's id."""
    for slot, spots in places:
        if slot == _DEVELOPER:
            inside = (_session_inside(objects[at][name]) for at, name in spots)
            return next((session for session in inside if session is not None), None)
    return None


def _named_session(value: object) -> str | None:
    """Return the session of a field with a session's name: what is inside, else the text."""
    plain = text(value)
    if plain is None:
        return None
    if plain[0] in "{[" or (_may_hold_a_session(plain) and _SESSION_INSIDE.search(plain)):
        return _session_inside(value)
    return plain


def _may_hold_a_session(plain: str) -> bool:
    return not plain.isascii() or "session" in plain.lower()


def _session_inside(value: object) -> str | None:
    """Return `x` of a text that holds `session_x` or `session-x`, or of JSON text with one."""
    return _session_in_text(value) if isinstance(value, str) and len(value) <= 4096 else None


@functools.lru_cache(maxsize=16_384)
def _session_in_text(value: str) -> str | None:
    packed = mapping(value)
    inner = packed.get("session_id") if packed else value
    plain = text(inner)
    if plain is None or (not packed and plain[0] in "{["):
        return None
    inside = _SESSION_INSIDE.search(plain)
    if inside is None:
        return plain if packed else None
    return None if inside["id"].lower() in _KEY_ITSELF else text(inside["id"])


_READ_BY: Final[dict[str, Callable[[object], object]]] = {
    "usage": _usage_object,
    "session": _named_session,
    "developer": fields.person,
    "model": label,
    "provider": label,
    "status_code": fields.status,
    "error": fields.error_type,
    "accepted": fields.flag,
    "repo": repo_slug,
    "branch": label,
    "stream": fields.flag,
    "user_agent": label,
    "request": text,
    "trace": text,
    "span": text,
    "parent": text,
}
_READERS: Final = tuple(_READ_BY.get(slot, _said) for slot in simple_places.SLOTS)
_DEVELOPER: Final = [*simple_places.SLOTS].index("developer")


def _outcome(error: str | None, word: object) -> tuple[int | None, str | None]:
    """Return status code and error type; a word of success stands for 200, unknown stays None."""
    code = fields.status(word)
    if code is None and error is None and isinstance(word, str):
        lowered = word.strip().lower()
        if lowered in _SUCCESS:
            return 200, None
        return None, "failure" if lowered in _FAILURE else None
    return code, error


def _usage(usage: Mapping[str, Any] | None) -> _Usage:
    if usage is None:
        raise UnreadableError(RejectReason.NO_USAGE, "usage")
    tokens_in, tokens_out = _counted(usage, _INPUT), _counted(usage, _OUTPUT)
    total = _counted(usage, _TOTAL)
    cache = _NO_CACHE if _CACHE.isdisjoint(usage) else _cached(usage)
    if tokens_in is None and tokens_out is None:
        if total is None:
            return _Usage(None, None, *cache, None)
        return _Usage(total, 0, *cache, _TOTAL_ONLY)
    if total is not None and tokens_in is None:
        tokens_in = _rest(total, tokens_out)
    elif total is not None and tokens_out is None:
        tokens_out = _rest(total, tokens_in)
    found = _Usage(tokens_in, tokens_out, *cache, _INCLUSIVE)
    if cache is not _NO_CACHE:
        found = _with_cache(usage, found, total)
    if (found.tokens_in or 0) + (tokens_out or 0) > fields.LARGEST_COUNT:
        raise UnreadableError(RejectReason.NUMBER_TOO_LARGE, "total_tokens")
    return found


def _cached(usage: Mapping[str, Any]) -> tuple[int | None, int | None, int | None]:
    """Return cache reads, all writes and those for an hour, of Anthropic's or OpenAI's naming."""
    read = _counted(usage, _CACHE_READ)
    if read is None:
        details = (mapping(usage.get(name)) for name in _DETAILS)
        read = next((n for held in details if (n := _counted(held, _CACHE_READ)) is not None), None)
    write, split = _counted(usage, _CACHE_WRITE), mapping(usage.get(_SPLIT))
    short, long = (count(split.get(name), name) for name in _SPLIT_INTO)
    if short is not None or long is not None:
        write = max(write or 0, (short or 0) + (long or 0))  # a sum below its parts is none
    return read, write, long


def _counted(usage: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    for name in names:
        value = usage.get(name)
        if value is not None and (found := count(value, name)) is not None:
            return found
    return None


def _rest(total: int, part: int | None) -> int | None:
    """Return what a total leaves for the other side; None when it is smaller than its part."""
    return total - part if part is not None and total >= part else None


def _with_cache(usage: Mapping[str, Any], found: _Usage, total: int | None) -> _Usage:
    """Add cache to the input where the source counts input without it.

    Anthropic's own usage does (`input_tokens` beside `cache_*_input_tokens`), unless the total
    shows otherwise; so does any usage with more cache than input.
    """
    cached = (found.cache_read or 0) + (found.cache_write or 0)
    tokens_in, tokens_out = found.tokens_in, found.tokens_out or 0
    if tokens_in is not None and cached:
        raw = "input_tokens" in usage and any(name in usage for name in _RAW_ANTHROPIC)
        if cached > tokens_in or (raw and total != tokens_in + tokens_out):
            found.tokens_in, found.basis = tokens_in + cached, _EXCLUSIVE_ADDED
    return found
