"""Laws of Codex, Gemini and Copilot: no JSON value raises, and nothing counts twice in any order.

`PRODLENS_FUZZ_EXAMPLES=5000` tries more than the 60 examples of an ordinary run.
"""

from __future__ import annotations

import copy
import json
import math
import os
import random
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.schemas import (
    CanonicalTrace,
    ContextFact,
    DailyFact,
    Reject,
    Skipped,
    Suggestion,
)
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import TraceIngestor
from prodlens.trace_normalizer import read_records

DATA = Path(__file__).parents[1] / "data"
EXAMPLES = int(os.environ.get("PRODLENS_FUZZ_EXAMPLES", "60"))
NOW = datetime(2026, 11, 23, tzinfo=UTC)
COPILOT: list[dict[str, Any]] = [
    {
        "day": "2026-11-20",
        "user_login": "ada",
        "loc_added_sum": 8,
        "used_chat": True,
        "totals_by_cli": {"prompt_count": 2, "token_usage": {"output_tokens_sum": 5}},
        "totals_by_feature": [{"feature": "chat", "loc_added_sum": 8}],
    },
    {
        "report_start_day": "2026-11-01",
        "organization_id": "9",
        "day_totals": [{"day": "2026-11-20", "daily_active_users": 2, "pull_requests": {}}],
    },
]
OLD_CODEX: list[dict[str, Any]] = [
    {
        "timestamp": "2026-11-22T10:00:00Z",
        "type": "event_msg",
        "payload": {
            "type": "token_count",
            "info": {
                "total_token_usage": {"input_tokens": 100, "output_tokens": 10},
                "last_token_usage": {"input_tokens": 100, "output_tokens": 10},
            },
            "rate_limits": {"plan_type": "pro"},
        },
    },
    {
        "timestamp": "2026-11-22T10:00:00Z",
        "type": "event_msg",
        "payload": {
            "type": "patch_apply_end",
            "call_id": "c",
            "success": True,
            "changes": {"a.py": {"update": {"unified_diff": "@@ -1 +1 @@\n-a\n+b\n"}}},
        },
    },
    {
        "timestamp": "2026-11-22T10:00:00Z",
        "type": "response_item",
        "payload": {
            "type": "function_call",
            "name": "shell",
            "call_id": "c",
            "arguments": {"command": ["apply_patch", "*** Begin Patch\n*** Add File: a\n+b\n"]},
        },
    },
]
CODEX_EVENTS: list[dict[str, Any]] = [
    {
        "resourceLogs": [
            {
                "scopeLogs": [
                    {
                        "logRecords": [
                            {
                                "timeUnixNano": "1795372681281000000",
                                "attributes": [
                                    {"key": key, "value": {"stringValue": text}}
                                    for key, text in attributes.items()
                                ],
                            }
                        ]
                    }
                ]
            }
        ]
    }
    for attributes in (
        {
            "event.name": "codex.sse_event",
            "event.kind": "response.completed",
            "input_token_count": "5",
            "output_token_count": "6",
        },
        {"event.name": "codex.api_request", "http.response.status_code": "500", "duration_ms": "1"},
        {
            "event.name": "codex.tool_decision",
            "tool_name": "apply_patch",
            "call_id": "c",
            "decision": "approved",
        },
    )
]


def real() -> list[dict[str, Any]]:
    decoder, found = json.JSONDecoder(), []
    for name in ("codex/*.jsonl", "gemini/*"):
        for path in sorted(DATA.glob(name)):
            text = path.read_text(encoding="utf-8").strip()
            while text:
                record, end = decoder.raw_decode(text)
                found.append(record)
                text = text[end:].lstrip()
    return found


