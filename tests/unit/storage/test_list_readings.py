from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.selection import Selection
from prodlens.storage import ProdLensStore, list_readings, where
from prodlens.storage.list_readings import SORTS, Counts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def call(number: int, session: str | None, at: str, **fields: Any) -> dict[str, Any]:
    return {"native_key": f"test:{number}", "timestamp": at, "session_id": session, **fields}


CALLS = (
    call(
        *(1, "long", "2026-03-02T09:00:00Z"),
        model="gpt-5",
        repo_slug="acme/web",
        tokens_in=100,
        tokens_out=10,
        cost_usd=0.5,
        accepted_flag=True,
        status_code=200,
    ),
    call(
        *(2, "long", "2026-03-02T09:30:30Z"),
        model="claude-x",
        repo_slug="acme/web",
        tokens_in=7,
        accepted_flag=False,
        status_code=429,
    ),
    call(3, "long", "2026-03-02T09:10:00Z", model="claude-x", repo_slug="acme/web"),
    call(4, "wide", "2026-03-03T09:00:00Z", repo_slug="acme/web", cost_usd=0.0),
    call(5, "wide", "2026-03-03T09:01:00Z", repo_slug="acme/api", cost_usd=0.25),
    call(6, "bare", "2026-03-01T09:00:00Z"),
    call(7, None, "2026-03-04T09:00:00Z"),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        opened.insert_sessions(CALLS)
        yield opened


def names(store: ProdLensStore, chosen: Selection | None = None, **asked: Any) -> list[str]:
    clause = where.sessions(chosen or Selection())
    return [one.session_id for one in list_readings.sessions(store.conn, clause, **asked)]


def edit(
    store: ProdLensStore, key: str, session: str | None, decision: str, call: Any = None
) -> None:
    store.conn.execute(
        "insert into suggestions (suggestion_key, session_id, call_id, decision, decided_by) "
        "values (?, ?, ?, ?, 'user')",
        (key, session, call, decision),
    )


def link(store: ProdLensStore, session: str, ref: str, source: str = "x") -> None:
    store.conn.execute(
        "insert into session_links (session_id, kind, repo_slug, ref, source) "
        "values (?, 'pull_request', 'Acme/Web', ?, ?)",
        (session, ref, source),
    )


def test_a_session_adds_up_its_calls_and_keeps_unknown_apart_from_nothing(
    store: ProdLensStore,
) -> None:
    found = {
        one.session_id: one
        for one in list_readings.sessions(store.conn, where.sessions(Selection()))
    }
    long, wide, bare = found["long"], found["wide"], found["bare"]
    assert (long.first_call, long.last_call) == (
        datetime(2026, 3, 2, 9, tzinfo=UTC),
        datetime(2026, 3, 2, 9, 30, 30, tzinfo=UTC),
    )
    assert (long.calls, long.tokens_known, long.tokens) == (3, 2, 117)
    assert (long.priced, long.cost_nanos) == (1, 500_000_000)
    assert (long.decided, long.accepted, long.outcome_known, long.errors) == (2, 1, 2, 1)
    assert long.models == ("claude-x", "gpt-5")
    assert (long.repo, long.repositories) == ("acme/web", 1)
    assert (wide.repo, wide.repositories, wide.models) == (None, 2, ())
    assert (wide.priced, wide.cost_nanos) == (2, 250_000_000)
    assert (bare.repo, bare.repositories, bare.tokens_known, bare.priced) == (None, 0, 0, 0)
    assert (bare.edits_accepted, bare.edits_rejected, bare.pull_requests) == (None, None, ())


def test_edits_and_pull_requests_of_a_session_are_found(store: ProdLensStore) -> None:
    edit(store, "a", "long", "accept")
    edit(store, "b", "long", "reject")
    row = store.conn.execute("select id from sessions where session_id = 'long' limit 1").fetchone()
    edit(store, "c", None, "accept", row["id"])
    edit(store, "d", "wide", "unknown")
    link(store, "long", "12")
    link(store, "long", "12", "y")
    link(store, "long", "9")
    found = {
        one.session_id: one
        for one in list_readings.sessions(store.conn, where.sessions(Selection()))
    }
    assert (found["long"].edits_accepted, found["long"].edits_rejected) == (2, 1)
    assert (found["wide"].edits_accepted, found["wide"].edits_rejected) == (0, 0)
    assert found["long"].pull_requests == ("acme/web#9", "acme/web#12")


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("start", ["wide", "long", "bare"]),
        ("minutes", ["long", "wide", "bare"]),
        ("calls", ["long", "wide", "bare"]),
        ("tokens", ["long", "wide", "bare"]),
        ("cost", ["long", "wide", "bare"]),
        ("errors", ["long", "wide", "bare"]),
    ],
)
def test_the_largest_stands_first_and_what_is_not_known_last(
    store: ProdLensStore, sort: str, expected: list[str]
) -> None:
    assert names(store, sort=sort) == expected
    assert sort in SORTS


def test_a_limit_cuts_after_sorting(store: ProdLensStore) -> None:
    assert names(store, sort="start", limit=2) == ["wide", "long"]


def test_only_calls_of_the_slice_count(store: ProdLensStore) -> None:
    api = Selection(repositories=("acme/api",))
    clause = where.sessions(api)
    (only,) = list_readings.sessions(store.conn, clause)
    assert (only.session_id, only.calls, only.repo) == ("wide", 1, "acme/api")
    assert list_readings.counts(store.conn, clause) == Counts(1, 0)
    assert list_readings.counts(store.conn, where.sessions(Selection())) == Counts(3, 1)


def test_more_sessions_than_fit_one_statement_are_read_whole(tmp_path: Path) -> None:
    many = [call(n, f"s{n:04d}", "2026-03-02T09:00:00Z", model=f"m{n % 7}") for n in range(1203)]
    with ProdLensStore(tmp_path / "many.db") as opened:
        opened.insert_sessions(many)
        found = list_readings.sessions(opened.conn, where.sessions(Selection()))
    assert [one.models for one in found] == [(f"m{n % 7}",) for n in range(1203)]


def test_a_database_of_before_links_has_none(store: ProdLensStore) -> None:
    store.conn.execute("drop table session_links")
    assert names(store) == ["wide", "long", "bare"]
