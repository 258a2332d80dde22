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
from prodlens.frozen import quickly_made

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
    INHERITED = "inherited"
    """Known from another record of the same turn, trace or session."""


@quickly_made
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
        scopes: `namespace:id` of what the call belongs to (a turn, a trace, a session), from which
            it inherits what its own record leaves open (`ContextFact`).
        shadows: `namespace:key` of records that describe this call, or several like it, once more
            (the parent of an LLM span, a counter that is repeated): those never count, whichever
            comes first.
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
    scopes: tuple[str, ...] = ()
    shadows: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check what no source may break.

        Raises:
            InputError: The time is no datetime, or a count is negative.
        """
        moment = self.timestamp
        if type(moment) is not datetime or moment.tzinfo is not UTC:
            if not isinstance(moment, datetime):
                raise InputError(f"timestamp must be a datetime, not {type(moment).__name__}.")
            object.__setattr__(self, "timestamp", plain_instant(moment))
        self._bring_to_one_form()
        tokens_in, tokens_out = self.tokens_in or 0, self.tokens_out or 0
        if self.tokens_in is not None and self.total_tokens is None:
            object.__setattr__(self, "total_tokens", tokens_in + tokens_out)
        if tokens_in < 0 or tokens_out < 0:
            raise InputError("tokens_in and tokens_out can't be negative.")

    def _bring_to_one_form(self) -> None:
        """Give equal values one type and spelling, so that equal records have equal digests."""
        kinds = (
            type(self.latency_ms),
            type(self.ttft_ms),
            type(self.diff_ratio),
            type(self.cost_usd),
        )
        if int in kinds:
            for name in ("latency_ms", "ttft_ms", "diff_ratio", "cost_usd"):
                if type(getattr(self, name)) is int:
                    object.__setattr__(self, name, float(getattr(self, name)))
        tokens = type(self.tokens_in), type(self.tokens_out)
        if float in tokens or float in (type(self.status_code), type(self.accepted_lines)):
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
        for name in TUPLE_FIELDS:
            record[name] = list(record[name])
        return record


TRACE_FIELDS: Final = tuple(f.name for f in dataclasses.fields(CanonicalTrace))
"""Names of `CanonicalTrace`'s fields in order."""
TUPLE_FIELDS: Final = ("other_keys", "tags", "scopes", "shadows")
"""Those that hold several texts."""


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


class Decision(StrEnum):
    """What became of an edit that the assistant proposed."""

    ACCEPT = "accept"
    REJECT = "reject"
    DENIED_BY_POLICY = "denied_by_policy"
    """No permission and nobody to ask."""
    ERROR = "error"
    """It was to be applied and failed."""
    UNKNOWN = "unknown"


