"""`TraceIngestor`: reads one file in batches; each batch is one transaction.

Rows, stale days, dead letters and progress commit together, so a kill at any moment and a second
run end as one undisturbed run does. A file is read on from where it stopped when it only grew,
and not at all when nothing changed: both cost a hash of what was read before.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from prodlens.clock import utc_now
from prodlens.collecting import without_collecting
from prodlens.errors import InputError, MissingPathError
from prodlens.selection import parse_repository
from prodlens.sources import containers, fields
from prodlens.sources.compression import Compression, open_decompressed
from prodlens.storage import ledger, runs
from prodlens.trace_ingestion import files, mirror
from prodlens.trace_ingestion.batch import RecordSink
from prodlens.trace_ingestion.digests import FileDigest
from prodlens.trace_ingestion.many import Helping, ManyFiles
from prodlens.trace_ingestion.messages import Setting
from prodlens.trace_ingestion.outcome import FileReport, IngestOptions, summary
from prodlens.trace_ingestion.progress import Batch
from prodlens.trace_normalizer import decoder_of, parse_format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from prodlens.pricing import PriceBook
    from prodlens.storage import ProdLensStore
    from prodlens.trace_ingestion.batch import Gate

JOB: Final = "trace_ingestion"
MAX_RECORD_BYTES: Final = 64 * 1024 * 1024
BATCH_RECORDS = 10_000
"""Records of one transaction; tests that kill the process make it smaller."""
BATCH_BYTES: Final = 64 * 1024 * 1024
"""Bytes of one transaction: what is read again when it is lost."""


class TraceIngestor:
    """Reads trace files into a store.

    Args:
        store: Where calls go.
        dead_letter_dir: Folder for one file per source file that names what was set aside and
            where it stands (never the record itself); made when first needed.
        parquet_dir: Where the exporter writes; kept, not used by ingestion.
        prices: Prices for calls without a reported cost; None is the built-in list.
        max_record_bytes: A longer record is set aside.
        now: Reads the clock, for the sanity range of times and for run records.
        processes: How many processes may read at the same time; more than one are used where there
            is enough to read, and give the same rows.

    Attributes:
        parquet_dir: As given.
    """

    def __init__(  # noqa: PLR0913 - what a caller may set, each by its name
        self,
        store: ProdLensStore,
        *,
        dead_letter_dir: str | Path = ".prod-lens/dead-letter",
        parquet_dir: str | Path = ".prod-lens/parquet",
        prices: PriceBook | None = None,
        max_record_bytes: int = MAX_RECORD_BYTES,
        now: Callable[[], datetime] = utc_now,
        processes: int = 1,
    ) -> None:
        self._store = store
        self._dead_letter_dir = dead_letter_dir
        self.parquet_dir = parquet_dir
        self._prices = prices
        self._max_record_bytes = max_record_bytes
        self._now = now
        self._processes = processes

    def ingest_file(
        self,
        path: str | Path,
        *,
        repo_slug: str | None = None,
        format: str | None = None,  # noqa: A002 - the specification's name
    ) -> int:
        """Read one file into the store.

        Args:
            path: The file, `-` for standard input.
            repo_slug: `owner/name` for calls whose record names no repository; never overrides.
            format: Name of the format; None detects it for each record.

        Returns:
            Rows added or changed.

        Raises:
            MissingPathError: The file is missing or can't be read.
            InputError: `repo_slug` or `format` is none.
            StoreError: The database can't be written; what was committed before stays.
        """
        options = IngestOptions(repo_slug=repo_slug, format=format)
        report = self.ingest([str(path)], options)[0]
        if report.problem is not None:
            raise MissingPathError(report.problem)
        return report.added + report.changed

    def ingest(
        self,
        paths: Iterable[str],
        options: IngestOptions,
        *,
        on_progress: Callable[[str, int], None] | None = None,
    ) -> list[FileReport]:
        """Read files one after the other, and record the run when it changed anything.

        Args:
            paths: Files as `prodlens.trace_ingestion.files.find` gives them.
            options: How to read them.
            on_progress: Called with a path and the bytes of it read so far.

        Returns:
            One report per file, in order; a file that can't be read says so in `problem` and
            doesn't keep the others from being read.

        Raises:
            InputError: The repository or format is none, or the developer is a placeholder.
        """
        if options.repo_slug is not None:
            parse_repository(options.repo_slug)
        parse_format(options.format)
        if options.developer is not None and fields.person(options.developer) is None:
            raise InputError(
                f"{options.developer[:40]!r} stands for nobody: give the id of a person."
            )
        started = self._now()
        with without_collecting():
            reports = ManyFiles(self, self._helping()).read(list(paths), options, on_progress)
        if not options.filtered and any(r.calls or r.set_aside for r in reports):
            with self._store.transaction() as conn:
                result = summary(reports)
                runs.record_run(
                    conn,
                    JOB,
                    result["added"] + result["changed"],
                    {k: result[k] for k in ("added", "changed", "already_known", "set_aside")},
                    started_at=started,
                )
                runs.set_checkpoint(conn, JOB, started)
        return reports

    def _helping(self) -> Helping:
        setting = Setting(
            database=self._store.path,
            dead_letter_dir=self._dead_letter_dir,
            prices=self._prices,
            max_record_bytes=self._max_record_bytes,
            now=self._now(),
        )
        return Helping(setting, min(self._processes, os.cpu_count() or 1))

    def read_one(
        self,
        path: str,
        options: IngestOptions,
        *,
        on_progress: Callable[[str, int], None] | None = None,
        gate: Gate = contextlib.nullcontext,
    ) -> FileReport:
        """Read one file in this process; a file that can't be read says so in `problem`.

        Args:
            path: The file, `-` for standard input.
            options: How to read it.
            on_progress: Called with the path and the bytes of it read so far.
            gate: Makes the context in which each transaction stands.
        """
        try:
            opened = self.open_one(path, options, gate=gate)
            return opened.sink.report if opened.unchanged else self.read(opened, on_progress)
        except MissingPathError as error:
            return FileReport(path, problem=str(error))

    def open_one(
        self, path: str, options: IngestOptions, *, gate: Gate = contextlib.nullcontext
    ) -> Opened:
        """Find out how far a file was read before; reads none of its records.

        Raises:
            MissingPathError: It is missing or can't be read.
        """
        is_file = files.is_regular(path)
        if is_file:
            files.open_file(path).close()
        name = files.ledger_path(path) if is_file else files.STANDARD_INPUT
        sink = RecordSink(
            self._store, name, options, prices=self._prices, now=self._now(), gate=gate
        )
        sink.report.path = path
        digest = FileDigest(path) if is_file else None
        entry = ledger.find(self._store.conn, name) if is_file and not options.filtered else None
        if entry is not None and digest is not None and entry.options == sink.options_text:
            if digest.unchanged(entry.progress):
                sink.report.unchanged = True
                if entry.set_aside:  # a run that was killed may have left the list behind
                    mirror.write(self._store, self._dead_letter_dir, name)
            elif digest.grown(entry.progress):
                sink.resume(entry)
        return Opened(path, name, options, sink, digest)

    def read(
        self, opened: Opened, on_progress: Callable[[str, int], None] | None = None
    ) -> FileReport:
        """Read the records of a file in this process.

        Args:
            opened: The file.
            on_progress: As in `ingest`.

        Raises:
            MissingPathError: It can't be read any more.
        """
        if opened.path == files.STANDARD_INPUT:
            return self._read(opened, sys.stdin.buffer, on_progress)
        with files.open_file(opened.path) as stream:
            return self._read(opened, stream, on_progress)

    def finish(self, opened: Opened) -> None:
        """Bring the list of what was set aside of a file up to date."""
        folder, sink = self._dead_letter_dir, opened.sink
        # what an earlier run set aside counts as well: it may have been killed before its list
        found = sink.report.set_aside or sink.before.set_aside
        if not opened.options.dry_run and (found or mirror.exists(folder, opened.name)):
            mirror.write(self._store, folder, opened.name)

    def _read(
        self,
        opened: Opened,
        stream: BinaryIO,
        on_progress: Callable[[str, int], None] | None,
    ) -> FileReport:
        sink = opened.sink
        sink.begin()
        if sink.start:
            stream.seek(sink.start)
        data, compression = (stream, Compression.NONE) if sink.start else open_decompressed(stream)
        reader = containers.open_reader(
            data,
            start=sink.start,
            start_line=sink.start_line,
            max_record_bytes=self._max_record_bytes,
            decoder=decoder_of(opened.options.format),
        )
        follows = compression is Compression.NONE and containers.is_resumable(reader)
        batch = Batch(sink, reader, opened.digest, follows=follows)
        for item in reader:
            sink.take(item)
            if sink.pending_records >= BATCH_RECORDS or sink.pending_bytes >= BATCH_BYTES:
                batch.commit()
                if on_progress is not None:
                    on_progress(opened.path, reader.safe_offset)
        batch.finish(stream)
        self.finish(opened)
        return sink.report


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is about to be read.

    Attributes:
        path: The file as it was named.
        name: The file as the ledger names it.
        options: How it is read.
        sink: Where its records go; stands where reading begins.
        digest: Its digest; None for what can't be read again.
    """

    path: str
    name: str
    options: IngestOptions
    sink: RecordSink
    digest: FileDigest | None

    @property
    def unchanged(self) -> bool:
        """Whether the file is as it was when it was last read."""
        return self.sink.report.unchanged
