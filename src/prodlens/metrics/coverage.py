"""Owns what is known about the calls of a report, and what is missing; computes no metric.

Shares are 0..1 and None when there are no calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prodlens.clock import format_instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from prodlens.metrics.inputs import MetricInputs


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpricedModel:
    """A model of which some calls have no cost; `model` is None when they name no model."""

    model: str | None
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much is known about the calls of a slice.

    Attributes:
        calls: Calls.
        sessions: Distinct session ids.
        developers: Distinct developer ids.
        known: Calls of which each thing is known, by name.
        sources: Calls each source saw.
        first_call: First call, aware UTC; None without calls.
        last_call: Last call, aware UTC; None without calls.
        days_with_calls: UTC days with calls.
        unpriced_models: Models with calls that have no cost, most calls first.
        subscription_calls: Calls on a subscription.
        negative_latencies: Calls whose duration is negative and was dropped.
        open_dead_letters: Records set aside in the whole store, whatever the slice.
    """

    calls: int
    sessions: int
    developers: int
    known: Mapping[str, int]
    sources: Mapping[str, int]
    first_call: datetime | None
    last_call: datetime | None
    days_with_calls: int
    unpriced_models: tuple[UnpricedModel, ...]
    subscription_calls: int
    negative_latencies: int
    open_dead_letters: int

    def share(self, name: str) -> float | None:
        """Return the share of calls of which something is known; None without calls."""
        return self.known[name] / self.calls if self.calls else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; times as fixed-width UTC text."""
        return {
            "calls": self.calls,
            "sessions": self.sessions,
            "developers": self.developers,
            **{f"{name}_known": self.share(name) for name in self.known},
            "sources": dict(self.sources),
            "first_call": _text(self.first_call),
            "last_call": _text(self.last_call),
            "days_with_calls": self.days_with_calls,
            "unpriced_models": [
                {"model": entry.model, "calls": entry.calls} for entry in self.unpriced_models
            ],
            "subscription_calls": self.subscription_calls,
            "negative_latencies": self.negative_latencies,
            "open_dead_letters": self.open_dead_letters,
        }


def coverage_of(inputs: MetricInputs) -> Coverage:
    """Return what is known about the calls behind the inputs."""
    total, distinct = inputs.total, inputs.distinct
    return Coverage(
        calls=total.calls,
        sessions=distinct.sessions,
        developers=distinct.developers,
        known={
            "developer": total.developer_known,
            "repo": total.repo_known,
            "session": total.session_known,
            "model": total.model_known,
            "latency": total.latency_known,
            "status": total.outcome_known,
            "tokens": total.tokens_known,
            "cost": total.priced,
            "acceptance": total.decided,
        },
        sources=inputs.sources,
        first_call=distinct.first_call,
        last_call=distinct.last_call,
        days_with_calls=distinct.days,
        unpriced_models=_unpriced(inputs),
        subscription_calls=total.subscription,
        negative_latencies=total.latency_negative,
        open_dead_letters=inputs.open_dead_letters,
    )


def _unpriced(inputs: MetricInputs) -> tuple[UnpricedModel, ...]:
    found = [
        UnpricedModel(model=model, calls=figures.calls - figures.priced)
        for model, figures in inputs.models.items()
        if figures.calls > figures.priced
    ]
    return tuple(sorted(found, key=lambda entry: (-entry.calls, entry.model or "")))


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else format_instant(moment)
