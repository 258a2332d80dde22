from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from prodlens.errors import InputError, StoreCorruptError, StoreError
from prodlens.storage import ProdLensStore
from prodlens.storage.connection import store_error

RECORD = {
    "session_id": None,
    "developer_id": None,
    "timestamp": "2024-10-28T12:00:00Z",
    "model": "m",
    "tokens_in": 1,
    "tokens_out": 2,
    "latency_ms": None,
    "status_code": None,
    "accepted_flag": None,
}


def test_rows_give_their_values_by_name_and_by_index(tmp_path: Path) -> None:
    with ProdLensStore(str(tmp_path / "cache.db")) as store:
        store.insert_sessions([RECORD])
        row = store.conn.execute("select model, tokens_in from sessions").fetchone()
    assert (row["model"], row[1]) == ("m", 1)


def test_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    with ProdLensStore(tmp_path / "cache.db") as store:
        store.insert_sessions([RECORD])
        modes = {p.name: oct(p.stat().st_mode & 0o777) for p in tmp_path.iterdir()}
    assert modes == dict.fromkeys(["cache.db", "cache.db-wal", "cache.db-shm"], "0o600")


def test_no_method_leaves_a_transaction_open(tmp_path: Path) -> None:
    with ProdLensStore(tmp_path / "cache.db") as store:
        store.insert_sessions([RECORD])
        store.fetch_sessions()
        with pytest.raises(InputError):
            store.insert_sessions([RECORD, {"timestamp": "never"}])
        assert not store.conn.in_transaction
        store.conn.execute("VACUUM")
        assert len(store.fetch_sessions()) == 1


def test_a_read_only_store_reads_and_refuses_to_write(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    with ProdLensStore(path) as store:
        store.insert_sessions([RECORD])
    with ProdLensStore(path, read_only=True) as store:
        assert len(store.fetch_sessions()) == 1
        with pytest.raises(StoreError, match="can't be written"):
            store.insert_sessions([RECORD | {"model": "other"}])


def test_a_read_only_store_must_exist(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        ProdLensStore(tmp_path / "none.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a folder"):
        ProdLensStore(tmp_path)


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    with ProdLensStore(path) as store:
        store.insert_sessions([RECORD])
    data = bytearray(path.read_bytes())
    data[100:4096] = b"\xff" * 3996
    path.write_bytes(bytes(data))
    with pytest.raises(StoreCorruptError, match="damaged"):
        ProdLensStore(path).fetch_sessions()


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("SQLITE_BUSY", "locked by another process"),
        ("SQLITE_CORRUPT_INDEX", "damaged"),
        ("SQLITE_FULL", "no space left"),
        ("SQLITE_READONLY_DBMOVED", "can't be written"),
        ("SQLITE_CANTOPEN", "can't be opened"),
        ("SQLITE_IOERR_WRITE", "could not be written or read"),
        ("SQLITE_MISUSE", "boom"),
    ],
)
def test_each_error_of_sqlite_becomes_a_sentence(said: str, means: str) -> None:
    error = sqlite3.OperationalError("boom")
    error.sqlite_errorname = said
    assert means in str(store_error(error, Path("cache.db")))
