"""The ten shapes of small records: ProdLens' own in its variants, and LiteLLM's without bodies.

Each takes a call and gives the record as a dictionary. About 650 bytes on average as JSON.

Source: phase-1 guide, component 1 (`normalize_records`); LiteLLM `StandardLoggingPayload` and
`LiteLLM_SpendLogs`, as `prodlens.sources.litellm` and `litellm_spend` say.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from team import Call

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_AGENT: Final = "claude-cli/2.1.197 (external, cli)"


def seconds(at: datetime) -> float:
    """Return seconds since 1970, to the microsecond."""
    return (at - _EPOCH) / timedelta(seconds=1)


def iso(at: datetime) -> str:
    """Return `2026-06-01T09:00:00.000000Z`."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _said(call: Call, prefix: str = "") -> dict[str, Any]:
    """Return what a client says about the answer; nothing for most calls."""
    if call.accepted is None:
        return {}
    lines = call.number % 40 if call.accepted else 0
    return {f"{prefix}accepted_flag": call.accepted, f"{prefix}accepted_lines": lines}


# ProdLens' own shape --------------------------------------------------------------------------


def guide(call: Call) -> dict[str, Any]:
    """Return the specification's example, with what its text says may stand in it."""
    session, code = call.session, call.error
    return {
        "timestamp": iso(call.at),
        "trace_id": call.id,
        "span_id": call.id[:16],
        "name": "litellm_request",
        "usage": {
            "input_tokens": call.tokens_in,
            "output_tokens": call.tokens_out,
            "total_tokens": call.tokens_in + call.tokens_out,
        },
        "attributes": {
            "llm.model_name": session.model.name,
            "llm.provider": session.model.provider,
            "llm.latency_ms": call.latency_ms,
            "http.status_code": code[0] if code else 200,
            **({"error.type": code[1]} if code else {}),
            "user.email": session.email,
            "client": _AGENT,
        },
        "metadata": {
            "session_id": session.id,
            "developer_id": session.developer,
            "repo_slug": session.repo,
            "git_branch": session.branch,
            "environment": "development",
            "editor": "terminal",
            **_said(call),
        },
    }


def guide_flat(call: Call) -> dict[str, Any]:
    """Return everything at the top, with seconds since 1970, and no id."""
    session = call.session
    return {
        "timestamp": seconds(call.at),
        "session_id": session.id,
        "developer_id": session.developer,
        "model": session.model.name,
        "provider": session.model.provider,
        "usage": {"prompt_tokens": call.tokens_in, "completion_tokens": call.tokens_out},
        "latency_ms": call.latency_ms,
        "status_code": call.error[0] if call.error else 200,
        "repo_slug": session.repo,
        "git_branch": session.branch,
        "user_agent": _AGENT,
        "cost_usd": call.cost_usd,
        "stream": call.number % 2 == 0,
        **_said(call),
    }


def guide_nested(call: Call) -> dict[str, Any]:
    """Return attributes as objects in objects, and Anthropic's own usage."""
    session = call.session
    return {
        "id": f"evt_{call.id}",
        "timestamp": call.at.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"),
        "usage": {
            "input_tokens": call.tokens_in - call.cached,
            "output_tokens": call.tokens_out,
            "cache_read_input_tokens": call.cached,
            "cache_creation_input_tokens": 0,
        },
        "attributes": {
            "llm": {"model_name": session.model.name, "latency_ms": call.latency_ms},
            "session": {"id": session.id},
            "user": {"email": session.email},
            "http": {"status_code": call.error[0] if call.error else 200},
            "prod_lens": {"repo_slug": session.repo, **_said(call)},
        },
        "metadata": {"git_branch": session.branch, "tags": ["benchmark", session.branch]},
    }


def guide_genai(call: Call) -> dict[str, Any]:
    """Return OpenTelemetry's names, and times in milliseconds since 1970."""
    session, model = call.session, call.session.model
    return {
        "timestamp": round(seconds(call.at) * 1000),
        "request_id": f"req_{call.id}",
        "usage": {
            "prompt_tokens": call.tokens_in,
            "completion_tokens": call.tokens_out,
            "total_tokens": call.tokens_in + call.tokens_out,
            "prompt_tokens_details": {"cached_tokens": call.cached},
        },
        "attributes": {
            "gen_ai.system": model.provider,
            "gen_ai.request.model": model.name,
            "gen_ai.response.model": model.name,
            "gen_ai.conversation.id": session.id,
            "gen_ai.operation.name": "chat",
            "http.response.status_code": call.error[0] if call.error else 200,
            "enduser.id": session.developer,
            **_said(call, "prod_lens."),
        },
        "metadata": {"repository": f"https://github.com/{session.repo}.git"},
        "duration_ms": call.latency_ms,
    }


