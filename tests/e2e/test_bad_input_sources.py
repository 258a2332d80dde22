"""Damaged files of every assistant: no traceback, every other call whole, each oddity named.

Captured files are cut, interleaved, written otherwise and broken field by field, and read as a
user's files are: from disk, through the reader and the store.
"""

from __future__ import annotations

import base64
import copy
import functools
import json
import math
import random
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from prodlens.schemas import CanonicalTrace, RejectReason
from prodlens.storage import ProdLensStore
from prodlens.storage.identity_keys import key_digest
from prodlens.trace_ingestion import IngestOptions, TraceIngestor
from prodlens.trace_normalizer import read_records

if TYPE_CHECKING:
    from prodlens.trace_ingestion import FileReport

DATA = Path(__file__).parents[1] / "data"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
PRIVATE = "zx private zx"
CASES = 300
BATCHES = 10
FILES = {
    "claude_code": "claude_code_transcripts/-home-dev-widgets/3755c6a5*.jsonl",
    "claude_code_linked": "claude_code_transcripts/-home-dev-widgets/d7bf2f06*.jsonl",
    "claude_code_otel": "claude_code_otel/headless_logs.otlp.jsonl",
    "claude_code_spans": "claude_code_otel/headless_traces.otlp.jsonl",
    "codex": "codex/*.jsonl",
    "gemini": "gemini/session-*.jsonl",
    "otlp": "otlp/*.jsonl",
    "phoenix": "phoenix/*.jsonl",
}
MOST_LINES = 24
NASTY: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1.5,
    2**63,
    10**400,
    math.nan,
    math.inf,
    "",
    PRIVATE,
    "-7",
    "NaN",
    "9999-12-31T23:59:59-14:00",
    "\ud800",
    "a\x00b",
    "{" * 200,
    "x" * 5000,
    [],
    {},
    [None],
    [[PRIVATE]],
    {PRIVATE: {PRIVATE: 1}},
)
COPILOT = [
    {"day": "2026-11-20", "user_login": "ada", "user_id": 7, "loc_added_sum": 88},
    {"day": "2026-11-20", "user_login": "bob", "user_id": 8, "loc_added_sum": 5},
]


@functools.cache
def lines(source: str) -> tuple[str, ...]:
    """Return the records of a captured file, each a line of compact JSON."""
    if source == "copilot_metrics":
        records: list[Any] = COPILOT
    elif source == "gemini_telemetry":
        text, decoder, records = (DATA / "gemini/telemetry.log").read_text(), json.JSONDecoder(), []
        while text.strip():
            record, end = decoder.raw_decode(text)
            records.append(record)
            text = text[end:].lstrip()
    else:
        (path,) = DATA.glob(FILES[source])
        records = [json.loads(line) for line in path.read_text().splitlines()]
    return tuple(json.dumps(one, separators=(",", ":")) + "\n" for one in records[:MOST_LINES])


SOURCES = (*FILES, "gemini_telemetry", "copilot_metrics")


class Read(NamedTuple):
    """What one ingestion of one file made of it."""

    rows: list[dict[str, Any]]
    edits: list[dict[str, Any]]
    days: list[tuple[Any, ...]]
    report: FileReport
    open_letters: int
    keys: dict[int, set[int]]

    def tables(self) -> tuple[Any, ...]:
        return self.rows, self.edits, self.days


PLACES = ("id", "content", "source_file", "source_offset", "source_line", "call_id", "within")


def shown(store: ProdLensStore, report: FileReport) -> Read:
    rows = [dict(row) for row in store.fetch_sessions()]
    keys: dict[int, set[int]] = {row["id"]: set() for row in rows}
    for call, key in store.conn.execute("select call_id, key from call_keys"):
        keys[call].add(key)
    by_row = {position: keys[row["id"]] for position, row in enumerate(rows)}
    edits = store.conn.execute("select * from suggestions order by suggestion_key").fetchall()
    days = store.conn.execute("select * from assistant_days order by 1, 2, 3, 4, 5").fetchall()
    letters = store.conn.execute("select count(*) from dead_letters where status = 'open'")
    return Read(
        [{k: v for k, v in row.items() if k not in PLACES} for row in rows],
        # Digests are salted by each store anew.
        [{k: row[k] for k in row.keys() if k not in PLACES and "hash" not in k} for row in edits],  # noqa: SIM118 - a Row
        [tuple(row) for row in days],
        report,
        letters.fetchone()[0],
        by_row,
    )


def ingest(text: str, *more: str) -> Read:
    """Read a file, then the same file after something was appended to it."""
    with tempfile.TemporaryDirectory() as folder, ProdLensStore(Path(folder) / "db") as store:
        path = Path(folder) / "file.jsonl"
        ingestor = TraceIngestor(store, dead_letter_dir=Path(folder) / "dead", now=lambda: NOW)
        reports = []
        for part in (text, *more):
            with path.open("a", encoding="utf-8") as file:
                file.write(part)
            reports += ingestor.ingest([str(path)], IngestOptions())
        assert [report.problem for report in reports] == [None] * len(reports)
        return shown(store, reports[-1])


