"""A LiteLLM record means the same through the view that skips its bodies and decoded whole."""

from __future__ import annotations

import copy
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.sources.litellm_view import LiteLLMView
from prodlens.sources.raw_records import DecodeProblem, decode_record
from prodlens.trace_normalizer import read_records

if TYPE_CHECKING:
    from prodlens.schemas import Outcome

DATA = Path(__file__).parents[1] / "data" / "litellm"
EXAMPLES = int(os.environ.get("PRODLENS_FUZZ_EXAMPLES", "150"))
NOW = datetime(2026, 11, 23, tzinfo=UTC)
EDIT = {
    "type": "tool_use",
    "id": "toolu_01A2B3C4D5E6F7G8H9J0K1L2",
    "name": "Edit",
    "input": {"file_path": "/src/a.py", "old_string": "a\n", "new_string": "b\nc = 1\n"},
}
TALK = [
    {"role": "user", "content": "Mend it, please: " + "é" * 40},
    {"role": "assistant", "content": [EDIT]},
    {
        "role": "user",
        "content": [
            {
                "type": "tool_result",
                "tool_use_id": EDIT["id"],
                "content": "The file /src/a.py has been updated.",
            }
        ],
    },
]
CALLED = {
    "choices": [
        {
            "message": {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": "call_A2B3C4D5E6F7G8H9J0K1L2M3",
                        "type": "function",
                        "function": {"name": "write_file", "arguments": json.dumps(EDIT["input"])},
                    }
                ],
            }
        }
    ]
}
BODIES = [
    TALK,
    CALLED,
    EDIT,
    {"body": {"messages": TALK}},
    json.dumps(TALK),
    json.dumps({"messages": TALK}),
    json.dumps(CALLED),
    [{"role": "user", "content": "x" * 100}],
    {"choices": [{"message": {"content": "y" * 100, "tool_calls": None}}]},
    "redacted-by-litellm",
    [],
    {},
    "",
    "{}",
    None,
    0,
]
ODD: list[Any] = [None, "", " ", "x", 0, -1, 1, 1.5, True, [], {}, [1], {"a": 1}, "{}", '{"a": 1}']
PLACES = ("messages", "response", "proxy_server_request")


def captured() -> list[dict[str, Any]]:
    records = []
    for name in ("standard_logging_payload.jsonl", "spend_logs.jsonl"):
        for line in (DATA / name).read_text().splitlines():
            record = json.loads(line)
            records.append(record)
            if isinstance(record["metadata"], str):
                records.append(record | {"metadata": json.loads(record["metadata"])})
    return records


RECORDS = captured()


def viewed(data: bytes) -> object:
    """Return what `RecordReader` makes of a record with the view as its decoder."""
    try:
        return LiteLLMView().decode(data)
    except (ValueError, RecursionError):
        return decode_record(data)


def outcomes(value: object, chosen: str | None = None) -> list[Outcome]:
    return list(read_records((value,), chosen, now=NOW))


def paths(value: Any, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [prefix] if prefix else []
    if isinstance(value, dict):
        for name, inner in value.items():
            found += paths(inner, (*prefix, name))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    record: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(RECORDS)))
    for place in draw(st.sets(st.sampled_from(PLACES))):
        record[place] = copy.deepcopy(draw(st.sampled_from(BODIES)))
    for _ in range(draw(st.integers(0, 3))):
        *outer, last = draw(st.sampled_from(paths(record)))
        inner: Any = record
        for name in outer:
            inner = inner[name] if isinstance(inner, dict) and name in inner else {}
        if isinstance(inner, dict) and last in inner:
            if draw(st.booleans()):
                inner[last] = draw(st.sampled_from(ODD))
            else:
                del inner[last]
    return record


@settings(max_examples=EXAMPLES, deadline=None)
@given(mutated(), st.booleans(), st.sampled_from([None, "litellm", "litellm_spend_logs"]))
def test_a_record_means_the_same_through_the_view(
    record: dict[str, Any], plain: bool, chosen: str | None
) -> None:
    data = json.dumps(record, ensure_ascii=plain).encode()
    assert outcomes(viewed(data), chosen) == outcomes(decode_record(data), chosen)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from(RECORDS), st.sampled_from(BODIES), st.sampled_from(PLACES))
