"""What the process that a person started and those that help it say to each other.

Pickled over the pipes between a program and the copies of itself that it starts: nothing else can
write there. Holds places, counts and errors; of records only what the store may keep.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from prodlens.pricing import PriceBook
    from prodlens.storage.ledger import Counted, FileProgress
    from prodlens.trace_ingestion.outcome import FileReport, IngestOptions
    from prodlens.trace_ingestion.parts import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a helping process works with; sent once, first.

    Attributes:
        database: The store's file.
        dead_letter_dir: As `TraceIngestor` was given it.
        prices: Likewise.
        max_record_bytes: Likewise.
        now: The present instant, the same for all processes.
    """

    database: Path
    dead_letter_dir: str | Path
    prices: PriceBook | None
    max_record_bytes: int
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPart:
    """Ask for a part of a file to be read.

    Attributes:
        path: The file.
        name: The file as the ledger names it.
        file_id: Its `source_files.id`.
        options: How to read it.
        part: The part.
        resumed: Whether an earlier run read the beginning of the file.
    """

    path: str
    name: str
    file_id: int | None
    options: IngestOptions
    part: Part
    resumed: bool


@dataclass(frozen=True, slots=True)
class ReadFile:
    """Ask for a whole file to be read."""

    path: str
    options: IngestOptions


@dataclass(frozen=True, slots=True)
class MayCommit:
    """Ask to be the one who writes."""


@dataclass(frozen=True, slots=True)
class Committed:
    """Say that the transaction ended, so that others may write."""


@dataclass(frozen=True, slots=True)
class PartRead:
    """Say that a part was read and waits to be committed.

    Attributes:
        safe_offset: Offset up to which nothing depends on bytes behind it.
        safe_line: Line there.
        exact: Whether the part reads as it does inside the whole file, and what follows as well.
    """

    safe_offset: int
    safe_line: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Commit:
    """Let a part be committed: with this progress, behind records that came to `before`."""

    progress: FileProgress
    before: Counted


@dataclass(frozen=True, slots=True)
class Drop:
    """Let a part be forgotten."""


@dataclass(frozen=True, slots=True)
class Done:
    """Say what came of a part or a file.

    Attributes:
        report: What came of it.
        counted: What its records came to, for the ledger.
    """

    report: FileReport
    counted: Counted | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """Say that it could not be done, and why."""

    error: BaseException


def send(pipe: BinaryIO, message: object) -> None:
    """Send one message."""
    pickle.dump(message, pipe, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.flush()


def receive(pipe: BinaryIO) -> Any:
    """Return the next message.

    Raises:
        EOFError: The other process has ended.
    """
    try:
        return pickle.load(pipe)  # noqa: S301 - both ends are this program
    except pickle.UnpicklingError:  # it ended in the middle of a message
        raise EOFError from None
