"""Owns what every convention of spans shares: whose and where a call is, and first-of-many names.

Attributes of the span come before those of its resource. Knows no counts and no keys.

Source: OpenTelemetry `session.*`, `user.*`, `enduser.*` and `vcs.*` conventions; names that
GitHub Copilot, openllmetry (Traceloop) and Langfuse add to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prodlens.schemas import IdSource
from prodlens.sources import fields, litellm_ids
from prodlens.sources.fields import label
from prodlens.sources.litellm_ids import Who
from prodlens.sources.repo_slugs import repo_slug

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prodlens.sources.otlp import Span

_EXPLICIT: Final = IdSource.EXPLICIT.value
_DERIVED: Final = IdSource.DERIVED.value
_SESSION: Final = (
    "gen_ai.conversation.id",
    "session.id",
    "copilot_chat.session_id",
    "copilot_chat.chat_session_id",
    "traceloop.association.properties.session_id",
    "langfuse.session.id",
)
_DEVELOPER: Final = (
    "user.email",
    "enduser.id",
    "user.id",
    "traceloop.association.properties.user_id",
    "langfuse.user.id",
)
_REPOSITORY: Final = (
    "vcs.repository.url.full",
    "repo",
    "repo_slug",
    "github.copilot.git.repository",
)
_BRANCH: Final = (
    "vcs.ref.head.name",
    "vcs.repository.ref.name",
    "github.copilot.git.branch",
    "branch",
)


def who_of(span: Span) -> Who:
    """Return session and developer that a span or its resource names.

    A session written as one of Claude Code's end-user strings is taken apart.
    """
    session, source = first_of(span, _SESSION), _EXPLICIT
    developer, said = first_person(span, _DEVELOPER), _EXPLICIT
    packed = litellm_ids.claude_user(session) if session is not None else None
    if packed is not None:
        session, source = packed.session_id, _DERIVED
        if developer is None:
            developer, said = packed.developer_id, _DERIVED
    if developer == session:
        developer = None
    return Who(
        session,
        source if session is not None else None,
        developer,
        said if developer is not None else None,
    )


def first_of(span: Span, names: Iterable[str]) -> str | None:
    """Return the first text under several names, of the span before its resource's."""
    names = tuple(names)
    for place in (span.attributes, span.resource):
        for name in names:
            if name in place and (found := _id_text(place[name])) is not None:
                return found
    return None


def _id_text(value: object) -> str | None:
    """Return an id; a packed end-user string may be longer than an id is kept."""
    if isinstance(value, str) and litellm_ids.claude_user(value) is not None:
        return value
    return fields.text(value)


def first_person(span: Span, names: Iterable[str]) -> str | None:
    """Return the first developer id under several names, of the span before its resource's."""
    names = tuple(names)
    for place in (span.attributes, span.resource):
        for name in names:
            if name in place and (found := fields.person(place[name])) is not None:
                return found
    return None


def first_label(attributes: Mapping[str, Any], names: Iterable[str]) -> str | None:
    """Return the first text under several names that repeats from span to span."""
    return next((found for name in names if (found := label(attributes.get(name)))), None)


def first_flag(attributes: Mapping[str, Any], names: Iterable[str]) -> bool | None:
    """Return the first yes or no under several names."""
    flags = (fields.flag(attributes.get(name)) for name in names)
    return next((found for found in flags if found is not None), None)


def first_cost(attributes: Mapping[str, Any], names: Iterable[str]) -> float | None:
    """Return the first amount in US dollars under several names; raises as `fields.usd` does."""
    for name in names:
        if (cost := fields.usd(attributes.get(name), name)) is not None:
            return cost
    return None


def repository(span: Span) -> str | None:
    """Return the repository that a span or its resource names, `owner/name` in lower case.

    Source: OpenTelemetry `vcs.*` conventions; `repo` as people set it for Claude Code.
    """
    for place in (span.attributes, span.resource):
        for named in _REPOSITORY:
            if (slug := repo_slug(place.get(named))) is not None:
                return slug
        owner, name = place.get("vcs.owner.name"), place.get("vcs.repository.name")
        whole = f"{owner}/{name}" if isinstance(owner, str) else name
        if isinstance(whole, str) and "/" in whole and (slug := repo_slug(whole)) is not None:
            return slug
    return None


def branch(span: Span) -> str | None:
    """Return the branch that a span or its resource names."""
    for place in (span.attributes, span.resource):
        if (found := first_label(place, _BRANCH)) is not None:
            return found
    return None
