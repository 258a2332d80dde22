"""The weekly report of the how-to pages: its commands exist, its actions are pinned, it may little."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from prodlens.cli.__main__ import COMMANDS, prod_lens
from prodlens.exports.registry import FORMATS

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
PAGE = (HOW_TO / "weekly-report.md").read_text(encoding="utf-8")
WORKFLOW = (HOW_TO / "weekly-report.yml").read_text(encoding="utf-8")


def commands(text: str) -> list[list[str]]:
    """Return the words of every command of prod-lens in a text."""
    joined = text.replace("\\\n", " ")
    found = re.findall(r"(?:^|&& |run: |`| {10})(prod-lens [^\n`&|<]+)", joined, re.MULTILINE)
    return [shlex.split(one.replace("$(date +\\%F)", "day"), comments=True)[1:] for one in found]


@pytest.mark.parametrize("text", [PAGE, WORKFLOW], ids=["page", "workflow"])
def test_every_command_exists_with_its_options_and_formats(text: str) -> None:
    found = commands(text)
    assert len(found) >= 3
    everywhere = {option for param in prod_lens.params for option in param.opts}
    for words in found:
        names = [word for word in words if not word.startswith("-")]
        assert names[0] in COMMANDS, words
        command = COMMANDS[names[0]].load()
        if isinstance(command, click.Group) and names[1:] and names[1] in command.commands:
            command = command.commands[names[1]]
        known = everywhere | {option for param in command.params for option in param.opts}
        assert {word for word in words if word.startswith("-")} <= known, words
        files = [Path(after) for word, after in itertools.pairwise(words) if word == "-o"]
        assert {file.suffix for file in files} <= set(FORMATS)


def test_what_the_page_says_of_cron_is_found_as_commands() -> None:
    assert [words[0] for words in commands(PAGE)].count("report") >= 3
    assert ["-q", "sync"] in commands(PAGE)
    assert {words[0] for words in commands(WORKFLOW)} == {
        *("ingest-traces", "ingest-github", "report")
    }


def test_every_action_is_pinned_to_a_commit_with_its_version() -> None:
    used = re.findall(r"uses: (.+)", WORKFLOW)
    assert len(used) == 4
    for one in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one), one


def test_the_token_reads_only_and_reaches_one_step() -> None:
    rights = re.search(r"(?m)^permissions:\n((?:  .+\n)+)", WORKFLOW)
    assert rights is not None
    assert rights[1].split() == ["contents:", "read", "issues:", "read", "pull-requests:", "read"]
    assert WORKFLOW.count("github.token") == 1
    assert "secrets." not in WORKFLOW
    assert "persist-credentials: false" in WORKFLOW


def test_no_expression_is_pasted_into_a_shell() -> None:
    shells = re.findall(r"run: (?:\|\n((?: {10}.*\n)+)|(.+))", WORKFLOW)
    assert len(shells) == 4
    assert not any("${{" in part for shell in shells for part in shell)


def test_the_workflow_is_yaml_that_github_understands() -> None:
    yaml: Any = pytest.importorskip("yaml", reason="no parser of YAML is installed")
    document = yaml.safe_load(WORKFLOW)
    assert set(document) == {"name", True, "permissions", "concurrency", "jobs"}  # on: is True
    assert document[True]["schedule"] == [{"cron": "0 6 * * 1"}]
    assert "workflow_dispatch" in document[True]
    steps = document["jobs"]["report"]["steps"]
    assert [step.get("name", step.get("uses", "").partition("@")[0]) for step in steps] == [
        "actions/checkout",
        "actions/setup-python",
        "Install ProdLens",
        "actions/cache",
        "Read traces",
        "Read pull requests and commits",
        "Write the report",
        "actions/upload-artifact",
    ]
