"""How use went day by day: by model, as a rate over a week, as a spread; what charts are made of.

Pure functions of rows and of the daily series of a report. Only whole days that are over; a day
that was not covered is not known, never 0. Source: statistics.md 1.2 (coverage), 7 (rates).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from prodlens.metrics.daily_metrics import KNOWN_SHARE
from prodlens.stats.proportions import wilson
from prodlens.storage.sorted_runs import SortedRuns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from prodlens.metrics.calendar import DailySeries
    from prodlens.metrics.high_low_days import HighLowDays
    from prodlens.metrics.inputs import DailyInputs
    from prodlens.metrics.profile import Profile
    from prodlens.storage.usage_readings import ModelDay

WEEK: Final = 7
FEWEST_CASES: Final = 20
"""Below this many cases a week has no rate (statistics.md 7: not ranked below 20)."""
SHOWN_MODELS: Final = 5
"""Models that are drawn each; of more, one less and the rest together."""
_BINS_PER_DECADE: Final = (10, 5, 2, 1)
_MOST_BINS: Final = 40
_NANOS: Final = 1e9


@dataclass(frozen=True, slots=True)
class RateDay:
    """A rate over the week that ends on a day.

    Attributes:
        day: Last day of the week.
        value: The rate; None below `FEWEST_CASES`, or when a day of the week is not known.
        low: Lower end of the 95 % Wilson interval; cases are taken as independent.
        high: Upper end.
        part: What counts, over the week.
        whole: All cases of the week.
        of_the_day: The rate of the day alone; None without a case.
    """

    day: date
    value: float | None
    low: float | None
    high: float | None
    part: int
    whole: int
    of_the_day: float | None


@dataclass(frozen=True, slots=True)
class ModelSeries:
    """One value per day of one model; `model` None names none, `is_rest` are all further ones."""

    model: str | None
    values: tuple[float | None, ...]
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class Spread:
    """How many values lie in `[low, high)`; the last one includes its end."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OverTime:
    """How the days of a report went.

    Attributes:
        days: Whole days that are over, in order; empty when there are none.
        calls: Calls by model.
        tokens: Tokens by model; empty when no call says them.
        cost: Dollars by model; empty when no call has a price.
        acceptance: Share accepted, over weeks; empty without decisions.
        errors: Share failed, over weeks; empty when no outcome is known.
        means: Slug of a metric -> mean per day of the week that ends on each day.
        latency_ms: Spread of known durations, milliseconds; empty when none is known.
        profile: Use and delivery, lag by lag; None when there is nothing to compare.
        outcomes: Outcomes after days of high against days of low use.
    """

    days: tuple[date, ...] = ()
    calls: tuple[ModelSeries, ...] = ()
    tokens: tuple[ModelSeries, ...] = ()
    cost: tuple[ModelSeries, ...] = ()
    acceptance: tuple[RateDay, ...] = ()
    errors: tuple[RateDay, ...] = ()
    means: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    latency_ms: tuple[Spread, ...] = ()
    profile: Profile | None = None
    outcomes: tuple[HighLowDays, ...] = ()


@dataclass(frozen=True, slots=True)
class Days:
    """What each day adds up to, and on which days calls were captured."""

    every: tuple[date, ...]
    covered: frozenset[date]
    rows: Sequence[ModelDay]

    def sums(self, what: str, known: str | None = None) -> list[float | None]:
        """Return one sum per day; None where not covered, or not known of enough calls.

        Args:
            what: Field of `ModelDay` to add up.
            known: Field that counts the calls of which it is known; None is all.
        """
        total: dict[date, float] = defaultdict(float)
        for row in self.rows:
            total[row.day] += getattr(row, what)
        hidden = self.unknown(known) if known else frozenset()
        return [
            total.get(day, 0.0) if day in self.covered and day not in hidden else None
            for day in self.every
        ]

    def unknown(self, known: str) -> frozenset[date]:
        """Return the days on which too few of the calls say something."""
        calls: dict[date, int] = defaultdict(int)
        told: dict[date, int] = defaultdict(int)
        for row in self.rows:
            calls[row.day] += row.calls
            told[row.day] += getattr(row, known)
        return frozenset(day for day in calls if told[day] < KNOWN_SHARE * calls[day])

    def by_model(
        self, what: str, known: str | None, models: Sequence[str | None]
    ) -> tuple[ModelSeries, ...]:
        """Return one series per model, the rest in one; empty when nothing is known at all.

        Args:
            what: Field of `ModelDay` to add up.
            known: Field that counts the calls of which it is known; None is all. A day on which
                none of a model's calls says it is not known of that model, never 0.
            models: Models in the order in which they are shown.
        """
        if known and not any(getattr(row, known) for row in self.rows):
            return ()
        shown = models if len(models) <= SHOWN_MODELS else models[: SHOWN_MODELS - 1]
        places: dict[tuple[str | None, bool], dict[date, float]] = {
            (model, False): defaultdict(float) for model in shown
        }
        if len(shown) < len(models):
            places[None, True] = defaultdict(float)
        for row in self.rows:
            places[_place(row, shown)][row.day] += getattr(row, what)
        hidden = self.unknown(known) if known else frozenset()
        silent = {place: hidden | self._silent(known, place, shown) for place in places}
        return tuple(
            ModelSeries(
                place[0],
                tuple(
                    found.get(day, 0.0)
                    if day in self.covered and day not in silent[place]
                    else None
                    for day in self.every
                ),
                place[1],
            )
            for place, found in places.items()
        )

    def _silent(
        self, known: str | None, place: tuple[str | None, bool], shown: Sequence[str | None]
    ) -> frozenset[date]:
        """Return the days on which a model was called and none of its calls says anything."""
        if known is None:
            return frozenset()
        rows = [row for row in self.rows if row.calls and _place(row, shown) == place]
        told = {row.day for row in rows if getattr(row, known)}
        return frozenset(row.day for row in rows) - told


