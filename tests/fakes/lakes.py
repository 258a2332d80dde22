"""Small lakes and what stands in them, beside what SQLite says of the same calls."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from prodlens.aggregation import DailyAggregator, ParquetExporter
from prodlens.lake.rollup_sql import ROLLUPS
from prodlens.partitions import place_at, read_at
from prodlens.storage import ProdLensStore, rollup_sql

if TYPE_CHECKING:
    from collections.abc import Iterable

Row = tuple[Any, ...]
BY_REPOSITORY = """
select event_date, coalesce(repo_slug, ''), count(*), count(distinct session_id),
    count(distinct developer_id),
    sum(case when coalesce(total_tokens, tokens_in, tokens_out) is not null
        then coalesce(total_tokens, coalesce(tokens_in, 0) + coalesce(tokens_out, 0)) end),
    sum(cost_nanos), count(cost_nanos),
    sum(coalesce(status_code, 0) >= 400 or error_type is not null),
    coalesce(sum(accepted_flag and accepted_source is not 'suggestions_auto'), 0),
    sum(accepted_flag is not null and accepted_source is not 'suggestions_auto'),
    exact_median(case when latency_ms >= 0 then latency_ms end)
from sessions group by 1, 2 order by 1, 2
"""
STORED = {
    "daily_sessions": ("daily_session_metrics", "event_date"),
    "daily_usage": (
        "daily_usage",
        "event_date, repo_slug, developer_id, model, traffic_class",
    ),
    "coverage": ("capture_coverage", "event_date, source, repo_slug, developer_id"),
}


def make_lake(calls: Iterable[dict[str, Any]], folder: str = "lake", db: str = "a.db") -> None:
    with ProdLensStore(db) as store:
        store.insert_sessions(calls)
        DailyAggregator(store).write_aggregates()
        ParquetExporter(folder).export_sessions_by_date(store)


def in_lake(name: str, folder: str = "lake") -> list[Row]:
    return read_at(place_at(folder), f"_aggregates/{name}.parquet", ROLLUPS[name].fields)


def in_store(name: str, db: str = "a.db") -> list[Row]:
    """Return what SQLite says: the stored table, or for `daily_repositories` plain SQL."""
    with ProdLensStore(db) as store:
        store.conn.row_factory = None
        if name not in STORED:
            rollup_sql.register(store.conn)
            return store.conn.execute(BY_REPOSITORY).fetchall()
        table, order = STORED[name]
        columns = ", ".join(column for column, _ in ROLLUPS[name].fields)
        statement = f"select {columns} from {table} order by {order}"  # noqa: S608 - our own names
        return store.conn.execute(statement).fetchall()


def alike(name: str, found: list[Row], wanted: list[Row]) -> bool:
    """Return whether two engines agree: sums of fractions to 1e-12, everything else exactly."""
    names = [column for column, _ in ROLLUPS[name].fields]
    loose = {"latency_sum", "latency_sumsq"}

    def same(column: str, one: Any, other: Any) -> bool:
        if column == "created_at":
            return True
        if column in loose:
            return math.isclose(one, other, rel_tol=1e-12)
        return type(one) is type(other) and one == other

    return len(found) == len(wanted) and all(
        same(*cell)
        for rows in zip(found, wanted, strict=True)
        for cell in zip(names, *rows, strict=True)
    )
