from __future__ import annotations

import gzip
import json
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from prodlens.cli.__main__ import prod_lens
from prodlens.cli.discovery import find_traces, slug_of_remote
from prodlens.cli.init import first_file
from prodlens.settings import SETTINGS, load_settings

if TYPE_CHECKING:
    from click.testing import Result

TRACE = {
    "timestamp": "2024-10-28T12:00:00Z",
    "usage": {"input_tokens": 10, "output_tokens": 5},
    "attributes": {"llm.model_name": "gpt-5"},
}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(prod_lens, ["init", *arguments])


def git_remote(folder: Path, address: str) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)  # noqa: S607 - the git of the machine
    subprocess.run(  # noqa: S603 - a literal of this test
        ["git", "remote", "add", "origin", address],  # noqa: S607 - the git of the machine
        cwd=folder,
        check=True,
    )


@pytest.mark.parametrize(
    ("address", "slug"),
    [
        ("git@github.com:Acme/Payments.git", "acme/payments"),
        ("https://github.com/acme/payments.git", "acme/payments"),
        ("https://github.com/acme/payments", "acme/payments"),
        ("https://github.com/acme/payments/", "acme/payments"),
        ("https://user:secret@github.com/acme/payments.git", "acme/payments"),
        ("ssh://git@github.example.com:2222/acme/payments.git", "acme/payments"),
        ("github.com:acme/payments", "acme/payments"),
        ("/srv/git/payments.git", None),
        ("../payments", None),
        ("file:///srv/git/payments.git", None),
        ("https://github.com/acme/../payments", None),
        ("", None),
    ],
)
def test_a_remote_names_a_repository(address: str, slug: str | None) -> None:
    assert slug_of_remote(address) == slug


def test_traces_are_told_by_content_not_by_name(tmp_path: Path) -> None:
    line = json.dumps(TRACE)
    (tmp_path / "package.json").write_text('{"name": "x"}', encoding="utf-8")
    (tmp_path / "calls.jsonl").write_text(f"{line}\n{line}\n", encoding="utf-8")
    (tmp_path / "notes.jsonl").write_text('{"note": 1}\nnot json\n', encoding="utf-8")
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "old.jsonl.gz").write_bytes(gzip.compress(line.encode()))
    (logs / "cut.jsonl.gz").write_bytes(b"\x1f\x8bno gzip")
    (logs / "one.json").write_text(json.dumps([TRACE, TRACE], indent=2), encoding="utf-8")
    (logs / "binary.json").write_bytes(b"\x00\xff" * 1000)
    found = {place.pattern: (place.files, place.calls) for place in find_traces(tmp_path)}
    assert found == {"*.jsonl": (1, 2), "logs/*.json": (1, 2), "logs/*.jsonl.gz": (1, 1)}


def test_a_first_file_holds_what_was_found(tmp_path: Path) -> None:
    git_remote(tmp_path, "git@github.com:Acme/Payments.git")
    (tmp_path / "calls.jsonl").write_text(json.dumps(TRACE), encoding="utf-8")
    result = run()
    assert result.exit_code == 0
    document = tomllib.loads((tmp_path / "prodlens.toml").read_text(encoding="utf-8"))
    assert document["repositories"] == ["acme/payments"]
    assert document["ingest"] == {"paths": ["*.jsonl"]}
    assert result.stdout == (
        "✓ prodlens.toml written\n  Repository   acme/payments\n  Traces       *.jsonl (1 file)\n"
    )
    assert result.stderr == (
        "Next: prod-lens ingest-traces '*.jsonl'\n"
        "      prod-lens report --repo acme/payments --since 90d\n"
    )
    settings = load_settings(folder=tmp_path, environ={})
    assert settings.repositories == ("acme/payments",)


def test_in_an_empty_folder_the_file_changes_nothing(tmp_path: Path) -> None:
    result = run("--json")
    assert json.loads(result.stdout) == {
        "schema": "prodlens.init/1",
        "file": str(tmp_path / "prodlens.toml"),
        "repositories": [],
        "traces": [],
        "claude_code": None,
    }
    settings = load_settings(folder=tmp_path, environ={})
    assert all(settings.value(s.key) == s.default for s in SETTINGS)


def test_repositories_can_be_named() -> None:
    run("--repo", "Acme/A", "--repo", "acme/b")
    document = tomllib.loads(Path("prodlens.toml").read_text(encoding="utf-8"))
    assert document["repositories"] == ["acme/a", "acme/b"]


def test_a_bad_repository_writes_nothing() -> None:
    result = run("--repo", "../x")
    assert result.exit_code == 1
    assert "'../x' is no repository" in result.stderr
    assert not Path("prodlens.toml").exists()


def test_a_file_that_is_there_is_replaced_only_when_told() -> None:
    Path("prodlens.toml").write_text("# mine\n", encoding="utf-8")
    result = run()
    assert result.exit_code == 1
    assert "exists already: change it there, or add --force" in result.stderr
    assert Path("prodlens.toml").read_text(encoding="utf-8") == "# mine\n"
    assert run("--force").exit_code == 0
    assert "Settings of ProdLens" in Path("prodlens.toml").read_text(encoding="utf-8")


def test_the_folder_of_claude_code_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".claude" / "projects").mkdir(parents=True)
    assert f"Claude Code  {tmp_path}/.claude/projects" in run().stdout


def test_every_example_in_the_file_is_valid_when_uncommented(tmp_path: Path) -> None:
    text = first_file({})
    lines = [line.removeprefix("# ") for line in text.splitlines()]
    examples = [line for line in lines if " = " in line or line.startswith("[")]
    (tmp_path / "prodlens.toml").write_text("\n".join(examples), encoding="utf-8")
    settings = load_settings(folder=tmp_path, environ={})
    told = {setting.key for setting in SETTINGS if not setting.secret}
    assert set(settings.origins) == told
    assert "token =" not in text
