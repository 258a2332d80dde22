"""Owns what a line of a Claude Code transcript belongs to: session, prompt, repository, links.

A forked session repeats the history of another one with the session's id written anew. A copy
that names its origin belongs to it. One that does not is found by the store, which sees all
sessions that hold a call: here stands only when a session was seen. Knows no tokens and no edits.

Source: Claude Code 2.1 (`--fork-session` and `/branch`, whose lines carry `forkedFrom`);
sources.md 4a.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.clock import format_instant, in_range
from prodlens.schemas import ContextFact, Fact, IdSource, LinkKind, SessionLink
from prodlens.sources import fields
from prodlens.sources.fields import mapping, text
from prodlens.sources.repo_slugs import repo_slug

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from prodlens.schemas import Outcome

SOURCE: Final = "claude_code"

_AUTOMATIC: Final = frozenset({"acceptEdits", "bypassPermissions", "dontAsk", "auto"})
_ASKING: Final = frozenset({"default", "manual"})
_HEADLESS: Final = "sdk-"
"""How the names of ways to start begin in which a program asks, not a person."""
_PULL_REQUEST: Final = re.compile(
    r"https?://(?:[^/@\s]+@)?(?P<host>[^/\s]+)/(?P<path>[^\s?#]+?)/(?:-/)?"
    r"(?:pull|merge_requests|pull-requests)/(?P<number>\d{1,12})(?:[/?#].*)?"
)
_SHA: Final = re.compile(r"[0-9a-f]{7,64}")
_MADE: Final = frozenset({None, "created"})
"""What a session did to a pull request so that it is its own; others it only looked after."""


class Entry(NamedTuple):
    """A line of a transcript and what it belongs to.

    Attributes:
        record: The line.
        at: When it was written, aware UTC; None when it does not say or makes no sense.
        uuid: The line's own id, which copies share.
        session_id: Session that wrote it first, as far as the line shows.
        session_source: How far that can be trusted.
        copied: Whether another session's line was copied: then version, branch and way of
            starting are those of the copying program.
        scopes: Scope of the session; empty when it is not known.
    """

    record: Mapping[str, Any]
    at: datetime | None
    uuid: str | None
    session_id: str | None
    session_source: str | None
    copied: bool
    scopes: tuple[str, ...]


def entry_of(record: Mapping[str, Any], *, now: datetime) -> Entry:
    """Return a line with what it belongs to.

    Args:
        record: The line.
        now: The present instant; later times (by more than a day) are taken as none.
    """
    moment = fields.moment(record.get("timestamp"))
    at = moment[0] if moment is not None and in_range(moment[0], now) else None
    session = text(record.get("sessionId"))
    origin = text(mapping(record.get("forkedFrom")).get("sessionId"))
    copied = origin is not None and origin != session
    known = origin if copied else session
    trust = IdSource.DERIVED.value if copied else IdSource.EXPLICIT.value
    return Entry(
        record=record,
        at=at,
        uuid=text(record.get("uuid")),
        session_id=known,
        session_source=None if known is None else trust,
        copied=copied,
        scopes=() if known is None else (session_scope(known),),
    )


def session_scope(session_id: str) -> str:
    """Return the scope of a session."""
    return f"claude_session:{session_id}"


def call_scopes(entry: Entry) -> tuple[str, ...]:
    """Return the scopes of a call: its session, twice where the program was started by another.

    Such a program (`claude -p`) queues its prompt before all else, so its lines that are older
    than the first queued prompt are copies. A person's session queues prompts in its midst, or is
    resumed by such a program later: there older lines may be its own. `of_queue` tells both
    scopes, and of two sessions that were seen too late the store keeps a call with the one that
    fewer scopes speak against.
    """
    started = text(entry.record.get("entrypoint")) or ""
    if entry.copied or entry.session_id is None or not started.startswith(_HEADLESS):
        return entry.scopes
    return (*entry.scopes, _headless_scope(entry.session_id))


def _headless_scope(session_id: str) -> str:
    return f"claude_headless_session:{session_id}"


def prompt_scope(prompt_id: object) -> tuple[str, ...]:
    """Return the scope of a prompt, empty when it has no id."""
    found = text(prompt_id)
    return () if found is None else (f"claude_prompt:{found}",)


# Facts and links ----------------------------------------------------------------------------


def of_queue(entry: Entry) -> list[Outcome]:
    """Return that a session was alive when it queued a prompt.

    Such a line is never copied, so a session that continues another is known to have begun after
    the history that it copied: the store leaves those calls with the session that made them.
    """
    if entry.at is None or entry.session_id is None:
        return []
    seen = format_instant(entry.at)
    return [
        ContextFact(scope, Fact.SEEN_SINCE, seen, SOURCE)
        for scope in (*entry.scopes, _headless_scope(entry.session_id))
    ]


def of_user(entry: Entry) -> list[Outcome]:
    """Return what a person's or a tool's line says about its prompt, repository and session."""
    record = entry.record
    found: list[Outcome] = []
    mode = _mode(entry)
    if mode is not None:
        found += [
            ContextFact(scope, Fact.PERMISSION_MODE, mode, SOURCE)
            for scope in prompt_scope(record.get("promptId"))
        ]
    details = mapping(record.get("toolUseResult"))
    found += _repository(entry, mapping(details.get("gitDiff")).get("repository"))
    operation = mapping(details.get("gitOperation"))
    pull = mapping(operation.get("pr"))
    if pull and text(pull.get("action")) in _MADE:
        found += _pull_request(entry, pull.get("number"), pull.get("url"), None)
    found += _commit(entry, operation.get("commit"))
    return found


def of_link(entry: Entry) -> list[Outcome]:
    """Return the pull request that a `pr-link` line names, and so the session's repository."""
    record = entry.record
    return _pull_request(
        entry, record.get("prNumber"), record.get("prUrl"), record.get("prRepository")
    )


