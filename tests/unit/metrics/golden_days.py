"""Daily metrics made from the golden cases, for tests of what is built on them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodlens.metrics.calendar import DailySeries, Days
from prodlens.metrics.daily_metrics import NAMES, DailyMetrics

if TYPE_CHECKING:
    from collections.abc import Sequence

_GOLDEN = Path(__file__).parents[2] / "golden" / "lagged_association.json"
_CASES = {case["name"]: case["input"] for case in json.loads(_GOLDEN.read_text("utf-8"))["cases"]}
EFFECT: dict[str, Any] = _CASES["effect_90d_lag1"]
NULL: dict[str, Any] = _CASES["null_30d_lag1"]
MONDAY = date(2026, 1, 5)


def first_day(weekday: int) -> date:
    """Return a day of a weekday, Monday = 0."""
    return MONDAY + timedelta(days=weekday)


def series(
    name: str, values: Sequence[int], first: date = MONDAY, missing: Sequence[int] = ()
) -> DailySeries:
    days = [first + timedelta(days=place) for place in range(len(values))]
    return DailySeries(
        name=name,
        counts=dict(zip(days, values, strict=True)),
        covered=frozenset(day for place, day in enumerate(days) if place not in missing),
    )


def metrics(
    x: Sequence[int],
    y: Sequence[int],
    first: date = MONDAY,
    *,
    missing: Sequence[int] = (),
    missing_y: Sequence[int] = (),
) -> DailyMetrics:
    """Return daily metrics whose sessions and commits are given, and nothing else is known."""
    every = {slug: DailySeries(name=slug) for slug in NAMES}
    every["sessions"] = series("sessions", x, first, missing)
    every["commits"] = series("commits", y, first, missing_y)
    count = max(len(x), len(y))
    days = Days(first, first + timedelta(days=count - 1)) if count else None
    return DailyMetrics(days=days, series=every)


def golden(case: dict[str, Any]) -> DailyMetrics:
    return metrics(case["x"], case["y"], first_day(case["start_weekday"]))
