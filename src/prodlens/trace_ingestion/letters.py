"""One dead letter read again: through the same sink as every other record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from prodlens.sources.reading import DecodeProblem, RawRecord, decode_record
from prodlens.storage import ledger
from prodlens.trace_ingestion.batch import RecordSink
from prodlens.trace_ingestion.outcome import IngestOptions

if TYPE_CHECKING:
    from datetime import datetime

    from prodlens.pricing import PriceBook
    from prodlens.storage import ProdLensStore


def read_again(
    store: ProdLensStore,
    letter: dict[str, Any],
    data: bytes,
    *,
    prices: PriceBook | None,
    now: datetime,
) -> str:
    """Read one record again; return `resolved` or `open`."""
    try:
        value = decode_record(data)
    except DecodeProblem:
        return "open"
    entry = ledger.find(store.conn, letter["path"])
    given = json.loads(entry.options) if entry is not None else {}
    options = IngestOptions(
        repo_slug=given.get("repo"), developer=given.get("developer"), format=given.get("format")
    )
    sink = RecordSink(store, letter["path"], options, prices=prices, now=now)
    position = None if letter["position"] < 0 else letter["position"]
    sink.take(RawRecord(data, letter["byte_offset"], letter["line"], position, value))
    if sink.report.set_aside:
        return "open"
    with store.transaction() as conn:
        sink.commit(None)
        ledger.close_letters(conn, [letter["id"]], "resolved")
    return "resolved"
