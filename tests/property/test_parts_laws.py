"""Parts, processes and their order never change what is stored of a file."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import IngestOptions, TraceIngestor, ingestor, many, parts, workers
from prodlens.trace_ingestion.digests import FileDigest
from prodlens.trace_ingestion.many import Helping, ManyFiles
from prodlens.trace_ingestion.messages import Setting, receive, send
from prodlens.trace_ingestion.worker import Worker

if TYPE_CHECKING:
    import subprocess

    from prodlens.trace_ingestion import FileReport

NOW = datetime(2026, 11, 23, tzinfo=UTC)
DATA = Path(__file__).parents[1] / "data"
PASSING = {"last_read", "first_seen", "applied_at"}
ANY_OF_EQUALS = {"id", "content", "record", "source_file", "source_offset", "source_line"}
"""Of equal records in one file, any one may stand for them, with its own spelling of the keys."""
CALLS = {"sessions", "observations", "suggestions", "dead_letters"}
LITELLM = (DATA / "litellm" / "standard_logging_payload.jsonl").read_bytes().splitlines()
ROLLOUT = next(DATA.glob("codex/*.jsonl")).read_bytes().splitlines()[:4]


class ThreadAsProcess:
    """Stands for a helping process: the same worker behind real pipes, in a thread."""

    def __init__(self) -> None:
        there, self_end = os.pipe()
        back, other_end = os.pipe()
        self.stdin, self.stdout = os.fdopen(self_end, "wb"), os.fdopen(back, "rb")
        self._pipes = (os.fdopen(there, "rb"), os.fdopen(other_end, "wb"))
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        source, target = self._pipes
        with source, target:
            try:
                Worker(source, target).run()
            except EOFError:
                return

    def wait(self, _timeout: float | None = None) -> int:
        self._thread.join()
        return 0


def start() -> subprocess.Popen[bytes]:
    return cast("subprocess.Popen[bytes]", ThreadAsProcess())


def tables(database: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with sqlite3.connect(database) as conn:
        for (table,) in conn.execute("select name from sqlite_master where type = 'table'"):
            columns = {str(row[1]) for row in conn.execute(f"pragma table_info({table})")}
            left_out = PASSING | (ANY_OF_EQUALS if table in CALLS else set())
            told = sorted(columns - left_out - {"call_id"})
            if "call_id" in columns:
                told.append("(select trace_hash from sessions s where s.id = call_id)")
            rows = conn.execute(f"select {', '.join(told)} from {table}")  # noqa: S608 - our own
            found[table] = sorted(map(repr, rows))
    conn.close()
    return found


def ingest(folder: Path, log: Path, processes: int, *, before: bytes = b"") -> tuple[Any, Any]:
    """Read a file, after its beginning alone when there is one, into a new store."""
    database = folder / f"{processes}.db"
    with ProdLensStore(database) as store:
        reading = TraceIngestor(store, dead_letter_dir=folder / "dead", now=lambda: NOW)
        setting = Setting(
            database=database,
            dead_letter_dir=folder / "dead",
            prices=None,
            max_record_bytes=1 << 16,
            now=NOW,
        )
        whole = log.read_bytes()
        if before:
            log.write_bytes(before)
            reading.ingest([str(log)], IngestOptions())
            log.write_bytes(whole)
        helping = Helping(setting, processes, start)
        reports = ManyFiles(reading, helping).read([str(log)], IngestOptions(), None)
    database_tables = tables(database)
    for table in ("etl_runs", "parquet_changes"):  # when it was, and dice
        database_tables.pop(table)
    return reports[0], database_tables


def counted(report: FileReport) -> tuple[Any, ...]:
    """Return what a report counts; whether a repeat changed a row depends on what stood with it."""
    rest = (report.set_aside, report.skipped, report.noted, report.formats, report.unpriced)
    return report.added, report.calls, *rest


def line(number: int) -> bytes:
    """Return a record with an id of its own, from few shapes; equal numbers are equal records."""
    record = json.loads(LITELLM[number % len(LITELLM)])
    for name in ("messages", "response", "proxy_server_request", "model_map_information"):
        record.pop(name, None)
    record |= {"litellm_call_id": f"call-{number}", "trace_id": f"trace-{number % 5}"}
    return json.dumps(record).encode()


def own(number: int) -> bytes:
    """Return a record of a call that no other number has."""
    record = json.loads(line(1)) | {"id": f"msg_{number:024}", "litellm_call_id": f"own-{number}"}
    return json.dumps(record).encode()


PRETTY = json.dumps(json.loads(line(1)), indent=1).encode()
ODD = [
    b"",
    b"  ",
    b"[" + line(2) + b",",
    line(3) + b",",
    line(4) + b"]",
    b"]",
    PRETTY,
    line(5)[:-9],
    line(6)[: line(6).index(b"{", 1) + 1],
    b'{"a": [',
    b"\xff\xfe{}",
    b"not json",
    b"\0\0\0",
    b'{"timestamp": "2024-10-28T12:00:00Z"}',
    b"[" + line(7) + b"]",
    *ROLLOUT,
]
LINES = st.integers(0, 40)
FILES = st.lists(
    st.one_of(LINES, LINES, LINES, st.integers(-len(ODD), -1)), min_size=4, max_size=30
)
"""Numbers of lines; negative ones stand in `ODD`."""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "MANY_BYTES", 2000)
    monkeypatch.setattr(parts, "PART_BYTES", 3000)


@settings(max_examples=int(os.environ.get("PRODLENS_PARTS_EXAMPLES", "15")), deadline=None)
@given(FILES, st.integers(2, 3), st.integers(0, 29), st.booleans())
def test_parts_processes_and_order_change_nothing(
    numbers: list[int], processes: int, cut: int, ends: bool
) -> None:
    lines = [line(number) if number >= 0 else ODD[number] for number in numbers]
    with TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "log.jsonl"
        log.write_bytes(b"\n".join([line(41), *lines]) + (b"\n" if ends else b""))
        before = log.read_bytes()[: cut * 100] if cut % 2 else b""
        one, alone = ingest(folder, log, 1, before=before)
        several, together = ingest(folder, log, processes, before=before)
    assert together == alone
    assert counted(several) == counted(one)


def test_a_long_file_is_read_in_parts_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(own(number) + b"\n" for number in range(40)))
    seen: list[parts.Part] = []
    take = parts.Parts.take

    def noted(self: parts.Parts) -> parts.Part | None:
        part = take(self)
        seen.extend([part] if part else [])
        return part

    monkeypatch.setattr(parts.Parts, "take", noted)
    report, _ = ingest(tmp_path, log, 2)
    assert (report.added, report.known) == (40, 0)
    starts = [part.start for part in sorted(seen, key=lambda part: part.number)]
    lines = log.read_bytes().splitlines(keepends=True)
    assert len(starts) > 10
    assert set(starts) <= {sum(map(len, lines[:count])) for count in range(40)}
    assert [part.line for part in seen if part.start == 0] == [1]


def test_many_short_files_are_shared_out(tmp_path: Path) -> None:
    for number in range(6):
        log = tmp_path / f"{number}.jsonl"
        log.write_bytes(b"".join(own(5 * number + at) + b"\n" for at in range(5)))
    named = [str(tmp_path / f"{number}.jsonl") for number in range(6)]
    found: list[list[FileReport]] = []
    for processes in (1, 2):
        database = tmp_path / f"{processes}.db"
        with ProdLensStore(database) as store:
            reading = TraceIngestor(store, dead_letter_dir=tmp_path / "dead", now=lambda: NOW)
            setting = Setting(
                database=database,
                dead_letter_dir=tmp_path / "dead",
                prices=None,
                max_record_bytes=1 << 16,
                now=NOW,
            )
            helping = Helping(setting, processes, start)
            found.append(ManyFiles(reading, helping).read(named, IngestOptions(), None))
            rows = store.conn.execute("select count(*) from sessions").fetchone()
            assert rows[0] == 30
    alone, together = ([report.as_json() for report in reports] for reports in found)
    assert together == alone
    assert [report.added for report in found[1]] == [5] * 6


def test_what_an_earlier_run_noted_for_later_records_holds_for_the_rest(tmp_path: Path) -> None:
    chat = next(DATA.glob("gemini/*.jsonl")).read_bytes().splitlines()
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"\n".join([*chat, *(own(number) for number in range(12))]) + b"\n")
    _, alone = ingest(tmp_path, log, 1, before=chat[0] + b"\n")
    _, together = ingest(tmp_path, log, 2, before=chat[0] + b"\n")
    for table in ("sessions", "observations", "source_files", "call_scopes"):
        assert together[table] == alone[table]
    assert len(alone["sessions"]) > 12


def test_a_long_stretch_without_a_cut_is_read_by_the_process_that_was_started(
    tmp_path: Path,
) -> None:
    log = tmp_path / "log.jsonl"
    calls = [own(number) for number in range(10)]
    # 64 parts' lengths of lines that are no record: no cut is near them
    log.write_bytes(b"\n".join([*calls, *[b"x" * 999] * 192, *map(own, range(10, 20))]) + b"\n")
    with parts.Parts(str(log), start=0, line=1, digest=FileDigest(str(log))) as found:
        taken = []
        while (part := found.take()) is not None:
            taken.append(part)
        assert found.rest is not None
        assert (found.rest.start, found.rest.end) == (taken[-1].end, log.stat().st_size)
        assert found.take() is None
    one, alone = ingest(tmp_path, log, 1)
    several, together = ingest(tmp_path, log, 2)
    assert together == alone
    assert counted(several) == counted(one)
    assert (several.added, several.set_aside.total()) == (20, 192)


def test_each_part_knows_the_digest_of_the_file_up_to_its_end(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"\n".join(own(number) for number in range(100)) + b"\n")
    data, digest = log.read_bytes(), FileDigest(str(log))
    lines = data.splitlines(keepends=True)
    start = len(lines[0])
    with parts.Parts(str(log), start=start, line=2, digest=digest) as found:
        taken = []
        while (part := found.take()) is not None:
            taken.append(part)
    assert len(taken) > 2
    assert taken[-1].end == len(data)
    assert digest.covered == 0  # whoever reads on begins where parts were stored, not cut
    for part in taken:
        assert part.digest == hashlib.sha256(data[: part.end]).hexdigest()
    log.write_bytes(b"another file")
    for part in taken:
        assert found.stored(part).up_to(part.end) == part.digest
        assert part.line == data[: part.start].count(b"\n") + 1


def test_a_file_that_becomes_another_while_it_is_read_on_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log.jsonl"
    rest = [*map(own, range(200, 400)), *ROLLOUT, *map(own, range(400, 600))]
    before, after = (
        b"\n".join([*map(own, range(first, first + 20)), *rest]) + b"\n" for first in (100, 600)
    )
    assert len(before) == len(after)
    log.write_bytes(before)
    monkeypatch.setattr(ingestor, "BATCH_RECORDS", 5)
    reading = workers.Helpers.read_parts
    left: list[parts.Part | None] = []

    def replaced(helpers: workers.Helpers, file: workers.FileInParts, found: parts.Parts) -> Any:
        left.append(reading(helpers, file, found))
        log.write_bytes(after)
        return left[0]

    monkeypatch.setattr(workers.Helpers, "read_parts", replaced)
    first, _ = ingest(tmp_path, log, 2)
    assert left[0] is not None
    assert left[0].number > 0
    monkeypatch.setattr(workers.Helpers, "read_parts", reading)
    again, stored = ingest(tmp_path, log, 2)
    assert (first.unchanged, again.unchanged) == (False, False)
    assert again.added == 20
    assert len(stored["sessions"]) == first.added + 20


def test_what_the_ledger_counts_depends_on_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes((DATA / "phoenix" / "get_spans_dataframe.to_json_default.jsonl").read_bytes())
    found = []
    for batch in (5, 5000):
        monkeypatch.setattr(ingestor, "BATCH_RECORDS", batch)
        _, stored = ingest(tmp_path, log, 1)
        found.append(stored["source_files"])
        (tmp_path / "1.db").unlink()
    assert found[0] == found[1]


def test_a_file_named_by_two_paths_is_given_out_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_out: list[str] = []
    read_files = workers.Helpers.read_files

    def noted(self: workers.Helpers, paths: list[str], *rest: Any) -> None:
        given_out.extend(Path(path).name for path in paths)
        read_files(self, paths, *rest)

    monkeypatch.setattr(workers.Helpers, "read_files", noted)
    log = tmp_path / "log.jsonl"
    (tmp_path / "link.jsonl").symlink_to(log)
    log.write_bytes(b"".join(own(number) + b"\n" for number in range(4)))
    monkeypatch.setattr(many, "MANY_BYTES", log.stat().st_size + 1)
    other = b"".join(own(number) + b"\n" for number in range(4, 8))
    (tmp_path / "other.jsonl").write_bytes(other)
    named = [str(tmp_path / name) for name in ("log.jsonl", "link.jsonl", "other.jsonl")]
    with ProdLensStore(tmp_path / "cache.db") as store:
        reports = TraceIngestor(store, dead_letter_dir=tmp_path / "dead", processes=2).ingest(
            named, IngestOptions()
        )
    assert [report.added for report in reports] == [4, 0, 4]
    assert reports[1].unchanged
    assert given_out == ["log.jsonl", "other.jsonl"]


def test_a_message_that_breaks_off_is_the_end_of_the_other_process() -> None:
    whole = io.BytesIO()
    send(whole, list(range(50)))
    with pytest.raises(EOFError):
        receive(io.BytesIO(whole.getvalue()[:-9]))
