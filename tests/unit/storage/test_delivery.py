"""Pull requests and commits: what is stored, what merges, and which days become stale."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.errors import InputError
from prodlens.storage import ProdLensStore, delivery, dirty_days
from prodlens.storage.delivery import repository_id
from prodlens.storage.migrations import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Row = dict[str, Any]

T1 = "2024-10-01T00:00:00.000000Z"
T2 = "2024-10-02T00:00:00.000000Z"
T3 = "2024-10-03T00:00:00.000000Z"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def _only(rows: list[Row]) -> Row:
    assert len(rows) == 1
    return rows[0]


def _stale(store: ProdLensStore) -> list[str]:
    return dirty_days.read(store.conn, dirty_days.GITHUB)


def _forget_stale(store: ProdLensStore) -> None:
    store.conn.execute("delete from dirty_days")


def test_pull_request_comes_back_as_it_was_given(store: ProdLensStore) -> None:
    changed = store.insert_pull_requests(
        [
            {
                "id": 900,
                "number": 7,
                "title": "Add cache",
                "author": "ada",
                "state": "closed",
                "created_at": "2024-10-01T10:00:00Z",
                "merged_at": datetime(2024, 10, 2, 9, tzinfo=timezone(timedelta(hours=-2))),
                "updated_at": datetime(2024, 10, 2, 12, tzinfo=UTC),
                "reopened": False,
                "labels": ["ai", "perf"],
                "repo_slug": "Org/Repo",
            }
        ]
    )
    row = _only(store.fetch_pull_requests())
    assert changed == 1
    assert {name: value for name, value in row.items() if value is not None} == {
        "repo_slug": "org/repo",
        "repo_id": 1,
        "id": 900,
        "number": 7,
        "title": "Add cache",
        "author": "ada",
        "state": "closed",
        "created_at": "2024-10-01T10:00:00.000000Z",
        "merged_at": "2024-10-02T11:00:00.000000Z",
        "updated_at": "2024-10-02T12:00:00.000000Z",
        "reopened": False,
        "labels": '["ai", "perf"]',
    }


@pytest.mark.parametrize(("given_flag", "expected"), [(True, True), (0, False), (None, None)])
def test_reopened_has_three_values(
    store: ProdLensStore, given_flag: object, expected: object
) -> None:
    store.insert_pull_requests([{"number": 1, "reopened": given_flag}])
    assert _only(store.fetch_pull_requests())["reopened"] is expected


def test_id_stands_in_for_a_missing_number(store: ProdLensStore) -> None:
    store.insert_pull_requests([{"id": 55, "title": "a"}, {"id": 55, "number": None, "state": "x"}])
    row = _only(store.fetch_pull_requests())
    assert (row["number"], row["id"], row["title"], row["state"]) == (55, 55, "a", "x")


def test_equal_numbers_of_two_repositories_are_two_pull_requests(store: ProdLensStore) -> None:
    store.insert_pull_requests(
        [{"number": 1, "repo_slug": "org/a"}, {"number": 1, "repo_slug": "org/b"}, {"number": 1}]
    )
    assert [row["repo_slug"] for row in store.fetch_pull_requests()] == [None, "org/a", "org/b"]


def test_repository_names_meet_in_any_case_and_under_old_names(store: ProdLensStore) -> None:
    with store.transaction() as conn:
        assert repository_id(conn, "Org/New") == repository_id(conn, "org/new") == 1
        conn.execute("insert into repo_aliases values ('github.com', 'org/old', 1)")
        assert repository_id(conn, "ORG/old") == 1
        assert repository_id(conn, None) == 0
        assert repository_id(conn, " ") == 0
    store.insert_pull_requests([{"number": 1, "repo_slug": "org/old"}])
    assert _only(store.fetch_pull_requests())["repo_slug"] == "org/new"


def test_alias_leads_to_the_repository_also_where_the_old_row_is_left(
    store: ProdLensStore,
) -> None:
    with store.transaction() as conn:
        assert [repository_id(conn, slug) for slug in ("org/old", "org/new")] == [1, 2]
        conn.execute("insert into repo_aliases values ('github.com', 'org/old', 2)")
        assert repository_id(conn, "org/old") == 2


def test_fetched_rows_go_into_another_store_unchanged(store: ProdLensStore, tmp_path: Path) -> None:
    store.insert_commits([{"sha": "0", "repo_slug": "org/first", "authored_at": T1}])
    store.insert_commits([{"sha": "a", "repo_slug": "org/repo", "committed_at": T2}])
    store.insert_pull_requests(
        [{"number": 1, "repo_slug": "org/repo", "state": "open", "labels": ["ai"]}]
    )
    with ProdLensStore(tmp_path / "other.db") as other:
        other.insert_pull_requests(store.fetch_pull_requests())
        other.insert_commits(store.fetch_commits())
        assert [r | {"repo_id": 2} for r in other.fetch_pull_requests()] == (
            store.fetch_pull_requests()
        )
        assert [{**r, "repo_id": 0} for r in other.fetch_commits()] == (
            [{**r, "repo_id": 0} for r in store.fetch_commits()]
        )


def test_repo_id_counts_where_there_is_no_slug(store: ProdLensStore) -> None:
    with store.transaction() as conn:
        repository_id(conn, "org/repo")
    store.insert_commits([{"sha": "a", "repo_id": 1}])
    assert _only(store.fetch_commits())["repo_slug"] == "org/repo"
    with pytest.raises(InputError, match="no repository with repo_id 99"):
        store.insert_commits([{"sha": "b", "repo_id": 99}])


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"number": 1, "merged": True}, "no column 'merged'"),
        ({"number": 1, "merged_at": "soon"}, "merged_at of a pull request is 'soon'"),
        ({"number": 1, "created_at": "1969-12-31T00:00:00Z"}, "created_at"),
        ({"number": 1, "updated_at": True}, "updated_at"),
        ({"number": 1.5}, "number of a pull request is 1.5"),
        ({"number": 2**63}, "number"),
        ({"number": True}, "number"),
        ({"number": 1, "reopened": "yes"}, "reopened"),
        ({"number": 1, "title": 5}, "title"),
        ({"number": 1, "labels": 5}, "labels"),
        ({"number": 1, "labels": [5]}, "labels"),
        ({"number": 1, "repo_slug": "../x"}, "is no repository"),
        ({"title": "no number"}, "needs a number"),
    ],
)
def test_what_does_not_fit_is_refused_by_name_and_nothing_is_stored(
    store: ProdLensStore, row: Row, named: str
) -> None:
    with pytest.raises(InputError, match=named):
        store.insert_pull_requests([{"number": 40}, row])
    assert store.fetch_pull_requests() == []
    assert not store.conn.in_transaction


def test_missing_values_of_pandas_are_not_known(store: ProdLensStore) -> None:
    import pandas as pd

    store.insert_pull_requests(
        [
            {
                "number": 3.0,
                "merged_at": pd.NaT,
                "reopened": pd.NA,
                "additions": float("nan"),
                "created_at": pd.Timestamp("2024-10-01", tz="UTC"),
            }
        ]
    )
    row = _only(store.fetch_pull_requests())
    assert (row["number"], row["created_at"]) == (3, T1)
    assert (row["merged_at"], row["reopened"], row["additions"]) == (None, None, None)


def test_lone_surrogates_do_not_break_a_batch(store: ProdLensStore) -> None:
    store.insert_pull_requests([{"number": 1, "title": "a\ud800b"}])
    assert _only(store.fetch_pull_requests())["title"] == "a?b"


# Merging -----------------------------------------------------------------------------------


def test_newer_record_wins_and_an_older_one_fills_gaps_only(store: ProdLensStore) -> None:
    store.insert_pull_requests([{"number": 1, "title": "new", "state": "closed", "updated_at": T2}])
    older = {"number": 1, "title": "old", "state": "open", "author": "ada", "updated_at": T1}
    assert store.insert_pull_requests([older]) == 1
    row = _only(store.fetch_pull_requests())
    assert (row["title"], row["state"], row["author"]) == ("new", "closed", "ada")
    assert row["updated_at"] == T2


def test_none_never_hides_what_is_known(store: ProdLensStore) -> None:
    store.insert_pull_requests([{"number": 1, "reopened": True, "title": "t", "updated_at": T1}])
    store.insert_pull_requests([{"number": 1, "reopened": None, "title": None, "updated_at": T2}])
    row = _only(store.fetch_pull_requests())
    assert (row["reopened"], row["title"], row["updated_at"]) == (True, "t", T2)


def test_newest_record_that_knew_a_field_decides_it(store: ProdLensStore) -> None:
    rows: list[Row] = [
        {"number": 1, "state": "closed", "updated_at": T3},
        {"number": 1, "title": "first", "updated_at": T1},
        {"number": 1, "title": "second", "updated_at": T2},
    ]
    store.insert_pull_requests(rows)
    assert _only(store.fetch_pull_requests())["title"] == "second"
    store.insert_pull_requests([{"number": 1, "title": "first", "updated_at": T1}])
    assert _only(store.fetch_pull_requests())["title"] == "second"


def test_open_again_is_not_closed_any_more(store: ProdLensStore) -> None:
    store.insert_pull_requests(
        [{"number": 1, "state": "closed", "closed_at": T1, "updated_at": T1}]
    )
    store.insert_pull_requests([{"number": 1, "state": "open", "updated_at": T2}])
    assert _only(store.fetch_pull_requests())["closed_at"] is None
    late = {"number": 1, "state": "closed", "closed_at": T1, "updated_at": T1}
    assert store.insert_pull_requests([late]) == 0
    assert _only(store.fetch_pull_requests())["closed_at"] is None


def test_time_of_an_earlier_close_stays_away_after_the_next_close(store: ProdLensStore) -> None:
    first = {"number": 1, "state": "closed", "closed_at": T1, "updated_at": T1}
    store.insert_pull_requests(
        [
            {"number": 1, "state": state, "updated_at": at}
            for state, at in (("open", T2), ("closed", T3))
        ]
    )
    store.insert_pull_requests([first])
    assert _only(store.fetch_pull_requests())["closed_at"] is None
    assert _only(store.fetch_pull_requests())["state"] == "closed"


def test_of_equal_age_the_closed_state_and_the_larger_value_stand(store: ProdLensStore) -> None:
    one: Row = {"number": 1, "state": "open", "additions": 5, "reopened": True, "updated_at": T1}
    two: Row = {"number": 1, "state": "closed", "additions": 3, "reopened": False, "updated_at": T1}
    for rows, number in (([one, two], 1), ([two, one], 2)):
        store.insert_pull_requests([row | {"number": number} for row in rows])
    for row in store.fetch_pull_requests():
        assert (row["state"], row["additions"], row["reopened"]) == ("closed", 5, True)


def test_first_sight_is_the_earliest(store: ProdLensStore) -> None:
    store.insert_pull_requests([{"number": 1, "first_seen_at": T2, "updated_at": T1}])
    store.insert_pull_requests([{"number": 1, "first_seen_at": T3, "updated_at": T3}])
    store.insert_pull_requests([{"number": 1, "first_seen_at": T1}])
    assert _only(store.fetch_pull_requests())["first_seen_at"] == T1


def test_counts_rows_that_really_changed(store: ProdLensStore) -> None:
    row = {"number": 1, "title": "t", "updated_at": T2}
    assert store.insert_pull_requests([]) == 0
    assert store.insert_pull_requests([row, row | {"state": "open"}, {"number": 2}]) == 2
    assert store.insert_pull_requests([row, {"number": 2}]) == 0
    assert store.insert_pull_requests([row | {"title": "older", "updated_at": T1}]) == 0
    assert store.insert_commits([{"sha": "a"}, {"sha": "a", "author": "ada"}]) == 1
    assert store.insert_commits([{"sha": "a"}]) == 0


@contextlib.contextmanager
def _in_memory() -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        conn.row_factory = sqlite3.Row
        for statement in (line for step in MIGRATIONS for line in step.statements):
            conn.execute(statement)
        yield conn


def _ages(conn: sqlite3.Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in conn.execute("select * from sync_state order by key")]


_RECORD = st.fixed_dictionaries(
    {"number": st.just(1)},
    optional={
        "title": st.sampled_from(["a", "b", None]),
        "state": st.sampled_from(["open", "closed"]),
        "closed_at": st.sampled_from([T1, T2, None]),
        "reopened": st.sampled_from([True, False, None]),
        "additions": st.integers(0, 2),
        "first_seen_at": st.sampled_from([T1, T2]),
        "updated_at": st.sampled_from([T1, T2, T3, None]),
    },
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(records=st.lists(_RECORD, min_size=1, max_size=5), data=st.data())
def test_order_repetition_and_split_never_matter(records: list[Row], data: st.DataObject) -> None:
    order = data.draw(st.permutations(records))
    with _in_memory() as one, _in_memory() as two:
        delivery.insert_pull_requests(one, records)
        for record in [*order, order[0]]:
            delivery.insert_pull_requests(two, [record])
        assert delivery.fetch_pull_requests(one) == delivery.fetch_pull_requests(two)
        assert _ages(one) == _ages(two)


_COMMIT = st.fixed_dictionaries(
    {"sha": st.just("a")},
    optional={
        "author": st.sampled_from(["Ada L", "zoe", None]),
        "author_login": st.sampled_from(["ada", None]),
        "author_name": st.sampled_from(["Ada L", "Zoe Z"]),
        "is_merge": st.booleans(),
        "timestamp": st.sampled_from([T1, T2]),
        "authored_at": st.sampled_from([T1, T2]),
        "committed_at": st.sampled_from([T2, T3]),
        "landed_at": st.sampled_from([T2, T3, None]),
        "source": st.sampled_from(["git", "github"]),
    },
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(records=st.lists(_COMMIT, min_size=1, max_size=5), data=st.data())
def test_order_of_commit_records_never_matters(records: list[Row], data: st.DataObject) -> None:
    order = data.draw(st.permutations(records))
    with _in_memory() as one, _in_memory() as two:
        delivery.insert_commits(one, records)
        delivery.insert_commits(two, [*order, order[0]])
        assert delivery.fetch_commits(one) == delivery.fetch_commits(two)


# Commits -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("times", "timestamp", "landed"),
    [
        ({"authored_at": T1, "committed_at": T2, "landed_at": T3}, T3, T3),
        ({"authored_at": T1, "committed_at": T2}, T2, None),
        ({"authored_at": T1}, T1, None),
        ({"timestamp": T1}, T1, T1),
        ({"timestamp": T2, "authored_at": T1, "committed_at": T2}, T2, None),
        ({"timestamp": T3, "authored_at": T1}, T3, T3),
        ({"timestamp": T1, "landed_at": T3}, T3, T3),
        ({}, None, None),
    ],
)
def test_commit_counts_when_it_landed(
    store: ProdLensStore, times: Row, timestamp: str | None, landed: str | None
) -> None:
    store.insert_commits([{"sha": "a", **times}])
    row = _only(store.fetch_commits())
    assert (row["timestamp"], row["landed_at"]) == (timestamp, landed)


def test_commit_is_on_the_default_branch_and_no_merge_unless_said(store: ProdLensStore) -> None:
    store.insert_commits(
        [{"sha": "a", "timestamp": T1}, {"sha": "b", "is_merge": True, "on_default_branch": False}]
    )
    flags = {r["sha"]: (r["is_merge"], r["on_default_branch"]) for r in store.fetch_commits()}
    assert flags == {"a": (False, True), "b": (True, False)}


def test_last_word_on_the_branch_counts(store: ProdLensStore) -> None:
    store.insert_commits([{"sha": "a", "timestamp": T1}])
    assert store.insert_commits([{"sha": "a", "on_default_branch": False}]) == 1
    assert store.insert_commits([{"sha": "a", "author": "ada"}]) == 1
    assert _only(store.fetch_commits())["on_default_branch"] is False


def test_commit_author_is_the_login_where_it_is_known(store: ProdLensStore) -> None:
    store.insert_commits([{"sha": "a", "author_name": "Zoe Z"}])
    assert _only(store.fetch_commits())["author"] == "Zoe Z"
    store.insert_commits([{"sha": "a", "author_login": "ada"}])
    assert _only(store.fetch_commits())["author"] == "ada"


@pytest.mark.parametrize("row", [{"author": "ada"}, {"sha": ""}, {"sha": None}])
def test_commit_needs_a_sha(store: ProdLensStore, row: Row) -> None:
    with pytest.raises(InputError, match="sha"):
        store.insert_commits([row])


def test_commits_come_oldest_first(store: ProdLensStore) -> None:
    store.insert_commits([{"sha": "b", "timestamp": T2}, {"sha": "c", "timestamp": T1}])
    assert [row["sha"] for row in store.fetch_commits()] == ["c", "b"]


# Stale days --------------------------------------------------------------------------------


def test_days_of_merge_reopening_and_landing_become_stale(store: ProdLensStore) -> None:
    store.insert_pull_requests(
        [{"number": 1, "created_at": T1, "merged_at": T3, "reopened_at": T2}]
    )
    store.insert_commits([{"sha": "a", "timestamp": "2024-10-05T23:59:59.999999Z"}])
    assert _stale(store) == ["2024-10-02", "2024-10-03", "2024-10-05"]


def test_old_and_new_day_become_stale_when_a_time_moves(store: ProdLensStore) -> None:
    store.insert_pull_requests([{"number": 1, "merged_at": T1, "updated_at": T1}])
    store.insert_commits([{"sha": "a", "authored_at": "2024-10-07"}])
    _forget_stale(store)
    store.insert_pull_requests([{"number": 1, "merged_at": T3, "updated_at": T3}])
    store.insert_commits([{"sha": "a", "landed_at": "2024-10-09"}])
    assert _stale(store) == ["2024-10-01", "2024-10-03", "2024-10-07", "2024-10-09"]


def test_creation_and_branch_change_the_day_they_count_on(store: ProdLensStore) -> None:
    store.insert_pull_requests([{"number": 1, "merged_at": T3}])
    store.insert_commits([{"sha": "a", "timestamp": T2}])
    _forget_stale(store)
    store.insert_pull_requests([{"number": 1, "created_at": T1}])
    store.insert_commits([{"sha": "a", "on_default_branch": False}])
    assert _stale(store) == ["2024-10-02", "2024-10-03"]


def test_what_counts_nowhere_makes_no_day_stale(store: ProdLensStore) -> None:
    store.insert_pull_requests([{"number": 1, "merged_at": T3}])
    _forget_stale(store)
    store.insert_pull_requests([{"number": 1, "title": "new"}, {"number": 2, "created_at": T1}])
    assert _stale(store) == []


def test_known_reopenings_of_a_new_pull_request_make_their_days_stale(
    store: ProdLensStore,
) -> None:
    with store.transaction() as conn:
        repository_id(conn, "org/repo")
        conn.execute(
            "insert into pr_events (repo_id, event_id, number, event, created_at) "
            "values (1, 5, 1, 'reopened', ?)",
            (T2,),
        )
    store.insert_pull_requests([{"number": 1, "repo_slug": "org/repo"}])
    assert _stale(store) == ["2024-10-02"]
