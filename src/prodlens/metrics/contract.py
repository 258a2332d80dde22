"""Owns the keys of `generate_report` (api.md): which value stands under which name.

Computes nothing. Parts that need delivery data have their keys already, with None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens import __version__
from prodlens.clock import format_instant
from prodlens.metrics.catalog import HIGH_DIFF_RATIO
from prodlens.metrics.window import shown

if TYPE_CHECKING:
    from datetime import date

    from prodlens.metrics.report import ModelLine, Report


def report_dict(report: Report) -> dict[str, Any]:
    """Return a report as plain values, in a stable order of keys."""
    return {
        **_interaction(report),
        **_acceptance(report),
        **_delivery(),
        "cost_metrics": _cost(report),
        "ai_outcome_association": _association(report.lag_days),
        "effect_sizes": _effects(report),
        "multiple_comparison_adjustment": {"method": None, "adjusted": None},
        "metrics": {slug: value.to_dict() for slug, value in report.values.items()},
        "models": [_model(line) for line in report.models],
        "coverage": report.coverage.to_dict(),
        "notes": [note.to_dict() for note in report.notes],
        "metadata": _metadata(report),
    }


def _interaction(report: Report) -> dict[str, Any]:
    values = report.values
    return {
        "ai_interaction_velocity": {
            "median_latency_ms": values["median_latency_ms"].value,
            "sessions_per_hour": values["sessions_per_hour"].value,
            "total_sessions": report.coverage.calls,  # the specification counts rows
        },
        "acceptance_rate": values["acceptance_rate"].value,
        "model_selection_accuracy": values["model_selection_accuracy"].value,
        "error_rate": values["error_rate"].value,
    }


def _acceptance(report: Report) -> dict[str, Any]:
    values, total = report.values, report.inputs.total
    return {
        "token_efficiency": {
            "tokens_per_accept": values["tokens_per_accept"].value,
            "accepted_sessions": total.accepted,  # the specification counts rows
            "total_tokens": values["total_tokens"].value,
            "tokens_per_accepted_line": values["tokens_per_accepted_line"].value,
            "tokens_per_accepted_line_all_in": values["tokens_per_accepted_line_all_in"].value,
        },
        "acceptance_quality": {
            "avg_diff_ratio": values["avg_diff_ratio"].value,
            "share_above_threshold": values["share_above_threshold"].value,
            "threshold": HIGH_DIFF_RATIO,
            "sample": total.diff_known,
        },
    }


def _delivery() -> dict[str, Any]:
    return {
        "pr_throughput": {"weekly_merged_prs": None, "total_merged": None},
        "commit_frequency": {"daily_commits": None, "total_commits": None},
        "pr_merge_time_hours": None,
        "rework_rate": None,
        "revert_rate": None,
    }


def _cost(report: Report) -> dict[str, Any]:
    values, total = report.values, report.inputs.total
    known = values["cost_usd"].value is not None
    return {
        "total_session_cost_usd": values["cost_usd"].value,
        "total_session_cost_nanos": total.cost_nanos if known else None,
        "cost_coverage": values["cost_coverage"].value,
        "subscription_cost_usd": values["subscription_cost_usd"].value,
        "merged_pr_count": None,
        "cost_per_merged_pr_usd": None,
    }


def _association(lag_days: int) -> dict[str, Any]:
    return {
        "pearson": {"r": None, "p_value": None, "count": None},
        "spearman": {"r": None, "p_value": None, "count": None},
        "lag_days": lag_days,
        "basis": "naive",
        "calibrated": {"status": "no_delivery_data"},
    }


def _effects(report: Report) -> dict[str, Any]:
    return {
        "latency_cohens_d": None,
        "latency_effect": None,
        "token_efficiency_ratio": None,
        "model_acceptance_rates": {
            line.model: line.acceptance.value
            for line in sorted(report.models, key=lambda line: line.model or "")
            if line.model is not None and line.acceptance.value is not None
        },
    }


def _model(line: ModelLine) -> dict[str, Any]:
    figures = line.figures
    return {
        "model": line.model,
        "calls": figures.calls,
        "tokens": figures.tokens if figures.tokens_known else None,
        "cost_usd": line.cost.value,
        "priced_calls": figures.priced,
        "subscription_calls": figures.subscription,
        "acceptance": line.acceptance.to_dict(),
        "errors": figures.errors,
        "outcome_known": figures.outcome_known,
    }


def _metadata(report: Report) -> dict[str, Any]:
    window = report.window
    return {
        "repo": report.repo,
        "since": shown(window.since),
        "until": shown(window.until),
        "lag_days": report.lag_days,
        "policy_models": list(report.policy.patterns) or None,
        "first_day": _day(window.first_day),
        "last_day": _day(window.last_day),
        "window_clipped": window.clipped,
        "incomplete_day": _day(window.incomplete_day),
        "generated_at": format_instant(report.generated_at),
        "version": __version__,
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
