from __future__ import annotations

import functools
import importlib
import io
import re
import warnings
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from fakes.hostile_strings import HOSTILE
from fakes.sample_report import empty_model, hostile_model, sample_model
from prodlens.exports import workbook
from prodlens.exports.building import model_of
from prodlens.exports.tables import Column, Table
from prodlens.exports.words import Kind

if TYPE_CHECKING:
    from prodlens.exports.model import ReportModel
    from prodlens.metrics.report import Report

openpyxl: Any = importlib.import_module("openpyxl")
"""It publishes no types."""
SHEETS = [
    "Summary",
    "Figures",
    "Findings",
    "Daily use by model",
    "Response time",
    "Acceptance rate",
    "Cost by model",
    "AI sessions and commits, by lag",
    "Outcomes after days of high aga",
    "Tokens",
    "Quality",
    "Notes, filters and versions",
    "Chart data",
]


@functools.cache
def sample() -> Any:
    """Return the workbook of the ordinary report, read back once."""
    return book(sample_model())


def book(model: ReportModel) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparkline Group extension is not supported")
        return openpyxl.load_workbook(io.BytesIO(workbook.render(model)))


def parts(model: ReportModel, name: str) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(workbook.render(model))) as packed:
        return {one: packed.read(one).decode("utf-8") for one in packed.namelist() if name in one}


def row(sheet: Any, first: str) -> list[Any]:
    """Return the values of the row that begins with a text."""
    return next(list(line) for line in sheet.iter_rows(values_only=True) if line[0] == first)


def form(sheet: Any, first: str, column: int) -> str:
    cells = next(line for line in sheet.iter_rows() if line[0].value == first)
    return str(cells[column].number_format)


def every_cell(found: Any) -> list[Any]:
    return [
        cell
        for sheet in found.worksheets
        for line in sheet.iter_rows()
        for cell in line
        if cell.value is not None
    ]


def test_there_is_a_sheet_to_read_and_one_for_every_table() -> None:
    assert sample().sheetnames == SHEETS


def test_the_first_sheet_leads_with_the_sentence_and_typed_key_figures() -> None:
    sheet = sample()["Summary"]
    assert sheet["A1"].value == "AI use and delivery"
    assert sheet["A4"].value.startswith("Days with more AI sessions than usual")
    assert sheet["A4"].value.endswith("not an effect of AI.")
    taken = row(sheet, "Acceptance rate")
    assert taken[:10] == [
        *("Acceptance rate", 0.394, 0.381, 0.407, 5200, 2049, 5200),
        *("known", 0.367, pytest.approx(2.7)),
    ]
    assert taken[13] == "What acceptance_rate is."
    assert form(sheet, "Acceptance rate", 1) == "0.0%"
    assert form(sheet, "Acceptance rate", 9) == '+0.0" pts";-0.0" pts";0.0" pts"'
    assert row(sheet, "Cost usd")[1] == 3630.25
    assert row(sheet, "Cost usd")[8:10] == [None, None]
    assert row(sheet, "Sessions")[8:10] == [5430, pytest.approx(0.38)]
    assert form(sheet, "Sessions", 9) == "+0%;-0%;0%"


def test_every_metric_stands_in_cells_of_its_own_unit() -> None:
    sheet = sample()["Figures"]
    growth = row(sheet, "Session growth percent")
    assert growth[1] is None
    assert growth[7] == "not enough data"
    assert growth[14] == "fewer than 14 whole days: 4 more are needed"
    assert row(sheet, "Merged prs")[1] == 0
    assert row(sheet, "Median latency ms")[1] == timedelta(seconds=3.1)
    assert row(sheet, "Pr merge time hours")[1] == timedelta(hours=18.43)
    assert form(sheet, "Pr merge time hours", 1) == "[h]:mm:ss"
    assert form(sheet, "Cost usd", 1) == "[>=1]$#,##0.00;[=0]$0.00;$0.0000"
    assert row(sheet, "Error rate")[13] == "worse"
    assert sheet.freeze_panes == "B5"
    assert sheet.auto_filter.ref == "A4:Q12"


