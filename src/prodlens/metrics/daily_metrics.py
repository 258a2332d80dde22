"""Owns the daily series that may be compared: their names, units, and the days on which they hold.

Builds on the one rule of coverage (`prodlens.metrics.calendar`) and adds the days on which calls
are there but don't say what is counted: such a day is not known, never 0. Computes no statistic.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from prodlens.clock import utc_day
from prodlens.errors import InputError
from prodlens.metrics.calendar import DailySeries, pull_request_days
from prodlens.metrics.inputs import one_state, read_inputs
from prodlens.metrics.metric import Need
from prodlens.storage import where
from prodlens.storage.connection import naming_errors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from prodlens.metrics.calendar import Days
    from prodlens.metrics.inputs import MetricInputs
    from prodlens.selection import Selection
    from prodlens.storage import ProdLensStore
    from prodlens.storage.correlations import UsageDay

KNOWN_SHARE: Final = 0.9
"""A day counts for tokens, cost or errors when at least this share of its calls says them."""
RULES_VERSION: Final = "2"
"""Changes whenever equal rows may give other series; part of every fingerprint."""
NAMES: Final = {
    "calls": "AI calls",
    "sessions": "AI sessions",
    "tokens": "AI tokens",
    "cost": "AI cost",
    "accepted": "accepted proposals",
    "errors": "failed AI calls",
    "commits": "commits",
    "merged_prs": "merged pull requests",
    "reopened": "reopened pull requests",
}
"""Slug of each daily metric, and its name in a sentence."""
UNITS: Final = {"tokens": "thousands", "cost": "cents"}
"""What is counted where it is not the thing itself: whole numbers of a size that counts have."""
DELIVERIES: Final = frozenset({"commits", "merged_prs", "reopened"})
_OTHER_NAMES: Final = {"merged": "merged_prs", "prs": "merged_prs", "reopened_prs": "reopened"}
_CENT_NANOS: Final = 1e7


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyMetrics:
    """Every daily metric of one slice.

    Attributes:
        days: Whole days of the window; None when there are none.
        series: Slug -> series, all of `NAMES`.
    """

    days: Days | None = None
    series: Mapping[str, DailySeries] = field(
        default_factory=lambda: {slug: DailySeries(name=slug) for slug in NAMES}
    )


def parse_metric(text: str) -> str:
    """Return the slug of a daily metric as a person writes it.

    Raises:
        InputError: There is none of that name; the nearest one is proposed.

    >>> parse_metric("merged-prs")
    'merged_prs'
    """
    word = text.strip().lower().replace("-", "_").replace(" ", "_")
    slug = _OTHER_NAMES.get(word, word)
    if slug in NAMES:
        return slug
    import difflib

    near = difflib.get_close_matches(slug, NAMES, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise InputError(f"{text!r} is no daily metric.{hint} There are: {', '.join(NAMES)}.")


def read_daily_metrics(
    store: ProdLensStore, selection: Selection, *, now: datetime | None = None
) -> DailyMetrics:
    """Read every daily metric of a slice from one state of the store.

    Args:
        store: The store; it is only read.
        selection: The slice.
        now: The present instant, aware UTC; None is now. Days that are not over don't count.

    Raises:
        StoreError: The database can't be read.
    """
    from prodlens.storage.correlations import usage_by_day

    with naming_errors(store.path), one_state(store):
        inputs = read_inputs(store, selection, needs={Need.DAYS}, now=now)
        daily, window = inputs.daily, inputs.delivery
        if daily.days is None:
            return DailyMetrics()
        clause = where.sessions(replace(selection, since=window.start, until=window.end))
        usage = usage_by_day(store.conn, clause)
    found = [daily.calls, daily.sessions, daily.commits, daily.merged_prs]
    found += [*_of_calls(usage, daily.calls.covered), _reopened(inputs, daily.days)]
    return DailyMetrics(days=daily.days, series={one.name: one for one in found})


def _of_calls(usage: Mapping[date, UsageDay], covered: frozenset[date]) -> list[DailySeries]:
    """Return tokens, cost, accepted proposals and errors by day."""
    parts = {
        "tokens": {day: (round(one.tokens / 1000), one.tokens_known) for day, one in usage.items()},
        "cost": {
            day: (round(one.cost_nanos / _CENT_NANOS), one.priced) for day, one in usage.items()
        },
        "errors": {day: (one.errors, one.outcome_known) for day, one in usage.items()},
    }
    found = [_known_well(name, values, usage, covered) for name, values in parts.items()]
    # most calls propose nothing, so that a day without a decision is a day with 0 accepted
    decided = any(one.decided for one in usage.values())
    counts = {day: one.accepted for day, one in usage.items()}
    days = covered if decided else frozenset()
    return [*found, DailySeries(name="accepted", counts=counts, covered=days)]


def _known_well(
    name: str,
    values: Mapping[date, tuple[int, int]],
    usage: Mapping[date, UsageDay],
    covered: frozenset[date],
) -> DailySeries:
    unknown = {day for day, (_, known) in values.items() if known < KNOWN_SHARE * usage[day].calls}
    told = any(known for _, known in values.values())
    return DailySeries(
        name=name,
        counts={day: count for day, (count, _) in values.items()},
        covered=frozenset(covered - unknown) if told else frozenset(),
    )


def _reopened(inputs: MetricInputs, days: Days) -> DailySeries:
    """Return reopenings by day; git alone tells of none, and one without a time is on no day."""
    delivery = inputs.delivery
    states = [state for state in delivery.states if state.beyond_git]
    undated = any(one.reopened and one.reopened_at is None for one in delivery.requests)
    told = any(one.reopened is not None for one in delivery.requests)
    counts = Counter(
        utc_day(one.reopened_at)
        for one in delivery.requests
        if one.reopened_at is not None and delivery.holds(one.reopened_at)
    )
    known = told and not undated and len(states) == len(delivery.states)
    covered = pull_request_days(states, days) if known else frozenset()
    return DailySeries(name="reopened", counts=counts, covered=covered)
