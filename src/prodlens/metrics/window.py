"""Owns which time a report is about: what was asked for, what the data allow, what is unfinished.

Reads no data; days are UTC days, or those of the zone that is asked for. `since` is inclusive,
`until` exclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from prodlens.clock import (
    as_utc,
    day_start,
    format_instant,
    local_day,
    local_start,
    parse_when,
    utc_day,
)
from prodlens.errors import InputError

if TYPE_CHECKING:
    from datetime import tzinfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
When = date | datetime | str | None
"""An instant as a caller may give it: a naive datetime is UTC, a day means its first instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time of a report.

    Attributes:
        since: First instant that was asked for, aware UTC; None is from the beginning.
        until: First instant after what was asked for, aware UTC; None is to the end of the data.
        data: First and last day with data; None when there are none.
        start: First instant that counts: `since`, or the day the data begin when that is later.
        first_day: First day of the report; None when there are no data at all.
        last_day: Last day of the report, the day itself included; None as above, and when
            the window is open and begins after the data.
        clipped: Whether `since` lies before the data and the window inside them.
        before_data: Whether the whole window lies before the data.
        after_data: Whether the whole window lies after the data.
        incomplete_day: The present day when it is part of the report and of the data, else None.
        opened: Whether no beginning was asked for and the report begins with the calls, because
            deliveries usually reach back years before them.
        calls: First and last day with calls; None when there are none.
        zone: The zone whose days these are.
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
    zone: tzinfo = UTC


def instant(value: When, now: datetime, zone: tzinfo = UTC) -> datetime | None:
    """Return a time as a caller gives it as an aware UTC instant; None stays None.

    Args:
        value: The time.
        now: The present instant.
        zone: Whose days a day, and a text without an offset, mean.

    Raises:
        InputError: The value is no time.
    """
    if value is None:
        return None
    if isinstance(value, datetime):
        return as_utc(value)
    if isinstance(value, date):
        return local_start(value, zone)
    if isinstance(value, str):
        return parse_when(value, now, zone)
    raise InputError(f"{value!r} is no time: give a date, a datetime or text such as 2026-10-01.")


def resolve(
    since: datetime | None,
    until: datetime | None,
    *,
    data: tuple[date, date] | None,
    now: datetime,
    calls: tuple[date, date] | None = None,
    zone: tzinfo = UTC,
) -> Window:
    """Return the window that was asked for, held against the data.

    Args:
        since: First instant asked for, aware UTC.
        until: First instant after it, aware UTC.
        data: First and last day with data; None when there are none.
        now: The present instant.
        calls: First and last day with calls, when there are other data too.
        zone: The zone whose days are meant.

    Raises:
        InputError: `until` is not after `since`.
    """
    if since is not None and until is not None and until <= since:
        raise InputError(
            f"The window is empty: until ({shown(until)}) must be after since ({shown(since)})."
        )
    first, last = data or (None, None)
    with_calls = calls is not None and (until is None or until > local_start(calls[0], zone))
    opening = calls[0] if with_calls and calls is not None else first
    before = first is not None and until is not None and until <= local_start(first, zone)
    after = last is not None and since is not None and local_day(since, zone) > last
    begins = None if first is None else local_start(first, zone)
    clipped = begins is not None and since is not None and since < begins and not before
    start = begins if clipped else since
    first_day = local_day(start, zone) if start is not None else opening
    today = local_day(now, zone)
    asked = None if until is None else _last_asked(until, zone)
    last_day = _last_day(asked, last, today=today, after=after)
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
        zone=zone,
    )


def whole_days(start: datetime, end: datetime, zone: tzinfo) -> tuple[date, date] | None:
    """Return the first and the last day of a zone that lie whole in `[start, end)`.

    Returns:
        None when no whole day lies in it.
    """
    first, after = local_day(start, zone), local_day(end, zone)
    if start > local_start(first, zone):
        first += timedelta(days=1)
    return (first, after - timedelta(days=1)) if first < after else None


def wall_clock(moment: datetime, zone: tzinfo) -> datetime:
    """Return what a zone's clock shows as if it were UTC, so that its UTC day is the local day."""
    return moment.astimezone(zone).replace(tzinfo=UTC)


def _last_asked(until: datetime, zone: tzinfo) -> date:
    return local_day(max(until, _EPOCH) - timedelta(microseconds=1), zone)


def _last_day(asked: date | None, last: date | None, *, today: date, after: bool) -> date | None:
    """Return the last day of the report; a day that has not come yet is never part of one."""
    if asked is None:
        return None if after or last is None else min(last, today)
    return asked if after else min(asked, max(today, last or today))


def shown(moment: datetime | None) -> str | None:
    """Return an instant as text: `2026-10-01` for the first instant of a day, else all of it."""
    if moment is None:
        return None
    day = utc_day(moment)
    return day.isoformat() if moment == day_start(day) else format_instant(moment)
