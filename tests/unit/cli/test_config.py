from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from prodlens.cli.__main__ import prod_lens
from prodlens.settings import SETTINGS

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


def show(*arguments: str) -> Result:
    return CliRunner().invoke(prod_lens, ["config", "show", *arguments])


def test_every_setting_is_shown_with_its_value(tmp_path: Path) -> None:
    (tmp_path / "prodlens.toml").write_text(
        'repositories = ["acme/a", "acme/b"]\n'
        '[[prices]]\nmodel = "m"\ninput = 1\noutput = 2.5\nvalid_from = 2026-10-01\n',
        encoding="utf-8",
    )
    result = show()
    assert result.exit_code == 0
    assert result.stdout == (
        "setting                  value\n"
        "database                 .prod-lens/cache.db\n"
        "repositories             acme/a, acme/b\n"
        "ingest.paths             -\n"
        "ingest.developer         -\n"
        "ingest.dead_letter_dir   .prod-lens/dead-letter\n"
        "ingest.parquet_dir       .prod-lens/parquet\n"
        "ingest.max_record_bytes  67108864\n"
        "ingest.processes         2\n"
        "github.token             -\n"
        "github.base_url          https://api.github.com\n"
        "github.max_wait_minutes  15\n"
        "report.timezone          UTC\n"
        "report.policy_models     -\n"
        "report.ai_labels         claude-code-assisted, ai-assisted, ai-generated\n"
        "report.nonworking_days   -\n"
        "report.idle_minutes      30\n"
        "confirmatory.x           -\n"
        "confirmatory.y           -\n"
        "confirmatory.lag         1\n"
        "confirmatory.since       -\n"
        "confirmatory.until       -\n"
        "confirmatory.repo        -\n"
        "prices                   model=m input=1 output=2.5 valid_from=2026-10-01\n"
    )


def test_origins_name_file_line_variable_and_flag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prodlens.toml").write_text("[report]\nidle_minutes = 5\n", encoding="utf-8")
    (tmp_path / ".env").write_text("PRODLENS_INGEST_PROCESSES=2\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_invented")
    result = show("--origin", "--db", "x.db")
    lines = {line.split()[0]: line.split(maxsplit=1)[1] for line in result.stdout.splitlines()}
    assert lines["database"].split(maxsplit=1) == ["x.db", "flag --db"]
    assert lines["report.idle_minutes"].split(maxsplit=1) == ["5", f"{tmp_path}/prodlens.toml:2"]
    assert lines["ingest.processes"].split(maxsplit=1) == ["2", ".env PRODLENS_INGEST_PROCESSES"]
    assert lines["github.max_wait_minutes"].split(maxsplit=1) == ["15", "default"]
    assert lines["github.token"].endswith("environment GITHUB_TOKEN")


@pytest.mark.parametrize("form", [(), ("--origin",), ("--json",)])
def test_a_secret_is_never_shown(form: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_invented")
    result = show(*form)
    assert "ghp_invented" not in result.output
    assert "set (hidden)" in result.stdout


def test_json_holds_every_setting(tmp_path: Path) -> None:
    (tmp_path / "prodlens.toml").write_text('repositories = ["acme/a"]\n', encoding="utf-8")
    document = json.loads(show("--json").stdout)
    assert document["schema"] == "prodlens.config/1"
    assert document["file"] == str(tmp_path / "prodlens.toml")
    assert [row["key"] for row in document["settings"]] == [setting.key for setting in SETTINGS]
    rows = {row["key"]: row for row in document["settings"]}
    assert rows["repositories"]["value"] == ["acme/a"]
    assert rows["repositories"]["origin"] == f"{tmp_path}/prodlens.toml:1"
    assert rows["github.token"] == {"key": "github.token", "value": None, "origin": "default"}


def test_without_a_file_the_way_to_a_first_one_is_told() -> None:
    assert "`prod-lens init` writes a first one" in show().stderr
    assert show("-q").stderr == ""


def test_a_variable_that_is_no_setting_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRODLENS_DB", "x")
    assert "PRODLENS_DB is set in the environment and is no setting" in show("-q").stderr


def test_a_bad_setting_fails_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "prodlens.toml").write_text("\ndatabse = 1\n", encoding="utf-8")
    result = show()
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: {tmp_path}/prodlens.toml:2: there is no setting 'databse'; "
        "the nearest known one is 'database'.\n"
    )
