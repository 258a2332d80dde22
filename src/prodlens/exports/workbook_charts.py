"""Owns the native charts of a workbook: each refers to cells of the sheet "Chart data".

Puts into cells what a chart says and points at it; the only arithmetic is the length of an error
bar, which a sheet wants instead of its end. Literal lists of error bars are not drawn everywhere,
ranges are. Source: xlsxwriter.readthedocs.io, "The Chart Class"; interfaces.md 3.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from prodlens.exports import figures
from prodlens.exports.charts import (
    ForestRows,
    Histogram,
    LagProfile,
    RateBand,
    StackedDays,
)
from prodlens.exports.svg_colours import LIGHT, SERIES
from prodlens.exports.svg_ticks import bounds, tick_form, ticks
from prodlens.exports.words import Kind, Verdict
from prodlens.exports.workbook_book import NUMBER_FORMS, shown
from prodlens.exports.workbook_data import Line, formula
from prodlens.metrics.values import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prodlens.exports.charts import Chart
    from prodlens.exports.workbook_data import ChartData

WIDTH: Final = 940
HEIGHT: Final = 330
"""Size of a chart in pixels; a forest grows with its rows."""
_SHORT: Final = '[>=1000000000]0.0,,,"B";[>=1000000]0.0,,"M";#,##0'
_DAYS: Final = "d mmm"
_BARS: Final = {
    Verdict.BETTER: LIGHT["good-band"],
    Verdict.WORSE: LIGHT["bad-band"],
    Verdict.UNCLEAR: LIGHT["none"],
    Verdict.NONE: LIGHT["none"],
}


def chart_of(chart: Chart, data: ChartData) -> Any | None:
    """Return a native chart whose numbers stand in `data`; None when it has no native form."""
    draw = _DRAWN.get(type(chart))
    return None if draw is None else draw(chart, data)


def place(sheet: Any, chart: Chart, drawn: Any, *, at: tuple[int, int], width: int = WIDTH) -> int:
    """Put a native chart into a sheet, with its text for those who can't see it.

    Returns:
        Rows that it covers, at the usual height of a row.
    """
    rows = len(chart.rows) if isinstance(chart, ForestRows) else 0
    height = max(170, 90 + 46 * rows) if rows else HEIGHT
    drawn.set_size({"width": width, "height": height})
    sheet.insert_chart(
        *at, drawn, {"description": shown(chart.alt)[:2000], "object_position": 2, "x_offset": 4}
    )
    return height // 20 + 2


def _frame(drawn: Any, chart: Chart, *, legend: bool) -> Any:
    """Give a chart its title, its frame and its legend."""
    drawn.set_title(
        {
            "name": shown(chart.title).lstrip("= ") or chart.id,
            "name_font": {"size": 12, "bold": True, "color": LIGHT["ink"]},
            "overlay": False,
        }
    )
    drawn.set_chartarea({"border": {"color": LIGHT["line"]}, "fill": {"color": LIGHT["card"]}})
    drawn.set_legend({"position": "bottom", "font": _small()} if legend else {"none": True})
    drawn.show_na_as_empty_cell()
    drawn.show_blanks_as("gap")
    return drawn


def _small(**more: Any) -> dict[str, Any]:
    return {"size": 9, "bold": False, "color": LIGHT["faint"], **more}


def _axis(name: str = "", **more: Any) -> dict[str, Any]:
    """Return an axis: small grey numbers, light lines."""
    axis = {
        "num_font": _small(),
        "name_font": _small(),
        "line": {"color": LIGHT["axis"]},
        "major_gridlines": {"visible": False},
        **more,
    }
    return {**axis, "name": shown(name).lstrip("= ")} if name else axis


def _values(form: str, name: str = "", **more: Any) -> dict[str, Any]:
    grid = {"visible": True, "line": {"color": LIGHT["grid"]}}
    return _axis(
        name, **{"num_format": form, "major_gridlines": grid, "line": {"none": True}, **more}
    )


def _ends(given: Sequence[float], *, include: float, least: float) -> dict[str, float]:
    """Return ends and step of an axis that holds every value and interval; ends are whole steps."""
    low, high = bounds(given, include=include, least=least)
    found = ticks(low, high, count=5, form=tick_form(Unit.PER_DAY))
    step = found[1].value - found[0].value if len(found) > 1 else high - low
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return {
        "min": round(first * step, 9),
        "max": round(last * step, 9),
        "major_unit": round(step, 9),
    }


def _tick_form(step: float, *, kind: Kind, signed: bool = False) -> str:
    """Return a number format with as many decimals as the step needs, so that no two are alike."""
    unit = step * 100.0 if kind is Kind.PERCENT else step
    places = next(n for n in range(7) if n == 6 or abs(unit * 10**n - round(unit * 10**n)) < 1e-6)
    form = f"0.{'0' * places}" if places else "0"
    form += "%" if kind is Kind.PERCENT else ""
    return f"+{form};-{form};{form}" if signed else form


def _days_axis(name: str, count: int) -> dict[str, Any]:
    """Return an axis of days with a label a week, or fewer where there are many days."""
    step = 7 * max(1, -(-count // 112))
    return _axis(
        name,
        date_axis=True,
        num_format=_DAYS,
        major_unit=step,
        major_unit_type="days",
        label_position="low",
    )


def _cell(range_: Sequence[Any]) -> list[Any]:
    """Return the heading of a range, for the name of a series: a cell is never a formula."""
    sheet, first, column = range_[0], range_[1], range_[2]
    return [sheet, first - 1, column]


def _stacked(chart: StackedDays, data: ChartData) -> Any:
    kind = Kind.MONEY if chart.unit is Unit.USD else Kind.INT
    lines = [Line(head="Day", kind=Kind.DATE, values=chart.days)]
    lines += [Line(head=one.name, kind=kind, values=one.values) for one in chart.series]
    days, *found = data.add(chart.title, lines)
    drawn = data.book.file.add_chart({"type": "column", "subtype": "stacked"})
    for one, range_, colour in zip(chart.series, found, SERIES, strict=False):
        fill = {"color": LIGHT["rest" if one.is_rest else colour]}
        drawn.add_series(
            {"name": _cell(range_), "categories": days, "values": range_, "fill": fill, "gap": 25}
        )
    drawn.set_x_axis(_days_axis(chart.subtitle, len(chart.days)))
    form = "$#,##0.##" if chart.unit is Unit.USD else _SHORT
    drawn.set_y_axis(_values(form, min=0))
    return _frame(drawn, chart, legend=True)


def _add(drawn: Any, across: list[Any], range_: list[Any], **look: Any) -> None:
    """Add a series whose name, categories and values are cells."""
    named = {"name": _cell(range_)} | look
    drawn.add_series({"categories": across, "values": range_, **named})


def _rate(chart: RateBand, data: ChartData) -> Any:
    """Draw the band as wide pale error bars behind the line; single days are dots."""
    points = chart.points
    days, rate, up, down, alone = data.add(chart.title, _rate_lines(chart))
    drawn = data.book.file.add_chart({"type": "line"})
    broad = max(1.5, min(12.0, 0.75 * 0.9 * WIDTH / max(len(points), 1)))
    band = _bars(up, down, line={"color": LIGHT["lit"], "width": broad, "transparency": 55})
    nothing: dict[str, Any] = {"line": {"none": True}, "marker": {"type": "none"}}
    _add(drawn, days, rate, name="95% interval", y_error_bars=band, **nothing)
    dots = {"type": "circle", "size": 4, "fill": {"color": LIGHT["none"]}, "border": {"none": True}}
    _add(drawn, days, alone, line={"none": True}, marker=dots)
    curve = {"color": LIGHT["accent"], "width": 2.25}
    _add(drawn, days, rate, line=curve, marker={"type": "none"})
    given = [end for one in points for end in (one.high, one.of_the_day) if end is not None]
    ends = _ends(given, include=0.0, least=0.1)
    drawn.set_x_axis(_days_axis(chart.subtitle, len(points)))
    drawn.set_y_axis(_values(_tick_form(ends["major_unit"], kind=Kind.PERCENT)) | ends)
    return _frame(drawn, chart, legend=True)


def _rate_lines(chart: RateBand) -> list[Line]:
    points = chart.points
    columns = (
        ("Rate", [one.value for one in points]),
        ("Up to the upper end", [_less(one.high, one.value) for one in points]),
        ("Down to the lower end", [_less(one.value, one.low) for one in points]),
        ("Single days", [one.of_the_day for one in points]),
    )
    days = Line(head="Day", kind=Kind.DATE, values=[one.day for one in points])
    return [days, *(Line(head=head, kind=Kind.PERCENT, values=found) for head, found in columns)]


def _lags(chart: LagProfile, data: ChartData) -> Any:
    """Draw a dot and an error bar a lag, in up to three series that differ in look."""
    lines = _lag_lines(chart)
    lag, *found, above, below = data.add(chart.title, lines)
    drawn = data.book.file.add_chart({"type": "scatter"})
    for (shape, fill, bar), range_, line in zip(_DOTS, found, lines[1:4], strict=True):
        if any(value is not None for value in line.values):
            marker = {"type": shape, "size": 9, "fill": {"color": fill}}
            bars = _bars(above, below, line={"color": bar, "width": 2.5})
            edge = {"border": {"color": LIGHT["card"]}}
            _add(drawn, lag, range_, marker={**marker, **edge}, y_error_bars=bars)
    first, last = chart.rows[0].lag_days, chart.rows[-1].lag_days
    across = {"min": first - 1, "max": last + 1, "major_unit": 1, "crossing": first - 1}
    sides = f"{chart.before}  |  {chart.after}" if first < 0 else chart.after
    name = f"{sides}. {chart.subtitle}"
    drawn.set_x_axis(_axis(name, num_format="+0;-0;0", label_position="low") | across)
    given = [end for one in chart.rows for end in (one.value, one.low, one.high) if end is not None]
    ends = _ends(given, include=0.0, least=0.4)
    form = _tick_form(ends["major_unit"], kind=Kind.FLOAT, signed=True)
    drawn.set_y_axis(_values(form, "Correlation", label_position="low") | ends)
    return _frame(drawn, chart, legend=True)


def _lag_lines(chart: LagProfile) -> list[Line]:
    """Return lags, the values of each kind of dot in a column of its own, and both ends."""
    rows = chart.rows
    kinds = ["placebo" if one.role == "placebo" else one.stands_out for one in rows]
    columns = [
        (
            head,
            [one.value if kind == wanted else None for one, kind in zip(rows, kinds, strict=True)],
        )
        for head, wanted in (
            ("Placebo: delivery comes first", "placebo"),
            ("Does not stand out", False),
            ("Stands out", True),
        )
    ]
    columns.append(("Up to the upper end", [_less(one.high, one.value) for one in rows]))
    columns.append(("Down to the lower end", [_less(one.value, one.low) for one in rows]))
    lags = Line(head="Lag in days", kind=Kind.INT, values=[one.lag_days for one in rows])
    return [lags, *(Line(head=head, kind=Kind.FLOAT, values=found) for head, found in columns)]


def _forest(chart: ForestRows, data: ChartData) -> Any:
    """Draw a bar from where nothing differs to the value, with its interval over it."""
    scale, kind = (0.01, Kind.PERCENT) if chart.in_percent else (1.0, Kind.FLOAT)
    rows, base = chart.rows, chart.neutral * scale
    names, sizes, up, down = data.add(chart.title, _forest_lines(chart, scale, kind))
    drawn = data.book.file.add_chart({"type": "bar"})
    bars = _bars(up, down, line={"color": LIGHT["muted"], "width": 1.75})
    colours = [{"fill": {"color": _BARS[one.verdict]}} for one in rows]
    grey = {"color": LIGHT["none"]}
    _add(drawn, names, sizes, gap=90, fill=grey, points=colours, y_error_bars=bars)
    large = _small(color=LIGHT["ink"], size=10)
    drawn.set_y_axis(_axis(reverse=True, crossing="max", label_position="low", num_font=large))
    given = [
        end * scale for one in rows for end in (one.value, one.low, one.high) if end is not None
    ]
    ends = _ends(given, include=base, least=0.1)
    form = _tick_form(ends["major_unit"], kind=kind, signed=chart.neutral == 0.0)
    drawn.set_x_axis(_values(form, chart.subtitle, crossing=base) | ends)
    return _frame(drawn, chart, legend=False)


def _forest_lines(chart: ForestRows, scale: float, kind: Kind) -> list[Line]:
    rows = chart.rows
    columns: tuple[tuple[str, list[float | None]], ...] = (
        ("Size", [one.value for one in rows]),
        ("Up to the upper end", [_less(one.high, one.value) for one in rows]),
        ("Down to the lower end", [_less(one.value, one.low) for one in rows]),
    )
    names = Line(head="What", kind=Kind.TEXT, values=[_row_name(one) for one in rows])
    return [
        names,
        *(
            Line(head=head, kind=kind, values=[None if n is None else n * scale for n in found])
            for head, found in columns
        ),
    ]


def _histogram(chart: Histogram, data: ChartData) -> Any:
    ends = [figures.number(one.low, chart.unit) for one in chart.bins]
    counts = [one.count for one in chart.bins]
    lines = [
        Line(head="From", kind=Kind.TEXT, values=ends),
        Line(head="How many", kind=Kind.INT, values=counts),
    ]
    names, found = data.add(chart.title, lines)
    drawn = data.book.file.add_chart({"type": "column"})
    fill = {"color": LIGHT["accent"]}
    drawn.add_series(
        {"name": _cell(found), "categories": names, "values": found, "fill": fill, "gap": 6}
    )
    marks = ", ".join(f"{one.label} {figures.number(one.value, chart.unit)}" for one in chart.marks)
    name = f"{chart.subtitle}: {marks}" if marks else chart.subtitle
    drawn.set_x_axis(_axis(name, num_font=_small(rotation=-45), label_position="low"))
    drawn.set_y_axis(_values(NUMBER_FORMS[Kind.INT], min=0))
    return _frame(drawn, chart, legend=False)


def _row_name(row: Any) -> str:
    more = ", ".join(part for part in (row.word, row.detail) if part)
    return f"{row.title} ({more})" if more else str(row.title)


def _less(end: float | None, start: float | None) -> float | None:
    """Return how far an end is away; None where either is not known."""
    return None if end is None or start is None else end - start


def _bars(up: list[Any], down: list[Any], *, line: Mapping[str, Any]) -> dict[str, Any]:
    """Return error bars that take their lengths from cells."""
    return {
        "type": "custom",
        "plus_values": formula(up),
        "minus_values": formula(down),
        "end_style": 0,
        "line": line,
    }


_DOTS: Final = (
    ("diamond", LIGHT["axis"], LIGHT["none"]),
    ("circle", LIGHT["muted"], LIGHT["none"]),
    ("circle", LIGHT["accent"], LIGHT["lit"]),
)
"""Shape, colour and error bar of placebo, of others, and of what stands out."""
_DRAWN: Final[Mapping[type, Callable[[Any, ChartData], Any]]] = {
    StackedDays: _stacked,
    RateBand: _rate,
    LagProfile: _lags,
    ForestRows: _forest,
    Histogram: _histogram,
}
"""What draws each kind; a sparkline stands in a cell."""
