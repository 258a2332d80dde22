"""`ingest-github` and `sync` against a server on loopback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from fakes.github_server import serving
from fakes.github_wire import TOKEN
from fakes.github_world import World
from prodlens.cli.__main__ import prod_lens
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

    from fakes.fake_github import FakeGithub


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGithub]:
    monkeypatch.chdir(tmp_path)
    world = World()
    world.push("Begin")
    for number in range(1, 4):
        world.tick(7200)
        world.merge(world.open_pull(f"Work {number}"))
    with serving(world) as fake:
        monkeypatch.setenv("PRODLENS_GITHUB_BASE_URL", fake.base)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        yield fake


def run(*arguments: str) -> Result:
    return CliRunner().invoke(prod_lens, list(arguments))


def document(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def stored() -> tuple[int, int]:
    with ProdLensStore(".prod-lens/cache.db") as store:
        return len(store.fetch_pull_requests()), len(store.fetch_commits())


@pytest.mark.usefixtures("github")
def test_a_first_and_a_second_run() -> None:
    result = run("ingest-github", "--repo", "acme/payments")
    assert result.exit_code == 0
    assert result.stdout == (
        "✓ acme/payments: 3 pull requests and 4 commits changed   5 calls, 0 not modified, "
        "2 of GraphQL, 4,995 left this hour\n"
    )
    assert result.stderr == ""
    assert stored() == (3, 4)
    again = run("ingest-github", "--repo", "acme/payments")
    assert "0 pull requests and 0 commits changed since" in again.stdout
    assert "4 calls, 4 not modified, 4,995 left this hour" in again.stdout


@pytest.mark.usefixtures("github")
def test_json_is_one_document() -> None:
    found = document(run("ingest-github", "--repo", "ACME/Payments", "--json"))
    (repository,) = found.pop("repositories")
    assert found == {
        "schema": "prodlens.ingest-github/1",
        "dry_run": False,
        "refused": {},
        "stopped": None,
    }
    assert repository == {
        "repo_slug": "acme/payments",
        "renamed_from": None,
        "pull_requests": 3,
        "commits": 4,
        "previous": None,
        "calls": 5,
        "not_modified": 0,
        "graphql_calls": 2,
        "waited_s": 0.0,
        "remaining": 4995,
        "reopened_unknown": 0,
        "unreadable": 0,
        "events_refused": False,
    }


def test_withheld_events_are_told_and_stop_nothing(github: FakeGithub) -> None:
    github.faults = [lambda r: "forbidden" if r.path.endswith(("/events", "/graphql")) else None]
    result = run("ingest-github", "--repo", "acme/payments", "--since", "2026-01-01")
    assert (result.exit_code, stored()) == (0, (3, 4))
    assert "whether 3 pull requests were reopened is unknown, not no" in " ".join(
        result.stderr.split()
    )
    github.faults = []
    assert "is unknown" not in run("ingest-github", "--repo", "acme/payments").stderr


@pytest.mark.usefixtures("github")
def test_the_repositories_of_the_settings_are_read_without_naming_them(tmp_path: Path) -> None:
    (tmp_path / "prodlens.toml").write_text('repositories = ["acme/payments"]\n')
    assert run("ingest-github").exit_code == 0
    assert stored() == (3, 4)


@pytest.mark.usefixtures("github")
def test_a_dry_run_asks_and_writes_nothing() -> None:
    result = run("ingest-github", "--repo", "acme/payments", "--dry-run")
    assert "3 pull requests and 4 commits changed" in result.stdout
    assert "nothing was written" in result.stderr
    assert stored() == (0, 0)
    run("ingest-github", "--repo", "acme/payments")
    second = run("ingest-github", "--repo", "acme/payments", "--dry-run")
    assert "0 pull requests and 0 commits changed" in second.stdout
    with ProdLensStore(".prod-lens/cache.db") as store:
        assert store.conn.execute("select count(*) from etl_runs").fetchone()[0] == 2


def test_a_token_on_the_command_line_is_used_and_warned_about(
    github: FakeGithub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    result = run("ingest-github", "--repo", "acme/payments", "--token", TOKEN)
    assert result.exit_code == 0
    assert "! --token is visible to everyone who lists processes" in result.stderr
    assert TOKEN not in result.output
    assert github.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_without_a_token_it_says_what_that_means(
    github: FakeGithub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    result = run("ingest-github", "--repo", "acme/payments")
    assert "! No token: GitHub allows 60 calls an hour." in result.stderr
    assert "authorization" not in github.requests[0].headers


@pytest.mark.usefixtures("github")
def test_since_reads_a_part_and_full_reads_everything() -> None:
    part = run("ingest-github", "--repo", "acme/payments", "--since", "2026-09-01T14:00:00Z")
    assert "1 pull request and 4 commits changed since 01 Sep 14:00 UTC" in part.stdout
    assert stored() == (1, 4)
    assert "2 pull requests" in run("ingest-github", "--repo", "acme/payments").stdout
    assert stored() == (3, 4)
    full = run("ingest-github", "--repo", "acme/payments", "--full")
    assert "5 calls, 0 not modified" in full.stdout


@pytest.mark.usefixtures("github")
def test_a_repository_that_is_not_there_keeps_no_other_from_being_read() -> None:
    result = run("ingest-github", "--repo", "acme/nothing", "--repo", "acme/payments")
    assert result.exit_code == 1
    assert "127.0.0.1 has no /repos/acme/nothing (404)" in result.stderr
    assert stored() == (3, 4)


def test_a_limit_stops_everything_with_exit_code_5(github: FakeGithub) -> None:
    github.limit = 3
    result = run("ingest-github", "--repo", "acme/payments", "--max-wait", "1")
    assert result.exit_code == 5
    assert "--max-wait allows 1. What was read is stored" in result.stderr
    as_json = run("ingest-github", "--repo", "acme/payments", "--max-wait", "1", "--json")
    assert as_json.exit_code == 5
    assert document(as_json)["stopped"].startswith("GitHub's rate limit holds for")


def test_a_renamed_repository_is_named(github: FakeGithub) -> None:
    run("ingest-github", "--repo", "acme/payments")
    github.world.rename("acme/billing")
    result = run("ingest-github", "--repo", "acme/payments")
    assert "✓ acme/billing: 0 pull requests" in result.stdout
    assert "! acme/payments is called acme/billing now" in result.stderr


def test_unknown_reopenings_are_told(github: FakeGithub) -> None:
    for _ in range(150):
        github.world.tick(7200)
        github.world.close(github.world.open_pull("Old"))
    github.page_cap, github.events_pages = 10, 2
    github.points_left = 0
    result = run("ingest-github", "--repo", "acme/payments", "--max-wait", "0")
    assert result.exit_code == 0
    assert "134 pull requests are too old for GitHub's list of events" in result.stderr


@pytest.mark.usefixtures("github")
def test_names_that_are_none_are_usage_or_input_errors() -> None:
    assert run("ingest-github").exit_code == 2
    assert run("ingest-github", "--repo", "payments").exit_code == 1
    assert "write it as owner/name" in run("ingest-github", "--repo", "payments").stderr


# sync ----------------------------------------------------------------------------------------


def write_settings(folder: Path, *paths: str) -> None:
    listed = json.dumps(list(paths))
    text = f'repositories = ["acme/payments"]\n[ingest]\npaths = {listed}\n'
    (folder / "prodlens.toml").write_text(text, encoding="utf-8")


def write_trace(folder: Path) -> None:
    record = {
        "timestamp": "2026-09-01T12:00:00Z",
        "usage": {"input_tokens": 10, "output_tokens": 5},
        "attributes": {"llm.model_name": "gpt-5"},
        "metadata": {"session_id": "session_abc"},
    }
    (folder / "traces.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")


@pytest.mark.usefixtures("github")
def test_sync_reads_everything_named_and_computes_the_days(tmp_path: Path) -> None:
    write_settings(tmp_path, "traces.jsonl")
    write_trace(tmp_path)
    result = run("sync")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "✓ 1 calls added or changed"
    assert lines[1].startswith("✓ acme/payments: 3 pull requests and 4 commits changed")
    assert lines[2] == "✓ 1 days with calls, 1 with deliveries"
    with ProdLensStore(".prod-lens/cache.db") as store:
        (day,) = store.fetch_daily_github_metrics()
        assert (day["event_date"], day["merged_pr_count"], day["commit_count"]) == (
            "2026-09-01", 3, 4,
        )  # fmt: skip
    again = document(run("sync", "--json"))
    assert (again["schema"], again["calls"], again["verified"]) == ("prodlens.sync/1", 0, None)
    assert again["github"]["repositories"][0]["pull_requests"] == 0


@pytest.mark.usefixtures("github")
def test_sync_goes_on_without_paths_that_are_missing(tmp_path: Path) -> None:
    write_settings(tmp_path, "missing.jsonl", "traces.jsonl")
    write_trace(tmp_path)
    result = run("sync")
    assert result.exit_code == 1
    assert "missing.jsonl does not exist" in result.stderr
    assert "✓ 1 calls added or changed" in result.stdout
    assert stored() == (3, 4)


@pytest.mark.usefixtures("github")
def test_verify_ends_with_0_when_all_is_equal_and_4_when_not(tmp_path: Path) -> None:
    write_settings(tmp_path)
    equal = run("sync", "--verify")
    assert equal.exit_code == 0
    assert "4 commits counted, 3 pull requests compared: equal to GitHub" in equal.stdout
    with ProdLensStore(".prod-lens/cache.db") as store:
        store.conn.execute("update pull_requests set state = 'open' where number = 2")
    differing = run("sync", "--verify")
    assert differing.exit_code == 4
    assert "3 pull requests compared: 1 differences" in differing.stderr
    assert "pull request 2  state  open    closed" in differing.stdout
    as_json = run("sync", "--verify", "--json")
    assert as_json.exit_code == 4
    assert document(as_json)["verified"][0]["differences"] == [
        {"what": "pull request 2", "field": "state", "stored": "open", "remote": "closed"}
    ]


def test_sync_stopped_by_a_limit_has_computed_the_days_all_the_same(
    github: FakeGithub, tmp_path: Path
) -> None:
    write_settings(tmp_path, "traces.jsonl")
    write_trace(tmp_path)
    github.limit = 3
    result = run("sync", "--max-wait", "1", "--verify")
    assert result.exit_code == 5
    assert "✓ 1 days with calls" in result.stdout


@pytest.mark.usefixtures("github")
def test_sync_without_anything_to_do_says_where_to_name_it() -> None:
    result = run("sync")
    assert result.exit_code == 1
    assert "prodlens.toml names neither repositories nor traces" in result.stderr


@pytest.mark.usefixtures("github")
def test_sync_without_a_token_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    write_settings(tmp_path)
    assert "! No token: GitHub allows 60 calls an hour." in run("sync").stderr


def test_a_file_can_not_send_the_token_to_another_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prodlens.toml").write_text('[github]\nbase_url = "https://evil.example"\n')
    result = CliRunner().invoke(prod_lens, ["ingest-github", "--repo", "acme/widgets"])
    assert result.exit_code == 1
    assert "PRODLENS_GITHUB_BASE_URL=https://evil.example" in result.stderr
