"""Owns the reading of untrusted numbers, and the error that says why a value can't be used.

One table of rules for every format (tested as a table). Knows no vendor's layout, no text but that
of a number, and no store.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeGuard, TypeVar

from prodlens.schemas import RejectReason

if TYPE_CHECKING:
    from collections.abc import Callable

_Number = TypeVar("_Number", int, float)

LARGEST_COUNT: Final = 2**63 - 1
"""The store keeps signed 64-bit integers."""
_LONGEST_NUMBER: Final = 64
_LARGEST_USD: Final = LARGEST_COUNT / 1_000_000_000
EMPTY_WORDS: Final = frozenset({"", "-", "none", "null", "nil", "n/a", "undefined", "unknown"})
"""Placeholders that stand for a number that is missing; `nan` is a number that makes no sense."""


class UnreadableError(Exception):
    """Carries a reject reason from inside one adapter to that adapter's `read`; goes no further.

    Attributes:
        reason: Why the record is set aside.
        field: The field at fault, None when the whole record is.
    """

    def __init__(self, reason: RejectReason, field: str | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.field = field


def count(value: object, field: str) -> int | None:
    """Return a count (tokens, lines) or None when missing.

    Raises:
        UnreadableError: Negative, not finite, beyond 64 bits, not whole, or no number.
    """
    if type(value) is not int:
        if value is None:
            return None
        value = _whole(_number(value, field), field)
        if value is None:
            return None
    if 0 <= value <= LARGEST_COUNT:
        return value
    raise UnreadableError(
        RejectReason.BAD_NUMBER if value < 0 else RejectReason.NUMBER_TOO_LARGE, field
    )


def measure(value: object, field: str) -> float | None:
    """Return a quantity >= 0 (milliseconds) or None when missing.

    Raises:
        UnreadableError: Negative, not finite, too large, or no number.
    """
    if type(value) is float and 0.0 <= value < math.inf:
        return value
    if value is None:
        return None
    number = _number(value, field)
    if number is None:
        return None
    if number < 0:
        raise UnreadableError(RejectReason.BAD_NUMBER, field)
    try:
        return float(number)
    except OverflowError:
        raise UnreadableError(RejectReason.NUMBER_TOO_LARGE, field) from None


def usd(value: object, field: str) -> float | None:
    """Return an amount of money that fits into 64-bit nano-dollars; raises as `measure` does."""
    if type(value) is float and 0.0 <= value < _LARGEST_USD:
        return value
    amount = measure(value, field)
    if amount is not None and amount >= _LARGEST_USD:
        raise UnreadableError(RejectReason.NUMBER_TOO_LARGE, field)
    return amount


def share(value: object, field: str) -> float | None:
    """Return a share 0..1; None when missing, no number, or above 1 (then it is no share).

    Raises:
        UnreadableError: Negative or not finite.
    """
    number = None if value is None else _if_number(measure, value, field)
    return number if number is not None and number <= 1 else None


def lines(value: object, field: str) -> int | None:
    """Return a count that a person may have written; None, too, when it is no number.

    Raises:
        UnreadableError: Negative, not finite, or beyond 64 bits.
    """
    return None if value is None else _if_number(count, value, field)


def status(value: object) -> int | None:
    """Return an HTTP status 100..599, None for everything else."""
    if type(value) is not int:
        try:
            value = count(value, "status_code")
        except UnreadableError:
            return None
        if value is None:
            return None
    return value if 100 <= value <= 599 else None


def is_positive(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a number above zero."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def _number(value: object, field: str) -> int | float | None:
    if isinstance(value, str):
        return _number_from_text(value.strip(), field)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnreadableError(RejectReason.BAD_FIELD, field)
    if isinstance(value, float) and not math.isfinite(value):
        raise UnreadableError(RejectReason.BAD_NUMBER, field)
    return value


def _number_from_text(word: str, field: str) -> int | float | None:
    if word.lower() in EMPTY_WORDS:
        return None
    if len(word) > _LONGEST_NUMBER or "_" in word:
        digits = word.isdigit()
        raise UnreadableError(
            RejectReason.NUMBER_TOO_LARGE if digits else RejectReason.BAD_FIELD, field
        )
    try:
        return int(word)
    except ValueError:
        pass
    try:
        number = float(word)
    except ValueError:
        raise UnreadableError(RejectReason.BAD_FIELD, field) from None
    return _number(number, field)


def _whole(number: float | None, field: str) -> int | None:
    if isinstance(number, float) and not number.is_integer():
        why = RejectReason.BAD_NUMBER if number < 0 else RejectReason.BAD_FIELD
        raise UnreadableError(why, field)
    return None if number is None else int(number)


def _if_number(
    read: Callable[[object, str], _Number | None], value: object, field: str
) -> _Number | None:
    try:
        return read(value, field)
    except UnreadableError as bad:
        if bad.reason is RejectReason.BAD_FIELD:
            return None
        raise
