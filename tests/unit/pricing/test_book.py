"""The price lookup: known costs, dates, hours, providers, look-alikes, reasons, listing."""

from __future__ import annotations

import gc
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from importlib.metadata import version

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.pricing import Cost, PriceBook, PriceOverride, Unpriced, Usage

DAY = date(2026, 11, 22)
CLAUDE = Usage(17_420, 87, 15_360, 2_048, 1_024)
"""Input 12, cache writes 2048 of which 1024 for one hour, cache reads 15360, output 87."""
CHAT = Usage(2_006, 300, 1_920)
BOOK = PriceBook()


def nanos(
    model: str | None, provider: str | None = None, *, usage: Usage = CHAT, day: date = DAY
) -> int | None:
    cost = BOOK.cost(provider=provider, model=model, day=day, usage=usage)
    return None if cost is None else cost.nanos


def reason(model: str | None, provider: str | None = None, *, usage: Usage | None = None) -> str:
    return BOOK.unpriced_reason(provider=provider, model=model, day=DAY, usage=usage)


@pytest.mark.parametrize(
    ("provider", "model", "usage", "expected"),
    [
        ("anthropic", "anthropic/claude-sonnet-4-5-20250929", CLAUDE, 15_933_000),
        ("anthropic", "anthropic/claude-haiku-4-5-20251001", CLAUDE, 5_311_000),
        ("openai", "openai/gpt-4o", CHAT, 5_615_000),
        ("openai", "openai/gpt-5", Usage(8_120, 210, 6_400), 5_050_000),
    ],
)
def test_costs_what_the_proxy_reported_for_the_same_call(
    provider: str, model: str, usage: Usage, expected: int
) -> None:
    cost = BOOK.cost(provider=provider, model=model, day=DAY, usage=usage)
    assert cost == Cost(expected, f"genai-prices=={version('genai-prices')}")


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-sonnet-4-5", 15_933_000),
        ("claude-sonnet-4-5-20250929[1m]", 15_933_000),
        ("claude-3-sonnet-20240229", 15_933_000),
        ("claude-3-sonnet", 15_933_000),
    ],
)
def test_prices_retired_models_and_short_names_of_claude(model: str, expected: int) -> None:
    assert nanos(model, usage=CLAUDE) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-4", 48_000_000),
        ("gpt-4-0613", 48_000_000),
        ("gpt-3.5-turbo", 950_000),
        ("gpt-4o-2024-05-13", 9_500_000),
        ("gemini-1.5-pro", 2_750_000),
        ("gemini-1.5-pro-002", 2_750_000),
        ("claude-2.1", 15_200_000),
        ("claude-3-opus-20240229", 37_500_000),
        ("gpt-5-codex", 4_250_000),
        ("gpt-5.2-20251211", 5_950_000),
        ("o4-mini", 2_420_000),
        ("grok-3", 7_500_000),
        ("GPT-4o", 5_500_000),
    ],
)
def test_prices_retired_dated_and_alias_names_without_a_provider(model: str, expected: int) -> None:
    assert nanos(model, usage=Usage(1_000, 300)) == expected


@pytest.mark.parametrize(
    ("model", "day", "expected"),
    [
        ("o3", date(2025, 6, 9), 14_000_000),
        ("o3", date(2025, 6, 10), 2_800_000),
        ("o3", date(2024, 1, 1), 14_000_000),
        ("gpt-5.6-sol", date(2026, 8, 20), 8_000_000),
        ("gpt-5.6-sol", date(2026, 8, 21), 6_000_000),
    ],
)
def test_the_day_of_the_call_decides_between_dated_prices(
    model: str, day: date, expected: int
) -> None:
    assert nanos(model, usage=Usage(1_000, 100), day=day) == expected


