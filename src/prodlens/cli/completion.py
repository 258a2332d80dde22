"""`prod-lens completion`: the script with which a shell completes commands and options.

Source: click.palletsprojects.com, "Shell Completion".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from prodlens.cli.context import pass_app

if TYPE_CHECKING:
    from prodlens.cli.context import App

_NAME: Final = "prod-lens"
_VARIABLE: Final = "_PROD_LENS_COMPLETE"
_INSTALL: Final = {
    "bash": (
        "mkdir -p ~/.local/share/bash-completion/completions && prod-lens completion bash "
        "> ~/.local/share/bash-completion/completions/prod-lens"
    ),
    "zsh": "mkdir -p ~/.zfunc && prod-lens completion zsh > ~/.zfunc/_prod-lens",
    "fish": (
        "mkdir -p ~/.config/fish/completions && prod-lens completion fish "
        "> ~/.config/fish/completions/prod-lens.fish"
    ),
}
_AFTER: Final = {
    "bash": "Needs bash 4.4 and the package bash-completion.",
    "zsh": "Put `fpath+=~/.zfunc; autoload -Uz compinit && compinit` into ~/.zshrc.",
    "fish": "",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@pass_app
def completion(app: App, shell: str) -> None:
    """Print the script that lets SHELL complete commands and options, and how to install it."""
    import sys

    from click.shell_completion import get_completion_class

    root = click.get_current_context().find_root().command
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    script = found(root, {}, _NAME, _VARIABLE)
    # bash's own check of its version starts a shell, which a script to be stored doesn't need
    source = script.source_template % script.source_vars()
    if app.json:
        app.out.json(
            {
                "schema": "prodlens.completion/1",
                "shell": shell,
                "script": source,
                "install": _INSTALL[shell],
            }
        )
        return
    app.out.line(source.strip("\n"))
    if sys.stdout.isatty():
        app.out.note("")
    app.out.note(f"Install it: {_INSTALL[shell]}")
    if _AFTER[shell]:
        app.out.note(_AFTER[shell])
