"""A local clone and GitHub write the same rows: either first, both, or in turns, one table.

The repositories are real ones; the fake GitHub serves their very commits.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from fakes.fake_github import FakeGithub
from fakes.git_repositories import (
    ADA_AT_GITHUB,
    BOB,
    GITHUB,
    Repository,
    git,
    merge_style,
    squash_style,
)
from fakes.github_wire import TOKEN
from fakes.github_world import Pull, World, user
from prodlens.git_etl import GitETL
from prodlens.github_etl import GithubETL
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

NOW = datetime(2026, 10, 1, tzinfo=UTC)
ACCOUNTS = {
    "ada@example.org": user("ada", 101),
    "101+ada@users.noreply.github.com": user("ada", 101),
    "bob@example.org": user("Bob-B", 102),
    "copilot@example.org": user("copilot-swe-agent[bot]", 198982749, "Bot"),
}
FORMAT = "%H%x00%P%x00%an%x00%ae%x00%at%x00%ct%x00%cn%x00%ce%x00%B%x01"


def show(world: World, repository: Repository) -> None:
    """Let the fake GitHub have every commit of a real repository, and its branch."""
    log = git(repository.path, "log", "--all", f"--format={FORMAT}")
    for record in filter(None, (text.strip("\n") for text in log.split("\x01"))):
        sha, parents, name, email, authored, committed, by, by_email, message = record.split("\x00")
        world.add_commit(
            message.rstrip("\n"),
            *parents.split(),
            sha=sha,
            name=name,
            email=email,
            authored_at=int(authored),
            at=int(committed),
            committer=(by, by_email),
            author=ACCOUNTS.get(email.lower()),
        )
    world.force_push(git(repository.path, "rev-parse", "main"))


def merged(world: World, number: int, sha: str, title: str, by: str = "ada@example.org") -> None:
    """Let GitHub know a pull request that a commit merged."""
    at = world.commits[sha].committed_at
    pull = Pull(number, title, ACCOUNTS[by], at - 9000, at, state="closed")
    pull.merged_at = pull.closed_at = at
    pull.merge_commit_sha = sha
    world.pulls[number] = pull


class Sources:
    """A real repository, a GitHub that has the same, and a way to read both."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.repository = Repository(path / "clone")
        self.world = World()
        self.github = FakeGithub(self.world, page_cap=3)

    def show(self) -> None:
        show(self.world, self.repository)

    def read(self, name: str, order: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """Read the sources in an order into the database `name`; return every row."""
        with ProdLensStore(self.path / f"{name}.db") as store:
            for source in order:
                if source == "git":
                    clone = GitETL(store, now=lambda: NOW)
                    clone.sync(self.repository.path, repo_slug="acme/payments")
                    continue
                etl = GithubETL(store, self.github.session(), now=lambda: NOW)
                if source in ("api", "pulls"):
                    etl.sync_pull_requests("acme", "payments", token=TOKEN)
                if source in ("api", "commits"):
                    etl.sync_commits("acme", "payments", token=TOKEN)
            return {table: rows(store, table) for table in TABLES}


TABLES = ("commits", "commit_parents", "commit_trailers", "pull_requests")
ORDERS = {
    "git first": ("git", "api"),
    "api first": ("api", "git"),
    "commits before pulls": ("commits", "git", "pulls"),
    "pulls before commits": ("pulls", "git", "commits"),
    "in turns": ("git", "api", "git", "api", "git"),
    "in turns, api first": ("api", "git", "git", "api"),
}


def rows(store: ProdLensStore, table: str) -> list[dict[str, Any]]:
    found = store.conn.execute(f"select * from {table}")  # noqa: S608 - names of this file
    listed = [dict(row) for row in found]
    return sorted(({k: row[k] for k in row if k != "first_seen_at"} for row in listed), key=repr)


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path)


def squashed(sources: Sources) -> None:
    _, second, third, fourth = squash_style(sources.repository)
    sources.show()
    merged(sources.world, 1, second, "Add payments")
    merged(sources.world, 2, third, "Add refunds", "bob@example.org")
    merged(sources.world, 3, fourth, 'Revert "Add refunds (#2)"', "bob@example.org")


def merged_style(sources: Sources) -> None:
    made = merge_style(sources.repository)
    sources.show()
    merged(sources.world, 7, made["merge7"], "Payments")
    merged(sources.world, 8, made["merge8"], "Fix it", "bob@example.org")


def rebased(sources: Sources) -> None:
    """A rebase merge: no message names the pull request, only GitHub knows."""
    begin = sources.repository.commit("Begin", at="2026-09-01T09:00:00Z")
    first = sources.repository.commit(
        "One\n\nMade-with: Cursor\n", begin, at="2026-09-09T09:00:00Z", committer=GITHUB,
        authored="2026-08-01T09:00:00Z", author="Copilot <copilot@example.org>",
    )  # fmt: skip
    second = sources.repository.commit("Two", first, at="2026-09-09T09:00:01Z", committer=GITHUB)
    sources.show()
    merged(sources.world, 5, second, "One and two")


