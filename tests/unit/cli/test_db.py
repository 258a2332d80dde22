from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from prodlens.cli.__main__ import prod_lens
from prodlens.schemas import CanonicalTrace
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / ".prod-lens" / "cache.db"
    with ProdLensStore(path) as store:
        store.insert_sessions(
            [
                CanonicalTrace(
                    session_id="s",
                    developer_id="kim",
                    timestamp=datetime(2026, 10, day, 12, tzinfo=UTC),
                    model="gpt-5",
                    tokens_in=10,
                    tokens_out=5,
                    latency_ms=100.0,
                    status_code=200,
                    accepted_flag=True,
                )
                for day in (1, 3)
            ]
        )
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(prod_lens, list(arguments))


@pytest.mark.usefixtures("database")
def test_info_is_readable() -> None:
    result = run("db", "info")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "Database  .prod-lens/cache.db"
    assert lines[3] == "Schema    4"
    assert lines[4] == "Calls     2026-10-01 to 2026-10-03 (UTC)"
    assert next(line for line in lines if line.startswith("sessions ")).split()[1] == "2"


def test_info_as_json_has_the_same_facts(database: Path) -> None:
    document = json.loads(run("db", "info", "--json").stdout)
    assert document["schema"] == "prodlens.db-info/1"
    assert document["path"] == ".prod-lens/cache.db"
    assert document["size_bytes"] == database.stat().st_size
    assert document["schema_version"] == 4
    assert (document["first_day"], document["last_day"]) == ("2026-10-01", "2026-10-03")
    assert document["rows"]["sessions"] == 2


@pytest.mark.parametrize("command", ["info", "check", "migrate"])
def test_a_database_that_is_not_there_is_not_made(tmp_path: Path, command: str) -> None:
    result = run("db", command)
    assert result.exit_code == 1
    assert ".prod-lens/cache.db does not exist" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_flag_names_another_database(tmp_path: Path) -> None:
    ProdLensStore(tmp_path / "other.db").close()
    assert run("--db", "other.db", "db", "check").stdout == "✓ other.db is sound\n"
    assert run("db", "check", "--db", "other.db").stdout == "✓ other.db is sound\n"


@pytest.mark.usefixtures("database")
def test_a_sound_database_checks_with_0() -> None:
    result = run("db", "check", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "schema": "prodlens.db-check/1",
        "path": ".prod-lens/cache.db",
        "findings": [],
    }


def test_a_broken_reference_checks_with_1(database: Path) -> None:
    with ProdLensStore(database) as store:
        store.conn.execute("pragma foreign_keys = off")
        store.conn.execute("insert into call_keys (key, call_id) values (1, 999)")
    result = run("db", "check")
    assert result.exit_code == 1
    assert result.stdout == (
        "reference: a row of call_keys points to a row of sessions that is not there\n"
    )
    assert "is damaged: restore a backup" in result.stderr


def test_a_file_of_noise_checks_with_1(tmp_path: Path) -> None:
    (tmp_path / "noise.db").write_bytes(os.urandom(8192))
    result = run("db", "check", "--db", "noise.db")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: noise.db is damaged or is no SQLite database")
    assert "Traceback" not in result.output


@pytest.mark.usefixtures("database")
def test_a_backup_is_made_once(tmp_path: Path) -> None:
    result = run("db", "backup", "copies/lens.bak")
    assert result.exit_code == 0
    assert result.stdout.startswith("✓ copies/lens.bak, ")
    with ProdLensStore(tmp_path / "copies" / "lens.bak", read_only=True) as store:
        assert len(store.fetch_sessions()) == 2
    again = run("db", "backup", "copies/lens.bak")
    assert again.exit_code == 1
    assert "exists already" in again.stderr
    assert run("db", "backup", "copies/lens.bak", "--force").exit_code == 0


def test_vacuum_says_what_it_gave_back(database: Path) -> None:
    with ProdLensStore(database) as store:
        store.conn.execute("create table big as select zeroblob(1000000) as data")
        store.conn.execute("drop table big")
    document = json.loads(run("db", "vacuum", "--json").stdout)
    assert document["schema"] == "prodlens.db-vacuum/1"
    assert document["bytes_before"] - document["bytes_after"] > 900_000
    assert run("db", "vacuum").stdout.startswith("✓ ")


@pytest.mark.usefixtures("database")
def test_migrate_has_nothing_to_do_on_the_newest_schema() -> None:
    assert run("db", "migrate").stdout == "✓ schema 4 is the newest, nothing to do\n"
    assert json.loads(run("db", "migrate", "--json").stdout) == {
        "schema": "prodlens.db-migrate/1",
        "from": 4,
        "to": 4,
    }


