"""`prod-lens report`: every metric of a time, on the terminal, as JSON or in files.

Refreshes the daily tables on the way when the database can be written; the report itself reads
rows and is right in any case.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prodlens.cli.context import pass_app

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from prodlens.cli.context import App
    from prodlens.metrics.report import Report
    from prodlens.storage import ProdLensStore

_SAID_ON_STDERR = frozenset(
    {
        "window_clipped",
        "window_before_data",
        "window_after_data",
        "no_data",
        "no_calls",
        "incomplete_day",
    }
)
"""Notes that must be seen also when the report goes into files."""


@click.command("report")
@click.option("--repo", metavar="OWNER/NAME", help="One repository; all of them if not given.")
@click.option("--since", metavar="WHEN", help="First day (2026-10-01, 90d, this-month).")
@click.option("--until", metavar="WHEN", help="First day after the report.")
@click.option(
    "--lag-days",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Days from use to delivery, for their association.",
)
@click.option(
    "--policy-model",
    "policy_models",
    multiple=True,
    metavar="GLOB",
    help="Model that people are meant to use (claude-*); may be repeated.",
)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FILE",
    help="Write FILE.csv or FILE.json instead of showing the report; may be repeated.",
)
@click.option("--width", type=click.IntRange(min=1), hidden=True, help="Columns of the page.")
@pass_app
def report(
    app: App,
    repo: str | None,
    since: str | None,
    until: str | None,
    lag_days: int,
    policy_models: tuple[str, ...],
    outputs: tuple[str, ...],
    width: int | None,
) -> None:
    """Show use, acceptance, cost, delivery and how they go together, and what is missing."""
    from prodlens.metrics.report import ReportGenerator

    targets = _targets(outputs)
    asked: dict[str, Any] = {
        "repo": repo,
        "since": app.parse_when(since),
        "until": app.parse_when(until),
        "policy_models": policy_models or app.settings.report.policy_models,
    }
    _check(asked)
    with _open(app) as store:
        _refresh(app, store)
        made = ReportGenerator(store).build(lag_days=lag_days, **asked)
    _write(app, made, targets)
    if app.json:
        from prodlens.exports import json_document

        app.out.json(json_document.document(made))
    elif not targets:
        _show(app, made, width or app.out.width)


def _targets(outputs: Sequence[str]) -> list[Path]:
    """Return the files to write, checked before anything is computed.

    Raises:
        click.UsageError: No format has that ending.
        InputError: A file can't be written there.
    """
    from prodlens.errors import InputError
    from prodlens.exports.files import check_target
    from prodlens.exports.registry import format_of

    targets = [Path(output).expanduser() for output in outputs]
    try:
        for target in targets:
            format_of(target)
    except InputError as error:
        raise click.UsageError(str(error)) from None
    for target in targets:
        check_target(target)
    return targets


def _check(asked: dict[str, Any]) -> None:
    """Refuse what no database could answer.

    Raises:
        click.UsageError: The window is empty, or a name is none.
    """
    from prodlens.errors import InputError
    from prodlens.metrics.policy import parse_policy
    from prodlens.selection import Selection

    since: datetime | None = asked["since"]
    try:
        Selection(
            since=since,
            until=asked["until"],
            repositories=() if asked["repo"] is None else (asked["repo"],),
        )
        parse_policy(asked["policy_models"])
    except InputError as error:
        raise click.UsageError(str(error)) from None


def _open(app: App) -> AbstractContextManager[ProdLensStore]:
    """Open the database for writing where that is possible; a report never makes a new one."""
    from prodlens.storage import connection

    path = app.settings.database
    writable = path.exists() and connection.is_writable(path)
    return app.open_store(read_only=not writable)


def _refresh(app: App, store: ProdLensStore) -> None:
    """Bring the daily tables up to date; what stops that doesn't stop the report."""
    from prodlens.aggregation import DailyAggregator
    from prodlens.errors import StoreBusyError, StoreFullError, StoreReadOnlyError

    if store.read_only:
        return
    try:
        DailyAggregator(store).write_aggregates()
    except (StoreBusyError, StoreFullError, StoreReadOnlyError) as error:
        app.out.warn(f"The daily tables stay as they were; the report is right. {error}")


def _write(app: App, made: Report, targets: Sequence[Path]) -> None:
    """Write every file from the one report, and say so."""
    from prodlens.exports.files import write_private
    from prodlens.exports.registry import format_of

    contents = [(target, format_of(target).render(made)) for target in targets]
    for target, content in contents:
        write_private(target, content)
        app.out.note(f"Wrote {target}")
    if targets:
        for note in made.notes:
            if note.code in _SAID_ON_STDERR:
                app.out.warn(note.text)


def _show(app: App, made: Report, width: int) -> None:
    from prodlens.exports.terminal import page

    sheet = page(made, width=width)
    if app.out.color:
        app.out.styled(sheet.styled())
    else:
        app.out.line(sheet.plain().removesuffix("\n"))
