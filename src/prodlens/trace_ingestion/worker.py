"""A process that helps to read files: asks before it writes, so that one process writes at a time.

Started by `prodlens.trace_ingestion.workers` as `python -m prodlens.trace_ingestion.worker`; its
standard input and output are the pipes. It ends when the process that started it does.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from typing import TYPE_CHECKING, BinaryIO, cast

from prodlens.collecting import without_collecting
from prodlens.errors import ProdLensError
from prodlens.sources.cutting import Upto
from prodlens.sources.reading import RecordReader
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import files
from prodlens.trace_ingestion.batch import RecordSink
from prodlens.trace_ingestion.ingestor import BATCH_BYTES, TraceIngestor
from prodlens.trace_ingestion.messages import (
    Commit,
    Committed,
    Done,
    Drop,
    Failed,
    MayCommit,
    PartRead,
    ReadPart,
    receive,
    send,
)
from prodlens.trace_normalizer import decoder_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.storage.recording import Records
    from prodlens.trace_ingestion.messages import ReadFile, Setting

MOST_WAITING = 40_000
"""Records of a part that may wait for their turn; more are committed as soon as it comes."""


class _DroppedError(Exception):
    """What was being read is to be forgotten."""


class Worker:
    """Reads what it is told to.

    Args:
        source: Where messages come from.
        target: Where answers go.
    """

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        self._source, self._target = source, target
        self._setting: Setting = receive(source)
        self._stored: Records | None = None

    def run(self) -> None:
        """Work until the other side closes the pipe."""
        setting = self._setting
        try:
            with ProdLensStore(setting.database) as store:
                while True:
                    message = receive(self._source)
                    with without_collecting():
                        send(self._target, self._tried(store, message))
                        self._stored = None  # not before: the next one waits for the answer
        except ProdLensError as error:
            send(self._target, Failed(error))

    def _tried(self, store: ProdLensStore, message: ReadPart | ReadFile) -> Done | None:
        try:
            if isinstance(message, ReadPart):
                return self._part(store, message)
            return self._file(store, message)
        except _DroppedError:
            return None

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        send(self._target, MayCommit())
        if isinstance(receive(self._source), Drop):
            raise _DroppedError
        yield
        send(self._target, Committed())

    def _file(self, store: ProdLensStore, asked: ReadFile) -> Done:
        setting = self._setting
        ingestor = TraceIngestor(
            store,
            dead_letter_dir=setting.dead_letter_dir,
            prices=setting.prices,
            max_record_bytes=setting.max_record_bytes,
            now=lambda: setting.now,
        )
        return Done(ingestor.read_one(asked.path, asked.options, gate=self._turn))

    def _part(self, store: ProdLensStore, asked: ReadPart) -> Done | None:
        """Read a part; it is committed when every part before it was, or forgotten."""
        setting, part = self._setting, asked.part
        sink = RecordSink(
            store,
            asked.name,
            asked.options,
            prices=setting.prices,
            now=setting.now,
            file_id=asked.file_id,
        )
        with files.open_file(asked.path) as stream:
            reader = RecordReader(
                cast("BinaryIO", Upto(stream, part.end)),
                start=part.start,
                start_line=part.line,
                max_record_bytes=setting.max_record_bytes,
                decoder=decoder_of(asked.options.format),
            )
            sink.enter(part.start, part.line, sink.before, resumed=asked.resumed)
            sink.begin(part.end)
            for item in reader:
                sink.take(item)
                if sink.pending_records >= MOST_WAITING or sink.pending_bytes >= BATCH_BYTES:
                    sink.prepare()
                    with self._turn():
                        sink.commit(None)
        sink.prepare()
        exact = reader.safe_offset == part.end and reader.resumable and not sink.has_state
        send(self._target, PartRead(reader.safe_offset, reader.safe_line, exact))
        answer = receive(self._source)
        if not isinstance(answer, Commit):
            return None
        sink.enter(part.start, part.line, answer.before, resumed=asked.resumed)
        self._stored = sink.commit(answer.progress, last=True)
        return Done(sink.report, sink.counted)


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return the pipes, and leave nothing of them to what prints by accident."""
    source = os.fdopen(os.dup(0), "rb")
    target = os.fdopen(os.dup(1), "wb")
    sys.stdin = io.StringIO()
    sys.stdout = sys.stderr
    return source, target


def main() -> None:
    """Help until the process that started this one has no more to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who was interrupted decides
    source, target = _pipes()
    with contextlib.suppress(EOFError, BrokenPipeError):
        Worker(source, target).run()


if __name__ == "__main__":
    main()
