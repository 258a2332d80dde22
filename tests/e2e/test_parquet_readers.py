"""The specification's queries run as written, and every reader sees the same values."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pytest

from prodlens.aggregation import DailyAggregator, ParquetExporter
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = dict[str, Any]
LAKE = ".prod-lens/parquet"
CALLS = [  # (day, hour, developer, tokens in, tokens out, latency, accepted)
    ("2024-09-30", 9, "dev-1", 10, 1, 50.0, True),
    ("2024-10-01", 9, "dev-1", 100, 10, 100.0, True),
    ("2024-10-01", 10, "dev-2", 200, 20, 300.0, False),
    ("2024-10-02", 9, "dev-2", 300, 30, None, None),
    ("2024-10-02", 10, None, None, None, 500.0, None),
    ("2024-11-01", 9, "dev-1", 400, 40, 700.0, True),
]


@pytest.fixture(autouse=True)
def _an_export_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ProdLensStore(".prod-lens/cache.db") as store:
        store.insert_sessions(
            {
                "timestamp": f"{day}T{hour:02}:00:00.000001Z",
                "repo_slug": repo,
                "developer_id": developer,
                "session_id": f"{repo} {day} {hour}",
                "tokens_in": tokens_in,
                "tokens_out": tokens_out,
                "latency_ms": latency,
                "accepted_flag": accepted,
                "cost_usd": None if tokens_in is None else tokens_in / 1000,
            }
            for repo in ("org/repo", "org/other")
            for day, hour, developer, tokens_in, tokens_out, latency, accepted in CALLS
        )
        store.insert_commits([{"sha": "a", "timestamp": "2024-10-01T12:00:00Z"}])
        DailyAggregator(store).write_aggregates()
        exporter = ParquetExporter(LAKE)
        exporter.export_sessions_by_date(store)
        exporter.export_aggregates_by_date(store)


def ask(query: str) -> duckdb.DuckDBPyRelation:
    relation = duckdb.sql(query.replace("LAKE", LAKE))
    assert relation is not None
    return relation


# DuckDB ------------------------------------------------------------------------------------


def test_the_query_of_workflow_3_runs_as_written() -> None:
    result = ask("""
    SELECT
        event_date,
        COUNT(*) as session_count,
        AVG(latency_ms) as avg_latency,
        SUM(tokens_in + tokens_out) as total_tokens
    FROM read_parquet('.prod-lens/parquet/org-repo/*.parquet')
    WHERE event_date >= '2024-10-01'
    GROUP BY event_date
    ORDER BY event_date
""").pl()
    assert isinstance(result, pl.DataFrame)
    assert result.rows() == [
        ("2024-10-01", 2, 200.0, 330),
        ("2024-10-02", 2, 500.0, 330),
        ("2024-11-01", 1, 700.0, 440),
    ]


def test_the_query_of_the_optimization_section_runs_as_written() -> None:
    result = ask("""
    SELECT developer_id, SUM(total_tokens) as total
    FROM read_parquet('.prod-lens/parquet/org-repo/2024-10-*.parquet')
    GROUP BY developer_id
""")
    assert set(result.fetchall()) == {("dev-1", 110), ("dev-2", 550), (None, None)}


def _scan(query: str) -> Row:
    """Return what DuckDB says of its reading of Parquet in a query that it ran."""
    plan = json.loads(ask(f"explain (analyze, format json) {query}").fetchall()[0][1])
    found: list[Row] = []

    def visit(node: Any) -> None:
        if isinstance(node, list):
            for part in node:
                visit(part)
        elif isinstance(node, dict):
            if "row_groups_scanned" in node:
                found.append(node)
            for part in node.values():
                visit(part)

    visit(plan)
    (scan,) = found
    return scan


def test_a_month_is_read_from_its_own_files_alone() -> None:
    query = "select sum(total_tokens) from read_parquet('.prod-lens/parquet/org-repo/{}.parquet')"
    assert _scan(query.format("2024-10-*"))["extra_info"]["Total Files Read"] == "2"
    assert _scan(query.format("*"))["extra_info"]["Total Files Read"] == "4"


def test_days_outside_of_a_filter_are_skipped_without_reading_their_rows() -> None:
    scan = _scan("""
    select count(*), avg(latency_ms) from read_parquet('.prod-lens/parquet/org-repo/*.parquet')
    where event_date >= '2024-10-02' and event_date < '2024-10-03'
    """)
    assert (scan["row_groups_scanned"], scan["total_row_groups_to_scan"]) == (1, 4)
    assert scan["rows_scanned"] == 2


def test_only_the_columns_of_a_query_are_read() -> None:
    scan = _scan("""
    select developer_id, sum(total_tokens)
    from read_parquet('.prod-lens/parquet/org-repo/2024-10-*.parquet') group by developer_id
    """)
    assert scan["extra_info"]["Projections"] == ["developer_id", "total_tokens"]


def test_all_calls_are_read_without_the_daily_tables() -> None:
    count = ask("select count(*) from read_parquet('LAKE/*/2*.parquet')").fetchall()
    assert count == [(12,)]
    manifest = json.loads(Path(LAKE, "_manifest.json").read_text(encoding="utf-8"))
    files = [f"{LAKE}/{file['path']}" for file in manifest["files"] if file["kind"] == "sessions"]
    listed = duckdb.read_parquet(files).aggregate("count(*), count(distinct repo_slug)").fetchall()
    assert listed == [(12, 2)]


def test_days_become_dates_where_dates_are_wanted() -> None:
    weeks = ask("""
    select date_trunc('week', event_date::date)::varchar as week, count(*)
    from read_parquet('LAKE/org-repo/*.parquet') group by week order by week
    """).fetchall()
    assert [(week[:10], count) for week, count in weeks] == [("2024-09-30", 5), ("2024-10-28", 1)]


def test_money_adds_up_exactly() -> None:
    (row,) = ask("""
    select sum(cost_nanos)::bigint, sum(accepted_flag::int), count(accepted_flag)
    from read_parquet('LAKE/org-repo/*.parquet')
    """).fetchall()
    assert row == (1_010_000_000, 3, 4)


def test_daily_tables_answer_queries_by_day() -> None:
    rows = ask("""
    select s.event_date, s.session_count, s.median_latency_ms, g.commit_count, g.avg_merge_hours
    from read_parquet('LAKE/_aggregates/daily_sessions.parquet') s
    left join read_parquet('LAKE/_aggregates/daily_github.parquet') g using (event_date)
    where event_date between '2024-10-01' and '2024-10-02' order by event_date
    """).fetchall()
    assert rows == [("2024-10-01", 4, 200.0, 1, None), ("2024-10-02", 4, 500.0, None, None)]


# All readers -------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    """Return a reader's value as Python has it; every way of saying "not known" is None."""
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    return value.item() if hasattr(value, "item") else value


