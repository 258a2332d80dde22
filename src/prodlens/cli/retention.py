"""`prod-lens retention`: how much of what was accepted is in the commits of a local clone."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from prodlens.cli.context import pass_app
from prodlens.cli.output import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.cli.context import App
    from prodlens.retention import RetentionReport, ToolRetention

_HEADINGS: Final = ("tool", "edits", "found", "not committed", "pending", "lines", "kept", "share")
_DAYS: Final = re.compile(r"([1-9][0-9]{0,3})d")


@click.command("retention")
@click.option("--repo", "path", metavar="PATH", default=".", help="Folder of the clone.")
@click.option("--slug", metavar="OWNER/NAME", help="Repository; otherwise the clone's remote says.")
@click.option("--branch", metavar="NAME", help="Branch to read instead of the default branch.")
@click.option(
    "--window",
    metavar="DAYS",
    default="14d",
    help="How long after an edit a commit counts (14d).",
)
@pass_app
def retention(app: App, path: str, slug: str | None, branch: str | None, window: str) -> None:
    """Measure how much of what was accepted is still there at the next commit; uses no network."""
    from prodlens.retention import Retention

    days = _DAYS.fullmatch(window.strip())
    if days is None:
        raise click.UsageError(f"{window!r} is no number of days: write it as 14d.")
    with app.open_store() as store:
        report = Retention(store).measure(
            path, repo_slug=slug, branch=branch, window=timedelta(days=int(days[1]))
        )
    if app.json:
        app.out.json(_document(report))
        return
    if report.accepted:
        rows = report.tools if len(report.tools) < 2 else (*report.tools, report.total)
        app.out.table(_HEADINGS, [_row(row) for row in rows])
    for text in _warnings(report):
        app.out.warn(text)
    for text in _notes(report):
        app.out.note(text)


def _document(report: RetentionReport) -> dict[str, Any]:
    return {
        "schema": "prodlens.retention/1",
        **{
            field.name: getattr(report, field.name)
            for field in dataclasses.fields(report)
            if field.name not in {"total", "tools", "notes"}
        },
        "coverage": report.coverage,
        "total": _fields(report.total),
        "tools": [_fields(row) for row in report.tools],
        "git_ai_notes": dataclasses.asdict(report.notes),
    }


def _fields(row: ToolRetention) -> dict[str, Any]:
    return dataclasses.asdict(row) | {"kept_share": row.kept_share}


def _row(row: ToolRetention) -> tuple[object, ...]:
    share = None if row.kept_share is None else f"{row.kept_share:.0%}"
    return (
        row.tool,
        row.edits,
        row.found,
        row.not_committed,
        row.pending,
        row.lines,
        row.kept_lines,
        share,
    )


def _warnings(report: RetentionReport) -> Iterator[str]:
    if report.history_cut:
        yield (
            "History cut: the clone is shallow, commits before the cut were not read. "
            "`git fetch --unshallow` mends it."
        )
    if report.repo_slug is None and report.accepted:
        yield (
            "The clone names no repository (--slug does): an edit counts as its own only where "
            "the clone's folder stands in its path, or half of its lines were found."
        )


def _notes(report: RetentionReport) -> Iterator[str]:
    if not report.accepted:
        yield (
            "No accepted edit is known yet. They come from transcripts, telemetry, or proxy logs "
            "with bodies: prod-lens ingest-traces"
        )
        return
    if report.head is None:
        yield "The clone has no commits yet."
    known = report.total.found + report.total.not_committed
    place = clean(report.branch) if report.branch else "what is checked out"
    yield (
        f"Known for {known:,} of {_counted(report.accepted, 'accepted edit')} "
        f"({report.coverage or 0:.0%}), from {_counted(report.commits, 'commit')} of {place}, "
        f"each within {report.window_days} days of its edit."
    )
    yield from _left_open(report)
    notes = report.notes
    if notes.commits:
        yield (
            f"git-ai's notes on {_counted(notes.commits, 'commit')} confirm {notes.confirmed:,} of "
            f"the {_counted(notes.lines, 'kept line')} they speak of; "
            f"{_counted(notes.people, 'line')} by people counted for no edit."
        )


def _left_open(report: RetentionReport) -> Iterator[str]:
    if report.total.pending:
        yield (
            f"Pending: {_counted(report.total.pending, 'edit')}. No commit holds them yet and the "
            "window is open; they are in no share."
        )
    if report.earlier:
        yield (
            f"{_counted(report.earlier, 'edit')} found earlier in commits that this branch does "
            "not hold; left as they were."
        )
    if report.elsewhere:
        yield f"{_counted(report.elsewhere, 'edit')} of no known repository: not of this clone."


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
