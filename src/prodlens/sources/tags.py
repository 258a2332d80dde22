"""Owns what the tags of a request say: repository, branch, a few kept words, marks of traffic.

Tags are what a client or a proxy writes; only allow-listed ones are kept, never free text. Knows no
format's fields and no store.

Source: litellm proxy/roi_calculator/branch_spend.py (tags `repo:` and `branch:`).
"""

from __future__ import annotations

import functools
from typing import Final, NamedTuple

from prodlens.sources import fields, traffic
from prodlens.sources.repo_slugs import repo_slug

_KEPT_TAGS: Final = frozenset({"repo", "branch", "team", "project", "env", "task"})
_MOST_TAGS: Final = 64


class TagFacts(NamedTuple):
    """What the tags of a request say.

    Attributes:
        repo_slug: Slug of the first usable `repo:` tag.
        branch: Name in the first usable `branch:` tag.
        kept: Allow-listed `key:value` texts, sorted.
        marks: What the rules of traffic look at (`traffic.marks_of`).
    """

    repo_slug: str | None
    branch: str | None
    kept: tuple[str, ...]
    marks: tuple[str, ...]


_NO_TAGS: Final = TagFacts(None, None, (), ())


def facts_of(tags: object) -> TagFacts:
    """Return what `request_tags` (a list, or JSON text of one) say."""
    if not tags:
        return _NO_TAGS
    listed = tags if type(tags) is list else fields.sequence(tags)
    texts = tuple([tag for tag in listed[:_MOST_TAGS] if type(tag) is str])
    return _facts_of(texts) if texts else _NO_TAGS


@functools.lru_cache(maxsize=4096)
def _facts_of(tags: tuple[str, ...]) -> TagFacts:
    repo = branch = None
    kept: set[str] = set()
    for tag in tags:
        if (found := _kept_tag(tag)) is None:
            continue
        key, value = found
        kept.add(f"{key}:{value}")
        repo = repo or (value if key == "repo" else None)
        branch = branch or (value if key == "branch" else None)
    return TagFacts(repo, branch, tuple(sorted(kept)), traffic.marks_of(tags))


@functools.lru_cache(maxsize=4096)
def _kept_tag(tag: str) -> tuple[str, str] | None:
    """Return key and value of an allow-listed tag, None for every other one."""
    key, _, rest = tag.partition(":")
    key = key.strip().lower()
    if key not in _KEPT_TAGS:
        return None
    # A repository's tag may be a URL with credentials: only its slug is ever kept.
    value = repo_slug(rest) if key == "repo" else fields.text(rest)
    return None if value is None else (key, value)
