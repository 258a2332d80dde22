"""The report as a Markdown page that GitHub shows well: tables, no HTML, no pictures.

Everything from outside is escaped: it can be no link, no markup, no mention and no new cell.
Source: GitHub Flavored Markdown, github.github.com/gfm (tables, backslash escapes).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

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
from prodlens.exports.figures import day_range, share
from prodlens.exports.model import FigureGroup, Finding
from prodlens.exports.tables import Table
from prodlens.exports.text import one_line
from prodlens.exports.words import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prodlens.exports.charts import Chart
    from prodlens.exports.model import Block, Figure, Quality, ReportModel

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>|#~!&$])")
_AT_START: Final = re.compile(r"^(\s*)([-+=:.]|\d+(?=[.)]))")
_LINKED: Final = re.compile(r"(?i)(https?|ftp|www|mailto)([:.])")
_JOINER: Final = "\u2060"
"""Word joiner: invisible, and breaks what would become a link or a mention."""
_LONGEST_TABLE: Final = 40
_VERDICTS: Final = {Verdict.BETTER: " (better)", Verdict.WORSE: " (worse)"}


def render(model: ReportModel) -> bytes:
    """Return the whole Markdown file of a report, UTF-8, lines ended by a newline."""
    return ("\n".join(_lines(model)).rstrip("\n") + "\n").encode("utf-8", "replace")


def escaped(text: str) -> str:
    r"""Return a text that Markdown shows as it is, in one line.

    >>> print(escaped("a|b <i>x</i> [y](z)"))
    a\|b \<i\>x\</i\> \[y\](z)
    """
    line = _SPECIAL.sub(r"\\\1", one_line(text))
    line = _AT_START.sub(r"\1\\\2", line) if not line[:1].isdigit() else line
    line = _LINKED.sub(rf"\1{_JOINER}\2", line)
    return line.replace("@", f"@{_JOINER}")


def _lines(model: ReportModel) -> Iterator[str]:
    yield from (f"# {escaped(model.title)}", "", escaped(model.subtitle), "")
    lead = model.findings[0]
    yield from (f"**{escaped(lead.text)}**", "")
    if lead.detail:
        yield from (escaped(lead.detail), "")
    for note in model.notes:
        if not note.is_said_elsewhere:
            yield from (f"> {escaped(note.text)}", "")
    yield from _change(model)
    for section in model.sections:
        yield from (f"## {escaped(section.title)}", "")
        if section.subtitle:
            yield from (escaped(section.subtitle), "")
        for block in section.blocks:
            yield from _block(block, lead.text)
        if section.note:
            yield from (escaped(section.note), "")
    yield from _quality(model.quality)
    yield from _about(model)


def _change(model: ReportModel) -> Iterator[str]:
    first, last = model.filters.compared_first_day, model.filters.compared_last_day
    changed = [one for one in model.key_figures if one.change is not None]
    known = any(one.change is not None and one.change.previous is not None for one in changed)
    if not known or first is None or last is None:
        return
    yield from (f"## Against {escaped(day_range(first, last))}, matched by weekday", "")
    rows = [
        (
            *(one.title, value_text(one), previous_text(one), _changed(one)),
            change_interval_text(one.change),
        )
        for one in changed
    ]
    heads = ("", "Now", "Then", "Change", "95% interval of the change")
    yield from _table(heads, rows, right=(1, 2, 3))


def _changed(figure: Figure) -> str:
    word = "" if figure.change is None else _VERDICTS.get(figure.change.verdict, "")
    return f"{change_text(figure.change) or '-'}{word}"


def _block(block: Block, first: str) -> Iterator[str]:
    if isinstance(block, FigureGroup):
        yield from _figures(block)
    elif isinstance(block, Finding):
        yield from _finding(block, first)
    elif isinstance(block, Table):
        yield from (f"### {escaped(block.title)}", "")
        yield from _typed(block)
    else:
        yield from _chart(block)


def _figures(group: FigureGroup) -> Iterator[str]:
    if group.reason is not None:
        yield from (escaped(group.reason), "")
        return
    rows = [
        (one.title, value_text(one), basis_text(one) or "", interval_text(one))
        if one.value is not None
        else (one.title, value_text(one), one.note or "", "")
        for one in group.figures
    ]
    yield from _table(("Metric", "Value", "Based on", "95% interval"), rows, right=(1,))
    for remark in group.remarks:
        yield from (escaped(remark), "")


def _finding(found: Finding, first: str) -> Iterator[str]:
    estimate = found.estimate
    if estimate is not None:
        ends = f"{estimate.low:+.2f} to {estimate.high:+.2f}"
        value = escaped(f"{found.name}: {estimate.value + 0.0:+.2f}")
        yield f"**{value}**, 95% interval {escaped(ends)}; {escaped(found.detail)}"
        yield ""
        if found.text != first:
            yield from (escaped(found.text), "")
    else:
        said = f"{found.name}: {found.text}" if found.name else found.text
        yield from (escaped(said), "")
    for remark in found.remarks:
        yield from (escaped(remark), "")


def _chart(chart: Chart) -> Iterator[str]:
    yield from (f"### {escaped(chart.title)}", "", escaped(chart.subtitle), "")
    yield from (escaped(chart.alt), "")
    if len(chart.table.rows) <= _LONGEST_TABLE:
        yield from _typed(chart.table)
    else:
        yield from (f"The {len(chart.table.rows):,} rows: `--table {chart.table.id}`.", "")
    if chart.note:
        yield from (escaped(chart.note), "")


def _typed(table: Table) -> Iterator[str]:
    rows = [
        [cell_text(column, value) for column, value in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]
    right = tuple(place for place, column in enumerate(table.columns) if is_number(column.kind))
    yield from _table([column.title for column in table.columns], rows, right=right)
    if table.note:
        yield from (escaped(table.note), "")


def _table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: tuple[int, ...]
) -> Iterator[str]:
    yield f"| {' | '.join(escaped(head) for head in heads)} |"
    yield f"| {' | '.join('---:' if place in right else '---' for place in range(len(heads)))} |"
    for row in rows:
        yield f"| {' | '.join(escaped(text) for text in row)} |"
    yield ""


def _quality(quality: Quality) -> Iterator[str]:
    yield from ("## How far to trust it", "")
    if quality.shares:
        rows = [
            (one.name, share(one.known / one.of), f"{one.known:,} of {one.of:,}")
            for one in quality.shares
        ]
        yield from _table(("Known of the calls", "Share", "Calls"), rows, right=(1, 2))
    for name, calls in quality.sources:
        yield f"- {escaped(name)}: {calls:,} calls"
    for one in quality.freshness:
        yield f"- {escaped(one.text)}"
    for remark in (*quality.remarks, *quality.deliveries):
        yield f"- {escaped(remark)}"
    yield f"- {quality.set_aside:,} records set aside"
    yield ""
    if quality.gaps:
        gaps = [(gap.text, gap.command) for gap in quality.gaps]
        yield from ("### What is missing, and what mends it", "")
        yield from _table(("Missing", "Command"), gaps, right=())


def _about(model: ReportModel) -> Iterator[str]:
    versions = model.versions
    made = f"{model.generated_at:%Y-%m-%d %H:%M} UTC"
    yield (
        f"prodlens {escaped(versions.prodlens)}, made {made}, data `{model.fingerprint[:16]}`. "
        "Definitions: docs/reference/metrics.md."
    )
