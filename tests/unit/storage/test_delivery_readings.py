from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.selection import Selection
from prodlens.storage import ProdLensStore, delivery_readings, where
from prodlens.storage.delivery_readings import CommitFigures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HORIZON = datetime(2026, 4, 1, tzinfo=UTC)
EVERYTHING = Selection()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def commit(sha: str, day: int, **fields: Any) -> dict[str, Any]:
    return {"sha": sha * 8, "timestamp": at(day), "repo_slug": "acme/web", **fields}


def figures(store: ProdLensStore, **asked: Any) -> CommitFigures:
    clause = where.commits(Selection(**asked), alias="c")
    return delivery_readings.commit_figures(store.conn, clause)


def states(store: ProdLensStore, *slugs: str) -> list[delivery_readings.RepositoryState]:
    clause = where.pull_requests(Selection(repositories=slugs), alias="r")
    return delivery_readings.repositories(store.conn, clause, horizon=HORIZON)


def test_commits_are_counted_by_sha_day_and_person(store: ProdLensStore) -> None:
    store.insert_commits(
        [
            commit("a1", 2, author="ana"),
            commit("a2", 2, author="Ana"),
            commit("a3", 2, author="ben"),
            commit("a4", 5, author="ana"),
            commit("a5", 6, author="ana", is_merge=True),
            commit("a6", 6, author="renovate[bot]", is_bot=True),
            commit("a7", 6, author="ana", on_default_branch=False),
            commit("a1", 2, author="ana", repo_slug="acme/copy"),
            commit("a8", 9, author=None),
        ]
    )
    assert figures(store) == CommitFigures(
        total=5, active_days=3, developer_days=4, by_programs=1, messages_read=0, signed=0
    )
    window = {"since": at(2, 0), "until": at(5, 12), "repositories": ("acme/web",)}
    assert figures(store, **window) == CommitFigures(total=3, active_days=1, developer_days=2)
    clause = where.commits(EVERYTHING, alias="c")
    assert delivery_readings.commits_by_day(store.conn, clause) == {
        date(2026, 3, 2): 3,
        date(2026, 3, 5): 1,
        date(2026, 3, 9): 1,
    }


def test_accounts_of_one_person_are_one_person(store: ProdLensStore) -> None:
    store.insert_commits(
        [
            commit("a1", 2, author="Ana P", author_email="ana@acme.example"),
            commit("a2", 2, author="anap", author_login="AnaP"),
        ]
    )
    assert figures(store).developer_days == 2
    store.conn.execute("insert into developers values ('ana', 'Ana')")
    store.conn.executemany(
        "insert into developer_identities values (?, ?, 'ana', 'mail-map', ?)",
        [("email", "ana@acme.example", 1.0), ("github_login", "anap", 1.0)],
    )
    assert figures(store).developer_days == 1
    store.conn.execute("update developer_identities set confidence = 0.5")
    assert figures(store).developer_days == 2


def test_signs_count_where_a_message_was_read(store: ProdLensStore) -> None:
    store.insert_commits(
        [
            commit("a1", 2, source="git"),
            commit("a2", 2, source="git", is_bot=True),
            commit("a3", 2, source="git"),
            commit("a4", 2),
        ]
    )
    store.conn.executemany(
        "insert into commit_trailers (repo_id, sha, key, value, ai_role) values (1, ?, ?, 'x', ?)",
        [
            ("a1" * 8, "co-authored-by", "author"),
            ("a1" * 8, "made-with", "author"),
            ("a2" * 8, "author", "author"),
            ("a3" * 8, "co-authored-by", "review"),
            ("a4" * 8, "co-authored-by", "author"),
        ],
    )
    found = figures(store)
    assert (found.messages_read, found.signed, found.total) == (3, 2, 3)


def test_impossible_times_count_on_no_day_and_are_told(store: ProdLensStore) -> None:
    store.insert_commits(
        [commit("a1", 2), {**commit("a2", 2), "timestamp": "2099-01-01T00:00:00Z"}]
    )
    store.insert_commits([{"sha": "b" * 8, "repo_slug": "acme/web"}])
    clause = where.commits(EVERYTHING, alias="c")
    found = delivery_readings.impossible_commits(store.conn, clause, horizon=HORIZON)
    assert found == 2
    assert states(store)[0].last_delivery == at(2)


def test_what_is_known_of_a_repository(store: ProdLensStore) -> None:
    store.insert_commits([commit("a1", 2), commit("a2", 9)])
    store.insert_pull_requests(
        [{"repo_slug": "acme/web", "number": 1, "created_at": at(1), "merged_at": at(10)}]
    )
    (found,) = states(store, "acme/web")
    assert found.slug == "acme/web"
    assert (found.synced_at, found.as_of) == (None, at(10))
    assert (found.first_commit, found.first_request) == (at(2), at(1))
    assert (found.commits_known, found.requests_known, found.beyond_git) == (True, True, True)
    assert states(store, "acme/api") == []


