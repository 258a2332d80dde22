"""`prod-lens ingest-git`: a local clone into the store, and how much of it could be told."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

import click

from prodlens.cli.context import pass_app
from prodlens.cli.output import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.cli.context import App
    from prodlens.git_etl import GitSyncReport, LineReport
    from prodlens.identity import Resolution

_LITTLE: Final = 0.5


@click.command("ingest-git")
@click.argument("path", metavar="PATH")
@click.option("--repo", metavar="OWNER/NAME", help="Repository; otherwise the clone's remote says.")
@click.option("--branch", metavar="NAME", help="Branch to read instead of the default branch.")
@click.option("--lines", is_flag=True, help="Count changed lines too; this takes much longer.")
@click.option("--allow-shallow", is_flag=True, help="Take a clone whose history was cut off.")
@click.option(
    "--force",
    is_flag=True,
    help="Read all anew, even if unrelated to or older than what is stored.",
)
@pass_app
def ingest_git(
    app: App,
    path: str,
    repo: str | None,
    branch: str | None,
    lines: bool,
    allow_shallow: bool,
    force: bool,
) -> None:
    """Read commits and merged pull requests from the git clone at PATH; uses no network."""
    from prodlens.git_etl import GitETL
    from prodlens.identity import People

    with app.open_store() as store:
        etl = GitETL(store)
        report = etl.sync(
            path, repo_slug=repo, branch=branch, allow_shallow=allow_shallow, force=force
        )
        counted = etl.count_lines(path, repo_slug=repo, branch=branch) if lines else None
        people = People(store).resolve()
    if app.json:
        app.out.json(_document(report, counted, people))
        return
    app.out.done(_summary(report))
    if report.outdated:
        app.out.warn(
            "This clone is older than what is stored, nothing was changed: `git pull` in it, or "
            "add --force if the branch was set back on purpose."
        )
    for text in _warnings(report, counted):
        app.out.warn(text)
    for text in _notes(report, counted, people):
        app.out.note(f"  {text}")


def _document(
    report: GitSyncReport, counted: LineReport | None, people: Resolution
) -> dict[str, Any]:
    totals = report.totals
    return {
        "schema": "prodlens.ingest-git/1",
        **{
            field.name: getattr(report, field.name)
            for field in dataclasses.fields(report)
            if field.name != "totals"
        },
        "totals": totals._asdict() | {"numbered_share": _share(totals.numbered, totals.commits)},
        "lines": None if counted is None else dataclasses.asdict(counted),
        "unresolved_commit_share": people.unresolved_commit_share,
    }


def _summary(report: GitSyncReport) -> str:
    totals = report.totals
    place = f"{report.repo_slug} ({clean(report.branch)})" if report.branch else report.repo_slug
    if report.head is None:
        return f"{place} has no commits yet"
    text = (
        f"{_counted(report.commits_added, 'commit')} and "
        f"{_counted(report.pull_requests_added, 'pull request')} added to {place}"
    )
    if totals.commits:
        numbered, assisted = totals.numbered / totals.commits, totals.ai_assisted / totals.commits
        text += (
            f"; of {_counted(totals.commits, 'commit')} in all, {numbered:.0%} carry the number of "
            f"a pull request, at least {totals.ai_assisted:,} ({assisted:.1%}) are AI-assisted"
        )
    return text


def _warnings(report: GitSyncReport, counted: LineReport | None) -> Iterator[str]:
    totals = report.totals
    if report.history_cut:
        yield (
            "History cut: the clone is shallow, older commits are missing, landings near the cut "
            "may be late, and a force push can't be noticed. `git fetch --unshallow` mends it."
        )
    if report.previous_branch:
        yield (
            f"{clean(report.branch or 'No branch')} was read, {clean(report.previous_branch)} "
            f"before: {_counted(report.commits_left, 'commit')} left the default branch."
        )
    elif report.rewritten:
        yield (
            "Force push: the branch no longer holds what was its newest commit; "
            f"{_counted(report.commits_left, 'commit')} left it."
        )
    if totals.impossible_dates:
        yield (
            f"{_counted(totals.impossible_dates, 'commit')} landed at an impossible time (before "
            "1971 or in the future) and count on no day."
        )
    if not report.mail_map_read:
        yield "The mail-map is missing from this partial clone: names stay as commits have them."
    if counted and counted.unreadable:
        yield (
            f"Lines of {_counted(counted.unreadable, 'commit')} are not known: the clone lacks "
            "their contents, and nothing was fetched."
        )


def _notes(report: GitSyncReport, counted: LineReport | None, people: Resolution) -> Iterator[str]:
    totals = report.totals
    if report.instead_of:
        yield (
            f"{clean(report.branch or '')} is the default branch; {clean(report.instead_of)}, "
            "which is checked out, was not read (--branch reads it)."
        )
    if counted:
        yield f"Lines counted for {_counted(counted.counted, 'commit')}."
    if report.uncertain_numbers:
        yield (
            f"The number at the end of {_counted(report.uncertain_numbers, 'subject')} may be an "
            "issue's and was left out."
        )
    if totals.commits and totals.numbered / totals.commits < _LITTLE:
        yield "Most commits name no pull request: figures about pull requests are incomplete."
    if totals.pull_requests:
        yield (
            "A clone knows when pull requests were merged, not when they were opened or reopened: "
            "there is no time to merge and no rework rate from it."
        )
    if totals.commits and people.unresolved_commit_share:
        yield (
            f"{people.unresolved_commit_share:.0%} of the commits of all repositories are by people "
            "of whom only an e-mail is known: prod-lens developer list"
        )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
