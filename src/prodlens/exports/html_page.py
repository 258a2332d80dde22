"""The report as one HTML file: no script, nothing loaded, light and dark, on paper and on a phone.

Composes only; the same report gives the same bytes.
Source: html.spec.whatwg.org; www.w3.org/TR/CSP3; interfaces.md 3 and 6 (stand-alone HTML).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.exports.html_about import about, compared, trust
from prodlens.exports.html_blocks import cards, remarks, tile
from prodlens.exports.html_style import sheet
from prodlens.exports.html_text import paragraph, said
from prodlens.exports.svg import NEWLINE, Markup, element, joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prodlens.exports.model import ReportModel

POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
"""What the page may do: show its own styles. It runs nothing and asks nobody for anything."""
_TRUST: Final = "How far to trust it"
_ABOUT: Final = "About this report"


def render(model: ReportModel) -> bytes:
    """Return the whole HTML file of a report, UTF-8."""
    whole = element("html", _head(model), NEWLINE, _body(model), lang="en")
    return f"<!DOCTYPE html>\n{whole}\n".encode("utf-8", "replace")


def _head(model: ReportModel) -> Markup:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="generator", content=f"prodlens {model.versions.prodlens}"),
        element("title", f"{model.title} · {model.subtitle}"),
        element("style", Markup(sheet())),
    )


def _body(model: ReportModel) -> Markup:
    header = element("h1", said(model.title)), paragraph(model.subtitle, "sub")
    made = f"Made {model.generated_at:%Y-%m-%d %H:%M} UTC by prodlens {model.versions.prodlens}"
    return element(
        "body",
        element("header", *header),
        NEWLINE,
        element("main", *_main(model)),
        NEWLINE,
        element("footer", paragraph(f"{made} from data {model.fingerprint[:16]}.")),
    )


def _main(model: ReportModel) -> Iterator[Markup]:
    lead = model.findings[0]
    said_first = (paragraph(lead.text, "first"), paragraph(lead.detail, "note"))
    yield element("div", *said_first, class_="card lead")
    yield remarks([note.text for note in model.notes if not note.is_said_elsewhere])
    yield _contents(model)
    yield _tiles(model)
    for section in model.sections:
        under = paragraph(section.subtitle, "under")
        inside = element("div", *cards(section, lead.text), class_="cards")
        yield _section(section.id, section.title, (under, inside, paragraph(section.note, "note")))
    yield _section("trust", _TRUST, [element("div", *trust(model.quality), class_="cards")])
    yield _section("about", _ABOUT, [element("div", *about(model), class_="cards")])


def _section(key: str, title: str, inside: Iterable[str]) -> Markup:
    heading = element("h2", said(title), id=f"{key}-h")
    return joined(
        (NEWLINE, element("section", heading, *inside, id=key, aria_labelledby=f"{key}-h"))
    )


def _contents(model: ReportModel) -> Markup:
    parts = [(section.id, section.title) for section in model.sections]
    parts += [("trust", _TRUST), ("about", _ABOUT)]
    links = [element("a", said(title), href=f"#{key}") for key, title in parts]
    return element("nav", *links, aria_label="Parts of the report")


def _tiles(model: ReportModel) -> Markup:
    if not model.key_figures:
        return Markup()
    shown = [tile(one, model.sparklines.get(one.slug)) for one in model.key_figures]
    tiles = element("dl", *shown, class_=f"card tiles of{len(shown)}")
    then = compared(model.filters)
    if any(one.change and one.change.difference is not None for one in model.key_figures):
        return joined((tiles, paragraph(f"Changes are from {then}.", "note")))
    return tiles
