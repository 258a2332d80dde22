"""`prod-lens aggregate`: the daily tables, brought up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prodlens.cli.context import pass_app

if TYPE_CHECKING:
    from prodlens.cli.context import App


@click.command("aggregate")
@click.option("--since", metavar="WHEN", help="Compute days from here on even if unchanged.")
@click.option("--until", metavar="WHEN", help="First instant after those days.")
@click.option("--force", is_flag=True, help="Compute every day anew.")
@pass_app
def aggregate(app: App, since: str | None, until: str | None, force: bool) -> None:
    """Compute the daily tables from calls and deliveries; days that did not change are left."""
    from prodlens.aggregation import DailyAggregator
    from prodlens.selection import Selection
    from prodlens.storage import maintenance

    window = Selection(since=app.parse_when(since), until=app.parse_when(until))
    with app.open_store() as store:
        if force or since or until:
            with store.transaction() as conn:
                maintenance.mark_days(conn, *((None, None) if force else window.days()))
        computed = maintenance.changed_days(store)
        standing = DailyAggregator(store).write_aggregates(force=force)
    if app.json:
        app.out.json(
            {
                "schema": "prodlens.aggregate/1",
                "session_days": standing[0],
                "github_days": standing[1],
                "session_days_computed": computed[0],
                "github_days_computed": computed[1],
            }
        )
        return
    app.out.done(
        f"{_days(standing[0])} with calls, {_days(standing[1])} with deliveries; "
        f"computed now: {computed[0]:,} and {computed[1]:,}"
    )


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count:,} days"
