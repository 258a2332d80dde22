"""The captured spans: every export of the same sixteen calls is those sixteen, in any order."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import TraceIngestor

DATA = Path(__file__).parents[2] / "data"
ARIZE = "otlp/litellm_arize_phoenix_callback.otlp.jsonl"
FRAME = "phoenix/get_spans_dataframe.to_json_default.jsonl"
PAGE = "phoenix/rest_v1_spans.json"
LOG = "litellm/standard_logging_payload.jsonl"
SESSIONS = {
    None,
    "0aa7c6c4-7f4b-4b1e-9d53-0c5ff1e5a001",
    "0aa7c6c4-7f4b-4b1e-9d53-0c5ff1e5a002",
    "sess-bridge",
    "sess-gpt-1",
    "sess-hdr-1",
    "sess-tool",
}
TOTALS = """
select count(*), sum(tokens_in), sum(tokens_out), sum(cache_read_tokens), sum(cache_write_tokens),
       sum(case when cost_source = 'reported' then cost_nanos end),
       sum(status_code >= 400 or error_type is not null), sum(latency_ms is null)
from sessions
"""


def ids(names: tuple[str, ...]) -> str:
    return "-".join(Path(name).name[:6] for name in names)


def totals(folder: Path, *names: str) -> tuple[Any, ...]:
    return tuple(store_of(folder, *names).conn.execute(TOTALS).fetchone())


def store_of(folder: Path, *names: str) -> ProdLensStore:
    store = ProdLensStore(folder / "calls.db")
    ingestor = TraceIngestor(store, dead_letter_dir=folder)
    for name in names:
        ingestor.ingest_file(DATA / name)
    return store


TRUTH = (16, 87830, 2058, 77440, 8192, 69_998_000, 6, 0)


@pytest.mark.parametrize("name", [ARIZE, FRAME, PAGE])
def test_each_export_alone_has_the_true_totals(tmp_path: Path, name: str) -> None:
    store = store_of(tmp_path, name)
    assert tuple(store.conn.execute(TOTALS).fetchone()) == TRUTH
    rows = store.conn.execute("select session_id, developer_id, repo_slug, model_raw from sessions")
    sessions, people, repos, models = map(set, zip(*map(tuple, rows.fetchall()), strict=True))
    assert sessions == SESSIONS
    assert people == {None, "11111111-2222-4333-8444-555555555555", "dev-42"}
    assert repos == {None}
    assert models == {
        "claude-haiku-4-5-20251001",
        "claude-sonnet-4-5-20250929",
        "gpt-4o",
        "gpt-5",
        "my-local-llm",
        "nope-model",
    }


def test_added_up_naively_the_spans_would_count_everything_twice() -> None:
    """What the leaf rule is for: 34 spans of calls for 16 calls."""
    rows = [json.loads(line) for line in (DATA / FRAME).read_text().splitlines()]
    calls = [row for row in rows if row["span_kind"] == "LLM"]
    tokens = sum(row["attributes.llm.token_count.prompt"] or 0 for row in calls)
    assert (len(calls), tokens) == (34, 175660)


@pytest.mark.parametrize("names", list(itertools.permutations([ARIZE, FRAME, PAGE])), ids=ids)
def test_all_exports_together_are_the_same_calls_in_any_order(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    assert totals(tmp_path, *names) == TRUTH


@pytest.mark.parametrize(
    "names", [(LOG, ARIZE), (ARIZE, LOG), (PAGE, LOG), (LOG, PAGE, ARIZE)], ids=ids
)
def test_spans_and_the_proxys_own_log_are_the_same_calls(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    assert totals(tmp_path, *names) == TRUTH


def test_ingesting_twice_changes_nothing(tmp_path: Path) -> None:
    assert totals(tmp_path, ARIZE, ARIZE, PAGE, ARIZE) == TRUTH


def test_no_body_of_a_span_reaches_the_store(tmp_path: Path) -> None:
    store_of(tmp_path, ARIZE, FRAME, PAGE).close()
    stored = b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()) if path.is_file())
    for body in (b"hello non-stream", b"Hello from the mock model", b"No connected db"):
        assert body not in stored
