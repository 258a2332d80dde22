"""Who made a call: decided when it is asked, from what is known of its developer id by then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prodlens.identity import People
from prodlens.metrics.coverage import coverage_of
from prodlens.metrics.inputs import read_inputs
from prodlens.selection import Selection
from prodlens.storage import ProdLensStore, persons, readings, slice_readings, slices, where

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LAPTOP, UUID = "0f" * 32, "9c1b7f0e-0d3a-4b52-8f63-2f6f1c2f7a11"
CALLS: tuple[dict[str, Any], ...] = (
    {"developer_id": LAPTOP, "developer_source": "derived", "session_id": "a"},
    {"developer_id": LAPTOP, "developer_source": "derived", "session_id": "a"},
    {"developer_id": UUID, "developer_source": "explicit", "session_id": "b"}
    | {"session_source": "explicit"},
    {"developer_id": "Ada@Example.org", "developer_source": "given", "session_id": "c"}
    | {"session_source": "derived"},
    {"developer_id": "bob"},
    {},
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        opened.insert_sessions(
            {
                "timestamp": f"2026-09-01T12:00:0{number}Z",
                "native_key": f"test:{number}",
                "accepted_flag": True,
                **fields,
            }
            for number, fields in enumerate(CALLS)
        )
        yield opened


def link(store: ProdLensStore) -> None:
    People(store).link("Ada", [f"device:{LAPTOP}", f"account:{UUID}", "ada@example.org"])


def developers(store: ProdLensStore) -> tuple[int, int]:
    found = read_inputs(store, Selection()).distinct
    return found.developers, found.active_hours


def test_ids_of_one_person_count_once_when_somebody_links_them_later(store: ProdLensStore) -> None:
    assert developers(store) == (4, 5)
    link(store)
    assert developers(store) == (2, 3)
    People(store).unlink(f"account:{UUID}")
    assert developers(store) == (3, 4)


def test_decided_calls_cluster_by_person(store: ProdLensStore) -> None:
    link(store)
    found = slice_readings.decided_calls(store.conn, Selection())
    assert sorted(found.developers) == ["", "Ada", "bob"]
    by_person = [found.developers[place] for place in found.developer]
    assert sorted(by_person) == ["", "Ada", "Ada", "Ada", "Ada", "bob"]


@pytest.mark.parametrize(
    ("asked", "before", "after"),
    [("Ada", 0, 4), (LAPTOP, 2, 2), ("bob", 1, 1), ("BOB", 0, 0)],
)
def test_a_selection_of_a_person_finds_every_id_of_theirs(
    store: ProdLensStore, asked: str, before: int, after: int
) -> None:
    People(store).resolve()

    def calls() -> int:
        clause = where.sessions(Selection(developers=(asked,)))
        return readings.total(readings.by_model(store.conn, clause).values()).calls

    assert calls() == before
    link(store)
    assert calls() == after


def test_an_id_differs_from_another_one_in_its_letters_case_unless_it_is_an_email(
    store: ProdLensStore,
) -> None:
    People(store).link("Bob", ["trace_user:BOB"])
    clause = where.sessions(Selection(developers=("Bob",)))
    assert readings.by_model(store.conn, clause) == {}


def test_the_provenance_of_ids_is_counted(store: ProdLensStore) -> None:
    found = read_inputs(store, Selection()).identification
    assert found.session == {"explicit": 1, "derived": 1, "unsaid": 2, "unknown": 2}
    assert found.developer == {"explicit": 1, "derived": 2, "given": 1, "unsaid": 1, "unknown": 1}
    assert (found.developer_ids, found.resolved_ids, found.resolved_calls) == (4, 0, 0)


def test_an_id_is_resolved_once_evidence_or_a_person_links_it(store: ProdLensStore) -> None:
    def resolved() -> tuple[int, int]:
        found = read_inputs(store, Selection()).identification
        return found.resolved_ids, found.resolved_calls

    People(store).resolve()
    assert resolved() == (0, 0)  # that calls name an id says nothing of whose it is
    store.insert_commits(
        [{"sha": "a", "author_email": "ada@example.org", "landed_at": "2026-09-01"}]
    )
    People(store).resolve()
    assert resolved() == (1, 1)
    link(store)
    assert resolved() == (3, 4)
    coverage = coverage_of(read_inputs(store, Selection()))
    assert coverage.unresolved_share == pytest.approx(2 / 6)
    document = coverage.to_dict()
    assert document["developer_id_sources"] == {
        "explicit": pytest.approx(1 / 6),
        "derived": pytest.approx(2 / 6),
        "inherited": 0.0,
        "given": pytest.approx(1 / 6),
        "weak": 0.0,
        "unsaid": pytest.approx(1 / 6),
        "unknown": pytest.approx(1 / 6),
    }
    assert (document["developer_ids"], document["resolved_developer_ids"]) == (4, 3)


@pytest.mark.parametrize("indexed", [True, False])
def test_the_calls_of_a_person_are_found_by_their_ids(store: ProdLensStore, indexed: bool) -> None:
    link(store)
    if not indexed:  # as in a store that may only be read and comes from an older version
        store.conn.execute("drop index idx_sessions_developer")
    assert persons.ids_of(store.conn, ["Ada"]) == sorted([LAPTOP, UUID, "Ada@Example.org"])
    assert persons.ids_of(store.conn, ["bob", "nobody"]) == ["bob"]
    assert read_inputs(store, Selection(developers=("Ada", "bob"))).total.calls == 5
    assert read_inputs(store, Selection(developers=("nobody",))).total.calls == 0


def test_an_index_finds_the_calls_of_a_person(store: ProdLensStore) -> None:
    rows = slices.slice_of(store.conn, Selection(developers=("bob",))).rows
    assert rows is not None
    plan = f"explain query plan select count(*) from sessions where {rows.sql}"  # noqa: S608 - our own
    steps = [str(row[3]) for row in store.conn.execute(plan, rows.parameters)]
    assert any("idx_sessions_developer (developer_id=?)" in step for step in steps)
