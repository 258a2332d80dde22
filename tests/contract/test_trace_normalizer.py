"""The specification's trace normalizer: its example, its features, and the captured LiteLLM files."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prodlens.errors import InputError
from prodlens.schemas import CanonicalTrace, Reject, RejectReason, Skipped
from prodlens.trace_normalizer import (
    TraceFormat,
    detect,
    normalize_records,
    parse_format,
    read_records,
)

DATA = Path(__file__).parents[1] / "data"
TRUTH: dict[str, dict[str, Any]] = json.loads((DATA / "expected_totals.json").read_text())
NOW = datetime(2026, 11, 23, tzinfo=UTC)
SIMPLE = {"timestamp": "2024-10-28T12:00:00Z", "usage": {"input_tokens": 1, "output_tokens": 2}}


# The specification --------------------------------------------------------------------------


def test_the_usage_example() -> None:
    raw_records = [
        {
            "timestamp": "2024-10-28T12:00:00Z",
            "usage": {"input_tokens": 1000, "output_tokens": 500},
            "attributes": {"llm.model_name": "claude-3-sonnet"},
            "metadata": {"session_id": "session_abc123"},
        }
    ]

    normalized = normalize_records(raw_records)

    assert len(normalized) == 1
    (trace,) = normalized
    assert isinstance(trace, CanonicalTrace)
    assert trace.session_id == "abc123"
    assert trace.timestamp == datetime(2024, 10, 28, 12, tzinfo=UTC)
    assert trace.model == "claude-3-sonnet"
    assert (trace.tokens_in, trace.tokens_out) == (1000, 500)
    unknown = (
        trace.developer_id,
        trace.latency_ms,
        trace.status_code,
        trace.accepted_flag,
        trace.repo_slug,
        trace.diff_ratio,
        trace.accepted_lines,
    )
    assert unknown == (None,) * 7


def test_metadata_is_found_in_nested_structures() -> None:
    (trace,) = normalize_records(
        [
            {
                **SIMPLE,
                "metadata": {
                    "requester_metadata": {"user_id": "user_1_account_2_session_abc"},
                    "spend_logs_metadata": {"developer_id": "dev-1", "accepted_flag": True},
                    "repository": "https://github.com/acme/widgets.git",
                },
                "attributes": {"llm": {"model_name": "gpt-4o"}, "http": {"status_code": 200}},
            }
        ]
    )
    assert (trace.session_id, trace.developer_id) == ("abc", "dev-1")
    assert (trace.repo_slug, trace.model) == ("acme/widgets", "gpt-4o")
    assert (trace.status_code, trace.accepted_flag) == (200, True)


def test_times_come_out_in_utc() -> None:
    times = ["2024-10-28T14:00:00+02:00", "2024-10-28T12:00:00+00:00Z", 1730116800, 1730116800000]
    traces = normalize_records([{**SIMPLE, "timestamp": time} for time in times])
    assert {trace.timestamp for trace in traces} == {datetime(2024, 10, 28, 12, tzinfo=UTC)}
    assert {trace.timestamp.tzinfo for trace in traces} == {UTC}


def test_what_cant_be_read_is_left_out_and_the_rest_stays_in_order() -> None:
    records = [SIMPLE, {"usage": {}}, "text", None, {**SIMPLE, "model": "gpt-4o"}]
    assert [trace.model for trace in normalize_records(records)] == [None, "gpt-4o"]


def test_no_records_give_no_traces() -> None:
    assert normalize_records([]) == []
    assert normalize_records(iter(())) == []


def test_a_path_that_leaves_its_folder_is_no_repository() -> None:
    (trace,) = normalize_records([{**SIMPLE, "metadata": {"repo_slug": "../../etc/passwd"}}])
    assert trace.repo_slug is None


# Rejects ------------------------------------------------------------------------------------


def test_every_record_has_an_outcome() -> None:
    outcomes = list(
        read_records(
            [
                SIMPLE,
                {"timestamp": "2024-10-28T12:00:00Z", "metadata": {}},
                {"usage": {}},
                [SIMPLE],
                "text",
                {"message": "started", "level": "INFO", "component": "uvicorn"},
                {"prompt of mine": "secret", "type": "x", "payload": {}},
                {},
            ],
            now=NOW,
        )
    )
    assert isinstance(outcomes[0], CanonicalTrace)
    assert outcomes[1:] == [
        Reject(RejectReason.NO_USAGE, "usage", {"timestamp": "2024-10-28T12:00:00Z"}, index=1),
        Reject(RejectReason.NO_TIMESTAMP, "timestamp", index=2),
        Reject(RejectReason.NOT_AN_OBJECT, index=3),
        Reject(RejectReason.NOT_AN_OBJECT, index=4),
        Skipped("LiteLLM server log"),
        Reject(RejectReason.UNKNOWN_FORMAT, None, {"keys": "payload,type"}, index=6),
        Reject(RejectReason.UNKNOWN_FORMAT, index=7),
    ]


def test_an_unknown_record_tells_at_most_twelve_of_its_telling_names() -> None:
    names = "arguments payload type uuid version role status kind event context hrTime body id"
    (outcome,) = read_records([dict.fromkeys(names.split(), "secret")], now=NOW)
    assert isinstance(outcome, Reject)
    assert outcome.scalars == {
        "keys": "arguments,body,context,event,hrTime,id,kind,payload,role,status,type,uuid"
    }


def test_pages_are_unwrapped_however_deep() -> None:
    page = {"data": [SIMPLE, {"data": [SIMPLE]}, {"data": []}, SIMPLE], "next_cursor": None}
    assert len(normalize_records([page, SIMPLE])) == 4
    assert len(normalize_records(page)) == 3
    deep: dict[str, Any] = SIMPLE
    for _ in range(50_000):
        deep = {"data": [deep]}
    assert len(normalize_records([deep])) == 1


def test_a_reject_carries_the_place_of_its_record_or_of_the_page_that_holds_it() -> None:
    page = {"data": [SIMPLE, 7, {"data": [{"usage": {}}]}, {}]}
    outcomes = list(read_records([SIMPLE, "text", page, SIMPLE, {"data": []}, None], now=NOW))
    places = [
        (outcome.reason, outcome.index) for outcome in outcomes if isinstance(outcome, Reject)
    ]
    assert places == [
        (RejectReason.NOT_AN_OBJECT, 1),
        (RejectReason.NOT_AN_OBJECT, 2),
        (RejectReason.NO_TIMESTAMP, 2),
        (RejectReason.UNKNOWN_FORMAT, 2),
        (RejectReason.NOT_AN_OBJECT, 5),
    ]
    (alone,) = read_records({"usage": {}}, now=NOW)
    assert alone == Reject(RejectReason.NO_TIMESTAMP, "timestamp", index=0)


def test_reading_is_lazy() -> None:
    def endless() -> Any:
        while True:
            yield SIMPLE

    assert isinstance(next(read_records(endless(), now=NOW)), CanonicalTrace)


def test_times_are_checked_against_the_given_instant() -> None:
    (late,) = read_records([SIMPLE], now=datetime(2024, 10, 26, tzinfo=UTC))
    assert isinstance(late, Reject)
    assert late.reason is RejectReason.TIME_OUT_OF_RANGE


# Formats ------------------------------------------------------------------------------------


def lines(name: str) -> list[Any]:
    return [json.loads(line) for line in (DATA / name).read_text().splitlines()]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("litellm/standard_logging_payload.jsonl", "litellm"),
        ("litellm/spend_logs.jsonl", "litellm_spend_logs"),
        ("litellm/proxy_json_logs_server_log.jsonl", "litellm_server_log"),
    ],
)
def test_each_captured_record_is_recognised(name: str, expected: str) -> None:
    assert {detect(record) for record in lines(name)} == {expected}


def test_what_nothing_recognises() -> None:
    assert detect(SIMPLE) == "prodlens_simple"
    assert [detect({}), detect([]), detect(None), detect("{}")] == [None] * 4


@pytest.mark.parametrize(
    "override", ["litellm", "LiteLLM", " LITELLM ", TraceFormat.LITELLM], ids=repr
)
def test_litellm_stands_for_both_of_its_shapes(override: str) -> None:
    names = ("standard_logging_payload", "spend_logs", "proxy_json_logs_server_log")
    records = [record for name in names for record in lines(f"litellm/{name}.jsonl")]
    sources = [trace.source for trace in normalize_records(records, override)]
    assert sources == ["litellm"] * 16 + ["litellm_spend_logs"] * 10


def test_an_override_reads_what_its_format_can() -> None:
    assert normalize_records([SIMPLE], "litellm") == []
    assert len(normalize_records([SIMPLE], "prodlens-simple")) == 1
    (outcome,) = read_records([SIMPLE], "litellm_spend_logs", now=NOW)
    assert outcome == Reject(RejectReason.NO_TIMESTAMP, "startTime", index=0)


def test_auto_is_no_override() -> None:
    assert parse_format(None) is None
    assert parse_format("auto") is None
    assert parse_format("Litellm-Spend-Logs") is TraceFormat.LITELLM_SPEND_LOGS
    assert normalize_records([SIMPLE], "AUTO") == normalize_records([SIMPLE])


@pytest.mark.parametrize("read", [normalize_records, read_records])
def test_an_unknown_format_is_named_with_the_known_ones(read: Any) -> None:
    with pytest.raises(InputError) as raised:
        read([], "langfuse")
    assert str(raised.value) == (
        "'langfuse' is no trace format: use one of auto, litellm, litellm_spend_logs,"
        " claude_code, codex, gemini, otlp, openinference, copilot_metrics, prodlens_simple,"
        " litellm_server_log."
    )


# The captured LiteLLM files -----------------------------------------------------------------


def captured(name: str) -> list[Any]:
    """Return the records of a file; a line that is an array holds many."""
    found = lines(name)
    return [record for line in found for record in (line if isinstance(line, list) else [line])]


@pytest.mark.parametrize("name", [name for name in TRUTH if name.startswith("litellm/")])
def test_the_captured_files_give_their_true_totals(name: str) -> None:
    traces = normalize_records(captured(name))
    truth = TRUTH[name]

    def total(field: str) -> int:
        return sum(getattr(trace, field) or 0 for trace in traces)

    def values(field: str) -> list[str]:
        return sorted({str(getattr(trace, field)) for trace in traces})

    assert len(traces) == truth["rows"]
    assert len({trace.native_key for trace in traces}) == truth["unique_keys"]
    assert total("tokens_in") == truth["tokens_in"]
    assert total("tokens_out") == truth["tokens_out"]
    assert total("cache_read_tokens") == truth["cache_read"]
    assert total("cache_write_tokens") == truth["cache_write"]
    assert round(sum(trace.cost_usd or 0.0 for trace in traces), 9) == truth["cost_known_usd"]
    assert sum(trace.cost_usd is None for trace in traces) == truth["cost_unknown_rows"]
    failed = [t for t in traces if (t.status_code or 0) >= 400 or t.error_type is not None]
    assert len(failed) == truth["errors"]
    assert sum(trace.latency_ms is None for trace in traces) == truth["no_latency"]
    assert values("repo_slug") == truth["repos"]
    assert values("model_raw") == truth["model_raw"]
    assert values("developer_id") == truth["developer_id_raw"]


@pytest.mark.parametrize("name", [name for name in TRUTH if name.startswith("litellm/")])
def test_random_ids_are_no_sessions(name: str) -> None:
    """Random ids stay trace ids; the store decides whether one of them holds a session together."""
    traces = normalize_records(captured(name))
    sessions = {trace.session_id for trace in traces}
    assert sessions == {
        None,
        "0aa7c6c4-7f4b-4b1e-9d53-0c5ff1e5a001",
        "0aa7c6c4-7f4b-4b1e-9d53-0c5ff1e5a002",
        "sess-bridge",
        "sess-gpt-1",
        "sess-hdr-1",
        "sess-tool",
    }
    loose = {trace.trace_id for trace in traces if trace.session_id is None}
    assert loose >= set(TRUTH[name]["session_id_raw"]) - {str(session) for session in sessions}
    assert all(trace.call_group for trace in traces)


def test_each_object_of_a_bucket_is_one_of_the_logged_calls() -> None:
    bucket = sorted((DATA / "litellm" / "s3_v2_bucket").rglob("*.json"))
    single = normalize_records([json.loads(path.read_text()) for path in bucket])
    logged = normalize_records(lines("litellm/standard_logging_payload.jsonl"))
    assert len(single) == 15
    assert {trace.native_key for trace in single} <= {trace.native_key for trace in logged}


def test_decisions_are_only_those_that_clients_attached() -> None:
    traces = normalize_records(lines("litellm/standard_logging_payload.jsonl"))
    decided = {trace.session_id: trace.accepted_flag for trace in traces if trace.accepted_source}
    assert decided == {"sess-hdr-1": True, "sess-tool": True}
