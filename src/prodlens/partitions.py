"""Owns where a Parquet file lies and how it gets there: whole, private, and only if it differs.

One rule for folders and file names, and one writer. Must not touch SQLite, and knows the meaning of
no column: it is given names, kinds and rows.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import os
import re
import secrets
import sys
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal, TypeVar

from prodlens.clock import format_instant
from prodlens.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path, PurePath

    P = TypeVar("P", bound=PurePath)

Kind = Literal["text", "whole", "number", "flag", "time"]
"""What a column holds: text, 64-bit integers, doubles, booleans, or fixed-width UTC text that
becomes an instant. Days are text: `docs/decisions/0007-parquet-layout.md` says why."""
Field = tuple[str, Kind]
"""Name and kind of one column."""

UNASSIGNED: Final = "_unassigned"
"""Folder of the calls that belong to no repository."""
AGGREGATES: Final = "_aggregates"
"""Folder of the daily tables."""
SUFFIX: Final = ".parquet"
_DIGEST: Final = b"prodlens.digest"
_ROWS_AT_ONCE: Final = 20_000
_BUFFER: Final = 1 << 20
_LONGEST: Final = 100
_FOLDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}(?<!\.)")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices. Source: Microsoft, "Naming Files, Paths, and Namespaces"
(learn.microsoft.com/windows/win32/fileio/naming-a-file)."""
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


@dataclass(slots=True)
class Draft:
    """A file that is being written beside the one it will replace.

    Attributes:
        stream: Where to write.
        keep: Set it to False to leave the old file alone.
    """

    stream: BinaryIO
    keep: bool = True


def folder_name(slug: str, taken: Iterable[str]) -> str:
    """Choose the folder of a repository that has none yet.

    The slug with "/" as "-". Whatever a file system might read otherwise (spaces, "..", a leading
    dot, a device name) is taken out, and then, or when the name is taken, 8 hex digits of the
    slug's sha256 follow. Names that differ only in case count as the same, as they do on macOS and
    Windows.

    Args:
        slug: `owner/name`; the empty text stands for calls without a repository.
        taken: Folders that other slugs have.

    Returns:
        One path component: never empty, hidden, or outside of its root.

    >>> folder_name("org/repo-1", []), folder_name("org-repo/1", ["org-repo-1"])
    ('org-repo-1', 'org-repo-1-ebddf935')
    """
    if not slug:
        return UNASSIGNED
    plain = slug.replace("/", "-")
    name = _UNSAFE.sub("_", plain)[:_LONGEST].rstrip(".")
    if not name[:1].isalnum() or _DEVICES.fullmatch(name):
        name = f"repo{name}"
    used = {folder.lower() for folder in taken}
    if name == plain and name.lower() not in used:
        return name
    digits = hashlib.sha256(slug.encode("utf-8", "replace")).hexdigest()
    lengths = range(8, len(digits) + 1, 8)
    free = (f"{name}-{digits[:n]}" for n in lengths if f"{name}-{digits[:n]}".lower() not in used)
    return next(free)


def partition_path(root: P, folder: str, day: str) -> P:
    """Return the file of a folder and a UTC day.

    Raises:
        InputError: The folder is none that `folder_name` makes, or the day is none.
    """
    if not (folder == UNASSIGNED or _FOLDER.fullmatch(folder)):
        raise InputError(f"{folder!r} can't be a folder of the Parquet files.")
    if not is_day(day):
        raise InputError(f"{day!r} is no day: write it as YYYY-MM-DD.")
    return root / folder / f"{day}{SUFFIX}"