def test_a_newer_database_is_refused(database: Path) -> None:
    with ProdLensStore(database) as store:
        store.conn.execute("pragma user_version = 99")
    result = run("db", "info")
    assert result.exit_code == 1
    assert "has schema 99; this ProdLens knows schemas up to 4: upgrade ProdLens" in result.stderr


def test_jobs_have_checkpoints_that_can_be_set_listed_and_reset() -> None:
    assert run("checkpoint", "set", "sync", "2026-10-01T12:00:00Z").exit_code == 0
    assert run("checkpoint", "set", "other", "2026-10-02").stdout == (
        "✓ other goes on from 2026-10-02 00:00:00 UTC\n"
    )
    listed = run("checkpoint", "list").stdout.splitlines()
    assert [line.split()[:2] for line in listed] == [
        ["job", "checkpoint"],
        ["other", "2026-10-02T00:00:00.000000Z"],
        ["sync", "2026-10-01T12:00:00.000000Z"],
    ]
    assert run("checkpoint", "reset", "sync", "--yes").stdout == "✓ sync begins anew\n"
    document = json.loads(run("checkpoint", "list", "--json").stdout)
    assert document["schema"] == "prodlens.checkpoints/1"
    assert [row["job"] for row in document["checkpoints"]] == ["other"]


def test_resetting_asks_first_and_names_unknown_jobs() -> None:
    run("checkpoint", "set", "sync", "2026-10-01")
    refused = run("checkpoint", "reset", "sync")
    assert (refused.exit_code, "add --yes" in refused.stderr) == (2, True)
    unknown = run("checkpoint", "reset", "snyc", "--yes")
    assert (unknown.exit_code, "'snyc' has no checkpoint" in unknown.stderr) == (1, True)
    assert "sync" in run("checkpoint", "list").stdout


@pytest.mark.parametrize("when", ["tomorrowish", "2026-13-01", ""])
def test_a_checkpoint_needs_a_time(when: str) -> None:
    result = run("checkpoint", "set", "sync", when)
    assert result.exit_code == 2
    assert "is no time: write 2026-10-01" in result.stderr


def test_validators_can_be_listed_and_forgotten(database: Path) -> None:
    with ProdLensStore(database) as store:
        store.set_etag("/repos/acme/a/pulls", '"one"')
        store.set_etag("/repos/acme/b/pulls", '"two"')
    listed = run("etag", "list").stdout.splitlines()
    assert [line.split()[:2] for line in listed[1:]] == [
        ["/repos/acme/a/pulls", '"one"'],
        ["/repos/acme/b/pulls", '"two"'],
    ]
    assert run("etag", "clear", "/repos/acme/a/pulls").stdout == "✓ 1 validators forgotten\n"
    document = json.loads(run("etag", "list", "--json").stdout)
    assert [row["endpoint"] for row in document["etags"]] == ["/repos/acme/b/pulls"]
    assert run("etag", "clear").exit_code == 2
    assert json.loads(run("etag", "clear", "--yes", "--json").stdout)["cleared"] == 1
    assert run("etag", "list").stdout == "No validator is stored.\n"


@pytest.mark.usefixtures("database")
def test_without_checkpoints_the_list_says_so() -> None:
    assert run("checkpoint", "list").stdout == "No job has a checkpoint.\n"


@pytest.mark.usefixtures("database")
def test_aggregate_computes_what_changed_and_no_more() -> None:
    assert run("aggregate").stdout == (
        "✓ 2 days with calls, 0 days with deliveries; computed now: 2 and 0\n"
    )
    assert run("aggregate").stdout.endswith("computed now: 0 and 0\n")
    assert run("aggregate", "--since", "2026-10-02").stdout.endswith("computed now: 1 and 0\n")
    until = ("--until", "2026-10-02")
    assert run("aggregate", *until).stdout.endswith("computed now: 1 and 0\n")
    assert json.loads(run("aggregate", "--force", "--json").stdout) == {
        "schema": "prodlens.aggregate/1",
        "session_days": 2,
        "github_days": 0,
        "session_days_computed": 2,
        "github_days_computed": 0,
    }


@pytest.mark.usefixtures("database")
def test_aggregate_refuses_an_empty_window() -> None:
    result = run("aggregate", "--since", "2026-10-02", "--until", "2026-10-01")
    assert result.exit_code == 1
    assert "The window is empty" in result.stderr
