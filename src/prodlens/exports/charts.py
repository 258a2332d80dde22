"""Owns what the charts of a report mean: values by day, lag or row, never pixels or colours.

Each chart carries the same numbers as a table, a text for those who can't see it, and what is to
be known about it. None is "not known": a gap, never 0. Draws nothing and computes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prodlens.exports.words import Verdict, finite

if TYPE_CHECKING:
    from datetime import date

    from prodlens.exports.tables import Table
    from prodlens.metrics.values import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What every chart has.

    Attributes:
        id: Stable name, unique in a report.
        title: Heading for people.
        subtitle: What is drawn and in which unit, in one line.
        alt: The gist in a sentence, for those who can't see it.
        table: The same numbers.
        note: What is to be known about it; '' for nothing.
    """

    id: str
    title: str
    subtitle: str
    alt: str
    table: Table
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One value per day of a chart; `is_rest` marks what all others are lumped into."""

    name: str
    values: tuple[float | None, ...]
    is_rest: bool = False

    def __post_init__(self) -> None:
        """Refuse NaN and infinities."""
        finite(*self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackedDays(Drawn):
    """Bars of days, stacked from the first series up.

    Attributes:
        days: Every day in order, without a gap.
        series: Two to six; each has as many values as there are days, 0 or more. On a day that is
            not known all of them are None.
        unit: What the values count.
    """

    days: tuple[date, ...]
    series: tuple[Series, ...]
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class RatePoint:
    """The rate of the days up to one day.

    Attributes:
        day: The last of them.
        value: The rate; None when too little is known.
        low: Lower end of its 95 % interval; None with the value.
        high: Upper end.
        numerator: What counts, over those days.
        denominator: All of it.
        of_the_day: The rate of the day alone; None when nothing is known.
    """

    day: date
    value: float | None
    low: float | None
    high: float | None
    numerator: int
    denominator: int
    of_the_day: float | None = None

    def __post_init__(self) -> None:
        """Refuse NaN and infinities."""
        finite(self.value, self.low, self.high, self.of_the_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateBand(Drawn):
    """A rate over time with its interval as a band; every day once, in order."""

    points: tuple[RatePoint, ...]
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class LagRow:
    """One lag of a profile.

    Attributes:
        lag_days: Days from use to outcome; below 0 the outcome comes first (placebo).
        value: Correlation, -1..1; None when there is none, and `reason` says why.
        low: Lower end of its 95 % interval.
        high: Upper end.
        n: Paired days.
        q: Adjusted p-value; None outside of the family.
        role: `placebo`, `exploratory`, `primary` (by default) or `confirmatory` (declared).
        stands_out: Whether it passes its test; a placebo never does. Such a dot is filled.
        reason: Status that says why there is no value; '' when there is one.
    """

    lag_days: int
    value: float | None
    low: float | None
    high: float | None
    n: int
    q: float | None = None
    role: str = "exploratory"
    stands_out: bool = False
    reason: str = ""

    def __post_init__(self) -> None:
        """Refuse NaN and infinities."""
        finite(self.value, self.low, self.high, self.q)


@dataclass(frozen=True, slots=True, kw_only=True)
class LagProfile(Drawn):
    """A correlation at each lag, with intervals around 0.

    Attributes:
        rows: Lags in ascending order.
        before: Words for the side below 0: `commits before AI use (placebo)`.
        after: Words for the other side: `days from AI sessions to commits`.
    """

    rows: tuple[LagRow, ...]
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRow:
    """One difference or ratio with its interval.

    Attributes:
        title: What differs.
        value: The size.
        low: Lower end of its 95 % interval; None without one: a dot alone.
        high: Upper end.
        detail: What stands behind it in grey: counts, means; '' for nothing.
        word: negligible, small, medium or large; '' without one.
        verdict: The colour it deserves.
    """

    title: str
    value: float
    low: float | None = None
    high: float | None = None
    detail: str = ""
    word: str = ""
    verdict: Verdict = Verdict.NONE

    def __post_init__(self) -> None:
        """Refuse NaN and infinities."""
        finite(self.value, self.low, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRows(Drawn):
    """Differences on one axis.

    Attributes:
        rows: At least one.
        neutral: Where nothing differs: 0 for a difference, 1 for a ratio.
        in_percent: Whether values are per cent (12.0 is 12 %), else plain numbers.
    """

    rows: tuple[ForestRow, ...]
    neutral: float = 0.0
    in_percent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """How many values lie in `[low, high)`; the last bin includes its end."""

    low: float
    high: float
    count: int

    def __post_init__(self) -> None:
        """Refuse NaN and infinities."""
        finite(self.low, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A value that stands out on the axis: `median`, `95th percentile`."""

    label: str
    value: float

    def __post_init__(self) -> None:
        """Refuse NaN and infinities."""
        finite(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram(Drawn):
    """How values are spread; bins touch and ascend, on a logarithmic axis when `is_log`."""

    bins: tuple[Bin, ...]
    marks: tuple[Mark, ...]
    unit: Unit
    is_log: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline(Drawn):
    """How one figure went, day by day, smoothed over a week; shape only, no axis."""

    days: tuple[date, ...]
    values: tuple[float | None, ...] = field(default_factory=tuple)
    unit: Unit

    def __post_init__(self) -> None:
        """Refuse NaN and infinities."""
        finite(*self.values)


Chart = StackedDays | RateBand | LagProfile | ForestRows | Histogram | Sparkline
"""Every kind of chart; `type(chart).__name__` names it in JSON."""
