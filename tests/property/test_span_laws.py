"""Laws of spans: whatever stands in a field, nothing raises; a tree counts its leaves, once.

`PRODLENS_FUZZ_EXAMPLES=5000` tries more than the examples of an ordinary run.
"""

from __future__ import annotations

import copy
import io
import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.schemas import CanonicalTrace, ContextFact, Reject, Skipped
from prodlens.sources import containers, python_literals, span_usage
from prodlens.sources.span_usage import Counts
from prodlens.trace_normalizer import read_records

DATA = Path(__file__).parents[1] / "data"
EXAMPLES = int(os.environ.get("PRODLENS_FUZZ_EXAMPLES", "60"))
NOW = datetime(2026, 11, 23, tzinfo=UTC)
SECRET = "Traceback of a private prompt"  # noqa: S105 - stands for text that must not come out


def genai_span() -> dict[str, Any]:
    values = {
        "gen_ai.operation.name": {"stringValue": "chat"},
        "gen_ai.request.model": {"stringValue": "gpt-4o"},
        "gen_ai.response.id": {"stringValue": "chatcmpl-0123456789abcdefghij"},
        "gen_ai.usage.input_tokens": {"intValue": "100"},
        "gen_ai.usage.output_tokens": {"intValue": 20},
        "gen_ai.usage.cache_read.input_tokens": {"intValue": "7"},
        "gen_ai.cost.total_cost": {"doubleValue": 0.5},
        "gen_ai.response.finish_reasons": {"arrayValue": {"values": [{"stringValue": "stop"}]}},
        "metadata.requester_metadata": {"stringValue": "{'session_id': 's-1', 'n': None}"},
        "session.id": {"stringValue": "s-1"},
        "user.email": {"stringValue": "a@example.com"},
        "gen_ai.input.messages": {"stringValue": SECRET},
    }
    span = {
        "traceId": "0" * 31 + "1",
        "spanId": "0" * 15 + "1",
        "parentSpanId": "0" * 15 + "2",
        "name": "chat gpt-4o",
        "kind": 3,
        "startTimeUnixNano": "1795372172155726848",
        "endTimeUnixNano": "1795372172255726848",
        "status": {"code": 2, "message": SECRET},
        "events": [{"name": "exception", "attributes": []}],
        "attributes": [{"key": key, "value": value} for key, value in values.items()],
    }
    scope = {"scope": {"name": "litellm", "version": "1"}, "spans": [span]}
    repo = {"key": "repo", "value": {"stringValue": "acme/widgets"}}
    return {"resourceSpans": [{"resource": {"attributes": [repo]}, "scopeSpans": [scope]}]}


def records() -> list[dict[str, Any]]:
    """Return one record of every shape that holds spans."""
    rows = (DATA / "phoenix/get_spans_dataframe.to_json_default.jsonl").read_text().splitlines()
    page = json.loads((DATA / "phoenix/rest_v1_spans.json").read_text())["data"]
    dumped = {
        "type": "span",
        "traceId": "0" * 31 + "1",
        "spanId": "0" * 15 + "1",
        "name": "chat gpt-5",
        "startTime": [1795372172, 5000],
        "endTime": [1795372173, 5000],
        "instrumentationScope": {"name": "copilot-chat"},
        "attributes": {"gen_ai.request.model": "gpt-5", "gen_ai.usage.input_tokens": 5},
    }
    event = {
        "hrTime": [1795372173, 0],
        "spanContext": {"traceId": "0" * 31 + "1"},
        "_body": "GenAI inference: gpt-5",
        "attributes": {"gen_ai.request.model": "gpt-5", "gen_ai.usage.input_tokens": 5},
    }
    return [genai_span(), json.loads(rows[0]), json.loads(rows[4]), page[0], page[5], dumped, event]


RECORDS = records()
NASTY: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        -1,
        0,
        2**70,
        -(2**70),
        1e308,
        math.nan,
        math.inf,
        "",
        "nan",
        "-3",
        "1e400",
        "\ud800",
        "{'a': ",
        "{" * 99,
        "[[1]]",
        '{"a": {"b": 1}}',
        "{'a': (1, {2})}",
        [],
        {},
        [None],
        {"a": None},
        {"code": []},
        {"values": 3},
        {"stringValue": {"intValue": []}},
        {"arrayValue": {"values": [[], {}, 3]}},
        [{"key": 3}, {"key": "x"}, 4],
    ]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value[:40]):
            found += places(inner, (*path, index))
    return found


