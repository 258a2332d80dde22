"""Landing on random graphs, compared with its definition tried out by hand for every commit."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.git_repositories import Repository
from prodlens.sources.git import GitRepository
from prodlens.sources.git_landing import landings

if TYPE_CHECKING:
    from pathlib import Path


class Node(NamedTuple):
    sha: str
    parents: tuple[str, ...]


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    """Draw a history whose last commit contains all others, parents before children.

    Octopus merges, crossed merges, several roots and long detours all occur.
    """
    nodes: list[Node] = []
    for number in range(draw(st.integers(1, 14))):
        earlier = [node.sha for node in nodes]
        parents = draw(st.lists(st.sampled_from(earlier), max_size=4, unique=True)) if nodes else []
        nodes.append(Node(f"c{number}", tuple(parents)))
    loose = {node.sha for node in nodes} - {one for node in nodes for one in node.parents}
    order = draw(st.permutations(sorted(loose)))
    return [*nodes, Node("head", tuple(order))]


def ancestors(parents: dict[str, tuple[str, ...]], sha: str) -> set[str]:
    return {sha}.union(*(ancestors(parents, one) for one in parents[sha]))


def chain_of(parents: dict[str, tuple[str, ...]], head: str) -> list[str]:
    chain = [head]
    while parents[chain[-1]]:
        chain.append(parents[chain[-1]][0])
    return chain[::-1]


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_a_commit_lands_with_the_oldest_of_the_chain_that_contains_it(nodes: list[Node]) -> None:
    parents = {node.sha: node.parents for node in nodes}
    chain = chain_of(parents, "head")
    expected: dict[str, str] = {}
    for one in chain:
        for sha in ancestors(parents, one):
            expected.setdefault(sha, one)
    found = {
        one.sha: group.at.sha
        for group in landings(nodes, chain)
        for one in (group.at, *group.brought)
    }
    assert found == expected


@settings(max_examples=100, deadline=None)
@given(graphs(), st.data())
def test_a_range_above_any_commit_of_the_chain_gives_the_same_landings(
    nodes: list[Node], data: st.DataObject
) -> None:
    parents = {node.sha: node.parents for node in nodes}
    chain = chain_of(parents, "head")
    base = data.draw(st.sampled_from(chain))
    below = ancestors(parents, base)
    whole = {
        one.sha: group.at.sha
        for group in landings(nodes, chain)
        for one in (group.at, *group.brought)
    }
    above = [node for node in nodes if node.sha not in below]
    part = {
        one.sha: group.at.sha
        for group in landings(above, chain[chain.index(base) + 1 :])
        for one in (group.at, *group.brought)
    }
    assert part == {sha: at for sha, at in whole.items() if sha not in below}


@pytest.mark.parametrize("seed", range(10))
def test_git_gives_histories_as_landing_needs_them_whatever_their_clocks_said(
    tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - repeatable dice, nothing secret
    repository = Repository(tmp_path / "clone")
    parents: dict[str, tuple[str, ...]] = {}
    for number in range(30):
        above = list(parents)[-10:]
        count = min(
            len(above), dice.choice([0, 1, 1, 1, 2, 2, 3]) if number % 9 == 8 else 1 + number % 2
        )
        chosen = tuple(dice.sample(above, count))
        when = dice.randrange(4_000_000_000) if dice.random() < 0.5 else 1_700_000_000 + number
        parents[repository.commit(f"{number}", *chosen, at=when, files={}, branch=None)] = chosen
    inner = {one for many in parents.values() for one in many}
    loose = tuple(sha for sha in parents if sha not in inner)
    parents[head := repository.commit("head", *loose, files={})] = loose
    chain, clone = chain_of(parents, head), GitRepository(repository.path)
    expected: dict[str, str] = {}
    for one in chain:
        for sha in ancestors(parents, one):
            expected.setdefault(sha, one)
    for base in (None, *dice.sample(chain[:-1], min(3, len(chain) - 1))):
        below = ancestors(parents, base) if base else set()
        found = {
            commit.sha: group.at.sha
            for group in landings(clone.commits(head, base), clone.chain(head, base))
            for commit in (group.at, *group.brought)
        }
        assert found == {sha: at for sha, at in expected.items() if sha not in below}
        assert base is None or clone.is_on_chain(base, head)
