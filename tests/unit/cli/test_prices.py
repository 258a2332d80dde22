from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from prodlens.cli.__main__ import prod_lens
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

RECORD = {
    "id": "r1",
    "timestamp": "2026-09-01T12:00:00Z",
    "usage": {"input_tokens": 1000, "output_tokens": 500},
    "attributes": {"llm.model_name": "house-model"},
}


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "log.jsonl").write_text(json.dumps(RECORD) + "\n")
    runner = CliRunner()
    assert run(runner, "ingest-traces", "log.jsonl").exit_code == 0
    return runner


def run(runner: CliRunner, *arguments: str) -> Result:
    return runner.invoke(prod_lens, arguments)


def document(runner: CliRunner, *arguments: str) -> Any:
    return json.loads(run(runner, *arguments, "--json").stdout)


def test_a_model_without_a_price_is_named_with_the_reason(runner: CliRunner) -> None:
    models = document(runner, "prices", "missing")["models"]
    assert [(m["model"], m["calls"], m["tokens"]) for m in models] == [("house-model", 1, 1500)]
    assert models[0]["reason"].startswith("unknown model")


def test_a_price_set_is_used_when_costs_are_restated(runner: CliRunner, tmp_path: Path) -> None:
    assert run(runner, "prices", "set", "house-*", "--input", "3", "--output", "15").exit_code == 0
    assert document(runner, "prices", "missing")["models"][0]["reason"] == (
        "priced now: run prod-lens prices restate"
    )
    restated = document(runner, "prices", "restate")
    assert (restated["looked_at"], restated["changed"]) == (1, 1)
    assert restated["after_usd"] == 0.0105  # 1000 * 3e-6 + 500 * 15e-6
    assert document(runner, "prices", "restate")["changed"] == 0
    assert document(runner, "prices", "missing")["models"] == []
    with ProdLensStore(tmp_path / ".prod-lens" / "cache.db") as store:
        row = store.fetch_sessions()[0]
        assert (row["cost_nanos"], row["cost_source"]) == (10_500_000, "computed")
        kept = store.conn.execute("select * from price_restatements").fetchall()
        assert [(k["old_cost_nanos"], k["old_cost_source"]) for k in kept] == [(None, "unknown")]


def test_setting_a_price_again_replaces_it_and_keeps_the_rest(
    runner: CliRunner, tmp_path: Path
) -> None:
    file = tmp_path / "prodlens.toml"
    file.write_text("# ours\n[report]\nidle_minutes = 45  # long\n")
    run(runner, "prices", "set", "m", "--input", "1", "--output", "2")
    run(runner, "prices", "set", "m", "--input", "3", "--output", "4")
    text = file.read_text()
    assert "# ours" in text
    assert "idle_minutes = 45  # long" in text
    assert text.count("[[prices]]") == 1
    assert "input = 3.0" in text


def test_known_prices_are_listed_by_pattern(runner: CliRunner) -> None:
    rows = document(runner, "prices", "list", "--model", "anthropic/claude-sonnet-4-5")["prices"]
    assert [(r["input"], r["output"], r["cache_read"]) for r in rows] == [(3.0, 15.0, 0.3)]


@pytest.mark.parametrize("amount", ["-1", "nan", "three", "inf"])
def test_an_impossible_price_is_a_usage_error(runner: CliRunner, amount: str) -> None:
    result = run(runner, "prices", "set", "m", "--input", amount, "--output", "1")
    assert result.exit_code == 2
    assert "no price" in result.stderr
