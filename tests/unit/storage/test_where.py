"""A selection finds exactly the rows it describes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.schemas import CanonicalTrace
from prodlens.selection import Selection
from prodlens.storage import ProdLensStore, where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.storage.where import PullRequestTime


def _at(day: int, hour: int = 0) -> datetime:
    return datetime(2024, 10, day, hour, tzinfo=UTC)


def _call(name: str, day: int, hour: int = 0, **fields: Any) -> CanonicalTrace:
    values: dict[str, Any] = dict.fromkeys(
        ("session_id", "developer_id", "model", "tokens_in", "tokens_out", "latency_ms")
    )
    values |= {"status_code": None, "accepted_flag": None, "timestamp": _at(day, hour)}
    return CanonicalTrace(
        **{**values, "native_key": f"message:{name}", "session_id": name} | fields
    )


CALLS = [
    _call("bare", 1),
    _call("old", 2, model="claude-3-sonnet", developer_id="ada", repo_slug="org/old"),
    _call("new", 3, model="Claude-3-Haiku", developer_id="bob", repo_slug="org/new"),
    _call("gpt", 3, 23, model="gpt-4o", developer_id="ada", repo_slug="org/b", source="litellm"),
    _call("gpt", 3, 23, model="gpt-4o", source="claude_code"),
    _call("hit", 4, model="gpt-4o", traffic_class="cache_hit", source="litellm_spend_logs"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path_factory.mktemp("where") / "cache.db") as opened:
        opened.insert_sessions(CALLS)
        opened.insert_pull_requests(
            [
                {
                    "number": 1,
                    "repo_slug": "org/new",
                    "author": "ada-gh",
                    "created_at": _at(1),
                    "merged_at": _at(3),
                },
                {"number": 2, "repo_slug": "org/b", "author": "bob", "created_at": _at(3)},
                {"number": 3, "author": "guess", "created_at": _at(5), "merged_at": _at(6)},
            ]
        )
        opened.insert_commits(
            [
                {"sha": "a", "repo_slug": "org/new", "author": "ADA-GH", "timestamp": _at(2)},
                {"sha": "b", "repo_slug": "org/b", "author_email": "ada@x.io", "timestamp": _at(3)},
                {"sha": "c", "author": "bob", "timestamp": _at(4)},
            ]
        )
        with opened.transaction() as conn:
            conn.execute("insert into repo_aliases values ('github.com', 'org/old', 1)")
            conn.execute("insert into developers values ('ada', 'Ada')")
            conn.executemany(
                "insert into developer_identities values (?, ?, 'ada', 'mapping', ?)",
                [
                    ("github_login", "ada-gh", 1.0),
                    ("email", "ada@x.io", 1.0),
                    ("github_login", "guess", 0.5),
                ],
            )
        yield opened


def _rows(store: ProdLensStore, statement: str, *clauses: where.Clause) -> list[Any]:
    """Run a statement with clauses in the places marked `?`."""
    parameters: dict[str, Any] = {}
    for clause in clauses:
        statement = statement.replace("?", clause.sql, 1)
        parameters |= clause.parameters
    return store.conn.execute(statement, parameters).fetchall()


def _calls(store: ProdLensStore, **fields: Any) -> list[str]:
    clause = where.sessions(Selection(**fields))
    rows = _rows(store, "select session_id from sessions where ? order by timestamp", clause)
    return [row[0] for row in rows]


def test_everything_is_selected_when_nothing_is_asked(store: ProdLensStore) -> None:
    assert where.sessions(Selection()) == ("true", {}, "event_date")
    assert _calls(store) == ["bare", "old", "new", "gpt", "hit"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"since": _at(3)}, ["new", "gpt", "hit"]),
        ({"until": _at(3)}, ["bare", "old"]),
        ({"since": _at(3), "until": _at(3, 23)}, ["new"]),
        ({"since": _at(2), "until": _at(4)}, ["old", "new", "gpt"]),
        ({"models": ("claude-*",)}, ["old", "new"]),
        ({"models": ("CLAUDE-3-[!h]*", "gpt-4?")}, ["old", "gpt", "hit"]),
        ({"models": ("claude",)}, []),
        ({"developers": ("ada",)}, ["old", "gpt"]),
        ({"developers": ("ada", "bob")}, ["old", "new", "gpt"]),
        ({"repositories": ("Org/New",)}, ["old", "new"]),
        ({"repositories": ("org/old",)}, ["old", "new"]),
        ({"repositories": ("org/b", "org/none")}, ["gpt"]),
        ({"sources": ("claude_code",)}, ["gpt"]),
        ({"sources": ("litellm",)}, ["gpt"]),
        ({"sources": ("direct", "litellm_spend_logs")}, ["bare", "old", "new", "hit"]),
        ({"traffic": ("cache_hit",)}, ["hit"]),
        ({"traffic": ("",)}, ["bare", "old", "new", "gpt"]),
        ({"models": ("gpt-*",), "developers": ("ada",), "since": _at(3)}, ["gpt"]),
        ({"developers": ("ada' or 1=1 --",)}, []),
    ],
)
def test_calls_of_a_selection(
    store: ProdLensStore, fields: dict[str, Any], expected: list[str]
) -> None:
    assert _calls(store, **fields) == expected


def test_window_is_found_through_the_index_on_days(store: ProdLensStore) -> None:
    clause = where.sessions(Selection(since=_at(3), until=_at(3, 12)), alias="s")
    plan = _rows(store, "explain query plan select * from sessions s where ?", clause)
    assert "idx_sessions_date (event_date>? AND event_date<?)" in plan[0]["detail"]


@pytest.mark.parametrize(
    ("fields", "time", "expected"),
    [
        ({}, "merged_at", [1, 2, 3]),
        ({"since": _at(1)}, "merged_at", [1, 3]),
        ({"since": _at(3), "until": _at(6)}, "merged_at", [1]),
        ({"since": _at(3)}, "created_at", [2, 3]),
        ({"repositories": ("org/old",)}, "merged_at", [1]),
        ({"developers": ("bob",)}, "merged_at", [2]),
        ({"developers": ("ada",)}, "merged_at", [1]),
        (
            {"models": ("gpt-*",), "sources": ("litellm",), "traffic": ("x",)},
            "merged_at",
            [1, 2, 3],
        ),
    ],
)
def test_pull_requests_of_a_selection(
    store: ProdLensStore, fields: dict[str, Any], time: PullRequestTime, expected: list[int]
) -> None:
    clause = where.pull_requests(Selection(**fields), alias="p", time=time)
    rows = _rows(store, "select p.number from pull_requests p where ? order by number", clause)
    assert [row[0] for row in rows] == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ["a", "b", "c"]),
        ({"since": _at(3), "until": _at(4)}, ["b"]),
        ({"repositories": ("org/new", "org/b")}, ["a", "b"]),
        ({"developers": ("ada",)}, ["a", "b"]),
        ({"developers": ("bob",)}, ["c"]),
    ],
)
def test_commits_of_a_selection(
    store: ProdLensStore, fields: dict[str, Any], expected: list[str]
) -> None:
    clause = where.commits(Selection(**fields))
    rows = _rows(store, "select sha from commits where ? order by sha", clause)
    assert [row[0] for row in rows] == expected


def test_two_clauses_of_one_selection_share_a_statement(store: ProdLensStore) -> None:
    selection = Selection(since=_at(2), until=_at(4), repositories=("org/new",))
    calls, landed = where.sessions(selection), where.commits(selection)
    statement = (
        "select (select count(*) from sessions where ?), (select count(*) from commits where ?)"
    )
    (row,) = _rows(store, statement, calls, landed)
    assert tuple(row) == (2, 1)
