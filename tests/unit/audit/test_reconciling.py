"""A bill against a store, with amounts written out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.audit.gap import Part
from prodlens.audit.invoice import read_bill
from prodlens.audit.reconciling import Zones, reconcile
from prodlens.clock import zone_named
from prodlens.pricing import PriceBook
from prodlens.schemas import CanonicalTrace
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prodlens.audit.reconciling import Reconciliation

PRICES = PriceBook()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def call(at: datetime, key: str, **said: Any) -> CanonicalTrace:
    values: dict[str, Any] = {
        "session_id": None,
        "developer_id": None,
        "model": "gpt-4o",
        "provider": "openai",
        "tokens_in": 100,
        "tokens_out": 10,
        "total_tokens": 110,
        "latency_ms": None,
        "status_code": 200,
        "accepted_flag": None,
        "native_key": f"test:{key}",
    }
    return CanonicalTrace(timestamp=at, **values | said)


def held(
    store: ProdLensStore, text: str, *, providers: tuple[str, ...] = (), zones: Zones | None = None
) -> Reconciliation:
    path = store.path.with_name("bill.csv")
    path.write_text(text, encoding="utf-8")
    zones = zones or Zones()
    bill = read_bill([path], {}, zone_named(zones.invoice))
    return reconcile(store, bill, PRICES, zones=zones, providers=providers)


def parts(found: Reconciliation) -> dict[str, int]:
    return {part.value: found.amount(part) for part in Part if found.amount(part)}


NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


def test_a_call_that_nobody_recorded_is_missing_at_the_bills_own_price(
    store: ProdLensStore,
) -> None:
    store.insert_sessions([call(NOON, "1", cost_usd=0.003)])

    found = held(
        store, "date,model,cost,input_tokens,output_tokens\n2026-10-05,gpt-4o,0.006,200,20\n"
    )

    assert (found.billed_nanos, found.stored_nanos, found.gap_nanos) == (
        6_000_000,
        3_000_000,
        3_000_000,
    )
    assert parts(found) == {"not_captured": 3_000_000}


def test_usage_without_a_price_is_what_the_bill_charges_for_it(store: ProdLensStore) -> None:
    store.insert_sessions([call(NOON, "1", cost_usd=0.003), call(NOON, "2", cost_usd=None)])

    found = held(
        store, "date,model,cost,input_tokens,output_tokens\n2026-10-05,gpt-4o,0.006,200,20\n"
    )

    assert parts(found) == {"not_priced": 3_000_000}
    assert [item.reason for item in found.items] == ["without a price: 1 of 2 calls"]


def test_a_discount_is_a_price_difference(store: ProdLensStore) -> None:
    store.insert_sessions([call(NOON, "1", cost_usd=0.003)])

    found = held(
        store, "date,model,cost,input_tokens,output_tokens\n2026-10-05,gpt-4o,0.0024,100,10\n"
    )

    assert parts(found) == {"price_difference": -600_000}


def test_an_evening_in_new_york_moves_to_the_day_before(store: ProdLensStore) -> None:
    # 02:00 UTC on the 6th is 22:00 on the 5th in New York
    late = datetime(2026, 10, 6, 2, tzinfo=UTC)
    store.insert_sessions([call(NOON, "1", cost_usd=0.003), call(late, "2", cost_usd=0.003)])

    found = held(
        store,
        "date,model,cost,input_tokens,output_tokens\n2026-10-05,gpt-4o,0.006,200,20\n",
        zones=Zones(invoice="America/New_York", report="UTC"),
    )

    assert found.stored_nanos == 3_000_000
    assert parts(found) == {"time_zone": 3_000_000}


def test_a_subscription_is_never_held_against_the_api_bill(store: ProdLensStore) -> None:
    store.insert_sessions(
        [call(NOON, "1", cost_usd=0.003), call(NOON, "2", cost_usd=0.5, subscription=True)]
    )

    found = held(
        store, "date,model,cost,input_tokens,output_tokens\n2026-10-05,gpt-4o,0.003,100,10\n"
    )

    assert parts(found) == {"rest": -500_000_000}
    assert [item.reason for item in found.items] == [
        "on a subscription: API-equivalent, on no bill of the API"
    ]


def test_answers_of_a_proxys_own_cache_were_never_sent(store: ProdLensStore) -> None:
    store.insert_sessions(
        [
            call(NOON, "1", cost_usd=0.003),
            call(NOON, "2", cost_usd=0.0, traffic_class="cache_hit"),
        ]
    )

    found = held(
        store, "date,model,cost,input_tokens,output_tokens\n2026-10-05,gpt-4o,0.003,100,10\n"
    )

    assert (found.gap_nanos, found.items) == (0, ())


def test_other_providers_are_not_compared_and_not_hidden(store: ProdLensStore) -> None:
    store.insert_sessions(
        [
            call(NOON, "1", cost_usd=0.003),
            call(NOON, "2", cost_usd=0.7, model="claude-opus-4-1", provider="anthropic"),
            call(NOON, "3", cost_usd=0.1, model="gpt-4o", provider="azure"),
        ]
    )
    text = "start_time_iso,model,amount_value,num_model_requests,input_tokens,output_tokens\n"

    found = held(store, f"{text}2026-10-05T00:00:00+00:00,gpt-4o,0.003,1,100,10\n")

    assert (found.gap_nanos, found.outside_nanos) == (0, 800_000_000)


def test_calls_whose_seller_only_their_name_tells_belong_to_its_bill(store: ProdLensStore) -> None:
    store.insert_sessions(
        [call(NOON, "1", cost_usd=0.2, model="claude-haiku-4-5-20251001", provider=None)]
    )

    found = held(store, "usage_date_utc,model,cost_usd\n2026-10-05,Claude Sonnet 4.5,1\n")

    assert found.outside_nanos == 0
    assert parts(found) == {"not_captured": 1_000_000_000, "rest": -200_000_000}


def test_a_bill_of_days_alone_is_held_against_one_provider(store: ProdLensStore) -> None:
    store.insert_sessions(
        [
            call(NOON, "1", cost_usd=0.003),
            call(NOON, "2", cost_usd=0.7, model="claude-opus-4-1", provider="anthropic"),
        ]
    )

    found = held(store, "date,cost\n2026-10-05,0.003\n2026-10-06,0.001\n", providers=("openai",))

    assert (found.stored_nanos, found.outside_nanos) == (3_000_000, 700_000_000)
    assert parts(found) == {"not_captured": 1_000_000}


def test_fractions_of_a_nano_dollar_are_lost_nowhere(store: ProdLensStore) -> None:
    rows = "".join(f"2026-10-0{day},m{day},0.0000000004\n" for day in range(1, 10))

    found = held(store, f"date,model,cost\n{rows}")

    assert found.billed_nanos == 4  # 3.6, rounded once
    assert parts(found) == {"not_captured": 4}
