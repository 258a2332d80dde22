"""StandardLoggingPayload: each row of the mapping table, with the traps behind it."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest

from prodlens.schemas import CanonicalTrace, Reject, RejectReason, Skipped
from prodlens.sources import litellm, traffic

NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)
START = 1795372172.155727
HEX = "adb483163e079575d40400da963f5542"
UUID = "0aa7c6c4-7f4b-4b1e-9d53-0c5ff1e5a001"
ACCOUNT = "11111111-2222-4333-8444-555555555555"
DEVICE = "a1b2c3d4" * 8
LEGACY = f"user_{DEVICE}_account_{ACCOUNT}_session_{UUID}"
NOBODYS = f"user__account__session_{UUID}"
PRICED = {"model_map_value": {"input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05}}
UNPRICED = {"model_map_value": {"input_cost_per_token": 0, "output_cost_per_token": 0}}


def payload(metadata: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return a plain success with nothing attached; `metadata` and fields may be changed."""
    return {
        "id": "chatcmpl-1",
        "litellm_call_id": "call-1",
        "trace_id": HEX,
        "session_id": "",
        "call_type": "acompletion",
        "cache_hit": None,
        "stream": None,
        "status": "success",
        "custom_llm_provider": "openai",
        "startTime": START,
        "endTime": START + 0.173457,
        "completionStartTime": START + 0.173457,
        "response_time": 0.01,
        "model": "openai/gpt-4o",
        "model_group": "fast",
        "prompt_tokens": 2006,
        "completion_tokens": 300,
        "total_tokens": 2306,
        "response_cost": 0.005615,
        "model_map_information": PRICED,
        "request_tags": [],
        "end_user": None,
        "hidden_params": {"additional_headers": {}},
        "error_information": {"error_code": "", "error_class": ""},
        "metadata": {"user_api_key_user_id": "default_user_id", **(metadata or {})},
        **changes,
    }


def read(record: dict[str, Any]) -> CanonicalTrace:
    (outcome,) = litellm.read(record, now=NOW)
    assert isinstance(outcome, CanonicalTrace)
    return outcome


def reject(record: dict[str, Any]) -> Reject:
    (outcome,) = litellm.read(record, now=NOW)
    assert isinstance(outcome, Reject)
    return outcome


# Time and latency ---------------------------------------------------------------------------


def test_latency_is_end_minus_start_and_never_response_time() -> None:
    trace = read(payload())
    assert trace.timestamp == datetime(2026, 11, 22, 18, 29, 32, 155727, tzinfo=UTC)
    assert trace.latency_ms == 173.457
    assert trace.latency_source == "litellm"
    assert trace.timestamp_assumed_utc is None


def test_a_call_without_an_end_has_no_latency() -> None:
    trace = read(payload(endTime=None))
    assert (trace.latency_ms, trace.latency_source, trace.ttft_ms) == (None, None, None)


def test_a_clock_that_went_back_gives_no_latency() -> None:
    assert read(payload(endTime=START - 1)).latency_ms is None


def test_the_first_token_counts_only_for_streams() -> None:
    first: dict[str, Any] = {"completionStartTime": START + 0.1}
    assert read(payload(stream=True, **first)).ttft_ms == 100.0
    assert read(payload(stream=None, **first)).ttft_ms is None
    assert read(payload(stream=False, **first)).ttft_ms is None


def test_a_stream_whose_first_token_equals_its_end_was_not_measured() -> None:
    assert read(payload(stream=True)).ttft_ms is None


def test_streamed_messages_are_timed_after_the_headers() -> None:
    streamed = read(payload(stream=True, call_type="anthropic_messages"))
    whole = read(payload(stream=None, call_type="anthropic_messages"))
    assert streamed.latency_source == "litellm_after_headers"
    assert whole.latency_source == "litellm"


