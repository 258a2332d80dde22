"""Owns which parts of a LiteLLM record are decoded; gives them no meaning.

Most bytes of such a record are bodies and price tables that say nothing about most calls. The view
decodes the fields that `litellm`, `litellm_spend`, `litellm_ids`, `litellm_replay` and `traffic`
look at, keeps the bodies as the bytes they are (`fields.mapping` and `litellm_replay` decode them at
first use), and passes over the rest. What it gives is a dict like any other, read by the same
adapters: a record means the same whether it came through the view or not.

Source: performance.md 4; litellm/types/utils.py `class StandardLoggingPayload`,
proxy/schema.prisma `model LiteLLM_SpendLogs`.
"""

from __future__ import annotations

from typing import Any, Final, TypedDict

import msgspec
from msgspec import Raw  # noqa: TC002 - the decoder looks at the annotations

from prodlens.sources import litellm, litellm_spend
from prodlens.sources.raw_records import decode_record

_PATIENCE: Final = 64
"""Records of other formats after which the view is tried on one in as many."""


class _Error(TypedDict, total=False):
    error_class: Any
    error_code: Any
    error_rate_limit_category: Any
    error_provider_request_id: Any


_Headers = TypedDict(
    "_Headers",
    {
        "llm_provider-request-id": Any,
        "request-id": Any,
        "llm_provider-x-request-id": Any,
        "x-request-id": Any,
        "llm_provider-x-amzn-requestid": Any,
        "llm_provider-apim-request-id": Any,
    },
    total=False,
)


class _Hidden(TypedDict, total=False):
    additional_headers: _Headers | str | float | bool | list[Any] | None


class _Parameters(TypedDict, total=False):
    max_tokens: Any
    max_completion_tokens: Any
    max_output_tokens: Any


class _Metadata(TypedDict, total=False):
    spend_logs_metadata: Any
    requester_metadata: Any
    requester_custom_headers: Any
    user_api_key_end_user_id: Any
    user_api_key_user_email: Any
    user_api_key_user_id: Any
    user_api_key_alias: Any
    user_agent: Any
    used_client_oauth_token: Any
    usage_object: Any
    additional_usage_values: Any
    litellm_call_id: Any
    error_information: _Error | str | float | bool | list[Any] | None
    cost_breakdown: Raw
    model_map_information: Raw
    response_cost_failure_debug_info: Any


class _Record(TypedDict, total=False):
    id: Any
    request_id: Any
    litellm_call_id: Any
    trace_id: Any
    session_id: Any
    call_type: Any
    stream: Any
    status: Any
    cache_hit: Any
    custom_llm_provider: Any
    startTime: Any
    endTime: Any
    completionStartTime: Any
    model: Any
    model_group: Any
    total_tokens: Any
    prompt_tokens: Any
    completion_tokens: Any
    response_cost: Any
    spend: Any
    request_tags: Any
    end_user: Any
    user: Any
    user_agent: Any
    cost_breakdown: Raw
    response_cost_failure_debug_info: Any
    metadata: _Metadata | str | float | bool | list[Any] | None
    error_information: _Error | str | float | bool | list[Any] | None
    hidden_params: _Hidden | str | float | bool | list[Any] | None
    model_parameters: _Parameters | str | float | bool | list[Any] | None
    model_map_information: Raw
    messages: Raw
    response: Raw
    proxy_server_request: Raw


_view: Final = msgspec.json.Decoder(_Record).decode


class LiteLLMView:
    """A decoder for `RecordReader`: LiteLLM's records through the view, all others whole.

    One for each file: where records of other formats follow one another, it is tried less often.
    """

    def __init__(self) -> None:
        self._others = 0

    def decode(self, data: bytes) -> object:
        """Return the value of one record.

        Args:
            data: UTF-8 bytes of one JSON object.

        Raises:
            ValueError: It is no JSON that the view can read; `decode_record` may read it yet.
            RecursionError: It is nested too deeply.
        """
        if self._others > _PATIENCE and self._others % _PATIENCE:
            self._others += 1
            return decode_record(data)
        found: Any = _view(data)
        if litellm_spend.matches(found) or litellm.matches(found):
            self._others = 0
            if not data.isascii():
                data.decode()  # strings that the view passes over are not looked at otherwise
            return found
        self._others += 1
        return decode_record(data)
