from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from prodlens.cli.__main__ import prod_lens
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from click.testing import Result


@pytest.fixture(autouse=True)
def _a_store_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ProdLensStore(".prod-lens/cache.db") as store:
        store.insert_sessions(
            {
                "timestamp": f"2026-10-0{day}T12:00:00Z",
                "repo_slug": repo,
                "model": "=cmd",
                "tokens_in": day,
            }
            for day in (1, 2)
            for repo in ("org/repo", "org/other")
        )


def run(*arguments: str) -> Result:
    return CliRunner().invoke(prod_lens, list(arguments))


def made(folder: str) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*.parquet"))


def test_parquet_files_and_daily_tables_are_written_where_the_settings_say() -> None:
    result = run("export", "parquet")
    assert result.exit_code == 0
    assert result.stdout.split(maxsplit=1)[1] == (
        "4 calls and 2 daily rows; 5 files in .prod-lens/parquet\n"
    )
    assert made(".prod-lens/parquet") == [
        "_aggregates/daily_sessions.parquet",
        "org-other/2026-10-01.parquet",
        "org-other/2026-10-02.parquet",
        "org-repo/2026-10-01.parquet",
        "org-repo/2026-10-02.parquet",
    ]


def test_parquet_takes_a_folder_a_repository_and_a_first_day() -> None:
    options = ("--out", "lake", "--repo", "Org/Repo", "--since", "2026-10-02", "--no-aggregates")
    result = run("export", "parquet", *options, "--json")
    assert json.loads(result.stdout) == {
        "schema": "prodlens.export-parquet/1",
        "folder": "lake",
        "calls": 1,
        "daily_rows": 0,
        "files": 1,
    }
    assert made("lake") == ["org-repo/2026-10-02.parquet"]


def test_an_unknown_repository_is_a_warning() -> None:
    result = run("export", "parquet", "--repo", "org/unknown", "--no-aggregates")
    assert result.exit_code == 0
    assert "org/unknown has no calls in that time" in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--repo", "../x"), "is no repository"),
        (("--since", "soon"), "is no time"),
    ],
)
def test_what_parquet_cannot_read_is_a_usage_error(options: tuple[str, ...], said: str) -> None:
    result = run("export", "parquet", *options)
    assert (result.exit_code, said in result.stderr) == (2, True)


def test_a_folder_that_cannot_be_made_is_a_sentence() -> None:
    Path("taken").touch()
    result = run("export", "parquet", "--out", "taken")
    assert result.exit_code == 1
    assert result.stderr == "Error: taken: File exists.\n"


def test_a_table_becomes_a_file_that_is_safe_in_a_spreadsheet() -> None:
    result = run("export", "table", "sessions", "-o", "calls.csv", "--since", "2026-10-02")
    assert result.exit_code == 0
    assert result.stdout.split(maxsplit=1)[1] == (
        "2 rows of sessions in calls.csv, readable by you only\n"
    )
    head, *rows = Path("calls.csv").read_text(encoding="utf-8").splitlines()
    assert head.startswith("event_date,timestamp,repo_slug,developer_id,session_id,model,")
    assert [row.split(",")[5] for row in rows] == ["'=cmd", "'=cmd"]


def test_raw_is_for_programs() -> None:
    assert run("export", "table", "sessions", "-o", "calls.csv", "--raw").exit_code == 0
    assert ",=cmd," in Path("calls.csv").read_text(encoding="utf-8")
    result = run("export", "table", "sessions", "-o", "calls.xlsx", "--raw")
    assert (result.exit_code, "--raw" in result.stderr) == (2, True)


def test_tables_of_days_are_brought_up_to_date_first() -> None:
    result = run("export", "table", "daily-sessions", "-o", "days.json", "--json")
    said = {"table": "daily-sessions", "path": "days.json", "rows": 2}
    assert json.loads(result.stdout) == {"schema": "prodlens.export-table/1", **said}
    rows = json.loads(Path("days.json").read_text(encoding="ascii"))["rows"]
    assert [(row["event_date"], row["total_tokens"]) for row in rows] == [
        ("2026-10-01", 2),
        ("2026-10-02", 4),
    ]


@pytest.mark.parametrize(
    ("name", "file", "said"),
    [
        ("prompts", "a.csv", "Tables: sessions, pull-requests, commits, suggestions,"),
        ("sessions", "a.xls", "must end in .csv, .parquet, .json, .xlsx"),
        ("sessions", "sessions", "must end in .csv"),
    ],
)
def test_an_unknown_table_or_ending_lists_what_exists(name: str, file: str, said: str) -> None:
    result = run("export", "table", name, "-o", file)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not Path(file).exists()


def test_a_folder_that_is_not_there_is_said_before_anything_is_read() -> None:
    result = run("export", "table", "sessions", "-o", "no/where/a.csv")
    assert result.exit_code == 1
    assert "The folder no/where does not exist" in result.stderr
