"""Adapter from golden `report_metrics` cases to the product: a store, its inputs, its measures.

`report_metrics(given)` returns the expected keys that the catalogue can compute so far.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodlens.clock import parse_instant
from prodlens.metrics import interaction
from prodlens.metrics.acceptance import acceptance_of
from prodlens.metrics.inputs import read_inputs
from prodlens.metrics.measures import measure
from prodlens.metrics.policy import parse_policy
from prodlens.selection import Selection
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from datetime import datetime

    from prodlens.metrics.inputs import MetricInputs
    from prodlens.metrics.values import MetricValue


def report_metrics(given: dict[str, Any]) -> dict[str, Any]:
    """Return what the golden contract calls `report_metrics`, without its delivery parts."""
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
        },
    }


def read(given: dict[str, Any]) -> MetricInputs:
    """Store the traces of a case and read them back as the inputs of the measures."""
    with tempfile.TemporaryDirectory() as folder, ProdLensStore(Path(folder) / "x.db") as store:
        store.insert_sessions(_row(trace) for trace in given["traces"])
        selection = Selection(
            since=_instant(given["window_start"]), until=_instant(given["window_end"])
        )
        return read_inputs(store, selection, policy=parse_policy(given["policy_models"]))


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
