"""The parts of a gap, and that they add up to it."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from prodlens.audit.gap import Cell, Part
from prodlens.audit.invoice import KINDS
from prodlens.audit.model_groups import groups

DAY = date(2026, 11, 22)
LISTED = dict(zip(KINDS, map(Fraction, ("3", "0.3", "3.75", "6", "15")), strict=True))


def tokens(fresh: int = 0, read: int = 0, out: int = 0) -> dict[str, int]:
    return {
        "fresh": fresh,
        "cache_read": read,
        "cache_write": 0,
        "cache_write_1h": 0,
        "output": out,
    }


def parts(cell: Cell) -> dict[str, int]:
    return {item.part.value: item.nanos for item in cell.items()}


def test_a_model_that_the_store_lacks_was_not_captured() -> None:
    assert parts(Cell(day=DAY, model="m", billed=500)) == {"not_captured": 500}


def test_fewer_tokens_in_the_store_are_not_captured_at_the_bills_own_price() -> None:
    # 100 of 300 output tokens are missing; the bill charges 2000 for each, the store 2000 too
    cell = Cell(
        day=DAY,
        model="m",
        billed=600_000,
        tokens=tokens(out=300),
        priced=tokens(out=200),
        stored=400_000,
        calls=2,
        weights=LISTED,
    )
    assert parts(cell) == {"not_captured": 200_000}


def test_cached_tokens_weigh_a_tenth() -> None:
    # 1000 cached tokens of the bill's 1000 + 100 fresh: half of its 0.6 at these prices
    cell = Cell(
        day=DAY,
        model="m",
        billed=600,
        tokens=tokens(fresh=100, read=1000),
        priced=tokens(fresh=100),
        stored=300,
        calls=1,
        weights=LISTED,
    )
    assert parts(cell) == {"not_captured": 300}


def test_the_same_tokens_at_another_price_are_a_price_difference() -> None:
    cell = Cell(
        day=DAY,
        model="m",
        billed=900,
        tokens=tokens(out=300),
        priced=tokens(out=300),
        stored=1000,
        calls=3,
        weights=LISTED,
    )
    assert parts(cell) == {"price_difference": -100}


def test_usage_without_a_price_is_not_priced() -> None:
    cell = Cell(
        day=DAY,
        model="m",
        billed=900,
        tokens=tokens(out=300),
        priced=tokens(out=200),
        unpriced=tokens(out=100),
        unpriced_calls=1,
        stored=600,
        calls=3,
    )
    assert parts(cell) == {"not_priced": 300}


def test_more_usage_in_the_store_than_billed_is_rest() -> None:
    cell = Cell(
        day=DAY, model="m", billed=100, total=100, priced=tokens(fresh=150), stored=150, calls=1
    )
    assert parts(cell) == {"rest": -50}


def test_without_tokens_on_the_bill_nothing_is_guessed() -> None:
    cell = Cell(day=DAY, model="m", billed=100, stored=70, calls=4)
    assert parts(cell) == {"rest": 30}


def test_rows_with_and_without_kinds_of_tokens_can_not_be_compared() -> None:
    cell = Cell(
        day=DAY,
        model="m",
        billed=100,
        tokens=tokens(fresh=100),
        total=50,
        priced=tokens(fresh=150),
        stored=70,
        calls=4,
    )
    assert cell.billed_tokens == 150
    assert parts(cell) == {"rest": 30}


def test_without_tokens_one_unpriced_call_does_not_explain_the_gap() -> None:
    (item,) = Cell(day=DAY, model="m", billed=100, stored=70, calls=4, unpriced_calls=1).items()
    assert (item.part, item.nanos) == (Part.REST, 30)
    assert item.reason == ("the bill names no tokens to compare; without a price: 1 of 4 calls")


def test_without_tokens_calls_that_all_lack_a_price_explain_the_gap() -> None:
    cell = Cell(day=DAY, model="m", billed=100, calls=4, unpriced_calls=4)
    assert parts(cell) == {"not_priced": 100}


def test_a_subscription_is_labelled_and_on_no_bill() -> None:
    (item,) = Cell(day=DAY, model="m", subscription=80).items()
    assert (item.part, item.nanos) == (Part.REST, -80)
    assert item.reason == "on a subscription: API-equivalent, on no bill of the API"


def test_equal_amounts_leave_nothing() -> None:
    cell = Cell(
        day=DAY,
        model="m",
        billed=10,
        tokens=tokens(out=1),
        priced=tokens(out=1),
        stored=10,
        calls=1,
    )
    assert cell.items() == []


COUNTS = st.fixed_dictionaries({kind: st.integers(0, 10**7) for kind in KINDS})


@given(
    st.builds(
        Cell,
        day=st.just(DAY),
        model=st.sampled_from(["", "m"]),
        billed=st.none() | st.integers(-(10**9), 10**12),
        tokens=st.none() | COUNTS,
        total=st.none() | st.integers(0, 10**7),
        priced=COUNTS,
        unpriced=COUNTS,
        stored=st.integers(0, 10**12),
        calls=st.integers(0, 9),
        unpriced_calls=st.integers(0, 9),
        subscription=st.integers(0, 10**9),
        weights=st.sampled_from([LISTED, dict.fromkeys(KINDS, Fraction(1))]),
    )
)
def test_the_parts_add_up_to_the_gap_exactly(cell: Cell) -> None:
    stored = cell.stored if cell.calls or cell.billed is None else 0
    cell.stored = stored
    gap = (cell.billed or 0) - stored - cell.subscription
    assert sum(item.nanos for item in cell.items()) == gap


def test_names_differ_by_a_date_alone_where_the_bill_leaves_no_doubt() -> None:
    found = groups(["Claude Haiku 4.5", "Claude Sonnet 3.7"], ["claude-haiku-4-5-20251001"])
    assert found["claude-haiku-4-5-20251001"] == found["Claude Haiku 4.5"] == "claude-haiku-4-5"
    assert groups(["Claude Sonnet 3.7"], ["claude-3-7-sonnet-20250219"]) == {
        "Claude Sonnet 3.7": "claude-sonnet-3-7",
        "claude-3-7-sonnet-20250219": "claude-sonnet-3-7",
    }


def test_versions_that_the_bill_tells_apart_stay_apart() -> None:
    dated = ["gpt-4o-2024-05-13", "gpt-4o-2024-08-06"]
    assert groups(dated, ["gpt-4o-2024-05-13", "gpt-4o"]) == {
        "gpt-4o-2024-05-13": "gpt-4o-2024-05-13",
        "gpt-4o-2024-08-06": "gpt-4o-2024-08-06",
        "gpt-4o": "gpt-4o",
    }
