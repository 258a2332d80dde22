"""`report --traffic` and the setting of idle minutes reach the report, and its verification."""

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
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three calls, twenty minutes apart, of two classes of traffic."""
    monkeypatch.chdir(tmp_path)
    with ProdLensStore(".prod-lens/cache.db") as store:
        store.insert_sessions(
            {
                "timestamp": f"2026-09-01T12:{minute}:00Z",
                "developer_id": "ada",
                "session_id": "s",
                "traffic_class": one,
            }
            for minute, one in (("00", "human"), ("20", "human"), ("40", "health_probe"))
        )
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(prod_lens, ["report", *arguments])


def test_only_the_traffic_asked_for_counts_and_the_rest_is_named() -> None:
    document = json.loads(run("--traffic", "human", "--json").stdout)
    assert document["metrics"]["calls"]["value"] == 2
    assert document["report"]["filters"]["traffic"] == ["human"]
    assert document["coverage"]["traffic_left_out"]["health_probe"] == 1
    shown = run("--traffic", "human", "--width", "120").stdout
    assert "Only traffic of human counts; other calls, left out: 1 (health_probe 1)." in shown
    assert "calls by traffic: health_probe 1, human 2" in shown


def test_an_unknown_class_is_a_usage_error() -> None:
    result = run("--traffic", "humans")
    assert result.exit_code == 2
    assert "'humans' is no class of traffic. Did you mean human?" in result.stderr


def test_a_report_of_some_traffic_is_made_again_from_the_same_traffic() -> None:
    assert run("--traffic", "human", "-o", "report.json").exit_code == 0
    assert run("verify", "report.json").exit_code == 0


def test_the_setting_of_idle_minutes_cuts_and_stays_with_the_file() -> None:
    assert json.loads(run("--json").stdout)["metrics"]["working_sessions"]["value"] == 1
    settings = Path("prodlens.toml")
    settings.write_text("[report]\nidle_minutes = 10\n", encoding="utf-8")
    document = json.loads(run("--json", "-o", "report.json").stdout)
    assert document["metrics"]["working_sessions"]["value"] == 3
    assert document["metadata"]["idle_minutes"] == document["coverage"]["idle_minutes"] == 10
    settings.unlink()
    assert run("verify", "report.json").exit_code == 0
