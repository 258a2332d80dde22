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
from prodlens.exports.charts import ForestRows, Histogram, RateBand
from prodlens.exports.html_text import items, paragraph, said, table
from prodlens.exports.model import FigureGroup, Finding
from prodlens.exports.svg import element, joined
from prodlens.exports.svg_charts import drawing
from prodlens.exports.svg_frame import NARROW, WIDE
from prodlens.exports.tables import Table
from prodlens.exports.words import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prodlens.exports.charts import Chart, Sparkline
    from prodlens.exports.model import Block, Figure, Section
    from prodlens.exports.svg import Markup

_WORDS: Final = {Verdict.BETTER: "better", Verdict.WORSE: "worse"}
_MANY: Final = 12
"""From this many figures on they stand in two columns."""


def tile(figure: Figure, line: Sparkline | None, *, then: str) -> Markup:
    """Return a key figure: value, basis, interval, change and how it went.

    Args:
        figure: The figure.
        line: How it went; None when not known.
        then: Days that it is compared with; '' without a comparison.
    """
    ends = interval_text(figure)
    parts = [
        element("dt", said(figure.title)),
        element("dd", value_text(figure), class_="value"),
        *(element("dd", said(text)) for text in _under(figure, ends) if text),
    ]
    if figure.change is not None and then:
        parts.append(_change(figure, then))
    if line is not None:
        parts.append(element("dd", drawing(line, name="spark"), class_="line"))
    return element("div", *parts)


def _under(figure: Figure, ends: str) -> Iterator[str]:
    if figure.value is None:
        yield figure.note or "not known"
        return
    yield basis_text(figure)
    yield f"95% interval {ends}" if ends else ""


def _change(figure: Figure, then: str) -> Markup:
    change = figure.change
    if change is None or change.difference is None:
        note = None if change is None else change.note
        return element("dd", said(f"no change known: {note}" if note else "no change known"))
    word = _WORDS.get(change.verdict)
    shown = element("span", said(change_text(change)), class_=word or "plain")
    more = f" {word}, from {previous_text(figure)}" if word else f" from {previous_text(figure)}"
    ends = change_interval_text(change)
    interval = f", 95% interval {ends}" if ends else ""
    return element("dd", shown, said(f"{more}, {then}{interval}"))


def cards(section: Section, first: str) -> Iterator[Markup]:
    """Yield the cards of a section; findings that follow each other share one.

    Args:
        section: The section.
        first: The sentence the report begins with, which is not said again.
    """
    blocks = section.blocks
    place = 0
    while place < len(blocks):
        block = blocks[place]
        if isinstance(block, Finding):
            found = [block]
            while place + len(found) < len(blocks):
                following = blocks[place + len(found)]
                if not isinstance(following, Finding):
                    break
                found.append(following)
            yield _card([_finding(one, first) for one in found], "card whole open")
            place += len(found)
            continue
        halves = _halves(blocks[place:])
        for half in blocks[place : place + max(halves, 1)]:
            yield _single(half, is_half=halves > 1)
        place += max(halves, 1)


def _halves(blocks: Sequence[Block]) -> int:
    """Return how many charts at the start may stand in pairs: an even number of them."""
    count = 0
    while count < len(blocks) and isinstance(blocks[count], RateBand | Histogram | ForestRows):
        count += 1
    return count - count % 2


def _single(block: Block, *, is_half: bool) -> Markup:
    style = "card" if is_half else "card whole"
    if isinstance(block, FigureGroup):
        return _card(_figures(block), f"{style} open")
    if isinstance(block, Table):
        return _card([table(block)], f"{style} open")
    if isinstance(block, Finding):
        return _card([_finding(block, "")], style)
    return _card(_chart(block), style)


def _card(parts: Sequence[str], style: str) -> Markup:
    return element("div", *parts, class_=style)


def _figures(group: FigureGroup) -> list[Markup]:
    if group.reason is not None:
        return [paragraph(group.reason)]
    rows = [_figure(one) for one in group.figures]
    style = "figures many" if len(rows) >= _MANY else "figures"
    return [element("dl", *rows, class_=style), *(paragraph(one, "note") for one in group.remarks)]


def _figure(figure: Figure) -> Markup:
    under = [text for text in _under(figure, interval_text(figure)) if text]
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
        heading = [said(found.name or "Estimate"), " ", value, " ", element("span", ends)]
        parts.append(element("h3", *heading))
    elif found.name:
        parts.append(element("h3", said(found.name)))
    if found.text != first:
        parts.append(paragraph(found.text))
    parts.append(paragraph(found.detail, "under"))
    parts += [paragraph(remark, "note") for remark in found.remarks]
    return element("div", *parts, class_="finding")


def _chart(chart: Chart) -> list[Markup]:
    drawings = [drawing(chart, width=wide, name=name) for wide, name in _SIZES]
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


_SIZES: Final = ((WIDE, "wide"), (NARROW, "narrow"))


def remarks(texts: Sequence[str]) -> Markup:
    """Return sentences a reader must heed, as a list; nothing when there are none."""
    return joined([items(texts, "heed")])