def mistaken(sources: Sources) -> None:
    """Numbers that mean something else here: a fork's, an open one's, an impossible time."""
    begin = sources.repository.commit("Begin", at=0)
    late = sources.repository.commit("Late (#1)", begin, at=7_000_000_000, committer=GITHUB)
    fork = sources.repository.commit(
        "Upstream work (#2)", late, at="2026-09-03T09:00:00Z", committer=GITHUB, author=BOB
    )
    sources.repository.commit(
        "Merge pull request #9 from ada/x\n\nTitle\n", fork, begin, at="2026-09-04T09:00:00Z",
        author=ADA_AT_GITHUB,
    )  # fmt: skip
    sources.show()
    sources.world.open_pull("Ours, still open")
    sources.world.close(sources.world.open_pull("Ours, given up"))


HISTORIES: dict[str, Callable[[Sources], None]] = {
    "squash": squashed,
    "merge": merged_style,
    "rebase": rebased,
    "mistaken": mistaken,
}


@pytest.mark.parametrize("history", HISTORIES)
def test_the_order_of_the_sources_does_not_matter(sources: Sources, history: str) -> None:
    HISTORIES[history](sources)
    found = {name: sources.read(name, order) for name, order in ORDERS.items()}
    expected = found["git first"]
    assert expected["commits"] != []
    for name, content in found.items():
        for table in TABLES:
            assert content[table] == expected[table], f"{name}: {table}"


def test_both_together_know_what_either_knows(sources: Sources) -> None:
    merged_style(sources)
    content = sources.read("both", ("git", "api"))
    by_subject = {row["subject"]: row for row in content["commits"]}
    landed = {name: (row["landed_at"][:10], row["pr_number"]) for name, row in by_subject.items()}
    assert landed == {
        "Begin": ("2026-09-01", None),
        "Start (#99)": ("2026-09-10", 7),
        "End": ("2026-09-10", 7),
        "Bob's": ("2026-09-20", 8),
        "Direct": ("2026-09-05", None),
        "Merge pull request #7 from ada/payments": ("2026-09-10", 7),
        "Merge pull request #8 from bob/fix/it": ("2026-09-20", 8),
    }
    assert {row["source"] for row in content["commits"]} == {"github"}
    requests = [(r["number"], r["author"], r["created_at"][:16]) for r in content["pull_requests"]]
    assert requests == [(7, "ada", "2026-09-10T06:30"), (8, "Bob-B", "2026-09-20T06:30")]


def test_an_open_pull_request_is_not_merged_whatever_a_clone_reads(sources: Sources) -> None:
    mistaken(sources)
    for name in ("git first", "api first"):
        found = {r["number"]: r for r in sources.read(name, ORDERS[name])["pull_requests"]}
        assert (found[1]["state"], found[1]["merged_at"]) == ("open", None)
        assert (found[2]["state"], found[2]["merged_at"]) == ("closed", None)
        assert found[9]["source"] == "git"


@pytest.mark.parametrize("seed", range(6))
def test_a_history_that_grows_and_is_rewritten_ends_in_one_table(
    sources: Sources, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - dice of a test
    at = 1_788_253_200
    head = sources.repository.commit("Begin", at=at)
    for step in range(1, 13):
        at += 7200
        move = dice.choice(("squash", "squash", "merge", "direct", "force"))
        if move == "force":
            line = git(sources.repository.path, "rev-list", "--first-parent", "main").split()
            head = dice.choice(line[:3])
            sources.repository.point("main", head)
        elif move == "merge":
            tip = sources.repository.commit(f"Side {step}", head, at=at - 5000, branch=None)
            text = f"Merge pull request #{step} from bob/side\n\nSide\n"
            head = sources.repository.commit(text, head, tip, at=at, committer=GITHUB, author=BOB)
        else:
            text = f"Work (#{step})" if move == "squash" else f"Work {step}"
            head = sources.repository.commit(text, head, at=at, committer=GITHUB)
        sources.show()
        if move in ("squash", "merge"):
            merged(sources.world, step, head, "Work" if move == "squash" else "Side")
            sources.world.version += 1
        for name in ("one", "two"):
            if dice.random() < 0.4:
                sources.read(name, dice.choice(tuple(ORDERS.values())))
    ends = [sources.read(name, order) for name in ("one", "two") for order in (("git", "api"),)]
    branches = [[row for row in end["commits"] if row["on_default_branch"]] for end in ends]
    assert branches[0] == branches[1]
    assert {row["sha"] for row in branches[0]} == sources.world.ancestors(head)
    known = [{r["number"]: r for r in end["pull_requests"]} for end in ends]
    assert {n: r for n, r in known[0].items() if n in sources.world.pulls} == {
        n: r for n, r in known[1].items() if n in sources.world.pulls
    }
