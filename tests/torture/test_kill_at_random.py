"""Killed at random moments and run again, every kind of work ends as an undisturbed run does.

Real processes are killed from outside, wherever they are: between two commits, inside one, while a
file is written. `PRODLENS_KILLS` sets the number of kills of each kind (200 in `just torture`).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow.parquet as pq
import pytest

from prodlens.aggregation import DailyAggregator, ParquetExporter
from prodlens.demo.litellm_log import invent_calls, lines
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import IngestOptions, TraceIngestor
from torture import kill_at_random

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.slow, pytest.mark.torture]

SCRIPT = Path(kill_at_random.__file__)
KILLS = int(os.environ.get("PRODLENS_KILLS", "3"))
IN_A_ROW = 5
"""Kills of one store before it is brought to its end and compared."""
LONGEST_S = 60.0
NOT_COMPARED = {"etl_runs", "schema_migrations", "sqlite_sequence"}
UNSTABLE = {"id", "source_file", "created_at", "first_seen", "last_read", "started_at"}
"""Row ids and times of the clock."""
CALLS, BAD = 2000, 3


class Kind(NamedTuple):
    """One kind of work.

    Attributes:
        work: What the process is told.
        processes: How many it may use.
        begins: The folder it begins with.
        between: Checks what a kill has left.
    """

    work: str
    processes: int
    begins: str
    between: Callable[[Path, Path], None]


def content(folder: Path) -> dict[str, list[str]]:
    """Return every table, without row ids and times of the clock; calls by their hash."""
    found = {}
    with ProdLensStore(folder / "cache.db") as store:
        conn = store.conn
        assert conn.execute("pragma integrity_check").fetchone()[0] == "ok"
        names = dict(conn.execute("select id, trace_hash from sessions").fetchall())
        tables = conn.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (table,) in tables:
            rows = conn.execute(f"select * from {table}")  # noqa: S608 - names of the store's own
            found[table] = sorted(_plain(dict(row), names) for row in rows)
    return {name: rows for name, rows in found.items() if name not in NOT_COMPARED}


def _plain(row: dict[str, Any], names: dict[int, str]) -> str:
    if "call_id" in row:
        row["call_id"] = names[row["call_id"]]
    return repr(sorted((name, value) for name, value in row.items() if name not in UNSTABLE))


def rolled_up(folder: Path) -> dict[str, list[str]]:
    """Return every table after the daily ones were brought up to date."""
    with ProdLensStore(folder / "cache.db") as store:
        DailyAggregator(store).write_aggregates()
    return content(folder)


def files(folder: Path) -> dict[str, bytes]:
    lake = folder / "lake"
    return {
        path.relative_to(lake).as_posix(): path.read_bytes()
        for path in ParquetExporter(lake).list_partitions()
    }


def outcome(folder: Path) -> dict[str, Any]:
    """Return all that a folder holds, in a form in which equal work is equal."""
    shown = [json.loads(line) for line in letters(folder)]
    for letter in shown:
        del letter["first_seen"]
    return {
        "tables": rolled_up(folder),
        "letters": shown,
        "files": files(folder),
        "partial": [str(path) for path in folder.rglob("*.partial*") if path.suffix != ".jsonl"],
    }


def letters(folder: Path) -> list[str]:
    mirrors = sorted((folder / "dead").glob("*.jsonl"))
    return [line for path in mirrors for line in path.read_text("utf-8").splitlines()]


# What a kill may leave ----------------------------------------------------------------------------


def no_half_call(folder: Path, whole: Path) -> None:
    """Of what is stored nothing is cut: each call is one of the undisturbed run's."""
    expected = set(content(whole)["sessions"])
    found = content(folder)["sessions"]
    assert len(set(found)) == len(found)
    assert set(found) <= expected
    assert all(json.loads(line)["reason"] for line in letters(folder))


def no_stale_day_unmarked(folder: Path, whole: Path) -> None:
    """The daily row of a day that is not marked as stale is right."""

    def days(of: Path) -> tuple[dict[str, Any], set[str]]:
        with ProdLensStore(of / "cache.db") as store:
            stale = {row[0] for row in store.conn.execute("select event_date from dirty_days")}
            rows = store.fetch_daily_session_metrics()
        return {
            row["event_date"]: {name: row[name] for name in row if name not in UNSTABLE}
            for row in rows
        }, stale

    expected, none = days(whole)
    found, stale = days(folder)
    assert none == set()
    assert {day: row for day, row in found.items() if day not in stale} == {
        day: row for day, row in expected.items() if day not in stale
    }


def no_half_file(folder: Path, whole: Path) -> None:
    """Every Parquet file says what it said before, or what it shall say."""
    old, new = files(folder.parent / "exported"), files(whole)
    for name, data in files(folder).items():
        assert data in (old.get(name), new.get(name)), name
        assert pq.read_metadata(folder / "lake" / name).num_rows > 0
    json.loads((folder / "lake" / "_manifest.json").read_text("utf-8"))


KINDS = {
    "ingestion": Kind("ingest", 1, "empty", no_half_call),
    "ingestion_by_two": Kind("ingest", 2, "empty", no_half_call),
    "aggregation": Kind("aggregate", 1, "stale", no_stale_day_unmarked),
    "export": Kind("export", 1, "exported", no_half_file),
}


# Processes ----------------------------------------------------------------------------------------


class Attempt(NamedTuple):
    """How one process ended, and how many seconds it worked."""

    killed: bool
    seconds: float


