"""`report --traffic`, `--model` and the setting of idle minutes reach the report, and `verify`."""

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


@pytest.fixture
def models() -> None:
    """One more call each of two models, and of none."""
    with ProdLensStore(".prod-lens/cache.db") as store:
        store.insert_sessions(
            {
                "timestamp": f"2026-09-02T12:0{minute}:00Z",
                "developer_id": "ada",
                "model": model,
                "tokens_in": 10**minute,
            }
            for minute, model in enumerate(("claude-opus-5", "gpt-5", None))
        )


@pytest.mark.usefixtures("models")
def test_only_calls_of_the_models_asked_for_count_and_the_report_says_so() -> None:
    document = json.loads(run("--model", "claude-*", "--json").stdout)
    assert document["metrics"]["calls"]["value"] == 1
    assert document["metrics"]["total_tokens"]["value"] == 1
    assert [line["model"] for line in document["models"]] == ["claude-opus-5"]
    assert document["metadata"]["models"] == ["claude-*"]
    assert document["report"]["filters"]["models"] == ["claude-*"]
    both = json.loads(run("--model", "claude-*", "--model", "gpt-5", "--json").stdout)
    assert both["metrics"]["total_tokens"]["value"] == 11
    shown = run("--model", "claude-*", "--model", "gpt-5", "--width", "150").stdout
    assert "Only calls of claude-* and gpt-5 count; other calls" in " ".join(shown.split())


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize("ending", ["txt", "md", "html", "csv", "xlsx"])
def test_every_file_is_written_of_some_models(ending: str) -> None:
    assert run("--model", "claude-*", "-o", f"report.{ending}").exit_code == 0
    content = Path(f"report.{ending}").read_bytes()
    assert ending in {"csv", "xlsx"} or b"Only calls of" in content


@pytest.mark.usefixtures("models")
def test_a_report_of_some_models_is_made_again_from_the_same_models() -> None:
    assert run("--model", "claude-*", "-o", "report.json").exit_code == 0
    result = run("verify", "report.json")
    assert (result.exit_code, "still hold" in result.stdout) == (0, True)


@pytest.mark.parametrize("name", ["models", "traffic"])
@pytest.mark.parametrize("value", [None, "claude-*", 7])
def test_a_file_that_doesn_t_say_which_calls_count_is_refused(name: str, value: object) -> None:
    document = json.loads(run("--json").stdout)
    document["metadata"][name] = value
    Path("report.json").write_text(json.dumps(document), encoding="utf-8")
    result = run("verify", "report.json")
    assert result.exit_code == 1
    assert "The report doesn't say what it was asked for" in result.stderr


@pytest.mark.usefixtures("models")
def test_a_model_that_no_call_names_gives_no_calls() -> None:
    document = json.loads(run("--model", "gemini-*", "--json").stdout)
    assert document["metrics"]["calls"]["value"] == 0
    assert {"models_chosen", "no_calls"} <= {note["code"] for note in document["notes"]}


@pytest.mark.parametrize("glob", ["", "  ", "gpt\x1b[2J"])
def test_a_model_that_is_none_is_a_usage_error(glob: str) -> None:
    result = run("--model", glob)
    assert result.exit_code == 2
    assert "is no model: give a name, or a glob such as claude-*." in result.stderr
