"""Owns `_manifest.json`: which files an export folder holds, so that readers need no globs.

It also remembers what each file was made from, which tells the next export what has changed. Reads
and writes this one file; knows neither the store nor Parquet.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from prodlens.errors import InputError
from prodlens.partitions import paths

if TYPE_CHECKING:
    from prodlens.partitions.places import Place

NAME: Final = "_manifest.json"
CALLS: Final = "sessions"
"""Kind of the files that hold calls."""
LAKE: Final = "lake"
"""What files are made for that a cluster has read from raw files, and no database."""
LETTERS: Final = "dead_letters"
"""Kind of the file that names the raw records that were set aside."""
LETTERS_PATH: Final = f"_{LETTERS}/{LETTERS}{paths.SUFFIX}"
SCHEMA: Final = "prodlens.parquet/1"
"""Name and version of the form; a key that changes its meaning makes a new version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One Parquet file.

    Attributes:
        path: Where it lies, relative to the folder, with "/".
        kind: `sessions` for the calls of a repository and day, `dead_letters`, else the name of a
            daily table.
        repo_slug: Repository of the calls, as stored; None is unassigned, or a daily table.
        first_day: First UTC day in it, `YYYY-MM-DD`.
        last_day: Last UTC day in it.
        rows: Rows in it.
        size: Bytes.
        seen: What it was made from, comparable only for equality; None is not known.
    """

    path: str
    kind: str
    repo_slug: str | None
    first_day: str
    last_day: str
    rows: int
    size: int
    seen: str | None = None

    @property
    def folder(self) -> str:
        """The folder of the file, one path component."""
        return self.path.partition("/")[0]

    @property
    def expected_path(self) -> str:
        """Where the path rule puts the file, for the folder that is named.

        Raises:
            InputError: No folder or day has that name.
        """
        if self.kind == LETTERS:
            return LETTERS_PATH
        if self.kind != CALLS:
            return f"{paths.AGGREGATES}/{self.kind}{paths.SUFFIX}"
        return paths.partition_path(PurePosixPath(), self.folder, self.first_day).as_posix()


_NAMES: Final = tuple(f.name for f in dataclasses.fields(Entry))


@dataclass(slots=True)
class Manifest:
    """The files of one export folder.

    Attributes:
        made_for: Store and columns the files were made for; when it differs, nothing is known.
        files: Entries by path.
    """

    made_for: str | None = None
    files: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def load(cls, place: Place) -> Manifest:
        """Return the manifest of a place; an empty one when it is missing or can't be trusted."""
        try:
            document = json.loads(_content(place))
            if document["schema"] != SCHEMA:
                return cls()
            entries = [Entry(**{name: row[name] for name in _NAMES}) for row in document["files"]]
            if not all(entry.path == entry.expected_path for entry in entries):
                return cls()
            return cls(document["made_for"], {entry.path: entry for entry in entries})
        except (FileNotFoundError, ValueError, KeyError, TypeError, InputError):
            return cls()

    def belongs_to(self, made_for: str | None) -> None:
        """Say what the files are made for now; when it was something else, forget what was seen."""
        if made_for is None or made_for != self.made_for:
            self.made_for = made_for
            self.files = {
                path: dataclasses.replace(entry, seen=None) for path, entry in self.files.items()
            }

    def save(self, place: Place) -> None:
        """Write the manifest atomically, unless the file says the same already."""
        content = self._text().encode("ascii")
        with place.drafted(NAME) as draft:
            draft.stream.write(content)
            draft.keep = place.size(NAME) is None or _content(place) != content

    def _text(self) -> str:
        """Return the document with one file a line: quick to write, and easy to compare."""
        head = json.dumps({"schema": SCHEMA, "made_for": self.made_for})
        files = ",\n".join(json.dumps(_plain(self.files[path])) for path in sorted(self.files))
        return f'{head[:-1]}, "files": [\n{files}\n]}}\n'


def _content(place: Place) -> bytes:
    with place.open(NAME) as stream:
        return stream.read()


def _plain(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in _NAMES}
