"""What `correlate`, `effect` and `power` share: the window, the store, the declared comparison.

Computes nothing and prints nothing itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import date, datetime

    from prodlens.cli.context import App
    from prodlens.metrics.daily_metrics import DailyMetrics
    from prodlens.metrics.declaration import Declared
    from prodlens.selection import Selection
    from prodlens.storage import ProdLensStore


@dataclass(frozen=True, slots=True)
class Slice:
    """The data of one command.

    Attributes:
        selection: What was asked for; its beginning is that of the calls where none was.
        metrics: Every daily metric of it.
        now: The present instant, aware UTC.
    """

    selection: Selection
    metrics: DailyMetrics
    now: datetime


def window_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--repo`, `--since` and `--until`."""
    for option in (
        click.option("--until", metavar="WHEN", help="First day after the window."),
        click.option("--since", metavar="WHEN", help="First day (2026-10-01, 90d, this-month)."),
        click.option("--repo", metavar="OWNER/NAME", help="One repository; all if not given."),
    ):
        command = option(command)
    return command


def metric(text: str) -> str:
    """Return the slug of a daily metric that an option names.

    Raises:
        click.UsageError: There is none of that name.
    """
    from prodlens.errors import InputError
    from prodlens.metrics.daily_metrics import parse_metric

    try:
        return parse_metric(text)
    except InputError as error:
        raise click.UsageError(str(error)) from None


def pair_of(x: str, y: str) -> tuple[str, str]:
    """Return the slugs of two different daily metrics.

    Raises:
        click.UsageError: One is none, or both are the same.
    """
    pair = metric(x), metric(y)
    if pair[0] == pair[1]:
        raise click.UsageError(f"{pair[0]} with itself says nothing: name two daily metrics.")
    return pair


def open_store(app: App) -> AbstractContextManager[ProdLensStore]:
    """Open the database, for writing where that is possible; never make a new one."""
    from prodlens.storage import connection

    path = app.settings.database
    writable = path.exists() and connection.is_writable(path)
    return app.open_store(read_only=not writable)


def asked(app: App, repo: str | None, since: str | None, until: str | None) -> Selection:
    """Return the slice that the options name.

    Raises:
        click.UsageError: The window is empty, or a name is none.
    """
    from prodlens.errors import InputError
    from prodlens.selection import Selection

    first, after = app.parse_when(since), app.parse_when(until)
    try:
        return Selection(since=first, until=after, repositories=() if repo is None else (repo,))
    except InputError as error:
        raise click.UsageError(str(error)) from None


def read(store: ProdLensStore, wanted: Selection) -> Slice:
    """Read the daily metrics of a slice; without a beginning it begins with the calls.

    Raises:
        InputError: The store knows other repositories, but not this one.
        StoreError: The database can't be read.
    """
    from dataclasses import replace

    from prodlens.clock import day_start, utc_now
    from prodlens.metrics.daily_metrics import read_daily_metrics
    from prodlens.metrics.inputs import observe
    from prodlens.metrics.window import resolve

    now = utc_now()
    _check_known(store, wanted)
    observed = observe(store, wanted.repositories, now=now)
    window = resolve(wanted.since, wanted.until, data=observed.span, calls=observed.calls, now=now)
    since = wanted.since
    if window.opened and window.first_day is not None:
        since = day_start(window.first_day)
    selection = replace(wanted, since=since)
    return Slice(selection, read_daily_metrics(store, selection, now=now), now)


def wrapped(app: App, text: str) -> str:
    """Return a text in lines that fit the terminal."""
    import textwrap

    return "\n".join(textwrap.wrap(text, max(app.out.width, 40)))


def declared_of(app: App) -> Declared | None:
    """Return the comparison that the settings declare; None when they declare none.

    Raises:
        SettingsError: It is not whole, its window is empty, or it can't be tested.
    """
    said = app.settings.confirmatory
    if said == type(said)():
        return None
    return _whole(said.x, said.y, (said.since, said.until), lag=said.lag, repo=said.repo)


def _whole(
    x: str | None,
    y: str | None,
    window: tuple[date | None, date | None],
    *,
    lag: int,
    repo: str | None,
) -> Declared:
    from prodlens.errors import InputError, SettingsError
    from prodlens.metrics.daily_metrics import parse_metric
    from prodlens.metrics.declaration import Declared
    from prodlens.selection import parse_repository

    since, until = window
    if x is None or y is None or since is None or until is None:
        raise SettingsError("[confirmatory] needs x, y, since and until, or none of them.")
    try:
        found = Declared(
            x=parse_metric(x),
            y=parse_metric(y),
            lag_days=lag,
            since=since,
            until=until,
            repo=None if repo is None else parse_repository(repo),
        )
    except InputError as error:
        raise SettingsError(f"[confirmatory]: {error}") from None
    if (why := _not_testable(found)) is not None:
        raise SettingsError(f"[confirmatory]: {why}")
    return found


def _not_testable(declared: Declared) -> str | None:
    """Return why no data could ever test a declaration; None when some could."""
    from prodlens.metrics.planning import LONGEST_LAG

    if declared.until <= declared.since:
        return "until must be after since."
    if declared.lag_days > LONGEST_LAG:
        return f"lag is {declared.lag_days}; {LONGEST_LAG} days are the most."
    if declared.x == declared.y:
        return f"{declared.x} with itself says nothing: name two daily metrics."
    return None


def _check_known(store: ProdLensStore, wanted: Selection) -> None:
    from prodlens.errors import InputError
    from prodlens.storage import readings
    from prodlens.storage.connection import naming_errors

    with naming_errors(store.path):
        known = readings.known_repositories(store.conn)
    for slug in wanted.repositories:
        if known and slug not in known:
            named = ", ".join(known[:5])
            raise InputError(f"Nothing in this database belongs to {slug}. It knows {named}.")
