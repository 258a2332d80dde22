"""Digests: of what was observed, of identity keys, and the `trace_hash` of a call; no SQL."""

from __future__ import annotations

import functools
import hashlib
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from prodlens.errors import InputError
from prodlens.frozen import replaced
from prodlens.schemas import CostSource, IdSource, usd_to_nanos
from prodlens.storage.merging import NOWHERE, Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prodlens.schemas import CanonicalTrace
    from prodlens.storage.merging import Place

OBSERVED: Final = (
    "session_id",
    "developer_id",
    "model",
    "tokens_in",
    "tokens_out",
    "latency_ms",
    "status_code",
    "accepted_flag",
    "repo_slug",
    "diff_ratio",
    "accepted_lines",
    "source",
    "source_record_id",
    "provider",
    "model_raw",
    "model_alias",
    "total_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
    "tokens_basis",
    "ttft_ms",
    "latency_source",
    "error_type",
    "accepted_source",
    "traffic_class",
    "subscription",
    "stream",
    "call_type",
    "user_agent",
    "git_branch",
    "query_source",
    "is_subagent",
    "timestamp_assumed_utc",
    "provider_message_id",
    "provider_request_id",
    "trace_id",
    "call_group",
    "span_id",
    "parent_span_id",
    "session_source",
    "developer_source",
    "repo_source",
)
"""Fields stored in columns of their own name, as they are."""

observed_values: Final = attrgetter(*OBSERVED)
_REPO_AT: Final = OBSERVED.index("repo_slug")
_DEVELOPER_AT: Final = OBSERVED.index("developer_id")
_REPO_SOURCE_AT: Final = OBSERVED.index("repo_source")
_DEVELOPER_SOURCE_AT: Final = OBSERVED.index("developer_source")


@functools.cache
def _encode() -> Callable[[object], bytes]:
    import msgspec

    return msgspec.json.Encoder().encode


def listed(values: Iterable[object]) -> str:
    """Return values as one parameter of a statement that asks for `json_each(?)`.

    >>> listed([1, 2])
    '[1,2]'
    """
    return _encode()(list(values)).decode()


_NO_COST: Final = (None, None, CostSource.UNKNOWN)


def key_digest(key: str) -> int:
    """Return a key as a signed 64-bit integer: the first 8 bytes of its sha256.

    Two different keys meet by chance about once in 4e5 stores of ten million calls
    (n**2 / 2**65).
    """
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big", signed=True)


def trace_hash(event_date: str, identity: str) -> str:
    """Return `YYYYMMDD` + 32 hex digits: the day for locality, then sha256 of the identity key."""
    return event_date.replace("-", "") + hashlib.sha256(identity.encode()).hexdigest()[:32]


def observe(
    trace: CanonicalTrace,
    *,
    cost_nanos: int | None = None,
    price_version: str | None = None,
    place: Place = NOWHERE,
) -> Observation:
    """Return the observation of a record: its content digest and its keys.

    Args:
        trace: The record.
        cost_nanos: Cost computed from its tokens, where none was reported.
        price_version: Price list behind it.
        place: Where the record stands.

    Raises:
        InputError: A value can't be stored (an integer beyond 64 bits, a lone surrogate).
    """
    if trace.cost_source is not None and trace.cost_source != CostSource.REPORTED:
        if trace.cost_usd is not None:
            cost_nanos, price_version = usd_to_nanos(trace.cost_usd), trace.price_version
        if (trace.cost_usd, trace.price_version, trace.cost_source) != _NO_COST:
            trace = replaced(trace, cost_usd=None, cost_source=None, price_version=None)
    if trace.session_source == IdSource.WEAK:  # guesses are made anew from what is stored
        trace = replaced(trace, session_id=None, session_source=None)
    values = observed_values(trace)
    cost = None if trace.cost_usd is None else usd_to_nanos(trace.cost_usd)
    try:
        body = _encode()((*values, *_unnamed(trace, cost)))
    except (OverflowError, ValueError) as error:
        raise InputError(f"A call has a value that can't be stored: {error}.") from None
    digest = hashlib.sha256(body).digest()
    identity = trace.native_key or _content_identity(trace, values, digest)
    keys = (identity, *trace.other_keys)
    return Observation(
        trace=trace,
        content=int.from_bytes(digest[:8], "big", signed=True),
        identity=identity,
        keys=keys,
        digests=tuple([key_digest(key) for key in keys]),
        cost_nanos=cost_nanos,
        price_version=price_version,
        place=place,
    )


def _unnamed(trace: CanonicalTrace, cost: int | None) -> tuple[object, ...]:
    """Return what a record says beside the columns of its own name."""
    said = (trace.timestamp, trace.tags, cost, trace.native_key)
    if trace.other_keys or trace.scopes or trace.shadows:
        return (*said, trace.other_keys, trace.scopes, trace.shadows)
    return said


def _content_identity(trace: CanonicalTrace, values: tuple[object, ...], digest: bytes) -> str:
    """Return the key of a record without an id: what it says, less what the ingesting person said."""
    given_repo = values[_REPO_SOURCE_AT] == IdSource.GIVEN
    given_developer = values[_DEVELOPER_SOURCE_AT] == IdSource.GIVEN
    if given_repo or given_developer:
        plain = list(values)
        if given_repo:
            plain[_REPO_AT] = plain[_REPO_SOURCE_AT] = None
        if given_developer:
            plain[_DEVELOPER_AT] = plain[_DEVELOPER_SOURCE_AT] = None
        cost = None if trace.cost_usd is None else usd_to_nanos(trace.cost_usd)
        body = _encode()((*plain, *_unnamed(trace, cost)))
        digest = hashlib.sha256(body).digest()
    return "content:" + digest[:16].hex()
