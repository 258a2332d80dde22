"""GenAI spans: every version's names, what is no call, who counts input without cache."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from prodlens.schemas import CanonicalTrace, ContextFact, Fact, Reject, Skipped
from prodlens.sources import spans
from prodlens.sources.otlp import Span

NOW = datetime(2026, 11, 23, tzinfo=UTC)
START = datetime(2026, 11, 22, 18, 29, 32, 155727, tzinfo=UTC)
TRACE, OWN, PARENT = "a" * 32, "b" * 16, "c" * 16
CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 2006,
    "gen_ai.usage.output_tokens": 300,
}


def span(attributes: dict[str, Any], **changes: Any) -> Span:
    plain = Span(
        trace_id=TRACE,
        span_id=OWN,
        parent_id=PARENT,
        name="chat gpt-4o",
        start=START,
        start_ns=1795372172155726848,
        end=datetime(2026, 11, 22, 18, 29, 32, 855727, tzinfo=UTC),
        status_code=0,
        attributes=attributes,
        resource={},
        scope_name="some.instrumentation",
    )
    return plain._replace(**changes)


def outcomes(attributes: dict[str, Any], **changes: Any) -> list[Any]:
    return list(spans.read_span(span(attributes, **changes), now=NOW))


def call(attributes: dict[str, Any], **changes: Any) -> CanonicalTrace:
    found = [o for o in outcomes(attributes, **changes) if not isinstance(o, ContextFact)]
    (trace,) = found
    assert isinstance(trace, CanonicalTrace), trace
    return trace


def skipped(attributes: dict[str, Any], **changes: Any) -> str:
    found = [o for o in outcomes(attributes, **changes) if not isinstance(o, ContextFact)]
    (outcome,) = found
    assert isinstance(outcome, Skipped), outcome
    return outcome.kind


def test_a_call_of_the_present_conventions() -> None:
    trace = call(
        {
            **CALL,
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.response.id": "chatcmpl-0123456789abcdefghijABCD",
            "gen_ai.conversation.id": "conv-1",
            "gen_ai.usage.cache_read.input_tokens": 1920,
            "gen_ai.usage.cache_write.input_tokens": 64,
            "gen_ai.usage.reasoning.output_tokens": 128,
            "gen_ai.response.time_to_first_chunk": 0.25,
            "gen_ai.request.stream": True,
            "user.email": "ada@example.com",
            "user.id": "device-hash",
            "vcs.repository.url.full": "https://github.com/Acme/Widgets.git",
            "vcs.ref.head.name": "main",
        }
    )
    assert trace == CanonicalTrace(
        session_id="conv-1",
        session_source="explicit",
        developer_id="ada@example.com",
        developer_source="explicit",
        timestamp=START,
        model="gpt-4o-2024-08-06",
        model_raw="gpt-4o-2024-08-06",
        model_alias="gpt-4o",
        provider="openai",
        tokens_in=2006,
        tokens_out=300,
        cache_read_tokens=1920,
        cache_write_tokens=64,
        reasoning_tokens=128,
        tokens_basis="inclusive",
        latency_ms=700.0,
        latency_source="span",
        ttft_ms=250.0,
        stream=True,
        status_code=200,
        accepted_flag=None,
        repo_slug="acme/widgets",
        repo_source="explicit",
        git_branch="main",
        source="otlp",
        native_key="message:chatcmpl-0123456789abcdefghijABCD",
        other_keys=(f"span:{TRACE}/{OWN}",),
        shadows=(f"span:{TRACE}/{PARENT}",),
        scopes=(f"otel_trace:{TRACE}",),
        source_record_id=OWN,
        span_id=OWN,
        parent_span_id=PARENT,
        trace_id=TRACE,
        call_group=OWN,
        call_type="chat",
        cost_source="unknown",
        provider_message_id="chatcmpl-0123456789abcdefghijABCD",
    )


@pytest.mark.parametrize(
    "names",
    [
        ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
        ("gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens"),
        ("llm.usage.prompt_tokens", "llm.usage.completion_tokens"),
    ],
)
@pytest.mark.parametrize(
    "cache",
    [
        ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_creation.input_tokens"),
        ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_write.input_tokens"),
        ("gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.cache_creation_input_tokens"),
        ("gen_ai.usage.cache_read_tokens", "gen_ai.usage.cache_write_tokens"),
        ("gen_ai.usage.details.cache_read_tokens", "gen_ai.usage.details.cache_write_tokens"),
        ("gen_ai.usage.input_tokens.cached", "gen_ai.usage.input_tokens.cache_write"),
        ("llm.usage.cache_read_input_tokens", "llm.usage.cache_creation_input_tokens"),
    ],
)
@pytest.mark.parametrize("model", ["gen_ai.request.model", "gen_ai.response.model"])
def test_every_versions_names_give_the_same_counts(
    names: tuple[str, str], cache: tuple[str, str], model: str
) -> None:
    trace = call(
        {model: "gpt-4o", names[0]: "17420", names[1]: 87.0, cache[0]: 15360, cache[1]: 2048}
    )
    assert (trace.tokens_in, trace.tokens_out) == (17420, 87)
    assert (trace.cache_read_tokens, trace.cache_write_tokens) == (15360, 2048)
    assert trace.tokens_basis == "inclusive"


def test_a_name_that_holds_zero_gives_way_to_one_that_does_not() -> None:
    trace = call(CALL | {"gen_ai.usage.input_tokens": 0, "gen_ai.usage.prompt_tokens": 12})
    assert trace.tokens_in == 12


ANTHROPIC = {
    "gen_ai.system": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4-5-20250929",
    "gen_ai.usage.input_tokens": 20000,
    "gen_ai.usage.output_tokens": 87,
    "gen_ai.usage.cache_read_input_tokens": 15360,
    "gen_ai.usage.cache_creation_input_tokens": 2048,
}
BEFORE = datetime(2026, 3, 26, tzinfo=UTC)
AFTER = datetime(2026, 3, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("scope", "provider", "start", "tokens_in"),
    [
        ("opentelemetry.instrumentation.anthropic", "anthropic", START, 20000),
        ("opentelemetry.instrumentation.bedrock", "aws.bedrock", START, 37408),
        ("logfire.anthropic", "anthropic", BEFORE, 37408),
        ("logfire.anthropic", "anthropic", AFTER, 20000),
        ("logfire.openai", "openai", BEFORE, 20000),
        ("pydantic-ai", "anthropic", BEFORE, 20000),
        ("", "anthropic", START, 20000),
    ],
)
def test_who_counts_input_without_cache_is_known_by_emitter(
    scope: str, provider: str, start: datetime, tokens_in: int
) -> None:
    trace = call(ANTHROPIC | {"gen_ai.system": provider}, scope_name=scope, start=start, end=None)
    assert trace.tokens_in == tokens_in
    assert trace.tokens_basis == ("inclusive" if tokens_in == 20000 else "exclusive_added")


@pytest.mark.parametrize(
    ("counts", "tokens_in", "basis"),
    [
        ({"gen_ai.usage.input_tokens": 12}, 17420, "exclusive_added"),
        ({"gen_ai.usage.input_tokens": 17407}, 34815, "exclusive_added"),
        ({"gen_ai.usage.input_tokens": 17408}, 17408, "inclusive"),
        ({"gen_ai.usage.total_tokens": 37495}, 37408, "exclusive_added"),
        ({"gen_ai.usage.total_tokens": 20087}, 20000, "inclusive"),
    ],
)
def test_numbers_that_prove_it_win_over_the_emitter(
    counts: dict[str, int], tokens_in: int, basis: str
) -> None:
    trace = call(ANTHROPIC | counts)
    assert (trace.tokens_in, trace.tokens_basis) == (tokens_in, basis)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"gen_ai.usage.total_tokens": 500}, (500, 0, "total_only")),
        (
            {"llm.usage.total_tokens": 500, "gen_ai.usage.input_tokens": 400},
            (400, 100, "inclusive"),
        ),
        (
            {"llm.usage.total_tokens": 500, "gen_ai.usage.output_tokens": 100},
            (400, 100, "inclusive"),
        ),
        ({"gen_ai.usage.output_tokens": 100}, (None, 100, "inclusive")),
    ],
)
def test_a_total_stands_in_for_what_is_missing(
    counts: dict[str, int], expected: tuple[int | None, int, str]
) -> None:
    trace = call({"gen_ai.request.model": "gpt-4o", **counts})
    assert (trace.tokens_in, trace.tokens_out, trace.tokens_basis) == expected


def test_reasoning_beside_the_answer_is_added_to_it() -> None:
    """Gemini's total is input, answer and thoughts; its answer leaves the thoughts out."""
    counts = {"gen_ai.usage.details.thinking_tokens": 128, "gen_ai.usage.total_tokens": 2434}
    assert call(CALL | counts).tokens_out == 428
    assert call(CALL | counts | {"gen_ai.usage.total_tokens": 2306}).tokens_out == 300


