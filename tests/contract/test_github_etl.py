"""The specification's promises about GitHub: ETag caching, pagination, reopen detection, and S1-S10.

S1 to S10 are the ways in which a sync that caches pages is known to lose data; each is played
against a server that behaves like GitHub, and ends with the whole truth.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from fakes.fake_github import FakeGithub
from fakes.github_wire import OTHER_TOKEN, TOKEN, CrashError, nth, once
from fakes.github_world import ADA, NOBODY, ROBOT, World, user
from prodlens.errors import InputError, RemoteError, RetryLaterError
from prodlens.github_etl import GithubETL
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fakes.github_wire import Request


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def github(world: World, monkeypatch: pytest.MonkeyPatch) -> FakeGithub:
    fake = FakeGithub(world)
    monkeypatch.setattr(time, "sleep", fake.sleep)
    return fake


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


# ETag caching --------------------------------------------------------------------------------


def test_a_second_sync_asks_only_whether_anything_changed(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 3)
    assert pulls(store, github) == 3
    assert commits(store, github) == 1
    first = len(github.requests)
    assert pulls(store, github) == 0
    assert commits(store, github) == 0
    assert asked(github, first) == [
        "/repos/acme/payments 304",
        "/pulls 304",
        "/repos/acme/payments 304",
        "/commits/main 304",
    ]


def test_the_validator_is_kept_verbatim_for_the_whole_address(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 1)
    pulls(store, github)
    key = "/repositories/4711/pulls?direction=desc&per_page=100&sort=updated&state=all"
    etag = store.get_etag(key)
    assert etag is not None
    assert etag.startswith('W/"')
    pulls(store, github)
    assert github.requests[-1].headers["if-none-match"] == etag


def test_forgetting_an_etag_forces_everything_to_be_read_again(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 250)
    pulls(store, github)
    store.conn.execute("update pull_requests set title = 'lost' where number = 7")
    assert pulls(store, github) == 0
    store.set_etag("/repos/acme/payments/pulls", None)
    first = len(github.requests)
    pulls(store, github)
    assert [line for line in asked(github, first) if "/pulls" in line] == ["/pulls 200"] * 3
    assert store.fetch_pull_requests()[6]["title"] == "Work 7"
    first = len(github.requests)
    pulls(store, github)
    assert asked(github, first) == ["/repos/acme/payments 304", "/pulls 304"]


def test_forgetting_the_etag_of_commits_reads_the_history_again(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 0)
    world.push("Second")
    commits(store, github)
    store.set_etag("/repos/acme/payments/commits", None)
    first = len(github.requests)
    assert commits(store, github) == 0
    assert asked(github, first) == ["/repos/acme/payments 304", "/commits/main 200", "/commits 200"]


# Pagination ----------------------------------------------------------------------------------


def test_every_page_is_read(store: ProdLensStore, world: World, github: FakeGithub) -> None:
    fill(world, 250)
    assert pulls(store, github) == 250
    assert asked(github)[:4] == ["/repos/acme/payments 200", *["/pulls 200"] * 3]
    rows = store.fetch_pull_requests()
    assert [row["number"] for row in rows] == list(range(1, 251))
    assert {row["repo_slug"] for row in rows} == {"acme/payments"}
    assert {row["source"] for row in rows} == {"github"}


def test_a_long_list_is_read_by_age_and_goes_on_where_it_died(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 63, closed=False)
    github.page_cap = 3
    github.faults = [nth(12, fault="crash")]
    with pytest.raises(CrashError):
        pulls(store, github)
    github.faults = []
    stored = len(store.fetch_pull_requests())
    assert stored == 27
    first = len(github.requests)
    pulls(store, github)
    assert len(store.fetch_pull_requests()) == 63
    assert [r.query["page"] for r in github.calls(first) if r.query.get("sort") == "created"] == [
        str(page) for page in range(10, 22)
    ]


def test_a_list_that_grows_while_it_is_read_loses_nothing(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 30)
    github.page_cap = 7
    calls = iter(range(100))

    def someone_works(_: Request) -> None:
        world.tick(60)
        world.update(world.pulls[1 + next(calls) % 30], title="Changed")

    github.after = [someone_works]
    pulls(store, github)
    github.after = []
    pulls(store, github)
    assert {row["number"]: row["title"] for row in store.fetch_pull_requests()} == {
        number: pull.title for number, pull in world.pulls.items()
    }


# Reopen detection ----------------------------------------------------------------------------


def test_reopened_is_what_the_events_say(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 4)
    world.tick(3600)
    world.reopen(world.pulls[2])
    world.tick(3600)
    world.merge(world.pulls[2])
    world.tick(3600)
    world.reopen(world.pulls[4])
    pulls(store, github)
    assert reopened(store) == {1: False, 2: True, 3: False, 4: True}
    row = store.fetch_pull_requests()[1]
    assert row["reopened_count"] == 1
    assert row["reopened_at"] == "2026-09-01T18:40:00.000000Z"
    assert row["merged_at"] == "2026-09-01T19:40:00.000000Z"


def test_a_reopening_between_two_syncs_is_seen_although_it_was_closed_again(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 10)
    pulls(store, github)
    world.tick(86_400)
    world.reopen(world.pulls[3])
    world.tick(60)
    world.close(world.pulls[3])
    first = len(github.requests)
    assert pulls(store, github) == 1
    assert reopened(store)[3] is True
    assert asked(github, first) == [
        "/repos/acme/payments 304",
        "/pulls 200",
        "/issues/3/events 200",
    ]


def test_where_the_list_of_events_was_cut_reopenings_are_unknown_until_asked(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 300)
    world.reopen(world.pulls[2])
    world.tick(7200)
    github.page_cap, github.events_pages = 50, 2
    pulls(store, github)
    known = reopened(store)
    assert [number for number in known if known[number] is None] == [1, *range(3, 203)]
    assert known[2] is True
    assert {known[number] for number in range(203, 301)} == {False}

    report = etl(store, github).sync("acme", "payments", token=TOKEN, full=True)
    assert report.reopened_unknown == 0
    assert [number for number, was in reopened(store).items() if was] == [2]
    assert None not in reopened(store).values()


def test_few_pull_requests_behind_the_cut_are_asked_one_by_one(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 90)
    world.reopen(world.pulls[2])
    github.page_cap, github.events_pages = 10, 2
    pulls(store, github)
    assert [number for number, was in reopened(store).items() if was] == [2]
    assert None not in reopened(store).values()


def test_the_walk_of_events_goes_on_where_it_died(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 60)
    github.page_cap = 10
    with once(github, "issues/events?per_page=100&page=4", "crash"), pytest.raises(CrashError):
        pulls(store, github)
    world.tick(60)
    world.reopen(world.pulls[60])
    first = len(github.requests)
    pulls(store, github)
    pages = [r.query.get("page", "1") for r in github.calls(first) if r.path.endswith("/events")]
    assert pages == ["3", "4", "5", "6", "7", "1"]
    assert [number for number, was in reopened(store).items() if was] == [60]
    assert None not in reopened(store).values()


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
    assert (quiet.calls, quiet.graphql_calls) == (3, 0)


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
