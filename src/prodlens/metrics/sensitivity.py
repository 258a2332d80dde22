"""How much one association hangs on a choice: the same estimate after other choices, as a strip.

A strip has no p-values, forms no family and makes no finding; a choice that changes the sign is
what it is for. Values from `prodlens.stats.sensitivity`, kept in the cache of associations.
Source: statistics.md 8.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from prodlens.metrics.cache import Kept, key_of
from prodlens.metrics.wording import signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prodlens.metrics.declaration import Asking
    from prodlens.metrics.developers import Developers
    from prodlens.metrics.span import Span
    from prodlens.stats.sensitivity import Variant
    from prodlens.storage import ProdLensStore

Name = Literal[
    "weekends_out", "holidays_out", "week_differences", "ranks", "one_week_out", "one_developer_out"
]
TITLES: Final[dict[Name, str]] = {
    "weekends_out": "weekends out",
    "holidays_out": "quiet work days out",
    "week_differences": "7-day differences",
    "ranks": "ranks, not counts",
    "one_week_out": "any one week out",
    "one_developer_out": "any one developer out",
}
_WEEKEND: Final = (5, 6)
_WEEK: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The same association after one other choice.

    Attributes:
        name: What was done otherwise.
        status: That of the estimate; `none` when there was nothing to choose (no such days, one
            developer), `unknown` when the people behind the counts are not known.
        r: The estimate; None for a range.
        low: Lower end of its 95 % interval; for a range the lowest estimate.
        high: Upper end; for a range the highest estimate.
        n: Paired days that remain; for a range the estimates made.
        is_range: Whether `low` and `high` are the ends of a range of estimates.
    """

    name: Name
    status: str
    r: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    is_range: bool = False

    @property
    def text(self) -> str:
        """The choice in figures, for one line."""
        if self.status == "none":
            return "no such days" if self.name == "holidays_out" else "there is only one"
        if self.status == "unknown":
            return "who is behind the counts is not known"
        if self.low is None or self.high is None:
            return f"not enough data ({self.status.replace('_', ' ')})"
        if self.is_range:
            return f"{signed(self.low)} to {signed(self.high)}"
        return f"{signed(self.r or 0.0)} [{signed(self.low)}, {signed(self.high)}], n {self.n:,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """The choices of one association.

    Attributes:
        lag_days: Its lag.
        choices: One entry for each name of `TITLES`, in that order.
    """

    lag_days: int
    choices: tuple[Choice, ...]

    @property
    def span(self) -> tuple[float, float] | None:
        """Lowest and highest estimate of all choices; None when there is none."""
        found = [
            value
            for one in self.choices
            for value in ((one.low, one.high) if one.is_range else (one.r,))
            if value is not None
        ]
        return (min(found), max(found)) if found else None

    def in_words(self) -> str:
        """Return the strip as one sentence; '' when no choice gives an estimate."""
        ends = self.span
        if ends is None:
            return ""
        parts = "; ".join(
            f"{TITLES[one.name]} {one.text}" for one in self.choices if one.low is not None
        )
        return f"Other choices: r from {signed(ends[0])} to {signed(ends[1])} ({parts})."


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One pair of series at one lag.

    Attributes:
        pair: Slugs of exposure and outcome.
        span: Both series.
        lag_days: Days from exposure to outcome, 0 or more.
        asking: Which days are set aside in any case.
        developers: Who is behind the counts; None when that was not read.
    """

    pair: tuple[str, str]
    span: Span
    lag_days: int
    asking: Asking
    developers: Developers | None = None


def sensitivity(store: ProdLensStore, compared: Compared) -> Strip:
    """Return the strip of one association; from the cache where data and settings are equal.

    Args:
        store: Where the cache is; nothing is written to a read-only one.
        compared: What is compared.

    Raises:
        StoreError: The database can't be read.
    """
    made = _Made(compared)
    ways: dict[Name, Callable[[], Choice]] = {
        "weekends_out": made.weekends_out,
        "holidays_out": made.holidays_out,
        "week_differences": made.week_differences,
        "ranks": made.ranks,
        "one_week_out": made.one_week_out,
        "one_developer_out": made.one_developer_out,
    }
    choices = [
        _once(_kept(store, compared, name), compared.lag_days, name, way)
        for name, way in ways.items()
    ]
    return Strip(lag_days=compared.lag_days, choices=tuple(choices))


def _kept(store: ProdLensStore, compared: Compared, name: Name) -> Kept:
    people = compared.developers
    more = people.digest if people is not None and name == "one_developer_out" else None
    return Kept(
        store,
        key_of(
            compared.pair,
            compared.span,
            scope=f"{compared.asking.scope};{name}",
            method="strip",
            aside=compared.span.places(compared.asking.nonworking_days),
            more=more,
        ),
    )