def test_a_dated_change_may_end_a_long_context_tier() -> None:
    long = Usage(200_001, 1_000)
    assert nanos("claude-opus-4-6", usage=long, day=date(2026, 3, 12)) == 2_037_510_000
    assert nanos("claude-opus-4-6", usage=long, day=date(2026, 3, 13)) == 1_025_005_000


@pytest.mark.parametrize(
    ("model", "usage", "expected"),
    [
        ("claude-sonnet-4-5", Usage(200_000, 1_000), 615_000_000),
        ("claude-sonnet-4-5", Usage(200_001, 1_000), 1_222_506_000),
        ("claude-sonnet-4-5", Usage(200_001, 0, 200_001), 120_000_600),
        ("gemini-2.5-pro", Usage(200_000, 1_000), 260_000_000),
        ("gemini-2.5-pro", Usage(200_001, 1_000), 515_002_500),
        ("gpt-5.4", Usage(272_000, 1_000), 695_000_000),
        ("gpt-5.4", Usage(272_001, 1_000), 1_382_505_000),
    ],
)
def test_long_context_costs_more_above_the_start_of_the_tier(
    model: str, usage: Usage, expected: int
) -> None:
    assert nanos(model, usage=usage) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 11, 22, 0, 29, 59, tzinfo=UTC), 190_000),
        (datetime(2026, 11, 22, 0, 30, tzinfo=UTC), 380_000),
        (datetime(2026, 11, 22, 16, 29, 59, 999_999, tzinfo=UTC), 380_000),
        (datetime(2026, 11, 22, 16, 30, tzinfo=UTC), 190_000),
        (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), 190_000),
        (datetime(2026, 11, 22, 12, 0), 380_000),  # noqa: DTZ001 - naive means UTC here
        (datetime(2026, 11, 22, 19, 0, tzinfo=timezone(timedelta(hours=8))), 380_000),
    ],
)
def test_cheaper_hours_need_the_instant_of_the_call(at: datetime, expected: int) -> None:
    usage = Usage(1_000, 100)
    given_at = BOOK.cost(provider="deepseek", model="deepseek-chat", day=DAY, usage=usage, at=at)
    assert given_at is not None
    assert given_at.nanos == expected
    assert nanos("deepseek-chat", "deepseek", usage=usage) is None
    assert reason("deepseek-chat", "deepseek") == Unpriced.HOUR_UNKNOWN


def test_an_instant_is_taken_for_its_utc_day() -> None:
    late = datetime(2025, 6, 10, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    assert nanos("o3", usage=Usage(1_000, 100), day=late) == 14_000_000


@pytest.mark.parametrize("model", ["my-local-llm-7b", "nope-model", "<synthetic>", "auto"])
@pytest.mark.parametrize("provider", [None, "", "openai", "anthropic", "azure", "acme", "bedrock"])
def test_unknown_models_have_no_price_anywhere(model: str, provider: str | None) -> None:
    assert nanos(model, provider) is None
    assert reason(model, provider) in {Unpriced.UNKNOWN_MODEL, Unpriced.NO_PROVIDER}


@pytest.mark.parametrize("model", [None, "", "  ", "\n"])
def test_a_call_without_a_model_name_has_no_price(model: str | None) -> None:
    assert nanos(model, "openai") is None
    assert reason(model, "openai") == Unpriced.NO_MODEL


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("azure", "gpt-4o", 5_500_000),
        ("azure_ai", "azure/gpt-4o", 5_500_000),
        ("azure.ai.openai", "gpt-35-turbo", 950_000),
        ("vertex_ai", "gemini-2.5-pro", 4_250_000),
        ("gcp.vertex_ai", "claude-sonnet-4-5@20250929", 7_500_000),
        ("gemini", "models/gemini-2.5-pro", 4_250_000),
        ("bedrock", "anthropic.claude-3-haiku-20240307-v1:0", 625_000),
        ("aws.bedrock", "amazon.nova-pro-v1:0", 1_760_000),
        ("xai", "grok-3", 7_500_000),
        ("github_copilot", "claude-sonnet-4.6", 7_500_000),
        ("groq", "openai/gpt-oss-120b", 330_000),
    ],
)
def test_spellings_of_a_provider_find_its_own_price_list(
    provider: str, model: str, expected: int
) -> None:
    assert nanos(model, provider, usage=Usage(1_000, 300)) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", 17_526_300),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0[1m]", 17_526_300),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", 17_526_300),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", 15_933_000),
    ],
)
@pytest.mark.parametrize("provider", ["bedrock", None, "anthropic", "acme-gateway"])
def test_bedrock_ids_keep_the_price_of_their_region(
    model: str, expected: int, provider: str | None
) -> None:
    assert nanos(model, provider, usage=CLAUDE) == expected