def test_a_table_has_typed_columns_frozen_headings_and_a_filter() -> None:
    sheet = sample()["Cost by model"]
    assert sheet["A1"].value == "Cost by model"
    assert sheet["A2"].value == "Highest cost first. An empty cell is not known; it is not 0."
    assert [cell.value for cell in sheet[4]][:4] == ["Model", "Calls", "Tokens", "Cost"]
    first = row(sheet, "claude-sonnet-4-6")
    assert first == [
        *("claude-sonnet-4-6", 100, 178_828_817, 1048.31, 100, 4, 10, 0.4, -0.3),
        datetime(2026, 8, 24),  # noqa: DTZ001 - cells know no zone
        datetime(2026, 9, 21, 8),  # noqa: DTZ001 - the format says UTC
        timedelta(seconds=3.1),
    ]
    assert form(sheet, "claude-sonnet-4-6", 10) == 'yyyy-mm-dd hh:mm" UTC"'
    assert form(sheet, "claude-sonnet-4-6", 8) == "+#,##0.00;-#,##0.00;0.00"
    unpriced = row(sheet, "gemini-3-pro")
    assert (unpriced[3], unpriced[4]) == (None, 0)
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B5", "A4:L9")
    assert sheet.column_dimensions["A"].width > 18


def test_findings_carry_their_numbers_and_the_days_that_are_missing() -> None:
    sheet = sample()["Findings"]
    found = row(sheet, "commits, +1 d")
    assert found[2:8] == [0.46, 0.22, 0.65, 27, 22, 0.004]
    assert found[10] == "confirmatory"
    waiting = row(sheet, "merged PRs, +1 d")
    assert waiting[2:6] == [None] * 4
    assert waiting[11:13] == ["not enough data", 5]


def test_how_far_to_trust_it_stands_on_a_sheet() -> None:
    found = sample()
    sheet = found["Quality"]
    assert row(sheet, "decision")[1:4] == [pytest.approx(5200 / 41208), 5200, 41208]
    assert row(sheet, "Records set aside that could not be read")[1] == 6
    assert row(sheet, "calls: last one 2026-09-21 08:00 UTC")[1] == datetime(2026, 9, 21, 8)  # noqa: DTZ001 - cells know no zone
    assert row(sheet, "8 calls without a cost: gemini-3-pro")[1] == "prod-lens prices missing"
    about = found["Notes, filters and versions"]
    assert row(about, "Note: window clipped")[1].startswith("Data begin on 24 Aug 2026")
    assert row(about, "Repository")[1] == "acme/payments"
    assert row(about, "Data (SHA-256)")[1] == "0123456789abcdef" * 4


DRAWN = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"


def charts(model: ReportModel) -> list[ET.Element]:
    found = parts(model, "xl/charts/chart")
    return [ET.fromstring(text) for _, text in sorted(found.items())]  # noqa: S314 - our own file


def test_every_chart_refers_to_cells_that_hold_its_numbers() -> None:
    data = sample()["Chart data"]
    drawn = charts(sample_model())
    assert len(drawn) == 8
    for chart in drawn:
        assert not list(chart.iter(f"{DRAWN}numLit"))
        assert not list(chart.iter(f"{DRAWN}strLit"))
        for place in chart.iter(f"{DRAWN}f"):
            name, _, cells = str(place.text).rpartition("!")
            assert name == "'Chart data'"
            found = (
                list(data[cells.replace("$", "")])
                if ":" in cells
                else [(data[cells.replace("$", "")],)]
            )
            assert {len(line) for line in found} == {1}
            assert any(line[0].value is not None for line in found)


def test_intervals_are_error_bars_from_cells() -> None:
    bars = [bar for chart in charts(sample_model()) for bar in chart.iter(f"{DRAWN}errBars")]
    lags = [bar for bar in bars if bar.find(f"{DRAWN}errDir") is not None]
    assert len(lags) >= 6
    for bar in bars:
        kind = bar.find(f"{DRAWN}errValType")
        assert kind is not None
        assert kind.get("val") == "cust"
    data = sample()["Chart data"]
    heads = [cell.value for cell in data[2]]
    at = heads.index("Lag in days")
    table = [
        tuple(data.cell(line, at + 1 + step).value for step in range(6)) for line in range(3, 14)
    ]
    assert table[4] == (1, None, None, 0.46, pytest.approx(0.24), pytest.approx(0.24))
    assert table[0] == (-3, 0.06, None, None, pytest.approx(0.24), pytest.approx(0.24))
    assert table[10] == (7, None, None, None, None, None)


def test_axes_begin_and_end_on_whole_steps() -> None:
    lag = next(chart for chart in charts(sample_model()) if chart.find(f".//{DRAWN}scatterChart"))
    value = lag.findall(f".//{DRAWN}valAx")[1]
    ends = [
        float(str(next(value.iter(f"{DRAWN}{name}")).get("val")))
        for name in ("min", "max", "majorUnit")
    ]
    assert ends == [-0.4, 0.8, 0.2]


def test_a_chart_has_a_text_for_those_who_cannot_see_it() -> None:
    drawings = "".join(parts(sample_model(), "xl/drawings/drawing").values())
    assert 'descr="Lags +1 and +2 stand out."' in drawings


