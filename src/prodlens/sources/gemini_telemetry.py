"""Owns Gemini CLI's telemetry: which of its events are calls, failures and edits.

Its outfile is pretty-printed JSON, one value after the other: spans, log records and metrics as
the JavaScript SDK holds them in memory. Every call is told twice, as `gemini_cli.api_response` and
by the GenAI conventions; the first one is read. Bodies of records, prompts, answers and error
texts are never looked at.

Source: google-gemini/gemini-cli packages/core/src/telemetry/file-exporters.ts (shape), types.ts,
telemetryAttributes.ts, llmRole.ts (events), docs/cli/telemetry.md; sources.md 5.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from prodlens.schemas import ContextFact, Fact, IdSource, RejectReason, Skipped
from prodlens.sources import fields, gemini_calls, gemini_edits
from prodlens.sources.fields import UnreadableError, mapping, text
from prodlens.sources.gemini_calls import Names
from prodlens.sources.repo_slugs import repo_slug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from prodlens.schemas import Outcome
    from prodlens.sources.otlp import LogRecord, Span

SOURCE: Final = "gemini_otel"
"""Not the chat files' name: what both saw is one call, which only two sources can have seen."""
PREFIX: Final = "gemini_cli."
_SERVICE: Final = "gemini-cli"
_SAFE: Final = re.compile(r"[a-z][a-z_.]{1,63}")
_COUNTS: Final = Names(
    prompt="input_token_count",
    answer="output_token_count",
    cached="cached_content_token_count",
    thoughts="thoughts_token_count",
    tool="tool_token_count",
    total="total_token_count",
)
_PROVIDERS: Final = {
    "gemini-api-key": "gemini",
    "oauth-personal": "gemini",
    "vertex-ai": "vertex_ai",
}
_SUBSCRIPTION: Final = {"oauth-personal": True, "gemini-api-key": False, "vertex-ai": False}
"""Signing in with an account is paid by subscription or not at all, never per token."""
_MODES: Final = {"default": "ask", "auto_edit": "auto", "autoedit": "auto", "yolo": "auto"}
_REPOSITORIES: Final = ("repo", "vcs.repository.url.full", "vcs.repository.name")
_MOST_PROMPTS: Final = 256
_IDS: Final = ("session.id", "prompt_id", "model")
_TIMES: Final = ("event.timestamp",)


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a span, log record or metric of the outfile."""
    attributes = record.get("attributes")
    if isinstance(attributes, dict) and (
        _event_name(record, attributes).startswith(PREFIX) or "installation.id" in attributes
    ):
        return True
    if ("hrTime" not in record and "_spanContext" not in record) and (
        "scopeMetrics" not in record or "resource" not in record
    ):
        return False
    # The SDK's shapes are every JavaScript program's: another name of a service is no match.
    service = text(resource_of(record).get("service.name"))
    return _is_ours(service, text(mapping(record.get("instrumentationScope")).get("name")))


def _is_ours(*names: str | None) -> bool:
    return any(name is not None and _SERVICE in name for name in names)


def read(record: Mapping[str, Any], *, now: datetime, state: dict[str, Any]) -> Iterable[Outcome]:
    """Read one value of the outfile; `state` notes which call each prompt made last."""
    attributes = mapping(record.get("attributes"))
    name = _event_name(record, attributes)
    if not name or "_spanContext" in record or "scopeMetrics" in record:
        kind = "metrics" if "scopeMetrics" in record else "span" if "name" in record else "record"
        return (Skipped(f"Gemini CLI {kind}"),)
    at = attributes.get("event.timestamp") or record.get("hrTime") or record.get("timestamp")
    return read_event(name, attributes, resource_of(record), at, now=now, state=state)


def owns_log(log: LogRecord) -> bool:
    """Return whether a log record of an OTLP export is an event of Gemini CLI."""
    return log.event_name is not None and log.event_name.startswith(PREFIX)


def owns_span(span: Span) -> bool:
    """Return whether a span of an OTLP export is Gemini CLI's."""
    return _is_ours(span.scope_name, text(span.resource.get("service.name")))