def test_bedrock_without_a_region_is_not_guessed_where_the_region_matters() -> None:
    assert reason("claude-sonnet-4-5-20250929", "bedrock") == Unpriced.REGION_UNKNOWN
    assert nanos("claude-3-haiku-20240307", "bedrock", usage=Usage(1_000, 300)) == 625_000


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("bedrock", "us-gov.anthropic.claude-3-haiku-20240307-v1:0"),
        ("bedrock", "bedrock/us-gov-west-1/anthropic.claude-3-haiku-20240307-v1:0"),
        ("azure", "azure/eu/gpt-4o-2024-08-06"),
    ],
)
def test_dearer_regions_do_not_get_the_common_price(provider: str, model: str) -> None:
    assert nanos(model, provider) is None


@pytest.mark.parametrize("provider", [None, "unknown", "acme-gateway", "litellm_proxy", "openai"])
def test_a_provider_that_says_nothing_borrows_the_makers_price_for_the_makers_names(
    provider: str | None,
) -> None:
    assert nanos("claude-sonnet-4-5", provider, usage=CLAUDE) == 15_933_000
    assert nanos("anthropic/claude-sonnet-4-5", provider, usage=CLAUDE) == 15_933_000
    assert nanos("gemini-2.5-pro", provider, usage=Usage(1_000, 300)) == 4_250_000


@pytest.mark.parametrize("provider", [None, "acme-gateway", "litellm_proxy", "openai"])
@pytest.mark.parametrize(
    "model",
    [
        "llama-3.3-70b",
        "deepseek-chat",
        "deepseek-r1",
        "gpt-oss-120b",
        "openai/gpt-oss-20b",
        "gemma-3-27b-it",
        "mixtral-8x7b",
        "mistralai/Mixtral-8x7B-Instruct-v0.1",
        "moonshotai/kimi-k2.5",
        "qwen3-coder",
        "kimi-k2.5",
        "command-r",
        "mistral-large-latest",
    ],
)
def test_names_that_several_sell_borrow_nobodys_price(provider: str | None, model: str) -> None:
    assert nanos(model, provider) is None


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openrouter", "gpt-4o-nope"),
        ("groq", "claude-sonnet-4-5"),
        ("github_copilot", "claude-3-opus"),
        ("google", "gpt-4o"),
        ("azure", "deepseek-r1"),
        ("azure", "gpt-oss-120b"),
        ("mistral", "gpt-4o"),
    ],
)
def test_a_provider_with_a_price_list_sells_only_what_is_on_it(provider: str, model: str) -> None:
    assert nanos(model, provider) is None
    assert reason(model, provider) == Unpriced.UNKNOWN_MODEL


