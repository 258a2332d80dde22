"""`developer` knows the ids that calls name people by, and proposes which are one person's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from prodlens.cli.__main__ import prod_lens
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

LAPTOP = "0f" * 32


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "cache.db"
    with ProdLensStore(path) as store:
        for source, developer in (("claude_code", LAPTOP), ("litellm", "ada@example.org")):
            store.insert_sessions(
                [
                    {
                        "timestamp": "2026-09-01T12:00:00Z",
                        "native_key": "message:1",
                        "source": source,
                        "developer_id": developer,
                        "developer_source": "derived",
                    }
                ]
            )
        store.insert_sessions(
            [
                {"timestamp": "2026-09-01T13:00:00Z", "developer_id": LAPTOP, "session_id": "s"},
                {"timestamp": "2026-09-01T13:00:00Z", "developer_id": "a key", "session_id": "t"},
            ]
        )
    return path


def run(database: Path, *words: str) -> Result:
    return CliRunner().invoke(prod_lens, ["--db", str(database), "developer", *words])


def test_the_list_says_of_each_id_what_it_is(database: Path) -> None:
    result = run(database, "list")
    assert result.exit_code == 0
    assert f"device:{LAPTOP}" in result.stdout
    assert "key_alias:a key" in result.stdout
    assert "email:ada@example.org" in result.stdout


def test_two_ids_of_one_call_are_proposed_and_accepted_as_the_command_says(database: Path) -> None:
    result = run(database, "suggest")
    assert f"prod-lens developer merge {LAPTOP} ada@example.org" in result.stdout
    assert run(database, "merge", LAPTOP, "ada@example.org").exit_code == 0
    assert "There is nothing to propose." in run(database, "suggest").stdout


def test_proposals_as_json_name_the_evidence(database: Path) -> None:
    result = CliRunner().invoke(
        prod_lens, ["--db", str(database), "--json", "developer", "suggest"]
    )
    (proposed,) = json.loads(result.stdout)["suggestions"]
    assert (proposed["source"], proposed["confidence"]) == ("same_call", 0.9)
    assert (proposed["value"], proposed["developer_id"]) == (LAPTOP, "ada@example.org")
