"""Records that may have to do with each other share a tie; others don't."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from prodlens.lake.ties import ties_of
from prodlens.schemas import CanonicalTrace, ContextFact, Fact, Suggestion
from prodlens.storage.identity_keys import observe
from prodlens.storage.merging import NOWHERE

WHEN = datetime(2026, 10, 1, tzinfo=UTC)
NOTHING = dict.fromkeys(
    (
        "session_id",
        "developer_id",
        "model",
        "tokens_in",
        "tokens_out",
        "latency_ms",
        "status_code",
        "accepted_flag",
    )
)


def call(**said: Any) -> Any:
    return observe(CanonicalTrace(**{**NOTHING, "timestamp": WHEN, "source": "litellm", **said}))


def edit(**said: Any) -> Any:
    return Suggestion(key="tool:1", source="codex", **said), NOWHERE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (call(native_key="message:1"), call(native_key="request:1", other_keys=("message:1",))),
        (call(native_key="message:1"), call(native_key="span:9", shadows=("message:1",))),
        (call(native_key="a", session_id="s"), call(native_key="b", session_id="s")),
        (call(native_key="a", trace_id="t"), call(native_key="b", trace_id="t")),
        (call(native_key="a", status_code=500), call(native_key="b", error_type="Timeout")),
        (call(scopes=("codex_turn:1",)), ContextFact("codex_turn:1", Fact.MODEL, "m", "codex")),
        (call(session_id="s"), ContextFact("codex_turn:1", Fact.SESSION_ID, "s", "codex")),
        (call(native_key="message:1"), edit(call_key="message:1")),
        (call(scopes=("claude_prompt:1",)), edit(within="claude_prompt:1")),
        (edit(call_key="message:1"), edit(session_id="s")),
    ],
)
def test_what_may_belong_together_is_tied(one: Any, other: Any) -> None:
    assert set(ties_of(one)) & set(ties_of(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (call(native_key="message:1"), call(native_key="message:2")),
        (call(session_id="s"), call(trace_id="s")),
        (call(native_key="a", status_code=200), call(native_key="b", status_code=200)),
        (
            ContextFact("codex_turn:1", Fact.MODEL, "m", "codex"),
            ContextFact("codex_turn:2", Fact.MODEL, "m", "codex"),
        ),
    ],
)
def test_what_is_strange_to_each_other_is_not_tied(one: Any, other: Any) -> None:
    assert not set(ties_of(one)) & set(ties_of(other))


def test_a_call_without_any_id_is_tied_to_itself() -> None:
    assert len(ties_of(call())) == 1
    assert ties_of(call()) == ties_of(call())
