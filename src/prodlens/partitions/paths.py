"""Owns the rule for folders and file names of an export; touches no file."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from typing import TYPE_CHECKING, Final, TypeVar

from prodlens.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import PurePath

    P = TypeVar("P", bound=PurePath)

UNASSIGNED: Final = "_unassigned"
"""Folder of the calls that belong to no repository."""
AGGREGATES: Final = "_aggregates"
"""Folder of the daily tables."""
SUFFIX: Final = ".parquet"
_LONGEST: Final = 100
_FOLDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}(?<!\.)")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices. Source: Microsoft, "Naming Files, Paths, and Namespaces"
(learn.microsoft.com/windows/win32/fileio/naming-a-file)."""


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


def is_partition_name(name: str) -> bool:
    """Return whether a file name is that of a day's Parquet file."""
    return name.endswith(SUFFIX) and is_day(name.removesuffix(SUFFIX))


def is_folder_name(name: str) -> bool:
    """Return whether a name can be a folder of calls."""
    return name == UNASSIGNED or _FOLDER.fullmatch(name) is not None


def is_export_file(name: str) -> bool:
    """Return whether a path relative to the root, with "/", is one that an export writes."""
    folder, _, file = name.partition("/")
    if folder == AGGREGATES:
        return file.endswith(SUFFIX) and not file.startswith(".") and "/" not in file
    return is_folder_name(folder) and is_partition_name(file)
