"""`prod-lens ingest-traces`: trace files into the store, and what came of it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from prodlens.cli.context import pass_app
from prodlens.cli.output import clean

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator, Sequence

    from prodlens.cli.context import App
    from prodlens.storage import ProdLensStore
    from prodlens.trace_ingestion import FileReport, IngestOptions

_LISTED: Final = 3
_KINDS: Final = 5
"""Kinds of lines without a call that are named."""


@click.command("ingest-traces")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...|-")
@click.option("--repo", metavar="OWNER/NAME", help="Repository of calls whose record names none.")
@click.option("--developer", metavar="ID", help="Developer of calls whose record names none.")
@click.option(
    "--format",
    "format_name",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="Format of the records, instead of telling it from each record.",
)
@click.option("--since", metavar="WHEN", help="Skip calls before; the ledger does not move.")
@click.option("--dry-run", is_flag=True, help="Read and count, write nothing.")
@click.option("--strict", is_flag=True, help="Exit with 3 when a record was set aside.")
@click.option("--dead-letter-dir", metavar="DIR", help="Folder that names what was set aside.")
@click.option("--parquet-dir", metavar="DIR", help="Folder that exports write to later.")
@pass_app
def ingest_traces(
    app: App,
    paths: tuple[str, ...],
    repo: str | None,
    developer: str | None,
    format_name: str,
    since: str | None,
    dry_run: bool,
    strict: bool,
    dead_letter_dir: str | None,
    parquet_dir: str | None,
) -> None:
    """Read traces of AI coding assistants from files, folders, globs or standard input (-)."""
    from prodlens.cli.price_book import price_book
    from prodlens.trace_ingestion import IngestOptions, TraceIngestor
    from prodlens.trace_ingestion.files import find
    from prodlens.trace_ingestion.outcome import summary

    options = IngestOptions(
        repo_slug=repo,
        developer=developer or app.settings.ingest.developer,
        format=None if format_name.lower() == "auto" else format_name,
        since=app.parse_when(since),
        dry_run=dry_run,
    )
    _check(options)
    found = find(paths)
    with _store(app, dry_run=dry_run) as store:
        ingestor = TraceIngestor(
            store,
            dead_letter_dir=dead_letter_dir or app.settings.ingest.dead_letter_dir,
            parquet_dir=parquet_dir or app.settings.ingest.parquet_dir,
            prices=price_book(app.settings),
            max_record_bytes=app.settings.ingest.max_record_bytes,
            processes=app.settings.ingest.processes,
        )
        with _progress(app) as on_progress:
            reports = ingestor.ingest(found, options, on_progress=on_progress)
    if app.json:
        app.out.json(summary(reports))
    else:
        _tell(app, reports, dry_run=dry_run)
    _leave(app, reports, strict=strict, folders=any(Path(path).is_dir() for path in paths))


def _check(options: IngestOptions) -> None:
    """Refuse options that no file could be read with."""
    from prodlens.errors import InputError
    from prodlens.selection import parse_repository
    from prodlens.trace_normalizer import parse_format

    try:
        parse_format(options.format)
        if options.repo_slug is not None:
            parse_repository(options.repo_slug)
    except InputError as error:
        raise click.UsageError(str(error)) from None


@contextlib.contextmanager
def _store(app: App, *, dry_run: bool) -> Iterator[ProdLensStore]:
    """Open the store to write; for a dry run only to read, or an empty one when there is none."""
    import tempfile

    from prodlens.storage import ProdLensStore

    if not dry_run:
        with app.open_store() as store:
            yield store
    elif app.settings.database.exists():
        with app.open_store(read_only=True) as store:
            yield store
    else:
        with tempfile.TemporaryDirectory() as folder, ProdLensStore(Path(folder, "no.db")) as store:
            yield store


def _leave(app: App, reports: Sequence[FileReport], *, strict: bool, folders: bool) -> None:
    """End with the exit code that the outcome calls for."""
    for report in reports:
        if report.problem is not None:
            app.out.error(report.problem)
    aside = sum(r.set_aside.total() for r in reports)
    understood = any(r.calls or r.noted or r.skipped or r.unchanged for r in reports)
    if aside and not understood:
        app.out.warn("Every record was set aside: nothing entered. See prod-lens dead-letter list")
        app.exit(1)
    if any(report.problem for report in reports):
        app.exit(1)
    if folders and not any(r.calls or r.noted or r.unchanged for r in reports):
        app.out.warn("No traces were found there.")
        app.exit(1)
    if aside and strict:
        app.exit(3)


def _tell(app: App, reports: Sequence[FileReport], *, dry_run: bool) -> None:
    """Print one line for what entered, and one for each thing to look at."""
    from collections import Counter

    from prodlens.trace_ingestion.outcome import BEFORE_SINCE, DAILY_FIGURES

    app.out.done(_entered(reports, dry_run=dry_run))
    aside: Counter[str] = sum((r.set_aside for r in reports), Counter())
    if aside:
        lines = "record" if aside.total() == 1 else "records"
        hint = "" if dry_run else "   prod-lens dead-letter list"
        app.out.warn(f"{aside.total():,} {lines} set aside   {_listed(aside)}{hint}")
    skipped: Counter[str] = sum((r.skipped for r in reports), Counter())
    if before := skipped.pop(BEFORE_SINCE, 0):
        app.out.note(f"  {before:,} calls are older than --since and were left out")
    if skipped:
        app.out.note(f"  {skipped.total():,} lines hold no call   {_listed(skipped, _KINDS)}")
    if figures := sum(r.noted[DAILY_FIGURES] for r in reports):
        text = "1 daily figure was" if figures == 1 else f"{figures:,} daily figures were"
        app.out.note(f"  {text} read, which count no calls")
    if models := sorted(set().union(*(r.unpriced for r in reports))):
        named = ", ".join(clean(model) for model in models[:_LISTED])
        more = f" and {len(models) - _LISTED} more" if len(models) > _LISTED else ""
        count = "1 model" if len(models) == 1 else f"{len(models)} models"
        app.out.warn(f"{count} without a price: {named}{more}   prod-lens prices missing")
    for report in reports:
        seen = report.calls or report.noted or report.set_aside or report.skipped
        if not (seen or report.unchanged or report.problem):
            app.out.note(f"  {clean(report.path)} is empty: nothing to read.")


def _entered(reports: Sequence[FileReport], *, dry_run: bool) -> str:
    """Return the one line that says what entered."""
    added = sum(r.added for r in reports)
    changed = sum(r.changed for r in reports)
    known = sum(r.known for r in reports)
    unchanged = sum(r.unchanged for r in reports)
    text = f"{added:,} new calls" if added != 1 else "1 new call"
    if dry_run:
        text = f"{text} would enter"
    if changed:
        text += f", {changed:,} known calls say more now"
    text += f", {known:,} already known"
    if unchanged:
        files = "file" if unchanged == 1 else "files"
        text += f", {unchanged:,} {files} unchanged since last time"
    return text


def _listed(counts: Counter[str], most: int | None = None) -> str:
    """Return counts with their names, the largest first; behind `most` only how many are left."""
    shown = ", ".join(f"{count:,} {clean(name)}" for name, count in counts.most_common(most))
    left = 0 if most is None else len(counts) - most
    return f"{shown} and {left} more kinds (--json lists them)" if left > 0 else shown


class _progress:  # noqa: N801 - used as a context manager function
    """Show on a terminal how far reading has come; nothing elsewhere."""

    def __init__(self, app: App) -> None:
        self._shows = app.out.shows_progress and not app.json
        self._display: Any = None
        self._task: Any = None

    def __enter__(self) -> Callable[[str, int], None] | None:
        if not self._shows:
            return None
        from rich.console import Console
        from rich.progress import DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        self._display = Progress(
            TextColumn("  {task.description}", markup=False),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._display.start()
        self._task = self._display.add_task("", total=None)
        return self._step

    def _step(self, path: str, done: int) -> None:
        self._display.update(self._task, description=clean(path), completed=done)

    def __exit__(self, *_: object) -> None:
        if self._display is not None:
            self._display.stop()
