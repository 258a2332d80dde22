"""The lake on one computer: rollups by DuckDB, back into a store, on disk and in an object store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.calls import awkward_calls
from fakes.lakes import STORED, alike, in_lake, in_store, make_lake
from fakes.s3_server import s3_server, use_server
from prodlens.aggregation import DailyAggregator, ParquetExporter
from prodlens.cli.__main__ import prod_lens
from prodlens.errors import InputError
from prodlens.lake.aggregating import Days, aggregate
from prodlens.lake.engines import opened
from prodlens.lake.rollup_sql import ROLLUPS
from prodlens.partitions import place_at
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(prod_lens, list(arguments))


def test_rollups_are_these() -> None:
    call = {"timestamp": "2026-10-01T12:00:00Z", "repo_slug": "o/r", "model": "m"}
    make_lake(
        [
            {
                **call,
                "developer_id": "kim",
                "session_id": "s1",
                "latency_ms": 100.0,
                "tokens_in": 1,
            },
            {
                **call,
                "developer_id": "kim",
                "session_id": "s2",
                "latency_ms": 400.0,
                "tokens_in": 2,
            },
            {**call, "session_id": "s2", "latency_ms": -5.0, "status_code": 500},
            {**call, "session_id": "s3", "accepted_flag": True, "cost_usd": 0.25},
        ]
    )
    result = run("lake", "aggregate", "--from", "lake")
    assert (result.exit_code, result.stdout) == (0, "✓ 1 day, 2 rows of use in lake/_aggregates\n")
    (day,) = in_lake("daily_sessions")
    assert day[:-1] == ("2026-10-01", None, 4, 3, 1, 1, 250.0, 0.25, 250_000_000, 1, 1, 1)
    assert in_lake("daily_repositories") == [
        ("2026-10-01", "o/r", 4, 3, 1, 3, 250_000_000, 1, 1, 1, 1, 250.0)
    ]
    usage = ("2026-10-01", "o/r")
    assert in_lake("daily_usage") == [
        (*usage, "", "m", "", 2, 0, 0, 0, 0, 0, 250_000_000, 1, 1, 1, 1, 1, 0, 0, 0.0, 0.0),
        (*usage, "kim", "m", "", 2, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 500.0, 170_000.0),
    ]
    assert in_lake("coverage") == [
        ("2026-10-01", "direct", "o/r", "", 2),
        ("2026-10-01", "direct", "o/r", "kim", 2),
    ]


def test_tokens_that_no_call_of_a_repository_tells_stay_unknown() -> None:
    call = {"timestamp": "2026-10-01T12:00:00Z", "model": "m", "source": "direct"}
    make_lake([{**call, "repo_slug": "o/r"}, {**call, "repo_slug": "o/s", "tokens_in": 0}])
    assert run("lake", "aggregate", "--from", "lake").exit_code == 0
    tokens = {row[1]: row[5] for row in in_lake("daily_repositories")}
    assert tokens == {"o/r": None, "o/s": 0}


def test_duckdb_says_what_the_store_says() -> None:
    make_lake(awkward_calls(2000))
    with opened("duckdb") as engine:
        counts = aggregate(place_at("lake"), engine, Days())
    assert counts["daily_sessions"] == 5
    for name in ROLLUPS:
        assert alike(name, in_lake(name), in_store(name)), name


@settings(max_examples=15, deadline=None)
@given(
    latencies=st.lists(
        st.none() | st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=9
    )
)
def test_medians_are_exact_whatever_the_durations(
    latencies: list[float | None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("medians")
    db, lake = str(folder / "a.db"), str(folder / "lake")
    calls = [
        {"timestamp": f"2026-10-01T12:00:0{n}Z", "latency_ms": one}
        for n, one in enumerate(latencies)
    ]
    make_lake(calls, lake, db)
    with opened("duckdb") as engine:
        aggregate(place_at(lake), engine, Days())
    found = in_lake("daily_repositories", lake)
    assert [row[-1] for row in found] == [row[-1] for row in in_store("daily_repositories", db)]


def test_a_second_run_leaves_every_file_alone() -> None:
    make_lake(awkward_calls(50))
    assert run("lake", "aggregate", "--from", "lake").exit_code == 0
    before = {path: path.stat().st_mtime_ns for path in Path("lake").rglob("*.parquet")}
    assert (
        run("lake", "aggregate", "--from", "file://" + str(Path("lake").resolve())).exit_code == 0
    )
    assert {path: path.stat().st_mtime_ns for path in Path("lake").rglob("*.parquet")} == before


def test_days_outside_of_a_range_keep_what_is_known_of_them() -> None:
    make_lake(awkward_calls(300))
    run("lake", "aggregate", "--from", "lake")
    whole = {name: in_lake(name) for name in ROLLUPS}
    manifest = json.loads(Path("lake/_manifest.json").read_text(encoding="ascii"))
    for file in manifest["files"]:
        if file["kind"] == "sessions" and file["first_day"] != "2026-10-03":
            Path("lake", file["path"]).write_bytes(b"must not be opened")
    window = ("--since", "2026-10-03", "--until", "2026-10-04")
    result = run("lake", "aggregate", "--from", "lake", *window, "--json")
    assert json.loads(result.stdout)["rows"]["daily_sessions"] == 5
    assert {name: in_lake(name) for name in ROLLUPS} == whole


def test_rollups_come_back_into_a_store_that_has_no_calls() -> None:
    make_lake(awkward_calls(500))
    run("lake", "aggregate", "--from", "lake")
    for _ in range(2):
        result = run("lake", "import", "--from", "lake", "--db", "b.db")
        assert (result.exit_code, result.stdout[:8]) == (0, "✓ 5 days")
    for name in STORED:
        assert alike(name, in_store(name, "b.db"), in_store(name)), name
    with ProdLensStore("b.db") as store:
        DailyAggregator(store).write_aggregates()
        assert len(store.fetch_daily_session_metrics()) == 5


def test_days_of_which_a_store_has_calls_keep_their_own_rollups() -> None:
    make_lake(awkward_calls(500))
    run("lake", "aggregate", "--from", "lake")
    own = {"timestamp": "2026-10-02T00:00:00Z", "tokens_in": 77}
    with ProdLensStore("b.db") as store:
        store.insert_sessions([own])
        DailyAggregator(store).write_aggregates()
    result = run("lake", "import", "--from", "lake", "--db", "b.db")
    assert "1 day with calls in the database kept their own rollups" in result.stderr
    days = {row[0]: row[3] for row in in_store("daily_sessions", "b.db")}
    assert (len(days), days["2026-10-02"]) == (5, 77)


def test_a_store_with_the_calls_of_a_lake_reports_as_the_one_they_came_from() -> None:
    make_lake(awkward_calls(400))
    for _ in range(2):
        assert run("lake", "import", "--from", "lake", "--calls", "--db", "b.db").exit_code == 0
    reports = [
        json.loads(run("report", "--since", "2026-10-01", "--json", "--db", db).stdout)
        for db in ("a.db", "b.db")
    ]
    assert reports[0]["metrics"] == reports[1]["metrics"]


def test_only_the_calls_of_a_repository_and_some_days_are_brought() -> None:
    make_lake(awkward_calls(400))
    chosen = ("--repo", "X/Y", "--since", "2026-10-02", "--until", "2026-10-03")
    run("lake", "import", "--from", "lake", "--calls", "--db", "b.db", *chosen)
    with ProdLensStore("b.db") as store:
        calls = store.fetch_sessions()
    assert len(calls) > 5
    assert {(call["repo_slug"], call["event_date"]) for call in calls} == {("x/y", "2026-10-02")}


def test_a_lake_in_an_object_store_works_like_a_folder(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_server(monkeypatch, server)
    make_lake(awkward_calls(200))
    with ProdLensStore("a.db") as store:
        ParquetExporter("s3://lake/some/prefix").export_sessions_by_date(store)
    for place in ("lake", "s3://lake/some/prefix"):
        assert run("lake", "aggregate", "--from", place).exit_code == 0
    for name in ROLLUPS:
        assert alike(name, in_lake(name, "s3://lake/some/prefix"), in_lake(name)), name
    result = run("lake", "import", "--from", "s3://lake/some/prefix", "--db", "b.db")
    assert (result.exit_code, result.stdout[:8]) == (0, "✓ 5 days")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("aggregate", "--from", "nowhere"), "nowhere holds no lake"),
        (("import", "--from", "nowhere"), "nowhere has no rollups"),
        (("aggregate", "--from", "ftp://host/lake"), "ftp:// is no place"),
        (("aggregate", "--from", "x", "--master", "local"), "--engine spark only"),
        (("import", "--repo", "a/b"), "--repo is about --calls only"),
        (("import", "--calls", "--repo", "../x"), "is no repository"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(arguments: tuple[str, ...], said: str) -> None:
    result = run("lake", *arguments)
    assert (result.exit_code in {1, 2}, said in result.stderr) == (True, True)
    assert list(Path().iterdir()) in ([], [Path(".prod-lens")])


def test_there_is_no_other_engine() -> None:
    with pytest.raises(InputError, match="use one of duckdb, spark"):
        opened("pandas")


def test_a_damaged_file_is_named() -> None:
    make_lake(awkward_calls(20))
    next(Path("lake").glob("a-b-c/*.parquet")).write_bytes(b"PAR1 no parquet PAR1")
    result = run("lake", "aggregate", "--from", "lake")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: DuckDB can't read the lake: ")
