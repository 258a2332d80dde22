"""`prod-lens report`: every metric of a time, on the terminal or in files, and made again.

Refreshes the daily tables on the way when the database can be written; the report reads days from
them, and calls of days for which they don't stand, and is right in any case.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prodlens.cli.context import pass_app
from prodlens.cli.report_times import as_of_option, timezone_option, when_option
from prodlens.collecting import without_collecting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from prodlens.cli.context import App
    from prodlens.exports.model import ReportModel
    from prodlens.exports.verification import Check
    from prodlens.metrics.report import Report, ReportGenerator
    from prodlens.selection import Selection
    from prodlens.storage import ProdLensStore

_SAID_ON_STDERR = frozenset(
    {
        "window_clipped",
        "window_before_data",
        "window_after_data",
        "no_data",
        "no_calls",
        "models_chosen",
        "traffic_left_out",
        "incomplete_day",
    }
)
"""Notes that must be seen also when the report goes into files."""


@click.group("report", invoke_without_command=True)
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
    "--compare",
    type=click.Choice(["previous", "year", "none"]),
    default="none",
    show_default=True,
    help="Time to compare with, on the same weekdays: as many weeks before, or the year before.",
)
@click.option(
    "--as-of",
    metavar="WHEN",
    help="Report as of then: later data don't count, and the report can be made again.",
)
@click.option(
    "--timezone",
    metavar="ZONE",
    help="Zone whose days count (Europe/Berlin) instead of the setting report.timezone.",
)
@click.option(
    "--traffic",
    metavar="CLASSES",
    help="Traffic that counts, such as human,subagent; all of it if not given. Calls of which no "
    "rule says whose they are: unclassified.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="GLOB",
    help="Only calls of this model (claude-*), as `prod-lens models` names it; may be repeated.",
)
@click.option(
    "--no-statistics",
    is_flag=True,
    help="Leave out associations, effect sizes and the interval of growth: quick figures alone.",
)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FILE",
    help="Write FILE, in the format of its ending (csv, html, json, md, pdf, txt, xlsx), instead "
    "of showing the report; may be repeated, and computes once.",
)
@click.option(
    "--table",
    metavar="NAME",
    help="One table of the report as CSV: models, figures, lag_profile, ...",
)
@click.option("--width", type=click.IntRange(min=1), hidden=True, help="Columns of the page.")
@pass_app
@without_collecting()
def report(app: App, /, **options: Any) -> None:
    """Show use, acceptance, cost, delivery and how they go together, and what is missing."""
    if click.get_current_context().invoked_subcommand is not None:
        return
    table: str | None = options["table"]
    targets = _targets(options["outputs"], table=table)
    as_of = as_of_option(app, options["as_of"])
    timezone: str = timezone_option(app, options["timezone"])
    asked: dict[str, Any] = {
        "repo": options["repo"],
        "since": when_option(options["since"], as_of, timezone),
        "until": when_option(options["until"], as_of, timezone),
        "policy_models": options["policy_models"] or app.settings.report.policy_models,
    }
    _check(asked)
    calls = _calls(options["traffic"], options["models"])
    with _open(app) as store:
        _refresh(app, store)
        made = generator(
            app, store, as_of, timezone, calls=calls, statistics=not options["no_statistics"]
        ).build_whole(lag_days=options["lag_days"], compare=options["compare"], **asked)
    _out(app, made, targets, table=table, width=options["width"])


@report.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@pass_app
def verify(app: App, file: Path) -> None:
    """Make the report of FILE.json again from the database and say which numbers still hold.

    Leaves with 0 when all do, and with 4 when one doesn't.
    """
    from prodlens.exports import json_document
    from prodlens.exports.verification import asked_by, held, read
    from prodlens.metrics.working_sessions import IDLE_MINUTES

    document = read(file)
    asked, as_of, compare = asked_by(document)
    with _open(app) as store:
        _refresh(app, store)
        said = document["metadata"]
        made = generator(
            app,
            store,
            as_of,
            str(said.get("timezone", "UTC")),
            calls=_calls(
                ",".join(map(str, said.get("traffic", ()))), [*map(str, said.get("models", ()))]
            ),
            idle_minutes=int(said.get("idle_minutes", IDLE_MINUTES)),
            statistics=bool(said.get("statistics", True)),
        ).build_whole(compare=compare, **asked)
    checks = held(document, json_document.document(made))
    changed = [one for one in checks if not one.holds]
    if app.json:
        document = {
            "schema": "prodlens.report_verification/1",
            "file": str(file),
            "numbers": [one.to_dict() for one in checks],
            "hold": len(checks) - len(changed),
            "differ": len(changed),
        }
        app.out.json(document)
    else:
        _say(app, file, changed, every=len(checks))
    if changed:
        app.exit(4)


def _say(app: App, file: Path, changed: Sequence[Check], *, every: int) -> None:
    """Print how many numbers hold, and those that don't."""
    if not changed:
        app.out.done(f"All {every:,} numbers of {file} still hold.")
        return
    app.out.line(f"{every - len(changed):,} of {every:,} numbers of {file} still hold.")
    rows = [(one.name, one.then_text, one.now_text) for one in changed]
    app.out.table(("number", "then", "now"), rows)


