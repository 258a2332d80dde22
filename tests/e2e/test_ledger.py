"""An unchanged file costs a hash, a grown one its new part, a rewritten one is read anew."""

from __future__ import annotations

import gzip
import json
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.storage import ProdLensStore, ledger
from prodlens.trace_ingestion import IngestOptions, TraceIngestor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prodlens.trace_ingestion import FileReport

SEP_2 = datetime(2026, 9, 2, tzinfo=UTC)


def record(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"r{number}",
        "timestamp": f"2026-09-{1 + number // 10 % 28:02d}T12:00:{number % 60:02d}Z",
        "usage": {"input_tokens": 100 + number, "output_tokens": 5},
        "attributes": {"llm.model_name": "gpt-4o"},
        "metadata": {"session_id": "s"},
        **more,
    }


def line(number: int, **more: Any) -> str:
    return json.dumps(record(number, **more)) + "\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def read(store: ProdLensStore, path: Path, **options: Any) -> FileReport:
    ingestor = TraceIngestor(store, dead_letter_dir=path.parent / "dead")
    return ingestor.ingest([str(path)], IngestOptions(**options))[0]


def count(store: ProdLensStore) -> int:
    return int(store.conn.execute("select count(*) from sessions").fetchone()[0])


def progress(store: ProdLensStore, path: Path) -> ledger.FileProgress:
    entry = ledger.find(store.conn, str(path.resolve()))
    assert entry is not None
    return entry.progress


def dump(store: ProdLensStore) -> list[str]:
    return list(store.conn.iterdump())