@pytest.mark.parametrize(
    "operation",
    ["invoke_agent", "invoke_workflow", "execute_tool", "create_agent", "fetch_response"],
)
def test_spans_that_sum_up_their_calls_are_none(operation: str) -> None:
    kind = skipped(CALL | {"gen_ai.operation.name": operation}, name="x")
    assert kind == "agent span (sums up its calls)"


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"traceloop.span.kind": "workflow"}, "x"),
        ({"traceloop.span.kind": "agent"}, "x"),
        ({}, "agent run"),
        ({}, "invoke_agent GitHub Copilot Chat"),
    ],
)
def test_agents_without_an_operation_are_known_by_kind_or_name(
    attributes: dict[str, Any], name: str
) -> None:
    counts = {k: v for k, v in CALL.items() if k != "gen_ai.operation.name"}
    assert skipped(counts | attributes, name=name) == "agent span (sums up its calls)"


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"gen_ai.request.model": "gpt-4o"},
        {"gen_ai.usage.input_tokens": 5},
        {"http.response.status_code": 500},
        {"gen_ai.request.model": "none", "gen_ai.usage.input_tokens": 5},
    ],
)
def test_a_call_has_a_model_and_tokens_or_an_error(attributes: dict[str, Any]) -> None:
    assert skipped(attributes) == "OpenTelemetry span without a call"


