from __future__ import annotations

import pytest

from prodlens.errors import InputError
from prodlens.metrics.policy import Policy, parse_policy


@pytest.mark.parametrize(
    ("pattern", "model"),
    [
        ("claude-3-sonnet", "claude-3-sonnet"),
        ("anthropic/claude-3-sonnet", "claude-3-sonnet"),
        ("claude-3-sonnet", "anthropic/claude-3-sonnet"),
        ("claude-3-sonnet", "claude-3-sonnet-20240229"),
        ("claude-3-sonnet-20240229", "claude-3-sonnet"),
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("GPT-4o", "gpt-4O"),
        ("claude-*", "claude-sonnet-4-5-20250929"),
        ("claude-sonnet-4-5-2025*", "claude-sonnet-4-5-20250929"),
        ("claude-sonnet-4-5", "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ],
)
def test_a_policy_allows(pattern: str, model: str) -> None:
    assert parse_policy([pattern]).allows(model)


@pytest.mark.parametrize(
    ("pattern", "model"),
    [
        ("claude-3-sonnet", "claude-3-haiku"),
        ("claude-3", "claude-3-sonnet"),
        ("gpt-4o", "gpt-4o-mini"),
        ("*-haiku", "claude-3-sonnet"),
    ],
)
def test_a_policy_does_not_allow(pattern: str, model: str) -> None:
    assert not parse_policy([pattern]).allows(model)


@pytest.mark.parametrize("nothing", [None, [], ()])
def test_without_patterns_there_is_no_policy(nothing: list[str] | None) -> None:
    assert not parse_policy(nothing)
    assert Policy().patterns == ()


def test_a_single_text_is_one_pattern_and_order_does_not_matter() -> None:
    assert parse_policy("claude-*").patterns == ("claude-*",)
    assert parse_policy({"b", "a"}) == parse_policy(["a", "b", "a"])


@pytest.mark.parametrize("pattern", ["", "  ", "anthropic/*", "openai/**"])
def test_a_pattern_that_names_no_model_is_refused(pattern: str) -> None:
    with pytest.raises(InputError, match=r"claude-\*"):
        parse_policy([pattern])
