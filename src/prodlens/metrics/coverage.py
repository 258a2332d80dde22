"""Owns what is known about the calls and deliveries of a report, and what is missing.

Computes no metric. Shares are 0..1 and None when there are no calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prodlens.clock import format_instant
from prodlens.metrics import followup
from prodlens.metrics.delivery import negative_merge_times
from prodlens.metrics.traffic import by_class
from prodlens.storage.persons import PROVENANCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from prodlens.metrics.inputs import MetricInputs
    from prodlens.storage.delivery_readings import RepositoryState
    from prodlens.storage.persons import Identification


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpricedModel:
    """A model of which some calls have no cost; `model` is None when they name no model."""

    model: str | None
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryCoverage:
    """How much is known about the deliveries of a slice.

    Attributes:
        states: The repositories of which deliveries are known, and until when.
        programs_commits: Commits of programs in the window; in no metric of people's commits.
        programs_requests: Pull requests of programs merged in the window; in no metric.
        impossible_commits: Commits that landed at no possible time, whatever the window.
        negative_merge_times: Pull requests merged before they were opened.
        rework_immature: Closed pull requests whose 21 days were not over.
        rework_unknown: Closed pull requests of which no source says whether they were reopened.
        revert_immature: Merged pull requests whose 21 days were not over.
    """

    states: tuple[RepositoryState, ...] = ()
    programs_commits: int = 0
    programs_requests: int = 0
    impossible_commits: int = 0
    negative_merge_times: int = 0
    rework_immature: int = 0
    rework_unknown: int = 0
    revert_immature: int = 0

    @property
    def is_git_alone(self) -> bool:
        """Whether nothing but clones told of the pull requests."""
        known = [state for state in self.states if state.requests_known]
        return bool(known) and not any(state.beyond_git for state in known)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; times as fixed-width UTC text."""
        return {
            "repositories": [
                {
                    "repo": state.slug,
                    "synced_at": _text(state.synced_at),
                    "as_of": _text(state.as_of),
                    "first_commit": _text(state.first_commit),
                    "first_pull_request": _text(state.first_request),
                    "last_delivery": _text(state.last_delivery),
                    "git_alone": state.requests_known and not state.beyond_git,
                    "history_cut": state.history_cut,
                }
                for state in self.states
            ],
            "commits_by_programs": self.programs_commits,
            "merged_prs_by_programs": self.programs_requests,
            "impossible_commits": self.impossible_commits,
            "negative_merge_times": self.negative_merge_times,
            "rework_immature": self.rework_immature,
            "rework_unknown": self.rework_unknown,
            "revert_immature": self.revert_immature,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much is known about the calls and deliveries of a slice.

    Attributes:
        calls: Calls.
        sessions: Distinct session ids.
        developers: Distinct people, as far as their ids are linked.
        known: Calls of which each thing is known, by name.
        sources: Calls each source saw.
        first_call: First call, aware UTC; None without calls.
        last_call: Last call, aware UTC; None without calls.
        days_with_calls: UTC days with calls.
        unpriced_models: Models with calls that have no cost, most calls first.
        subscription_calls: Calls on a subscription.
        negative_latencies: Calls whose duration is negative and was dropped.
        traffic: Calls by traffic class, '' for those without one; a filter's others included.
        left_out: Of these, the calls that the filter on traffic leaves out of everything.
        identification: How far session and developer ids can be trusted.
        idle_minutes: Minutes without a call that end a working session.
        open_dead_letters: Records set aside in the whole store, whatever the slice.
        whole_days: Whole days of the window that are over.
        captured_days: Those of them on which calls were captured (`prodlens.metrics.calendar`).
        deliveries: What is known about the deliveries.
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
    traffic: Mapping[str, int]
    left_out: Mapping[str, int]
    identification: Identification
    idle_minutes: int
    open_dead_letters: int
    whole_days: int
    captured_days: int
    deliveries: DeliveryCoverage

    def share(self, name: str) -> float | None:
        """Return the share of calls of which something is known; None without calls."""
        return self.known[name] / self.calls if self.calls else None

    @property
    def unresolved_share(self) -> float | None:
        """Share of calls by nobody known, or by an id that nothing links to anybody else.

        None without calls. Until its ids are linked one person may count as several.
        """
        if not self.calls:
            return None
        return 1.0 - self.identification.resolved_calls / self.calls

    def _shares(self, counts: Mapping[str, int]) -> dict[str, float | None]:
        """Return counts of calls as shares of all calls, under every provenance there is."""
        return {
            name: counts.get(name, 0) / self.calls if self.calls else None for name in PROVENANCE
        }

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
            "traffic": by_class(self.traffic),
            "traffic_left_out": by_class(self.left_out),
            "session_id_sources": self._shares(self.identification.session),
            "developer_id_sources": self._shares(self.identification.developer),
            "developer_ids": self.identification.developer_ids,
            "resolved_developer_ids": self.identification.resolved_ids,
            "unresolved_calls": self.unresolved_share,
            "idle_minutes": self.idle_minutes,
            "open_dead_letters": self.open_dead_letters,
            "whole_days": self.whole_days,
            "captured_days": self.captured_days,
            "deliveries": self.deliveries.to_dict(),
        }


def coverage_of(inputs: MetricInputs) -> Coverage:
    """Return what is known about the calls and deliveries behind the inputs."""
    total, distinct, daily = inputs.total, inputs.distinct, inputs.daily
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
        traffic=inputs.traffic,
        left_out=inputs.left_out,
        identification=inputs.identification,
        idle_minutes=inputs.idle_minutes,
        open_dead_letters=inputs.open_dead_letters,
        whole_days=0 if daily.days is None else len(daily.days),
        captured_days=len(daily.calls.covered),
        deliveries=_deliveries(inputs),
    )


def _deliveries(inputs: MetricInputs) -> DeliveryCoverage:
    given = inputs.delivery
    rework, reverted = followup.rework(given), followup.reverted(given)
    return DeliveryCoverage(
        states=given.states,
        programs_commits=given.commits.by_programs,
        programs_requests=given.requests_by_programs,
        impossible_commits=given.impossible_commits,
        negative_merge_times=negative_merge_times(given),
        rework_immature=rework.immature,
        rework_unknown=rework.unknown,
        revert_immature=reverted.immature,
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
