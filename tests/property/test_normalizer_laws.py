"""Laws of the normalizer: no JSON value raises, and what comes out can always be stored.

`PRODLENS_FUZZ_EXAMPLES=5000` tries more than the 50 examples of an ordinary run.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.schemas import TRACE_FIELDS, CanonicalTrace, Reject, Skipped
from prodlens.trace_normalizer import TraceFormat, normalize_records, read_records

if TYPE_CHECKING:
    from prodlens.schemas import Outcome

DATA = Path(__file__).parents[1] / "data" / "litellm"
EXAMPLES = int(os.environ.get("PRODLENS_FUZZ_EXAMPLES", "50"))
NOW = datetime(2026, 11, 23, tzinfo=UTC)
SIMPLE = {
    "timestamp": "2024-10-28T12:00:00Z",
    "id": "r-1",
    "usage": {"input_tokens": 1000, "output_tokens": 500, "cache_read_input_tokens": 10},
    "attributes": {"llm": {"model_name": "gpt-4o"}, "status_code": 200, "latency_ms": 3.5},
    "metadata": {
        "session_id": "session_abc",
        "developer_id": "dev-1",
        "repo_slug": "acme/widgets",
        "accepted_flag": True,
        "diff_ratio": 0.5,
        "accepted_lines": 3,
        "requester_metadata": {"user_id": "user_1_account_2_session_3"},
    },
}


def captured() -> list[dict[str, Any]]:
    """Return real records without their bodies, SpendLogs with metadata as text and as object."""
    records: list[dict[str, Any]] = [SIMPLE]
    for name in ("standard_logging_payload.jsonl", "spend_logs.jsonl"):
        for line in (DATA / name).read_text().splitlines():
            record = json.loads(line)
            for body in ("messages", "response", "proxy_server_request", "model_map_information"):
                record.pop(body, None)
            records.append(record)
            if isinstance(record["metadata"], str):
                records.append(record | {"metadata": json.loads(record["metadata"])})
    return records


RECORDS = captured()
NASTY = st.sampled_from(
    [
        math.nan,
        math.inf,
        -math.inf,
        -1,
        -0.0,
        2**63,
        -(2**63) - 1,
        10**400,
        1e308,
        "\ud800",
        "a\x00b",
        "9" * 5000,
        "NaN",
        "{" * 5000,
        '{"session_id": {"session_id": []}}',
        "user__account__session_",
        "../../etc",
        "9999-12-31T23:59:59-14:00",
        "2026-11-22T18:29:32+00:00Z",
        "x" * 100_000,
        True,
        "",
    ]
)
VALUES = st.one_of(
    NASTY,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    ),
)


def holders(record: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Return every place of a record where a value stands: its holder and the key or index."""
    found: list[tuple[Any, Any]] = []
    waiting: list[Any] = [record]
    while waiting:
        holder = waiting.pop()
        keys = holder if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
    return found


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a real record with some values replaced and some keys gone."""
    record: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(RECORDS)))
    for _ in range(draw(st.integers(1, 4))):
        places = holders(record)
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        if isinstance(holder, dict) and draw(st.integers(0, 4)) == 0:
            del holder[key]
        else:
            holder[key] = draw(VALUES)
    return record


def check(trace: CanonicalTrace) -> None:
    """Assert what the store relies on: 64-bit counts, finite numbers, UTF-8, UTC."""
    for name in TRACE_FIELDS:
        value = getattr(trace, name)
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str):
                assert text.encode()
                assert "\x00" not in text
                assert len(text) <= 400
        if isinstance(value, int):
            assert 0 <= value < 2**63
        if isinstance(value, float):
            assert math.isfinite(value)
            assert value >= 0
    assert trace.timestamp.tzinfo is UTC
    assert trace.status_code is None or 100 <= trace.status_code <= 599
    assert trace.diff_ratio is None or trace.diff_ratio <= 1
    assert (trace.cost_usd is None) == (trace.cost_source == "unknown")
    assert (trace.session_id is None) == (trace.session_source is None)
    assert (trace.developer_id is None) == (trace.developer_source is None)
    json.dumps(trace.to_record(), allow_nan=False)


FORMATS = st.sampled_from([None, *TraceFormat])


@settings(max_examples=EXAMPLES, deadline=None)
@given(mutated(), FORMATS)
def test_a_broken_record_is_read_or_set_aside_and_never_raises(
    record: dict[str, Any], override: TraceFormat | None
) -> None:
    outcomes = list(read_records([record], override, now=NOW))
    assert outcomes
    for outcome in outcomes:
        if isinstance(outcome, CanonicalTrace):
            check(outcome)
        else:
            assert isinstance(outcome, Reject | Skipped)


@settings(max_examples=EXAMPLES, deadline=None)
@given(VALUES, FORMATS)
def test_any_json_value_is_read_or_set_aside(value: Any, override: TraceFormat | None) -> None:
    for outcome in read_records([value], override, now=NOW):
        assert isinstance(outcome, CanonicalTrace | Reject | Skipped)


@settings(max_examples=EXAMPLES, deadline=None)
@given(mutated())
def test_reading_changes_neither_the_record_nor_the_next_reading(record: dict[str, Any]) -> None:
    before = repr(record)
    first = repr(list(read_records([record], now=NOW)))
    assert repr(list(read_records([record], now=NOW))) == first
    assert repr(record) == before


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(mutated(), max_size=4), st.integers(0, 4))
def test_a_split_of_the_records_gives_the_same_outcomes_but_for_their_places(
    records: list[dict[str, Any]], at: int
) -> None:
    whole = list(read_records(records, now=NOW))
    parts = [*read_records(records[:at], now=NOW), *read_records(records[at:], now=NOW)]
    assert repr([placeless(one) for one in whole]) == repr([placeless(one) for one in parts])


def placeless(outcome: Outcome) -> Outcome:
    return dataclasses.replace(outcome, index=None) if isinstance(outcome, Reject) else outcome


def test_nesting_without_end_is_no_danger() -> None:
    deep: Any = "bottom"
    for _ in range(100_000):
        deep = [deep]
    nested: dict[str, Any] = {}
    for _ in range(100_000):
        nested = {"metadata": nested}
    records: list[Any] = [deep, nested, {"usage": deep, "timestamp": deep}]
    for base in RECORDS:
        records += [base | {key: deep} for key in base]
        records += [base | {key: nested} for key in base]
    outcomes = read_records(records, now=NOW)
    assert all(isinstance(o, CanonicalTrace | Reject | Skipped) for o in outcomes)
    assert normalize_records([RECORDS[0] | {"messages": deep}])


def test_prompts_and_answers_leave_no_mark() -> None:
    secret = "correct horse battery staple"  # noqa: S105 - stands for a prompt
    bodies = ("messages", "response", "proxy_server_request", "error_str", "model_parameters")
    for base in RECORDS:
        record = base | {key: {"content": secret} for key in bodies}
        record["error_information"] = {"error_message": secret, "traceback": secret}
        for outcome in read_records([record, record | {"startTime": secret}], now=NOW):
            assert secret not in repr(outcome)
