"""`prod-lens correlate`: how one daily metric goes with another, lag by lag, placebo included.

Writes nothing but the cache of associations. Words: `prodlens.metrics.profile_sentences`.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, Final

import click

from prodlens.cli.associating import asked, declared_of, open_store, pair_of, read, window_options
from prodlens.cli.context import pass_app

if TYPE_CHECKING:
    from prodlens.cli.context import App
    from prodlens.metrics.profile import Declared, Line, Profile
    from prodlens.selection import Selection

_RANGE: Final = re.compile(r"([+-]?\d{1,3})(?:\.\.([+-]?\d{1,3}))?")
_FARTHEST: Final = 14
_NARROW: Final = 80
_STRIP: Final = 21
_METHOD: Final = "Pearson, weekday and trend removed, 95% interval"


def parse_lags(_: click.Context, param: click.Parameter, text: str) -> tuple[int, ...]:
    """Return lags as a person writes them: `1`, `-3..7`; a callback of click.

    Raises:
        click.BadParameter: The text is none of these, or reaches too far.
    """
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise click.BadParameter(f"{text!r} are no lags: write 1 or -3..7.", param=param)
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last or max(abs(first), abs(last)) > _FARTHEST:
        raise click.BadParameter(
            f"{text!r}: write the smaller lag first, none beyond {_FARTHEST} days.", param=param
        )
    return tuple(range(first, last + 1))


@click.command("correlate")
@click.option("--x", "x", default="sessions", show_default=True, metavar="METRIC", help="Use.")
@click.option("--y", "y", default="commits", show_default=True, metavar="METRIC", help="Delivery.")
@click.option(
    "--lags",
    callback=parse_lags,
    default="-3..7",
    show_default=True,
    metavar="FROM..TO",
    help="Days from use to delivery; those below 0 are the placebo.",
)
@window_options
@pass_app
def correlate(
    app: App,
    x: str,
    y: str,
    lags: tuple[int, ...],
    repo: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Show how one daily metric goes with another some days later; an association, not a cause."""
    from prodlens.metrics.lag_profile import lag_profile
    from prodlens.metrics.profile import Question

    pair = pair_of(x, y)
    declared = declared_of(app)
    wanted = _window(asked(app, repo, since, until), pair, declared)
    with open_store(app) as store:
        found = read(store, wanted)
        question = Question(
            x=pair[0],
            y=pair[1],
            selection=found.selection,
            lags=lags,
            nonworking_days=app.settings.report.nonworking_days,
            declared=declared,
        )
        profile = lag_profile(store, found.metrics, question, now=found.now)
    if app.json:
        app.out.json(document(profile))
    else:
        _show(app, profile)


def _window(wanted: Selection, pair: tuple[str, str], declared: Declared | None) -> Selection:
    """Return the declared window when the declared pair is asked for without one."""
    from prodlens.clock import day_start

    if declared is None or wanted.since is not None or wanted.until is not None:
        return wanted
    repositories = () if declared.repo is None else (declared.repo,)
    if (declared.x, declared.y) != pair or wanted.repositories != repositories:
        return wanted
    return dataclasses.replace(
        wanted, since=day_start(declared.since), until=day_start(declared.until)
    )


def document(profile: Profile) -> dict[str, Any]:
    """Return a profile as plain values, with its sentences."""
    from prodlens.metrics.association import Q
    from prodlens.metrics.profile_sentences import headline, line_sentence, remarks, summary

    lead = headline(profile)
    span = profile.days
    return {
        "schema": "prodlens.correlate/1",
        "x": profile.x,
        "y": profile.y,
        "repo": profile.repo,
        "window": None if span is None else {"first_day": span.first, "last_day": span.last},
        "days_in_window": profile.days_in_window,
        "days_covered": profile.days_covered,
        "family": {"lags": "0 and above, without the declared one", "method": "bh", "q": Q},
        "family_size": profile.family_size,
        "declared": None if profile.declared is None else dataclasses.asdict(profile.declared),
        "declaration": profile.declaration,
        "looks": profile.looks,
        "cache": profile.cache,
        "quiet_workdays": list(profile.quiet_workdays),
        "lines": [_line(profile, line) for line in profile.lines],
        "lines_without_quiet_workdays": [_line(profile, line) for line in profile.without_quiet],
        "finding": None if lead is None else line_sentence(profile, lead),
        "summary": summary(profile),
        "remarks": list(remarks(profile)),
    }


def _line(profile: Profile, line: Line) -> dict[str, Any]:
    from prodlens.metrics.profile_sentences import line_sentence

    values = dataclasses.asdict(line)
    naive = {"p_value_naive": values.pop("raw_p"), "rho_p_value_naive": values.pop("raw_rho_p")}
    return {**values, **naive, "sentence": line_sentence(profile, line)}


def _show(app: App, profile: Profile) -> None:
    from prodlens.metrics.daily_metrics import NAMES
    from prodlens.metrics.profile_sentences import headline, line_sentence, remarks, summary

    title = f"{NAMES[profile.x]} → {NAMES[profile.y]}, by lag"
    wide = app.out.width >= _NARROW
    app.out.line(f"{title:<42}{_METHOD}" if app.out.width >= 92 else f"{title}\n  {_METHOD}")
    lead = headline(profile)
    if any(line.is_tested for line in profile.lines):
        for line in profile.lines:
            app.out.line(_row(line, wide=wide))
        app.out.line(wrapped(app, summary(profile)))
    if lead is not None:
        app.out.line(wrapped(app, line_sentence(profile, lead)))
    for remark in remarks(profile):
        app.out.line(wrapped(app, remark))
    if profile.cache == "off":
        app.out.note("The database can't be written: nothing is kept for the next time.")


def wrapped(app: App, text: str) -> str:
    """Return a text in lines that fit the terminal."""
    import textwrap

    return "\n".join(textwrap.wrap(text, max(app.out.width, 40)))


def _row(line: Line, *, wide: bool) -> str:
    from prodlens.exports.association_block import strip
    from prodlens.metrics.sentences import signed

    name = "  same day" if line.lag_days == 0 else f"  {line.lag_days:+d} d"
    if not line.is_tested:
        return f"{name:<11} - ({line.status.replace('_', ' ')})"
    r, ends = line.r or 0.0, (line.ci_low or 0.0, line.ci_high or 0.0)
    drawn = f" {strip(r, ends, width=_STRIP)} " if wide else ""
    estimate = f"{signed(r)}  [{signed(ends[0])}, {signed(ends[1])}]"
    return f"{name:<11}{drawn} {estimate}   {_verdict(line)}".rstrip()


def _verdict(line: Line) -> str:
    from prodlens.metrics.sentences import probability

    if line.role == "placebo":
        return "placebo"
    if line.role == "confirmatory":
        return f"p {probability(line.p_value or 0.0)}  declared beforehand"
    return "" if line.q is None else f"p adj {probability(line.q)}"