def test_the_older_shape_has_naive_times_and_no_call_id() -> None:
    record = payload(
        startTime="2025-01-24 09:20:46.847371",
        endTime="2025-01-24 09:20:47.861002",
        completionStartTime="2025-01-24 09:20:47.861002",
    )
    for name in ("session_id", "litellm_call_id", "cost_breakdown"):
        record.pop(name, None)
    trace = read(record)
    assert trace.timestamp == datetime(2025, 1, 24, 9, 20, 46, 847371, tzinfo=UTC)
    assert trace.timestamp_assumed_utc is True
    assert trace.latency_ms == 1013.631
    assert trace.status_code == 200
    assert trace.native_key == "litellm_call:chatcmpl-1:1737710446847371"
    assert trace.call_group == "chatcmpl-1"


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (None, RejectReason.NO_TIMESTAMP),
        ("", RejectReason.NO_TIMESTAMP),
        ("soon", RejectReason.BAD_TIMESTAMP),
        (math.nan, RejectReason.BAD_TIMESTAMP),
        (1.0, RejectReason.TIME_OUT_OF_RANGE),
        (START + 3 * 86400, RejectReason.TIME_OUT_OF_RANGE),
    ],
)
def test_a_call_without_a_sensible_start_is_set_aside(start: object, reason: RejectReason) -> None:
    found = reject(payload(startTime=start))
    assert (found.reason, found.field) == (reason, "startTime")
    assert found.scalars["id"] == "chatcmpl-1"


# Model --------------------------------------------------------------------------------------


def test_the_model_is_stored_raw_and_plain_with_its_alias() -> None:
    trace = read(payload())
    assert trace.model == "gpt-4o"
    assert trace.model_raw == "openai/gpt-4o"
    assert trace.model_alias == "fast"
    assert trace.provider == "openai"


# Tokens -------------------------------------------------------------------------------------

USAGE = {
    "prompt_tokens_details": {
        "cached_tokens": 15360,
        "cache_creation_tokens": 2048,
        "cache_creation_token_details": {"ephemeral_1h_input_tokens": 1024},
    },
    "completion_tokens_details": {"reasoning_tokens": 7},
    "cache_creation_input_tokens": 2048,
    "cache_read_input_tokens": 15360,
}


def test_cache_and_reasoning_are_parts_of_the_counts() -> None:
    trace = read(payload({"usage_object": USAGE}, prompt_tokens=17420, completion_tokens=87))
    assert (trace.tokens_in, trace.tokens_out, trace.total_tokens) == (17420, 87, 17507)
    assert (trace.cache_read_tokens, trace.cache_write_tokens) == (15360, 2048)
    assert (trace.cache_write_1h_tokens, trace.reasoning_tokens) == (1024, 7)
    assert trace.tokens_basis == "inclusive"


def test_details_fill_in_where_the_plain_count_is_empty() -> None:
    usage = {"cache_read_input_tokens": 0, "prompt_tokens_details": {"cached_tokens": 1920}}
    trace = read(payload({"usage_object": usage}))
    assert (trace.cache_read_tokens, trace.cache_write_tokens) == (1920, None)


def test_no_cache_is_zero_and_unknown_cache_is_unknown() -> None:
    known = {"prompt_tokens_details": {"cached_tokens": 0}}
    assert read(payload({"usage_object": known})).cache_read_tokens == 0
    assert read(payload({"usage_object": None})).cache_read_tokens is None


def test_a_lone_total_is_all_input() -> None:
    trace = read(payload(prompt_tokens=None, completion_tokens=None, total_tokens=900))
    assert (trace.tokens_in, trace.tokens_out, trace.tokens_basis) == (900, 0, "total_only")


