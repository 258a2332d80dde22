"""What a sync costs in calls: a first one of a big repository, an ordinary day, a quiet day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from fakes.fake_github import FakeGithub
from fakes.github_wire import TOKEN
from fakes.github_world import World
from prodlens.github_etl import GithubETL
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from pathlib import Path

    from prodlens.github_etl import SyncReport

PULLS, MERGED, COMMITS = 10_000, 8_000, 50_000


def big_world() -> World:
    """Return a repository of some years: 10,000 pull requests, 50,000 commits, 40,000 events."""
    world = World()
    world.push("Begin")
    for number in range(PULLS):
        world.tick(3600)
        pull = world.open_pull(f"Work {number}")
        for _ in range(COMMITS // PULLS - 1):
            world.push("Direct")
        world.tick(600)
        if number % 5:
            world.merge(pull)
        else:
            world.close(pull)
        world.issue_noise()
    for number in range(COMMITS - len(world.commits)):
        world.push(f"Last {number}")
    return world


def ordinary_day(world: World) -> None:
    """Let 30 pull requests be opened, 30 others be touched, and 60 commits land."""
    world.tick(86_400)
    old = [pull for pull in world.pulls.values() if pull.closed_at and not pull.merged_at][:30]
    for pull in old:
        world.tick(600)
        world.reopen(pull)
        world.issue_noise(3)
    for number in range(30):
        world.tick(600)
        world.merge(world.open_pull(f"New {number}"))
        world.push(f"Direct {number}")


@pytest.mark.slow
def test_a_big_repository_costs_what_was_promised(tmp_path: Path) -> None:
    world = big_world()
    github = FakeGithub(world)
    merged = sum(pull.merged_at is not None for pull in world.pulls.values())
    assert (len(world.pulls), merged, len(world.commits)) == (PULLS, MERGED, COMMITS)

    with ProdLensStore(tmp_path / "cache.db") as store:

        def sync(*, posts: bool = False) -> SyncReport:
            etl = GithubETL(
                store,
                github.session(posts=posts),
                now=lambda: datetime.fromtimestamp(world.now, UTC),
                sleep=github.sleep,
            )
            return etl.sync("acme", "payments", token=TOKEN)

        first = sync()
        assert first.calls == 904  # 1 repository, 102 pull requests, 300 events, 501 commits
        assert (first.pull_requests, first.commits) == (PULLS, COMMITS)
        assert github.waits == []

        quiet = sync()
        assert (quiet.calls, quiet.not_modified) == (4, 4)  # one for the second of the last change
        assert (quiet.pull_requests, quiet.commits) == (0, 0)

        ordinary_day(world)
        day = sync()
        assert day.calls <= 10
        assert (day.pull_requests, day.commits) == (60, 60)
        reopened = [row for row in store.fetch_pull_requests() if row["reopened"]]
        assert len(reopened) == 30

        ordinary_day(world)
        day = sync(posts=True)
        sizes = -(-(PULLS + 60) // 100)
        assert day.calls + day.graphql_calls <= 10 + sizes
        ordinary_day(world)
        world.tick(60)
        day = sync(posts=True)
        assert day.calls + day.graphql_calls <= 10

        quiet = sync(posts=True)
        assert quiet.calls + quiet.graphql_calls <= 4
