"""Costs add up: over days in every zone, over people, over parts of a gap, and after every re-run."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.aggregation import DailyAggregator
from prodlens.audit import audit
from prodlens.audit.gap import Part
from prodlens.audit.invoice import read_bill
from prodlens.audit.reconciling import Zones, reconcile
from prodlens.clock import local_day, local_start, zone_named
from prodlens.metrics import ReportGenerator
from prodlens.pricing import PriceBook
from prodlens.schemas import CanonicalTrace
from prodlens.selection import Selection
from prodlens.storage import ProdLensStore, usage_readings
from prodlens.trace_ingestion import TraceIngestor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

DATA = Path(__file__).parents[1] / "data"
ZONES = (
    "UTC",
    "Asia/Kolkata",  # +05:30
    "Pacific/Chatham",  # +12:45 and daylight saving
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour of daylight saving
)
CHANGES = (
    datetime(2026, 3, 8, 7, tzinfo=UTC),  # New York, forward
    datetime(2026, 11, 1, 6, tzinfo=UTC),  # New York, back
    datetime(2026, 4, 4, 15, tzinfo=UTC),  # Lord Howe, back half an hour
    datetime(2026, 9, 26, 14, tzinfo=UTC),  # Chatham, forward
)
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
PRICES = PriceBook()

INSTANTS = st.builds(
    lambda change, hours, micros: change + timedelta(hours=hours, microseconds=micros),
    st.sampled_from(CHANGES),
    st.integers(-60, 60),
    st.sampled_from([-1, 0, 1]),
)
CALLS = st.lists(
    st.builds(
        CanonicalTrace,
        session_id=st.sampled_from(["s1", "s2"]),
        developer_id=st.none() | st.sampled_from(["ana", "ben"]),
        timestamp=INSTANTS,
        model=st.none() | st.sampled_from(["gpt-4o", "nope"]),
        tokens_in=st.integers(0, 1000),
        tokens_out=st.integers(0, 1000),
        latency_ms=st.none(),
        status_code=st.just(200),
        accepted_flag=st.none(),
        cost_usd=st.none() | st.sampled_from([0.0, 0.000000001, 0.1, 0.015933]),
        subscription=st.none() | st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


@contextmanager
def store_of(calls: Sequence[CanonicalTrace]) -> Iterator[ProdLensStore]:
    with TemporaryDirectory() as folder, ProdLensStore(Path(folder) / "cache.db") as store:
        store.insert_sessions(calls)
        yield store


def expected_nanos(calls: Sequence[CanonicalTrace]) -> int:
    """Add up what was put in; equal records are one call."""
    return sum(round(one.cost_usd * 10**9) for one in set(calls) if one.cost_usd is not None)


def reported(store: ProdLensStore, **asked: Any) -> int:
    timezone = asked.pop("timezone", "UTC")
    maker = ReportGenerator(store, now=lambda: NOW, timezone=timezone)
    made = maker.generate_report(repo=None, **{"since": None, **asked})
    return int(made["cost_metrics"]["total_session_cost_nanos"] or 0)


@settings(max_examples=25, deadline=None)
@given(CALLS, st.sampled_from(ZONES))
def test_the_days_of_any_zone_add_up_to_the_range(calls: list[CanonicalTrace], name: str) -> None:
    zone = zone_named(name)
    by_day: dict[date, int] = {}
    for one in set(calls):
        day = local_day(one.timestamp, zone)
        by_day[day] = by_day.get(day, 0) + expected_nanos([one])
    with store_of(calls) as store:
        whole = usage_readings.usage_by_model_day(store.conn, Selection(timezone=name))
        found: dict[date, int] = {}
        for row in whole:
            found[row.day] = found.get(row.day, 0) + round(row.cost_nanos)
        for day, nanos in by_day.items():
            begin, end = local_start(day, zone), local_start(day + timedelta(days=1), zone)
            alone = audit(store, Selection(since=begin, until=end, timezone=name), PRICES)
            assert alone.cost_nanos == nanos
        everything = audit(store, Selection(timezone=name), PRICES)

    assert found == by_day
    assert everything.cost_nanos == sum(by_day.values()) == expected_nanos(calls)


@settings(max_examples=6, deadline=None)
@given(CALLS, st.sampled_from(ZONES[1:]))
def test_reports_of_each_day_add_up_to_the_report_of_all(
    calls: list[CanonicalTrace], name: str
) -> None:
    zone = zone_named(name)
    days = sorted({local_day(one.timestamp, zone) for one in calls})
    with store_of(calls) as store:
        total = reported(store, since=days[0], until=days[-1] + timedelta(days=1), timezone=name)
        alone = [
            reported(store, since=day, until=day + timedelta(days=1), timezone=name) for day in days
        ]

    assert sum(alone) == total == expected_nanos(calls)


@settings(max_examples=15, deadline=None)
@given(CALLS)
def test_people_with_the_unknown_ones_add_up_to_the_total(calls: list[CanonicalTrace]) -> None:
    with store_of(calls) as store:
        DailyAggregator(store).write_aggregates()
        people = dict(
            store.conn.execute("select developer_id, sum(cost_nanos) from daily_usage group by 1")
        )
        named = {
            person: audit(store, Selection(developers=(person,)), PRICES).cost_nanos
            for person in people
            if person
        }
        total = reported(store)
    unknown = expected_nanos([one for one in calls if one.developer_id is None])

    assert people.get("", 0) == unknown
    assert sum(named.values()) + unknown == total == expected_nanos(calls)


@settings(max_examples=15, deadline=None)
@given(CALLS, st.lists(st.integers(0, 11), max_size=6))
def test_storing_calls_again_changes_no_cost(calls: list[CanonicalTrace], again: list[int]) -> None:
    with store_of(calls) as store:
        before = audit(store, Selection(), PRICES, limit=None)
        store.insert_sessions([calls[place % len(calls)] for place in again])
        after = audit(store, Selection(), PRICES, limit=None)

    assert after == before


@settings(max_examples=15, deadline=None)
@given(CALLS)
def test_the_audit_adds_up_to_the_report_and_unpriced_is_never_zero(
    calls: list[CanonicalTrace],
) -> None:
    with store_of(calls) as store:
        found = audit(store, Selection(), PRICES, limit=None)
        total = reported(store)

    assert sum(one.cost_nanos or 0 for one in found.shown) == found.cost_nanos == total
    unpriced = [one for one in found.shown if one.cost_source == "unknown"]
    assert len(unpriced) == found.unpriced == sum(one.cost_usd is None for one in set(calls))
    assert all(one.cost_nanos is None and one.difference_nanos is None for one in unpriced)


BILLED = st.lists(
    st.tuples(
        st.sampled_from(["2026-03-07", "2026-03-08", "2026-11-01", "2026-11-02"]),
        st.sampled_from(["gpt-4o", "nope", "gpt-4o-mini", ""]),
        st.sampled_from(["0", "0.1", "12.3456789012345", "0.0000000001", "-0.5"]),
        st.sampled_from(["", "0", "700", "1500"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, deadline=None)
@given(CALLS, BILLED, st.sampled_from(ZONES), st.sampled_from(ZONES))
def test_the_parts_of_a_gap_add_up_to_it_whatever_the_zones(
    calls: list[CanonicalTrace], billed: list[tuple[str, ...]], theirs: str, ours: str
) -> None:
    with store_of(calls) as store:
        path = store.path.with_name("bill.csv")
        lines = ["date,model,cost,total_tokens", *(",".join(row) for row in billed)]
        path.write_text("\n".join(lines), encoding="utf-8")
        bill = read_bill([path], {}, zone_named(theirs))
        found = reconcile(store, bill, PRICES, zones=Zones(invoice=theirs, report=ours))
        zone = zone_named(ours)
        window = Selection(
            since=local_start(found.first_day, zone),
            until=local_start(found.last_day + timedelta(days=1), zone),
        )
        total = audit(store, window, PRICES).cost_nanos

    exact = sum(Fraction(cost) for _, _, cost, _ in billed)
    assert found.billed_nanos == round(exact * 10**9)
    assert sum(map(found.amount, Part)) == found.gap_nanos
    assert found.stored_nanos + found.outside_nanos == total
    if theirs == ours:
        assert found.amount(Part.TIME_ZONE) == 0


def test_reading_the_sample_files_again_changes_nothing(tmp_path: Path) -> None:
    sources = [
        DATA / "litellm" / "spend_logs.jsonl",
        DATA / "litellm" / "standard_logging_payload.jsonl",
        DATA / "otlp" / "litellm_arize_phoenix_callback.otlp.jsonl",
    ]
    with ProdLensStore(tmp_path / "cache.db") as store:
        ingestor = TraceIngestor(store, dead_letter_dir=tmp_path / "letters")
        for source in sources:
            ingestor.ingest_file(source)
        before = audit(store, Selection(), PRICES, limit=None)
        for source in reversed(sources):
            copy = tmp_path / f"again_{source.name}"
            copy.write_bytes(source.read_bytes())
            ingestor.ingest_file(copy)
        after = audit(store, Selection(), PRICES, limit=None)
        total = reported(store)

    assert after == before
    assert after.cost_nanos == total == 69_998_000
    assert (after.calls, after.unpriced) == (16, 1)
