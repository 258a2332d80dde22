"""Owns what the metrics are computed from, read once for one `Selection`; computes no metric.

Everything is read in one go inside one read transaction, so all figures of a report belong to the
same state of the store, also while another process writes.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final

from prodlens.clock import day_start, local_day, local_start, utc_now
from prodlens.metrics.calendar import (
    DailySeries,
    Days,
    call_days,
    commit_days,
    pull_request_days,
)
from prodlens.metrics.call_inputs import read_calls
from prodlens.metrics.catalog import METRICS, Need
from prodlens.metrics.delivery_evidence import AI_LABELS
from prodlens.metrics.delivery_inputs import (
    DeliveryInputs,
    horizon_of,
    known_states,
    read_delivery,
)
from prodlens.metrics.policy import Policy
from prodlens.metrics.traffic import left_out
from prodlens.metrics.window import wall_clock, whole_days
from prodlens.metrics.working_sessions import IDLE_MINUTES
from prodlens.selection import Selection
from prodlens.storage import (
    daily_readings,
    delivery_readings,
    edit_readings,
    readings,
    where,
)
from prodlens.storage.connection import naming_errors
from prodlens.storage.persons import Identification
from prodlens.storage.readings import CallFigures, DistinctFigures, Latencies
from prodlens.storage.work_readings import Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime, tzinfo

    from prodlens.metrics.call_inputs import CallsRead
    from prodlens.storage import ProdLensStore
    from prodlens.storage.daily_readings import CallDay
    from prodlens.storage.day_sums import DaySums
    from prodlens.storage.delivery_readings import RepositoryState
    from prodlens.storage.edit_readings import EditFigures

EVERY_NEED: Final = frozenset(need for metric in METRICS.values() for need in metric.needs)
_OVER_TIME: Final = frozenset({Need.DAYS, Need.COMMITS, Need.PULL_REQUESTS})
_INSTANT: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conventions:
    """What a team may set of how its data are taken.

    Attributes:
        ai_labels: Globs of labels of pull requests that are a sign of AI assistance.
        idle_minutes: Minutes without a call that end a working session.
        statistics: Whether intervals that take a numerical library are computed.
    """

    ai_labels: Sequence[str] = AI_LABELS
    idle_minutes: int = IDLE_MINUTES
    statistics: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyInputs:
    """The daily series of one slice, over whole days that are over.

    Attributes:
        days: The days; None when no whole day lies in the window.
        sessions: Distinct sessions that were active.
        calls: Calls.
        commits: Commits of people that landed on the default branch; merges left out.
        merged_prs: Pull requests of people that were merged.
        calls_in_window: Calls of the whole window.
        calls_with_session: Those of them that name a session.
    """

    days: Days | None = None
    sessions: DailySeries = field(default_factory=lambda: DailySeries(name="sessions"))
    calls: DailySeries = field(default_factory=lambda: DailySeries(name="calls"))
    commits: DailySeries = field(default_factory=lambda: DailySeries(name="commits"))
    merged_prs: DailySeries = field(default_factory=lambda: DailySeries(name="merged_prs"))
    calls_in_window: int = 0
    calls_with_session: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a store knows of some repositories, at any time.

    Attributes:
        calls: First and last day with calls; None when there are none.
        states: Repositories of which deliveries are known.
        deliveries: First day with a delivery, and the last that is known; None when there are none.
        horizon: Instant beyond which no delivery can have happened.
    """

    calls: tuple[date, date] | None
    states: tuple[RepositoryState, ...]
    deliveries: tuple[date, date] | None
    horizon: datetime

    @property
    def span(self) -> tuple[date, date] | None:
        """First and last day with anything."""
        spans = [span for span in (self.calls, self.deliveries) if span is not None]
        if not spans:
            return None
        return min(first for first, _ in spans), max(last for _, last in spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricInputs:
    """Everything the metrics of one slice are computed from.

    Attributes:
        models: Figures per model, ordered by model name; the key None holds calls without one.
        total: The same figures over all calls.
        distinct: Figures that don't add up over models.
        decided_sessions: Sessions with at least one decided call.
        accepted_sessions: Sessions with at least one accepted call.
        latencies: Known durations.
        edits: Figures of proposed edits by repository and model.
        work: Working sessions.
        idle_minutes: Minutes without a call that end one.
        statistics: Whether intervals that take a numerical library are computed.
        identification: How far the ids of calls can be trusted.
        policy: The models that the team's policy allows.
        sources: Calls each source saw.
        traffic: Calls of the slice by traffic class, those that its filter leaves out included.
        left_out: Of these, the calls that the filter leaves out.
        open_dead_letters: Records set aside in the whole store, whatever the slice.
        delivery: Pull requests and commits.
        daily: Series of use and delivery by day.
        by_day: What the calls of each UTC day and group add up to; None when a day was not whole.
    """

    models: Mapping[str | None, CallFigures] = field(default_factory=dict)
    total: CallFigures = field(default_factory=CallFigures)
    distinct: DistinctFigures = field(default_factory=DistinctFigures)
    decided_sessions: int = 0
    accepted_sessions: int = 0
    latencies: Latencies = field(default_factory=Latencies)
    edits: Mapping[tuple[str | None, str | None], EditFigures] = field(default_factory=dict)
    work: Work = field(default_factory=Work)
    idle_minutes: int = IDLE_MINUTES
    statistics: bool = True
    identification: Identification = field(
        default_factory=lambda: Identification(session={}, developer={})
    )
    policy: Policy = field(default_factory=Policy)
    sources: Mapping[str, int] = field(default_factory=dict)
    traffic: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    open_dead_letters: int = 0
    delivery: DeliveryInputs = field(default_factory=DeliveryInputs)
    daily: DailyInputs = field(default_factory=DailyInputs)
    by_day: tuple[DaySums, ...] | None = None


def observe(
    store: ProdLensStore, repositories: tuple[str, ...], *, now: datetime, timezone: str = "UTC"
) -> Observed:
    """Return what is known of some repositories (none named is all), and from when to when.

    Args:
        store: The store.
        repositories: Slugs.
        now: The present instant.
        timezone: IANA name of the zone whose days are meant.

    Raises:
        StoreError: The database can't be read.
    """
    with naming_errors(store.path), one_state(store):
        everything = Selection(repositories=repositories, timezone=timezone)
        clause = where.sessions(everything)
        calls = readings.days_with_data(store.conn, clause)
        last_call = None if calls is None else day_start(calls[1])
        horizon = horizon_of(now, last_call)
        states = known_states(store.conn, repositories, horizon=horizon)
    deliveries = _delivery_span(states, everything.zone)
    return Observed(calls=calls, states=states, deliveries=deliveries, horizon=horizon)


def _delivery_span(states: Iterable[RepositoryState], zone: tzinfo) -> tuple[date, date] | None:
    firsts = [
        local_day(moment, zone)
        for state in states
        for moment in (state.first_commit, state.first_request)
        if moment is not None
    ]
    # A repository that was read today and merged nothing for weeks is known until today.
    known = [state.as_of - _INSTANT for state in states if state.as_of is not None]
    lasts = [local_day(moment, zone) for moment in known]
    return (min(firsts), max(lasts)) if firsts and lasts else None


def read_inputs(
    store: ProdLensStore,
    selection: Selection,
    *,
    policy: Policy | None = None,
    needs: Iterable[Need] = EVERY_NEED,
    now: datetime | None = None,
    conventions: Conventions | None = None,
) -> MetricInputs:
    """Read what the chosen metrics need, once.

    Args:
        store: The store; may be read-only, its rollups may be stale.
        selection: The slice.
        policy: The models a policy allows; None is no policy.
        needs: What the chosen metrics need; what none needs is not read and stays empty.
        now: The present instant, aware UTC; None is now. Time after it is in no daily figure.
        conventions: How the data are taken; None is as it is usual.

    Raises:
        StoreError: The database can't be read.
    """
    wanted, taken = frozenset(needs), conventions or Conventions()
    with naming_errors(store.path), one_state(store):
        conn = store.conn
        calls = read_calls(conn, selection)
        models, traffic = calls.models(), calls.traffic()
        total = readings.total(models.values())
        delivery, daily = DeliveryInputs(), DailyInputs()
        if wanted & _OVER_TIME:
            delivery, daily = _over_time(
                store, calls, total, now=now or utc_now(), ai_labels=taken.ai_labels
            )
        decided, accepted = calls.decided_sessions() if Need.DECISIONS in wanted else (0, 0)
        return MetricInputs(
            models=models,
            total=total,
            distinct=calls.distinct(),
            decided_sessions=decided,
            accepted_sessions=accepted,
            latencies=calls.latencies() if Need.LATENCY in wanted else Latencies(),
            edits=edit_readings.by_repository_and_model(conn, where.sessions(selection))
            if Need.EDITS in wanted
            else {},
            work=calls.work(conn, taken.idle_minutes) if Need.TIMES in wanted else Work(),
            idle_minutes=taken.idle_minutes,
            statistics=taken.statistics,
            identification=calls.identification(conn),
            policy=policy or Policy(),
            sources=calls.sources(),
            traffic=traffic,
            left_out=left_out(traffic, selection.traffic),
            open_dead_letters=readings.open_dead_letters(conn),
            delivery=delivery,
            daily=daily,
            by_day=tuple(calls.sums) if calls.are_whole else None,
        )


def _over_time(
    store: ProdLensStore,
    calls: CallsRead,
    total: CallFigures,
    *,
    now: datetime,
    ai_labels: Sequence[str],
) -> tuple[DeliveryInputs, DailyInputs]:
    """Read deliveries and daily series of the window, cut to what has been and to the data."""
    selection = calls.selection
    observed = observe(store, selection.repositories, now=now, timezone=selection.timezone)
    window = _cut(selection, observed, now)
    if window is None:
        return DeliveryInputs(states=observed.states), DailyInputs()
    delivery = read_delivery(
        store.conn, window, observed.states, horizon=observed.horizon, ai_labels=ai_labels
    )
    by_day = calls.by_day(store.conn, window)
    return delivery, _daily(store, window, delivery, by_day, total)


def _cut(selection: Selection, observed: Observed, now: datetime) -> Selection | None:
    """Return the slice with both its times set; None when it holds no time of the data."""
    zone = selection.zone
    if observed.span is None:
        first, after = now, now
    else:
        first = local_start(observed.span[0], zone)
        after = local_start(observed.span[1] + _DAY, zone)
    latest = now if after <= local_start(local_day(now, zone) + _DAY, zone) else after
    since = first if selection.since is None else selection.since
    until = min(after if selection.until is None else selection.until, latest)
    return replace(selection, since=since, until=until) if since < until else None


def _daily(
    store: ProdLensStore,
    window: Selection,
    delivery: DeliveryInputs,
    by_day: Mapping[date, CallDay],
    total: CallFigures,
) -> DailyInputs:
    if delivery.start is None or delivery.end is None:
        return DailyInputs()
    zone = window.zone
    whole = whole_days(delivery.start, delivery.end, zone)
    if whole is None:
        return DailyInputs()
    days, states = Days(*whole), _on_the_wall(delivery.states, zone)
    repositories = Selection(repositories=window.repositories, timezone=window.timezone)
    seen = daily_readings.seen_days(store.conn, repositories)
    captured = call_days(seen, days)
    landed = delivery_readings.commits_by_day(store.conn, where.commits(window, alias="c"))
    merged = Counter(local_day(one.merged_at, zone) for one in delivery.merged if one.merged_at)
    return DailyInputs(
        days=days,
        sessions=DailySeries(
            name="sessions",
            counts={day: found.sessions for day, found in by_day.items()},
            covered=captured,
        ),
        calls=DailySeries(
            name="calls",
            counts={day: found.calls for day, found in by_day.items()},
            covered=captured,
        ),
        commits=DailySeries(name="commits", counts=landed, covered=commit_days(states, days)),
        merged_prs=DailySeries(
            name="merged_prs", counts=merged, covered=pull_request_days(states, days)
        ),
        calls_in_window=total.calls,
        calls_with_session=total.session_known,
    )


def _on_the_wall(states: Sequence[RepositoryState], zone: tzinfo) -> Sequence[RepositoryState]:
    """Return the states with the times that decide about days as the zone's clock shows them."""
    if zone is UTC:
        return states

    def shown(moment: datetime | None) -> datetime | None:
        return None if moment is None else wall_clock(moment, zone)

    return [
        replace(
            state,
            synced_at=shown(state.synced_at),
            first_commit=shown(state.first_commit),
            first_request=shown(state.first_request),
            last_delivery=shown(state.last_delivery),
        )
        for state in states
    ]


@contextlib.contextmanager
def one_state(store: ProdLensStore) -> Iterator[None]:
    """Let every reading inside see one state of the store; joins an open transaction.

    A read transaction takes no lock that stops a writer, and is left nowhere open.
    """
    if store.conn.in_transaction:
        yield
        return
    store.conn.execute("begin")
    try:
        yield
    finally:
        store.conn.rollback()
