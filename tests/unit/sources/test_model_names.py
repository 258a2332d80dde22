from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.sources.model_names import normalise

SONNET = "claude-sonnet-4-5-20250929"


@pytest.mark.parametrize(
    ("raw", "model", "provider"),
    [
        (SONNET, SONNET, None),
        (f"anthropic/{SONNET}", SONNET, "anthropic"),
        ("openai/gpt-4o", "gpt-4o", "openai"),
        ("gpt-4o-2024-08-06", "gpt-4o-2024-08-06", None),
        (f"openrouter/anthropic/{SONNET}", SONNET, "openrouter"),
        (f"litellm_proxy/anthropic/{SONNET}", SONNET, "anthropic"),
        ("gemini/gemini-2.5-pro", "gemini-2.5-pro", "gemini"),
        ("models/gemini-2.5-pro", "gemini-2.5-pro", None),
        ("vertex_ai/claude-3-opus@20240229", "claude-3-opus", "vertex_ai"),
        (
            "projects/p/locations/us-east5/publishers/anthropic/models/claude-3-opus@20240229",
            "claude-3-opus",
            "vertex_ai",
        ),
        ("azure/gpt-4o", "gpt-4o", "azure"),
        ("azure/eu/gpt-4o", "gpt-4o", "azure"),
        (f"us.anthropic.{SONNET}-v1:0", SONNET, "bedrock"),
        (f"bedrock/eu.anthropic.{SONNET}-v1:0", SONNET, "bedrock"),
        (f"bedrock/converse/apac.anthropic.{SONNET}-v1:0", SONNET, "bedrock"),
        (f"bedrock/us-west-2/anthropic.{SONNET}-v1:0", SONNET, "bedrock"),
        (
            f"arn:aws:bedrock:us-east-1:123:inference-profile/us.anthropic.{SONNET}-v1:0",
            SONNET,
            "bedrock",
        ),
        ("anthropic.claude-v2:1", "claude-v2:1", "bedrock"),
        ("us.deepseek.r1-v1:0", "deepseek.r1", "bedrock"),
        ("claude-sonnet-4-5[1m]", "claude-sonnet-4-5", None),
        ("ollama/llama3:8b", "llama3:8b", "ollama"),
        ("my-org/custom", "my-org/custom", None),
        ("my-org/anthropic/custom", "my-org/anthropic/custom", None),
        ("anthropic/", "anthropic/", None),
        ("@default", "@default", None),
    ],
)
def test_decoration_is_cut_and_the_name_stays(raw: str, model: str, provider: str | None) -> None:
    assert normalise(raw) == (model, provider)


def test_who_the_source_says_served_it_wins() -> None:
    assert normalise("openai/gpt-4o", "Azure") == ("gpt-4o", "azure")
    assert normalise("gpt-4o", "openai") == ("gpt-4o", "openai")
    assert normalise("openai/gpt-4o", "None") == ("gpt-4o", "openai")


@pytest.mark.parametrize("raw", [None, "", "None", "null", 1.5, True, {}, []], ids=repr)
def test_what_is_no_name_is_not_known(raw: object) -> None:
    assert normalise(raw) == (None, None)
    assert normalise(raw, "openai") == (None, "openai")


def test_a_number_for_a_name_is_read_as_text() -> None:
    assert normalise(4, 5) == ("4", "5")


PIECES = st.sampled_from(
    (
        *("anthropic/", "bedrock/", "us.", "anthropic.", "azure/eu/", "models/"),
        *("arn:aws:bedrock:x/", "claude-3", "gpt-4o", "-v1:0", "@20240229", "[1m]"),
        *("/", " ", "@", "-v2"),
    )
)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES, max_size=8).map("".join)))
def test_normalising_twice_changes_nothing_and_no_text_raises(raw: str) -> None:
    model, _ = normalise(raw)
    assert model is None or normalise(model)[0] == model
