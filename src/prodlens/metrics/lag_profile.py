"""How one daily metric goes with another, lag by lag, with negative lags as placebo.

Decides what forms the family, which test was declared beforehand, what is taken from the cache and
how often one has looked. An association only. Words: `prodlens.metrics.profile_sentences`.
Source: statistics.md 1.2, 1.7, 1.8, 8.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from prodlens.clock import day_start
from prodlens.errors import StoreBusyError, StoreFullError, StoreReadOnlyError
from prodlens.metrics.calendar import longest_run, shared
from prodlens.metrics.daily_metrics import RULES_VERSION
from prodlens.metrics.profile import Line, Profile
from prodlens.stats.multiplicity import adjust_pvalues, family_size
from prodlens.storage import correlations
from prodlens.storage.connection import naming_errors
from prodlens.storage.correlations import CacheKey

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime
    from typing import Any

    from prodlens.metrics.calendar import DailySeries, Days
    from prodlens.metrics.daily_metrics import DailyMetrics
    from prodlens.metrics.profile import Declaration, Question, Role
    from prodlens.storage import ProdLensStore

MIN_COVERAGE: Final = 0.9
_CACHED_FIELDS: Final = {
    "pearson_r": "raw_r",
    "pearson_p": "raw_p",
    "spearman_r": "raw_rho",
    "spearman_p": "raw_rho_p",
    "sample_size": "n_pairs",
    "r_adj": "r",
    "p_adj": "p_value",
    "rho_adj": "rho",
    "rho_adj_p": "rho_p",
    "n_eff": "n_eff",
    "k_controls": "k_controls",
    "ci_low": "ci_low",
    "ci_high": "ci_high",
    "r_mde80": "r_mde80",
    "status": "status",
}
"""Column of `correlation_cache` -> field of `Line`."""
_FROM_RESULT: Final = {
    "raw_r": "raw_pearson_r",
    "raw_p": "raw_pearson_p",
    "raw_rho": "raw_spearman_rho",
    "raw_rho_p": "raw_spearman_p",
    "rho": "rho_adj",
    "rho_p": "rho_adj_p",
}


@dataclass(frozen=True, slots=True)
class Span:
    """Which days are compared, and both series over them.

    Attributes:
        days: First to last day.
        x: One value per day, None where not covered.
        y: Likewise.
        is_longest_run: Whether days were left out because too many are missing.
    """

    days: Days
    x: list[int | None]
    y: list[int | None]
    is_longest_run: bool


def comparable(x: DailySeries, y: DailySeries, days: Days | None) -> Span | None:
    """Return the days on which two series can be compared; None when they share none.

    With more than 10 % of them missing that is the longest run without a missing day.
    """
    span = None if days is None else shared(x, y, days)
    if span is None:
        return None
    both = x.covered & y.covered
    known = sum(day in both for day in span)
    run = longest_run(both, span) if known < MIN_COVERAGE * len(span) else None
    used = run or span
    return Span(used, x.over(used), y.over(used), run is not None)


def lag_profile(
    store: ProdLensStore, metrics: DailyMetrics, question: Question, *, now: datetime
) -> Profile:
    """Compare two daily metrics at every lag; from the cache where data and settings are equal.

    Args:
        store: Where the cache is; nothing is written to a read-only one.
        metrics: The series of the slice.
        question: What is asked.
        now: The present instant, aware UTC.

    Raises:
        StoreError: The database can't be read.
    """
    x, y = metrics.series[question.x], metrics.series[question.y]
    lags = sorted(set(question.lags))
    start = Profile(
        x=x.name,
        y=y.name,
        repo=question.repo,
        days_in_window=0 if metrics.days is None else len(metrics.days),
        cache="off" if store.read_only else "used",
        declared=question.declared if question.is_declared else None,
    )
    span = comparable(x, y, metrics.days)
    if span is None:
        status = "no_x" if not x.covered else "no_y" if not y.covered else "no_shared_days"
        blank = tuple(Line(lag_days=lag, role=_role(lag), status=status) for lag in lags)
        return replace(start, lines=blank)
    start = replace(start, declaration=_declaration(question, span, now))
    search = _Search(store, start, span)
    listed = question.nonworking_days
    found = search.lines(lags, _places(span.days, listed))
    quiet = _quiet(span, listed)
    if not quiet:
        return found
    without = search.lines(lags, _places(span.days, [*listed, *quiet]), ";quiet")
    return replace(found, quiet_workdays=tuple(quiet), without_quiet=without.lines)


@dataclass(frozen=True, slots=True)
class _Search:
    """One pair over one span: what the cache holds of it, and what has to be computed."""

    store: ProdLensStore
    start: Profile
    span: Span

    def lines(self, lags: Sequence[int], aside: Sequence[int], about: str = "") -> Profile:
        """Return the profile with its lines, adjusted for each other, and keep them."""
        key = self._key(aside, about)
        with naming_errors(self.store.path):
            kept = correlations.cached(self.store.conn, key)
            looks = 1 + correlations.earlier_looks(self.store.conn, key, lags)
        lines = [
            self._from_row(lag, kept[lag]) if lag in kept else self._computed(lag, aside)
            for lag in lags
        ]
        self._keep(key, [line for line in lines if not line.from_cache])
        adjusted, size = _adjusted(lines)
        both = [
            a is not None and b is not None for a, b in zip(self.span.x, self.span.y, strict=True)
        ]
        active = tuple(sum(bool(value) for value in side) for side in (self.span.x, self.span.y))
        return replace(
            self.start,
            lines=adjusted,
            family_size=size,
            looks=looks,
            days=self.span.days,
            days_covered=sum(both),
            days_active=(active[0], active[1]),
            is_longest_run=self.span.is_longest_run,
        )

    def _key(self, aside: Sequence[int], about: str) -> CacheKey:
        from prodlens.stats.association import METHOD_VERSION

        first, last = self.span.days.first, self.span.days.last
        version = f"{METHOD_VERSION}.{RULES_VERSION}"
        seen = [first.isoformat(), self.span.x, self.span.y, sorted(aside), version]
        return CacheKey(
            x=self.start.x,
            y=self.start.y,
            scope=f"{self.start.repo or ''}{about}",
            window_start=first.isoformat(),
            window_end=last.isoformat(),
            method_version=version,
            fingerprint=hashlib.sha256(json.dumps(seen).encode("ascii")).hexdigest(),
        )

    def _role(self, lag: int) -> Role:
        declared = self.start.declared
        if self.start.declaration == "confirmatory" and declared and declared.lag_days == lag:
            return "confirmatory"
        return _role(lag)

    def _from_row(self, lag: int, row: Mapping[str, Any]) -> Line:
        values = {name: row[column] for column, name in _CACHED_FIELDS.items()}
        return Line(lag_days=lag, role=self._role(lag), from_cache=True, **values)

    def _computed(self, lag: int, aside: Sequence[int]) -> Line:
        from prodlens.stats.association import lagged_association

        # a negative lag looks back: the outcome takes the place of the exposure
        x, y = (self.span.x, self.span.y) if lag >= 0 else (self.span.y, self.span.x)
        result = lagged_association(x, y, self.span.days.first.weekday(), abs(lag), aside)
        values = {
            name: getattr(result, _FROM_RESULT.get(name, name)) for name in _CACHED_FIELDS.values()
        }
        return Line(lag_days=lag, role=self._role(lag), **values)

    def _keep(self, key: CacheKey, lines: Sequence[Line]) -> None:
        """Write lines to the cache; what stops that does not stop the answer."""
        if self.store.read_only or not lines:
            return
        rows = [_row(key, line) for line in lines]
        with contextlib.suppress(StoreBusyError, StoreFullError, StoreReadOnlyError):
            self.store.insert_correlation_cache(rows)


def _row(key: CacheKey, line: Line) -> dict[str, Any]:
    return {
        "correlation_date": key.window_end,
        "lag_days": line.lag_days,
        "x_metric": key.x,
        "y_metric": key.y,
        "scope": key.scope,
        "window_start": key.window_start,
        "window_end": key.window_end,
        "method_version": key.method_version,
        "data_fingerprint": key.fingerprint,
        **{column: getattr(line, name) for column, name in _CACHED_FIELDS.items()},
    }


def _role(lag: int) -> Role:
    return "placebo" if lag < 0 else "exploratory"


def _adjusted(lines: Sequence[Line]) -> tuple[tuple[Line, ...], int]:
    """Return the lines with adjusted p-values; placebo and declared ones are in no family."""
    family = [line for line in lines if line.role == "exploratory"]
    p = [line.p_value for line in family]
    by_lag = {
        line.lag_days: (q, rho_q)
        for line, q, rho_q in zip(
            family, adjust_pvalues(p), adjust_pvalues([line.rho_p for line in family]), strict=True
        )
    }
    nothing = (None, None)
    return tuple(
        replace(
            line,
            q=by_lag.get(line.lag_days, nothing)[0],
            rho_q=by_lag.get(line.lag_days, nothing)[1],
        )
        for line in lines
    ), family_size(p)


def _declaration(question: Question, span: Span, now: datetime) -> Declaration:
    """Return whether this is the declared comparison, over all of its window and at its end."""
    declared = question.declared
    if declared is None or not question.is_declared:
        return "none"
    window = (day_start(declared.since), day_start(declared.until))
    if (question.selection.since, question.selection.until) != window:
        return "other_window"
    if now < window[1]:
        return "not_due"
    length = (declared.until - declared.since).days
    to_the_end = (declared.until - span.days.last).days <= 1
    known = sum(a is not None and b is not None for a, b in zip(span.x, span.y, strict=True))
    return "confirmatory" if to_the_end and known >= MIN_COVERAGE * length else "data_short"


def _places(days: Days, aside: Collection[date]) -> list[int]:
    """Return the positions of days within a range."""
    chosen = set(aside)
    return [place for place, day in enumerate(days) if day in chosen]


def _quiet(span: Span, listed: Collection[date]) -> list[date]:
    """Return the work days on which hardly anything happened in either series, unless listed."""
    from prodlens.stats.series import quiet_workdays

    totals = [
        None if a is None or b is None else float(a + b)
        for a, b in zip(span.x, span.y, strict=True)
    ]
    every = list(span.days)
    places = quiet_workdays(totals, span.days.first.weekday())
    return [every[place] for place in places if every[place] not in set(listed)]
