from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prodlens.github_etl.graph import (
    chain,
    landings,
    merged_number,
    placements,
    reach,
)
from prodlens.storage.github_commits import Node

if TYPE_CHECKING:
    from prodlens.storage.github_commits import Placement

NOW = datetime(2026, 10, 1, tzinfo=UTC)


def node(*parents: str, day: int = 1, subject: str = "Work", by: str = "a@b.org") -> Node:
    at = f"2026-09-{day:02d}T09:00:00.000000Z"
    return Node(parents, at, by, subject, at, None, None, on_branch=False)


# begin -- direct -- merge -- top        side was written before direct and landed with merge
#      \-- side1 -- side2 --/
NODES = {
    "begin": node(day=1),
    "side1": node("begin", day=2),
    "side2": node("side1", day=3, subject="Half (#8)"),
    "direct": node("begin", day=4),
    "merge": node("direct", "side2", day=5, subject="Merge pull request #7 from bob/side"),
    "top": node("merge", day=6, subject="Fix (#9)", by="noreply@github.com"),
    "elsewhere": node("direct", day=6),
}


def moved(**more: object) -> dict[str, Placement]:
    given = {"before": [], "merged_by": {}, "listed": (), "now": NOW} | more
    return {to.sha: to for to, _ in placements(NODES, "top", **given)}  # type: ignore[arg-type]


def test_reach_tells_what_is_missing() -> None:
    assert reach("merge", NODES).found == {"begin", "side1", "side2", "direct", "merge"}
    assert reach("merge", NODES).missing == set()
    torn = {sha: one for sha, one in NODES.items() if sha != "side1"}
    assert reach("merge", torn).missing == {"side1"}


def test_the_chain_follows_first_parents() -> None:
    assert chain("top", NODES) == ["begin", "direct", "merge", "top"]


def test_a_commit_lands_with_the_oldest_commit_of_the_chain_that_contains_it() -> None:
    assert landings("top", NODES) == {
        "begin": "begin",
        "direct": "direct",
        "merge": "merge",
        "side1": "merge",
        "side2": "merge",
        "top": "top",
    }


def test_numbers_come_from_messages_where_they_are_certain() -> None:
    assert merged_number(NODES["merge"], on_chain=True) == 7
    assert merged_number(NODES["merge"], on_chain=False) == 7
    assert merged_number(NODES["top"], on_chain=True) == 9
    assert merged_number(NODES["top"], on_chain=False) is None
    assert merged_number(NODES["side2"], on_chain=True) is None
    assert merged_number(NODES["begin"], on_chain=True) is None


def test_a_branch_is_what_its_head_contains() -> None:
    found = moved()
    assert {sha: (to.landed_at or "")[8:10] for sha, to in found.items()} == {
        "begin": "01",
        "direct": "04",
        "side1": "05",
        "side2": "05",
        "merge": "05",
        "top": "06",
    }
    assert {sha: to.pr_number for sha, to in found.items()} == {
        "begin": None,
        "direct": None,
        "side1": 7,
        "side2": 7,
        "merge": 7,
        "top": 9,
    }
    assert all(to.on_branch and to.timestamp == to.landed_at for to in found.values())


def test_what_github_says_of_a_merge_goes_before_its_message() -> None:
    found = moved(merged_by={"merge": 70, "side1": 71})
    assert (found["merge"].pr_number, found["side1"].pr_number) == (70, 71)
    assert found["side2"].pr_number == 70


def test_only_what_an_old_head_contained_leaves() -> None:
    standing = {sha: one._replace(on_branch=True) for sha, one in NODES.items()}
    left = {
        to.sha: to
        for to, _ in placements(
            standing, "top", before=["elsewhere"], merged_by={}, listed=(), now=NOW
        )
        if not to.on_branch
    }
    assert list(left) == ["elsewhere"]
    assert left["elsewhere"].timestamp == "2026-09-06T09:00:00.000000Z"


def test_what_stands_right_does_not_move() -> None:
    first = moved()
    placed = {
        sha: one._replace(
            on_branch=True,
            landed_at=first[sha].landed_at,
            timestamp=first[sha].timestamp,
            pr_number=first[sha].pr_number,
        )
        if sha in first
        else one
        for sha, one in NODES.items()
    }
    again = placements(placed, "top", before=["top"], merged_by={}, listed=(), now=NOW)
    assert list(again) == []


def test_an_impossible_time_is_no_day() -> None:
    early = {"x": NODES["begin"]._replace(committed_at="1970-06-01T00:00:00.000000Z")}
    late = {"x": NODES["begin"]._replace(committed_at="2026-10-03T00:00:00.000000Z")}
    for nodes in (early, late):
        ((to, _),) = placements(nodes, "x", before=[], merged_by={}, listed=(), now=NOW)
        assert (to.on_branch, to.landed_at, to.timestamp) == (True, None, None)


def test_a_commit_whose_parents_are_not_told_is_where_the_list_says() -> None:
    lonely = NODES | {"lonely": node(day=8)}
    given = {"before": [], "merged_by": {}, "listed": ["lonely", "gone"], "now": NOW}
    found = {to.sha: to for to, _ in placements(lonely, "top", **given)}  # type: ignore[arg-type]
    assert found["lonely"].landed_at == "2026-09-08T09:00:00.000000Z"
    assert "gone" not in found
