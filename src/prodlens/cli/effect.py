"""`prod-lens effect`: what is delivered after days of high use against days of low use.

Only reads. Words: `prodlens.metrics.high_low_days`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

import click

from prodlens.cli.associating import asked, open_store, pair_of, read, window_options
from prodlens.cli.context import pass_app
from prodlens.cli.correlate import wrapped

if TYPE_CHECKING:
    from prodlens.cli.context import App
    from prodlens.metrics.high_low_days import HighLowDays


@click.command("effect")
@click.option("--use", default="sessions", show_default=True, metavar="METRIC", help="Use.")
@click.option(
    "--metric", default="commits", show_default=True, metavar="METRIC", help="What is compared."
)
@click.option(
    "--split",
    type=click.Choice(["tertile", "median"]),
    default="tertile",
    show_default=True,
    help="Upper against lower third of the days, or halves.",
)
@click.option(
    "--lag",
    type=click.IntRange(0, 14),
    default=1,
    show_default=True,
    help="Days from use to what is compared.",
)
@window_options
@pass_app
def effect(
    app: App,
    use: str,
    metric: str,
    split: Literal["tertile", "median"],
    lag: int,
    repo: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Compare days of high with days of low use, weekday by weekday; a difference, not a cause."""
    from prodlens.metrics.high_low_days import high_low_days

    pair = pair_of(use, metric)
    wanted = asked(app, repo, since, until)
    with open_store(app) as store:
        found = read(store, wanted)
    made = high_low_days(
        found.metrics,
        pair,
        lag_days=lag,
        split=split,
        nonworking_days=app.settings.report.nonworking_days,
    )
    if app.json:
        app.out.json(document(made))
    else:
        _show(app, made)


def document(made: HighLowDays) -> dict[str, Any]:
    """Return a comparison as plain values, with its sentence."""
    from prodlens.metrics.high_low_days import sentence

    span = made.days
    return {
        "schema": "prodlens.effect/1",
        "use": made.x,
        "metric": made.y,
        "lag_days": made.lag_days,
        "split": made.split,
        "status": made.status,
        "window": None if span is None else {"first_day": span.first, "last_day": span.last},
        "days_covered": made.days_covered,
        "family_size": 1,
        "result": None if made.result is None else dataclasses.asdict(made.result),
        "checks": [dataclasses.asdict(check) for check in made.checks],
        "leave_one_week_out_percent": None if made.weeks is None else list(made.weeks),
        "finding": sentence(made),
    }


def _show(app: App, made: HighLowDays) -> None:
    from prodlens.metrics.daily_metrics import NAMES, UNITS
    from prodlens.metrics.high_low_days import check_text, percent, sentence

    result = made.result
    if result is not None and result.percent is not None:
        unit = f" ({UNITS[made.y]})" if made.y in UNITS else ""
        app.out.line(f"{NAMES[made.y]} after days of high and low {NAMES[made.x]}{unit}")
        app.out.line(
            f"  a day: {result.mean_high or 0.0:,.1f} after {result.n_high:,} high days, "
            f"{result.mean_low or 0.0:,.1f} after {result.n_low:,} low days"
        )
        interval = f"[{percent(result.ci_low)}, {percent(result.ci_high)}]"
        app.out.line(f"  {'matched on weekday and trend':<30}{percent(result.percent)} {interval}")
        for check in made.checks:
            app.out.line(f"  {check.name:<30}{check_text(check)}")
        if made.weeks is not None:
            low, high = made.weeks
            app.out.line(f"  {'any one week out':<30}{percent(low)} to {percent(high)}")
    app.out.line(wrapped(app, sentence(made)))
