"""Killed right before or after any commit and run again, ingestion ends as an undisturbed run does.

`PRODLENS_KILLS` sets the number of kills (15 here, 200 in `just torture`).
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from prodlens.demo.litellm_log import invent_calls, lines
from prodlens.storage import ProdLensStore

SCRIPT = Path(__file__).with_name("kill_ingest.py")
KILLS = int(os.environ.get("PRODLENS_KILLS", "15"))
UNSTABLE = {"id", "source_file", "created_at", "first_seen", "last_read", "started_at"}


def run(database: Path, when: str, number: int, files: list[Path]) -> int:
    done = subprocess.run(  # noqa: S603 - our own script
        [
            sys.executable,
            str(SCRIPT),
            str(database),
            str(database.parent / "dead"),
            when,
            str(number),
            *map(str, files),
        ],
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done.returncode


def content(database: Path) -> dict[str, list[str]]:
    """Return every table that ingestion writes, without row ids and times of the clock."""
    found = {}
    with ProdLensStore(database) as store:
        for table in ("sessions", "dirty_days", "dead_letters", "source_files", "trace_links"):
            rows: list[dict[str, Any]] = [
                {k: v for k, v in dict(row).items() if k not in UNSTABLE and k != "call_id"}
                for row in store.conn.execute(f"select * from {table}")  # noqa: S608 - names of this file
            ]
            found[table] = sorted(json.dumps(row, sort_keys=True) for row in rows)
        assert store.conn.execute("pragma integrity_check").fetchone()[0] == "ok"
    return found


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("logs")
    records = list(lines(invent_calls(120, seed=3, developers=4)))
    records[17] = b"{broken\n"
    records[60] = b'{"id": 1, "kind": "unknown"}\n'
    first, second = folder / "a.jsonl", folder / "b.jsonl"
    first.write_bytes(b"".join(records[:80]))
    second.write_bytes(b"".join(records[70:]))
    return [first, second]


def test_killed_and_run_again_ends_as_an_undisturbed_run(logs: list[Path], tmp_path: Path) -> None:
    whole = tmp_path / "whole" / "cache.db"
    assert run(whole, "never", 0, logs) == 0
    expected = content(whole)
    assert len(expected["sessions"]) == 118
    assert len(expected["dead_letters"]) == 2
    dice = random.Random(11)  # noqa: S311 - repeatable dice
    killed = rounds = 0
    while killed < KILLS:
        database = tmp_path / f"round-{rounds}" / "cache.db"
        rounds += 1
        for _ in range(min(5, KILLS - killed)):
            code = run(database, dice.choice(["before", "after"]), dice.randint(1, 9), logs)
            if code == 0:
                break
            assert code == -signal.SIGKILL
            killed += 1
        assert run(database, "never", 0, logs) == 0
        assert content(database) == expected


@pytest.mark.parametrize("commit", [11, 14])
def test_the_list_of_what_was_set_aside_is_there_after_a_kill_behind_its_last_record(
    logs: list[Path], tmp_path: Path, commit: int
) -> None:
    # Commit 11 is behind the last bad record of the first file, and 14 is the file's last one.
    database = tmp_path / "cache.db"
    assert run(database, "after", commit, logs) == -signal.SIGKILL
    assert run(database, "never", 0, logs) == 0
    shown = [path.read_text(encoding="utf-8") for path in (tmp_path / "dead").glob("a.jsonl-*")]
    assert [json.loads(line)["line"] for text in shown for line in text.splitlines()] == [18, 61]
