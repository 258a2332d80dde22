"""Owns the SQL of a zone's day: an expression that turns a stored UTC time into a local date.

SQLite knows no time zones, so the offsets of the zone over the window become a `case` of a few
branches, halved at each step. Runs no SQL, knows no table.
"""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from prodlens.clock import format_instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""Bounds of an open window; times beyond them keep the offset of the nearest bound."""
_STEP: Final = timedelta(days=1)


def local_day_sql(
    column: str, zone: tzinfo, since: datetime | None = None, until: datetime | None = None
) -> str:
    """Return an SQL expression for the local day (`YYYY-MM-DD`) of a fixed-width UTC time.

    Args:
        column: Expression of the time, as `clock.format_instant` writes it; NULL stays NULL.
        zone: The zone.
        since: First instant that rows can have; None is any.
        until: First instant after them; None is any.
    """
    first, after = since or _FIRST, until or _LAST
    return _case(column, offset_changes(zone, first, max(first, after)))


@functools.lru_cache(maxsize=64)
def offset_changes(
    zone: tzinfo, since: datetime, until: datetime
) -> tuple[tuple[datetime, int], ...]:
    """Return from when on a zone is how many seconds ahead of UTC.

    Args:
        zone: The zone.
        since: First instant, aware; the first entry begins here.
        until: First instant after the range, aware.

    Returns:
        `(instant, seconds)` in order of time, an entry for each change.
    """
    found = [(since, _offset(zone, since))]
    here = since
    while here < until:
        there = min(here + _STEP, until)
        if _offset(zone, there) != found[-1][1]:
            change = _change(zone, here, there)
            found.append((change, _offset(zone, change)))
        here = there
    return tuple(found)


def _change(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    """Return the first whole second with the later of two offsets, found by halving."""
    offset = _offset(zone, before)
    low, high = 0, int((after - before).total_seconds()) + 1
    start = before.replace(microsecond=0)
    while low < high:
        middle = (low + high) // 2
        if _offset(zone, start + timedelta(seconds=middle)) == offset:
            low = middle + 1
        else:
            high = middle
    return start + timedelta(seconds=low)


def _offset(zone: tzinfo, moment: datetime) -> int:
    offset = moment.astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def _case(column: str, changes: Sequence[tuple[datetime, int]]) -> str:
    if len(changes) == 1:
        seconds = changes[0][1]
        if not seconds:
            return f"substr({column}, 1, 10)"
        # without the fraction: SQLite rounds 23:59:59.9996 into the next day
        return f"date(substr({column}, 1, 19), '{seconds:+d} seconds')"
    middle = len(changes) // 2
    begin = format_instant(changes[middle][0])
    earlier, later = _case(column, changes[:middle]), _case(column, changes[middle:])
    return f"case when {column} < '{begin}' then {earlier} else {later} end"
