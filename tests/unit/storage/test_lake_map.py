from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prodlens.storage import ProdLensStore, lake_map
from prodlens.storage.maintenance import backup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        opened.insert_sessions(
            [
                call("a/b", "2024-10-01"),
                call("a/b", "2024-10-01", 13),
                call("c/d", "2024-10-02"),
                call(None, "2024-10-02"),
            ]
        )
        with opened.transaction() as conn:
            lake_map.track(conn)
        yield opened


def call(repo: str | None, day: str, hour: int = 12) -> dict[str, Any]:
    return {"timestamp": f"{day}T{hour:02}:00:00Z", "repo_slug": repo, "tokens_in": 5}


def seen(store: ProdLensStore) -> dict[tuple[str, str], str | None]:
    return {(d.repo_slug, d.event_date): d.seen for d in lake_map.days_of_calls(store.conn)}


def changed_by(store: ProdLensStore, statement: str) -> set[tuple[str, str]]:
    """Return which (repository, day) look changed after a statement, those that went included."""
    before = seen(store)
    store.conn.execute(statement)
    after = seen(store)
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def dashed(slug: str, taken: Iterable[str]) -> str:
    return f"{slug.replace('/', '-')}.{len(list(taken))}"


def test_days_of_calls_are_counted_by_repository(store: ProdLensStore) -> None:
    found = [(d.repo_slug, d.event_date, d.calls) for d in lake_map.days_of_calls(store.conn)]
    assert found == [("a/b", "2024-10-01", 2), ("", "2024-10-02", 1), ("c/d", "2024-10-02", 1)]
    later = lake_map.days_of_calls(store.conn, "2024-10-02")
    assert [d.repo_slug for d in later] == ["", "c/d"]


def test_empty_and_missing_repository_are_one(store: ProdLensStore) -> None:
    store.insert_sessions([call("", "2024-10-02", 15)])
    found = {(d.repo_slug, d.event_date): d.calls for d in lake_map.days_of_calls(store.conn)}
    assert found["", "2024-10-02"] == 2


def test_reading_changes_nothing(store: ProdLensStore) -> None:
    assert changed_by(store, "select 1") == set()


@pytest.mark.parametrize(
    ("statement", "changed"),
    [
        (
            "update sessions set latency_ms = 1 where repo_slug = 'a/b'",
            {("a/b", "2024-10-01")},
        ),
        (
            "update sessions set event_date = '2024-10-03' where repo_slug = 'c/d'",
            {("c/d", "2024-10-02"), ("c/d", "2024-10-03"), ("", "2024-10-02")},
        ),
        (
            "update or ignore sessions set repo_slug = 'e/f' where id = 1",
            {("a/b", "2024-10-01"), ("e/f", "2024-10-01")},
        ),
        ("delete from sessions where id = 1", {("a/b", "2024-10-01")}),
        (
            "delete from sessions",
            {("a/b", "2024-10-01"), ("c/d", "2024-10-02"), ("", "2024-10-02")},
        ),
        (
            """
            insert into sessions (trace_hash, timestamp, event_date, source, sources, repo_slug,
                identity_key, content) values ('x', '', '2024-10-01', '', '', 'a/b', '', 1)
            """,
            {("a/b", "2024-10-01")},
        ),
    ],
)
def test_every_kind_of_change_is_seen(
    store: ProdLensStore, statement: str, changed: set[tuple[str, str]]
) -> None:
    assert changed_by(store, statement) == changed


def test_a_call_that_is_replaced_by_another_one_is_seen(store: ProdLensStore) -> None:
    before = seen(store)
    store.conn.execute("delete from sessions where repo_slug is null")
    store.insert_sessions([call(None, "2024-10-02", 20)])
    assert seen(store)["", "2024-10-02"] != before["", "2024-10-02"]


def test_copies_of_a_store_that_went_different_ways_look_different(
    store: ProdLensStore, tmp_path: Path
) -> None:
    backup(store, tmp_path / "copy.db")
    with ProdLensStore(tmp_path / "copy.db") as copy:
        assert seen(copy) == seen(store)
        store.insert_sessions([call("a/b", "2024-10-01", 18)])
        copy.insert_sessions([call("a/b", "2024-10-01", 19)])
        assert seen(copy)["a/b", "2024-10-01"] != seen(store)["a/b", "2024-10-01"]


def test_without_tracking_nothing_is_known(tmp_path: Path) -> None:
    with ProdLensStore(tmp_path / "other.db") as other:
        other.insert_sessions([call("a/b", "2024-10-01")])
        assert not lake_map.is_tracked(other.conn)
        assert lake_map.store_token(other.conn) is None
        assert seen(other) == {("a/b", "2024-10-01"): None}


def test_tracking_twice_keeps_the_token_and_stores_have_different_ones(
    store: ProdLensStore, tmp_path: Path
) -> None:
    token = lake_map.store_token(store.conn)
    with store.transaction() as conn:
        lake_map.track(conn)
    assert lake_map.store_token(store.conn) == token
    with ProdLensStore(tmp_path / "other.db") as other:
        with other.transaction() as conn:
            lake_map.track(conn)
        assert lake_map.store_token(other.conn) != token


def test_folders_are_given_in_order_and_never_change(store: ProdLensStore) -> None:
    with store.transaction() as conn:
        given = lake_map.assign(conn, dashed)
    assert given == {"": ".0", "a/b": "a-b.1", "c/d": "c-d.2"}
    store.conn.execute("delete from sessions where repo_slug = 'a/b'")
    store.insert_sessions([call("a/first", "2024-10-01")])
    with store.transaction() as conn:
        again = lake_map.assign(conn, dashed)
    assert again == given | {"a/first": "a-first.3"}
    assert lake_map.folders(store.conn) == again


def test_a_repository_is_known_under_all_its_names(store: ProdLensStore) -> None:
    store.conn.execute("insert into repositories (repo_id, slug) values (7, 'New/Name')")
    store.conn.execute("insert into repo_aliases values ('github.com', 'old/name', 7)")
    assert lake_map.names_of(store.conn, "old/name") == {"old/name", "new/name"}
    assert lake_map.names_of(store.conn, "new/name") == {"old/name", "new/name"}
    assert lake_map.names_of(store.conn, "a/b") == {"a/b"}


def test_a_snapshot_sees_one_moment(store: ProdLensStore, tmp_path: Path) -> None:
    with lake_map.snapshot(store.conn):
        before = seen(store)
        with ProdLensStore(tmp_path / "cache.db") as writer:
            writer.insert_sessions([call("x/y", "2024-11-01")])
        assert seen(store) == before
    assert ("x/y", "2024-11-01") in seen(store)
    assert not store.conn.in_transaction


def test_a_snapshot_inside_a_transaction_leaves_it_open(store: ProdLensStore) -> None:
    with store.transaction() as conn:
        with lake_map.snapshot(conn):
            assert len(seen(store)) == 3
        assert conn.in_transaction
