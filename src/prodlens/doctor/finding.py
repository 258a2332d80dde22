"""Owns what a check says (`Finding`) and what it may know beside the database; checks nothing."""

from __future__ import annotations

import functools
import shlex
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from prodlens.metrics.coverage import coverage_of
from prodlens.metrics.inputs import read_inputs
from prodlens.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from pathlib import Path

    from prodlens.metrics.coverage import Coverage
    from prodlens.storage import ProdLensStore
    from prodlens.storage.diagnosis import FileFacts


class Status(StrEnum):
    """How a finding stands: mending a warning adds figures, a problem stops or falsifies them."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check says of one thing.

    Attributes:
        check: Name of the check; stable.
        status: How it stands.
        text: The sentence for people. It may quote names from outside: clean it before showing it.
        command: What mends it; words in capitals are to be filled in. None when it is ok.
        facts: The figures behind the sentence, plain values.
    """

    check: str
    status: Status
    text: str
    command: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "check": self.check,
            "status": self.status.value,
            "text": self.text,
            "command": self.command,
            "facts": dict(self.facts),
        }


def judged(
    check: str,
    text: str,
    *,
    mend: str | None = None,
    problem: bool = False,
    facts: Mapping[str, Any] | None = None,
) -> Finding:
    """Return a finding: ok without a command that mends it, else a warning or a problem."""
    bad = Status.PROBLEM if problem else Status.WARNING
    return Finding(
        check=check,
        status=Status.OK if mend is None else bad,
        text=text,
        command=mend,
        facts=facts or {},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What the settings say.

    Attributes:
        file: The settings file that was read; None when there is none.
        notes: What a person should know about how the settings were read.
        trace_paths: Files, folders or globs with traces; empty when none are named.
        repositories: The team's repositories; empty when none are named.
        nonworking_days: Days on which nobody is expected to work, beside weekends.
    """

    file: Path | None = None
    notes: tuple[str, ...] = ()
    trace_paths: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    nonworking_days: tuple[date, ...] = ()

    @property
    def ingest(self) -> str:
        """The command that reads the team's traces."""
        return f"prod-lens ingest-traces {shlex.join(self.trace_paths) or 'PATH'}"

    @property
    def repository(self) -> str:
        """The team's repository, or what stands for it when there is not exactly one."""
        return self.repositories[0] if len(self.repositories) == 1 else "OWNER/NAME"


@dataclass(frozen=True)
class Case:
    """One database that could be opened, and what its figures are held against.

    Attributes:
        store: The store; it is only read.
        file: What the file system says of it.
        setup: What the settings say.
        now: The present instant, aware UTC.
    """

    store: ProdLensStore
    file: FileFacts
    setup: Setup
    now: datetime

    @functools.cached_property
    def coverage(self) -> Coverage:
        """What is known of all calls, read on first use."""
        return coverage_of(read_inputs(self.store, Selection(), needs=()))
