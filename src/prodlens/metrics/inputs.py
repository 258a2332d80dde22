"""Owns what the metrics are computed from, read once for one `Selection`; computes no metric.

Everything is read in one go inside one read transaction, so all figures of a report belong to the
same state of the store, also while another process writes.
"""

from __future__ import annotations

import contextlib
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from prodlens.metrics.catalog import HIGH_DIFF_RATIO, METRICS, Need
from prodlens.metrics.policy import Policy
from prodlens.storage import readings, where
from prodlens.storage.connection import naming_errors
from prodlens.storage.readings import CallFigures, DistinctFigures, Latencies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prodlens.selection import Selection
    from prodlens.storage import ProdLensStore

EVERY_NEED: Final = frozenset(need for metric in METRICS.values() for need in metric.needs)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricInputs:
    """Everything the metrics of one slice are computed from.

    Attributes:
        models: Figures per model, ordered by model name; the key None holds calls without one.
        total: The same figures over all calls.
        distinct: Figures that don't add up over models.
        decided_sessions: Sessions with at least one decided call.
        accepted_sessions: Sessions with at least one accepted call.
        latencies: Known durations, ascending.
        policy: The models that the team's policy allows.
        sources: Calls each source saw.
        open_dead_letters: Records set aside in the whole store, whatever the slice.
    """

    models: Mapping[str | None, CallFigures] = field(default_factory=dict)
    total: CallFigures = field(default_factory=CallFigures)
    distinct: DistinctFigures = field(default_factory=DistinctFigures)
    decided_sessions: int = 0
    accepted_sessions: int = 0
    latencies: Latencies = field(
        default_factory=lambda: Latencies(every=array("d"), without_errors=array("d"))
    )
    policy: Policy = field(default_factory=Policy)
    sources: Mapping[str, int] = field(default_factory=dict)
    open_dead_letters: int = 0


def read_inputs(
    store: ProdLensStore,
    selection: Selection,
    *,
    policy: Policy | None = None,
    needs: Iterable[Need] = EVERY_NEED,
) -> MetricInputs:
    """Read what the chosen metrics need, once.

    Args:
        store: The store; may be read-only, its rollups may be stale.
        selection: The slice.
        policy: The models a policy allows; None is no policy.
        needs: What the chosen metrics need; what none needs is not read and stays empty.

    Raises:
        StoreError: The database can't be read.
    """
    wanted = frozenset(needs)
    clause = where.sessions(selection)
    with naming_errors(store.path), one_state(store):
        models = readings.by_model(store.conn, clause, threshold=HIGH_DIFF_RATIO)
        decided, accepted = (
            readings.decided_sessions(store.conn, clause) if Need.DECISIONS in wanted else (0, 0)
        )
        latencies = (
            readings.latencies(store.conn, clause)
            if Need.LATENCY in wanted
            else Latencies(every=array("d"), without_errors=array("d"))
        )
        return MetricInputs(
            models=dict(sorted(models.items(), key=lambda item: item[0] or "")),
            total=readings.total(models.values()),
            distinct=readings.distinct(store.conn, clause),
            decided_sessions=decided,
            accepted_sessions=accepted,
            latencies=latencies,
            policy=policy or Policy(),
            sources=readings.calls_by_source(store.conn, clause),
            open_dead_letters=readings.open_dead_letters(store.conn),
        )


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
