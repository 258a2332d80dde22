"""Owns how days of high exposure differ in outcome from days of low exposure.

High and low are relative to what is usual for the weekday and the time of the window, so that no
weekend is compared with a work day. A difference between kinds of days, not an effect of the
exposure. Must not touch dates, records or wording.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from prodlens.stats.association import effective_pairs, lagged_association
from prodlens.stats.calendar_controls import (
    FULL_CONTROL_DAYS,
    WEEKEND,
    CalendarDesign,
    Controls,
    controls_for,
    residuals,
    scale_by_day_kind,
)
from prodlens.stats.correlation import correlation_t, product_moment
from prodlens.stats.distributions import t_quantile, t_two_sided_p
from prodlens.stats.samples import as_gappy

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from prodlens.stats.samples import Array, Gappy
    from prodlens.stats.status import Status

Split = Literal["tertile", "median"]
MIN_GROUP: Final = 5
WEEK: Final = 7
_SHARES: Final[dict[Split, tuple[float, float]]] = {
    "tertile": (1.0 / 3.0, 2.0 / 3.0),
    "median": (0.5, 0.5),
}
_FLOOR: Final = 1e-12
_LARGEST_LOG: Final = 700.0


@dataclass(frozen=True, slots=True)
class HighLow:
    """The outcome after days of high exposure against that after days of low exposure.

    Attributes:
        status: How far to trust it; everything that is inferred is None unless ``ok`` or
            ``exploratory``.
        n_pairs: Pairs of days that could be compared.
        n_high: Those whose exposure counts as high.
        n_low: Those whose exposure counts as low.
        mean_high: Mean outcome after a day of high exposure, as it was counted.
        mean_low: The same after a day of low exposure.
        n_eff: Independent pairs that the compared ones are worth.
        df: Degrees of freedom.
        p_value: Two-sided.
        percent: How many per cent more outcome, weekday and trend held equal.
        ci_low: Lower end of its 95 % interval.
        ci_high: Upper end.
    """

    status: Status
    n_pairs: int = 0
    n_high: int = 0
    n_low: int = 0
    mean_high: float | None = None
    mean_low: float | None = None
    n_eff: float | None = None
    df: float | None = None
    p_value: float | None = None
    percent: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


def high_low_difference(
    x: Gappy,
    y: Gappy,
    start_weekday: int,
    lag: int,
    nonworking_days: Collection[int] = (),
    *,
    split: Split = "tertile",
) -> HighLow:
    """Return how the outcome differs between days of high and of low exposure.

    Days are high or low by the residual of log1p(x) after weekday and bending trend. The outcome,
    log1p(y) ``lag`` days later, is regressed on that indicator, weekday and trend; the interval
    is a t interval with the effective number of pairs. Gates are those of `lagged_association`,
    and five days in each group.

    Args:
        x: Exposure counts on consecutive days, shape ``(n,)``; ``None`` is a day not covered.
        y: Outcome counts of the same days, likewise.
        start_weekday: Weekday of the first day, Monday = 0.
        lag: Days from exposure to outcome.
        nonworking_days: Positions (0-based) that are set aside as exposure and as outcome.
        split: ``tertile`` compares the upper with the lower third, ``median`` the halves.

    Returns:
        The difference; never raises for constant, empty or zero series.

    Raises:
        ValueError: As `lagged_association`.

    Source: Frisch & Waugh 1933, Econometrica 1:387-401, for the partial regression; effective n
    as in `effective_pairs`.

    >>> high_low_difference([1, 2, 3], [1, 2, 3], 0, 0).status
    'insufficient_data'
    """
    gate = lagged_association(x, y, start_weekday, lag, nonworking_days)
    start = HighLow(gate.status, n_pairs=gate.n_pairs)
    if gate.status not in {"ok", "exploratory"}:
        return start
    exposure, outcome = as_gappy(x, "x"), as_gappy(y, "y")
    before, after = exposure[: exposure.size - lag], outcome[lag:]
    design = _design(exposure, outcome, start_weekday, lag, nonworking_days)
    controls = controls_for(design)
    usual = residuals(np.log1p(before), controls)
    usual = scale_by_day_kind(usual, controls.exposure_weekend)
    high, low = _groups(usual, controls.kept, split)
    middle = np.flatnonzero(controls.kept & ~high & ~low).tolist()
    compared = controls_for(replace(design, excluded=tuple(sorted({*design.excluded, *middle}))))
    found = _counted(start, after, high, low)
    return _difference(found, np.log1p(after), high, compared)


def week_difference(
    x: Gappy, y: Gappy, start_weekday: int, lag: int, *, split: Split = "tertile"
) -> HighLow:
    """Return the same difference from changes against the same weekday a week before.

    A check that needs no model of weekday or trend: both are gone in a difference of seven days.
    Arguments and result as in `high_low_difference`; the means are those of the days themselves.
    """
    gate = lagged_association(x, y, start_weekday, lag)
    start = HighLow(gate.status, n_pairs=max(gate.n_pairs - WEEK, 0))
    if gate.status not in {"ok", "exploratory"}:
        return start
    exposure, outcome = as_gappy(x, "x"), as_gappy(y, "y")
    before, after = exposure[: exposure.size - lag], outcome[lag:]
    change = np.log1p(before[WEEK:]) - np.log1p(before[:-WEEK])
    response = np.log1p(after[WEEK:]) - np.log1p(after[:-WEEK])
    kept = ~(np.isnan(change) | np.isnan(response))
    high, low = _groups(np.nan_to_num(change), kept, split)
    compared = high | low
    count = int(compared.sum())
    controls = Controls(
        basis=np.full((count, 1), 1.0 / math.sqrt(max(count, 1))),
        kept=compared,
        exposure_weekend=np.zeros(change.size, dtype=np.bool_),
        outcome_weekend=np.zeros(change.size, dtype=np.bool_),
        rank=1 + change.size - count,
        outcome_weekday_df=0.0,
    )
    found = _counted(start, after[WEEK:], high, low)
    # neighbours a week apart share a day, whatever the series
    return _difference(found, response, high, controls, reach=WEEK)


def _design(
    exposure: Array,
    outcome: Array,
    start_weekday: int,
    lag: int,
    nonworking_days: Collection[int],
) -> CalendarDesign:
    pairs = exposure.size - lag
    missing = np.isnan(exposure[:pairs]) | np.isnan(outcome[lag:])
    aside = set(np.flatnonzero(missing).tolist())
    for day in nonworking_days:
        aside.update(row for row in (int(day), int(day) - lag) if 0 <= row < pairs)
    covered = int((~np.isnan(exposure) & ~np.isnan(outcome)).sum())
    return CalendarDesign(
        n_days=int(exposure.size),
        lag=lag,
        start_weekday=start_weekday,
        full=covered >= FULL_CONTROL_DAYS,
        weekend=WEEKEND,
        excluded=tuple(sorted(aside)),
    )


def _groups(
    values: Array, kept: NDArray[np.bool_], split: Split
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which pairs are high and which are low; equal values never part."""
    if not kept.any():
        return kept, kept
    lower, upper = np.quantile(values[kept], _SHARES[split])
    high = kept & (values > upper if split == "median" else values >= upper)
    return high, kept & (values <= lower) & ~high


