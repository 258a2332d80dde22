"""Owns the native charts of a workbook: each refers to cells of the sheet "Chart data".

Puts into cells what a chart says and points at it; the only arithmetic is the length of an error
bar, which a sheet wants instead of its end. Literal lists of error bars are not drawn everywhere,
ranges are. Source: xlsxwriter.readthedocs.io, "The Chart Class"; interfaces.md 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from prodlens.exports import figures
from prodlens.exports.charts import (
    Chart,
    ForestRows,
    Histogram,
    LagProfile,
    RateBand,
    StackedDays,
)
from prodlens.exports.svg_colours import LIGHT, SERIES
from prodlens.exports.svg_ticks import bounds, rounded, tick_form, ticks
from prodlens.exports.workbook_book import NUMBER_FORMS, shown
from prodlens.exports.words import Kind, Verdict
from prodlens.metrics.values import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prodlens.exports.tables import Value
    from prodlens.exports.workbook_book import Book

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
_ENDS: Final = {
    Verdict.BETTER: LIGHT["good"],
    Verdict.WORSE: LIGHT["bad"],
    Verdict.UNCLEAR: LIGHT["muted"],
    Verdict.NONE: LIGHT["muted"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One column of numbers behind a chart."""

    head: str
    kind: Kind
    values: Sequence[Value]