PLACES = [places(record) for record in RECORDS]


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.data())
def test_no_value_in_any_field_raises_and_every_call_can_be_counted(data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(RECORDS) - 1))
    record = copy.deepcopy(RECORDS[which])
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(PLACES[which]))
        holder: Any = record
        try:
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = data.draw(NASTY)
        except (TypeError, KeyError, IndexError, AttributeError):
            continue
    for outcome in read_records([record], now=NOW):
        assert isinstance(outcome, CanonicalTrace | ContextFact | Reject | Skipped)
        assert SECRET not in repr(outcome)
        if isinstance(outcome, CanonicalTrace):
            cache = (outcome.cache_read_tokens or 0) + (outcome.cache_write_tokens or 0)
            assert outcome.tokens_in is None or cache <= outcome.tokens_in
            assert outcome.cost_usd is None or 0 <= outcome.cost_usd < math.inf


COUNTS = st.one_of(st.none(), st.integers(0, 10**9))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.builds(Counts, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS), st.booleans())
def test_input_holds_its_cache_and_settling_never_loses_tokens(
    counts: Counts, exclusive: bool
) -> None:
    usage = span_usage.settle(counts, exclusive=exclusive)
    assert usage.tokens_in is None or usage.tokens_in >= (counts.tokens_in or 0)
    assert usage.tokens_out is None or usage.tokens_out >= (counts.tokens_out or 0)
    if usage.basis in ("inclusive", "exclusive_added") and usage.tokens_in is not None:
        assert usage.tokens_in >= (usage.cache_read or 0) + (usage.cache_write or 0)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=8,
        ),
    )
)
def test_pythons_repr_of_an_object_is_that_object(value: dict[str, Any]) -> None:
    assert python_literals.mapping(repr(value)) == value
    assert python_literals.mapping(json.dumps(value)) == value


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text(max_size=200).map(lambda text: "{" + text + "}"))
def test_no_text_raises_when_it_is_taken_for_a_literal(text: str) -> None:
    assert isinstance(dict(python_literals.mapping(text)), dict)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.binary(max_size=400), st.sampled_from([b"", b"\x0a\x05\x0a\x03", b"\0\0\0\x20\x0a\x10\x0a"])
)
def test_no_bytes_raise_in_a_container_and_none_are_read_twice(tail: bytes, head: bytes) -> None:
    at = -1
    for item in containers.open_reader(io.BytesIO(head + tail)):
        assert item.offset >= at
        at = item.offset


TREES = st.lists(st.integers(0, 100), min_size=1, max_size=8)


@settings(max_examples=EXAMPLES, deadline=None)
@given(TREES, st.randoms(use_true_random=False))
def test_of_any_tree_of_calls_only_the_leaves_count(parents: list[int], rng: Any) -> None:
    """Span k + 1 lies below one of the spans before it; each holds the sum of those below."""
    below: dict[int, list[int]] = {0: []}
    for child, drawn in enumerate(parents, start=1):
        below.setdefault(drawn % child, []).append(child)
        below.setdefault(child, [])
    spans = [tree_span(number, parent_of(number, below)) for number in below]
    rng.shuffle(spans)
    found = [
        outcome
        for span in spans
        for outcome in read_records([envelope(span)], now=NOW)
        if isinstance(outcome, CanonicalTrace)
    ]
    shadowed = {key for trace in found for key in trace.shadows}
    counted = {t.native_key for t in found if not shadowed & {t.native_key, *t.other_keys}}
    leaves = {number for number, children in below.items() if not children}
    assert counted == {f"span:{'a' * 32}/{number + 1:016x}" for number in leaves}


def parent_of(number: int, below: dict[int, list[int]]) -> int | None:
    return next((parent for parent, children in below.items() if number in children), None)


def tree_span(number: int, parent: int | None) -> dict[str, Any]:
    return {
        "traceId": "A" * 32,
        "spanId": f"{number + 1:016X}",
        "parentSpanId": "" if parent is None else f"{parent + 1:016X}",
        "startTimeUnixNano": 1795372172000000000 + number,
        "attributes": [
            {"key": "llm.model_name", "value": {"stringValue": "gpt-4o"}},
            {"key": "llm.token_count.prompt", "value": {"intValue": 10}},
        ],
    }


def envelope(span: dict[str, Any]) -> dict[str, Any]:
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
