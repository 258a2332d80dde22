"""Whatever happens on the way, one quiet run ends equal to GitHub: random worlds, random trouble.

`PRODLENS_SEEDS` sets how many worlds (50 here, 500 in `just torture-github`). A failing seed is in
the name of the test; run it alone with `-k seed_17`.
"""

from __future__ import annotations

import logging
import os
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from fakes.fake_github import FakeGithub
from fakes.github_wire import OTHER_TOKEN, TOKEN, CrashError
from fakes.github_world import ADA, BOB, NOBODY, ROBOT, World, iso
from prodlens.errors import RetryLaterError
from prodlens.github_etl import GithubETL
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fakes.github_wire import Fault, Request
    from fakes.github_world import Pull

SEEDS = int(os.environ.get("PRODLENS_SEEDS", "50"))
PEOPLE = (ADA, BOB, ROBOT, NOBODY, None)
FAULTS: tuple[Fault, ...] = (
    *("html502", "html503", "reset", "timeout", "cut", "cut", "crash", "crash", "crash"),
    *("secondary", "secondary_plain", "limit429"),
)
STEPS = (
    *("pulls", "pulls", "pulls", "commits", "commits", "commits", "all", "graphql"),
    *("forget", "since pulls", "since commits"),
)
TABLES = ("pull_requests", "pr_events", "commits", "commit_parents", "commit_trailers")


class Drift:
    """Changes a world at random, as a team does."""

    def __init__(self, world: World, dice: random.Random) -> None:
        self.world, self.dice = world, dice
        self.sides: list[str] = []

    def step(self) -> None:
        """Let one thing happen, often within the same second as the last."""
        self.world.tick(self.dice.choice((0, 0, 1, 30, 600, 4000, 90_000)))
        moves: tuple[Callable[[], None], ...] = (
            *(self.open, self.open, self.comment, self.merge, self.merge, self.close),
            *(self.reopen, self.reopen, self.push, self.side, self.merge_side, self.force),
            *(self.noise, self.rename),
        )
        self.dice.choice(moves)()

    def _pick(self, wanted: Callable[[Pull], bool]) -> Pull | None:
        """Return a pull request; what was touched last is often touched again."""
        found = [pull for pull in self.world.pulls.values() if wanted(pull)]
        if not found:
            return None
        last = max(found, key=lambda pull: (pull.updated_at, pull.number))
        return last if self.dice.random() < 0.3 else self.dice.choice(found)

    def open(self) -> None:
        reverts = f"Reverts {self.world.slug}#1" if self.dice.random() < 0.1 else ""
        self.world.open_pull(f"Work {self.dice.random()}", self.dice.choice(PEOPLE), body=reverts)

    def comment(self) -> None:
        if pull := self._pick(lambda _: True):
            self.world.update(pull, labels=self.dice.sample(["ai", "bug"], self.dice.randrange(3)))

    def merge(self) -> None:
        if pull := self._pick(lambda p: p.state == "open"):
            self.world.merge(pull)

    def close(self) -> None:
        if pull := self._pick(lambda p: p.state == "open"):
            self.world.close(pull)

    def reopen(self) -> None:
        if pull := self._pick(lambda p: p.state == "closed" and p.merged_at is None):
            self.world.reopen(pull)

    def push(self) -> None:
        at = self.world.now + self.dice.choice((0, 0, -5_000_000, 40_000_000))
        self.world.push(f"Push {self.dice.random()}", author=self.dice.choice(PEOPLE), at=at)

    def side(self) -> None:
        """Begin an old branch: its commits are dated long before they land."""
        if self.world.head:
            tip = self.dice.choice(list(self.world.commits))
            for _ in range(self.dice.randrange(1, 4)):
                tip = self.world.add_commit("Side", tip, at=self.world.now - 3_000_000)
            self.sides.append(tip)

    def merge_side(self) -> None:
        if self.sides and self.world.head:
            self.world.merge_branch(self.sides.pop())

    def force(self) -> None:
        if self.world.head and self.dice.random() < 0.4:
            line = [one.sha for one in self.world.log(self.world.head)]
            self.world.force_push(self.dice.choice(line[:6]))
            if self.dice.random() < 0.7:
                self.push()

    def noise(self) -> None:
        self.world.issue_noise(self.dice.randrange(1, 4))

    def rename(self) -> None:
        if self.dice.random() < 0.15:
            self.world.rename(f"acme/name{self.dice.randrange(3)}")


