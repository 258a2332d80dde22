"""Adapter from golden `report_metrics` cases to the product: a store, its inputs, its measures."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodlens.clock import format_instant, parse_instant
from prodlens.metrics import followup, interaction
from prodlens.metrics.acceptance import acceptance_of
from prodlens.metrics.delivery import negative_merge_times
from prodlens.metrics.inputs import read_inputs
from prodlens.metrics.measures import measure
from prodlens.metrics.policy import parse_policy
from prodlens.selection import Selection
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from datetime import datetime

    from prodlens.metrics.inputs import MetricInputs
    from prodlens.metrics.values import MetricValue

REPO = "golden/case"


def report_metrics(given: dict[str, Any]) -> dict[str, Any]:
    """Return what the golden contract calls `report_metrics`."""
    inputs = read(given)
    values = measure(inputs)
    return {
        "ai_interaction_velocity": _velocity(inputs, values),
        "acceptance_rate": _proportion(values["acceptance_rate"]),
        "acceptance_coverage": values["acceptance_coverage"].value,
        "error_rate": _proportion(values["error_rate"]),
        "model_selection_accuracy": (
            _proportion(values["model_selection_accuracy"]) if inputs.policy else None
        ),
        "model_acceptance_rates": _by_model(inputs),
        "token_efficiency": {
            "accepted_lines": inputs.total.lines,
            **{
                slug: values[slug].value
                for slug in (
                    "total_tokens",
                    "tokens_per_accept",
                    "lines_coverage",
                    "tokens_per_accepted_line",
                    "tokens_per_accepted_line_all_in",
                )
            },
        },
        "cost_metrics": {
            "total_cost_usd": values["cost_usd"].value,
            "cost_coverage": values["cost_coverage"].value,
            "merged_pr_count": values["merged_prs"].value,
            "cost_per_merged_pr_usd": values["cost_per_merged_pr_usd"].value,
        },
        **_deliveries(inputs, values),
    }


def _deliveries(inputs: MetricInputs, values: dict[str, MetricValue]) -> dict[str, Any]:
    return {
        "pr_throughput": {
            "merged_pr_count": values["merged_prs"].value,
            "weeks": values["merged_prs_per_week"].denominator,
            "merged_prs_per_week": values["merged_prs_per_week"].value,
        },
        "pr_merge_time_hours": {
            "median": values["pr_merge_time_hours"].value,
            "mean": values["pr_merge_time_mean_hours"].value,
            "p75": values["pr_merge_time_p75_hours"].value,
            "n": values["pr_merge_time_hours"].n,
            "invalid_negative": negative_merge_times(inputs.delivery),
        },
        "rework_rate": {
            **_proportion(values["rework_rate"]),
            "immature": followup.rework(inputs.delivery).immature,
        },
        "revert_rate": {
            **_proportion(values["revert_rate"]),
            "immature": followup.reverted(inputs.delivery).immature,
        },
        "commit_frequency": {
            "total_commits": values["commits"].value,
            "active_days": values["commits_per_active_day"].denominator,
            **{
                slug: values[slug].value
                for slug in (
                    "commits_per_active_day",
                    "commits_per_calendar_day",
                    "commits_per_developer_active_day",
                )
            },
        },
    }


def read(given: dict[str, Any]) -> MetricInputs:
    """Store what a case gives and read it back as the inputs of the measures."""
    since, until = _instant(given["window_start"]), _instant(given["window_end"])
    with tempfile.TemporaryDirectory() as folder, ProdLensStore(Path(folder) / "x.db") as store:
        store.insert_sessions(_row(trace) for trace in given["traces"])
        store.insert_commits({**commit, "repo_slug": REPO} for commit in given["commits"])
        _store_pull_requests(store, given["pull_requests"])
        _note_the_sync(store, _instant(given["as_of"]))
        return read_inputs(
            store,
            Selection(since=since, until=until),
            policy=parse_policy(given["policy_models"]),
            now=max(until, _instant(given["as_of"])),
        )


def _store_pull_requests(store: ProdLensStore, requests: list[dict[str, Any]]) -> None:
    """Store pull requests with their events; a revert is a commit of a program."""
    for request in requests:
        number = request["number"]
        closed_at = request.get("first_closed_at") or request["merged_at"]
        row = {"repo_slug": REPO, "number": number, "merge_commit_sha": f"{number:040x}"}
        row |= {name: request[name] for name in ("created_at", "merged_at")}
        row |= {"closed_at": request["merged_at"], "reopened": request["reopened_at"] is not None}
        store.insert_pull_requests([row])
        for place, (event, at) in enumerate(
            (("closed", closed_at), ("reopened", request["reopened_at"]))
        ):
            if at is not None:
                store.conn.execute(
                    "insert into pr_events (repo_id, event_id, number, event, created_at) "
                    "values (1, ?, ?, ?, ?)",
                    (2 * number + place, number, event, format_instant(_instant(at))),
                )
        if request["reverted_at"] is not None:
            revert = {"sha": f"{10**9 + number:040x}", "timestamp": request["reverted_at"]}
            revert |= {"reverts_sha": row["merge_commit_sha"], "is_bot": True, "repo_slug": REPO}
            store.insert_commits([revert])


def _note_the_sync(store: ProdLensStore, as_of: datetime) -> None:
    """Say that everything was read then, also where there was nothing to read."""
    store.conn.execute(
        "insert or ignore into repositories (repo_id, host, slug) values (1, 'github.com', ?)",
        (REPO,),
    )
    store.conn.execute(
        "update repositories set synced_at = ? where repo_id = 1", (format_instant(as_of),)
    )
    store.conn.executemany(
        "insert into sync_state (repo_id, stream, key, value) values (1, ?, 'done', '1')",
        [("pulls",), ("commits",)],
    )


def _row(trace: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in trace.items() if name != "trace_id"}
    return {**fields, "native_key": f"golden:{trace['trace_id']}"}


def _instant(text: str) -> datetime:
    parsed = parse_instant(text)
    assert parsed is not None
    return parsed[0]


def _velocity(inputs: MetricInputs, values: dict[str, MetricValue]) -> dict[str, Any]:
    return {
        "median_latency_ms": values["median_latency_ms"].value,
        "p95_latency_ms": values["p95_latency_ms"].value,
        "latency_n": values["median_latency_ms"].n,
        "trace_count": values["calls"].value,
        "session_count": interaction.sessions(inputs, count_unnamed=True).value,
        "active_hours": values["active_hours"].value,
        "sessions_per_hour": interaction.sessions_per_hour(inputs, count_unnamed=True).value,
        "traces_per_hour": values["calls_per_hour"].value,
    }


def _by_model(inputs: MetricInputs) -> dict[str, Any]:
    rates = {model: acceptance_of(figures) for model, figures in inputs.models.items() if model}
    return {
        model: {name: _proportion(rate)[name] for name in ("value", "numerator", "denominator")}
        for model, rate in rates.items()
        if rate.value is not None
    }


def _proportion(measured: MetricValue) -> dict[str, Any]:
    plain = measured.to_dict()
    return {
        name: plain[name] for name in ("value", "numerator", "denominator", "ci_low", "ci_high")
    }