def _place(row: ModelDay, shown: Sequence[str | None]) -> tuple[str | None, bool]:
    """Return the series that a row is part of: that of its model, or that of all others."""
    return (row.model, False) if row.model in shown else (None, True)


def over_time(
    rows: Iterable[ModelDay],
    daily: DailyInputs,
    *,
    models: Sequence[str | None],
    latencies: Sequence[float],
) -> OverTime:
    """Return how the days of a report went.

    Args:
        rows: What each model did on each day.
        daily: The daily series of the report; its days and their coverage decide.
        models: Models in the order in which they are shown.
        latencies: Known durations, ascending, milliseconds.
    """
    if daily.days is None:
        return OverTime(latency_ms=spread(latencies))
    days = Days(tuple(daily.days), daily.calls.covered, list(rows))
    cost = days.by_model("cost_nanos", "priced", models)
    return OverTime(
        days=days.every,
        calls=days.by_model("calls", None, models),
        tokens=days.by_model("tokens", "tokens_known", models),
        cost=tuple(_in_dollars(one) for one in cost),
        acceptance=tuple(weekly_rate(days, "accepted", "decided")),
        errors=tuple(weekly_rate(days, "errors", "outcome_known")),
        means=_means(days, daily),
        latency_ms=spread(latencies),
    )


def _in_dollars(series: ModelSeries) -> ModelSeries:
    values = tuple(None if value is None else value / _NANOS for value in series.values)
    return ModelSeries(series.model, values, series.is_rest)


def _means(days: Days, daily: DailyInputs) -> dict[str, tuple[float | None, ...]]:
    told = any(row.tokens_known for row in days.rows), any(row.priced for row in days.rows)
    dollars = [None if one is None else one / _NANOS for one in days.sums("cost_nanos", "priced")]
    found: dict[str, Sequence[float | None]] = {
        "calls": days.sums("calls"),
        "sessions": _over(daily.sessions, days.every),
        "total_tokens": days.sums("tokens", "tokens_known") if told[0] else (),
        "cost_usd": dollars if told[1] else (),
        "commits": _over(daily.commits, days.every),
        "merged_prs": _over(daily.merged_prs, days.every),
    }
    means = {slug: tuple(weekly_mean(values)) for slug, values in found.items()}
    return {slug: one for slug, one in means.items() if any(v is not None for v in one)}


def _over(series: DailySeries, days: Sequence[date]) -> list[int | None]:
    return [series.counts.get(day, 0) if day in series.covered else None for day in days]


def weekly_mean(values: Sequence[float | None]) -> Iterator[float | None]:
    """Yield the mean of the seven days that end on each day; None when one is not known.

    >>> list(weekly_mean([7, 0, 0, 0, 0, 0, 0, 7]))[-2:]
    [1.0, 1.0]
    """
    for place in range(len(values)):
        week = [
            value for value in values[max(place - WEEK + 1, 0) : place + 1] if value is not None
        ]
        yield sum(week) / WEEK if len(week) == WEEK else None


def weekly_rate(days: Days, part: str, whole: str) -> Iterator[RateDay]:
    """Yield a rate for every day; nothing when there is no case on any of them."""
    parts, wholes = days.sums(part), days.sums(whole)
    if not any(wholes):
        return
    for place, day in enumerate(days.every):
        begin = max(place - WEEK + 1, 0)
        above = [value for value in parts[begin : place + 1] if value is not None]
        below = [value for value in wholes[begin : place + 1] if value is not None]
        cases, counted = int(sum(below)), int(sum(above))
        known = len(below) == WEEK and cases >= FEWEST_CASES
        found = wilson(counted, cases) if known else None
        alone = parts[place], wholes[place]
        yield RateDay(
            day,
            None if found is None else found.p,
            None if found is None else found.ci_low,
            None if found is None else found.ci_high,
            counted,
            cases,
            None if alone[0] is None or not alone[1] else alone[0] / alone[1],
        )


def spread(values: Sequence[float]) -> tuple[Spread, ...]:
    """Return how ascending values are spread, in bins of equal ratio; empty for no value.

    Values of 0 stand in the first bin. There are at most 40 bins or so, ten to a decade where
    that is enough.

    >>> spread([1.0, 1.5, 9.0])[0]
    Spread(low=1.0, high=1.2589254117941673, count=1)
    """
    zeros = _below(values, 1e-3)
    if zeros == len(values):
        return ()
    steps = {
        per_decade: (
            math.floor(per_decade * math.log10(values[zeros]) + 1e-9),
            math.ceil(per_decade * math.log10(values[-1]) - 1e-9),
        )
        for per_decade in _BINS_PER_DECADE
    }
    few = (one for one, (begin, end) in steps.items() if end - begin <= _MOST_BINS)
    per_decade = next(few, _BINS_PER_DECADE[-1])
    first, last = steps[per_decade]
    edges = [10 ** (step / per_decade) for step in range(first, max(last, first + 1) + 1)]
    places = [0, *(_below(values, edge) for edge in edges[1:-1]), len(values)]
    return tuple(
        Spread(edges[k], edges[k + 1], places[k + 1] - places[k]) for k in range(len(edges) - 1)
    )


def _below(values: Sequence[float], edge: float) -> int:
    """Return how many ascending values are smaller than one."""
    return values.below(edge) if isinstance(values, SortedRuns) else bisect_left(values, edge)
