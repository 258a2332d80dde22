"""The page about statistics shows what the program prints for the demo, word for word."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from prodlens.cli.__main__ import prod_lens
from prodlens.demo.pipeline import build

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "statistics.md"
_BLOCK = re.compile(r"^```\n\$ (prod-lens [^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def examples() -> list[tuple[str, str]]:
    return _BLOCK.findall(PAGE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `prod-lens demo` ran with its defaults."""
    made = tmp_path_factory.mktemp("page")
    build(made / "prodlens-demo")
    return made


def test_every_example_is_what_the_program_prints(
    examples: list[tuple[str, str]], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert len(examples) == 6
    for command, shown in examples:
        words = shlex.split(command)[1:]
        result = CliRunner(env={"COLUMNS": "80"}).invoke(prod_lens, words)
        assert result.exit_code == 0, result.stderr
        assert result.stdout == shown, command


def test_the_page_holds_a_whole_table_with_its_seed() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert re.search(r"^seed \d+, 1000 series a row, 200 invented teams$", text, re.MULTILINE)
    for part in (
        *("null", "rollout", "holidays", "coverage", "family", "split"),
        *("choices", "people", "demo"),
    ):
        assert re.search(rf"^{part} +\S", text, re.MULTILINE), part
    assert "FAILS" not in text
    assert "\nEvery gate holds.\n" in text
