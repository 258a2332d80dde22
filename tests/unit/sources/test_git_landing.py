"""When commits landed, on graphs drawn by hand; `tests/property` compares random ones."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from prodlens.errors import InputError
from prodlens.sources.git_landing import landings


class Node(NamedTuple):
    sha: str
    parents: tuple[str, ...]


def landed(graph: str, chain: str) -> dict[str, str]:
    """Read `b:a c:b,x`, parents before children, and a chain, oldest first."""
    nodes = [
        Node(sha, tuple(filter(None, parents.split(","))))
        for sha, _, parents in (item.partition(":") for item in graph.split())
    ]
    found = landings(nodes, iter(chain.split()))
    return {one.sha: group.at.sha for group in found for one in (group.at, *group.brought)}


def test_commits_on_the_chain_land_themselves() -> None:
    assert landed("a: b:a c:b", "a b c") == {"a": "a", "b": "b", "c": "c"}


def test_a_merge_brings_what_it_merged() -> None:
    assert landed("a: x:a y:x b:a m:b,y", "a b m") == {
        "a": "a",
        "b": "b",
        "x": "m",
        "y": "m",
        "m": "m",
    }


def test_an_octopus_brings_all_its_arms() -> None:
    assert landed("a: x:a y:a z:a m:a,x,y,z", "a m") == {
        "a": "a",
        "x": "m",
        "y": "m",
        "z": "m",
        "m": "m",
    }


def test_crossed_merges_land_with_the_first_that_holds_them() -> None:
    # x and y merge each other's beginnings before both are merged.
    graph = "a: x1:a y1:a x2:x1,y1 y2:y1,x1 m:a,x2 n:m,y2"
    assert landed(graph, "a m n") == {
        "a": "a",
        "x1": "m",
        "y1": "m",
        "x2": "m",
        "m": "m",
        "y2": "n",
        "n": "n",
    }


def test_a_merged_root_of_its_own_lands_with_the_merge() -> None:
    assert landed("a: r: s:r m:a,s", "a m") == {"a": "a", "r": "m", "s": "m", "m": "m"}


def test_a_range_knows_nothing_below_its_base() -> None:
    assert landed("x:below m:base,x", "m") == {"x": "m", "m": "m"}


@pytest.mark.parametrize(("graph", "chain"), [("a: x:a", "a"), ("a:", "a b"), ("a:", "")])
def test_a_history_with_a_missing_end_is_refused(graph: str, chain: str) -> None:
    with pytest.raises(InputError, match="not complete"):
        landed(graph, chain)
