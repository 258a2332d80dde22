"""Owns which class of traffic a call is: written rules over plain evidence, no guess.

Knows no format's fields beyond those of the canonical record, no store and no text of a prompt.
An adapter that knows more than a canonical field can hold adds one of the marks below as a tag.

Source: sources.md 1, 4b and 5; litellm/constants.py `LITTELM_INTERNAL_HEALTH_SERVICE_ACCOUNT_NAME`
and litellm_core_utils/health_check_helpers.py (tag and key alias of health checks); OpenInference
semantic conventions (`EVALUATOR`); Claude Code's `query_source`, `entrypoint` and user agent.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prodlens.schemas import TrafficClass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from prodlens.schemas import CanonicalTrace

PRECEDENCE: Final = (
    TrafficClass.CACHE_HIT.value,
    TrafficClass.HEALTH_PROBE.value,
    TrafficClass.EVALUATION.value,
    TrafficClass.RETRY.value,
    TrafficClass.SUBAGENT.value,
    TrafficClass.HUMAN.value,
)
"""Classes in the order in which one wins where records of one call say different ones."""

HEALTH_ACCOUNT: Final = "litellm-internal-health-check"
"""LiteLLM's own account of its health checks: their request tag, key alias and team."""
ONE_TOKEN: Final = "max_tokens:1"  # noqa: S105 - tokens of text
"""Mark for a request that allowed an answer of one token."""
EVALUATOR: Final = "openinference:evaluator"
"""Mark for a span that is an evaluator, or stands below one."""
ATTEMPT: Final = "attempt:"
"""Mark, followed by the number of the attempt, the first being 1."""
ENTRYPOINT: Final = "entrypoint:"
"""Mark, followed by how Claude Code was started."""

_SAID: Final = "traffic:"
_HEALTH_TAGS: Final = frozenset({HEALTH_ACCOUNT, "health-check", "health_check", "healthcheck"})
_EVALUATION_TAGS: Final = frozenset(
    {EVALUATOR, "eval", "evals", "evaluation", "evaluator", "llm-as-a-judge"}
)
_PROBES: Final = (
    "amazon-route53-health-check-service",
    "blackbox exporter/",
    "consul health check",
    "elb-healthchecker/",
    "envoy/hc",
    "googlehc/",
    "kube-probe/",
    "pingdom",
    "uptimerobot/",
)
"""How programs that only see whether something answers begin their user agent, lower case."""
_EVALUATORS: Final = frozenset({"evaluator", "evaluation"})
_MAIN_THREAD: Final = "repl_main_thread"
_INTERACTIVE: Final = frozenset({"cli", "claude-vscode"})
"""Ways to start Claude Code in which a person types; `sdk-cli` is `claude -p` in a script."""
_CLAUDE_AGENT: Final = re.compile(r"claude-cli/\S+ \((?:[a-z]+, )?([a-z-]{1,40})[,)]")
_ATTEMPT: Final = re.compile(r"attempt:[0-9]{1,4}")
_ENTRYPOINT: Final = re.compile(r"entrypoint:[a-z-]{1,40}")
_LIMITS: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens")
_MOST_TAGS: Final = 64
_CACHED: Final = 8192


class Evidence(NamedTuple):
    """What the rules look at; the fields of the canonical record under their own names."""

    tags: tuple[str, ...]
    user_agent: str | None
    query_source: str | None
    is_subagent: bool | None
    call_type: str | None


class Rule(NamedTuple):
    """One rule.

    Attributes:
        traffic_class: Class of a call for which it holds.
        evidence: What it looks at, in words.
        holds: Whether it holds.
    """

    traffic_class: str
    evidence: str
    holds: Callable[[Evidence], bool]


def _said(traffic_class: TrafficClass) -> Rule:
    tag = _SAID + traffic_class.value
    return Rule(traffic_class.value, f"the client's tag `{tag}`", lambda seen: tag in seen.tags)


def _is_probe(seen: Evidence) -> bool:
    return (seen.user_agent or "").lower().startswith(_PROBES)


def _is_evaluation(seen: Evidence) -> bool:
    if not _EVALUATION_TAGS.isdisjoint(seen.tags):
        return True
    return (seen.call_type or "").lower() in _EVALUATORS


def _is_retry(seen: Evidence) -> bool:
    return any(int(tag[len(ATTEMPT) :]) > 1 for tag in seen.tags if _ATTEMPT.fullmatch(tag))


def _is_subagent(seen: Evidence) -> bool:
    source = seen.query_source or ""
    return seen.is_subagent is True or source.startswith("agent:") or source == "subagent"


def _is_main_thread(seen: Evidence) -> bool:
    source = seen.query_source or ""
    return source == _MAIN_THREAD or source.startswith(_MAIN_THREAD + ":")


def _is_interactive(seen: Evidence) -> bool:
    """Ask for both: how the program was started, and that the call is no sub-agent's."""
    if seen.is_subagent is not False or seen.query_source is not None:
        return False
    started = _CLAUDE_AGENT.match(seen.user_agent or "")
    if started is not None and started[1] in _INTERACTIVE:
        return True
    return any(ENTRYPOINT + word in seen.tags for word in _INTERACTIVE)


