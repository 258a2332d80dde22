"""`GithubETL`: GitHub -> store; the order of the steps, and the record of every run.

Knows no SQL text and no HTTP. Each step alone ends equal to GitHub after any sequence of failed
runs; only runs that ended well are checkpoints.
"""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import as_utc, day_start, format_instant, parse_when, utc_now
from prodlens.errors import InputError, RemoteError, RetryLaterError
from prodlens.github_etl.commits import CommitSync
from prodlens.github_etl.enrich import Enrichment
from prodlens.github_etl.events import EventSync
from prodlens.github_etl.pulls import PullSync
from prodlens.github_etl.resolve import resolve
from prodlens.github_etl.run import Run
from prodlens.github_etl.verify import verify
from prodlens.selection import parse_repository
from prodlens.sources.github.addresses import API
from prodlens.sources.github.client import GithubClient, LimitedError, open_session
from prodlens.storage import github_sync, history, runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prodlens.github_etl.run import Progress
    from prodlens.github_etl.verify import Verification
    from prodlens.sources.github.client import Session
    from prodlens.storage import ProdLensStore

When = date | datetime | str | None
"""A time as callers give it."""
JOB: Final = "github"
"""Jobs of `etl_runs` are called `github:owner/name`, and so on for a step alone."""
_PULLS: Final = "pulls"
_COMMITS: Final = "commits"
_OTHER: Final = {_PULLS: _COMMITS, _COMMITS: _PULLS}


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What one sync did and cost.

    Attributes:
        repo_slug: What the repository is called now, lower case.
        renamed_from: The name it was asked for, when that is an old one.
        pull_requests: Pull requests that are new or changed.
        commits: Commits that are new or changed.
        previous: When the last sync that ended well had begun, aware UTC; None when there is none.
        calls: REST calls used.
        not_modified: Those answered with "nothing changed".
        graphql_calls: Calls of GraphQL used.
        waited_s: Seconds slept.
        remaining: Calls left in this hour; None when GitHub doesn't say.
        reopened_unknown: Pull requests of which it isn't known whether they were reopened.
        unreadable: Items of answers that could not be read.
        events_refused: Whether GitHub doesn't let this token read events.
    """

    repo_slug: str
    renamed_from: str | None
    pull_requests: int
    commits: int
    previous: datetime | None
    calls: int
    not_modified: int
    graphql_calls: int
    waited_s: float
    remaining: int | None
    reopened_unknown: int
    unreadable: int
    events_refused: bool


class GithubETL:
    """Brings the deliveries of GitHub repositories into the store.

    Args:
        store: The store, writable.
        session: An HTTP client with `get(url, headers=, params=, timeout=)`; None is `requests`.
        base_url: Address of the API; `https://HOST/api/v3` for an Enterprise Server.
        max_wait_s: Longest wait for a rate limit, in seconds.
        now: Gives the present.
        sleep: Waits; None is `time.sleep`.
        jitter: Gives a number from 0 to 1.
        on_progress: Is told how far a step has come.

    Raises:
        InputError: The address can't be used.
    """

    def __init__(  # noqa: PLR0913 - the clock, the sleep and the dice of a test are parameters
        self,
        store: ProdLensStore,
        session: Session | None = None,
        *,
        base_url: str = API,
        max_wait_s: float = 900.0,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] | None = None,
        jitter: Callable[[], float] = random.random,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._store, self._session = store, session
        self._now, self._on_progress = now, on_progress
        self._conversation: dict[str, Any] = {
            "base_url": base_url,
            "max_wait_s": max_wait_s,
            "now": now,
            "sleep": sleep,
            "jitter": jitter,
        }

    def sync_pull_requests(
        self, owner: str, repo: str, *, token: str | None = None, since: When = None
    ) -> int:
        """Store pull requests that changed, and which of them were reopened.

        Args:
            owner: The owner's login.
            repo: The repository's name, also an old one.
            token: Token; None asks as nobody.
            since: Store only what changed from here on (a datetime, of which a naive one is UTC, a
                day, or text such as `2026-10-01` or `30d`) and move no cursor; None goes on where
                the last run came to.

        Returns:
            Pull requests that are new or say something else now.

        Raises:
            InputError: The name, the token or the time can't be one.
            RetryLaterError: It ended early; what was read is stored, run again later.
            RemoteError: GitHub refuses; the message says what to do.
            StoreError: The database can't be written.
        """
        with self._run(owner, repo, token, since=since, step=_PULLS) as run:
            PullSync(run).sync()
            EventSync(run).sync()
            CommitSync(run).renumber()
        return len(run.pulls)

    def sync_commits(
        self, owner: str, repo: str, *, token: str | None = None, since: When = None
    ) -> int:
        """Store the commits of the default branch, by ancestry; arguments as the other method's.

        Returns:
            Commits that are new or say something else now, those among them that left the branch.

        Raises:
            ProdLensError: As `sync_pull_requests`.
        """
        with self._run(owner, repo, token, since=since, step=_COMMITS) as run:
            CommitSync(run).sync()
        return len(run.commits)

    def sync(
        self,
        owner: str,
        repo: str,
        *,
        token: str | None = None,
        since: When = None,
        full: bool = False,
        graphql: bool = True,
    ) -> SyncReport:
        """Store everything of a repository: pull requests, reopenings, commits, sizes.

        Args:
            owner: The owner's login.
            repo: The repository's name, also an old one.
            token: Token; None asks as nobody.
            since: As in `sync_pull_requests`.
            full: Read everything again, and ask for whatever is not known.
            graphql: Ask GraphQL for sizes and first reviews, where the session can.

        Raises:
            ProdLensError: As `sync_pull_requests`.
        """
        if full:
            self._store.set_etag(f"/repos/{parse_repository(f'{owner}/{repo}')}", None)
        previous = self._store.get_last_checkpoint(_job("", parse_repository(f"{owner}/{repo}")))
        with self._run(owner, repo, token, since=since) as run:
            run.fill = full
            asks = graphql and run.client.speaks_graphql
            PullSync(run).sync()
            EventSync(run).sync(ask_older=not asks)
            CommitSync(run).sync()
            CommitSync(run).renumber()
            if asks:
                Enrichment(run).run()
                EventSync(run).ask_older()
        return self._report(run, previous)

    def verify(
        self, owner: str, repo: str, *, token: str | None = None, sample: int = 20
    ) -> Verification:
        """Compare counts and a sample of what is stored with GitHub; store nothing of it.

        Args:
            owner: The owner's login.
            repo: The repository's name.
            token: Token; None asks as nobody.
            sample: Pull requests to compare field by field, chosen evenly.

        Raises:
            ProdLensError: As `sync_pull_requests`.
        """
        client = self._client(token)
        run = Run(self._store, client, resolve(client, self._store, owner, repo), self._now())
        return verify(run, sample)

    def _client(self, token: str | None) -> GithubClient:
        if self._session is None:
            self._session = open_session()
        return GithubClient(self._session, token=token, **self._conversation)

    @contextlib.contextmanager
    def _run(
        self, owner: str, repo: str, token: str | None, *, since: When, step: str = ""
    ) -> Iterator[Run]:
        """Give the state of a run, and write down how it ended."""
        client, started = self._client(token), self._now()
        asked, run = parse_repository(f"{owner}/{repo}"), None
        try:
            run = Run(
                self._store,
                client,
                resolve(client, self._store, owner, repo),
                started,
                since=_instant(since, started),
                on_progress=self._on_progress,
            )
            yield run
        except RemoteError as error:
            self._record(step, asked, client, started, run, error)
            raise
        self._record(step, run.repo.slug, client, started, run, None)

    def _record(
        self,
        step: str,
        slug: str,
        client: GithubClient,
        started: datetime,
        run: Run | None,
        error: RemoteError | None,
    ) -> None:
        usage = client.usage
        details = {
            "repo": slug,
            "calls": usage.calls,
            "not_modified": usage.not_modified,
            "graphql_calls": usage.points,
            "waited_s": round(usage.waited_s, 3),
            "filtered": run is not None and run.since is not None,
        }
        rows = len(run.pulls) + len(run.commits) if run else 0
        name = _job(step, slug)
        with self._store.transaction() as conn:
            status = _status(error)
            runs.record_run(conn, name, rows, details, status=status, started_at=started)
            if error is None and run is not None and run.since is None:
                runs.set_checkpoint(conn, name, started)
                self._finish(run, step)

    def _finish(self, run: Run, step: str) -> None:
        """Note until when the repository is known: a step alone goes no further than the other."""
        conn, known = self._store.conn, [run.started]
        if step:
            jobs = (_job(_OTHER[step], run.repo.slug), _job("", run.repo.slug))
            before = [at for job in jobs if (at := runs.last_checkpoint(conn, job)) is not None]
            known = [min(run.started, max(before))] if before else []
        history.finish(
            conn,
            run.repo.repo_id,
            now=format_instant(known[0]) if known else None,
            head=run.state(github_sync.COMMITS).get("head"),
            branch=run.repo.default_branch,
        )

    def _report(self, run: Run, previous: datetime | None) -> SyncReport:
        usage, repo = run.client.usage, run.repo
        return SyncReport(
            repo_slug=repo.slug,
            renamed_from=repo.asked if repo.asked != repo.slug else None,
            pull_requests=len(run.pulls),
            commits=len(run.commits),
            previous=previous,
            calls=usage.calls,
            not_modified=usage.not_modified,
            graphql_calls=usage.points,
            waited_s=usage.waited_s,
            remaining=usage.remaining,
            reopened_unknown=len(github_sync.waiting(self._store.conn, repo.repo_id)),
            unreadable=run.unreadable,
            events_refused=run.events_refused,
        )


def _instant(since: When, now: datetime) -> datetime | None:
    if since is None or isinstance(since, datetime):
        return None if since is None else as_utc(since)
    if isinstance(since, date):
        return day_start(since)
    if isinstance(since, str):
        return parse_when(since, now)
    raise InputError(f"{since!r} is no time: give a datetime, a date or text such as 2026-10-01.")


def _job(step: str, slug: str) -> str:
    return f"{JOB}_{step}:{slug}" if step else f"{JOB}:{slug}"


def _status(error: RemoteError | None) -> str:
    match error:
        case None:
            return "ok"
        case LimitedError():
            return "rate_limited"
        case RetryLaterError():
            return "partial"
        case _:
            return "failed"