@functools.cache
def whole(source: str) -> Read:
    return ingest("".join(lines(source)))


# Files that are being written, or were written otherwise ------------------------------------


def test_the_captured_files_are_worth_breaking() -> None:
    calls = {name: (len(whole(name).rows), len(whole(name).edits)) for name in SOURCES}
    assert calls == {
        "claude_code": (3, 2),
        "claude_code_linked": (2, 0),
        "claude_code_otel": (11, 2),
        "claude_code_spans": (11, 0),
        "codex": (3, 1),
        "gemini": (3, 1),
        "otlp": (16, 0),
        "phoenix": (8, 0),
        "gemini_telemetry": (3, 1),
        "copilot_metrics": (0, 0),
    }
    assert [day[2:] for day in whole("copilot_metrics").days] == [
        ("ada", "loc_added_sum", "", 88.0),
        ("bob", "loc_added_sum", "", 5.0),
    ]


@pytest.mark.parametrize("source", SOURCES)
def test_a_file_that_ends_within_a_record_gives_all_before_it(source: str) -> None:
    dice = random.Random(source)  # noqa: S311 - places to cut
    text = "".join(lines(source))
    for _ in range(4):
        cut = dice.randrange(1, len(text) - 1)
        before = text[: text.rfind("\n", 0, cut) + 1]
        got = ingest(text[:cut])
        complete = text[cut] == "\n"
        assert got.tables() == ingest(before + text[len(before) : cut] * complete).tables()
        assert set(got.report.set_aside) <= {"cut off"}
        assert got.open_letters == got.report.set_aside["cut off"]
        assert got.open_letters == (0 if complete or cut == len(before) else 1)


@pytest.mark.parametrize("source", SOURCES)
def test_a_file_that_is_read_while_it_is_written_ends_as_if_read_once(source: str) -> None:
    dice = random.Random(source)  # noqa: S311 - places to cut
    text = "".join(lines(source))
    for _ in range(3):
        first, second = sorted(dice.sample(range(1, len(text)), 2))
        got = ingest(text[:first], text[first:second], text[second:])
        assert got.tables() == whole(source).tables()
        assert (got.open_letters, got.report.set_aside) == (0, {})


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("style", [{"separators": (", ", ": ")}, {"indent": 2}, {"indent": "\t"}])
def test_spaces_between_the_parts_of_json_change_nothing(
    source: str, style: dict[str, Any]
) -> None:
    text = "".join(json.dumps(json.loads(line), **style) + "\n" for line in lines(source))
    assert ingest(text).tables() == whole(source).tables()


def test_lines_of_every_source_may_stand_in_one_file() -> None:
    dice = random.Random(5)  # noqa: S311 - an order
    names = [name for name in SOURCES if not name.startswith(("gemini_", "claude_code_"))]
    apart = [(row["source"], row["tokens_in"]) for name in names for row in whole(name).rows]
    waiting = {name: list(lines(name)) for name in names}
    mixed = []
    while waiting:
        name = dice.choice(sorted(waiting))
        mixed.append(waiting[name].pop(0))
        if not waiting[name]:
            del waiting[name]
    got = ingest("".join(mixed))
    assert got.report.set_aside == {}
    # Two of the files were written of the same calls: those are one call each, with both sources.
    together = Counter(row["tokens_in"] for row in got.rows)
    assert together <= Counter(tokens for _, tokens in apart)
    assert {name for row in got.rows for name in row["sources"].split(",")} == {
        source for source, _ in apart
    }