RULES: Final = (
    _said(TrafficClass.HEALTH_PROBE),
    _said(TrafficClass.EVALUATION),
    _said(TrafficClass.RETRY),
    _said(TrafficClass.SUBAGENT),
    _said(TrafficClass.HUMAN),
    Rule(
        TrafficClass.HEALTH_PROBE.value,
        f"the tag `{HEALTH_ACCOUNT}`, `health-check`, `health_check` or `healthcheck`",
        lambda seen: not _HEALTH_TAGS.isdisjoint(seen.tags),
    ),
    Rule(TrafficClass.HEALTH_PROBE.value, "the user agent of a monitoring program", _is_probe),
    Rule(
        TrafficClass.EVALUATION.value,
        "an evaluation's tag, or a span that is an evaluator",
        _is_evaluation,
    ),
    Rule(
        TrafficClass.HEALTH_PROBE.value,
        "a request for one token",
        lambda seen: ONE_TOKEN in seen.tags,
    ),
    Rule(TrafficClass.RETRY.value, "an attempt after the first", _is_retry),
    Rule(TrafficClass.SUBAGENT.value, "a sidechain, or a query source `agent:...`", _is_subagent),
    Rule(TrafficClass.HUMAN.value, f"the query source `{_MAIN_THREAD}`", _is_main_thread),
    Rule(TrafficClass.HUMAN.value, "an interactive program's main thread", _is_interactive),
)
"""In the order in which they are tried; the first that holds decides."""


def classify(trace: CanonicalTrace) -> str | None:
    """Return the class of a call, None when no rule holds: then nothing is known about it.

    What an adapter decided (a proxy's cache hit) stays. The result depends on nothing but the
    record, so it is the same for any order of records.

    Args:
        trace: One call as one source saw it.
    """
    if trace.traffic_class is not None:
        return trace.traffic_class
    if trace.developer_id == HEALTH_ACCOUNT:
        return TrafficClass.HEALTH_PROBE.value
    return _decided(
        trace.tags, trace.user_agent, trace.query_source, trace.is_subagent, trace.call_type
    )


@functools.lru_cache(maxsize=_CACHED)
def _decided(
    tags: tuple[str, ...],
    user_agent: str | None,
    query_source: str | None,
    is_subagent: bool | None,  # noqa: FBT001 - one of the five pieces of evidence, in their order
    call_type: str | None,
) -> str | None:
    lowered = tuple(tag.lower() for tag in tags)
    seen = Evidence(lowered, user_agent, query_source, is_subagent, call_type)
    return next((rule.traffic_class for rule in RULES if rule.holds(seen)), None)


def strongest(classes: Iterable[str | None]) -> str | None:
    """Return the class that wins among those of several records of one call; None if none has one.

    Commutative, associative and idempotent, so that the order of records never matters. A class
    that is not in `PRECEDENCE` loses against every one that is.
    """
    known = {one for one in classes if one is not None}
    return min(known, key=_rank) if known else None


def _rank(traffic_class: str) -> tuple[int, str]:
    if traffic_class in PRECEDENCE:
        return PRECEDENCE.index(traffic_class), ""
    return len(PRECEDENCE), traffic_class


def marks(tags: Sequence[object], parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what of a proxied request's tags and parameters the rules look at.

    Only marks of the fixed vocabulary come out, so that no free text of a tag is kept.

    Args:
        tags: The request's tags as written.
        parameters: The parameters of the request; nothing but its limit of tokens is looked at.
    """
    texts = tuple([tag for tag in tags[:_MOST_TAGS] if type(tag) is str])
    return marks_of(texts) + limit_marks(parameters) if parameters else marks_of(texts)


def limit_marks(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the mark of a request whose parameters allow an answer of one token."""
    for name in _LIMITS:
        limit = parameters.get(name)
        if type(limit) is int and limit == 1:
            return (ONE_TOKEN,)
    return ()


def account_marks(alias: object) -> tuple[str, ...]:
    """Return the mark of a request whose API key is LiteLLM's own for its health checks.

    Args:
        alias: Alias of the key; no person, so no developer either.
    """
    return (HEALTH_ACCOUNT,) if alias == HEALTH_ACCOUNT else ()


@functools.lru_cache(maxsize=_CACHED)
def marks_of(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Return the marks of the fixed vocabulary among the texts of tags, sorted."""
    return tuple(sorted({mark for tag in tags if (mark := _mark_in(tag)) is not None}))


@functools.lru_cache(maxsize=_CACHED)
def _mark_in(tag: str) -> str | None:
    lowered = tag.strip().lower()
    return lowered if _is_mark(lowered) else None


def _is_mark(tag: str) -> bool:
    if tag.startswith(_SAID):
        return tag[len(_SAID) :] in PRECEDENCE[1:]
    if tag in _HEALTH_TAGS or tag in _EVALUATION_TAGS or tag == ONE_TOKEN:
        return True
    return _ATTEMPT.fullmatch(tag) is not None or _ENTRYPOINT.fullmatch(tag) is not None
