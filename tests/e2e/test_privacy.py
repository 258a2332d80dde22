"""No prompt, answer, code, header or error text reaches any byte that ProdLens writes."""

from __future__ import annotations

import copy
import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import IngestOptions, TraceIngestor

DATA = Path(__file__).parents[1] / "data" / "litellm"
MARKER = "XyzzyPlughMarker"
BODY_KEYS = {
    "additional_headers",
    "arguments",
    "content",
    "error_message",
    "error_str",
    "guardrail_information",
    "headers",
    "input",
    "mcp_tool_call_metadata",
    "messages",
    "model_parameters",
    "output",
    "prompt",
    "proxy_server_request",
    "requester_ip_address",
    "response",
    "text",
    "traceback",
    "user_api_key_hash",
    "vector_store_request_metadata",
}
SIMPLE = {
    "timestamp": "2026-09-01T12:00:00Z",
    "usage": {"input_tokens": 10, "output_tokens": 5},
    "attributes": {"llm.model_name": "gpt-4o", "input.value": "x", "output.value": "x"},
    "metadata": {"session_id": "session_abc"},
    "messages": [{"role": "user", "content": "x"}],
    "prompt": "x",
    "response": "x",
    "input": "x",
    "output": "x",
}


def plant(value: Any, key: str = "") -> Any:
    """Return the value with the marker in every place where a body may stand."""
    if isinstance(value, dict):
        planted = {name: plant(item, name) for name, item in value.items()}
        if key == "metadata":
            planted["prompt"] = MARKER
        return planted
    if isinstance(value, list):
        return [plant(item, key) for item in value]
    if isinstance(value, str) and key == "metadata" and value.startswith("{"):
        return json.dumps(plant(json.loads(value), "metadata"))
    if key in BODY_KEYS or key.endswith((".value", "_body")):
        return f"{MARKER} {key}"
    return value


def bodies(record: dict[str, Any]) -> dict[str, Any]:
    planted = plant(copy.deepcopy(record))
    for key in ("messages", "response", "proxy_server_request", "error_str", "prompt"):
        planted[key] = {"deep": [{"text": MARKER}]}
    return planted  # type: ignore[no-any-return]


def shapes() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [bodies(SIMPLE)]
    for name in ("standard_logging_payload.jsonl", "spend_logs.jsonl"):
        text = (DATA / name).read_text()
        found += [bodies(json.loads(line)) for line in text.splitlines()]
    found.append({**bodies(SIMPLE), "timestamp": f"{MARKER}"})
    found.append({**bodies(SIMPLE), "usage": {"input_tokens": -1, "note": MARKER}})
    found.append({"kind": "unknown", "text": MARKER})
    found.append({"message": MARKER, "level": "INFO", "timestamp": "x", "component": "a"})
    return found


def assert_clean(folder: Path) -> None:
    dirty = [
        path
        for path in folder.rglob("*")
        if path.is_file() and MARKER.encode() in path.read_bytes()
    ]
    assert dirty == []


def test_the_marker_is_in_every_shape() -> None:
    assert all(MARKER in json.dumps(record) for record in shapes())


@pytest.mark.parametrize("compressed", [False, True])
def test_no_written_byte_holds_a_body(tmp_path: Path, compressed: bool) -> None:
    source, written = tmp_path / "source", tmp_path / "written"
    source.mkdir()
    text = "\n".join(json.dumps(record) for record in shapes())
    data = (text + f'\n{{"broken": "{MARKER}\n"{MARKER}"\n').encode()
    log = source / ("log.jsonl.gz" if compressed else "log.jsonl")
    log.write_bytes(gzip.compress(data) if compressed else data)
    with ProdLensStore(written / "cache.db") as store:
        ingestor = TraceIngestor(store, dead_letter_dir=written / "dead")
        report = ingestor.ingest([str(log)], IngestOptions())[0]
        assert report.added >= 17
        assert report.set_aside.total() >= 4
        assert {path.suffix for path in written.iterdir()} >= {".db-wal", ".db"}
        assert_clean(written)
    assert_clean(written)


def test_no_printed_byte_holds_a_body(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    text = "\n".join(json.dumps(record) for record in shapes())
    log.write_text(text + f'\n{{"broken": "{MARKER}\n')
    db = str(tmp_path / "out" / "cache.db")
    dead = str(tmp_path / "out" / "dead")
    for arguments in (
        ["ingest-traces", str(log), "--dead-letter-dir", dead],
        ["dead-letter", "list", "--json"],
        ["dead-letter", "show", "1", "--json"],
        ["report", "--since", "2020-01-01"],
    ):
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "prodlens.cli", *arguments, "--db", db],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        assert MARKER not in done.stdout + done.stderr


def test_everything_written_is_for_its_owner_only(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(json.dumps(SIMPLE) + "\n{broken\n")
    out = tmp_path / "out"
    with ProdLensStore(out / "cache.db") as store:
        TraceIngestor(store, dead_letter_dir=out / "dead").ingest([str(log)], IngestOptions())
        modes = {
            path.name: oct(path.stat().st_mode & 0o777) for path in out.rglob("*") if path.is_file()
        }
    assert set(modes.values()) == {"0o600"}
