"""Owns what is taken out of two daily series before they are compared: weekdays, trend, days off.

Must not touch the comparison itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prodlens.stats.samples import Array

WEEKEND: Final = (5, 6)
"""Saturday and Sunday, where Monday is 0."""
FULL_CONTROL_DAYS: Final = 28
_DAYS_PER_KNOT: Final = 21
_RANK_TOLERANCE: Final = 1e-9
_RMS_FLOOR: Final = 1e-12


@dataclass(frozen=True, slots=True)
class CalendarDesign:
    """Which pairs of days are compared, and what is controlled for.

    A pair ``t`` joins day ``t`` of the exposure with day ``t + lag`` of the outcome. ``excluded``
    are the pairs set aside one by one (each costs one degree of freedom), sorted.
    """

    n_days: int
    lag: int
    start_weekday: int
    full: bool
    weekend: tuple[int, ...] = WEEKEND
    excluded: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Controls:
    """An orthonormal basis of the control columns over the pairs that are kept.

    ``basis`` has shape ``(kept pairs, columns)``; ``rank`` counts the excluded pairs as well.
    ``outcome_weekday_df`` is the part of the residual degrees of freedom that lies on pairs whose
    outcome day is no weekend day.
    """

    basis: Array
    kept: NDArray[np.bool_]
    exposure_weekend: NDArray[np.bool_]
    outcome_weekend: NDArray[np.bool_]
    rank: int
    outcome_weekday_df: float


@lru_cache(maxsize=128)
def controls_for(design: CalendarDesign) -> Controls:
    """Return the controls of a design; equal designs share one computation.

    With ``full``: an intercept, a trend that may bend every 21 days, and the weekday of the
    outcome. Otherwise: an intercept, a straight trend, and whether either day is a weekend day.

    Args:
        design: Days, lag, weekday of the first day, exclusions.

    Returns:
        Basis, masks and rank. The arrays must not be changed.
    """
    pairs = design.n_days - design.lag
    position = np.arange(pairs)
    exposure_day = (design.start_weekday + position) % 7
    outcome_day = (design.start_weekday + position + design.lag) % 7
    exposure_weekend = np.isin(exposure_day, design.weekend)
    outcome_weekend = np.isin(outcome_day, design.weekend)
    trend = (position - position.mean()) / pairs
    columns = [np.ones(pairs), trend]
    if design.full:
        columns += _bends(trend, design.n_days)
        columns += [(outcome_day == weekday).astype(np.float64) for weekday in range(1, 7)]
    else:
        columns.append(exposure_weekend.astype(np.float64))
        if design.lag % 7:
            columns.append(outcome_weekend.astype(np.float64))
    kept = np.ones(pairs, dtype=np.bool_)
    kept[list(design.excluded)] = False
    basis = _orthonormal(np.column_stack(columns)[kept])
    leverage = np.einsum("ij,ij->i", basis, basis)
    return Controls(
        basis=basis,
        kept=kept,
        exposure_weekend=exposure_weekend,
        outcome_weekend=outcome_weekend,
        rank=basis.shape[1] + len(design.excluded),
        outcome_weekday_df=float((1.0 - leverage)[~outcome_weekend[kept]].sum()),
    )


def residuals(values: Array, controls: Controls) -> Array:
    """Return what the controls leave of a series; excluded pairs are exactly 0.

    Args:
        values: Shape ``(m,)``, one per pair; what stands at excluded pairs does not matter.
        controls: Of the same pairs.

    Returns:
        Shape ``(m,)``.
    """
    rest = np.zeros(values.size)
    seen = values[controls.kept]
    rest[controls.kept] = seen - controls.basis @ (controls.basis.T @ seen)
    return rest


def scale_by_day_kind(values: Array, weekend: NDArray[np.bool_]) -> Array:
    """Return a series whose weekend and weekday values each have a root mean square of 1.

    Counts vary less on quiet days; without this step both series' weekends would look alike.

    Args:
        values: Shape ``(m,)``, residuals.
        weekend: Shape ``(m,)``, which of them lie on a weekend day of this series.

    Returns:
        Shape ``(m,)``; a kind with one day or without any variation stays as it is.
    """
    scaled = values.copy()
    for kind in (weekend, ~weekend):
        group = values[kind]
        if group.size > 1:
            rms = float(np.sqrt(np.mean(group * group)))
            if rms > _RMS_FLOOR:
                scaled[kind] = group / rms
    return scaled


def _bends(trend: Array, n_days: int) -> list[Array]:
    knots = np.linspace(-0.5, 0.5, max(1, n_days // _DAYS_PER_KNOT) + 2)[1:-1]
    return [np.maximum(trend - knot, 0.0) for knot in knots]


def _orthonormal(columns: Array) -> Array:
    left, singular, _ = np.linalg.svd(columns, full_matrices=False)
    largest = float(singular.max(initial=0.0))
    return np.asarray(left[:, singular > _RANK_TOLERANCE * largest], dtype=np.float64)
