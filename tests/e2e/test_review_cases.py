"""Cases that once went wrong: floods, files that vanish, settings files, pipes."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from prodlens.cli.__main__ import prod_lens
from prodlens.storage import ProdLensStore, ledger

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

GOOD = {
    "id": "r1",
    "timestamp": "2026-09-01T12:00:00Z",
    "usage": {"input_tokens": 100, "output_tokens": 5},
    "attributes": {"llm.model_name": "house-model"},
}


def text(*names: str) -> str:
    return "".join(json.dumps({**GOOD, "id": name}) + "\n" for name in names)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(prod_lens, arguments)


def document(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


@pytest.mark.parametrize("kind", ["pattern", "random"])
def test_binary_data_without_a_signature_are_one_dead_letter(here: Path, kind: str) -> None:
    dice = random.Random(5)  # noqa: S311 - repeatable bytes
    data = b"\x00\x01\x02\xff\n" * 20_000 if kind == "pattern" else dice.randbytes(100_000)
    (here / "log.jsonl").write_bytes(data)
    result = run("ingest-traces", "log.jsonl")
    assert result.exit_code == 1
    with ProdLensStore(here / ".prod-lens" / "cache.db") as store:
        assert [row["reason"] for row in ledger.letters(store.conn)] == ["binary data"]


def test_one_unreadable_file_keeps_no_other_from_being_read(here: Path) -> None:
    (here / "logs").mkdir()
    (here / "logs" / "1.jsonl").write_text(text("a"))
    (here / "logs" / "2.jsonl").symlink_to(here / "nowhere")
    (here / "logs" / "3.jsonl").write_text(text("b"))
    result = run("ingest-traces", "logs", "--json")
    assert result.exit_code == 1
    assert "2.jsonl does not exist" in result.stderr
    assert json.loads(result.stdout)["added"] == 2
    with ProdLensStore(here / ".prod-lens" / "cache.db") as store:
        assert store.get_last_checkpoint("trace_ingestion") is not None


def test_an_empty_path_is_refused(here: Path) -> None:
    (here / "log.jsonl").write_text(text("a"))
    result = run("ingest-traces", "")
    assert result.exit_code == 1
    assert "empty path" in result.stderr


def test_the_tail_of_a_rotated_log_is_found(here: Path) -> None:
    (here / "logs" / "empty").mkdir(parents=True)
    (here / "logs" / "proxy.jsonl").write_text(text("a"))
    (here / "logs" / "proxy.jsonl.1").write_text(text("b"))
    assert document("ingest-traces", "logs/*", "--dry-run")["added"] == 2
    assert document("ingest-traces", "logs")["added"] == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_read_like_standard_input(here: Path) -> None:
    os.mkfifo(here / "pipe.jsonl")
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", f"open({str(here / 'pipe.jsonl')!r}, 'w').write({text('a', 'b')!r})"]
    ):
        assert document("ingest-traces", "pipe.jsonl")["added"] == 2


def test_each_bad_record_of_a_page_is_a_dead_letter(here: Path) -> None:
    page = {"data": [{"kind": 1}, {"kind": 2}, GOOD, {**GOOD, "timestamp": "soon"}]}
    (here / "page.json").write_text(json.dumps(page))
    assert document("ingest-traces", "page.json")["set_aside"] == 3
    letters = document("dead-letter", "list")["dead_letters"]
    assert [row["reason"] for row in letters] == [
        "unknown format",
        "unknown format",
        "unreadable timestamp",
    ]


def test_what_is_purged_is_gone_from_the_folder_too(here: Path) -> None:
    (here / "log.jsonl").write_text(text("a") + "{broken\n")
    run("ingest-traces", "log.jsonl")
    folder = here / ".prod-lens" / "dead-letter"
    assert len(list(folder.iterdir())) == 1
    assert document("dead-letter", "purge", "--older-than", "2999-01-01", "--yes") == {
        "schema": "prodlens.dead-letter-purge/1",
        "forgotten": 1,
    }
    assert list(folder.iterdir()) == []


def test_a_dry_run_makes_no_database(here: Path) -> None:
    (here / "log.jsonl").write_text(text("a"))
    assert document("ingest-traces", "log.jsonl", "--dry-run")["added"] == 1
    assert [path.name for path in here.iterdir()] == ["log.jsonl"]


def test_prices_in_one_line_stay_readable_when_another_is_set(here: Path) -> None:
    file = here / "prodlens.toml"
    file.write_text('prices = [{model = "a", input = 1.0, output = 2.0}]\n\n[report]\n')
    file.chmod(0o600)
    assert run("prices", "set", "b", "--input", "3", "--output", "4").exit_code == 0
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    shown = {row["model"] for row in document("prices", "list", "--model", "[ab]")["prices"]}
    assert shown == {"a", "b"}


def test_a_model_whose_output_is_unknown_is_not_called_priced(here: Path) -> None:
    record = {**GOOD, "attributes": {"llm.model_name": "gpt-4o"}, "usage": {"input_tokens": 5}}
    (here / "log.jsonl").write_text(json.dumps(record) + "\n")
    run("ingest-traces", "log.jsonl")
    reasons = [row["reason"] for row in document("prices", "missing")["models"]]
    assert not any(reason.startswith("priced now") for reason in reasons)


@pytest.mark.parametrize(
    "arguments",
    [
        ("ingest-traces", "log.jsonl", "--format", "zzz"),
        ("ingest-traces", "log.jsonl", "--repo", "../.."),
        ("prices", "set", "m", "--input", "1", "--output", "1", "--from", "never"),
    ],
)
def test_impossible_options_are_usage_errors(here: Path, arguments: tuple[str, ...]) -> None:
    (here / "log.jsonl").write_text(text("a"))
    assert run(*arguments).exit_code == 2


def test_changes_beside_a_read_only_file_are_not_overlooked(tmp_path: Path) -> None:
    """A log that can't be read would make committed calls vanish."""
    from prodlens.storage.connection import _has_unmerged_log

    with ProdLensStore(tmp_path / "cache.db") as store:
        store.insert_sessions([{**dict.fromkeys(["model"], "m"), "timestamp": "2026-09-01"}])
        assert _has_unmerged_log(tmp_path / "cache.db")
    assert not _has_unmerged_log(tmp_path / "cache.db")
