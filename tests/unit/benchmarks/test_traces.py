"""The invented trace files: the same each time, of the promised make-up, and read as promised."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import IngestOptions, TraceIngestor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COUNT = 8000
NOW = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def traces(benchmark_module: Callable[[str], Any]) -> Any:
    return benchmark_module("traces")


@pytest.fixture(scope="module")
def small(traces: Any) -> list[bytes]:
    return list(traces.lines("small", COUNT))


@pytest.fixture(scope="module")
def large(traces: Any) -> list[bytes]:
    return list(traces.lines("large", 600))


def test_equal_arguments_give_equal_bytes(traces: Any, small: list[bytes]) -> None:
    assert list(traces.lines("small", COUNT)) == small
    assert list(traces.lines("small", COUNT, seed=8)) != small


def test_lines_come_one_by_one(traces: Any) -> None:
    endless = traces.lines("small", 10**12)
    assert len(list(itertools.islice(endless, 3))) == 3


def test_every_line_is_one_line(small: list[bytes], large: list[bytes]) -> None:
    assert len(small) == COUNT
    for line in small + large:
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1


def test_lines_are_as_long_as_their_size_says(small: list[bytes], large: list[bytes]) -> None:
    assert 550 < sum(map(len, small)) / len(small) < 750
    assert 6000 < sum(map(len, large)) / len(large) < 7500


def test_large_lines_differ_and_call_tools(large: list[bytes]) -> None:
    assert len({line[:4000] for line in large}) > 580
    tools = sum(b'"tool_calls":[' in line for line in large)
    assert 120 < tools < 240
    assert 25 < sum(b'"name":"Edit"' in line for line in large) < 100


def test_of_a_thousand_lines_one_is_malformed_and_five_repeat_one(
    traces: Any, small: list[bytes]
) -> None:
    assert traces.expected(COUNT) == (7952, 8)
    assert traces.expected(0) == (0, 0)
    assert traces.expected(1_000_000) == (994_000, 1000)
    assert len(set(small)) == COUNT - 40
    for number in range(199, COUNT, 200):
        assert small[number] in small[max(0, number - 500) : number]


def test_the_seven_kinds_of_malformed_lines_come_in_turn(small: list[bytes]) -> None:
    truncated, prose, bytes_, negative, timeless, text, huge, again = small[500::1000]
    for line in (truncated, prose, again):
        with pytest.raises(json.JSONDecodeError):
            json.loads(line)
    with pytest.raises(UnicodeDecodeError):
        json.loads(bytes_)
    assert json.loads(negative)["usage"]["input_tokens"] == -5
    assert "timestamp" not in json.loads(timeless)
    assert isinstance(json.loads(text), str)
    assert json.loads(huge)["usage"]["input_tokens"] == 10**30


def test_every_shape_is_there_about_as_often_as_it_should(small: list[bytes]) -> None:
    guide = sum(line.startswith(b'{"timestamp":"') and b'"span_id"' in line for line in small)
    assert 0.46 < guide / COUNT < 0.54
    assert 0.2 < sum(b'"call_type"' in line for line in small) / COUNT < 0.32
    assert 0.03 < sum(b'"spend":' in line for line in small) / COUNT < 0.07


def test_calls_are_those_of_a_team_over_ninety_days(
    benchmark_module: Callable[[str], Any],
) -> None:
    calls = list(benchmark_module("team").invent(100_000))
    sessions = {call.session for call in calls}
    assert len({one.developer for one in sessions}) == 250
    assert len({one.repo for one in sessions}) == 20
    assert len({one.model for one in sessions}) == 9
    assert len({call.at.date() for call in calls}) == 90
    assert 8 < len(calls) / len(sessions) < 12
    assert len({call.id for call in calls}) == len(calls)
    assert max(call.at for call in calls) < datetime(2026, 8, 30, tzinfo=UTC)


def test_calls_of_other_seeds_have_other_ids(benchmark_module: Callable[[str], Any]) -> None:
    team = benchmark_module("team")
    first, second = ({call.id for call in team.invent(1000, seed=seed)} for seed in (7, 8))
    assert first.isdisjoint(second)


@pytest.mark.parametrize(("size", "count"), [("small", 3000), ("large", 1000)])
def test_ingestion_takes_every_call_once_and_sets_aside_the_malformed(
    traces: Any, tmp_path: Path, size: str, count: int
) -> None:
    log = tmp_path / "calls.jsonl"
    log.write_bytes(b"".join(traces.lines(size, count)))
    with ProdLensStore(tmp_path / "cache.db") as store:
        reader = TraceIngestor(store, dead_letter_dir=tmp_path / "dead", now=lambda: NOW)
        report = reader.ingest([str(log)], IngestOptions())[0]
        told = store.conn.execute(
            "select count(session_id), count(developer_id), count(repo_slug), count(model)"
            " from sessions"
        ).fetchone()
    calls, bad = traces.expected(count)
    assert (report.added, report.set_aside.total(), report.changed) == (calls, bad, 0)
    assert tuple(told) == (calls,) * 4
    assert report.unpriced == set()


def test_every_kind_of_malformed_line_is_set_aside(traces: Any, tmp_path: Path) -> None:
    good = next(iter(traces.lines("small", 1, seed=3)))
    while b'"span_id"' not in good:
        good = next(line for line in traces.lines("small", 50) if b'"span_id"' in line)
    log = tmp_path / "calls.jsonl"
    log.write_bytes(b"".join(traces.malformed(kind, good) for kind in range(7)))
    with ProdLensStore(tmp_path / "cache.db") as store:
        reader = TraceIngestor(store, dead_letter_dir=tmp_path / "dead", now=lambda: NOW)
        report = reader.ingest([str(log)], IngestOptions())[0]
    assert (report.added, report.set_aside.total()) == (0, 7)
