"""Reads dead letters again at their source: what can be read now enters, what is gone is said."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import utc_now
from prodlens.errors import MissingPathError
from prodlens.sources import containers
from prodlens.sources.compression import Compression, open_decompressed
from prodlens.storage import ledger
from prodlens.trace_ingestion import files, mirror
from prodlens.trace_ingestion.letters import read_again

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from prodlens.pricing import PriceBook
    from prodlens.storage import ProdLensStore

RESOLVED: Final = "resolved"
GONE: Final = "gone"
STILL: Final = "open"
_SKIP: Final = 1 << 20


def retry(
    store: ProdLensStore,
    letters: Iterable[dict[str, Any]],
    *,
    prices: PriceBook | None = None,
    dead_letter_dir: str | Path | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Counter[str]:
    """Try dead letters again, each in a transaction of its own.

    Args:
        store: Where calls go.
        letters: Rows of `prodlens.storage.ledger.letters`.
        prices: Prices for calls without a reported cost; None is the built-in list.
        dead_letter_dir: Folder whose mirrors are brought up to date; None leaves them.
        now: Reads the clock.

    Returns:
        How many are `resolved`, `gone` (the source no longer holds the record) or still `open`.
    """
    done = Counter[str]()
    names: set[str] = set()
    for letter in letters:
        data = _bytes_of(letter)
        if data is None:
            status = GONE
            with store.transaction() as conn:
                ledger.close_letters(conn, [letter["id"]], GONE)
        else:
            status = read_again(store, letter, data, prices=prices, now=now())
        done[status] += 1
        names.add(letter["path"])
    for name in names if dead_letter_dir is not None else ():
        mirror.write(store, dead_letter_dir or "", name)
    return done


def _bytes_of(letter: dict[str, Any]) -> bytes | None:
    """Return the record's bytes, None when the source is gone or says something else there."""
    if letter["path"] == ledger.STANDARD_INPUT:
        return None
    try:
        with files.open_file(letter["path"]) as stream:
            data, compression = open_decompressed(stream)
            remaining = int(letter["byte_offset"])
            if (held := containers.find(data, remaining)) is not None:
                return held if hashlib.sha256(held).hexdigest() == letter["digest"] else None
            if compression is Compression.NONE and stream.seekable():
                data, remaining = stream, stream.seek(remaining) - remaining
            while remaining > 0 and (skipped := data.read(min(_SKIP, remaining))):
                remaining -= len(skipped)
            found = data.read(int(letter["length"]))
    except (MissingPathError, OSError, EOFError, ValueError):
        return None
    return found if hashlib.sha256(found).hexdigest() == letter["digest"] else None