def _said(rows: Sequence[Row]) -> list[Row]:
    return sorted(
        ({name: _plain(value) for name, value in row.items()} for row in rows),
        key=lambda row: str(row["timestamp"]),
    )


def test_pandas_polars_and_duckdb_read_equal_values_and_the_store_says_the_same() -> None:
    by_polars = _said(pl.read_parquet(f"{LAKE}/org-repo/*.parquet").to_dicts())
    frame = pd.read_parquet(f"{LAKE}/org-repo")
    by_pandas = _said([{str(k): v for k, v in row.items()} for row in frame.to_dict("records")])
    relation = ask("""
    select * replace (timestamp::varchar as timestamp)
    from read_parquet('LAKE/org-repo/*.parquet') order by timestamp
    """)
    by_duckdb = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    assert by_pandas == by_polars
    assert [{**row, "timestamp": None} for row in by_duckdb] == [
        {**row, "timestamp": None} for row in by_polars
    ]
    with ProdLensStore(".prod-lens/cache.db", read_only=True) as store:
        stored = [row for row in store.fetch_sessions() if row["repo_slug"] == "org/repo"]
    shown = ("session_id", "tokens_in", "tokens_out", "latency_ms", "accepted_flag", "cost_usd")
    assert [[row[name] for name in shown] for row in by_polars] == [
        [row[name] for name in shown] for row in stored
    ]
    assert by_polars[0]["timestamp"] == "2024-09-30T09:00:00.000001+00:00"
    assert [row["accepted_flag"] for row in by_polars] == [True, True, False, None, None, True]


def test_types_are_those_that_every_reader_knows() -> None:
    types = dict(pl.read_parquet_schema(f"{LAKE}/org-repo/2024-10-02.parquet"))
    assert types["event_date"] == pl.String
    assert types["timestamp"] == pl.Datetime("us", "UTC")
    assert types["cost_nanos"] == pl.Int64
    assert types["cost_usd"] == pl.Float64
    assert types["accepted_flag"] == pl.Boolean
    assert types["developer_id"] == pl.String
    known = {pl.String, pl.Int64, pl.Float64, pl.Boolean, pl.Datetime}
    assert {kind.base_type() for kind in types.values()} == known


def test_a_day_compares_with_text_in_polars_and_pandas_too() -> None:
    lazy = pl.scan_parquet(f"{LAKE}/org-repo/*.parquet")
    later = lazy.filter(pl.col("event_date") >= "2024-10-02").collect()
    assert later.height == 3
    by_sql = pl.SQLContext(calls=lazy).execute(
        "select event_date, count(*) as n from calls where event_date >= '2024-10-02' "
        "group by event_date order by event_date",
        eager=True,
    )
    assert by_sql.rows() == [("2024-10-02", 2), ("2024-11-01", 1)]
    frame = pd.read_parquet(
        f"{LAKE}/org-repo",
        columns=["event_date", "total_tokens"],
        filters=[("event_date", ">=", "2024-10-02")],
    )
    assert list(frame.columns) == ["event_date", "total_tokens"]
    assert frame["event_date"].tolist() == ["2024-10-02", "2024-10-02", "2024-11-01"]


def test_the_code_of_the_how_to_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "parquet.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        names: Row = {}
        exec(block, names)  # noqa: S102 - our own page
        if "store" in names:
            names["store"].close()
    shown = capsys.readouterr().out
    assert "Exported 6 session records, 5 aggregate records" in shown
    assert "2024-11-01" in shown
    assert shown.endswith("\n5 10\n")
