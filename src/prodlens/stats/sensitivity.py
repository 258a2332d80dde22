"""Owns the same association after one other choice: days set aside, or changes over a week.

A check on `prodlens.stats.association`, never a test of its own: no p-value leaves this module.
Must not touch dates, records or wording.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from prodlens.stats.association import MIN_ACTIVE_DAYS, described
from prodlens.stats.calendar_controls import (
    FULL_CONTROL_DAYS,
    CalendarDesign,
    controls_for,
    residuals,
    scale_by_day_kind,
)
from prodlens.stats.correlation import fisher_interval, product_moment
from prodlens.stats.samples import as_gappy

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from prodlens.stats.association import LaggedAssociation
    from prodlens.stats.samples import Array, Gappy
    from prodlens.stats.status import Status

WEEK: Final = 7
MIN_PAIRS: Final = 10
"""With fewer pairs, an interval after the controls would hold nearly every value."""
_RANK_VARIANCE: Final = 1.06
_FLOOR: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Variant:
    """The association after one other choice.

    Attributes:
        status: How far to trust it; the numbers are None unless ``ok`` or ``exploratory``.
        n_pairs: Pairs of days that remain.
        r: Correlation, weekday and trend removed (or gone in differences).
        n_eff: Independent pairs that the remaining ones are worth.
        ci_low: Lower end of the 95 % interval of ``r``.
        ci_high: Upper end.
    """

    status: Status
    n_pairs: int = 0
    r: float | None = None
    n_eff: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


def without_days(
    x: Gappy, y: Gappy, start_weekday: int, lag: int, aside: Collection[int] = ()
) -> Variant:
    """Return the association of the days that remain when some are set aside.

    As `lagged_association`, but what is set aside counts for nothing: neither as a pair nor as a
    control, and autocorrelation is taken over the pairs of neighbours that both remain. So half of
    the days may go, where a control for each of them would use up the other half. Needs 14 covered
    days before and ten pairs, five of them above zero in each series, after.

    Args:
        x: Exposure counts on consecutive days, shape ``(n,)``; ``None`` is a day not covered.
        y: Outcome counts of the same days, likewise.
        start_weekday: Weekday of the first day, Monday = 0.
        lag: Days from exposure to outcome.
        aside: Positions (0-based) of days that are set aside as exposure and as outcome.

    Returns:
        The estimate; never raises for constant, empty or zero series. Equal to
        `lagged_association` when nothing is set aside.

    Raises:
        ValueError: As `lagged_association`.

    Source: Pyper & Peterman 1998, Canadian Journal of Fisheries and Aquatic Sciences 55:2127-2140
    (effective n), over the pairs that remain.

    >>> without_days([1, 2, 3], [1, 2, 3], 0, 0).status
    'insufficient_data'
    """
    gate = described(x, y, start_weekday, lag)
    if gate.status not in {"ok", "exploratory"}:
        return Variant(gate.status, gate.n_pairs)
    exposure, outcome = as_gappy(x, "x"), as_gappy(y, "y")
    before, after = exposure[: exposure.size - lag], outcome[lag:]
    gone = np.isnan(before) | np.isnan(after)
    for day in aside:
        for row in (int(day), int(day) - lag):
            if 0 <= row < gone.size:
                gone[row] = True
    kept = ~gone
    if (short := _too_little(before[kept], after[kept])) is not None:
        return short
    covered = int((~np.isnan(exposure) & ~np.isnan(outcome)).sum())
    design = CalendarDesign(
        n_days=int(exposure.size),
        lag=lag,
        start_weekday=start_weekday,
        full=covered >= FULL_CONTROL_DAYS,
        excluded=tuple(np.flatnonzero(gone).tolist()),
    )
    controls = controls_for(design)
    left = residuals(np.log1p(before), controls)
    right = residuals(np.log1p(after), controls)
    u = np.where(kept, scale_by_day_kind(left, controls.exposure_weekend), 0.0)
    v = np.where(kept, scale_by_day_kind(right, controls.outcome_weekend), 0.0)
    return _estimate(gate.status, u, v, kept, controls.basis.shape[1])


def week_differences(
    x: Gappy, y: Gappy, start_weekday: int, lag: int, aside: Collection[int] = ()
) -> Variant:
    """Return the association of changes against the same weekday of the week before.

    Needs no model of weekday or trend: a difference of seven days holds neither. Arguments and
    result as in `without_days`; a change that touches a day set aside is set aside.

    Source: statistics.md 1.5 of the design (checked by simulation in ``scripts/simulate.py``).
    """
    gate = described(x, y, start_weekday, lag)
    if gate.status not in {"ok", "exploratory"}:
        return Variant(gate.status, max(gate.n_pairs - WEEK, 0))
    exposure, outcome = as_gappy(x, "x").copy(), as_gappy(y, "y").copy()
    places = [int(day) for day in aside if 0 <= int(day) < exposure.size]
    exposure[places] = outcome[places] = np.nan
    before, after = exposure[: exposure.size - lag], outcome[lag:]
    change = np.log1p(before[WEEK:]) - np.log1p(before[:-WEEK])
    response = np.log1p(after[WEEK:]) - np.log1p(after[:-WEEK])
    kept = ~(np.isnan(change) | np.isnan(response))
    if (short := _too_little(before[WEEK:][kept], after[WEEK:][kept])) is not None:
        return short
    u = np.where(kept, change - change[kept].mean(), 0.0)
    v = np.where(kept, response - response[kept].mean(), 0.0)
    # neighbours a week apart share a day, whatever the series
    return _estimate(gate.status, u, v, kept, 1, reach=WEEK)


def rank_variant(result: LaggedAssociation) -> Variant:
    """Return the association of the ranks of the adjusted values, with its interval.

    Args:
        result: What `lagged_association` returned.

    Returns:
        The adjusted rank correlation; its numbers are None where that is None.

    Source: Fieller, Hartley & Pearson 1957, Biometrika 44:470-481: Fisher's z of ranks has 1.06
    times the variance.
    """
    rho, n_eff, rank = result.rho_adj, result.rho_adj_n_eff, result.k_controls
    if rho is None or n_eff is None or rank is None:
        return Variant(result.status, result.n_pairs)
    low, high = fisher_interval(rho, max(n_eff - (rank - 1.0) - 3.0, 1.0) / _RANK_VARIANCE)
    return Variant(result.status, result.n_pairs, rho, n_eff, low, high)


def _too_little(before: Array, after: Array) -> Variant | None:
    """Return why the remaining pairs can't be compared; None when they can."""
    pairs = int(before.size)
    if pairs < MIN_PAIRS:
        return Variant("insufficient_data", pairs)
    if min(int((before > 0).sum()), int((after > 0).sum())) < MIN_ACTIVE_DAYS:
        return Variant("insufficient_activity", pairs)
    return None


