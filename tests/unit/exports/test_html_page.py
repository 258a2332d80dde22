"""The HTML report: one inert file that says everything, to eyes, to screen readers, on paper."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fakes.hostile_strings import HOSTILE
from fakes.sample_report import (
    MODELS,
    SENTENCE,
    band,
    empty_model,
    forest,
    hostile_model,
    lags,
    sample_model,
    spread,
    stacked,
)
from prodlens.exports.building import model_of
from prodlens.exports.html_page import POLICY, render
from prodlens.exports.html_rows import rows_of
from prodlens.exports.html_text import said
from prodlens.exports.model import FigureGroup, Section
from prodlens.exports.registry import format_of

if TYPE_CHECKING:
    from prodlens.exports.model import ReportModel
    from prodlens.exports.tables import Value
    from prodlens.metrics.report import Report

GOLDEN = Path(__file__).parents[2] / "golden_text"
EMPTY = {"meta", "br"}
BLOCKS = {"title", "h1", "h2", "h3", "p", "li", "dt", "dd", "th", "td", "caption", "summary", "a"}


@dataclass(slots=True)
class Element:
    tag: str
    attributes: dict[str, str | None]
    parents: tuple[str, ...]
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())


class Page(HTMLParser):
    """Every element of a page in order, each with all text in it; refuses what is not nested."""

    def __init__(self, content: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Element] = []
        self.open: list[Element] = []
        self.feed(content.decode("utf-8"))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        one = Element(tag, dict(attrs), tuple(parent.tag for parent in self.open))
        self.found.append(one)
        if tag not in EMPTY:
            self.open.append(one)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for one in self.open:
            one.texts.append(data)

    def all(self, *tags: str) -> list[Element]:
        return [one for one in self.found if one.tag in tags]

    def texts(self, *tags: str) -> list[str]:
        return [one.text for one in self.all(*tags)]

    def by(self, name: str, value: str) -> list[Element]:
        return [one for one in self.found if value in (one.attributes.get(name) or "").split()]


def page(model: ReportModel | None = None) -> Page:
    return Page(render(sample_model() if model is None else model))


def outline(content: bytes) -> str:
    """Return what a page says, a line per element, without its drawings and its style."""
    lines = [
        f"{one.tag}: {one.text}"
        for one in Page(content).found
        if one.tag in BLOCKS and "svg" not in one.parents
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("name", "model"), [("sample", sample_model()), ("nothing", empty_model())]
)
def test_what_a_page_says(name: str, model: ReportModel) -> None:
    said_there = outline(render(model))
    path = GOLDEN / f"report_{name}_html.txt"
    if os.environ.get("UPDATE_GOLDEN_TEXT"):
        path.write_text(said_there, encoding="utf-8")
    assert said_there == path.read_text(encoding="utf-8")


def test_the_first_thing_said_is_the_sentence_with_its_caveat() -> None:
    body = [one.text for one in page().found if one.tag == "p" and "main" in one.parents]
    assert body[:2] == [SENTENCE, "n 27 pairs of days, worth 22"]


@pytest.mark.parametrize("model", [sample_model(), empty_model(), hostile_model(raw=True)])
def test_a_page_runs_nothing_and_asks_for_nothing(model: ReportModel) -> None:
    found = page(model)
    policy = found.by("http-equiv", "Content-Security-Policy")[0]
    assert policy.attributes["content"] == POLICY
    assert POLICY.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert found.all("script", "img", "link", "iframe", "object", "embed", "form", "base") == []
    names = {name for one in found.found for name in one.attributes}
    assert not {name for name in names if name.startswith("on") or name in {"src", "style"}}
    links = {one.attributes["href"] or "" for one in found.found if "href" in one.attributes}
    assert {link[:1] for link in links} <= {"#"}
    style = "".join(found.texts("style"))
    assert not re.search(r"(?i)url\(|@import|expression|https?:", style)


@pytest.mark.parametrize("model", [sample_model(), empty_model()])
def test_headings_ids_and_references_are_whole(model: ReportModel) -> None:
    found = page(model)
    levels = [int(one.tag[1]) for one in found.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [one.attributes["id"] for one in found.found if "id" in one.attributes]
    assert len(set(ids)) == len(ids)
    for one in found.found:
        for name in ("aria-labelledby", "href"):
            for key in (one.attributes.get(name) or "").split():
                assert key.removeprefix("#") in ids
    assert found.all("html")[0].attributes["lang"] == "en"
    assert len(found.all("main")) == len(found.all("h1")) == 1


def test_every_table_has_a_caption_and_every_head_its_scope() -> None:
    found = page()
    assert len(found.all("table")) == len(found.all("caption")) == 10
    assert all(found.texts("caption"))
    assert {one.attributes.get("scope") for one in found.all("th")} == {"col", "row"}
    frames = found.by("class", "frame")
    assert {(one.attributes["tabindex"], one.attributes["role"]) for one in frames} == {
        ("0", "region")
    }
    assert all(one.attributes["aria-label"] for one in frames)


def test_every_drawing_has_its_text_and_its_numbers() -> None:
    found = page()
    drawings = found.all("svg")
    assert len(drawings) == 2 * 6 + 1
    assert all(one.attributes["role"] == "img" for one in drawings)
    summaries = [one for one in found.all("summary") if one.text == "Show the numbers"]
    assert len(summaries) == 6
    assert all("details" in one.parents for one in summaries)


def test_a_rate_has_its_denominator_and_an_estimate_its_interval() -> None:
    said_there = [one.text for one in page().by("class", "figures")]
    rate = "Acceptance rate 39.4% 2,049 of 5,200 95% interval 38.1% to 40.7%"
    assert rate.replace(" ", "") in "".join(said_there).replace(" ", "")
    heading = next(text for text in page().texts("h3") if text.startswith("commits, +1 d"))
    assert heading == "commits, +1 d: +0.46, 95% interval +0.22 to +0.65"


def test_a_key_figure_says_its_change_and_colours_only_a_verdict() -> None:
    found = page()
    assert found.texts("dt")[:4] == ["Sessions", "Cost usd", "Acceptance rate", "Error rate"]
    changes = [text for text in found.texts("dd") if " from " in text][:3]
    assert changes == [
        "+38% from 5,430",
        "+2.7 pts better, from 36.7%; 95% interval +0.4 pts to +5.0 pts",
        "+0.4 pts worse, from 2.1%; 95% interval +0.1 pts to +0.7 pts",
    ]
    assert found.by("class", "plain")[0].text == "+38%"
    spans = [one for one in found.all("span") if one.attributes.get("class") in {"better", "worse"}]
    assert [one.text for one in spans] == ["+2.7 pts", "+0.4 pts"]
    assert "Changes are from 27 Jul to 23 Aug 2026, matched by weekday." in found.texts("p")


def test_what_is_not_known_says_why_and_how_many_days_are_missing() -> None:
    assert "fewer than 14 whole days: 4 more are needed" in page().texts("dd")
    assert "Not enough data: 5 more days are needed." in page().texts("p")
    assert "no deliveries" in page().texts("p")


def test_a_note_said_elsewhere_is_not_said_at_the_top() -> None:
    assert [one.text for one in page().by("class", "heed")] == [
        "Data begin on 24 Aug 2026 for acme/payments: the window is clipped to that day."
    ]


def test_freshness_filters_versions_and_fingerprint_stand_on_every_report() -> None:
    for model in (sample_model(), empty_model()):
        found = page(model)
        assert found.texts("h2")[-2:] == ["How far to trust it", "About this report"]
        values = found.texts("dd")
        assert "2026-09-21 08:00 UTC" in values
        assert "0123456789abcdef" * 4 in values
        made = "prodlens 0.1.0, form prodlens.report/1, rules 1, method of association 1"
        assert made in values
        assert any(
            text.endswith("records set aside, as they could not be read")
            for text in found.texts("li")
        )


def test_an_empty_store_gets_the_command_that_fills_it() -> None:
    found = page(empty_model())
    assert found.texts("code")[0] == "prod-lens ingest-traces PATH"
    assert found.texts("p")[1] == "There are no calls in the database."
    assert found.all("svg") == []


@pytest.mark.parametrize("raw", [False, True])
def test_no_hostile_string_adds_an_element_or_an_attribute(*, raw: bool) -> None:
    hostile = page(hostile_model(raw=raw))
    plain = page(sample_model(tuple(f"model {n}" for n in range(len(HOSTILE))), place="a/b"))
    isolated = {"bdi"}
    assert Counter(one.tag for one in hostile.found if one.tag not in isolated) == Counter(
        one.tag for one in plain.found if one.tag not in isolated
    )
    names = {name for one in hostile.found for name in one.attributes}
    assert names == {name for one in plain.found for name in one.attributes}
    assert hostile.texts("h1", "h2") == plain.texts("h1", "h2")


@pytest.mark.parametrize("raw", [False, True])
def test_no_direction_or_escape_reaches_the_page(*, raw: bool) -> None:
    content = render(hostile_model(raw=raw)).decode("utf-8")
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", content
    )


def test_a_hostile_name_is_shown_as_it_is_and_isolated() -> None:
    rows = {one.text: one for one in page(hostile_model()).found if one.tag == "bdi"}
    for key in ("formula", "script", "markdown_link", "typst", "wide"):
        assert " ".join(HOSTILE[key].split()) in rows


def test_what_is_written_from_right_to_left_turns_nothing_around_it() -> None:
    assert said("on main, שלום עולם: 3 calls") == "on main, <bdi>שלום עולם</bdi>: 3 calls"
    assert said("plain <b>") == "plain &lt;b&gt;"


def test_numbers_of_hostile_models_stay_numbers() -> None:
    cells = page(hostile_model()).texts("td")
    assert cells.count("$1,048.31") == len(HOSTILE) - 1
    assert "nan" not in " ".join(cells).lower()


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render(sample_model()) == render(sample_model())


def year() -> ReportModel:
    """A year of six models, with every chart of a real report."""
    names = tuple(f"{name}-20260101" for name in (*MODELS, "all other models"))
    step, first = timedelta(days=1), stacked(names).days[0]
    days = tuple(first + n * step for n in range(365))
    use = stacked(names)
    series = tuple(
        replace(one, values=tuple(1e6 + 7919.0 * (n * (m + 3) % 997) for n in range(365)))
        for m, one in enumerate(use.series)
    )
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (day, *(round(one.values[n] or 0) for one in series)) for n, day in enumerate(days)
    )
    use = replace(use, days=days, series=series, table=replace(use.table, rows=rows))
    cost = replace(use, id="daily_cost")
    rate = band()
    points = tuple(
        replace(rate.points[6 + n % 20], day=day, numerator=n) for n, day in enumerate(days)
    )
    cells = tuple((p.day, p.value, p.low, p.high, p.numerator, p.denominator) for p in points)
    rate = replace(rate, points=points, table=replace(rate.table, rows=cells))
    blocks = (use, spread(), rate, cost, lags(), forest())
    return replace(sample_model(), sections=(Section(id="use", title="Use", blocks=blocks),))


def test_a_year_is_under_500_kb() -> None:
    content = render(year())
    assert 100_000 < len(content) < 500_000


def test_a_report_of_a_real_store_can_be_written(whole: Report) -> None:
    model = model_of(whole)
    found = page(model)
    assert found.texts("p")[1] == " ".join(model.findings[0].text.split())
    assert len(found.by("class", "frame")) >= 5
    assert found.texts("h2")[: len(model.sections)] == [
        " ".join(one.title.split()) for one in model.sections
    ]


def test_every_metric_has_its_definition_on_the_page() -> None:
    cells = page().texts("td")
    for figure in sample_model().figures:
        assert any(text.startswith(figure.definition) for text in cells)


def test_the_ending_of_the_name_asks_for_it() -> None:
    assert format_of(Path("report.HTML")).module == "prodlens.exports.html_page"
    assert "prodlens.exports.html_page" in sys.modules


def test_a_small_chart_stands_beside_a_large_one_and_two_share_a_row() -> None:
    group = sample_model().sections[0].blocks[0]
    assert isinstance(group, FigureGroup)
    some = replace(group, figures=group.figures * 2)
    use = stacked(MODELS)

    def spans(*blocks: object) -> list[str]:
        return [span for _, span in rows_of(blocks)]  # type: ignore[arg-type]

    assert spans(use, spread()) == ["most", "least"]
    assert spans(lags(), forest(), forest()) == ["whole", "half", "half"]
    assert spans(some, band()) == ["half", "half"]
    assert spans(group, band()) == ["whole", "whole"]
    assert spans(forest()) == ["whole"]
    assert spans(lags(), forest(), forest(), forest()) == ["most", "least", "half", "half"]