def guide_total(call: Call) -> dict[str, Any]:
    """Return metadata as JSON text, numbers as text, a naive time and nothing but a total."""
    session = call.session
    packed = {"session_id": session.id, "developer_id": session.developer, "repo": session.repo}
    return {
        "timestamp": call.at.strftime("%Y-%m-%d %H:%M:%S.%f"),
        "usage": {"total_tokens": str(call.tokens_in + call.tokens_out)},
        "model": session.model.name,
        "latency_ms": str(call.latency_ms),
        "status": "failure" if call.error else "success",
        "metadata": json.dumps(packed),
        "attributes": {},
        "note": None,
        "labels": ["nightly", "batch", session.branch],
    }


# LiteLLM's shapes -----------------------------------------------------------------------------


def response_id(call: Call) -> str:
    """Return an id of the form that the provider gives."""
    return f"msg_{call.id[:24]}" if _is_anthropic(call) else f"chatcmpl-{call.id}"


def _is_anthropic(call: Call) -> bool:
    return call.session.model.provider == "anthropic"


def payload(call: Call) -> dict[str, Any]:
    """Return a streamed success, with ids in `metadata`."""
    session, start = call.session, seconds(call.at)
    return {
        "id": response_id(call),
        "litellm_call_id": call.id,
        "trace_id": session.id,
        "call_type": "anthropic_messages" if _is_anthropic(call) else "acompletion",
        "stream": True,
        "status": "success",
        "custom_llm_provider": session.model.provider,
        "startTime": start,
        "endTime": start + call.latency_ms / 1000,
        "completionStartTime": start + call.latency_ms / 4000,
        "model": session.model.name,
        "total_tokens": call.tokens_in + call.tokens_out,
        "prompt_tokens": call.tokens_in,
        "completion_tokens": call.tokens_out,
        "response_cost": call.cost_usd,
        "request_tags": [f"repo:github.com/{session.repo}", f"branch:{session.branch}"],
        "end_user": session.developer,
        "metadata": {
            "user_api_key_end_user_id": session.developer,
            "requester_metadata": {"session_id": session.id},
            "spend_logs_metadata": _said(call, "prod_lens.") or None,
            "usage_object": {"cache_read_input_tokens": call.cached},
        },
        "hidden_params": {},
        "model_map_information": {},
    }


def payload_text_times(call: Call) -> dict[str, Any]:
    """Return an older version's success: naive times as text, the person in the key's email."""
    end = call.at + timedelta(milliseconds=call.latency_ms)
    session = call.session
    record = payload(call)
    del record["litellm_call_id"], record["trace_id"], record["completionStartTime"]
    record |= {
        "stream": False,
        "startTime": call.at.strftime("%Y-%m-%d %H:%M:%S.%f"),
        "endTime": end.strftime("%Y-%m-%d %H:%M:%S.%f"),
        "end_user": "",
        "metadata": {
            "user_api_key_user_email": session.email,
            "spend_logs_metadata": {"session_id": session.id, "repo_slug": session.repo},
        },
    }
    return record


def payload_hit(call: Call) -> dict[str, Any]:
    """Return an answer from the proxy's own cache."""
    return payload(call) | {"cache_hit": True, "stream": False, "response_cost": 0.0}


def payload_failure(call: Call) -> dict[str, Any]:
    """Return a failure, whatever the call was."""
    code, name = call.error or (429, "RateLimitError")
    record = payload(call)
    return record | {
        "id": record["litellm_call_id"],
        "status": "failure",
        "total_tokens": 0,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "response_cost": 0.0,
        "error_information": {"error_code": str(code), "error_class": name},
    }


def spend_row(call: Call) -> dict[str, Any]:
    """Return a SpendLogs row: objects as JSON text, times with an offset."""
    end = call.at + timedelta(milliseconds=call.latency_ms)
    session = call.session
    attached = {"session_id": session.id, "repo_slug": session.repo, **_said(call, "prod_lens.")}
    metadata = {"user_api_key_user_id": session.developer, "spend_logs_metadata": attached}
    return {
        "request_id": response_id(call),
        "call_type": "acompletion",
        "startTime": str(call.at),
        "endTime": str(end),
        "completionStartTime": str(end),
        "model": session.model.name,
        "custom_llm_provider": session.model.provider,
        "user": session.developer,
        "metadata": json.dumps(metadata),
        "cache_hit": "False",
        "spend": call.cost_usd,
        "total_tokens": call.tokens_in + call.tokens_out,
        "prompt_tokens": call.tokens_in,
        "completion_tokens": call.tokens_out,
        "request_tags": "[]",
        "session_id": session.id,
        "status": "success",
        "messages": "{}",
        "response": "{}",
    }


SHAPES: Final[tuple[tuple[Callable[[Call], dict[str, Any]], int], ...]] = (
    (guide, 50),
    (guide_flat, 7),
    (guide_nested, 6),
    (guide_genai, 6),
    (guide_total, 3),
    (payload, 14),
    (payload_text_times, 5),
    (payload_hit, 2),
    (payload_failure, 2),
    (spend_row, 5),
)
"""Shapes and how many of a hundred records have them."""
