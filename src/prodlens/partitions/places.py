"""What a destination of Parquet files can do, whether it is a folder or an object store.

Knows neither Parquet nor SQLite, and no storage: `prodlens.partitions.folder` and
`prodlens.partitions.objects` are the two that there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


@dataclass(slots=True)
class Draft:
    """A file that is being written beside the one it will replace.

    Attributes:
        stream: Where to write.
        keep: Set it to False to leave the old file alone.
    """

    stream: BinaryIO
    keep: bool = True


class Place(Protocol):
    """Where the files of one export lie; names are relative to it, with "/".

    A file is replaced whole or not at all: readers see the old one or the new one.
    """

    @property
    def url(self) -> str:
        """How people name it: a path, or a URL."""
        ...

    def locked(self) -> AbstractContextManager[None]:
        """Prepare it for writing, and keep other writers out where that can be done."""
        ...

    def sweep(self) -> None:
        """Remove what killed runs left half written; only while `locked`."""
        ...

    def drafted(self, name: str) -> AbstractContextManager[Draft]:
        """Write a file; nothing of it is seen before the block ends well.

        Raises:
            OSError: It can't be written; the old file is untouched.
        """
        ...

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading.

        Raises:
            FileNotFoundError: There is none of that name.
        """
        ...

    def size(self, name: str) -> int | None:
        """Return the bytes of a file; None when there is none."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file; a missing one is fine."""
        ...

    def files(self) -> list[str]:
        """Return the name of every Parquet file of an export, in order."""
        ...

    def address(self, name: str) -> str:
        """Return the path or URL under which other programs find a file."""
        ...
