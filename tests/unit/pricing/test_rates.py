"""The arithmetic of one price row: exactness, rounding, tiers, and what can't be counted."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.pricing import PriceRow, PriceTier, TokenPrices, Unpriced, Usage
from prodlens.pricing.rates import Rates


def prices(
    fresh: str,
    out: str | None,
    read: str | None = None,
    write: str | None = None,
    hour: str | None = None,
) -> TokenPrices:
    read_usd, write_usd, hour_usd, out_usd = (
        None if text is None else Decimal(text) for text in (read, write, hour, out)
    )
    return TokenPrices(
        input_usd_per_mtok=Decimal(fresh),
        output_usd_per_mtok=out_usd,
        cache_read_usd_per_mtok=read_usd,
        cache_write_usd_per_mtok=write_usd,
        cache_write_1h_usd_per_mtok=hour_usd,
    )


def row(
    base: TokenPrices,
    *tiers: tuple[int, TokenPrices],
    fee: str | None = None,
    discount: str | None = None,
) -> PriceRow:
    return PriceRow(
        provider="p",
        model="m",
        price_version="v",
        prices=base,
        tiers=tuple(PriceTier(above_tokens_in=above, prices=level) for above, level in tiers),
        usd_per_request=None if fee is None else Decimal(fee),
        discount_share=None if discount is None else Decimal(discount),
    )


SONNET = prices("3", "15", "0.30", "3.75", "6")


def test_prices_each_kind_of_token_at_its_own_rate() -> None:
    rates = Rates(row(SONNET))
    assert rates.nanos(Usage(1, 0)) == 3_000
    assert rates.nanos(Usage(0, 1)) == 15_000
    assert rates.nanos(Usage(1, 0, cache_read_tokens=1)) == 300
    assert rates.nanos(Usage(1, 0, cache_write_tokens=1)) == 3_750
    assert rates.nanos(Usage(1, 0, cache_write_tokens=1, cache_write_1h_tokens=1)) == 6_000


@pytest.mark.parametrize(
    ("usd_per_mtok", "nanos"),
    [("0.0005", 0), ("0.0015", 2), ("0.0025", 2), ("0.00050001", 1), ("0.0035", 4)],
)
def test_rounds_half_a_nano_dollar_to_even(usd_per_mtok: str, nanos: int) -> None:
    assert Rates(row(prices(usd_per_mtok, "0"))).nanos(Usage(1, 0)) == nanos


def test_rounds_once_and_not_per_kind_of_token() -> None:
    rates = Rates(row(prices("0.0004", "0.0004")))
    assert rates.nanos(Usage(1, 1)) == 1


def test_keeps_recurring_binary_fractions_exact() -> None:
    assert Rates(row(prices("0.1", "0.7"))).nanos(Usage(3, 3)) == 2_400


def test_a_tier_prices_the_whole_call_once_its_start_is_passed() -> None:
    rates = Rates(
        row(
            SONNET, (200_000, prices("6", "22.5", "0.6", "7.5", "12")), (500_000, prices("9", "30"))
        )
    )
    assert rates.nanos(Usage(200_000, 10)) == 600_000_000 + 150_000
    assert rates.nanos(Usage(200_001, 10)) == 1_200_006_000 + 225_000
    assert rates.nanos(Usage(500_001, 10)) == 4_500_009_000 + 300_000


def test_a_tier_counts_cached_input_too() -> None:
    rates = Rates(row(SONNET, (200_000, prices("6", "22.5", "0.6", "7.5", "12"))))
    assert rates.nanos(Usage(200_001, 0, cache_read_tokens=200_001)) == 120_000_600


def test_a_discount_is_taken_off_everything() -> None:
    rates = Rates(row(prices("3", "15", "0.3"), fee="0.01", discount="0.15"))
    assert rates.nanos(Usage(1_000, 100, cache_read_tokens=500)) == (
        1_275_000 + 1_275_000 + 127_500 + 8_500_000
    )


def test_a_full_discount_costs_nothing() -> None:
    assert Rates(row(SONNET, discount="1")).nanos(Usage(1_000, 100)) == 0


def test_a_fee_is_charged_per_call_but_not_for_a_call_without_tokens() -> None:
    rates = Rates(row(prices("1", "1"), fee="0.012"))
    assert rates.nanos(Usage(1, 1)) == 12_002_000
    assert rates.nanos(Usage(0, 0)) == 0


@pytest.mark.parametrize(
    "usage", [Usage(None, None), Usage(None, 5), Usage(5, None), Usage(None, 0), Usage(0, None)]
)
def test_unknown_counts_are_not_priced_even_in_part(usage: Usage) -> None:
    assert Rates(row(SONNET)).nanos(usage) is Unpriced.TOKENS_UNKNOWN


@pytest.mark.parametrize(
    "usage",
    [
        Usage(10, 1, cache_read_tokens=11),
        Usage(10, 1, cache_read_tokens=6, cache_write_tokens=5),
        Usage(10, 1, cache_write_tokens=2, cache_write_1h_tokens=3),
        Usage(10, 1, cache_write_1h_tokens=3),
        Usage(10, 1, cache_read_tokens=-1),
        Usage(-1, 1),
        Usage(1, -1),
        Usage(0, 0, cache_read_tokens=1),
    ],
)
def test_counts_that_contradict_each_other_are_not_priced(usage: Usage) -> None:
    assert Rates(row(SONNET)).nanos(usage) is Unpriced.INCONSISTENT


def test_a_used_kind_of_token_without_a_price_leaves_the_call_unpriced() -> None:
    rates = Rates(row(prices("3", None)))
    assert rates.nanos(Usage(2, 0)) == 6_000
    assert rates.nanos(Usage(2, 1)) is Unpriced.NO_RATE
    assert rates.nanos(Usage(2, 0, cache_read_tokens=1)) is Unpriced.NO_RATE
    assert rates.nanos(Usage(2, 0, cache_read_tokens=0, cache_write_tokens=0)) == 6_000


def test_a_decimal_context_of_the_caller_changes_nothing() -> None:
    with localcontext(Context(prec=2)):
        rates = Rates(row(prices("1.234567", "9.87654321")))
        assert rates.nanos(Usage(1_000_000, 1_000)) == 1_244_443_543


MTOK = st.decimals("0", "1000", places=6)
COUNT = st.integers(0, 5_000_000)


@given(MTOK, MTOK, MTOK, COUNT, COUNT, COUNT)
@settings(max_examples=100, deadline=None)
def test_equals_decimal_arithmetic_rounded_half_even(
    fresh: Decimal, out: Decimal, read: Decimal, tokens: int, cached: int, tokens_out: int
) -> None:
    rates = Rates(row(prices(str(fresh), str(out), str(read))))
    exact = (fresh * tokens + read * cached + out * tokens_out) * 1000
    expected = int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    assert rates.nanos(Usage(tokens + cached, tokens_out, cached)) == expected


@given(COUNT, COUNT, st.integers(1, 1000))
@settings(max_examples=50, deadline=None)
def test_more_output_never_costs_less(tokens_in: int, tokens_out: int, more: int) -> None:
    rates = Rates(row(SONNET, (200_000, prices("6", "22.5", "0.6", "7.5", "12"))))
    less, most = (
        rates.nanos(Usage(tokens_in, tokens_out)),
        rates.nanos(Usage(tokens_in, tokens_out + more)),
    )
    assert isinstance(less, int)
    assert isinstance(most, int)
    assert less < most
