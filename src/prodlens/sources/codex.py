"""Owns Codex CLI's rollouts: which lines are calls, what counts them again, what holds for a turn.

One line of `~/.codex/sessions/<year>/<month>/<day>/rollout-*.jsonl` at a time. Prompts, answers,
commands and outputs are never looked at (edits: `codex_edits`).

Two shapes carry tokens. New: `token_usage_record`, one per response, with the ids of response,
turn and thread. Old: `token_count`, which names nothing, is written again unchanged, and is copied
with new times into forks and sub-agents; its key is the pair of the thread's running total and the
last call's own counts, so copies are one call in whatever file they stand. Where both are written
the new one shadows the old. Running totals are never added up.

A session is a thread (`thread_id`, `session_meta.id`): that is what Codex's own telemetry calls a
conversation, and the only id that old versions wrote.

Source: openai/codex codex-rs/protocol/src/protocol.rs (`TokenUsageRecord`, `TokenUsageInfo`,
`TurnContextItem`, `SessionMeta`), codex-rs/core/src/safety.rs (who approves a patch);
sources.md 5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.schemas import (
    CanonicalTrace,
    ContextFact,
    CostSource,
    Fact,
    IdSource,
    RejectReason,
    Skipped,
    TokensBasis,
)
from prodlens.sources import codex_counts, codex_edits, fields, model_names
from prodlens.sources.codex_counts import counts_of
from prodlens.sources.codex_edits import SOURCE, Line, scopes_of
from prodlens.sources.fields import UnreadableError, mapping, text
from prodlens.sources.provider_ids import message_key
from prodlens.sources.repo_slugs import repo_slug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from prodlens.schemas import Outcome
    from prodlens.sources.codex_counts import Counts

_TYPES: Final = frozenset(
    {
        "compacted",
        "event_msg",
        "inter_agent_communication",
        "inter_agent_communication_metadata",
        "response_item",
        "session_meta",
        "token_usage_record",
        "turn_context",
        "world_state",
    }
)
_NAMES: Final = frozenset({"metadata", "ordinal", "payload", "timestamp", "type"})
"""Names of a line of a type that is not known yet."""
_HEADER: Final = frozenset({"git", "id", "instructions", "timestamp"})
_BARE: Final = frozenset(
    {"function_call", "function_call_output", "local_shell_call", "message", "reasoning"}
)
_EXEC: Final = frozenset(
    f"{what}.{when}"
    for what in ("item", "thread", "turn")
    for when in ("started", "updated", "completed", "failed")
)
"""Events that `codex exec --json` prints, which carry no time: the rollout tells the calls."""
_ELSEWHERE: Final = frozenset({"sessionId", "timestamp", "usage", "uuid"})
"""Names that other tools' lines have beside such a type."""
_SAFE: Final = re.compile(r"[a-z][a-z_.]{1,47}")
_IDS: Final = ("response_id", "turn_id", "thread_id", "session_id", "call_id", "id")
_EXPLICIT: Final = IdSource.EXPLICIT.value
_DERIVED: Final = IdSource.DERIVED.value
_SANDBOXES: Final = {
    "danger-full-access": "auto",
    "disabled": "auto",
    "external": "auto",
    "external-sandbox": "auto",
    "read-only": "ask",
    "workspace-write": "auto",
}
"""Whether a patch inside the project is asked about, by the kind of sandbox or profile."""
_NO_PLAN: Final = frozenset({"free", "guest"})


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a line of a rollout."""
    kind = record.get("type")
    if not isinstance(kind, str) or "payload" not in record:
        return _is_bare(record, kind)
    return kind in _TYPES or ("timestamp" in record and record.keys() <= _NAMES)


def _is_bare(record: Mapping[str, Any], kind: object) -> bool:
    """Return whether a record is a line without an envelope; those hold no calls."""
    if not isinstance(kind, str):
        header = "instructions" in record and record.keys() <= _HEADER
        return header or record.get("record_type") == "state"
    if kind in _EXEC:
        return "timestamp" not in record
    if kind not in _BARE or not _ELSEWHERE.isdisjoint(record):
        return False
    return "call_id" in record or "summary" in record or ("role" in record and "content" in record)


def read(record: Mapping[str, Any], *, now: datetime, state: dict[str, Any]) -> Iterable[Outcome]:
    """Read one line.

    Args:
        record: The decoded line.
        now: The present instant; later times (by more than a day) are out of range.
        state: Of this file: the thread, model and turn that old shapes leave unnamed, the last
            running total, and edits whose result is awaited.

    Returns:
        A call, an edit, facts about a turn or thread; what holds none of these is skipped.
    """
    line = _Line(record, mapping(record.get("payload")), now, state)
    kind = record.get("type")
    if kind in ("event_msg", "response_item"):
        kind = line.payload.get("type")
    name = kind if isinstance(kind, str) and _SAFE.fullmatch(kind) else "other"
    reader = _READERS.get(name) if "payload" in record else None
    try:
        found = tuple(reader(line)) if reader is not None else ()
    except UnreadableError as bad:
        known = {name: line.payload.get(name) for name in _IDS}
        known["timestamp"] = record.get("timestamp")
        return (fields.rejected(bad, known, ids=_IDS, times=("timestamp",)),)
    return found or (Skipped(f"Codex {name}"),)


class _Line(NamedTuple):
    """One line and what goes with it."""

    record: Mapping[str, Any]
    payload: Mapping[str, Any]
    now: datetime
    state: dict[str, Any]

    def at(self) -> tuple[datetime, bool]:
        return fields.instant(self.record.get("timestamp"), self.now, "timestamp")


# Context ------------------------------------------------------------------------------------


def _session(line: _Line) -> Iterable[Outcome]:
    """Return what holds for a thread; the first one of a file is the file's own.

    A fork begins with its own line and goes on with a copy of its parent's.
    """
    payload, state = line.payload, line.state
    thread = text(payload.get("id")) or text(payload.get("session_id"))
    if thread is None:
        return
    if "thread" not in state:
        state["thread"] = thread
        state["subagent"] = _is_spawned(payload)
    if payload.get("forked_from_id") is not None or thread != state["thread"]:
        state["forked"] = True
    git = mapping(payload.get("git"))
    scope = f"codex_thread:{thread}"
    said = {
        Fact.REPO_SLUG: repo_slug(git.get("repository_url")),
        Fact.GIT_BRANCH: text(git.get("branch")),
        Fact.PROVIDER: (text(payload.get("model_provider")) or "").lower() or None,
    }
    for name, value in said.items():
        if value is not None:
            yield ContextFact(scope, name, value, SOURCE)


def _is_spawned(payload: Mapping[str, Any]) -> bool | None:
    """Return whether another agent started the thread; None when nothing is said."""
    source = payload.get("source")
    words = [payload.get("thread_source"), *(source if isinstance(source, dict) else (source,))]
    known = [word.lower() for word in words if isinstance(word, str)]
    return any(word.startswith(("subagent", "sub_agent")) for word in known) if known else None


def _turn(line: _Line) -> Iterable[Outcome]:
    payload = line.payload
    turn, raw, mode = text(payload.get("turn_id")), text(payload.get("model")), _mode(payload)
    line.state.update(turn=turn, model=raw, mode=mode, reviewed=_is_reviewed(payload))
    if turn is None:
        return
    model, _ = model_names.normalise(raw)
    said = {Fact.MODEL: model, Fact.MODEL_RAW: raw, Fact.PERMISSION_MODE: mode}
    for name, value in said.items():
        if value is not None:
            yield ContextFact(f"codex_turn:{turn}", name, value, SOURCE)


def _mode(payload: Mapping[str, Any]) -> str | None:
    """Return whether a person is asked about an edit (`ask`) or not (`auto`); None: not said.

    With `on-request` (and its finer form, `granular`) Codex applies a patch inside the folders it
    may write to by itself and asks about any other; what it may not ask about is refused. So
    nobody is asked unless the sandbox is read-only; an approval request says otherwise.
    """
    policy = payload.get("approval_policy")
    if policy in ("never", "on-failure") or _is_reviewed(payload):
        return "auto"
    if policy in ("untrusted", "unless-trusted"):
        return "ask"
    if isinstance(policy, dict) and _is_never_asked(policy):
        return "auto"
    if policy != "on-request" and not isinstance(policy, dict):
        return None
    sandbox = mapping(payload.get("sandbox_policy"))
    profile = mapping(payload.get("permission_profile"))
    kind = sandbox.get("type") or sandbox.get("mode") or profile.get("type")
    return _SANDBOXES.get(kind) if isinstance(kind, str) else None


def _is_never_asked(policy: Mapping[str, Any]) -> bool:
    """Return whether a finer policy refuses what the sandbox does not allow, without asking."""
    allowed = mapping(policy.get("granular")).get("sandbox_approval")
    return allowed is False or mapping(policy.get("reject")).get("sandbox_approval") is True


def _is_reviewed(payload: Mapping[str, Any]) -> bool:
    """Return whether a program, not the person, answers approval requests."""
    return text(payload.get("approvals_reviewer")) not in (None, "user")


# Calls --------------------------------------------------------------------------------------


def _recorded(line: _Line) -> Iterable[Outcome]:
    payload, state = line.payload, line.state
    at, assumed = line.at()
    usage = counts_of(payload.get("usage"))
    if usage is None:
        raise UnreadableError(RejectReason.NO_USAGE)
    total = counts_of(payload.get("thread_token_usage"))
    response, turn = text(payload.get("response_id")), text(payload.get("turn_id"))
    thread = text(payload.get("thread_id")) or text(payload.get("session_id"))
    root = text(payload.get("root_turn_id"))
    repeated = None if total is None else f"codex_usage:{total.key()}/{usage.key()}"
    state["recorded"] = [repeated, usage.key()]
    native = message_key(response) or (response and f"codex_response:{thread}/{response}")
    raw = state.get("model") if turn is not None and turn == state.get("turn") else None
    shadows = (repeated,) if native and repeated else ()
    yield _call(
        usage,
        at,
        native_key=native or repeated,
        session_id=thread,
        session_source=_EXPLICIT,
        model_raw=raw,
        source_record_id=response,
        provider_message_id=response,
        timestamp_assumed_utc=assumed or None,
        is_subagent=None if root is None or turn is None else root != turn,
        scopes=scopes_of(turn, thread),
        shadows=shadows,
    )


def _counted(line: _Line) -> Iterable[Outcome]:
    """Return the call behind a `token_count`, unless it repeats one or holds none."""
    payload, state = line.payload, line.state
    thread = state.get("thread")
    plan = text(mapping(payload.get("rate_limits")).get("plan_type"))
    if thread is not None and plan is not None and plan.lower() not in _NO_PLAN:
        yield ContextFact(f"codex_thread:{thread}", Fact.SUBSCRIPTION, "1", SOURCE)
    info = mapping(payload.get("info"))
    if not info:
        return
    total, last = counts_of(info.get("total_token_usage")), counts_of(info.get("last_token_usage"))
    before = state.get("total")
    if total is not None:
        state["total"] = list(total)
    own = last or codex_counts.since(total, before, begun="thread" in state)
    if own is None:
        raise UnreadableError(RejectReason.NO_USAGE)
    at, assumed = line.at()
    where = f"{thread}/{at.isoformat()}" if total is None else total.key()
    key = f"codex_usage:{where}/{own.key()}"
    unchanged = total is not None and list(total) == before
    if unchanged or own.is_nothing() or _was_recorded(key, own, state):
        yield Skipped("Codex repeated token_count")
        return
    yield _call(
        own,
        at,
        native_key=key,
        session_id=thread,
        # A copy in a fork names the fork: the thread that made the call knows better.
        session_source=_DERIVED if state.get("forked") else _EXPLICIT,
        model_raw=state.get("model") or text(info.get("model")),
        timestamp_assumed_utc=assumed or None,
        is_subagent=state.get("subagent"),
        scopes=scopes_of(state.get("turn"), thread),
    )


def _was_recorded(key: str, own: Counts, state: dict[str, Any]) -> bool:
    """Return whether the response's own record went before under another total.

    Under the same total it is shadowed, which also holds across files.
    """
    recorded = state.get("recorded")
    return recorded is not None and recorded[0] != key and recorded[1] == own.key()


def _call(usage: Counts, at: datetime, **known: Any) -> CanonicalTrace:
    """Return a completed call; Codex times turns, not calls, so the latency is not known."""
    cache = (usage.cached or 0) + (usage.written or 0)
    exclusive = usage.tokens_in is not None and cache > usage.tokens_in
    tokens_in = (usage.tokens_in or 0) + cache if exclusive else usage.tokens_in
    if (tokens_in or 0) + (usage.tokens_out or 0) > fields.LARGEST_COUNT:
        raise UnreadableError(RejectReason.NUMBER_TOO_LARGE, "input_tokens")
    model, _ = model_names.normalise(known["model_raw"])
    if known["session_id"] is None:
        known["session_source"] = None
    return CanonicalTrace(
        developer_id=None,
        timestamp=at,
        model=model,
        tokens_in=tokens_in,
        tokens_out=usage.tokens_out,
        latency_ms=None,
        status_code=200,
        accepted_flag=None,
        source=SOURCE,
        cache_read_tokens=usage.cached,
        cache_write_tokens=usage.written,
        reasoning_tokens=usage.reasoning,
        tokens_basis=TokensBasis.EXCLUSIVE_ADDED.value
        if exclusive
        else TokensBasis.INCLUSIVE.value,
        cost_source=CostSource.UNKNOWN.value,
        **known,
    )


# Edits --------------------------------------------------------------------------------------


def _place(line: _Line) -> Line:
    """Return where an edit belongs; items name their turn in the line around them."""
    payload, state = line.payload, line.state
    try:
        at, _ = line.at()
    except UnreadableError:
        at = None  # the edit counts by its id; another record of it may tell the time
    passed = mapping(payload.get("internal_chat_message_metadata_passthrough"))
    turn = text(payload.get("turn_id")) or text(passed.get("turn_id")) or state.get("turn")
    thread = text(payload.get("thread_id")) or state.get("thread")
    return Line(payload, at, turn, thread, state.get("mode"), state.get("reviewed") is True)


def _change(line: _Line) -> Iterable[Outcome]:
    kind = line.payload["type"]
    place = _place(line)
    if kind in ("item_completed", "item_started"):
        item = mapping(line.payload.get("item"))
        if item.get("type") != "FileChange":
            return
        place = place._replace(payload=item)
    if (found := codex_edits.of_change(place, line.state, kind=kind)) is not None:
        yield found


def _tool_call(line: _Line) -> Iterable[Outcome]:
    if (found := codex_edits.of_call(_place(line), line.state)) is not None:
        yield found


def _tool_output(line: _Line) -> Iterable[Outcome]:
    if (found := codex_edits.of_output(_place(line), line.state)) is not None:
        yield found


_READERS: Final[dict[str, Callable[[_Line], Iterable[Outcome]]]] = {
    "session_meta": _session,
    "turn_context": _turn,
    "token_usage_record": _recorded,
    "token_count": _counted,
    "apply_patch_approval_request": _change,
    "item_completed": _change,
    "item_started": _change,
    "patch_apply_begin": _change,
    "patch_apply_end": _change,
    "custom_tool_call": _tool_call,
    "function_call": _tool_call,
    "local_shell_call": _tool_call,
    "custom_tool_call_output": _tool_output,
    "function_call_output": _tool_output,
}
"""By the type of the line, or of what stands inside an event or item."""
