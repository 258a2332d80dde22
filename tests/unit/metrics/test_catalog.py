from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from prodlens.metrics.catalog import METRICS, Better, Family, Need
from prodlens.metrics.inputs import MetricInputs
from prodlens.metrics.measures import MEASURES, measure

if TYPE_CHECKING:
    from prodlens.metrics.catalog import Metric


def test_every_metric_is_computed_and_nothing_else_is() -> None:
    assert set(MEASURES) == set(METRICS)


def test_the_catalogue_holds_the_metrics_of_this_release() -> None:
    assert list(METRICS) == [
        "calls",
        "sessions",
        "median_latency_ms",
        "p95_latency_ms",
        "median_latency_success_ms",
        "active_hours",
        "sessions_per_hour",
        "calls_per_hour",
        "working_sessions",
        "working_session_median_hours",
        "working_time_hours",
        "calls_per_working_session",
        "session_growth_percent",
        "error_rate",
        "model_selection_accuracy",
        "acceptance_rate",
        "acceptance_coverage",
        "session_acceptance_rate",
        "avg_diff_ratio",
        "share_above_threshold",
        "accepted_lines",
        "lines_coverage",
        "edits_proposed",
        "edit_acceptance_rate",
        "edits_auto_approved",
        "edits_auto_share",
        "edits_accepted",
        "edits_accepted_unknown",
        "edits_rejected",
        "edits_denied",
        "edits_failed",
        "edits_undecided",
        "edit_lines_proposed",
        "edit_lines_applied",
        "edit_retained_share",
        "edit_retention_coverage",
        "total_tokens",
        "tokens_per_accept",
        "tokens_per_accepted_line",
        "tokens_per_accepted_line_all_in",
        "cost_usd",
        "cost_coverage",
        "subscription_cost_usd",
        "cost_per_merged_pr_usd",
        "merged_prs",
        "merged_prs_per_week",
        "pr_merge_time_hours",
        "pr_merge_time_mean_hours",
        "pr_merge_time_p75_hours",
        "pr_merge_time_with_open_hours",
        "pr_first_review_hours",
        "pr_size_lines",
        "reopened_prs",
        "rework_rate",
        "revert_rate",
        "commits",
        "commits_per_calendar_day",
        "commits_per_active_day",
        "commits_per_developer_active_day",
        "ai_signed_commit_share",
        "ai_linked_prs",
        "ai_linked_pr_share",
        "ai_linked_by_session_trailer",
        "ai_linked_by_transcript",
        "ai_linked_by_label",
        "ai_linked_by_co_author",
        "pr_merge_time_ai_linked_hours",
        "pr_merge_time_not_linked_hours",
        "pr_size_ai_linked_lines",
        "pr_size_not_linked_lines",
        "rework_rate_ai_linked",
        "rework_rate_not_linked",
        "revert_rate_ai_linked",
        "revert_rate_not_linked",
    ]


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.slug)
def test_an_entry_can_be_shown(metric: Metric) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.slug)
    assert len(metric.title) <= 42
    assert metric.definition.endswith(".")
    assert metric.needs & {Need.CALLS, Need.COMMITS, Need.PULL_REQUESTS}
    assert (Need.CALLS in metric.needs) == (metric.family is not Family.DELIVERY)


@pytest.mark.parametrize("slug", METRICS)
def test_a_measure_gives_the_unit_its_entry_promises(slug: str) -> None:
    assert MEASURES[slug](MetricInputs()).unit is METRICS[slug].unit


def test_titles_are_unique() -> None:
    titles = [metric.title for metric in METRICS.values()]
    assert sorted(set(titles)) == sorted(titles)


def test_an_error_is_worse_when_higher_and_cost_is_no_verdict() -> None:
    assert METRICS["error_rate"].better is Better.DOWN
    assert METRICS["acceptance_rate"].better is Better.UP
    assert METRICS["cost_usd"].better is Better.NEITHER


def test_chosen_metrics_come_in_the_order_they_were_asked_for() -> None:
    assert list(measure(MetricInputs(), ["error_rate", "calls"])) == ["error_rate", "calls"]
    with pytest.raises(KeyError):
        measure(MetricInputs(), ["no_such_metric"])