def test_no_counts_at_all_are_unknown() -> None:
    trace = read(payload(prompt_tokens=None, completion_tokens=None, total_tokens=None))
    assert (trace.tokens_in, trace.tokens_out, trace.total_tokens) == (None, None, None)
    assert trace.tokens_basis is None


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"prompt_tokens": -1}, RejectReason.BAD_NUMBER, "prompt_tokens"),
        ({"completion_tokens": math.nan}, RejectReason.BAD_NUMBER, "completion_tokens"),
        ({"prompt_tokens": True}, RejectReason.BAD_FIELD, "prompt_tokens"),
        ({"prompt_tokens": 2**63}, RejectReason.NUMBER_TOO_LARGE, "prompt_tokens"),
        (
            {"prompt_tokens": 2**63 - 1, "completion_tokens": 1},
            RejectReason.NUMBER_TOO_LARGE,
            "total_tokens",
        ),
        ({"response_cost": -0.1}, RejectReason.BAD_NUMBER, "response_cost"),
        ({"response_cost": math.inf}, RejectReason.BAD_NUMBER, "response_cost"),
    ],
)
def test_numbers_that_make_no_sense_set_the_record_aside(
    changes: dict[str, Any], reason: RejectReason, field: str
) -> None:
    found = reject(payload(**changes))
    assert (found.reason, found.field) == (reason, field)


@pytest.mark.parametrize(
    ("prompt", "completion", "total", "expected"),
    [
        (1000, None, 1500, (1000, 500, "inclusive")),
        (None, 500, 1500, (1000, 500, "inclusive")),
        (1000, None, 1000, (1000, 0, "inclusive")),
        (1000, None, 900, (1000, None, "inclusive")),
        (None, 500, 400, (None, 500, "inclusive")),
        (1000, None, None, (1000, None, "inclusive")),
        (None, 500, None, (None, 500, "inclusive")),
        (0, 0, 900, (900, 0, "total_only")),
        (0, 0, 0, (0, 0, "inclusive")),
        (0, 0, None, (0, 0, "inclusive")),
        (0, 7, 900, (0, 7, "inclusive")),
        (7, 0, 900, (7, 0, "inclusive")),
    ],
)
def test_the_total_stands_in_for_a_side_that_is_missing(
    prompt: int | None,
    completion: int | None,
    total: int | None,
    expected: tuple[int | None, int | None, str],
) -> None:
    trace = read(payload(prompt_tokens=prompt, completion_tokens=completion, total_tokens=total))
    assert (trace.tokens_in, trace.tokens_out, trace.tokens_basis) == expected


def test_more_cache_than_input_shows_that_the_input_was_counted_without_it() -> None:
    trace = read(payload({"usage_object": USAGE}, prompt_tokens=12, completion_tokens=87))
    assert (trace.tokens_in, trace.tokens_out, trace.total_tokens) == (17420, 87, 17507)
    assert (trace.cache_read_tokens, trace.cache_write_tokens) == (15360, 2048)
    assert trace.tokens_basis == "exclusive_added"


def test_as_much_cache_as_input_is_inside_it() -> None:
    usage = {"cache_read_input_tokens": 2006}
    trace = read(payload({"usage_object": usage}))
    assert (trace.tokens_in, trace.cache_read_tokens, trace.tokens_basis) == (
        2006,
        2006,
        "inclusive",
    )


@pytest.mark.parametrize(
    ("plain", "split", "expected"),
    [
        ({}, {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 24}, (124, 24)),
        ({}, {"ephemeral_5m_input_tokens": 100}, (100, None)),
        ({}, {"ephemeral_1h_input_tokens": 24}, (24, 24)),
        ({"cache_creation_input_tokens": 0}, {"ephemeral_1h_input_tokens": 24}, (24, 24)),
        ({"cache_creation_input_tokens": 200}, {"ephemeral_1h_input_tokens": 24}, (200, 24)),
        ({"cache_creation_input_tokens": 200}, {}, (200, None)),
        ({}, {}, (None, None)),
    ],
)
def test_cache_writes_are_the_sum_of_their_parts_where_only_those_are_given(
    plain: dict[str, int], split: dict[str, int], expected: tuple[int | None, int | None]
) -> None:
    usage = {**plain, "prompt_tokens_details": {"cache_creation_token_details": split}}
    trace = read(payload({"usage_object": usage}))
    assert (trace.cache_write_tokens, trace.cache_write_1h_tokens) == expected
    assert (trace.tokens_in, trace.tokens_basis) == (2006, "inclusive")


def test_cache_beyond_64_bits_sets_the_record_aside() -> None:
    usage = {"cache_read_input_tokens": 2**63 - 1}
    found = reject(payload({"usage_object": usage}))
    assert (found.reason, found.field) == (RejectReason.NUMBER_TOO_LARGE, "total_tokens")


