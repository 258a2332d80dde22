"""ProdLens' own shape: where each fact may stand, and what is unknown."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest

from prodlens.schemas import CanonicalTrace, Reject, RejectReason
from prodlens.sources import simple

NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)
UUID = "0aa7c6c4-7f4b-4b1e-9d53-0c5ff1e5a001"
CLAUDE = f"user_ab12_account_{UUID}_session_{UUID}"


def record(**changes: Any) -> dict[str, Any]:
    return {
        "timestamp": "2024-10-28T12:00:00Z",
        "usage": {"input_tokens": 1000, "output_tokens": 500},
        **changes,
    }


def read(raw: dict[str, Any]) -> CanonicalTrace:
    (outcome,) = simple.read(raw, now=NOW)
    assert isinstance(outcome, CanonicalTrace)
    return outcome


def reject(raw: dict[str, Any]) -> Reject:
    (outcome,) = simple.read(raw, now=NOW)
    assert isinstance(outcome, Reject)
    return outcome


def test_what_is_not_said_is_unknown() -> None:
    trace = read(record())
    unknown = (
        "session_id developer_id model latency_ms status_code accepted_flag repo_slug diff_ratio"
        " accepted_lines cost_usd native_key error_type cache_read_tokens session_source"
        " developer_source repo_source accepted_source provider traffic_class"
    )
    assert {name: getattr(trace, name) for name in unknown.split()} == dict.fromkeys(
        unknown.split()
    )
    assert trace.source == "prodlens_simple"
    assert trace.cost_source == "unknown"


# Time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        record(),
        record(timestamp="2024-10-28T12:00:00+00:00Z"),
        record(timestamp="2024-10-28T14:00:00+02:00"),
        record(timestamp=1730116800),
        record(timestamp="1730116800000"),
        record(timestamp=None, attributes={"timestamp": 1730116800}),
        record(timestamp="", metadata={"created_at": "2024-10-28T12:00:00Z"}),
        record(timestamp=None, ts=1730116800.0),
    ],
    ids=str,
)
def test_times_as_loggers_write_them(raw: dict[str, Any]) -> None:
    assert read(raw).timestamp == datetime(2024, 10, 28, 12, tzinfo=UTC)
    assert read(raw).timestamp_assumed_utc is None


def test_a_naive_time_is_utc_and_marked() -> None:
    assert read(record(timestamp="2024-10-28T12:00:00")).timestamp_assumed_utc is True


@pytest.mark.parametrize(
    ("timestamp", "reason"),
    [
        (None, RejectReason.NO_TIMESTAMP),
        ("today", RejectReason.BAD_TIMESTAMP),
        ("1999-01-01T00:00:00Z", RejectReason.TIME_OUT_OF_RANGE),
    ],
)
def test_a_record_without_a_sensible_time_is_set_aside(
    timestamp: object, reason: RejectReason
) -> None:
    assert reject(record(timestamp=timestamp)).reason is reason


# Tokens -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"input_tokens": 1000, "output_tokens": 500}, (1000, 500, "inclusive")),
        ({"prompt_tokens": "1000", "completion_tokens": 500.0}, (1000, 500, "inclusive")),
        ({"input_tokens": 1000, "total_tokens": 1500}, (1000, 500, "inclusive")),
        ({"output_tokens": 500, "total_tokens": 1500}, (1000, 500, "inclusive")),
        ({"input_tokens": 1000, "total_tokens": 900}, (1000, None, "inclusive")),
        ({"input_tokens": 1000}, (1000, None, "inclusive")),
        ({"total_tokens": 1500}, (1500, 0, "total_only")),
        ({}, (None, None, None)),
        ({"input_tokens": None, "prompt_tokens": 7, "output_tokens": 0}, (7, 0, "inclusive")),
    ],
    ids=str,
)
def test_tokens(usage: dict[str, Any], expected: tuple[int | None, int | None, str | None]) -> None:
    trace = read(record(usage=usage))
    assert (trace.tokens_in, trace.tokens_out, trace.tokens_basis) == expected


def test_usage_may_be_json_text_or_stand_in_metadata() -> None:
    assert read(record(usage='{"input_tokens": 7, "output_tokens": 1}')).tokens_in == 7
    assert read(record(usage=None, metadata={"usage": {"input_tokens": 7}})).tokens_in == 7


@pytest.mark.parametrize("usage", [None, "", "many", 7, []], ids=repr)
def test_a_record_without_a_usage_object_is_set_aside(usage: object) -> None:
    found = reject(record(usage=usage))
    assert (found.reason, found.field) == (RejectReason.NO_USAGE, "usage")
    assert found.scalars == {"timestamp": "2024-10-28T12:00:00Z"}


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (  # Anthropic's own counts leave cache out
            {"input_tokens": 12, "cache_read_input_tokens": 100, "output_tokens": 5},
            (112, 100, None, "exclusive_added"),
        ),
        (
            {
                "input_tokens": 1000,
                "cache_read_input_tokens": 100,
                "cache_creation_input_tokens": 50,
                "output_tokens": 5,
            },
            (1150, 100, 50, "exclusive_added"),
        ),
        (  # unless the total says that they are inside
            {
                "input_tokens": 1000,
                "cache_read_input_tokens": 100,
                "output_tokens": 5,
                "total_tokens": 1005,
            },
            (1000, 100, None, "inclusive"),
        ),
        (
            {"prompt_tokens": 1000, "prompt_tokens_details": {"cached_tokens": 100}},
            (1000, 100, None, "inclusive"),
        ),
        (
            {"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 100}},
            (1000, 100, None, "inclusive"),
        ),
        (  # more cache than input: it can't be inside
            {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 100}},
            (110, 100, None, "exclusive_added"),
        ),
    ],
)
def test_input_includes_cache(
    usage: dict[str, Any], expected: tuple[int, int | None, int | None, str]
) -> None:
    trace = read(record(usage=usage))
    found = (trace.tokens_in, trace.cache_read_tokens, trace.cache_write_tokens, trace.tokens_basis)
    assert found == expected


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (  # as Anthropic writes it: the sum and its parts
            {
                "input_tokens": 12,
                "cache_creation_input_tokens": 2048,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 1024,
                    "ephemeral_1h_input_tokens": 1024,
                },
            },
            (2060, 2048, 1024, "exclusive_added"),
        ),
        (  # the parts alone
            {
                "input_tokens": 5000,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 100,
                    "ephemeral_1h_input_tokens": 24,
                },
            },
            (5124, 124, 24, "exclusive_added"),
        ),
        (
            {"prompt_tokens": 5000, "cache_creation": {"ephemeral_5m_input_tokens": 100}},
            (5000, 100, None, "inclusive"),
        ),
        (
            {"prompt_tokens": 5000, "cache_creation_input_tokens": 7, "cache_creation": None},
            (5000, 7, None, "inclusive"),
        ),
    ],
)
def test_cache_writes_are_split_by_how_long_they_are_kept(
    usage: dict[str, Any], expected: tuple[int, int, int | None, str]
) -> None:
    trace = read(record(usage=usage))
    writes = (trace.cache_write_tokens, trace.cache_write_1h_tokens)
    assert (trace.tokens_in, *writes, trace.tokens_basis) == expected


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"usage": {"input_tokens": -1}}, RejectReason.BAD_NUMBER, "input_tokens"),
        ({"usage": {"output_tokens": math.nan}}, RejectReason.BAD_NUMBER, "output_tokens"),
        ({"usage": {"input_tokens": True}}, RejectReason.BAD_FIELD, "input_tokens"),
        (
            {"usage": {"input_tokens": 2**62, "output_tokens": 2**62}},
            RejectReason.NUMBER_TOO_LARGE,
            "total_tokens",
        ),
        ({"latency_ms": -3}, RejectReason.BAD_NUMBER, "latency_ms"),
        ({"metadata": {"diff_ratio": math.inf}}, RejectReason.BAD_NUMBER, "diff_ratio"),
        ({"metadata": {"accepted_lines": -1}}, RejectReason.BAD_NUMBER, "accepted_lines"),
        ({"cost_usd": -1}, RejectReason.BAD_NUMBER, "cost_usd"),
    ],
)
def test_numbers_that_make_no_sense_set_the_record_aside(
    changes: dict[str, Any], reason: RejectReason, field: str
) -> None:
    found = reject(record(**changes))
    assert (found.reason, found.field) == (reason, field)


# Sessions and developers --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "session", "source"),
    [
        ({"metadata": {"session_id": "session_abc123"}}, "abc123", "explicit"),
        ({"metadata": {"session_id": "session-abc"}}, "abc", "explicit"),
        ({"metadata": {"session_id": "plain"}}, "plain", "explicit"),
        ({"metadata": {"session_id": UUID}}, UUID, "explicit"),
        ({"metadata": {"session_id": f"session_{UUID}"}}, UUID, "explicit"),
        ({"metadata": {"session_id": "obsession_1"}}, "obsession_1", "explicit"),
        ({"metadata": {"session_id": 42}}, "42", "explicit"),
        ({"metadata": '{"session_id": "session_abc"}'}, "abc", "explicit"),
        ({"session_id": "top"}, "top", "explicit"),
        ({"attributes": {"session.id": "attr"}}, "attr", "explicit"),
        ({"attributes": {"session": {"id": "nested"}}}, "nested", "explicit"),
        ({"attributes": {"metadata": '{"session_id": "deep"}'}}, "deep", "explicit"),
        ({"metadata": {"requester_metadata": {"session_id": "deep"}}}, "deep", "explicit"),
        ({"metadata": {"user_id": CLAUDE}}, UUID, "derived"),
        ({"metadata": {"user_id": json.dumps({"session_id": "abc"})}}, "abc", "derived"),
        ({"metadata": {"session_id": json.dumps({"session_id": "abc"})}}, "abc", "explicit"),
        ({"metadata": {"session_id": '{"session_id": broken'}}, None, None),
        ({"metadata": {"session_id": "session_id"}}, None, None),
        ({"metadata": {"session_id": "None"}, "session_id": "top"}, "top", "explicit"),
        ({"metadata": {"session_id": {"a": 1}}}, None, None),
        ({"metadata": {"user_id": "dev-1"}}, None, None),
        ({"metadata": "session_abc"}, None, None),
    ],
    ids=str,
)
def test_where_a_session_is_found(
    changes: dict[str, Any], session: str | None, source: str | None
) -> None:
    trace = read(record(**changes))
    assert (trace.session_id, trace.session_source) == (session, source)


@pytest.mark.parametrize(
    ("changes", "developer"),
    [
        ({"metadata": {"developer_id": "dev-1"}}, "dev-1"),
        ({"developer_id": "dev-1"}, "dev-1"),
        ({"attributes": {"user.id": "dev-1"}}, "dev-1"),
        ({"attributes": {"user": {"email": "jane@example.com"}}}, "jane@example.com"),
        ({"user": "end-user", "metadata": {"developer_id": "dev-1"}}, "dev-1"),
        ({"metadata": {"developer_id": "session_9", "user_id": "dev-2"}}, "dev-2"),
        ({"metadata": {"user_id": CLAUDE}}, None),
        ({"metadata": {"user_id": '{"session_id": "abc"}'}}, None),
        ({"metadata": {"user_api_key_user_id": "default_user_id"}}, None),
        ({"metadata": {"developer_id": "same", "session_id": "same"}}, None),
        ({}, None),
    ],
    ids=str,
)
def test_where_a_developer_is_found(changes: dict[str, Any], developer: str | None) -> None:
    trace = read(record(**changes))
    assert trace.developer_id == developer
    assert trace.developer_source == (None if developer is None else "explicit")


# Everything else ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "claude-3-sonnet"},
        {"attributes": {"llm.model_name": "claude-3-sonnet"}},
        {"attributes": {"llm": {"model_name": "claude-3-sonnet", "top_p": 1}}},
        {"attributes": {"gen_ai.request.model": "anthropic/claude-3-sonnet"}},
        {"attributes": {"gen_ai": {"request.model": "claude-3-sonnet"}}},
        {"metadata": {"model_name": "claude-3-sonnet"}},
        {"model": "", "metadata": {"model": "claude-3-sonnet"}},
        {"model": {"a": 1}, "metadata": {"model": "claude-3-sonnet"}},
    ],
    ids=str,
)
def test_where_a_model_is_found(changes: dict[str, Any]) -> None:
    assert read(record(**changes)).model == "claude-3-sonnet"


@pytest.mark.parametrize("place", ["attributes", "metadata", None])
def test_facts_stand_at_the_top_in_attributes_or_in_metadata(place: str | None) -> None:
    facts = {
        "latency_ms": "812.5",
        "status_code": "500",
        "error_type": "Timeout",
        "accepted_flag": "accepted",
        "diff_ratio": 0.8,
        "accepted_lines": 12,
        "repo_slug": "Acme/Widgets",
        "branch": "main",
        "cost_usd": 0.5,
        "stream": True,
        "provider": "anthropic",
    }
    trace = read(record(**facts) if place is None else record(**{place: facts}))
    assert (trace.latency_ms, trace.latency_source) == (812.5, "record")
    assert (trace.status_code, trace.error_type) == (500, "Timeout")
    assert (trace.accepted_flag, trace.accepted_source) == (True, "metadata")
    assert (trace.diff_ratio, trace.accepted_lines) == (0.8, 12)
    assert (trace.repo_slug, trace.repo_source) == ("acme/widgets", "explicit")
    assert (trace.git_branch, trace.stream, trace.provider) == ("main", True, "anthropic")
    assert (trace.cost_usd, trace.cost_source) == (0.5, "reported")


@pytest.mark.parametrize(
    ("changes", "code", "error"),
    [
        ({"status": "success"}, 200, None),
        ({"status": "failure"}, None, "failure"),
        ({"status": 404}, 404, None),
        ({"status": "in progress"}, None, None),
        ({"status": "failure", "status_code": 500}, 500, None),
        ({"status_code": "", "attributes": {"http.status_code": 429}}, 429, None),
        ({"attributes": {"error": {"type": "the prompt was secret"}}}, None, "unrecognised"),
    ],
    ids=str,
)
def test_status_codes_and_words(
    changes: dict[str, Any], code: int | None, error: str | None
) -> None:
    trace = read(record(**changes))
    assert (trace.status_code, trace.error_type) == (code, error)


def test_a_hostile_repository_is_dropped_and_the_next_one_taken() -> None:
    trace = read(record(metadata={"repo_slug": "../../etc", "repository": "acme/widgets"}))
    assert trace.repo_slug == "acme/widgets"
    assert read(record(metadata={"repo_slug": "../../etc"})).repo_slug is None


def test_the_order_of_keys_does_not_matter() -> None:
    one = record(metadata={"model": "a", "llm.model": "b", "user_id": "u", "developer_id": "d"})
    two = record(metadata=dict(reversed(one["metadata"].items())))
    assert read(one) == read(two)
    assert (read(one).model, read(one).developer_id) == ("a", "d")


@pytest.mark.parametrize(
    ("changes", "key", "record_id"),
    [
        ({"id": "r-1"}, "simple:r-1", "r-1"),
        ({"request_id": "q-1"}, "simple:q-1", "q-1"),
        ({"trace_id": "t", "span_id": "s"}, "simple:t/s", "t/s"),
        ({"trace_id": "t"}, None, None),
        ({"id": ""}, None, None),
        ({"metadata": {"id": "not-the-record's"}}, None, None),
    ],
    ids=str,
)
def test_an_explicit_id_makes_the_key(
    changes: dict[str, Any], key: str | None, record_id: str | None
) -> None:
    trace = read(record(**changes))
    assert (trace.native_key, trace.source_record_id) == (key, record_id)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"usage": {}}, True),
        ({"timestamp": 1, "metadata": {}}, True),
        ({"timestamp": 1, "attributes": {}}, True),
        ({"timestamp": 1, "payload": {}, "type": "turn_context"}, False),
        ({"timestamp": 1}, False),
        ({}, False),
    ],
    ids=str,
)
def test_what_has_this_shape(raw: dict[str, Any], expected: object) -> None:
    assert simple.matches(raw) is expected
