"""The specification's promises about GitHub: ETag caching, pagination, reopen detection."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from fakes.github_case import asked, commits, etl, fill, pulls, reopened
from fakes.github_wire import TOKEN, CrashError, nth, once
from prodlens.errors import RetryLaterError
from prodlens.github_etl import GithubETL

if TYPE_CHECKING:
    from fakes.fake_github import FakeGithub
    from fakes.github_wire import FakeSession, Request, Response
    from fakes.github_world import World
    from prodlens.storage import ProdLensStore


# ETag caching --------------------------------------------------------------------------------


def test_a_second_sync_asks_only_whether_anything_changed(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 3)
    world.tick(1)
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
    (again,) = [r for r in github.requests[-3:] if r.path.endswith("/pulls")]
    assert again.headers["if-none-match"] == etag


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
    assert asked(github, first) == [
        "/repos/acme/payments 304",
        "/pulls 304",
        "/issues/events 304",  # they were read in the second of the last change
    ]
    world.tick(1)
    pulls(store, github)
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


def test_a_page_that_takes_github_too_long_is_asked_for_in_halves(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 120)
    for number in range(120):
        world.push(f"Push {number}")
    github.faults = [lambda r: "html502" if r.query.get("per_page") == "100" else None]
    pulls(store, github)
    commits(store, github)
    assert len(store.fetch_pull_requests()) == 120
    assert None not in reopened(store).values()
    assert sum(row["on_default_branch"] for row in store.fetch_commits()) == 121
    sizes = [r.query.get("per_page") for r in github.requests if r.path.endswith("/pulls")]
    assert sizes == ["100"] * 5 + ["50"] * 3


def test_a_list_by_age_that_takes_too_long_begins_anew_with_halves(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 63, closed=False)
    github.page_cap = 3
    github.faults = [
        lambda r: "html502" if r.query.get("page") == "4" and "per_page=100" in r.url else None
    ]
    pulls(store, github)
    assert len(store.fetch_pull_requests()) == 63


def test_when_no_size_helps_it_is_left_for_later(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 3)
    github.faults = [lambda r: "html502" if r.path.endswith("/pulls") else None]
    with pytest.raises(RetryLaterError, match="answered 502"):
        pulls(store, github)
    asked_for = [r.query["per_page"] for r in github.requests if r.path.endswith("/pulls")]
    assert asked_for == ["100"] * 5 + ["50"] * 5 + ["25"] * 5


def test_a_long_walk_of_changes_that_dies_is_gone_on_with_by_age(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 60)
    github.page_cap = 3
    pulls(store, github)
    world.tick(86_400)
    for pull in world.pulls.values():
        world.tick(3600)
        world.update(pull, title="Changed")
    world.open_pull("New")
    with once(github, "page=21", "limit429"), pytest.raises(RetryLaterError):
        etl(store, github, max_wait_s=1.0).sync_pull_requests("acme", "payments", token=TOKEN)
    first = len(github.requests)
    pulls(store, github)
    assert github.calls(first)[1].query["sort"] == "created"
    assert {row["title"] for row in store.fetch_pull_requests()} == {"Changed", "New"}


def test_progress_is_told(store: ProdLensStore, world: World, github: FakeGithub) -> None:
    fill(world, 250)
    world.push("Second")
    told: list[tuple[str, int, int | None]] = []
    etl(store, github, on_progress=told.append).sync("acme", "payments", token=TOKEN)
    assert told[:3] == [("pull requests", page, 3) for page in (1, 2, 3)]
    assert [step for step, *_ in told[3:]] == ["events", "events", "commits"]


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
        "/issues/events 200",
    ]


def test_a_reopening_within_the_second_of_the_last_change_is_seen(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    """The pull request looks exactly as it did: only its events tell."""
    fill(world, 2)
    pull = world.open_pull("Third")
    pulls(store, github)
    assert reopened(store) == {1: False, 2: False, 3: False}
    world.close(pull)
    world.reopen(pull)
    first = len(github.requests)
    assert pulls(store, github) == 1
    assert reopened(store) == {1: False, 2: False, 3: True}
    assert store.fetch_pull_requests()[2]["reopened_count"] == 1
    assert asked(github, first) == [
        "/repos/acme/payments 304",
        "/pulls 304",
        "/issues/events 200",
    ]


def test_reading_everything_again_counts_only_what_differs(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 3)
    world.reopen(world.pulls[2])
    assert pulls(store, github) == 3
    report = etl(store, github).sync("acme", "payments", token=TOKEN, full=True)
    assert (report.pull_requests, report.reopened_unknown) == (0, 0)
    assert reopened(store) == {1: False, 2: True, 3: False}


def test_a_reopening_within_a_second_is_seen_where_the_server_tells_no_time(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    """The clock of this computer, a day ahead, can't say that a second of the server's is over."""
    fill(world, 2)
    pull = world.open_pull("Third")
    session: Any = _Timeless(github.session())
    ahead = datetime.fromtimestamp(world.now + 86_400, UTC)
    sync = GithubETL(store, session, now=lambda: ahead).sync_pull_requests
    for _ in range(2):
        sync("acme", "payments", token=TOKEN)
    world.close(pull)
    world.reopen(pull)
    sync("acme", "payments", token=TOKEN)
    assert reopened(store) == {1: False, 2: False, 3: True}


class _Timeless:
    """A session whose answers carry no `Date`."""

    def __init__(self, session: FakeSession) -> None:
        self._session = session

    def get(self, url: str, **options: Any) -> Response:
        answer = self._session.get(url, **options)
        answer.headers = {k: v for k, v in answer.headers.items() if k.lower() != "date"}
        return answer


def test_a_list_of_events_of_one_full_page_may_be_cut(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    world.push("Begin")
    first = world.open_pull("First")
    world.close(first)
    world.reopen(first)
    world.tick(60)
    world.issue_noise(60)
    github.events_pages = 1
    assert pulls(store, github) == 1
    assert reopened(store) == {1: True}


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


def test_a_page_of_events_beyond_the_last_one_is_the_end(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 90)
    world.reopen(world.pulls[2])
    github.page_cap = 10

    def shrink(request: Request) -> None:
        if request.query.get("page") == "3":
            github.events_pages = 3

    github.after = [shrink]
    pulls(store, github)
    assert github.calls()[-1].path.endswith("/issues/62/events")
    assert [number for number, was in reopened(store).items() if was] == [2]
    assert None not in reopened(store).values()


def test_a_walk_of_events_that_is_now_beyond_the_end_begins_anew(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 60)
    github.page_cap = 10
    with once(github, "issues/events?per_page=100&page=6", "crash"), pytest.raises(CrashError):
        pulls(store, github)
    github.events_pages = 2
    pulls(store, github)
    assert None not in reopened(store).values()


def test_old_events_are_not_asked_for_when_calls_are_scarce(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    fill(world, 90)
    github.page_cap, github.events_pages = 10, 2
    github.limit = 60
    pulls(store, github)
    unknown = [number for number, was in reopened(store).items() if was is None]
    assert unknown == list(range(44, 72))
    assert github.limit - github.used == 5


def test_what_happened_since_a_walk_of_events_began_is_not_known_when_that_walk_ends(
    store: ProdLensStore, world: World, github: FakeGithub
) -> None:
    """A walk that goes on tells of the past; until a new one was made, nothing is "no"."""
    fill(world, 60)
    github.page_cap = 10
    with once(github, "issues/events?per_page=100&page=4", "crash"), pytest.raises(CrashError):
        pulls(store, github)
    world.tick(60)
    world.reopen(world.pulls[60])
    world.tick(60)
    world.close(world.pulls[60])
    github.faults = [
        lambda r: (
            "crash" if r.path.endswith("/events") and r.query.get("page", "1") == "1" else None
        )
    ]
    with pytest.raises(CrashError):
        pulls(store, github)
    assert set(reopened(store).values()) == {None}
    github.faults = []
    pulls(store, github)
    assert [number for number, was in reopened(store).items() if was] == [60]
