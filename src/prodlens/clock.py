"""Owns time: "now", reading of instants, UTC days, and `since`/`until` text; no pandas.

Everything is UTC but the days of a named zone, for reports that ask for one; never the zone of the
machine. Ranges are half open: `since` inclusive, `until` exclusive. Instants are stored
as fixed-width text (`2024-10-28T12:00:00.000000Z`, 27 characters), which sorts as time does.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from prodlens.errors import InputError

if TYPE_CHECKING:
    from datetime import tzinfo

EARLIEST: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""No coding assistant left a trace before this; an older time is a broken one (sources.md 10)."""
TOLERATED_FUTURE: Final = timedelta(days=1)
_FIXED_WIDTH: Final = 27
_NAIVE_FIX: Final = re.compile(r"(?:[+-]00:?00)Z$", re.IGNORECASE)
_NUMERIC: Final = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?")
_RELATIVE: Final = re.compile(r"(\d{1,5})([dw])")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    """Return the present instant, aware, in UTC. The only reading of the clock in ProdLens."""
    return datetime.now(UTC)


def as_utc(value: datetime) -> datetime:
    """Return `value` in UTC; a naive datetime is taken to be UTC already."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def plain_instant(value: datetime) -> datetime:
    """Return an instant in UTC as a `datetime` and no subclass, such as a pandas Timestamp.

    Raises:
        InputError: It is a "not a time" of such a library.
    """
    try:
        whole = (value.year, value.month, value.day, value.hour, value.minute, value.second)
        return as_utc(datetime(*whole, value.microsecond, tzinfo=value.tzinfo, fold=value.fold))
    except (TypeError, ValueError):
        raise InputError(f"{value!r} is no time.") from None


def format_instant(value: datetime) -> str:
    """Return the fixed-width UTC text of an instant: 27 characters, microseconds, `Z`.

    >>> format_instant(datetime(2024, 10, 28, 12, tzinfo=UTC))
    '2024-10-28T12:00:00.000000Z'
    """
    moment = value if value.tzinfo is UTC else as_utc(value)
    return moment.isoformat(timespec="microseconds")[: _FIXED_WIDTH - 1] + "Z"


def parse_instant(value: object) -> tuple[datetime, bool] | None:
    """Read an instant as real tools write it.

    Numbers are seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by
    magnitude (>= 1e17 ns, >= 1e14 us, >= 1e11 ms), as text too; `[seconds, nanoseconds]` pairs;
    ISO 8601 with `Z`, an offset, or the doubled `+00:00Z`; a naive text is taken as UTC.

    Returns:
        `(instant in UTC, assumed)`; `assumed` is True when the text named no zone. None when the
        value is no time at all (bools, NaN, empty text, dates beyond year 9999 are none).
        The range of sensible times is another question: see `in_range`.
    """
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, (float, int)):
        return None if isinstance(value, bool) else _from_number(value)
    if isinstance(value, datetime):
        plain = type(value) is datetime and value.tzinfo is UTC
        return value if plain else plain_instant(value), value.tzinfo is None
    if isinstance(value, list | tuple) and len(value) == 2:
        return _from_pair(value[0], value[1])
    return None


def in_range(value: datetime, now: datetime) -> bool:
    """Return whether an instant is between 2020 and a day from `now` (sources.md 10)."""
    return EARLIEST <= value <= now + TOLERATED_FUTURE


def _from_number(value: float) -> tuple[datetime, bool] | None:
    if type(value) is float and 0.0 <= value < 1e11:
        return _EPOCH + timedelta(0, 0, round(value * 1_000_000)), False
    try:
        if not math.isfinite(value):
            return None
    except OverflowError:  # an integer beyond the range of floats
        return None
    size = abs(value)
    if size >= 1e17:
        micros = value // 1000 if isinstance(value, int) else round(value / 1000)
    elif size >= 1e14:
        micros = round(value)
    elif size >= 1e11:
        micros = round(value * 1000)
    else:
        micros = round(value * 1_000_000)
    try:
        return _EPOCH + timedelta(0, 0, micros), False
    except OverflowError:
        return None


def _from_text(written: str) -> tuple[datetime, bool] | None:
    if written[10:11] == "T" and written[-1:] == "Z":
        # What most tools write: nothing to strip, no number, and no time with a doubled zone.
        try:
            return datetime.fromisoformat(written), False
        except ValueError:
            pass
    text = written.strip()
    if not text or len(text) > 64:
        return None
    has_year = text[:4].isdigit()
    if not (has_year and text[4:5] == "-") and _NUMERIC.fullmatch(text):
        return _from_number(int(text) if text.lstrip("+-").isdigit() else float(text))
    if len(text) < 10 or not has_year:
        return None
    try:
        moment = datetime.fromisoformat(
            _NAIVE_FIX.sub("+00:00", text) if text[-1] in "Zz" else text
        )
        return as_utc(moment), moment.tzinfo is None
    except (ValueError, OverflowError):
        return None


def _from_pair(seconds: object, nanos: object) -> tuple[datetime, bool] | None:
    if isinstance(seconds, bool) or isinstance(nanos, bool):
        return None
    if not isinstance(seconds, int) or not isinstance(nanos, int):
        return None
    if not 0 <= nanos < 1_000_000_000:
        return None
    try:
        return _EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1000), False
    except OverflowError:
        return None


def parse_stored(text: str) -> datetime:
    """Return the instant of a fixed-width text that `format_instant` wrote.

    Raises:
        ValueError: The text is not of that form.
    """
    return datetime.fromisoformat(text)


def is_stored_form(text: str) -> bool:
    """Return whether a text already has the fixed-width form and is a real time."""
    if len(text) != _FIXED_WIDTH or text[10] != "T" or text[19] != "." or text[26] != "Z":
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def utc_day(value: datetime) -> date:
    """Return the UTC day of an instant."""
    return as_utc(value).date()


def day_start(day: date) -> datetime:
    """Return the first instant of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def zone_named(name: str) -> tzinfo:
    """Return a time zone by its IANA name (`Asia/Kolkata`, `UTC`).

    Raises:
        InputError: There is none of that name.
    """
    if name == "UTC":
        return UTC
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(
            f"{name!r} is no time zone: write it as the IANA names it, for example Europe/Berlin."
        ) from None