def generator(
    app: App,
    store: ProdLensStore,
    as_of: datetime | None,
    timezone: str | None = None,
    *,
    calls: Selection | None = None,
    idle_minutes: int | None = None,
    statistics: bool = True,
) -> ReportGenerator:
    """Return what makes reports as the settings say.

    Args:
        app: The run.
        store: The store.
        as_of: The instant to report as of; None is the present.
        timezone: IANA name of the zone whose days count; None is what the settings say.
        calls: Traffic classes and models that count; None is all.
        idle_minutes: Minutes without a call that end a working session; None is what the settings
            say.
        statistics: Whether associations, effect sizes and their intervals are computed.
    """
    from prodlens.cli.associating import declared_of
    from prodlens.metrics.declaration import Asking
    from prodlens.metrics.report import ReportGenerator
    from prodlens.selection import Selection

    return ReportGenerator(
        store,
        as_of=as_of,
        ai_labels=app.settings.report.ai_labels,
        asking=Asking(
            declared=declared_of(app),
            nonworking_days=app.settings.report.nonworking_days,
            selection=calls or Selection(),
            idle_minutes=idle_minutes or app.settings.report.idle_minutes,
            statistics=statistics,
        ),
        timezone=timezone or app.settings.report.timezone,
    )


def _calls(traffic: str | None, models: Sequence[str]) -> Selection:
    """Return the calls that count by `--traffic` and `--model`.

    Raises:
        click.UsageError: There is no class of that name, or a glob is blank or can't be printed.
    """
    from prodlens.errors import InputError
    from prodlens.metrics.traffic import parse_traffic
    from prodlens.selection import Selection

    for glob in models:
        if not glob.strip() or not glob.isprintable():
            raise click.UsageError(
                f"{glob!r} is no model: give a name, or a glob such as claude-*."
            )
    try:
        return Selection(traffic=parse_traffic(traffic), models=tuple(dict.fromkeys(models)))
    except InputError as error:
        raise click.UsageError(str(error)) from None


def _targets(outputs: Sequence[str], *, table: str | None) -> list[Path]:
    """Return the files to write, checked before anything is computed.

    Raises:
        click.UsageError: No format has that ending, or it can't hold one table.
        InputError: A file can't be written there, or its format is not installed.
    """
    if not outputs:
        return []
    from prodlens.errors import InputError
    from prodlens.exports.files import check_target
    from prodlens.exports.registry import format_of

    targets = [Path(output).expanduser() for output in outputs]
    try:
        formats = [format_of(target) for target in targets]
    except InputError as error:
        raise click.UsageError(str(error)) from None
    if table is not None and any(found.suffix != ".csv" for found in formats):
        raise click.UsageError("--table writes CSV: end the file's name in .csv.")
    for target, found in zip(targets, formats, strict=True):
        check_target(target)
        found.check(target)
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


def _out(
    app: App, made: Report, targets: Sequence[Path], *, table: str | None, width: int | None
) -> None:
    """Write or show the one report."""
    from prodlens.exports.building import model_of

    model = model_of(made)
    contents = [] if table is None else [_table(model, table)]
    _write(app, model, targets, contents)
    if app.json:
        from prodlens.exports import json_document

        app.out.json(json_document.document(model))
    elif not targets:
        if contents:
            app.out.line(contents[0].decode("utf-8").replace("\r\n", "\n").removesuffix("\n"))
        else:
            _show(app, model, width or app.out.width)


def _table(model: ReportModel, name: str) -> bytes:
    """Return one table of the report as CSV.

    Raises:
        click.UsageError: The report has no table of that name.
    """
    from prodlens.exports.flat_csv import render_table
    from prodlens.exports.report_tables import tables_of

    tables = tables_of(model)
    if name not in tables:
        known = ", ".join(one for one in tables if not one.startswith("spark_"))
        raise click.UsageError(f"The report has no table {name!r}. It has {known}.")
    return render_table(tables[name])


def _write(
    app: App, model: ReportModel, targets: Sequence[Path], contents: Sequence[bytes]
) -> None:
    """Write every file from the one report, and say so."""
    if not targets:
        return
    from prodlens.exports.files import write_private
    from prodlens.exports.registry import format_of

    rendered = [
        (target, contents[0] if contents else format_of(target).render(model)) for target in targets
    ]
    for target, content in rendered:
        write_private(target, content)
        app.out.note(f"Wrote {target}")
    for note in model.notes:
        if note.code in _SAID_ON_STDERR:
            # what every report of the present day says is no warning: cron would mail it
            say = app.out.note if note.code == "incomplete_day" else app.out.warn
            say(note.text)


def _show(app: App, model: ReportModel, width: int) -> None:
    from prodlens.exports.terminal import page

    sheet = page(model, width=width)
    if app.out.color:
        app.out.styled(sheet.styled())
    else:
        app.out.line(sheet.plain().removesuffix("\n"))