def test_the_last_sync_is_what_the_repository_or_an_ok_run_says(store: ProdLensStore) -> None:
    store.insert_commits([commit("a1", 2), commit("a1", 2, repo_slug="acme/api")])
    store.conn.execute("update repositories set synced_at = ? where slug = 'acme/web'", (str_(9),))
    store.conn.executemany(
        "insert into etl_runs (job, started_at, finished_at, details, status) values (?, ?, ?, ?, ?)",
        [
            ("ingest_git", str_(10), str_(11), '{"repo": "acme/web"}', "ok"),
            ("ingest_github", str_(12), str_(12), '{"repo": "acme/web"}', "failed"),
            ("trace_ingestion", str_(20), str_(20), '{"repo": "acme/web"}', "ok"),
            ("ingest_git", str_(21), str_(21), "no JSON", "ok"),
        ],
    )
    found = {state.slug: state.as_of for state in states(store)}
    assert found == {"acme/web": at(10), "acme/api": at(2)}


def str_(day: int) -> str:
    return f"2026-03-{day:02d}T12:00:00.000000Z"


def test_a_repository_read_in_full_is_known_also_when_it_is_empty(store: ProdLensStore) -> None:
    store.insert_commits([commit("a1", 2)])
    store.conn.execute("delete from commits")
    assert states(store) == []
    store.conn.execute("insert into sync_state values (1, 'pulls', 'watermark', 'x')")
    (found,) = states(store)
    assert (found.commits_known, found.requests_known, found.as_of) == (False, True, None)


def test_from_a_clone_alone_is_told_apart(store: ProdLensStore) -> None:
    request = {"repo_slug": "acme/web", "number": 1, "merged_at": at(3)}
    store.insert_pull_requests([{**request, "source": "git"}])
    store.conn.execute("insert into sync_state values (1, 'git', 'cut', '1')")
    (found,) = states(store)
    assert (found.beyond_git, found.history_cut) == (False, True)
    store.insert_pull_requests([{**request, "source": "github", "updated_at": at(4)}])
    assert states(store)[0].beyond_git


def test_pull_requests_carry_their_first_close_and_reopening(store: ProdLensStore) -> None:
    store.insert_pull_requests(
        [
            {
                "repo_slug": "acme/web",
                "number": 7,
                "title": "Add",
                "author": "x[bot]",
                "is_bot": True,
                "created_at": at(2),
                "merged_at": at(9),
                "updated_at": at(9),
                "reopened": True,
                "merge_commit_sha": "f" * 40,
            },
            {"repo_slug": "acme/web", "number": 8, "updated_at": at(1), "created_at": at(1)},
        ]
    )
    store.conn.executemany(
        "insert into pr_events (repo_id, event_id, number, event, created_at) values (1,?,7,?,?)",
        [(1, "closed", str_(4)), (2, "reopened", str_(5)), (3, "closed", str_(9))],
    )
    clause = where.pull_requests(EVERYTHING, alias="p")
    found = list(delivery_readings.pull_requests(store.conn, clause, since=at(2)))
    assert [one.number for one in found] == [7]
    assert (found[0].first_closed, found[0].first_reopened) == (at(4), at(5))
    assert (found[0].is_bot, found[0].reopened, found[0].closed_at) == (True, True, None)
    every = list(delivery_readings.pull_requests(store.conn, clause, since=None))
    assert [(one.number, one.reopened) for one in every] == [(7, True), (8, None)]


def test_reverts_come_from_messages_and_titles_with_what_they_take_back(
    store: ProdLensStore,
) -> None:
    store.insert_commits(
        [
            commit("a1", 2, pr_number=4),
            commit("a2", 3, reverts_sha="a1a1a1a1", subject="Undo", pr_number=9),
            commit("a3", 4, subject='Revert "Add"'),
            commit("a4", 4, subject='Revert "Add"', on_default_branch=False),
            commit("a5", 4, subject="Reverting is hard"),
        ]
    )
    store.insert_pull_requests(
        [
            {"repo_slug": "acme/web", "number": 5, "merged_at": at(5), "reverts_number": 3},
            {"repo_slug": "acme/web", "number": 6, "reverts_number": 3},
        ]
    )
    found = delivery_readings.reverts(
        store.conn,
        where.pull_requests(EVERYTHING, alias="p"),
        where.commits(EVERYTHING, alias="c"),
    )
    assert [(one.at, one.own_number, one.number, one.sha) for one in found] == [
        (at(3), 9, 4, "a1a1a1a1"),
        (at(4), None, None, None),
        (at(5), 5, 3, None),
    ]
