"""Owns which ids of a provider make two records the same call, for every format.

Source: sources.md 7: LiteLLM's `id`, a transcript's `message.id` and a span's response id are the
provider's response id; a transcript's `requestId` and Claude Code's `request_id` its request id.
"""

from __future__ import annotations

import re
from typing import Final

_UNIQUE_ID: Final = re.compile(r"msg_|resp_|(?:[a-z]{1,12}[-_])?+(?:[^A-Za-z0-9]*[A-Za-z0-9]){20}")
"""A response id of one call only: 20 letters or digits beside a prefix. Ollama's ids, for one, are
`chatcmpl-<0..999>`. Source: ollama middleware/openai.go, `rand.Intn(999)`."""
_LONGEST_PREFIX: Final = 13
_LEAST: Final = 20
_PROVIDERS_OWN: Final = "req_"
"""Anthropic's and OpenAI's request ids start so. Other servers may repeat an id that the client
chose for several calls, so only these may tie records together."""


def message_key(response_id: str | None) -> str | None:
    """Return the key of a provider's response id; None when its form may repeat."""
    if response_id is None:
        return None
    behind = response_id[_LONGEST_PREFIX:]
    # Most ids end in so many letters and digits that their prefix need not be looked at.
    plain = len(behind) >= _LEAST and behind.isascii() and behind.isalnum()
    return f"message:{response_id}" if plain or _UNIQUE_ID.match(response_id) else None


def request_key(request_id: str | None) -> str | None:
    """Return the key of a provider's request id; None when its form may repeat."""
    if request_id is None or not request_id.startswith(_PROVIDERS_OWN):
        return None
    return f"request:{request_id}"