def local_day(value: datetime, zone: tzinfo = UTC) -> date:
    """Return the day on which an instant lies in a zone; a naive datetime is UTC.

    >>> local_day(datetime(2026, 3, 1, 20, tzinfo=UTC), zone_named("Asia/Kolkata")).isoformat()
    '2026-03-02'
    """
    return as_utc(value).astimezone(zone).date()


def local_start(day: date, zone: tzinfo = UTC) -> datetime:
    """Return the first instant of a zone's day, aware UTC, also where midnight is left out.

    >>> local_start(date(2026, 3, 2), zone_named("Asia/Kolkata")).isoformat()
    '2026-03-01T18:30:00+00:00'
    """
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def days_between(since: date, until: date) -> list[date]:
    """Return every day of `[since, until)` in order; empty when the range is empty."""
    return [since + timedelta(days=k) for k in range(max((until - since).days, 0))]


def parse_day(value: object) -> date:
    """Return a day from a date, a datetime (its UTC day) or `YYYY-MM-DD` text.

    Raises:
        InputError: The value is no day.
    """
    if isinstance(value, datetime):
        return utc_day(value)
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip()[:10])
        except ValueError:
            pass
    raise InputError(f"{value!r} is no day: write it as YYYY-MM-DD.")


def parse_when(text: str, now: datetime, zone: tzinfo = UTC) -> datetime:
    """Read the `--since` and `--until` of the command line.

    Args:
        text: `2026-10-01`, an ISO instant, `90d`, `12w`, `today`, `yesterday`, `this-week`
            (Monday), `this-month` or `last-month`.
        now: The instant that relative texts count from; `90d` starts 90 whole UTC days before
            the end of the present day.
        zone: Whose days and wall clock a text without an offset means.

    Returns:
        An aware UTC instant; a day means its first instant.

    Raises:
        InputError: The text is none of these.
    """
    word = text.strip().lower()
    today = local_day(now, zone)
    named = {
        "today": today,
        "yesterday": today - timedelta(days=1),
        "this-week": today - timedelta(days=today.weekday()),
        "this-month": today.replace(day=1),
        "last-month": (today.replace(day=1) - timedelta(days=1)).replace(day=1),
    }
    if word in named:
        return local_start(named[word], zone)
    if match := _RELATIVE.fullmatch(word):
        count = int(match[1]) * (7 if match[2] == "w" else 1)
        try:
            return local_start(today + timedelta(days=1 - count), zone)
        except OverflowError:
            raise InputError(f"{text!r} reaches before the first year of the calendar.") from None
    if not word.isdigit() and (parsed := parse_instant(text.strip())) is not None:
        moment, assumed = parsed
        return moment.replace(tzinfo=zone).astimezone(UTC) if assumed else moment
    raise InputError(
        f"{text!r} is no time: write 2026-10-01, 2026-10-01T12:00:00Z, 90d, 12w or this-month."
    )
