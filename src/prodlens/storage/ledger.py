"""SQL of `source_files` and `dead_letters`: how far each file was read, and what was set aside."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import format_instant

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from datetime import datetime

STANDARD_INPUT: Final = "-"
_LARGEST: Final = 2**63 - 1

_FIND: Final = "select * from source_files where path = ?"
_REGISTER: Final = """
insert into source_files
    (path, size, digest, options, offset, line, complete, resumable, records, set_aside, skipped,
     first_seen, last_read)
values (:path, 0, '', :options, 0, 1, 0, 0, 0, 0, 0, :now, :now)
on conflict (path) do nothing
"""
_PROGRESS: Final = """
update source_files set
    size = :size, digest = :digest, options = :options, offset = :offset, line = :line,
    complete = :complete, resumable = :resumable, reader_state = :reader_state,
    format = :format, records = :records,
    set_aside = :set_aside, skipped = :skipped, last_read = :now
where id = :id
"""
_SET_ASIDE: Final = """
insert into dead_letters
    (source_file, path, byte_offset, length, line, position, digest, reason, field, scalars,
     status, first_seen)
values (:source_file, :path, :byte_offset, :length, :line, :position, :digest, :reason, :field,
    :scalars, 'open', :now)
on conflict (path, byte_offset, position, digest) do update set
    status = 'open', reason = excluded.reason, field = excluded.field
where status <> 'open' or reason <> excluded.reason or field is not excluded.field
"""
_OPEN_OF: Final = """
select id, byte_offset, position, digest from dead_letters
where path = ? and status = 'open' and byte_offset >= ? and byte_offset < ?
"""
_LIST: Final = """
select * from dead_letters
where (:status is null or status = :status) and (:path is null or path = :path)
order by path, byte_offset, position
"""
_REASONS: Final = """
select reason, count(*) from dead_letters where status = 'open' group by reason order by reason
"""


@dataclass(frozen=True, slots=True)
class FileProgress:
    """How far a file was read.

    Attributes:
        size: Bytes of the file, as it lies on disk, that `digest` covers.
        digest: sha256 of those bytes, hex.
        offset: Where the next run resumes, in the decompressed file.
        line: The line there.
        complete: Whether everything up to `size` was read.
        resumable: Whether a grown file may be read from `offset`.
    """

    size: int
    digest: str
    offset: int
    line: int
    complete: bool
    resumable: bool


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What the ledger says of a file: `progress`, the options it was read with, and counts.

    `reader_state` is what adapters noted between its records, by format.
    """

    file_id: int
    options: str
    progress: FileProgress
    formats: dict[str, int]
    records: int
    set_aside: int
    skipped: int
    reader_state: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Counted:
    """What the records of a file came to, up to some place.

    Attributes:
        formats: Calls read, by source.
        records: Objects that were read.
        set_aside: Records set aside.
        skipped: Records that hold no call.
    """

    formats: Counter[str] = field(default_factory=Counter)
    records: int = 0
    set_aside: int = 0
    skipped: int = 0

    def add(self, other: Counted) -> None:
        """Count what came behind that place as well."""
        self.formats.update(other.formats)
        self.records += other.records
        self.set_aside += other.set_aside
        self.skipped += other.skipped


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that was set aside: where it stands, why, and allow-listed values; no text."""

    path: str
    offset: int
    length: int
    line: int
    position: int | None
    digest: str
    reason: str
    field: str | None
    scalars: Mapping[str, Any]


def find(conn: sqlite3.Connection, path: str) -> LedgerEntry | None:
    """Return the entry of a file, None when it was never read."""
    row = conn.execute(_FIND, (path,)).fetchone()
    if row is None:
        return None
    return LedgerEntry(
        file_id=int(row["id"]),
        options=str(row["options"]),
        progress=FileProgress(
            size=int(row["size"]),
            digest=str(row["digest"]),
            offset=int(row["offset"]),
            line=int(row["line"]),
            complete=bool(row["complete"]),
            resumable=bool(row["resumable"]),
        ),
        formats=json.loads(row["format"]) if row["format"] else {},
        records=int(row["records"]),
        set_aside=int(row["set_aside"]),
        skipped=int(row["skipped"]),
        reader_state=json.loads(row["reader_state"]) if row["reader_state"] else {},
    )


def register(conn: sqlite3.Connection, path: str, options: str, now: datetime) -> int:
    """Return the id of a file, making its entry when there is none; caller's transaction."""
    conn.execute(_REGISTER, {"path": path, "options": options, "now": format_instant(now)})
    return int(conn.execute(_FIND, (path,)).fetchone()["id"])


