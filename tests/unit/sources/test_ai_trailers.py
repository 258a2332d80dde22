"""Vendors are told by e-mail, models by name, and people called Claude stay people."""

from __future__ import annotations

import pytest

from prodlens.sources.ai_trailers import (
    account_of,
    author_sign,
    is_nobody,
    is_program,
    tool_vendor,
    trailer_sign,
)

BY = "Co-authored-by"


@pytest.mark.parametrize(
    ("key", "value", "vendor", "model", "role"),
    [
        (BY, "Claude Opus 4.6 <noreply@anthropic.com>", "anthropic", "claude-opus-4-6", "author"),
        (BY, "Claude <noreply@anthropic.com>", "anthropic", None, "author"),
        (BY, "Claude Fable 5 <noreply@anthropic.com>", "anthropic", "claude-fable-5", "author"),
        (
            BY,
            "Claude Opus 4.8 (1M context) <noreply@anthropic.com>",
            "anthropic",
            "claude-opus-4-8",
            "author",
        ),
        (BY, "Codex Opus 4.6 <noreply@anthropic.com>", "anthropic", "claude-opus-4-6", "author"),
        (
            BY,
            "Claude 3.5 Sonnet <noreply@anthropic.com>",
            "anthropic",
            "claude-3-5-sonnet",
            "author",
        ),
        (BY, "Claude Code 2.1 <noreply@anthropic.com>", "anthropic", None, "author"),
        (BY, "Copilot <Copilot@users.noreply.github.com>", "github", None, "author"),
        (BY, "Copilot <198982749+Copilot@users.noreply.github.com>", "github", None, "author"),
        (BY, "Copilot <copilot@github.com>", "github", None, "author"),
        (
            BY,
            "Copilot Autofix powered by AI <Copilot@users.noreply.github.com>",
            "github",
            None,
            "review",
        ),
        (
            BY,
            "coderabbitai[bot] <136622811+coderabbitai[bot]@users.noreply.github.com>",
            "coderabbit",
            None,
            "review",
        ),
        (BY, "Cursor Agent <cursoragent@cursor.com>", "cursor", None, "author"),
        (BY, "Codex <noreply@openai.com>", "openai", None, "author"),
        (
            BY,
            "OpenCode google-vertex/claude-opus-4-8@default <noreply@opencode.ai>",
            "opencode",
            "claude-opus-4-8",
            "author",
        ),
        (BY, "aider (gpt-4o) <aider@aider.chat>", "aider", "gpt-4o", "author"),
        ("Assisted-by", "ClaudeCode:claude-opus-4.8", "anthropic", "claude-opus-4-8", "author"),
        ("Assisted-by", "OpenCode:glm-5", "opencode", "glm-5", "author"),
        (
            "Assisted-by",
            "Claude Opus 5 <noreply@anthropic.com>",
            "anthropic",
            "claude-opus-5",
            "author",
        ),
        ("Made-with", "Cursor", "cursor", None, "author"),
        (
            "claude-generated-by",
            "Claude Code (cli/claude-opus-4-5=100%)",
            "anthropic",
            "claude-opus-4-5",
            "author",
        ),
    ],
)
def test_a_trailer_names_vendor_model_and_role(
    key: str, value: str, vendor: str, model: str | None, role: str
) -> None:
    sign = trailer_sign(key, value)
    assert sign is not None
    assert (sign.key, sign.vendor, sign.model, sign.role.value) == (
        key.lower(),
        vendor,
        model,
        role,
    )
    assert sign.session_ref is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (BY, "Ashwin <ashwin@anthropic.com>"),
        (BY, "Claude Monet <claude@example.org>"),
        (BY, "Devin Campbell <amp.samper@example.org>"),
        (BY, "Claude"),
        (BY, "dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>"),
        (BY, "renovate[bot] <29139614+renovate[bot]@users.noreply.github.com>"),
        ("Assisted-by", "Bob"),
        ("Generated-by", "protoc"),
        ("Made-with", "love"),
        ("Claude-Session", "https://example.org/code/session_01ABCDEFG"),
        ("Assisted-by", "ClaudeCode:" + "x" * 400),
    ],
)
def test_what_names_no_assistant_is_no_sign(key: str, value: str) -> None:
    assert trailer_sign(key, value) is None


def test_a_model_whose_name_goes_on_is_not_guessed() -> None:
    sign = trailer_sign("Assisted-by", "Codex:gpt-5.1 turbo edition")
    assert sign is not None
    assert sign.model is None


def test_a_claude_session_is_referred_to_without_its_query() -> None:
    url = "https://claude.ai/code/session_01ABCDEFGHIJ?from=cli"
    sign = trailer_sign("Claude-Session", url)
    assert sign is not None
    assert (sign.vendor, sign.session_ref) == ("anthropic", "session_01ABCDEFGHIJ")


def test_an_assistant_that_commits_itself_is_a_sign() -> None:
    sign = author_sign(
        "devin-ai-integration[bot]",
        "158243242+devin-ai-integration[bot]@users.noreply.github.com",
    )
    assert sign is not None
    assert (sign.key, sign.vendor, sign.role.value) == ("author", "cognition", "author")
    assert author_sign("Ada", "ada@example.org") is None


@pytest.mark.parametrize(
    ("name", "email", "program"),
    [
        ("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com", True),
        ("Renovate", "bot@renovateapp.com", True),
        ("Claude", "noreply@anthropic.com", True),
        ("Ada", "101+ada@users.noreply.github.com", False),
        ("Robert Bot", "robot@example.org", False),
        ("Claude", "claude@example.org", False),
    ],
)
def test_programs_are_told_from_people(name: str, email: str, program: bool) -> None:
    assert is_program(name, email) is program


def test_github_itself_is_nobody() -> None:
    assert is_nobody("noreply@github.com")
    assert is_nobody("NoReply@GitHub.com ")
    assert is_nobody("")
    assert not is_nobody("ada@users.noreply.github.com")


def test_githubs_addresses_hold_accounts() -> None:
    assert account_of("101+Ada@users.noreply.github.com") == (101, "ada")
    assert account_of("ada@users.noreply.github.com") == (None, "ada")
    assert account_of("ada@example.org") is None
    assert account_of("@users.noreply.github.com") is None


def test_a_tool_is_known_by_its_whole_name_only() -> None:
    assert tool_vendor("Claude Code") == "anthropic"
    assert tool_vendor("claude-code") == "anthropic"
    assert tool_vendor("example") is None