@pytest.mark.parametrize("source", [name for name in SOURCES if len(lines(name)) > 1])
def test_two_lines_that_were_written_into_each_other_cost_those_two(source: str) -> None:
    dice = random.Random(source)  # noqa: S311 - a place to break
    held = list(lines(source))
    at = dice.randrange(len(held) - 1)
    first, second = held[at].rstrip("\n"), held[at + 1].rstrip("\n")
    torn = first[: len(first) // 2] + second + first[len(first) // 2 :] + "\n"
    got = ingest("".join([*held[:at], torn, *held[at + 2 :]]))
    without = ingest("".join([*held[:at], *held[at + 2 :]]))
    assert got.report.set_aside.total() >= 1
    assert set(got.report.set_aside) <= {reason.value for reason in RejectReason}
    assert tokens_of(without) - tokens_of(got) == Counter()
    assert len(got.rows) - len(without.rows) <= 1  # the inner line may have stayed whole
    assert got.open_letters == got.report.set_aside.total()


# Other spellings of OTLP ---------------------------------------------------------------------


def respelled(value: Any, change: Any) -> Any:
    """Return JSON with `change(key, text)` in place of every text that stands under a key."""
    if isinstance(value, dict):
        return {
            key: change(key, inner) if isinstance(inner, str) else respelled(inner, change)
            for key, inner in value.items()
        }
    return [respelled(inner, change) for inner in value] if isinstance(value, list) else value


def in_base64(key: str, text: str) -> str:
    if key in {"traceId", "spanId", "parentSpanId"}:
        return base64.b64encode(bytes.fromhex(text)).decode()
    return text


def in_upper_case(key: str, text: str) -> str:
    return text.upper() if key in {"traceId", "spanId", "parentSpanId"} else text


@pytest.mark.parametrize("source", ["otlp", "claude_code_spans", "claude_code_otel"])
@pytest.mark.parametrize("change", [in_base64, in_upper_case])
def test_ids_of_spans_may_be_written_otherwise(source: str, change: Any) -> None:
    records = [respelled(json.loads(line), change) for line in lines(source)]
    got = ingest("".join(json.dumps(one) + "\n" for one in records))
    assert got.tables() == whole(source).tables()


def as_python(key: str, text: str) -> str:
    if key != "stringValue" or text[:1] not in "{[":
        return text
    try:
        held = json.loads(text)
    except ValueError:
        return text
    # Claude Code packs session and account into one JSON text, which nobody writes anew.
    return text if "device_id" in held else repr(held)


def test_objects_in_attributes_may_be_written_as_python_writes_them() -> None:
    records = [respelled(json.loads(line), as_python) for line in lines("otlp")]
    assert records != [json.loads(line) for line in lines("otlp")]
    got = ingest("".join(json.dumps(one) + "\n" for one in records))
    assert got.tables() == whole("otlp").tables()


# Wrong values everywhere ----------------------------------------------------------------------


def places(record: Any) -> list[tuple[Any, Any]]:
    """Return every place of a record where a value stands: its holder, and the key or index."""
    found: list[tuple[Any, Any]] = []
    waiting: list[Any] = [record]
    while waiting:
        holder = waiting.pop()
        for key in holder if isinstance(holder, dict) else range(len(holder)):
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
    return found


def broken(record: Any, dice: random.Random) -> Any:
    """Return a record with one to three of its values replaced, or gone."""
    made = copy.deepcopy(record)
    for _ in range(dice.randint(1, 3)):
        found = places(made)
        if not found:
            break
        holder, key = dice.choice(found)
        if isinstance(holder, dict) and dice.random() < 0.2:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(dice.choice(NASTY))
    return made


COUNTS = ("tokens_in", "tokens_out", "cache_read_tokens", "cache_write_tokens")


def tokens_of(read: Read, without: frozenset[int] = frozenset()) -> Counter[tuple[Any, ...]]:
    """Return what calls used, those left out that a record with one of these keys describes."""
    return Counter(
        (row["timestamp"], *(row[name] for name in COUNTS))
        for position, row in enumerate(read.rows)
        if not read.keys[position] & without
    )


@functools.cache
def without_line(source: str, at: int) -> tuple[Read, frozenset[int]]:
    """Return what a file gives without one line, and the keys of the calls which that one tells."""
    held = lines(source)
    outcomes = read_records([json.loads(held[at])], now=NOW, state={})
    calls = [one for one in outcomes if isinstance(one, CanonicalTrace)]
    keys = {
        key_digest(key)
        for call in calls
        for key in (call.native_key, *call.other_keys, *call.shadows)
        if key is not None
    }
    return ingest("".join([*held[:at], *held[at + 1 :]])), frozenset(keys)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_broken_record_costs_nothing_but_itself_and_is_named(batch: int) -> None:
    dice = random.Random(batch)  # noqa: S311 - invented damage
    for _ in range(CASES // BATCHES):
        source = dice.choice(SOURCES)
        held = list(lines(source))
        at = dice.randrange(len(held))
        record = broken(json.loads(held[at]), dice)
        held[at] = json.dumps(record) + "\n"
        case = f"{source} line {at}: {held[at][:3000]}"
        got = ingest("".join(held))
        rest, keys = without_line(source, at)
        assert tokens_of(rest, keys) - tokens_of(got) == Counter(), case
        outcomes = list(read_records([record], now=NOW, state={}))
        calls = sum(isinstance(one, CanonicalTrace) for one in outcomes)
        assert len(got.rows) <= len(rest.rows) + calls, case
        assert outcomes, case
        named = {*got.report.set_aside, *got.report.skipped}
        assert not any(PRIVATE in name or len(name) > 80 for name in named), case
        assert set(got.report.set_aside) <= {reason.value for reason in RejectReason}, case
        assert got.open_letters == got.report.set_aside.total(), case
