"""Speed and memory of every adapter, as ratios to `orjson.loads` of the same lines.

    python benchmarks/sources.py            each captured format repeated, and 100 MB of transcripts
    python benchmarks/sources.py 500        500 MB of transcripts

Each measured step runs in a process of its own (`measuring.py`). Captured files are repeated under new ids until
they hold some thousands of records, so that every record is a new call or a new part of one.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from pathlib import Path

from measuring import run

DATA = Path(__file__).parents[1] / "tests" / "data"
FORMATS = {
    "claude_code transcripts": "claude_code_transcripts/-home-dev-widgets/15cb*.jsonl",
    "claude_code OpenTelemetry": "claude_code_otel/interactive_logs.otlp.jsonl",
    "codex": "codex/*.jsonl",
    "gemini": "gemini/session-*.jsonl",
    "otlp (LiteLLM, OpenInference)": "otlp/*.jsonl",
    "phoenix dataframe": "phoenix/*.jsonl",
    "litellm": "litellm/standard_logging_payload.jsonl",
}
FLOOR = """
import sys, orjson
from pathlib import Path
for path in sorted(Path(sys.argv[1]).rglob("*.jsonl")):
    with open(path, "rb") as stream:
        for line in stream:
            orjson.loads(line)
"""
INGEST = """
import sys
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import IngestOptions, TraceIngestor
from prodlens.trace_ingestion.files import find
with ProdLensStore(sys.argv[2]) as store:
    done = TraceIngestor(store, dead_letter_dir=sys.argv[2] + ".dead").ingest(
        find([sys.argv[1]]), IngestOptions())
    assert not any(r.set_aside for r in done), [r.set_aside for r in done]
"""
IDS = re.compile(
    rb"(?:msg_|req_|toolu_|call_|resp_|chatcmpl-)[0-9a-f]{10,}"
    rb"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    rb'|(?<=")(?=[0-9]*[a-f])[0-9a-f]{16,32}(?=")'
)


def renamed(data: bytes, number: int) -> bytes:
    """Return data with every id turned into another one of its form."""
    mark = f"{number:06x}".encode()
    return IDS.sub(lambda found: found[0][:-6] + mark, data)


def fill(folder: Path, pattern: str, megabytes: float) -> int:
    """Write repetitions into files of about 5 MB; return the number of lines."""
    source = b"".join(path.read_bytes() for path in sorted(DATA.glob(pattern)))
    folder.mkdir(parents=True)
    lines = number = written = 0
    while written < megabytes * 1e6:
        with (folder / f"part-{number:06}.jsonl").open("wb") as stream:
            size = 0
            while size < min(5e6, megabytes * 1e6):
                number += 1
                stream.write(renamed(source, number))
                size += len(source)
                lines += source.count(b"\n")
            written += size
    return lines


def bench(name: str, pattern: str, megabytes: float, scratch: Path) -> dict[str, object]:
    folder, db = scratch / name, scratch / f"{name}.db"
    lines = fill(folder, pattern, megabytes)
    floor = run("-c", FLOOR, str(folder))
    first = run("-c", INGEST, str(folder), str(db))
    again = run("-c", INGEST, str(folder), str(db))
    return {
        "format": name,
        "lines": lines,
        "megabytes": round(megabytes),
        "lines_per_cpu_s": round(lines / first.cpu_s),
        "over_orjson": round(first.cpu_s / floor.cpu_s, 1),
        "unchanged_over_first": round(again.cpu_s / first.cpu_s, 3),
        "peak_mb": round(first.peak_mb),
    }


def main() -> None:
    size = float(sys.argv[1]) if sys.argv[1:] else 100.0
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        for number, (name, pattern) in enumerate(FORMATS.items()):
            print(json.dumps(bench(name, pattern, 10.0, Path(scratch) / str(number))), flush=True)
        transcripts = FORMATS["claude_code transcripts"]
        large = bench("folder", transcripts, size, Path(scratch) / "large")
        print(json.dumps(large), flush=True)
    print(f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
