"""A zone's day in SQL is the zone's day in Python, to the microsecond."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.clock import format_instant, local_day
from prodlens.storage.zones import local_day_sql, offset_changes

ZONES = (
    "Asia/Kolkata",
    "Pacific/Chatham",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Cairo",
)


def day_of(text: str | None, sql: str) -> str | None:
    conn = sqlite3.connect(":memory:")
    try:
        found = conn.execute(f"select {sql} from (select ? as t)", (text,)).fetchone()[0]  # noqa: S608 - our own expression
    finally:
        conn.close()
    return None if found is None else str(found)


def test_a_zone_without_daylight_saving_is_one_expression() -> None:
    assert local_day_sql("t", ZoneInfo("Asia/Kolkata")) == (
        "date(substr(t, 1, 19), '+19800 seconds')"
    )


def test_the_changes_of_a_year_are_found_to_the_second() -> None:
    found = offset_changes(
        ZoneInfo("America/New_York"),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )

    assert found == (
        (datetime(2026, 1, 1, tzinfo=UTC), -18000),
        (datetime(2026, 3, 8, 7, tzinfo=UTC), -14400),
        (datetime(2026, 11, 1, 6, tzinfo=UTC), -18000),
    )


def test_half_an_hour_of_daylight_saving_is_seen() -> None:
    found = offset_changes(
        ZoneInfo("Australia/Lord_Howe"),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 6, 1, tzinfo=UTC),
    )

    assert [seconds for _, seconds in found] == [39600, 37800]


@pytest.mark.parametrize(
    ("zone", "text", "day"),
    [
        ("Asia/Kolkata", "2026-10-01T18:29:59.999999Z", "2026-10-01"),
        ("Asia/Kolkata", "2026-10-01T18:30:00.000000Z", "2026-10-02"),
        ("Pacific/Chatham", "2026-07-01T11:14:59.999999Z", "2026-07-01"),
        ("Pacific/Chatham", "2026-07-01T11:15:00.000000Z", "2026-07-02"),
        ("America/New_York", "2026-11-01T03:59:59.999999Z", "2026-10-31"),
        ("America/New_York", "2026-11-02T04:59:59.999999Z", "2026-11-01"),
        ("America/New_York", "2026-11-02T05:00:00.000000Z", "2026-11-02"),
        ("UTC", "2026-10-01T23:59:59.999999Z", "2026-10-01"),
    ],
)
def test_the_last_microsecond_of_a_day_belongs_to_it(zone: str, text: str, day: str) -> None:
    assert day_of(text, local_day_sql("t", ZoneInfo(zone))) == day


def test_no_time_has_no_day() -> None:
    assert day_of(None, local_day_sql("t", ZoneInfo("America/New_York"))) is None


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2020, 1, 1), datetime(2031, 1, 1)),  # noqa: DTZ001 - UTC is put on below
    st.integers(0, 400),
)
def test_sql_and_python_agree_on_every_instant(name: str, naive: datetime, span: int) -> None:
    zone, moment = ZoneInfo(name), naive.replace(tzinfo=UTC)
    bounded = local_day_sql(
        "t", zone, moment - timedelta(days=span), moment + timedelta(days=span, microseconds=1)
    )

    expected = local_day(moment, zone).isoformat()
    assert day_of(format_instant(moment), bounded) == expected
    assert day_of(format_instant(moment), local_day_sql("t", zone)) == expected