def is_day(text: str) -> bool:
    """Return whether a text is a day as file names have it, `YYYY-MM-DD`."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def files_of(root: Path, folder: str) -> list[Path]:
    """Return the files of one folder that have a day as their name, in order."""
    place = root / folder
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(place) as found:
        return [place / name for name in sorted(entry.name for entry in found) if _is_file(name)]
    return []


def _is_file(name: str) -> bool:
    return name.endswith(SUFFIX) and is_day(name.removesuffix(SUFFIX))


def all_files(root: Path) -> list[Path]:
    """Return every Parquet file of an export, those of the daily tables included, in order."""
    if not root.is_dir():
        return []
    folders = [p.name for p in root.iterdir() if p.name == UNASSIGNED or _FOLDER.fullmatch(p.name)]
    daily = (p for p in (root / AGGREGATES).glob(f"*{SUFFIX}") if not p.name.startswith("."))
    return sorted([*daily, *(file for name in folders for file in files_of(root, name))])


def is_ours(path: Path) -> bool:
    """Return whether a file was written by `write`; False when it is missing or unreadable."""
    return _digest_of(path) is not None


def remove(path: Path) -> None:
    """Remove a file, and its folder when nothing else is in it; a missing file is fine."""
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # not empty, or already gone
        path.parent.rmdir()


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Let one process at a time write below `root`, which is created; others wait.

    The system takes the lock back from a process that dies. Windows has no such lock here: there
    two exports at once still replace whole files, and the one that ends last stands.
    """
    root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(root / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def sweep(root: Path) -> None:
    """Remove what killed runs left half written; only while `locked`."""
    for pattern in (".*.partial", "*/.*.partial"):
        for leftover in root.glob(pattern):
            leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def drafted(path: Path) -> Iterator[Draft]:
    """Write a file with mode 0600; readers see the old one or the new one, never a part.

    It is written in the same folder (created when missing) under a name that ends in `.partial`,
    brought to disk, and put in place. When the block fails nothing is left behind; when the
    process is killed, `sweep` finds the rest.

    Raises:
        OSError: It can't be written; the old file is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            draft = Draft(stream)
            yield draft
            if draft.keep:
                stream.flush()
                os.fsync(stream.fileno())
        if draft.keep:
            partial.replace(path)
        else:
            partial.unlink()
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write(path: Path, fields: Sequence[Field], rows: Iterable[Sequence[Any]]) -> Written:
    """Write rows as one Parquet file, unless the file that is there says the same.

    Snappy; row groups of 20,000 rows, so that memory does not grow with the rows. Types depend on
    `fields` alone. Equal rows in equal order give equal bytes. The digest of schema and pages is
    kept in the file's metadata, and decides whether a file says the same.

    Args:
        path: The file; its folder is created.
        fields: Name and kind of each column.
        rows: Rows of plain values in the order of `fields`; None is NULL.

    Raises:
        InputError: A value does not fit the kind of its column; the message names the column.
        OSError: It can't be written; the old file is untouched.
    """
    import pyarrow.parquet as pq

    schema, _ = _layout(tuple(fields))
    source = iter(rows)
    count = 0
    with drafted(path) as draft:
        hashing = _Hashing(draft.stream)
        hashing.digest.update(str(schema).encode())
        sink = io.BufferedWriter(hashing, _BUFFER)
        with pq.ParquetWriter(sink, schema, compression="snappy", version="2.6") as writer:
            while chunk := list(islice(source, _ROWS_AT_ONCE)):
                writer.write_table(_table(fields, chunk), row_group_size=len(chunk))
                count += len(chunk)
            sink.flush()
            digest = hashing.digest.hexdigest()
            writer.add_key_value_metadata({_DIGEST: digest})
        sink.flush()
        draft.keep = _digest_of(path) != digest
    return Written(rows=count, size=path.stat().st_size, changed=draft.keep)


def read(path: Path, fields: Sequence[Field]) -> list[tuple[Any, ...]]:
    """Return the rows of a small file that `write` wrote, as it was given them.

    Returns:
        Rows in the order of `fields`; a column that the file lacks is None. Empty when the file is
        missing or can't be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as stream:
            table = pq.read_table(stream)
    except (FileNotFoundError, pa.ArrowException):
        return []
    known = set(table.column_names)
    columns = [
        [_plain(kind, value) for value in table[name].to_pylist()]
        if name in known
        else [None] * table.num_rows
        for name, kind in fields
    ]
    return list(zip(*columns, strict=True))


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


def _digest_of(path: Path) -> str | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as stream:
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


def _table(fields: Sequence[Field], rows: list[Sequence[Any]]) -> Any:
    """Return rows as an Arrow table, all columns in one conversion because calls are wide."""
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


def _refuse_fractions(fields: Sequence[Field], rows: list[Sequence[Any]]) -> None:
    """Raise TypeError where a whole number is none: Arrow would cut 1.5 to 1 without a word."""
    for at, (_, kind) in enumerate(fields):
        if kind == "whole" and float in {type(row[at]) for row in rows}:
            raise TypeError


def _misfit(fields: Sequence[Field], rows: list[Sequence[Any]]) -> Field:
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
