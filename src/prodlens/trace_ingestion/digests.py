"""sha256 of the first bytes of a file, carried on as reading goes on; knows no ledger table."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prodlens.trace_ingestion import files

if TYPE_CHECKING:
    from prodlens.storage.ledger import FileProgress

_BLOCK: Final = 1 << 20


class FileDigest:
    """The digest of the first `covered` bytes of a file.

    Reads through a handle of its own: the bytes are in the system's cache, since the reader has
    just read them, and the reader may read ahead as it likes.

    Attributes:
        covered: Bytes that the digest covers.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._hash = hashlib.sha256()
        self.covered = 0

    def copy(self) -> FileDigest:
        """Return a digest of the same bytes, to be carried on apart from this one."""
        made = FileDigest(str(self._path))
        made._hash, made.covered = self._hash.copy(), self.covered
        return made

    def up_to(self, size: int) -> str:
        """Return the digest (hex) of the first `size` bytes, or of all when the file is shorter.

        A smaller size than was covered before starts again from the beginning.

        Raises:
            MissingPathError: The file is gone or can't be read any more.
        """
        if size < self.covered:
            self._hash = hashlib.sha256()
            self.covered = 0
        if size == self.covered:
            return self._hash.hexdigest()
        with files.open_file(str(self._path)) as stream:
            stream.seek(self.covered)
            while self.covered < size and (block := stream.read(min(_BLOCK, size - self.covered))):
                self.carry_on(block)
        return self._hash.hexdigest()

    def carry_on(self, block: bytes) -> None:
        """Cover the bytes that follow, as somebody else has read them."""
        self._hash.update(block)
        self.covered += len(block)

    def ends_at(self, size: int) -> bool:
        """Return whether the file has no more than `size` bytes."""
        return self._path.stat().st_size <= size

    def unchanged(self, progress: FileProgress) -> bool:
        """Return whether the file is, byte for byte, what `progress` covers completely."""
        return (
            progress.complete
            and self._path.stat().st_size == progress.size
            and self.up_to(progress.size) == progress.digest
        )

    def grown(self, progress: FileProgress) -> bool:
        """Return whether the file begins with what `progress` covers and may be read on."""
        return (
            progress.resumable
            and progress.size > 0
            and self._path.stat().st_size >= progress.size
            and self.up_to(progress.size) == progress.digest
        )
