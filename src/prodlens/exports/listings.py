"""Owns the lists a terminal shows besides the report: their columns, rows and denominators.

Puts what was read and measured under typed columns; computes nothing and names no person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from prodlens.exports.cells import basis_text, interval_text, value_text
from prodlens.exports.figures import counted
from prodlens.exports.report_tables import figure_table
from prodlens.exports.tables import Column, Table
from prodlens.exports.text import from_outside
from prodlens.exports.words import Kind
from prodlens.metrics.acceptance import acceptance_of
from prodlens.metrics.cost import cost_of
from prodlens.schemas import nanos_to_usd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prodlens.exports.model import Figure
    from prodlens.exports.tables import Value
    from prodlens.metrics.pull_requests import PullRequestLine
    from prodlens.storage.list_readings import SessionLine
    from prodlens.storage.readings import CallFigures

UNNAMED: Final = "(not named)"
SUMMARY: Final = (
    *("sessions", "calls", "total_tokens", "cost_usd", "cost_coverage", "subscription_cost_usd"),
    *("acceptance_rate", "acceptance_coverage", "edit_acceptance_rate", "error_rate"),
    *("median_latency_ms", "p95_latency_ms", "merged_prs", "pr_merge_time_hours", "rework_rate"),
    *("revert_rate", "ai_linked_pr_share", "commits", "cost_per_merged_pr_usd"),
)
"""What stands on one screen, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list on its way to the terminal.

    Attributes:
        table: Its rows; the most important columns stand left.
        basis: Id of a column -> ids of the columns that it rests on (part, whole): on a terminal
            they stand in one cell, so that no rate is ever without its denominator.
        every: Rows that there are; the table may hold fewer.
        notes: What is to be known about it.
        page: The table for people, when its cells have units of their own; None is `table`.
    """

    table: Table
    basis: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    every: int
    notes: tuple[str, ...] = ()
    page: Table | None = None


_MODELS: Final = (
    Column(id="model", title="Model"),
    Column(id="calls", title="Calls", kind=Kind.INT),
    Column(id="tokens", title="Tokens", kind=Kind.INT),
    Column(id="cost", title="Cost", kind=Kind.MONEY),
    Column(id="acceptance", title="Acceptance", kind=Kind.PERCENT),
    Column(id="acceptance_low", title="95% from", kind=Kind.PERCENT),
    Column(id="acceptance_high", title="to", kind=Kind.PERCENT),
    Column(id="errors", title="Failed", kind=Kind.PERCENT),
    Column(id="priced", title="Priced", kind=Kind.INT),
    Column(id="accepted", title="Accepted", kind=Kind.INT),
    Column(id="decided", title="Decided", kind=Kind.INT),
    Column(id="failed", title="Failed calls", kind=Kind.INT),
    Column(id="outcome_known", title="Outcome known", kind=Kind.INT),
)
_MODELS_NOTE: Final = (
    "Cost is that of calls with a price; acceptance is over calls that somebody decided, failures "
    "over calls with a known outcome."
)
_MODELS_BASIS: Final = {
    "cost": ("priced", "calls"),
    "acceptance": ("accepted", "decided"),
    "errors": ("failed", "outcome_known"),
}


def models(found: Mapping[str | None, CallFigures]) -> Listing:
    """Return what each model did; the key None holds calls that name no model."""
    rows = tuple(_model(name, figures) for name, figures in found.items())
    table = Table(id="models", title="Models", columns=_MODELS, rows=rows)
    return Listing(
        table=table,
        basis=_MODELS_BASIS,
        every=len(rows),
        notes=(_MODELS_NOTE,) if rows else (),
    )


def _model(name: str | None, figures: CallFigures) -> tuple[Value, ...]:
    accepted, cost = acceptance_of(figures), cost_of(figures)
    low, high = accepted.interval or (None, None)
    known = figures.outcome_known
    return (
        from_outside(name) if name else UNNAMED,
        figures.calls,
        figures.tokens if figures.tokens_known else None,
        cost.value,
        accepted.value,
        low,
        high,
        figures.errors / known if known else None,
        figures.priced,
        figures.accepted if figures.decided else None,
        figures.decided,
        figures.errors if known else None,
        known,
    )


_SESSIONS: Final = (
    Column(id="start", title="Start (UTC)", kind=Kind.INSTANT),
    Column(id="session", title="Session"),
    Column(id="calls", title="Calls", kind=Kind.INT),
    Column(id="minutes", title="Minutes", kind=Kind.FLOAT),
    Column(id="tokens", title="Tokens", kind=Kind.INT),
    Column(id="cost", title="Cost", kind=Kind.MONEY),
    Column(id="edits_accepted", title="Edits accepted", kind=Kind.INT),
    Column(id="edits_rejected", title="Edits rejected", kind=Kind.INT),
    Column(id="pull_requests", title="Pull requests"),
    Column(id="errors", title="Failed", kind=Kind.INT),
    Column(id="repo", title="Repository"),
    Column(id="models", title="Models"),
    Column(id="accepted", title="Calls accepted", kind=Kind.INT),
    Column(id="decided", title="Calls decided", kind=Kind.INT),
    Column(id="priced", title="Priced", kind=Kind.INT),
    Column(id="outcome_known", title="Outcome known", kind=Kind.INT),
)
_SESSIONS_BASIS: Final = {
    "cost": ("priced", "calls"),
    "errors": ("errors", "outcome_known"),
    "accepted": ("accepted", "decided"),
}


def sessions(found: Sequence[SessionLine], *, every: int, without_session: int) -> Listing:
    """Return native sessions, one a row, in the order they were read.

    Args:
        found: The sessions to show.
        every: How many there are.
        without_session: Calls that name no session and are in no row.
    """
    rows = tuple(map(_session, found))
    notes = ["A session's length runs from its first to its last call, pauses included."]
    if without_session:
        words = counted(without_session, "call names", "calls name")
        notes.append(f"{words} no session and stand in no row.")
    if any(one.edits_accepted is None for one in found):
        notes.append("Edits are not known for sessions whose source tells of none.")
    table = Table(id="sessions", title="Sessions", columns=_SESSIONS, rows=rows)
    return Listing(table=table, basis=_SESSIONS_BASIS, every=every, notes=tuple(notes))


def _session(one: SessionLine) -> tuple[Value, ...]:
    several = f"{one.repositories} repositories" if one.repositories > 1 else None
    return (
        one.first_call,
        from_outside(one.session_id),
        one.calls,
        round((one.last_call - one.first_call).total_seconds() / 60, 3),
        one.tokens if one.tokens_known else None,
        nanos_to_usd(one.cost_nanos) if one.priced else None,
        one.edits_accepted,
        one.edits_rejected,
        ", ".join(map(from_outside, one.pull_requests)) or None,
        one.errors if one.outcome_known else None,
        several if one.repo is None else from_outside(one.repo),
        ", ".join(map(from_outside, one.models)) or None,
        one.accepted if one.decided else None,
        one.decided,
        one.priced,
        one.outcome_known,
    )


_REQUESTS: Final = (
    Column(id="number", title="Number", kind=Kind.INT),
    Column(id="state", title="State"),
    Column(id="merge_time", title="To merge", kind=Kind.DURATION),
    Column(id="reopened", title="Reopened"),
    Column(id="reverted", title="Reverted in 21 days"),
    Column(id="ai_signs", title="AI signs"),
    Column(id="title", title="Title"),
    Column(id="repo", title="Repository"),
    Column(id="lines", title="Lines", kind=Kind.INT),
    Column(id="merged", title="Merged (UTC)", kind=Kind.INSTANT),
    Column(id="created", title="Opened (UTC)", kind=Kind.INSTANT),
)
_SECONDS: Final = 3600.0


def pull_requests(found: Sequence[PullRequestLine], *, by_programs: int) -> Listing:
    """Return pull requests, one a row, in the order given.

    Args:
        found: The pull requests.
        by_programs: Those merged in the window that programs made; they are in no row.
    """
    rows = tuple(map(_request, found))
    linked = sum(bool(one.evidence) for one in found)
    counts = f"{linked:,} of {len(found):,} carry a sign of AI assistance"
    notes = [f"{counts}; one without a sign may be assisted too."]
    if by_programs:
        notes.append(f"{counted(by_programs, 'merged one')} of programs left out.")
    table = Table(id="prs", title="Pull requests", columns=_REQUESTS, rows=rows)
    return Listing(table=table, every=len(rows), notes=tuple(notes) if rows else ())


def _request(one: PullRequestLine) -> tuple[Value, ...]:
    said = one.request
    return (
        said.number,
        one.state,
        None if one.merge_hours is None else round(one.merge_hours * _SECONDS, 3),
        None if one.reopened is None else "yes" if one.reopened else "no",
        one.reverted,
        ", ".join(kind.value.replace("_", " ") for kind in one.evidence) or "none",
        None if said.title is None else from_outside(said.title),
        None if one.repo is None else from_outside(one.repo),
        said.lines,
        said.merged_at,
        said.created_at,
    )


_FIGURES: Final = tuple(
    Column(id=name, title=title)
    for name, title in (
        ("metric", "Metric"),
        ("value", "Value"),
        ("basis", "Based on"),
        ("interval", "95% interval"),
        ("note", "Note"),
    )
)


def summary(figures: Mapping[str, Figure]) -> Listing:
    """Return the figures of one screen; those that can't be known here keep their reason."""
    chosen = [figures[slug] for slug in SUMMARY if slug in figures]
    shown = [one for one in chosen if one.value is not None or one.slug not in _WHEN_KNOWN]
    rows = tuple(
        (one.title, value_text(one), basis_text(one), interval_text(one), one.note or "")
        for one in shown
    )
    return Listing(
        table=figure_table(shown, "summary"),
        every=len(shown),
        page=Table(id="summary", title="Summary", columns=_FIGURES, rows=rows),
    )


_WHEN_KNOWN: Final = frozenset({"subscription_cost_usd", "edit_acceptance_rate"})
"""Figures whose absence is worth no line."""
