"""The pages tell the truth: reference pages are fresh, commands in the text exist."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import click
import pytest

from prodlens.cli.__main__ import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = ("cli.md", "settings.md", "schema.md", "metrics.md")
TEXTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
_CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`|((?:^ {4}.*\n)+)", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    pages: dict[str, str] = runpy.run_path(str(ROOT / "scripts" / "generate_docs.py"))["pages"]()
    return pages


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_what_the_program_says(name: str, generated: dict[str, str]) -> None:
    page = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert page == generated[name], "stale: run python scripts/generate_docs.py"


def test_every_page_is_generated(generated: dict[str, str]) -> None:
    assert set(generated) == set(PAGES)


def test_every_table_and_column_has_a_comment(generated: dict[str, str]) -> None:
    page = generated["schema.md"]
    tables = re.findall(r"(?m)^## (\w+)\n\n(.*)\n", page)
    assert len(tables) > 20
    assert all(comment for _, comment in tables)
    assert "| |" not in page
    assert "| `trace_hash` | text not null unique | day of the call" in page


def commands_in(text: str) -> list[str]:
    lines = "\n".join("".join(found) for found in _CODE.findall(text)).splitlines()
    return [line.strip() for line in lines if line.strip().startswith("prod-lens ")]


@pytest.mark.parametrize("name", TEXTS)
def test_every_command_in_a_text_exists(name: str) -> None:
    found = commands_in((ROOT / name).read_text(encoding="utf-8"))
    for line in found:
        words = shlex.split(line, comments=True)[1:]
        if words[0].startswith("-"):
            assert words[0] in ("--help", "--version")
            continue
        assert words[0] in COMMANDS, line
        command = COMMANDS[words.pop(0)].load()
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            assert words[0] in command.commands, line
            command = command.commands[words.pop(0)]
        known = {option for param in command.params for option in param.opts}
        assert {word for word in words if word.startswith("-") and word != "-"} <= known, line


def test_the_readme_shows_commands() -> None:
    assert len(commands_in((ROOT / "README.md").read_text(encoding="utf-8"))) > 4


def test_every_link_in_a_text_leads_to_a_file() -> None:
    for name in TEXTS:
        for target in re.findall(r"\]\(([^)]+)\)", (ROOT / name).read_text(encoding="utf-8")):
            assert target.startswith("https://") or (ROOT / target).exists(), f"{name}: {target}"
