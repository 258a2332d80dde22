"""Decides when a commit landed on a branch, from the shape of the history; pure, runs no git.

A commit lands with the oldest commit of the first-parent chain that contains it: itself when it is
on the chain, else the merge that brought it in.
Source: gitglossary(7) "first parent"; design: why dates of commits can't say this is in
docs/decisions/0006-delivery-from-git.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from prodlens.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class HasParents(Protocol):
    """What landing needs to know of a commit."""

    @property
    def sha(self) -> str:
        """Its hash."""

    @property
    def parents(self) -> tuple[str, ...]:
        """Hashes of its parents, the first parent first."""


C = TypeVar("C", bound=HasParents)


class Landing(NamedTuple, Generic[C]):
    """Commits that landed together.

    Attributes:
        at: The commit of the first-parent chain that brought them in.
        brought: The others, in no order that means anything; empty unless `at` is a merge.
    """

    at: C
    brought: list[C]


def landings(commits: Iterable[C], chain: Iterable[str]) -> Iterator[Landing[C]]:
    """Group commits by the commit of the chain they landed with, in the chain's order.

    One pass, linear in commits and edges; holds only commits that have not landed yet.

    Args:
        commits: Every commit of the range, parents before children.
        chain: Hashes of the first-parent chain of the range, oldest first.

    Raises:
        InputError: The range does not end with the chain: commits are missing.
    """
    waiting: dict[str, C] = {}
    upcoming = iter(chain)
    expected = next(upcoming, None)
    for commit in commits:
        if commit.sha != expected:
            waiting[commit.sha] = commit
            continue
        yield Landing(commit, _taken(waiting, commit.parents))
        expected = next(upcoming, None)
    if waiting or expected is not None:
        raise InputError(
            "The history that git gave is not complete: check the clone with `git fsck`."
        )


def _taken(waiting: dict[str, C], tips: tuple[str, ...]) -> list[C]:
    """Take everything below the tips out of those that wait."""
    taken: list[C] = []
    below = list(tips)
    while below:
        if (commit := waiting.pop(below.pop(), None)) is not None:
            taken.append(commit)
            below.extend(commit.parents)
    return taken