RECORDS = [*real(), *OLD_CODEX, *CODEX_EVENTS, *COPILOT]
NASTY = st.sampled_from(
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
        "NaN",
        "{" * 5000,
        '{"id": {"id": []}}',
        "../../etc",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01",
        "x" * 100_000,
        True,
        "",
        [[]],
        {"type": {}},
    ]
).map(copy.deepcopy)
VALUES = NASTY | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def holders(record: dict[str, Any]) -> list[tuple[Any, Any]]:
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
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a record with some values replaced and some keys gone."""
    record: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(RECORDS)))
    for _ in range(draw(st.integers(1, 3))):
        places = holders(record)
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        if isinstance(holder, dict) and draw(st.integers(0, 4)) == 0:
            del holder[key]
        else:
            holder[key] = draw(VALUES)
    return record


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(mutated(), min_size=1, max_size=6))
def test_no_value_in_any_field_raises_and_the_state_stays_json(
    records: list[dict[str, Any]],
) -> None:
    state: dict[str, dict[str, Any]] = {}
    for outcome in read_records(records, now=NOW, state=state):
        if isinstance(outcome, CanonicalTrace):
            assert outcome.timestamp.tzinfo is UTC
            assert (outcome.tokens_in or 0) + (outcome.tokens_out or 0) < 2**63
            assert outcome.latency_ms is None or 0 <= outcome.latency_ms < math.inf
        elif isinstance(outcome, Suggestion):
            assert outcome.diff_ratio is None or 0 <= outcome.diff_ratio <= 1
            assert outcome.applied_lines is None or outcome.applied_lines >= 0
        elif isinstance(outcome, DailyFact):
            assert 0 <= outcome.value < math.inf
        else:
            assert isinstance(outcome, ContextFact | Reject | Skipped)
    assert json.loads(json.dumps(state)) == state


def lines(name: str) -> list[str]:
    (path,) = DATA.glob(name)
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


def table(store: ProdLensStore) -> list[tuple[Any, ...]]:
    rows = store.conn.execute(
        "select model, session_id, repo_slug, tokens_in, tokens_out, cache_read_tokens,"
        " accepted_flag, accepted_lines, timestamp from sessions order by timestamp, tokens_in"
    )
    return [tuple(row) for row in rows]


def ingest(folder: Path, texts: list[str]) -> tuple[list[tuple[Any, ...]], int]:
    """Return the table after each text came in as a file, twice, and how many records repeated."""
    with ProdLensStore(folder / "prodlens.db") as store:
        for _ in range(2):
            for position, text in enumerate(texts):
                path = folder / f"{position}.jsonl"
                path.write_text(text, encoding="utf-8")
                TraceIngestor(store).ingest_file(path)
        repeated = store.conn.execute("select count(*) from shadowed_records").fetchone()[0]
        return table(store), repeated


CODEX_TABLE = [
    (
        "gpt-5-codex",
        "01a2048d-076f-7610-ba85-c4e5c22958cc",
        "acme/widgets",
        8120,
        210,
        6400,
        flag,
        applied,
        f"2026-11-22T18:38:01.{milliseconds}000Z",
    )
    for flag, applied, milliseconds in ((None, None, 281), (1, 2, 417), (None, None, 542))
]


@pytest.mark.parametrize("seed", range(4))
def test_a_rollout_in_any_order_of_pieces_is_three_calls(seed: int, tmp_path: Path) -> None:
    pieces = lines("codex/rollout-*.jsonl")
    dice = random.Random(seed)  # noqa: S311 - a repeatable shuffle
    if seed:
        dice.shuffle(pieces)
    cut = dice.randrange(1, len(pieces))
    found, repeated = ingest(tmp_path, ["".join(pieces[:cut]), "".join(pieces[cut:])])
    assert found == CODEX_TABLE
    assert repeated >= 1


def test_a_fork_that_copies_a_rollout_adds_nothing(tmp_path: Path) -> None:
    parent = "".join(lines("codex/rollout-*.jsonl"))
    first = json.loads(parent.partition("\n")[0])
    first["payload"] |= {"id": "fork", "session_id": "fork", "forked_from_id": "01a2048d"}
    copied = re.sub(r"2026-11-22T18:38:01", "2026-11-22T19:00:00", parent)
    found, _ = ingest(tmp_path, [parent, json.dumps(first) + "\n" + copied])
    assert found == CODEX_TABLE


OLD = [
    '{"timestamp":"2026-11-22T10:00:00Z","type":"session_meta","payload":%s}\n',
    '{"timestamp":"%s:01Z","type":"turn_context","payload":{"model":"gpt-5-codex"}}\n',
    (
        '{"timestamp":"%s:02Z","type":"event_msg","payload":{"type":"token_count","info":'
        '{"total_token_usage":{"input_tokens":100,"output_tokens":10},'
        '"last_token_usage":{"input_tokens":100,"output_tokens":10}}}}\n'
    ),
    (
        '{"timestamp":"%s:03Z","type":"event_msg","payload":{"type":"token_count","info":'
        '{"total_token_usage":{"input_tokens":250,"output_tokens":30},'
        '"last_token_usage":{"input_tokens":150,"output_tokens":20}}}}\n'
    ),
]


def old_rollout(thread: str, minute: str) -> str:
    begin, *rest = OLD
    named = {"id": thread} | ({"forked_from_id": "parent"} if thread == "fork" else {})
    return begin % json.dumps(named) + "".join(text % minute for text in (*rest, rest[-1]))


@pytest.mark.parametrize("swapped", [False, True])
def test_old_counters_copied_into_a_fork_are_two_calls_of_the_parent(
    swapped: bool, tmp_path: Path
) -> None:
    texts = [old_rollout("parent", "2026-11-22T10:00"), old_rollout("fork", "2026-11-22T11:00")]
    found, _ = ingest(tmp_path, texts[::-1] if swapped else texts)
    assert [(row[1], *row[3:5], row[8]) for row in found] == [
        ("parent", 100, 10, "2026-11-22T10:00:02.000000Z"),
        ("parent", 150, 20, "2026-11-22T10:00:03.000000Z"),
    ]


def codex_export() -> str:
    """Return Codex's own telemetry of the calls of the sample rollout."""
    texts = []
    for time in ("01.279", "01.415", "01.541"):
        held = {
            "event.name": "codex.sse_event",
            "event.kind": "response.completed",
            "event.timestamp": f"2026-11-22T18:38:{time}Z",
            "conversation.id": "01a2048d-076f-7610-ba85-c4e5c22958cc",
            "model": "gpt-5-codex",
            "input_token_count": "8120",
            "output_token_count": "210",
            "cached_token_count": "6400",
            "reasoning_token_count": "64",
            "user.email": "ada@example.com",
        }
        attributes = [{"key": key, "value": {"stringValue": one}} for key, one in held.items()]
        logs = [{"logRecords": [{"attributes": attributes}]}]
        texts.append(json.dumps({"resourceLogs": [{"scopeLogs": logs}]}) + "\n")
    return "".join(texts)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_rollout_and_telemetry_of_the_same_calls_are_one_row_each(
    swapped: bool, tmp_path: Path
) -> None:
    texts = ["".join(lines("codex/rollout-*.jsonl")), codex_export()]
    found, _ = ingest(tmp_path, texts[::-1] if swapped else texts)
    assert [row[:6] for row in found] == [row[:6] for row in CODEX_TABLE]
    assert [row[6:8] for row in found] == [(None, None), (1, 2), (None, None)]


