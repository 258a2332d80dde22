"""What was set aside of raw files, as one Parquet file of a lake; never holds a record itself."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from prodlens import partitions
from prodlens.clock import format_instant
from prodlens.partitions.manifest import LETTERS, LETTERS_PATH, Entry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from prodlens.partitions import Field, Place
    from prodlens.partitions.manifest import Manifest
    from prodlens.storage.ledger import DeadLetter

FIELDS: Final[tuple[Field, ...]] = (
    ("path", "text"),
    ("byte_offset", "whole"),
    ("position", "whole"),
    ("digest", "text"),
    ("first_seen", "time"),
    ("length", "whole"),
    ("line", "whole"),
    ("reason", "text"),
    ("field", "text"),
    ("scalars", "text"),
)
"""Columns as in a store's table `dead_letters`; the first four tell letters apart."""
_KEY: Final = 4


def write_letters(
    place: Place,
    manifest: Manifest,
    letters: Iterable[DeadLetter],
    read: Collection[str],
    *,
    now: datetime,
) -> Counter[str]:
    """Put the letters of files that were read in place of older ones; those of others stay.

    Args:
        place: The lake.
        manifest: Gets the file's entry.
        letters: What was set aside.
        read: Names of the files that were read.
        now: When.

    Returns:
        Letters of the files that were read, by reason.
    """
    older = partitions.read_at(place, LETTERS_PATH, FIELDS)
    seen = {row[:_KEY]: row[_KEY] for row in older}
    files = set(read)
    rows = {row[:_KEY]: row for row in older if row[0] not in files}
    reasons = Counter[str]()
    for letter in letters:
        row = _row(letter, format_instant(now))
        reasons[letter.reason] += row[:_KEY] not in rows
        rows[row[:_KEY]] = (*row[:_KEY], seen.get(row[:_KEY], row[_KEY]), *row[_KEY + 1 :])
    if rows or older:
        written = partitions.write_at(
            place, LETTERS_PATH, FIELDS, [rows[key] for key in sorted(rows)]
        )
        manifest.files[LETTERS_PATH] = Entry(
            path=LETTERS_PATH,
            kind=LETTERS,
            repo_slug=None,
            first_day="",
            last_day="",
            rows=written.rows,
            size=written.size,
        )
    return reasons


def _row(letter: DeadLetter, now: str) -> tuple[Any, ...]:
    return (
        letter.path,
        letter.offset,
        -1 if letter.position is None else letter.position,
        letter.digest,
        now,
        letter.length,
        letter.line,
        letter.reason,
        letter.field,
        json.dumps(letter.scalars, ensure_ascii=True, sort_keys=True),
    )
