"""Shortcuts of the tests of the GitHub sync: one repository, one database, one conversation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fakes.github_wire import TOKEN
from prodlens.github_etl import GithubETL

if TYPE_CHECKING:
    from fakes.fake_github import FakeGithub
    from fakes.github_world import World
    from prodlens.storage import ProdLensStore


def etl(store: ProdLensStore, github: FakeGithub, **options: Any) -> GithubETL:
    clock = lambda: datetime.fromtimestamp(github.world.now, UTC)  # noqa: E731 - the world's clock
    session = github.session(posts=options.pop("posts", False))
    return GithubETL(store, session, now=clock, jitter=lambda: 0.0, **options)


def pulls(store: ProdLensStore, github: FakeGithub, token: str | None = TOKEN) -> int:
    return etl(store, github).sync_pull_requests("acme", "payments", token=token)


def commits(store: ProdLensStore, github: FakeGithub, token: str | None = TOKEN) -> int:
    return etl(store, github).sync_commits("acme", "payments", token=token)


def asked(github: FakeGithub, since: int = 0) -> list[str]:
    """Return what was asked behind the first requests, with what was answered."""
    return [f"{r.path.removeprefix('/repositories/4711')} {r.status}" for r in github.calls(since)]


def fill(world: World, count: int, *, closed: bool = True) -> None:
    world.push("Begin")
    for number in range(1, count + 1):
        world.tick(7200)
        pull = world.open_pull(f"Work {number}")
        if closed:
            world.tick(600)
            world.close(pull)


def reopened(store: ProdLensStore) -> dict[int, bool | None]:
    return {row["number"]: row["reopened"] for row in store.fetch_pull_requests()}
