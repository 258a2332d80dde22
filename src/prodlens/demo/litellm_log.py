"""Invents LiteLLM log records (StandardLoggingPayload) for demonstrations, tests and benchmarks.

Same seed, same bytes. Only names and numbers are invented: the shape is the one the proxy writes
(`litellm/types/utils.py`, class StandardLoggingPayload).
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
END: Final = datetime(2026, 8, 30, tzinfo=UTC)
"""First instant after all invented time; fixed, so that the same seed gives the same bytes."""


def start_of(days: int) -> datetime:
    """Return the first instant of an invented time of so many UTC days; 90 begin on a Monday."""
    return END - timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Model:
    """A model of the invented team: how often it is used, and its list prices per token (USD)."""

    name: str
    provider: str
    share: float
    input_usd: float
    output_usd: float


MODELS: Final = (
    Model("claude-sonnet-4-5-20250929", "anthropic", 0.55, 3e-6, 15e-6),
    Model("claude-haiku-4-5-20251001", "anthropic", 0.2, 1e-6, 5e-6),
    Model("gpt-5", "openai", 0.2, 1.25e-6, 10e-6),
    Model("gpt-4o", "openai", 0.05, 2.5e-6, 10e-6),
)
ERRORS: Final = (("429", "RateLimitError"), ("500", "InternalServerError"), ("529", "Overloaded"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What the log says of one call; everything else of the record follows from it."""

    number: int
    at: datetime
    developer: str
    session: str
    repo: str | None
    model: Model
    tokens_in: int
    cached: int
    tokens_out: int
    latency_ms: float
    error: tuple[str, str] | None = None
    accepted: bool | None = None
    accepted_lines: int | None = None
    diff_ratio: float | None = None


def invent_calls(
    count: int, *, seed: int = 7, days: int = 90, developers: int = 250, repositories: int = 20
) -> Iterator[Call]:
    """Yield `count` calls in order of time, spread evenly over the days.

    Args:
        count: How many.
        seed: Decides everything.
        days: UTC days they spread over, up to `END`.
        developers: Size of the team.
        repositories: Repositories they work on.
    """
    dice = random.Random(seed)
    shares = [model.share for model in MODELS]
    step = timedelta(days=days) / max(count, 1)
    for number in range(count):
        developer = dice.randrange(developers)
        at = start_of(days) + step * number
        tokens_in = dice.randrange(200, 60_000)
        failed = dice.random() < 0.02
        accepted = dice.random() < 0.4 if dice.random() < 0.3 and not failed else None
        yield Call(
            number=number,
            at=at,
            developer=f"dev-{developer:03d}",
            session=f"session-{developer:03d}-{at:%Y%m%d}-{dice.randrange(3)}",
            repo=f"acme/repo-{developer % repositories:02d}" if dice.random() < 0.9 else None,
            model=dice.choices(MODELS, shares)[0],
            tokens_in=0 if failed else tokens_in,
            cached=0 if failed else dice.randrange(tokens_in),
            tokens_out=0 if failed else dice.randrange(10, 2_000),
            latency_ms=round(dice.lognormvariate(7.3, 0.7), 3),
            error=dice.choice(ERRORS) if failed else None,
            accepted=accepted,
            accepted_lines=dice.randrange(1, 40) if accepted else None,
        )


def payload(call: Call, *, body: str = "") -> dict[str, Any]:
    """Return the StandardLoggingPayload of a call.

    Args:
        call: The call.
        body: Text for the places where prompts and answers stand; ProdLens must drop it.
    """
    start = (call.at - EPOCH) / timedelta(seconds=1)
    end = start + call.latency_ms / 1000
    call_id = f"call-{call.number:012d}"
    anthropic = call.model.provider == "anthropic"
    response_id = f"msg_{call.number:024d}" if anthropic else f"chatcmpl-{call.number:029d}"
    model = call.model
    cost = (
        call.tokens_in - call.cached * 0.9
    ) * model.input_usd + call.tokens_out * model.output_usd
    code, error_class = call.error or ("", "")
    return {
        "id": call_id if call.error else response_id,
        "litellm_call_id": call_id,
        "trace_id": call.session,
        "session_id": "",
        "call_type": "anthropic_messages" if anthropic else "acompletion",
        "stream": True,
        "status": "failure" if call.error else "success",
        "cache_hit": False,
        "custom_llm_provider": model.provider,
        "startTime": start,
        "endTime": end,
        "completionStartTime": start + call.latency_ms / 4000,
        "response_time": call.latency_ms / 4000,
        "model": f"{model.provider}/{model.name}",
        "model_group": model.name,
        "total_tokens": call.tokens_in + call.tokens_out,
        "prompt_tokens": call.tokens_in,
        "completion_tokens": call.tokens_out,
        "response_cost": 0.0 if call.error else round(cost, 9),
        "request_tags": [f"repo:github.com/{call.repo}"] if call.repo else [],
        "end_user": call.developer,
        "metadata": _metadata(call),
        "error_information": {"error_code": code, "error_class": error_class},
        "hidden_params": {"response_cost": round(cost, 9), "additional_headers": {}},
        "model_map_information": {
            "model_map_key": model.name,
            "model_map_value": {"input_cost_per_token": model.input_usd},
        },
        "messages": [{"role": "user", "content": body}],
        "response": {"choices": [{"message": {"role": "assistant", "content": body}}]},
    }


def _metadata(call: Call) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if call.repo:
        said["repo_slug"] = call.repo
    if call.accepted is not None:
        said["prod_lens.accepted"] = call.accepted
        said["prod_lens.accepted_lines"] = call.accepted_lines or 0
    if call.diff_ratio is not None:
        said["prod_lens.diff_ratio"] = call.diff_ratio
    return {
        "user_api_key_hash": "litellm_proxy_master_key",
        "user_api_key_user_id": "default_user_id",
        "user_api_key_end_user_id": call.developer,
        "spend_logs_metadata": said or None,
        "requester_metadata": {"session_id": call.session},
        "requester_custom_headers": {"x-litellm-session-id": call.session},
        "usage_object": {
            "prompt_tokens": call.tokens_in,
            "completion_tokens": call.tokens_out,
            "total_tokens": call.tokens_in + call.tokens_out,
            "cache_read_input_tokens": call.cached,
            "prompt_tokens_details": {"cached_tokens": call.cached},
        },
    }


def lines(calls: Iterator[Call], *, body: str = "") -> Iterator[bytes]:
    """Yield the calls as lines of a log file, newline included."""
    for call in calls:
        yield json.dumps(payload(call, body=body), separators=(",", ":")).encode() + b"\n"
