"""The records every part of ProdLens speaks: one call, what was set aside, what was skipped.

Frozen, slotted, validated once. Knows no SQL, no vendor's JSON, no pandas.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from prodlens.clock import format_instant, plain_instant
from prodlens.errors import InputError

NANOS_PER_USD: Final = 1_000_000_000


class CostSource(StrEnum):
    """Where the cost of a call comes from; `UNKNOWN` means no cost, never zero."""

    REPORTED = "reported"
    COMPUTED = "computed"
    UNKNOWN = "unknown"


class TokensBasis(StrEnum):
    """How sure the token counts of a call are."""

    INCLUSIVE = "inclusive"
    """The source's input count includes cache reads and writes."""
    EXCLUSIVE_ADDED = "exclusive_added"
    """The source counts input without cache; cache was added to `tokens_in`."""
    TOTAL_ONLY = "total_only"
    """Only a total was known: all of it stands in `tokens_in`."""


class TrafficClass(StrEnum):
    """What kind of traffic a call is; a documented data rule decides, not a guess."""

    CACHE_HIT = "cache_hit"
    """Answered from the proxy's own cache: tokens kept, cost nothing."""
    HUMAN = "human"
    SUBAGENT = "subagent"
    EVALUATION = "evaluation"
    HEALTH_PROBE = "health_probe"
    RETRY = "retry"


class IdSource(StrEnum):
    """How far a session, developer or repository id can be trusted."""

    EXPLICIT = "explicit"
    """The client sent it as what it is."""
    DERIVED = "derived"
    """Parsed out of another documented field."""
    WEAK = "weak"
    """Known only because other calls carry the same trace id."""
    GIVEN = "given"
    """The person who ingested the file said so (`--repo`, `--developer`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalTrace:
    """One LLM call as one source saw it.

    None always means "not known". Times are aware UTC; `*_ms` are milliseconds; `tokens_in` is the
    whole input *including* cache reads and writes, `tokens_out` the output including reasoning;
    `cache_write_1h_tokens` is a subset of `cache_write_tokens`. `diff_ratio` is a share 0..1.

    Attributes:
        session_id: Native session id, None when the source names none.
        developer_id: Person or account; placeholders (`default_user_id`) are None.
        timestamp: Start of the call, aware UTC.
        model: Model name without provider prefix or route.
        status_code: HTTP status 100..599, None when not known.
        accepted_flag: True or False when someone decided about what the call proposed, else None.
        source: Name of the format that was read (`prodlens.trace_normalizer.TraceFormat` values).
        native_key: `namespace:key` that is equal exactly when two records are the same call;
            None lets the content decide.
        other_keys: Further `namespace:key` ids under which other sources may know this call.
        cost_usd: Cost in US dollars as `cost_source` says; None is unpriced, not free.
        trace_id: Trace or chain id; used as a weak session id when it spans several calls.
        call_group: Id shared by records of one request (retries and fallbacks), used to count
            distinct requests behind a `trace_id`.
        subscription: True when the call ran on a subscription: cost is what the API would charge.
    """

    session_id: str | None
    developer_id: str | None
    timestamp: datetime
    model: str | None
    tokens_in: int | None
    tokens_out: int | None
    latency_ms: float | None
    status_code: int | None
    accepted_flag: bool | None
    repo_slug: str | None = None
    diff_ratio: float | None = None
    accepted_lines: int | None = None
    source: str = "direct"
    native_key: str | None = None
    other_keys: tuple[str, ...] = ()
    source_record_id: str | None = None
    provider: str | None = None
    model_raw: str | None = None
    model_alias: str | None = None
    total_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    tokens_basis: str | None = None
    ttft_ms: float | None = None
    latency_source: str | None = None
    error_type: str | None = None
    accepted_source: str | None = None
    cost_usd: float | None = None
    cost_source: str | None = None
    price_version: str | None = None
    traffic_class: str | None = None
    subscription: bool | None = None
    stream: bool | None = None
    call_type: str | None = None
    user_agent: str | None = None
    git_branch: str | None = None
    query_source: str | None = None
    is_subagent: bool | None = None
    timestamp_assumed_utc: bool | None = None
    provider_message_id: str | None = None
    provider_request_id: str | None = None
    trace_id: str | None = None
    call_group: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    session_source: str | None = None
    developer_source: str | None = None
    repo_source: str | None = None
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check what no source may break.

        Raises:
            InputError: The time is no datetime, or a count is negative.
        """
        moment = self.timestamp
        if not isinstance(moment, datetime):
            raise InputError(f"timestamp must be a datetime, not {type(moment).__name__}.")
        if type(moment) is not datetime or moment.tzinfo is not UTC:
            object.__setattr__(self, "timestamp", plain_instant(moment))
        self._bring_to_one_form()
        if self.total_tokens is None and self.tokens_in is not None:
            object.__setattr__(self, "total_tokens", self.tokens_in + (self.tokens_out or 0))
        if (self.tokens_in or 0) < 0 or (self.tokens_out or 0) < 0:
            raise InputError("tokens_in and tokens_out can't be negative.")

    def _bring_to_one_form(self) -> None:
        """Give equal values one type and spelling, so that equal records have equal digests."""
        for name in ("latency_ms", "ttft_ms", "diff_ratio", "cost_usd"):
            if type(getattr(self, name)) is int:
                object.__setattr__(self, name, float(getattr(self, name)))
        for name in ("tokens_in", "tokens_out", "status_code", "accepted_lines"):
            value = getattr(self, name)
            if type(value) is float and value.is_integer():
                object.__setattr__(self, name, int(value))
        flag: Any = self.accepted_flag
        if type(flag) is int:
            object.__setattr__(self, "accepted_flag", bool(flag))
        if self.repo_slug is not None and not self.repo_slug.islower():
            object.__setattr__(self, "repo_slug", self.repo_slug.lower())

    def to_record(self) -> dict[str, Any]:
        """Return every field as plain values; `timestamp` as fixed-width UTC text.

        `ProdLensStore.insert_sessions` takes such a mapping back and stores the same row.
        """
        record = {name: getattr(self, name) for name in TRACE_FIELDS}
        record["timestamp"] = format_instant(self.timestamp)
        record["other_keys"] = list(self.other_keys)
        record["tags"] = list(self.tags)
        return record