def read_span(_span: Span, *, now: datetime) -> Iterable[Outcome]:  # noqa: ARG001 - a reader's signature
    """Skip a span: the events tell each call, with thoughts, which spans leave out."""
    return (Skipped("Gemini CLI span"),)


def read_log(log: LogRecord, *, now: datetime) -> Iterable[Outcome]:
    """Read one event of an OTLP export, which names no call that an edit belongs to."""
    at = log.attributes.get("event.timestamp") or log.time or log.observed_time
    return read_event(log.event_name or "", log.attributes, log.resource, at, now=now, state={})


def read_event(
    name: str,
    attributes: Mapping[str, Any],
    resource: Mapping[str, Any],
    at: object,
    *,
    now: datetime,
    state: dict[str, Any],
) -> Iterable[Outcome]:
    """Read one event, whatever envelope held it.

    Args:
        name: Its name, with or without the leading `gemini_cli.`.
        attributes: Its attributes.
        resource: Attributes of the resource.
        at: When it was written, in any way an instant is written.
        now: The present instant.
        state: As in `read`.
    """
    short = name.removeprefix(PREFIX)
    reader = _READERS.get(short)
    if reader is None:
        return (Skipped(f"Gemini CLI {short if _SAFE.fullmatch(short) else 'other'}"),)
    try:
        return reader(_Event(attributes, resource, at, now, state))
    except UnreadableError as bad:
        return (fields.rejected(bad, attributes, ids=_IDS, times=_TIMES),)


def _event_name(record: Mapping[str, Any], attributes: Mapping[str, Any]) -> str:
    name = attributes.get("event.name")
    if not isinstance(name, str):
        name = record.get("eventName")
        if not isinstance(name, str):
            name = record.get("name")
    return name if isinstance(name, str) else ""


def resource_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the attributes of a record's resource; the SDK keeps them as pairs."""
    resource = mapping(record.get("resource"))
    plain = resource.get("attributes", resource.get("_attributes"))
    if isinstance(plain, Mapping):
        return plain
    pairs = fields.sequence(resource.get("_rawAttributes"))
    return {
        pair[0]: pair[1]
        for pair in pairs
        if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str)
    }


class _Event:
    """One event and what several of its readers need."""

    def __init__(
        self,
        attributes: Mapping[str, Any],
        resource: Mapping[str, Any],
        at: object,
        now: datetime,
        state: dict[str, Any],
    ) -> None:
        self.attributes = attributes
        self.state = state
        self.at, self.assumed = fields.instant(at, now, "event.timestamp")
        self.session = text(attributes.get("session.id"))
        self.prompt = text(attributes.get("prompt_id"))
        found = (repo_slug(resource.get(name)) for name in _REPOSITORIES)
        self.repo = next((slug for slug in found if slug is not None), None)
        self.email = fields.person(attributes.get("user.email"))
        self.developer = self.email or fields.person(attributes.get("installation.id"))

    def key(self, kind: str, *parts: object) -> str:
        """Return a key: an event has no id, but its session, prompt and millisecond."""
        when = self.at.isoformat(timespec="milliseconds")
        return "/".join([f"{kind}:{self.session}", str(self.prompt), when, *map(str, parts)])

    def common(self, duration: float | None) -> dict[str, Any]:
        """Return the fields that calls and failures share."""
        auth = text(self.attributes.get("auth_type")) or ""
        role = text(self.attributes.get("role"))
        source = IdSource.EXPLICIT if self.email is not None else IdSource.DERIVED
        return {
            "source": SOURCE,
            "developer_id": self.developer,
            "developer_source": None if self.developer is None else source.value,
            "repo_slug": self.repo,
            "repo_source": None if self.repo is None else IdSource.EXPLICIT.value,
            "latency_ms": duration,
            "latency_source": None if duration is None else SOURCE,
            "provider": _PROVIDERS.get(auth),
            "subscription": _SUBSCRIPTION.get(auth),
            "query_source": role,
            "is_subagent": None if role is None else role.startswith("subagent"),
            "timestamp_assumed_utc": self.assumed or None,
        }


