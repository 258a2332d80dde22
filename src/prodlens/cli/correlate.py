"""`prod-lens correlate`: how one daily metric goes with another, lag by lag, placebo included.

Writes nothing but the cache of associations. Words: `prodlens.metrics.profile_sentences`.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from prodlens.cli.associating import (
    asked,
    declared_of,
    open_store,
    pair_of,
    read,
    window_options,
    wrapped,
)
from prodlens.cli.context import pass_app

if TYPE_CHECKING:
    from prodlens.cli.associating import Slice
    from prodlens.cli.context import App
    from prodlens.metrics.declaration import Declared
    from prodlens.metrics.profile import Adjustment, Family, Line, Method, Profile, Question
    from prodlens.metrics.sensitivity import Strip
    from prodlens.selection import Selection
    from prodlens.storage import ProdLensStore

_RANGE: Final = re.compile(r"([+-]?\d{1,3})(?:\.\.([+-]?\d{1,3}))?")
_FARTHEST: Final = 14
_NARROW: Final = 80
_STRIP: Final = 21
_METHODS: Final = {
    "pearson": "Pearson, weekday and trend removed, 95% interval",
    "spearman": "Spearman, weekday and trend removed, 95% interval",
}


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
@click.option(
    "--method",
    type=click.Choice(["pearson", "spearman"]),
    default="pearson",
    show_default=True,
    help="Correlation of the adjusted counts, or of their ranks.",
)
@click.option(
    "--family",
    type=click.Choice(["pair", "delivery", "all"]),
    default="pair",
    show_default=True,
    help="Adjust for the lags of this pair, of this use with every delivery, or of all pairs.",
)
@click.option(
    "--no-adjust", is_flag=True, help="Show p-values as they are; then nothing explored counts."
)
@click.option(
    "--by",
    type=click.Choice(["day", "developer"]),
    default="day",
    show_default=True,
    help="Compare days of the team, or each developer's days with their own.",
)
@window_options
@pass_app
def correlate(
    app: App,
    x: str,
    y: str,
    lags: tuple[int, ...],
    method: Method,
    family: Family,
    no_adjust: bool,
    by: Literal["day", "developer"],
    repo: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Show how one daily metric goes with another some days later; an association, not a cause."""
    from prodlens.cli import correlate_developers

    pair = pair_of(x, y)
    choices = _Choices(lags, method, family, "none" if no_adjust else "bh")
    if by == "developer" and choices != _Choices(lags):
        raise click.UsageError(
            "--by developer has a method and a family of its own: leave --method, --family and "
            "--no-adjust away."
        )
    declared = declared_of(app)
    wanted = _window(asked(app, repo, since, until), pair, declared)
    with open_store(app) as store:
        found = read(store, wanted)
        if by == "developer":
            panel = correlate_developers.made(app, store, found, pair, lags)
            correlate_developers.tell(app, panel)
            return
        profile, strip = _by_day(store, found, choices.question(app, found, pair, declared))
    if app.json:
        app.out.json(document(profile, strip))
    else:
        _show(app, profile, strip)


@dataclasses.dataclass(frozen=True, slots=True)
class _Choices:
    """What the options choose besides the pair and the window."""

    lags: tuple[int, ...]
    method: Method = "pearson"
    family: Family = "pair"
    adjustment: Adjustment = "bh"

    def question(
        self, app: App, found: Slice, pair: tuple[str, str], declared: Declared | None
    ) -> Question:
        from prodlens.metrics.profile import Question

        return Question(
            x=pair[0],
            y=pair[1],
            selection=found.selection,
            now=found.now,
            lags=self.lags,
            nonworking_days=app.settings.report.nonworking_days,
            declared=declared,
            method=self.method,
            family=self.family,
            adjustment=self.adjustment,
        )


def _by_day(store: ProdLensStore, found: Slice, question: Question) -> tuple[Profile, Strip | None]:
    """Return the profile, and the strip of the lag that it speaks of."""
    from prodlens.metrics.developers import read_developers
    from prodlens.metrics.lag_profile import lag_profile
    from prodlens.metrics.profile_sentences import headline
    from prodlens.metrics.sensitivity import Compared, sensitivity
    from prodlens.metrics.span import comparable

    profile = lag_profile(store, found.metrics, question, now=found.now)
    lead = headline(profile)
    pair, series = (question.x, question.y), found.metrics.series
    span = comparable(series[pair[0]], series[pair[1]], found.metrics.days)
    if lead is None or not lead.is_tested or span is None:
        return profile, None
    people = read_developers(store, found.selection, found.metrics.days)
    compared = Compared(
        pair=pair, span=span, lag_days=lead.lag_days, asking=question, developers=people
    )
    return profile, sensitivity(store, compared)


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


