"""`prod-lens lake`: rollups by an engine, trace files read by many machines, and back into a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from prodlens.cli.context import pass_app
from prodlens.cli.output import clean

if TYPE_CHECKING:
    from prodlens.cli.context import App
    from prodlens.lake.aggregating import Days
    from prodlens.lake.ingesting import Outcome
    from prodlens.partitions import Place


_LISTED: Final = 3


@click.group("lake")
def lake() -> None:
    """Work on the Parquet lake with DuckDB or Spark, beyond one machine."""


@lake.command("ingest")
@click.argument("paths", nargs=-1, required=True, metavar="PATH|URL...")
@click.option("--to", "target", metavar="URL", help="Lake instead of the folder in the settings.")
@click.option(
    "--engine",
    type=click.Choice(["spark"]),
    default="spark",
    show_default=True,
    help="What reads; a single computer reads with prod-lens ingest-traces.",
)
@click.option("--master", metavar="M", help="Spark's cluster, such as spark://host:7077.")
@click.option("--repo", metavar="O/N", help="Repository of calls whose record names none.")
@click.option("--developer", metavar="ID", help="Developer of calls whose record names none.")
@click.option("--format", "format_name", default="auto", metavar="NAME", help="Format of records.")
@click.option("--since", metavar="WHEN", help="First day to write; others stay.")
@click.option("--until", metavar="WHEN", help="Day after the last one to write.")
@click.option("--replace", is_flag=True, help="Even where files of the lake then lose calls.")
@click.option("--strict", is_flag=True, help="Exit with 3 when a record was set aside.")
@pass_app
def ingest(
    app: App,
    paths: tuple[str, ...],
    target: str | None,
    engine: str,  # noqa: ARG001 - there is one so far
    master: str | None,
    repo: str | None,
    developer: str | None,
    format_name: str,
    since: str | None,
    until: str | None,
    replace: bool,
    strict: bool,
) -> None:
    """Read raw trace files of any size on a Spark cluster, straight into a lake."""
    from prodlens.cli.price_book import price_book
    from prodlens.clock import utc_now
    from prodlens.lake.ingesting import Plan
    from prodlens.lake.ingesting import ingest as read
    from prodlens.lake.normalising import Reading
    from prodlens.lake.raw_files import sized
    from prodlens.lake.spark_engine import spark_session

    place, days = _place(app, target), _days(app, since, until)
    _check_format(format_name)
    how = Reading(
        prices=price_book(app.settings),
        now=utc_now(),
        repo_slug=_slug(repo),
        developer=developer or app.settings.ingest.developer,
        format=None if format_name.lower() == "auto" else format_name,
        max_record_bytes=app.settings.ingest.max_record_bytes,
    )
    plan = Plan(files=sized(_named(paths)), how=how, days=days, replace=replace)
    with spark_session(master) as spark:
        outcome = read(place, spark, plan)
    _tell(app, place, outcome)
    if outcome.set_aside and not (outcome.formats or outcome.skipped):
        app.out.warn("Every record was set aside: nothing entered.")
        app.exit(1)
    if outcome.set_aside and strict:
        app.exit(3)


@lake.command("aggregate")
@click.option("--from", "source", metavar="URL", help="Lake instead of the folder in the settings.")
@click.option(
    "--engine",
    type=click.Choice(["duckdb", "spark"]),
    default="duckdb",
    show_default=True,
    help="What computes: one computer, or a Spark cluster.",
)
@click.option("--master", metavar="M", help="Spark's cluster, such as spark://host:7077.")
@click.option("--since", metavar="WHEN", help="First day to compute; others stay.")
@click.option("--until", metavar="WHEN", help="Day after the last one to compute.")
@pass_app
def aggregate(
    app: App,
    source: str | None,
    engine: str,
    master: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Compute the rollups of a lake, and write them back as its _aggregates."""
    from prodlens.lake.aggregating import aggregate as compute
    from prodlens.lake.engines import opened

    place, days = _place(app, source), _days(app, since, until)
    with opened(engine, master=master) as running:
        counts = compute(place, running, days)
    if app.json:
        said = {"lake": place.url, "engine": engine, "rows": counts}
        app.out.json({"schema": "prodlens.lake-aggregate/1", **said})
        return
    days_now = _counted(counts["daily_sessions"], "day")
    app.out.done(f"{days_now}, {counts['daily_usage']:,} rows of use in {place.url}/_aggregates")


