"""Owns what is kept of an edit that an assistant proposed: counts and digests, never text.

Lines are compared by content: whitespace is normalised and lines with fewer than three word
characters are left out, since a bracket is found in every commit. Digests leave this process only
salted (`salted`), so that nobody can look a line up in a table of digests.

Source: sources.md 8.
"""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_MEANINGFUL: Final = re.compile(r"(?:\W*+\w){3}")
"""Three word characters."""
_MOST_LINES: Final = 20_000
"""Digests of an edit; what lies behind is counted, not compared."""
_MOST_ENDINGS: Final = 12
_REMEMBERED: Final = 4096
"""Paths and lines: the same edit stands in an answer and in the request that follows."""
_LONGEST_KNOWN: Final = 200
"""Characters of a line that is remembered."""
_HUNK_HEADER: Final = re.compile(r"@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@")

_LANGUAGES: Final = {
    "bash": "shell",
    "c": "c",
    "cc": "c++",
    "cpp": "c++",
    "cs": "c#",
    "css": "css",
    "dart": "dart",
    "ex": "elixir",
    "exs": "elixir",
    "go": "go",
    "h": "c",
    "hpp": "c++",
    "html": "html",
    "java": "java",
    "js": "javascript",
    "json": "json",
    "jsx": "javascript",
    "kt": "kotlin",
    "lua": "lua",
    "md": "markdown",
    "php": "php",
    "proto": "protobuf",
    "py": "python",
    "pyi": "python",
    "r": "r",
    "rb": "ruby",
    "rs": "rust",
    "scala": "scala",
    "sh": "shell",
    "sql": "sql",
    "swift": "swift",
    "tf": "terraform",
    "toml": "toml",
    "ts": "typescript",
    "tsx": "typescript",
    "txt": "text",
    "vue": "vue",
    "xml": "xml",
    "yaml": "yaml",
    "yml": "yaml",
    "zig": "zig",
}


@functools.lru_cache(maxsize=_REMEMBERED)
def language_of(path: str) -> str | None:
    """Return the language of a file by its ending, None when the ending says nothing."""
    return _LANGUAGES.get(PurePosixPath(path.replace("\\", "/")).suffix[1:].lower())


def lines_of(text: str) -> list[str]:
    """Return the lines of a text as an editor counts them: a last line end begins no line."""
    return text.splitlines()


def added_of_unified_diff(diff: str) -> list[str]:
    """Return the lines that a unified diff adds, without their `+`; headers are no lines.

    Source: GNU diffutils manual, "Detailed Description of Unified Format".
    """
    added: list[str] = []
    inside = False
    for line in diff.splitlines():
        if _HUNK_HEADER.match(line):
            inside = True
        elif inside and line.startswith("+"):
            added.append(line[1:])
        elif line.startswith(("diff --git ", "Index: ")):
            inside = False
    return added


def added_of_hunks(lines: Iterable[object]) -> list[str]:
    """Return the added ones among lines of a patch that carry their sign in front."""
    return [line[1:] for line in lines if isinstance(line, str) and line.startswith("+")]


def line_digests(lines: Iterable[str]) -> tuple[int, ...]:
    """Return a digest of each meaningful line, in order, repeats kept."""
    found: list[int] = []
    for line in lines:
        if len(found) >= _MOST_LINES:
            break
        digest = (_known_line if len(line) <= _LONGEST_KNOWN else _line_digest)(line)
        if digest is not None:
            found.append(digest)
    return tuple(found)


def _line_digest(line: str) -> int | None:
    plain = " ".join(line.split())
    return _digest(plain) if _MEANINGFUL.match(plain) else None


_known_line: Final = functools.lru_cache(maxsize=2 * _REMEMBERED)(_line_digest)


@functools.lru_cache(maxsize=_REMEMBERED)
def path_digests(path: str) -> tuple[int, ...]:
    """Return digests of a path's endings: the name alone, the last folder and name, ..., all of it.

    A commit names files from the root of the repository, an assistant from the root of the machine:
    they are the same file when the commit's path is an ending of the assistant's.
    """
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    endings = ["/".join(parts[-count:]) for count in range(1, len(parts) + 1)]
    return tuple(_digest(ending) for ending in endings[:_MOST_ENDINGS])


def _digest(text: str) -> int:
    raw = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "big")


def salted(digests: Iterable[int], salt: bytes) -> bytes:
    """Return digests as they may be stored: eight bytes each, keyed with a store's own salt."""
    return b"".join(
        hashlib.blake2b(digest.to_bytes(8, "big"), digest_size=8, key=salt).digest()
        for digest in digests
    )
