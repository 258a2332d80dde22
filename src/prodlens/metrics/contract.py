"""Owns the keys of `generate_report` (api.md): which value stands under which name.

Computes nothing. Every key is there with and without data; None where a value is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens import __version__
from prodlens.clock import format_instant
from prodlens.metrics.association import RESULT_FIELDS, Q
from prodlens.metrics.catalog import HIGH_DIFF_RATIO
from prodlens.metrics.delivery import merge_hours
from prodlens.metrics.sentences import sentence
from prodlens.metrics.traffic import traffic_name
from prodlens.metrics.window import shown
from prodlens.metrics.working_sessions import IDLE_MINUTES

if TYPE_CHECKING:
    from datetime import date

    from prodlens.metrics.association import Associations, Comparison
    from prodlens.metrics.report import ModelLine, Report
    from prodlens.metrics.sensitivity import Strip


def report_dict(report: Report) -> dict[str, Any]:
    """Return a report as plain values, in a stable order of keys."""
    return {
        **_interaction(report),
        **_acceptance(report),
        **_delivery(report),
        "cost_metrics": _cost(report),
        "ai_outcome_association": _association(report.associations),
        "effect_sizes": report.effects.to_dict(),
        "multiple_comparison_adjustment": _adjustment(report.associations),
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


def _delivery(report: Report) -> dict[str, Any]:
    values = {slug: measured.value for slug, measured in report.values.items()}
    figures = report.inputs.delivery.commits
    commits_known = values["commits"] is not None
    return {
        "pr_throughput": {
            "weekly_merged_prs": values["merged_prs_per_week"],
            "total_merged": values["merged_prs"],
            "weeks": report.values["merged_prs_per_week"].denominator,
        },
        "commit_frequency": {
            "daily_commits": values["commits_per_active_day"],
            "total_commits": values["commits"],
            "active_days": figures.active_days if commits_known else None,
            "commits_per_calendar_day": values["commits_per_calendar_day"],
            "commits_per_developer_active_day": values["commits_per_developer_active_day"],
        },
        "pr_merge_time_hours": merge_hours(report.inputs.delivery),
        "rework_rate": values["rework_rate"],
        "revert_rate": values["revert_rate"],
    }


def _cost(report: Report) -> dict[str, Any]:
    values, total = report.values, report.inputs.total
    known = values["cost_usd"].value is not None
    return {
        "total_session_cost_usd": values["cost_usd"].value,
        "total_session_cost_nanos": total.cost_nanos if known else None,
        "cost_coverage": values["cost_coverage"].value,
        "subscription_cost_usd": values["subscription_cost_usd"].value,
        "merged_pr_count": values["merged_prs"].value,
        "cost_per_merged_pr_usd": values["cost_per_merged_pr_usd"].value,
    }


def _association(found: Associations) -> dict[str, Any]:
    first = found.commits
    return {
        **naive(first),
        "lag_days": first.lag_days,
        "basis": "naive",
        "calibrated": calibrated(first),
        **{other.outcome: calibrated(other) for other in found.comparisons[1:]},
        "declared": None if found.declared is None else calibrated(found.declared),
    }


def naive(found: Comparison) -> dict[str, Any]:
    """Return the correlations of the counts as they are: a description, no test."""
    result = found.result
    if result is None:
        nothing = {"r": None, "p_value": None, "count": 0}
        return {"pearson": nothing, "spearman": dict(nothing)}
    return {
        "pearson": {
            "r": result.raw_pearson_r,
            "p_value": result.raw_pearson_p,
            "count": result.n_pairs,
        },
        "spearman": {
            "r": result.raw_spearman_rho,
            "p_value": result.raw_spearman_p,
            "count": result.n_pairs,
        },
    }


def calibrated(found: Comparison) -> dict[str, Any]:
    """Return everything the calibrated method says of a comparison, with its sentence."""
    result, without = found.result, found.without_quiet
    return {
        "status": found.status,
        "sentence": sentence(found),
        "x_metric": found.exposure,
        "y_metric": found.outcome,
        "role": "primary" if found.is_primary else "exploratory",
        "declaration": found.declaration,
        "looks": found.looks,
        **{name: None if result is None else getattr(result, name) for name in RESULT_FIELDS},
        "q": found.q,
        "rho_q": found.rho_q,
        "first_day": None if found.days is None else _day(found.days.first),
        "last_day": None if found.days is None else _day(found.days.last),
        "days_in_window": found.days_in_window,
        "days_covered": found.days_covered,
        "more_days_needed": found.more_days,
        "longest_run_only": found.is_longest_run,
        "quiet_workdays": [_day(day) for day in found.quiet_workdays],
        "without_quiet_workdays": {
            name: None if without is None else getattr(without, name)
            for name in ("r", "ci_low", "ci_high")
        },
        "sensitivity": None if found.strip is None else _sensitivity(found.strip),
    }


def _sensitivity(strip: Strip) -> dict[str, Any]:
    return {
        one.name: {
            "status": one.status,
            "r": one.r,
            "low": one.low,
            "high": one.high,
            "n": one.n,
            "is_range": one.is_range,
        }
        for one in strip.choices
    }


def _adjustment(found: Associations) -> dict[str, Any]:
    family = found.family
    lead = found.lead
    said = (lead.exposure, lead.outcome, lead.lag_days)
    return {
        "method": "benjamini-hochberg",
        "adjusted": {
            **{f"{_name(one, found)}_pearson": one.q for one in family},
            **{f"{_name(one, found)}_spearman": one.rho_q for one in family},
        },
        "family_size": found.commits.family_size,
        "q": Q,
        "primary": "{} -> {}, lag {}".format(*said) if lead.is_primary else None,
    }


def _name(one: Comparison, found: Associations) -> str:
    return "declared" if one is found.declared else one.outcome


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
    window, timezone = report.window, report.asking.selection.timezone
    traffic, idle = report.asking.selection.traffic, report.inputs.idle_minutes
    models = report.asking.selection.models
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
        **({} if timezone == "UTC" else {"timezone": timezone}),
        **({"models": list(models)} if models else {}),
        **({"traffic": [traffic_name(one) for one in traffic]} if traffic else {}),
        **({} if idle == IDLE_MINUTES else {"idle_minutes": idle}),
        **({} if report.asking.statistics else {"statistics": False}),
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
