"""Adds to the associations of a report what hangs on the store: looks, and other choices.

Reads who is behind the counts; writes nothing but the cache of associations, and that only when
something in it is missing or no longer true. Must not be called inside a transaction.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prodlens.metrics.association import associate
from prodlens.metrics.cache import Kept, key_of
from prodlens.metrics.daily_metrics import read_daily_metrics
from prodlens.metrics.developers import read_developers
from prodlens.metrics.lag_profile import values_of
from prodlens.metrics.sensitivity import Compared, sensitivity
from prodlens.metrics.span import comparable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.metrics.association import Associations, Comparison
    from prodlens.metrics.calendar import DailySeries
    from prodlens.metrics.developers import Developers
    from prodlens.metrics.report import Report
    from prodlens.storage import ProdLensStore


def checked(store: ProdLensStore, report: Report) -> Report:
    """Return the report with its associations looked at from all sides.

    Args:
        store: The store; nothing is written to a read-only one.
        report: The report.

    Raises:
        StoreError: The database can't be read.
    """
    series = _series(store, report)
    found = associate(
        report.inputs.daily, lag_days=report.lag_days, asking=report.asking, series=series
    )
    people = _people(store, report, found)
    comparisons = tuple(_looked(store, report, series, people, one) for one in found.comparisons)
    declared = found.declared
    if declared is not None:
        declared = _looked(store, report, series, people, declared)
    return replace(report, associations=replace(found, comparisons=comparisons, declared=declared))


def _series(store: ProdLensStore, report: Report) -> Mapping[str, DailySeries]:
    """Return the daily series by slug; all of them only where the declaration needs more."""
    daily, asking = report.inputs.daily, report.asking
    known = {one.name: one for one in (daily.sessions, daily.calls, daily.commits)}
    known[daily.merged_prs.name] = daily.merged_prs
    said = asking.declared
    if said is None or asking.about((said.x, said.y)) is None or {said.x, said.y} <= set(known):
        return known
    return read_daily_metrics(store, asking.selection, now=asking.now).series


def _people(store: ProdLensStore, report: Report, found: Associations) -> Developers | None:
    """Return who is behind the counts; None where nothing was tested."""
    if not any(one.is_tested for one in found.every):
        return None
    return read_developers(store, report.asking.selection, report.inputs.daily.days)


def _looked(
    store: ProdLensStore,
    report: Report,
    series: Mapping[str, DailySeries],
    people: Developers | None,
    one: Comparison,
) -> Comparison:
    """Return a comparison with its looks and its strip, and keep its result."""
    pair = one.exposure, one.outcome
    span = comparable(series[pair[0]], series[pair[1]], report.inputs.daily.days)
    if span is None or one.result is None:
        return one
    asking = report.asking
    cache = Kept(
        store,
        key_of(
            pair,
            span,
            scope=asking.scope,
            aside=span.places(asking.nonworking_days),
        ),
    )
    if one.lag_days not in cache.read():
        cache.keep({one.lag_days: values_of(one.result)})
    looks = cache.looks([one.lag_days])
    if not one.is_tested:
        return replace(one, looks=looks)
    compared = Compared(
        pair=pair, span=span, lag_days=one.lag_days, asking=asking, developers=people
    )
    return replace(one, looks=looks, strip=sensitivity(store, compared))