TRACE_FIELDS: Final = tuple(f.name for f in dataclasses.fields(CanonicalTrace))
"""Names of `CanonicalTrace`'s fields in order."""


class RejectReason(StrEnum):
    """Why a record was set aside. The text is what a person reads."""

    NOT_JSON = "not JSON"
    NOT_UTF8 = "not UTF-8"
    TOO_LONG = "over the length limit"
    TOO_DEEP = "nested too deeply"
    TRUNCATED = "cut off"
    NOT_AN_OBJECT = "not an object"
    BINARY = "binary data"
    DAMAGED = "damaged compressed data"
    UNKNOWN_FORMAT = "unknown format"
    NO_TIMESTAMP = "no timestamp"
    BAD_TIMESTAMP = "unreadable timestamp"
    TIME_OUT_OF_RANGE = "time out of range"
    NO_USAGE = "no usage"
    BAD_NUMBER = "negative or non-finite number"
    NUMBER_TOO_LARGE = "number beyond 64 bits"
    BAD_FIELD = "field of the wrong type"


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that can't be read, as a value.

    Attributes:
        reason: Why.
        field: Name of the field at fault, None when the whole record is.
        scalars: Allow-listed plain values that help to find the record (ids, model, time text);
            never prompt, answer, code or error text.
        index: 0-based position of the record among those that were read together, of a record
            inside a page the page's; None where nothing counted.
    """

    reason: RejectReason
    field: str | None = None
    scalars: dict[str, str | int | float | bool] = dataclasses.field(default_factory=dict)
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that is understood and holds no call, such as a line of a server log.

    Attributes:
        kind: What it is, in a few words (`LiteLLM server log`).
    """

    kind: str


Outcome = CanonicalTrace | Reject | Skipped
"""What reading one record may give."""


def usd_to_nanos(usd: float) -> int:
    """Return a dollar amount as integer nano-dollars, rounded to the nearest."""
    return round(usd * NANOS_PER_USD)


def nanos_to_usd(nanos: int) -> float:
    """Return integer nano-dollars as dollars."""
    return nanos / NANOS_PER_USD
