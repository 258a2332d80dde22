"""The user's own prices: what they match, which one wins, what is refused, the digest."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from prodlens.errors import InputError
from prodlens.pricing import Cost, PriceBook, PriceOverride, Usage

DAY = date(2026, 3, 2)
CALL = Usage(1_000, 100)


def override(model: str = "my-*", fresh: str = "1", out: str = "2", **more: Any) -> PriceOverride:
    return PriceOverride(
        model=model, input_usd_per_mtok=Decimal(fresh), output_usd_per_mtok=Decimal(out), **more
    )


def nanos(
    *rows: PriceOverride,
    model: str = "my-local-llm-7b",
    provider: str | None = None,
    day: date = DAY,
    usage: Usage = CALL,
) -> int | None:
    cost = PriceBook(rows).cost(provider=provider, model=model, day=day, usage=usage)
    return None if cost is None else cost.nanos


def test_prices_a_model_the_catalogue_does_not_know() -> None:
    assert nanos(override()) == 1_200_000


def test_wins_over_the_catalogue() -> None:
    assert nanos(override("gpt-4o"), model="openai/gpt-4o", provider="openai") == 1_200_000


def test_names_the_digest_of_its_row_as_price_version() -> None:
    row = override()
    cost = PriceBook([row]).cost(provider=None, model="my-llm", day=DAY, usage=CALL)
    assert cost == Cost(1_200_000, f"override:{row.digest}")
    assert row.digest == "e017be9d0276"


def test_the_digest_tells_rows_apart_by_meaning() -> None:
    assert override(fresh="3").digest == override("MY-*", fresh="3.00").digest
    assert override(provider="bedrock").digest == override(provider="AWS").digest
    kinds = [
        override(),
        override(out="3"),
        override(provider="openai"),
        override(valid_from=DAY),
        override(discount_share=Decimal("0.1")),
        override(cache_read_usd_per_mtok=Decimal("0.1")),
        override(cache_write_usd_per_mtok=Decimal("0.1")),
        override(cache_write_1h_usd_per_mtok=Decimal("0.1")),
        override(cache_write_1h_usd_per_mtok=Decimal(0)),
    ]
    assert len({kind.digest for kind in kinds}) == len(kinds)


@pytest.mark.parametrize(
    "pattern",
    ["openai/my-local-llm-7b", "my-local-llm-7b", "MY-LOCAL*", "*llm-?b", "openai/*", "*"],
)
def test_matches_the_raw_and_the_plain_name_in_any_case(pattern: str) -> None:
    assert nanos(override(pattern), model="openai/My-Local-LLM-7b") == 1_200_000


@pytest.mark.parametrize("pattern", ["local", "my-local", "azure/*", "my-local-llm-7b-*"])
def test_a_pattern_has_to_match_the_whole_name(pattern: str) -> None:
    assert nanos(override(pattern), model="openai/my-local-llm-7b") is None


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("bedrock", "my-llm"),
        ("AWS", "my-llm"),
        (None, "bedrock/my-llm"),
        ("openai", "bedrock_converse/my-llm"),
    ],
)
def test_a_provider_means_the_same_in_all_its_spellings(provider: str | None, model: str) -> None:
    assert nanos(override(provider="aws_bedrock"), model=model, provider=provider) == 1_200_000


@pytest.mark.parametrize("provider", ["azure", None, "my-bedrock"])
def test_a_provider_of_the_row_excludes_others(provider: str | None) -> None:
    assert nanos(override(provider="bedrock"), provider=provider) is None


def test_a_row_for_the_maker_applies_where_the_maker_was_found_by_name() -> None:
    row = override("claude-*", provider="anthropic")
    assert nanos(row, model="claude-sonnet-4-5") == 1_200_000
    assert nanos(row, model="claude-sonnet-4-5", provider="acme-gateway") == 1_200_000
    assert nanos(row, model="anthropic/claude-sonnet-4", provider="openrouter") == 4_500_000


def test_prices_what_runs_locally_and_hosts_without_a_price_list() -> None:
    assert nanos(override(provider="ollama"), provider="ollama") == 1_200_000
    assert nanos(override(provider="acme"), provider="Acme") == 1_200_000
    assert nanos(override("gpt-4o", provider="replicate"), model="replicate/gpt-4o") == 1_200_000


@pytest.mark.parametrize(
    "usage",
    [
        Usage(10, 1, cache_read_tokens=1),
        Usage(10, 1, cache_write_tokens=1),
        Usage(10, 1, cache_write_tokens=1, cache_write_1h_tokens=1),
    ],
)
def test_cached_tokens_without_a_price_of_the_row_are_not_guessed(usage: Usage) -> None:
    assert nanos(override(), usage=usage) is None
    assert nanos(override(), usage=Usage(10, 1, 0, 0, 0)) == 12_000


def test_cached_tokens_have_the_prices_of_the_row() -> None:
    row = override(
        cache_read_usd_per_mtok=Decimal("0.1"),
        cache_write_usd_per_mtok=Decimal("1.25"),
        cache_write_1h_usd_per_mtok=Decimal(2),
        discount_share=Decimal("0.5"),
    )
    usage = Usage(100, 10, cache_read_tokens=40, cache_write_tokens=30, cache_write_1h_tokens=10)
    assert nanos(row, usage=usage) == (30_000 + 20_000 + 4_000 + 25_000 + 20_000) // 2


def test_a_dated_row_applies_from_its_day_on() -> None:
    row = override("gpt-4o", valid_from=date(2026, 3, 2))
    assert nanos(row, model="gpt-4o", day=date(2026, 3, 1)) == 3_500_000
    assert nanos(row, model="gpt-4o", day=date(2026, 3, 2)) == 1_200_000
    assert nanos(row, model="gpt-4o", day=date(2026, 3, 3)) == 1_200_000


def test_rows_and_dated_catalogue_prices_take_turns() -> None:
    row = override("o3", valid_from=date(2025, 8, 1))
    days = [date(2025, 6, 9), date(2025, 6, 10), date(2025, 7, 31), date(2025, 8, 1)]
    found = [nanos(row, model="o3", day=day) for day in days]
    assert found == [14_000_000, 2_800_000, 2_800_000, 1_200_000]


def test_among_rows_for_the_same_models_the_latest_start_wins_in_any_order() -> None:
    old, new = override(fresh="1"), override(fresh="5", valid_from=DAY)
    for rows in ((old, new), (new, old)):
        assert nanos(*rows, day=date(2026, 3, 1)) == 1_200_000
        assert nanos(*rows, day=DAY) == 5_200_000


def test_a_later_row_beats_an_earlier_one_with_another_pattern() -> None:
    general, special = override("*", fresh="9"), override("my-local-*")
    assert nanos(general, special) == 1_200_000
    assert nanos(special, general) == 9_200_000


def test_the_last_of_equal_rows_wins() -> None:
    assert nanos(override(fresh="9"), override(fresh="1")) == 1_200_000


def test_a_row_for_every_model_does_not_price_a_call_without_a_model() -> None:
    assert nanos(override("*"), model=" ") is None


def test_a_price_of_zero_is_a_cost_of_zero() -> None:
    assert nanos(override(fresh="0", out="0")) == 0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"model": " "}, "model pattern"),
        ({"provider": ""}, "provider"),
        ({"provider": "unknown"}, "provider"),
        ({"input_usd_per_mtok": Decimal(-1)}, "input_usd_per_mtok"),
        ({"output_usd_per_mtok": Decimal("NaN")}, "output_usd_per_mtok"),
        ({"output_usd_per_mtok": Decimal("Infinity")}, "output_usd_per_mtok"),
        ({"input_usd_per_mtok": Decimal("1e9")}, "input_usd_per_mtok"),
        ({"input_usd_per_mtok": 3.0}, "input_usd_per_mtok"),
        ({"input_usd_per_mtok": None}, "input_usd_per_mtok"),
        ({"input_usd_per_mtok": Decimal("1e-19")}, "decimal places"),
        ({"cache_read_usd_per_mtok": Decimal("-0.1")}, "cache_read_usd_per_mtok"),
        ({"cache_write_usd_per_mtok": "1"}, "cache_write_usd_per_mtok"),
        ({"cache_write_1h_usd_per_mtok": Decimal("sNaN")}, "cache_write_1h_usd_per_mtok"),
        ({"discount_share": Decimal("1.01")}, "discount_share"),
        ({"discount_share": Decimal(15)}, "discount_share"),
        ({"valid_from": datetime(2026, 1, 1, tzinfo=UTC)}, "a day, not a time"),
    ],
)
def test_refuses_what_is_no_price(change: dict[str, Any], named: str) -> None:
    good: dict[str, Any] = {
        "model": "m",
        "input_usd_per_mtok": Decimal(1),
        "output_usd_per_mtok": Decimal(1),
    }
    with pytest.raises(InputError, match=named):
        PriceOverride(**{**good, **change})