@lake.command("import")
@click.option("--from", "source", metavar="URL", help="Lake instead of the folder in the settings.")
@click.option("--calls", is_flag=True, help="Bring the calls themselves, for reports on them.")
@click.option("--repo", metavar="O/N", help="With --calls: only those of this repository.")
@click.option("--since", metavar="WHEN", help="First day to bring.")
@click.option("--until", metavar="WHEN", help="Day after the last one to bring.")
@pass_app
def bring(
    app: App,
    source: str | None,
    calls: bool,
    repo: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Bring a lake's rollups, or its calls, into the database."""
    from prodlens.lake.importing import import_calls, import_rollups

    if repo is not None and not calls:
        raise click.UsageError("--repo is about --calls only: rollups cover every repository.")
    place, days = _place(app, source), _days(app, since, until)
    with app.open_store() as store:
        if calls:
            counts = {"calls": import_calls(place, store, days, repository=_slug(repo))}
        else:
            counts = import_rollups(place, store, days)
    if app.json:
        said = {"lake": place.url, "rows": counts}
        app.out.json({"schema": "prodlens.lake-import/1", **said})
        return
    if calls:
        app.out.done(f"{_counted(counts['calls'], 'call')} added or changed")
        return
    app.out.done(f"{_counted(counts['days'], 'day')}, {counts['daily_usage']:,} rows of use")
    if own := counts["own_days"]:
        app.out.note(f"  {_counted(own, 'day')} with calls in the database kept their own rollups")


def _named(paths: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the files and URLs that are meant, each with what dead letters call it."""
    from prodlens.errors import InputError
    from prodlens.lake.raw_files import find_urls
    from prodlens.partitions import is_url
    from prodlens.trace_ingestion.files import STANDARD_INPUT, find, ledger_path

    if STANDARD_INPUT in paths:
        raise InputError("A cluster can't read standard input: name files or URLs.")
    found: dict[str, str] = {}
    for path in paths:
        if is_url(path):
            found |= {url: url for url in find_urls(path)}
        else:
            found |= {str(Path(file).resolve()): ledger_path(file) for file in find([path])}
    return list(found.items())


def _check_format(name: str) -> None:
    from prodlens.errors import InputError
    from prodlens.trace_normalizer import parse_format

    try:
        parse_format(name)
    except InputError as error:
        raise click.UsageError(str(error)) from None


def _tell(app: App, place: Place, outcome: Outcome) -> None:
    from prodlens.partitions.manifest import LETTERS_PATH

    if app.json:
        app.out.json(
            {
                "schema": "prodlens.lake-ingest/1",
                "lake": place.url,
                "calls": outcome.calls,
                "files": outcome.files,
                "records": outcome.records,
                "set_aside": dict(sorted(outcome.set_aside.items())),
                "skipped": dict(sorted(outcome.skipped.items())),
                "formats": dict(sorted(outcome.formats.items())),
                "unpriced": sorted(outcome.unpriced),
            }
        )
        return
    calls, files = _counted(outcome.calls, "call"), _counted(outcome.files, "file")
    app.out.done(f"{calls} in {files} of {place.url}")
    if aside := outcome.set_aside.total():
        app.out.warn(f"{_counted(aside, 'record')} set aside   {place.address(LETTERS_PATH)}")
    if skipped := outcome.skipped.total():
        app.out.note(f"  {_counted(skipped, 'record')} without a call")
    if outcome.unpriced:
        names = ", ".join(clean(model) for model in sorted(outcome.unpriced)[:_LISTED])
        app.out.warn(f"{_counted(len(outcome.unpriced), 'model')} without a price: {names}")


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _place(app: App, source: str | None) -> Place:
    from prodlens.partitions import place_at

    return place_at(source or app.settings.ingest.parquet_dir)


def _slug(repo: str | None) -> str | None:
    from prodlens.errors import InputError
    from prodlens.selection import parse_repository

    try:
        return None if repo is None else parse_repository(repo)
    except InputError as error:
        raise click.UsageError(str(error)) from None


def _days(app: App, since: str | None, until: str | None) -> Days:
    from prodlens.clock import utc_day
    from prodlens.lake.aggregating import Days

    first, after = app.parse_when(since), app.parse_when(until)
    return Days(
        first=None if first is None else utc_day(first),
        after=None if after is None else utc_day(after),
    )
