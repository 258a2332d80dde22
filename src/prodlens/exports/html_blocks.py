"""Owns how the blocks of a report stand in an HTML page: figures, findings, charts, tables.

Formats only; every figure has its basis, every estimate its interval and what it rests on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports.cells import (
    basis_text,
    change_interval_text,
    change_text,
    interval_text,
    previous_text,
    value_text,
)
from prodlens.exports.html_rows import rows_of
from prodlens.exports.html_text import items, paragraph, said, table
from prodlens.exports.model import FigureGroup, Finding
from prodlens.exports.svg import Markup, element, joined
from prodlens.exports.svg_charts import drawing
from prodlens.exports.svg_frame import NARROW, WIDE
from prodlens.exports.tables import Table
from prodlens.exports.words import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prodlens.exports.charts import Chart, Sparkline
    from prodlens.exports.model import Block, Figure, Section

_WORDS: Final = {Verdict.BETTER: "better", Verdict.WORSE: "worse"}
_LONG: Final = 9
_MANY: Final = 12
"""From this many figures on they stand in two columns."""
_WIDTHS: Final = {"whole": WIDE, "most": 600, "half": 500, "least": 400}
"""Width a chart is drawn for, by how much of the page its card takes on a large screen."""


def tile(figure: Figure, line: Sparkline | None) -> Markup:
    """Return a key figure: value, change, basis, interval, and how it went if that is known."""
    value = value_text(figure)
    parts = [
        element("dt", said(figure.title)),
        element("dd", value, class_="value long" if len(value) > _LONG else "value"),
        _change(figure),
        *(element("dd", said(text)) for text in _under(figure) if text),
    ]
    if line is not None:
        parts.append(element("dd", drawing(line, name="spark"), class_="line"))
    return element("div", *parts)


def _under(figure: Figure) -> Iterator[str]:
    if figure.value is None:
        yield figure.note or "not known"
        return
    yield basis_text(figure)
    ends = interval_text(figure)
    yield f"95% interval {ends}" if ends else ""


def _change(figure: Figure) -> Markup:
    change = figure.change
    if change is None or change.difference is None:
        return Markup()
    word = _WORDS.get(change.verdict)
    shown = element("span", said(change_text(change)), class_=word or "plain")
    more = f" {word}, from {previous_text(figure)}" if word else f" from {previous_text(figure)}"
    ends = change_interval_text(change)
    return element("dd", shown, said(f"{more}; 95% interval {ends}" if ends else more))


def cards(section: Section, first: str) -> Iterator[Markup]:
    """Yield the cards of a section; findings that follow each other share one.

    Args:
        section: The section.
        first: The sentence the report begins with, which is not said again.
    """
    for blocks, span in rows_of(section.blocks):
        found = [one for one in blocks if isinstance(one, Finding)]
        if found:
            yield _card([_finding(one, first) for one in found], f"card {span} open")
        else:
            yield _single(blocks[0], span)


def _single(block: Block, span: str) -> Markup:
    if isinstance(block, FigureGroup):
        return _card(_figures(block, is_whole=span == "whole"), f"card {span} open")
    if isinstance(block, Table):
        return _card([table(block)], f"card {span} open")
    if isinstance(block, Finding):
        return _card([_finding(block, "")], f"card {span}")
    return _card(_chart(block, span), f"card {span}")


def _card(parts: Sequence[str], style: str) -> Markup:
    return element("div", *parts, class_=style)


def _figures(group: FigureGroup, *, is_whole: bool) -> list[Markup]:
    if group.reason is not None:
        return [paragraph(group.reason)]
    rows = [_figure(one) for one in group.figures]
    style = "figures" if not is_whole else "figures many" if len(rows) >= _MANY else "figures row"
    return [element("dl", *rows, class_=style), *(paragraph(one, "note") for one in group.remarks)]


def _figure(figure: Figure) -> Markup:
    under = [text for text in _under(figure) if text]
    basis = [element("span", said(text)) for text in under]
    parts = [
        element("dt", element("a", said(figure.title), href=f"#of-{figure.slug}")),
        element("dd", value_text(figure), class_="value"),
    ]
    if basis:
        parts.append(element("dd", *basis, class_="basis"))
    return element("div", *parts)


def _finding(found: Finding, first: str) -> Markup:
    estimate = found.estimate
    parts: list[Markup] = []
    if estimate is not None:
        ends = f"95% interval {estimate.low + 0.0:+.2f} to {estimate.high + 0.0:+.2f}"
        value = element("span", f"{estimate.value + 0.0:+.2f}", class_="plain")
        heading = [said(f"{found.name or 'Estimate'}: "), value, element("span", f", {ends}")]
        parts.append(element("h3", *heading))
    elif found.name:
        parts.append(element("h3", said(found.name)))
    if found.text != first:
        parts.append(paragraph(found.text))
    parts.append(paragraph(found.detail, "under"))
    parts += [paragraph(remark, "note") for remark in found.remarks]
    return element("div", *parts, class_="finding")


def _chart(chart: Chart, span: str) -> list[Markup]:
    drawings = [
        drawing(chart, width=_WIDTHS[span], name="wide"),
        drawing(chart, width=NARROW, name="narrow"),
    ]
    return [
        element("h3", said(chart.title)),
        paragraph(chart.subtitle, "under"),
        element("div", *drawings, class_="chart"),
        paragraph(chart.note, "note"),
        element(
            "details",
            element("summary", "Show the numbers"),
            table(chart.table, caption=f"{chart.title}: the numbers"),
        ),
    ]


def remarks(texts: Sequence[str]) -> Markup:
    """Return sentences a reader must heed, as a list; nothing when there are none."""
    return joined([items(texts, "heed")])
