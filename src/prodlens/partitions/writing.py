"""Owns how rows become a Parquet file: types by kind alone, and written only if it differs.

Knows the meaning of no column: it is given names, kinds and rows. Must not touch SQLite, and leaves
where files lie to `prodlens.partitions.places`.
"""

from __future__ import annotations

import functools
import hashlib
import io
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal

from prodlens.clock import format_instant
from prodlens.errors import InputError
from prodlens.partitions.folder import Folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from prodlens.partitions.places import Place

Kind = Literal["text", "whole", "number", "flag", "time"]
"""What a column holds: text, 64-bit integers, doubles, booleans, or fixed-width UTC text that
becomes an instant. Days are text: `docs/decisions/0007-parquet-layout.md` says why."""
Field = tuple[str, Kind]
"""Name and kind of one column."""

_DIGEST: Final = b"prodlens.digest"
ROWS_AT_ONCE: Final = 20_000
"""Rows of a row group."""
_BUFFER: Final = 1 << 20
_WANTED: Final[dict[str, str]] = {
    "text": "text",
    "whole": "a whole number of at most 64 bits",
    "number": "a number",
    "flag": "0 or 1",
    "time": "a fixed-width UTC time",
}


@dataclass(frozen=True, slots=True)
class Written:
    """What writing one file did.

    Attributes:
        rows: Rows that stand in the file.
        size: Bytes of the file.
        changed: False when the file said the same already and was left alone.
    """

    rows: int
    size: int
    changed: bool


def is_ours(path: Path) -> bool:
    """Return whether a file was written by `write`; False when it is missing or unreadable."""
    return is_ours_at(Folder(path.parent), path.name)


def is_ours_at(place: Place, name: str) -> bool:
    """Return whether a file of a place was written here; False when missing or unreadable."""
    return _digest_of(place, name) is not None


def write(path: Path, fields: Sequence[Field], rows: Iterable[Sequence[Any]]) -> Written:
    """Write rows as one Parquet file, as `write_at` does."""
    return write_at(Folder(path.parent), path.name, fields, rows)


def write_at(
    place: Place, name: str, fields: Sequence[Field], rows: Iterable[Sequence[Any]]
) -> Written:
    """Write rows as one Parquet file, unless the file that is there says the same.

    Snappy; row groups of 20,000 rows, so that memory does not grow with the rows. Types depend on
    `fields` alone. Equal rows in equal order give equal bytes. The digest of schema and pages is
    kept in the file's metadata, and decides whether a file says the same.

    Args:
        place: Where the file lies.
        name: Its name there; folders are created.
        fields: Name and kind of each column.
        rows: Rows of plain values in the order of `fields`; None is NULL.

    Raises:
        InputError: A value does not fit the kind of its column; the message names the column.
        OSError: It can't be written; the old file is untouched.
    """
    source = iter(rows)
    chunks = iter(lambda: list(islice(source, ROWS_AT_ONCE)), [])
    return write_tables_at(place, name, fields, (table_of(fields, chunk) for chunk in chunks))


def write_tables_at(
    place: Place, name: str, fields: Sequence[Field], tables: Iterable[pa.Table]
) -> Written:
    """Write Arrow tables as one Parquet file, unless the file that is there says the same.

    Args:
        place: Where the file lies.
        name: Its name there; folders are created.
        fields: Name and kind of each column.
        tables: Tables of the types of `fields`. A file equals one of `write_at` when each, save
            the last, has `ROWS_AT_ONCE` rows.

    Raises:
        OSError: It can't be written; the old file is untouched.
    """
    import pyarrow.parquet as pq

    schema, _ = _layout(tuple(fields))
    count = 0
    with place.drafted(name) as draft:
        hashing = _Hashing(draft.stream)
        hashing.digest.update(str(schema).encode())
        sink = io.BufferedWriter(hashing, _BUFFER)
        with pq.ParquetWriter(sink, schema, compression="snappy", version="2.6") as writer:
            for table in tables:
                writer.write_table(table, row_group_size=max(1, table.num_rows))
                count += table.num_rows
            sink.flush()
            digest = hashing.digest.hexdigest()
            writer.add_key_value_metadata({_DIGEST: digest})
        sink.flush()
        draft.keep = _digest_of(place, name) != digest
    return Written(rows=count, size=place.size(name) or 0, changed=draft.keep)


