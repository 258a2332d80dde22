"""Owns which tables a report has, by name: those it shows, those behind charts, its figures.

Gathers; computes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.exports.model import FigureGroup, Finding
from prodlens.exports.tables import Column, Table
from prodlens.exports.words import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prodlens.exports.model import Figure, ReportModel
    from prodlens.exports.tables import Value


def tables_of(model: ReportModel) -> dict[str, Table]:
    """Return every table by id: the figures, those of sections and charts, those of sparklines."""
    found = [figure_table(model.figures)]
    for section in model.sections:
        for block in section.blocks:
            if isinstance(block, Table):
                found.append(block)
            elif not isinstance(block, Finding | FigureGroup):
                found.append(block.table)
    found += [line.table for line in model.sparklines.values()]
    return {table.id: table for table in found}


def figure_table(figures: Sequence[Figure], name: str = "figures") -> Table:
    """Return figures as a table; values stand in their unit, which is a column."""
    numbers = ("value", "low", "high", "numerator", "denominator", "previous", "difference")
    titles = ("Value", "95% from", "to", "Of", "Out of", "Before", "Difference")
    columns = [Column(id="metric", title="Metric"), Column(id="title", title="Title")]
    columns += [Column(id="unit", title="Unit"), Column(id="status", title="Status")]
    columns += [
        Column(id=one, title=title, kind=Kind.FLOAT)
        for one, title in zip(numbers, titles, strict=True)
    ]
    columns += [Column(id="n", title="n", kind=Kind.INT), Column(id="note", title="Note")]
    return Table(
        id=name, title="Figures", columns=tuple(columns), rows=tuple(map(_figure_row, figures))
    )


def _figure_row(one: Figure) -> tuple[Value, ...]:
    change = one.change
    return (
        *(one.slug, one.title, one.unit.value, one.status.value),
        *(one.value, one.low, one.high, one.numerator, one.denominator),
        None if change is None else change.previous,
        None if change is None else change.difference,
        one.n,
        one.note,
    )
