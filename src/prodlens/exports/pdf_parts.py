"""Owns what the blocks of a section say on a printed page, as plain values for its template.

Chooses and writes; computes nothing and knows no typesetting.
"""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from prodlens.exports.cells import (
    basis_text,
    cell_text,
    change_interval_text,
    change_text,
    interval_text,
    is_number,
    previous_text,
    value_text,
)
from prodlens.exports.charts import ForestRows, LagProfile
from prodlens.exports.figures import counted
from prodlens.exports.model import FigureGroup, Finding
from prodlens.exports.pdf_text import marked, name, sentence
from prodlens.exports.svg_charts import standalone
from prodlens.exports.tables import Table
from prodlens.exports.words import Kind, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prodlens.exports.charts import Chart
    from prodlens.exports.model import Block, Change, Figure, Section

Part = dict[str, Any]
"""One part of the page: texts, numbers of points, lists of those."""
DRAWN_WIDTH: Final = 660.0
"""Width of a drawing in its own pixels; on the page 11 of them are letters of 7.7 points."""
_FONT: Final = '"Libertinus Serif"'
_LONGEST_BESIDE: Final = 24
"""Rows of a table that stands below its chart; longer ones are named."""
_VERDICTS: Final = {Verdict.BETTER: "better", Verdict.WORSE: "worse", Verdict.UNCLEAR: "unclear"}
_PAGE_CHARACTERS: Final = 116.0
"""Characters of the largest size that stand side by side in a table."""
_WIDEST_TEXT: Final = 26
_MOST_ROWS: Final = 2000
"""Rows of a table on paper, some fifty pages; the rest is named and stands in the other formats."""
_LONGEST_CELL: Final = 160
"""Characters of a cell; CSV and JSON hold all of them."""
_SIZES: Final = (9.0, 8.5, 8.0, 7.5, 7.0)
_MOST_CHARACTERS: Final = _PAGE_CHARACTERS * _SIZES[0] / _SIZES[2]
"""Characters of a part of a wide table, which is written larger than the smallest size."""
_GAP_CHARACTERS: Final = 2.0


def section(one: Section, *, first: str) -> Part:
    """Return a section; a finding doesn't repeat the sentence that leads the report."""
    return {
        "title": sentence(one.title),
        "subtitle": sentence(one.subtitle),
        "blocks": [block(each, first=first) for part in one.blocks for each in on_paper(part)],
        "note": sentence(one.note),
    }


def block(one: Block, *, first: str) -> Part:
    """Return a block with its `kind`: figures, finding, table or chart."""
    if isinstance(one, FigureGroup):
        return _figures(one)
    if isinstance(one, Finding):
        return _finding(one, first=first)
    if isinstance(one, Table):
        return table(one)
    return _chart(one)


def card(one: Figure) -> Part:
    """Return a key figure: value, change, interval and what it rests on."""
    ends = interval_text(one)
    return {
        "title": sentence(one.title),
        "value": value_text(one),
        "change": _changed(one.change),
        "verdict": _verdict(one.change),
        "before": _before(one),
        "change_interval": change_interval_text(one.change),
        "interval": ends,
        "basis": _basis(one),
        "note": sentence(one.note or "") if one.value is None else "",
    }


def drawing(chart: Chart) -> str:
    """Return a chart as SVG in print colours and with a font that every file has."""
    return marked(standalone(chart, width=DRAWN_WIDTH, font=_FONT))


def table(one: Table, *, caption: str = "") -> Part:
    """Return a table with columns, the size of its letters, and its cells as text."""
    said = [place for place in range(len(one.columns)) if _says(one, place)]
    columns = [one.columns[place] for place in said]
    first = one.rows[:_MOST_ROWS]
    rows = [[cell_text(one.columns[place], row[place]) for place in said] for row in first]
    heads = [column.title for column in columns]
    right = [is_number(column.kind) for column in columns]
    return {
        "kind": "table",
        "title": "" if caption else sentence(one.title),
        "caption": sentence(caption),
        **_grid(heads, rows, right=right, flexible=[one.kind is Kind.TEXT for one in columns]),
        "note": sentence(one.note),
        "more": _more(one),
    }


def on_paper(one: Block) -> list[Block]:
    """Return a block as blocks that are no wider than a page: a wide table in parts.

    Each part begins with the first column, and a rate stays beside the ends of its interval.
    """
    if not isinstance(one, Table) or len(one.columns) < 3:
        return [one]
    parts: list[list[int]] = [[0]]
    for together in _together(one):
        taken = [*parts[-1], *together]
        if len(parts[-1]) > 1 and _needed(_narrowest(one, taken)) > _MOST_CHARACTERS:
            parts.append([0, *together])
        else:
            parts[-1] = taken
    if len(parts) == 1:
        return [one]
    return [
        replace(
            one,
            title=f"{one.title}, part {number} of {len(parts)}",
            columns=tuple(one.columns[place] for place in places),
            rows=tuple(tuple(row[place] for place in places) for row in one.rows),
            note=one.note if number == len(parts) else "",
        )
        for number, places in enumerate(parts, start=1)
    ]


def _together(one: Table) -> Iterator[list[int]]:
    """Yield the places of the columns after the first one, those that belong together at once."""
    found: list[int] = []
    for place, column in enumerate(one.columns[1:], start=1):
        if found and not column.id.endswith(("_low", "_high")):
            yield found
            found = []
        found.append(place)
    yield found