@pytest.mark.parametrize(
    ("attributes", "status", "exception", "expected"),
    [
        ({}, 0, None, (200, None)),
        ({}, 1, None, (200, None)),
        ({}, None, None, (None, None)),
        ({"http.response.status_code": 201}, 0, None, (201, None)),
        ({}, 2, None, (None, "error")),
        ({}, 2, "RateLimitError", (None, "RateLimitError")),
        ({"error.type": "litellm.exceptions.RateLimitError"}, 2, None, (None, "RateLimitError")),
        ({"error.type": "timeout"}, 0, None, (None, "timeout")),
        ({"error.type": "429"}, 2, None, (429, None)),
        ({"error.type": "429"}, 2, "RateLimitError", (429, "RateLimitError")),
        ({"error.type": "X", "http.response.status_code": 529}, 2, None, (529, "X")),
        ({"error.type": "X", "http.response.status_code": 200}, 2, None, (None, "X")),
        ({"http.status_code": "503"}, 0, None, (503, None)),
        ({"error.type": "I said: no, never!"}, 2, None, (None, "unrecognised")),
    ],
)
def test_how_a_call_ended(
    attributes: dict[str, Any],
    status: int | None,
    exception: str | None,
    expected: tuple[int | None, str | None],
) -> None:
    trace = call(CALL | attributes, status_code=status, exception=exception)
    assert (trace.status_code, trace.error_type) == expected


FAILED = {"gen_ai.request.model": "gpt-4o", "error.type": "RateLimitError"}


def test_a_failure_is_known_by_its_start_model_and_error() -> None:
    trace = call(FAILED)
    assert trace.native_key == "span_failure:1795372172155727:gpt-4o:RateLimitError"
    assert trace.other_keys == (f"span:{TRACE}/{OWN}",)
    again = call(FAILED, trace_id="d" * 32, span_id="e" * 16, parent_id=None)
    assert again.native_key == trace.native_key
    assert again.shadows == ()


def test_a_failure_with_an_answers_id_or_an_answer_is_no_twin() -> None:
    known = call(FAILED | {"gen_ai.response.id": "msg_0120fe5635b9f9483e99c409"})
    assert known.native_key == "message:msg_0120fe5635b9f9483e99c409"
    assert call(FAILED | {"gen_ai.usage.output_tokens": 5}).native_key == f"span:{TRACE}/{OWN}"


@pytest.mark.parametrize(
    ("response_id", "key", "message_id", "request_id"),
    [
        ("msg_01", "message:msg_01", "msg_01", None),
        (
            "req_3dc93de8963d40439215acb8",
            "request:req_3dc93de8963d40439215acb8",
            None,
            "req_3dc93de8963d40439215acb8",
        ),
        ("chatcmpl-12", f"span:{TRACE}/{OWN}", "chatcmpl-12", None),
        (None, f"span:{TRACE}/{OWN}", None, None),
    ],
)
def test_only_an_id_that_is_unique_in_the_world_ties_records(
    response_id: str | None, key: str, message_id: str | None, request_id: str | None
) -> None:
    trace = call(CALL | {"gen_ai.response.id": response_id})
    assert trace.native_key == key
    assert (trace.provider_message_id, trace.provider_request_id) == (message_id, request_id)


