"""S1 to S10: the ways in which a sync that caches pages is known to lose data, and what comes of each.

Each is played against a server that behaves like GitHub, and ends with the whole truth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.github_case import asked, commits, etl, fill, pulls, reopened
from fakes.github_wire import OTHER_TOKEN, TOKEN, CrashError, once
from fakes.github_world import World
from prodlens.errors import RetryLaterError

if TYPE_CHECKING:
    from fakes.fake_github import FakeGithub
    from prodlens.storage import ProdLensStore


# S1 to S10 -----------------------------------------------------------------------------------


def test_s1_a_page_that_fails_for_good_does_not_hide_the_rest(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 250)
    github.faults = [lambda r: "html503" if r.query.get("page") == "2" else None]
    with pytest.raises(RetryLaterError):
        pulls(store, github)
    assert [row["etag"] for row in store.conn.execute(
        "select etag from etag_state where endpoint like '%pulls%'"
    )] == []  # fmt: skip
    github.faults = []
    pulls(store, github)
    assert len(store.fetch_pull_requests()) == 250


def test_s1_also_when_everything_was_read_before(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 150)
    pulls(store, github)
    world.tick(86_400)
    for pull in world.pulls.values():
        world.update(pull, title="Changed")
    with once(github, "page=2", "crash"), pytest.raises(CrashError):
        pulls(store, github)
    pulls(store, github)
    assert {row["title"] for row in store.fetch_pull_requests()} == {"Changed"}


def test_s2_a_limit_among_the_events_does_not_hide_them(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 250)
    world.reopen(world.pulls[1])
    github.limit = 6
    with pytest.raises(RetryLaterError, match="61 more minutes"):
        pulls(store, github)
    world.tick(3601)
    github.limit = 5000
    pulls(store, github)
    assert [number for number, was in reopened(store).items() if was] == [1]
    assert None not in reopened(store).values()


def test_s2_events_that_broke_off_are_read_again(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 150)
    world.reopen(world.pulls[1])
    pulls(store, github)
    world.tick(86_400)
    for number in range(2, 150):
        world.reopen(world.pulls[number])
        world.close(world.pulls[number])
    with once(github, "issues/events?per_page=100&page=2", "crash"), pytest.raises(CrashError):
        pulls(store, github)
    pulls(store, github)
    assert [number for number, was in reopened(store).items() if not was] == [150]


def test_s3_a_change_far_down_the_list_is_seen(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 150)
    pulls(store, github)
    world.tick(60)
    world.reopen(world.pulls[5])
    pulls(store, github)
    row = store.fetch_pull_requests()[4]
    assert (row["state"], row["reopened"], row["closed_at"]) == ("open", True, None)


def test_s4_one_change_among_a_thousand_costs_three_calls(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 1000)
    pulls(store, github)
    world.tick(86_400)
    world.open_pull("One more")
    first = len(github.requests)
    assert pulls(store, github) == 1
    assert len(github.calls(first)) == 3


def test_s5_an_old_branch_that_lands_today_is_read_whole(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 0)
    base = world.push("Base")
    for number in range(50):
        world.tick(3600)
        world.push(f"Direct {number}")
    commits(store, github)
    tip = base
    for number in range(5):
        tip = world.add_commit(f"Old {number}", tip, at=world.now - 3_000_000)
    world.tick(60)
    world.merge_branch(tip, "Merge pull request #9 from bob/old\n\nOld work\n")
    assert commits(store, github) == 6
    rows = store.fetch_commits()
    assert len(rows) == 58
    late = [row for row in rows if row["subject"].startswith("Old ")]
    assert {row["pr_number"] for row in late} == {9}
    assert {row["landed_at"] for row in late} == {"2026-09-03T11:01:00.000000Z"}


def test_s6_closed_and_reopened_without_a_merge_counts(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 1)
    world.reopen(world.pulls[1])
    pulls(store, github)
    assert reopened(store) == {1: True}


def test_s7_another_token_only_costs_calls(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 5)
    pulls(store, github)
    assert pulls(store, github, OTHER_TOKEN) == 0
    assert len(store.fetch_pull_requests()) == 5


def test_s8_a_renamed_repository_is_followed_and_stays_one(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 5)
    pulls(store, github)
    world.rename("acme/billing")
    world.tick(7200)
    world.open_pull("After the rename")
    assert pulls(store, github) == 1
    assert etl(store, github).sync_commits("acme", "billing", token=TOKEN) == 1
    assert {row["repo_slug"] for row in store.fetch_pull_requests()} == {"acme/billing"}
    slugs = store.conn.execute("select slug from repositories where repo_id > 0").fetchall()
    assert [row[0] for row in slugs] == ["acme/billing"]
    report = etl(store, github).sync("acme", "payments", token=TOKEN)
    assert (report.repo_slug, report.renamed_from) == ("acme/billing", "acme/payments")


def test_s9_forgetting_works_with_an_old_name_and_with_parameters(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 2)
    pulls(store, github)
    world.rename("acme/billing")
    etl(store, github).sync_pull_requests("acme", "billing", token=TOKEN)
    store.set_etag("/repos/acme/payments/pulls", None)
    first = len(github.requests)
    etl(store, github).sync_pull_requests("acme", "billing", token=TOKEN)
    assert "/pulls 200" in asked(github, first)


def test_s10_two_repositories_are_never_mixed(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 3)
    other = World("acme/web", 4712)
    other.push("Begin the web")
    other.tick(60)
    other.merge(other.open_pull("Web"))
    github.worlds.append(other)
    pulls(store, github)
    assert etl(store, github).sync_pull_requests("acme", "web", token=TOKEN) == 1
    commits(store, github)
    etl(store, github).sync_commits("acme", "web", token=TOKEN)
    numbers = [(row["repo_slug"], row["number"]) for row in store.fetch_pull_requests()]
    assert numbers == [
        *(("acme/payments", 1), ("acme/payments", 2), ("acme/payments", 3), ("acme/web", 1)),
    ]
    assert [row["subject"] for row in store.fetch_commits() if row["repo_slug"] == "acme/web"] == [
        "Begin the web",
        "Web (#1)",
    ]


def test_a_change_in_the_second_of_a_whole_first_page_is_not_hidden_behind_it(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    """What changed in one second has no order: the change may be listed behind the first page."""
    fill(world, 1)
    world.tick(60)
    for title in ("Second", "Third", "Fourth"):
        world.open_pull(title)
    github.page_cap = 2
    pulls(store, github)
    world.update(world.pulls[1], title="Changed in that second")
    pulls(store, github)
    assert store.fetch_pull_requests()[0]["title"] == "Changed in that second"
    world.tick(1)
    pulls(store, github)
    first = len(github.requests)
    pulls(store, github)
    assert asked(github, first)[1] == "/pulls 304"
