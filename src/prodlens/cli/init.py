"""`prod-lens init`: a first `prodlens.toml` from what is found in the working directory."""

from __future__ import annotations

import json
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prodlens.cli.context import pass_app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.cli.context import App
    from prodlens.cli.discovery import TraceFiles
    from prodlens.settings import Setting


_ABOUT = (
    "Settings of ProdLens. What is commented out shows an example.",
    "`prod-lens config show --origin` tells what is in force and why.",
    "Secrets don't belong here: set GITHUB_TOKEN in the environment or in .env.",
)


@click.command("init")
@click.option("--repo", "repos", multiple=True, metavar="OWNER/NAME", help="Repository; repeat.")
@click.option("--force", is_flag=True, help="Replace a prodlens.toml that is there.")
@pass_app
def init(app: App, repos: tuple[str, ...], force: bool) -> None:
    """Look for the git remote, trace files and assistants here; write a first prodlens.toml."""
    from prodlens.cli import discovery
    from prodlens.errors import InputError
    from prodlens.selection import parse_repository
    from prodlens.settings import FILE_NAME

    folder = Path.cwd()
    file = folder / FILE_NAME
    if file.exists() and not force:
        raise InputError(f"{file} exists already: change it there, or add --force to replace it.")
    remote = discovery.find_repository(folder)
    repositories = [parse_repository(repo) for repo in repos] or ([remote] if remote else [])
    traces = discovery.find_traces(folder)
    claude = discovery.find_claude_code()
    text = first_file({"repositories": repositories, "ingest.paths": [t.pattern for t in traces]})
    file.write_text(text, encoding="utf-8")
    if app.json:
        app.out.json(
            {
                "schema": "prodlens.init/1",
                "file": file,
                "repositories": repositories,
                "traces": [{"path": t.pattern, "files": t.files} for t in traces],
                "claude_code": claude,
            }
        )
        return
    _tell(app, repositories, traces, claude)


def first_file(found: dict[str, Sequence[str]]) -> str:
    """Return the text of a `prodlens.toml`: what was found is set, the rest is commented out.

    Args:
        found: Key -> value; an empty one counts as not found.
    """
    import tomlkit

    from prodlens.settings import SETTINGS

    document = tomlkit.document()
    for line in _ABOUT:
        document.add(tomlkit.comment(line))
    tables: dict[str, Any] = {"": document}
    for setting in SETTINGS:
        if setting.secret:
            continue
        table = tables.setdefault(setting.section, tomlkit.table())
        table.add(tomlkit.nl())
        table.add(tomlkit.comment(setting.help))
        if value := found.get(setting.key):
            table.add(setting.name, list(value))
        else:
            for line in _example(setting):
                table.add(tomlkit.comment(line))
    for section, table in tables.items():
        if section:
            document.add(tomlkit.nl())
            document.add(section, table)
    return tomlkit.dumps(document)


def _example(setting: Setting) -> list[str]:
    """Return the lines that would set a setting to its example."""
    from prodlens.settings import Kind

    whole = f"{setting.name} = {setting.example}"
    if setting.kind is not Kind.PRICES:
        return [whole]
    row = tomllib.loads(whole)[setting.name][0]
    return [f"[[{setting.name}]]", *(f"{key} = {json.dumps(row[key])}" for key in row)]


def _tell(
    app: App, repositories: Sequence[str], traces: Sequence[TraceFiles], claude: Path | None
) -> None:
    """Say what was found, and what to do next."""
    app.out.done("prodlens.toml written")
    app.out.line(f"  Repository   {', '.join(repositories) or 'none found'}")
    for place in traces:
        files = "1 file" if place.files == 1 else f"{place.files} files"
        app.out.line(f"  Traces       {place.pattern} ({files})")
    if not traces:
        app.out.line("  Traces       none found in this folder")
    if claude is not None:
        app.out.line(f"  Claude Code  {claude} (this release does not read its transcripts yet)")
    paths = shlex.join(place.pattern for place in traces) or "PATH"
    repo = f" --repo {repositories[0]}" if len(repositories) == 1 else ""
    app.out.note(f"Next: prod-lens ingest-traces {paths}")
    app.out.note(f"      prod-lens report{repo} --since 90d")
