"""Captured files of every assistant give their true totals, each alone and all in any order.

Source: `tests/data/expected_totals.json`, counted when the files were captured. Where a
transcript links a pull request, ProdLens knows the repository of its session; that truth counts
what the calls' own records name, so repositories of transcripts are looked at by a test of theirs.
"""

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
TRUTH: dict[str, Any] = json.loads((DATA / "expected_totals.json").read_text())
FOLDERS = ("claude_code_otel", "claude_code_transcripts", "codex", "gemini", "otlp", "phoenix")
UNSTABLE = ("id", "content", "source_file", "source_offset", "source_line")
ONE_BY_ONE = (
    "otlp/litellm_arize_phoenix_callback.otlp.jsonl",
    "phoenix/get_spans_dataframe.to_json_default.jsonl",
    "phoenix/rest_v1_spans.json",
    "claude_code_otel/headless_traces.otlp.jsonl",
    "claude_code_otel/headless_logs.otlp.jsonl",
    "claude_code_otel/interactive_logs.otlp.jsonl",
    "claude_code_otel/api_error_logs.otlp.jsonl",
    "codex/*.jsonl",
    "claude_code_transcripts/**",
)
PLACEHOLDERS = {"None", "dev-42"}
"""Raw session values that are none: LiteLLM puts the end user there for chat completions."""


def files_of(name: str) -> list[str]:
    if name.endswith("/**"):
        return find([str(DATA / name.removesuffix("/**"))])
    return sorted(str(path) for path in DATA.glob(name))


def everything() -> list[str]:
    captured = find([str(DATA / folder) for folder in (*FOLDERS, "litellm")])
    return [path for path in captured if not path.endswith(("telemetry.log", ".meta.json"))]


def ingest(folder: Path, files: list[str]) -> ProdLensStore:
    store = ProdLensStore(folder / "cache.db")
    TraceIngestor(store, dead_letter_dir=folder / "dead").ingest(files, IngestOptions())
    return store


def totals(rows: list[dict[str, Any]]) -> dict[str, Any]:
    reported = [row["cost_nanos"] for row in rows if row["cost_source"] == "reported"]
    return {
        "rows": len(rows),
        "unique_keys": len({row["trace_hash"] for row in rows}),
        "errors": sum((row["status_code"] or 0) >= 400 or bool(row["error_type"]) for row in rows),
        "tokens_in": sum(row["tokens_in"] or 0 for row in rows),
        "tokens_out": sum(row["tokens_out"] or 0 for row in rows),
        "cache_read": sum(row["cache_read_tokens"] or 0 for row in rows),
        "cache_write": sum(row["cache_write_tokens"] or 0 for row in rows),
        "cost_known_usd": sum(reported) / 1e9,
        "no_latency": sum(row["latency_ms"] is None for row in rows),
        "developer_id_raw": sorted({str(row["developer_id"]) for row in rows}),
    }


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_each_source_alone_gives_its_totals(name: str, tmp_path: Path) -> None:
    with ingest(tmp_path, files_of(name)) as store:
        rows = store.fetch_sessions()
        letters = store.conn.execute("select count(*) from dead_letters").fetchone()[0]
    got = totals(rows)
    assert got == {key: value for key, value in TRUTH[name].items() if key in got}
    named = set(TRUTH[name]["session_id_raw"]) - PLACEHOLDERS
    assert {row["session_id"] for row in rows if row["session_source"] == "explicit"} <= named | {
        "sess-bridge",
        "sess-tool",
        "sess-gpt-1",
        "sess-hdr-1",
    }
    assert letters == 0


@pytest.mark.parametrize("name", [n for n in ONE_BY_ONE if TRUTH[n].get("edits")])
def test_each_edit_has_its_decision(name: str, tmp_path: Path) -> None:
    with ingest(tmp_path, files_of(name)) as store:
        got = {
            row["suggestion_key"]: (row["tool"], row["decision"])
            for row in store.conn.execute("select * from suggestions")
        }
    edits = [e for e in TRUTH[name]["edits"] if e.get("tool", "Edit") in {"Edit", "Write"}]
    wanted = {f"tool:{e.get('tool_use_id') or e['id']}": e for e in edits}
    assert got.keys() == wanted.keys()
    assert {key: decision for key, (_, decision) in got.items()} == {
        key: edit["decision"] for key, edit in wanted.items()
    }


