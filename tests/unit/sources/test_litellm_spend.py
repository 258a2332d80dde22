"""SpendLogs rows: the same calls under other names, and the same answer as the other shape."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prodlens.schemas import TRACE_FIELDS, CanonicalTrace, Reject, RejectReason
from prodlens.sources import litellm, litellm_spend
from prodlens.storage.identity_keys import observe
from prodlens.storage.merging import resolve

DATA = Path(__file__).parents[2] / "data" / "litellm"
NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)
HEX = "adb483163e079575d40400da963f5542"
UUID = "0aa7c6c4-7f4b-4b1e-9d53-0c5ff1e5a001"
ACCOUNT = "11111111-2222-4333-8444-555555555555"
LEGACY = f"user_{'ab' * 32}_account_{ACCOUNT}_session_{UUID}"
PRICED = {"model_map_value": {"input_cost_per_token": 2.5e-06}}


def row(metadata: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return a plain success; `metadata` and columns may be changed."""
    return {
        "request_id": "chatcmpl-1",
        "litellm_call_id": "call-1",
        "call_type": "acompletion",
        "api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
        "cache_hit": "None",
        "startTime": "2026-11-22 18:29:32.155727+00:00",
        "endTime": "2026-11-22 18:29:32.329184+00:00",
        "completionStartTime": "2026-11-22 18:29:32.329184+00:00",
        "model": "openai/gpt-4o",
        "model_group": "fast",
        "custom_llm_provider": "openai",
        "user": "default_user_id",
        "spend": 0.005615,
        "prompt_tokens": 2006,
        "completion_tokens": 300,
        "total_tokens": 2306,
        "request_tags": '["repo:github.com/acme/widgets", "branch:main"]',
        "session_id": HEX,
        "status": "success",
        "end_user": "",
        "metadata": json.dumps({"model_map_information": PRICED, **(metadata or {})}),
        **changes,
    }


def read(record: dict[str, Any]) -> CanonicalTrace:
    (outcome,) = litellm_spend.read(record, now=NOW)
    assert isinstance(outcome, CanonicalTrace)
    return outcome


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text().splitlines()]


def test_a_row_gives_the_call() -> None:
    trace = read(row())
    assert trace.source == "litellm_spend_logs"
    assert trace.native_key == "litellm_call:call-1"
    assert trace.provider_message_id == "chatcmpl-1"
    assert trace.call_group == "call-1"
    assert trace.timestamp == datetime(2026, 11, 22, 18, 29, 32, 155727, tzinfo=UTC)
    assert (trace.latency_ms, trace.ttft_ms) == (173.457, None)
    assert (trace.model, trace.model_alias, trace.provider) == ("gpt-4o", "fast", "openai")
    assert (trace.tokens_in, trace.tokens_out) == (2006, 300)
    assert (trace.cost_usd, trace.cost_source) == (0.005615, "reported")
    assert (trace.repo_slug, trace.git_branch) == ("acme/widgets", "main")
    assert trace.status_code == 200


def test_metadata_and_tags_may_be_objects() -> None:
    objects = row()
    objects["metadata"] = json.loads(objects["metadata"])
    objects["request_tags"] = json.loads(objects["request_tags"])
    assert read(objects) == read(row())


def test_naive_times_are_utc_and_marked() -> None:
    trace = read(row(startTime="2026-11-22T18:29:32.155727", endTime="2026-11-22T18:29:32.329184"))
    assert trace.timestamp == datetime(2026, 11, 22, 18, 29, 32, 155727, tzinfo=UTC)
    assert (trace.timestamp_assumed_utc, trace.latency_ms) == (True, 173.457)


def test_an_answer_that_begins_before_it_ends_was_streamed() -> None:
    begun: dict[str, Any] = {"completionStartTime": "2026-11-22 18:29:32.255727+00:00"}
    trace = read(row(call_type="anthropic_messages", **begun))
    assert (trace.ttft_ms, trace.latency_source) == (100.0, "litellm_after_headers")
    assert trace.stream is None


# Sessions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("random_id", [HEX, UUID, UUID.upper()])
def test_a_random_session_id_is_only_a_trace_id(random_id: str) -> None:
    trace = read(row(session_id=random_id))
    assert (trace.session_id, trace.session_source) == (None, None)
    assert trace.trace_id == random_id


