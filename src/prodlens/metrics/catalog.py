"""Owns which metrics there are: slug, title, unit, direction of "good", definition, needs; no data.

CSV headings, the reference page, the JSON schema and the report all derive from `METRICS`.
A new metric is one entry here (or in `prodlens.metrics.delivery_entries`) and one function of the
same slug in its family's module.
"""

from __future__ import annotations

from typing import Final

from prodlens.metrics.delivery_entries import DELIVERY
from prodlens.metrics.edit_entries import EDITS
from prodlens.metrics.metric import Better, Family, Metric, Need, entry
from prodlens.metrics.values import MetricValue, Unit
from prodlens.storage import readings

__all__ = ["METRICS", "Better", "Family", "Metric", "MetricValue", "Need", "Unit"]

HIGH_DIFF_RATIO: Final = readings.HIGH_DIFF_RATIO
"""A suggestion kept to this share or more counts as kept well (statistics.md 7, diff_ratio)."""

_INTERACTION: Final = (
    entry(
        "calls",
        "Calls",
        Unit.COUNT,
        family=Family.INTERACTION,
        definition="Calls of a language model in the window; failed calls included.",
    ),
    entry(
        "sessions",
        "Sessions",
        Unit.COUNT,
        Need.SESSIONS,
        family=Family.INTERACTION,
        definition="Distinct session ids in the window. Calls that name no session are no "
        "session of their own; their share is shown as coverage.",
    ),
    entry(
        "median_latency_ms",
        "Response time, median",
        Unit.MILLISECONDS,
        Need.LATENCY,
        family=Family.INTERACTION,
        better=Better.DOWN,
        definition="Median duration of the calls whose duration is known, failed calls included. "
        "Negative durations are dropped and counted.",
    ),
    entry(
        "p95_latency_ms",
        "Response time, 95th percentile",
        Unit.MILLISECONDS,
        Need.LATENCY,
        family=Family.INTERACTION,
        better=Better.DOWN,
        definition="95th percentile of the same durations, with linear interpolation.",
    ),
    entry(
        "median_latency_success_ms",
        "Response time, median, no errors",
        Unit.MILLISECONDS,
        Need.LATENCY,
        Need.STATUS,
        family=Family.INTERACTION,
        better=Better.DOWN,
        definition="Median duration of the calls that are not known to have failed.",
    ),
    entry(
        "active_hours",
        "Active developer-hours",
        Unit.HOURS,
        family=Family.INTERACTION,
        definition="Distinct pairs of developer and UTC clock hour with at least one call; calls "
        "without a developer count as one developer, 'unknown'.",
    ),
    entry(
        "sessions_per_hour",
        "Sessions per active hour",
        Unit.PER_HOUR,
        Need.SESSIONS,
        family=Family.INTERACTION,
        definition="Sessions divided by active developer-hours; nights and idle hours are no "
        "part of it.",
    ),
    entry(
        "calls_per_hour",
        "Calls per active hour",
        Unit.PER_HOUR,
        family=Family.INTERACTION,
        definition="Calls divided by active developer-hours.",
    ),
    entry(
        "working_sessions",
        "Working sessions",
        Unit.COUNT,
        Need.TIMES,
        family=Family.INTERACTION,
        definition="Stretches of calls of one person, cut where more than report.idle_minutes "
        "(30 unless set) pass without a call; native session ids play no part. Where no developer "
        "is known, calls are cut within their session; calls that name neither are in none.",
    ),
    entry(
        "working_session_median_hours",
        "Working session, median length",
        Unit.DURATION_HOURS,
        Need.TIMES,
        family=Family.INTERACTION,
        definition="Median time from the first call of a working session to the end of its last, "
        "shorter pauses included. One of a single call is as long as that call; a call whose "
        "duration is not known, or is given as more than a day, has none.",
    ),
    entry(
        "working_time_hours",
        "Hours in working sessions",
        Unit.HOURS,
        Need.TIMES,
        family=Family.INTERACTION,
        definition="Sum of the lengths of all working sessions: active time, with pauses up to "
        "the idle gap. People are added up; it is no time that was saved or spent on a task.",
    ),
    entry(
        "calls_per_working_session",
        "Calls per working session",
        Unit.PER_SESSION,
        Need.TIMES,
        family=Family.INTERACTION,
        definition="Calls in working sessions divided by their number.",
    ),
    entry(
        "session_growth_percent",
        "Growth of sessions",
        Unit.PERCENT,
        Need.SESSIONS,
        Need.DAYS,
        family=Family.INTERACTION,
        definition="Sessions of the last whole weeks (at most four, as many as fit twice into the "
        "window) against as many weeks before them, in per cent of the earlier ones. Every day "
        "counts, those without a session too. Less than 14 days, or no session in the earlier "
        "weeks: not defined. The interval allows for counts that vary more than by chance and "
        "for neighbouring days that resemble each other.",
    ),
    entry(
        "error_rate",
        "Error rate",
        Unit.SHARE,
        Need.STATUS,
        family=Family.INTERACTION,
        better=Better.DOWN,
        definition="Calls with a status of 400 or more, or with an error type, divided by calls "
        "whose outcome is known. A call with neither status nor error type is outside.",
    ),
    entry(
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
    entry(
        "acceptance_rate",
        "Acceptance rate",
        Unit.SHARE,
        Need.DECISIONS,
        family=Family.ACCEPTANCE,
        better=Better.UP,
        definition="Calls whose proposal a person accepted divided by calls that a person decided "
        "about. Calls nobody decided about are outside, and so is what a setting or a mode let "
        "pass without asking (`edits_auto_approved`). An edit of which no record says who let it "
        "pass counts as accepted here; `edit_acceptance_rate` leaves it out.",
    ),
    entry(
        "acceptance_coverage",
        "Calls with a decision",
        Unit.SHARE,
        Need.DECISIONS,
        family=Family.ACCEPTANCE,
        definition="Calls that a person decided about divided by all calls: how much of the use the "
        "acceptance rate speaks for.",
    ),
    entry(
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
    entry(
        "avg_diff_ratio",
        "Share of a suggestion kept",
        Unit.SHARE,
        Need.DIFF_RATIO,
        family=Family.ACCEPTANCE,
        better=Better.UP,
        definition="Mean share of a suggestion that was kept, over calls for which it is known.",
    ),
    entry(
        "share_above_threshold",
        "Suggestions kept to 70% or more",
        Unit.SHARE,
        Need.DIFF_RATIO,
        family=Family.ACCEPTANCE,
        better=Better.UP,
        definition="Calls whose suggestion was kept to 0.7 or more divided by calls for which "
        "the share kept is known.",
    ),
    entry(
        "accepted_lines",
        "Accepted lines",
        Unit.LINES,
        Need.LINES,
        family=Family.ACCEPTANCE,
        definition="Lines accepted, over accepted calls for which the number is known.",
    ),
    entry(
        "lines_coverage",
        "Accepted calls with lines known",
        Unit.SHARE,
        Need.LINES,
        family=Family.ACCEPTANCE,
        definition="Accepted calls whose number of lines is known divided by accepted calls.",
    ),
)

_COST: Final = (
    entry(
        "total_tokens",
        "Tokens",
        Unit.TOKENS,
        Need.TOKENS,
        family=Family.COST,
        definition="Input and output tokens of all calls, cache reads and writes included.",
    ),
    entry(
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
    entry(
        "tokens_per_accepted_line",
        "Tokens per accepted line, accepted calls",
        Unit.TOKENS_PER_LINE,
        Need.TOKENS,
        Need.LINES,
        family=Family.COST,
        better=Better.DOWN,
        definition="Tokens divided by lines, over accepted calls for which both are known.",
    ),
    entry(
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
    entry(
        "cost_usd",
        "Cost",
        Unit.USD,
        Need.COST,
        family=Family.COST,
        definition="Sum of the known costs: what the source reported, else computed from dated "
        "prices. Calls without a price are not in it; for calls on a subscription it is what "
        "the API would have charged, not what was spent.",
    ),
    entry(
        "cost_coverage",
        "Calls with a known cost",
        Unit.SHARE,
        Need.COST,
        family=Family.COST,
        definition="Calls whose cost is known divided by all calls.",
    ),
    entry(
        "subscription_cost_usd",
        "Cost, of it on a subscription",
        Unit.USD,
        Need.COST,
        family=Family.COST,
        definition="The part of the cost that stands for calls on a subscription: what the API "
        "would have charged for them, not what was spent.",
    ),
    entry(
        "cost_per_merged_pr_usd",
        "Cost per merged pull request",
        Unit.USD,
        Need.COST,
        Need.PULL_REQUESTS,
        family=Family.COST,
        definition="Cost of all calls of the window divided by the pull requests merged in it, "
        "whoever made them and with whatever help. Calls without a price are not in the cost; "
        "no pull request merged: not defined.",
    ),
)

METRICS: Final[dict[str, Metric]] = {
    metric.slug: metric for metric in (*_INTERACTION, *_ACCEPTANCE, *EDITS, *_COST, *DELIVERY)
}
"""Every metric by slug, in the order in which they are shown."""
