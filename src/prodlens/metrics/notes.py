"""Owns what a reader of a report must know besides the numbers: sentences with a code each.

Reads no data and computes nothing. Codes are stable; texts are for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import local_day
from prodlens.metrics.traffic import traffic_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from prodlens.metrics.coverage import Coverage
    from prodlens.metrics.window import Window

FROM_DELIVERIES: Final = (
    "pr_throughput",
    "commit_frequency",
    "pr_merge_time_hours",
    "rework_rate",
    "revert_rate",
    "cost_metrics.merged_pr_count",
    "cost_metrics.cost_per_merged_pr_usd",
    "ai_outcome_association",
    "multiple_comparison_adjustment",
)
"""Keys of the report that say nothing without deliveries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing to know.

    Attributes:
        code: Stable name of the kind of note, for programs.
        text: The sentence for people.
        keys: Keys of the report it is about; empty for all of it.
    """

    code: str
    text: str
    keys: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"code": self.code, "text": self.text, "keys": list(self.keys)}


def notes_of(window: Window, coverage: Coverage, repo: str | None) -> tuple[Note, ...]:
    """Return the notes of a report, most important first."""
    return (
        *_about_the_window(window, coverage, repo),
        *_about_the_values(coverage),
        *_about_deliveries(window, coverage, repo),
    )


def without_statistics() -> Note:
    """Return the note of a report that was asked for without statistics."""
    return Note(
        code="statistics_left_out",
        text="Associations, effect sizes and the interval of growth were not asked for.",
        keys=("ai_outcome_association", "effect_sizes", "multiple_comparison_adjustment"),
    )


def models_chosen(globs: Sequence[str]) -> Note:
    """Return the note of a report on calls of some models alone."""
    return Note(
        code="models_chosen",
        text=f"Only calls of {' and '.join(globs)} count; other calls, and those that name no model, "
        "are left out. Deliveries stay what they are.",
    )


_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


def day_text(day: date) -> str:
    """Return a day as people write it: `24 Aug 2026`; the same in every locale."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _about_the_window(window: Window, coverage: Coverage, repo: str | None) -> Iterator[Note]:
    whose = "" if repo is None else f" for {repo}"
    if window.zone is not UTC:
        yield Note(
            code="time_zone",
            text=f"Days are those of {window.zone}, read from single calls and commits; clock "
            "hours of active use are UTC hours.",
        )
    if window.clipped and window.start is not None:
        day = day_text(local_day(window.start, window.zone))
        yield Note(
            code="window_clipped",
            text=f"Data begin on {day}{whose}: the window is clipped to that day.",
        )
    if window.data is None:
        yield Note(code="no_data", text=f"There are no calls{whose} in the database.")
    elif window.before_data:
        day = day_text(window.data[0])
        yield Note(
            code="window_before_data", text=f"The window ends before data begin{whose} on {day}."
        )
    elif window.after_data:
        day = day_text(window.data[1])
        yield Note(
            code="window_after_data", text=f"The window begins after data end{whose} on {day}."
        )
    elif not coverage.calls:
        yield Note(code="no_calls", text=f"There are no calls{whose} in this window.")
    if window.incomplete_day is not None:
        day = day_text(window.incomplete_day)
        yield Note(
            code="incomplete_day",
            text=f"{day} is not over: its figures will still grow; growth and association leave "
            "it out.",
        )


def _left_out(coverage: Coverage) -> str:
    kept = [traffic_name(one) for one in coverage.traffic if one not in coverage.left_out]
    gone = ", ".join(f"{traffic_name(one)} {n:,}" for one, n in coverage.left_out.items())
    return (
        f"Only traffic of {' and '.join(kept) or 'no class that there is'} counts; other calls, "
        f"left out: {sum(coverage.left_out.values()):,} ({gone})."
    )


def _about_the_values(coverage: Coverage) -> Iterator[Note]:
    if not coverage.calls:
        if coverage.left_out:
            yield Note(code="traffic_left_out", text=_left_out(coverage))
        return
    yield Note(
        code="calls_taken_as_independent",
        text="Intervals are 95% and take calls as independent; calls of one developer resemble "
        "each other, so the true uncertainty is larger.",
    )
    if coverage.left_out:
        yield Note(code="traffic_left_out", text=_left_out(coverage))
    if coverage.subscription_calls:
        yield Note(
            code="subscription_at_api_prices",
            text=f"{coverage.subscription_calls:,} calls ran on a subscription: their cost is "
            "what the API would have charged, not what was spent.",
            keys=("cost_metrics",),
        )


def _about_deliveries(window: Window, coverage: Coverage, repo: str | None) -> Iterator[Note]:
    known, whose = coverage.deliveries, "" if repo is None else f" for {repo}"
    if not known.states:
        yield Note(
            code="no_deliveries",
            text=f"There are no deliveries{whose} in the database: pull requests, commits, and "
            "how AI use goes with them are not known.",
            keys=FROM_DELIVERIES,
        )
        return
    if known.is_git_alone:
        yield Note(
            code="git_alone",
            text="Deliveries come from git alone: merged pull requests are a lower bound, and how "
            "long a merge took and what was reopened are not known.",
            keys=("pr_throughput", "pr_merge_time_hours", "rework_rate"),
        )
    if any(state.history_cut for state in known.states):
        yield Note(
            code="history_cut",
            text="A clone is shallow: deliveries before its cut are missing.",
            keys=FROM_DELIVERIES,
        )
    firsts = [
        moment for state in known.states for moment in (state.first_commit, state.first_request)
    ]
    before = [moment for moment in firsts if moment is not None]
    if window.calls and window.first_day and before and coverage.calls:
        if max(window.first_day, min(before).date()) >= window.calls[0]:
            return
        yield Note(
            code="calls_begin_later",
            text=f"Calls are known from {day_text(window.calls[0])} on, deliveries of this window "
            "from before too: the cost per merged pull request counts those as well.",
            keys=("cost_metrics.cost_per_merged_pr_usd",),
        )
