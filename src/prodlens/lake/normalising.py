"""One range of a raw file -> what its records say, and what was set aside; as a store's ingestion.

The same normaliser, traffic classes, prices and checks as `prodlens.trace_ingestion` (a test holds
the two together); nothing is stored here. Runs on an executor. No record itself is kept: only what
formats allow.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from prodlens.errors import InputError
from prodlens.frozen import replaced
from prodlens.lake.raw_files import open_raw
from prodlens.pricing import Usage
from prodlens.schemas import (
    CanonicalTrace,
    ContextFact,
    IdSource,
    Reject,
    RejectReason,
    Skipped,
    Suggestion,
)
from prodlens.sources import traffic
from prodlens.sources.compression import Compression, open_decompressed
from prodlens.sources.cutting import Upto
from prodlens.sources.reading import BadRecord, RecordReader
from prodlens.storage.identity_keys import observe
from prodlens.storage.ledger import DeadLetter
from prodlens.storage.merging import Place
from prodlens.trace_normalizer import RecordNormalizer, decoder_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from prodlens.lake.raw_files import Range
    from prodlens.pricing import PriceBook
    from prodlens.schemas import Outcome
    from prodlens.sources.reading import RawRecord
    from prodlens.storage.merging import Observation

UNKNOWN_MODEL: Final = "(model not known)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How records are read.

    Attributes:
        prices: Prices for calls without a reported cost.
        now: The present instant, aware UTC; times more than a day later are out of range.
        repo_slug: `owner/name` for calls whose record names no repository; None is nothing.
        developer: Developer for calls whose record names none; None is nothing.
        format: Name of the format; None detects it for each record.
        max_record_bytes: A longer record is set aside.
    """

    prices: PriceBook
    now: datetime
    repo_slug: str | None = None
    developer: str | None = None
    format: str | None = None
    max_record_bytes: int = 64 * 1024 * 1024

    def given(self, trace: CanonicalTrace) -> dict[str, Any]:
        """Return what the person who ingests says about a call that leaves it open."""
        given: dict[str, Any] = {}
        if self.repo_slug is not None and trace.repo_slug is None:
            given |= {"repo_slug": self.repo_slug, "repo_source": IdSource.GIVEN.value}
        if self.developer is not None and trace.developer_id is None:
            given |= {"developer_id": self.developer, "developer_source": IdSource.GIVEN.value}
        return given

    def price(self, trace: CanonicalTrace) -> tuple[int, str] | None:
        """Return `(nano-dollars, price version)` of a call's tokens; None without a price."""
        cost = self.prices.cost(
            provider=trace.provider,
            model=trace.model_raw or trace.model,
            day=trace.timestamp.date(),
            at=trace.timestamp,
            usage=Usage(
                tokens_in=trace.tokens_in,
                tokens_out=trace.tokens_out,
                cache_read_tokens=trace.cache_read_tokens,
                cache_write_tokens=trace.cache_write_tokens,
                cache_write_1h_tokens=trace.cache_write_1h_tokens,
            ),
        )
        return None if cost is None else (cost.nanos, cost.price_version)


@dataclass(slots=True)
class Account:
    """What came of one range.

    Attributes:
        part: The range.
        lines: Line ends in it.
        exact: Whether reading it alone gave what reading the file whole gives.
        letters: What was set aside; lines count from the beginning of the range.
        records: Objects that were read.
        skipped: Records that hold no call, by kind.
        formats: Calls read, by source.
        unpriced: Models of calls with tokens but without a cost.
    """

    part: Range
    lines: int = 0
    exact: bool = True
    letters: list[DeadLetter] = field(default_factory=list)
    records: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    unpriced: set[str] = field(default_factory=set)


