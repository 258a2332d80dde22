"""A click group whose commands are known by name and imported only when they run.

`prod-lens --help` therefore imports no command, and a hook that runs one command imports one.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from prodlens.cli.context import add_shared_options

if TYPE_CHECKING:
    from collections.abc import Mapping


class LazyCommand(NamedTuple):
    """A command that is not imported yet.

    Attributes:
        target: `package.module:attribute` of a click command.
        summary: What it does, in one line of the help.
    """

    target: str
    summary: str

    def load(self) -> click.Command:
        """Import the command and give it the options that are valid everywhere."""
        module, _, attribute = self.target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        add_shared_options(command)
        return command


class LazyGroup(click.Group):
    """A group that imports a command when it is called.

    Args:
        lazy: Name -> command, in the order of the help.
        settings: What `click.Group` takes.
    """

    def __init__(self, *, lazy: Mapping[str, LazyCommand], **settings: Any) -> None:
        super().__init__(**settings)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command; None when there is none of that name."""
        entry = self.lazy.get(cmd_name)
        return None if entry is None else entry.load()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name.

        Raises:
            click.UsageError: There is none; a similar one is proposed.
        """
        name = args[0]
        if name not in self.lazy and not name.startswith("-") and not ctx.resilient_parsing:
            import difflib

            similar = difflib.get_close_matches(name, self.lazy, n=1)
            hint = f" Did you mean {similar[0]!r}?" if similar else ""
            raise click.UsageError(f"There is no command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.lazy.items()])
