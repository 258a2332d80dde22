"""How one daily metric goes with another, lag by lag, with negative lags as placebo.

Decides what forms the family and what is adjusted for what. An association only. Cache:
`prodlens.metrics.cache`; what is confirmed: `prodlens.metrics.declaration`; words:
`prodlens.metrics.profile_sentences`. Source: statistics.md 1.2, 1.7, 1.8, 8.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from prodlens.metrics.cache import COLUMNS, Kept, key_of
from prodlens.metrics.daily_metrics import DELIVERIES, NAMES
from prodlens.metrics.profile import Line, Profile
from prodlens.metrics.span import comparable, nothing_shared
from prodlens.stats.multiplicity import adjust_pvalues, family_size

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from prodlens.metrics.daily_metrics import DailyMetrics
    from prodlens.metrics.declaration import Declaration
    from prodlens.metrics.profile import Question, Role
    from prodlens.metrics.span import Span
    from prodlens.stats.association import LaggedAssociation
    from prodlens.storage import ProdLensStore

_FROM_RESULT: Final = {
    "raw_r": "raw_pearson_r",
    "raw_p": "raw_pearson_p",
    "raw_rho": "raw_spearman_rho",
    "raw_rho_p": "raw_spearman_p",
    "rho": "rho_adj",
    "rho_p": "rho_adj_p",
}
_METHODS: Final = {"pearson": "", "spearman": "ranks"}


def lag_profile(
    store: ProdLensStore, metrics: DailyMetrics, question: Question, *, now: datetime
) -> Profile:
    """Compare two daily metrics at every lag; from the cache where data and settings are equal.

    Args:
        store: Where the cache is; nothing is written to a read-only one.
        metrics: The series of the slice.
        question: What is asked; its family decides which other pairs are tested beside.
        now: The present instant, aware UTC.

    Raises:
        StoreError: The database can't be read.
    """
    asked = replace(question, now=now)
    asked_lines = _searched(store, metrics, asked)
    beside = [
        _searched(store, metrics, replace(asked, x=x, y=y, lags=_ahead(asked)))
        for x, y in _others(asked)
    ]
    whole, *_ = adjusted_together([asked_lines, *beside])
    return whole


def adjusted_together(profiles: Sequence[Profile]) -> list[Profile]:
    """Return profiles whose exploratory p-values are adjusted for each other, as one family.

    Placebo and primary lines are in none. With the adjustment switched off, no line has a q, and
    the size of the family is still that of the tests made.
    """
    family = [line for profile in profiles for line in profile.lines if line.role == "exploratory"]
    p = [line.p_value for line in family]
    size = family_size(p)
    q = iter(zip(adjust_pvalues(p), adjust_pvalues([line.rho_p for line in family]), strict=True))
    found = []
    for profile in profiles:
        lines = [
            _with_q(line, next(q) if line.role == "exploratory" else (None, None), profile)
            for line in profile.lines
        ]
        found.append(replace(profile, lines=tuple(lines), family_size=size))
    return found


def _with_q(line: Line, values: tuple[float | None, float | None], profile: Profile) -> Line:
    q, rho_q = (None, None) if profile.adjustment == "none" else values
    return replace(line, q=q, rho_q=rho_q)


def _ahead(question: Question) -> tuple[int, ...]:
    return tuple(lag for lag in question.lags if lag >= 0)


def _others(question: Question) -> list[tuple[str, str]]:
    """Return the pairs of the family beside the one that is asked for."""
    uses = {
        "pair": [],
        "delivery": [question.x],
        "all": [slug for slug in NAMES if slug not in DELIVERIES],
    }[question.family]
    pairs = [(use, delivery) for use in uses for delivery in NAMES if delivery in DELIVERIES]
    return [pair for pair in pairs if pair != (question.x, question.y) and pair[0] != pair[1]]


def _searched(store: ProdLensStore, metrics: DailyMetrics, question: Question) -> Profile:
    """Return the profile of one pair, not adjusted yet."""
    x, y = metrics.series[question.x], metrics.series[question.y]
    lags = sorted(set(question.lags))
    start = Profile(
        x=x.name,
        y=y.name,
        repo=question.repo,
        days_in_window=0 if metrics.days is None else len(metrics.days),
        cache="off" if store.read_only else "used",
        declared=question.about((x.name, y.name)),
        method=question.method,
        adjustment=question.adjustment,
        family=question.family,
    )
    span = comparable(x, y, metrics.days)
    if span is None:
        status = nothing_shared(x, y)
        blank = tuple(Line(lag_days=lag, role=_role(question, lag), status=status) for lag in lags)
        return replace(start, lines=blank)
    declaration = question.declaration((x.name, y.name), span.days, span.known)
    search = _Search(store, replace(start, declaration=declaration), span, question)
    listed = question.nonworking_days
    found = search.lines(lags, span.places(listed))
    quiet = span.quiet(listed)
    if not quiet:
        return found
    without = search.lines(lags, span.places([*listed, *quiet]), ";quiet")
    (adjusted,) = adjusted_together([without])
    return replace(found, quiet_workdays=tuple(quiet), without_quiet=adjusted.lines)


@dataclass(frozen=True, slots=True)
class _Search:
    """One pair over one span: what the cache holds of it, and what has to be computed."""

    store: ProdLensStore
    start: Profile
    span: Span
    question: Question

    def lines(self, lags: Sequence[int], aside: Sequence[int], about: str = "") -> Profile:
        """Return the profile with its lines, and keep them."""
        cache = self._kept(aside, about)
        known = cache.read()
        looks = cache.looks(lags)
        found = {lag: known.get(lag) or self._computed(lag, aside) for lag in lags}
        cache.keep({lag: values for lag, values in found.items() if lag not in known})
        return replace(
            self.start,
            lines=tuple(
                Line(
                    lag_days=lag,
                    role=_role(self.question, lag, self.start.declaration),
                    from_cache=lag in known,
                    **values,
                )
                for lag, values in found.items()
            ),
            looks=looks,
            days=self.span.days,
            days_covered=self.span.known,
            days_active=self.span.active,
            is_longest_run=self.span.is_longest_run,
        )

    def _kept(self, aside: Sequence[int], about: str) -> Kept:
        return Kept(
            self.store,
            key_of(
                (self.start.x, self.start.y),
                self.span,
                scope=f"{self.question.scope}{about}",
                method=_METHODS[self.start.method],
                aside=aside,
            ),
        )

    def _computed(self, lag: int, aside: Sequence[int]) -> dict[str, Any]:
        from prodlens.stats.association import lagged_association

        # a negative lag looks back: the outcome takes the place of the exposure
        x, y = (self.span.x, self.span.y) if lag >= 0 else (self.span.y, self.span.x)
        result = lagged_association(x, y, self.span.start_weekday, abs(lag), aside)
        values = values_of(result)
        return values if self.start.method == "pearson" else values | _of_ranks(result)


def values_of(result: LaggedAssociation) -> dict[str, Any]:
    """Return what the cache keeps of a result, by the names of `Line`."""
    return {name: getattr(result, _FROM_RESULT.get(name, name)) for name in COLUMNS}


def _of_ranks(result: LaggedAssociation) -> dict[str, Any]:
    """Return the fields that differ where ranks are what is compared."""
    from prodlens.stats.power import detectable_r
    from prodlens.stats.sensitivity import rank_variant

    found, rank = rank_variant(result), result.k_controls
    detectable = None
    if found.n_eff is not None and rank is not None:
        detectable = detectable_r(found.n_eff, controls=rank - 1)
    return {
        "r": found.r,
        "p_value": result.rho_adj_p,
        "n_eff": found.n_eff,
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "r_mde80": detectable,
    }


def _role(question: Question, lag: int, declaration: Declaration = "none") -> Role:
    if lag < 0:
        return "placebo"
    return question.standing((question.x, question.y), lag, declaration)