class DecidedBy(StrEnum):
    """Who decided about an edit."""

    USER = "user"
    AUTO = "auto"
    """A setting, a hook or a mode approved it without asking."""
    POLICY = "policy"
    UNKNOWN = "unknown"


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What one record says about one edit that the assistant proposed.

    Several records describe one edit (the proposal, its result, a decision event); each gives one
    of these, and the store joins them by `key`. None always means "this record does not say".
    Holds no path, no code and no text: only counts and digests, which the store salts.

    Attributes:
        key: `tool:<id of the tool call>`.
        source: Name of the format that was read.
        call_key: `namespace:key` of the call that proposed it.
        scopes: As in `CanonicalTrace`; `ContextFact`s named `permission_mode` say who decided.
        within: Scope among whose calls the proposing one is to be found, where the source names no
            call: the first that was recorded at `timestamp` or later, or, with `during:` in front
            of the scope, the last that began before it, unless sub-agents worked in the scope.
        session_id: Native session.
        developer_id: Person or account.
        provider_message_id: The provider's id of the response that proposed it.
        timestamp: When it was proposed (of a result or decision: when that came), aware UTC.
        repo_slug: `owner/name`, lower case.
        tool: Name of the edit tool.
        language: Language of the file by its ending, lower case.
        file_digests: 64-bit digests (`prodlens.sources.edits.path_digests`) of the file's path and
            of its endings, from the name alone to the whole path.
        line_digests: 64-bit digests of the meaningful lines it adds, in order, repeats kept.
        proposed_lines: Lines it adds.
        decision: What became of it.
        decided_by: Who decided.
        decision_source: Where that was read, the better evidence first: `event` (a decision event
            that names its source), `result` (the result of the tool), `replay` (the result as a
            later request repeats it).
        user_modified: Whether the person changed it before accepting.
        applied_lines: Lines that were added when it was applied; 0 when rejected.
        diff_ratio: Share of it that was applied as proposed, 0..1.
        is_proposal: Whether the record is the proposal itself, whose time leads.
        is_edit: Whether the record says that the tool edits files. A refusal may name no tool: it
            counts when another record says so.
    """

    key: str
    source: str
    call_key: str | None = None
    scopes: tuple[str, ...] = ()
    within: str | None = None
    session_id: str | None = None
    developer_id: str | None = None
    provider_message_id: str | None = None
    timestamp: datetime | None = None
    repo_slug: str | None = None
    tool: str | None = None
    language: str | None = None
    file_digests: tuple[int, ...] = ()
    line_digests: tuple[int, ...] = ()
    proposed_lines: int | None = None
    decision: Decision | None = None
    decided_by: DecidedBy | None = None
    decision_source: str | None = None
    user_modified: bool | None = None
    applied_lines: int | None = None
    diff_ratio: float | None = None
    is_proposal: bool = False
    is_edit: bool = True


class Fact(StrEnum):
    """What a scope can tell the calls and suggestions in it."""

    SESSION_ID = "session_id"
    DEVELOPER_ID = "developer_id"
    REPO_SLUG = "repo_slug"
    GIT_BRANCH = "git_branch"
    MODEL = "model"
    """Normalised (`prodlens.sources.model_names`)."""
    MODEL_RAW = "model_raw"
    PROVIDER = "provider"
    PERMISSION_MODE = "permission_mode"
    """`ask` or `auto`; tells who decided about edits whose own records do not say."""
    SUBSCRIPTION = "subscription"
    """`1`: calls of this scope ran on a subscription."""
    SEEN_SINCE = "seen_since"
    """Instant (fixed-width UTC text) at which a session wrote a line that is never copied. Where a
    call stands in several sessions, the one that was seen before it keeps it; the others copied a
    history. The only fact that may have several values: the earliest counts."""


@dataclass(frozen=True, slots=True)
class ContextFact:
    """Something that holds for every call of a scope and stands in a record of its own.

    Where two facts of one scope differ, the value is not known: nothing is guessed.

    Attributes:
        scope: `namespace:id`, such as `codex_turn:<id>`, `otel_trace:<id>`, `claude_prompt:<id>`.
        name: What is said.
        value: The value, plain text.
        source: Name of the format that was read.
    """

    scope: str
    name: Fact
    value: str
    source: str


class LinkKind(StrEnum):
    """What a session can be linked to."""

    PULL_REQUEST = "pull_request"
    COMMIT = "commit"


@dataclass(frozen=True, slots=True)
class SessionLink:
    """A pull request or commit that a session made, as its own record says.

    Attributes:
        session_id: Native session.
        kind: What `ref` is.
        repo_slug: `owner/name`, lower case; None when the record names none.
        ref: Number of the pull request, or hash of the commit.
        occurred_at: When, aware UTC; None when the record does not say.
        source: Name of the format that was read.
    """

    session_id: str
    kind: LinkKind
    repo_slug: str | None
    ref: str
    occurred_at: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class DailyFact:
    """A figure that a vendor reports per person and day; no trace, and never made into one.

    Attributes:
        source: Name of the format (`copilot_metrics`).
        event_date: The vendor's day, `YYYY-MM-DD`.
        developer_id: Person or account; None for a total of nobody in particular.
        metric: Name of the figure as the vendor has it.
        dimension: What it is broken down by (`feature=code_completion`), "" for the whole day.
        value: The figure.
    """

    source: str
    event_date: str
    developer_id: str | None
    metric: str
    dimension: str
    value: float


Outcome = CanonicalTrace | Suggestion | ContextFact | SessionLink | DailyFact | Reject | Skipped
"""What reading one record may give."""


def usd_to_nanos(usd: float) -> int:
    """Return a dollar amount as integer nano-dollars, rounded to the nearest."""
    return round(usd * NANOS_PER_USD)


def nanos_to_usd(nanos: int) -> float:
    """Return integer nano-dollars as dollars."""
    return nanos / NANOS_PER_USD
