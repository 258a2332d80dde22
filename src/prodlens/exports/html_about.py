"""Owns what stands at the end of an HTML report: how far to trust it, what it is about, its terms.

Formats only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.exports.cells import basis_text, change_text, interval_text, value_text
from prodlens.exports.figures import day_range, share
from prodlens.exports.html_text import framed, items, name, said
from prodlens.exports.svg import element, joined
from prodlens.metrics.notes import day_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from prodlens.exports.model import Figure, Filters, Quality, ReportModel
    from prodlens.exports.svg import Markup


def trust(quality: Quality) -> Iterator[Markup]:
    """Yield the cards about freshness and quality."""
    texts = [one.text for one in quality.freshness]
    texts += [f"{source}: {calls:,} calls" for source, calls in quality.sources]
    texts += [*quality.remarks, *quality.deliveries]
    texts.append(f"{quality.set_aside:,} records set aside, as they could not be read")
    heading = element("h3", "Until when, and from where")
    style = "card half" if quality.shares else "card whole"
    yield element("div", heading, items(texts, "plainlist"), class_=style)
    if quality.shares:
        yield element("div", _shares(quality), class_="card half")
    if quality.gaps:
        yield element("div", _gaps(quality), class_="card whole")


def _shares(quality: Quality) -> Markup:
    rows = [
        element(
            "tr",
            element("th", said(one.name), scope="row", class_="t"),
            element("td", share(one.known / one.of) if one.of else "-"),
            element("td", f"{one.known:,} of {one.of:,}"),
        )
        for one in quality.shares
    ]
    heads = (("", False), ("Share", True), ("Calls", True))
    title = "Of how many calls it is known"
    return framed(element("h3", title), (("What", False), *heads[1:]), rows, title=title)


def _gaps(quality: Quality) -> Markup:
    rows = [
        element(
            "tr",
            element("th", said(gap.text), scope="row", class_="t"),
            element("td", element("code", name(gap.command)), class_="t"),
        )
        for gap in quality.gaps
    ]
    title = "What is missing, and what mends it"
    return framed(element("h3", title), (("Missing", False), ("Command", False)), rows, title=title)


def about(model: ReportModel) -> Iterator[Markup]:
    """Yield the cards with filters and versions, and every metric with its definition."""
    pairs = [*_slice(model.filters), *_made(model)]
    lines = [part for key, value in pairs for part in (element("dt", key), element("dd", value))]
    yield element("div", element("dl", *lines, class_="pairs"), class_="card whole")
    heads = (
        ("Metric", False),
        ("Value", True),
        ("Based on", True),
        ("95% interval", True),
        ("Change", True),
        ("Definition", False),
    )
    rows = [_definition(figure) for figure in model.figures]
    title = "Every metric and how it is computed"
    inside = (element("summary", title), framed(title, heads, rows, title=title))
    yield element("div", element("details", *inside), class_="card whole screen")


def _definition(figure: Figure) -> Markup:
    why = f" {figure.note}." if figure.value is None and figure.note else ""
    return element(
        "tr",
        element("th", said(figure.title), scope="row", class_="t", id=f"of-{figure.slug}"),
        element("td", value_text(figure)),
        element("td", basis_text(figure)),
        element("td", interval_text(figure)),
        element("td", change_text(figure.change)),
        element("td", said(f"{figure.definition}{why}"), class_="t"),
    )


def _slice(filters: Filters) -> Iterator[tuple[str, Markup]]:
    yield "Repository", name(filters.repo) if filters.repo else said("all of them")
    if filters.first_day is not None and filters.last_day is not None:
        yield "Days, UTC", said(day_range(filters.first_day, filters.last_day))
    if filters.models:
        globs = [part for glob in filters.models for part in (", ", name(glob))][1:]
        yield "Models", joined(globs)
    yield "Asked for", said(_asked(filters.since, filters.until))
    if filters.incomplete_day is not None:
        yield "Not over yet", said(day_text(filters.incomplete_day))
    yield "Compared with", said(compared(filters) or "nothing")
    yield "Days from use to delivery", said(str(filters.lag_days))
    globs = [part for glob in filters.policy_models for part in (", ", name(glob))][1:]
    yield "Models of the policy", joined(globs) if globs else said("none named")


def _asked(since: datetime | None, until: datetime | None) -> str:
    start = "from the beginning" if since is None else f"from {since:%Y-%m-%d %H:%M} UTC"
    end = "to the end of the data" if until is None else f"until before {until:%Y-%m-%d %H:%M} UTC"
    return f"{start} {end}"


def compared(filters: Filters) -> str:
    """Return the days that figures are compared with; '' without a comparison."""
    first, last = filters.compared_first_day, filters.compared_last_day
    if first is None or last is None:
        return ""
    return f"{day_range(first, last)}, matched by weekday"


def _made(model: ReportModel) -> Iterator[tuple[str, Markup]]:
    versions = model.versions
    yield "Made", said(f"{model.generated_at:%Y-%m-%d %H:%M} UTC")
    method = f", method of association {versions.method}" if versions.method else ""
    made = f"prodlens {versions.prodlens}, form {versions.schema}, rules {versions.rules}{method}"
    yield "Versions", said(made)
    yield "Fingerprint of the data", element("code", model.fingerprint)
