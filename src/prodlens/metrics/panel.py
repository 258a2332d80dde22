"""The association within developers: their own days compared, what happens to all taken out.

The one comparison that a deadline of the whole team can't produce. Results are about the group and
are hidden below five people. Series: `prodlens.metrics.developers`; values: `prodlens.stats.panel`;
words: `prodlens.metrics.panel_sentences`. Source: statistics.md 1.9, 8.7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from prodlens.metrics.developers import BY_PERSON
from prodlens.metrics.profile import Q
from prodlens.metrics.span import comparable
from prodlens.stats.multiplicity import adjust_pvalues, family_size

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

    from prodlens.metrics.calendar import DailySeries, Days
    from prodlens.metrics.daily_metrics import DailyMetrics
    from prodlens.metrics.developers import Developers
    from prodlens.stats.panel import PanelAssociation

FEWEST_PEOPLE: Final = 5
"""Below it nothing about single developers' days is shown, not even in sum."""
TESTED: Final = frozenset({"ok", "exploratory"})
ALPHA: Final = 0.05
_WEEKEND: Final = (5, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelLine:
    """One lag of a panel; what does not exist is None and `status` says why.

    Attributes:
        lag_days: Days from exposure to outcome; below 0 the outcome comes first (placebo).
        status: That of the result, or `too_few_people`, `no_x`, `no_y`, `not_by_person`,
            `not_linked`, `no_shared_days`.
        beta: Slope of the log of the outcome on the log of the exposure.
        ci_low: Lower end of its 95 % interval, clustered by developer.
        ci_high: Upper end.
        p_value: Two-sided.
        p_wild: The same by wild bootstrap, up to ten developers; None with more.
        n_obs: Developer-days compared.
        n_developers: Developers compared; None where they are too few to say.
        q: Adjusted p-value; None for a placebo.
    """

    lag_days: int
    status: str
    beta: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    p_wild: float | None = None
    n_obs: int = 0
    n_developers: int | None = None
    q: float | None = None

    @property
    def is_tested(self) -> bool:
        """Whether there is an estimate with an interval."""
        return self.status in TESTED and self.beta is not None

    @property
    def tested_p(self) -> float | None:
        """The p-value that counts: the larger of both, where few developers are compared."""
        if self.p_value is None or self.p_wild is None:
            return self.p_value
        return max(self.p_value, self.p_wild)

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval leaves 0 out, and the wild bootstrap agrees where there is one."""
        if self.ci_low is None or self.ci_high is None:
            return False
        agrees = self.p_wild is None or self.p_wild <= ALPHA
        return agrees and (self.ci_low > 0.0 or self.ci_high < 0.0)

    @property
    def is_finding(self) -> bool:
        """Whether it stands after allowing for the number of tests; a placebo never does."""
        return self.lag_days >= 0 and self.excludes_zero and self.q is not None and self.q <= Q


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The association within developers, lag by lag.

    Attributes:
        x: Slug of the exposure.
        y: Slug of the outcome.
        lines: One per lag, ascending.
        days: First to last day that was compared; None when there is none.
        family_size: P-values that are adjusted for each other.
        n_people: Developers with any use, compared or not; None where too few to say.
        linked_share: Share of the deliveries that belong to somebody with any use; None without.
        unnamed_share: Share of the use that belongs to nobody known; None without any.
    """

    x: str
    y: str
    lines: tuple[PanelLine, ...] = ()
    days: Days | None = None
    family_size: int = 0
    n_people: int | None = None
    linked_share: float | None = None
    unnamed_share: float | None = None


def panel(
    metrics: DailyMetrics,
    people: Developers,
    pair: tuple[str, str],
    lags: Iterable[int],
    *,
    nonworking_days: Collection[date] = (),
) -> Panel:
    """Compare two daily metrics within developers at every lag, on work days.

    Weekends, listed days and days on which hardly anything happened are left out: nearly everybody
    has 0 then, which is a larger step down for those who do more, in use and deliveries alike, and
    no effect of developer or day takes that out.

    Args:
        metrics: The series of the slice; they say which days are covered.
        people: What each developer used and delivered on those days.
        pair: Slugs of exposure and outcome.
        lags: Days from exposure to outcome; below 0 is the placebo.
        nonworking_days: Holidays and shutdowns.
    """
    x, y = metrics.series[pair[0]], metrics.series[pair[1]]
    wanted = sorted(set(lags))
    users = people.users(pair[0]) if pair[0] in BY_PERSON else []
    many = len(users) >= FEWEST_PEOPLE
    start = Panel(
        x=x.name,
        y=y.name,
        days=metrics.days,
        n_people=len(users) if many else None,
        linked_share=people.linked_share(*pair) if many and pair[1] in BY_PERSON else None,
        unnamed_share=people.unnamed_share(pair[0]) if pair[0] in BY_PERSON else None,
    )
    status = _nothing(x, y, people, users)
    if status is not None:
        lines = tuple(PanelLine(lag_days=lag, status=status) for lag in wanted)
        return replace(start, lines=lines)
    span = comparable(x, y, metrics.days)
    quiet = [] if span is None else span.quiet(nonworking_days)
    left_out = frozenset([*nonworking_days, *quiet])
    rows = _Rows.of(people, users, (_on_work_days(x, left_out), _on_work_days(y, left_out)))
    found = [_line(rows, lag) for lag in wanted]
    return _adjusted(start, found)


def _nothing(
    x: DailySeries, y: DailySeries, people: Developers, users: Sequence[str]
) -> str | None:
    """Return why nothing can be compared; None when something can."""
    if not {x.name, y.name} <= BY_PERSON:
        return "not_by_person"
    if not x.covered or not y.covered:
        return "no_x" if not x.covered else "no_y"
    if not x.covered & y.covered:
        return "no_shared_days"
    if len(users) < FEWEST_PEOPLE:
        return "too_few_people"
    return None if people.linked_share(x.name, y.name) else "not_linked"


def _on_work_days(series: DailySeries, left_out: frozenset[date]) -> DailySeries:
    days = (day for day in series.covered - left_out if day.weekday() not in _WEEKEND)
    return replace(series, covered=frozenset(days))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Developer-days: parallel lists, one entry for each day on which a developer was there."""

    developer: list[str]
    day: list[int]
    x: list[float | None]
    y: list[float | None]

    @classmethod
    def of(
        cls, people: Developers, users: Sequence[str], series: tuple[DailySeries, DailySeries]
    ) -> _Rows:
        rows = cls([], [], [], [])
        x, y = series
        for one in users:
            used, delivered = people.of(one, x.name), people.of(one, y.name)
            for day in sorted(people.there(one)):
                rows.developer.append(one)
                rows.day.append(day.toordinal())
                rows.x.append(float(used.get(day, 0)) if day in x.covered else None)
                rows.y.append(float(delivered.get(day, 0)) if day in y.covered else None)
        return rows


def _line(rows: _Rows, lag: int) -> PanelLine:
    from prodlens.stats.panel import panel_association

    # a negative lag looks back: the outcome takes the place of the exposure
    x, y = (rows.x, rows.y) if lag >= 0 else (rows.y, rows.x)
    found = panel_association(rows.developer, rows.day, x=x, y=y, lag=abs(lag))
    return _shown(lag, found)


def _shown(lag: int, found: PanelAssociation) -> PanelLine:
    if found.n_developers < FEWEST_PEOPLE:
        return PanelLine(lag_days=lag, status="too_few_people")
    return PanelLine(
        lag_days=lag,
        status=found.status,
        beta=found.beta,
        ci_low=found.ci_low,
        ci_high=found.ci_high,
        p_value=found.p_value,
        p_wild=found.p_wild,
        n_obs=found.n_obs,
        n_developers=found.n_developers,
    )


def _adjusted(start: Panel, found: Sequence[PanelLine]) -> Panel:
    family = [line for line in found if line.lag_days >= 0]
    p = [line.tested_p for line in family]
    q = iter(adjust_pvalues(p))
    lines = tuple(replace(line, q=next(q)) if line.lag_days >= 0 else line for line in found)
    return replace(start, lines=lines, family_size=family_size(p))
