"""`DailyAggregator`: the daily tables as a function of the rows; knows no source and no SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import parse_day
from prodlens.storage import connection, rollups

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from prodlens.storage import ProdLensStore


DAYS_AT_ONCE: Final = 7
"""Days of one transaction: others who write must not wait for all of them."""


class DailyAggregator:
    """Computes the daily rollups of one store. Days are UTC days.

    Args:
        store: The store that is read and, by `write_aggregates` alone, written.
    """

    def __init__(self, store: ProdLensStore) -> None:
        self._store = store

    def aggregate_sessions(self, event_date: date | str | None = None) -> dict[str, dict[str, Any]]:
        """Compute figures of calls from the calls themselves; writes nothing.

        Args:
            event_date: One UTC day, as a date or `YYYY-MM-DD`; None is every day.

        Returns:
            `{"2024-10-28": {...}}` in order of date: the metric columns of
            `daily_session_metrics`. `session_count` counts calls; an error is a status of 400 or
            more or an error type; `median_latency_ms` (milliseconds) and `cost_usd` (US dollars)
            are None when nothing of the day is known. Days without calls are not in it.

        Raises:
            InputError: `event_date` is no day.
            StoreError: The database can't be read.
        """
        with connection.naming_errors(self._store.path):
            return _by_date(rollups.session_days(self._store.conn, _one_day(event_date)))

    def aggregate_github(self, event_date: date | str | None = None) -> dict[str, dict[str, Any]]:
        """Compute figures of deliveries from pull requests and commits; writes nothing.

        Args:
            event_date: One UTC day, as a date or `YYYY-MM-DD`; None is every day.

        Returns:
            `{"2024-10-28": {...}}` in order of date: the metric columns of
            `daily_github_metrics`; see `prodlens.storage.rollups.github_days`. Days on which
            nothing happened are not in it.

        Raises:
            InputError: `event_date` is no day.
            StoreError: The database can't be read.
        """
        with connection.naming_errors(self._store.path):
            return _by_date(rollups.github_days(self._store.conn, _one_day(event_date)))

    def write_aggregates(self, *, force: bool = False) -> tuple[int, int]:
        """Bring the daily tables up to date, recomputing only days whose rows have changed.

        The tables are then what a full recomputation would give. A row that would say the same is
        left as it is, `created_at` included; the row of a day that has lost its last call or
        delivery goes away.

        Args:
            force: Recompute every day. This also removes rows that were inserted by hand for days
                without calls or deliveries; otherwise those stay.

        Returns:
            `(rows of daily_session_metrics, rows of daily_github_metrics)` that stand afterwards.

        Raises:
            StoreError: The database can't be written; days that were written before stay written.
        """
        store = self._store
        with connection.naming_errors(store.path):
            if not force and not rollups.is_stale(store.conn):
                return rollups.standing_days(store.conn)
        with store.transaction() as conn:
            days = rollups.stale_days(conn, force=force)
        for start in range(0, len(days), DAYS_AT_ONCE):
            with store.transaction() as conn:
                rollups.refresh_calls(conn, days[start : start + DAYS_AT_ONCE])
        with store.transaction() as conn:
            rollups.refresh_deliveries(conn)
            return rollups.standing_days(conn)


def _one_day(event_date: date | str | None) -> list[str] | None:
    return None if event_date is None else [parse_day(event_date).isoformat()]


def _by_date(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["event_date"]: row for row in rows}