def _response(event: _Event) -> Iterable[Outcome]:
    attributes = event.attributes
    usage = gemini_calls.usage_of(attributes, _COUNTS)
    duration = fields.measure(attributes.get("duration_ms"), "duration_ms")
    key = event.key("gemini_api", usage.tokens_in, usage.tokens_out)
    _remember(event, key)
    status = fields.status(attributes.get("status_code"))
    http = fields.status(attributes.get("http.status_code"))
    return (
        gemini_calls.call(
            usage,
            _start(event, duration),
            session=event.session,
            model_raw=text(attributes.get("model")),
            native_key=key,
            status_code=status or http or 200,
            **event.common(duration),
        ),
    )


def _error(event: _Event) -> Iterable[Outcome]:
    attributes = event.attributes
    duration = fields.measure(
        attributes.get("duration_ms", attributes.get("duration")), "duration_ms"
    )
    status = fields.status(attributes.get("status_code"))
    status = status or fields.status(attributes.get("http.status_code"))
    kind = fields.error_type(attributes.get("error.type") or attributes.get("error_type"))
    return (
        gemini_calls.call(
            None,
            _start(event, duration),
            session=event.session,
            model_raw=text(attributes.get("model")) or text(attributes.get("model_name")),
            native_key=event.key("gemini_error"),
            status_code=status,
            error_type=kind or (None if status is not None and status >= 400 else "error"),
            **event.common(duration),
        ),
    )


def _tool_call(event: _Event) -> Iterable[Outcome]:
    attributes = event.attributes
    if not gemini_edits.is_edit(attributes.get("function_name")):
        return (Skipped("Gemini CLI tool_call"),)
    call = text(attributes.get("tool_call_id")) or text(attributes.get("call_id"))
    key = f"tool:{call}" if call is not None else event.key("tool:gemini")
    prompts: dict[str, str] = event.state.get("prompts", {})
    place = gemini_edits.Place(
        event.session,
        prompts.get(event.prompt or ""),
        event.at,
        event.developer,
        event.repo,
        SOURCE,
    )
    return (gemini_edits.of_event(attributes, key, place),)


def _config(event: _Event) -> Iterable[Outcome]:
    mode = _MODES.get((text(event.attributes.get("approval_mode")) or "").lower())
    if mode is None or event.session is None:
        return (Skipped("Gemini CLI config"),)
    scope = gemini_calls.scope_of(event.session)
    return (ContextFact(scope, Fact.PERMISSION_MODE, mode, SOURCE),)


def _remember(event: _Event, key: str) -> None:
    """Note the last call of a prompt: the tools it asked for run before the next one."""
    if event.prompt is None:
        return
    prompts: dict[str, str] = event.state.setdefault("prompts", {})
    prompts.pop(event.prompt, None)
    prompts[event.prompt] = key
    while len(prompts) > _MOST_PROMPTS:
        del prompts[next(iter(prompts))]


def _start(event: _Event, duration: float | None) -> datetime:
    """Return the start of a call: events are written at its end.

    Raises:
        UnreadableError: The duration is longer than time is.
    """
    try:
        return event.at - timedelta(milliseconds=duration or 0.0)
    except OverflowError:
        raise UnreadableError(RejectReason.BAD_NUMBER, "duration_ms") from None


_READERS: Final[dict[str, Callable[[_Event], Iterable[Outcome]]]] = {
    "api_response": _response,
    "api_error": _error,
    "tool_call": _tool_call,
    "config": _config,
}
