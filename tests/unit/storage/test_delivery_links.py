from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prodlens.selection import Selection
from prodlens.storage import ProdLensStore, delivery_links, where
from prodlens.storage.delivery_links import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHA, OTHER = "c0ffee1" + "0" * 33, "c0ffee2" + "0" * 33
LINKED = {Evidence.TRANSCRIPT}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def merged(store: ProdLensStore, number: int, sha: str | None = None, slug: str = "a/web") -> None:
    row = {"number": number, "repo_slug": slug, "merge_commit_sha": sha}
    store.insert_pull_requests([{**row, "merged_at": "2026-03-02T09:00:00Z"}])


def landed(store: ProdLensStore, sha: str, number: int | None, slug: str = "a/web") -> None:
    row = {"sha": sha, "repo_slug": slug, "pr_number": number}
    store.insert_commits([{**row, "timestamp": "2026-03-02T09:00:00Z"}])


def trailer(
    store: ProdLensStore, sha: str, role: str = "author", session: str | None = None
) -> None:
    store.conn.execute(
        "insert into commit_trailers (repo_id, sha, key, value, ai_role, session_ref)"
        " values (1, ?, ?, 'x', ?, ?)",
        (sha, f"{role} {session}", role, session),
    )


def link(store: ProdLensStore, kind: str, ref: str, slug: str = "a/web") -> None:
    store.conn.execute(
        "insert into session_links (session_id, kind, repo_slug, ref, source)"
        " values ('s', ?, ?, ?, 'x')",
        (kind, slug, ref),
    )


def signs(store: ProdLensStore, *slugs: str) -> dict[int, set[str]]:
    chosen = Selection(repositories=slugs)
    clauses = where.pull_requests(chosen, alias="p"), where.commits(chosen, alias="c")
    found = delivery_links.signs(store.conn, *clauses)
    return {number: set(kinds) for (_, number), kinds in found.items()}


def test_every_commit_of_a_pull_request_may_carry_its_sign(store: ProdLensStore) -> None:
    merged(store, 1, SHA)
    merged(store, 2)
    landed(store, OTHER, 2)
    landed(store, "ab" * 20, 3)
    landed(store, "cd" * 20, None)
    trailer(store, SHA)
    trailer(store, SHA, session="session_1")
    trailer(store, OTHER)
    trailer(store, "ab" * 20, role="review")
    trailer(store, "cd" * 20)
    assert signs(store) == {
        1: {Evidence.CO_AUTHOR, Evidence.SESSION_TRAILER},
        2: {Evidence.CO_AUTHOR},
    }


def test_a_trailer_says_nothing_of_another_repository(store: ProdLensStore) -> None:
    merged(store, 1, SHA)
    merged(store, 2, SHA, slug="a/api")
    trailer(store, SHA)
    assert signs(store) == {1: {Evidence.CO_AUTHOR}}
    assert signs(store, "a/api") == {}


def test_a_transcript_names_a_pull_request_by_any_name_of_its_repository(
    store: ProdLensStore,
) -> None:
    merged(store, 7)
    store.conn.execute("insert into repo_aliases (host, slug, repo_id) values ('h', 'a/old', 1)")
    link(store, "pull_request", "7", "A/Web")
    link(store, "pull_request", "8", "a/old")
    link(store, "pull_request", "9", "a/unknown")
    link(store, "pull_request", "10", "")
    link(store, "pull_request", "seven")
    assert signs(store) == {7: LINKED, 8: LINKED}


@pytest.mark.parametrize(
    ("ref", "slug", "found"),
    [
        pytest.param(SHA, "a/web", True, id="whole"),
        pytest.param(SHA, "", True, id="whole, repository not known"),
        pytest.param("C0FFEE1", "a/web", True, id="shortened"),
        pytest.param("c0ffee1", "", False, id="shortened, repository not known"),
        pytest.param("c0ffee", "a/web", False, id="too short"),
        pytest.param("c0ffee1g", "a/web", False, id="no hash"),
        pytest.param(SHA, "a/api", False, id="of another repository"),
    ],
)
def test_a_transcript_names_a_commit_of_a_pull_request(
    store: ProdLensStore, ref: str, slug: str, found: bool
) -> None:
    merged(store, 1, SHA)
    merged(store, 2, OTHER)
    landed(store, SHA, 1)
    landed(store, OTHER, 2)
    landed(store, SHA, 5, slug="a/api")
    link(store, "commit", ref, slug)
    assert (signs(store, "a/web") == {1: LINKED}) is found
    assert signs(store, "a/web") in ({}, {1: LINKED})


def test_a_shortened_hash_that_may_be_two_commits_names_none(store: ProdLensStore) -> None:
    landed(store, "c0ffee1a" + "0" * 32, 1)
    landed(store, "c0ffee1b" + "0" * 32, 2)
    link(store, "commit", "c0ffee1")
    assert signs(store) == {}


def test_a_database_without_links_knows_of_no_transcript(store: ProdLensStore) -> None:
    store.conn.execute("drop table session_links")
    merged(store, 1, SHA)
    trailer(store, SHA)
    assert signs(store) == {1: {Evidence.CO_AUTHOR}}
