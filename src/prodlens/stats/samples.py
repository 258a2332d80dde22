"""Owns the way in: callers' numbers become checked one-dimensional float arrays.

Must not compute any statistic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Numbers = Sequence[float] | NDArray[np.float64] | NDArray[np.int64]
Gappy = Sequence[float | None] | NDArray[np.float64] | NDArray[np.int64]
_LARGEST: Final = 1e60
_SMALLEST: Final = 1e-60


def as_gappy(values: Gappy, name: str) -> Array:
    """Return values as floats, unknown ones as NaN (inside this package only).

    Values closer to 0 than 1e-60 become 0, so that squares and quotients stay finite.

    Args:
        values: Shape ``(n,)``; ``None`` (or NaN) is an unknown value.
        name: What the caller calls the argument, for the message.

    Returns:
        Shape ``(n,)``.

    Raises:
        ValueError: A value is infinite or beyond 1e60, or the shape is not ``(n,)``.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except OverflowError:
        raise ValueError(f"{name} must not hold values beyond {_LARGEST:g}") from None
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got {array.ndim} dimensions")
    size = np.abs(array)
    if (size > _LARGEST).any():
        raise ValueError(f"{name} must not hold infinite values or values beyond {_LARGEST:g}")
    return np.where(size < _SMALLEST, 0.0, array)


def as_sample(values: Numbers, name: str) -> Array:
    """Return values as floats when every one of them is known and finite.

    Args:
        values: Shape ``(n,)``.
        name: What the caller calls the argument, for the message.

    Returns:
        Shape ``(n,)``.

    Raises:
        ValueError: A value is unknown or infinite, or the shape is not ``(n,)``.
    """
    array = as_gappy(values, name)
    if np.isnan(array).any():
        raise ValueError(f"{name} must not hold unknown values here; leave them out first")
    return array


def require_same_length(first: Array, second: Array, names: str) -> None:
    """Raise when two arrays that belong together differ in length.

    Args:
        first: Shape ``(n,)``.
        second: Shape ``(n,)``.
        names: Both names for the message, such as ``"x and y"``.

    Raises:
        ValueError: The lengths differ.
    """
    if first.size != second.size:
        raise ValueError(f"{names} must have equal length, got {first.size} and {second.size}")


def require_not_negative(array: Array, name: str) -> None:
    """Raise when a count is negative; unknown values pass.

    Args:
        array: Shape ``(n,)``.
        name: What the caller calls the argument.

    Raises:
        ValueError: A value is below zero.
    """
    below = np.flatnonzero(array < 0)
    if below.size:
        raise ValueError(f"{name} must not be negative, but is at position {int(below[0])}")


def require_fraction(value: float, name: str) -> None:
    """Raise unless a level lies strictly between 0 and 1.

    Args:
        value: Such as a confidence level or an error rate.
        name: What the caller calls the argument.

    Raises:
        ValueError: The value is not inside (0, 1).
    """
    if not 0.0 < value < 1.0:
        raise ValueError(f"{name} must lie between 0 and 1 (exclusive), got {value}")


def is_constant(array: Array) -> bool:
    """Return whether all values are exactly equal (also for no value at all).

    A computed variance cannot tell: the mean of equal floats may differ from them by rounding.

    Args:
        array: Shape ``(n,)``.

    Returns:
        True when nothing varies.
    """
    return array.size == 0 or bool(array.min() == array.max())


def finite_or_none(value: float) -> float | None:
    """Return the number, or None where it is NaN or infinite.

    Args:
        value: Any float.

    Returns:
        A finite float or None.
    """
    return float(value) if math.isfinite(value) else None
