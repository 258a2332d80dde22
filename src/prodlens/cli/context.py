"""What every command needs: settings, the store, the printer, and the options valid everywhere.

Knows no command. How to write one (module `prodlens/cli/example.py`, one line in `COMMANDS` of
`prodlens/cli/__main__.py`):

```python
import click

from prodlens.cli.context import pass_app

if TYPE_CHECKING:
    from prodlens.cli.context import App


@click.command("example")
@click.option("--since", metavar="WHEN", help="First day (2026-10-01, 90d, this-month).")
@pass_app
def example(app: App, since: str | None) -> None:
    \"\"\"One line: what it does.\"\"\"
    from prodlens.aggregation import DailyAggregator  # heavy things inside the function

    since_at = app.parse_when(since)                  # aware UTC or None; a bad text is usage (2)
    with app.open_store(read_only=True) as store:     # --db, prodlens.toml, environment
        found = ...
    if app.json:                                      # --json: one document with a schema
        return app.out.json({"schema": "prodlens.example/1", "found": found})
    app.out.table(["day", "calls"], found)            # results: stdout
    app.out.note("Next: prod-lens report")            # notes: stderr, silent with -q
    app.out.warn("2 models without a price")          # warnings: stderr
    app.exit(3)                                       # an exit code other than 0
```

`--db`, `--config`, `--json`, `-q`, `-v`, `--no-color` and `--no-input` are added to every command
by themselves: don't declare them. Raise `ProdLensError`s with a full sentence and let them go:
`prodlens.cli.__main__` prints them and chooses the exit code. Settings reach inner modules only as
keyword arguments: `TraceIngestor(store, dead_letter_dir=app.settings.ingest.dead_letter_dir)`.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn

import click

from prodlens.cli.output import Output

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime

    from prodlens.settings import Settings
    from prodlens.storage import ProdLensStore

_OPTIONS: Final[tuple[tuple[tuple[str, ...], dict[str, Any]], ...]] = (
    (("--db",), {"metavar": "PATH", "help": "Database file."}),
    (
        ("--config",),
        {"metavar": "PATH", "help": "Settings file instead of the prodlens.toml found."},
    ),
    (("--json",), {"is_flag": True, "help": "Print one JSON document."}),
    (("-q", "--quiet"), {"is_flag": True, "help": "Print results, warnings and errors only."}),
    (("-v", "--verbose"), {"is_flag": True, "help": "Print a traceback with an error."}),
    (("--no-color",), {"is_flag": True, "help": "Print without colour."}),
    (("--no-input",), {"is_flag": True, "help": "Never ask; fail instead."}),
)
_SHOWN: Final = ("--db", "--json")
"""Options that the help of each command repeats; the others stand in `prod-lens --help`."""


class App:
    """One run of the command line.

    Attributes:
        flags: Options valid everywhere that were given, by name (`db`, `config`, `json`, ...).
    """

    def __init__(self) -> None:
        self.flags: dict[str, Any] = {}

    @property
    def json(self) -> bool:
        """Whether `--json` asks for one document on stdout."""
        return bool(self.flags.get("json"))

    @property
    def verbose(self) -> bool:
        """Whether `-v` asks for more notes, and for tracebacks."""
        return bool(self.flags.get("verbose"))

    @functools.cached_property
    def out(self) -> Output:
        """The printer of this run."""
        color = False if self.flags.get("no_color") else None
        return Output(color=color, quiet=bool(self.flags.get("quiet")))

    @functools.cached_property
    def settings(self) -> Settings:
        """The settings of this run, read on first use.

        Raises:
            SettingsError: The file, the environment or a flag has an impossible value.
        """
        from pathlib import Path

        from prodlens.settings import load_settings

        config = self.flags.get("config")
        database = self.flags.get("db")
        return load_settings(
            folder=Path.cwd(),
            environ=os.environ,
            config=None if config is None else Path(config).expanduser(),
            flags={} if database is None else {"database": database},
        )

    def open_store(self, *, read_only: bool = False) -> AbstractContextManager[ProdLensStore]:
        """Open the database that the settings name, for a `with` block.

        Raises:
            StoreError: It can't be opened, or fails inside the block.
        """
        from prodlens.storage.maintenance import opened

        return opened(self.settings.database, read_only=read_only)

    def parse_when(self, text: str | None) -> datetime | None:
        """Return the instant of a `--since` or `--until`, aware UTC; None when not given.

        Raises:
            click.UsageError: The text is no time.
        """
        return None if text is None else self.parse_moment(text)

    def parse_moment(self, text: str) -> datetime:
        """Return the instant that a text of the command line means, aware UTC.

        Raises:
            click.UsageError: The text is no time.
        """
        from prodlens.clock import parse_when, utc_now
        from prodlens.errors import InputError

        try:
            return parse_when(text, utc_now())
        except InputError as error:
            raise click.UsageError(str(error)) from None

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask before something is lost; `--yes` answers beforehand.

        Raises:
            click.UsageError: There is nobody to ask, and no `--yes`.
            click.Abort: The answer was no.
        """
        if yes:
            return
        if self.flags.get("no_input") or not sys.stdin.isatty():
            raise click.UsageError(f"{question} Nobody is here to answer: add --yes.")
        click.confirm(question, abort=True, err=True)

    def exit(self, code: Literal[0, 1, 3, 4]) -> NoReturn:
        """End the command with an exit code (`api.md` in words: docs/reference/cli.md)."""
        click.get_current_context().exit(code)


pass_app = click.make_pass_decorator(App, ensure=True)
"""Decorator that hands the `App` to a command as its first argument."""


def add_shared_options(command: click.Command, *, root: bool = False) -> None:
    """Give a command, and all below it, the options that are valid everywhere.

    Args:
        command: A command; an option that it declares itself stays its own.
        root: Whether it is `prod-lens` itself, whose help shows all of them.
    """
    taken = {name for param in command.params for name in param.opts}
    for names, details in _OPTIONS:
        if taken.isdisjoint(names):
            hidden = not root and names[-1] not in _SHOWN
            command.params.append(
                click.Option(names, expose_value=False, callback=_keep, hidden=hidden, **details)
            )
    if isinstance(command, click.Group) and not root:
        for sub_command in command.commands.values():
            add_shared_options(sub_command)


def _keep(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Note an option on the `App`; the one nearest to the end of the line wins."""
    if value is not None and value is not False and param.name is not None:
        ctx.ensure_object(App).flags[param.name] = value
