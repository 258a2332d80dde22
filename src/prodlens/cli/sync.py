"""`prod-lens sync`: everything that `prodlens.toml` names, from where it was left, then the days."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from prodlens.cli.context import pass_app
from prodlens.cli.github_runs import Outcome

if TYPE_CHECKING:
    from prodlens.cli.context import App
    from prodlens.github_etl import GithubETL, Verification
    from prodlens.storage import ProdLensStore


@dataclass(slots=True)
class _Result:
    """What one sync did.

    Attributes:
        calls: Calls added or changed; None when no traces are named.
        missing: Why paths can't be read, in words.
        github: What came of the repositories.
        days: Days standing in the two daily tables.
        verified: What comparisons found; None when there were none.
    """

    calls: int | None = None
    missing: list[str] = field(default_factory=list)
    github: Outcome = field(default_factory=Outcome)
    days: tuple[int, int] = (0, 0)
    verified: list[Verification] | None = None

    @property
    def differences(self) -> int:
        """How many differences to GitHub were found."""
        return sum(len(one.differences) for one in self.verified or ())


@click.command("sync")
@click.option("--verify", is_flag=True, help="Compare counts and a sample with GitHub afterwards.")
@click.option(
    "--sample",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="Pull requests of each repository to compare.",
)
@click.option("--max-wait", metavar="MIN", type=click.IntRange(0), help="Longest wait for a limit.")
@pass_app
def sync(app: App, verify: bool, sample: int, max_wait: int | None) -> None:
    """Read what is new in all traces and repositories of prodlens.toml; compute the daily tables.

    With --verify the exit code is 4 when something is stored otherwise than GitHub has it.
    """
    from prodlens.cli import github_runs
    from prodlens.errors import InputError

    settings = app.settings
    if not settings.repositories and not settings.ingest.paths:
        raise InputError(
            "prodlens.toml names neither repositories nor traces: run `prod-lens init`, or add "
            'repositories = ["owner/name"] or [ingest] paths = ["litellm/*.jsonl"].'
        )
    result = _Result()
    with app.open_store() as store, github_runs.progress(app) as on_progress:
        etl = github_runs.open_etl(app, store, max_wait=max_wait, on_progress=on_progress)
        _run(app, store, etl, result)
        if verify and result.github.later is None:
            result.verified = _verify(app, etl, result.github, sample)
    if app.json:
        app.out.json(_document(result))
    else:
        _tell(app, result)
    _leave(app, result)


def _run(app: App, store: ProdLensStore, etl: GithubETL, result: _Result) -> None:
    from prodlens.aggregation import DailyAggregator
    from prodlens.cli import github_runs
    from prodlens.identity import People

    settings = app.settings
    if settings.ingest.paths:
        _ingest(app, store, result)
    if settings.repositories:
        if not settings.github.token:
            app.out.warn("No token: GitHub allows 60 calls an hour. Set GITHUB_TOKEN.")
        token = settings.github.token
        result.github = github_runs.run_all(etl, settings.repositories, token=token)
    People(store).resolve()
    result.days = DailyAggregator(store).write_aggregates()


def _ingest(app: App, store: ProdLensStore, result: _Result) -> None:
    """Read traces; files that are not there don't keep the rest from being synced."""
    from prodlens.cli.price_book import price_book
    from prodlens.errors import MissingPathError
    from prodlens.trace_ingestion import IngestOptions, TraceIngestor
    from prodlens.trace_ingestion.files import find

    settings = app.settings
    ingestor = TraceIngestor(
        store,
        dead_letter_dir=settings.ingest.dead_letter_dir,
        parquet_dir=settings.ingest.parquet_dir,
        prices=price_book(settings),
        max_record_bytes=settings.ingest.max_record_bytes,
        processes=settings.ingest.processes,
    )
    files: dict[str, None] = {}
    for path in settings.ingest.paths:
        try:
            files |= dict.fromkeys(find([path]))
        except MissingPathError as error:
            result.missing.append(str(error))
    reports = ingestor.ingest(list(files), IngestOptions(developer=settings.ingest.developer))
    result.calls = sum(report.added + report.changed for report in reports)


def _verify(app: App, etl: GithubETL, outcome: Outcome, sample: int) -> list[Verification]:
    token = app.settings.github.token
    found = []
    for report in outcome.reports:
        owner, _, name = report.repo_slug.partition("/")
        found.append(etl.verify(owner, name, token=token, sample=sample))
    return found


def _tell(app: App, result: _Result) -> None:
    from prodlens.cli import github_runs

    if result.calls is not None:
        app.out.done(f"{result.calls:,} calls added or changed")
    for why in result.missing:
        app.out.warn(why)
    github_runs.tell(app, result.github)
    app.out.done(f"{result.days[0]:,} days with calls, {result.days[1]:,} with deliveries")
    for one in result.verified or ():
        text = (
            f"{one.repo_slug}: {one.pull_requests:,} pull requests and {one.commits:,} commits "
            f"counted, {one.compared:,} pull requests compared"
        )
        if not one.differences:
            app.out.done(f"{text}: equal to GitHub")
            continue
        app.out.warn(f"{text}: {len(one.differences):,} differences")
        rows = [(d.what, d.field, d.stored, d.remote) for d in one.differences]
        app.out.table(["what", "field", "stored", "GitHub"], rows)


def _document(result: _Result) -> dict[str, Any]:
    from prodlens.cli import github_runs

    verified = result.verified
    return {
        "schema": "prodlens.sync/1",
        "calls": result.calls,
        "missing": result.missing,
        "github": github_runs.document(result.github),
        "session_days": result.days[0],
        "github_days": result.days[1],
        "verified": None if verified is None else [dataclasses.asdict(one) for one in verified],
    }


def _leave(app: App, result: _Result) -> None:
    """End with the exit code that the outcome calls for."""
    if result.github.later is not None:
        raise result.github.later
    if result.differences:
        app.exit(4)
    if result.github.refused or result.missing:
        app.exit(1)
