"""What `ingest-github` and `sync` share: syncs of repositories, their progress, and their words."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prodlens.cli.output import clean
from prodlens.errors import InputError, RemoteError, RetryLaterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from prodlens.cli.context import App
    from prodlens.github_etl import GithubETL, Progress, SyncReport
    from prodlens.storage import ProdLensStore

_MINUTE_S: Final = 60.0


@dataclass(slots=True)
class Outcome:
    """What came of several repositories.

    Attributes:
        reports: Those that ended well.
        refused: Name -> why GitHub refused it for good.
        later: Why the run stopped early; None when it didn't.
    """

    reports: list[SyncReport] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    later: RetryLaterError | None = None


def _refuse_foreign_server(app: App) -> None:
    """Send no token to a server that only a file names: a cloned repository may bring that file.

    Raises:
        InputError: `github.base_url` comes from `prodlens.toml` or `.env`.
    """
    origin = app.settings.origin("github.base_url")
    if origin.kind in ("file", ".env"):
        address = app.settings.github.base_url
        raise InputError(
            f"{app.settings.file} names {address} as GitHub's address. Your token would go there: "
            f"if you trust it, set PRODLENS_GITHUB_BASE_URL={address} in the environment."
        )


def open_etl(
    app: App,
    store: ProdLensStore,
    *,
    max_wait: int | None,
    on_progress: Callable[[Progress], None] | None = None,
) -> GithubETL:
    """Return the sync as the settings want it; `max_wait` (minutes) goes before them."""
    from prodlens.github_etl import GithubETL

    settings = app.settings.github
    _refuse_foreign_server(app)
    minutes = settings.max_wait_minutes if max_wait is None else max_wait
    return GithubETL(
        store,
        base_url=settings.base_url,
        max_wait_s=minutes * _MINUTE_S,
        on_progress=on_progress,
    )


def run_all(etl: GithubETL, repositories: Iterable[str], **options: Any) -> Outcome:
    """Sync repositories one after the other; a refusal concerns one of them, a limit all."""
    outcome = Outcome()
    for slug in repositories:
        owner, _, name = slug.partition("/")
        try:
            outcome.reports.append(etl.sync(owner, name, **options))
        except RetryLaterError as error:
            outcome.later = error
            return outcome
        except RemoteError as error:
            outcome.refused[slug] = str(error)
    return outcome


def tell(app: App, outcome: Outcome, *, since: datetime | None = None) -> None:
    """Print a line for each repository, and one for each thing to look at."""
    for report in outcome.reports:
        app.out.done(_line(report, since))
        if report.renamed_from:
            app.out.warn(
                f"{report.renamed_from} is called {report.repo_slug} now: write that in "
                "prodlens.toml; its rows were kept together."
            )
        if report.events_refused and report.reopened_unknown:
            app.out.warn(
                f"GitHub does not show this token the events of {report.repo_slug}: whether "
                f"{_counted(report.reopened_unknown, 'pull request')} were reopened is unknown, "
                "not no. Give it reading rights for issues and pull requests."
            )
        elif report.reopened_unknown:
            app.out.note(
                f"  {report.reopened_unknown:,} pull requests are too old for GitHub's list of "
                "events: whether they were reopened is unknown, not no. --full asks one by one."
            )
        if report.unreadable:
            app.out.warn(f"{report.unreadable:,} items of GitHub's answers could not be read.")
    for why in outcome.refused.values():
        app.out.warn(clean(why))


def _line(report: SyncReport, since: datetime | None) -> str:
    start = since or report.previous
    changed = (
        f"{report.repo_slug}: {_counted(report.pull_requests, 'pull request')} and "
        f"{_counted(report.commits, 'commit')} changed"
    )
    if start is not None:
        changed += f" since {start:%d %b %H:%M} UTC"
    cost = f"{_counted(report.calls, 'call')}, {report.not_modified:,} not modified"
    if report.graphql_calls:
        cost += f", {report.graphql_calls:,} of GraphQL"
    if report.remaining is not None:
        cost += f", {report.remaining:,} left this hour"
    return f"{changed}   {cost}"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def document(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as plain values."""
    return {
        "repositories": [dataclasses.asdict(report) for report in outcome.reports],
        "refused": outcome.refused,
        "stopped": None if outcome.later is None else str(outcome.later),
    }


@contextlib.contextmanager
def throwaway(app: App) -> Iterator[ProdLensStore]:
    """Open a copy of the database that is gone afterwards: a dry run writes there."""
    from prodlens.storage import ProdLensStore, maintenance

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.db"
        if app.settings.database.exists():
            with app.open_store(read_only=True) as store:
                maintenance.backup(store, copy)
        with ProdLensStore(copy) as store:
            yield store


@contextlib.contextmanager
def progress(app: App) -> Iterator[Callable[[Progress], None] | None]:
    """Show on a terminal how far a sync has come; nothing elsewhere."""
    if app.json or not app.out.shows_progress:
        yield None
        return
    from rich.console import Console
    from rich.status import Status

    status = Status("Asking GitHub ...", console=Console(stderr=True))
    with status:

        def step(at: Progress) -> None:
            of = f" of {at.total:,}" if at.total else ""
            status.update(f"{at.step}: {at.done:,}{of}")

        yield step
