"""Owns ProdLens' own shape: the specification's records and the loggers that write like it.

`{"timestamp", "usage": {...}, "attributes": {...}, "metadata": {...}}`, with every fact at the top,
in `attributes`, in `metadata`, or one level below, under any of the names in `_NAMES`.

Source: phase-1 guide, component 1; the OpenInference and OpenTelemetry GenAI attribute names
(`llm.model_name`, `gen_ai.request.model`) that such records borrow.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.schemas import CanonicalTrace, CostSource, IdSource, RejectReason, TokensBasis
from prodlens.sources import fields, model_names
from prodlens.sources.fields import UnreadableError, count, label, mapping, text
from prodlens.sources.repo_slugs import repo_slug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from prodlens.schemas import Outcome

SOURCE: Final = "prodlens_simple"

_NAMES: Final = {
    "time": "timestamp time ts start_time startTime created_at",
    "usage": "usage",
    "session": (
        "session_id sessionId session.id prod_lens.session_id session gen_ai.conversation.id"
        " conversation_id"
    ),
    "developer": (
        "developer_id developerId prod_lens.developer_id developer user_email user.email"
        " user_api_key_user_email user_id userId user.id enduser.id user user_api_key_user_id"
        " user_api_key_alias end_user user_api_key_end_user_id"
    ),
    "model": (
        "model model_name llm.model_name llm.model gen_ai.response.model gen_ai.request.model"
        " llm.response.model_name llm.request.model_name modelName"
    ),
    "provider": "provider custom_llm_provider llm.provider gen_ai.provider.name gen_ai.system",
    "latency": "latency_ms latencyMs llm.latency_ms response_time_ms duration_ms",
    "status_code": "status_code statusCode http.status_code http.response.status_code",
    "status": "status",
    "error": "error_type errorType error.type error_class",
    "accepted": (
        "accepted_flag prod_lens.accepted_flag prod_lens.accepted accepted is_accepted acceptedFlag"
    ),
    "diff_ratio": "diff_ratio prod_lens.diff_ratio diffRatio",
    "accepted_lines": "accepted_lines prod_lens.accepted_lines acceptedLines lines_accepted",
    "repo": (
        "repo_slug prod_lens.repo_slug repo repository repo_name repoSlug repo_url repository_url"
        " git_repo"
    ),
    "branch": "git_branch branch",
    "cost": "cost_usd",
    "stream": "stream",
    "user_agent": "user_agent userAgent",
    "request": "request_id",
    "trace": "trace_id traceId",
    "span": "span_id spanId",
    "parent": "parent_span_id parent_id",
}
_PLACES: Final = 10
"""Ranks of one name: more than there are places to look in."""
_SLOTS: Final = {
    name: (slot, rank * _PLACES)
    for slot, names in _NAMES.items()
    for rank, name in enumerate(names.split())
}
_NESTED: Final = (
    ("metadata", "requester_metadata"),
    ("metadata", "spend_logs_metadata"),
    ("attributes", "metadata"),
)
_PREFIXES: Final = ("llm", "gen_ai", "http", "session", "user", "error", "prod_lens")
"""Attributes that exporters un-flatten: `{"llm": {"model_name": ...}}`."""
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

_READERS: Final[dict[str, Callable[[object], object]]] = {
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
"""Slots of which the first value that makes sense is taken; a bad one in front does no harm."""

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

Found = dict[str, list[tuple[int, Any]]]
"""Per slot of `_NAMES` the values found, each with its rank: by name first, then by place."""


class _Usage(NamedTuple):
    """Token counts; `tokens_in` includes cache."""

    tokens_in: int | None
    tokens_out: int | None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    basis: str | None = _INCLUSIVE


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
    found = _gathered(record)
    start, assumed = fields.instant(_first(found, "time"), now, "timestamp")
    usage = _usage(found)
    known = _known(found)
    get = known.get
    session, session_source = _session(found)
    developer, repo, record_id = get("developer"), get("repo"), _record_id(record)
    if developer == session:
        developer = None
    model, provider = model_names.normalise(get("model"), get("provider"))
    latency = fields.measure(_first(found, "latency"), "latency_ms")
    cost = fields.usd(_first(found, "cost"), "cost_usd")
    code, error = _outcome(known, _first(found, "status"))
    return CanonicalTrace(
        session_id=session,
        developer_id=developer,
        timestamp=start,
        model=model,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        latency_ms=latency,
        status_code=code,
        accepted_flag=get("accepted"),
        repo_slug=repo,
        diff_ratio=fields.share(_first(found, "diff_ratio"), "diff_ratio"),
        accepted_lines=fields.lines(_first(found, "accepted_lines"), "accepted_lines"),
        source=SOURCE,
        native_key=None if record_id is None else f"simple:{record_id}",
        source_record_id=record_id,
        provider=provider,
        model_raw=get("model"),
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        cache_write_1h_tokens=usage.cache_write_1h,
        tokens_basis=usage.basis,
        latency_source=None if latency is None else "record",
        error_type=error,
        accepted_source=None if get("accepted") is None else "metadata",
        cost_usd=cost,
        cost_source=_UNPRICED if cost is None else _REPORTED,
        stream=get("stream"),
        user_agent=get("user_agent"),
        git_branch=get("branch"),
        timestamp_assumed_utc=assumed or None,
        trace_id=get("trace"),
        call_group=get("request") or record_id,
        span_id=get("span"),
        parent_span_id=get("parent"),
        session_source=session_source,
        developer_source=None if developer is None else _EXPLICIT,
        repo_source=None if repo is None else _EXPLICIT,
    )


def _gathered(record: Mapping[str, Any]) -> Found:
    """Collect what stands under a known name: at the top, in metadata, in attributes, below."""
    found: Found = {}
    metadata = record.get("metadata")
    attributes = record.get("attributes")
    _collect(found, record, 0)
    if metadata:
        _collect(found, mapping(metadata), 1)
    if attributes:
        _collect(found, mapping(attributes), 2)
    for place, path in enumerate(_NESTED, start=3):
        outer = metadata if path[0] == "metadata" else attributes
        if outer and (inner := mapping(mapping(outer).get(path[1]))):
            _collect(found, inner, place)
    for ranked in found.values():
        if len(ranked) > 1:
            ranked.sort(key=_rank)
    return found


def _rank(pair: tuple[int, Any]) -> int:
    return pair[0]


def _collect(found: Found, held: Mapping[str, Any], place: int) -> None:
    slots = _SLOTS
    for name, value in held.items():
        if value is None:
            continue
        if (slot := slots.get(name)) is not None:
            found.setdefault(slot[0], []).append((slot[1] + place, value))
        if name in _PREFIXES and isinstance(value, dict):
            for inner, below in value.items():
                if below is not None and (slot := slots.get(f"{name}.{inner}")) is not None:
                    found.setdefault(slot[0], []).append((slot[1] + place, below))


def _first(found: Found, slot: str) -> object:
    """Return the best-ranked value of a slot that is more than a placeholder."""
    for _, value in found.get(slot, ()):
        if not isinstance(value, str) or text(value) is not None:
            return value
    return None


def _known(found: Found) -> dict[str, Any]:
    """Return per slot of `_READERS` the first value that its reader can use."""
    known: dict[str, Any] = {}
    for slot, ranked in found.items():
        if (reader := _READERS.get(slot)) is not None:
            for _, value in ranked:
                if (usable := reader(value)) is not None:
                    known[slot] = usable
                    break
    return known


def _record_id(record: Mapping[str, Any]) -> str | None:
    """Return the record's own id; without one, its content decides what is the same record."""
    own = text(record.get("id")) or text(record.get("request_id"))
    if own is not None:
        return own
    trace, span = text(record.get("trace_id")), text(record.get("span_id"))
    return f"{trace}/{span}" if trace and span else None


