"""Records of one file on their way to the store: prices, dead letters, commits with progress."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

from prodlens.errors import InputError
from prodlens.frozen import replaced
from prodlens.schemas import (
    CanonicalTrace,
    ContextFact,
    DailyFact,
    IdSource,
    Reject,
    RejectReason,
    SessionLink,
    Skipped,
    Suggestion,
)
from prodlens.selection import parse_repository
from prodlens.sources import traffic
from prodlens.sources.edits import salted
from prodlens.sources.reading import BadRecord
from prodlens.storage import ledger, recording, suggestions, traces
from prodlens.storage.identity_keys import observe
from prodlens.storage.ledger import Counted, DeadLetter, LedgerEntry
from prodlens.storage.merging import Place
from prodlens.trace_ingestion.outcome import (
    BEFORE_SINCE,
    COUNTED_ELSEWHERE,
    NOTED,
    FileReport,
)
from prodlens.trace_normalizer import RecordNormalizer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import datetime

    from prodlens.pricing import PriceBook
    from prodlens.schemas import Outcome
    from prodlens.sources.reading import RawRecord
    from prodlens.storage import ProdLensStore
    from prodlens.storage.ledger import FileProgress
    from prodlens.trace_ingestion.outcome import IngestOptions

Gate = Callable[[], AbstractContextManager[Any]]
"""Makes the context of one transaction: where several processes write, each waits there."""

UNKNOWN_MODEL: Final = "(model not known)"


class RecordSink:
    """Turns the records of one file into observations and dead letters, and stores them.

    Args:
        store: Where they go.
        name: The file as the ledger names it.
        options: How it is read.
        prices: Prices for calls without a reported cost; None is the built-in list.
        now: The present instant.
        file_id: Its `source_files.id`; None registers it when it is first needed.
        gate: Makes the context in which each transaction stands.

    Attributes:
        report: What came of the file so far.
        start: Byte offset where reading begins; 0 unless the file only grew.
        start_line: Line there.
        options_text: The options as the ledger keeps them.
        pending_records: Records read since the last commit.
        pending_bytes: Their length.
    """

    def __init__(  # noqa: PLR0913 - one sink for each file, made in few places
        self,
        store: ProdLensStore,
        name: str,
        options: IngestOptions,
        *,
        prices: PriceBook | None,
        now: datetime,
        file_id: int | None = None,
        gate: Gate = contextlib.nullcontext,
    ) -> None:
        self.report = FileReport(name)
        self.start = 0
        self.start_line = 1
        self.options_text = options.ledger_text()
        self.pending_records = self.pending_bytes = 0
        self._store = store
        self._name = name
        self._options = options
        self._prices = prices
        self._price_of: Callable[[CanonicalTrace], tuple[int, str] | None] | None = None
        self._now = now
        self._repo = parse_repository(options.repo_slug) if options.repo_slug else None
        self._file_id = file_id
        self._gate = gate
        self._records = recording.Records()
        self._state: dict[str, dict[str, Any]] = {}
        self._normalizer = self._reading()
        self._salt: bytes | None = None
        self._letters: list[DeadLetter] = []
        self._previewed: set[int] = set()
        self._before = Counted()
        self._read = 0
        self._shadowed = 0
        self._resumed = False
        self._open: dict[tuple[int, int, str], int] = {}
        self._open_at: dict[tuple[int, int], list[tuple[str, int]]] = {}
        self._readable: set[int] = set()

    @property
    def has_state(self) -> bool:
        """Whether an adapter noted anything for the records that follow in this file."""
        return any(self._state.values())

    @property
    def file_id(self) -> int | None:
        """The file's `source_files.id`; None for what is no stored file. Registers it."""
        return self._id()

    @property
    def resumed(self) -> bool:
        """Whether an earlier run read the beginning of the file."""
        return self._resumed

    @property
    def before(self) -> Counted:
        """What the records before the first byte to be read came to."""
        return self._before

    @property
    def counted(self) -> Counted:
        """What the records that this sink took came to, however they were shared out to commits.

        Which of two records is counted elsewhere may depend on which is stored first.
        """
        report = self.report
        return Counted(
            Counter(report.formats),
            self._read,
            report.set_aside.total(),
            report.skipped.total() - self._shadowed,
        )

    def begin(self, until: int | None = None) -> None:
        """Note which records of the file wait as dead letters, from the first byte to be read.

        Args:
            until: Offset behind the last byte to be read; None is the end of the file.
        """
        if self._is_stored_file() and not self._options.filtered:
            self._open = ledger.open_letters(self._store.conn, self._name, self.start, until)
            for (offset, position, digest), letter in self._open.items():
                self._open_at.setdefault((offset, position), []).append((digest, letter))

    def resume(self, entry: LedgerEntry) -> None:
        """Begin where the ledger says that reading stopped."""
        counted = Counted(Counter(entry.formats), entry.records, entry.set_aside, entry.skipped)
        self.enter(entry.progress.offset, entry.progress.line, counted, resumed=True)
        self._state = entry.reader_state
        self._normalizer = self._reading()

    def enter(self, start: int, line: int, before: Counted, *, resumed: bool) -> None:
        """Begin at a place in the file.

        Args:
            start: Byte offset.
            line: Line there.
            before: What the records before it came to.
            resumed: Whether an earlier run read what lies before the file's first byte of this one.
        """
        self.start, self.start_line = start, line
        self._before, self._resumed = before, resumed

    def _reading(self) -> RecordNormalizer:
        return RecordNormalizer(self._options.format, now=self._now, state=self._state)

    def take(self, item: RawRecord | BadRecord) -> None:
        """Read one record; it waits for the next commit."""
        self.pending_records += 1
        if isinstance(item, BadRecord):
            self._set_aside_bytes(item)
            return
        self.pending_bytes += len(item.data)
        self._read += 1
        if self._open:
            self._match_letter(item)
        for part, outcome in enumerate(self._normalizer.read(item.value)):
            if isinstance(outcome, CanonicalTrace):
                self._take_call(outcome, item)
            elif isinstance(outcome, Reject):
                self._set_aside(outcome, item, part)
            elif isinstance(outcome, Skipped):
                self.report.skipped[outcome.kind] += 1
            else:
                self._take_other(outcome, item)

    def _take_other(self, outcome: Outcome, item: RawRecord) -> None:
        """Keep what a record says beside calls; a filtered run leaves out what is too early."""
        records, since = self._records, self._options.since
        self.report.noted[NOTED[type(outcome)]] += 1
        if isinstance(outcome, Suggestion):
            if since is None or outcome.timestamp is None or outcome.timestamp >= since:
                records.suggestions.append((outcome, Place(self._id(), item.offset, item.line)))
        elif isinstance(outcome, ContextFact):
            records.facts.append(outcome)
        elif isinstance(outcome, SessionLink):
            records.links.append(outcome)
        elif isinstance(outcome, DailyFact):
            self.report.formats[outcome.source] += 1
            if since is None or outcome.event_date >= since.date().isoformat():
                records.days.append(outcome)

    def _take_call(self, trace: CanonicalTrace, item: RawRecord) -> None:
        self.report.formats[trace.source] += 1
        options = self._options
        if options.since is not None and trace.timestamp < options.since:
            self.report.skipped[BEFORE_SINCE] += 1
            return
        given = self._given(trace)
        if (found := traffic.classify(trace)) != trace.traffic_class:
            given["traffic_class"] = found
        nanos, version = self._price(trace)
        if given:
            trace = replaced(trace, **given)
        place = Place(self._id(), item.offset, item.line)
        try:
            self._records.calls.append(
                observe(trace, cost_nanos=nanos, price_version=version, place=place)
            )
        except InputError:
            self._set_aside(Reject(RejectReason.BAD_FIELD), item)

    def _given(self, trace: CanonicalTrace) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if self._repo is not None and trace.repo_slug is None:
            given |= {"repo_slug": self._repo, "repo_source": IdSource.GIVEN.value}
        if self._options.developer is not None and trace.developer_id is None:
            given |= {
                "developer_id": self._options.developer,
                "developer_source": IdSource.GIVEN.value,
            }
        return given

    def _price(self, trace: CanonicalTrace) -> tuple[int | None, str | None]:
        """Return the computed cost of a call without a reported one, and note a missing price."""
        if trace.cost_usd is not None:
            return None, None
        cost = self._priced(trace)
        if cost is not None:
            return cost
        if trace.total_tokens and not (trace.model is None and trace.scopes):
            self.report.unpriced.add(trace.model or UNKNOWN_MODEL)
        return None, None

    def _priced(self, trace: CanonicalTrace) -> tuple[int, str] | None:
        """Return the computed cost of a call's tokens, None when there is no price."""
        if self._price_of is None:
            from prodlens.trace_ingestion.prices import pricing

            self._price_of = pricing(self._prices)
        return self._price_of(trace)

    def _salted(self, digests: Iterable[int]) -> bytes:
        """Return digests as they may be stored; called inside the transaction that stores them."""
        if self._salt is None:
            self._salt = suggestions.salt(self._store.conn)
        return salted(digests, self._salt)

    def _id(self) -> int | None:
        if self._file_id is None and self._is_stored_file():
            with self._gate(), self._store.transaction() as conn:
                self._file_id = ledger.register(conn, self._name, self.options_text, self._now)
        return self._file_id

    def _is_stored_file(self) -> bool:
        return self._name != ledger.STANDARD_INPUT and not self._options.dry_run

    def _set_aside(self, reject: Reject, item: RawRecord, part: int = 0) -> None:
        """Note a record, or the given part of a record that holds several, as set aside."""
        self._letters.append(
            DeadLetter(
                path=self._name,
                offset=item.offset,
                length=len(item.data),
                line=item.line,
                position=part if item.index is None and part else item.index,
                digest=hashlib.sha256(item.data).hexdigest(),
                reason=reject.reason.value,
                field=reject.field,
                scalars=reject.scalars,
            )
        )
        self.report.set_aside[reject.reason.value] += 1

    def _set_aside_bytes(self, bad: BadRecord) -> None:
        reason = RejectReason[bad.reason.name].value
        self._letters.append(
            DeadLetter(
                path=self._name,
                offset=bad.offset,
                length=bad.length,
                line=bad.line,
                position=None,
                digest=bad.digest,
                reason=reason,
                field=None,
                scalars={},
            )
        )
        self.report.set_aside[reason] += 1

    def prepare(self) -> None:
        """Do what storing needs and no database knows; `commit` does it if nobody did before."""
        self._records.prepared()

    def commit(self, progress: FileProgress | None, *, last: bool = False) -> recording.Records:
        """Store what waits, in one transaction with the progress it stands for.

        Args:
            progress: How far the file was read; None leaves the ledger as it is.
            last: The file has been read to its end: close the dead letters that it no longer has.

        Returns:
            What was stored: whoever holds others up may free it later.
        """
        if self._options.dry_run:
            self._preview()
        else:
            file_id = self._id()
            self.prepare()
            with self._gate(), self._store.transaction() as conn:
                done = recording.record(
                    conn, self._records, price=self._priced, salted=self._salted
                )
                ledger.set_aside(conn, self._letters, file_id, self._now)
                self._keep_open()
                if last:
                    self._close_letters(conn)
                if progress is not None and file_id is not None and not self._options.filtered:
                    ledger.save(conn, self._entry(file_id, progress), self._now)
            self.report.added += done.added
            self.report.changed += done.changed
            self.report.known += done.known
            if done.shadowed:
                self.report.skipped[COUNTED_ELSEWHERE] += done.shadowed
                self._shadowed += done.shadowed
        stored, self._records = self._records, recording.Records()
        self._letters.clear()
        self.pending_records = self.pending_bytes = 0
        return stored

    def _preview(self) -> None:
        added, known = traces.preview(self._store.conn, self._records.calls, self._previewed)
        self.report.added += added
        self.report.known += known

    def _entry(self, file_id: int, progress: FileProgress) -> LedgerEntry:
        counted = self.counted
        counted.add(self._before)
        return LedgerEntry(
            file_id=file_id,
            options=self.options_text,
            progress=progress,
            formats=dict(counted.formats),
            records=counted.records,
            set_aside=counted.set_aside,
            skipped=counted.skipped,
            reader_state={name: noted for name, noted in self._state.items() if noted},
        )

    def _match_letter(self, item: RawRecord) -> None:
        """Note the dead letters whose record, or whose cut-off beginning, was just read."""
        waiting = self._open_at.get((item.offset, -1 if item.index is None else item.index))
        if not waiting:
            return
        digest = hashlib.sha256(item.data).hexdigest()
        self._readable |= {letter for known, letter in waiting if known == digest or self._resumed}

    def _keep_open(self) -> None:
        """Leave open what was set aside again."""
        for letter in self._letters if self._open else ():
            position = -1 if letter.position is None else letter.position
            self._open.pop((letter.offset, position, letter.digest), None)

    def _close_letters(self, conn: sqlite3.Connection) -> None:
        """Close letters of records that are read now, and of those the file no longer holds."""
        closing = set(self._open.values())
        ledger.close_letters(conn, closing & self._readable, "resolved")
        ledger.close_letters(conn, closing - self._readable, "gone")
