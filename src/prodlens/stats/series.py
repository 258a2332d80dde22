"""Owns the step from dated counts to complete daily series: every day, absent is 0, unseen is None.

Must not touch time zones: dates are the caller's days. ``since`` is inclusive, ``until``
exclusive. Plain Python, no numpy.
"""

from __future__ import annotations

from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

_QUIET_SHARE: Final = 0.2
_WEEKEND: Final = (5, 6)


def daily_series(
    counts: Mapping[date, float],
    *,
    since: date,
    until: date,
    missing_coverage: Collection[date] = (),
) -> list[float | None]:
    """Return one value for every day of a window.

    Args:
        counts: Day -> count; days outside the window are left out.
        since: First day.
        until: Day after the last one.
        missing_coverage: Days on which nothing was collected.

    Returns:
        The count, 0 for a covered day without one, None for a day without coverage.

    >>> from datetime import date
    >>> daily_series({date(2026, 1, 5): 4}, since=date(2026, 1, 5), until=date(2026, 1, 7))
    [4, 0]
    """
    unseen = set(missing_coverage)
    days = [since + timedelta(days=place) for place in range(max(0, (until - since).days))]
    return [None if day in unseen else counts.get(day, 0) for day in days]


def lag_pairs(
    x: Mapping[date, float],
    y: Mapping[date, float],
    *,
    since: date,
    until: date,
    lag: int,
    missing_coverage: Collection[date] = (),
) -> list[tuple[float, float]]:
    """Return exposure and outcome ``lag`` days later, for every day with both days in the window.

    Args:
        x: Day -> exposure.
        y: Day -> outcome.
        since: First day of the window.
        until: Day after the last one.
        lag: Days from exposure to outcome.
        missing_coverage: Days on which nothing was collected: their pairs are dropped.

    Returns:
        Pairs in order of time; an absent day counts 0.

    Raises:
        ValueError: ``lag`` is negative.

    >>> from datetime import date
    >>> monday = date(2026, 1, 5)
    >>> lag_pairs({monday: 4}, {}, since=monday, until=date(2026, 1, 8), lag=1)
    [(4, 0), (0, 0)]
    """
    if lag < 0:
        raise ValueError(f"lag must not be negative, got {lag}")
    before = daily_series(x, since=since, until=until, missing_coverage=missing_coverage)
    after = daily_series(y, since=since, until=until, missing_coverage=missing_coverage)
    return [
        (first, second)
        for first, second in zip(before, after[lag:], strict=False)
        if first is not None and second is not None
    ]


def quiet_workdays(
    totals: Sequence[float | None], start_weekday: int, *, weekend: Collection[int] = _WEEKEND
) -> list[int]:
    """Return the work days on which hardly anything happened: likely holidays or shutdowns.

    Such days make independent series move together. They are worth a warning, and an estimate
    with them listed as non-working days.

    Args:
        totals: Activity of all sources on consecutive days, None where not covered.
        start_weekday: Weekday of the first day, Monday = 0.
        weekend: Weekdays that are no work days.

    Returns:
        Positions (0-based) whose total is below 20 % of the median of their weekday.

    >>> quiet_workdays([10, 9, 1, 10, 9, 0, 0, 11, 10, 12, 9, 10, 0, 0, 9, 10, 9], 0)
    [2]
    """
    by_weekday: dict[int, list[float]] = {}
    for place, total in enumerate(totals):
        if total is not None:
            by_weekday.setdefault((start_weekday + place) % 7, []).append(total)
    usual = {weekday: median(values) for weekday, values in by_weekday.items()}
    return [
        place
        for place, total in enumerate(totals)
        if total is not None
        and (start_weekday + place) % 7 not in weekend
        and total < _QUIET_SHARE * usual[(start_weekday + place) % 7]
    ]
