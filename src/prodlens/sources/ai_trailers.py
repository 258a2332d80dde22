"""Owns which accounts and tools are AI assistants, AI reviewers or other programs; reads no git.

An account is known by its e-mail, never by its name: people are called Claude and Devin, and a name
that holds "amp" is Campbell. What is not in these tables is taken for a person, so that every count
of AI assistance is a lower bound ("at least").

Source: trailers seen in about 65 public repositories, and the vendors' own default signatures.
"""

from __future__ import annotations

import functools
import re
from enum import StrEnum
from typing import Final, NamedTuple


class Role(StrEnum):
    """What an assistant did for a commit."""

    AUTHOR = "author"
    """It wrote some of the change."""
    REVIEW = "review"
    """It commented, and a suggestion of it was taken over."""


class AiSign(NamedTuple):
    """One sign of AI assistance in a commit.

    Attributes:
        key: Trailer key in lower case; `generated-with` for the sentence that some tools add,
            `author` when the author of the commit is an assistant.
        value: What stands behind the key.
        vendor: Whose assistant it is.
        model: Model as traces name it (`claude-opus-4-6`); None when none is named.
        role: Author or review.
        session_ref: Session of the assistant; None when none is named.
    """

    key: str
    value: str
    vendor: str
    model: str | None
    role: Role
    session_ref: str | None


GITHUB_MAIL: Final = "users.noreply.github.com"
"""Domain of the addresses that GitHub makes for accounts: `ID+login@`, before 2017 `login@`."""
_LONGEST: Final = 300

_AUTHOR_MAILS: Final = {
    "noreply@anthropic.com": "anthropic",
    "claude@anthropic.com": "anthropic",
    "copilot@github.com": "github",
    "cursoragent@cursor.com": "cursor",
    "noreply@openai.com": "openai",
    "codex@openai.com": "openai",
    "jules@google.com": "google",
    "gemini-cli@google.com": "google",
    "amp@ampcode.com": "amp",
    "noreply@opencode.ai": "opencode",
    "aider@aider.chat": "aider",
    "noreply@aider.chat": "aider",
    "crush@charm.land": "charm",
    "agent@warp.dev": "warp",
    "oz-agent@warp.dev": "warp",
    "qwen-coder@alibabacloud.com": "alibaba",
    "junie@jetbrains.com": "jetbrains",
}
_AUTHOR_LOGINS: Final = {
    "claude": "anthropic",
    "claude[bot]": "anthropic",
    "anthropic-code-agent[bot]": "anthropic",
    "copilot": "github",
    "copilot-swe-agent[bot]": "github",
    "cursor[bot]": "cursor",
    "devin-ai-integration[bot]": "cognition",
    "google-labs-jules[bot]": "google",
    "gemini-cli[bot]": "google",
    "factory-droid[bot]": "factory",
    "opencode-agent[bot]": "opencode",
    "pullfrog[bot]": "pullfrog",
    "use-tusk[bot]": "tusk",
}
_REVIEW_LOGINS: Final = {
    "coderabbitai[bot]": "coderabbit",
    "sourcery-ai[bot]": "sourcery",
    "ellipsis-dev[bot]": "ellipsis",
    "greptile-apps[bot]": "greptile",
    "cubic-dev-ai[bot]": "cubic",
    "gemini-code-assist[bot]": "google",
    "chatgpt-codex-connector[bot]": "openai",
    "github-advanced-security[bot]": "github",
    "review-agent-prime[bot]": "review-agent-prime",
    "hyperlint-ai[bot]": "hyperlint",
    "depthfirst-app[bot]": "depthfirst",
}
_REVIEW_NAMES: Final = ("copilot autofix",)
"""Beginnings of names that one account uses for reviews and another for writing."""
_TOOLS: Final = {
    "claude": "anthropic",
    "claudecode": "anthropic",
    "copilot": "github",
    "githubcopilot": "github",
    "cursor": "cursor",
    "cursoragent": "cursor",
    "codex": "openai",
    "codexcli": "openai",
    "openaicodex": "openai",
    "gemini": "google",
    "geminicli": "google",
    "jules": "google",
    "amp": "amp",
    "opencode": "opencode",
    "aider": "aider",
    "crush": "charm",
    "warp": "warp",
    "devin": "cognition",
    "qwencode": "alibaba",
    "qwencoder": "alibaba",
    "junie": "jetbrains",
    "windsurf": "windsurf",
    "cline": "cline",
    "roocode": "roocode",
}
"""Whole names of tools, letters only, where a trailer names the tool and no account."""
_PROGRAM_MAILS: Final = frozenset(
    {
        "action@github.com",
        "actions@github.com",
        "bot@renovateapp.com",
        "support@dependabot.com",
        "gemini-cli-robot@google.com",
        f"gemini-cli-robot@{GITHUB_MAIL}",
        "semantic-release-bot@martynus.net",
    }
)
_NOBODY_MAILS: Final = frozenset({"noreply@github.com", "none@none"})
_NOBODY_LOGINS: Final = frozenset({"ghost", "web-flow"})
"""Accounts that stand for whoever it was: GitHub's own committer, deleted users, importers."""