def test_lines_of_edits_are_those_of_the_patch(tmp_path: Path) -> None:
    with ingest(tmp_path, files_of("claude_code_transcripts/**")) as store:
        got = {
            row["suggestion_key"]: (row["proposed_lines"], row["applied_lines"])
            for row in store.conn.execute("select * from suggestions")
        }
    assert got == {
        f"tool:{e['tool_use_id']}": (e["proposed_lines"], e["applied_lines"])
        for e in TRUTH["claude_code_transcripts/**"]["edits"]
    }


def test_who_decided_is_known_where_both_sources_speak(tmp_path: Path) -> None:
    files = files_of("claude_code_transcripts/**") + files_of("claude_code_otel/*_logs.otlp.jsonl")
    with ingest(tmp_path, files) as store:
        found = store.conn.execute(
            "select decision || ' by ' || decided_by, count(*) from suggestions group by 1"
        )
        assert dict(found.fetchall()) == {
            "accept by user": 2,
            "accept by auto": 2,
            "reject by user": 1,
            "denied_by_policy by policy": 1,
        }
        flags = Counter(
            (row["accepted_flag"], row["accepted_source"]) for row in store.fetch_sessions()
        )
    assert flags[True, "suggestions"] == 2
    assert flags[True, "suggestions_auto"] == 2
    assert flags[False, "suggestions"] == 1


def stable(store: ProdLensStore) -> list[dict[str, Any]]:
    rows = [{k: v for k, v in row.items() if k not in UNSTABLE} for row in store.fetch_sessions()]
    return sorted(rows, key=lambda row: str(row["trace_hash"]))


def test_all_sources_together_count_each_call_once(tmp_path: Path) -> None:
    with ingest(tmp_path, everything()) as store:
        rows = stable(store)
    assert totals(rows) == {
        "rows": 46,
        "unique_keys": 46,
        "errors": 7,
        "tokens_in": 539_850,
        "tokens_out": 5_439,
        "cache_read": 462_208,
        "cache_write": 55_296,
        "cost_known_usd": 0.372725,
        "no_latency": 10,
        "developer_id_raw": [
            "11111111-2222-4333-8444-555555555555",
            "689312d27b2ee8367dfa3f0ce419518d0b2b141016778d4b6f61a530ca09790b",
            "None",
            "dev-42",
        ],
    }
    assert Counter(row["sources"] for row in rows) == {
        "claude_code,claude_code_otel": 17,
        "litellm,litellm_spend_logs,openinference,otlp": 10,
        "litellm,openinference,otlp": 6,
        "claude_code": 4,
        "claude_code_otel": 3,
        "codex": 3,
        "gemini": 3,
    }


@pytest.mark.parametrize("seed", range(4))
def test_any_order_split_and_repetition_gives_the_same_table(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)  # noqa: S311 - an order, not a secret
    with ingest(tmp_path, everything()) as store:
        whole = stable(store)
    pieces: list[str] = []
    for number, name in enumerate(everything()):
        path = Path(name)
        lines = path.read_bytes().splitlines(keepends=True)
        # A Gemini chat names its session in its header alone: a piece without it knows none.
        if path.suffix != ".jsonl" or len(lines) < 2 or path.parent.name == "gemini":
            pieces.append(name)
            continue
        cut = dice.randrange(1, len(lines))
        for part, some in enumerate((lines[:cut], lines[cut:])):
            target = tmp_path / f"{number}-{part}.jsonl"
            target.write_bytes(b"".join(some))
            pieces.append(str(target))
    dice.shuffle(pieces)
    again = dice.sample(pieces, 5)
    (tmp_path / "other").mkdir()
    with ProdLensStore(tmp_path / "other" / "cache.db") as store:
        for piece in pieces + again:
            TraceIngestor(store, dead_letter_dir=tmp_path / "dead").ingest_file(piece)
        assert stable(store) == whole
