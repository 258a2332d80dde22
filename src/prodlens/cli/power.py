"""`prod-lens power`: how many more days until an association of a given size would show.

Only reads. Plans: `prodlens.metrics.planning`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from prodlens.cli.associating import asked, open_store, pair_of, read, window_options, wrapped
from prodlens.cli.context import pass_app

if TYPE_CHECKING:
    from prodlens.cli.context import App
    from prodlens.metrics.planning import Plan
    from prodlens.selection import Selection


@click.command("power")
@click.option(
    "--days",
    "given",
    type=click.IntRange(0, 36500),
    help="Days there are; those of the database if not given.",
)
@click.option(
    "--r", "r", type=float, default=0.4, show_default=True, help="Correlation that should show."
)
@click.option(
    "--lag", type=click.IntRange(0, 14), default=1, show_default=True, help="Days between."
)
@click.option("--x", "x", default="sessions", show_default=True, metavar="METRIC", help="Use.")
@click.option("--y", "y", default="commits", show_default=True, metavar="METRIC", help="Delivery.")
@window_options
@pass_app
def power(
    app: App,
    given: int | None,
    r: float,
    lag: int,
    x: str,
    y: str,
    repo: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Say how many more days it takes until a lag correlation would show four times out of five."""
    from prodlens.metrics.planning import plan

    if not 0.0 < abs(r) < 1.0:
        raise click.UsageError("--r must lie between -1 and 1, and not be 0.")
    pair = pair_of(x, y)
    wanted = asked(app, repo, since, until)
    if given is not None:
        made = plan(r, lag=lag, present=given)
    else:
        made = _from_store(app, pair, r, lag, wanted)
    if app.json:
        said = {**dataclasses.asdict(made), "more": made.more, "sentence": made.sentence()}
        app.out.json({"schema": "prodlens.power/1", **said})
        return
    app.out.line(wrapped(app, made.sentence()))
    if made.detectable is not None:
        app.out.line(
            wrapped(
                app,
                f"The days there are show |r| >= {made.detectable:.2f} four times out of five, at "
                "p < 0.05 for one test that was declared beforehand.",
            )
        )
    if made.worth is None:
        app.out.line("Days are taken as independent; autocorrelated ones take longer.")


def _from_store(app: App, pair: tuple[str, str], r: float, lag: int, wanted: Selection) -> Plan:
    """Return the plan from the days on which both are known, and what they are worth."""
    from prodlens.metrics.planning import plan
    from prodlens.metrics.span import comparable
    from prodlens.stats.association import lagged_association

    with open_store(app) as store:
        metrics = read(store, wanted).metrics
    span = comparable(metrics.series[pair[0]], metrics.series[pair[1]], metrics.days)
    if span is None:
        return plan(r, lag=lag, present=0)
    both = zip(span.x, span.y, strict=True)
    present = sum(a is not None and b is not None for a, b in both)
    found = lagged_association(span.x, span.y, span.days.first.weekday(), lag)
    worth = None if found.n_eff is None else found.n_eff / (found.n_days - lag)
    return plan(r, lag=lag, present=present, worth=worth)