def _counted(
    start: HighLow, after: Array, high: NDArray[np.bool_], low: NDArray[np.bool_]
) -> HighLow:
    n_high, n_low = int(high.sum()), int(low.sum())
    if min(n_high, n_low) < MIN_GROUP:
        return replace(start, status="insufficient_data", n_high=n_high, n_low=n_low)
    return replace(
        start,
        n_high=n_high,
        n_low=n_low,
        mean_high=float(after[high].mean()),
        mean_low=float(after[low].mean()),
    )


def _difference(
    start: HighLow, after: Array, high: NDArray[np.bool_], controls: Controls, *, reach: int = 1
) -> HighLow:
    if start.mean_high is None:
        return start
    group, outcome = residuals(high.astype(np.float64), controls), residuals(after, controls)
    spread, scatter = float(group @ group), float(outcome @ outcome)
    r = None if min(spread, scatter) < _FLOOR else product_moment(group, outcome)
    if r is None:
        return replace(start, status="zero_variance")
    kept = int(controls.kept.sum())
    n_eff = effective_pairs(group, outcome, reach=min(reach, group.size - 1)) * kept / group.size
    df = max(n_eff - controls.basis.shape[1] - 1.0, 1.0)
    slope = float(group @ outcome) / spread
    error = math.sqrt(max(scatter / spread * (1.0 - r * r) / df, 0.0))
    half = t_quantile(0.975, df) * error
    return replace(
        start,
        n_eff=n_eff,
        df=df,
        p_value=t_two_sided_p(correlation_t(r, df), df),
        percent=_percent(slope),
        ci_low=_percent(slope - half),
        ci_high=_percent(slope + half),
    )


def _percent(log_difference: float) -> float | None:
    if log_difference > _LARGEST_LOG:  # exp would overflow
        return None
    return 100.0 * math.expm1(log_difference)
