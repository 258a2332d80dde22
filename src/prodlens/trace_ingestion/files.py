"""Finds the files that a person means: paths, folders, globs; and opens them with clear errors."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from prodlens.errors import MissingPathError

if TYPE_CHECKING:
    from collections.abc import Iterable

TRACE_SUFFIXES: Final = frozenset({".json", ".jsonl", ".ndjson", ".log", ".pb", ".binpb"})
"""Endings of files that a folder gives. Parquet files are read when they are named: a folder of
them is more often a lake than an export of traces."""
COMPRESSED_SUFFIXES: Final = frozenset({".gz", ".zst"})
STANDARD_INPUT: Final = "-"


def find(named: Iterable[str]) -> list[str]:
    """Return the files behind paths, folders (searched below) and globs, each once, in order.

    A folder gives its files ending in .json, .jsonl, .ndjson, .log, .pb or .binpb, also with a
    number of a rotation or .gz or .zst behind, sorted by path; hidden files and folders are passed
    over.

    Raises:
        MissingPathError: A path is empty or does not exist, a glob matches nothing, or a folder
            holds no such file or can't be read.
    """
    found: dict[str, None] = {}
    for name in named:
        found |= dict.fromkeys(_expand(name))
    return list(found)


def _expand(name: str) -> list[str]:
    if name == STANDARD_INPUT:
        return [name]
    if not name.strip():
        raise MissingPathError("An empty path was given: name a file or a folder, or - for input.")
    path = Path(name).expanduser()
    if path.is_dir():
        files = sorted(str(file) for file in _below(path))
        if not files:
            raise MissingPathError(
                f"{name} holds no trace files: they end in .json, .jsonl, .ndjson, .log, .pb or "
                ".binpb, also with .gz or .zst behind; name a .parquet file itself."
            )
        return files
    if path.exists():
        return [str(path)]
    if matches := sorted(glob.glob(str(path), recursive=True)):  # noqa: PTH207 - patterns may be absolute
        return [file for match in matches for file in _matched(match)]
    raise MissingPathError(f"{name} does not exist: check the path, or quote a glob.")


def _matched(match: str) -> list[str]:
    """Return the files behind one match of a glob; a folder without traces gives none."""
    path = Path(match)
    return sorted(str(file) for file in _below(path)) if path.is_dir() else [match]


def _refuse(error: OSError) -> None:
    raise MissingPathError(
        f"{error.filename} can't be read ({os.strerror(error.errno or 0)}): check its permissions."
    )


def _below(folder: Path) -> list[Path]:
    found = []
    for parent, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(parent, name) for name in names if _is_trace_name(name)]
    return found


def _is_trace_name(name: str) -> bool:
    if name.startswith("."):
        return False
    path = Path(name)
    if path.suffix.lower() in COMPRESSED_SUFFIXES:
        path = path.with_suffix("")
    if path.suffix[1:].isdigit():  # a log that was rotated: litellm.jsonl.1
        path = path.with_suffix("")
    return path.suffix.lower() in TRACE_SUFFIXES


def open_file(path: str) -> BinaryIO:
    """Open a file for reading.

    Raises:
        MissingPathError: It does not exist, can't be read, or is a folder.
    """
    try:
        return Path(path).open("rb")
    except FileNotFoundError:
        raise MissingPathError(f"{path} does not exist: check the path.") from None
    except IsADirectoryError:
        raise MissingPathError(
            f"{path} is a folder: name a file, or run `prod-lens ingest-traces {path}`."
        ) from None
    except OSError as error:
        raise MissingPathError(
            f"{path} can't be read ({os.strerror(error.errno or 0)}): check its permissions."
        ) from None


def is_regular(path: str) -> bool:
    """Return whether a path is a file that can be read again, not a pipe or standard input."""
    return path != STANDARD_INPUT and Path(path).is_file()


def ledger_path(path: str) -> str:
    """Return the absolute path as text that a database can hold, whatever bytes it has."""
    return os.fsencode(Path(path).resolve()).decode("utf-8", "backslashreplace")
