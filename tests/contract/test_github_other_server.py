"""The sync against a second GitHub (`fakes/other_github.py`), which shares no code with the first."""

from __future__ import annotations

import json
import os
import random
import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from fakes.other_github import Hub, Reply
from prodlens.errors import InputError, RemoteError, RetryLaterError
from prodlens.github_etl import GithubETL
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "ghp_secondservertoken"
SEEDS = int(os.environ.get("PRODLENS_SEEDS", "50"))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    made = Hub()
    monkeypatch.setattr(time, "sleep", made.sleep)
    return made


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def sync(store: ProdLensStore, hub: Hub, key: str | None = KEY, **asked: Any) -> tuple[int, int]:
    etl = GithubETL(store, hub, jitter=lambda: 0.0)
    pulls = etl.sync_pull_requests("octo", "app", token=key, **asked)
    return pulls, etl.sync_commits("octo", "app", token=key, **asked)


def stored(store: ProdLensStore) -> tuple[Any, Any, set[str]]:
    rows = {row["number"]: row for row in store.fetch_pull_requests()}
    fields = ("state", "updated_at", "merged_at", "closed_at")
    plain = {n: tuple(str(row[f] or "")[:19] for f in fields) for n, row in rows.items()}
    reopened = {number: row["reopened"] for number, row in rows.items()}
    branch = {row["sha"] for row in store.fetch_commits() if row["on_default_branch"]}
    return plain, reopened, branch


def truth(hub: Hub) -> tuple[Any, Any, set[str]]:
    fields = ("state", "updated_at", "merged_at", "closed_at")
    plain = {n: tuple((p[f] or "").rstrip("Z") for f in fields) for n, p in hub.pulls.items()}
    again = {event["issue"]["number"] for event in hub.log if event["event"] == "reopened"}
    return plain, {number: number in again for number in hub.pulls}, hub.history(hub.tip)


def live(hub: Hub, dice: random.Random) -> None:
    """Let one thing happen."""
    hub.now += dice.choice((0, 0, 1, 40, 4000))
    opened = [n for n, p in hub.pulls.items() if p["state"] == "open"]
    closed = [n for n, p in hub.pulls.items() if p["state"] == "closed" and not p["merged_at"]]
    match dice.randrange(9):
        case 0 | 1:
            hub.open()
        case 2 if opened:
            hub.close(dice.choice(opened))
        case 3 if closed:
            hub.reopen(dice.choice(closed))
        case 4 if opened:
            hub.merge(dice.choice(opened))
        case 5 if opened:
            number = dice.choice(opened)
            hub.close(number)
            hub.reopen(number)
        case 6 if hub.pulls:
            hub.change(dice.choice(list(hub.pulls)))
        case 7 if hub.tip:
            base = dice.choice(sorted(hub.history(hub.tip)))
            side = hub.push(base, when=hub.now - dice.randrange(9_000_000), move=False)
            hub.push(side if dice.random() < 0.3 else hub.tip, side)  # a third are force pushes
        case _:
            hub.push()


def fail(dice: random.Random) -> Reply | BaseException | None:
    """Return what goes wrong this time; mostly nothing."""
    secondary = {"message": "You have exceeded a secondary rate limit"}
    faults = (
        Reply(502, "<html>Server Error</html>"),
        Reply(200, '[{"number": 1, "upda', ETag='"x"'),
        Reply(200, ""),
        Reply(429, secondary, Retry_After=dice.choice(("2", 7))),
        Reply(403, secondary),
        ConnectionResetError(104, "reset by peer"),
        KeyboardInterrupt(),
    )
    return dice.choice(faults) if dice.random() < 0.2 else None


