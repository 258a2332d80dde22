"""Reads git-ai's authorship notes: which lines of a commit an assistant or a person wrote.

Only the map of lines is read; the part below it holds prompts and is looked at for its version
alone. Knows neither git nor a store.

Source: git-ai `specs/git_ai_standard_v3.0.0.md`: `refs/notes/ai`, `authorship/3.0.0`: a path, below
it indented entries `<id> <ranges>`, then `---` and JSON. Ids that begin with `h_` are people, `s_`
sessions (`s_<session>::t_<trace>`), others prompts.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from prodlens.sources import fields

NOTES: Final = "ai"
"""Short name of `refs/notes/ai`."""

_VERSION: Final = re.compile(r"authorship/3\.")
_ENTRY: Final = re.compile(r"[ \t]+(\S{1,200}) ([0-9][0-9,-]*)\s*")
_BREAK: Final = re.compile(r"^---\r?$", re.MULTILINE)
_LONGEST: Final = 8 * 1024 * 1024
_LAST_LINE: Final = 10_000_000


class Attested(NamedTuple):
    """Who wrote which lines of one file, as numbers of lines from 1.

    Attributes:
        assistant: Ranges `(first, last)` of an assistant.
        people: Ranges of people.
    """

    assistant: tuple[tuple[int, int], ...]
    people: tuple[tuple[int, int], ...]

    def by_assistant(self, number: int) -> bool:
        """Return whether an assistant wrote a line."""
        return any(first <= number <= last for first, last in self.assistant)

    def by_person(self, number: int) -> bool:
        """Return whether a person wrote a line."""
        return any(first <= number <= last for first, last in self.people)


def read_note(text: str) -> dict[str, Attested] | None:
    """Return what a note says, by path; None when it is no note of a known version.

    An entry that can't be read is left out: it then attests nothing.
    """
    if len(text) > _LONGEST:
        return None
    parts = _BREAK.split(text, maxsplit=1)
    if len(parts) != 2:
        return None
    version = fields.text(fields.mapping(parts[1].strip()).get("schema_version"))
    if version is None or not _VERSION.match(version):
        return None
    found: dict[str, tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {}
    path = ""
    for line in parts[0].splitlines():
        entry = _ENTRY.fullmatch(line)
        if entry is not None and path:
            found[path][entry[1].startswith("h_")].extend(_ranges(entry[2]))
        elif line.strip() and not line[0].isspace():
            path = line.strip().removeprefix('"').removesuffix('"')
            found.setdefault(path, ([], []))
    return {path: Attested(tuple(ours), tuple(theirs)) for path, (ours, theirs) in found.items()}


def _ranges(text: str) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        numbers = [one for one in (first, last if dash else first) if one.isdigit()]
        if len(numbers) == 2 and len(part) <= 20 and 0 < int(numbers[0]) <= int(numbers[1]):
            ranges.append((int(numbers[0]), min(int(numbers[1]), _LAST_LINE)))
    return ranges
