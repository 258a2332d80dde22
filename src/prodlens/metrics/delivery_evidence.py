"""Owns which labels are a sign of AI assistance, and joins all signs of a pull request; no SQL."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, Final

from prodlens.storage.delivery_links import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prodlens.storage.delivery_links import Key
    from prodlens.storage.delivery_readings import PullRequest

AI_LABELS: Final = ("claude-code-assisted", "ai-assisted", "ai-generated")
"""Labels (globs, in any case) that say that an assistant helped."""


def evidence_of(
    requests: Iterable[PullRequest],
    signs: Mapping[Key, frozenset[Evidence]],
    labels: Sequence[str] = AI_LABELS,
) -> dict[Key, frozenset[Evidence]]:
    """Return every sign of the pull requests that carry one, by repository and number.

    Args:
        requests: The pull requests.
        signs: What commits and transcripts say.
        labels: Globs of the labels that count, in any case; none is no label.
    """
    pattern = re.compile("|".join(fnmatch.translate(label.lower()) for label in labels) or "(?!)")
    found: dict[Key, frozenset[Evidence]] = {}
    for request in requests:
        key = request.repo_id, request.number
        every = signs.get(key, frozenset())
        if any(pattern.match(label.lower()) for label in request.labels):
            every |= {Evidence.LABEL}
        if every:
            found[key] = every
    return found