class Team:
    """A world, a GitHub that serves it, and a database that follows it."""

    def __init__(self, path: Path, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - dice of a test
        self.path = path
        self.world = World()
        self.drift = Drift(self.world, self.dice)
        for _ in range(self.dice.choice((0, 5, 20, 50, 50))):
            self.world.tick(self.dice.choice((0, 600, 7200)))
            self.drift.open()
        for _ in range(self.dice.randrange(80)):
            self.drift.step()
        self.github = FakeGithub(
            self.world,
            page_cap=self.dice.choice((2, 2, 3, 7, 100)),
            events_pages=self.dice.choice((3, 10, 300, 300)),
        )
        self.github.limit = self.dice.choice((40, 5000, 5000))
        self.github.clock_skew = self.dice.choice((0, 0, -86_400, 7_000))
        self.newest: dict[int, str] = {}
        self.said = ""

    def run(self, step: str, token: str = TOKEN) -> int:
        """Run one step of the sync in a process of its own, so to speak."""
        with ProdLensStore(self.path) as store:
            etl = GithubETL(
                store,
                self.github.session(posts=step == "graphql"),
                now=lambda: datetime.fromtimestamp(self.world.now, UTC),
                sleep=self.github.sleep,
                jitter=self.dice.random,
                max_wait_s=self.dice.choice((900, 7200)),
            )
            owner, _, name = self.world.slug.partition("/")
            if step == "forget":
                part = self.dice.choice(("/pulls", "/commits", "/issues/events", ""))
                store.set_etag(f"/repos/{self.world.slug}{part}", None)
                step = self.dice.choice(("pulls", "commits"))
            if step.startswith("since"):
                since = datetime.fromtimestamp(self.world.now - 200_000, UTC)
                sync = etl.sync_commits if step.endswith("commits") else etl.sync_pull_requests
                return sync(owner, name, token=token, since=since)
            if step == "pulls":
                return etl.sync_pull_requests(owner, name, token=token)
            if step == "commits":
                return etl.sync_commits(owner, name, token=token)
            report = etl.sync(owner, name, token=token)
            return report.pull_requests + report.commits

    def troubled_run(self) -> None:
        """Run while the world moves and the line breaks; only what is resumable may be raised."""
        badly = self.dice.choice((0.0, 0.03, 0.1, 0.3))
        moving = self.dice.choice((0.0, 0.1, 0.5))

        def trouble(_: Request) -> Fault | None:
            return self.dice.choice(FAULTS) if self.dice.random() < badly else None

        def drift(_: Request) -> None:
            if self.dice.random() < moving:
                self.drift.step()

        self.github.faults, self.github.after = [trouble], [drift]
        try:
            self.run(self.dice.choice(STEPS), self.dice.choice((TOKEN, TOKEN, OTHER_TOKEN)))
        except (RetryLaterError, CrashError) as error:
            self.said += f"{error!r} {error.__cause__!r} {error.__context__!r}"
        finally:
            self.github.faults, self.github.after = [], []

    def rows(self, table: str) -> list[dict[str, Any]]:
        with ProdLensStore(self.path) as store:
            found = store.conn.execute(f"select * from {table}")  # noqa: S608 - names of this file
            return [dict(row) for row in found]

    def state(self, stream: str) -> dict[str, str]:
        rows = self.rows("sync_state")
        return {row["key"]: row["value"] for row in rows if row["stream"] == stream}

    def content(self) -> dict[str, list[str]]:
        return {table: sorted(map(repr, self.rows(table))) for table in (*TABLES, "sync_state")}


def stored_text(text: str | None) -> str | None:
    return None if text is None else text.replace("Z", ".000000Z")


def stored(seconds: int | None) -> str:
    return stored_text(iso(seconds)) or ""


def check_nothing_went_back(team: Team) -> None:
    """I5: rows only ever move on, and never say what GitHub did not."""
    for row in team.rows("pull_requests"):
        assert row["updated_at"] >= team.newest.get(row["number"], "")
        team.newest[row["number"]] = row["updated_at"]
        said = (row["updated_at"], row["state"], row["merged_at"])
        assert said in {
            (stored_text(at), state, stored_text(merged))
            for at, state, merged in team.world.past[row["number"]]
        }


def check_cursors_are_covered(team: Team) -> None:
    """I6: what a cursor says was read is stored."""
    rows = {row["number"]: row for row in team.rows("pull_requests")}
    watermark = team.state("pulls").get("watermark")
    if watermark is not None:
        for pull in team.world.pulls.values():
            if stored(pull.updated_at) < watermark:  # its own second may hold later changes
                assert rows[pull.number]["updated_at"] == stored(pull.updated_at)
    commits = team.state("commits")
    whole = team.world.ancestors(commits.get("head"))
    on_branch = {row["sha"] for row in team.rows("commits") if row["on_default_branch"]}
    assert on_branch - team.world.ancestors(commits.get("filtered_head")) <= whole
    assert "filtered_head" in commits or on_branch == whole


def check_equal(team: Team) -> None:
    """I1, I2, I3: the rows are the truth."""
    truth = {
        pull.number: (
            pull.state,
            stored(pull.updated_at),
            stored(pull.merged_at) or None,
            stored(pull.closed_at) or None,
            pull.reopened > 0,
            pull.reopened,
        )
        for pull in team.world.pulls.values()
    }
    found = {
        row["number"]: (
            row["state"],
            row["updated_at"],
            row["merged_at"],
            row["closed_at"],
            None if row["reopened"] is None else bool(row["reopened"]),
            row["reopened_count"],
        )
        for row in team.rows("pull_requests")
    }
    assert found == truth
    on_branch = {row["sha"] for row in team.rows("commits") if row["on_default_branch"]}
    assert on_branch == team.world.ancestors(team.world.head)


def check_budget(team: Team, used: int) -> None:
    """I8: a quiet run after any trouble costs no more than reading everything once."""
    size = team.github.page_cap

    def pages(count: int) -> int:
        return -(-count // size) + 1

    pulls, commits = len(team.world.pulls), len(team.world.commits)
    # Twice the list of pull requests: by age, and then what is newer than an hour before.
    lists = 2 * pages(pulls) + pages(len(team.world.events)) + 2 * pages(commits)
    assert used <= 2 + 2 + lists + pulls, f"{used} calls"


@pytest.mark.torture
@pytest.mark.parametrize("seed", [pytest.param(n, id=f"seed_{n}") for n in range(SEEDS)])
def test_one_quiet_run_ends_equal_to_github(
    tmp_path: Path, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    team = Team(tmp_path / "cache.db", seed)
    for _ in range(team.dice.randrange(1, 7)):
        team.troubled_run()
        check_nothing_went_back(team)
        check_cursors_are_covered(team)
        for _ in range(team.dice.choice((0, 0, 1, 1, 2, 6))):
            team.drift.step()
    team.github.limit, team.github.used = 5000, 0
    before = len(team.github.requests)
    team.run("pulls")
    team.run("commits")
    check_equal(team)
    check_nothing_went_back(team)
    check_cursors_are_covered(team)
    check_budget(team, len(team.github.requests) - before)

    content, before = team.content(), len(team.github.requests)
    assert team.run("pulls") == 0
    assert team.run("commits") == 0
    assert team.content() == content
    answers = {(r.path, r.status) for r in team.github.calls(before) if "repos/" not in r.path}
    assert {status for _, status in answers} <= ({304} if team.world.head else {304, 409})

    assert_token_is_nowhere(team, caplog.text + team.said)


def assert_token_is_nowhere(team: Team, logged: str) -> None:
    """I9: only the header of requests to our host holds the token (the session checks the host)."""
    for file in team.path.parent.iterdir():
        assert TOKEN.encode() not in file.read_bytes()
    assert TOKEN not in logged
    assert all(TOKEN not in request.url for request in team.github.requests)