def test_a_span_without_ids_is_known_by_its_content() -> None:
    trace = call(CALL, trace_id=None, span_id=None, parent_id=None)
    assert (trace.native_key, trace.other_keys, trace.shadows, trace.scopes) == (None, (), (), ())


def test_any_span_tells_its_trace_whose_it_is() -> None:
    attributes = {"session.id": "s-1", "enduser.id": "ada"}
    assert outcomes(attributes, name="GET /") == [
        ContextFact(f"otel_trace:{TRACE}", Fact.SESSION_ID, "s-1", "otlp"),
        ContextFact(f"otel_trace:{TRACE}", Fact.DEVELOPER_ID, "ada", "otlp"),
        Skipped("OpenTelemetry span without a call"),
    ]
    assert outcomes(attributes, trace_id=None) == [Skipped("OpenTelemetry span without a call")]


def test_the_resource_names_who_and_where_when_the_span_does_not() -> None:
    trace = call(CALL, resource={"user.email": "ada@example.com", "repo": "acme/widgets"})
    assert (trace.developer_id, trace.repo_slug) == ("ada@example.com", "acme/widgets")
    own = call(CALL | {"user.id": "eve", "repo": "acme/gadgets"}, resource={"user.email": "a@b.c"})
    assert (own.developer_id, own.repo_slug) == ("eve", "acme/gadgets")


@pytest.mark.parametrize("nobody", ["default_user_id", "None", "", "session_9", 5.5, ["x"]])
def test_a_placeholder_is_nobody(nobody: object) -> None:
    assert call(CALL | {"user.id": nobody}).developer_id is None


def test_a_packed_session_is_taken_apart() -> None:
    packed = json.dumps({"device_id": "d" * 64, "account_uuid": "acc", "session_id": "uuid-1"})
    trace = call(CALL | {"session.id": packed})
    assert (trace.session_id, trace.session_source) == ("uuid-1", "derived")
    assert (trace.developer_id, trace.developer_source) == ("acc", "derived")


def test_owner_and_name_of_a_repository_may_stand_apart() -> None:
    resource = {"vcs.owner.name": "Acme", "vcs.repository.name": "Widgets"}
    assert call(CALL, resource=resource).repo_slug == "acme/widgets"
    assert call(CALL, resource={"vcs.repository.name": "widgets"}).repo_slug is None


@pytest.mark.parametrize(
    ("written", "provider"),
    [
        ("aws.bedrock", "bedrock"),
        ("az.ai.openai", "azure"),
        ("gcp.vertex_ai", "vertex_ai"),
        ("gcp.gemini", "gemini"),
        ("Anthropic", "anthropic"),
        ("", None),
    ],
)
def test_providers_have_the_names_that_price_lists_use(written: str, provider: str | None) -> None:
    assert call(CALL | {"gen_ai.provider.name": written}).provider == provider


@pytest.mark.parametrize("value", [-1, "nan", 1.5, True, "many", 2**70])
def test_a_count_that_makes_no_sense_sets_the_call_aside(value: object) -> None:
    (found,) = outcomes(CALL | {"gen_ai.usage.input_tokens": value})
    assert isinstance(found, Reject)
    assert found.field == "gen_ai.usage.input_tokens"


def test_a_reported_cost_is_kept_and_zero_is_zero() -> None:
    assert call(CALL | {"operation.cost": 0.5}).cost_usd == 0.5
    free = call(CALL | {"gen_ai.cost.total_cost": 0.0})
    assert (free.cost_usd, free.cost_source) == (0.0, "reported")


def test_a_request_for_one_token_is_marked() -> None:
    assert call(CALL | {"gen_ai.request.max_tokens": 1}).tags == ("max_tokens:1",)
    assert call(CALL | {"gen_ai.request.max_tokens": 2}).tags == ()


# LiteLLM's `otel` callback ------------------------------------------------------------------