def _narrowest(one: Table, places: Sequence[int]) -> list[int]:
    """Return how many characters each of some columns takes when its head is broken into lines."""
    room = []
    for place in places:
        column = one.columns[place]
        cells = [len(cell_text(column, row[place])) for row in one.rows[:_MOST_ROWS]]
        body = max(cells, default=0)
        body = min(body, _WIDEST_TEXT) if column.kind is Kind.TEXT else body
        room.append(max(body, *map(len, column.title.split()), 1))
    return room


def _more(one: Table) -> str:
    """Return how to get the rows that are too many for paper; '' when all are there."""
    if len(one.rows) <= _MOST_ROWS:
        return ""
    return (
        f"The first {_MOST_ROWS:,} of {len(one.rows):,} rows; all of them: prod-lens report "
        f"--table {name(one.id)}"
    )


def _says(one: Table, place: int) -> bool:
    """Return whether a column has a place on paper: one of empty texts alone has none."""
    is_text = one.columns[place].kind is Kind.TEXT
    return not is_text or not one.rows or any(row[place] for row in one.rows)


def grid(heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[bool]) -> Part:
    """Return heads and rows of texts, numbers at the right; `table` for typed columns."""
    return _grid(heads, rows, right=right, flexible=[not at for at in right])


def _grid(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[bool],
    flexible: Sequence[bool],
) -> Part:
    """Return a table's heads, rows, sides, weights of its columns and size of its letters.

    A column of weight 0 is as wide as its longest cell, the others share what is left. Heads are
    broken into lines when the whole table would not fit otherwise.
    """
    bodies = [max((len(row[place]) for row in rows), default=0) for place in range(len(heads))]
    bodies = [
        min(wide, _WIDEST_TEXT) if at else wide for wide, at in zip(bodies, flexible, strict=True)
    ]
    room = [max(wide, len(head)) for wide, head in zip(bodies, heads, strict=True)]
    if _needed(room) > _PAGE_CHARACTERS:
        words = (max(map(len, head.split()), default=0) for head in heads)
        room = [max(pair) for pair in zip(bodies, words, strict=True)]
    fitting = (size for size in _SIZES if _needed(room) <= _PAGE_CHARACTERS * _SIZES[0] / size)
    return {
        "heads": [
            "\n".join(textwrap.wrap(name(head), max(wide, 1)) or [""])
            for head, wide in zip(heads, room, strict=True)
        ],
        "rows": [[name(_cut(text)) for text in row] for row in rows],
        "right": list(right),
        "weights": [max(wide, 8) if at else 0 for wide, at in zip(room, flexible, strict=True)],
        "size": next(fitting, _SIZES[-1]),
    }


def _needed(room: Sequence[int]) -> float:
    return sum(room) + _GAP_CHARACTERS * len(room)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}\u2026"


def _figures(group: FigureGroup) -> Part:
    if group.reason is not None:
        return {"kind": "figures", "reason": sentence(group.reason), "rows": [], "remarks": []}
    compared = any(change_text(one.change) for one in group.figures)
    return {
        "kind": "figures",
        "reason": "",
        "compared": compared,
        "rows": [_figure(one) for one in group.figures],
        "remarks": [sentence(remark) for remark in group.remarks],
    }


def _figure(one: Figure) -> Part:
    return {
        "title": sentence(one.title),
        "value": value_text(one),
        "basis": basis_text(one),
        "interval": interval_text(one),
        "change": _changed(one.change),
        "verdict": _verdict(one.change),
        "note": sentence(one.note or "not known") if one.value is None else "",
    }


def _basis(one: Figure) -> str:
    text = basis_text(one)
    return text if text or one.n is None else f"n {one.n:,}"


def _changed(change: Change | None) -> str:
    word = "" if change is None else _VERDICTS.get(change.verdict, "")
    text = change_text(change)
    return f"{text} {word}".rstrip() if text else ""


def _verdict(change: Change | None) -> str:
    return "none" if change is None else change.verdict.value


def _before(one: Figure) -> str:
    if one.change is None:
        return ""
    if one.change.previous is None:
        return sentence(one.change.note or "")
    return f"was {previous_text(one)}"


def _finding(found: Finding, *, first: str) -> Part:
    one = found.estimate
    number = "" if one is None else f"r {one.value + 0.0:+.2f}"
    ends = "" if one is None else f"95% interval {one.low:+.2f} to {one.high:+.2f}"
    return {
        "kind": "finding",
        "name": sentence(found.name),
        "value": number,
        "interval": ends,
        "text": "" if one is not None and found.text == first else sentence(found.text),
        "detail": sentence(found.detail),
        "remarks": [sentence(remark) for remark in found.remarks],
    }


def _chart(chart: Chart) -> Part:
    rows = len(chart.table.rows)
    is_beside = isinstance(chart, LagProfile | ForestRows) and rows <= _LONGEST_BESIDE
    return {
        "kind": "chart",
        "title": sentence(chart.title),
        "subtitle": sentence(chart.subtitle),
        "alt": sentence(chart.alt),
        "svg": drawing(chart),
        "note": sentence(chart.note),
        "table": table(chart.table, caption=f"{chart.title}, in numbers") if is_beside else None,
        "behind": "" if is_beside else f"--table {name(chart.table.id)}",
        "behind_rows": counted(rows, "row"),
    }
