"""Owns which time a report is about: what was asked for, what the data allow, what is unfinished.

Reads no data; days are UTC days, `since` inclusive, `until` exclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from prodlens.clock import as_utc, day_start, format_instant, parse_when, utc_day
from prodlens.errors import InputError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
When = date | datetime | str | None
"""An instant as a caller may give it: a naive datetime is UTC, a day means its first instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time of a report.

    Attributes:
        since: First instant that was asked for, aware UTC; None is from the beginning.
        until: First instant after what was asked for, aware UTC; None is to the end of the data.
        data: First and last UTC day with data; None when there are none.
        start: First instant that counts: `since`, or the day the data begin when that is later.
        first_day: First UTC day of the report; None when there are no data at all.
        last_day: Last UTC day of the report, the day itself included; None as above, and when
            the window is open and begins after the data.
        clipped: Whether `since` lies before the data and the window inside them.
        before_data: Whether the whole window lies before the data.
        after_data: Whether the whole window lies after the data.
        incomplete_day: The present day when it is part of the report and of the data, else None.
        opened: Whether no beginning was asked for and the report begins with the calls, because
            deliveries usually reach back years before them.
        calls: First and last UTC day with calls; None when there are none.
    """

    since: datetime | None
    until: datetime | None
    data: tuple[date, date] | None
    start: datetime | None
    first_day: date | None
    last_day: date | None
    clipped: bool
    before_data: bool
    after_data: bool
    incomplete_day: date | None
    opened: bool = False
    calls: tuple[date, date] | None = None


def instant(value: When, now: datetime) -> datetime | None:
    """Return a time as a caller gives it as an aware UTC instant; None stays None.

    Raises:
        InputError: The value is no time.
    """
    if value is None:
        return None
    if isinstance(value, datetime):
        return as_utc(value)
    if isinstance(value, date):
        return day_start(value)
    if isinstance(value, str):
        return parse_when(value, now)
    raise InputError(f"{value!r} is no time: give a date, a datetime or text such as 2026-10-01.")


def resolve(
    since: datetime | None,
    until: datetime | None,
    *,
    data: tuple[date, date] | None,
    now: datetime,
    calls: tuple[date, date] | None = None,
) -> Window:
    """Return the window that was asked for, held against the data.

    Args:
        since: First instant asked for, aware UTC.
        until: First instant after it, aware UTC.
        data: First and last UTC day with data; None when there are none.
        now: The present instant.
        calls: First and last UTC day with calls, when there are other data too.

    Raises:
        InputError: `until` is not after `since`.
    """
    if since is not None and until is not None and until <= since:
        raise InputError(
            f"The window is empty: until ({shown(until)}) must be after since ({shown(since)})."
        )
    first, last = data or (None, None)
    with_calls = calls is not None and (until is None or until > day_start(calls[0]))
    opening = calls[0] if with_calls and calls is not None else first
    before = first is not None and until is not None and until <= day_start(first)
    after = last is not None and since is not None and utc_day(since) > last
    begins = None if first is None else day_start(first)
    clipped = begins is not None and since is not None and since < begins and not before
    start = begins if clipped else since
    first_day = utc_day(start) if start is not None else opening
    today = utc_day(now)
    last_day = _last_day(until, last, today=today, after=after)
    within = first_day is not None and last_day is not None and first_day <= today <= last_day
    return Window(
        since=since,
        until=until,
        data=data,
        start=start,
        first_day=first_day,
        last_day=last_day,
        clipped=clipped,
        before_data=before,
        after_data=after,
        incomplete_day=today if within and last is not None and last >= today else None,
        opened=since is None and with_calls,
        calls=calls,
    )


def _last_day(
    until: datetime | None, last: date | None, *, today: date, after: bool
) -> date | None:
    """Return the last day of the report; a day that has not come yet is never part of one."""
    if until is None:
        return None if after or last is None else min(last, today)
    asked = utc_day(max(until, _EPOCH) - timedelta(microseconds=1))
    return asked if after else min(asked, max(today, last or today))


def shown(moment: datetime | None) -> str | None:
    """Return an instant as text: `2026-10-01` for the first instant of a day, else all of it."""
    if moment is None:
        return None
    day = utc_day(moment)
    return day.isoformat() if moment == day_start(day) else format_instant(moment)
