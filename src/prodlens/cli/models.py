"""`prod-lens models`: what each model was used for, what it cost, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from prodlens.cli.associating import asked, window_options
from prodlens.cli.context import pass_app
from prodlens.cli.listing import check, list_options, open_known, ordered, show

if TYPE_CHECKING:
    from prodlens.cli.context import App

_SORTS: Final = ("cost", "calls", "tokens", "acceptance", "errors", "model")
_NOTHING: Final = "There are no calls in that time: read some with prod-lens ingest-traces PATH."


@click.command("models")
@list_options(_SORTS, most=None)
@window_options
@pass_app
def models(
    app: App,
    sort: str,
    limit: int,
    as_csv: bool,
    repo: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Show calls, tokens, cost, acceptance and failures of each model."""
    from prodlens.exports import listings
    from prodlens.metrics.inputs import read_inputs

    check(app, as_csv=as_csv)
    wanted = asked(app, repo, since, until)
    with open_known(app, wanted) as store:
        found = read_inputs(store, wanted, needs=()).models
    listing = ordered(listings.models(found), sort, limit)
    show(app, listing, wanted, as_csv=as_csv, nothing=_NOTHING)
