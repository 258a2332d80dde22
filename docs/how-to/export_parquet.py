"""Export calls and daily tables as Parquet files, and ask them with DuckDB.

Needs duckdb and polars beside ProdLens. docs/how-to/workflows.md says more.
"""

# ruff: noqa: INP001, T201 - a script to copy: it is no package, and printing is what it is for

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import duckdb

from prodlens.aggregation import ParquetExporter
from prodlens.storage import ProdLensStore

DB_PATH = os.environ.get("DB_PATH", ".prod-lens/cache.db")
PARQUET_DIR = os.environ.get("PARQUET_DIR", ".prod-lens/parquet")
REPO = os.environ.get("REPO", "org/repo")
EXPORT_SINCE = date.fromisoformat(os.environ.get("EXPORT_SINCE", "2024-09-28"))
QUERY_SINCE = os.environ.get("QUERY_SINCE", "2024-10-01")

with ProdLensStore(DB_PATH) as store:
    exporter = ParquetExporter(PARQUET_DIR)

    # The calls of one repository
    export_count = exporter.export_sessions_by_date(store, since=EXPORT_SINCE, repo_filter=REPO)

    # The daily tables, over all repositories
    agg_count = exporter.export_aggregates_by_date(store, since=EXPORT_SINCE)

print(f"Exported {export_count} session records, {agg_count} aggregate records")
if export_count == 0:
    raise SystemExit(f"{REPO} has no calls since {EXPORT_SINCE}: there is nothing to ask.")

# The calls of org/repo lie in the folder org-repo, one file a day.
files = Path(PARQUET_DIR) / REPO.lower().replace("/", "-") / "*.parquet"

result = duckdb.sql(
    """
    SELECT
        event_date,
        COUNT(*) as session_count,
        AVG(latency_ms) as avg_latency,
        SUM(tokens_in + tokens_out) as total_tokens
    FROM read_parquet($files)
    WHERE event_date >= $since
    GROUP BY event_date
    ORDER BY event_date
    """,
    params={"files": str(files), "since": QUERY_SINCE},
).pl()

print(result)
