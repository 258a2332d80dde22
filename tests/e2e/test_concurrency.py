"""Several processes write at once: no error reaches the user, and the table is the union."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from prodlens.demo.litellm_log import invent_calls, lines
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from pathlib import Path


def test_four_processes_on_a_new_database_end_in_the_union(tmp_path: Path) -> None:
    records = list(lines(invent_calls(400, seed=5)))
    logs = []
    for number in range(4):
        log = tmp_path / f"{number}.jsonl"
        log.write_bytes(b"".join(records[number * 80 : number * 80 + 160]))
        logs.append(log)
    db = tmp_path / "out" / "cache.db"
    running = [
        subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "prodlens.cli", "ingest-traces", str(log), "--db", str(db)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
        )
        for log in logs
    ]
    ended = [(process.communicate(timeout=120)[1], process.returncode) for process in running]
    assert [(code, notes.decode()) for notes, code in ended if code] == []
    with ProdLensStore(db) as store:
        assert len(store.fetch_sessions()) == 400
