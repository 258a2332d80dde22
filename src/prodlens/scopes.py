"""The one rule by which a call takes from its turn, trace or session what its record leaves open.

Pure: whoever holds the facts says what a scope says. Knows no SQL and no format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prodlens.frozen import replaced
from prodlens.schemas import Fact, IdSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prodlens.schemas import CanonicalTrace

_INHERITED: Final = IdSource.INHERITED.value
_WITH_SOURCE: Final = (
    (Fact.SESSION_ID, "session_id", "session_source"),
    (Fact.DEVELOPER_ID, "developer_id", "developer_source"),
    (Fact.REPO_SLUG, "repo_slug", "repo_source"),
)
_OF_MODEL: Final = (
    (Fact.MODEL, "model"),
    (Fact.MODEL_RAW, "model_raw"),
    (Fact.PROVIDER, "provider"),
)


def agreed(values: Iterable[str]) -> str | None:
    """Return what several facts of one name say: None when nothing, or two different things."""
    said = set(values)
    return next(iter(said)) if len(said) == 1 else None


def inherit(trace: CanonicalTrace, said: Callable[[Fact], str | None]) -> CanonicalTrace:
    """Return a call with what its record leaves open filled from its scopes.

    A repository or developer that the ingesting person gave for a file gives way.

    Args:
        trace: The call.
        said: Returns what the call's scopes say under a name, None when they say nothing.
    """
    changes: dict[str, Any] = {}
    for fact, field, source in _WITH_SOURCE:
        is_open = getattr(trace, field) is None or getattr(trace, source) == IdSource.GIVEN
        if is_open and (found := said(fact)) is not None:
            changes |= {field: found, source: _INHERITED}
    if trace.git_branch is None:
        changes["git_branch"] = said(Fact.GIT_BRANCH)
    if trace.model is None:
        changes |= {field: said(fact) for fact, field in _OF_MODEL}
    elif trace.provider is None:
        changes["provider"] = said(Fact.PROVIDER)
    if trace.subscription is None and said(Fact.SUBSCRIPTION) == "1":
        changes["subscription"] = True
    known = {field: found for field, found in changes.items() if found is not None}
    return replaced(trace, **known) if known else trace
