"""Owns what a value that a caller gives becomes in a column; knows no table and runs no SQL.

None, NaN and pandas' NA and NaT are "not known" and become NULL. Everything else must fit its
column, or is refused by name: nothing is coerced into a guess.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import format_instant, parse_day, parse_instant
from prodlens.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_INT64: Final = 2**63
_FIRST_YEAR: Final = 1970
_PANDAS_MISSING: Final = frozenset({"NAType", "NaTType"})
"""Recognised by name, so that pandas need not be imported to store a row."""


@dataclass(frozen=True, slots=True)
class Column:
    """What a column takes.

    Attributes:
        read: Returns the value to store; raises TypeError, ValueError or OverflowError.
        wants: What would be right, for messages.
        required: Whether "not known" is refused (a NOT NULL column).
    """

    read: Callable[[Any], Any]
    wants: str
    required: bool = False


def read_row(kind: str, columns: Mapping[str, Column], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a given row as values to store; columns that were not given stay away.

    Args:
        kind: What a row is, for messages (`pull request`).
        columns: Every column there is.
        row: What was given.

    Raises:
        InputError: A column is unknown or its value does not fit; the message names it.
    """
    if unknown := [name for name in row if name not in columns]:
        raise InputError(f"A {kind} has no column {unknown[0]!r}; it has: {', '.join(columns)}.")
    return {name: _value(kind, name, columns[name], value) for name, value in row.items()}


def is_missing(value: object) -> bool:
    """Return whether a value says "not known"."""
    if value is None or type(value).__name__ in _PANDAS_MISSING:
        return True
    return isinstance(value, float) and math.isnan(value)


def _value(kind: str, name: str, column: Column, value: object) -> Any:
    if is_missing(value):
        if column.required:
            raise InputError(f"The {name} of a {kind} can't be unknown: give {column.wants}.")
        return None
    try:
        return column.read(value)
    except (TypeError, ValueError, OverflowError, InputError):
        raise InputError(
            f"The {name} of a {kind} is {repr(value)[:60]}: give {column.wants}."
        ) from None


def _whole(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    number = operator.index(value)
    if not -_INT64 <= number < _INT64:
        raise OverflowError
    return number


def _number(value: Any) -> float:
    if isinstance(value, bool | str):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _flag(value: Any) -> int:
    if value in (0, 1):
        return int(bool(value))
    raise ValueError


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.encode("utf-8", "replace").decode("utf-8")  # lone surrogates can't be stored


def _instant(value: Any) -> str:
    parsed = parse_instant(value)
    if parsed is None or parsed[0].year < _FIRST_YEAR:
        raise ValueError
    return format_instant(parsed[0])


def _day(value: Any) -> str:
    return parse_day(value).isoformat()


WHOLE: Final = Column(_whole, "a whole number of at most 64 bits")
COUNT: Final = Column(_whole, "a whole number of at most 64 bits", required=True)
NUMBER: Final = Column(_number, "a finite number")
FLAG: Final = Column(_flag, "True or False")
TEXT: Final = Column(_text, "text")
KEY_TEXT: Final = Column(_text, "text", required=True)
INSTANT: Final = Column(_instant, "an aware datetime or ISO text from 1970 on")
DAY: Final = Column(_day, "a date or YYYY-MM-DD", required=True)
