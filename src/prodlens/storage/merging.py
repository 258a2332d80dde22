"""Decides what one row says when several records describe the same call; pure, knows no SQL.

The row of a call is a function of the *set* of its observations (distinct records), never of the
order in which they came. For each group of fields the best observation that knows the group wins:
first by how good its evidence is, then by its source, then by a tie-break on values alone. A
maximum over a total order commutes, so any order, split or interleaving gives the same row.

Source: field priorities of docs/decisions/0005-one-row-per-call.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from prodlens.frozen import quickly_made, replaced
from prodlens.schemas import CostSource, IdSource, TrafficClass, usd_to_nanos

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prodlens.schemas import CanonicalTrace


@quickly_made
@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands: `source_files.id`, byte offset and line; all None when not a file."""

    file_id: int | None = None
    offset: int | None = None
    line: int | None = None


NOWHERE: Final = Place()


@quickly_made
@dataclass(frozen=True, slots=True)
class Observation:
    """One distinct record of a call.

    Attributes:
        trace: What it says; its `cost_*` fields hold a *reported* cost or None, which
            `cost_source` may call unknown.
        content: 64-bit digest of what it says.
        identity: `namespace:key` that decides equality.
        keys: Every `namespace:key` under which it knows the call, `identity` first.
        digests: The same as 64-bit digests; of a record that was read back, of every key it had.
        cost_nanos: Cost computed from its own tokens, None when reported or unpriced.
        price_version: Price list behind `cost_nanos`.
        place: Where it stands.
    """

    trace: CanonicalTrace
    content: int
    identity: str
    keys: tuple[str, ...]
    digests: tuple[int, ...]
    cost_nanos: int | None = None
    price_version: str | None = None
    place: Place = NOWHERE