def read(path: Path, fields: Sequence[Field]) -> list[tuple[Any, ...]]:
    """Return the rows of a small file, as `read_at` does."""
    return read_at(Folder(path.parent), path.name, fields)


def read_at(place: Place, name: str, fields: Sequence[Field]) -> list[tuple[Any, ...]]:
    """Return the rows of a small file that `write` wrote, as it was given them.

    Returns:
        Rows in the order of `fields`; a column that the file lacks is None. Empty when the file is
        missing or can't be read.
    """
    import pyarrow as pa

    try:
        return list(rows_at(place, name, fields))
    except (FileNotFoundError, pa.ArrowException):
        return []


def rows_at(place: Place, name: str, fields: Sequence[Field]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a file of any size, as `read_at` returns them.

    Raises:
        FileNotFoundError: There is no such file.
        pyarrow.ArrowException: It can't be read.
    """
    import pyarrow.parquet as pq

    with place.open(name) as stream, pq.ParquetFile(stream) as file:
        known = set(file.schema_arrow.names)
        for batch in file.iter_batches(ROWS_AT_ONCE):
            columns = [
                [_plain(kind, value) for value in batch[column].to_pylist()]
                if column in known
                else [None] * batch.num_rows
                for column, kind in fields
            ]
            yield from zip(*columns, strict=True)


class _Hashing(io.RawIOBase):
    """Passes bytes on to a file and digests them; the file stays open when this is closed."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self.digest = hashlib.sha256()
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.digest.update(data)
        return self._stream.write(data)


def _digest_of(place: Place, name: str) -> str | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with place.open(name) as stream:
            found = pq.read_metadata(stream).metadata
    except (OSError, pa.ArrowException):
        return None
    return found[_DIGEST].decode() if found and _DIGEST in found else None


def _types() -> dict[Kind, tuple[Any, Any]]:
    """Return, for each kind, the type that stored values are read as and the type in the file."""
    import pyarrow as pa

    return {
        "text": (pa.string(), pa.string()),
        "whole": (pa.int64(), pa.int64()),
        "number": (pa.float64(), pa.float64()),
        "flag": (pa.int8(), pa.bool_()),
        "time": (pa.string(), pa.timestamp("us", tz="UTC")),
    }


@functools.lru_cache(maxsize=16)
def _layout(fields: tuple[Field, ...]) -> tuple[Any, Any]:
    """Return the schema of a file and the row type that stored values are read as."""
    import pyarrow as pa

    types = _types()
    read_as = pa.struct([(name, types[kind][0]) for name, kind in fields])
    return pa.schema([(name, types[kind][1]) for name, kind in fields]), read_as


def table_of(fields: Sequence[Field], rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Return rows as an Arrow table of the types of a file.

    All columns in one conversion, because calls are wide.

    Raises:
        InputError: A value does not fit the kind of its column; the message names the column.
    """
    import pyarrow as pa

    schema, read_as = _layout(tuple(fields))
    try:
        _refuse_fractions(fields, rows)
        columns = zip(pa.array(rows, read_as).flatten(), schema.types, strict=True)
        return pa.Table.from_arrays([_as(column, kind) for column, kind in columns], schema=schema)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        name, kind = _misfit(fields, rows)
        raise InputError(
            f"The column {name} holds a value that is not {_WANTED[kind]}: mend that row, then "
            "export again."
        ) from None


def _as(column: Any, kind: Any) -> Any:
    return column if column.type == kind else column.cast(kind)


def _refuse_fractions(fields: Sequence[Field], rows: Sequence[Sequence[Any]]) -> None:
    """Raise TypeError where a whole number is none: Arrow would cut 1.5 to 1 without a word."""
    for at, (_, kind) in enumerate(fields):
        if kind == "whole" and float in {type(row[at]) for row in rows}:
            raise TypeError


def _misfit(fields: Sequence[Field], rows: Sequence[Sequence[Any]]) -> Field:
    """Return the first column that can't be converted by itself."""
    import pyarrow as pa

    types = _types()
    for at, (name, kind) in enumerate(fields):
        values = [row[at] for row in rows]
        try:
            _refuse_fractions([("", kind)], [(value,) for value in values])
            _as(pa.array(values, types[kind][0]), types[kind][1])
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            return name, kind
    raise AssertionError("every column can be converted by itself")


def _plain(kind: Kind, value: Any) -> Any:
    if value is None:
        return None
    if kind == "time":
        return format_instant(value)
    return int(value) if kind == "flag" else value
