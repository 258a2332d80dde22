"""`prod-lens prs`: pull requests with their time to merge, what came after, and AI signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from prodlens.cli.associating import asked, window_options
from prodlens.cli.context import pass_app
from prodlens.cli.listing import check, list_options, open_known, ordered, show

if TYPE_CHECKING:
    from prodlens.cli.context import App
    from prodlens.metrics.delivery_inputs import DeliveryInputs
    from prodlens.selection import Selection
    from prodlens.storage import ProdLensStore

_SORTS: Final = ("merged", "created", "merge_time", "lines", "number")
_NOTHING: Final = (
    "No pull request of people is known in that time: read them with "
    "prod-lens ingest-github --repo OWNER/NAME."
)


@click.command("prs")
@list_options(_SORTS)
@window_options
@pass_app
def prs(
    app: App,
    sort: str,
    limit: int,
    as_csv: bool,
    repo: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Show pull requests: time to merge, reopened, reverted, signs of AI assistance; no authors."""
    from prodlens.exports import listings
    from prodlens.metrics.pull_requests import pull_request_lines

    check(app, as_csv=as_csv)
    wanted = asked(app, repo, since, until)
    with open_known(app, wanted) as store:
        given = _read(app, store, wanted)
    found = listings.pull_requests(
        pull_request_lines(given), by_programs=given.requests_by_programs
    )
    show(app, ordered(found, sort, limit), wanted, as_csv=as_csv, nothing=_NOTHING)


def _read(app: App, store: ProdLensStore, wanted: Selection) -> DeliveryInputs:
    """Return what is known of deliveries; without a beginning from the first one on."""
    from dataclasses import replace

    from prodlens.clock import day_start, utc_now
    from prodlens.metrics.delivery_inputs import DeliveryInputs, read_delivery
    from prodlens.metrics.inputs import observe, one_state
    from prodlens.storage.connection import naming_errors

    now = utc_now()
    with naming_errors(store.path), one_state(store):
        observed = observe(store, wanted.repositories, now=now)
        if observed.deliveries is None:
            return DeliveryInputs()
        first = wanted.since or day_start(observed.deliveries[0])
        after = min(wanted.until or observed.horizon, observed.horizon)
        if after <= first:
            return DeliveryInputs()
        return read_delivery(
            store.conn,
            replace(wanted, since=first, until=after),
            observed.states,
            horizon=observed.horizon,
            ai_labels=app.settings.report.ai_labels,
        )
