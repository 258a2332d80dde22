from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from prodlens.identity import People
from prodlens.selection import Selection
from prodlens.storage import ProdLensStore, person_days, where

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = date(2026, 3, 4)
AT = datetime(2026, 3, 4, 9, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        opened.insert_sessions(
            {
                "native_key": key,
                "timestamp": AT,
                "session_id": session,
                "developer_id": developer,
                "total_tokens": 2_600,
                "cost_usd": 0.04,
                "accepted_flag": accepted,
                "repo_slug": "acme/web",
            }
            for key, session, developer, accepted in (
                ("1", "a", "ana@acme.example", True),
                ("2", "a", "ana@acme.example", False),
                ("3", "b", "ana@acme.example", None),
                ("4", "c", "bo", True),
            )
        )
        opened.insert_commits(
            {
                "sha": sha,
                "timestamp": AT,
                "repo_slug": "acme/web",
                "author": author,
                "author_name": author,
                "author_email": email,
                "is_merge": merge,
            }
            for sha, author, email, merge in (
                ("a1", "Ana", "ana@acme.example", False),
                ("a2", "Ana", "ana@acme.example", True),
                ("b1", "bo", None, False),
            )
        )
        opened.insert_pull_requests(
            {
                "number": number,
                "repo_slug": "acme/web",
                "state": "closed",
                "created_at": AT,
                "merged_at": AT,
                "author": author,
            }
            for number, author in ((1, "bo"), (2, None))
        )
        yield opened


def used(store: ProdLensStore) -> dict[tuple[str | None, str], int]:
    found = person_days.used(store.conn, Selection())
    return {(one.person, one.metric): one.count for one in found}


def delivered(store: ProdLensStore) -> dict[tuple[str | None, str], int]:
    commits = where.commits(Selection(), alias="c")
    requests = where.pull_requests(Selection(), alias="p")
    found = person_days.delivered(store.conn, commits, requests)
    return {(one.person, one.metric): one.count for one in found}


def test_use_adds_up_by_person_in_the_units_of_the_daily_metrics(store: ProdLensStore) -> None:
    found = used(store)
    assert found["ana@acme.example", "calls"] == 3
    assert found["ana@acme.example", "sessions"] == 2
    assert found["ana@acme.example", "tokens"] == 8
    assert found["ana@acme.example", "cost"] == 12
    assert found["ana@acme.example", "accepted"] == 1
    assert found["bo", "errors"] == 0


def test_deliveries_belong_to_their_author_and_merges_to_nobody(store: ProdLensStore) -> None:
    assert delivered(store) == {
        ("Ana", "commits"): 1,
        ("bo", "commits"): 1,
        ("bo", "merged_prs"): 1,
        (None, "merged_prs"): 1,
    }


def test_once_identities_are_known_both_sides_meet(store: ProdLensStore) -> None:
    People(store).resolve()
    assert ("ana@acme.example", "commits") in delivered(store)
    assert ("ana@acme.example", "calls") in used(store)


def test_days_are_utc_days(store: ProdLensStore) -> None:
    assert {one.day for one in person_days.used(store.conn, Selection())} == {DAY}
