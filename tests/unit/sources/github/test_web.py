"""The real `requests` against a real server on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from fakes.github_server import serving
from fakes.github_wire import TOKEN, nth
from fakes.github_world import World
from prodlens.errors import RemoteError, RetryLaterError
from prodlens.github_etl import GithubETL
from prodlens.sources.github import GithubClient
from prodlens.sources.github.bodies import Kind
from prodlens.sources.github.client import open_session
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from pathlib import Path

    from fakes.fake_github import FakeGithub


def small_world() -> World:
    world = World()
    world.push("Begin")
    for number in range(5):
        world.tick(7200)
        pull = world.open_pull(f"Work {number}")
        world.close(pull)
        if number % 2:
            world.tick(60)
            world.reopen(pull)
        else:
            world.push(f"Direct {number}")
    return world


def client(github: FakeGithub) -> tuple[GithubClient, list[float]]:
    waits: list[float] = []
    found = GithubClient(
        open_session(),
        token=TOKEN,
        base_url=github.base,
        sleep=waits.append,
        jitter=lambda: 0.0,
    )
    return found, waits


@pytest.mark.parametrize("prefix", ["", "/api/v3"])
@pytest.mark.parametrize("own_session", [False, True])
def test_a_whole_sync_over_http(tmp_path: Path, prefix: str, own_session: bool) -> None:
    world = small_world()
    with serving(world, prefix, page_cap=2) as github, ProdLensStore(tmp_path / "a.db") as store:
        world.rename("acme/renamed")
        session = requests.Session() if own_session else None
        etl = GithubETL(store, session, base_url=github.base)
        assert etl.sync_pull_requests("acme", "payments", token=TOKEN) == 5
        assert etl.sync_commits("acme", "payments", token=TOKEN) == 4
        assert etl.sync_pull_requests("acme", "payments", token=TOKEN) == 0
        rows = store.fetch_pull_requests()
        assert [row["reopened"] for row in rows] == [False, True, False, True, False]
        assert {row["repo_slug"] for row in rows} == {"acme/renamed"}
        assert github.requests[-1].status == 304


def test_a_body_that_ends_early_is_asked_for_again() -> None:
    with serving(small_world()) as github:
        github.faults = [nth(1, 3, fault="cut"), nth(2, fault="reset")]
        asked, waits = client(github)
        assert len(asked.get("/repos/acme/payments/pulls", {"state": "all"}).body) == 5
        assert waits == [2.0, 4.0, 8.0]


def test_a_cut_hash_is_asked_for_again() -> None:
    world = small_world()
    with serving(world) as github:
        github.faults = [nth(1, 2, fault="cut")]
        asked, _ = client(github)
        answer = asked.get("/repos/acme/payments/commits/main", kind=Kind.SHA)
        assert answer.body == world.head
        assert len(github.requests) == 3


def test_a_server_that_is_not_there_is_a_network_error() -> None:
    with serving(small_world()) as github:
        asked, waits = client(github)
    with pytest.raises(RetryLaterError, match=r"127.0.0.1 could not be reached"):
        asked.get("/repos/acme/payments", kind=Kind.OBJECT)
    assert len(waits) == 4


def test_the_token_goes_to_no_other_host() -> None:
    with serving(small_world()) as ours, serving(small_world()) as theirs:
        ours.world.rename("acme/elsewhere")
        ours.redirects_to = theirs.base
        asked, _ = client(ours)
        asked.get("/repos/acme/payments/pulls")
        assert theirs.requests == []

        strays = GithubClient(requests.Session(), token=TOKEN, base_url=ours.base)
        strays.get("/repos/acme/payments/pulls")
        assert len(theirs.requests) == 1
        assert "authorization" not in theirs.requests[0].headers


def test_no_password_is_looked_for_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password hunter2\n", encoding="ascii")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(small_world()) as github:
        asked, _ = client(github)
        asked.get("/repos/acme/payments", kind=Kind.OBJECT)
        assert github.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_graphql_over_http() -> None:
    with serving(small_world(), "/api/v3") as github:
        asked, _ = client(github)
        answer = asked.post_graphql("query($ids: [ID!]!) { nodes(ids: $ids) }", {"ids": ["PR_1_2"]})
        assert answer["data"]["nodes"][0]["timelineItems"]["totalCount"] == 1
        github.faults = [lambda _: "html503"]
        with pytest.raises(RemoteError):
            asked.post_graphql("query { x }", {})
