"""Owns what a printed report says, from its first line to its last, as plain values.

The template `pdf_report.typ` sets them; nothing of them is ever run. Computes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prodlens.exports import pdf_parts
from prodlens.exports.figures import counted, day_range, share
from prodlens.exports.model import FigureGroup
from prodlens.exports.pdf_text import CLOSING, MARK, OPENING, is_marked, name, sentence, short
from prodlens.exports.svg_colours import LIGHT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.exports.model import Figure, Filters, Quality, ReportModel

_COLOURS: Final = ("ink", "muted", "faint", "line", "accent", "tint", "good", "bad", "page")
_HEAD_CHARACTERS: Final = 48
_MARKED: Final = (
    f"{MARK} and {OPENING}6A21{CLOSING} stand for characters that the fonts of this file lack; the "
    "other formats show them."
)
_PRINT_OF: Final = 16
"""Digits of the fingerprint in the head of each page; all of them stand at the end."""


def content_of(model: ReportModel) -> dict[str, Any]:
    """Return all that a page says: texts that can be drawn, numbers written, charts as SVG."""
    lead = model.findings[0]
    shown = _shown(model)
    made = f"{model.generated_at:%Y-%m-%d %H:%M} UTC"
    content: dict[str, Any] = {
        "colours": {one: LIGHT[one] for one in _COLOURS},
        "date": _date(model),
        "title": sentence(model.title),
        "subtitle": sentence(model.subtitle),
        "head": _head(model),
        "foot": f"prodlens {name(model.versions.prodlens)}, made {made}",
        "lead": {"text": sentence(lead.text), "detail": sentence(lead.detail)},
        "cards": [_card(model, one) for one in model.key_figures],
        "against": _against(model.filters),
        "notes": [sentence(note.text) for note in model.notes if not note.is_said_elsewhere],
        "sections": [pdf_parts.section(one, first=lead.text) for one in model.sections],
        "quality": _quality(model.quality),
        "has_figures": bool(shown),
        "definitions": [
            {"title": sentence(one.title), "text": sentence(one.definition)}
            for one in shown or model.figures
        ],
        "about": [[label, name(text)] for label, text in _about(model, made)],
    }
    if is_marked(str(content)):
        content["about"].append(["Characters", _MARKED])
    return content


def _date(model: ReportModel) -> dict[str, int]:
    """Return the instant the report was made, for the data of the file; never the present."""
    made = model.generated_at
    names = ("year", "month", "day", "hour", "minute", "second")
    return {one: getattr(made, one) for one in names}


def _head(model: ReportModel) -> dict[str, str]:
    filters = model.filters
    place = short(filters.repo, _HEAD_CHARACTERS) if filters.repo else "all repositories"
    return {
        "place": place,
        "days": _days(filters),
        "data": f"data {model.fingerprint[:_PRINT_OF]}",
    }


def _days(filters: Filters) -> str:
    if filters.first_day is None or filters.last_day is None:
        return "no days with data"
    if filters.first_day > filters.last_day:
        return "no whole day"
    return day_range(filters.first_day, filters.last_day)


def _card(model: ReportModel, one: Figure) -> dict[str, Any]:
    line = model.sparklines.get(one.slug)
    drawn = "" if line is None else pdf_parts.drawing(line)
    return {**pdf_parts.card(one), "svg": drawn, "alt": "" if line is None else sentence(line.alt)}


def _against(filters: Filters) -> str:
    first, last = filters.compared_first_day, filters.compared_last_day
    if first is None or last is None:
        return ""
    return (
        f"Changes are against {day_range(first, last)}, matched by weekday. A change is called "
        "better or worse only when it is beyond chance; use and cost are neither. Intervals are 95%."
    )


def _shown(model: ReportModel) -> list[Figure]:
    """Return the figures that the pages show, each once, in the order of the catalogue."""
    groups = (
        block
        for section in model.sections
        for block in section.blocks
        if isinstance(block, FigureGroup) and block.reason is None
    )
    named = {one.slug for group in groups for one in group.figures}
    named |= {one.slug for one in model.key_figures}
    known = {one.slug: one for one in (*model.figures, *model.key_figures)}
    return [one for slug, one in known.items() if slug in named]


def _quality(quality: Quality) -> dict[str, Any]:
    shares = [
        [one.name, share(one.known / one.of), f"{one.known:,} of {one.of:,}"]
        for one in quality.shares
    ]
    gaps = [[sentence(one.text), sentence(one.command)] for one in quality.gaps]
    return {
        "shares": pdf_parts.grid(
            ("Known of the calls", "Share", "Calls"), shares, right=(False, True, True)
        ),
        "lines": list(_lines(quality)),
        "gaps": gaps,
    }


def _lines(quality: Quality) -> Iterator[str]:
    for source, calls in quality.sources:
        yield f"{name(source)}: {counted(calls, 'call')}"
    for one in quality.freshness:
        yield sentence(one.text)
    for remark in (*quality.remarks, *quality.deliveries):
        yield sentence(remark)
    yield f"{counted(quality.set_aside, 'record')} set aside because they could not be read"


def _about(model: ReportModel, made: str) -> Iterator[tuple[str, str]]:
    filters, versions = model.filters, model.versions
    yield "Repository", filters.repo or "all"
    yield "Days", _days(filters)
    if filters.incomplete_day is not None:
        yield "Still running", f"{filters.incomplete_day:%Y-%m-%d}"
    yield "Lag", f"{counted(filters.lag_days, 'day')} from use to delivery"
    if filters.policy_models:
        yield "Policy models", ", ".join(filters.policy_models)
    if filters.models:
        yield "Models", ", ".join(filters.models)
    if filters.traffic:
        yield "Traffic", ", ".join(filters.traffic)
    yield "Made", made
    yield "Data", model.fingerprint
    method = "" if versions.method is None else f", method of association {versions.method}"
    yield (
        "Versions",
        f"prodlens {versions.prodlens}, {versions.schema}, rules {versions.rules}{method}",
    )