def _once(cache: Kept, lag: int, name: Name, way: Callable[[], Choice]) -> Choice:
    """Return a choice as it was computed once."""
    is_range = name in {"one_week_out", "one_developer_out"}
    row = cache.read().get(lag)
    if row is not None:
        return Choice(
            name=name,
            status=row["status"],
            r=row["r"],
            low=row["ci_low"],
            high=row["ci_high"],
            n=row["n_pairs"] or 0,
            is_range=is_range,
        )
    found = way()
    cache.keep(
        {
            lag: {
                "status": found.status,
                "r": found.r,
                "ci_low": found.low,
                "ci_high": found.high,
                "n_pairs": found.n,
            }
        }
    )
    return found


def _own(compared: Compared) -> dict[str, list[list[int]]]:
    """Return what each developer adds to both series, day by day; whoever adds nothing is out."""
    people, days = compared.developers, list(compared.span.days)
    if people is None:
        return {}
    found = {}
    for one in sorted(people.counts):
        sides = [people.of(one, metric) for metric in compared.pair]
        values = [[side.get(day, 0) for day in days] for side in sides]
        if any(map(any, values)):
            found[one] = values
    return found


@dataclass(frozen=True, slots=True)
class _Made:
    """Computes the choices of one association."""

    compared: Compared

    def weekends_out(self) -> Choice:
        start = self.compared.span.start_weekday
        places = range(len(self.compared.span.x))
        return self._single(
            "weekends_out", self._without([p for p in places if (start + p) % 7 in _WEEKEND])
        )

    def holidays_out(self) -> Choice:
        quiet = self.compared.span.quiet(self.compared.asking.nonworking_days)
        if not quiet:
            return Choice(name="holidays_out", status="none")
        return self._single("holidays_out", self._without(self.compared.span.places(quiet)))

    def week_differences(self) -> Choice:
        from prodlens.stats.sensitivity import week_differences

        span = self.compared.span
        found = week_differences(
            span.x, span.y, span.start_weekday, self.compared.lag_days, self._listed
        )
        return self._single("week_differences", found)

    def ranks(self) -> Choice:
        from prodlens.stats.association import lagged_association
        from prodlens.stats.sensitivity import rank_variant

        span = self.compared.span
        found = lagged_association(
            span.x, span.y, span.start_weekday, self.compared.lag_days, self._listed
        )
        return self._single("ranks", rank_variant(found))

    def one_week_out(self) -> Choice:
        length = len(self.compared.span.x)
        weeks = (range(first, min(first + _WEEK, length)) for first in range(0, length, _WEEK))
        return self._range("one_week_out", (self._without(week) for week in weeks))

    def one_developer_out(self) -> Choice:
        name: Name = "one_developer_out"
        own = _own(self.compared)
        if self.compared.developers is None or not own:
            return Choice(name=name, status="unknown", is_range=True)
        if len(own) == 1:
            return Choice(name=name, status="none", is_range=True)
        span = self.compared.span
        rests = (
            (_less(span.x, used), _less(span.y, delivered)) for used, delivered in own.values()
        )
        return self._range(name, (self._without((), rest) for rest in rests))

    @property
    def _listed(self) -> list[int]:
        return self.compared.span.places(self.compared.asking.nonworking_days)

    def _without(
        self, places: Sequence[int], series: tuple[Sequence[int | None], ...] | None = None
    ) -> Variant:
        from prodlens.stats.sensitivity import without_days

        span = self.compared.span
        x, y = series or (span.x, span.y)
        aside = sorted({*self._listed, *places})
        return without_days(x, y, span.start_weekday, self.compared.lag_days, aside)

    def _single(self, name: Name, found: Variant) -> Choice:
        return Choice(
            name=name,
            status=found.status,
            r=found.r,
            low=found.ci_low,
            high=found.ci_high,
            n=found.n_pairs,
        )

    def _range(self, name: Name, found: Iterator[Variant]) -> Choice:
        from prodlens.stats.sensitivity import range_of

        every = list(found)
        ends = range_of([one.r for one in every])
        status = next((one.status for one in every if one.r is not None), every[0].status)
        return Choice(
            name=name,
            status=status,
            low=None if ends is None else ends[0],
            high=None if ends is None else ends[1],
            n=sum(one.r is not None for one in every),
            is_range=True,
        )


def _less(whole: Sequence[int | None], own: Sequence[int]) -> list[int | None]:
    """Return a series without one developer's part; what rounding leaves below 0 is 0."""
    return [
        None if value is None else max(value - part, 0)
        for value, part in zip(whole, own, strict=True)
    ]
