"""Owns what each metric is: slug, title, unit, direction of "good", definition, needs; no data.

CSV headings, the reference page, the JSON schema and the report all derive from `METRICS`.
A new metric is one entry here and one function of the same slug in its family's module.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from prodlens.metrics.values import MetricValue, Unit

__all__ = ["METRICS", "Better", "Family", "Metric", "MetricValue", "Need", "Unit"]

HIGH_DIFF_RATIO: Final = 0.7
"""A suggestion kept to this share or more counts as kept well (statistics.md 7, diff_ratio)."""


class Better(StrEnum):
    """Which direction is good; `NEITHER` for use and cost, which are no verdict."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


class Family(StrEnum):
    """Which group a metric is shown in; also the name of the module that computes it."""

    INTERACTION = "interaction"
    ACCEPTANCE = "acceptance"
    COST = "cost"


class Need(StrEnum):
    """What a metric needs from the data; inputs read only what the chosen metrics need."""

    CALLS = "calls"
    SESSIONS = "sessions"
    LATENCY = "latency"
    STATUS = "status"
    TOKENS = "tokens"
    DECISIONS = "decisions"
    LINES = "accepted_lines"
    DIFF_RATIO = "diff_ratio"
    COST = "cost"
    POLICY = "policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What one metric is.

    Attributes:
        slug: Its name everywhere: CSV, JSON, alerts, command line.
        title: Its name for people, short enough for a terminal column.
        unit: What its value counts.
        better: Which direction is good.
        family: Which group it belongs to.
        definition: How it is computed and what is left out, in full sentences.
        needs: What it needs from the data.
    """

    slug: str
    title: str
    unit: Unit
    better: Better
    family: Family
    definition: str
    needs: frozenset[Need]


def _metric(slug: str, title: str, unit: Unit, *needs: Need, **words: Any) -> Metric:
    return Metric(
        slug=slug,
        title=title,
        unit=unit,
        better=words.get("better", Better.NEITHER),
        family=words["family"],
        definition=words["definition"],
        needs=frozenset((Need.CALLS, *needs)),
    )


_INTERACTION: Final = (
    _metric(
        "calls",
        "Calls",
        Unit.COUNT,
        family=Family.INTERACTION,
        definition="Calls of a language model in the window; failed calls included.",
    ),
    _metric(
        "sessions",
        "Sessions",
        Unit.COUNT,
        Need.SESSIONS,
        family=Family.INTERACTION,
        definition="Distinct session ids in the window. Calls that name no session are no "
        "session of their own; their share is shown as coverage.",
    ),
    _metric(
        "median_latency_ms",
        "Response time, median",
        Unit.MILLISECONDS,
        Need.LATENCY,
        family=Family.INTERACTION,
        better=Better.DOWN,
        definition="Median duration of the calls whose duration is known, failed calls included. "
        "Negative durations are dropped and counted.",
    ),
    _metric(
        "p95_latency_ms",
        "Response time, 95th percentile",
        Unit.MILLISECONDS,
        Need.LATENCY,
        family=Family.INTERACTION,
        better=Better.DOWN,
        definition="95th percentile of the same durations, with linear interpolation.",
    ),
    _metric(
        "median_latency_success_ms",
        "Response time, median, no errors",
        Unit.MILLISECONDS,
        Need.LATENCY,
        Need.STATUS,
        family=Family.INTERACTION,
        better=Better.DOWN,
        definition="Median duration of the calls that are not known to have failed.",
    ),
    _metric(
        "active_hours",
        "Active developer-hours",
        Unit.HOURS,
        family=Family.INTERACTION,
        definition="Distinct pairs of developer and UTC clock hour with at least one call; calls "
        "without a developer count as one developer, 'unknown'.",
    ),
    _metric(
        "sessions_per_hour",
        "Sessions per active hour",
        Unit.PER_HOUR,
        Need.SESSIONS,
        family=Family.INTERACTION,
        definition="Sessions divided by active developer-hours; nights and idle hours are no "
        "part of it.",
    ),
    _metric(
        "calls_per_hour",
        "Calls per active hour",
        Unit.PER_HOUR,
        family=Family.INTERACTION,
        definition="Calls divided by active developer-hours.",
    ),
    _metric(
        "error_rate",
        "Error rate",
        Unit.SHARE,
        Need.STATUS,
        family=Family.INTERACTION,
        better=Better.DOWN,
        definition="Calls with a status of 400 or more, or with an error type, divided by calls "
        "whose outcome is known. A call with neither status nor error type is outside.",
    ),
    _metric(
        "model_selection_accuracy",
        "Calls to policy models",
        Unit.SHARE,
        Need.POLICY,
        family=Family.INTERACTION,
        better=Better.UP,
        definition="Calls whose model matches a policy pattern divided by calls whose model is "
        "known. Provider prefixes and date suffixes are ignored. No policy: not defined.",
    ),
)

_ACCEPTANCE: Final = (
    _metric(
        "acceptance_rate",
        "Acceptance rate",
        Unit.SHARE,
        Need.DECISIONS,
        family=Family.ACCEPTANCE,
        better=Better.UP,
        definition="Calls whose proposal was accepted divided by calls with a decision. Calls "
        "nobody decided about are outside.",
    ),
    _metric(
        "acceptance_coverage",
        "Calls with a decision",
        Unit.SHARE,
        Need.DECISIONS,
        family=Family.ACCEPTANCE,
        definition="Calls with a decision divided by all calls: how much of the use the "
        "acceptance rate speaks for.",
    ),
    _metric(
        "session_acceptance_rate",
        "Sessions with an acceptance",
        Unit.SHARE,
        Need.DECISIONS,
        Need.SESSIONS,
        family=Family.ACCEPTANCE,
        better=Better.UP,
        definition="Sessions with at least one accepted call divided by sessions with at least "
        "one decided call.",
    ),
    _metric(
        "avg_diff_ratio",
        "Share of a suggestion kept",
        Unit.SHARE,
        Need.DIFF_RATIO,
        family=Family.ACCEPTANCE,
        better=Better.UP,
        definition="Mean share of a suggestion that was kept, over calls for which it is known.",
    ),
    _metric(
        "share_above_threshold",
        "Suggestions kept to 70% or more",
        Unit.SHARE,
        Need.DIFF_RATIO,
        family=Family.ACCEPTANCE,
        better=Better.UP,
        definition="Calls whose suggestion was kept to 0.7 or more divided by calls for which "
        "the share kept is known.",
    ),
    _metric(
        "accepted_lines",
        "Accepted lines",
        Unit.LINES,
        Need.LINES,
        family=Family.ACCEPTANCE,
        definition="Lines accepted, over accepted calls for which the number is known.",
    ),
    _metric(
        "lines_coverage",
        "Accepted calls with lines known",
        Unit.SHARE,
        Need.LINES,
        family=Family.ACCEPTANCE,
        definition="Accepted calls whose number of lines is known divided by accepted calls.",
    ),
)

_COST: Final = (
    _metric(
        "total_tokens",
        "Tokens",
        Unit.TOKENS,
        Need.TOKENS,
        family=Family.COST,
        definition="Input and output tokens of all calls, cache reads and writes included.",
    ),
    _metric(
        "tokens_per_accept",
        "Tokens per accepted call",
        Unit.TOKENS_PER_CALL,
        Need.TOKENS,
        Need.DECISIONS,
        family=Family.COST,
        better=Better.DOWN,
        definition="Tokens of the accepted calls divided by their number, over accepted calls "
        "whose tokens are known.",
    ),
    _metric(
        "tokens_per_accepted_line",
        "Tokens per accepted line, accepted calls",
        Unit.TOKENS_PER_LINE,
        Need.TOKENS,
        Need.LINES,
        family=Family.COST,
        better=Better.DOWN,
        definition="Tokens divided by lines, over accepted calls for which both are known.",
    ),
    _metric(
        "tokens_per_accepted_line_all_in",
        "Tokens per accepted line, all calls",
        Unit.TOKENS_PER_LINE,
        Need.TOKENS,
        Need.LINES,
        family=Family.COST,
        better=Better.DOWN,
        definition="Tokens of all calls, rejected and undecided ones included, divided by "
        "accepted lines: what a line takes when every attempt counts.",
    ),
    _metric(
        "cost_usd",
        "Cost",
        Unit.USD,
        Need.COST,
        family=Family.COST,
        definition="Sum of the known costs: what the source reported, else computed from dated "
        "prices. Calls without a price are not in it; for calls on a subscription it is what "
        "the API would have charged, not what was spent.",
    ),
    _metric(
        "cost_coverage",
        "Calls with a known cost",
        Unit.SHARE,
        Need.COST,
        family=Family.COST,
        definition="Calls whose cost is known divided by all calls.",
    ),
    _metric(
        "subscription_cost_usd",
        "Cost, of it on a subscription",
        Unit.USD,
        Need.COST,
        family=Family.COST,
        definition="The part of the cost that stands for calls on a subscription: what the API "
        "would have charged for them, not what was spent.",
    ),
)

METRICS: Final[dict[str, Metric]] = {
    metric.slug: metric for metric in (*_INTERACTION, *_ACCEPTANCE, *_COST)
}
"""Every metric by slug, in the order in which they are shown."""