def save(conn: sqlite3.Connection, entry: LedgerEntry, now: datetime) -> None:
    """Write the progress of a file, in the transaction that stores its records."""
    progress = entry.progress
    conn.execute(
        _PROGRESS,
        {
            "id": entry.file_id,
            "options": entry.options,
            "size": progress.size,
            "digest": progress.digest,
            "offset": progress.offset,
            "line": progress.line,
            "complete": progress.complete,
            "resumable": progress.resumable,
            "format": json.dumps(entry.formats, sort_keys=True),
            "records": entry.records,
            "set_aside": entry.set_aside,
            "skipped": entry.skipped,
            "reader_state": json.dumps(entry.reader_state) if entry.reader_state else None,
            "now": format_instant(now),
        },
    )


def set_aside(
    conn: sqlite3.Connection,
    letters: Iterable[DeadLetter],
    file_id: int | None,
    now: datetime,
) -> int:
    """Store dead letters inside the caller's transaction; return how many are new or open again."""
    before = conn.total_changes
    conn.executemany(
        _SET_ASIDE,
        [
            {
                "source_file": file_id,
                "path": letter.path,
                "byte_offset": letter.offset,
                "length": letter.length,
                "line": letter.line,
                "position": -1 if letter.position is None else letter.position,
                "digest": letter.digest,
                "reason": letter.reason,
                "field": letter.field,
                "scalars": json.dumps(letter.scalars, ensure_ascii=True, sort_keys=True),
                "now": format_instant(now),
            }
            for letter in letters
        ],
    )
    return conn.total_changes - before


def open_letters(
    conn: sqlite3.Connection, path: str, from_offset: int, until: int | None = None
) -> dict[tuple[int, int, str], int]:
    """Return ids of the open letters of a file by (offset, position, digest).

    Args:
        conn: The connection.
        path: The file as the ledger names it.
        from_offset: Letters of records before it are left out.
        until: Letters of records from here on are left out; None is to the end of the file.
    """
    last = _LARGEST if until is None else until
    rows = conn.execute(_OPEN_OF, (path, from_offset, last))
    return {(int(r[1]), int(r[2]), str(r[3])): int(r[0]) for r in rows}


def close_letters(conn: sqlite3.Connection, ids: Iterable[int], status: str) -> int:
    """Mark letters `resolved` or `gone` inside the caller's transaction; return how many."""
    before = conn.total_changes
    conn.executemany("update dead_letters set status = ? where id = ?", [(status, i) for i in ids])
    return conn.total_changes - before


def letters(
    conn: sqlite3.Connection, status: str | None = "open", *, path: str | None = None
) -> list[dict[str, Any]]:
    """Return dead letters of a status and a file (None: all) as dicts, `scalars` decoded."""
    rows = conn.execute(_LIST, {"status": status, "path": path})
    return [dict(row) | {"scalars": json.loads(row["scalars"])} for row in rows]


def letter(conn: sqlite3.Connection, letter_id: int) -> dict[str, Any] | None:
    """Return one dead letter, None when there is none with that id."""
    row = conn.execute("select * from dead_letters where id = ?", (letter_id,)).fetchone()
    return None if row is None else dict(row) | {"scalars": json.loads(row["scalars"])}


def open_reasons(conn: sqlite3.Connection) -> dict[str, int]:
    """Return the number of open dead letters by reason."""
    return {str(row[0]): int(row[1]) for row in conn.execute(_REASONS)}


def purge(conn: sqlite3.Connection, before: datetime) -> list[str]:
    """Forget dead letters first seen before an instant; return the path of each."""
    deleted = conn.execute(
        "delete from dead_letters where first_seen < ? returning path", (format_instant(before),)
    )
    return [str(row[0]) for row in deleted.fetchall()]