def test_a_session_id_that_someone_chose_is_one() -> None:
    trace = read(row(session_id="sess-gpt-1"))
    assert (trace.session_id, trace.session_source) == ("sess-gpt-1", "explicit")
    assert trace.trace_id is None


def test_other_evidence_makes_the_session_sure() -> None:
    trace = read(row(session_id=UUID, end_user=LEGACY))
    assert (trace.session_id, trace.session_source) == (UUID, "derived")
    assert trace.trace_id == UUID
    trace = read(row({"spend_logs_metadata": {"session_id": "s-1"}}))
    assert (trace.session_id, trace.session_source) == ("s-1", "explicit")


def test_the_owner_of_the_key_is_the_developer_unless_it_is_a_stand_in() -> None:
    assert read(row(user="jane")).developer_id == "jane"
    assert read(row(user="default_user_id", end_user="dev-42")).developer_id == "dev-42"
    assert read(row(end_user=LEGACY)).developer_id == ACCOUNT
    assert read(row()).developer_id is None


# Outcome and cost ---------------------------------------------------------------------------


@pytest.mark.parametrize("hit", ["True", True], ids=repr)
def test_cache_hits_are_words(hit: object) -> None:
    trace = read(row(request_id="chatcmpl-1_cache_hit9.5", cache_hit=hit, spend=0.0))
    assert trace.native_key == "litellm_cache_hit:chatcmpl-1_cache_hit9.5"
    assert trace.other_keys == ("litellm_cache_hit_call:call-1",)
    assert (trace.traffic_class, trace.cost_usd, trace.tokens_in) == ("cache_hit", 0.0, 2006)


def test_words_for_no_cache_hit() -> None:
    assert read(row(cache_hit="False")).traffic_class is None
    assert read(row(cache_hit="None")).traffic_class is None


@pytest.mark.parametrize(
    ("metadata", "cost"),
    [
        ({"model_map_information": None}, None),
        ({"model_map_information": {"model_map_value": {"input_cost_per_token": 0}}}, None),
        ({"model_map_information": None, "cost_breakdown": {"total_cost": 0.0}}, None),
        ({"model_map_information": None, "cost_breakdown": {"total_cost": 0.1}}, 0.0),
        ({}, 0.0),
    ],
)
def test_no_spend_is_unknown_unless_something_says_the_model_has_a_price(
    metadata: dict[str, Any], cost: float | None
) -> None:
    assert read(row(metadata, spend=0.0)).cost_usd == cost


def test_a_missing_status_is_read_from_the_error() -> None:
    error = {"error_code": "429", "error_class": "RateLimitError"}
    trace = read(row({"error_information": error}, status=None))
    assert (trace.status_code, trace.error_type) == (429, "RateLimitError")
    assert trace.native_key == "litellm_failure:call-1:1795372172155727"
    assert read(row({"error_information": None}, status=None)).status_code == 200


def test_the_call_id_may_stand_in_metadata() -> None:
    trace = read(row({"litellm_call_id": "call-9"}, litellm_call_id=None))
    assert trace.call_group == "call-9"
    assert trace.native_key == "litellm_call:call-9"


def test_metadata_that_is_no_json_leaves_the_columns() -> None:
    trace = read(row() | {"metadata": "{'a': 1}"})
    assert (trace.tokens_in, trace.session_id, trace.trace_id) == (2006, None, HEX)


def test_a_row_without_a_start_is_set_aside() -> None:
    (outcome,) = litellm_spend.read(row(startTime=None), now=NOW)
    assert outcome == Reject(
        RejectReason.NO_TIMESTAMP,
        "startTime",
        {
            "request_id": "chatcmpl-1",
            "litellm_call_id": "call-1",
            "model": "openai/gpt-4o",
            "call_type": "acompletion",
            "status": "success",
            "endTime": "2026-11-22 18:29:32.329184+00:00",
        },
    )


# Both shapes --------------------------------------------------------------------------------


