from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prodlens.storage import ProdLensStore, github_repositories
from prodlens.storage.github_repositories import Known

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def settle(
    store: ProdLensStore,
    slug: str,
    github_id: int | None,
    *,
    asked: str | None = None,
    host: str = "github.com",
) -> Known:
    with store.transaction() as conn:
        return github_repositories.settle(
            conn,
            host=host,
            github_id=github_id,
            slug=slug,
            asked=asked or slug,
            default_branch="main",
        )


def names(store: ProdLensStore) -> list[tuple[str, str, int | None]]:
    found = store.conn.execute(
        "select host, slug, github_id from repositories where repo_id > 0 order by repo_id"
    )
    return [tuple(row) for row in found]


def aliases(store: ProdLensStore) -> list[tuple[str, str, int]]:
    found = store.conn.execute("select host, slug, repo_id from repo_aliases order by slug, host")
    return [tuple(row) for row in found]


def test_a_repository_is_made_once(store: ProdLensStore) -> None:
    first = settle(store, "acme/pay", 7)
    assert settle(store, "acme/pay", 7) == first == Known(1, "github.com", 7, "acme/pay", "main")
    assert names(store) == [("github.com", "acme/pay", 7)]
    assert aliases(store) == []


def test_a_row_that_a_clone_or_a_trace_made_is_taken_over(store: ProdLensStore) -> None:
    store.insert_commits([{"sha": "a" * 40, "repo_slug": "Acme/Pay"}])
    assert settle(store, "acme/pay", 7).repo_id == 1
    assert names(store) == [("github.com", "acme/pay", 7)]


def test_an_old_name_leads_to_the_same_row(store: ProdLensStore) -> None:
    settle(store, "acme/old", 7)
    assert settle(store, "acme/new", 7, asked="acme/old").repo_id == 1
    assert names(store) == [("github.com", "acme/new", 7)]
    assert aliases(store) == [("github.com", "acme/old", 1)]
    store.insert_commits([{"sha": "a" * 40, "repo_slug": "acme/old"}])
    assert store.fetch_commits()[0]["repo_slug"] == "acme/new"


def test_a_name_taken_back_is_no_alias_any_more(store: ProdLensStore) -> None:
    settle(store, "acme/a", 7)
    settle(store, "acme/b", 7)
    settle(store, "acme/a", 7)
    assert names(store) == [("github.com", "acme/a", 7)]
    assert aliases(store) == [("github.com", "acme/b", 1)]


def test_a_row_made_under_the_new_name_is_merged(store: ProdLensStore) -> None:
    settle(store, "acme/old", 7)
    store.insert_pull_requests([{"number": 1, "title": "One", "repo_slug": "acme/old"}])
    store.insert_commits(
        [{"sha": "b" * 40, "repo_slug": "acme/new", "committed_at": "2026-09-02T10:00:00Z"}]
    )
    store.insert_pull_requests(
        [
            {"number": 1, "author": "ada", "repo_slug": "acme/new"},
            {"number": 2, "repo_slug": "acme/new", "merged_at": "2026-09-01T10:00:00Z"},
        ]
    )
    store.conn.execute("delete from dirty_days")
    settle(store, "acme/new", 7, asked="acme/old")
    assert names(store) == [("github.com", "acme/new", 7)]
    rows = [(r["number"], r["title"], r["author"]) for r in store.fetch_pull_requests()]
    assert rows == [(1, "One", "ada"), (2, None, None)]
    assert [row["repo_slug"] for row in store.fetch_commits()] == ["acme/new"]
    days = [row[0] for row in store.conn.execute("select event_date from dirty_days")]
    assert days == ["2026-09-01", "2026-09-02"]


def test_a_name_reused_by_another_repository_is_another_repository(store: ProdLensStore) -> None:
    settle(store, "acme/pay", 7)
    store.insert_pull_requests([{"number": 1, "repo_slug": "acme/pay"}])
    assert settle(store, "acme/pay", 8).repo_id == 2
    assert names(store) == [
        ("github.com", "repositories/7", 7),
        ("github.com", "acme/pay", 8),
    ]
    assert settle(store, "acme/archive", 7).repo_id == 1
    assert [row["repo_slug"] for row in store.fetch_pull_requests()] == ["acme/archive"]


def test_an_alias_that_became_another_repository_is_forgotten(store: ProdLensStore) -> None:
    settle(store, "acme/old", 7)
    settle(store, "acme/new", 7, asked="acme/old")
    assert settle(store, "acme/old", 9).repo_id == 2
    assert aliases(store) == []


def test_a_server_of_its_own_shares_its_name_with_clones_and_traces(store: ProdLensStore) -> None:
    store.insert_commits([{"sha": "a" * 40, "repo_slug": "acme/pay"}])
    assert settle(store, "acme/pay", 7, host="ghes.example.com").repo_id == 1
    assert names(store) == [("ghes.example.com", "acme/pay", 7)]
    store.insert_commits([{"sha": "b" * 40, "repo_slug": "acme/pay"}])
    assert {row["repo_id"] for row in store.fetch_commits()} == {1}


def test_two_servers_keep_equal_numbers_and_names_apart(store: ProdLensStore) -> None:
    settle(store, "acme/pay", 7, host="ghes.example.com")
    assert settle(store, "acme/pay", 7).repo_id == 2
    assert settle(store, "acme/pay", 7, host="ghes.example.com").repo_id == 1
    assert settle(store, "acme/pay", 7).repo_id == 2
    assert aliases(store) == []


def test_without_a_number_the_name_counts(store: ProdLensStore) -> None:
    assert settle(store, "acme/pay", None).repo_id == 1
    assert settle(store, "acme/pay", None).repo_id == 1
    assert settle(store, "acme/pay", 7) == Known(1, "github.com", 7, "acme/pay", "main")


def test_every_name_of_a_repository_is_known(store: ProdLensStore) -> None:
    settle(store, "acme/old", 7)
    settle(store, "acme/new", 7, asked="acme/old")
    assert github_repositories.names_of(store.conn, 1) == {"acme/old", "acme/new"}
    found = github_repositories.find(store.conn, "github.com", "acme/old")
    assert found is not None
    assert found.slug == "acme/new"
    assert github_repositories.find(store.conn, "github.com", "acme/other") is None
