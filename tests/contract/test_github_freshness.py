"""Until when a repository that GitHub told of is known: what the report says after each kind of run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fakes.github_case import commits, etl, fill, pulls
from fakes.github_wire import TOKEN
from prodlens.errors import RetryLaterError
from prodlens.exports.terminal import page
from prodlens.metrics import ReportGenerator

if TYPE_CHECKING:
    from fakes.fake_github import FakeGithub
    from fakes.github_world import World
    from prodlens.storage import ProdLensStore

HOUR, DAY = 3600, 86400


def known(store: ProdLensStore, world: World, repo: str = "acme/payments") -> dict[str, Any]:
    """Return what the report says of the only repository."""
    generator = ReportGenerator(store, now=lambda: datetime.fromtimestamp(world.now, UTC))
    made = generator.build(repo=repo, since=None)
    (state,) = made.to_dict()["coverage"]["deliveries"]["repositories"]
    printed = [line.strip() for line in page(made, width=120).plain().splitlines()]
    last = next((line for line in printed if line.startswith(f"{state['repo']}: ")), None)
    return {**state, "line": last}


def text(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.000000Z"


def test_a_whole_sync_is_when_it_began(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 3)
    world.tick(DAY)
    began = world.now
    github.after = [lambda _: world.tick(HOUR)]
    etl(store, github).sync("acme", "payments", token=TOKEN)
    found = known(store, world)
    assert (found["synced_at"], found["as_of"]) == (text(began), text(began))
    assert found["line"] == (
        f"acme/payments: last read {datetime.fromtimestamp(began, UTC):%Y-%m-%d %H:%M} UTC"
    )
    assert found["git_alone"] is False


def test_a_step_alone_goes_no_further_than_the_other(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 3)
    delivered = world.now
    world.tick(DAY)
    first = world.now
    pulls(store, github)
    assert (known(store, world)["synced_at"], known(store, world)["as_of"]) == (
        None,
        text(delivered),
    )
    world.tick(DAY)
    commits(store, github)
    assert known(store, world)["synced_at"] == text(first)
    second = world.now
    world.tick(DAY)
    pulls(store, github)
    assert known(store, world)["synced_at"] == text(second)


def test_runs_that_read_a_part_say_nothing_of_the_whole(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 3)
    began = world.now
    etl(store, github).sync("acme", "payments", token=TOKEN)
    world.tick(DAY)
    since = datetime.fromtimestamp(world.now, UTC) - timedelta(hours=1)
    etl(store, github).sync("acme", "payments", token=TOKEN, since=since)
    assert known(store, world)["as_of"] == text(began)
    github.faults = [lambda r: "html503" if "commits" in r.path else None]
    with pytest.raises(RetryLaterError):
        etl(store, github).sync("acme", "payments", token=TOKEN)
    assert known(store, world)["as_of"] == text(began)


def test_a_renamed_repository_keeps_its_freshness_under_both_names(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 2)
    etl(store, github).sync("acme", "payments", token=TOKEN)
    world.rename("acme/money")
    world.tick(DAY)
    began = world.now
    etl(store, github).sync("acme", "payments", token=TOKEN)
    for name in ("acme/money", "acme/payments"):
        found = known(store, world, name)
        assert (found["repo"], found["synced_at"]) == ("acme/money", text(began))
