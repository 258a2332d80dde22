"""Every format says the same of each figure: value, both ends of its interval, and n."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import warnings
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import openpyxl
import pytest
from pypdf import PdfReader

from prodlens.exports.building import model_of
from prodlens.exports.model import FigureGroup
from prodlens.exports.registry import FORMATS
from prodlens.exports.terminal import page
from prodlens.metrics.values import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.exports.model import Figure, ReportModel
    from prodlens.metrics.report import Report

FACTORS: Final = {
    "%": 0.01,
    "ms": 1.0,
    "s": 1000.0,
    "min": 1 / 60,
    "h": 1.0,
    "days": 24.0,
    "": 1.0,
}
"""Unit that people read -> the unit a figure has it in."""
CELLS: Final = {
    Unit.MILLISECONDS: lambda cell: cell.total_seconds() * 1000,
    Unit.DURATION_HOURS: lambda cell: cell.total_seconds() / 3600,
    Unit.PERCENT: lambda cell: cell * 100,
}
"""Unit -> how a typed cell holds it."""
FORM: Final = re.compile(r"([<>]?)([+-]?)\$?([\d,]+(?:\.(\d+))?) ?(%|ms|s|min|h|days|)")


class Said(NamedTuple):
    """What a page says of a figure, as texts."""

    value: str
    basis: str
    interval: str


def agrees(text: str, figure: Figure, value: float | None) -> bool:
    """Return whether a text, as people read it, is a number of the figure to its last digit."""
    if value is None:
        return text in {"", "-"}
    found = FORM.fullmatch(text)
    if found is None:
        return False
    limit, sign, digits, decimals, unit = found.groups()
    factor = 1.0 if figure.unit is Unit.PERCENT else FACTORS[unit]
    number = float(f"{sign}{digits.replace(',', '')}") * factor
    if limit:
        return value < number if limit == "<" else value > number
    half = 0.500001 * 10 ** -len(decimals or "") * factor
    return bool(abs(number - value) <= half)


def shown(model: ReportModel) -> list[Figure]:
    """Return the figures that pages show: those in the groups of its sections."""
    return [
        figure
        for section in model.sections
        for block in section.blocks
        if isinstance(block, FigureGroup) and block.reason is None
        for figure in block.figures
    ]


def check(said: Said, figure: Figure) -> None:
    """Refuse what is not what the model says."""
    assert agrees(said.value, figure, figure.value), (figure.slug, said)
    if figure.value is None:
        assert said.basis == figure.note
        return
    if figure.low is not None and figure.high is not None:
        low, _, high = said.interval.partition(" to ")
        assert agrees(low, figure, figure.low), (figure.slug, said)
        assert agrees(high, figure, figure.high), (figure.slug, said)
    else:
        assert said.interval == ""
    if figure.numerator is not None and figure.denominator is not None:
        top, bottom = re.split(r" of | / ", re.sub(r" (day|week)s?$", "", said.basis))
        exact = abs(float(top.replace(",", "").lstrip("$")) - figure.numerator)
        assert exact <= 0.05, (figure.slug, said)
        assert abs(float(bottom.replace(",", "")) - figure.denominator) <= 0.05, (figure.slug, said)
    elif said.basis:
        assert said.basis == f"n {figure.n:,}"


def rows_of_markdown(text: str) -> Iterator[tuple[str, Said]]:
    for line in text.splitlines():
        cells = [re.sub(r"\\(.)", r"\1", cell.strip()) for cell in line.split(" | ")]
        if len(cells) == 4 and line.startswith("| "):
            title, value, basis, ends = cells
            yield title.removeprefix("| "), Said(value, basis, ends.removesuffix("|").strip())


def rows_of_html(text: str) -> Iterator[tuple[str, Said]]:
    rows = re.findall(
        r'<dt><a href="#of-(\w+)">[^<]*</a></dt><dd class="value">([^<]*)</dd>'
        r'(?:<dd class="basis">(.*?)</dd>)?</div>',
        text,
    )
    for slug, value, inside in rows:
        spans = [html.unescape(one) for one in re.findall(r"<span>([^<]*)</span>", inside)]
        ends = [one for one in spans if one.startswith("95% interval ")]
        basis = " ".join(one for one in spans if one not in ends)
        yield slug, Said(html.unescape(value), basis, "".join(ends).removeprefix("95% interval "))


@pytest.fixture
def model(whole: Report) -> ReportModel:
    """The model of a whole report: shares, money, durations, counts, and some not known."""
    made = model_of(whole)
    units = {one.unit for one in shown(made) if one.value is not None}
    assert {Unit.SHARE, Unit.USD, Unit.MILLISECONDS, Unit.DURATION_HOURS, Unit.COUNT} <= units
    assert any(one.value is None for one in shown(made))
    assert sum(one.low is not None for one in shown(made)) > 4
    return made


def test_json_and_csv_hold_every_figure_as_it_is(model: ReportModel) -> None:
    document = json.loads(FORMATS[".json"].render(model))
    given = {one["slug"]: one for one in document["report"]["figures"]}
    text = FORMATS[".csv"].render(model).decode("utf-8")
    flat = dict(csv.reader(io.StringIO(text, newline="")))
    assert len(model.figures) > 50
    for figure in model.figures:
        numbers = (figure.value, figure.low, figure.high, figure.n)
        found = given[figure.slug]
        assert (found["value"], found["low"], found["high"], found["n"]) == numbers
        assert found["note"] == figure.note
        held = (
            flat[f"metrics.{figure.slug}.{name}"] for name in ("value", "ci_low", "ci_high", "n")
        )
        assert tuple(float(cell) if cell else None for cell in held) == numbers
        assert flat[f"metrics.{figure.slug}.note"] == (figure.note or "")


def test_a_workbook_holds_every_figure_in_typed_cells(model: ReportModel) -> None:
    sheet = workbook(FORMATS[".xlsx"].render(model))["Figures"]
    heads = [cell.value for cell in sheet[4]]
    name = heads.index("Name")
    rows = {line[name]: line for line in sheet.iter_rows(min_row=5, values_only=True)}
    for figure in model.figures:
        line = rows[figure.slug]
        assert line[heads.index("n")] == figure.n
        for place, number in enumerate((figure.value, figure.low, figure.high), start=1):
            cell = line[place]
            if number is None:
                assert cell is None, figure.slug
            else:
                told = CELLS.get(figure.unit, float)(cell)
                # a sheet knows times to the millisecond
                assert told == pytest.approx(number, rel=1e-9, abs=0.6e-3), figure.slug


def test_markdown_and_html_show_every_figure_to_its_last_digit(model: ReportModel) -> None:
    by_title = dict(rows_of_markdown(FORMATS[".md"].render(model).decode("utf-8")))
    by_slug = dict(rows_of_html(FORMATS[".html"].render(model).decode("utf-8")))
    for figure in shown(model):
        check(by_title[figure.title], figure)
        check(by_slug[figure.slug], figure)


def test_pages_on_screen_and_paper_show_every_figure_as_markdown_does(model: ReportModel) -> None:
    by_title = dict(rows_of_markdown(FORMATS[".md"].render(model).decode("utf-8")))
    text = page(model, width=120).plain()
    reader = PdfReader(io.BytesIO(FORMATS[".pdf"].render(model)))
    paper = packed("".join(one.extract_text() for one in reader.pages))
    screen = packed(text)
    for figure in shown(model):
        said = packed("".join((figure.title, *by_title[figure.title])))
        assert said in screen, figure.slug
        assert said in paper, figure.slug


def workbook(content: bytes) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparkline Group extension is not supported")
        return openpyxl.load_workbook(io.BytesIO(content))


def packed(text: str) -> str:
    """Return a text without any space: lines of a cell may break anywhere."""
    return re.sub(r"[\s\u200b]", "", text)


def test_every_format_says_the_sentence_its_caveat_and_what_it_rests_on(
    model: ReportModel,
) -> None:
    said = [model.findings[0].text, model.findings[1].text, model.findings[0].detail]
    for suffix, known in FORMATS.items():
        content = known.render(model)
        if suffix == ".csv":  # numbers alone: `report.json` and pages say the words
            continue
        if suffix == ".pdf":
            text = "".join(one.extract_text() for one in PdfReader(io.BytesIO(content)).pages)
        elif suffix == ".xlsx":
            cells = (
                cell for one in workbook(content).worksheets for row in one.values for cell in row
            )
            text = " ".join(cell for cell in cells if isinstance(cell, str))
        else:
            text = html.unescape(re.sub(r"\\(.)", r"\1", content.decode("utf-8")))
        for sentence in said:
            assert packed(sentence) in packed(text), (suffix, sentence)