class ChartData:
    """The last sheet, which charts refer to: blocks of columns, each under its chart's name.

    Args:
        book: The workbook.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self._name = book.name("Chart data")
        self._blocks: list[tuple[int, str, Sequence[Line]]] = []
        self._free = 0

    def add(self, title: str, lines: Sequence[Line]) -> list[list[Any]]:
        """Keep the columns of a chart and return the range of each, as charts take them."""
        first = self._free
        self._blocks.append((first, title, lines))
        self._free += len(lines) + 1
        return [
            [self._name, 2, place, 1 + max(len(line.values), 1), place]
            for place, line in enumerate(lines, start=first)
        ]

    def write(self) -> None:
        """Add the sheet; without charts there is none."""
        if not self._blocks:
            return
        sheet = self.book.sheet(self._name, colour="none", is_named=True)
        sheet.freeze_panes(2, 0)
        for first, title, lines in self._blocks:
            self.book.text(sheet, 0, first, title, bold=True)
            sheet.set_column(first, first + len(lines) - 1, 13)
            for place, line in enumerate(lines, start=first):
                self.book.text(sheet, 1, place, line.head, **self.book.head())
                for row, value in enumerate(line.values, start=2):
                    self.book.value(sheet, (row, place), line.kind, value)


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
    return _axis(name, **{"num_format": form, "major_gridlines": grid, "line": {"none": True}, **more})


def _ends(given: Sequence[float], *, include: float, least: float) -> dict[str, float]:
    """Return ends and step of an axis that holds every value and interval, on round numbers."""
    low, high = rounded(*bounds(given, include=include, least=least), count=5)
    found = ticks(low, high, count=5, form=tick_form(Unit.PER_DAY))
    step = found[1].value - found[0].value if len(found) > 1 else high - low
    return {"min": round(low, 9), "max": round(high, 9), "major_unit": round(step, 9)}


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


def _rate(chart: RateBand, data: ChartData) -> Any:
    """Draw the band as wide pale error bars behind the line; single days are dots."""
    points = chart.points
    share = [
        ("Rate", [one.value for one in points]),
        ("Up to the upper end", [_less(one.high, one.value) for one in points]),
        ("Down to the lower end", [_less(one.value, one.low) for one in points]),
        ("Single days", [one.of_the_day for one in points]),
    ]
    lines = [Line(head="Day", kind=Kind.DATE, values=[one.day for one in points])]
    lines += [Line(head=head, kind=Kind.PERCENT, values=values) for head, values in share]
    days, rate, up, down, alone = data.add(chart.title, lines)
    drawn = data.book.file.add_chart({"type": "line"})
    broad = max(1.5, min(12.0, 0.75 * 0.9 * WIDTH / max(len(points), 1)))
    band = {"color": LIGHT["lit"], "width": broad, "transparency": 55}
    drawn.add_series(
        {
            "name": "95% interval",
            "categories": days,
            "values": rate,
            "line": {"none": True},
            "marker": {"type": "none"},
            "y_error_bars": _bars(up, down, line=band),
        }
    )
    dots = {"type": "circle", "size": 4, "fill": {"color": LIGHT["none"]}, "border": {"none": True}}
    drawn.add_series(
        {
            "name": _cell(alone),
            "categories": days,
            "values": alone,
            "line": {"none": True},
            "marker": dots,
        }
    )
    drawn.add_series(
        {
            "name": _cell(rate),
            "categories": days,
            "values": rate,
            "line": {"color": LIGHT["accent"], "width": 2.25},
            "marker": {"type": "none"},
        }
    )
    given = [end for one in points for end in (one.high, one.of_the_day) if end is not None]
    drawn.set_x_axis(_days_axis(chart.subtitle, len(points)))
    drawn.set_y_axis(_values("0%", **_ends(given, include=0.0, least=0.1)))
    return _frame(drawn, chart, legend=True)


def _lags(chart: LagProfile, data: ChartData) -> Any:
    """Draw a dot and an error bar a lag, in up to three series that differ in filling."""
    kinds = (
        ("Placebo: delivery comes first", lambda one: one.role == "placebo"),
        ("Does not stand out", lambda one: one.role != "placebo" and not one.stands_out),
        ("Stands out", lambda one: one.role != "placebo" and one.stands_out),
    )
    lines = [Line(head="Lag in days", kind=Kind.INT, values=[one.lag_days for one in chart.rows])]
    for head, is_one in kinds:
        values = [one.value if is_one(one) else None for one in chart.rows]
        lines.append(Line(head=head, kind=Kind.FLOAT, values=values))
    up = [_less(one.high, one.value) for one in chart.rows]
    down = [_less(one.value, one.low) for one in chart.rows]
    lines.append(Line(head="Up to the upper end", kind=Kind.FLOAT, values=up))
    lines.append(Line(head="Down to the lower end", kind=Kind.FLOAT, values=down))
    lag, *found, above, below = data.add(chart.title, lines)
    drawn = data.book.file.add_chart({"type": "scatter"})
    for (shape, fill, bar), range_, line in zip(_DOTS, found, lines[1:4], strict=True):
        if all(value is None for value in line.values):
            continue
        marker = {
            "type": shape,
            "size": 9,
            "fill": {"color": fill},
            "border": {"color": LIGHT["card"]},
        }
        drawn.add_series(
            {
                "name": _cell(range_),
                "categories": lag,
                "values": range_,
                "marker": marker,
                "y_error_bars": _bars(above, below, line={"color": bar, "width": 2.5}),
            }
        )
    first, last = chart.rows[0].lag_days, chart.rows[-1].lag_days
    ends = {"min": first - 1, "max": last + 1, "major_unit": 1, "crossing": first - 1}
    sides = f"{chart.before}  |  {chart.after}" if first < 0 else chart.after
    name = f"{sides}. {chart.subtitle}"
    drawn.set_x_axis(_axis(name, num_format="+0;-0;0", label_position="low", **ends))
    given = [end for one in chart.rows for end in (one.value, one.low, one.high) if end is not None]
    limits = _ends(given, include=0.0, least=0.4)
    drawn.set_y_axis(_values("+0.0;-0.0;0.0", "Correlation", label_position="low", **limits))
    return _frame(drawn, chart, legend=True)


def _forest(chart: ForestRows, data: ChartData) -> Any:
    """Draw a bar from where nothing differs to the value, with its interval over it."""
    scale, kind = (0.01, Kind.PERCENT) if chart.in_percent else (1.0, Kind.FLOAT)
    rows = chart.rows
    lines = [
        Line(head="What", kind=Kind.TEXT, values=[_row_name(one) for one in rows]),
        Line(head="Size", kind=kind, values=[one.value * scale for one in rows]),
    ]
    for head, ends in (
        ("Up to the upper end", [_less(one.high, one.value) for one in rows]),
        ("Down to the lower end", [_less(one.value, one.low) for one in rows]),
    ):
        scaled = [None if end is None else end * scale for end in ends]
        lines.append(Line(head=head, kind=kind, values=scaled))
    names, sizes, up, down = data.add(chart.title, lines)
    drawn = data.book.file.add_chart({"type": "bar"})
    drawn.add_series(
        {
            "name": _cell(sizes),
            "categories": names,
            "values": sizes,
            "gap": 90,
            "fill": {"color": LIGHT["none"]},
            "points": [{"fill": {"color": _BARS[one.verdict]}} for one in rows],
            "y_error_bars": _bars(up, down, line={"color": LIGHT["muted"], "width": 1.75}),
        }
    )
    wide = _small(color=LIGHT["ink"], size=10)
    drawn.set_y_axis(_axis(reverse=True, crossing="max", label_position="low", num_font=wide))
    form = "+0%;-0%;0%" if chart.in_percent else "0.0#"
    given = [end * scale for one in rows for end in (one.value, one.low, one.high) if end is not None]
    ends = _ends(given, include=chart.neutral * scale, least=0.1)
    drawn.set_x_axis(_values(form, chart.subtitle, crossing=chart.neutral * scale, **ends))
    return _frame(drawn, chart, legend=False)


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
    marks = ", ".join(
        f"{one.label} {figures.number(one.value, chart.unit)}" for one in chart.marks
    )
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


def formula(range_: Sequence[Any]) -> str:
    """Return a range as error bars and sparklines take it."""
    from xlsxwriter.utility import quote_sheetname, xl_range_abs

    sheet, *corners = range_
    return f"={quote_sheetname(sheet)}!{xl_range_abs(*corners)}"


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
