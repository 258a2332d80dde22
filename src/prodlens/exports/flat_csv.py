"""The specification's flat CSV: `metric,value`, one line per value, dotted names.

UTF-8 without BOM, lines end as RFC 4180 says. Numbers stay numbers, None is an empty cell, true
and false are words. A list of plain values is one cell of JSON; a list of records is indexed
(`models.0.model`); an empty mapping has no line. Text is made safe against formulas. Knows no
metric: it writes whatever the report holds. Source: RFC 4180; interfaces.md 6.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, Final

from prodlens.exports.building import model_of
from prodlens.exports.json_document import plain, without_nan
from prodlens.exports.text import formula_safe, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.exports.model import ReportModel
    from prodlens.exports.tables import Table
    from prodlens.metrics.report import Report

HEADINGS: Final = ("metric", "value")


def render(report: Report | ReportModel) -> bytes:
    """Return the whole CSV file of a report."""
    return csv_text(dict(model_of(report).contract)).encode("utf-8", "replace")


def render_table(table: Table) -> bytes:
    """Return one table of a report as CSV: ids of columns as headings, numbers as they are."""
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\r\n")
    writer.writerow([formula_safe(column.id) for column in table.columns])
    writer.writerows([cell(plain(value)) for value in row] for row in table.rows)
    return page.getvalue().encode("utf-8", "replace")


def csv_text(document: dict[str, Any]) -> str:
    """Return a document of plain values as `metric,value` lines, in the document's order."""
    page = io.StringIO()
    writer = csv.writer(page, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    writer.writerows((formula_safe(name), cell(value)) for name, value in flat("", document))
    return page.getvalue()


def flat(name: str, value: object) -> Iterator[tuple[str, object]]:
    """Return each plain value below `value` with its dotted name."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from flat(f"{name}.{one_line(str(key))}" if name else one_line(str(key)), item)
    elif isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        for position, item in enumerate(value):
            yield from flat(f"{name}.{position}", item)
    else:
        yield name, value


def cell(value: object) -> str:
    """Return one value as the text of its cell."""
    if without_nan(value) is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return json.dumps([without_nan(item) for item in value])
    return formula_safe(one_line(str(value)))
