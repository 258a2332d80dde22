"""Decides which commits are on a branch, when they landed and with which pull request; pure.

A commit lands with the oldest commit of the first-parent chain that contains it, as for a local
clone (`prodlens.sources.git_landing`); here the whole stored graph is at hand.
Source: gitglossary(7) "first parent"; docs.github.com "About pull request merges".
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from prodlens.clock import TOLERATED_FUTURE, format_instant
from prodlens.sources.git_messages import read_message
from prodlens.storage.github_commits import Placement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from prodlens.storage.github_commits import Node

_GITHUB: Final = "noreply@github.com"
_EARLIEST: Final = format_instant(datetime(1971, 1, 1, tzinfo=UTC))
"""A clock that was never set says 1970."""


class Reach(NamedTuple):
    """What a commit contains: stored commits, and hashes that parents name and nothing stores."""

    found: set[str]
    missing: set[str]


def reach(head: str, nodes: Mapping[str, Node]) -> Reach:
    """Return what a commit contains, itself included."""
    found: set[str] = set()
    missing: set[str] = set()
    below = [head]
    while below:
        sha = below.pop()
        if sha in found:
            continue
        if (node := nodes.get(sha)) is None:
            missing.add(sha)
            continue
        found.add(sha)
        below.extend(node.parents)
    return Reach(found, missing)


def chain(head: str, nodes: Mapping[str, Node]) -> list[str]:
    """Return the first-parent chain of a commit, oldest first."""
    found: list[str] = []
    sha: str | None = head
    while sha is not None and (node := nodes.get(sha)) is not None:
        found.append(sha)
        sha = node.parents[0] if node.parents else None
    return found[::-1]


def landings(head: str, nodes: Mapping[str, Node]) -> dict[str, str]:
    """Return with which commit of the chain each commit of a branch landed; linear."""
    landed: dict[str, str] = {}
    for at in chain(head, nodes):
        below = [at]
        while below:
            sha = below.pop()
            if sha not in landed and (node := nodes.get(sha)) is not None:
                landed[sha] = at
                below.extend(node.parents)
    return landed


def merged_number(node: Node, *, on_chain: bool) -> int | None:
    """Return the pull request that a commit merged, where its message makes that certain.

    The rule of local clones: `(#12)` is one when GitHub itself made the commit on the branch.
    """
    if not node.subject or "#" not in node.subject:
        return None
    message = read_message(node.subject)
    if message.merged_number is not None and (on_chain or len(node.parents) > 1):
        return message.merged_number
    return message.subject_number if on_chain and node.committer_email == _GITHUB else None


def placements(
    nodes: Mapping[str, Node],
    head: str,
    *,
    before: Collection[str],
    merged_by: Mapping[str, int],
    listed: Collection[str],
    now: datetime,
) -> Iterator[tuple[Placement, Node]]:
    """Give every commit that must move, with where it stands.

    Args:
        nodes: The stored graph.
        head: Newest commit of the branch.
        before: What was its newest commit before; what only those contain leaves the branch.
        merged_by: Which pull request a commit merged, where GitHub says so.
        listed: Commits that are on the branch although nothing names their parents.
        now: The present; nothing landed more than a day later.
    """
    latest = format_instant(now + TOLERATED_FUTURE)
    landed = landings(head, nodes)
    rest = (reach(head, nodes).found | set(listed)) - landed.keys()
    landed |= {sha: sha for sha in rest if sha in nodes}
    numbers = {
        at: merged_by.get(at) or merged_number(nodes[at], on_chain=True)
        for at in set(landed.values())
    }
    for sha, at in landed.items():
        node = nodes[sha]
        number = numbers[at]
        if sha != at:
            number = merged_by.get(sha) or merged_number(node, on_chain=False) or number
        when = nodes[at].committed_at
        if when is not None and not _EARLIEST <= when <= latest:
            when = None
        stands = (node.on_branch, node.landed_at, node.timestamp, node.pr_number)
        if stands != (True, when, when, number):
            yield Placement(sha, True, when, when, number), node  # noqa: FBT003 - a row's column
    old: set[str] = set().union(*(reach(sha, nodes).found for sha in before))
    for sha in old - landed.keys():
        node = nodes[sha]
        if node.on_branch:
            kept = (node.landed_at, node.timestamp, node.pr_number)
            yield Placement(sha, False, *kept), node  # noqa: FBT003 - a row's column