_PERSON: Final = re.compile(r"([^<>]*)<([^<>]*)>")
_NUMBERED: Final = re.compile(r"(\d{1,12})\+(.+)")
_MODEL_ID: Final = re.compile(
    r"(?<![\w-])((?:claude|gpt|gemini|glm|grok|qwen|deepseek|kimi|mistral|devstral|codestral|llama"
    r"|minimax)[-.a-z0-9]*\d[-.a-z0-9]*)(?=$|[)\]@=,;]|\s+[(\[])",
    re.IGNORECASE,
)
"""A model id that ends where it seems to: `gpt-5 codex` may be another model than `gpt-5`."""
_FAMILY_FIRST: Final = re.compile(r"(?:^|\s)([A-Za-z]+) (\d{1,2}(?:\.\d{1,2})?)(?=$|\s*[(\[])")
_VERSION_FIRST: Final = re.compile(
    r"(?:^|\s)Claude (\d(?:\.\d)?) ([A-Za-z]+)(?=$|\s*[(\[])", re.IGNORECASE
)
_NO_FAMILY: Final = frozenset({"claude", "code", "agent", "cli", "version", "v"})
_SESSION: Final = re.compile(r"https://claude\.ai/(?:[\w-]+/)*([\w-]{8,100})/?(?:[?#].*)?")


def account_of(email: str) -> tuple[int | None, str] | None:
    """Return `(GitHub id, login)` of an e-mail that GitHub made for an account, lower case.

    The id is None in addresses made before 2017; None for any other e-mail.

    >>> account_of("49699333+dependabot[bot]@users.noreply.github.com")
    (49699333, 'dependabot[bot]')
    """
    local, _, domain = email.strip().lower().rpartition("@")
    if domain != GITHUB_MAIL or not local:
        return None
    if found := _NUMBERED.fullmatch(local):
        return int(found[1]), found[2]
    return None, local


def is_nobody(email: str) -> bool:
    """Return whether an e-mail stands for no person and no program: nobody can be found by it."""
    address = email.strip().lower()
    account = account_of(address)
    return (
        not address
        or address in _NOBODY_MAILS
        or (account is not None and account[1] in _NOBODY_LOGINS)
    )


def is_program(name: str, email: str) -> bool:
    """Return whether an author is a program: an AI assistant, a reviewer, or any other bot."""
    account = account_of(email)
    login = account[1] if account else ""
    if name.strip().lower().endswith("[bot]") or login.endswith("[bot]"):
        return True
    return email.strip().lower() in _PROGRAM_MAILS or _assistant(name, email) is not None


def author_sign(name: str, email: str) -> AiSign | None:
    """Return the sign that a commit was written by an assistant itself; None for anyone else."""
    if (found := _assistant(name, email)) is None:
        return None
    vendor, role = found
    value = f"{name.strip()} <{email.strip().lower()}>"[:_LONGEST]
    return AiSign("author", value, vendor, _model(name, vendor), role, None)


@functools.lru_cache(maxsize=4096)
def trailer_sign(key: str, value: str) -> AiSign | None:
    """Return what a trailer says about AI assistance; None when it says nothing.

    Args:
        key: Its key, in any case.
        value: What stands behind the colon.
    """
    key, value = key.strip().lower(), value.strip()
    if len(value) > _LONGEST:
        return None
    if key == "claude-session":
        found = _SESSION.fullmatch(value)
        ref = found[1] if found else None
        return AiSign(key, value, "anthropic", None, Role.AUTHOR, ref) if ref else None
    if person := _PERSON.fullmatch(value):
        name, email = person[1].strip(), person[2]
        if (assistant := _assistant(name, email)) is None:
            return None
        vendor, role = assistant
        return AiSign(key, value, vendor, _model(name, vendor), role, None)
    return None if key == "co-authored-by" else _tool_sign(key, value)


def tool_vendor(name: str) -> str | None:
    """Return whose tool has exactly this name (`Claude Code`); None for an unknown one."""
    return _TOOLS.get("".join(filter(str.isalpha, name.lower())))


def _tool_sign(key: str, value: str) -> AiSign | None:
    """Read `Tool`, `Tool:model`, `Tool (model)` and `Tool [more]`."""
    tool = re.split(r"[:(\[]", value, maxsplit=1)[0]
    if (vendor := tool_vendor(tool)) is None:
        return None
    return AiSign(key, value, vendor, _model(value[len(tool) :].lstrip(":"), vendor), *_WRITTEN)


_WRITTEN: Final = (Role.AUTHOR, None)


def _assistant(name: str, email: str) -> tuple[str, Role] | None:
    address = email.strip().lower()
    account = account_of(address)
    login = account[1] if account else ""
    vendor = _AUTHOR_MAILS.get(address) or _AUTHOR_LOGINS.get(login)
    if vendor is not None:
        reviews = name.strip().lower().startswith(_REVIEW_NAMES)
        return vendor, Role.REVIEW if reviews else Role.AUTHOR
    reviewer = _REVIEW_LOGINS.get(login)
    return (reviewer, Role.REVIEW) if reviewer else None


def _model(text: str, vendor: str) -> str | None:
    """Return the model that a name holds, as traces write it; None when it names none for sure."""
    if found := _MODEL_ID.search(text):
        model = found[1].lower().rstrip(".-")
        return model.replace(".", "-") if model.startswith("claude") else model
    if vendor != "anthropic":
        return None
    if found := _VERSION_FIRST.search(text):
        return f"claude-{found[1]}-{found[2]}".lower().replace(".", "-")
    if (found := _FAMILY_FIRST.search(text)) and found[1].lower() not in _NO_FAMILY:
        return f"claude-{found[1]}-{found[2]}".lower().replace(".", "-")
    return None
