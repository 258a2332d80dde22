from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from prodlens.clock import zone_named
from prodlens.errors import InputError
from prodlens.metrics.window import instant, resolve, shown, whole_days

if TYPE_CHECKING:
    from prodlens.metrics.window import Window

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DATA = (date(2026, 8, 24), date(2026, 11, 21))


def window(since: str | None, until: str | None, *, now: datetime = NOW) -> Window:
    return resolve(instant(since, now), instant(until, now), data=DATA, now=now)


@pytest.mark.parametrize(
    "given",
    [
        date(2026, 10, 1),
        "2026-10-01",
        datetime(2026, 10, 1),  # noqa: DTZ001 - a naive datetime is UTC
        datetime(2026, 10, 1, 2, tzinfo=timezone(timedelta(hours=2))),
        "2026-10-01T00:00:00Z",
        "53d",
    ],
)
def test_a_time_may_be_a_day_a_datetime_or_text(given: date | datetime | str) -> None:
    assert instant(given, NOW) == datetime(2026, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize("given", ["soon", "", 20261001])
def test_what_is_no_time_is_refused(given: object) -> None:
    with pytest.raises(InputError, match="is no time"):
        instant(given, NOW)  # type: ignore[arg-type]


def test_a_window_inside_the_data_is_as_asked() -> None:
    found = window("2026-10-01", "2026-11-01")
    assert (found.first_day, found.last_day) == (date(2026, 10, 1), date(2026, 10, 31))
    assert (found.clipped, found.before_data, found.after_data) == (False, False, False)
    assert found.incomplete_day is None


def test_a_window_that_starts_before_the_data_is_clipped() -> None:
    found = window("2020-01-01", None)
    assert found.clipped
    assert found.since == datetime(2020, 1, 1, tzinfo=UTC)
    assert found.start == datetime(2026, 8, 24, tzinfo=UTC)
    assert (found.first_day, found.last_day) == DATA


def test_an_open_window_is_not_clipped() -> None:
    found = window(None, None)
    assert not found.clipped
    assert (found.first_day, found.last_day) == DATA


def test_a_window_before_the_data_is_not_clipped_to_them() -> None:
    found = window("2020-01-01", "2026-08-24")
    assert found.before_data
    assert not found.clipped
    assert found.first_day == date(2020, 1, 1)


def test_a_window_after_the_data_says_so() -> None:
    assert window("2026-11-22", None).after_data
    assert window("2026-11-22", None).last_day is None
    assert not window("2026-11-21T23:59:59Z", None).after_data


def test_a_window_never_reaches_into_the_future() -> None:
    assert window("2026-11-01", "2027-01-01").last_day == date(2026, 11, 22)


def test_the_present_day_is_marked_when_it_has_data() -> None:
    today = datetime(2026, 11, 21, 15, tzinfo=UTC)
    assert window("2026-11-01", None, now=today).incomplete_day == date(2026, 11, 21)
    assert window("2026-11-01", "2026-11-21", now=today).incomplete_day is None
    assert window("2026-11-01", None).incomplete_day is None


@pytest.mark.parametrize("until", ["2026-10-01", "2026-09-30"])
def test_an_empty_window_is_refused(until: str) -> None:
    with pytest.raises(InputError, match="must be after since"):
        window("2026-10-01", until)


def test_the_ends_of_the_calendar_are_no_problem() -> None:
    first, last = date(1, 1, 1), date(9999, 12, 31)
    whole = resolve(instant(first, NOW), instant(last, NOW), data=(first, last), now=NOW)
    assert (whole.first_day, whole.last_day) == (first, date(9999, 12, 30))
    assert not resolve(instant(last, NOW), None, data=(first, last), now=NOW).after_data
    assert resolve(None, instant(first, NOW), data=DATA, now=NOW).before_data


def test_without_data_there_are_no_days() -> None:
    found = resolve(None, None, data=None, now=NOW)
    assert (found.data, found.first_day, found.last_day) == (None, None, None)
    assert (found.clipped, found.before_data, found.after_data) == (False, False, False)


def test_the_first_instant_of_a_day_is_shown_as_the_day() -> None:
    assert shown(datetime(2026, 10, 1, tzinfo=UTC)) == "2026-10-01"
    assert shown(datetime(2026, 10, 1, 12, tzinfo=UTC)) == "2026-10-01T12:00:00.000000Z"
    assert shown(None) is None


def test_a_day_of_a_zone_begins_at_its_own_midnight() -> None:
    kolkata = zone_named("Asia/Kolkata")
    found = resolve(
        instant("2026-10-02", NOW, kolkata),
        instant(date(2026, 10, 4), NOW, kolkata),
        data=(date(2026, 10, 1), date(2026, 10, 9)),
        now=NOW,
        zone=kolkata,
    )

    assert found.since == datetime(2026, 10, 1, 18, 30, tzinfo=UTC)
    assert found.until == datetime(2026, 10, 3, 18, 30, tzinfo=UTC)
    assert (found.first_day, found.last_day) == (date(2026, 10, 2), date(2026, 10, 3))
    assert (found.clipped, found.before_data, found.after_data) == (False, False, False)


def test_a_window_of_a_zone_is_clipped_to_the_zones_first_day() -> None:
    kolkata = zone_named("Asia/Kolkata")
    found = resolve(
        instant("2026-09-01", NOW, kolkata),
        None,
        data=(date(2026, 10, 1), date(2026, 10, 9)),
        now=NOW,
        zone=kolkata,
    )

    assert (found.clipped, found.first_day) == (True, date(2026, 10, 1))
    assert found.start == datetime(2026, 9, 30, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        # the day of the change has 25 hours in New York, and is whole only with all of them
        ("2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", (date(2026, 11, 1), date(2026, 11, 1))),
        ("2026-11-01T04:00:00Z", "2026-11-02T04:00:00Z", None),
        ("2026-11-01T04:00:00.000001Z", "2026-11-02T05:00:00Z", None),
        ("2026-03-07T05:00:00Z", "2026-03-09T04:00:00Z", (date(2026, 3, 7), date(2026, 3, 8))),
    ],
)
def test_whole_days_of_a_zone_have_as_many_hours_as_its_clock_gives_them(
    start: str, end: str, days: tuple[date, date] | None
) -> None:
    begin, after = instant(start, NOW), instant(end, NOW)
    assert begin is not None
    assert after is not None
    assert whole_days(begin, after, zone_named("America/New_York")) == days
