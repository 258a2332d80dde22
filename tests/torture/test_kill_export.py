"""Killed between writing and replacing, an export leaves whole files; the next one ends its work."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from prodlens.aggregation import DailyAggregator, ParquetExporter
from prodlens.storage import ProdLensStore

SCRIPT = Path(__file__).with_name("kill_export.py")


def run(database: Path, folder: Path, number: int) -> int:
    done = subprocess.run(  # noqa: S603 - a script of our own tests
        [sys.executable, str(SCRIPT), str(database), str(folder), str(number)],
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done.returncode


def calls(tokens: int, days: range) -> list[dict[str, Any]]:
    return [
        {
            "timestamp": f"2024-10-{day:02}T12:00:00Z",
            "repo_slug": repo,
            "tokens_in": tokens,
            "native_key": f"message:{tokens}-{repo}-{day}",
        }
        for repo in ("org/repo", "org/other")
        for day in days
    ]


def whole(store: ProdLensStore, folder: Path) -> dict[str, bytes]:
    exporter = ParquetExporter(folder)
    exporter.export_sessions_by_date(store)
    exporter.export_aggregates_by_date(store)
    return files(folder)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in ParquetExporter(folder).list_partitions()
    }


@pytest.mark.parametrize("number", [1, 4, 7, 8])
def test_a_killed_export_leaves_old_or_new_files_and_the_next_one_ends_it(
    tmp_path: Path, number: int
) -> None:
    # Six files of calls come or change, then the manifest, the daily table, the manifest again.
    database, folder = tmp_path / "cache.db", tmp_path / "lake"
    with ProdLensStore(database) as store:
        store.insert_sessions(calls(1, range(1, 4)))
        DailyAggregator(store).write_aggregates()
        old = whole(store, folder)
        assert len(old) == 7
        store.insert_sessions(calls(2, range(3, 6)))
        store.conn.execute("delete from sessions where event_date = '2024-10-01'")
        DailyAggregator(store).write_aggregates()
        new = whole(store, tmp_path / "undisturbed")
        assert len(new) == 9
        assert run(database, folder, number) == -signal.SIGKILL
        assert len(list(folder.rglob("*.partial"))) == 1
        found = files(folder)
        for name, content in found.items():
            assert content in (old.get(name), new.get(name)), name
        replaced = sum(content == new.get(name) != old.get(name) for name, content in found.items())
        assert replaced == min(number - 1, 6)
        assert whole(store, folder) == new
        assert not list(folder.rglob("*.partial"))


def test_two_exports_and_a_writer_at_once_end_as_one_export_does(tmp_path: Path) -> None:
    database, folder = tmp_path / "cache.db", tmp_path / "lake"
    failures: list[BaseException] = []

    def export() -> None:
        try:
            with ProdLensStore(database) as store:
                for _ in range(4):
                    ParquetExporter(folder).export_sessions_by_date(store)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    def write() -> None:
        with ProdLensStore(database) as store:
            for tokens in range(2, 8):
                store.insert_sessions(calls(tokens, range(1, 10)))

    with ProdLensStore(database) as store:
        store.insert_sessions(calls(1, range(1, 10)))
        threads = [threading.Thread(target=target) for target in (export, export, write)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            for path in ParquetExporter(folder).list_partitions():
                assert pq.read_metadata(path).num_rows > 0
        assert failures == []
        assert whole(store, folder) == whole(store, tmp_path / "fresh")
        assert len(files(folder)) == 18
