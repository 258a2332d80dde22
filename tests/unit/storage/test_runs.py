"""Checkpoints, runs and validators: what counts, what is forgotten, what is asked for anew."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.errors import InputError
from prodlens.storage import ProdLensStore, runs
from prodlens.storage.delivery import repository_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = datetime(2024, 10, 28, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def _runs(store: ProdLensStore) -> list[dict[str, Any]]:
    return [dict(row) for row in store.conn.execute("select * from etl_runs order by id")]


def _endpoints(store: ProdLensStore) -> list[str]:
    return [row["endpoint"] for row in runs.list_etags(store.conn)]


def _forced(store: ProdLensStore) -> list[tuple[int, str]]:
    rows = store.conn.execute(
        "select repo_id, stream from sync_state where key = 'force_full' order by repo_id, stream"
    )
    return [(row[0], row[1]) for row in rows]


# Checkpoints -------------------------------------------------------------------------------


def test_job_without_checkpoint_has_none(store: ProdLensStore) -> None:
    assert store.get_last_checkpoint("ingest") is None
    assert runs.list_checkpoints(store.conn) == []


def test_checkpoint_is_aware_utc_whatever_zone_it_came_in(store: ProdLensStore) -> None:
    store.set_checkpoint("naive", datetime(2024, 10, 28, 12, 0, 0, 123456))  # noqa: DTZ001 - naive is the case
    store.set_checkpoint("east", NOON.astimezone(timezone(timedelta(hours=9))))
    assert store.get_last_checkpoint("naive") == datetime(2024, 10, 28, 12, 0, 0, 123456, UTC)
    found = store.get_last_checkpoint("east")
    assert found == NOON
    assert found is not None
    assert found.tzinfo is UTC


def test_last_one_set_wins_also_when_it_is_earlier(store: ProdLensStore) -> None:
    store.set_checkpoint("ingest", NOON)
    store.set_checkpoint("ingest", NOON - timedelta(days=3))
    assert store.get_last_checkpoint("ingest") == NOON - timedelta(days=3)
    assert len(_runs(store)) == 2


def test_only_runs_that_ended_well_count(store: ProdLensStore) -> None:
    store.set_checkpoint("sync", NOON)
    store.conn.execute(
        "insert into etl_runs (job, status, checkpoint) "
        "values ('sync', 'partial', '2030-01-01T00:00:00.000000Z')"
    )
    store.record_etl_run("sync", 5)
    assert store.get_last_checkpoint("sync") == NOON


def test_reset_hides_checkpoints_set_before_and_no_other(store: ProdLensStore) -> None:
    store.set_checkpoint("a", NOON)
    store.set_checkpoint("b", NOON)
    with store.transaction() as conn:
        assert runs.reset_checkpoint(conn, "a") is True
        assert runs.reset_checkpoint(conn, "a") is False
        assert runs.reset_checkpoint(conn, "never") is False
    assert store.get_last_checkpoint("a") is None
    assert store.get_last_checkpoint("b") == NOON
    store.set_checkpoint("a", NOON + timedelta(hours=1))
    assert store.get_last_checkpoint("a") == NOON + timedelta(hours=1)
    assert [run["status"] for run in _runs(store)] == ["ok", "ok", "reset", "ok"]


def test_checkpoints_are_listed_by_job(store: ProdLensStore) -> None:
    store.set_checkpoint("b", NOON)
    store.set_checkpoint("a", NOON)
    store.set_checkpoint("a", NOON - timedelta(days=1))
    listed = runs.list_checkpoints(store.conn)
    assert [(row["job"], row["checkpoint"]) for row in listed] == [
        ("a", NOON - timedelta(days=1)),
        ("b", NOON),
    ]
    assert all(row["set_at"].tzinfo is UTC for row in listed)


def test_checkpoint_without_job_or_time_is_refused(store: ProdLensStore) -> None:
    with pytest.raises(InputError, match="job needs a name"):
        store.set_checkpoint(" ", NOON)
    with pytest.raises(InputError, match="datetime, not str"):
        store.set_checkpoint("a", "2024-10-28")  # type: ignore[arg-type]
    assert _runs(store) == []


# Runs --------------------------------------------------------------------------------------


def test_run_keeps_rows_details_and_times_and_sets_no_checkpoint(store: ProdLensStore) -> None:
    store.record_etl_run("ingest", 42, {"file": "a.jsonl", "bad": 1})
    with store.transaction() as conn:
        runs.record_run(conn, "sync", 0, status="rate_limited", started_at=NOON)
    first, second = _runs(store)
    assert (first["job"], first["row_count"], first["status"]) == ("ingest", 42, "ok")
    assert json.loads(first["details"]) == {"file": "a.jsonl", "bad": 1}
    assert first["started_at"] is None
    assert first["checkpoint"] is None
    assert second["details"] is None
    assert (second["status"], second["started_at"]) == (
        "rate_limited",
        "2024-10-28T12:00:00.000000Z",
    )
    assert store.get_last_checkpoint("ingest") is None


@pytest.mark.parametrize("details", [{"x": object()}, {"x": float("nan")}])
def test_details_that_json_cannot_hold_are_refused(store: ProdLensStore, details: object) -> None:
    with pytest.raises(InputError, match="plain values"):
        store.record_etl_run("ingest", 1, details)
    assert _runs(store) == []


# Validators --------------------------------------------------------------------------------

PULLS = "/repos/org/repo/pulls"


def test_validator_is_kept_verbatim_and_replaced(store: ProdLensStore) -> None:
    assert store.get_etag(PULLS) is None
    store.set_etag(PULLS, 'W/"abc"')
    assert store.get_etag(PULLS) == 'W/"abc"'
    store.conn.execute("update etag_state set last_modified = 'old'")
    store.set_etag(PULLS, '"def"')
    (row,) = runs.list_etags(store.conn)
    assert (row["etag"], row["last_modified"]) == ('"def"', None)
    assert row["last_synced"].tzinfo is UTC


@pytest.mark.parametrize(
    "stored",
    [
        "/repos/org/repo/pulls",
        "/repos/org/repo/pulls/",
        "/repos/org/repo/pulls?state=all&sort=updated",
        "repos/Org/Repo/pulls?page=1",
        "https://api.github.com/repos/org/repo/pulls?state=all",
        "https://git.example.com/api/v3/repos/org/repo/pulls",
        "/repositories/77/pulls?state=all",
        "/repos/org/old-name/pulls",
    ],
)
@pytest.mark.parametrize("asked", [PULLS, "https://api.github.com/repos/Org/Repo/pulls"])
def test_forgetting_reaches_every_form_of_an_endpoint(
    store: ProdLensStore, stored: str, asked: str
) -> None:
    with store.transaction() as conn:
        repo = repository_id(conn, "org/repo")
        conn.execute("update repositories set github_id = 77 where repo_id = ?", (repo,))
        conn.execute("insert into repo_aliases values ('github.com', 'org/old-name', ?)", (repo,))
    store.set_etag(stored, "x")
    store.set_etag(asked, None)
    assert _endpoints(store) == []
    assert _forced(store) == [(1, "pulls")]


@pytest.mark.parametrize(
    "other",
    [
        "/repos/org/repo/commits",
        "/repos/org/repo/pulls/12",
        "/repos/org/repo2/pulls",
        "/repos/my-org/repo/pulls",
        "/repositories/78/pulls",
        "/pulls",
    ],
)
def test_forgetting_leaves_other_endpoints_alone(store: ProdLensStore, other: str) -> None:
    store.set_etag(other, "x")
    store.set_etag(PULLS, None)
    assert _endpoints(store) == [other]
    assert _forced(store) == []


def test_named_parameters_limit_what_is_forgotten(store: ProdLensStore) -> None:
    store.set_etag(f"{PULLS}?state=all", "x")
    store.set_etag(f"{PULLS}?state=open", "y")
    store.set_etag(f"https://api.github.com{PULLS}?state=all", "z")
    store.set_etag(f"{PULLS}?state=all", None)
    assert _endpoints(store) == [f"{PULLS}?state=open"]


@pytest.mark.parametrize(
    ("endpoint", "streams"),
    [
        ("/repos/org/repo/pulls", ["pulls"]),
        ("/repos/org/repo/issues/events", ["pulls"]),
        ("/repos/org/repo/commits/main", ["commits"]),
        ("/repositories/77/commits", ["commits"]),
        ("/repos/org/repo", ["commits", "pulls"]),
    ],
)
def test_forgetting_asks_for_a_full_walk(
    store: ProdLensStore, endpoint: str, streams: list[str]
) -> None:
    with store.transaction() as conn:
        repository_id(conn, "org/repo")
        repository_id(conn, "org/other")
        conn.execute("update repositories set github_id = 77 where slug = 'org/repo'")
    store.set_etag(endpoint, None)
    assert _forced(store) == [(1, stream) for stream in streams]


def test_clearing_everything_counts_and_asks_all_repositories(store: ProdLensStore) -> None:
    with store.transaction() as conn:
        repository_id(conn, "org/repo")
        repository_id(conn, "org/other")
    store.set_etag(PULLS, "x")
    store.set_etag("/user", "y")
    with store.transaction() as conn:
        assert runs.clear_etags(conn, "/user") == 1
        assert runs.clear_etags(conn) == 1
        assert runs.clear_etags(conn) == 0
    assert _endpoints(store) == []
    assert _forced(store) == [(1, "commits"), (1, "pulls"), (2, "commits"), (2, "pulls")]