def _estimate(
    status: Status, u: Array, v: Array, kept: NDArray[np.bool_], rank: int, *, reach: int = 1
) -> Variant:
    pairs = int(kept.sum())
    if min(float(u @ u), float(v @ v)) < _FLOOR or pairs <= rank + 2:
        return Variant("zero_variance" if pairs > rank + 2 else "insufficient_data", pairs)
    r = product_moment(u[kept], v[kept])
    if r is None:
        return Variant("zero_variance", pairs)
    n_eff = _effective(u, v, kept, max(reach, u.size // 5))
    low, high = fisher_interval(r, max(n_eff - (rank - 1.0) - 3.0, 1.0))
    return Variant(status, pairs, r, n_eff, low, high)


def _effective(u: Array, v: Array, kept: NDArray[np.bool_], reach: int) -> float:
    """Return how many independent pairs the kept ones are worth; at most as many as there are."""
    pairs, lags = float(kept.sum()), slice(1, reach + 1)
    together = np.rint(_overlaps(kept.astype(np.float64))[lags])
    of_u, of_v = _overlaps(u), _overlaps(v)
    known = together > 0.0
    # sums over the neighbours that both remain, as if every pair had such neighbours
    products = (of_u[lags] / of_u[0]) * (of_v[lags] / of_v[0])
    weights = np.divide(pairs, together, out=np.zeros_like(together), where=known)
    return pairs / max(1.0, 1.0 + 2.0 * float((products * weights).sum()))


def _overlaps(values: Array) -> Array:
    """Return the sums of products of a series with itself, shifted by 0, 1, ... places."""
    spectrum = np.fft.rfft(values, n=2 * values.size)
    return np.asarray(np.fft.irfft(spectrum * spectrum.conj(), n=2 * values.size), dtype=np.float64)


def range_of(values: Collection[float | None]) -> tuple[float, float] | None:
    """Return the lowest and highest of the values that exist; None when none does.

    >>> range_of([0.2, None, 0.4]), range_of([None])
    ((0.2, 0.4), None)
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    return (min(known), max(known)) if known else None
