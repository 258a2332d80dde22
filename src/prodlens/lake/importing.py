"""Rollups, and if wanted calls, of a lake into a store; computes nothing.

The SQL is the store's; which files are read is decided here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from prodlens import partitions
from prodlens.clock import format_instant
from prodlens.errors import InputError
from prodlens.lake.rollup_sql import ROLLUPS
from prodlens.partitions.manifest import CALLS, Manifest
from prodlens.storage import lake_days
from prodlens.storage.exported import CALLS as CALL_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.lake.aggregating import Days
    from prodlens.partitions import Place
    from prodlens.storage import ProdLensStore

IMPORTED: Final = ("daily_sessions", "daily_usage", "coverage")
"""Tables of a lake that a store has, too."""
_ROWS_AT_ONCE: Final = 5000


def import_rollups(place: Place, store: ProdLensStore, days: Days) -> dict[str, int]:
    """Bring the rollups of a lake into the daily tables of a store.

    A day of which the store has calls of its own keeps its own rollups. Rows of a day replace what
    was there of that day, so that importing twice is importing once.

    Args:
        place: The lake.
        store: The store.
        days: The days.

    Returns:
        `days` and `own_days` (left alone, for the store has calls of them), and rows by table.

    Raises:
        InputError: The lake has no rollups.
        StoreError: The store can't be written; nothing has changed then.
    """
    known = {entry.kind for entry in Manifest.load(place).files.values()}
    if not known >= set(IMPORTED):
        raise InputError(
            f"{place.url} has no rollups: run prod-lens lake aggregate --from {place.url} first."
        )
    tables: dict[str, list[dict[str, Any]]] = {}
    for name in IMPORTED:
        fields = ROLLUPS[name].fields
        rows = partitions.read_at(place, f"{partitions.AGGREGATES}/{name}.parquet", fields)
        names = [field for field, _ in fields]
        tables[name] = [dict(zip(names, row, strict=True)) for row in rows if row[0] in days]
    with store.transaction() as conn:
        return lake_days.replace(conn, tables)


def import_calls(
    place: Place, store: ProdLensStore, days: Days, *, repository: str | None = None
) -> int:
    """Bring the calls of a lake into a store, one transaction for each file.

    Their `trace_hash` is their identity, so importing twice is importing once. The files that a
    lake was made from must not be ingested into the same store: their records carry ids that a
    lake does not keep, and would count again.

    Args:
        place: The lake.
        store: The store.
        days: The days.
        repository: `owner/name`; None is every one.

    Returns:
        Rows of the store that were added or changed.
    """
    done = 0
    for entry in sorted(Manifest.load(place).files.values(), key=lambda entry: entry.path):
        wanted = repository is None or (entry.repo_slug or "").lower() == repository.lower()
        if entry.kind == CALLS and wanted and entry.first_day in days:
            for batch in _batches(place, entry.path):
                done += store.insert_sessions(batch)
    return done


def _batches(place: Place, name: str) -> Iterator[list[dict[str, Any]]]:
    import pyarrow.parquet as pq

    with place.open(name) as stream, pq.ParquetFile(stream) as file:
        for batch in file.iter_batches(_ROWS_AT_ONCE):
            yield [_call(row) for row in batch.to_pylist()]


def _call(row: dict[str, Any]) -> dict[str, Any]:
    """Return a call as `ProdLensStore.insert_sessions` takes it."""
    call = {name: row.get(name) for name, _ in CALL_FIELDS}
    call["timestamp"] = format_instant(row["timestamp"])
    call["tags"] = json.loads(call["tags"]) if call["tags"] else ()
    return call
