"""Ingestion with real helping processes: the same rows, and clear words when one is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prodlens.errors import StoreError
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import IngestOptions, TraceIngestor, many, parts, workers
from prodlens.trace_ingestion.messages import ReadFile, Setting

DATA = Path(__file__).parents[1] / "data" / "litellm" / "standard_logging_payload.jsonl"
ROWS = """
select trace_hash, model, tokens_in, tokens_out, cost_nanos, session_id, source_line
from sessions order by 1
"""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "MANY_BYTES", 2000)
    monkeypatch.setattr(parts, "PART_BYTES", 20_000)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Write 200 calls, each with an id of its own and a line that is none among them."""
    shapes = [json.loads(line) for line in DATA.read_bytes().splitlines()]
    shape = next(record for record in shapes if record["status"] == "success")
    shape |= {"cache_hit": False, "hidden_params": {}}
    with (tmp_path / "log.jsonl").open("w", encoding="utf-8") as stream:
        for number in range(200):
            own = {"id": f"msg_{number:024}", "litellm_call_id": f"call-{number}"}
            stream.write(json.dumps(shape | own) + "\n")
            if number == 100:
                stream.write("this is no record\n")
    return tmp_path / "log.jsonl"


def rows(store: ProdLensStore) -> list[tuple[object, ...]]:
    return [tuple(row) for row in store.conn.execute(ROWS)]


def test_two_processes_store_what_one_does(tmp_path: Path, log: Path) -> None:
    seen: list[int] = []
    found = []
    for processes in (1, 2):
        with ProdLensStore(tmp_path / f"{processes}.db") as store:
            ingestor = TraceIngestor(store, dead_letter_dir=tmp_path / "dead", processes=processes)
            reports = ingestor.ingest(
                [str(log)], IngestOptions(), on_progress=lambda _, done: seen.append(done)
            )
            again = ingestor.ingest([str(log)], IngestOptions())
            found.append((reports[0].as_json(), rows(store), again[0].unchanged))
    assert found[0] == found[1]
    assert (found[1][0]["added"], found[1][0]["set_aside"]) == (200, {"not JSON": 1})
    assert found[1][2] is True
    assert seen == sorted(seen)
    assert seen[-1] == log.stat().st_size


def test_several_files_are_shared_between_two_processes(tmp_path: Path, log: Path) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    monthly = []
    for month in range(5):
        path = tmp_path / f"{month}.json"
        path.write_bytes(b"[" + b",".join(lines[20 * month : 20 * month + 20]) + b"]")
        monthly.append(str(path))
    with ProdLensStore(tmp_path / "cache.db") as store:
        ingestor = TraceIngestor(store, dead_letter_dir=tmp_path / "dead", processes=2)
        reports = ingestor.ingest([*monthly, str(tmp_path / "none.json")], IngestOptions())
        assert len(rows(store)) == 100
    assert [report.added for report in reports] == [20, 20, 20, 20, 20, 0]
    assert "does not exist" in str(reports[-1].problem)


def test_a_process_that_is_lost_is_told_of_and_nothing_is_half_stored(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    with ProdLensStore(tmp_path / "cache.db") as store:
        ingestor = TraceIngestor(store, dead_letter_dir=tmp_path / "dead", processes=2)
        with monkeypatch.context() as patch:
            patch.setattr(workers, "start_process", lost)
            with pytest.raises(StoreError, match=r"ended with code -9: run the same command again"):
                ingestor.ingest([str(log)], IngestOptions())
        assert rows(store) == []
        assert ingestor.ingest([str(log)], IngestOptions())[0].added == 200


def test_what_keeps_a_process_from_the_store_is_said(tmp_path: Path, log: Path) -> None:
    with ProdLensStore(tmp_path / "cache.db") as store:
        ingestor = TraceIngestor(store, dead_letter_dir=tmp_path / "dead", processes=2)
        store.path = tmp_path  # the processes open the path anew
        with pytest.raises(StoreError, match="is a folder"):
            ingestor.ingest([str(log)], IngestOptions())


def test_a_file_that_vanishes_keeps_no_other_from_being_read(tmp_path: Path, log: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_bytes(log.read_bytes().replace(b"msg_0", b"msg_9").replace(b"call-", b"own-"))

    def vanish(_path: str, _done: int) -> None:
        log.unlink(missing_ok=True)

    with ProdLensStore(tmp_path / "cache.db") as store:
        ingestor = TraceIngestor(store, dead_letter_dir=tmp_path / "dead", processes=2)
        reports = ingestor.ingest([str(log), str(other)], IngestOptions(), on_progress=vanish)
    assert "does not exist" in str(reports[0].problem)
    assert reports[1].problem is None
    assert reports[1].added == 200


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal masks")
def test_ctrl_c_reaches_no_helping_process_while_it_starts() -> None:
    process = workers.start_process()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_the_reason_of_a_process_that_has_ended_is_heard(tmp_path: Path) -> None:
    program = """
import sys
from prodlens.errors import StoreError
from prodlens.trace_ingestion.messages import Failed, receive, send
receive(sys.stdin.buffer)
send(sys.stdout.buffer, Failed(StoreError("There is no space left.")))
"""
    process = subprocess.Popen(  # noqa: S603 - this Python
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    setting = Setting(
        database=tmp_path / "cache.db",
        dead_letter_dir=tmp_path,
        prices=None,
        max_record_bytes=1 << 20,
        now=datetime(2026, 11, 23, tzinfo=UTC),
    )
    helper = workers.Helper(setting, process)
    process.wait()
    with pytest.raises(StoreError, match="no space left"):
        helper.send(ReadFile("log.jsonl", IngestOptions()))
    helper.stop()