def test_an_unchanged_file_changes_no_byte(store: ProdLensStore, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("".join(line(n) for n in range(5)))
    assert read(store, log).added == 5
    before = dump(store)
    again = read(store, log)
    assert (again.unchanged, again.calls) == (True, 0)
    assert dump(store) == before


def test_a_grown_file_is_read_from_where_it_ended(store: ProdLensStore, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("".join(line(n) for n in range(5)))
    read(store, log)
    with log.open("a") as stream:
        stream.write(line(5))
    report = read(store, log)
    assert (report.added, report.known) == (1, 0)
    assert progress(store, log).size == log.stat().st_size


def test_a_half_written_last_line_is_read_when_it_is_whole(
    store: ProdLensStore, tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    whole = line(1)
    log.write_text(line(0) + whole[:40])
    first = read(store, log)
    assert (first.added, dict(first.set_aside)) == (1, {"cut off": 1})
    assert read(store, log).calls == 0
    log.write_text(line(0) + whole)
    second = read(store, log)
    assert (second.added, second.set_aside.total()) == (1, 0)
    assert [row["status"] for row in ledger.letters(store.conn, None)] == ["resolved"]


def test_a_rewritten_file_is_read_anew(store: ProdLensStore, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("".join(line(n) for n in range(5)))
    read(store, log)
    log.write_text("".join(line(n) for n in range(10, 17)))
    assert read(store, log).added == 7
    assert count(store) == 12


def test_a_letter_of_a_record_that_the_file_lost_is_gone(
    store: ProdLensStore, tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("{broken\n" + line(0))
    assert dict(read(store, log).set_aside) == {"not JSON": 1}
    assert len(list((tmp_path / "dead").iterdir())) == 1
    log.write_text(line(1) + line(2))
    read(store, log)
    assert [row["status"] for row in ledger.letters(store.conn, None)] == ["gone"]
    assert list((tmp_path / "dead").iterdir()) == []


def test_other_options_read_the_file_again(store: ProdLensStore, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(line(0))
    read(store, log)
    assert read(store, log, repo_slug="acme/widgets").changed == 1
    assert store.fetch_sessions()[0]["repo_slug"] == "acme/widgets"


def test_a_filtered_run_moves_no_ledger(store: ProdLensStore, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("".join(line(n) for n in range(20)))
    filtered = read(store, log, since=SEP_2)
    assert (filtered.added, filtered.skipped["before --since"]) == (10, 10)
    assert store.get_last_checkpoint("trace_ingestion") is None
    assert read(store, log).added == 10


def test_a_dry_run_counts_and_writes_nothing(store: ProdLensStore, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("".join(line(n) for n in range(3)) + line(2) + "{broken\n")
    before = dump(store)
    report = read(store, log, dry_run=True)
    assert (report.added, report.known, report.set_aside.total()) == (3, 1, 1)
    assert dump(store) == before
    assert not (tmp_path / "dead").exists()


def test_a_finished_run_sets_its_checkpoint(store: ProdLensStore, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(line(0))
    started = datetime(2026, 11, 1, 8, tzinfo=UTC)
    ingestor = TraceIngestor(store, dead_letter_dir=tmp_path, now=lambda: started)
    assert ingestor.ingest_file(log) == 1
    assert store.get_last_checkpoint("trace_ingestion") == started


def test_compressed_files_are_read_whole_and_known_again(
    store: ProdLensStore, tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl.gz"
    log.write_bytes(gzip.compress("".join(line(n) for n in range(4)).encode()))
    assert read(store, log).added == 4
    assert read(store, log).unchanged
    log.write_bytes(gzip.compress("".join(line(n) for n in range(6)).encode()))
    report = read(store, log)
    assert (report.added, report.known) == (2, 4)


def test_a_cut_gzip_file_gives_what_it_holds(store: ProdLensStore, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl.gz"
    text = "".join(line(n, metadata={"session_id": str(n * 7919)}) for n in range(3000)).encode()
    log.write_bytes(gzip.compress(text)[:-2000])
    report = read(store, log)
    assert report.added > 100
    assert report.set_aside.total() == 1


def test_two_stores_of_two_file_orders_are_equal(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_text("".join(line(n) for n in range(6)))
    second.write_text("".join(line(n) for n in range(3, 9)))
    tables = []
    for order in ([first, second], [second, first]):
        with ProdLensStore(tmp_path / f"{order[0].name}.db") as store:
            for path in order:
                read(store, path)
            tables.append([row["trace_hash"] for row in store.fetch_sessions()])
    assert tables[0] == tables[1]
    assert len(tables[0]) == 9


def test_a_full_database_stops_with_a_sentence_and_keeps_what_it_had(tmp_path: Path) -> None:
    from prodlens.errors import StoreFullError

    log = tmp_path / "log.jsonl"
    log.write_text("".join(line(n) for n in range(4000)))
    with ProdLensStore(tmp_path / "cache.db") as store:
        pages = store.conn.execute("pragma page_count").fetchone()[0]
        store.conn.execute(f"pragma max_page_count = {pages + 20}")
        with pytest.raises(StoreFullError, match="no space left"):
            read(store, log)
        assert count(store) == 0
        store.conn.execute("pragma max_page_count = 1000000")
        assert read(store, log).added == 4000


def test_a_database_locked_by_another_process_waits(tmp_path: Path) -> None:
    """The busy timeout is what several writers need; a shorter one shows the sentence."""
    from prodlens.errors import StoreBusyError

    log = tmp_path / "log.jsonl"
    log.write_text(line(0))
    with ProdLensStore(tmp_path / "cache.db") as store:
        blocker = sqlite3.connect(tmp_path / "cache.db", isolation_level=None)
        blocker.execute("begin immediate")
        store.conn.execute("pragma busy_timeout = 10")
        with pytest.raises(StoreBusyError, match="locked by another process"):
            read(store, log)
        blocker.execute("rollback")
        blocker.close()
        assert read(store, log).added == 1


def test_a_list_of_what_was_set_aside_comes_back_with_an_unchanged_file(
    store: ProdLensStore, tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(line(1) + "no record\n")
    read(store, log)
    (written,) = (tmp_path / "dead").iterdir()
    said = written.read_text()
    written.unlink()  # as when a run is killed between the last commit and the list
    assert read(store, log).unchanged
    assert written.read_text() == said