class RangeReader:
    """Iterates over what the records of one range say; `account` is complete at its end.

    Args:
        part: The range.
        how: How records are read.
    """

    def __init__(self, part: Range, how: Reading) -> None:
        self.account = Account(part)
        self._how = how
        self._state: dict[str, dict[str, Any]] = {}
        self._normalizer = RecordNormalizer(how.format, now=how.now, state=self._state)

    def __iter__(self) -> Iterator[Any]:
        """Yield observations, suggestions with their places, and facts, in order."""
        part = self.account.part
        with open_raw(part.path) as stream:
            reader = self._reader(stream)
            for item in reader:
                yield from self._take(item)
            self.account.lines = reader.lines
            ended = part.end < 0 or (reader.safe_offset == part.end and reader.resumable)
            self.account.exact = part.whole or (ended and not any(self._state.values()))

    def _reader(self, stream: BinaryIO) -> RecordReader:
        part = self.account.part
        data = stream
        if part.start == 0:
            data, compression = open_decompressed(stream)
            if compression is not Compression.NONE:
                return RecordReader(data, max_record_bytes=self._how.max_record_bytes)
        if part.end >= 0:
            data = cast("BinaryIO", Upto(data, part.end))
        most = self._how.max_record_bytes
        decoder = decoder_of(self._how.format)
        return RecordReader(data, start=part.start, max_record_bytes=most, decoder=decoder)

    def _take(self, item: RawRecord | BadRecord) -> Iterator[Any]:
        if isinstance(item, BadRecord):
            self._set_aside_bytes(item)
            return
        self.account.records += 1
        for at, outcome in enumerate(self._normalizer.read(item.value)):
            if isinstance(outcome, Reject):
                self._set_aside(outcome, item, at)
            elif isinstance(outcome, Skipped):
                self.account.skipped[outcome.kind] += 1
            elif (said := self._said(outcome, item)) is not None:
                yield said

    def _said(self, outcome: Outcome, item: RawRecord) -> Any:
        if isinstance(outcome, CanonicalTrace):
            return self._observed(outcome, item)
        if isinstance(outcome, Suggestion):
            # Digests of code stay here: a lake has no use for them.
            outcome = dataclasses.replace(outcome, file_digests=(), line_digests=())
            return outcome, Place(None, item.offset, item.line)
        return outcome if isinstance(outcome, ContextFact) else None

    def _observed(self, trace: CanonicalTrace, item: RawRecord) -> Observation | None:
        self.account.formats[trace.source] += 1
        changes = self._how.given(trace)
        if (found := traffic.classify(trace)) != trace.traffic_class:
            changes["traffic_class"] = found
        if changes:
            trace = replaced(trace, **changes)
        nanos, version = self._priced(trace)
        place = Place(None, item.offset, item.line)
        try:
            return observe(trace, cost_nanos=nanos, price_version=version, place=place)
        except InputError:
            self._set_aside(Reject(RejectReason.BAD_FIELD), item, 0)
            return None

    def _priced(self, trace: CanonicalTrace) -> tuple[int | None, str | None]:
        if trace.cost_usd is not None:
            return None, None
        cost = self._how.price(trace)
        if cost is not None:
            return cost
        if trace.total_tokens and not (trace.model is None and trace.scopes):
            self.account.unpriced.add(trace.model or UNKNOWN_MODEL)
        return None, None

    def _set_aside(self, reject: Reject, item: RawRecord, at: int) -> None:
        self.account.letters.append(
            DeadLetter(
                path=self.account.part.name,
                offset=item.offset,
                length=len(item.data),
                line=item.line,
                position=at if item.index is None and at else item.index,
                digest=hashlib.sha256(item.data).hexdigest(),
                reason=reject.reason.value,
                field=reject.field,
                scalars=reject.scalars,
            )
        )

    def _set_aside_bytes(self, bad: BadRecord) -> None:
        self.account.letters.append(
            DeadLetter(
                path=self.account.part.name,
                offset=bad.offset,
                length=bad.length,
                line=bad.line,
                position=None,
                digest=bad.digest,
                reason=RejectReason[bad.reason.name].value,
                field=None,
                scalars={},
            )
        )
