from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prodlens.storage import ProdLensStore, delivery, github_sync, history, history_requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = "2026-10-01T00:00:00.000000Z"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        with opened.transaction() as conn:
            assert delivery.repository_id(conn, "acme/pay") == 1
        yield opened


def at(hour: int) -> str:
    return f"2026-09-01T{hour:02d}:00:00.000000Z"


def pull(hour: int, **more: Any) -> dict[str, Any]:
    return {
        "number": 1,
        "state": "open",
        "created_at": at(8),
        "updated_at": at(hour),
        "closed_at": None,
        "merged_at": None,
        "merge_commit_sha": None,
        "labels": [],
    } | more


def write(store: ProdLensStore, *rows: dict[str, Any], recheck: bool = False) -> set[int]:
    with store.transaction() as conn:
        return github_sync.write_pull_requests(conn, 1, rows, now=NOW, recheck=recheck)


def row(store: ProdLensStore) -> dict[str, Any]:
    return store.fetch_pull_requests()[0]


def scope(store: ProdLensStore) -> str | None:
    return history.state(store.conn, 1, "recheck").get("1")


def settle(store: ProdLensStore, *, complete: bool = True) -> bool:
    with store.transaction() as conn:
        (one,) = github_sync.waiting(conn, 1)
        return github_sync.set_reopened(conn, 1, one, complete=complete)


def happened(store: ProdLensStore, event_id: int, kind: str, hour: int) -> None:
    with store.transaction() as conn:
        github_sync.add_events(conn, 1, [(event_id, 1, kind, "ada", at(hour), None)])


def test_a_page_tells_which_rows_changed(store: ProdLensStore) -> None:
    assert write(store, pull(9), pull(9, number=2)) == {1, 2}
    assert write(store, pull(9), pull(10, number=2)) == {2}
    assert write(store, pull(9), pull(10, number=2)) == set()


def test_an_older_answer_changes_nothing(store: ProdLensStore) -> None:
    write(store, pull(12, state="closed", closed_at=at(12)))
    assert write(store, pull(10)) == set()
    assert (row(store)["state"], row(store)["updated_at"]) == ("closed", at(12))


def test_of_two_answers_of_one_second_the_later_stands(store: ProdLensStore) -> None:
    write(store, pull(9, labels=["b"], state="closed", closed_at=at(9)))
    assert write(store, pull(9, labels=["a"])) == {1}
    assert (row(store)["state"], row(store)["closed_at"], row(store)["labels"]) == (
        "open",
        None,
        '["a"]',
    )
    assert write(store, pull(9, labels=["a"])) == set()


def test_what_is_new_waits_for_all_of_its_events(store: ProdLensStore) -> None:
    write(store, pull(9))
    assert (row(store)["reopened"], scope(store)) == (None, "all")
    assert settle(store) is True
    assert (row(store)["reopened"], row(store)["reopened_count"], scope(store)) == (False, 0, None)


def test_what_was_known_waits_for_what_is_new(store: ProdLensStore) -> None:
    write(store, pull(9))
    settle(store)
    write(store, pull(10))
    assert (row(store)["reopened"], scope(store)) == (None, "delta")
    write(store, pull(11))
    assert scope(store) == "delta"


def test_reading_everything_again_waits_for_all_events(store: ProdLensStore) -> None:
    write(store, pull(9))
    settle(store)
    assert write(store, pull(9), recheck=True) == set()
    assert scope(store) == "all"


def test_a_reopening_that_was_seen_is_certain_before_all_is_known(store: ProdLensStore) -> None:
    write(store, pull(9))
    happened(store, 50, "reopened", 10)
    assert settle(store, complete=False) is True
    assert (row(store)["reopened"], row(store)["reopened_at"], scope(store)) == (
        True,
        at(10),
        "all",
    )


def test_without_a_reopening_and_without_all_events_nothing_is_said(store: ProdLensStore) -> None:
    write(store, pull(9))
    happened(store, 50, "closed", 10)
    assert settle(store, complete=False) is False
    assert (row(store)["reopened"], scope(store)) == (None, "all")


def test_closed_before_and_open_now_is_a_reopening(store: ProdLensStore) -> None:
    write(store, pull(9, state="closed", closed_at=at(9)))
    settle(store)
    write(store, pull(10))
    assert (row(store)["reopened"], row(store)["reopened_count"]) == (True, 1)
    settle(store)
    assert (row(store)["reopened"], row(store)["reopened_count"]) == (True, 1)


def test_events_are_kept_once_and_mark_their_day(store: ProdLensStore) -> None:
    write(store, pull(9))
    store.conn.execute("delete from dirty_days")
    happened(store, 50, "closed", 9)
    assert store.conn.execute("select count(*) from dirty_days").fetchone()[0] == 0
    happened(store, 51, "reopened", 10)
    happened(store, 51, "reopened", 10)
    assert store.conn.execute("select count(*) from pr_events").fetchone()[0] == 2
    days = [tuple(one) for one in store.conn.execute("select kind, event_date from dirty_days")]
    assert days == [("github", "2026-09-01")]


@pytest.mark.parametrize("clone_first", [True, False])
def test_what_github_knows_as_unmerged_no_clone_can_merge(
    store: ProdLensStore, clone_first: bool
) -> None:
    guess = {
        "number": 1,
        "title": "A fork's (#1)",
        "author": None,
        "author_id": None,
        "is_bot": None,
        "state": "closed",
        "merged_at": at(7),
        "closed_at": at(7),
        "head_ref": None,
        "merge_commit_sha": "a" * 40,
        "reverts_number": None,
    }

    def clone() -> None:
        with store.transaction() as conn:
            history_requests.write(conn, 1, [guess])

    if clone_first:
        clone()
    write(store, pull(9))
    if not clone_first:
        clone()
    found = row(store)
    assert (found["state"], found["merged_at"], found["merge_commit_sha"]) == ("open", None, None)
    assert (found["source"], found["title"]) == ("github", "A fork's (#1)")
    write(store, pull(10, state="closed", merged_at=at(10), merge_commit_sha="b" * 40))
    assert (row(store)["merged_at"], row(store)["merge_commit_sha"]) == (at(10), "b" * 40)


def test_sizes_are_known_as_of_a_change(store: ProdLensStore) -> None:
    write(store, pull(9, node_id="PR_1"), pull(9, number=2))
    assert github_sync.unsized(store.conn, 1) == [(1, "PR_1", at(9))]
    size = {"additions": 5, "deletions": 1, "changed_files": 2, "first_review_at": None}
    with store.transaction() as conn:
        assert github_sync.set_sizes(conn, 1, {1: (size, at(9))}) == {1}
        assert github_sync.set_sizes(conn, 1, {1: (size, at(9))}) == set()
    assert github_sync.unsized(store.conn, 1) == []
    write(store, pull(10, node_id="PR_1"))
    assert github_sync.unsized(store.conn, 1) == [(1, "PR_1", at(10))]


def test_a_stream_forgets_what_is_named_or_everything(store: ProdLensStore) -> None:
    with store.transaction() as conn:
        history.set_state(conn, 1, {"a": "1", "b": "2", "c": "3"}, "pulls")
        github_sync.forget(conn, 1, "pulls", "a")
        assert history.state(conn, 1, "pulls") == {"b": "2", "c": "3"}
        github_sync.forget(conn, 1, "pulls")
        assert history.state(conn, 1, "pulls") == {}