def _mode(entry: Entry) -> str | None:
    """Return whether somebody was asked about edits under a prompt; None when that is open.

    Planning ends in a choice that the prompt's line does not show. `claude -p` asks nobody, but a
    copied line names the program that copied it.
    """
    record = entry.record
    word = text(record.get("permissionMode"))
    if word in _AUTOMATIC:
        return "auto"
    if word not in _ASKING:
        return None
    source = text(record.get("promptSource"))
    if source == "typed" or mapping(record.get("origin")).get("kind") == "human":
        return "ask"
    if entry.copied:
        return None
    started = text(record.get("entrypoint")) or ""
    return "auto" if started.startswith(_HEADLESS) else "ask"


def _repository(entry: Entry, value: object) -> list[Outcome]:
    slug = repo_slug(value)
    if slug is None:
        return []
    return [ContextFact(scope, Fact.REPO_SLUG, slug, SOURCE) for scope in entry.scopes]


def _pull_request(entry: Entry, number: object, url: object, repository: object) -> list[Outcome]:
    address = _PULL_REQUEST.fullmatch(url) if isinstance(url, str) and len(url) <= 400 else None
    slug = repo_slug(repository) or (repo_slug(address["path"]) if address else None)
    ref = text(number) or (address["number"] if address else None)
    found = _repository(entry, slug)
    if ref is not None and ref.isdecimal():
        found += _links(entry, LinkKind.PULL_REQUEST, slug, ref)
    return found


def _commit(entry: Entry, commit: object) -> list[Outcome]:
    sha = text(mapping(commit).get("sha") or mapping(commit).get("hash") or commit)
    if sha is None or not _SHA.fullmatch(sha.lower()):
        return []
    return _links(entry, LinkKind.COMMIT, None, sha.lower())


def _links(entry: Entry, kind: LinkKind, slug: str | None, ref: str) -> list[Outcome]:
    """Return the link of the session that a line belongs to, none when it is not known."""
    if entry.session_id is None:
        return []
    return [SessionLink(entry.session_id, kind, slug, ref, entry.at, SOURCE)]
