"""How AI use of a day goes with what is delivered some days later; pure functions of the series.

Decides which comparisons form the family whose p-values are adjusted. An association only: nothing
here, and no sentence made from it, speaks of an effect. Source: statistics.md 1.2, 1.4, 1.7.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from prodlens.metrics.calendar import longest_run, shared
from prodlens.stats.multiplicity import adjust_pvalues, family_size

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from prodlens.metrics.calendar import DailySeries, Days
    from prodlens.metrics.inputs import DailyInputs
    from prodlens.stats.association import LaggedAssociation

PRIMARY: Final = ("sessions", "commits", 1)
"""Exposure, outcome and lag declared beforehand; tested outside of any family."""
Q: Final = 0.1
"""False discovery rate at which an exploratory comparison is called one; printed with it."""
NAMED_SHARE: Final = 0.9
"""Sessions are the exposure when at least this share of the calls names one, else calls."""
FEWEST_DAYS: Final = 14
LONGEST_LAG: Final = 14
RESULT_FIELDS: Final = (
    *("n_days", "n_pairs", "n_missing_coverage", "n_positive_x", "n_positive_y"),
    *("raw_pearson_r", "raw_pearson_p", "raw_spearman_rho", "raw_spearman_p"),
    *("k_controls", "r", "n_eff", "df", "t", "p_value", "ci_low", "ci_high", "r_mde80"),
    *("rho_adj", "rho_adj_n_eff", "rho_adj_p", "p_circular_shift"),
    *("effect_percent", "effect_ci_low", "effect_ci_high"),
)
"""Fields of `LaggedAssociation` beside `status`; named here so that none needs numpy to be named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One exposure, one outcome, one lag.

    Attributes:
        exposure: Slug of the series of use: `sessions` or `calls`.
        outcome: Slug of the series of deliveries.
        lag_days: Days from use to delivery.
        status: That of the result, or `no_calls`, `no_delivery_data`, `no_shared_days`.
        result: The calibrated result; None when there is nothing to compare.
        days: The days that were compared, first to last; None likewise.
        days_in_window: Whole days of the report's window.
        days_covered: Days of `days` on which both series are known.
        is_longest_run: Whether only the longest run without a missing day was compared, because
            too many days are missing for more.
        quiet_workdays: Work days on which hardly anything happened: likely holidays.
        without_quiet: The result with those days set aside; None when there are none.
        is_primary: Whether it was declared beforehand.
        q: Adjusted p-value; None for the primary comparison and where there is no p-value.
        rho_q: The same for the adjusted rank correlation, in a family of its own.
        family_size: Tests in the family of `q`.
    """

    exposure: str
    outcome: str
    lag_days: int
    status: str
    result: LaggedAssociation | None = None
    days: Days | None = None
    days_in_window: int = 0
    days_covered: int = 0
    is_longest_run: bool = False
    quiet_workdays: tuple[date, ...] = ()
    without_quiet: LaggedAssociation | None = None
    is_primary: bool = False
    q: float | None = None
    rho_q: float | None = None
    family_size: int = 0

    @property
    def is_tested(self) -> bool:
        """Whether there is an estimate with an interval."""
        return self.status in {"ok", "exploratory"}

    @property
    def more_days(self) -> int:
        """Days that are missing until there is an interval; 0 when days are not what is missing."""
        if self.is_tested or self.lag_days > LONGEST_LAG:
            return 0
        return max(max(FEWEST_DAYS, 4 * self.lag_days) - self.days_covered, 0)


@dataclass(frozen=True, slots=True)
class Associations:
    """The comparisons of one report; the first one leads."""

    comparisons: tuple[Comparison, ...] = field(default_factory=tuple)

    @property
    def commits(self) -> Comparison:
        """The comparison with commits."""
        return self.comparisons[0]

    @property
    def family(self) -> tuple[Comparison, ...]:
        """The comparisons whose p-values are adjusted for each other."""
        return tuple(one for one in self.comparisons if not one.is_primary)


def exposure_of(daily: DailyInputs) -> DailySeries:
    """Return the series of use: sessions, or calls where too few of them name a session."""
    every, named = daily.calls_in_window, daily.calls_with_session
    return daily.sessions if named >= NAMED_SHARE * every else daily.calls


def associate(daily: DailyInputs, *, lag_days: int) -> Associations:
    """Compare the use of each day with the deliveries `lag_days` later.

    Args:
        daily: The series of the window.
        lag_days: Days from use to delivery, 0 or more.
    """
    exposure = exposure_of(daily)
    found = [
        _compare(exposure, outcome, daily.days, lag_days)
        for outcome in (daily.commits, daily.merged_prs)
    ]
    return Associations(_adjusted(found))


def _compare(
    exposure: DailySeries, outcome: DailySeries, days: Days | None, lag_days: int
) -> Comparison:
    nothing = Comparison(
        exposure=exposure.name,
        outcome=outcome.name,
        lag_days=lag_days,
        status=_nothing(exposure, outcome),
        days_in_window=0 if days is None else len(days),
        is_primary=(exposure.name, outcome.name, lag_days) == PRIMARY,
    )
    span = None if days is None else shared(exposure, outcome, days)
    if span is None:
        return nothing
    result, used, is_run = _calibrated(exposure, outcome, span, lag_days)
    quiet = _quiet(exposure, outcome, used)
    without = None
    if quiet and result.status in {"ok", "exploratory"}:
        without = _lagged(exposure, outcome, used, lag_days, set_aside=quiet)
    every = list(used)
    return replace(
        nothing,
        status=result.status,
        result=result,
        days=used,
        days_covered=sum(day in exposure.covered and day in outcome.covered for day in every),
        is_longest_run=is_run,
        quiet_workdays=tuple(every[place] for place in quiet),
        without_quiet=without,
    )


def _nothing(exposure: DailySeries, outcome: DailySeries) -> str:
    if not outcome.covered:
        return "no_delivery_data"
    return "no_shared_days" if exposure.covered else "no_calls"


def _calibrated(
    exposure: DailySeries, outcome: DailySeries, span: Days, lag_days: int
) -> tuple[LaggedAssociation, Days, bool]:
    """Return the result, the days compared, and whether they are the longest run alone.

    Missing days are dropped pairwise; with more than 10 % of them missing the method gives no
    inference, and the longest run without a missing day is compared instead.
    """
    result = _lagged(exposure, outcome, span, lag_days)
    if result.status != "invalid":
        return result, span, False
    run = longest_run(exposure.covered & outcome.covered, span)
    if run is None:
        return result, span, False
    return _lagged(exposure, outcome, run, lag_days), run, True


def _lagged(
    exposure: DailySeries,
    outcome: DailySeries,
    days: Days,
    lag_days: int,
    *,
    set_aside: Sequence[int] = (),
) -> LaggedAssociation:
    from prodlens.stats.association import lagged_association

    return lagged_association(
        exposure.over(days), outcome.over(days), days.first.weekday(), lag_days, set_aside
    )


def _quiet(exposure: DailySeries, outcome: DailySeries, days: Days) -> list[int]:
    """Return the positions of work days on which hardly anything happened in either series."""
    from prodlens.stats.series import quiet_workdays

    totals = [
        None if used is None or delivered is None else float(used + delivered)
        for used, delivered in zip(exposure.over(days), outcome.over(days), strict=True)
    ]
    return quiet_workdays(totals, days.first.weekday())


def _adjusted(found: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Return the comparisons with the p-values of the family adjusted for each other."""
    family = [one for one in found if not one.is_primary]
    p = [None if one.result is None else one.result.p_value for one in family]
    rho = [None if one.result is None else one.result.rho_adj_p for one in family]
    values = {
        one.outcome: (q, rho_q)
        for one, q, rho_q in zip(family, adjust_pvalues(p), adjust_pvalues(rho), strict=True)
    }
    size = family_size(p)
    return tuple(
        replace(
            one,
            q=values.get(one.outcome, (None, None))[0],
            rho_q=values.get(one.outcome, (None, None))[1],
            family_size=size,
        )
        for one in found
    )
