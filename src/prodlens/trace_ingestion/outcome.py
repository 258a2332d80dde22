"""What is asked of an ingestion and what came of it, as plain values."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from prodlens.schemas import ContextFact, DailyFact, SessionLink, Suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

READER_VERSION: Final = 3
"""Raised whenever records that were set aside or skipped before can be read: files are read anew."""

BEFORE_SINCE: Final = "before --since"
COUNTED_ELSEWHERE: Final = "sum or repeat of other records"
DAILY_FIGURES: Final = "daily figures"
NOTED: Final[dict[type, str]] = {
    ContextFact: "facts about sessions",
    DailyFact: DAILY_FIGURES,
    SessionLink: "links of sessions",
    Suggestion: "edits",
}
"""What records may say beside calls, as reports name it."""
REPORT_SCHEMA: Final = "prodlens.ingest/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOptions:
    """How a file is to be read.

    Attributes:
        repo_slug: `owner/name` for calls whose record names no repository.
        developer: Developer for calls whose record names none.
        format: Name of the format; None detects it for each record.
        since: Calls that started before are skipped; the ledger does not move.
        dry_run: Read and count only; nothing is written.
    """

    repo_slug: str | None = None
    developer: str | None = None
    format: str | None = None
    since: datetime | None = None
    dry_run: bool = False

    @property
    def filtered(self) -> bool:
        """Whether the run must leave cursors and ledger alone."""
        return self.dry_run or self.since is not None

    def ledger_text(self) -> str:
        """Return the options that change what is read, as the ledger keeps them."""
        return json.dumps(
            {
                "developer": self.developer,
                "format": self.format,
                "reader": READER_VERSION,
                "repo": self.repo_slug,
            },
            sort_keys=True,
        )


@dataclass(slots=True)
class FileReport:
    """What came of one file.

    Attributes:
        path: The file as it was named; `-` is standard input.
        added: New calls.
        changed: Calls known before whose row says something else now.
        known: Records that added nothing.
        set_aside: Records set aside, by reason.
        skipped: Records that hold no call, by kind.
        noted: What was read beside calls (daily figures, edits, facts about sessions), by kind.
        unpriced: Models of calls with tokens for which there is neither a reported cost nor a
            price.
        formats: Records read, by source.
        unchanged: The file is as it was when it was last read.
        problem: Why the file could not be read, None when it was.
    """

    path: str
    added: int = 0
    changed: int = 0
    known: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    noted: Counter[str] = field(default_factory=Counter)
    unpriced: set[str] = field(default_factory=set)
    formats: Counter[str] = field(default_factory=Counter)
    unchanged: bool = False
    problem: str | None = None

    def add(self, other: FileReport) -> None:
        """Count what came of another part of the same file as well."""
        self.added += other.added
        self.changed += other.changed
        self.known += other.known
        for mine, theirs in (
            (self.set_aside, other.set_aside),
            (self.skipped, other.skipped),
            (self.noted, other.noted),
            (self.formats, other.formats),
        ):
            mine.update(theirs)
        self.unpriced |= other.unpriced

    @property
    def calls(self) -> int:
        """Records of calls that were read."""
        return self.added + self.changed + self.known

    def as_json(self) -> dict[str, Any]:
        """Return the plain values of the report of one file."""
        return {
            "path": self.path,
            "added": self.added,
            "changed": self.changed,
            "already_known": self.known,
            "set_aside": dict(sorted(self.set_aside.items())),
            "skipped": dict(sorted(self.skipped.items())),
            "formats": dict(sorted(self.formats.items())),
            "unchanged": self.unchanged,
            "problem": self.problem,
        }


def summary(reports: Iterable[FileReport]) -> dict[str, Any]:
    """Return the `prodlens.ingest/1` document of a run over several files.

    `set_aside` and `skipped` are numbers of records, `unpriced` the names of the models without a
    price; the reasons stand with each file.
    """
    listed = list(reports)
    return {
        "schema": REPORT_SCHEMA,
        "added": sum(r.added for r in listed),
        "changed": sum(r.changed for r in listed),
        "already_known": sum(r.known for r in listed),
        "set_aside": sum(r.set_aside.total() for r in listed),
        "skipped": sum(r.skipped.total() for r in listed),
        "unpriced": sorted(set().union(*(r.unpriced for r in listed))),
        "files": [r.as_json() for r in listed],
    }
