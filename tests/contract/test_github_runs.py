"""Runs of the GitHub sync: filters, checkpoints, refusals, servers of one's own, GraphQL, verification."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from fakes.fake_github import FakeGithub
from fakes.github_case import commits, etl, fill, pulls, reopened
from fakes.github_wire import TOKEN
from fakes.github_world import World, user
from prodlens.errors import InputError, RemoteError, RetryLaterError

if TYPE_CHECKING:
    from prodlens.storage import ProdLensStore


# Filters, refusals and runs ------------------------------------------------------------------


def test_a_filtered_run_moves_no_cursor(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 250)
    for number in range(250):
        world.tick(3600)
        world.push(f"Push {number}")
    since = datetime(2026, 9, 22, tzinfo=UTC)
    session = etl(store, github)
    assert session.sync_pull_requests("acme", "payments", token=TOKEN, since=since) == 22
    session.sync_commits("acme", "payments", token=TOKEN, since=since)
    assert min(row["updated_at"] for row in store.fetch_pull_requests()) >= "2026-09-22"
    assert len(store.fetch_commits()) == 251
    state = store.conn.execute("select key from sync_state where stream in ('pulls', 'commits')")
    assert [row[0] for row in state] == ["filtered_head"]
    assert store.get_last_checkpoint("github_pulls:acme/payments") is None
    pulls(store, github)
    commits(store, github)
    assert len(store.fetch_pull_requests()) == 250
    assert sum(row["on_default_branch"] for row in store.fetch_commits()) == 251


def test_only_runs_that_ended_well_are_checkpoints(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 1)
    github.limit = 1
    with pytest.raises(RetryLaterError):
        pulls(store, github)
    assert store.get_last_checkpoint("github_pulls:acme/payments") is None
    world.tick(4000)
    github.limit = 5000
    github.faults = [lambda _: "html503"]
    with pytest.raises(RetryLaterError):
        pulls(store, github)
    github.faults = []
    world.tick(4000)
    started = datetime.fromtimestamp(world.now, UTC)
    pulls(store, github)
    assert store.get_last_checkpoint("github_pulls:acme/payments") == started
    runs = store.conn.execute("select status, row_count from etl_runs where checkpoint is null")
    assert [tuple(row) for row in runs] == [("rate_limited", 0), ("partial", 0), ("ok", 1)]


def test_what_github_refuses_is_told_and_nothing_is_guessed(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 1)
    with pytest.raises(RemoteError, match=r"has no /repos/acme/nothing \(404\)"):
        etl(store, github).sync_pull_requests("acme", "nothing", token=TOKEN)
    with pytest.raises(RemoteError, match="does not know this token"):
        pulls(store, github, "ghp_wrong")
    with pytest.raises(InputError, match="is no repository"):
        etl(store, github).sync_pull_requests("..", "payments", token=TOKEN)
    with pytest.raises(InputError, match="unencrypted"):
        etl(store, github, base_url="http://ghes.example.com").sync_commits("acme", "payments")
    assert store.fetch_pull_requests() == []
    runs = store.conn.execute("select job, status from etl_runs")
    assert [tuple(row) for row in runs] == [
        ("github_pulls:acme/nothing", "failed"),
        ("github_pulls:acme/payments", "failed"),
    ]


def test_it_works_without_a_token(store: ProdLensStore, world: World, github: FakeGithub) -> None:
    fill(world, 2)
    github.limit = 60
    assert pulls(store, github, None) == 2
    assert pulls(store, github, None) == 0
    assert github.used == len(github.requests)


def test_an_enterprise_server_without_limits_is_read_too(store: ProdLensStore) -> None:
    world = World()
    fill(world, 2)
    base = "https://ghes.example.com/api/v3"
    ghes = FakeGithub(world, base=base)
    ghes.tells_limits = False
    session = etl(store, ghes, base_url=base)
    assert session.sync_pull_requests("acme", "payments", token=TOKEN) == 2
    assert session.sync_commits("acme", "payments", token=TOKEN) == 1
    row = store.conn.execute("select host, slug from repositories where repo_id > 0").fetchone()
    assert tuple(row) == ("ghes.example.com", "acme/payments")


def test_sizes_and_first_reviews_come_from_graphql_where_the_session_can(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    world.push("Begin")
    pull = world.open_pull("Work", additions=30, deletions=4, changed_files=2)
    world.tick(3600)
    world.update(pull, first_review=world.now)
    world.merge(pull)
    report = etl(store, github, posts=True).sync("acme", "payments", token=TOKEN)
    assert (report.calls, report.graphql_calls) == (5, 2)
    row = store.fetch_pull_requests()[0]
    assert (row["additions"], row["deletions"], row["changed_files"]) == (30, 4, 2)
    assert row["first_review_at"] == "2026-09-01T10:00:00.000000Z"
    lines = [(c["subject"], c["additions"], c["files"]) for c in store.fetch_commits()]
    assert lines == [("Begin", 5, 2), ("Work (#1)", 9, 2)]
    quiet = etl(store, github, posts=True).sync("acme", "payments", token=TOKEN)
    assert (quiet.calls, quiet.graphql_calls) == (4, 0)  # events of the second of the last change


def test_graphql_that_fails_stops_nothing(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 2)
    github.points_left = 0
    github.reset = world.now + 60
    report = etl(store, github, posts=True, max_wait_s=5.0).sync("acme", "payments", token=TOKEN)
    assert report.pull_requests == 2
    assert reopened(store) == {1: False, 2: False}


def test_graphql_tells_of_reopenings_before_the_cut(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 300)
    world.reopen(world.pulls[2])
    world.tick(7200)
    github.page_cap, github.events_pages = 50, 2
    report = etl(store, github, posts=True).sync("acme", "payments", token=TOKEN)
    assert report.reopened_unknown == 0
    assert [number for number, was in reopened(store).items() if was] == [2]


def test_verification_names_what_differs(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 5)
    session = etl(store, github)
    session.sync("acme", "payments", token=TOKEN)
    assert session.verify("acme", "payments", token=TOKEN).differences == ()
    store.conn.execute("update pull_requests set state = 'open' where number = 2")
    store.conn.execute("update pull_requests set reopened = 1 where number = 3")
    store.conn.execute("update pull_requests set updated_at = '2026-01-01' where number = 4")
    store.conn.execute("delete from pull_requests where number = 5")
    store.conn.execute("update commits set on_default_branch = 0")
    found = session.verify("acme", "payments", token=TOKEN)
    assert [(d.what, d.field, d.stored, d.remote) for d in found.differences] == [
        ("pull requests", "count", "4", "5"),
        ("commits", "count", "0", "1"),
        ("pull request 2", "state", "open", "closed"),
        ("pull request 3", "reopened", "True", "False"),
        ("pull request 4", "updated_at", "2026-01-01", "2026-09-01T17:40:00.000000Z"),
    ]
    assert (found.compared, found.newer) == (4, 0)


def test_verification_says_when_there_is_nothing_to_compare_with(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 2)
    session = etl(store, github)
    session.sync("acme", "payments", token=TOKEN)
    head = str(world.head)
    world.force_push(world.push("Instead"))
    del world.commits[head]
    del world.pulls[2]
    store.conn.execute("update pull_requests set reopened = null, title = 'x' where number = 1")
    found = session.verify("acme", "payments", token=TOKEN)
    assert [(d.what, d.field, d.stored, d.remote) for d in found.differences] == [
        ("pull requests", "count", "2", "1"),
        ("commits", "newest", head, "gone: the branch was pushed over"),
        ("pull request 1", "title", "another text", "another text"),
        ("pull request 2", "existence", "stored", "gone"),
    ]
    store.conn.execute("delete from sync_state where stream = 'commits'")
    found = session.verify("acme", "payments", token=TOKEN, sample=0)
    assert [(d.what, d.field) for d in found.differences] == [
        ("pull requests", "count"),
        ("commits", "newest"),
    ]
    assert found.compared == 0


def test_what_changed_after_the_last_sync_is_no_difference(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 5)
    session = etl(store, github)
    session.sync("acme", "payments", token=TOKEN)
    world.tick(600)
    world.reopen(world.pulls[3])
    world.open_pull("New")
    world.push("New")
    found = session.verify("acme", "payments", token=TOKEN)
    assert (found.differences, found.compared, found.newer) == ((), 4, 1)


def test_a_login_is_kept_as_github_writes_it(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    world.merge(world.open_pull("Work", user("Kim-D", 5)))
    pulls(store, github)
    commits(store, github)
    assert store.fetch_pull_requests()[0]["author"] == "Kim-D"
    assert store.fetch_commits()[0]["author"] == "Kim-D"
