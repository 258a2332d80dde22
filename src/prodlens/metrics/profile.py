"""What a lag profile is: the comparison asked for, its lines, its family; computes no statistic.

A placebo line is never a finding. Values: `prodlens.metrics.lag_profile`; words:
`prodlens.metrics.profile_sentences`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from prodlens.metrics.declaration import Asking

if TYPE_CHECKING:
    from datetime import date

    from prodlens.metrics.calendar import Days
    from prodlens.metrics.declaration import Declaration, Declared

Q: Final = 0.1
"""False discovery rate at which an exploratory comparison is called one; printed with it."""
LAGS: Final = tuple(range(-3, 8))
"""Lags that are looked at unless others are named; those below 0 are the placebo."""
TESTED: Final = frozenset({"ok", "exploratory"})

Role = Literal["exploratory", "primary", "confirmatory", "placebo"]
OUTSIDE: Final = frozenset({"primary", "confirmatory"})
"""Roles that stand outside the family and are judged by their own interval."""
Method = Literal["pearson", "spearman"]
Adjustment = Literal["bh", "none"]
Family = Literal["pair", "delivery", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Asking):
    """Which two series are compared, and how; the rest is `Asking`.

    Attributes:
        x: Slug of the exposure.
        y: Slug of the outcome.
        lags: Days from exposure to outcome, in any order.
        method: Correlation of the values, or of their ranks.
        adjustment: `none` leaves p-values as they are; then nothing is a finding but the primary
            comparison.
        family: Which tests are adjusted for each other: the lags from 0 on of this pair, of this
            exposure with every delivery, or of every use with every delivery.
    """

    x: str
    y: str
    lags: tuple[int, ...] = LAGS
    method: Method = "pearson"
    adjustment: Adjustment = "bh"
    family: Family = "pair"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One lag of a profile; what does not exist is None and `status` says why.

    In a profile of ranks, `r`, its p-value and its interval are those of the ranks.

    Attributes:
        lag_days: Days from exposure to outcome; below 0 the outcome comes first (placebo).
        role: `placebo` below lag 0; `confirmatory` when declared beforehand and due; `primary` when
            nothing is declared and it is the default (`prodlens.metrics.declaration`).
        status: That of the result, or `no_x`, `no_y`, `no_shared_days`.
        n_pairs: Paired days.
        raw_r: Pearson's r of the counts as they are; a description.
        raw_p: Its naive p-value; drives nothing.
        raw_rho: Spearman's rho of the counts as they are.
        raw_rho_p: Its naive p-value; drives nothing.
        r: Correlation, weekday and trend removed.
        p_value: Its calibrated p-value.
        ci_low: Lower end of the 95 % interval of `r`.
        ci_high: Upper end.
        n_eff: Independent pairs that the paired days are worth.
        k_controls: Rank of what was removed.
        r_mde80: Smallest `|r|` that these days find with 80 % power.
        rho: Rank correlation, weekday and trend removed.
        rho_p: Its calibrated p-value.
        q: Adjusted p-value; None outside of the family.
        rho_q: The same for `rho`, in a family of its own.
        from_cache: Whether it was computed by an earlier run from equal data and settings.
    """

    lag_days: int
    role: Role
    status: str
    n_pairs: int = 0
    raw_r: float | None = None
    raw_p: float | None = None
    raw_rho: float | None = None
    raw_rho_p: float | None = None
    r: float | None = None
    p_value: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    n_eff: float | None = None
    k_controls: int | None = None
    r_mde80: float | None = None
    rho: float | None = None
    rho_p: float | None = None
    q: float | None = None
    rho_q: float | None = None
    from_cache: bool = False

    @property
    def is_tested(self) -> bool:
        """Whether there is an estimate with an interval."""
        return self.status in TESTED and self.r is not None

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of 0."""
        if self.ci_low is None or self.ci_high is None:
            return False
        return self.ci_low > 0.0 or self.ci_high < 0.0

    @property
    def is_finding(self) -> bool:
        """Whether it stands after allowing for the number of tests; a placebo never does."""
        if self.role == "placebo" or not self.excludes_zero:
            return False
        return self.role in OUTSIDE or (self.q is not None and self.q <= Q)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One exposure and one outcome, lag by lag.

    Attributes:
        x: Slug of the exposure.
        y: Slug of the outcome.
        repo: Repository; None is all of them.
        lines: One per lag, ascending.
        days: First to last day that was compared; None when there is none.
        days_in_window: Whole days of the window.
        days_covered: Days of `days` on which both are known.
        days_active: Days of those with any of x, and with any of y.
        is_longest_run: Whether only the longest run without a missing day was compared.
        quiet_workdays: Work days on which hardly anything happened: likely holidays.
        without_quiet: The lines with those days set aside; empty when there are none.
        family_size: P-values that are adjusted for each other.
        declaration: What became of the comparison declared beforehand, if this pair has one.
        declared: That comparison.
        looks: At how many ends of the window this pair has been tested, this one included.
        cache: `used`, or `off` on a database that can't be written.
        method: Correlation of the values, or of their ranks.
        adjustment: How the p-values of the family were adjusted; `none` when that was switched off.
        family: Name of the family: `pair`, `delivery` or `all`.
    """

    x: str
    y: str
    repo: str | None = None
    lines: tuple[Line, ...] = ()
    days: Days | None = None
    days_in_window: int = 0
    days_covered: int = 0
    days_active: tuple[int, int] = (0, 0)
    is_longest_run: bool = False
    quiet_workdays: tuple[date, ...] = ()
    without_quiet: tuple[Line, ...] = ()
    family_size: int = 0
    declaration: Declaration = "none"
    declared: Declared | None = None
    looks: int = 1
    cache: Literal["used", "off"] = "used"
    method: Method = "pearson"
    adjustment: Adjustment = "bh"
    family: Family = "pair"

    @property
    def findings(self) -> tuple[Line, ...]:
        """The lines that stand after allowing for the number of tests."""
        return tuple(line for line in self.lines if line.is_finding)

    @property
    def primary(self) -> Line | None:
        """The line that stands outside the family; None where it is none of these."""
        return next((line for line in self.lines if line.role in OUTSIDE), None)

    @property
    def placebo(self) -> tuple[Line, ...]:
        """The lines at negative lags."""
        return tuple(line for line in self.lines if line.role == "placebo")
