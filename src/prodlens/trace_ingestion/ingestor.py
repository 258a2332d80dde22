"""`TraceIngestor`: reads one file in batches; each batch is one transaction.

Rows, stale days, dead letters and progress commit together, so a kill at any moment and a second
run end as one undisturbed run does. A file is read on from where it stopped when it only grew,
and not at all when nothing changed: both cost a hash of what was read before.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, BinaryIO, Final

from prodlens.clock import utc_now
from prodlens.errors import InputError, MissingPathError
from prodlens.selection import parse_repository
from prodlens.sources import containers, fields
from prodlens.sources.compression import Compression, open_decompressed
from prodlens.storage import ledger, runs
from prodlens.trace_ingestion import files, mirror
from prodlens.trace_ingestion.batch import Batch, RecordSink
from prodlens.trace_ingestion.digests import FileDigest
from prodlens.trace_ingestion.outcome import FileReport, IngestOptions, summary
from prodlens.trace_normalizer import parse_format

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from prodlens.pricing import PriceBook
    from prodlens.storage import ProdLensStore

JOB: Final = "trace_ingestion"
MAX_RECORD_BYTES: Final = 64 * 1024 * 1024
BATCH_RECORDS = 5000
"""Records of one transaction; tests that kill the process make it smaller."""
BATCH_BYTES: Final = 16 * 1024 * 1024


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

    Attributes:
        parquet_dir: As given.
    """

    def __init__(
        self,
        store: ProdLensStore,
        *,
        dead_letter_dir: str | Path = ".prod-lens/dead-letter",
        parquet_dir: str | Path = ".prod-lens/parquet",
        prices: PriceBook | None = None,
        max_record_bytes: int = MAX_RECORD_BYTES,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = store
        self._dead_letter_dir = dead_letter_dir
        self.parquet_dir = parquet_dir
        self._prices = prices
        self._max_record_bytes = max_record_bytes
        self._now = now

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
        reports = [self._try_one(path, options, on_progress) for path in paths]
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

    def _try_one(
        self,
        path: str,
        options: IngestOptions,
        on_progress: Callable[[str, int], None] | None,
    ) -> FileReport:
        try:
            return self._ingest_one(path, options, on_progress)
        except MissingPathError as error:
            return FileReport(path, problem=str(error))

    def _ingest_one(
        self,
        path: str,
        options: IngestOptions,
        on_progress: Callable[[str, int], None] | None,
    ) -> FileReport:
        if path == files.STANDARD_INPUT:
            return self._read(path, sys.stdin.buffer, options, on_progress)
        with files.open_file(path) as stream:
            return self._read(path, stream, options, on_progress)

    def _read(
        self,
        path: str,
        stream: BinaryIO,
        options: IngestOptions,
        on_progress: Callable[[str, int], None] | None,
    ) -> FileReport:
        folder = self._dead_letter_dir
        is_file = files.is_regular(path)
        name = files.ledger_path(path) if is_file else files.STANDARD_INPUT
        sink = RecordSink(self._store, name, options, prices=self._prices, now=self._now())
        sink.report.path = path
        digest = FileDigest(path) if is_file else None
        entry = ledger.find(self._store.conn, name) if is_file and not options.filtered else None
        if entry is not None and digest is not None and entry.options == sink.options_text:
            if digest.unchanged(entry.progress):
                sink.report.unchanged = True
                return sink.report
            if digest.grown(entry.progress):
                sink.resume(entry)
                stream.seek(entry.progress.offset)
        sink.begin()
        data, compression = (stream, Compression.NONE) if sink.start else open_decompressed(stream)
        reader = containers.open_reader(
            data,
            start=sink.start,
            start_line=sink.start_line,
            max_record_bytes=self._max_record_bytes,
        )
        follows = compression is Compression.NONE and containers.is_resumable(reader)
        batch = Batch(sink, reader, digest, follows=follows)
        for item in reader:
            sink.take(item)
            if sink.pending_records >= BATCH_RECORDS or sink.pending_bytes >= BATCH_BYTES:
                batch.commit()
                if on_progress is not None:
                    on_progress(path, reader.safe_offset)
        batch.finish(stream)
        if not options.dry_run and (sink.report.set_aside or mirror.exists(folder, name)):
            mirror.write(self._store.conn, folder, name)
        return sink.report