PROXIED = {
    "gen_ai.operation.name": "anthropic_messages",
    "gen_ai.system": "",
    "gen_ai.request.model": "claude-sonnet-4-5-20250929",
    "gen_ai.response.model": "claude-sonnet-4-5-20250929",
    "gen_ai.response.id": "msg_0120fe5635b9f9483e99c409",
    "gen_ai.usage.input_tokens": 17420,
    "gen_ai.usage.output_tokens": 87,
    "gen_ai.usage.total_tokens": 17507,
    "gen_ai.cost.total_cost": 0.015933,
    "metadata.user_api_key_hash": "litellm_proxy_master_key",
    "metadata.user_api_key_user_id": "default_user_id",
    "metadata.user_api_key_end_user_id": "None",
    "metadata.requester_metadata": (
        "{'user_id': 'user_" + "a1" * 32 + "_account_acc-1_session_uuid-1', 'n': None, 'f': nan}"
    ),
    "metadata.usage_object": (
        "{'prompt_tokens': 17420, 'cache_read_input_tokens': 15360,"
        " 'cache_creation_input_tokens': 2048}"
    ),
    "metadata.spend_logs_metadata": "None",
    "metadata.user_agent": "claude-cli/2.1.197 (external, cli)",
}


def test_metadata_that_pythons_repr_wrote_is_read() -> None:
    trace = call(PROXIED, name="litellm_request", scope_name="litellm")
    assert (trace.session_id, trace.session_source) == ("uuid-1", "derived")
    assert (trace.developer_id, trace.developer_source) == ("acc-1", "derived")
    assert (trace.tokens_in, trace.tokens_basis) == (17420, "inclusive")
    assert (trace.cache_read_tokens, trace.cache_write_tokens) == (15360, 2048)
    assert (trace.cost_usd, trace.provider) == (0.015933, None)
    assert trace.user_agent == "claude-cli/2.1.197 (external, cli)"
    assert trace.native_key == "message:msg_0120fe5635b9f9483e99c409"


@pytest.mark.parametrize(
    ("name", "attributes", "kind"),
    [
        ("raw_gen_ai_request", PROXIED, "raw request span (repeats its call)"),
        ("Received Proxy Server Request", {}, "OpenTelemetry span without a call"),
        ("router", {"call_type": "x"}, "OpenTelemetry span without a call"),
        ("auth", {}, "OpenTelemetry span without a call"),
    ],
)
def test_the_proxys_other_spans_are_no_calls(
    name: str, attributes: dict[str, Any], kind: str
) -> None:
    assert skipped(attributes, name=name, scope_name="litellm") == kind


def test_a_cost_of_zero_that_the_proxy_wrote_is_unpriced_unless_it_failed() -> None:
    unpriced = call(PROXIED | {"gen_ai.cost.total_cost": 0.0}, scope_name="litellm")
    assert (unpriced.cost_usd, unpriced.cost_source) == (None, "unknown")
    failed = call(PROXIED | {"gen_ai.cost.total_cost": 0.0}, scope_name="litellm", status_code=2)
    assert failed.cost_usd == 0.0


def test_an_answer_from_the_proxys_cache_keeps_its_tokens_and_costs_nothing() -> None:
    hit = "chatcmpl-0123456789abcdefghij_cache_hit1795372172.1"
    trace = call(PROXIED | {"gen_ai.response.id": hit}, scope_name="litellm")
    assert (trace.traffic_class, trace.cost_usd, trace.tokens_in) == ("cache_hit", 0.0, 17420)
    assert trace.native_key == f"litellm_cache_hit:{hit}"


def test_failures_that_began_together_with_other_statuses_are_other_failures() -> None:
    asked = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
    one = call({**asked, "error.type": "429"}, status_code=2, span_id="1" * 16)
    two = call({**asked, "http.response.status_code": 503}, status_code=2, span_id="2" * 16)
    assert (one.status_code, two.status_code) == (429, 503)
    assert one.native_key == "span_failure:1795372172155727:gpt-4o:429"
    assert two.native_key == "span_failure:1795372172155727:gpt-4o:503"


def test_the_bedrock_instrumentations_provider_has_the_name_that_prices_use() -> None:
    usage = {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.cache_read_input_tokens": 500}
    found = call(
        {
            "gen_ai.system": "AWS",
            "gen_ai.request.model": "anthropic.claude-3-5-sonnet-20241022-v2:0",
            **usage,
        },
        scope_name="opentelemetry.instrumentation.bedrock",
    )
    assert (found.provider, found.model) == ("bedrock", "claude-3-5-sonnet-20241022")
    assert (found.tokens_in, found.tokens_basis) == (1500, "exclusive_added")
