"""`prod-lens export`: the store as Parquet files, and single tables as one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from prodlens.cli.context import pass_app

if TYPE_CHECKING:
    from prodlens.cli.context import App


@click.group("export")
def export() -> None:
    """Write the calls as Parquet files, or a table as one file."""


@export.command("parquet")
@click.option(
    "--out",
    metavar="D",
    help="Folder or URL (s3://bucket/prefix) instead of the folder in the settings.",
)
@click.option("--repo", metavar="O/N", help="Only the calls of this repository.")
@click.option("--since", metavar="WHEN", help="First day (2026-10-01, 90d, this-month).")
@click.option(
    "--aggregates/--no-aggregates",
    default=True,
    help="Whether to bring the daily tables up to date and write them too.  [default: write]",
)
@pass_app
def parquet(
    app: App, out: str | None, repo: str | None, since: str | None, aggregates: bool
) -> None:
    """Bring Parquet files in step with the database; what did not change is left."""
    from prodlens.aggregation import DailyAggregator, ParquetExporter
    from prodlens.errors import InputError
    from prodlens.selection import parse_repository

    first = app.parse_when(since)
    try:
        slug = None if repo is None else parse_repository(repo)
    except InputError as error:
        raise click.UsageError(str(error)) from None
    folder = app.settings.ingest.parquet_dir if out is None else out
    exporter = ParquetExporter(folder)
    with app.open_store() as store:
        calls = exporter.export_sessions_by_date(store, since=first, repo_filter=slug)
        days = 0
        if aggregates:
            DailyAggregator(store).write_aggregates()
            days = exporter.export_aggregates_by_date(store, since=first)
    files = len(exporter.list_files())
    if app.json:
        counts = {"calls": calls, "daily_rows": days, "files": files}
        app.out.json({"schema": "prodlens.export-parquet/1", "folder": folder, **counts})
        return
    app.out.done(f"{calls:,} calls and {days:,} daily rows; {files:,} files in {folder}")
    if slug is not None and calls == 0:
        app.out.warn(f"{slug} has no calls in that time: see prod-lens db info.")
    app.out.note(f"Calls: {folder}/*/2*.parquet, for DuckDB, pandas, Polars and Spark")


@export.command("table")
@click.argument("name")
@click.option(
    "-o",
    "--output",
    "output",
    metavar="FILE",
    required=True,
    help="File to write; it ends in .csv, .parquet, .json or .xlsx.",
)
@click.option("--since", metavar="WHEN", help="First instant or day (2026-10-01, 90d).")
@click.option("--raw", is_flag=True, help="CSV for programs: text as stored, formulas included.")
@pass_app
def table(app: App, name: str, output: str, since: str | None, raw: bool) -> None:
    """Write the table NAME as one file: sessions, pull-requests, commits, daily-sessions, ..."""
    from prodlens.aggregation import DailyAggregator
    from prodlens.exports.files import check_target
    from prodlens.exports.table_files import FORMATS, TableRows, write
    from prodlens.storage.exported import ROLLED_UP, TABLES, rows

    target = Path(output).expanduser()
    suffix = target.suffix.lower()
    name = name.replace("_", "-").removesuffix("-metrics")
    if name not in TABLES:
        raise click.UsageError(f"There is no table {name!r}. Tables: {', '.join(TABLES)}.")
    if suffix not in FORMATS:
        raise click.UsageError(f"{output!r} must end in {', '.join(FORMATS)}.")
    if raw and suffix != ".csv":
        raise click.UsageError("--raw is about .csv files only.")
    first = app.parse_when(since)
    check_target(target)
    chosen = TABLES[name]
    with app.open_store(read_only=name not in ROLLED_UP) as store:
        if name in ROLLED_UP:
            DailyAggregator(store).write_aggregates()
        found = rows(store.conn, chosen, first)
        count = write(target, TableRows(name=name, fields=chosen.fields, rows=found, raw=raw))
    if app.json:
        said = {"table": name, "path": target, "rows": count}
        app.out.json({"schema": "prodlens.export-table/1", **said})
        return
    app.out.done(f"{count:,} rows of {name} in {target}, readable by you only")
