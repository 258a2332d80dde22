"""The specification's `DailyAggregator` and `ParquetExporter`.

What a day says, that writing keeps tables right, and that the files say what the store says.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from prodlens.aggregation import DailyAggregator, ParquetExporter
from prodlens.errors import InputError, StoreReadOnlyError
from prodlens.storage import ProdLensStore
from prodlens.trace_normalizer import normalize_records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Row = dict[str, Any]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


@pytest.fixture
def aggregator(store: ProdLensStore) -> DailyAggregator:
    return DailyAggregator(store)


def _record(timestamp: str, session: str, **metadata: Any) -> Row:
    return {
        "timestamp": timestamp,
        "usage": {"input_tokens": 1000, "output_tokens": 500},
        "attributes": {"llm.model_name": "claude-3-sonnet"},
        "metadata": {"session_id": session} | metadata,
    }


def test_empty_store_gives_nothing(aggregator: DailyAggregator) -> None:
    assert aggregator.aggregate_sessions() == {}
    assert aggregator.aggregate_github() == {}
    assert aggregator.aggregate_sessions(event_date=dt.date(2024, 10, 28)) == {}
    assert aggregator.aggregate_github(event_date="2024-10-28") == {}
    assert aggregator.write_aggregates() == (0, 0)


def test_normalized_records_of_the_specification_are_aggregated(
    store: ProdLensStore, aggregator: DailyAggregator
) -> None:
    records = [
        _record("2024-10-28T12:00:00Z", "session_abc123"),
        _record("2024-10-28T13:00:00Z", "session_abc123"),
        _record("2024-10-29T12:00:00Z", "session_def456"),
    ]
    store.insert_sessions(normalize_records(records))
    days = aggregator.aggregate_sessions()
    assert {day: row["session_count"] for day, row in days.items()} == {
        "2024-10-28": 2,
        "2024-10-29": 1,
    }
    assert days["2024-10-28"]["total_tokens"] == 3000


def test_day_has_the_metric_columns_of_its_table(
    store: ProdLensStore, aggregator: DailyAggregator
) -> None:
    store.insert_sessions([{"timestamp": "2024-10-28T12:00:00Z"}])
    store.insert_commits([{"sha": "a", "timestamp": "2024-10-28T12:00:00Z"}])
    unwritten = {"id", "created_at"}
    for table, days in (
        ("daily_session_metrics", aggregator.aggregate_sessions()),
        ("daily_github_metrics", aggregator.aggregate_github()),
    ):
        rows = store.conn.execute("select name from pragma_table_info(?)", (table,))
        assert set(days["2024-10-28"]) == {row["name"] for row in rows} - unwritten


@pytest.mark.parametrize(
    ("flags", "accepted"),
    [([True, True, False], 2), ([False], 0), ([None, True], 1), ([None], 0)],
)
def test_accepted_calls_are_counted(
    store: ProdLensStore, aggregator: DailyAggregator, flags: list[bool | None], accepted: int
) -> None:
    store.insert_sessions(
        [
            {"timestamp": f"2024-10-28T{hour:02}:00:00Z", "accepted_flag": flag}
            for hour, flag in enumerate(flags)
        ]
    )
    day = aggregator.aggregate_sessions()["2024-10-28"]
    assert (day["session_count"], day["accepted_count"]) == (len(flags), accepted)


@pytest.mark.parametrize(
    ("status", "errors"), [(200, 0), (399, 0), (400, 1), (429, 1), (503, 1), (None, 0)]
)
def test_errors_start_at_status_400(
    store: ProdLensStore, aggregator: DailyAggregator, status: int | None, errors: int
) -> None:
    store.insert_sessions([{"timestamp": "2024-10-28T12:00:00Z", "status_code": status}])
    assert aggregator.aggregate_sessions()["2024-10-28"]["error_count"] == errors


def test_one_day_can_be_asked_for(store: ProdLensStore, aggregator: DailyAggregator) -> None:
    store.insert_sessions(
        [{"timestamp": "2024-10-28T23:59:59.999Z"}, {"timestamp": "2024-10-29T00:00:00Z"}]
    )
    store.insert_commits(
        [{"sha": "a", "timestamp": "2024-10-28"}, {"sha": "b", "timestamp": "2024-10-29"}]
    )
    day = dt.date(2024, 10, 29)
    assert list(aggregator.aggregate_sessions(event_date=day)) == ["2024-10-29"]
    assert list(aggregator.aggregate_github(event_date="2024-10-29")) == ["2024-10-29"]
    with pytest.raises(InputError, match="YYYY-MM-DD"):
        aggregator.aggregate_sessions(event_date="yesterday")


def test_days_are_utc(store: ProdLensStore, aggregator: DailyAggregator) -> None:
    late = dt.datetime(2024, 10, 28, 23, tzinfo=dt.timezone(dt.timedelta(hours=-5)))
    store.insert_sessions([{"timestamp": late}])
    store.insert_commits([{"sha": "a", "timestamp": late}])
    assert list(aggregator.aggregate_sessions()) == ["2024-10-29"]
    assert list(aggregator.aggregate_github()) == ["2024-10-29"]


def test_cost_is_exact_and_median_is_no_mean(
    store: ProdLensStore, aggregator: DailyAggregator
) -> None:
    store.insert_sessions(
        [
            {"timestamp": f"2024-10-28T{hour:02}:00:00Z", "latency_ms": ms, "cost_usd": 0.1}
            for hour, ms in enumerate([100.0, 200.0, 9000.0])
        ]
    )
    day = aggregator.aggregate_sessions()["2024-10-28"]
    assert (day["cost_usd"], day["median_latency_ms"]) == (0.3, 200.0)


def test_github_days_follow_merge_landing_and_reopening(
    store: ProdLensStore, aggregator: DailyAggregator
) -> None:
    store.insert_pull_requests(
        [
            {
                "number": 1,
                "created_at": "2024-10-27T12:00:00Z",
                "merged_at": "2024-10-28T12:00:00Z",
            },
            {
                "number": 2,
                "created_at": "2024-10-28T06:00:00Z",
                "merged_at": "2024-10-28T18:00:00Z",
            },
            {"number": 3, "created_at": "2024-10-27T00:00:00Z", "state": "open"}
            | {"reopened": True, "reopened_at": "2024-10-29T09:00:00Z"},
        ]
    )
    store.insert_commits([{"sha": "a", "timestamp": "2024-10-29T01:00:00Z"}])
    assert aggregator.aggregate_github() == {
        "2024-10-28": {
            "event_date": "2024-10-28",
            "merged_pr_count": 2,
            "commit_count": 0,
            "reopened_pr_count": 0,
            "avg_merge_hours": 18.0,
        },
        "2024-10-29": {
            "event_date": "2024-10-29",
            "merged_pr_count": 0,
            "commit_count": 1,
            "reopened_pr_count": 1,
            "avg_merge_hours": None,
        },
    }


def test_aggregating_writes_nothing_and_works_read_only(
    store: ProdLensStore, tmp_path: Path
) -> None:
    store.insert_sessions([{"timestamp": "2024-10-28T12:00:00Z", "latency_ms": 5.0}])
    store.close()
    with ProdLensStore(tmp_path / "cache.db", read_only=True) as reading:
        aggregator = DailyAggregator(reading)
        assert aggregator.aggregate_sessions()["2024-10-28"]["median_latency_ms"] == 5.0
        assert aggregator.aggregate_github() == {}
        assert reading.fetch_daily_session_metrics() == []
        with pytest.raises(StoreReadOnlyError):
            aggregator.write_aggregates()


def test_what_is_written_is_what_is_computed(
    store: ProdLensStore, aggregator: DailyAggregator
) -> None:
    store.insert_sessions([{"timestamp": "2024-10-28T12:00:00Z", "cost_usd": 0.25}])
    store.insert_pull_requests([{"number": 1, "merged_at": "2024-10-30"}])
    assert aggregator.write_aggregates() == (1, 1)
    computed = [*aggregator.aggregate_sessions().values(), *aggregator.aggregate_github().values()]
    written = [*store.fetch_daily_session_metrics(), *store.fetch_daily_github_metrics()]
    assert [
        {name: value for name, value in row.items() if name not in ("id", "created_at")}
        for row in written
    ] == computed


def test_aggregating_again_changes_nothing(
    store: ProdLensStore, aggregator: DailyAggregator
) -> None:
    store.insert_sessions([{"timestamp": "2024-10-28T12:00:00Z"}])
    store.insert_commits([{"sha": "a", "timestamp": "2024-10-28T12:00:00Z"}])
    aggregator.write_aggregates()
    before = [*store.fetch_daily_session_metrics(), *store.fetch_daily_github_metrics()]
    changes = store.conn.total_changes
    assert aggregator.write_aggregates() == (1, 1)
    assert store.conn.total_changes == changes
    assert aggregator.write_aggregates(force=True) == (1, 1)
    assert [*store.fetch_daily_session_metrics(), *store.fetch_daily_github_metrics()] == before


def test_force_computes_days_that_nobody_marked(
    store: ProdLensStore, aggregator: DailyAggregator
) -> None:
    store.insert_sessions([{"timestamp": "2024-10-28T12:00:00Z", "tokens_in": 4}])
    aggregator.write_aggregates()
    store.conn.execute("drop trigger stale_calls_updated")
    store.conn.execute("update sessions set tokens_in = 5, total_tokens = 5")
    aggregator.write_aggregates()
    assert store.fetch_daily_session_metrics()[0]["total_tokens"] == 4
    aggregator.write_aggregates(force=True)
    assert store.fetch_daily_session_metrics()[0]["total_tokens"] == 5


def test_days_can_be_stored_by_hand_as_they_were_computed(
    store: ProdLensStore, aggregator: DailyAggregator
) -> None:
    store.insert_sessions([{"timestamp": "2024-10-28T12:00:00Z", "tokens_in": 4}])
    assert store.insert_daily_session_metrics(aggregator.aggregate_sessions().values()) == 1
    assert aggregator.write_aggregates() == (1, 0)
    (row,) = store.fetch_daily_session_metrics()
    assert (row["id"], row["total_tokens"]) == (1, 4)


# ParquetExporter ---------------------------------------------------------------------------


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / ".prod-lens" / "parquet"


@pytest.fixture
def exporter(lake: Path) -> ParquetExporter:
    return ParquetExporter(str(lake))


def _call(repo: str | None, moment: str, **columns: Any) -> Row:
    return {"timestamp": moment, "repo_slug": repo, "session_id": moment} | columns


THREE_DAYS = [
    _call("org/repo", "2024-10-01T09:00:00Z", tokens_in=1, tokens_out=2, latency_ms=100.0),
    _call("org/repo", "2024-10-02T09:00:00Z", tokens_in=3, tokens_out=4, latency_ms=200.0),
    _call("org/repo", "2024-10-02T10:00:00Z", tokens_in=5, tokens_out=None, accepted_flag=True),
    _call("org/other", "2024-10-02T11:00:00Z", cost_usd=0.1, status_code=429),
    _call(None, "2024-10-03T23:59:59.999999Z", developer_id="dev-1"),
]


def _names(exporter: ParquetExporter, lake: Path) -> list[str]:
    return [path.relative_to(lake).as_posix() for path in exporter.list_partitions()]


def _rows(path: Path) -> list[Row]:
    rows: list[Row] = pq.read_table(path).to_pylist()
    return rows


def _stamps(exporter: ParquetExporter) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in exporter.list_partitions()}


def test_exporting_an_empty_store_writes_no_partition(
    store: ProdLensStore, exporter: ParquetExporter, lake: Path
) -> None:
    assert exporter.list_partitions() == []
    assert exporter.export_sessions_by_date(store) == 0
    assert exporter.export_aggregates_by_date(store) == 0
    assert exporter.list_partitions() == []
    assert json.loads((lake / "_manifest.json").read_text())["files"] == []


def test_calls_are_exported_into_the_layout_of_the_specification(
    store: ProdLensStore, exporter: ParquetExporter, lake: Path
) -> None:
    store.insert_sessions(THREE_DAYS)
    assert exporter.export_sessions_by_date(store) == 5
    assert _names(exporter, lake) == [
        "_unassigned/2024-10-03.parquet",
        "org-other/2024-10-02.parquet",
        "org-repo/2024-10-01.parquet",
        "org-repo/2024-10-02.parquet",
    ]


def test_aggregates_are_exported_beside_the_calls(
    store: ProdLensStore, exporter: ParquetExporter, lake: Path
) -> None:
    store.insert_sessions(THREE_DAYS)
    store.insert_commits([{"sha": "a", "timestamp": "2024-10-02T12:00:00Z"}])
    DailyAggregator(store).write_aggregates()
    assert exporter.export_aggregates_by_date(store) == 4
    assert _names(exporter, lake) == [
        "_aggregates/daily_github.parquet",
        "_aggregates/daily_sessions.parquet",
    ]
    days = _rows(lake / "_aggregates/daily_sessions.parquet")
    assert [(d["event_date"], d["session_count"], d["total_tokens"]) for d in days] == [
        ("2024-10-01", 1, 3),
        ("2024-10-02", 3, 12),
        ("2024-10-03", 1, 0),
    ]
    assert [d["median_latency_ms"] for d in days] == [100.0, 200.0, None]
    assert [d["cost_usd"] for d in days] == [None, 0.1, None]
    (github,) = _rows(lake / "_aggregates/daily_github.parquet")
    assert (github["commit_count"], github["merged_pr_count"]) == (1, 0)
    assert github["avg_merge_hours"] is None


@pytest.mark.parametrize(
    "since",
    [
        dt.date(2024, 10, 2),
        dt.datetime(2024, 10, 2, 18, tzinfo=dt.UTC),
        dt.datetime(2024, 10, 2),  # noqa: DTZ001 - naive is UTC, as the contract says
        dt.datetime(2024, 10, 1, 20, tzinfo=dt.timezone(dt.timedelta(hours=-5))),
        "2024-10-02",
        "2024-10-02T18:00:00Z",
        "2024-10-01T20:00:00-05:00",
    ],
)
def test_since_is_a_utc_day_and_inclusive(
    store: ProdLensStore, exporter: ParquetExporter, lake: Path, since: dt.date | str
) -> None:
    store.insert_sessions(THREE_DAYS)
    assert exporter.export_sessions_by_date(store, since=since) == 4
    assert "org-repo/2024-10-01.parquet" not in _names(exporter, lake)
    DailyAggregator(store).write_aggregates()
    assert exporter.export_aggregates_by_date(store, since=since) == 2


@pytest.mark.parametrize("since", ["yesterday", "2024-13-01", "2024-10-02T99:00:00Z", ""])
def test_what_is_no_day_is_refused(
    store: ProdLensStore, exporter: ParquetExporter, since: str
) -> None:
    with pytest.raises(InputError, match="YYYY-MM-DD"):
        exporter.export_sessions_by_date(store, since=since)
    with pytest.raises(InputError, match="YYYY-MM-DD"):
        exporter.export_aggregates_by_date(store, since=since)


def test_a_repository_can_be_chosen(
    store: ProdLensStore, exporter: ParquetExporter, lake: Path
) -> None:
    store.insert_sessions(THREE_DAYS)
    assert exporter.export_sessions_by_date(store, repo_filter="Org/Other") == 1
    assert _names(exporter, lake) == ["org-other/2024-10-02.parquet"]
    later = dt.date(2024, 10, 2)
    assert exporter.export_sessions_by_date(store, since=later, repo_filter="org/repo") == 2
    assert exporter.export_sessions_by_date(store, repo_filter="org/unknown") == 0
    assert _names(exporter, lake) == ["org-other/2024-10-02.parquet", "org-repo/2024-10-02.parquet"]
    with pytest.raises(InputError, match="no repository"):
        exporter.export_sessions_by_date(store, repo_filter="../../etc")


def test_a_repository_stored_in_capitals_is_found_too(
    store: ProdLensStore, exporter: ParquetExporter, lake: Path
) -> None:
    store.insert_sessions([_call("Org/Repo", "2024-10-01T09:00:00Z")])
    assert exporter.export_sessions_by_date(store, repo_filter="Org/Repo") == 1
    assert _names(exporter, lake) == ["org-repo/2024-10-01.parquet"]


def test_every_value_survives_the_way_into_the_file(
    store: ProdLensStore, exporter: ParquetExporter, lake: Path
) -> None:
    call = _call(
        "org/repo",
        "2024-10-28T12:00:00.123456Z",
        developer_id="dev-1",
        model="claude-3-sonnet",
        tokens_in=1000,
        tokens_out=500,
        latency_ms=1234.5,
        status_code=200,
        accepted_flag=False,
        diff_ratio=0.25,
        accepted_lines=0,
        cost_usd=0.1,
        tags=["team:x"],
    )
    store.insert_sessions([call])
    exporter.export_sessions_by_date(store)
    (row,) = _rows(lake / "org-repo/2024-10-28.parquet")
    known = {name: value for name, value in row.items() if value is not None}
    assert len(known.pop("trace_hash")) == 40
    assert known == call | {
        "timestamp": dt.datetime(2024, 10, 28, 12, 0, 0, 123456, tzinfo=dt.UTC),
        "event_date": "2024-10-28",
        "total_tokens": 1500,
        "cost_nanos": 100_000_000,
        "cost_source": "reported",
        "source": "direct",
        "sources": "direct",
        "tags": '["team:x"]',
    }


def test_exporting_again_writes_nothing(store: ProdLensStore, exporter: ParquetExporter) -> None:
    store.insert_sessions(THREE_DAYS)
    DailyAggregator(store).write_aggregates()
    exporter.export_sessions_by_date(store)
    exporter.export_aggregates_by_date(store)
    before = _stamps(exporter)
    assert exporter.export_sessions_by_date(store) == 5
    assert exporter.export_aggregates_by_date(store) == 3
    assert _stamps(exporter) == before
    assert not store.conn.in_transaction


def test_only_what_changed_is_written(store: ProdLensStore, exporter: ParquetExporter) -> None:
    store.insert_sessions(THREE_DAYS)
    exporter.export_sessions_by_date(store)
    before = _stamps(exporter)
    store.insert_sessions([_call("org/repo", "2024-10-01T10:00:00Z")])
    store.conn.execute("update sessions set latency_ms = 7 where repo_slug = 'org/other'")
    assert exporter.export_sessions_by_date(store) == 6
    written = {path for path, stamp in _stamps(exporter).items() if before.get(path) != stamp}
    assert {path[-27:] for path in written} == {
        "org-repo/2024-10-01.parquet",
        "rg-other/2024-10-02.parquet",
    }


def test_a_call_that_moved_stands_only_in_its_new_file(
    store: ProdLensStore, exporter: ParquetExporter, lake: Path
) -> None:
    store.insert_sessions([_call("org/repo", "2024-10-01T09:00:00Z")])
    exporter.export_sessions_by_date(store)
    store.conn.execute(
        "update sessions set repo_slug = 'org/new', event_date = '2024-10-05',"
        " timestamp = '2024-10-05T09:00:00.000000Z'"
    )
    assert exporter.export_sessions_by_date(store) == 1
    assert _names(exporter, lake) == ["org-new/2024-10-05.parquet"]
    assert not (lake / "org-repo").exists()


def test_days_without_calls_lose_their_file_where_the_run_covers_them(
    store: ProdLensStore, exporter: ParquetExporter, lake: Path
) -> None:
    store.insert_sessions(THREE_DAYS)
    exporter.export_sessions_by_date(store)
    store.conn.execute("delete from sessions where event_date <= '2024-10-02'")
    assert exporter.export_sessions_by_date(store, repo_filter="org/other") == 0
    assert exporter.export_sessions_by_date(store, since="2024-10-02", repo_filter="org/repo") == 0
    assert _names(exporter, lake) == [
        "_unassigned/2024-10-03.parquet",
        "org-repo/2024-10-01.parquet",
    ]
    assert exporter.export_sessions_by_date(store) == 1
    assert _names(exporter, lake) == ["_unassigned/2024-10-03.parquet"]


def test_repositories_that_meet_in_a_name_stay_apart_and_keep_their_folders(
    store: ProdLensStore, lake: Path, tmp_path: Path
) -> None:
    store.insert_sessions([_call("a-b/c", "2024-10-01T09:00:00Z")])
    ParquetExporter(lake).export_sessions_by_date(store)
    store.insert_sessions([_call("a/b-c", "2024-10-01T10:00:00Z")])
    for folder in (lake, tmp_path / "elsewhere"):
        exporter = ParquetExporter(folder)
        assert exporter.export_sessions_by_date(store) == 2
        assert _names(exporter, folder) == [
            "a-b-c/2024-10-01.parquet",
            "a-b-c-b88f83c8/2024-10-01.parquet",
        ]
        assert [row["repo_slug"] for row in _rows(folder / "a-b-c/2024-10-01.parquet")] == ["a-b/c"]


def test_a_hostile_repository_stays_inside_the_folder(
    store: ProdLensStore, exporter: ParquetExporter, lake: Path, tmp_path: Path
) -> None:
    for number, slug in enumerate(("../../../escaped", "/escaped", "..", "_aggregates", "a/*")):
        store.insert_sessions([_call(slug, f"2024-10-01T0{number}:00:00Z")])
    assert exporter.export_sessions_by_date(store) == 5
    assert len({path.parent for path in exporter.list_partitions()}) == 5
    assert all(path.parent.parent == lake for path in tmp_path.rglob("*.parquet"))


def test_missing_and_damaged_files_are_written_again(
    store: ProdLensStore, exporter: ParquetExporter
) -> None:
    store.insert_sessions(THREE_DAYS)
    exporter.export_sessions_by_date(store)
    first, second, *_ = exporter.list_partitions()
    whole = {path: path.read_bytes() for path in exporter.list_partitions()}
    first.unlink()
    second.write_bytes(b"PAR1")
    assert exporter.export_sessions_by_date(store) == 5
    assert {path: path.read_bytes() for path in exporter.list_partitions()} == whole


def test_files_that_are_not_ours_are_left_alone(
    store: ProdLensStore, exporter: ParquetExporter, lake: Path
) -> None:
    store.insert_sessions(THREE_DAYS)
    exporter.export_sessions_by_date(store)
    kept = [lake / "org-repo" / "1999-01-01.parquet", lake / "notes" / "2024-10-01.parquet"]
    orphan = lake / "org-repo" / "1999-01-02.parquet"
    for path in kept:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    orphan.write_bytes((lake / "org-repo" / "2024-10-01.parquet").read_bytes())
    exporter.export_sessions_by_date(store)
    assert [path.exists() for path in kept] == [True, True]
    assert not orphan.exists()


@pytest.mark.parametrize("damage", ["", "[]", '{"schema": "other/1"}', '{"schema": 1', None])
def test_without_its_manifest_an_export_looks_at_everything_and_writes_what_differs(
    store: ProdLensStore, exporter: ParquetExporter, lake: Path, damage: str | None
) -> None:
    store.insert_sessions(THREE_DAYS)
    exporter.export_sessions_by_date(store)
    before, manifest = _stamps(exporter), lake / "_manifest.json"
    listed = manifest.read_text()
    if damage is None:
        manifest.unlink()
    else:
        manifest.write_text(damage)
    assert exporter.export_sessions_by_date(store) == 5
    assert _stamps(exporter) == before
    assert manifest.read_text() == listed


def test_another_store_takes_the_folder_over(
    store: ProdLensStore, exporter: ParquetExporter, lake: Path, tmp_path: Path
) -> None:
    store.insert_sessions(THREE_DAYS)
    exporter.export_sessions_by_date(store)
    with ProdLensStore(tmp_path / "new.db") as other:
        # The same repository, day, number of calls and row ids; only the values differ.
        other.insert_sessions([_call("org/repo", "2024-10-01T09:00:00Z", tokens_in=99)])
        assert exporter.export_sessions_by_date(other) == 1
    assert _names(exporter, lake) == ["org-repo/2024-10-01.parquet"]
    assert _rows(lake / "org-repo/2024-10-01.parquet")[0]["tokens_in"] == 99


def test_a_store_that_is_only_read_can_be_exported(
    store: ProdLensStore, exporter: ParquetExporter, tmp_path: Path
) -> None:
    store.insert_sessions([*THREE_DAYS, _call("org-repo", "2024-10-01T09:00:00Z")])
    with ProdLensStore(tmp_path / "cache.db", read_only=True) as reading:
        assert exporter.export_sessions_by_date(reading) == 6
        before = _stamps(exporter)
        store.conn.execute("update sessions set latency_ms = 7 where repo_slug = 'org/other'")
        assert exporter.export_sessions_by_date(reading) == 6
        assert exporter.export_aggregates_by_date(reading) == 0
    assert sum(before[path] != stamp for path, stamp in _stamps(exporter).items()) == 1


def test_aggregates_before_since_stay_and_later_ones_are_replaced(
    store: ProdLensStore, exporter: ParquetExporter, lake: Path
) -> None:
    days = [{"event_date": f"2024-10-0{day}", "session_count": day} for day in (1, 2, 3)]
    store.insert_daily_session_metrics(days)
    assert exporter.export_aggregates_by_date(store) == 3
    store.conn.execute("delete from daily_session_metrics where event_date <> '2024-10-03'")
    store.insert_daily_session_metrics([{"event_date": "2024-10-03", "session_count": 30}])
    assert exporter.export_aggregates_by_date(store, since="2024-10-02") == 1
    path = lake / "_aggregates/daily_sessions.parquet"
    assert [(row["event_date"], row["session_count"]) for row in _rows(path)] == [
        ("2024-10-01", 1),
        ("2024-10-03", 30),
    ]
    assert exporter.export_aggregates_by_date(store) == 1
    assert [row["event_date"] for row in _rows(path)] == ["2024-10-03"]
    store.conn.execute("delete from daily_session_metrics")
    assert exporter.export_aggregates_by_date(store) == 0
    assert exporter.list_partitions() == []


def test_the_manifest_lists_every_file_with_its_rows_and_days(
    store: ProdLensStore, exporter: ParquetExporter, lake: Path
) -> None:
    store.insert_sessions(THREE_DAYS)
    DailyAggregator(store).write_aggregates()
    exporter.export_sessions_by_date(store)
    exporter.export_aggregates_by_date(store)
    manifest = json.loads((lake / "_manifest.json").read_text())
    assert manifest["schema"] == "prodlens.parquet/1"
    wanted = ("path", "kind", "repo_slug", "first_day", "last_day", "rows")
    assert [tuple(file[name] for name in wanted) for file in manifest["files"]] == [
        (
            "_aggregates/daily_sessions.parquet",
            "daily_sessions",
            None,
            "2024-10-01",
            "2024-10-03",
            3,
        ),
        ("_unassigned/2024-10-03.parquet", "sessions", None, "2024-10-03", "2024-10-03", 1),
        ("org-other/2024-10-02.parquet", "sessions", "org/other", "2024-10-02", "2024-10-02", 1),
        ("org-repo/2024-10-01.parquet", "sessions", "org/repo", "2024-10-01", "2024-10-01", 1),
        ("org-repo/2024-10-02.parquet", "sessions", "org/repo", "2024-10-02", "2024-10-02", 2),
    ]
    assert [file["size"] for file in manifest["files"]] == [
        (lake / file["path"]).stat().st_size for file in manifest["files"]
    ]
    assert (lake / "_manifest.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("elsewhere", ["../victim", "org-repo/../../victim"])
def test_a_manifest_that_points_elsewhere_removes_nothing_there(
    store: ProdLensStore, exporter: ParquetExporter, lake: Path, elsewhere: str
) -> None:
    store.insert_sessions(THREE_DAYS)
    exporter.export_sessions_by_date(store)
    victim = lake.parent / "victim" / "2024-10-01.parquet"
    victim.parent.mkdir()
    victim.touch()
    manifest = lake / "_manifest.json"
    text = manifest.read_text().replace("org-repo/2024-10-01", f"{elsewhere}/2024-10-01")
    manifest.write_text(text)
    assert exporter.export_sessions_by_date(store) == 5
    assert victim.exists()