def document(profile: Profile, strip: Strip | None = None) -> dict[str, Any]:
    """Return a profile as plain values, with its sentences."""
    from prodlens.metrics.profile import Q
    from prodlens.metrics.profile_sentences import headline, line_sentence, remarks, summary

    lead, primary = headline(profile), profile.primary
    span = profile.days
    return {
        "schema": "prodlens.correlate/1",
        "x": profile.x,
        "y": profile.y,
        "repo": profile.repo,
        "window": None if span is None else {"first_day": span.first, "last_day": span.last},
        "days_in_window": profile.days_in_window,
        "days_covered": profile.days_covered,
        "method": profile.method,
        "family": {
            "name": profile.family,
            "lags": "0 and above, without the primary one",
            "method": profile.adjustment,
            "q": Q,
        },
        "family_size": profile.family_size,
        "declared": None if profile.declared is None else dataclasses.asdict(profile.declared),
        "declaration": profile.declaration,
        "primary": None if primary is None else _primary(profile, primary),
        "looks": profile.looks,
        "cache": profile.cache,
        "quiet_workdays": list(profile.quiet_workdays),
        "lines": [_line(profile, line) for line in profile.lines],
        "lines_without_quiet_workdays": [_line(profile, line) for line in profile.without_quiet],
        "sensitivity": None if strip is None else _strip_document(strip),
        "finding": None if lead is None else line_sentence(profile, lead),
        "summary": summary(profile),
        "remarks": list(remarks(profile)),
    }


def _primary(profile: Profile, line: Line) -> dict[str, Any]:
    return {
        "x": profile.x,
        "y": profile.y,
        "lag_days": line.lag_days,
        "confirmatory": line.role == "confirmatory",
    }


def _strip_document(strip: Strip) -> dict[str, Any]:
    choices = [dataclasses.asdict(choice) for choice in strip.choices]
    return {"lag_days": strip.lag_days, "range": strip.span, "choices": choices}


def _line(profile: Profile, line: Line) -> dict[str, Any]:
    from prodlens.metrics.profile_sentences import line_sentence

    values = dataclasses.asdict(line)
    naive = {"p_value_naive": values.pop("raw_p"), "rho_p_value_naive": values.pop("raw_rho_p")}
    return {**values, **naive, "sentence": line_sentence(profile, line)}


def _show(app: App, profile: Profile, drawn: Strip | None) -> None:
    from prodlens.metrics.daily_metrics import NAMES
    from prodlens.metrics.profile_sentences import headline, line_sentence, remarks, summary

    title = f"{NAMES[profile.x]} → {NAMES[profile.y]}, by lag"
    wide = app.out.width >= _NARROW
    method = _METHODS[profile.method]
    app.out.line(f"{title:<42}{method}" if app.out.width >= 92 else f"{title}\n  {method}")
    lead = headline(profile)
    if any(line.is_tested for line in profile.lines):
        for line in profile.lines:
            app.out.line(_row(line, wide=wide))
        app.out.line(wrapped(app, summary(profile)))
    if lead is not None:
        app.out.line(wrapped(app, line_sentence(profile, lead)))
    for remark in remarks(profile):
        app.out.line(wrapped(app, remark))
    if drawn is not None:
        _show_strip(app, drawn)
    if profile.cache == "off":
        app.out.note("The database can't be written: nothing is kept for the next time.")


def _show_strip(app: App, drawn: Strip) -> None:
    from prodlens.metrics.sensitivity import TITLES
    from prodlens.metrics.wording import after

    app.out.line(f"The same {after(drawn.lag_days)}, after other choices:")
    for choice in drawn.choices:
        app.out.line(f"  {TITLES[choice.name]:<22}{choice.text}")


def _row(line: Line, *, wide: bool) -> str:
    from prodlens.exports.association_block import strip
    from prodlens.metrics.wording import signed

    name = "  same day" if line.lag_days == 0 else f"  {line.lag_days:+d} d"
    if not line.is_tested:
        return f"{name:<11} - ({line.status.replace('_', ' ')})"
    r, ends = line.r or 0.0, (line.ci_low or 0.0, line.ci_high or 0.0)
    drawn = f" {strip(r, ends, width=_STRIP)} " if wide else ""
    estimate = f"{signed(r)}  [{signed(ends[0])}, {signed(ends[1])}]"
    return f"{name:<11}{drawn} {estimate}   {_verdict(line, wide=wide)}".rstrip()


def _verdict(line: Line, *, wide: bool) -> str:
    from prodlens.metrics.wording import probability

    if line.role == "placebo":
        return "placebo"
    if line.role in {"primary", "confirmatory"}:
        return f"p {probability(line.p_value or 0.0)} {line.role}" if wide else line.role
    if line.q is None:
        return f"p {probability(line.p_value or 0.0)}, not adjusted"
    return f"p adj {probability(line.q)}"