# Cost ---------------------------------------------------------------------------------------


def test_the_reported_cost_is_taken_as_it_is() -> None:
    trace = read(payload())
    assert (trace.cost_usd, trace.cost_source) == (0.005615, "reported")


@pytest.mark.parametrize(
    "changes",
    [
        {"response_cost": 0.0, "model_map_information": UNPRICED},
        {"response_cost": 0.0, "model_map_information": {"model_map_value": None}},
        {"response_cost": 0.0, "model_map_information": None},
        {"response_cost": 0, "response_cost_failure_debug_info": {"model": "x"}},
        {"response_cost": None},
    ],
)
def test_the_cost_of_a_model_without_a_price_is_unknown_and_not_zero(
    changes: dict[str, Any],
) -> None:
    trace = read(payload(**changes))
    assert (trace.cost_usd, trace.cost_source) == (None, "unknown")


def test_a_priced_model_may_cost_nothing() -> None:
    assert read(payload(response_cost=0.0)).cost_usd == 0.0
    breakdown = {"cost_breakdown": {"total_cost": 0.2}, "model_map_information": None}
    assert read(payload(response_cost=0.0, **breakdown)).cost_usd == 0.0


def test_a_subscription_is_labelled_and_keeps_its_cost() -> None:
    trace = read(payload({"used_client_oauth_token": True}))
    assert (trace.subscription, trace.cost_usd) == (True, 0.005615)
    assert read(payload({"used_client_oauth_token": False})).subscription is False
    assert read(payload()).subscription is None


# Outcome ------------------------------------------------------------------------------------


def failure(**error: Any) -> dict[str, Any]:
    return payload(
        id="call-1",
        status="failure",
        error_information=error,
        error_str="the prompt was: secret",
        response_cost=0.0,
        prompt_tokens=0,
        completion_tokens=0,
        total_tokens=0,
        model_map_information=UNPRICED,
    )


def test_a_failure_keeps_its_zero_tokens_and_zero_cost() -> None:
    trace = read(failure(error_code="429", error_class="RateLimitError"))
    assert (trace.tokens_in, trace.tokens_out, trace.cost_usd) == (0, 0, 0.0)
    assert (trace.status_code, trace.error_type) == (429, "RateLimitError")


def test_the_kind_of_rate_limit_belongs_to_the_error_type() -> None:
    trace = read(
        failure(
            error_code="429",
            error_class="RateLimitError",
            error_rate_limit_category="vendor_rate_limit",
        )
    )
    assert trace.error_type == "RateLimitError:vendor_rate_limit"


@pytest.mark.parametrize(
    ("error", "status_code", "error_type"),
    [
        ({"error_code": "", "error_class": ""}, None, "failure"),
        ({"error_code": "n/a", "error_class": "Timeout"}, None, "Timeout"),
        ({"error_code": 500, "error_class": None}, 500, None),
        ({"error_code": "400", "error_class": "the prompt was: secret"}, 400, "unrecognised"),
        ({}, None, "failure"),
    ],
)
def test_every_failure_counts_as_an_error(
    error: dict[str, Any], status_code: int | None, error_type: str | None
) -> None:
    trace = read(failure(**error))
    assert (trace.status_code, trace.error_type) == (status_code, error_type)


def test_no_error_text_reaches_the_trace() -> None:
    prompt = "the prompt was: secret"
    trace = read(failure(error_code="400", error_message=prompt, traceback=prompt))
    assert "secret" not in json.dumps(trace.to_record())


@pytest.mark.parametrize(
    ("changes", "status_code"),
    [
        ({"status": None}, 200),
        ({"status": "SUCCESS"}, 200),
        ({"status": None, "completion_tokens": 0, "response_cost": 0.1}, 200),
        ({"status": None, "completion_tokens": 0, "response_cost": 0.0}, None),
        ({"status": None, "error_information": {"error_code": "503"}}, 503),
    ],
)
def test_without_a_status_the_error_the_answer_and_the_cost_tell(
    changes: dict[str, Any], status_code: int | None
) -> None:
    assert read(payload(**changes)).status_code == status_code


