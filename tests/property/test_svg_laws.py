"""Whatever the values are: a drawing is XML, finite, inside of its frame, and its ticks readable."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.exports.charts import (
    Bin,
    ForestRow,
    ForestRows,
    Histogram,
    LagProfile,
    LagRow,
    Mark,
    RateBand,
    RatePoint,
    Series,
    Sparkline,
    StackedDays,
)
from prodlens.exports.svg_charts import drawing, standalone
from prodlens.exports.svg_text import width_of
from prodlens.exports.svg_ticks import axis, bounds, tick_form
from prodlens.exports.tables import Table
from prodlens.exports.words import Verdict
from prodlens.metrics.values import Unit

if TYPE_CHECKING:
    from prodlens.exports.charts import Chart

FIRST = date(2026, 8, 24)
TABLE = Table(id="t", title="T", columns=(), rows=())
NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
COMMAND = re.compile(r"([MLHVhvz])([^MLHVhvz]*)")
SAID: dict[str, Any] = {
    "id": "a b",
    "title": "A <b>",
    "subtitle": "s",
    "alt": "gist & more",
    "table": TABLE,
}

numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, 1.0, 0.394, 5e-324, 1e-9, 1.7e308, -1.7e308, 1e15, 123456789.0]),
)
above = numbers.map(abs)
shares = st.floats(0, 1)
names = st.text(st.characters(), max_size=60)
widths = st.sampled_from([340, 540, 840])


@st.composite
def stacks(draw: st.DrawFn) -> StackedDays:
    count = draw(st.sampled_from([1, 2, 7, 30, 400]))
    shape = st.lists(st.one_of(st.none(), above), min_size=count, max_size=count)
    if count > 30:  # a year, from a few values over and over
        shape = st.lists(st.one_of(st.none(), above), min_size=5, max_size=5).map(lambda v: v * 80)
    series = tuple(
        Series(name=draw(names), values=tuple(draw(shape)), is_rest=place == 5)
        for place in range(draw(st.integers(2, 6)))
    )
    days = tuple(FIRST + timedelta(days=n) for n in range(count))
    return StackedDays(**SAID, days=days, series=series, unit=draw(st.sampled_from(Unit)))


@st.composite
def bands(draw: st.DrawFn) -> RateBand:
    points = []
    values = draw(st.sampled_from([numbers, shares]))
    for n in range(draw(st.sampled_from([1, 2, 8, 90]))):
        if n > 8 and n % 7:
            value, low, high = None, None, None
        else:
            low, value, high = draw(
                st.one_of(
                    st.just([None, None, None]), st.tuples(values, values, values).map(sorted)
                )
            )
        of_the_day = draw(st.one_of(st.none(), values)) if n < 9 else None
        points.append(
            RatePoint(
                day=FIRST + timedelta(days=n),
                value=value,
                low=low,
                high=high,
                numerator=1,
                denominator=2,
                of_the_day=of_the_day,
            )
        )
    return RateBand(**SAID, points=tuple(points), unit=Unit.SHARE)


@st.composite
def profiles(draw: st.DrawFn) -> LagProfile:
    first, count = draw(st.integers(-9, 0)), draw(st.integers(1, 40))
    rows = []
    for lag in range(first, first + count):
        low, value, high = sorted(draw(st.tuples(*[st.floats(-1, 1)] * 3)))
        is_known, has_ends = draw(st.booleans()), draw(st.booleans())
        rows.append(
            LagRow(
                lag_days=lag,
                value=value if is_known else None,
                low=low if is_known and has_ends else None,
                high=high if is_known and has_ends else None,
                n=20,
                role="primary" if lag == 1 else "exploratory",
                stands_out=draw(st.booleans()),
            )
        )
    return LagProfile(**SAID, rows=tuple(rows), before=draw(names), after=draw(names))


@st.composite
def forests(draw: st.DrawFn) -> ForestRows:
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        low, value, high = sorted(draw(st.tuples(numbers, numbers, numbers)))
        has_ends = draw(st.booleans())
        rows.append(
            ForestRow(
                title=draw(names),
                value=value,
                low=low if has_ends else None,
                high=high if has_ends else None,
                detail=draw(names),
                word=draw(st.sampled_from(["", "small", "negligible"])),
                verdict=draw(st.sampled_from(Verdict)),
            )
        )
    neutral = draw(st.sampled_from([0.0, 1.0]))
    return ForestRows(**SAID, rows=tuple(rows), neutral=neutral, in_percent=draw(st.booleans()))


@st.composite
def histograms(draw: st.DrawFn) -> Histogram:
    edges = sorted(set(draw(st.lists(above, min_size=2, max_size=30))))
    counts = st.integers(0, 10**18)
    bins = tuple(Bin(low=low, high=high, count=draw(counts)) for low, high in pairwise(edges))
    marks = tuple(
        Mark(label=draw(names), value=draw(above)) for _ in range(draw(st.integers(0, 3)))
    )
    return Histogram(
        **SAID, bins=bins, marks=marks, unit=Unit.MILLISECONDS, is_log=draw(st.booleans())
    )


@st.composite
def lines(draw: st.DrawFn) -> Sparkline:
    values = tuple(draw(st.lists(st.one_of(st.none(), numbers), max_size=40)))
    days = tuple(FIRST + timedelta(days=n) for n in range(len(values)))
    return Sparkline(**SAID, days=days, values=values, unit=Unit.COUNT)


def corners(path: str) -> list[tuple[float, float]]:
    """Return every point a path goes through."""
    x, y, found = 0.0, 0.0, []
    for command, rest in COMMAND.findall(path):
        given_ = [float(one) for one in NUMBER.findall(rest)]
        if command in "ML":
            x, y = given_
        elif command == "H":
            (x,) = given_
        elif command == "V":
            (y,) = given_
        elif command == "h":
            x += given_[0]
        elif command == "v":
            y += given_[0]
        found.append((x, y))
    return found


def text_box(one: ET.Element) -> tuple[float, float, float, float]:
    """Return left, right, top and bottom of a text, by the widest of usual fonts."""
    style = one.get("class") or ""
    size = 12.0 if "name" in style else 11.0
    bold = any(word in style for word in ("strong", "said", "better", "worse"))
    wide = width_of(one.text or "", size, bold=bold)
    x, y = float(one.get("x", "nan")), float(one.get("y", "nan"))
    left = {"middle": x - wide / 2, "end": x - wide}.get(one.get("text-anchor", ""), x)
    return left, left + wide, y - 0.72 * size, y


def points_of(one: ET.Element) -> list[tuple[float, float]]:
    tag = one.tag.rpartition("}")[2]
    at = {
        key: float(value)
        for key, value in one.items()
        if key in ["x", "y", "cx", "cy", "r", "width", "height"]
    }
    if tag == "path":
        return corners(one.get("d", ""))
    if tag == "rect":
        return [(at["x"], at["y"]), (at["x"] + at["width"], at["y"] + at["height"])]
    if tag == "circle":
        return [(at["cx"] - at["r"], at["cy"] - at["r"]), (at["cx"] + at["r"], at["cy"] + at["r"])]
    if tag == "text":
        left, right, top, bottom = text_box(one)
        return [(left, top), (right, bottom)]
    return []


def check(chart: Chart, width: float) -> None:
    text = drawing(chart, width=width)
    assert not re.search(r"(?i)[\"' ,MLHVhv-](nan|inf)", re.sub(r">[^<]*<", "><", text))
    root = ET.fromstring(text)  # noqa: S314 - our own drawing is what is tested
    _, _, wide, tall = map(float, root.get("viewBox", "").split())
    assert root.get("role") == "img"
    named = (root.get("aria-labelledby") or "").split()
    ids = {one.get("id"): one.text for one in root}
    assert [ids[one] for one in named] == ["A <b>", "gist & more"]
    for one in root.iter():
        for x, y in points_of(one):
            assert -0.2 <= x <= wide + 0.2, (one.tag, one.attrib, one.text)
            assert -0.2 <= y <= tall + 0.2, (one.tag, one.attrib, one.text)
    texts = [one for one in root.iter() if one.tag.endswith("}text")]
    boxes = [text_box(one) for one in texts]
    for place, a in enumerate(boxes):
        for other, b in enumerate(boxes[place + 1 :], place + 1):
            meet = (
                min(a[1], b[1]) - max(a[0], b[0]) > 0.2 and min(a[3], b[3]) - max(a[2], b[2]) > 0.2
            )
            assert not meet, (texts[place].text, texts[other].text)


@settings(max_examples=60, deadline=None)
@given(stacks(), widths)
def test_any_stacked_days(chart: StackedDays, width: float) -> None:
    check(chart, width)


@settings(max_examples=60, deadline=None)
@given(bands(), widths)
def test_any_rate_with_a_band(chart: RateBand, width: float) -> None:
    check(chart, width)


@settings(max_examples=60, deadline=None)
@given(profiles(), widths)
def test_any_lag_profile(chart: LagProfile, width: float) -> None:
    check(chart, width)


@settings(max_examples=80, deadline=None)
@given(forests(), widths)
def test_any_forest(chart: ForestRows, width: float) -> None:
    check(chart, width)


@settings(max_examples=80, deadline=None)
@given(histograms(), widths)
def test_any_histogram(chart: Histogram, width: float) -> None:
    check(chart, width)


@settings(max_examples=60, deadline=None)
@given(lines())
def test_any_sparkline(chart: Sparkline) -> None:
    check(chart, 150)


@settings(max_examples=30, deadline=None)
@given(forests())
def test_a_file_of_its_own_is_xml_with_its_own_colours(chart: ForestRows) -> None:
    root = ET.fromstring(standalone(chart))  # noqa: S314 - our own drawing is what is tested
    style = next(one.text for one in root if one.tag.endswith("style"))
    assert style is not None
    assert "var(" not in style


@settings(max_examples=200, deadline=None)
@given(st.lists(numbers, max_size=5), st.sampled_from(Unit), st.booleans(), st.integers(2, 6))
def test_ticks_are_different_ascending_and_inside(
    values: list[float], unit: Unit, signed: bool, count: int
) -> None:
    ends = bounds(values)
    low, high, found = axis(*ends, count=count, form=tick_form(unit, signed=signed))
    room = (high - low) * 1e-6
    assert low - room <= ends[0] < ends[1] <= high + room
    assert 2 <= len(found) <= count + 2
    assert len({one.label for one in found}) == len(found)
    placed = [one.value for one in found]
    assert placed == sorted(set(placed))
    assert low - room <= placed[0]
    assert placed[-1] <= high + room
    assert all(len(one.label) <= 18 for one in found)
