"""Owns what `prod-lens init` can find around a folder: repository, trace files, assistants.

Looks at the beginning of few files, changes nothing, asks no network.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prodlens.errors import InputError
from prodlens.selection import parse_repository

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATTERNS: Final = ("*.jsonl", "*.ndjson", "*.json", "*.jsonl.gz")
_USUAL_FOLDERS: Final = ("", "logs", "log", "litellm", "litellm_logs", "traces", "data", ".litellm")
_FILES_PER_FOLDER: Final = 50
_HEAD_BYTES: Final = 256 * 1024
_RECORDS_TRIED: Final = 20
_REMOTE: Final = re.compile(
    r"(?:[a-z+]+://(?:[^/@]*@)?(?P<host>[^/:]+)(?::\d+)?/|(?:[^/@]*@)?(?P<scp_host>[^/:]+):/?)"
    r"(?P<path>.+?)(?:\.git)?/?"
)
"""`https://host/owner/name.git`, `ssh://git@host:22/owner/name`, `git@host:owner/name.git`."""


@dataclass(frozen=True, slots=True)
class TraceFiles:
    """A place with traces.

    Attributes:
        pattern: A file or glob, relative to the folder that was searched.
        files: Files that begin as traces do.
        calls: Calls found in the beginnings of those files.
    """

    pattern: str
    files: int
    calls: int


def find_repository(folder: Path) -> str | None:
    """Return the `owner/name` of the git remote `origin`; None when there is none."""
    try:
        done = subprocess.run(
            ["git", "config", "--get", "remote.origin.url"],  # noqa: S607 - the user's own git
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return slug_of_remote(done.stdout.strip())


def slug_of_remote(address: str) -> str | None:
    """Return the `owner/name` that a git remote stands for; None for local paths.

    >>> slug_of_remote("git@github.com:Acme/Payments.git")
    'acme/payments'
    """
    match = _REMOTE.fullmatch(address)
    if match is None or match["scp_host"] == "file" or address.startswith("file:"):
        return None
    try:
        return parse_repository(match["path"])
    except InputError:
        return None


def find_traces(folder: Path) -> list[TraceFiles]:
    """Return the places in a folder whose files begin as traces do, by content."""
    found = []
    for name in _USUAL_FOLDERS:
        place = folder / name
        for pattern in _PATTERNS:
            files = _some_files(place, pattern)
            calls = [count for count in map(_calls_at_the_beginning, files) if count]
            if calls:
                shown = str(Path(name) / pattern)
                found.append(TraceFiles(shown, len(calls), sum(calls)))
    return found


def find_claude_code() -> Path | None:
    """Return the folder of Claude Code's transcripts in the home; None when there is none."""
    try:
        place = Path.home() / ".claude" / "projects"
    except RuntimeError:  # no home
        return None
    return place if place.is_dir() else None


def _some_files(place: Path, pattern: str) -> list[Path]:
    try:
        return sorted(path for path in place.glob(pattern) if path.is_file())[:_FILES_PER_FOLDER]
    except OSError:
        return []


def _calls_at_the_beginning(path: Path) -> int:
    from prodlens.trace_normalizer import normalize_records

    return len(normalize_records(_records(_head(path))))


def _head(path: Path) -> str:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            return stream.read(_HEAD_BYTES).decode("utf-8", "replace")
    except (OSError, EOFError):
        return ""


def _records(text: str) -> Iterator[dict[str, Any]]:
    """Yield the first JSON objects of a text, those inside arrays too; stop at anything else."""
    decoder = json.JSONDecoder()
    position, found = 0, 0
    while found < _RECORDS_TRIED:
        position = _after_gap(text, position)
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            return
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                found += 1
                yield item


def _after_gap(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n,\ufeff":
        position += 1
    return position
