"""Each drawing shows what its chart holds: values written out, gaps as gaps, colours as verdicts."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fakes.sample_report import band, forest, lags, ratios, sparkline, spread, stacked
from prodlens.exports.charts import Bin, ForestRow, RatePoint, Series
from prodlens.exports.svg_charts import drawing, standalone
from prodlens.exports.svg_days import runs
from prodlens.exports.svg_frame import NARROW, WIDE
from prodlens.exports.words import Verdict
from prodlens.metrics.values import Unit

if TYPE_CHECKING:
    from prodlens.exports.charts import Chart, RateBand, StackedDays

GOLDEN = Path(__file__).parents[2] / "golden_text"
CHARTS: dict[str, Chart] = {
    "stacked": stacked(("one", "two", "all other models")),
    "band": band(),
    "lags": lags(),
    "forest": forest(),
    "ratios": ratios(),
    "histogram": spread(),
    "sparkline": sparkline(),
}


def drawn(chart: Chart, width: float = WIDE) -> ET.Element:
    return ET.fromstring(drawing(chart, width=width))  # noqa: S314 - our own drawing


def classes(root: ET.Element, tag: str = "") -> list[str]:
    return [one.get("class", "") for one in root.iter() if one.tag.endswith(tag)]


def texts(root: ET.Element) -> list[str]:
    return [one.text or "" for one in root.iter() if one.tag.endswith("}text")]


def of_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [one for one in root.iter() if one.get("class") == name]


@pytest.mark.parametrize("name", CHARTS)
def test_the_drawings_of_a_sample(name: str) -> None:
    lines = re.sub(r"(?<=>)(?=<(?!/))", "\n", drawing(CHARTS[name], width=NARROW, name="narrow"))
    path = GOLDEN / f"chart_{name}.svg"
    if os.environ.get("UPDATE_GOLDEN_TEXT"):
        path.write_text(f"{lines}\n", encoding="utf-8")
    assert f"{lines}\n" == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CHARTS)
def test_a_drawing_says_what_it_is_to_those_who_cant_see_it(name: str) -> None:
    root = drawn(CHARTS[name])
    assert root.get("role") == "img"
    assert [one.text for one in list(root)[:2]] == [CHARTS[name].title, CHARTS[name].alt]
    assert root.get("aria-labelledby") == " ".join(one.get("id", "") for one in list(root)[:2])


def test_two_drawings_of_a_chart_share_no_id() -> None:
    pair = drawing(band(), name="wide") + drawing(band(), width=NARROW, name="narrow")
    ids = re.findall(r' id="([^"]+)"', pair)
    assert len(set(ids)) == len(ids) == 4


def days_of(*columns: tuple[float | None, ...]) -> StackedDays:
    whole = stacked(("one", "two"))
    values = tuple(zip(*columns, strict=True))
    series = tuple(
        Series(name=one.name, values=given) for one, given in zip(whole.series, values, strict=True)
    )
    return replace(whole, days=whole.days[: len(columns)], series=series, unit=Unit.COUNT)


def test_a_bar_is_as_tall_as_its_value_and_stands_on_the_one_before() -> None:
    root = drawn(days_of((100.0, 50.0), (50.0, 0.0)))
    assert texts(root)[:5] == ["0", "50", "100", "150", "24 Aug"]
    first, second = (of_class(root, name)[0].get("d", "") for name in ("s1", "s2"))
    # 150 fills the 218 from 230 up to 12: 100 are 145.3, 50 are 72.7
    assert re.findall(r" ([\d.]+)h48v([\d.]+)", first) == [("84.7", "145.3"), ("157.3", "72.7")]
    assert re.findall(r" ([\d.]+)h48v([\d.]+)", second) == [("12", "72")]


def test_a_day_that_is_not_known_is_marked_and_a_day_of_0_is_not() -> None:
    root = drawn(days_of((1.0, 1.0), (None, None), (0.0, 0.0)))
    assert [one.get("d", "").count("M") for one in of_class(root, "gap")[:1]] == [1]
    assert "not known" in texts(root)
    assert "not known" not in texts(drawn(days_of((1.0, 1.0), (0.0, 0.0))))


def test_each_day_says_its_numbers_under_the_pointer() -> None:
    root = drawn(days_of((100.0, 50.0), (None, None)))
    assert [one[0].text for one in of_class(root, "hit")] == [
        "24 Aug 2026: one 100; two 50",
        "25 Aug 2026: not known",
    ]


def test_the_rest_of_the_series_is_grey_and_a_year_is_one_outline_per_series() -> None:
    whole = stacked(("one", "all other models"))
    assert whole.series[-1].is_rest
    assert "rest" in classes(drawn(whole), "path")
    days = tuple(whole.days[0] + (whole.days[1] - whole.days[0]) * n for n in range(364))
    series = tuple(replace(one, values=one.values * 13) for one in whole.series)
    year = drawn(replace(whole, days=days, series=series))
    assert of_class(year, "hit") == []
    outlines = [one.get("d", "") for name in ("s1", "rest") for one in of_class(year, name)[:1]]
    assert [one.count("M") for one in outlines] == [14, 14]  # 13 gaps part a year into 14 pieces


def points(*values: float | None) -> RateBand:
    whole = band()
    given = tuple(
        RatePoint(
            day=one.day,
            value=value,
            low=None if value is None else value - 0.05,
            high=None if value is None else value + 0.05,
            numerator=1,
            denominator=2,
        )
        for one, value in zip(whole.points, values, strict=False)
    )
    return replace(whole, points=given)


def test_a_rate_is_cut_where_it_is_not_known() -> None:
    root = drawn(points(0.4, 0.5, None, 0.4, 0.4))
    assert len(of_class(root, "curve")) == len(of_class(root, "band")) == 2
    assert of_class(root, "curve")[0].get("d", "").count("L") == 1


def test_a_rate_of_one_day_is_a_dot_with_a_bar() -> None:
    root = drawn(points(0.4))
    assert of_class(root, "curve")[0].get("d", "").endswith("h0")
    assert "40.0%" in texts(root)


def test_a_rate_without_any_value_has_axes_alone() -> None:
    root = drawn(points(None, None))
    assert of_class(root, "curve") == of_class(root, "band") == []
    assert texts(root) == ["0%", "25%", "50%", "75%", "100%", "24 Aug"]


def test_a_lag_that_stands_out_is_full_and_one_without_a_value_is_empty() -> None:
    root = drawn(lags())
    assert classes(root, "circle").count("full") == 2
    assert classes(root, "circle").count("hollow") == 8
    assert classes(root, "rect").count("lit") == 2
    assert [one.text for one in of_class(root, "strong")] == ["+1", "+2"]
    assert "declared beforehand" in texts(root)
    assert "+7" in texts(root)


def test_red_and_green_are_for_verdicts_and_the_word_stands_beside() -> None:
    root = drawn(forest())
    assert classes(root, "rect") == ["good", "bar", "bad"]
    assert [one.text for one in of_class(root, "better")] == ["better"]
    assert [one.text for one in of_class(root, "worse")] == ["worse"]
    assert classes(root, "circle") == ["hollow"]
    unclear = tuple(replace(one, verdict=Verdict.UNCLEAR) for one in forest().rows)
    none = drawn(replace(forest(), rows=unclear))
    assert {"good", "bad", "better", "worse"} & set(classes(none)) == set()


def test_a_ratio_is_drawn_around_1_and_carries_no_sign() -> None:
    root = drawn(ratios())
    assert texts(root)[:6] == ["0.85", "0.9", "0.95", "1", "1.05", "1.1"]
    assert texts(root)[6:] == ["Tokens, accepted / rejected", "0.99", "negligible"]


def test_a_difference_of_percent_carries_its_sign() -> None:
    row = ForestRow(title="commits", value=-0.2)
    assert "+0%" in texts(drawn(replace(forest(), rows=(row,))))
    assert "-9%" in texts(drawn(forest()))


def test_marks_of_a_histogram_never_meet() -> None:
    root = drawn(spread(), NARROW)
    marks = of_class(root, "strong")
    assert [one.text for one in marks] == ["median 1.0 s", "95% 5.2 s"]
    assert [one.get("y") for one in marks] == ["19", "34"]


def test_a_histogram_that_reaches_0_is_linear() -> None:
    bins = (Bin(low=0.0, high=1000.0, count=3), Bin(low=1000.0, high=2000.0, count=1))
    root = drawn(replace(spread(), bins=bins, marks=()))
    assert [text for text in texts(root) if text.endswith("s")] == [
        *("0 ms", "500 ms", "1 s", "1.5 s", "2 s"),
    ]


def test_a_sparkline_has_no_axis_and_keeps_its_gap() -> None:
    root = drawn(sparkline())
    assert texts(root) == []
    whole = replace(sparkline(), values=(1.0, None, 2.0, 3.0))
    assert len(of_class(drawn(whole), "curve")) == 2


def test_runs_are_parted_by_what_is_not_known() -> None:
    assert runs([None, 0.0, None, 1.0, 2.0, None]) == [[(1, 0.0)], [(3, 1.0), (4, 2.0)]]
    assert runs([]) == []


def test_a_file_of_its_own_has_its_colours_and_no_variable() -> None:
    text = standalone(forest())
    assert text.startswith('<svg xmlns="http://www.w3.org/2000/svg" viewBox=')
    assert ".good{fill:#b0d3c6}" in text
    assert "var(" not in text