@pytest.mark.parametrize("provider", ["ollama", "hosted_vllm", "LM-Studio", "llama.cpp"])
def test_what_runs_locally_has_no_price_whatever_it_is_called(provider: str) -> None:
    assert nanos("gpt-4o", provider) is None
    assert reason("claude-sonnet-4-5", provider) == Unpriced.LOCAL
    assert reason("ollama/gpt-4o", "openai") == Unpriced.LOCAL


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "my-gpt-4o-clone"),
        ("azure", "my-gpt-4o-clone"),
        (None, "gpt-4o-my-finetune"),
        ("azure", "my-o4-mini-clone"),
        ("azure", "o4-mini-eval"),
        ("openai", "my-moderation-llama"),
        ("google", "my-gemini-1.5-pro-clone"),
        ("google", "gemini-1.5-pro-clone"),
        ("google", "gemini-1.5-flash-8b"),
        ("google", "gemini-2.5-pro-exp-03-25"),
        ("google", "gemini-3.6-flash-lite"),
        ("google", "not-claude-3-opus-at-all"),
        ("google", "not-claude-opus-5"),
        ("anthropic", "claude-3-sonnet-my-finetune"),
        ("anthropic", "claude-opus-4-6-fast"),
        (None, "claude-opus-4-10"),
        (None, "claude-sonnet-4-5-turbo"),
        ("deepseek", "deepseek-r1-distill-llama-70b"),
        ("deepseek", "deepseek-r1:7b"),
        ("bedrock", "acme/claude-3-haiku-20240307-clone"),
        ("bedrock", "us.anthropic.claude-3-haiku-20240307-clone-v1:0"),
        ("bedrock", "my-anthropic.claude-3-haiku-20240307"),
        ("bedrock", "acme.claude-3-haiku-20240307"),
        ("mistral", "mixtral-8x7b-dolphin"),
        ("openai", "gpt-4o-realtime-clone"),
    ],
)
def test_a_name_that_only_resembles_a_known_one_has_no_price(
    provider: str | None, model: str
) -> None:
    assert nanos(model, provider) is None
    assert reason(model, provider) in {Unpriced.INEXACT_NAME, Unpriced.UNKNOWN_MODEL}


@pytest.mark.parametrize(
    ("provider", "model", "known_as"),
    [
        ("openai", "ft:gpt-4o-2024-08-06:acme::abc123", "ft:gpt-4o"),
        ("azure", "gpt-4o-mini-2024-07-18.ft-0e208cf33a6a", "gpt-4o-mini-2024-07-18.ft-"),
        ("google", "gemini-2.5-pro-preview-05-06", "gemini-2.5-pro"),
        ("google", "gemini-2.0-flash-001", "gemini-2.0-flash"),
        ("google", "gemini-3.5-flash-001", "gemini-3.5-flash"),
        ("anthropic", "claude-sonnet-4-20250514", "claude-sonnet-4-0"),
        ("anthropic", "claude-3-7-sonnet-latest", "claude-3-7-sonnet-latest"),
        ("vertex_ai", "claude-3-5-sonnet-v2@20241022", "claude-3-5-sonnet"),
        ("vertex_ai", "claude-opus-5", "claude-opus-5"),
        ("mistral", "mixtral-8x7b-instruct-v0.1", "mixtral-8x7b"),
        ("openai", "gpt-4o-realtime-preview-2024-12-17", "gpt-4o-realtime-preview"),
        ("bedrock", "us.deepseek.r1-v1:0", "deepseek.r1-v1:0"),
        (
            "bedrock",
            "us.anthropic.claude-opus-4-5-20251101-v1:0",
            "regional.anthropic.claude-opus-4-5-v1:0",
        ),
    ],
)
def test_release_dates_and_stages_do_not_hide_a_model(
    provider: str, model: str, known_as: str
) -> None:
    row = BOOK.explain(provider=provider, model=model, day=DAY)
    assert row is not None
    assert row.model == known_as


@pytest.mark.parametrize(
    ("provider", "model", "why"),
    [
        ("openai", "whisper-1", Unpriced.OTHER_UNIT),
        ("github_copilot", "gpt-4o", Unpriced.OTHER_UNIT),
        ("google", "gemma-3", Unpriced.OTHER_UNIT),
        ("perplexity", "sonar-deep-research", Unpriced.NEEDS_REASONING),
    ],
)
def test_models_without_a_price_per_token_are_not_free(
    provider: str, model: str, why: Unpriced
) -> None:
    assert nanos(model, provider) is None
    assert reason(model, provider) == why


