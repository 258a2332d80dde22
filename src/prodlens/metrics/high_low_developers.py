"""How the deliveries of developers with high use differ from those of developers with low use.

One value per developer, because days of one person resemble each other. A difference between
people, who differ in much else; hidden unless each group has five of them. Nobody is named or
ranked. Source: statistics.md 0.7, 2, 8.7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from prodlens.metrics.daily_metrics import NAMES
from prodlens.metrics.developers import BY_PERSON
from prodlens.metrics.panel import FEWEST_PEOPLE
from prodlens.metrics.wording import between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.metrics.calendar import DailySeries, Days
    from prodlens.metrics.daily_metrics import DailyMetrics
    from prodlens.metrics.developers import Developers
    from prodlens.stats.high_low import Split

CAVEAT: Final = "A difference between people, not an effect of AI."
_FEWEST_DAYS: Final = 14
_SHARES: Final[dict[Split, int]] = {"tertile": 3, "median": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class HighLowDevelopers:
    """Developers of high against developers of low use.

    Attributes:
        x: Slug of the use.
        y: Slug of the outcome.
        split: `tertile` or `median`.
        status: `ok`, `exploratory` (fewer than ten in a group), or why there is nothing:
            `too_few_people`, `insufficient_activity`, `no_x`, `no_y`, `no_shared_days`,
            `not_by_person`, `not_linked`, `zero_variance`.
        days: First to last day; None when there is none.
        n_high: Developers of high use; 0 when there is nothing to show.
        n_low: Developers of low use.
        mean_high: Outcome a week and developer of high use, while they were there.
        mean_low: The same of low use.
        difference: `mean_high` less `mean_low`.
        ci_low: Lower end of its 95 % interval (Welch).
        ci_high: Upper end.
        p_value: Two-sided.
        delta: Cliff's delta: how much more often one of high use has the higher outcome.
        linked_share: Share of the deliveries that belong to somebody with any use; None without.
        unnamed_share: Share of the use that belongs to nobody known; None without any.
    """

    x: str
    y: str
    split: Split
    status: str
    days: Days | None = None
    n_high: int = 0
    n_low: int = 0
    mean_high: float | None = None
    mean_low: float | None = None
    difference: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    delta: float | None = None
    linked_share: float | None = None
    unnamed_share: float | None = None

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of 0."""
        if self.ci_low is None or self.ci_high is None:
            return False
        return self.ci_low > 0.0 or self.ci_high < 0.0


def high_low_developers(
    metrics: DailyMetrics, people: Developers, pair: tuple[str, str], *, split: Split = "tertile"
) -> HighLowDevelopers:
    """Compare the outcome of developers with high use with that of developers with low use.

    Args:
        metrics: The series of the slice; they say which days are covered.
        people: What each developer used and delivered on those days.
        pair: Slugs of use and outcome.
        split: Upper against lower third of the developers, or halves; ties belong to nobody's
            side twice.
    """
    x, y = metrics.series[pair[0]], metrics.series[pair[1]]
    days = None if metrics.days is None or not x.covered & y.covered else metrics.days
    status = _nothing(x, y, people)
    start = HighLowDevelopers(
        x=x.name,
        y=y.name,
        split=split,
        status=status or "too_few_people",
        days=days,
        unnamed_share=people.unnamed_share(x.name) if x.name in BY_PERSON else None,
    )
    if status is not None:
        return start
    rates = _rates(people, (x, y))
    high, low = _groups(rates, _SHARES[split])
    if min(len(high), len(low)) < FEWEST_PEOPLE:
        return start
    return _compared(
        replace(
            start,
            status="ok" if min(len(high), len(low)) >= 2 * FEWEST_PEOPLE else "exploratory",
            n_high=len(high),
            n_low=len(low),
            linked_share=people.linked_share(*pair),
        ),
        high,
        low,
    )


def _nothing(x: DailySeries, y: DailySeries, people: Developers) -> str | None:
    if not {x.name, y.name} <= BY_PERSON:
        return "not_by_person"
    if not x.covered or not y.covered:
        return "no_x" if not x.covered else "no_y"
    if not x.covered & y.covered:
        return "no_shared_days"
    if len(people.users(x.name)) < 2 * FEWEST_PEOPLE:
        return "too_few_people"
    return None if people.linked_share(x.name, y.name) else "not_linked"


