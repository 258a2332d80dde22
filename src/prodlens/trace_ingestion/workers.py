"""Processes that read files at the same time, and the order in which they write.

Parts of one file are committed in their order in the file, each with the progress it stands for: so
the store is at every moment what one process would have made of the beginning of the file. A part
that can't stand alone (a record crosses the cut, an adapter needs what earlier records said) is
forgotten, and what called reads the file on from there by itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO, Final, Self, cast

from prodlens.errors import StoreError
from prodlens.storage.ledger import FileProgress
from prodlens.trace_ingestion.digests import FileDigest
from prodlens.trace_ingestion.messages import (
    Commit,
    Drop,
    Failed,
    MayCommit,
    PartRead,
    ReadFile,
    ReadPart,
    receive,
    send,
)
from prodlens.trace_ingestion.outcome import FileReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType
    from typing import Any

    from prodlens.trace_ingestion.ingestor import Opened
    from prodlens.trace_ingestion.messages import Done, Setting
    from prodlens.trace_ingestion.outcome import IngestOptions
    from prodlens.trace_ingestion.parts import Part, Parts

_MODULE: Final = "prodlens.trace_ingestion.worker"
_PATIENCE_S: Final = 10.0


def start_process() -> subprocess.Popen[bytes]:
    """Start a helping process with pipes to it; it finds the same modules as this one."""
    paths = [path for path in sys.path if path]
    with _without_interrupts():
        return subprocess.Popen(  # noqa: S603 - this program
            [sys.executable, "-P", "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        )


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    """Start a process that a terminal's Ctrl-C does not reach, not even while it starts up.

    It is this process that decides; one that comes in the block is seen behind it. A new process
    has the signal mask of the thread that starts it (POSIX `posix_spawn`, `exec`).
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Helper:
    """One helping process and the pipes to it."""

    def __init__(self, setting: Setting, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._to = cast("BinaryIO", self._process.stdin)
        self._from = cast("BinaryIO", self._process.stdout)
        self.send(setting)

    def send(self, message: object) -> None:
        """Send a message.

        Raises:
            StoreError: The process has ended.
            ProdLensError: It has, and said why.
        """
        try:
            send(self._to, message)
        except OSError:
            self.receive()
            raise self._lost() from None

    def receive(self) -> Any:
        """Return the next message.

        Raises:
            StoreError: The process has ended.
            ProdLensError: It could not do what it was asked.
        """
        try:
            message = receive(self._from)
        except EOFError:
            raise self._lost() from None
        if isinstance(message, Failed):
            raise message.error
        return message

    def _lost(self) -> StoreError:
        code = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(_PATIENCE_S)
        return StoreError(
            f"A process that helped to read files ended with code {code}: run the same command "
            "again, or set ingest.processes to 1. What was stored is whole."
        )

    def stop(self) -> None:
        """End the process; what it has not committed is read again by another run."""
        with contextlib.suppress(OSError):
            self._to.close()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._from.close()


class Turns:
    """Who may write: one at a time, parts in their order."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._next = 0
        self._writing = False
        self.ended = False

    def may(self, number: int | None) -> bool:
        """Wait until part `number` (None: anyone) may write; False when nobody may any more."""
        with self._changed:
            self._changed.wait_for(
                lambda: self.ended or (not self._writing and number in (None, self._next))
            )
            self._writing = not self.ended
            return not self.ended

    def over(self, *, part: bool = False) -> None:
        """Let the next one write; with `part`, the next part."""
        with self._changed:
            self._writing = False
            self._next += part
            self._changed.notify_all()

    def end(self) -> None:
        """Let nobody write any more."""
        with self._changed:
            self.ended = True
            self._changed.notify_all()


class Helpers:
    """Several helping processes.

    Args:
        setting: What they work with.
        count: How many.
        start: Starts one.
    """

    def __init__(
        self,
        setting: Setting,
        count: int,
        *,
        start: Callable[[], subprocess.Popen[bytes]] = start_process,
    ) -> None:
        self._helpers: list[Helper] = []
        try:
            for _ in range(count):
                self._helpers.append(Helper(setting, start()))
        except BaseException:
            self._stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        for helper in self._helpers:
            helper.stop()

    def read_files(
        self,
        paths: Sequence[str],
        options: IngestOptions,
        done: Callable[[int, FileReport], None],
    ) -> None:
        """Read whole files, each in one process.

        Args:
            paths: The files.
            options: How to read them.
            done: Called with the position of a file and what came of it, in any order, one call at
                a time.

        Raises:
            ProdLensError: The store can't be written.
        """
        turns, lock = Turns(), threading.Lock()
        waiting = iter(list(enumerate(paths)))

        def work(helper: Helper) -> None:
            while not turns.ended:
                with lock:
                    at, path = next(waiting, (-1, ""))
                if at < 0:
                    return
                helper.send(ReadFile(path, options))
                answer = _answer(helper, turns, None)
                if answer is None:
                    return
                with lock:
                    done(at, answer.report)

        self._together(work, turns)

    def read_parts(self, file: FileInParts, parts: Parts) -> Part | None:
        """Read one file in parts.

        Args:
            file: The file, and what its parts come to.
            parts: Its parts.

        Returns:
            The first part that can't stand alone, or can't be cut, and was not stored; None when
            all were.

        Raises:
            ProdLensError: The store can't be written.
        """
        turns = Turns()
        left: list[Part] = []

        def work(helper: Helper) -> None:
            while not turns.ended and (part := parts.take()) is not None:
                helper.send(file.asked(part))
                read = _answer(helper, turns, part.number)
                if not isinstance(read, PartRead):
                    return
                if turns.may(part.number) and read.exact:
                    helper.send(file.commit(part, read.safe_line))
                    file.add(helper.receive(), part, parts.stored(part))
                    turns.over(part=True)
                    continue
                if not turns.ended:
                    left.append(part)
                    turns.end()
                helper.send(Drop())
                helper.receive()

        self._together(work, turns)
        return left[0] if left else parts.rest

    def _together(self, work: Callable[[Helper], None], turns: Turns) -> None:
        """Let each process work for a thread of its own; the first error ends all of them."""

        def guarded(helper: Helper) -> None:
            try:
                work(helper)
            except BaseException:
                turns.end()
                raise

        with ThreadPoolExecutor(len(self._helpers)) as pool:
            running = [pool.submit(guarded, helper) for helper in self._helpers]
            try:
                for future in running:
                    future.result()
            except BaseException:
                turns.end()
                raise


class FileInParts:
    """What is known of a file that is read in parts, and what its parts come to.

    Args:
        opened: The file, its sink standing where reading begins.
        on_progress: Called with the path and the bytes of it that are stored.

    Attributes:
        report: What came of the parts that were stored.
        before: What their records, and those that an earlier run read, came to.
        digest: Covers the bytes of the parts that were stored; whoever reads on carries it on.
    """

    def __init__(self, opened: Opened, *, on_progress: Callable[[str, int], None] | None) -> None:
        sink = opened.sink
        self.report, self.before = FileReport(opened.path), sink.before
        self._name, self._options = opened.name, opened.options
        self.digest = opened.digest or FileDigest(opened.path)
        self._file_id, self._resumed = sink.file_id, sink.resumed
        self._on_progress = on_progress

    def asked(self, part: Part) -> ReadPart:
        """Return the question for a part."""
        return ReadPart(
            path=self.report.path,
            name=self._name,
            file_id=self._file_id,
            options=self._options,
            part=part,
            resumed=self._resumed,
        )

    def commit(self, part: Part, line: int) -> Commit:
        """Return the word that lets a part be committed, with the progress it stands for.

        Args:
            part: The part, which was read to its end.
            line: Line behind it.
        """
        progress = FileProgress(
            size=part.end,
            digest=part.digest,
            offset=part.end,
            line=line,
            complete=self.digest.ends_at(part.end),
            resumable=True,
        )
        return Commit(progress, self.before)

    def add(self, done: Done, part: Part, digest: FileDigest) -> None:
        """Note that a part was committed, what came of it, and the digest at its end."""
        self.report.add(done.report)
        self.digest = digest
        if done.counted is not None:
            self.before.add(done.counted)
        if self._on_progress is not None:
            self._on_progress(self.report.path, part.end)


def _answer(helper: Helper, turns: Turns, number: int | None) -> Any:
    """Return what a process answers, letting it write in between when it is its turn."""
    while isinstance(message := helper.receive(), MayCommit):
        if not turns.may(number):
            helper.send(Drop())
            continue
        helper.send(message)
        helper.receive()
        turns.over()
    return message
