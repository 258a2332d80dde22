"""Claude Code's telemetry: events and spans of real sessions, and what they may lack."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.schemas import (
    CanonicalTrace,
    ContextFact,
    Decision,
    Fact,
    Reject,
    RejectReason,
    Skipped,
    Suggestion,
)
from prodlens.sources import claude_code, claude_code_otel, otlp_emitters
from prodlens.sources.otlp import LogRecord, Span

if TYPE_CHECKING:
    from prodlens.schemas import (
        Outcome,
    )

DATA = Path(__file__).parents[2] / "data"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
AT = datetime(2026, 11, 22, 18, 33, 6, 570_000, tzinfo=UTC)
DEVICE = "689312d27b2ee8367dfa3f0ce419518d0b2b141016778d4b6f61a530ca09790b"
SCOPE = "com.anthropic.claude_code.events"
REQUEST = {
    "session.id": "s-1",
    "user.id": DEVICE,
    "event.sequence": 3,
    "prompt.id": "p-1",
    "model": "claude-sonnet-4-5-20250929",
    "input_tokens": 12,
    "output_tokens": 87,
    "cache_read_tokens": 15360,
    "cache_creation_tokens": 2048,
    "cost_usd": 0.015933,
    "duration_ms": 288,
    "request_id": "req_01abc",
    "query_source": "repl_main_thread",
}
ERROR = {
    "session.id": "s-1",
    "event.sequence": 4,
    "model": "claude-sonnet-4-5-20250929",
    "error": "Overloaded",
    "status_code": "529",
    "duration_ms": 20,
    "attempt": 2,
    "request_id": "req_01err",
}
DECISION = {
    "session.id": "s-1",
    "prompt.id": "p-1",
    "decision": "accept",
    "source": "user_temporary",
    "tool_name": "Edit",
    "tool_use_id": "toolu_1",
}


def log(name: str | None, attributes: dict[str, Any], **resource: Any) -> LogRecord:
    return LogRecord(name, AT, AT, attributes, resource, SCOPE)


def span(attributes: dict[str, Any], name: str = "claude_code.llm_request", **changes: Any) -> Span:
    plain = Span(
        trace_id="96ac99716cc1b8f29d34d76cb9066751",
        span_id="97a12d29ff0dfff8",
        parent_id="98b1c574764829a8",
        name=name,
        start=datetime(2026, 11, 22, 18, 33, 6, 269_000, tzinfo=UTC),
        start_ns=None,
        end=AT,
        status_code=0,
        attributes=attributes,
        resource={},
        scope_name="com.anthropic.claude_code.tracing",
    )
    return plain._replace(**changes)


def outcomes(name: str | None, attributes: dict[str, Any], **resource: Any) -> list[Outcome]:
    return list(claude_code_otel.read_log(log(name, attributes, **resource), now=NOW))


def call(name: str, attributes: dict[str, Any], **resource: Any) -> CanonicalTrace:
    (found,) = outcomes(name, attributes, **resource)
    assert isinstance(found, CanonicalTrace)
    return found


def call_of(one: Span) -> CanonicalTrace:
    (found,) = claude_code_otel.read_span(one, now=NOW)
    assert isinstance(found, CanonicalTrace)
    return found


def edit(name: str, attributes: dict[str, Any]) -> Suggestion:
    (found,) = outcomes(name, attributes)
    assert isinstance(found, Suggestion)
    return found


def captured(name: str) -> list[Outcome]:
    lines = (DATA / "claude_code_otel" / name).read_text().splitlines()
    return [one for line in lines for one in otlp_emitters.read(json.loads(line), now=NOW)]


def calls_of(name: str) -> list[CanonicalTrace]:
    return [one for one in captured(name) if isinstance(one, CanonicalTrace)]


# The captured sessions ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "calls", "tokens_in", "tokens_out", "read", "write", "nanos"),
    [
        ("headless_logs.otlp.jsonl", 11, 191_620, 957, 168_960, 22_528, 175_263_000),
        ("interactive_logs.otlp.jsonl", 8, 139_360, 696, 122_880, 16_384, 127_464_000),
        ("api_error_logs.otlp.jsonl", 1, 0, 0, 0, 0, 0),
        ("headless_traces.otlp.jsonl", 11, 191_620, 957, 168_960, 22_528, 0),
        ("headless_metrics.otlp.jsonl", 0, 0, 0, 0, 0, 0),
        ("interactive_metrics.otlp.jsonl", 0, 0, 0, 0, 0, 0),
    ],
)
def test_the_captured_files_hold_their_calls_once(
    name: str, calls: int, tokens_in: int, tokens_out: int, read: int, write: int, nanos: int
) -> None:
    found = calls_of(name)
    assert len(found) == len({one.native_key for one in found}) == calls
    assert sum(one.tokens_in or 0 for one in found) == tokens_in
    assert sum(one.tokens_out or 0 for one in found) == tokens_out
    assert sum(one.cache_read_tokens or 0 for one in found) == read
    assert sum(one.cache_write_tokens or 0 for one in found) == write
    assert round(sum(one.cost_usd or 0 for one in found) * 1e9) == nanos
    assert not any(isinstance(one, Reject) for one in captured(name))


def test_events_and_spans_know_the_same_requests() -> None:
    events = {one.native_key for one in calls_of("headless_logs.otlp.jsonl")}
    assert {one.native_key for one in calls_of("headless_traces.otlp.jsonl")} == events


def test_events_and_transcripts_know_the_same_requests() -> None:
    folder = DATA / "claude_code_transcripts" / "-home-dev-widgets"
    written: set[str] = set()
    for path in folder.rglob("*.jsonl"):
        for line in path.read_text().splitlines():
            for one in claude_code.read(json.loads(line), now=NOW):
                written |= set(one.other_keys) if isinstance(one, CanonicalTrace) else set()
    logged = {
        key
        for name in ("headless_logs", "interactive_logs", "api_error_logs")
        for one in calls_of(f"{name}.otlp.jsonl")
        for key in (one.native_key, *one.other_keys)
        if key is not None and key.startswith("request:")
    }
    assert len(logged) == 20
    assert len(logged & written) == 17


def test_the_captured_decisions_about_edits_name_who_decided() -> None:
    found = {
        (one.key, one.decision, one.decided_by)
        for name in ("headless_logs.otlp.jsonl", "interactive_logs.otlp.jsonl")
        for one in captured(name)
        if isinstance(one, Suggestion) and one.decision_source == "event"
    }
    assert found == {
        ("tool:toolu_0102631a8eb7d94de78a31cd", "accept", "auto"),
        ("tool:toolu_0190ddd58314e84a96b7dacd", "accept", "auto"),
        ("tool:toolu_01904c1da884054886ad24d0", "reject", "user"),
        ("tool:toolu_011d350b4f47bd4a4ca008a7", "accept", "user"),
        ("tool:toolu_0178daa713870f4170a4a4ad", "accept", "user"),
    }


# Requests -----------------------------------------------------------------------------------


def test_a_request_begins_before_its_event() -> None:
    found = call("api_request", REQUEST)
    assert found.timestamp == datetime(2026, 11, 22, 18, 33, 6, 282_000, tzinfo=UTC)
    assert (found.latency_ms, found.latency_source) == (288.0, "claude_code_otel")
    assert (found.tokens_in, found.tokens_out) == (17_420, 87)
    assert found.tokens_basis == "exclusive_added"
    assert (found.cost_usd, found.cost_source) == (0.015933, "reported")
    assert (found.status_code, found.error_type) == (200, None)
    assert (found.native_key, found.other_keys) == ("request:req_01abc", ())
    assert found.session_id == "s-1"
    assert found.scopes == ("claude_session:s-1", "claude_prompt:p-1")
    assert (found.query_source, found.is_subagent) == ("repl_main_thread", False)


def test_numbers_may_be_written_as_text() -> None:
    found = call("api_request", REQUEST | {"input_tokens": "12", "duration_ms": "288"})
    assert (found.tokens_in, found.latency_ms) == (17_420, 288.0)


def test_the_cost_may_stand_in_millionths_alone() -> None:
    micros = {**REQUEST, "cost_usd": None, "cost_usd_micros": 15933}
    assert call("api_request", micros).cost_usd == 0.015933
    assert call("api_request", {**REQUEST, "cost_usd": 0}).cost_usd is None


def test_a_gateways_own_request_id_is_no_key_of_the_provider() -> None:
    found = call("api_request", {**REQUEST, "request_id": "9f7c-1"})
    assert (found.native_key, found.other_keys) == ("claude_request:9f7c-1", ())


def test_a_request_without_an_id_is_known_by_its_place_in_the_session() -> None:
    found = call("api_request", {**REQUEST, "request_id": None})
    assert found.native_key == "claude_event:s-1/3:1795372386570000"
    alone = {**REQUEST, "request_id": None, "session.id": None}
    assert call("api_request", alone).native_key is None


def test_the_time_of_an_event_may_stand_in_its_attributes() -> None:
    record = log("api_request", REQUEST | {"event.timestamp": "2026-11-22T18:33:07.288Z"})
    (found,) = claude_code_otel.read_log(record._replace(time=None), now=NOW)
    assert isinstance(found, CanonicalTrace)
    assert found.timestamp == datetime(2026, 11, 22, 18, 33, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("people", "developer", "source"),
    [
        ({"user.email": "a@b.example", "user.id": DEVICE}, "a@b.example", "explicit"),
        ({"user.account_uuid": "acc-1", "user.id": DEVICE}, "acc-1", "derived"),
        ({"user.id": DEVICE}, DEVICE, "derived"),
        ({"user.email": "", "user.id": "anonymous"}, None, None),
    ],
)
def test_the_best_name_of_a_person_is_taken(
    people: dict[str, Any], developer: str | None, source: str | None
) -> None:
    found = call("api_request", {**REQUEST, "user.id": None, **people})
    assert (found.developer_id, found.developer_source) == (developer, source)


@pytest.mark.parametrize(
    "resource",
    [
        {"repo": "acme/widgets"},
        {"vcs.repository.url.full": "https://user:pw@github.com/Acme/Widgets.git"},
        {"vcs.owner.name": "acme", "vcs.repository.name": "widgets"},
        {"vcs.repository.name": "acme/widgets"},
    ],
)
def test_the_repository_stands_on_the_resource(resource: dict[str, Any]) -> None:
    found = call("api_request", REQUEST, **resource)
    assert (found.repo_slug, found.repo_source) == ("acme/widgets", "explicit")


def test_the_team_becomes_a_tag() -> None:
    resource = {"team.id": "platform", "department": "eng", "deployment.environment": "prod"}
    assert call("api_request", REQUEST, **resource).tags == ("env:prod", "team:platform")


@pytest.mark.parametrize(
    ("source", "is_subagent"),
    [
        ("agent:builtin:general-purpose", True),
        ("repl_main_thread", False),
        ("sdk", False),
        ("generate_session_title", None),
        (None, None),
    ],
)
def test_the_query_source_says_whether_it_was_a_sub_agent(
    source: str | None, is_subagent: bool | None
) -> None:
    found = call("api_request", {**REQUEST, "query_source": source})
    assert (found.query_source, found.is_subagent) == (source, is_subagent)


# Failures -----------------------------------------------------------------------------------


def test_an_error_is_a_failed_attempt_that_used_nothing() -> None:
    found = call("api_error", ERROR)
    assert (found.status_code, found.error_type) == (529, "Overloaded")
    assert (found.tokens_in, found.tokens_out, found.cost_usd) == (None, None, None)
    assert found.native_key == "claude_attempt:req_01err/2"
    assert found.other_keys == ("request:req_01err",)
    assert found.tags == ("attempt:2",)


def test_attempts_without_a_providers_id_are_told_apart() -> None:
    one = call("api_error", {**ERROR, "request_id": "local", "attempt": 1})
    two = call("api_error", {**ERROR, "request_id": "local", "attempt": 2})
    assert (one.native_key, two.native_key) == ("claude_attempt:local/1", "claude_attempt:local/2")
    assert one.other_keys == two.other_keys == ()
    assert one.tags == ()


def test_an_errors_text_is_never_kept() -> None:
    told = {**ERROR, "error": "Could not read the secret in /home/dev"}
    assert call("api_error", told).error_type == "unrecognised"
    assert "secret" not in repr(call("api_error", told))


def test_the_end_of_all_attempts_repeats_the_last_error() -> None:
    assert outcomes("api_retries_exhausted", ERROR) == [
        Skipped("Claude Code event api_retries_exhausted")
    ]


# Spans --------------------------------------------------------------------------------------


def test_a_span_of_a_request_is_known_by_the_request_and_by_itself() -> None:
    found = call_of(span({**REQUEST, "ttft_ms": 180, "attempt": 1, "success": True}))
    own = "span:96ac99716cc1b8f29d34d76cb9066751/97a12d29ff0dfff8"
    assert (found.native_key, found.other_keys) == ("request:req_01abc", (own,))
    assert found.shadows == ("span:96ac99716cc1b8f29d34d76cb9066751/98b1c574764829a8",)
    assert (found.latency_ms, found.ttft_ms) == (301.0, 180.0)
    assert (found.tokens_in, found.status_code, found.cost_usd) == (17_420, 200, None)
    assert found.tags == ()


def test_a_span_without_a_requests_id_is_known_by_itself() -> None:
    found = call_of(span({**REQUEST, "request_id": None}))
    assert found.native_key == "span:96ac99716cc1b8f29d34d76cb9066751/97a12d29ff0dfff8"


def test_a_failed_span_is_the_attempt_that_its_event_tells_of() -> None:
    found = call_of(span({**ERROR, "success": False}))
    assert found.native_key == call("api_error", ERROR).native_key
    assert (found.status_code, found.error_type) == (529, "Overloaded")


def test_a_span_of_an_agent_says_so() -> None:
    assert call_of(span({**REQUEST, "query_source": None, "agent_id": "a1"})).is_subagent is True


def test_other_spans_are_no_calls() -> None:
    one = span({"span.type": "interaction"}, name="claude_code.interaction")
    assert claude_code_otel.read_span(one, now=NOW) == (Skipped("Claude Code span"),)


def test_a_span_without_any_id_or_time_is_set_aside() -> None:
    nameless = span({}, span_id=None)
    timeless = span(REQUEST, start=None)
    (one,), (two,) = (claude_code_otel.read_span(s, now=NOW) for s in (nameless, timeless))
    assert isinstance(one, Reject)
    assert isinstance(two, Reject)
    assert (one.reason, one.field) == (RejectReason.BAD_FIELD, "spanId")
    assert two.reason is RejectReason.NO_TIMESTAMP


# Edits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "source", "became", "by"),
    [
        ("accept", "config", Decision.ACCEPT, "auto"),
        ("accept", "hook", Decision.ACCEPT, "auto"),
        ("accept", "user_permanent", Decision.ACCEPT, "user"),
        ("accept", "user_temporary", Decision.ACCEPT, "user"),
        ("reject", "user_reject", Decision.REJECT, "user"),
        ("reject", "user_abort", Decision.REJECT, "user"),
        ("reject", "config", Decision.DENIED_BY_POLICY, "policy"),
        ("reject", "hook", Decision.DENIED_BY_POLICY, "policy"),
        ("accept", "unknown", Decision.ACCEPT, None),
        ("maybe", "config", None, None),
    ],
)
def test_a_decision_names_its_maker(
    decision: str, source: str, became: Decision | None, by: str | None
) -> None:
    found = edit("tool_decision", {**DECISION, "decision": decision, "source": source})
    assert (found.decision, found.decided_by) == (became, by)
    assert found.decision_source == (None if became is None else "event")
    assert (found.key, found.tool, found.scopes) == (
        "tool:toolu_1",
        "Edit",
        ("claude_prompt:p-1",),
    )


def test_decisions_about_other_tools_are_no_edits() -> None:
    for tool in ("Bash", "Read", None):
        assert outcomes("tool_decision", {**DECISION, "tool_name": tool}) == [
            Skipped("Claude Code event of another tool")
        ]


@pytest.mark.parametrize(
    ("told", "became", "by"),
    [
        ({"success": "true"}, Decision.ACCEPT, None),
        (
            {"success": "true", "decision_type": "accept", "decision_source": "config"},
            Decision.ACCEPT,
            "auto",
        ),
        ({"success": "false", "decision_type": "accept"}, Decision.ERROR, None),
        (
            {"success": False, "decision_type": "reject", "decision_source": "user_reject"},
            Decision.REJECT,
            "user",
        ),
        ({"success": "false"}, None, None),
    ],
)
def test_a_result_says_what_became_of_an_edit(
    told: dict[str, Any], became: Decision | None, by: str | None
) -> None:
    found = edit("tool_result", {"tool_name": "Edit", "tool_use_id": "toolu_1", **told})
    assert (found.decision, found.decided_by) == (became, by)


def test_a_logged_input_is_counted_where_it_is_whole() -> None:
    given = {"file_path": "/home/dev/x.py", "old_string": "a", "new_string": "b\nc"}
    told = {"tool_name": "Edit", "tool_use_id": "toolu_1", "success": "true"}
    whole = edit("tool_result", {**told, "tool_input": json.dumps(given)})
    cut = edit("tool_result", {**told, "tool_input": json.dumps(given | {"new_string": "x" * 512})})
    assert (whole.proposed_lines, whole.language) == (2, "python")
    assert (cut.proposed_lines, cut.language) == (None, None)
    assert "/home" not in repr(whole)


# People and the rest ------------------------------------------------------------------------


def test_a_prompts_event_tells_its_session_who_and_where() -> None:
    told = {"session.id": "s-1", "user.email": "a@b.example", "prompt": "A secret prompt."}
    assert outcomes("user_prompt", told, repo="acme/widgets") == [
        ContextFact("claude_session:s-1", Fact.DEVELOPER_ID, "a@b.example", "claude_code_otel"),
        ContextFact("claude_session:s-1", Fact.REPO_SLUG, "acme/widgets", "claude_code_otel"),
    ]
    assert outcomes("user_prompt", {"user.id": "x"}) == [Skipped("Claude Code event user_prompt")]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("subagent_completed", "Claude Code event subagent_completed"),
        ("My.Secret", "Claude Code event other"),
        (None, "Claude Code event other"),
    ],
)
def test_other_events_are_skipped_by_a_name_that_is_no_text(name: str | None, kind: str) -> None:
    assert outcomes(name, {}) == [Skipped(kind)]


def test_events_are_recognised_by_scope_service_or_body() -> None:
    plain = LogRecord("api_request", AT, AT, {}, {})
    body = {"body": {"stringValue": "claude_code.api_request"}}
    assert not claude_code_otel.owns_log(plain)
    assert claude_code_otel.owns_log(plain._replace(scope_name=SCOPE))
    assert claude_code_otel.owns_log(plain._replace(resource={"service.name": "claude-code"}))
    assert claude_code_otel.owns_log(plain._replace(raw=body))
    assert not claude_code_otel.owns_span(span({}, name="chat", scope_name="other"))


@pytest.mark.parametrize(
    ("told", "reason", "field"),
    [
        ({"input_tokens": -1}, RejectReason.BAD_NUMBER, "input_tokens"),
        ({"output_tokens": [1]}, RejectReason.BAD_FIELD, "output_tokens"),
        ({"duration_ms": 1e12}, RejectReason.BAD_NUMBER, "duration_ms"),
        ({"cost_usd_micros": 1e300, "cost_usd": None}, RejectReason.NUMBER_TOO_LARGE, None),
        ({"input_tokens": 2**63 - 1}, RejectReason.NUMBER_TOO_LARGE, "input_tokens"),
    ],
)
def test_a_request_that_makes_no_sense_is_set_aside(
    told: dict[str, Any], reason: RejectReason, field: str | None
) -> None:
    (found,) = outcomes("api_request", {**REQUEST, **told})
    assert isinstance(found, Reject)
    assert found.reason is reason
    assert field in (None, found.field)
    assert found.scalars["request_id"] == "req_01abc"
