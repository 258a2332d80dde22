"""Laws of Claude Code's two formats: nothing raises, nothing private leaks, order never matters.

`PRODLENS_FUZZ_EXAMPLES=5000` tries more than the examples of an ordinary run.
"""

from __future__ import annotations

import copy
import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.schemas import (
    CanonicalTrace,
    ContextFact,
    Reject,
    SessionLink,
    Skipped,
    Suggestion,
)
from prodlens.sources import claude_code, otlp_emitters

if TYPE_CHECKING:
    from prodlens.schemas import Outcome

DATA = Path(__file__).parents[1] / "data"
EXAMPLES = int(os.environ.get("PRODLENS_FUZZ_EXAMPLES", "100"))
NOW = datetime(2026, 11, 23, tzinfo=UTC)
PRIVATE = "zx-private-zx"


def lines(folder: str) -> list[dict[str, Any]]:
    found = sorted((DATA / folder).rglob("*.jsonl"))
    return [json.loads(line) for path in found for line in path.read_text().splitlines()]


TRANSCRIPTS = lines("claude_code_transcripts")
OLD: dict[str, Any] = {
    "timestamp": "2025-06-01T10:00:00.000Z",
    "version": "1.0.9",
    "message": {"id": "msg_01old", "usage": {"input_tokens": 1, "output_tokens": 2}},
    "requestId": "req_01old",
    "costUSD": 0.25,
}
RETRIED: dict[str, Any] = {
    "type": "system",
    "subtype": "api_error",
    "uuid": "u-5",
    "sessionId": "s-1",
    "timestamp": "2026-11-22T18:35:00Z",
    "error": {"status": 529, "requestID": "req_01try", "error": {"error": {"type": "x"}}},
    "retryAttempt": 2,
}
RECORDS = [*TRANSCRIPTS, OLD, RETRIED]
TELEMETRY = lines("claude_code_otel")
VALUES = st.one_of(
    st.sampled_from(
        [
            math.nan,
            math.inf,
            -1,
            2**63,
            10**400,
            1e308,
            "\ud800",
            "a\x00b",
            "9" * 5000,
            "{" * 5000,
            '{"a": {"b": []}}',
            "9999-12-31T23:59:59-14:00",
            "x" * 100_000,
            True,
            "",
            [],
            {},
            None,
        ]
    ),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    ),
)


def places(record: Any) -> list[tuple[Any, Any]]:
    """Return every place of a record where a value stands: its holder and the key or index."""
    found: list[tuple[Any, Any]] = []
    waiting: list[Any] = [record]
    while waiting:
        holder = waiting.pop()
        for key in holder if isinstance(holder, dict) else range(len(holder)):
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
    return found


@st.composite
def mutated(draw: st.DrawFn, records: list[dict[str, Any]]) -> dict[str, Any]:
    """Draw a real record with some values replaced and some keys gone."""
    record: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(records)))
    for _ in range(draw(st.integers(1, 4))):
        found = places(record)
        if not found:
            break
        holder, key = draw(st.sampled_from(found))
        if isinstance(holder, dict) and draw(st.integers(0, 4)) == 0:
            del holder[key]
        else:
            holder[key] = draw(VALUES)
    return record


def numbers_of(outcome: Outcome) -> list[float]:
    if isinstance(outcome, CanonicalTrace):
        counts = (outcome.tokens_in, outcome.tokens_out, outcome.total_tokens)
        found = [*counts, outcome.latency_ms, outcome.ttft_ms, outcome.cost_usd]
    elif isinstance(outcome, Suggestion):
        found = [outcome.proposed_lines, outcome.applied_lines, outcome.diff_ratio]
    else:
        found = []
    return [number for number in found if number is not None]


def check(outcomes: list[Outcome]) -> None:
    """Assert what the store relies on."""
    assert outcomes
    for one in outcomes:
        assert isinstance(
            one, CanonicalTrace | Suggestion | ContextFact | SessionLink | Reject | Skipped
        )
        assert all(math.isfinite(n) and 0 <= n < 2**63 for n in numbers_of(one))
        if isinstance(one, CanonicalTrace):
            json.dumps(one.to_record(), allow_nan=False).encode()
            assert (one.cost_usd is None) == (one.cost_source == "unknown")
            assert (one.session_id is None) == (one.session_source is None)
            assert (one.developer_id is None) == (one.developer_source is None)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(mutated(RECORDS), min_size=1, max_size=3))
def test_a_broken_line_of_a_transcript_never_raises(records: list[dict[str, Any]]) -> None:
    for record in records:
        before = repr(record)
        claude_code.matches(record)
        check(list(claude_code.read(record, now=NOW)))
        assert repr(record) == before


@settings(max_examples=EXAMPLES, deadline=None)
@given(mutated(TELEMETRY))
def test_a_broken_export_of_telemetry_never_raises(record: dict[str, Any]) -> None:
    before = repr(record)
    outcomes = list(otlp_emitters.read(record, now=NOW))
    assert repr(record) == before
    if outcomes:
        check(outcomes)


def told(record: dict[str, Any]) -> dict[str, Any]:
    """Return a line with every text of its bodies replaced by a private one."""
    line = copy.deepcopy(record)
    for holder, key in places(line):
        if key in ("content", "text", "new_string", "old_string", "stdout", "cwd", "lastPrompt"):
            if isinstance(holder[key], str):
                holder[key] = PRIVATE
        elif key in ("oldString", "newString", "originalFile", "aiTitle", "command"):
            holder[key] = PRIVATE
    return line


def test_nothing_of_any_body_comes_out() -> None:
    shown = "".join(repr(list(claude_code.read(told(line), now=NOW))) for line in TRANSCRIPTS)
    assert PRIVATE not in shown
    assert "/home/dev" not in shown
