"""How AI use of a day goes with what is delivered some days later; pure functions of the series.

Decides which comparisons form the family whose p-values are adjusted. An association only: nothing
here, and no sentence made from it, speaks of an effect. Source: statistics.md 1.2, 1.4, 1.7.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from prodlens.metrics.declaration import Asking
from prodlens.metrics.planning import FEWEST_DAYS, LONGEST_LAG
from prodlens.metrics.profile import Q
from prodlens.metrics.span import comparable
from prodlens.stats.multiplicity import adjust_pvalues, family_size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from prodlens.metrics.calendar import DailySeries, Days
    from prodlens.metrics.declaration import Declaration, Declared, Standing
    from prodlens.metrics.inputs import DailyInputs
    from prodlens.metrics.sensitivity import Strip
    from prodlens.metrics.span import Span
    from prodlens.stats.association import LaggedAssociation

__all__ = [
    "FEWEST_DAYS",
    "LONGEST_LAG",
    "NAMED_SHARE",
    "NOT_ASKED",
    "RESULT_FIELDS",
    "Associations",
    "Comparison",
    "Q",
    "associate",
    "exposure_of",
]

NAMED_SHARE: Final = 0.9
"""Sessions are the exposure when at least this share of the calls names one, else calls."""
NOT_ASKED: Final = "not_asked"
"""Status of a comparison in a report without statistics."""
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
        status: That of the result, or `no_calls`, `no_delivery_data`, `no_shared_days`,
            `not_asked`.
        result: The calibrated result; None when there is nothing to compare.
        days: The days that were compared, first to last; None likewise.
        days_in_window: Whole days of the report's window.
        days_covered: Days of `days` on which both series are known.
        is_longest_run: Whether only the longest run without a missing day was compared, because
            too many days are missing for more.
        quiet_workdays: Work days on which hardly anything happened: likely holidays.
        without_quiet: The result with those days set aside; None when there are none.
        is_primary: Whether it stands outside the family: declared beforehand and this is its window
            at its end, or primary by default where nothing is declared.
        q: Adjusted p-value; None for the primary comparison and where there is no p-value.
        rho_q: The same for the adjusted rank correlation, in a family of its own.
        family_size: Tests in the family of `q`.
        declaration: What became of the comparison declared beforehand, if it is about this pair
            and lag.
        declared: That declaration; None when it is about something else.
        looks: At how many ends of the window it has been tested, this one included.
        strip: The same estimate after other choices; None when that was not computed.
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
    declaration: Declaration = "none"
    declared: Declared | None = None
    looks: int = 1
    strip: Strip | None = None

    @property
    def is_tested(self) -> bool:
        """Whether there is an estimate with an interval."""
        return self.status in {"ok", "exploratory"}

    @property
    def standing(self) -> Standing:
        """How it stands to the family; `confirmatory` only when declared, over its whole window."""
        if not self.is_primary:
            return "exploratory"
        return "confirmatory" if self.declaration == "confirmatory" else "primary"

    @property
    def more_days(self) -> int:
        """Days that are missing until there is an interval; 0 when days are not what is missing."""
        if self.is_tested or self.lag_days > LONGEST_LAG:
            return 0
        return max(max(FEWEST_DAYS, 4 * self.lag_days) - self.days_covered, 0)


@dataclass(frozen=True, slots=True)
class Associations:
    """The comparisons of one report; the first one leads.

    Attributes:
        comparisons: Use with commits, and use with merged pull requests.
        declared: The comparison declared beforehand, where it is about this repository and is none
            of those; None otherwise.
    """

    comparisons: tuple[Comparison, ...] = field(default_factory=tuple)
    declared: Comparison | None = None

    @property
    def commits(self) -> Comparison:
        """The comparison with commits."""
        return self.comparisons[0]

    @property
    def every(self) -> tuple[Comparison, ...]:
        """All comparisons, the declared one included."""
        return self.comparisons + (() if self.declared is None else (self.declared,))

    @property
    def lead(self) -> Comparison:
        """The comparison that a page speaks of first: the primary one, where it is among them."""
        return next((one for one in self.every if one.is_primary), self.commits)

    @property
    def family(self) -> tuple[Comparison, ...]:
        """The comparisons whose p-values are adjusted for each other."""
        return tuple(one for one in self.every if not one.is_primary)


def exposure_of(daily: DailyInputs) -> DailySeries:
    """Return the series of use: sessions, or calls where too few of them name a session."""
    every, named = daily.calls_in_window, daily.calls_with_session
    return daily.sessions if named >= NAMED_SHARE * every else daily.calls


def associate(
    daily: DailyInputs,
    *,
    lag_days: int,
    asking: Asking | None = None,
    series: Mapping[str, DailySeries] | None = None,
) -> Associations:
    """Compare the use of each day with the deliveries `lag_days` later.

    Args:
        daily: The series of the window.
        lag_days: Days from use to delivery, 0 or more.
        asking: What was declared beforehand, which days are set aside; None is nothing.
        series: Further daily series by slug, which the declared comparison may be about.
    """
    asked = asking or Asking()
    exposure = exposure_of(daily)
    found = [
        _compare(exposure, outcome, daily.days, lag_days, asked)
        for outcome in (daily.commits, daily.merged_prs)
    ]
    known = {one.name: one for one in (daily.sessions, daily.calls, daily.commits)}
    known |= {daily.merged_prs.name: daily.merged_prs, **(series or {})}
    declared = _declared_apart(found, known, daily.days, asked)
    every = _adjusted([*found, *([] if declared is None else [declared])])
    return Associations(every[: len(found)], every[-1] if declared is not None else None)


def _declared_apart(
    found: Sequence[Comparison],
    series: Mapping[str, DailySeries],
    days: Days | None,
    asked: Asking,
) -> Comparison | None:
    """Return the declared comparison where it is none of those found."""
    said = asked.declared
    if said is None or asked.about((said.x, said.y)) is None:
        return None
    here = (said.x, said.y, said.lag_days)
    if any((one.exposure, one.outcome, one.lag_days) == here for one in found):
        return None
    if said.x not in series or said.y not in series:
        return None
    return _compare(series[said.x], series[said.y], days, said.lag_days, asked)


def _compare(
    exposure: DailySeries, outcome: DailySeries, days: Days | None, lag_days: int, asked: Asking
) -> Comparison:
    pair = exposure.name, outcome.name
    nothing = Comparison(
        exposure=pair[0],
        outcome=pair[1],
        lag_days=lag_days,
        status=_nothing(exposure, outcome),
        days_in_window=0 if days is None else len(days),
        is_primary=asked.standing(pair, lag_days) != "exploratory",
    )
    if not asked.statistics:
        return replace(nothing, status=NOT_ASKED)
    span = comparable(exposure, outcome, days)
    if span is None:
        return nothing
    listed = span.places(asked.nonworking_days)
    result = _lagged(span, lag_days, listed)
    quiet = span.quiet(asked.nonworking_days)
    tested = result.status in {"ok", "exploratory"}
    without = [*listed, *span.places(quiet)]
    declaration = _declaration(asked, nothing, span)
    return replace(
        nothing,
        status=result.status,
        result=result,
        days=span.days,
        days_covered=span.known,
        is_longest_run=span.is_longest_run,
        quiet_workdays=tuple(quiet),
        without_quiet=_lagged(span, lag_days, without) if quiet and tested else None,
        declaration=declaration,
        declared=None if declaration == "none" else asked.declared,
        is_primary=asked.standing(pair, lag_days, declaration) != "exploratory",
    )


def _declaration(asked: Asking, one: Comparison, span: Span) -> Declaration:
    """Return what becomes of the declaration for one comparison: its pair, and its lag."""
    pair = one.exposure, one.outcome
    said: Declared | None = asked.about(pair)
    if said is None or said.lag_days != one.lag_days:
        return "none"
    return asked.declaration(pair, span.days, span.known)


def _nothing(exposure: DailySeries, outcome: DailySeries) -> str:
    if not outcome.covered:
        return "no_delivery_data"
    return "no_shared_days" if exposure.covered else "no_calls"


def _lagged(span: Span, lag_days: int, aside: Sequence[int]) -> LaggedAssociation:
    from prodlens.stats.association import lagged_association

    return lagged_association(span.x, span.y, span.start_weekday, lag_days, aside)


def _adjusted(found: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Return the comparisons with the p-values of the family adjusted for each other."""
    family = [one for one in found if not one.is_primary]
    p = [None if one.result is None else one.result.p_value for one in family]
    rho = [None if one.result is None else one.result.rho_adj_p for one in family]
    q = iter(zip(adjust_pvalues(p), adjust_pvalues(rho), strict=True))
    size, adjusted = family_size(p), []
    for one in found:
        values = (None, None) if one.is_primary else next(q)
        adjusted.append(replace(one, q=values[0], rho_q=values[1], family_size=size))
    return tuple(adjusted)
