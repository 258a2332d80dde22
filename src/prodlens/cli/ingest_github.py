"""`prod-lens ingest-github`: pull requests and commits of GitHub repositories into the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prodlens.cli.context import pass_app

if TYPE_CHECKING:
    from prodlens.cli.context import App
    from prodlens.cli.github_runs import Outcome


@click.command("ingest-github")
@click.option("--repo", "repos", multiple=True, metavar="OWNER/NAME", help="Repository; repeat.")
@click.option("--token", metavar="TOKEN", help="Token; better in GITHUB_TOKEN, others see this.")
@click.option("--since", metavar="WHEN", help="Only what changed since; no cursor moves.")
@click.option("--full", is_flag=True, help="Read everything again, and ask what is not known.")
@click.option("--max-wait", metavar="MIN", type=click.IntRange(0), help="Longest wait for a limit.")
@click.option("--dry-run", is_flag=True, help="Ask GitHub and count, write nothing.")
@pass_app
def ingest_github(
    app: App,
    repos: tuple[str, ...],
    token: str | None,
    since: str | None,
    full: bool,
    max_wait: int | None,
    dry_run: bool,
) -> None:
    """Read pull requests, reopenings and commits from GitHub; what was read before is not asked."""
    from prodlens.cli import github_runs

    repositories = _repositories(app, repos)
    if token:
        app.out.warn("--token is visible to everyone who lists processes: set GITHUB_TOKEN.")
    secret = token or app.settings.github.token
    if not secret:
        app.out.warn("No token: GitHub allows 60 calls an hour. Set GITHUB_TOKEN.")
    start = app.parse_when(since)
    opened = github_runs.throwaway(app) if dry_run else app.open_store()
    with opened as store, github_runs.progress(app) as on_progress:
        etl = github_runs.open_etl(app, store, max_wait=max_wait, on_progress=on_progress)
        outcome = github_runs.run_all(etl, repositories, token=secret, since=start, full=full)
        if outcome.reports and not dry_run:
            from prodlens.identity import People

            People(store).resolve()
    if app.json:
        found = github_runs.document(outcome)
        app.out.json({"schema": "prodlens.ingest-github/1", "dry_run": dry_run, **found})
    else:
        github_runs.tell(app, outcome, since=start)
        if dry_run:
            app.out.note("  This was a dry run: nothing was written.")
    _leave(app, outcome)


def _repositories(app: App, given: tuple[str, ...]) -> list[str]:
    """Return the repositories of the command line, else those of the settings."""
    from prodlens.errors import InputError
    from prodlens.selection import parse_repository

    found = [parse_repository(slug) for slug in given or app.settings.repositories]
    if not found:
        raise click.UsageError("Name a repository: --repo OWNER/NAME, or in prodlens.toml.")
    for slug in found:
        if slug.count("/") != 1:
            raise InputError(f"{slug!r} is no repository of GitHub: write it as owner/name.")
    return list(dict.fromkeys(found))


def _leave(app: App, outcome: Outcome) -> None:
    if outcome.later is not None:
        raise outcome.later
    if outcome.refused:
        app.exit(1)
