"""Owns what Claude Code's events say about edits, sessions and people; knows no call.

What every event and span carries (person, session, repository) is read here for all of them. Code
in a tool's input is read to count and digest it and is never kept.

Source: code.claude.com/docs, "Monitoring usage", version 2.1; sources.md 4b and 8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.schemas import ContextFact, DecidedBy, Decision, Fact, IdSource, Skipped, Suggestion
from prodlens.sources import claude_code_edits, edit_calls, fields
from prodlens.sources.claude_code_context import prompt_scope, session_scope
from prodlens.sources.fields import text
from prodlens.sources.repo_slugs import repo_slug

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from prodlens.schemas import Outcome
    from prodlens.sources.edit_calls import ProposedEdit
    from prodlens.sources.otlp import LogRecord

SOURCE: Final = "claude_code_otel"

_TRUNCATED_FROM: Final = 500
"""Values of `tool_input` are cut at 512 characters; what may be cut is not counted."""
_REPOSITORIES: Final = ("repo", "repo_slug", "repository", "vcs.repository.url.full")
_PEOPLE: Final = ("user.email", "user.account_uuid", "user.account_id", "user.id")
"""Who it was, the best name first; the last one is a hash of the device."""
_DECISIONS: Final = {"accept": Decision.ACCEPT, "reject": Decision.REJECT}


class Teller(NamedTuple):
    """Who and where an event or span is from.

    Attributes:
        seen: Its attributes, over those of its resource.
        session_id: Native session.
        developer_id: Person, account, or hash of the device.
        developer_source: How far that can be trusted.
        repo: `owner/name` that the person attached.
    """

    seen: Mapping[str, Any]
    session_id: str | None
    developer_id: str | None
    developer_source: str | None
    repo: str | None


def teller_of(attributes: Mapping[str, Any], resource: Mapping[str, Any]) -> Teller:
    """Return who and where an event or span is from."""
    seen = {**resource, **attributes}
    named = [(name, fields.person(seen.get(name))) for name in _PEOPLE]
    name, developer = next(((n, d) for n, d in named if d is not None), (None, None))
    trust = IdSource.EXPLICIT if name == "user.email" else IdSource.DERIVED
    repo = next((slug for name in _REPOSITORIES if (slug := repo_slug(seen.get(name)))), None)
    if repo is None:
        owner, own = text(seen.get("vcs.owner.name")), text(seen.get("vcs.repository.name"))
        repo = repo_slug(f"{owner}/{own}" if owner and own and "/" not in own else own)
    return Teller(
        seen,
        text(seen.get("session.id")),
        developer,
        None if developer is None else trust.value,
        repo,
    )


def time_of(log: LogRecord, now: datetime) -> datetime:
    """Return when an event was written, aware UTC.

    Raises:
        UnreadableError: It does not say, or the time makes no sense.
    """
    told = log.time or log.attributes.get("event.timestamp") or log.observed_time
    return fields.instant(told, now, "timeUnixNano")[0]


def read_decision(log: LogRecord, teller: Teller, now: datetime) -> tuple[Outcome, ...]:
    """Read who accepted or refused a tool call."""
    seen = teller.seen
    decision = _DECISIONS.get(text(seen.get("decision")) or "")
    return _edit(log, teller, now, decided=(decision, text(seen.get("source"))), event=True)


def read_result(log: LogRecord, teller: Teller, now: datetime) -> tuple[Outcome, ...]:
    """Read the result of a tool; a failure that no decision explains says nothing of its reason."""
    seen = teller.seen
    decision = _DECISIONS.get(text(seen.get("decision_type")) or "")
    worked = fields.flag(seen.get("success"))
    if decision is None and worked:
        decision = Decision.ACCEPT
    elif decision is Decision.ACCEPT and worked is False:
        decision = Decision.ERROR
    decided = (decision, text(seen.get("decision_source")))
    return _edit(log, teller, now, decided=decided, event=False)


def _edit(
    log: LogRecord,
    teller: Teller,
    now: datetime,
    *,
    decided: tuple[Decision | None, str | None],
    event: bool,
) -> tuple[Outcome, ...]:
    """Return what an event says about an edit; other tools are no suggestions."""
    seen = teller.seen
    tool, key = text(seen.get("tool_name")), text(seen.get("tool_use_id"))
    if tool not in claude_code_edits.TOOLS or key is None:
        return (Skipped("Claude Code event of another tool"),)
    decision, by = _decided(*decided)
    given = _input(tool, seen.get("tool_input"))
    prompt = prompt_scope(seen.get("prompt.id"))
    said = Suggestion(
        key=f"tool:{key}",
        source=SOURCE,
        scopes=prompt,
        # Decided while the answer still came in, or later; the next request waits for the result.
        within=f"during:{prompt[0]}" if prompt else None,
        session_id=teller.session_id,
        developer_id=teller.developer_id,
        timestamp=time_of(log, now),
        repo_slug=teller.repo,
        tool=tool,
        language=None if given is None else given.language,
        file_digests=() if given is None else given.file_digests,
        line_digests=() if given is None else given.line_digests,
        proposed_lines=None if given is None else given.lines,
        decision=decision,
        decided_by=by,
        decision_source=None if decision is None else "event" if event else "result",
    )
    return (said,)


def _decided(
    decision: Decision | None, source: str | None
) -> tuple[Decision | None, DecidedBy | None]:
    """Return the decision and who made it.

    Source: sources.md 4b: `config` and `hook` are settings (which accept or forbid), `user_*` is
    the person.
    """
    if source is None or decision is None:
        return decision, None
    if source.startswith("user_"):
        return decision, DecidedBy.USER
    if source not in ("config", "hook"):
        return decision, None
    if decision is Decision.REJECT:
        return Decision.DENIED_BY_POLICY, DecidedBy.POLICY
    return decision, DecidedBy.AUTO


def _input(tool: str, told: object) -> ProposedEdit | None:
    """Return what a tool's input proposes, where it was logged whole."""
    if told is None or (isinstance(told, str) and len(told) >= _TRUNCATED_FROM):
        return None
    return edit_calls.proposed_edit(tool, told)


def read_prompt(log: LogRecord, teller: Teller, now: datetime) -> tuple[Outcome, ...]:  # noqa: ARG001 - a reader's signature
    """Read a prompt's event for who and where it is from; the prompt is never looked at."""
    if teller.session_id is None:
        return (Skipped("Claude Code event user_prompt"),)
    scope = session_scope(teller.session_id)
    told = ((Fact.DEVELOPER_ID, teller.developer_id), (Fact.REPO_SLUG, teller.repo))
    found = [ContextFact(scope, name, value, SOURCE) for name, value in told if value is not None]
    return tuple(found) or (Skipped("Claude Code event user_prompt"),)