def test_a_model_that_says_it_is_free_costs_zero() -> None:
    assert nanos("openrouter/qwen/qwen3-coder:free", "openrouter") == 0


def test_embeddings_have_a_price_as_long_as_nothing_is_put_out() -> None:
    assert nanos("text-embedding-3-small", usage=Usage(1_000, 0)) == 20_000
    assert nanos("text-embedding-3-small", usage=Usage(1_000, 1)) is None


def test_one_hour_writes_are_not_priced_as_five_minute_writes() -> None:
    name = "vertex_ai/claude-3-5-sonnet-v2@20241022"
    assert nanos(name, usage=Usage(1_000, 0, 0, 1_000, 0)) == 3_750_000
    assert nanos(name, usage=Usage(1_000, 0, 0, 1_000, 1)) is None


@pytest.mark.parametrize(
    ("usage", "why"),
    [
        (Usage(None, None), Unpriced.TOKENS_UNKNOWN),
        (Usage(None, 87), Unpriced.TOKENS_UNKNOWN),
        (Usage(12, None), Unpriced.TOKENS_UNKNOWN),
        (Usage(12, 87, 13), Unpriced.INCONSISTENT),
    ],
)
def test_unknown_or_impossible_counts_leave_a_known_model_unpriced(
    usage: Usage, why: Unpriced
) -> None:
    assert nanos("gpt-4o", usage=usage) is None
    assert reason("gpt-4o", usage=usage) == why
    assert reason("gpt-4o") == ""


def test_zero_tokens_cost_zero_and_unknown_models_stay_unknown() -> None:
    assert nanos("gpt-4o", usage=Usage(0, 0)) == 0
    assert nanos("nope-model", usage=Usage(0, 0)) is None


def test_explains_the_row_that_was_used() -> None:
    row = BOOK.explain(provider="anthropic", model="anthropic/claude-sonnet-4-5-20250929", day=DAY)
    assert row is not None
    assert (row.provider, row.model) == ("anthropic", "claude-sonnet-4-5")
    assert row.price_version == f"genai-prices=={version('genai-prices')}"
    assert row.prices.input_usd_per_mtok == Decimal(3)
    assert row.prices.output_usd_per_mtok == Decimal(15)
    assert row.prices.cache_read_usd_per_mtok == Decimal("0.3")
    assert row.prices.cache_write_usd_per_mtok == Decimal("3.75")
    assert row.prices.cache_write_1h_usd_per_mtok == Decimal(6)
    (tier,) = row.tiers
    assert tier.above_tokens_in == 200_000
    assert tier.prices.output_usd_per_mtok == Decimal("22.5")
    assert (row.valid_from, row.hours, row.usd_per_request) == (None, None, None)