_LEADING: Final = {
    "direct": 95,
    "litellm": 90,
    "litellm_spend_logs": 80,
    "claude_code_otel": 70,
    "codex_otel": 68,
    "gemini_otel": 66,
    "copilot_otel": 64,
    "otlp": 60,
    "openinference": 50,
    "codex": 45,
    "gemini": 44,
    "claude_code": 40,
    "prodlens_simple": 30,
}
_LATENCY: Final = _LEADING | {"claude_code_otel": 94, "codex_otel": 93, "gemini_otel": 92}
_ACCEPTANCE: Final = _LEADING | {"claude_code_otel": 99, "codex_otel": 98, "claude_code": 97}
_UNLISTED: Final = 10
_TELEMETRY: Final = frozenset(
    {"claude_code_otel", "codex_otel", "copilot_otel", "gemini_otel", "otlp"}
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_EVIDENCE: Final[dict[str | None, int]] = {
    IdSource.EXPLICIT: 4,
    IdSource.DERIVED: 3,
    None: 2,
    IdSource.GIVEN: 1,
    IdSource.INHERITED: 0,
}

_TRAFFIC: Final[dict[str, int]] = {
    TrafficClass.CACHE_HIT: 6,
    TrafficClass.HEALTH_PROBE: 5,
    TrafficClass.EVALUATION: 4,
    TrafficClass.RETRY: 3,
    TrafficClass.SUBAGENT: 2,
    TrafficClass.HUMAN: 1,
}
"""The more particular class wins, whoever saw it: docs/explanation/traffic.md."""

_NAMESPACES: Final = ("message", "request", "span")
"""Identity keys from the most widely shared to the least; others follow, `content` is last."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Fields that are taken together from one observation."""

    fields: tuple[str, ...]
    known: Callable[[CanonicalTrace], bool]
    ranks: dict[str, int]
    order: Callable[[CanonicalTrace], tuple[Any, ...]]
    """Tie-break among observations of equal rank; larger wins."""


def _alone(field: str, ranks: dict[str, int]) -> _Group:
    return _Group((field,), lambda t: getattr(t, field) is not None, ranks, lambda _: ())


_TOKENS: Final = _Group(
    (
        "tokens_in",
        "tokens_out",
        "total_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "cache_write_1h_tokens",
        "reasoning_tokens",
        "tokens_basis",
    ),
    lambda t: t.total_tokens is not None,
    _LEADING,
    lambda t: (t.total_tokens or 0, t.tokens_out or 0),
)

_BY_RANK: Final = (
    _Group(
        ("model", "model_raw", "model_alias", "provider"),
        lambda t: t.model is not None,
        _LEADING,
        lambda _: (),
    ),
    _TOKENS,
    _Group(
        ("latency_ms", "latency_source"), lambda t: t.latency_ms is not None, _LATENCY, lambda _: ()
    ),
    _alone("ttft_ms", _LATENCY),
    _Group(
        ("status_code", "error_type"),
        lambda t: t.status_code is not None or t.error_type is not None,
        _LEADING,
        lambda t: (t.status_code or 0,),
    ),
    _Group(
        ("accepted_flag", "accepted_source"),
        lambda t: t.accepted_flag is not None,
        _ACCEPTANCE,
        lambda t: (t.accepted_flag,),
    ),
    _alone("diff_ratio", _ACCEPTANCE),
    _alone("accepted_lines", _ACCEPTANCE),
    _Group(
        ("cost_usd", "cost_source", "price_version"),
        lambda t: t.cost_usd is not None,
        _LEADING,
        lambda t: (t.total_tokens or 0, t.cost_usd),
    ),
    _Group(
        ("traffic_class",),
        lambda t: t.traffic_class is not None,
        {},
        lambda t: (_TRAFFIC.get(str(t.traffic_class), 0),),
    ),
    *(
        _alone(field, _LEADING)
        for field in (
            "subscription",
            "stream",
            "call_type",
            "user_agent",
            "git_branch",
            "query_source",
            "is_subagent",
            "provider_message_id",
            "provider_request_id",
            "span_id",
            "parent_span_id",
        )
    ),
    _Group(("trace_id", "call_group"), lambda t: t.trace_id is not None, _LEADING, lambda _: ()),
    _Group(("tags",), lambda t: bool(t.tags), _LEADING, lambda t: t.tags),
)


def _trust(source: str | None, value: str) -> tuple[int, str]:
    """Order ids by evidence; what people gave for files is decided by its value alone.

    So two runs that gave different repositories for one file end in one of them for every call.
    """
    return _EVIDENCE.get(source, 2), value if source == IdSource.GIVEN else ""


def _by_evidence(
    kind: str, id_field: str, first: Callable[[CanonicalTrace], bool] = lambda _: False
) -> _Group:
    source_field = f"{kind}_source"

    def order(trace: CanonicalTrace) -> tuple[Any, ...]:
        evidence, given = _trust(getattr(trace, source_field), getattr(trace, id_field))
        return evidence, first(trace), given

    return _Group(
        (id_field, source_field),
        lambda trace: getattr(trace, id_field) is not None,
        _LEADING,
        order,
    )


def _is_telemetry_email(trace: CanonicalTrace) -> bool:
    """Return whether a program's telemetry names a person by e-mail address.

    That comes before the owner of a proxy's key, who may share it. Source: sources.md 7.
    """
    return trace.source in _TELEMETRY and "@" in (trace.developer_id or "")


_BY_EVIDENCE: Final = (
    _by_evidence("session", "session_id"),
    _by_evidence("developer", "developer_id", _is_telemetry_email),
    _by_evidence("repo", "repo_slug"),
)


def resolve(observations: Sequence[Observation]) -> tuple[Observation, str]:
    """Return what all observations of one call say together.

    Args:
        observations: At least one; distinct by `content`.

    Returns:
        The merged observation (its `place`, `source` and `source_record_id` are the leading
        record's) and every source that saw the call, sorted and comma separated.
    """
    observations = _without_replays(observations)
    leading = max(observations, key=lambda o: _rank(o, _LEADING, _lead_order))
    sources = ",".join(sorted({o.trace.source for o in observations}))
    if len(observations) == 1:
        return leading, sources
    best = _source_rank(leading, _LEADING)
    earliest, assumed = min(
        (o.trace.timestamp, bool(o.trace.timestamp_assumed_utc))
        for o in observations
        if _source_rank(o, _LEADING) == best
    )
    changes: dict[str, Any] = {"timestamp": earliest, "timestamp_assumed_utc": assumed or None}
    for group in _BY_RANK:
        _take(changes, group, observations, lambda o, g: _rank(o, g.ranks, g.order))
    for group in _BY_EVIDENCE:
        _take(changes, group, observations, _evidence_rank)
    cost, version = _computed_cost(observations, reported=changes.get("cost_usd") is not None)
    identity = min((o.identity for o in observations), key=_namespace_order)
    keys = {key for o in observations for key in o.keys}
    changes["scopes"] = tuple(sorted({scope for o in observations for scope in o.trace.scopes}))
    merged = Observation(
        trace=replaced(leading.trace, **changes),
        content=leading.content,
        identity=identity,
        keys=(identity, *sorted(keys - {identity})),
        digests=tuple(sorted({digest for o in observations for digest in o.digests})),
        cost_nanos=cost,
        price_version=version,
        place=leading.place,
    )
    return merged, sources


def _without_replays(observations: Sequence[Observation]) -> Sequence[Observation]:
    """Return records in which a sub-agent that repeats its parent's calls is no sub-agent's call.

    A side chain may begin with its parent's history: the same source then says both of one call.
    """
    if len(observations) == 1:
        return observations
    own = {o.trace.source for o in observations if o.trace.is_subagent is False}
    return [
        _as_parents(o) if o.trace.is_subagent and o.trace.source in own else o for o in observations
    ]


def _as_parents(replay: Observation) -> Observation:
    is_agents = replay.trace.traffic_class == TrafficClass.SUBAGENT
    kept = None if is_agents else replay.trace.traffic_class
    own = replaced(replay.trace, is_subagent=None, query_source=None, traffic_class=kept)
    return replaced(replay, trace=own)


def _take(
    changes: dict[str, Any],
    group: _Group,
    observations: Sequence[Observation],
    rank: Callable[[Observation, _Group], tuple[Any, ...]],
) -> None:
    known = [o for o in observations if group.known(o.trace)]
    if known:
        best = max(known, key=lambda o: rank(o, group))
        changes |= {field: getattr(best.trace, field) for field in group.fields}


def _computed_cost(
    observations: Sequence[Observation], *, reported: bool
) -> tuple[int | None, str | None]:
    """Return the computed cost of the tokens that were taken; None when they have none."""
    counted = [o for o in observations if _TOKENS.known(o.trace)]
    if reported or not counted:
        return None, None
    best = max(counted, key=lambda o: _rank(o, _TOKENS.ranks, _TOKENS.order))
    if best.cost_nanos is not None:
        return best.cost_nanos, best.price_version
    # The same tokens, seen by a record that knows the model.
    same = [o for o in counted if o.cost_nanos is not None and _tokens(o) == _tokens(best)]
    if not same:
        return None, None
    twin = max(same, key=lambda o: _rank(o, _TOKENS.ranks, _TOKENS.order))
    return twin.cost_nanos, twin.price_version


def _tokens(observation: Observation) -> tuple[Any, ...]:
    return tuple(getattr(observation.trace, name) for name in _TOKENS.fields)


def _source_rank(observation: Observation, ranks: dict[str, int]) -> int:
    return ranks.get(observation.trace.source, _UNLISTED)


def _rank(
    observation: Observation,
    ranks: dict[str, int],
    order: Callable[[CanonicalTrace], tuple[Any, ...]],
) -> tuple[Any, ...]:
    trace = observation.trace
    return (_source_rank(observation, ranks), order(trace), trace.source, observation.content)


def _evidence_rank(observation: Observation, group: _Group) -> tuple[Any, ...]:
    """Order what names a session, person or repository; of equals, what was written first.

    A copy that stamps a history anew is later than what it copied.
    """
    age = _EPOCH - observation.trace.timestamp
    rank, _, source, content = _rank(observation, group.ranks, lambda _: ())
    return group.order(observation.trace), rank, age, source, content


def _lead_order(trace: CanonicalTrace) -> tuple[Any, ...]:
    return (trace.total_tokens or 0, trace.tokens_out or 0)


def _namespace_order(identity: str) -> tuple[int, str]:
    namespace = identity.partition(":")[0]
    if namespace in _NAMESPACES:
        return _NAMESPACES.index(namespace), identity
    return len(_NAMESPACES) + (namespace == "content"), identity


def final_cost(observation: Observation) -> tuple[int | None, CostSource, str | None]:
    """Return `(nano-dollars, where from, price version)` of a call; None is unpriced, not free."""
    trace = observation.trace
    if trace.cost_usd is not None:
        return usd_to_nanos(trace.cost_usd), CostSource.REPORTED, trace.price_version
    if observation.cost_nanos is not None:
        return observation.cost_nanos, CostSource.COMPUTED, observation.price_version
    return None, CostSource.UNKNOWN, None
