"""Owns LiteLLM's SpendLogs rows: `/spend/logs`, `gcs_pubsub`, or a dump of the database table.

The same calls as the StandardLoggingPayload under other names: `metadata` and `request_tags` as
JSON text or as objects, times as text, flags as words, and a `session_id` that falls back to the
random trace id.

Source: litellm proxy/schema.prisma `model LiteLLM_SpendLogs`,
proxy/spend_tracking/spend_tracking_utils.py `get_logging_payload`, version 1.109.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prodlens.sources import fields, litellm, litellm_ids, litellm_replay
from prodlens.sources.fields import UnreadableError, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from prodlens.schemas import Outcome

SOURCE: Final = "litellm_spend_logs"
_IDS: Final = ("request_id", "litellm_call_id", "model", "call_type", "status")
_TIMES: Final = ("startTime", "endTime")


def matches(record: Mapping[str, Any]) -> bool:
    """Return whether a record is a SpendLogs row."""
    return (
        "request_id" in record
        and "spend" in record
        and "startTime" in record
        and "call_type" in record
    )


def read(record: Mapping[str, Any], *, now: datetime) -> Iterable[Outcome]:
    """Read one SpendLogs row.

    Args:
        record: The decoded row.
        now: The present instant; later times (by more than a day) are out of range.

    Returns:
        The call and what its stored bodies say about edits, or the reason why it is set aside.
    """
    try:
        trace = litellm.trace_of(record, _parts(record), now=now)
    except UnreadableError as bad:
        return (fields.rejected(bad, record, ids=_IDS, times=_TIMES),)
    return (trace, *litellm_replay.suggestions(record, trace))


def _parts(record: Mapping[str, Any]) -> litellm.Parts:
    metadata = mapping(record.get("metadata"))
    session = text(record.get("session_id"))
    # The column falls back to the request's random trace id (litellm issues 40851, 23157).
    random_id = session if session is not None and litellm_ids.looks_random(session) else None
    attached = litellm_ids.attached_to(metadata)
    leaves = litellm_ids.leaves_of(
        metadata,
        attached,
        session_field=None if random_id else session,
        key_owner=metadata.get("user_api_key_user_id") or record.get("user"),
        end_user=record.get("end_user"),
    )
    # The rows do not say "streamed", but only a streamed answer begins before it ends.
    first = record.get("completionStartTime")
    is_time = isinstance(first, str | int | float)
    stream = fields.flag(record.get("stream"))
    return litellm.Parts(
        source=SOURCE,
        metadata=metadata,
        attached=attached,
        record_id=text(record.get("request_id")),
        call_id=text(record.get("litellm_call_id") or metadata.get("litellm_call_id")),
        trace_id=text(record.get("trace_id")) or random_id,
        who=litellm_ids.who(leaves),
        stream=stream,
        streamed=stream is not False and is_time and first != record.get("endTime"),
        error=mapping(metadata.get("error_information")),
        cost=record.get("spend"),
        priced=metadata,
        headers=fields.EMPTY,
        user_agent=metadata.get("user_agent"),
    )
