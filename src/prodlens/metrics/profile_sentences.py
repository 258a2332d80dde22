"""Owns the sentences about a lag profile: templates chosen by status, interval and q alone.

No adjective, no verdict without its interval, never a word of cause. Each sentence about a tested
line names its days, its window, its family, and what would change it. Computes nothing but plans.
Source: statistics.md 1.7, 3 (patterns), 8.10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.metrics.daily_metrics import NAMES
from prodlens.metrics.planning import FEWEST_DAYS, LONGEST_LAG, days_for
from prodlens.metrics.profile import Q
from prodlens.metrics.wording import CAVEAT, after, between, days, end, probability, signed, tests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.metrics.profile import Line, Profile

PLANNED_R: Final = 0.4
"""Correlation that a longer window is planned for where nothing else is said."""
ALPHA: Final = 0.05
_FAMILIES: Final = {
    "pair": "every lag from 0 on",
    "delivery": "this use with every delivery, every lag from 0 on",
    "all": "every use with every delivery, every lag from 0 on",
}
_NOT_CONFIRMED: Final = "not confirmatory, because no window with an end date was declared"
_BY_LOOKING: Final = ", or other data: it was found by looking"
_DECLARE: Final = ", or days that nobody has seen yet, with their end declared in [confirmatory]"
_RIVALS: Final = (
    "What would change it: a cause of both that comes and goes within three weeks, such as a "
    "deadline or a release"
)


def line_sentence(profile: Profile, line: Line) -> str:
    """Return what may be said about one lag."""
    if not line.is_tested:
        return not_tested(profile, line)
    prefix = "Exploratory, fewer than 28 days: " if line.status == "exploratory" else ""
    if line.role == "placebo":
        return prefix + _placebo(profile, line)
    if not line.excludes_zero:
        return prefix + _open(profile, line)
    if not line.is_finding:
        return prefix + _lost(profile, line)
    return prefix + _found(profile, line)


def headline(profile: Profile) -> Line | None:
    """Return the line that a page speaks of: primary, else the finding of smallest q, else lag 1.

    What is no finding is not chosen by its size: that would be one more look for a large one.
    """
    ahead = [line for line in profile.lines if line.role != "placebo"]
    if profile.primary is not None:
        return profile.primary
    if profile.findings:
        return min(profile.findings, key=lambda line: (line.q or 0.0, line.p_value or 0.0))
    return next((line for line in ahead if line.lag_days == 1), ahead[0] if ahead else None)


def summary(profile: Profile) -> str:
    """Return the line below a profile: what it rests on, and how the family came out."""
    tested = [line for line in profile.lines if line.n_eff is not None]
    worth = ""
    if tested:
        least = min(line.n_eff or 0.0 for line in tested)
        worth = f", worth {least:,.0f} or more after autocorrelation"
    return f"{days(profile.days_covered)}{worth}. {_of_family(profile)} Association, not cause."


def _of_family(profile: Profile) -> str:
    size = profile.family_size
    if profile.adjustment == "none":
        chance = f"{ALPHA * size:.1f} of {tests(size)}"
        return f"Nothing is adjusted: {chance} are expected to have p < {ALPHA:.2f} by chance."
    passed = sum(line.is_finding for line in profile.lines if line.role == "exploratory")
    shown = sum(line.q is not None for line in profile.lines)
    verb = "passes" if 1 in {passed, size} else "pass"
    beside = "" if profile.primary is None else "; the primary one is not among them"
    if not size:
        return "There is no exploratory test."
    if shown == size:
        word = "test" if size == 1 else "tests"
        return f"{passed} of {size} exploratory {word} {verb} BH at q {Q:.2f}{beside}."
    return (
        f"{passed} of the {shown} exploratory tests shown {verb} BH at q {Q:.2f}, in a family of "
        f"{tests(size)} ({_FAMILIES[profile.family]}){beside}."
    )


def remarks(profile: Profile) -> Iterator[str]:
    """Yield what must be known besides the lines, most important first."""
    yield from about_asking(profile)
    yield from _about_placebo(profile)
    if profile.is_longest_run and profile.days is not None:
        yield (
            "Too many days are without coverage: only the longest run of covered days is compared, "
            f"{between(profile.days)}."
        )
    elif profile.days is not None and profile.days_covered < profile.days_in_window:
        left = profile.days_in_window - profile.days_covered
        yield f"{days(left)} of {profile.days_in_window:,} left out: not covered by both series."
    if profile.quiet_workdays:
        named = ", ".join(day.isoformat() for day in profile.quiet_workdays[:3])
        more = ", ..." if len(profile.quiet_workdays) > 3 else ""
        yield (
            f"On {days(len(profile.quiet_workdays))} of work hardly anything happened "
            f"({named}{more}). {_without_quiet(profile)}If these were holidays, list them as "
            "nonworking_days in prodlens.toml."
        )


def not_tested(profile: Profile, line: Line) -> str:
    """Return why there is no estimate at a lag, and what is missing."""
    x, y = NAMES[profile.x], NAMES[profile.y]
    if line.status == "not_asked":
        return f"Not asked for: how {x} go together with {y} was left out of this report."
    if line.status in {"no_x", "no_y"}:
        return f"Not enough data: no {x if line.status == 'no_x' else y} are known for this window."
    if profile.days is None or line.status == "no_shared_days":
        return f"Not enough data: {x} and {y} are known on no day together."
    where = f"{days(profile.days_covered)}, {between(profile.days)}"
    with_x, with_y = profile.days_active
    reasons = {
        "insufficient_activity": (
            f"Not enough activity: of {where}, {with_x:,} have {x} and {with_y:,} have {y}; 5 of "
            "each are needed among the paired days."
        ),
        "zero_variance": (
            f"Nothing to compare ({where}): once weekdays and trend are taken out, {x} or {y} "
            "don't vary."
        ),
        "invalid": f"Not enough data: fewer than 90% of the days are covered by both ({where}).",
    }
    return reasons.get(line.status) or _too_short(profile, line, where)


def _too_short(profile: Profile, line: Line, where: str) -> str:
    lag = abs(line.lag_days)
    if lag > LONGEST_LAG:
        return (
            f"Not enough data: a lag of {days(lag)} is too long, {LONGEST_LAG} days are the most."
        )
    needed = max(FEWEST_DAYS, 4 * lag)
    missing = max(needed - profile.days_covered, 1)
    word = "day is" if missing == 1 else "days are"
    verb = "is" if profile.days_covered == 1 else "are"
    return (
        f"Not enough data: {missing} more {word} needed. There {verb} {where}, of {needed} that it "
        "takes."
    )


def _estimate(line: Line) -> str:
    low, high = line.ci_low or 0.0, line.ci_high or 0.0
    return f"r {signed(line.r or 0.0)}, 95% interval {end(low)} to {end(high)}"


def _basis(profile: Profile, line: Line) -> str:
    span = "" if profile.days is None else f", {between(profile.days)}"
    return f"{line.n_pairs:,} paired days{span}"


def _family(profile: Profile, line: Line) -> str:
    family = f"family of {tests(profile.family_size)}"
    alone = f"outside the {family}" if profile.family_size else "no other test beside it"
    if line.role == "confirmatory":
        return f"confirmatory: declared in prodlens.toml, {alone}"
    if line.role == "primary":
        return f"primary by default, {alone}; {_NOT_CONFIRMED}"
    if line.q is None and line.role == "exploratory" and line.p_value is not None:
        return f"p {probability(line.p_value)}, not adjusted for the {family}"
    if line.q is None:
        return f"outside the {family}"
    return f"q {probability(line.q)} in a {family}"


def _open(profile: Profile, line: Line) -> str:
    x, y = NAMES[profile.x], NAMES[profile.y]
    return (
        f"{_basis(profile, line)}: only |r| >= {line.r_mde80 or 1.0:.2f} could be detected; the "
        f"estimate, {_estimate(line)}, neither shows nor excludes an association of {x} with {y} "
        f"{after(line.lag_days)} ({_family(profile, line)}). {_more_days(profile, line)}"
    )


def _more_days(profile: Profile, line: Line) -> str:
    worth = None if not line.n_pairs or line.n_eff is None else line.n_eff / line.n_pairs
    needed = days_for(PLANNED_R, lag=line.lag_days, worth=worth or 1.0)
    if needed is None or needed <= profile.days_covered:
        return "What would change it: a longer window, which narrows the interval."
    return (
        f"What would change it: {days(needed - profile.days_covered)} more, {needed:,} in all, "
        f"would show an r of {PLANNED_R:.2f} four times out of five."
    )


def _lost(profile: Profile, line: Line) -> str:
    x, y = NAMES[profile.x], NAMES[profile.y]
    if line.q is None:
        return (
            f"{x} and {y} {after(line.lag_days)}: {_estimate(line)}, {_basis(profile, line)} "
            f"({_family(profile, line)}); one of so many tests is no finding. What would change "
            "it: the adjustment, or this one comparison, declared in [confirmatory] and made on "
            "days that nobody has seen yet."
        )
    return (
        f"{x} and {y} {after(line.lag_days)}: {_estimate(line)}, {_basis(profile, line)}, but not "
        f"after allowing for the number of tests ({_family(profile, line)}). What would change it: "
        "this one comparison, declared in [confirmatory] and made on days that nobody has seen yet."
    )


def _found(profile: Profile, line: Line) -> str:
    x, y = NAMES[profile.x], NAMES[profile.y]
    direction = "more" if (line.r or 0.0) > 0 else "fewer"
    confirm = {"confirmatory": "", "primary": _DECLARE}.get(line.role, _BY_LOOKING)
    return (
        f"Days with more {x} than usual for the weekday go together with {direction} {y} "
        f"{after(line.lag_days)} ({_estimate(line)}, {_basis(profile, line)}; "
        f"{_family(profile, line)}). {CAVEAT} {_RIVALS}{confirm}."
    )


def _placebo(profile: Profile, line: Line) -> str:
    x, y = NAMES[profile.x], NAMES[profile.y]
    verdict = (
        "the interval leaves 0 out although the order of time is reversed: something else moves "
        "both, or it is chance"
        if line.excludes_zero
        else "the interval contains 0"
    )
    return (
        f"Placebo ({y} {after(line.lag_days)}, {x} after it): {_estimate(line)}, "
        f"{_basis(profile, line)}, {_family(profile, line)}; {verdict}. "
        "What would change it: more days."
    )


def about_asking(profile: Profile) -> Iterator[str]:
    """Yield what became of the declaration, and how often one has looked."""
    yield from _about_declaration(profile)
    yield from _about_looks(profile)


def _about_declaration(profile: Profile) -> Iterator[str]:
    said = profile.declared
    if said is None:
        return
    window = f"{said.since.isoformat()} to {said.until.isoformat()} (not included)"
    if profile.declaration == "not_due":
        yield f"The declared comparison is due on {said.until.isoformat()}: until then it is exploratory."
    elif profile.declaration == "other_window":
        yield f"This is not the declared window, {window}: every lag is exploratory."
    elif profile.declaration == "data_short":
        yield f"The declared window, {window}, is not covered by both series: every lag is exploratory."
    elif profile.looks > 1 and profile.primary is not None:
        yield "The declared comparison was tested before its end; only this one, at its end, counts."


def _about_looks(profile: Profile) -> Iterator[str]:
    if profile.looks > 1:
        yield (
            f"This pair has been tested at {profile.looks} ends of the window: looking again and "
            "again finds chance more often than the intervals say (weekly looks at nothing: 17% "
            "instead of 5%)."
        )


def _about_placebo(profile: Profile) -> Iterator[str]:
    loud = [line for line in profile.placebo if line.excludes_zero]
    if loud:
        named = ", ".join(f"{line.lag_days:+d} d ({_estimate(line)})" for line in loud)
        yield (
            f"Placebo: at {named} the interval leaves 0 out with time reversed; an association at "
            "a positive lag says little about order in time here."
        )


def _without_quiet(profile: Profile) -> str:
    lead = headline(profile)
    same = [
        line
        for line in profile.without_quiet
        if lead is not None and line.lag_days == lead.lag_days and line.is_tested
    ]
    return f"Without them at {same[0].lag_days:+d} d: {_estimate(same[0])}. " if same else ""
