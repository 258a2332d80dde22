"""Large records: LiteLLM's StandardLoggingPayload with the bodies, headers and prices it logs.

About 6.5 KB as JSON. All prose and code in them is drawn from words written here; a share of the
answers calls tools, and a share of those edits a file, which ingestion looks at.

Source: `prodlens.sources.litellm`; `prodlens.sources.litellm_replay` for what it does with bodies.
"""

from __future__ import annotations

import json
import random
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import shapes

if TYPE_CHECKING:
    from team import Call

_TEXT: Final = (
    "the a this that every one no some request answer handler retry queue table column index row "
    "user team order invoice payment session token budget error timeout branch commit review test "
    "fails passes returns reads writes waits drops keeps moves because when after before unless "
    "slowly twice only again first then here there now safely naïve “quoted” café → please check "
    "whether should might can must we you it they is was were has had been not and or but so to of "
    "in on at by for with from into over under between config cache schema migration deploy log"
)
_WORDS: Final = tuple(_TEXT.split())
_NAMES: Final = ("load", "save", "parse", "merge", "split", "count", "check", "find", "reset")
_THINGS: Final = ("order", "invoice", "ledger", "payment", "user", "batch", "cursor", "row")
_TOOLS: Final = ("Bash", "Read", "Grep")
_POOL: Final = 300
_PRICES_NOT_SET: Final = tuple(
    f"{side}_cost_per_{unit}{suffix}"
    for side in ("input", "output")
    for unit in ("token", "character", "image", "second")
    for suffix in ("_above_128k_tokens", "_batches", "_priority")
)
_ABILITIES: Final = (
    "supports_audio_input",
    "supports_computer_use",
    "supports_function_calling",
    "supports_pdf_input",
    "supports_prompt_caching",
    "supports_reasoning",
    "supports_response_schema",
    "supports_system_messages",
    "supports_tool_choice",
    "supports_vision",
    "supports_web_search",
)


@cache
def _prose() -> tuple[str, ...]:
    dice = random.Random(11)
    return tuple(
        " ".join(
            f"{' '.join(dice.choices(_WORDS, k=dice.randrange(6, 16))).capitalize()}."
            for _ in range(dice.randrange(2, 4))
        )
        for _ in range(_POOL)
    )


@cache
def _code() -> tuple[str, ...]:
    dice = random.Random(12)
    return tuple(_function(dice) for _ in range(_POOL))


def _function(dice: random.Random) -> str:
    name, thing = f"{dice.choice(_NAMES)}_{dice.choice(_THINGS)}", dice.choice(_THINGS)
    lines = [f"def {name}({thing}, *, limit={dice.randrange(9, 900)}):", '    """Say what."""']
    for _ in range(dice.randrange(1, 6)):
        one, other = dice.choice(_THINGS), dice.choice(_NAMES)
        lines += [f'    {one} = {thing}.{other}("{dice.choice(_WORDS)}", limit)']
        if dice.random() < 0.4:
            lines += [f"    if {one} is None:", f"\treturn {{\"{other}\": [], 'rest': limit}}"]
    return "\n".join([*lines, f"    return {thing}", ""])


@cache
def _price_list(name: str, input_usd: float, output_usd: float) -> dict[str, Any]:
    """Return what LiteLLM knows about a model: mostly that it knows nothing."""
    value: dict[str, Any] = {
        "key": name,
        "max_tokens": 64_000,
        "max_input_tokens": 200_000,
        "input_cost_per_token": input_usd,
        "output_cost_per_token": output_usd,
        "cache_read_input_token_cost": input_usd / 10,
    }
    value |= dict.fromkeys(_PRICES_NOT_SET) | dict.fromkeys(_ABILITIES, True)
    return {"model_map_key": name, "model_map_value": value | {"tpm": None, "rpm": None}}


def _messages(dice: random.Random) -> list[dict[str, Any]]:
    """Return a conversation: instructions, earlier turns, and the question or a tool's result."""
    prose, code = _prose(), _code()
    said: list[dict[str, Any]] = [{"role": "system", "content": dice.choice(prose)}]
    for _ in range(dice.randrange(2)):
        said += [
            {"role": "user", "content": dice.choice(prose)},
            {"role": "assistant", "content": f"{dice.choice(prose)}\n\n{dice.choice(code)}"},
        ]
    question = {"type": "text", "text": f"{dice.choice(prose)}\n```python\n{dice.choice(code)}```"}
    return [*said, {"role": "user", "content": [question]}]


