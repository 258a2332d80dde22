"""Owns what LiteLLM's callbacks (`arize`, `arize_phoenix`, `otel`) attach to a span.

The same metadata as in LiteLLM's logs, in four spellings: one JSON text, one object, dotted names,
Python's repr. It decides who made the call as `litellm_ids` does for the logs, so both sources
agree. Of it only ids, the usage and what the client said about acceptance are looked at.

Source: litellm/integrations/arize/_utils.py, litellm/integrations/opentelemetry.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.sources import fields, litellm_ids, python_literals, traffic
from prodlens.sources.fields import count, label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.sources.litellm_ids import Attached, Who
    from prodlens.sources.otlp import Span
    from prodlens.sources.span_calls import Reading
    from prodlens.sources.span_usage import Counts

RAW_REQUEST: Final = "raw_gen_ai_request"
"""Span of the provider's own request and answer, below the call's."""

_SCOPE: Final = "litellm"
_NAMES: Final = frozenset({"litellm_request", "litellm_proxy_request"})
_METADATA: Final = "metadata"
_DOTTED: Final = "metadata."
_OBJECTS: Final = (
    "requester_metadata",
    "spend_logs_metadata",
    "requester_custom_headers",
    "usage_object",
)
_MARKS: Final = ("user_api_key_hash", "user_api_key_request_route", "user_api_key_user_id")
_ACCEPTANCE: Final = "prod_lens"


class Proxied(NamedTuple):
    """What LiteLLM says about one request.

    Attributes:
        metadata: Its metadata, the four objects in it as objects.
        attached: What the client attached.
        trace_id: The trace id of the request in LiteLLM's own log.
        session: `session.id`, in which LiteLLM writes the end user.
        user: `user.id`, in which LiteLLM writes the owner of the key.
        cache_hit: Whether LiteLLM says that it answered from its cache.
    """

    metadata: Mapping[str, Any]
    attached: Attached
    trace_id: str | None
    session: object
    user: object
    cache_hit: object


def seen_in(span: Span) -> Proxied | None:
    """Return what LiteLLM says in a span; None when the span is not LiteLLM's."""
    attributes = span.attributes
    trace_id = fields.text(attributes.get("litellm.trace_id"))
    metadata = metadata_of(attributes)
    known = span.scope_name == _SCOPE or span.name in _NAMES or trace_id is not None
    if not known and not any(mark in metadata for mark in _MARKS):
        return None
    return Proxied(
        metadata,
        litellm_ids.attached_to(metadata),
        trace_id,
        attributes.get("session.id"),
        attributes.get("user.id"),
        attributes.get("cache_hit", metadata.get("cache_hit")),
    )


def metadata_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return LiteLLM's metadata from any of its spellings, the objects in it as objects."""
    found = dict(python_literals.mapping(attributes.get(_METADATA)))
    for name, value in attributes.items():
        if name.startswith(_DOTTED):
            root, _, rest = name[len(_DOTTED) :].partition(".")
            if not rest:
                found[root] = value
            elif root in _OBJECTS:
                inner = found.get(root)
                if not isinstance(inner, dict):
                    found[root] = inner = {}
                inner[rest] = value
    for name in _OBJECTS:
        if name in found:
            found[name] = _flattened(python_literals.mapping(found[name]))
    return found


def _flattened(place: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object in which `prod_lens: {accepted: ...}` is `prod_lens.accepted` again."""
    inner = place.get(_ACCEPTANCE)
    if not isinstance(inner, dict):
        return place
    return {**place, **{f"{_ACCEPTANCE}.{name}": value for name, value in inner.items()}}


def who(proxied: Proxied) -> Who:
    """Return session and developer as LiteLLM's own log would give them.

    LiteLLM writes the end user of a request into `session.id`; that is a session only when the
    metadata shows that the end user is another one, or none.
    """
    metadata = proxied.metadata
    end_user = _said(metadata.get("user_api_key_end_user_id"))
    owner = _said(metadata.get("user_api_key_user_id")) or _said(proxied.user)
    session = _said(proxied.session)
    if session is not None and (not metadata or _is_packed(session) or session == owner):
        end_user, session = end_user or session, None
    leaves = litellm_ids.leaves_of(
        metadata,
        proxied.attached,
        session_field=None if session == end_user else session,
        key_owner=None if owner == end_user else owner,
        end_user=end_user,
    )
    return litellm_ids.who(leaves)


def _said(value: object) -> str | None:
    """Return a text that is no placeholder as it stands: packed end users are long."""
    return value if isinstance(value, str) and fields.text(value) is not None else None


def _is_packed(value: str) -> bool:
    return litellm_ids.claude_user(value) is not None


def with_cache(counts: Counts, proxied: Proxied) -> Counts:
    """Return counts with the cache that only the metadata tells (callback `otel`).

    Raises:
        UnreadableError: A count is no count.
    """
    if not counts.any_known or counts.cache_read is not None or counts.cache_write is not None:
        return counts
    usage = proxied.metadata.get("usage_object") or fields.EMPTY
    details = "prompt_tokens_details"
    inner = fields.mapping(usage.get(details))

    def either(name: str, detail: str) -> int | None:
        first = count(usage.get(name), name)
        dotted = usage.get(f"{details}.{detail}")
        second = count(inner.get(detail) if dotted is None else dotted, detail)
        return first or (first if second is None else second)

    return counts._replace(
        cache_read=either("cache_read_input_tokens", "cached_tokens"),
        cache_write=either("cache_creation_input_tokens", "cache_creation_tokens"),
    )


def completed(reading: Reading, proxied: Proxied) -> Reading:
    """Return a call's reading with what LiteLLM alone says.

    A cost of 0 of a call that used tokens is what LiteLLM writes for a model it has no price for.

    Raises:
        UnreadableError: What the client attached holds a number that makes no sense.
    """
    metadata = proxied.metadata
    hit = not reading.failure.failed and litellm_ids.is_hit(proxied.cache_hit, reading.response_id)
    unpriced = reading.cost_usd == 0.0 and not reading.failure.failed
    return reading._replace(
        cost_usd=None if unpriced else reading.cost_usd,
        user_agent=label(metadata.get("user_agent")),
        subscription=fields.flag(metadata.get("used_client_oauth_token")),
        accepted=litellm_ids.acceptance(proxied.attached),
        chain_id=proxied.trace_id,
        cache_hit=hit,
        tags=reading.tags + traffic.account_marks(metadata.get("user_api_key_alias")),
    )
