"""How far a file was read, committed together with what was read of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from prodlens.storage.ledger import FileProgress

if TYPE_CHECKING:
    from prodlens.sources.containers import Reader
    from prodlens.trace_ingestion.batch import RecordSink
    from prodlens.trace_ingestion.digests import FileDigest


class Batch:
    """Commits what a sink holds together with how far the reader came."""

    def __init__(
        self, sink: RecordSink, reader: Reader, digest: FileDigest | None, *, follows: bool
    ) -> None:
        self._sink = sink
        self._reader = reader
        self._digest = digest
        self._follows = follows and digest is not None

    def commit(self) -> None:
        """Commit in the middle of a file; only a plain file can be resumed there."""
        self._sink.commit(self._progress(complete=False) if self._follows else None)

    def finish(self, stream: BinaryIO) -> None:
        """Commit the rest and the end of the file."""
        if self._digest is None:
            self._sink.commit(None, last=True)
            return
        size = stream.tell()
        if self._follows:
            complete = self._reader.safe_offset >= size
            self._sink.commit(self._progress(complete=complete), last=True)
            return
        progress = FileProgress(
            size=size,
            digest=self._digest.up_to(size),
            offset=0,
            line=1,
            complete=True,
            resumable=False,
        )
        self._sink.commit(progress, last=True)

    def _progress(self, *, complete: bool) -> FileProgress:
        offset = self._reader.safe_offset
        digest = "" if self._digest is None else self._digest.up_to(offset)
        return FileProgress(
            size=offset,
            digest=digest,
            offset=offset,
            line=self._reader.safe_line,
            complete=complete,
            resumable=True,
        )
