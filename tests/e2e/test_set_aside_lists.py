"""The list beside the database that shows what of a file is set aside, and what a kill leaves of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from prodlens.errors import StoreBusyError
from prodlens.storage import ProdLensStore
from prodlens.storage.connection import transaction
from prodlens.trace_ingestion import IngestOptions, TraceIngestor, mirror

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BAD = b"{cut off\n"
GOOD = b'{"timestamp": "2026-09-01T12:00:00Z", "trace_id": "a", "usage": {"input_tokens": 1}}\n'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ProdLensStore]:
    with ProdLensStore(tmp_path / "cache.db") as opened:
        yield opened


def ingest(store: ProdLensStore, tmp_path: Path) -> None:
    TraceIngestor(store, dead_letter_dir=tmp_path / "dead").ingest(
        [str(tmp_path / "calls.jsonl")], IngestOptions()
    )


def left(tmp_path: Path) -> dict[str, int]:
    """Return the files of the folder, and how many lines each has."""
    return {
        path.suffix: len(path.read_bytes().splitlines()) for path in (tmp_path / "dead").iterdir()
    }


def kill_while_the_list_is_written(store: ProdLensStore, tmp_path: Path) -> Path:
    """Read a file with a bad line, and leave its list as a kill does; return where it stands."""
    (tmp_path / "calls.jsonl").write_bytes(GOOD + BAD)
    ingest(store, tmp_path)
    (shown,) = (tmp_path / "dead").iterdir()
    shown.rename(shown.with_name(shown.name + ".partial"))
    return shown


def test_what_a_killed_run_left_of_a_list_is_written_anew(
    store: ProdLensStore, tmp_path: Path
) -> None:
    shown = kill_while_the_list_is_written(store, tmp_path)
    ingest(store, tmp_path)
    assert left(tmp_path) == {".jsonl": 1}
    assert json.loads(shown.read_bytes())["byte_offset"] == len(GOOD)


def test_nothing_is_left_of_a_list_when_the_file_has_become_good(
    store: ProdLensStore, tmp_path: Path
) -> None:
    kill_while_the_list_is_written(store, tmp_path)
    (tmp_path / "calls.jsonl").write_bytes(GOOD)
    ingest(store, tmp_path)
    assert left(tmp_path) == {}


def test_lists_are_written_one_after_the_other(store: ProdLensStore, tmp_path: Path) -> None:
    (tmp_path / "calls.jsonl").write_bytes(GOOD + BAD)
    ingest(store, tmp_path)
    (shown,) = (tmp_path / "dead").iterdir()
    shown.unlink()
    name = str((tmp_path / "calls.jsonl").resolve())
    with ProdLensStore(store.path) as other:
        other.conn.execute("pragma busy_timeout = 0")
        with transaction(store.conn), pytest.raises(StoreBusyError):
            mirror.write(other, tmp_path / "dead", name)
        assert left(tmp_path) == {}
        mirror.write(other, tmp_path / "dead", name)
    assert left(tmp_path) == {".jsonl": 1}
