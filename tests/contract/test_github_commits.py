"""Commits and people of GitHub: ancestry, force pushes, gaps, bots, trailers, numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.github_case import asked, commits, fill, pulls
from fakes.github_wire import CrashError, once
from fakes.github_world import ADA, NOBODY, ROBOT
from prodlens.errors import RemoteError, RetryLaterError

if TYPE_CHECKING:
    from fakes.fake_github import FakeGithub
    from fakes.github_wire import Request
    from fakes.github_world import World
    from prodlens.storage import ProdLensStore


# Commits and people --------------------------------------------------------------------------


def test_a_force_push_takes_its_commits_off_the_branch(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    base = world.push("Base")
    world.tick(86_400)
    world.push("Gone")
    commits(store, github)
    world.force_push(base)
    world.tick(86_400)
    world.push("Instead")
    assert commits(store, github) == 2
    flags = {row["subject"]: row["on_default_branch"] for row in store.fetch_commits()}
    assert flags == {"Base": True, "Gone": False, "Instead": True}
    days = [row[0] for row in store.conn.execute("select event_date from dirty_days")]
    assert days == ["2026-09-01", "2026-09-02", "2026-09-03"]


def test_commits_of_a_walk_that_died_and_was_pushed_over_never_count(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    base = world.push("Base")
    commits(store, github)
    for number in range(6):
        world.push(f"Doomed {number}")
    github.page_cap = 2
    with once(github, "page=2", "crash"), pytest.raises(CrashError):
        commits(store, github)
    flags = {row["subject"]: row["on_default_branch"] for row in store.fetch_commits()}
    assert flags == {"Base": True, "Doomed 0": False, "Doomed 1": False}
    world.force_push(base)
    commits(store, github)
    rows = store.fetch_commits()
    assert [row["subject"] for row in rows if row["on_default_branch"]] == ["Base"]


def test_a_history_written_anew_is_read_anew(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    world.push("Old root")
    commits(store, github)
    world.head = None
    world.push("New root")
    assert commits(store, github) == 2
    flags = {row["subject"]: row["on_default_branch"] for row in store.fetch_commits()}
    assert flags == {"Old root": False, "New root": True}


def test_a_comparison_that_is_cut_is_made_good_by_the_whole_list(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    world.push("Begin")
    commits(store, github)
    for number in range(5):
        world.push(f"Push {number}")
    github.compare_cap = 2
    first = len(github.requests)
    assert commits(store, github) == 5
    assert asked(github, first)[-1] == "/commits 200"
    assert all(row["on_default_branch"] for row in store.fetch_commits())


def test_a_history_that_stays_cut_counts_for_nothing(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    world.push("Begin")
    commits(store, github)
    world.tick(86_400)
    missing = world.push("Missing")
    world.push("Newest")
    github.compare_cap = 1
    github.hidden = {missing}
    with pytest.raises(RetryLaterError, match="came with gaps"):
        commits(store, github)
    assert [row["subject"] for row in store.fetch_commits() if row["on_default_branch"]] == [
        "Begin"
    ]
    github.hidden = set()
    commits(store, github)
    assert sum(row["on_default_branch"] for row in store.fetch_commits()) == 3


def test_a_walk_whose_commits_are_gone_begins_anew(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    base = world.push("Base")
    for number in range(6):
        world.push(f"Doomed {number}")
    github.page_cap = 2
    with once(github, "page=2", "crash"), pytest.raises(CrashError):
        commits(store, github)
    assert world.head is not None
    doomed = world.head
    world.force_push(base)
    del world.commits[doomed]
    commits(store, github)
    assert [row["subject"] for row in store.fetch_commits() if row["on_default_branch"]] == ["Base"]


def test_a_comparison_whose_commits_go_between_two_pages_begins_anew(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    base = world.push("Base")
    commits(store, github)
    for number in range(6):
        world.push(f"Doomed {number}")
    github.page_cap = 2
    doomed = str(world.head)

    def push_over(request: Request) -> None:
        if "/compare/" in request.path and doomed in world.commits:
            world.force_push(base)
            world.push("Instead")
            del world.commits[doomed]

    github.after.append(push_over)
    with pytest.raises(RetryLaterError):
        commits(store, github)
    commits(store, github)
    told = [row["subject"] for row in store.fetch_commits() if row["on_default_branch"]]
    assert sorted(told) == ["Base", "Instead"]


def test_a_branch_that_does_not_exist_is_an_error_not_an_empty_one(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    world.push("Base")
    github.branch_answers = "trunk"
    with pytest.raises(RemoteError, match="has no branch 'main'"):
        commits(store, github)


def test_an_empty_repository_is_no_error(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    assert commits(store, github) == 0
    assert pulls(store, github) == 0
    world.push("Begin")
    assert commits(store, github) == 1


def test_bots_and_ghosts_are_not_taken_for_developers(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    for by in (ADA, ROBOT, NOBODY, None):
        world.tick(60)
        world.merge(world.open_pull("Work", by))
    pulls(store, github)
    commits(store, github)
    found = [(r["author"], r["author_id"], r["is_bot"]) for r in store.fetch_pull_requests()]
    assert found == [
        ("ada", 101, False),
        ("dependabot[bot]", 49699333, True),
        (None, None, None),
        (None, None, None),
    ]
    written = [(row["author"], row["author_login"], row["is_bot"]) for row in store.fetch_commits()]
    assert written == [
        ("ada", "ada", False),
        ("dependabot[bot]", "dependabot[bot]", True),
        ("Ghost", None, False),
        ("Someone", None, False),
    ]


def test_reverts_labels_and_ai_trailers_are_kept(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    trailers = (
        "Co-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>\n"
        "Claude-Session: https://claude.ai/code/session_01ABCDEFG"
    )
    first = world.open_pull("Add refunds", body=trailers, labels=["claude-code-assisted"])
    world.merge(first)
    world.tick(60)
    world.merge(world.open_pull('Revert "Add refunds (#1)"', body="Reverts acme/payments#1"))
    pulls(store, github)
    commits(store, github)
    rows = store.fetch_pull_requests()
    assert [(row["labels"], row["reverts_number"]) for row in rows] == [
        ('["claude-code-assisted"]', None),
        ("[]", 1),
    ]
    found = store.conn.execute(
        "select key, ai_vendor, ai_model, ai_role, session_ref from commit_trailers order by key"
    )
    assert [tuple(row) for row in found] == [
        ("claude-session", "anthropic", None, "author", "session_01ABCDEFG"),
        ("co-authored-by", "anthropic", "claude-opus-4-6", "author", None),
    ]


def test_the_number_github_says_goes_before_the_message(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    pull = world.open_pull("Work")
    sha = world.push("No number in this subject")
    world.tick(60)
    commits(store, github)
    assert store.fetch_commits()[0]["pr_number"] is None
    world.merge(pull, sha)
    pulls(store, github)
    assert store.fetch_commits()[0]["pr_number"] == 1


def test_two_changes_within_one_second_end_with_the_later(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 1)
    pulls(store, github)
    world.reopen(world.pulls[1])
    world.update(world.pulls[1], labels=["b"])
    pulls(store, github)
    world.close(world.pulls[1])
    world.update(world.pulls[1], labels=["a"])
    pulls(store, github)
    row = store.fetch_pull_requests()[0]
    assert (row["state"], row["labels"], row["reopened_count"]) == ("closed", '["a"]', 1)


def test_a_change_in_the_second_of_the_last_sync_is_seen_by_the_next(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 2)
    world.tick(86_400)
    world.update(world.pulls[2], title="Seen")
    pulls(store, github)
    world.update(world.pulls[1], title="In the same second")
    world.tick(60)
    world.open_pull("Later")
    github.page_cap = 2
    pulls(store, github)
    titles = [row["title"] for row in store.fetch_pull_requests()]
    assert titles == ["In the same second", "Seen", "Later"]
