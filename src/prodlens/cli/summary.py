"""`prod-lens summary`: the figures of one screen, each with what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from prodlens.cli.associating import asked, window_options, wrapped
from prodlens.cli.context import pass_app
from prodlens.cli.listing import check, cut, is_piped, list_options, open_known, ordered, show

if TYPE_CHECKING:
    from prodlens.cli.context import App

_SORTS: Final = ("importance", "title", "n")
_NOTHING: Final = "There is nothing to sum up yet: read calls with prod-lens ingest-traces PATH."


@click.command("summary")
@list_options(_SORTS, most=None)
@window_options
@pass_app
def summary(
    app: App,
    sort: str,
    limit: int,
    as_csv: bool,
    repo: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Show the figures that matter most, on one screen; the whole is `prod-lens report`."""
    from prodlens.cli.report import generator
    from prodlens.exports import listings
    from prodlens.exports.building import model_of

    check(app, as_csv=as_csv)
    wanted = asked(app, repo, since, until)
    with open_known(app, wanted) as store:
        made = generator(app, store, None).build(repo=repo, since=wanted.since, until=wanted.until)
    model = model_of(made)
    listing = listings.summary({one.slug: one for one in model.figures})
    if sort == "importance":
        listing = cut(listing, range(listing.every), limit)
    else:
        listing = ordered(listing, sort, limit)
    if not app.json and not as_csv and not is_piped():
        app.out.line(f"{wrapped(app, model.findings[0].text)}\n")
    show(app, listing, wanted, as_csv=as_csv, nothing=_NOTHING)
