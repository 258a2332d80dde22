"""Owns Codex CLI's OpenTelemetry events: completed responses, failures, decisions about patches.

Events have no id of the response: a call seen here and in a rollout is one by session, model,
counts and time. Prompts, arguments, outputs and error texts are never looked at.

Source: openai/codex codex-rs/otel/src/events/session_telemetry.rs and events/shared/log.rs
(`codex.sse_event`, `codex.api_request`, `codex.tool_decision`), docs/config.md "otel";
sources.md 5 and 8.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.schemas import (
    CanonicalTrace,
    CostSource,
    DecidedBy,
    Decision,
    IdSource,
    RejectReason,
    Skipped,
    Suggestion,
    TokensBasis,
)
from prodlens.sources import fields, model_names
from prodlens.sources.codex_edits import TOOL, scopes_of
from prodlens.sources.fields import UnreadableError, count, text
from prodlens.sources.provider_ids import message_key, request_key
from prodlens.sources.repo_slugs import repo_slug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from prodlens.schemas import Outcome
    from prodlens.sources.otlp import LogRecord

SOURCE: Final = "codex_otel"
_PREFIX: Final = "codex."
_SAFE: Final = re.compile(r"[a-z][a-z_.]{1,47}")
_COMPLETED: Final = "response.completed"
_ENDPOINTS: Final = ("/responses", "/responses/compact", "/chat/completions")
"""Endpoints whose requests are calls; a list of models is none."""
_SHELLS: Final = frozenset(
    {"container.exec", "exec_command", "local_shell", "shell", "shell_command", "unified_exec"}
)
"""Tools by which a patch may be applied, too; whether one was, the rollout knows."""
_REPOSITORIES: Final = ("repo", "vcs.repository.url.full", "vcs.repository.name")
_SUBSCRIPTION: Final = {"chatgpt": True, "chatgptauthtokens": True, "apikey": False}
_IDS: Final = ("conversation.id", "model", "call_id")
_TIMES: Final = ("event.timestamp",)


class _Event(NamedTuple):
    """One event and what several of its readers need; `at` is when it was written."""

    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]
    at: datetime
    session: str | None


def owns_log(log: LogRecord) -> bool:
    """Return whether a log record is an event of Codex."""
    return log.event_name is not None and log.event_name.startswith(_PREFIX)


def read_log(log: LogRecord, *, now: datetime) -> Iterable[Outcome]:
    """Read one event.

    Args:
        log: A log record that `owns_log` holds for.
        now: The present instant; later times (by more than a day) are out of range.

    Returns:
        A call, an edit's decision, or what kind of event it is.
    """
    name = (log.event_name or "").removeprefix(_PREFIX)
    kind = f"Codex event {name if _SAFE.fullmatch(name) else 'other'}"
    reader = _READERS.get(name)
    if reader is None:
        return (Skipped(kind),)
    written = log.attributes.get("event.timestamp") or log.time or log.observed_time
    try:
        at, _ = fields.instant(written, now, "event.timestamp")
        session = text(log.attributes.get("conversation.id"))
        found = reader(_Event(log.attributes, log.resource, at, session))
    except UnreadableError as bad:
        return (fields.rejected(bad, log.attributes, ids=_IDS, times=_TIMES),)
    return (Skipped(kind) if found is None else found,)


def _response(event: _Event) -> Outcome | None:
    """Return the call of a completed response, or its failure; other stream events are parts."""
    held = event.attributes
    if held.get("event.kind") != _COMPLETED:
        return None
    if held.get("error.message") is not None:
        return _call(
            event, event.at, error_type="response.failed", native_key=_key(event, "failed")
        )
    tokens_in = count(held.get("input_token_count"), "input_token_count")
    tokens_out = count(held.get("output_token_count"), "output_token_count")
    if tokens_in is None and tokens_out is None:
        raise UnreadableError(RejectReason.NO_USAGE)
    cached = count(held.get("cached_token_count"), "cached_token_count")
    basis = TokensBasis.INCLUSIVE
    if tokens_in is not None and cached is not None and cached > tokens_in:
        tokens_in, basis = tokens_in + cached, TokensBasis.EXCLUSIVE_ADDED
    if (tokens_in or 0) + (tokens_out or 0) > fields.LARGEST_COUNT:
        raise UnreadableError(RejectReason.NUMBER_TOO_LARGE, "input_token_count")
    response = text(held.get("response_id")) or text(held.get("response.id"))
    key = message_key(response) or _key(event, f"{tokens_in}/{tokens_out}/{cached}")
    return _call(
        event,
        event.at,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cache_read_tokens=cached,
        reasoning_tokens=count(held.get("reasoning_token_count"), "reasoning_token_count"),
        tokens_basis=basis.value,
        status_code=200,
        native_key=key,
        provider_message_id=response,
    )


def _request(event: _Event) -> Outcome | None:
    """Return the failure of a request; a success is told by its completed response."""
    held = event.attributes
    endpoint = text(held.get("endpoint"))
    if endpoint is not None and not endpoint.endswith(_ENDPOINTS):
        return None
    status = fields.status(held.get("http.response.status_code"))
    failed = held.get("error.message") is not None or held.get("success") in (False, "false")
    if not failed and (status is None or status < 400):
        return None
    duration = fields.measure(held.get("duration_ms"), "duration_ms")
    attempt = count(held.get("attempt"), "attempt")
    try:
        start = event.at - timedelta(milliseconds=duration or 0.0)
    except OverflowError:
        raise UnreadableError(RejectReason.BAD_NUMBER, "duration_ms") from None
    request = text(held.get("auth.request_id")) or text(held.get("request_id"))
    other = request_key(request)
    return _call(
        event,
        start,
        latency_ms=duration,
        latency_source=None if duration is None else SOURCE,
        status_code=status,
        error_type=None if status is not None and status >= 400 else "request_failed",
        native_key=_key(event, f"request/{attempt}"),
        other_keys=() if other is None else (other,),
        provider_request_id=request,
        tags=() if attempt is None else (f"attempt:{attempt + 1}",),
    )


def _decision(event: _Event) -> Outcome | None:
    held = event.attributes
    call = text(held.get("call_id"))
    tool = text(held.get("tool_name"))
    if call is None or (tool != TOOL and tool not in _SHELLS):
        return None
    said = (text(held.get("decision")) or "").lower()
    by_user = (text(held.get("source")) or "").lower() == "user"
    if said.startswith("approved"):
        decision, decided_by = Decision.ACCEPT, DecidedBy.USER if by_user else DecidedBy.AUTO
    elif said.startswith(("denied", "abort")) and by_user:
        decision, decided_by = Decision.REJECT, DecidedBy.USER
    elif said.startswith(("denied", "abort", "timed_out")):
        decision, decided_by = Decision.DENIED_BY_POLICY, DecidedBy.POLICY
    else:
        return None
    return Suggestion(
        key=f"tool:{call}",
        source=SOURCE,
        scopes=scopes_of(None, event.session),
        session_id=event.session,
        developer_id=_who(event)[0],
        timestamp=event.at,
        repo_slug=_repo(event),
        tool=TOOL if tool == TOOL else None,
        decision=decision,
        decided_by=decided_by,
        decision_source="event",
        applied_lines=None if decision is Decision.ACCEPT else 0,
        is_edit=tool == TOOL,
    )


def _key(event: _Event, what: str) -> str:
    """Return a key: an event has no id but its conversation, millisecond and counts."""
    return f"codex_event:{event.session}/{event.at.isoformat()}/{what}"


def _call(event: _Event, start: datetime, **known: Any) -> CanonicalTrace:
    """Return a call; with a duration, `start` is its beginning, else when it was written."""
    held = event.attributes
    raw = text(held.get("model")) or text(held.get("slug"))
    model, provider = model_names.normalise(raw)
    developer, trust = _who(event)
    repo = _repo(event)
    auth = (text(held.get("auth_mode")) or "").lower().replace("_", "")
    open_fields = {"tokens_in": None, "tokens_out": None, "latency_ms": None, "status_code": None}
    return CanonicalTrace(
        session_id=event.session,
        session_source=None if event.session is None else IdSource.EXPLICIT.value,
        developer_id=developer,
        developer_source=trust,
        timestamp=start,
        model=model,
        model_raw=raw,
        provider=provider,
        accepted_flag=None,
        repo_slug=repo,
        repo_source=None if repo is None else IdSource.EXPLICIT.value,
        source=SOURCE,
        cost_source=CostSource.UNKNOWN.value,
        subscription=_SUBSCRIPTION.get(auth),
        scopes=scopes_of(None, event.session),
        **open_fields | known,
    )


def _who(event: _Event) -> tuple[str | None, str | None]:
    """Return the person, and how far the id can be trusted to be one."""
    email = fields.person(event.attributes.get("user.email"))
    if email is not None:
        return email, IdSource.EXPLICIT.value
    account = fields.person(event.attributes.get("user.account_id"))
    return account, None if account is None else IdSource.DERIVED.value


def _repo(event: _Event) -> str | None:
    found = (repo_slug(event.resource.get(name)) for name in _REPOSITORIES)
    return next((slug for slug in found if slug is not None), None)


_READERS: Final[dict[str, Callable[[_Event], Outcome | None]]] = {
    "sse_event": _response,
    "api_request": _request,
    "tool_decision": _decision,
}
