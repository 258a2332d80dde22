"""Where Parquet files lie and how they get there: whole, private, and only if they differ.

One rule for folders and file names, one writer, one manifest, and two kinds of places: folders and
object stores. Must not touch SQLite, and knows the meaning of no column.
"""

from __future__ import annotations

from prodlens.partitions.folder import (
    Folder,
    all_files,
    drafted,
    files_of,
    locked,
    remove,
    sweep,
)
from prodlens.partitions.opening import is_url, place_at
from prodlens.partitions.paths import (
    AGGREGATES,
    SUFFIX,
    UNASSIGNED,
    folder_name,
    is_day,
    partition_path,
)
from prodlens.partitions.places import Draft, Place
from prodlens.partitions.writing import (
    ROWS_AT_ONCE,
    Field,
    Kind,
    Written,
    is_ours,
    is_ours_at,
    read,
    read_at,
    rows_at,
    table_of,
    write,
    write_at,
    write_tables_at,
)

__all__ = [
    "AGGREGATES",
    "ROWS_AT_ONCE",
    "SUFFIX",
    "UNASSIGNED",
    "Draft",
    "Field",
    "Folder",
    "Kind",
    "Place",
    "Written",
    "all_files",
    "drafted",
    "files_of",
    "folder_name",
    "is_day",
    "is_ours",
    "is_ours_at",
    "is_url",
    "locked",
    "partition_path",
    "place_at",
    "read",
    "read_at",
    "remove",
    "rows_at",
    "sweep",
    "table_of",
    "write",
    "write_at",
    "write_tables_at",
]
