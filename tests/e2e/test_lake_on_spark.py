"""Spark, with a real JVM, says what DuckDB and the store say; and it reads what an export wrote."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from fakes.calls import awkward_calls
from fakes.lakes import STORED, alike, in_lake, in_store, make_lake
from fakes.s3_server import s3_server, use_server
from fakes.spark import QUIET, local_spark
from prodlens.aggregation import DailyAggregator, ParquetExporter
from prodlens.cli.__main__ import prod_lens
from prodlens.errors import InputError
from prodlens.lake.aggregating import Days, aggregate
from prodlens.lake.dead_letters import FIELDS as LETTER_FIELDS
from prodlens.lake.engines import opened
from prodlens.lake.grouping import grouped
from prodlens.lake.ingesting import Plan, ingest
from prodlens.lake.normalising import Reading
from prodlens.lake.raw_files import sized
from prodlens.lake.rollup_sql import ROLLUPS
from prodlens.partitions import place_at, read_at
from prodlens.partitions.manifest import LETTERS_PATH, Manifest
from prodlens.pricing import PriceBook
from prodlens.storage import ProdLensStore
from prodlens.storage.exported import CALLS
from prodlens.trace_ingestion import IngestOptions, TraceIngestor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

    from prodlens.lake.ingesting import Outcome

pytestmark = [pytest.mark.slow, *(pytest.mark.filterwarnings(one) for one in QUIET)]
DATA = Path(__file__).parents[1] / "data"
NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
SMALL = 65_536


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    """Return a session whose workers find the object store of these tests."""
    with pytest.MonkeyPatch.context() as monkeypatch, s3_server() as address:
        use_server(monkeypatch, address)
        with local_spark() as session:
            yield session


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_three_engines_say_the_same(spark: SparkSession) -> None:
    make_lake(awkward_calls(2000))
    shutil.copytree("lake", "other")
    for engine, folder in (("duckdb", "lake"), ("spark", "other")):
        with opened(engine) as running:
            aggregate(place_at(folder), running, Days())
    for name in ROLLUPS:
        assert alike(name, in_lake(name), in_store(name)), name
        assert alike(name, in_lake(name, "other"), in_lake(name)), name
    assert spark.version[0] in "45"


def test_spark_aggregates_a_lake_in_an_object_store(spark: SparkSession) -> None:
    assert spark.sparkContext.defaultParallelism == 2
    make_lake(awkward_calls(300))
    with ProdLensStore("a.db") as store:
        ParquetExporter("s3://lake/on-spark").export_sessions_by_date(store)
    result = CliRunner().invoke(
        prod_lens, ["lake", "aggregate", "--from", "s3://lake/on-spark", "--engine", "spark"]
    )
    assert (result.exit_code, result.stderr) == (0, "")
    for name in ROLLUPS:
        assert alike(name, in_lake(name, "s3://lake/on-spark"), in_store(name)), name


def test_records_that_are_tied_through_others_are_one_group(spark: SparkSession) -> None:
    chain = [[n, n + 1] for n in range(0, 6, 2)] + [[n + 1, n + 2] for n in range(0, 4, 2)]
    ties = [*chain, [5], [100], [100], [200, 300], [300, -5], [400]]
    rows = grouped(spark.createDataFrame([(one,) for one in ties], "ties array<bigint>"))
    labels = {(tuple(row["ties"]), row["label"]) for row in rows.collect()}
    assert {label for _, label in labels} == {0, 100, -5, 400}
    assert {found for found, label in labels if label == 0} == {tuple(o) for o in [*chain, [5]]}
    assert ((200, 300), -5) in labels


# Raw files --------------------------------------------------------------------------------


def raw_files() -> list[str]:
    """Return every format that the repository has examples of, long, torn, twice, compressed."""
    files = sorted(
        str(path)
        for path in DATA.rglob("*")
        if path.is_file() and path.suffix in {".jsonl", ".json"} and "expected" not in path.name
    )
    logs = [path for path in files if "standard_logging_payload" in path]
    lines = Path(logs[0]).read_text(encoding="utf-8").splitlines()
    torn = [*lines, '{"id": "torn', *lines[::-1], "no JSON at all", "[1, 2]", *lines]
    Path("torn.jsonl").write_text("\n".join(torn) + "\n", encoding="utf-8")
    Path("again.jsonl.gz").write_bytes(gzip.compress("\n".join(lines[::2]).encode()))
    return [*files, "torn.jsonl", "again.jsonl.gz"]


def by_store(files: list[str]) -> tuple[dict[str, bytes], list[tuple[Any, ...]]]:
    """Return the Parquet files and the dead letters of a store that ingested the files."""
    with ProdLensStore("a.db") as store:
        ingestor = TraceIngestor(store, dead_letter_dir="letters", now=lambda: NOW)
        ingestor.ingest(files, IngestOptions(repo_slug="given/repo"))
        ParquetExporter("one").export_sessions_by_date(store)
        names = [name for name, _ in LETTER_FIELDS if name != "first_seen"]
        store.conn.row_factory = None
        letters = store.conn.execute(
            f"select {', '.join(names)} from dead_letters order by 1, 2, 3, 4"  # noqa: S608 - our own columns
        ).fetchall()
    return contents("one"), letters


def by_spark(spark: SparkSession, files: list[str], *, into: str = "two", **more: Any) -> Outcome:
    how = Reading(prices=PriceBook(), now=NOW, repo_slug="given/repo")
    named = sized([(str(Path(file).resolve()), str(Path(file).resolve())) for file in files])
    plan = Plan(files=named, how=how, range_bytes=SMALL, **{"days": Days(), **more})
    return ingest(place_at(into), spark, plan)


def contents(folder: str) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in Path(folder).rglob("2*.parquet")
    }


def letters_of(folder: str) -> list[tuple[Any, ...]]:
    at = [name for name, _ in LETTER_FIELDS].index("first_seen")
    rows = read_at(place_at(folder), LETTERS_PATH, LETTER_FIELDS)
    return [(*row[:at], *row[at + 1 :]) for row in rows]


def test_a_cluster_makes_the_lake_that_a_store_exports(spark: SparkSession) -> None:
    files = raw_files()
    wanted, letters = by_store(files)
    outcome = by_spark(spark, files)
    assert contents("two") == wanted
    assert letters_of("two") == letters
    assert len(letters) >= 3
    assert outcome.set_aside.total() == len(letters)
    manifest = Manifest.load(place_at("two"))
    assert {name: entry.rows for name, entry in manifest.files.items() if name in wanted} == {
        name: entry.rows for name, entry in Manifest.load(place_at("one")).files.items()
    }
    before = {path: path.stat().st_mtime_ns for path in Path("two").rglob("*.*")}
    assert by_spark(spark, files) == outcome
    assert {path: path.stat().st_mtime_ns for path in Path("two").rglob("*.*")} == before
    with pytest.raises(InputError, match="would lose calls"):
        by_spark(spark, files[-1:])
    with ProdLensStore("empty.db") as store, pytest.raises(InputError, match="lake ingest has"):
        ParquetExporter("two").export_sessions_by_date(store)
    assert contents("two") == wanted
    with pytest.raises(InputError, match="kept in step with a database"):
        by_spark(spark, files, into="one")
    assert contents("one") == wanted
    assert by_spark(spark, files[-1:], replace=True).calls < outcome.calls
    assert sum(len(one) for one in contents("two").values()) < sum(map(len, wanted.values()))


def test_the_command_reads_files_and_urls_into_an_object_store(
    spark: SparkSession, tmp_path: Path
) -> None:
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"
    line = {"timestamp": "2026-10-01T12:00:00Z", "usage": {"input_tokens": 3, "output_tokens": 1}}
    for name in ("a", "b"):
        rows = [json.dumps(line | {"metadata": {"session_id": f"session_{name}{n}"}}) for n in "xy"]
        Path(f"{name}.jsonl").write_text("\n".join([*rows, "no JSON"]) + "\n", encoding="utf-8")
    arguments = ["lake", "ingest", "a.jsonl", f"file://{tmp_path}/b*.jsonl", "--strict"]
    result = CliRunner().invoke(prod_lens, [*arguments, "--to", "s3://lake/raw", "--json"])
    assert result.exit_code == 3
    said = json.loads(result.stdout)
    assert (said["calls"], said["files"], said["set_aside"]) == (4, 1, {"not JSON": 2})
    assert ParquetExporter("s3://lake/raw").list_files() == [
        "s3://lake/raw/_unassigned/2026-10-01.parquet"
    ]
    later = ["lake", "ingest", "a.jsonl", "--to", "s3://lake/raw", "--since", "2026-10-02"]
    result = CliRunner().invoke(prod_lens, later)
    assert result.stdout == "✓ 0 calls in 0 files of s3://lake/raw\n"
    assert len(ParquetExporter("s3://lake/raw").list_files()) == 1
    result = CliRunner().invoke(prod_lens, ["lake", "ingest", "-", "--to", "x"])
    assert (result.exit_code, "can't read standard input" in result.stderr) == (1, True)


# Readers ----------------------------------------------------------------------------------


def test_spark_reads_an_export_with_its_types_and_the_query_of_the_specification(
    spark: SparkSession, tmp_path: Path
) -> None:
    make_lake(awkward_calls(40))
    with ProdLensStore("a.db") as store:
        DailyAggregator(store).write_aggregates()
        ParquetExporter("lake").export_aggregates_by_date(store)
        stored = {call["trace_hash"]: call for call in store.fetch_sessions()}
    calls = spark.read.parquet(f"{tmp_path}/lake/*/2*.parquet")
    names = {"text": "string", "whole": "bigint", "number": "double", "flag": "boolean"}
    assert dict(calls.dtypes) == {name: names.get(kind, "timestamp") for name, kind in CALLS}
    found = {row["trace_hash"]: row.asDict() for row in calls.collect()}
    shown = ("event_date", "tokens_in", "latency_ms", "accepted_flag", "cost_nanos", "repo_slug")
    assert {key: [row[name] for name in shown] for key, row in found.items()} == {
        key: [call[name] for name in shown] for key, call in stored.items()
    }
    calls.createOrReplaceTempView("exported")
    rows = spark.sql(
        "select event_date, count(*) as session_count, sum(tokens_in + tokens_out) as total "
        "from exported where event_date >= '2026-10-04' group by event_date order by event_date"
    ).collect()
    days = [call["event_date"] for call in stored.values()]
    assert [(row[0], row[1]) for row in rows] == [
        (day, days.count(day)) for day in ("2026-10-04", "2026-10-05")
    ]
    daily = spark.read.parquet(f"{tmp_path}/lake/_aggregates/daily_sessions.parquet")
    assert (daily.count(), dict(daily.dtypes)["created_at"]) == (5, "timestamp")
    assert set(STORED) <= set(ROLLUPS)
