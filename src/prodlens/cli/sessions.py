"""`prod-lens sessions`: one line per native session; ranks and names nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from prodlens.cli.associating import asked, window_options
from prodlens.cli.context import pass_app
from prodlens.cli.listing import check, list_options, open_known, show

if TYPE_CHECKING:
    from prodlens.cli.context import App

_SORTS: Final = ("start", "minutes", "calls", "tokens", "cost", "errors")
_NOTHING: Final = (
    "No call of that time names a session: assistants' own logs do, see prod-lens ingest-traces."
)


@click.command("sessions")
@list_options(_SORTS)
@window_options
@pass_app
def sessions(
    app: App,
    sort: str,
    limit: int,
    as_csv: bool,
    repo: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Show sessions: calls, length, tokens, cost, edits, linked pull requests; never whose."""
    from prodlens.exports import listings
    from prodlens.storage import list_readings, where
    from prodlens.storage.connection import naming_errors

    check(app, as_csv=as_csv)
    wanted = asked(app, repo, since, until)
    clause = where.sessions(wanted)
    with open_known(app, wanted) as store, naming_errors(store.path):
        counts = list_readings.counts(store.conn, clause)
        found = list_readings.sessions(store.conn, clause, sort=sort, limit=limit or None)
    listing = listings.sessions(
        found, every=counts.sessions, without_session=counts.without_session
    )
    show(app, listing, wanted, as_csv=as_csv, nothing=_NOTHING)
