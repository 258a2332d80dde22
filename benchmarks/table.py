"""Rows of the table of bars: what was measured, what it may be, whether it holds; as text and JSON.

Measures nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

HOLDS, MISSED, SKIPPED = "yes", "**no**", "not measured"
BEGIN, END = "<!-- bars: begin -->", "<!-- bars: end -->"
"""Marks around the table of the last run in a page of documentation."""
_HEAD: Final = ("what", "measured", "bar", "holds", "of which")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One bar.

    Attributes:
        name: Short name, for `--rows`.
        what: What is compared with what.
        measured: What came out; None when it could not be measured, and `note` says why.
        bar: The largest value that holds; None where the design sets none.
        unit: What follows the values.
        note: The figures behind it.
        broken: Further conditions of the bar that did not hold.
    """

    name: str
    what: str
    measured: float | None
    bar: float | None
    unit: str = "x"
    note: str = ""
    broken: tuple[str, ...] = ()

    @property
    def holds(self) -> bool | None:
        """Whether the bar holds; None when it was not measured or there is none."""
        if self.measured is None:
            return None
        if self.broken:
            return False
        return None if self.bar is None else self.measured <= self.bar

    @property
    def verdict(self) -> str:
        """`holds` in words; of a bar that does not hold, by how much."""
        if self.measured is None:
            return SKIPPED
        if self.holds is None:
            return "no bar"
        if self.holds:
            return HOLDS
        if self.bar and self.measured > self.bar:
            return f"{MISSED}, {self.measured / self.bar:.1f} times the bar"
        return MISSED

    def plain(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return {
            "name": self.name,
            "what": self.what,
            "measured": self.measured,
            "bar": self.bar,
            "unit": self.unit,
            "holds": self.holds,
            "note": self.note,
            "broken": list(self.broken),
        }


def number(value: float | None, unit: str) -> str:
    """Return a value as it stands in the table: three figures that count."""
    if value is None:
        return "-"
    if value == 0:
        text = "0"
    elif value < 1e-4:
        text = f"{value:.1e}"
    elif value >= 100:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.3g}"
    return f"{text} {unit}".strip()


def markdown(rows: Iterable[Row]) -> str:
    """Return the rows as a Markdown table."""
    cells = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(_HEAD))]
    lines = [_line(line, widths) for line in cells]
    lines.insert(1, f"|{'|'.join('-' * (width + 2) for width in widths)}|")
    return "\n".join(lines)


def in_page(page: str, block: str) -> str:
    """Return a page of documentation with the block in place of the one between its marks.

    Raises:
        ValueError: The page has no marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"there is no {BEGIN} ... {END}")
    return f"{before}{begin}\n\n{block}\n\n{end}{after}"


def _cells(row: Row) -> tuple[str, ...]:
    bar = "-" if row.bar is None else f"<= {number(row.bar, row.unit)}"
    note = "; ".join(text for text in (*row.broken, row.note) if text)
    return row.what, number(row.measured, row.unit), bar, row.verdict, note


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def about(machine: Mapping[str, Any]) -> str:
    """Return one line about the machine and the versions."""
    known = {name: value for name, value in machine.items() if value != "not installed"}
    first = f"{known.pop('processor')}, {known.pop('cores')} cores, {known.pop('system')}"
    return f"{first}; {', '.join(f'{name} {value}' for name, value in known.items())}"


def count(rows: Iterable[Row]) -> str:
    """Return how many bars hold, as a sentence."""
    held = [row.holds for row in rows if row.bar is not None]
    text = f"{held.count(True)} of {len(held) - held.count(None)} measured bars hold"
    return f"{text}; {held.count(None)} not measured." if held.count(None) else f"{text}."
