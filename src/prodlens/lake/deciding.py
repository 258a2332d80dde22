"""Groups of records -> calls, by the store's own code in a database that lives for a moment.

So a lake has the same de-duplication, merging and inheritance as a store: it is the same code.
Runs on an executor.
"""

from __future__ import annotations

import secrets
import tempfile
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prodlens.schemas import ContextFact
from prodlens.sources.edits import salted
from prodlens.storage import ProdLensStore, exported, recording
from prodlens.storage.merging import Observation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prodlens.schemas import CanonicalTrace

_AT_ONCE: Final = 5000


def decide(
    said: Iterable[Any], price: Callable[[CanonicalTrace], tuple[int, str] | None]
) -> Iterator[tuple[Any, ...]]:
    """Yield the calls that some records describe, in order of time.

    Args:
        said: Observations, suggestions with their places, and facts; every record that is tied to
            one of them is among them. In any order; a record that comes twice counts once.
        price: Prices a call whose model is known only from another record.

    Yields:
        Values in the order of `prodlens.storage.exported.CALLS`, as a store exports them.
    """
    salt = secrets.token_bytes(16)  # digests of edits never leave this database
    source = iter(said)
    with (
        tempfile.TemporaryDirectory(prefix="prodlens-") as folder,
        ProdLensStore(Path(folder, "calls.db")) as store,
    ):
        store.conn.execute("pragma synchronous = off")
        while batch := list(islice(source, _AT_ONCE)):
            with store.transaction() as conn:
                recording.record(
                    conn,
                    _records(batch),
                    price=price,
                    salted=lambda digests: salted(digests, salt),
                )
        yield from exported.rows(store.conn, exported.TABLES["sessions"])


def _records(batch: Iterable[Any]) -> recording.Records:
    records = recording.Records()
    for said in batch:
        if isinstance(said, Observation):
            records.calls.append(said)
        elif isinstance(said, ContextFact):
            records.facts.append(said)
        else:
            records.suggestions.append(said)
    return records