# Identity -----------------------------------------------------------------------------------


def test_a_success_is_known_by_the_providers_response_id() -> None:
    trace = read(payload(id="msg_01"))
    assert trace.native_key == "message:msg_01"
    assert trace.provider_message_id == "msg_01"
    assert trace.source_record_id == "msg_01"
    assert (trace.call_group, trace.trace_id) == ("call-1", HEX)
    assert trace.source == "litellm"


@pytest.mark.parametrize(
    "response_id",
    [
        "msg_1",
        "resp_1",
        "chatcmpl-e35151f386b940d2a70a94fe400e3",
        "chatcmpl-728deaf1-c8b3-4366-997a-dca6d0d6534f",
        "chatcmpl-ABCDEFGHIJKLMNOPQRST",
        "gen-1730000000-AbCdEfGhIj",
        "0aa7c6c4-7f4b-4b1e-9d53-0c5ff1e5a001",
    ],
)
def test_an_id_that_only_one_call_can_have_is_its_key(response_id: str) -> None:
    assert read(payload(id=response_id)).native_key == f"message:{response_id}"


@pytest.mark.parametrize(
    "response_id", ["chatcmpl-1", "chatcmpl-999", "chatcmpl-ABCDEFGHIJKLMNOPQRS", "7", "gen-1"]
)
def test_an_id_that_a_server_repeats_is_stored_and_is_no_key(response_id: str) -> None:
    trace = read(payload(id=response_id))
    assert (trace.native_key, trace.other_keys) == ("litellm_call:call-1", ())
    assert trace.provider_message_id == response_id
    without = read(payload(id=response_id, litellm_call_id=None))
    assert without.native_key == f"litellm_call:{response_id}:1795372172155727"
    assert without.provider_message_id == response_id


def test_two_calls_of_one_repeated_id_are_two() -> None:
    first, second = payload(), payload(litellm_call_id="call-2")
    assert read(first).native_key == "litellm_call:call-1"
    assert read(second).native_key == "litellm_call:call-2"


def test_a_failure_is_known_by_call_id_and_start() -> None:
    trace = read(failure(error_code="500"))
    assert trace.native_key == "litellm_failure:call-1:1795372172155727"
    assert trace.provider_message_id is None


def test_a_failure_and_its_fallback_are_two_calls_of_one_group() -> None:
    failed, answered = read(failure(error_code="500")), read(payload())
    assert failed.native_key != answered.native_key
    assert failed.call_group == answered.call_group == "call-1"


def test_two_failing_groups_of_one_request_are_two_calls() -> None:
    first = failure(error_code="500")
    second = failure(error_code="500") | {"startTime": START + 0.000001}
    assert read(first).native_key != read(second).native_key


def test_a_cache_hit_is_a_free_call_of_its_own() -> None:
    trace = read(
        payload(
            {"usage_object": USAGE},
            id="chatcmpl-1_cache_hit1795372172.5",
            cache_hit=True,
            prompt_tokens=17420,
            response_cost=0.0,
            model_map_information=UNPRICED,
            hidden_params={"additional_headers": {"llm_provider-request-id": "req_of_the_first"}},
        )
    )
    assert trace.native_key == "litellm_cache_hit:chatcmpl-1_cache_hit1795372172.5"
    assert trace.other_keys == ("litellm_cache_hit_call:call-1",)
    assert trace.traffic_class == "cache_hit"
    assert (trace.cost_usd, trace.cost_source) == (0.0, "reported")
    assert (trace.tokens_in, trace.cache_read_tokens) == (17420, 15360)
    assert (trace.provider_message_id, trace.provider_request_id) == (None, None)


