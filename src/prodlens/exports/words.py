"""Owns the closed sets of words that the parts of a report share, and what a number may be.

Holds no data and formats nothing.
"""

from __future__ import annotations

import math
from enum import StrEnum


class Status(StrEnum):
    """Whether a value is there, and if not, why."""

    KNOWN = "known"
    NOT_KNOWN = "not_known"
    NOT_ENOUGH_DATA = "not_enough_data"


class Verdict(StrEnum):
    """The colour a difference deserves; good and bad only when it is beyond chance."""

    NONE = "none"
    UNCLEAR = "unclear"
    BETTER = "better"
    WORSE = "worse"


class Kind(StrEnum):
    """What the cells of a column hold.

    TEXT str; INT int; FLOAT float; PERCENT a share, 1.0 is 100 %; MONEY US dollars; DATE a `date`;
    INSTANT an aware UTC `datetime`; DURATION seconds.
    """

    TEXT = "text"
    INT = "int"
    FLOAT = "float"
    PERCENT = "percent"
    MONEY = "money"
    DATE = "date"
    INSTANT = "instant"
    DURATION = "duration"


def finite(*numbers: float | None) -> None:
    """Refuse what must never reach a reader.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    if any(number is not None and not math.isfinite(number) for number in numbers):
        raise ValueError(f"a report can't hold NaN or infinity: {numbers}")