def _answer(dice: random.Random, call: Call) -> dict[str, Any]:
    """Return the response; three of ten call a tool, and a third of these edit a file."""
    message: dict[str, Any] = {"role": "assistant", "content": dice.choice(_prose())}
    if dice.random() < 0.3:
        message["tool_calls"] = [_tool_call(dice, call)]
    else:
        message["content"] += f"\n\n```python\n{dice.choice(_code())}```\n"
        message["tool_calls"] = None
    total = call.tokens_in + call.tokens_out
    return {
        "id": shapes.response_id(call),
        "created": int(shapes.seconds(call.at)),
        "model": call.session.model.name,
        "object": "chat.completion",
        "system_fingerprint": None,
        "choices": [{"finish_reason": "stop", "index": 0, "message": message}],
        "usage": {
            "completion_tokens": call.tokens_out,
            "prompt_tokens": call.tokens_in,
            "total_tokens": total,
            "prompt_tokens_details": {"audio_tokens": None, "cached_tokens": call.cached},
        },
    }


def _tool_call(dice: random.Random, call: Call) -> dict[str, Any]:
    path = f"/srv/{call.session.repo}/src/{dice.choice(_THINGS)}.py"
    if dice.random() < 1 / 3:
        old, new = dice.choice(_code()), dice.choice(_code())
        name, said = "Edit", {"file_path": path, "old_string": old, "new_string": new}
    else:
        name, said = dice.choice(_TOOLS), {"path": path, "description": dice.choice(_prose())}
    function = {"name": name, "arguments": json.dumps(said)}
    return {"id": f"toolu_{call.id[:24]}", "type": "function", "function": function}


def _metadata(call: Call) -> dict[str, Any]:
    session = call.session
    spent = ("key", "user", "team", "org")
    known = {
        f"user_api_key_{who}_{what}": None
        for who in spent
        for what in ("id", "alias", "spend", "budget_reset_at")
    }
    said = {} if call.accepted is None else {"prod_lens.accepted": call.accepted}
    details = {"audio_tokens": None, "cached_tokens": call.cached, "text_tokens": None}
    return {
        "user_api_key_hash": "0" * 64,
        **known,
        "user_api_key_user_email": session.email,
        "user_api_key_end_user_id": session.developer,
        "user_api_key_request_route": "/v1/messages",
        "spend_logs_metadata": {"repo_slug": session.repo, **said},
        "requester_ip_address": "10.0.0.8",
        "user_agent": "claude-cli/2.1.197 (external, cli)",
        "requester_metadata": {
            "session_id": session.id,
            "headers": {"accept": "application/json", "content-type": "application/json"},
        },
        "applied_guardrails": [],
        "mcp_tool_call_metadata": None,
        "vector_store_request_metadata": None,
        "usage_object": {
            "completion_tokens": call.tokens_out,
            "prompt_tokens": call.tokens_in,
            "total_tokens": call.tokens_in + call.tokens_out,
            "prompt_tokens_details": details,
            "cache_read_input_tokens": call.cached,
        },
    }


def _hidden(call: Call) -> dict[str, Any]:
    headers = {
        "llm_provider-request-id": f"req_{call.id[:24]}",
        "llm_provider-content-type": "application/json; charset=utf-8",
        "llm_provider-x-ratelimit-limit-tokens": "400000",
        "llm_provider-x-ratelimit-remaining-tokens": str(400_000 - call.tokens_in),
        "x-litellm-attempted-retries": 0,
    }
    return {
        "model_id": None,
        "cache_key": None,
        "api_base": "https://llm.acme.example/v1/messages",
        "response_cost": call.cost_usd,
        "additional_headers": headers,
        "litellm_overhead_time_ms": 1.75,
        "batch_models": None,
        "usage_object": None,
    }


def large(call: Call) -> dict[str, Any]:
    """Return a success with bodies; equal calls give equal records."""
    dice = random.Random(call.number)
    model = call.session.model
    messages = _messages(dice)
    record = shapes.payload(call) | {
        "session_id": "",
        "cache_hit": None,
        "status_fields": {"llm_api_status": "success", "guardrail_status": "not_run"},
        "response_time": call.latency_ms / 4000,
        "metadata": _metadata(call),
        "cache_key": None,
        "cost_breakdown": {
            "input_cost": round(call.tokens_in * model.input_usd, 9),
            "output_cost": round(call.tokens_out * model.output_usd, 9),
            "total_cost": call.cost_usd,
            "tool_usage_cost": 0.0,
        },
        "api_base": "https://llm.acme.example/v1/messages",
        "model_group": model.name,
        "model_id": "c" * 64,
        "requester_ip_address": "10.0.0.8",
        "user_agent": "claude-cli/2.1.197 (external, cli)",
        "messages": messages,
        "response": _answer(dice, call),
        "model_parameters": {"max_tokens": 4096, "stream": True, "temperature": 0.2},
        "hidden_params": _hidden(call),
        "model_map_information": _price_list(model.name, model.input_usd, model.output_usd),
        "error_str": None,
        "error_information": {"error_code": "", "error_class": "", "traceback": ""},
        "guardrail_information": None,
        "standard_built_in_tools_params": {"web_search_options": None, "file_search": None},
    }
    if dice.random() < 0.25:
        sent = {"model": model.name, "messages": messages[-1:], "max_tokens": 4096, "stream": True}
        record["proxy_server_request"] = {"url": "/v1/messages", "method": "POST", "body": sent}
    return record