def _session(found: Found) -> tuple[str | None, str | None]:
    """Return the session and where it comes from: a field of that name, or inside a user's id."""
    for _, value in found.get("session", ()):
        if (session := _named_session(value)) is not None:
            return session, _EXPLICIT
    for _, value in found.get("developer", ()):
        if (session := _session_inside(value)) is not None:
            return session, _DERIVED
    return None, None


def _named_session(value: object) -> str | None:
    """Return the session of a field with a session's name: what is inside, else the text."""
    plain = text(value)
    if plain is None:
        return None
    if plain[0] in "{[" or _SESSION_INSIDE.search(plain):
        return _session_inside(value)
    return plain


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


def _outcome(known: Mapping[str, Any], word: object) -> tuple[int | None, str | None]:
    """Return status code and error type; a word of success stands for 200, unknown stays None."""
    code: int | None = known.get("status_code")
    error: str | None = known.get("error")
    if code is None and word is not None:
        code = fields.status(word)
        if code is None and error is None and isinstance(word, str):
            lowered = word.strip().lower()
            if lowered in _SUCCESS:
                return 200, None
            return None, "failure" if lowered in _FAILURE else None
    return code, error


def _usage(found: Found) -> _Usage:
    usages = (v if isinstance(v, dict) else mapping(v) or None for _, v in found.get("usage", ()))
    usage = next((usage for usage in usages if usage is not None), None)
    if usage is None:
        raise UnreadableError(RejectReason.NO_USAGE, "usage")
    tokens_in, tokens_out = _counted(usage, _INPUT), _counted(usage, _OUTPUT)
    total = _counted(usage, _TOTAL)
    cache = (None, None, None) if _CACHE.isdisjoint(usage) else _cached(usage)
    if tokens_in is None and tokens_out is None:
        if total is None:
            return _Usage(None, None, *cache, None)
        return _Usage(total, 0, *cache, _TOTAL_ONLY)
    if total is not None and tokens_in is None:
        tokens_in = _rest(total, tokens_out)
    elif total is not None and tokens_out is None:
        tokens_out = _rest(total, tokens_in)
    return _with_cache(usage, _Usage(tokens_in, tokens_out, *cache), total)


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
        if name in usage and (found := count(usage[name], name)) is not None:
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
            tokens_in += cached
            found = found._replace(tokens_in=tokens_in, basis=_EXCLUSIVE_ADDED)
    if (tokens_in or 0) + tokens_out > fields.LARGEST_COUNT:
        raise UnreadableError(RejectReason.NUMBER_TOO_LARGE, "total_tokens")
    return found
