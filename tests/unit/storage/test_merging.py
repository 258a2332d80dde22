"""Which record of a call is believed where several of one rank, or of two sources, disagree."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prodlens.schemas import CanonicalTrace
from prodlens.storage.identity_keys import observe
from prodlens.storage.merging import resolve

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def call(**changes: Any) -> CanonicalTrace:
    values: dict[str, Any] = {
        "session_id": "s1",
        "session_source": "explicit",
        "developer_id": None,
        "timestamp": NOON,
        "model": "claude-sonnet-4-5",
        "tokens_in": 100,
        "tokens_out": 10,
        "latency_ms": None,
        "status_code": 200,
        "accepted_flag": None,
        "source": "claude_code",
        "native_key": "message:m1",
    }
    return CanonicalTrace(**{**values, **changes})


def merged(*calls: CanonicalTrace) -> CanonicalTrace:
    """Return what calls say together, which is the same in any order."""
    found = {
        resolve([observe(one) for one in order])[0].trace for order in itertools.permutations(calls)
    }
    (trace,) = found
    return trace


EMAIL = call(source="claude_code_otel", developer_id="ana@example.com", developer_source="explicit")
OWNER = call(source="litellm", developer_id="alice", developer_source="explicit")
DEVICE = call(source="claude_code_otel", developer_id="d" * 64, developer_source="derived")


@pytest.mark.parametrize(
    ("calls", "developer"),
    [
        ((EMAIL, OWNER), "ana@example.com"),
        ((DEVICE, OWNER), "alice"),
        ((DEVICE, EMAIL, OWNER), "ana@example.com"),
    ],
)
def test_telemetrys_address_then_the_proxys_user_then_the_device(
    calls: tuple[CanonicalTrace, ...], developer: str
) -> None:
    assert merged(*calls).developer_id == developer


def test_of_equally_good_sessions_the_one_that_was_written_first_stays() -> None:
    original = call(source="codex", session_id="thread-b")
    stamped_anew = call(source="codex", session_id="thread-a", timestamp=NOON + timedelta(hours=1))
    assert merged(stamped_anew, original).session_id == "thread-b"


def test_a_side_chain_that_repeats_its_parents_call_makes_it_no_agents_call() -> None:
    own = call(is_subagent=False, traffic_class="human")
    replayed = call(is_subagent=True, traffic_class="subagent", source_record_id="copy")
    found = merged(replayed, own)
    assert (found.is_subagent, found.traffic_class) == (False, "human")


def test_another_sources_word_for_an_agent_stays() -> None:
    told = call(is_subagent=True, traffic_class="subagent")
    proxied = call(source="litellm", traffic_class="human")
    found = merged(told, proxied)
    assert (found.is_subagent, found.traffic_class) == (True, "subagent")
