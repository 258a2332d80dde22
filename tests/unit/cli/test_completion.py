from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from prodlens.cli.__main__ import prod_lens


@pytest.mark.parametrize(
    ("shell", "sign", "place"),
    [
        ("bash", "complete -o nosort -F _prod_lens_completion prod-lens", "bash-completion"),
        ("zsh", "#compdef prod-lens", "~/.zfunc/_prod-lens"),
        ("fish", "complete --no-files --command prod-lens", "fish/completions/prod-lens.fish"),
    ],
)
def test_the_script_goes_to_stdout_and_how_to_install_it_to_stderr(
    shell: str, sign: str, place: str
) -> None:
    result = CliRunner().invoke(prod_lens, ["completion", shell])
    assert result.exit_code == 0
    assert sign in result.stdout
    assert "_PROD_LENS_COMPLETE" in result.stdout
    assert "Install it" not in result.stdout
    assert place in result.stderr


def test_json_holds_script_and_installation() -> None:
    result = CliRunner().invoke(prod_lens, ["completion", "zsh", "--json"])
    document = json.loads(result.stdout)
    assert document["schema"] == "prodlens.completion/1"
    assert document["script"].startswith("#compdef prod-lens")
    assert document["install"].startswith("mkdir -p ~/.zfunc")


def test_another_shell_is_refused() -> None:
    assert CliRunner().invoke(prod_lens, ["completion", "cmd"]).exit_code == 2


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("prod-lens mod", {"models"}),
        ("prod-lens models --so", {"--sort"}),
        ("prod-lens models --sort c", {"cost", "calls"}),
    ],
)
def test_commands_options_and_values_are_completed(words: str, found: set[str]) -> None:
    asked = {
        "_PROD_LENS_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    result = CliRunner().invoke(prod_lens, [], env=asked)
    assert {line.partition(",")[2] for line in result.stdout.splitlines()} == found