@pytest.mark.parametrize("raw", [False, True])
def test_no_text_is_a_formula_a_link_or_a_number(*, raw: bool) -> None:
    model = hostile_model(raw=raw)
    found = book(model)
    cells = every_cell(found)
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert not any(cell.hyperlink for cell in cells)
    sheets = parts(model, "xl/worksheets/")
    assert not any("<f>" in text or "hyperlink" in text for text in sheets.values())
    sheet = found["Cost by model"]
    scores = [line[8] for line in sheet.iter_rows(min_row=5, values_only=True)]
    assert scores == [-0.3] * len(HOSTILE)
    texts = [line[0] for line in sheet.iter_rows(min_row=5, values_only=True)]
    assert "=1+1" in texts
    assert all(
        isinstance(text, str) and not re.search(r"[\x00-\x1f\u202a-\u202e]", text)
        for text in texts
        if text
    )


def test_a_name_can_be_no_formula_of_a_chart() -> None:
    model = sample_model(("=1+1", "='x'!$A$1", "@b", "[c]", "d:e"))
    for chart in charts(model):
        for place in chart.iter(f"{DRAWN}f"):
            assert str(place.text).startswith("'Chart data'!$")


def test_names_of_sheets_are_unique_short_and_without_what_they_cannot_hold() -> None:
    column = (Column(id="a", title="A", kind=Kind.INT),)
    tables = tuple(
        Table(id=f"t{n}", title=title, columns=column, rows=((n,),))
        for n, title in enumerate(
            ("a/b:c*[d]?", "A B C D", "x" * 40, "x" * 50, "'quoted'", "History", "Summary", "\n")
        )
    )
    model = sample_model()
    section = replace(model.sections[0], blocks=tables)
    names = book(replace(model, sections=(section,))).sheetnames[3:11]
    assert names == [
        *("a b c d", "A B C D 2", "x" * 31, f"{'x' * 29} 2"),
        *("quoted", "History of days", "Summary 2", "Sheet"),
    ]


def test_whole_numbers_that_a_sheet_would_round_are_text() -> None:
    table = Table(
        id="t",
        title="Large",
        columns=(Column(id="a", title="A", kind=Kind.INT),),
        rows=((2**53,), (2**53 + 1,)),
    )
    model = sample_model()
    section = replace(model.sections[0], blocks=(table,))
    sheet = book(replace(model, sections=(section,)))["Large"]
    assert [sheet["A5"].value, sheet["A6"].value] == [2**53, "9007199254740993"]


def test_an_empty_store_gives_a_workbook_without_charts() -> None:
    found = book(empty_model())
    assert found.sheetnames == [
        *("Summary", "Figures", "Findings", "Quality", "Notes, filters and versions"),
    ]
    assert found["Summary"]["A4"].value == "There are no calls in the database."


def test_the_same_report_gives_the_same_bytes_at_any_time() -> None:
    content = workbook.render(sample_model())
    assert content == workbook.render(sample_model())
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert {one.date_time for one in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = packed.read("docProps/core.xml").decode("utf-8")
    assert core.count("2026-09-21T08:00:00Z") == 2
    later = replace(sample_model(), generated_at=datetime(2026, 9, 22, tzinfo=UTC))
    assert workbook.render(later) != content


def test_a_real_report_keeps_its_numbers(whole: Report) -> None:
    model = model_of(whole)
    sheet = book(model)["Figures"]
    for figure in model.figures:
        cells = next(
            line for line in sheet.iter_rows(min_row=5, values_only=True) if line[15] == figure.slug
        )
        assert (cells[1] is None) == (figure.value is None)
        assert cells[4] == figure.n


def test_a_row_is_as_high_as_its_wrapped_texts() -> None:
    found = sample()
    sheet = found["Findings"]
    texts = {line[0].row: str(line[1].value) for line in sheet.iter_rows(min_row=5)}
    assert any(len(text) > 100 for text in texts.values())
    for number, text in texts.items():
        high = sheet.row_dimensions[number].height or 15.0
        assert high >= 15.0 * len(text) / sheet.column_dimensions["B"].width
    figures = found["Figures"]
    assert {figures.row_dimensions[number].height for number in range(5, 13)} == {None}


def test_a_finding_stands_in_one_row_after_the_sentence_in_short(whole: Report) -> None:
    rows = list(book(model_of(whole))["Findings"].iter_rows(min_row=5, values_only=True))
    assert [line[0] for line in rows] == ["in short", "commits, +1 d", "merged PRs, +1 d"]
    assert rows[0][2:6] == rows[1][2:6]
