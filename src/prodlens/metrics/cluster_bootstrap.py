"""Owns 95 % intervals that hold when calls of one developer resemble each other.

Developers are drawn with replacement, with all of their calls, and the size is computed anew.
Percentile intervals; a fixed seed, so that equal data give equal intervals. Needs ten developers.
Source: Davison & Hinkley 1997, Bootstrap Methods and their Application, section 3.8.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FEWEST_DEVELOPERS: Final = 10
REPLICATES: Final = 1999
_SEED: Final = 20_240_101
_BINS: Final = 512
_FEWEST_USABLE: Final = 0.9
"""Share of replicates that must give a number; else the interval would describe the lucky ones."""

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Groups:
    """Two groups of values, and whose each value is.

    Attributes:
        first: Values of the first group, shape `(n1,)`.
        second: Values of the second group, shape `(n2,)`.
        first_by: Position of the developer of each value of `first`, shape `(n1,)`.
        second_by: The same for `second`.
        developers: How many developers there are.
    """

    first: Array
    second: Array
    first_by: NDArray[np.int64]
    second_by: NDArray[np.int64]
    developers: int


def difference_interval(groups: Groups) -> Interval | None:
    """Return the interval of Cohen's d of the first group over the second; None if there is none."""
    centre = float(np.concatenate([groups.first, groups.second]).mean())
    weights = _weights(groups.developers)
    n1, sum1, square1 = _drawn(weights, groups.first - centre, groups.first_by)
    n2, sum2, square2 = _drawn(weights, groups.second - centre, groups.second_by)
    with np.errstate(divide="ignore", invalid="ignore"):
        within = (square1 - sum1**2 / n1) + (square2 - sum2**2 / n2)
        pooled = np.sqrt(np.maximum(within, 0.0) / (n1 + n2 - 2.0))
        return _percentiles((sum1 / n1 - sum2 / n2) / pooled)


def ratio_interval(groups: Groups) -> Interval | None:
    """Return the interval of the ratio of the two means; None if there is none."""
    weights = _weights(groups.developers)
    n1, sum1, _ = _drawn(weights, groups.first, groups.first_by)
    n2, sum2, _ = _drawn(weights, groups.second, groups.second_by)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _percentiles((sum1 / n1) / (sum2 / n2))


def dominance_interval(groups: Groups) -> Interval | None:
    """Return the interval of Cliff's delta; None if there is none.

    Values are put into at most 512 steps of equal frequency first; equal steps count as ties.
    """
    steps = np.unique(np.quantile(np.concatenate([groups.first, groups.second]), _grid()))
    first = _histogram(groups.first, groups.first_by, groups.developers, steps)
    second = _histogram(groups.second, groups.second_by, groups.developers, steps)
    weights = _weights(groups.developers)
    a, b = weights @ first, weights @ second
    below = np.cumsum(b, axis=1) - b
    above = b.sum(axis=1, keepdims=True) - below - b
    with np.errstate(divide="ignore", invalid="ignore"):
        return _percentiles((a * (below - above)).sum(axis=1) / (a.sum(axis=1) * b.sum(axis=1)))


def _grid() -> Array:
    return np.linspace(0.0, 1.0, _BINS + 1)


def _histogram(values: Array, by: NDArray[np.int64], developers: int, steps: Array) -> Array:
    """Return how many values of each developer fall into each step, `(developers, steps)`."""
    place = np.searchsorted(steps, values, side="left")
    width = steps.size + 1
    cells = np.bincount(by * width + place, minlength=developers * width)
    return cells.reshape(developers, width).astype(np.float64)


@functools.lru_cache(maxsize=1)
def _weights(developers: int) -> Array:
    """Return how often each developer is drawn, shape `(replicates, developers)`; not to change.

    Kept, because each size of a report draws the same developers.
    """
    dice = np.random.default_rng(_SEED)
    chances = np.full(developers, 1.0 / developers)
    drawn = dice.multinomial(developers, chances, size=REPLICATES).astype(np.float64)
    drawn.flags.writeable = False
    return drawn


def _drawn(weights: Array, values: Array, by: NDArray[np.int64]) -> tuple[Array, Array, Array]:
    """Return count, sum and sum of squares of the values of each drawing, `(replicates,)` each."""
    size = weights.shape[1]
    return (
        weights @ np.bincount(by, minlength=size).astype(np.float64),
        weights @ np.bincount(by, weights=values, minlength=size),
        weights @ np.bincount(by, weights=values * values, minlength=size),
    )


def _percentiles(values: Array) -> Interval | None:
    usable = values[np.isfinite(values)]
    if usable.size < _FEWEST_USABLE * values.size:
        return None
    low, high = np.quantile(usable, [0.025, 0.975])
    return float(low), float(high)
