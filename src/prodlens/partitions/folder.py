"""A folder of the file system as a place of Parquet files: one writer, whole private files.

Knows neither Parquet nor the meaning of a name.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from prodlens.partitions.paths import (
    AGGREGATES,
    SUFFIX,
    is_folder_name,
    is_partition_name,
)
from prodlens.partitions.places import Draft

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Folder:
    """A `Place` on this computer, or on a disk that is mounted here.

    Attributes:
        root: The folder; `locked` makes it.
    """

    root: Path

    @property
    def url(self) -> str:
        """The path."""
        return str(self.root)

    def locked(self) -> AbstractContextManager[None]:
        """Let one process at a time write; others wait. See `locked`."""
        return locked(self.root)

    def sweep(self) -> None:
        """Remove what killed runs left half written; only while `locked`."""
        sweep(self.root)

    def drafted(self, name: str) -> AbstractContextManager[Draft]:
        """Write a file with mode 0600. See `drafted`."""
        return drafted(self.root / name)

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading.

        Raises:
            FileNotFoundError: There is none of that name.
        """
        return (self.root / name).open("rb")

    def size(self, name: str) -> int | None:
        """Return the bytes of a file; None when there is none."""
        path = self.root / name
        return path.stat().st_size if path.exists() else None

    def remove(self, name: str) -> None:
        """Remove a file, and its folder when nothing else is in it; a missing file is fine."""
        remove(self.root / name)

    def files(self) -> list[str]:
        """Return the name of every Parquet file of an export, in order."""
        return [path.relative_to(self.root).as_posix() for path in all_files(self.root)]

    def address(self, name: str) -> str:
        """Return the path of a file."""
        return str(self.root / name)


def files_of(root: Path, folder: str) -> list[Path]:
    """Return the files of one folder that have a day as their name, in order."""
    place = root / folder
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(place) as found:
        names = sorted(entry.name for entry in found)
        return [place / name for name in names if is_partition_name(name)]
    return []


def all_files(root: Path) -> list[Path]:
    """Return every Parquet file of an export, those of the daily tables included, in order."""
    if not root.is_dir():
        return []
    folders = [path.name for path in root.iterdir() if is_folder_name(path.name)]
    daily = (p for p in (root / AGGREGATES).glob(f"*{SUFFIX}") if not p.name.startswith("."))
    return sorted([*daily, *(file for name in folders for file in files_of(root, name))])


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
