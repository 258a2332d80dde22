from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from prodlens.cli.__main__ import COMMANDS, ProdLensGroup, prod_lens
from prodlens.cli.context import add_shared_options, pass_app
from prodlens.cli.lazy import LazyCommand
from prodlens.errors import InputError, RetryLaterError, StoreError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from prodlens.cli.context import App

    Shell = Callable[[str], subprocess.CompletedProcess[str]]

FAILURES: dict[str, BaseException] = {
    "input": InputError("The file is missing: name another."),
    "store": StoreError("The database is locked."),
    "later": RetryLaterError("Come back at 12:00."),
    "defect": ValueError("secret prompt text"),
    "file": PermissionError(13, "Permission denied", "/data/x.csv"),
    "disk": OSError(28, "No space left on device"),
    "interrupt": KeyboardInterrupt(),
    "usage": click.UsageError("--since is no time."),
}


@click.command("fail")
@click.argument("kind")
def fail(kind: str) -> None:
    """Fail in one of the ways."""
    raise FAILURES[kind]


@click.command("leave")
@click.argument("code", type=int)
@pass_app
def leave(app: App, code: int) -> None:
    """Leave with a code."""
    app.exit(code)  # type: ignore[arg-type]


@click.command("count")
def count() -> int:
    """Return a number, which is no exit code."""
    return 41


@click.command("flags")
@pass_app
def flags(app: App) -> None:
    """Print the options that are valid everywhere."""
    app.out.line(str(sorted(app.flags.items())))


@click.command("ask")
@click.option("--yes", is_flag=True)
@pass_app
def ask(app: App, yes: bool) -> None:
    """Ask first."""
    app.confirm("Forget it?", yes=yes)
    app.out.line("forgotten")


def group() -> ProdLensGroup:
    lazy = {
        name: LazyCommand(f"{__name__}:{name}", f"Runs {name}.")
        for name in ("fail", "leave", "count", "flags", "ask")
    }
    made = ProdLensGroup(lazy=lazy, name="prod-lens")
    add_shared_options(made, root=True)
    return made


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])


@pytest.mark.parametrize(
    ("kind", "code", "message"),
    [
        ("input", 1, "Error: The file is missing: name another.\n"),
        ("store", 1, "Error: The database is locked.\n"),
        ("later", 5, "Error: Come back at 12:00.\n"),
        ("file", 1, "Error: /data/x.csv: Permission denied.\n"),
        ("disk", 1, "Error: The output: No space left on device.\n"),
    ],
)
def test_an_error_becomes_a_sentence_and_an_exit_code(kind: str, code: int, message: str) -> None:
    result = CliRunner().invoke(group(), ["fail", kind])
    assert (result.exit_code, result.stderr, result.stdout) == (code, message, "")


def test_usage_errors_exit_with_2_and_say_where_help_is() -> None:
    result = CliRunner().invoke(group(), ["fail", "usage"])
    assert result.exit_code == 2
    assert "--since is no time." in result.stderr


def test_an_interrupt_exits_with_130_and_without_a_traceback() -> None:
    result = CliRunner().invoke(group(), ["fail", "interrupt"])
    assert result.exit_code == 130
    assert "Traceback" not in result.stderr


def test_a_defect_says_how_to_report_it_and_repeats_no_data() -> None:
    result = CliRunner().invoke(group(), ["fail", "defect"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: This is a defect of prod-lens 0.1.0: ValueError")
    assert "--verbose" in result.stderr
    assert "/issues" in result.stderr
    assert "secret" not in result.output
    assert "Traceback" not in result.output


def test_verbose_adds_the_traceback() -> None:
    result = CliRunner().invoke(group(), ["fail", "defect", "-v"])
    assert result.exit_code == 1
    assert "Traceback (most recent call last)" in result.stderr


@pytest.mark.parametrize("code", [0, 1, 3, 4])
def test_a_command_chooses_its_exit_code(code: int) -> None:
    assert CliRunner().invoke(group(), ["leave", str(code)]).exit_code == code


def test_what_a_command_returns_is_no_exit_code() -> None:
    assert CliRunner().invoke(group(), ["count"]).exit_code == 0


def test_shared_options_are_valid_before_and_behind_the_command() -> None:
    before = CliRunner().invoke(group(), ["--db", "a.db", "--json", "-q", "flags"])
    behind = CliRunner().invoke(group(), ["flags", "--db", "a.db", "--json", "-q"])
    expected = "[('db', 'a.db'), ('json', True), ('quiet', True)]\n"
    assert before.stdout == behind.stdout == expected


def test_the_option_nearest_to_the_end_wins() -> None:
    result = CliRunner().invoke(group(), ["--db", "a.db", "flags", "--db", "b.db"])
    assert result.stdout == "[('db', 'b.db')]\n"


def test_options_of_one_run_are_not_remembered_by_the_next() -> None:
    CliRunner().invoke(group(), ["--json", "flags"])
    assert CliRunner().invoke(group(), ["flags"]).stdout == "[]\n"


def test_an_option_of_the_command_itself_is_not_taken_over() -> None:
    @click.command()
    @click.option("--json", "form")
    def own(form: str) -> None:
        click.echo(form)

    add_shared_options(own)
    assert [param.opts for param in own.params].count(["--json"]) == 1


def test_an_unknown_command_proposes_a_similar_one() -> None:
    result = CliRunner().invoke(prod_lens, ["agregate"])
    assert result.exit_code == 2
    assert "There is no command 'agregate'. Did you mean 'aggregate'?" in result.stderr


def test_nobody_to_ask_is_a_usage_error() -> None:
    result = CliRunner().invoke(group(), ["ask"], input="y\n")
    assert result.exit_code == 2
    assert "Forget it? Nobody is here to answer: add --yes." in result.stderr


def test_yes_answers_beforehand() -> None:
    assert CliRunner().invoke(group(), ["ask", "--yes"]).stdout == "forgotten\n"


def test_the_help_lists_every_command_with_its_line() -> None:
    result = CliRunner().invoke(prod_lens, ["--help"])
    assert result.exit_code == 0
    for name, entry in COMMANDS.items():
        assert f"  {name}" in result.stdout
        assert entry.summary[:40] in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_loaded_and_has_its_name(name: str) -> None:
    command = COMMANDS[name].load()
    assert command.name == name
    assert "--db" in {option for param in command.params for option in param.opts}


def test_the_module_runs_as_a_program(shell: Shell) -> None:
    done = shell("prod-lens --version")
    assert (done.returncode, done.stdout, done.stderr) == (0, "prod-lens 0.1.0\n", "")


def test_a_reader_that_went_away_is_no_failure(shell: Shell) -> None:
    done = shell("prod-lens config show | true")
    assert (done.returncode, done.stdout) == (0, "")
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_help_into_a_closed_pipe_is_quiet(shell: Shell) -> None:
    assert shell("prod-lens --help | true").stderr == ""


def test_a_full_disk_behind_stdout_is_a_failure(shell: Shell) -> None:
    done = shell("prod-lens config show > /dev/full")
    assert done.returncode == 1
    assert "Error: The output: No space left on device." in done.stderr
    assert "Traceback" not in done.stderr