@pytest.mark.parametrize(
    ("call_id", "key"),
    [
        ("call-1", "litellm_cache_hit_call:call-1"),
        (None, "litellm_cache_hit:msg_01:1795372172155727"),
    ],
)
def test_a_cache_hit_without_a_mark_is_not_the_call_whose_answer_it_repeats(
    call_id: str | None, key: str
) -> None:
    hit = read(payload(id="msg_01", litellm_call_id=call_id, cache_hit=True))
    assert (hit.native_key, hit.other_keys, hit.provider_message_id) == (key, (), None)
    assert read(payload(id="msg_01", litellm_call_id=call_id)).native_key == "message:msg_01"


def test_a_cache_hit_without_any_id_is_known_by_its_content() -> None:
    assert read(payload(id=None, litellm_call_id=None, cache_hit=True)).native_key is None


def test_a_call_that_was_no_cache_hit_has_no_traffic_class() -> None:
    assert read(payload(cache_hit=False)).traffic_class is None
    assert read(payload(cache_hit="False")).traffic_class is None


@pytest.mark.parametrize(
    ("headers", "error", "request_id", "keys"),
    [
        ({"llm_provider-request-id": "req_a"}, {}, "req_a", ("request:req_a",)),
        ({"request-id": "req_b"}, {}, "req_b", ("request:req_b",)),
        ({"llm_provider-x-request-id": "req_c"}, {}, "req_c", ("request:req_c",)),
        ({}, {"error_provider_request_id": "req_d"}, "req_d", ("request:req_d",)),
        ({"x-request-id": "chosen-by-the-client"}, {}, "chosen-by-the-client", ()),
        ({}, {}, None, ()),
        (None, {}, None, ()),
    ],
)
def test_the_providers_request_id_is_a_further_key(
    headers: object, error: dict[str, Any], request_id: str | None, keys: tuple[str, ...]
) -> None:
    record = payload(hidden_params={"additional_headers": headers}, error_information=error)
    trace = read(record)
    assert (trace.provider_request_id, trace.other_keys) == (request_id, keys)


def test_without_any_id_the_content_decides() -> None:
    assert read(payload(id=None, litellm_call_id="")).native_key is None
    assert read(payload(id="")).native_key == "litellm_call:call-1"
    assert (
        read(failure(error_code="500") | {"id": None, "litellm_call_id": None}).native_key is None
    )


def test_a_record_with_nothing_in_it_is_no_call() -> None:
    found = reject({"startTime": START, "id": None, "call_type": None, "hidden_params": {}})
    assert found.reason is RejectReason.UNKNOWN_FORMAT


# Sessions -----------------------------------------------------------------------------------


def test_a_trace_id_is_passed_on_and_is_no_session() -> None:
    trace = read(payload(trace_id="sess-like-name"))
    assert (trace.session_id, trace.session_source) == (None, None)
    assert trace.trace_id == "sess-like-name"


@pytest.mark.parametrize(
    ("metadata", "changes", "session", "source"),
    [
        ({}, {"session_id": "s-field"}, "s-field", "explicit"),
        (
            {"requester_custom_headers": {"x-claude-code-session-id": UUID}},
            {},
            UUID,
            "explicit",
        ),
        (
            {"requester_custom_headers": {"X-LiteLLM-Session-Id": "s-header"}},
            {},
            "s-header",
            "explicit",
        ),
        ({"requester_custom_headers": {"x-acme-session-id": "s-acme"}}, {}, "s-acme", "explicit"),
        ({"requester_custom_headers": {"acme-session-id": "no"}}, {}, None, None),
        ({}, {"end_user": LEGACY}, UUID, "derived"),
        ({"user_api_key_end_user_id": LEGACY}, {}, UUID, "derived"),
        ({"requester_metadata": {"user_id": LEGACY}}, {}, UUID, "derived"),
        ({"requester_metadata": {"session_id": "s-body"}}, {}, "s-body", "explicit"),
        ({"spend_logs_metadata": {"session_id": "s-spend"}}, {}, "s-spend", "explicit"),
        ({"requester_metadata": {"trace_id": "no-session"}}, {}, None, None),
        ({}, {"session_id": "None"}, None, None),
        ({"requester_metadata": {"session_id": {"a": 1}}}, {}, None, None),
    ],
)
def test_where_a_session_is_found(
    metadata: dict[str, Any], changes: dict[str, Any], session: str | None, source: str | None
) -> None:
    trace = read(payload(metadata, **changes))
    assert (trace.session_id, trace.session_source) == (session, source)


