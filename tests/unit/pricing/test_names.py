"""Model names: what is cut, what stays, and the laws of cutting."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.pricing import ModelName, normalise_model

SONNET = "claude-sonnet-4-5-20250929"


@pytest.mark.parametrize(
    ("raw", "model", "provider"),
    [
        ("gpt-4o", "gpt-4o", None),
        (SONNET, SONNET, None),
        ("  gpt-4o\n", "gpt-4o", None),
        ("anthropic/claude-sonnet-4-5-20250929", SONNET, "anthropic"),
        ("openai/gpt-5", "gpt-5", "openai"),
        ("OpenAI/GPT-4o", "GPT-4o", "openai"),
        ("openai/responses/gpt-5", "gpt-5", "openai"),
        ("azure/gpt-4o", "gpt-4o", "azure"),
        ("azure/eu/gpt-4o-2024-08-06", "eu/gpt-4o-2024-08-06", "azure"),
        ("azure/global-standard/gpt-4o", "gpt-4o", "azure"),
        ("gemini/gemini-2.5-pro", "gemini-2.5-pro", "gemini"),
        ("models/gemini-1.5-pro", "gemini-1.5-pro", None),
        ("vertex_ai/claude-sonnet-4@20250514", "claude-sonnet-4", "vertex_ai"),
        ("claude-3-5-sonnet-v2@20241022", "claude-3-5-sonnet-v2", None),
        (
            "projects/p-1/locations/us-east5/publishers/google/models/gemini-2.5-pro",
            "gemini-2.5-pro",
            "vertex_ai",
        ),
        ("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", SONNET, "bedrock"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", SONNET, "bedrock"),
        ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", SONNET, "bedrock"),
        ("apac.anthropic.claude-sonnet-4-5-20250929-v1:0", SONNET, "bedrock"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0[1m]", SONNET, "bedrock"),
        ("bedrock/converse/us-west-2/anthropic.claude-opus-4-6-v1", "claude-opus-4-6", "bedrock"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0",
            "nova-pro",
            "bedrock",
        ),
        ("anthropic.claude-v2:1", "claude-v2:1", "bedrock"),
        ("amazon.titan-embed-text-v2:0", "titan-embed-text-v2:0", "bedrock"),
        ("us.deepseek.r1-v1:0", "deepseek.r1", "bedrock"),
        ("us.gpt-4o", "us.gpt-4o", None),
        ("eu.my-own-model-v1:0", "eu.my-own-model", None),
        ("openrouter/anthropic/claude-sonnet-4", "claude-sonnet-4", "openrouter"),
        ("litellm_proxy/anthropic/claude-sonnet-4", "claude-sonnet-4", "anthropic"),
        ("litellm_proxy/gpt-4o", "gpt-4o", "litellm_proxy"),
        ("groq/llama-3.3-70b-versatile", "llama-3.3-70b-versatile", "groq"),
        ("together_ai/meta-llama/Llama-3-8b", "meta-llama/Llama-3-8b", "together_ai"),
        ("meta/llama-3.1-405b", "meta/llama-3.1-405b", None),
        ("mistralai/Mixtral-8x7B", "mistralai/Mixtral-8x7B", None),
        ("acme/gpt-4o", "acme/gpt-4o", None),
        ("ollama/llama3:8b", "llama3:8b", "ollama"),
        ("claude-sonnet-4-5[1m]", "claude-sonnet-4-5", None),
        ("ft:gpt-4o-2024-08-06:acme::abc", "ft:gpt-4o-2024-08-06:acme::abc", None),
        ("qwen/qwen3-coder:free", "qwen/qwen3-coder:free", None),
        ("<synthetic>", "<synthetic>", None),
        ("openai/", "openai/", None),
        ("@20250514", "@20250514", None),
        ("", "", None),
        ("   ", "", None),
    ],
)
def test_cuts_routes_regions_and_versions_but_no_part_of_the_name(
    raw: str, model: str, provider: str | None
) -> None:
    assert normalise_model(raw) == ModelName(model, provider)


PIECES = (
    "openai/ bedrock/ converse/ us-west-2/ azure/ eu/ us. eu. anthropic. deepseek. models/ -v1:0 -v1"
    " @20250514 @latest [1m] :free claude claude-3 gpt-4o / . - : @ [ 1 é"
)


@given(
    st.lists(st.sampled_from([*PIECES.split(), " "]), max_size=8).map("".join)
    | st.text(max_size=40)
)
@settings(max_examples=300, deadline=None)
def test_is_total_and_changes_nothing_the_second_time(raw: str) -> None:
    once = normalise_model(raw).model
    assert normalise_model(once).model == once
    assert once == once.strip()
    assert bool(once) == bool(raw.strip())


def test_leaves_text_that_is_too_long_for_a_name_alone() -> None:
    raw = "openai/" * 100_000
    assert normalise_model(raw) == ModelName(raw, None)