def attempt(kind: Kind, folder: Path, logs: list[Path], after: float, whom: str) -> Attempt:
    """Run the work and kill it when it has worked so many seconds.

    Args:
        kind: The work.
        folder: Its folder.
        logs: Files to ingest.
        after: Seconds; infinite to let it end.
        whom: `all` of its processes, the `first` one alone, or a `worker` alone.
    """
    command = [sys.executable, str(SCRIPT), kind.work, str(folder), str(kind.processes)]
    with subprocess.Popen(  # noqa: S603 - our own script
        [*command, *map(str, logs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        started = time.monotonic()
        struck = False
        try:
            process.wait(min(after, LONGEST_S))
        except subprocess.TimeoutExpired:
            struck = kill(process.pid, whom)
        seconds = time.monotonic() - started
        # The pipes end when the last of its processes has ended, also one that it has left behind.
        said = process.communicate(timeout=LONGEST_S)[1].decode()
    killed = process.returncode != 0
    assert struck or not killed, said
    assert "Traceback" not in said or whom == "worker", said
    return Attempt(killed, seconds)


def kill(pid: int, whom: str) -> bool:
    """Kill and return whether anything was there to be killed."""
    workers = _children(pid)
    with suppress(ProcessLookupError):
        if whom == "all":
            os.killpg(pid, signal.SIGKILL)
        elif whom == "worker" and workers:
            os.kill(workers[-1], signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
        return True
    return False


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(one) for one in text.split()]


# The tests ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return two files that share calls, with records in them that can't be read."""
    folder = tmp_path_factory.mktemp("logs")
    calls = invent_calls(CALLS, seed=5, days=10, developers=8, repositories=4)
    records = list(lines(calls))
    records[CALLS // 3] = records[CALLS // 3][:200] + b"\n"
    records[CALLS // 2] = b'{"id": 1, "kind": "unknown"}\n'
    records[-7] = records[-7].replace(b'"startTime":', b'"began":')
    first, second = folder / "a.jsonl", folder / "b.jsonl"
    first.write_bytes(b"".join(records[: CALLS // 3 + 100]))
    second.write_bytes(b"".join(records[CALLS // 3 + 1 :]))
    return [first, second]


@pytest.fixture(scope="module")
def beginnings(tmp_path_factory: pytest.TempPathFactory, logs: list[Path]) -> Path:
    """Return a folder with what each kind of work begins with."""
    root = tmp_path_factory.mktemp("beginnings")
    empty, stale, exported = root / "empty", root / "stale", root / "exported"
    empty.mkdir()
    with ProdLensStore(empty / "cache.db"):
        pass
    shutil.copytree(empty, stale)
    _ingest_and_aggregate(stale, logs[:1])
    shutil.copytree(stale, exported)
    kill_at_random.export(exported, 1, [])
    for folder in (stale, exported):
        _ingest(folder, logs[1:])
    _aggregate_after_losing_a_day(exported)
    return root


def _ingest(folder: Path, files: list[Path]) -> None:
    with ProdLensStore(folder / "cache.db") as store:
        TraceIngestor(store, dead_letter_dir=folder / "dead").ingest(
            map(str, files), IngestOptions()
        )


def _ingest_and_aggregate(folder: Path, files: list[Path]) -> None:
    _ingest(folder, files)
    kill_at_random.aggregate(folder, 1, [])


def _aggregate_after_losing_a_day(folder: Path) -> None:
    """Bring the daily tables up to date after the first day has lost all of its calls."""
    with ProdLensStore(folder / "cache.db") as store, store.transaction() as conn:
        conn.execute(
            "delete from sessions where event_date = (select min(event_date) from sessions)"
        )
    with ProdLensStore(folder / "cache.db") as store:
        DailyAggregator(store).write_aggregates(force=True)


@pytest.mark.parametrize("name", KINDS)
def test_killed_at_random_and_run_again_ends_as_an_undisturbed_run(
    name: str, logs: list[Path], beginnings: Path, tmp_path: Path
) -> None:
    kind = KINDS[name]
    whole = tmp_path / "whole"
    shutil.copytree(beginnings / kind.begins, whole)
    shutil.copytree(beginnings / "exported", tmp_path / "exported")
    usual = attempt(kind, whole, logs, float("inf"), "all").seconds
    expected = outcome(whole)
    assert len(expected["tables"]["sessions"]) >= CALLS - CALLS // 10 - BAD  # a day is taken away
    dice = random.Random(f"kill {name}")  # noqa: S311 - repeatable dice
    killed = rounds = 0
    while killed < KILLS:
        folder = tmp_path / f"round-{rounds}"
        shutil.copytree(beginnings / kind.begins, folder)
        rounds += 1
        for _ in range(min(IN_A_ROW, KILLS - killed)):
            whom = dice.choice(("all", "first", "worker")) if kind.processes > 1 else "all"
            one = attempt(kind, folder, logs, dice.random() * usual, whom)
            if not one.killed:
                usual = min(usual, one.seconds)  # or it might never be met
                break
            killed += 1
            kind.between(folder, whole)
        assert not attempt(kind, folder, logs, float("inf"), "all").killed
        assert outcome(folder) == expected
        shutil.rmtree(folder)


def test_the_kinds_of_work_have_something_to_do(beginnings: Path) -> None:
    assert content(beginnings / "empty")["sessions"] == []
    assert len(content(beginnings / "stale")["dirty_days"]) >= 5
    assert content(beginnings / "exported")["dirty_days"] == []
    old = files(beginnings / "exported")
    assert len(old) >= 15
