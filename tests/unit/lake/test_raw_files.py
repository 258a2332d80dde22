"""A file that is read in parts says what it says as a whole, or its parts say that they can't."""

from __future__ import annotations

import dataclasses
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.errors import InputError, MissingPathError
from prodlens.lake.normalising import RangeReader, Reading
from prodlens.lake.raw_files import Range, find_urls, open_raw, ranges, sized
from prodlens.pricing import PriceBook
from prodlens.storage.merging import Observation

HOW = Reading(prices=PriceBook(), now=datetime(2026, 11, 1, tzinfo=UTC))
WHOLE_LINES = st.integers(0, 99).map(
    lambda n: json.dumps(
        {
            "timestamp": f"2026-10-01T12:00:{n % 60:02}Z",
            "usage": {"input_tokens": n, "output_tokens": 1},
            "metadata": {"session_id": f"session_{n}"},
        }
    )
)
ODD_LINES = st.sampled_from(
    ['{"a": ', "plain text", "[1, 2]", "", '{"x": [', "]}", '{"data": [', '{"a": {}},', "[", "]"]
)


def said_by(parts: list[Range]) -> tuple[list[Any], list[Any], bool]:
    """Return what parts say, what they set aside with its line in the file, and if exactly."""
    said: list[Any] = []
    letters: list[Any] = []
    exact, lines = True, 0
    for part in parts:
        reader = RangeReader(part, HOW)
        found = list(reader)
        assert all(isinstance(one, Observation) for one in found)
        said += [(one.content, one.place.offset) for one in found]
        letters += [
            dataclasses.replace(letter, line=letter.line + lines)
            for letter in reader.account.letters
        ]
        lines += reader.account.lines
        exact = exact and reader.account.exact
    return said, letters, exact


@settings(max_examples=150)
@given(
    lines=st.lists(WHOLE_LINES | WHOLE_LINES | WHOLE_LINES | ODD_LINES, max_size=25),
    size=st.integers(50, 400),
    ended=st.booleans(),
)
def test_parts_say_what_the_whole_says(lines: list[str], size: int, *, ended: bool) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.jsonl")
        path.write_text("\n".join(lines) + "\n" * ended, encoding="utf-8")
        files = sized([(str(path), "a")])
        parts = ranges(files, size=size)
        assert [part.start for part in parts[1:]] == [part.end for part in parts[:-1]]
        found = said_by(parts)
        if found[2]:
            assert found[:2] == said_by([Range(0, str(path), "a", 0, -1)])[:2]


def test_a_long_file_is_cut_between_lines_and_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    line = json.dumps({"timestamp": "2026-10-01T12:00:00Z", "usage": {"input_tokens": 1}})
    path.write_text(f"{line}\n" * 60 + "torn {\n" + f"{line}\n" * 40, encoding="utf-8")
    parts = ranges(sized([(str(path), "a")]), size=1000)
    assert len(parts) == 6
    said, letters, exact = said_by(parts)
    assert (len(said), exact) == (100, True)
    assert [(letter.line, letter.offset, letter.reason) for letter in letters] == [
        (61, 60 * (len(line) + 1), "not JSON")
    ]


@pytest.mark.parametrize("kind", ["short", "gzip", "array", "pretty"])
def test_what_cannot_be_cut_stays_whole(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.json"
    record = {"timestamp": "2026-10-01T12:00:00Z", "usage": {"input_tokens": 1}}
    lines = f"{json.dumps(record)}\n" * 100
    contents = {
        "short": lines[:500].encode(),
        "gzip": gzip.compress(lines.encode() + bytes(range(256)) * 200),
        "array": ("[" + lines[:-1].replace("\n", ",\n") + "]").encode(),
        "pretty": (json.dumps(record, indent=1) + "\n").encode() * 50,
    }
    path.write_bytes(contents[kind])
    assert ranges(sized([(str(path), "a")]), size=300) == [Range(0, str(path), "a", 0, -1)]


def test_urls_are_found_and_opened(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "c.txt"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    found = find_urls(f"file://{tmp_path}/*.jsonl")
    assert found == [f"file://{tmp_path}/a.jsonl", f"file://{tmp_path}/b.jsonl"]
    with open_raw(found[0]) as stream:
        assert stream.read() == b"a.jsonl"


@pytest.mark.parametrize(
    ("url", "kind"),
    [("file:///nowhere/*.jsonl", MissingPathError), ("nothing://x/*.jsonl", InputError)],
)
def test_urls_that_lead_nowhere_are_refused(url: str, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"no file|not installed"):
        find_urls(url)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingPathError, match=r"gone\.jsonl can't be read"):
        sized([(str(tmp_path / "gone.jsonl"), "gone")])
