"""`prod-lens effect`: what is delivered after days of high use against days of low use.

Only reads. Words: `prodlens.metrics.high_low_days`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from prodlens.cli.associating import asked, open_store, pair_of, read, window_options, wrapped
from prodlens.cli.context import pass_app

if TYPE_CHECKING:
    from prodlens.cli.associating import Slice
    from prodlens.cli.context import App
    from prodlens.metrics.high_low_days import HighLowDays
    from prodlens.metrics.high_low_developers import HighLowDevelopers
    from prodlens.storage import ProdLensStore

_DELTA: Final = "Cliff's delta"


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
@click.option(
    "--by",
    type=click.Choice(["day", "developer"]),
    default="day",
    show_default=True,
    help="Split the days, or the developers.",
)
@window_options
@pass_app
def effect(
    app: App,
    use: str,
    metric: str,
    split: Literal["tertile", "median"],
    lag: int,
    by: Literal["day", "developer"],
    repo: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Compare what follows high with what follows low use; a difference, not a cause."""
    pair = pair_of(use, metric)
    wanted = asked(app, repo, since, until)
    with open_store(app) as store:
        found = read(store, wanted)
        if by == "developer":
            _tell_developers(app, _developers(store, found, pair, split))
            return
    _tell_days(app, _days(app, found, pair, lag=lag, split=split))


def _days(
    app: App,
    found: Slice,
    pair: tuple[str, str],
    *,
    lag: int,
    split: Literal["tertile", "median"],
) -> HighLowDays:
    from prodlens.metrics.high_low_days import high_low_days

    return high_low_days(
        found.metrics,
        pair,
        lag_days=lag,
        split=split,
        nonworking_days=app.settings.report.nonworking_days,
    )


def _developers(
    store: ProdLensStore,
    found: Slice,
    pair: tuple[str, str],
    split: Literal["tertile", "median"],
) -> HighLowDevelopers:
    from prodlens.metrics.developers import read_developers
    from prodlens.metrics.high_low_developers import high_low_developers

    people = read_developers(store, found.selection, found.metrics.days)
    return high_low_developers(found.metrics, people, pair, split=split)


def _tell_days(app: App, made: HighLowDays) -> None:
    if app.json:
        app.out.json(document(made))
    else:
        _show(app, made)


def _tell_developers(app: App, made: HighLowDevelopers) -> None:
    from prodlens.metrics.high_low_developers import sentence

    if app.json:
        said = {**dataclasses.asdict(made), "family_size": 1, "finding": sentence(made)}
        span = said.pop("days")
        window = None if span is None else {"first_day": span["first"], "last_day": span["last"]}
        app.out.json({"schema": "prodlens.effect_developers/1", **said, "window": window})
        return
    _show_developers(app, made)


def _show_developers(app: App, made: HighLowDevelopers) -> None:
    from prodlens.metrics.daily_metrics import NAMES, UNITS
    from prodlens.metrics.high_low_developers import sentence
    from prodlens.metrics.panel_sentences import unnamed

    if made.difference is not None:
        unit = f" ({UNITS[made.y]})" if made.y in UNITS else ""
        app.out.line(f"{NAMES[made.y]} of developers with high and low {NAMES[made.x]}{unit}")
        app.out.line(
            f"  a week: {made.mean_high or 0.0:,.1f} of {made.n_high:,} with high use, "
            f"{made.mean_low or 0.0:,.1f} of {made.n_low:,} with low use"
        )
        app.out.line(
            f"  {'difference':<15}{made.difference:+.1f} [{made.ci_low or 0.0:+.1f}, "
            f"{made.ci_high or 0.0:+.1f}]"
        )
        app.out.line(f"  {_DELTA:<15}{made.delta or 0.0:+.2f}")
    app.out.line(wrapped(app, sentence(made)))
    if made.unnamed_share is not None:
        app.out.line(wrapped(app, unnamed(made.x, made.unnamed_share)))


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
