"""Owns what a table of a report is: typed columns, rows of plain values; formats nothing.

None is "not known"; an empty text is an empty text and 0 is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from prodlens.exports.words import Kind, finite

Value = str | int | float | date | datetime | None
"""What a cell may hold; the kind of its column says which of them."""
_TYPES: Final[dict[Kind, tuple[type, ...]]] = {
    Kind.TEXT: (str,),
    Kind.INT: (int,),
    Kind.FLOAT: (int, float),
    Kind.PERCENT: (int, float),
    Kind.MONEY: (int, float),
    Kind.DATE: (date,),
    Kind.INSTANT: (datetime,),
    Kind.DURATION: (int, float),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        id: Stable name; heading of machine-readable files.
        title: Heading for people.
        kind: What its cells hold.
        signed: Whether positive numbers carry a plus.
    """

    id: str
    title: str
    kind: Kind = Kind.TEXT
    signed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under typed columns.

    Attributes:
        id: Stable name, unique in a report; `--table` takes it.
        title: Heading for people.
        columns: The columns.
        rows: One value per column in each.
        note: What is to be known about it; '' for nothing.

    Raises:
        ValueError: A row has another length, or a cell another type than its column.
    """

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse cells that no renderer could write as what their column says."""
        for row in self.rows:
            for column, value in zip(self.columns, row, strict=True):
                if value is None:
                    continue
                fits = isinstance(value, _TYPES[column.kind]) and not isinstance(value, bool)
                if not fits or (column.kind is Kind.DATE and isinstance(value, datetime)):
                    raise ValueError(f"{self.id}.{column.id} can't hold a {type(value).__name__}")
                if isinstance(value, float):
                    finite(value)