def _rates(
    people: Developers, series: tuple[DailySeries, DailySeries]
) -> list[tuple[float, float]]:
    """Return use and outcome a week of each developer who was there on 14 covered days."""
    both = series[0].covered & series[1].covered
    found = []
    for one in people.users(series[0].name):
        there = people.there(one) & both
        if len(there) < _FEWEST_DAYS:
            continue
        used, delivered = (
            sum(people.of(one, side.name).get(day, 0) for day in there) for side in series
        )
        found.append((7.0 * used / len(there), 7.0 * delivered / len(there)))
    return sorted(found)


def _groups(rates: Sequence[tuple[float, float]], parts: int) -> tuple[list[float], list[float]]:
    """Return the outcomes of high and of low use; equal use is never parted."""
    size = len(rates) // parts
    if not size:
        return [], []
    lowest, highest = rates[size - 1][0], rates[-size][0]
    high = [outcome for use, outcome in rates if use >= highest]
    low = [outcome for use, outcome in rates if use <= lowest and use < highest]
    return high, low


def _compared(
    start: HighLowDevelopers, high: Sequence[float], low: Sequence[float]
) -> HighLowDevelopers:
    from dataclasses import replace

    from prodlens.stats.effect import cliffs_delta
    from prodlens.stats.experiment import welch_t

    tested = welch_t(high, low)
    if tested.ci_low is None:
        return replace(start, status="zero_variance")
    return replace(
        start,
        mean_high=sum(high) / len(high),
        mean_low=sum(low) / len(low),
        difference=tested.diff,
        ci_low=tested.ci_low,
        ci_high=tested.ci_high,
        p_value=tested.p_value,
        delta=cliffs_delta(high, low).delta,
    )


def sentence(found: HighLowDevelopers) -> str:
    """Return what may be said about a difference: its people, window, family, and what is open."""
    if found.difference is None or found.days is None:
        return _without(found)
    x, y = NAMES[found.x], NAMES[found.y]
    kind = "third" if found.split == "tertile" else "half"
    basis = (
        f"{found.n_high:,} developers in the upper {kind} of {x}, {found.n_low:,} in the lower, "
        f"{between(found.days)}"
    )
    interval = (
        f"{found.difference:+.1f} {y} a week, 95% interval {found.ci_low:+.1f} to "
        f"{found.ci_high:+.1f}"
    )
    prefix = "Exploratory, fewer than 10 in a group: " if found.status == "exploratory" else ""
    if not found.excludes_zero:
        return (
            f"{prefix}{basis}: the difference, {interval}, neither shows nor excludes one; a "
            f"family of its own. What would change it: more developers. {CAVEAT}"
        )
    direction = "more" if found.difference > 0 else "fewer"
    return (
        f"{prefix}Developers with high {x} have {direction} {y} ({interval}; {basis}; exploratory, "
        f"a family of its own). {CAVEAT} What would change it: role, seniority or hours, which "
        "move both and are not known here; correlate --by developer compares each of them with "
        "themselves."
    )


def _without(found: HighLowDevelopers) -> str:
    x, y = NAMES[found.x], NAMES[found.y]
    if found.status in {"no_x", "no_y"}:
        return (
            f"Not enough data: no {x if found.status == 'no_x' else y} are known for this window."
        )
    if found.status == "no_shared_days":
        return f"Not enough data: {x} and {y} are known on no day together."
    reasons = {
        "too_few_people": (
            f"each group needs {FEWEST_PEOPLE} developers who were there on {_FEWEST_DAYS} days; "
            "below that nothing about single people is shown"
        ),
        "not_by_person": "who is behind each count is not known for this metric",
        "not_linked": (
            f"none of the {y} belong to somebody whose calls are known (prod-lens developer list "
            "shows who is who)"
        ),
    }
    window = "" if found.days is None else f" ({between(found.days)})"
    why = reasons.get(found.status, "nothing varies between developers")
    return f"Not enough data{window}: {why}."
