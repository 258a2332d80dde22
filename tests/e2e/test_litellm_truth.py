"""The captured LiteLLM files give their true totals, each alone and all in any order."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import IngestOptions, TraceIngestor
from prodlens.trace_ingestion.files import find

DATA = Path(__file__).parents[1] / "data"
LITELLM = DATA / "litellm"
TRUTH: dict[str, Any] = json.loads((DATA / "expected_totals.json").read_text())
UNSTABLE = ("id", "content", "source_file", "source_offset", "source_line")


def ingest(folder: Path, files: list[str]) -> ProdLensStore:
    store = ProdLensStore(folder / "cache.db")
    TraceIngestor(store, dead_letter_dir=folder / "dead").ingest(files, IngestOptions())
    return store


def totals(store: ProdLensStore) -> dict[str, Any]:
    rows = store.fetch_sessions()
    known = [row["cost_nanos"] for row in rows if row["cost_source"] == "reported"]
    return {
        "rows": len(rows),
        "unique_keys": len({row["trace_hash"] for row in rows}),
        "errors": sum((row["status_code"] or 0) >= 400 or bool(row["error_type"]) for row in rows),
        "tokens_in": sum(row["tokens_in"] for row in rows),
        "tokens_out": sum(row["tokens_out"] for row in rows),
        "cache_read": sum(row["cache_read_tokens"] or 0 for row in rows),
        "cache_write": sum(row["cache_write_tokens"] or 0 for row in rows),
        "cost_known_usd": sum(known) / 1e9,
        "cost_unknown_rows": sum(row["cost_usd"] is None for row in rows),
        "repos": sorted({str(row["repo_slug"]) for row in rows}),
        "no_latency": sum(row["latency_ms"] is None for row in rows),
        "model_raw": sorted({row["model_raw"] for row in rows}),
        "developer_id_raw": sorted({str(row["developer_id"]) for row in rows}),
    }


@pytest.mark.parametrize(
    "name",
    [
        "litellm/standard_logging_payload.jsonl",
        "litellm/generic_api_callback.json_array_per_line.json",
        "litellm/spend_logs.jsonl",
    ],
)
def test_each_file_alone_gives_its_totals(name: str, tmp_path: Path) -> None:
    with ingest(tmp_path, [str(DATA / name)]) as store:
        got = totals(store)
    assert got == {key: value for key, value in TRUTH[name].items() if key in got}


def test_a_bucket_of_single_objects_is_read_as_a_folder(tmp_path: Path) -> None:
    with ingest(tmp_path, find([str(LITELLM / "s3_v2_bucket")])) as store:
        assert len(store.fetch_sessions()) == 15


def tables(store: ProdLensStore) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in row.items() if key not in UNSTABLE}
        for row in store.fetch_sessions()
    ]


@pytest.mark.parametrize("seed", range(4))
def test_all_files_in_any_order_give_one_table(seed: int, tmp_path: Path) -> None:
    files = find([str(LITELLM)])
    with ingest(tmp_path / "sorted", files) as store:
        expected = tables(store)
    random.Random(seed).shuffle(files)  # noqa: S311 - repeatable dice
    with ingest(tmp_path / "shuffled", files) as store:
        assert tables(store) == expected
        got = totals(store)
    truth = TRUTH["litellm/standard_logging_payload.jsonl"]
    assert got == {key: value for key, value in truth.items() if key in got}
    assert Counter(row["sources"] for row in expected) == {
        "litellm": 6,
        "litellm,litellm_spend_logs": 10,
    }


def test_sessions_are_those_that_the_records_name(tmp_path: Path) -> None:
    """Trace ids that one request alone carries are no sessions."""
    with ingest(tmp_path, find([str(LITELLM)])) as store:
        found = Counter(
            (row["session_id"], row["session_source"]) for row in store.fetch_sessions()
        )
    assert {session for session, _ in found} == {
        "0aa7c6c4-7f4b-4b1e-9d53-0c5ff1e5a001",
        "0aa7c6c4-7f4b-4b1e-9d53-0c5ff1e5a002",
        "sess-bridge",
        "sess-gpt-1",
        "sess-hdr-1",
        "sess-tool",
        None,
    }


def test_a_server_log_is_named_and_not_set_aside(tmp_path: Path) -> None:
    log = str(LITELLM / "proxy_json_logs_server_log.jsonl")
    with ProdLensStore(tmp_path / "cache.db") as store:
        report = TraceIngestor(store, dead_letter_dir=tmp_path).ingest([log], IngestOptions())[0]
    assert report.set_aside.total() == 0
    assert set(report.skipped) == {"LiteLLM server log"}