@pytest.mark.parametrize("swapped", [False, True])
def test_a_chat_and_telemetry_of_the_same_calls_are_one_row_each(
    swapped: bool, tmp_path: Path
) -> None:
    texts = ["".join(lines("gemini/session-*.jsonl")), "".join(lines("gemini/telemetry.log"))]
    found, _ = ingest(tmp_path, texts[::-1] if swapped else texts)
    session = "25521225-401b-48d9-b79c-84e85dcd4b42"
    row = ("gemini-2.5-pro", session, "acme/widgets", 9000, 250, 4096)
    assert [one[:6] for one in found] == [row] * 3
    assert [one[6] for one in found] == [None, 1, None]


@pytest.mark.parametrize("swapped", [False, True])
def test_an_edit_that_chat_and_telemetry_tell_counts_once(swapped: bool, tmp_path: Path) -> None:
    texts = ["".join(lines("gemini/session-*.jsonl")), "".join(lines("gemini/telemetry.log"))]
    with ProdLensStore(tmp_path / "prodlens.db") as store:
        for number, text in enumerate(texts[::-1] if swapped else texts):
            path = tmp_path / f"{number}.jsonl"
            path.write_text(text, encoding="utf-8")
            TraceIngestor(store).ingest_file(path)
        (edit,) = store.conn.execute("select * from suggestions").fetchall()
        accepted = [
            (row["accepted_flag"], row["accepted_lines"], row["accepted_source"])
            for row in store.fetch_sessions()
            if row["accepted_flag"] is not None
        ]
    assert (edit["sources"], edit["tool"]) == ("gemini,gemini_otel", "replace")
    assert (edit["decision"], edit["decided_by"]) == ("accept", "user")
    assert (edit["proposed_lines"], edit["applied_lines"], edit["diff_ratio"]) == (2, 2, 1.0)
    assert accepted == [(True, 2, "suggestions")]


def test_a_copilot_report_makes_facts_and_no_call(tmp_path: Path) -> None:
    text = "".join(json.dumps(record) + "\n" for record in COPILOT)
    path = tmp_path / "report.ndjson"
    path.write_text(text, encoding="utf-8")
    with ProdLensStore(tmp_path / "prodlens.db") as store:
        for _ in range(2):
            TraceIngestor(store).ingest_file(path)
        rows = store.conn.execute(
            "select developer_id, metric, dimension, value from assistant_days order by 1, 2, 3"
        ).fetchall()
        assert table(store) == []
    assert [tuple(row) for row in rows] == [
        ("", "daily_active_users", "organization=9", 2.0),
        ("ada", "loc_added_sum", "", 8.0),
        ("ada", "loc_added_sum", "feature=chat", 8.0),
        ("ada", "totals_by_cli.prompt_count", "", 2.0),
        ("ada", "totals_by_cli.token_usage.output_tokens_sum", "", 5.0),
        ("ada", "used_chat", "", 1.0),
    ]