def test_both_shapes_of_the_captured_calls_agree() -> None:
    """What one shape knows and the other does not is left out; nothing else may differ."""
    payloads = lines("standard_logging_payload.jsonl")
    known = [next(iter(litellm.read(payload, now=NOW))) for payload in payloads]
    by_key = {trace.native_key: trace for trace in known if isinstance(trace, CanonicalTrace)}
    unlike = {
        name
        for record in lines("spend_logs.jsonl")
        for spend in [read(record)]
        for name in TRACE_FIELDS
        if getattr(spend, name) not in (None, (), getattr(by_key[spend.native_key], name))
    }
    assert unlike == {"source", "session_source"}


def test_a_failure_has_one_key_in_both_shapes() -> None:
    payloads = lines("standard_logging_payload.jsonl")
    failed = next(record for record in payloads if record["status"] == "failure")
    (trace,) = litellm.read(failed, now=NOW)
    assert isinstance(trace, CanonicalTrace)
    moment = trace.timestamp.isoformat(sep=" ")
    spend = read(
        row(
            {"error_information": {"error_code": "429"}},
            request_id=failed["id"],
            litellm_call_id=failed["litellm_call_id"],
            startTime=moment,
            status="failure",
        )
    )
    assert spend.native_key == trace.native_key


@pytest.mark.parametrize(
    ("response_id", "cache_hit", "key"),
    [
        ("msg_01", None, "message:msg_01"),
        ("chatcmpl-42", None, "litellm_call:call-7"),
        ("chatcmpl-42", True, "litellm_cache_hit_call:call-7"),
    ],
)
@pytest.mark.parametrize("place", ["top", "metadata"])
def test_an_answer_has_one_key_in_both_shapes(
    response_id: str, cache_hit: bool | None, key: str, place: str
) -> None:
    (payload,) = litellm.read(
        {
            "id": response_id,
            "litellm_call_id": "call-7",
            "startTime": 1795372172.155727,
            "call_type": "acompletion",
            "status": "success",
            "cache_hit": cache_hit,
            "hidden_params": {},
        },
        now=NOW,
    )
    assert isinstance(payload, CanonicalTrace)
    top = "call-7" if place == "top" else None
    inside = {} if place == "top" else {"litellm_call_id": "call-7"}
    spend = read(row(inside, request_id=response_id, litellm_call_id=top, cache_hit=str(cache_hit)))
    assert (payload.native_key, spend.native_key) == (key, key)


def test_without_a_call_id_both_shapes_have_the_start_in_the_key() -> None:
    record = row(request_id="chatcmpl-42", litellm_call_id=None)
    assert read(record).native_key == "litellm_call:chatcmpl-42:1795372172155727"
    hit = read(row(request_id="chatcmpl-42", litellm_call_id=None, cache_hit="True"))
    assert hit.native_key == "litellm_cache_hit:chatcmpl-42:1795372172155727"


def test_two_shapes_together_name_the_developer_that_one_with_all_fields_would() -> None:
    """A row has no `requester_metadata`; a payload may lack the owner of the key."""
    claude = {"requester_metadata": {"user_id": LEGACY}}
    owner: dict[str, Any] = {"user": "jane"}
    end_user: dict[str, Any] = {"end_user": "dev-42"}
    payload = read(row(claude))
    by_owner, by_end_user = read(row(**owner)), read(row(**end_user))
    assert (payload.developer_id, payload.developer_source) == (ACCOUNT, "derived")
    assert (by_owner.developer_id, by_owner.developer_source) == ("jane", "explicit")
    assert (by_end_user.developer_id, by_end_user.developer_source) == ("dev-42", "derived")
    payload = dataclasses.replace(payload, source="litellm")
    for other, one in [
        (by_owner, read(row(claude, **owner))),
        (by_end_user, read(row(claude, **end_user))),
    ]:
        merged, _ = resolve([observe(payload), observe(other)])
        assert merged.trace.developer_id == one.developer_id
    assert read(row(claude, **owner)).developer_id == "jane"
    assert read(row(claude, **end_user)).developer_id == ACCOUNT


def test_what_is_a_row() -> None:
    assert litellm_spend.matches(row())
    assert not litellm_spend.matches({"request_id": "x", "startTime": "y"})
    assert not litellm.matches(row())