def test_the_first_place_that_names_a_session_wins() -> None:
    everywhere = {
        "requester_custom_headers": {"x-litellm-session-id": "2-header"},
        "requester_metadata": {"session_id": "4-body"},
        "spend_logs_metadata": {"session_id": "5-spend"},
    }
    changes: dict[str, Any] = {"session_id": "1-field", "end_user": LEGACY}
    found = [read(payload(everywhere, **changes)).session_id]
    changes["session_id"] = ""
    found.append(read(payload(everywhere, **changes)).session_id)
    del everywhere["requester_custom_headers"]
    found.append(read(payload(everywhere, **changes)).session_id)
    changes["end_user"] = "dev-42"
    found.append(read(payload(everywhere, **changes)).session_id)
    del everywhere["requester_metadata"]
    found.append(read(payload(everywhere, **changes)).session_id)
    assert found == ["1-field", "2-header", UUID, "4-body", "5-spend"]


def test_session_ids_stay_as_they_are() -> None:
    assert read(payload(session_id="session_abc")).session_id == "session_abc"


# Developers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metadata", "end_user", "developer", "source"),
    [
        ({"spend_logs_metadata": {"developer_id": "d-spend"}}, "x", "d-spend", "explicit"),
        ({"requester_metadata": {"developer_id": "d-body"}}, "x", "d-body", "explicit"),
        ({"user_api_key_user_email": "jane@example.com"}, "x", "jane@example.com", "explicit"),
        ({"user_api_key_user_id": "u-7"}, "x", "u-7", "explicit"),
        ({"user_api_key_alias": "janes-key"}, LEGACY, "janes-key", "explicit"),
        ({}, LEGACY, ACCOUNT, "derived"),
        ({}, "dev-42", "dev-42", "derived"),
        ({"requester_metadata": {"user_id": LEGACY}}, "dev-42", ACCOUNT, "derived"),
        ({"requester_metadata": {"user_id": NOBODYS}}, "dev-42", "dev-42", "derived"),
        ({}, None, None, None),
        ({"user_api_key_user_id": "default_user_id"}, None, None, None),
        ({"user_api_key_alias": "litellm_proxy_master_key"}, None, None, None),
        ({"user_api_key_hash": "2ab06cfadcdcc1bb"}, None, None, None),
        ({"spend_logs_metadata": {"developer_id": "session_9"}}, "dev-1", "dev-1", "derived"),
        ({}, "user_x_session_9", None, None),
        ({}, '{"session_id": broken', None, None),
    ],
)
def test_where_a_developer_is_found(
    metadata: dict[str, Any], end_user: str | None, developer: str | None, source: str | None
) -> None:
    trace = read(payload(metadata, end_user=end_user))
    assert (trace.developer_id, trace.developer_source) == (developer, source)


def test_the_account_of_health_checks_is_no_developer_and_marks_the_call() -> None:
    trace = read(payload({"user_api_key_alias": "litellm-internal-health-check"}, end_user=None))
    assert (trace.developer_id, trace.developer_source) == (None, None)
    assert trace.tags == ("litellm-internal-health-check",)
    assert traffic.classify(trace) == "health_probe"


def packed(account: str) -> str:
    return json.dumps({"device_id": DEVICE, "account_uuid": account, "session_id": UUID})


@pytest.mark.parametrize(
    ("end_user", "developer"),
    [
        (LEGACY, ACCOUNT),
        (f"user_{DEVICE}_account__session_{UUID}", DEVICE),
        (packed(ACCOUNT), ACCOUNT),
        (packed(""), DEVICE),
    ],
)
def test_claude_code_packs_session_and_person_into_one_string(
    end_user: str, developer: str
) -> None:
    trace = read(payload(end_user=end_user))
    assert (trace.session_id, trace.session_source) == (UUID, "derived")
    assert (trace.developer_id, trace.developer_source) == (developer, "derived")


