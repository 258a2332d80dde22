from __future__ import annotations

import dataclasses
import math
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.exports.building import model_of
from prodlens.exports.building_figures import figures_of, groups_of
from prodlens.exports.charts import ForestRows, Histogram, LagProfile, RateBand, StackedDays
from prodlens.exports.model import Change, Figure, FigureGroup
from prodlens.exports.report_tables import tables_of
from prodlens.exports.tables import Column, Table
from prodlens.exports.words import Kind, Status, Verdict
from prodlens.metrics.catalog import METRICS, Family
from prodlens.metrics.metric import Better
from prodlens.metrics.values import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.exports.model import ReportModel
    from prodlens.metrics.report import Report

REPORTS = ["report", "empty", "delivering", "from_clone", "no_calls", "whole"]


@pytest.fixture(params=REPORTS)
def model(request: pytest.FixtureRequest) -> ReportModel:
    """Every kind of report in turn."""
    return model_of(request.getfixturevalue(request.param))


def parts(value: Any) -> Iterator[Any]:
    """Yield a value and everything in it."""
    yield value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from parts(getattr(value, field.name))
    elif isinstance(value, dict):
        yield from parts(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from parts(item)


def test_every_metric_of_the_catalogue_is_there_with_its_definition(model: ReportModel) -> None:
    assert [figure.slug for figure in model.figures] == list(METRICS)
    assert [figure.definition for figure in model.figures] == [
        metric.definition for metric in METRICS.values()
    ]


def test_every_report_says_a_sentence_freshness_quality_and_versions(model: ReportModel) -> None:
    assert model.findings[0].text.endswith(".")
    assert model.versions.schema == "prodlens.report/1"
    assert len(model.fingerprint) == 64
    assert model.quality.calls == 0 or model.quality.freshness[0].name == "calls"
    assert model.quality.freshness or model.quality.gaps


def test_what_is_not_known_says_why_and_no_number_is_nan(model: ReportModel) -> None:
    for figure in model.figures:
        assert figure.value is not None or figure.note
        assert (figure.value is None) == (figure.status is not Status.KNOWN)
    numbers = [one for one in parts(model) if isinstance(one, float)]
    assert all(math.isfinite(one) for one in numbers)


def test_no_part_is_empty_and_no_name_stands_twice(model: ReportModel) -> None:
    assert all(section.blocks for section in model.sections)
    names = [section.id for section in model.sections]
    assert len(names) == len(set(names))
    charts = [chart.id for chart in model.charts()]
    assert len(charts) == len(set(charts))
    for chart in model.charts():
        assert chart.alt.endswith((".", "?"))
        assert chart.table.id in tables_of(model)


def test_each_rate_has_a_denominator_and_each_interval_holds_its_value(model: ReportModel) -> None:
    for figure in model.figures:
        if figure.unit is Unit.SHARE and figure.value is not None:
            assert figure.denominator is not None or figure.n is not None
        if figure.value is not None and figure.low is not None and figure.high is not None:
            assert figure.low <= figure.value <= figure.high


def test_no_person_is_named(model: ReportModel) -> None:
    texts = " ".join(one for one in parts(model) if isinstance(one, str))
    for person in ("ana", "ben", "chris", "dev-01", "dev-11"):
        assert f" {person} " not in f" {texts} "


def test_the_charts_of_a_whole_report(whole: Report) -> None:
    charts = {chart.id: chart for chart in model_of(whole).charts()}
    assert [type(chart) for chart in charts.values()] == [
        *(StackedDays, Histogram, RateBand, StackedDays, LagProfile, ForestRows),
        *(ForestRows, ForestRows),
    ]
    days = charts["daily_tokens"]
    assert isinstance(days, StackedDays)
    assert (days.days[0], days.days[-1]) == (date(2026, 1, 29), date(2026, 3, 11))
    assert [one.name for one in days.series] == ["claude-sonnet-4-5-20250929", "gpt-5"]
    assert days.table.rows[0] == (
        date(2026, 1, 29),
        days.series[0].values[0],
        days.series[1].values[0],
    )
    lags = charts["lag_profile"]
    assert isinstance(lags, LagProfile)
    assert [row.lag_days for row in lags.rows] == list(range(-3, 8))
    assert not any(row.stands_out for row in lags.rows if row.lag_days < 0)
    band = charts["acceptance_by_week"]
    assert isinstance(band, RateBand)
    assert [point.value for point in band.points[:6]] == [None] * 6
    spread = charts["response_time"]
    assert isinstance(spread, Histogram)
    assert sum(one.count for one in spread.bins) == whole.coverage.calls


def test_a_comparison_is_matched_by_weekday(whole: Report) -> None:
    model = model_of(whole)
    first, then = model.filters.first_day, model.filters.compared_first_day
    assert (first, then) == (date(2026, 1, 29), date(2025, 12, 18))
    assert first is not None
    assert then is not None
    assert first.weekday() == then.weekday()
    merged = next(one for one in model.figures if one.slug == "merged_prs")
    assert merged.change is not None
    assert merged.change.previous == 75
    assert merged.change.verdict is Verdict.UNCLEAR
    cost = next(one for one in model.figures if one.slug == "cost_usd")
    assert cost.change is not None
    assert cost.change.verdict is Verdict.NONE


def test_a_reason_that_many_figures_share_is_said_once(from_clone: Report, whole: Report) -> None:
    for report in (from_clone, whole):
        for section in model_of(report).sections:
            for group in (one for one in section.blocks if isinstance(one, FigureGroup)):
                reasons = Counter(one.note for one in group.figures if one.value is None)
                assert max(reasons.values(), default=0) <= 2


def test_folded_figures_are_counted_and_stand_in_the_whole_list(report: Report) -> None:
    figures = figures_of(report)
    unknown = {
        slug: dataclasses.replace(one, value=None, low=None, high=None, note="none was read")
        for slug, one in figures.items()
        if slug in {"tokens_per_accept", "total_tokens", "cost_usd"}
    }
    assert len(unknown) == 3
    group = groups_of(report, figures | unknown)[Family.COST]
    assert [one.slug for one in group.figures if one.note == "none was read"] == ["total_tokens"]
    assert group.remarks == ("2 more figures have no value: none was read",)


def test_what_compares_linked_with_other_requests_is_left_out_without_a_value(
    delivering: Report,
) -> None:
    model = model_of(delivering)
    shown = {
        figure.slug
        for section in model.sections
        for block in section.blocks
        if isinstance(block, FigureGroup)
        for figure in block.figures
    }
    assert "pr_merge_time_not_linked_hours" in shown
    assert not shown & {"pr_merge_time_ai_linked_hours", "pr_size_ai_linked_lines"}
    assert {"ai_linked_prs", "ai_linked_by_label"} <= shown
    assert "pr_size_ai_linked_lines" in {one.slug for one in model.figures}


def test_not_enough_days_are_counted(report: Report) -> None:
    growth = next(one for one in model_of(report).figures if one.slug == "session_growth_percent")
    assert growth.status is Status.NOT_ENOUGH_DATA
    assert growth.days_missing == 4
    assert growth.note == "fewer than 14 whole days: 4 more are needed"


def test_names_from_outside_are_one_short_line_without_escapes(report: Report) -> None:
    table = tables_of(model_of(report))["models"]
    names = [row[0] for row in table.rows]
    assert "evilred" in names
    assert "=cmd|' /C calc'!A0" in names  # each format makes it harmless in its own way


def test_equal_data_have_equal_fingerprints(whole: Report, delivering: Report) -> None:
    assert model_of(whole).fingerprint == model_of(whole).fingerprint
    assert model_of(whole).fingerprint != model_of(delivering).fingerprint


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_part_takes_nan_or_infinity(value: float) -> None:
    with pytest.raises(ValueError, match="NaN or infinity"):
        Change(previous=value)
    with pytest.raises(ValueError, match="NaN or infinity"):
        Figure(
            slug="a",
            title="A",
            unit=Unit.COUNT,
            value=value,
            status=Status.KNOWN,
            better=Better.UP,
            definition="",
        )


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.INT, 1.5),
        (Kind.INT, True),
        (Kind.TEXT, 1),
        (Kind.MONEY, "1"),
        (Kind.DATE, "2026-01-01"),
        (Kind.FLOAT, math.nan),
    ],
)
def test_a_cell_is_what_its_column_says(kind: Kind, value: Any) -> None:
    columns = (Column(id="a", title="A", kind=kind),)
    with pytest.raises(ValueError, match=r"can't hold"):
        Table(id="t", title="T", columns=columns, rows=((value,),))
    assert Table(id="t", title="T", columns=columns, rows=((None,),)).rows == ((None,),)