def test_letters_written_as_escapes_hide_no_edit(
    record: dict[str, Any], body: object, place: str
) -> None:
    data = json.dumps(record | {place: body}).replace('"Edit"', '"\\u0045dit"')
    data = data.replace("write_file", "write\\u005ffile").replace("tool_", "too\\u006c_")
    found = outcomes(viewed(data.encode()))
    assert found == outcomes(decode_record(data.encode()))


def test_bodies_with_edits_were_among_them() -> None:
    record = next(r for r in RECORDS if r.get("hidden_params") and r.get("cache_hit") is False)
    data = json.dumps(record | {"messages": TALK, "response": CALLED}).encode()
    kinds = [type(outcome).__name__ for outcome in outcomes(viewed(data))]
    assert kinds == ["CanonicalTrace", "Suggestion", "Suggestion"]


@pytest.mark.parametrize("indent", [None, 0, 2, "\t"])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" ,", " :\r\n ")])
@pytest.mark.parametrize("texts", [0, 1, 2])
def test_an_edit_is_found_however_it_is_spaced(
    indent: int | str | None, separators: tuple[str, str], texts: int
) -> None:
    record = next(r for r in RECORDS if r.get("hidden_params") and r.get("cache_hit") is False)
    said: Any = {"role": "assistant", "content": [EDIT]}
    for _ in range(min(texts, 1)):
        said = json.dumps(said, indent=indent, separators=separators)
    whole: Any = record | {"response": said, "messages": None}
    if texts == 2:  # the arguments of the call are text inside the text
        edit = EDIT | {"input": json.dumps(EDIT["input"], indent=indent, separators=separators)}
        whole["response"] = json.dumps({"content": [edit]}, indent=indent, separators=separators)
    data = json.dumps(whole, indent=indent, separators=separators).encode()
    kinds = [type(outcome).__name__ for outcome in outcomes(viewed(data))]
    assert kinds == ["CanonicalTrace", "Suggestion"]
    assert outcomes(viewed(data)) == outcomes(decode_record(data))


@pytest.mark.parametrize(
    "answer",
    [
        {"choices": [{"message": {"content": "no call" * 20, "tool_calls": None}}]},
        {
            "content": [
                {"type": "tool_use", "id": "toolu_01", "name": "Bash", "input": {"a": "Edit"}}
            ]
        },
        {"content": [{"type": "text", "text": 'the tool_use of "Edit" is named "name"' * 3}]},
        {"content": [{"type": "text", "text": '{"name": "Edit"} alone is no call' * 3}]},
        {"name": "Edit", "note": "of a kind that calls nothing" * 3},
    ],
)
def test_what_only_looks_like_an_edit_gives_none(answer: dict[str, Any]) -> None:
    record = next(r for r in RECORDS if r.get("hidden_params") and r.get("cache_hit") is False)
    data = json.dumps(record | {"response": answer, "messages": None}).encode()
    assert [type(one).__name__ for one in outcomes(viewed(data))] == ["CanonicalTrace"]
    assert outcomes(viewed(data)) == outcomes(decode_record(data))


def test_text_that_is_no_utf_8_is_refused_even_where_nobody_looks() -> None:
    data = json.dumps(RECORDS[0] | {"extra": "here"}).encode().replace(b"here", b"\xff\xfe")
    with pytest.raises(DecodeProblem):
        viewed(data)


@pytest.mark.parametrize("number", ["NaN", "1e999", "9" * 40])
def test_numbers_beyond_the_standard_stay_what_they_are(number: str) -> None:
    data = json.dumps(RECORDS[0] | {"prompt_tokens": 7, "extra": 8, "response_cost": 0.5})
    for old in ('"prompt_tokens": 7', '"extra": 8', '"response_cost": 0.5'):
        bad = data.replace(old, f"{old.rpartition(' ')[0]} {number}").encode()
        assert outcomes(viewed(bad)) == outcomes(decode_record(bad))


def test_records_of_other_formats_come_whole() -> None:
    view = LiteLLMView()
    other = {"timestamp": "2024-10-28T12:00:00Z", "usage": {"input_tokens": 1}, "note": [1, 2]}
    data = json.dumps(other).encode()
    assert [view.decode(data) for _ in range(200)] == [other] * 200
    ours = json.dumps(RECORDS[0]).encode()
    read = [outcomes(view.decode(ours)) for _ in range(200)]
    assert read == [outcomes(decode_record(ours))] * 200