def test_the_developer_is_never_the_session() -> None:
    trace = read(payload({"requester_metadata": {"session_id": "abc"}}, end_user="abc"))
    assert (trace.session_id, trace.developer_id, trace.developer_source) == ("abc", None, None)


# What the client attached -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metadata", "tags"),
    [
        ({"spend_logs_metadata": {"repo_slug": "Acme/Widgets"}}, []),
        ({"spend_logs_metadata": {"repo": "https://github.com/acme/widgets.git"}}, []),
        ({"spend_logs_metadata": '{"repo_slug": "acme/widgets"}'}, []),
        ({"requester_metadata": {"repo": "acme/widgets"}}, []),
        ({}, ["repo:github.com/acme/widgets"]),
        ({"spend_logs_metadata": {"repo": "../../etc"}}, ["repo:acme/widgets"]),
    ],
)
def test_where_a_repository_is_found(metadata: dict[str, Any], tags: list[str]) -> None:
    trace = read(payload(metadata, request_tags=tags))
    assert (trace.repo_slug, trace.repo_source) == ("acme/widgets", "explicit")


def test_a_hostile_repository_is_dropped_and_the_call_stays() -> None:
    trace = read(payload({"spend_logs_metadata": {"repo": "../../etc/passwd"}}))
    assert (trace.repo_slug, trace.repo_source) == (None, None)
    assert trace.tokens_in == 2006


def test_only_listed_tags_are_kept_and_credentials_never() -> None:
    tags = [
        "User-Agent: claude-cli/2.1.197",
        "repo:https://jane:ghp_secret@github.com/acme/widgets",
        "branch:feature/x:y",
        "Team:core",
        "secret:abc",
        "team:core",
        "just text",
        7,
    ]
    trace = read(payload(request_tags=tags))
    assert trace.tags == ("branch:feature/x:y", "repo:acme/widgets", "team:core")
    assert (trace.repo_slug, trace.git_branch) == ("acme/widgets", "feature/x:y")


@pytest.mark.parametrize(
    ("attached", "expected"),
    [
        ({"prod_lens.accepted": True}, (True, None, None)),
        ({"accepted_flag": "rejected"}, (False, None, None)),
        ({"prod_lens.accepted": "maybe"}, (None, None, None)),
        ({"prod_lens.diff_ratio": 0.8, "accepted_lines": "12"}, (None, 0.8, 12)),
        ({}, (None, None, None)),
    ],
)
@pytest.mark.parametrize("place", ["spend_logs_metadata", "requester_metadata"])
def test_acceptance_is_what_the_client_said_and_else_unknown(
    place: str, attached: dict[str, Any], expected: tuple[bool | None, float | None, int | None]
) -> None:
    trace = read(payload({place: attached}))
    assert (trace.accepted_flag, trace.diff_ratio, trace.accepted_lines) == expected
    assert trace.accepted_source == (None if expected[0] is None else "metadata")


def test_the_client_program_is_kept() -> None:
    assert read(payload({"user_agent": "claude-cli/2.1.197"})).user_agent == "claude-cli/2.1.197"
    assert read(payload(user_agent="curl/8")).user_agent == "curl/8"


# Shapes -------------------------------------------------------------------------------------


def test_what_is_a_standard_logging_payload() -> None:
    assert litellm.matches(payload())
    assert litellm.matches({"model_map_information": None, "response_cost": 0.1})
    assert not litellm.matches({"id": "x", "startTime": 1})
    assert not litellm.matches({})


def test_a_server_log_is_named_and_holds_no_call() -> None:
    line = {"message": "POST /v1/messages", "level": "INFO", "component": "uvicorn.access"}
    assert litellm.is_server_log(line)
    assert not litellm.is_server_log(payload())
    assert list(litellm.skip_server_log(line, now=NOW)) == [Skipped("LiteLLM server log")]


def test_metadata_may_be_missing_or_of_another_type() -> None:
    others: list[Any] = [None, [], "x", 7]
    for metadata in others:
        trace = read({**payload(), "metadata": metadata})
        assert (trace.session_id, trace.developer_id, trace.tokens_in) == (None, None, 2006)