def pages_behind(store: ProdLensStore) -> int:
    """Return how many pages behind the first are asked for, since one second may fill them all."""
    found = store.conn.execute("select value from sync_state where key = 'behind'").fetchone()
    return 0 if found is None else len(json.loads(found[0]))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_one_quiet_run_ends_equal_to_the_server(store: ProdLensStore, hub: Hub, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a made-up world
    hub.page = dice.choice((2, 3, 7))
    hub.push()
    for _ in range(dice.randrange(60)):
        live(hub, dice)
    for _ in range(dice.randrange(1, 5)):
        hub.trouble = lambda _: fail(dice)
        hub.between = lambda: live(hub, dice) if dice.random() < 0.4 else None
        hub.left = dice.choice((3, 10, 5000))
        try:
            sync(store, hub)
        except (RetryLaterError, KeyboardInterrupt):
            hub.now += 7200
        if dice.random() < 0.3:
            hub.names.append(f"octo/app{len(hub.names)}")
    hub.now += 7200
    hub.trouble, hub.between = lambda _: None, lambda: None
    sync(store, hub)
    assert stored(store) == truth(hub)
    hub.now += 7200
    done = len(hub.seen)
    assert sync(store, hub) == (0, 0)
    assert {status for _, status in hub.seen[done:]} <= {304, 301}
    assert len(hub.seen) - done <= 6 + pages_behind(store)
    assert hub.keys == {f"Bearer {KEY}"}
    dump = "\n".join(store.conn.iterdump())
    assert KEY not in dump
    assert store.conn.execute("pragma foreign_key_check").fetchall() == []


def grow(hub: Hub, count: int = 9) -> None:
    for number in range(1, count + 1):
        hub.now += 600
        hub.open()
        hub.push()
        hub.now += 600
        hub.close(number)


def test_without_a_token_nothing_pretends_to_be_one(store: ProdLensStore, hub: Hub) -> None:
    grow(hub)
    sync(store, hub, key=None)
    assert stored(store) == truth(hub)
    assert hub.keys == {None}


@pytest.mark.parametrize("status", [403, 404])
def test_withheld_events_leave_reopenings_unknown_and_nothing_else(
    store: ProdLensStore, hub: Hub, status: int
) -> None:
    grow(hub)
    hub.reopen(4)
    message = {"message": "Resource not accessible by personal access token"}
    hub.trouble = lambda path: Reply(status, message) if path.endswith("/events") else None
    sync(store, hub)
    plain, reopened, branch = stored(store)
    assert (plain, branch) == (truth(hub)[0], truth(hub)[2])
    assert set(reopened.values()) == {None}
    assert hub.slept == []
    hub.trouble = lambda _: None
    hub.now += 60
    for number in hub.pulls:
        hub.change(number)
    sync(store, hub)
    assert stored(store) == truth(hub)


def test_where_only_the_list_of_all_events_is_missing_each_is_asked(
    store: ProdLensStore, hub: Hub
) -> None:
    grow(hub)
    hub.reopen(4)
    gone = Reply(404, {"message": "Not Found"})
    hub.trouble = lambda path: gone if path.endswith("/issues/events") else None
    sync(store, hub)
    assert stored(store) == truth(hub)


def test_events_of_a_pull_request_that_are_nowhere_are_asked_for_once(
    store: ProdLensStore, hub: Hub
) -> None:
    grow(hub, 2)
    hub.trouble = lambda path: Reply(410, {"message": "Gone"}) if "issues" in path else None
    sync(store, hub)
    done = len(hub.seen)
    assert sync(store, hub) == (0, 0)
    asked = [path for path, _ in hub.seen[done:] if "issues" in path]
    assert asked == ["/repositories/99/issues/events"]  # nobody is asked for any one of them


@pytest.mark.parametrize(
    "since",
    [
        "2024-01-01T11:20:00Z",
        datetime(2024, 1, 1, 11, 20),  # noqa: DTZ001 - a naive time is UTC
        datetime(2024, 1, 1, 11, 20, tzinfo=UTC),
    ],
)
def test_a_filter_may_be_text_or_time(store: ProdLensStore, hub: Hub, since: Any) -> None:
    grow(hub)  # changes at 10:20, 10:40, ... 13:00
    assert sync(store, hub, since=since)[0] == 6
    assert sorted(stored(store)[0]) == [4, 5, 6, 7, 8, 9]
    sync(store, hub)
    assert stored(store) == truth(hub)


def test_a_filter_may_be_a_day_and_nothing_else(store: ProdLensStore, hub: Hub) -> None:
    grow(hub)
    assert sync(store, hub, since=date(2024, 1, 2))[0] == 0
    for wrong in ("yesterday-ish", 20240102):
        with pytest.raises(InputError):
            sync(store, hub, since=wrong)


def test_a_short_limit_is_sat_out_and_a_long_one_ends_the_run(
    store: ProdLensStore, hub: Hub
) -> None:
    grow(hub)
    hub.left, hub.reset = 4, hub.now + 200
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        hub.sleep(seconds)

    etl = GithubETL(store, hub, sleep=sleep)
    etl.sync_pull_requests("octo", "app", token=KEY)
    assert waits == [201.0]
    hub.left, hub.reset = 1, hub.now + 3500
    with pytest.raises(RetryLaterError, match="59 more minutes"):
        etl.sync_commits("octo", "app", token=KEY)
    hub.now += 3600
    etl.sync_commits("octo", "app", token=KEY)
    assert stored(store) == truth(hub)


def test_a_line_that_stays_broken_ends_the_run_and_loses_nothing(
    store: ProdLensStore, hub: Hub
) -> None:
    grow(hub)
    hub.trouble = lambda _: OSError("no route") if len(hub.seen) > 3 else None
    with pytest.raises(RetryLaterError, match="could not be reached"):
        sync(store, hub)
    hub.trouble = lambda _: None
    sync(store, hub)
    assert stored(store) == truth(hub)


def test_a_merge_a_little_older_than_what_was_seen_is_found(store: ProdLensStore, hub: Hub) -> None:
    grow(hub)
    late = hub.open()
    hub.now += 1800
    hub.change(1)
    sync(store, hub)
    hub.now -= 1500  # a replica that lags tells of it only now
    hub.merge(late)
    hub.now += 3000
    sync(store, hub)
    assert stored(store) == truth(hub)


def test_a_forgotten_validator_reads_what_changed_without_a_time(
    store: ProdLensStore, hub: Hub
) -> None:
    grow(hub)
    sync(store, hub)
    hub.pulls[1]["state"], hub.pulls[1]["closed_at"] = "open", None
    sync(store, hub)
    assert stored(store)[0] != truth(hub)[0]
    store.set_etag("/repos/octo/app/pulls", None)
    sync(store, hub)
    assert stored(store)[0] == truth(hub)[0]


def test_a_branch_that_was_pushed_over_is_followed(store: ProdLensStore, hub: Hub) -> None:
    grow(hub)
    sync(store, hub)
    old = hub.tip
    for sha in sorted(hub.history(hub.tip)):
        if not hub.objects[sha][0]:
            hub.push(sha, when=hub.now + 5)
    sync(store, hub)
    assert stored(store)[2] == truth(hub)[2]
    assert len(stored(store)[2]) == 2
    if old is not None:
        hub.objects.pop(hub.tip or "")
        hub.tip = old
    sync(store, hub)  # the head known before is gone: compared with nothing
    assert stored(store)[2] == truth(hub)[2]


@pytest.mark.parametrize("knows_sha", [True, False])
def test_commits_without_parents_are_what_the_list_says(
    store: ProdLensStore, hub: Hub, knows_sha: bool
) -> None:
    hub.tells_parents, hub.knows_sha = False, knows_sha
    grow(hub)
    sync(store, hub)
    for _ in range(3):
        hub.push()
    sync(store, hub)
    assert stored(store)[2] == truth(hub)[2]
    assert len(stored(store)[2]) == 12


def test_an_empty_repository_is_no_mistake_and_may_begin_later(
    store: ProdLensStore, hub: Hub
) -> None:
    assert sync(store, hub) == (0, 0)
    hub.push()
    assert sync(store, hub) == (0, 1)


def test_a_repository_that_is_not_there_is_refused_once(store: ProdLensStore, hub: Hub) -> None:
    with pytest.raises(RemoteError, match="404"):
        GithubETL(store, hub).sync_pull_requests("octo", "nothing", token=KEY)
    assert len(hub.seen) == 1
