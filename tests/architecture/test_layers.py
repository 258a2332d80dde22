from __future__ import annotations

import logging
import tomllib
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_every_import_follows_the_layers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(PROJECT.parent)
    monkeypatch.syspath_prepend(str(PROJECT.parent / "src"))
    known = [
        log for log in logging.root.manager.loggerDict.values() if isinstance(log, logging.Logger)
    ]
    enabled = [log for log in known if not log.disabled]
    code = lint_imports(config_filename=str(PROJECT), no_cache=True)
    for log in enabled:  # import-linter configures logging and switches all other loggers off
        log.disabled = False
    assert code == 0, capsys.readouterr().out


def test_no_contract_was_taken_away() -> None:
    settings = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["tool"]["importlinter"]
    assert {contract["id"] for contract in settings["contracts"]} >= {
        "layers",
        "acyclic",
        "reading-side",
        "sqlite",
        "settings",
        "stats-pure",
    }
    layers = next(contract for contract in settings["contracts"] if contract["id"] == "layers")
    assert layers["exhaustive"] is True


@pytest.mark.parametrize("word", ["util", "utils", "helper", "helpers", "common", "misc"])
def test_every_module_has_an_owner_in_its_name(word: str) -> None:
    source = PROJECT.parent / "src" / "prodlens"
    named = [path for path in source.rglob("*") if path.stem == word]
    assert named == []