def test_explains_dates_hours_and_fees() -> None:
    o3 = BOOK.explain(provider="openai", model="o3", day=DAY)
    sonar = BOOK.explain(provider="perplexity", model="sonar", day=DAY)
    chat = BOOK.explain(
        provider="deepseek", model="deepseek-chat", day=DAY, at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert o3 is not None
    assert o3.valid_from == date(2025, 6, 10)
    assert sonar is not None
    assert sonar.usd_per_request == Decimal("0.012")
    assert chat is not None
    assert chat.hours == (time(0, 0), time(0, 30))
    assert BOOK.explain(provider=None, model="nope-model", day=DAY) is None


def test_search_lists_rows_by_provider_and_model() -> None:
    rows = BOOK.search("O3", day=date(2025, 6, 9))
    assert [(row.provider, row.model, row.prices.input_usd_per_mtok) for row in rows] == [
        ("openai", "o3", Decimal(10))
    ]
    by_provider = BOOK.search("anthropic/claude-sonnet-4-*", day=DAY)
    assert [row.model for row in by_provider if row.provider == "anthropic"] == [
        "claude-sonnet-4-0",
        "claude-sonnet-4-5",
        "claude-sonnet-4-6",
    ]


def test_search_shows_every_stretch_of_the_day_and_nothing_without_a_token_price() -> None:
    rows = BOOK.search("deepseek/deepseek-chat", day=DAY)
    hours = [row.hours for row in rows if row.provider == "deepseek"]
    assert hours == [
        (time(0, 0), time(0, 30)),
        (time(0, 30), time(16, 30)),
        (time(16, 30), time(0, 0)),
    ]
    assert BOOK.search("whisper-1", day=DAY) == []
    assert BOOK.search("no-such-*", day=DAY) == []


def test_search_puts_the_overrides_in_force_first() -> None:
    def row(model: str, start: date | None = None) -> PriceOverride:
        return PriceOverride(
            model=model,
            provider="openai",
            input_usd_per_mtok=Decimal(1),
            output_usd_per_mtok=Decimal(2),
            valid_from=start,
        )

    book = PriceBook([row("o3"), row("o3", DAY), row("o3", date(2027, 1, 1)), row("my-*")])
    found = book.search("*o3", day=DAY)
    assert [(r.provider, r.model, r.valid_from) for r in found[:2]] == [
        ("openai", "o3", DAY),
        ("openai", "o3", date(2025, 6, 10)),
    ]
    assert [r.model for r in book.search("openai/my-*", day=DAY)] == ["my-*"]


def test_needs_neither_the_network_nor_the_price_package_before_the_first_lookup() -> None:
    script = """
import socket, sys
from datetime import date
from prodlens.pricing import PriceBook, Usage, normalise_model
book = PriceBook()
normalise_model("openai/gpt-4o")
assert not [name for name in sys.modules if name.startswith("genai_prices")]
def refuse(*args, **kwargs):
    raise SystemExit("opened a connection")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
print(book.cost(provider=None, model="gpt-4o", day=date(2026, 1, 1), usage=Usage(1, 1)).nanos)
"""
    done = subprocess.run(  # noqa: S603 - our own interpreter with a script written here
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("12500\n", "", 0)


def test_prices_someone_set_at_run_time_do_not_leak_in() -> None:
    from genai_prices.data_snapshot import DataSnapshot, set_custom_snapshot

    set_custom_snapshot(DataSnapshot(providers=[], from_auto_update=False))
    try:
        cost = PriceBook().cost(provider="openai", model="gpt-4o", day=DAY, usage=CHAT)
    finally:
        set_custom_snapshot(None)
    assert cost is not None
    assert cost.nanos == 5_615_000


@given(
    st.none()
    | st.text(max_size=20)
    | st.sampled_from(["openai", "bedrock", "azure", "openrouter"]),
    st.none() | st.text(max_size=30) | st.from_regex(r"(claude|gpt|gemini)-[\w.:@/-]{0,12}"),
    st.dates(),
)
@settings(max_examples=150, deadline=None)
def test_never_raises_and_has_either_a_cost_or_a_reason(
    provider: str | None, model: str | None, day: date
) -> None:
    cost = BOOK.cost(provider=provider, model=model, day=day, usage=Usage(1_000, 0))
    why = BOOK.unpriced_reason(provider=provider, model=model, day=day, usage=Usage(1_000, 0))
    assert (cost is None) == bool(why)
    assert cost is None or cost.nanos >= 0


def test_memory_stays_bounded_over_many_distinct_names() -> None:
    book = PriceBook()
    for number in range(9_000):
        book.cost(provider="acme", model=f"own-{number}", day=DAY, usage=CHAT)
    gc.collect()
    assert len(book._histories) <= 8_192
    assert book.cost(provider="acme", model="gpt-4o", day=DAY, usage=CHAT) is not None
