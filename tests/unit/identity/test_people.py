"""What people say of identities is kept, applied, and can be taken back to the last row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prodlens.errors import InputError
from prodlens.identity import People
from prodlens.storage import ProdLensStore, identities

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOREPLY = "101+ada@users.noreply.github.com"
COMMIT: dict[str, Any] = {"repo_slug": "acme/pay", "landed_at": "2026-09-01"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        opened.insert_commits(
            [
                {**COMMIT, "sha": "a1", "author_email": NOREPLY, "author_name": "Ada"}
                | {"author_login": "ada", "author_id": 101},
                {**COMMIT, "sha": "a2", "author_email": "ada@home.example", "author_name": "Ada"},
                {**COMMIT, "sha": "b1", "author_email": "bob@example.org", "author_name": "Bob"},
                {**COMMIT, "sha": "b2", "author_email": "bob@example.org", "author_name": "Bob"},
                {**COMMIT, "sha": "m", "author_email": "bob@example.org", "is_merge": True},
                {**COMMIT, "sha": "off", "author_email": "eve@example.org"}
                | {"on_default_branch": False},
                {**COMMIT, "sha": "g", "author_email": "noreply@github.com"},
                {**COMMIT, "sha": "d", "author_email": "x@example.org", "is_bot": True},
            ]
        )
        opened.insert_sessions(
            [
                {
                    "timestamp": "2026-09-01T00:00:00Z",
                    "developer_id": who,
                    "session_id": f"{who}{n}",
                }
                for who, n in (("bob@example.org", 1), ("dev-42", 2), ("dev-42", 3), (None, 4))
            ]
        )
        yield opened


@pytest.fixture
def people(store: ProdLensStore) -> People:
    return People(store)


def rows(store: ProdLensStore) -> list[tuple[Any, ...]]:
    found = store.conn.execute(
        "select kind, value, developer_id, source, confidence from developer_identities "
        "order by developer_id, kind, value"
    )
    return [tuple(row) for row in found]


def dump(store: ProdLensStore) -> list[str]:
    return list(store.conn.iterdump())


def test_certain_evidence_joins_and_the_rest_is_counted(
    people: People, store: ProdLensStore
) -> None:
    found = people.resolve()
    assert rows(store) == [
        ("email", NOREPLY, "ada", "noreply", 1.0),
        ("email", "ada@home.example", "ada", "same_name", 0.5),
        ("github_id", "101", "ada", "noreply", 1.0),
        ("github_login", "ada", "ada", "noreply", 1.0),
        ("email", "bob@example.org", "bob@example.org", "same_email", 1.0),
        ("trace_user", "dev-42", "dev-42", "trace", 1.0),
    ]
    assert found.developers == {"ada": "Ada", "bob@example.org": "Bob", "dev-42": None}
    assert (found.commits, found.unresolved_commits) == (4, 1)
    assert found.unresolved_commit_share == 0.25
    assert (found.calls, found.unjoined_calls, found.unjoined_call_share) == (4, 3, 0.75)


def test_resolving_twice_writes_nothing(people: People, store: ProdLensStore) -> None:
    assert people.resolve().changed
    before = dump(store)
    assert not people.resolve().changed
    assert dump(store) == before


def test_nothing_known_has_no_shares(tmp_path: Path) -> None:
    with ProdLensStore(tmp_path / "empty.db") as empty:
        found = People(empty).resolve()
    assert (found.unresolved_commit_share, found.unjoined_call_share) == (None, None)
    assert (found.developers, found.suggestions) == ({}, ())


def test_a_link_joins_calls_and_commits(people: People, store: ProdLensStore) -> None:
    found = people.link("ada", ["trace_user:dev-42", "ada@home.example"])
    assert set(found.developers) == {"ada", "bob@example.org"}
    assert (found.unresolved_commits, found.unjoined_calls) == (0, 1)
    assert ("trace_user", "dev-42", "ada", "stated", 1.0) in rows(store)


def test_a_link_to_an_unknown_address_takes_that_address_too(people: People) -> None:
    found = people.link("ada@home.example", ["email:other@example.org"])
    mine = [row.value for row in found.identities if row.developer_id == "ada@home.example"]
    assert mine == ["ada@home.example", "other@example.org"]


def test_an_unlink_and_its_undo_end_where_they_began(people: People, store: ProdLensStore) -> None:
    people.resolve()
    before = dump(store)
    found = people.unlink("bob@example.org")
    assert set(found.developers) == {"ada", "bob@example.org", "dev-42"}
    assert ("email", "bob@example.org", "bob@example.org", "apart", 1.0) in rows(store)
    people.unlink("bob@example.org", undo=True)
    assert dump(store) == before


def test_a_merge_joins_and_can_be_taken_back(people: People) -> None:
    people.resolve()
    merged = people.merge("dev-42", "ada")
    assert set(merged.developers) == {"ada", "bob@example.org"}
    apart = people.unlink("developer:dev-42")
    assert set(apart.developers) == {"ada", "bob@example.org", "dev-42"}


def test_an_id_that_was_merged_into_stays_when_more_becomes_known(
    people: People, store: ProdLensStore
) -> None:
    people.merge("dev-42", "ada")
    store.insert_sessions(
        [{"timestamp": "2026-09-02T00:00:00Z", "developer_id": NOREPLY, "session_id": "s"}]
    )
    found = people.resolve()
    assert set(found.developers) == {"ada", "bob@example.org"}


def test_merging_what_is_one_or_unknown_is_refused(people: People) -> None:
    people.merge("dev-42", "ada")
    with pytest.raises(InputError, match="are one developer already"):
        people.merge("ada", "dev-42")
    with pytest.raises(InputError, match="are one developer already"):
        people.merge("ada", "ada")
    with pytest.raises(InputError, match="There is no developer 'eve'"):
        people.merge("eve", "ada")


def test_there_must_be_something_to_take_back(people: People) -> None:
    with pytest.raises(InputError, match="is linked to nobody"):
        people.unlink("eve@example.org")
    with pytest.raises(InputError, match="Nothing was said of email:eve@"):
        people.unlink("eve@example.org", undo=True)
    with pytest.raises(InputError, match="ada was not merged"):
        people.unlink("developer:ada")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 300])
def test_a_developer_needs_a_name(people: People, name: str) -> None:
    with pytest.raises(InputError, match="is no developer id"):
        people.link(name, ["ada@home.example"])


def test_commits_of_a_linked_developer_are_selected(people: People, store: ProdLensStore) -> None:
    from prodlens.selection import Selection
    from prodlens.storage import where

    people.link("ada", ["ada@home.example"])
    clause = where.commits(Selection(developers=("ada",)))
    statement = "select sha from commits where " + clause.sql  # noqa: S608 - the clause under test
    found = store.conn.execute(statement, clause.parameters)
    assert sorted(row[0] for row in found) == ["a1", "a2"]


def test_a_statement_in_the_older_spelling_of_a_kind_still_holds(
    people: People, store: ProdLensStore
) -> None:
    with store.transaction() as conn:
        identities.say(conn, identities.LINKS, {"trace_user:Bob@example.org": "Bob"})
    people.resolve()
    assert ("email", "bob@example.org", "Bob", "stated", 1.0) in rows(store)
    found = people.unlink("bob@example.org", undo=True)
    assert "Bob" not in found.developers
