"""Failed attempts of one request stay several calls; the transcript knows the last one."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from prodlens.schemas import CanonicalTrace
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def call(**changes: Any) -> CanonicalTrace:
    values: dict[str, Any] = {
        "session_id": "s1",
        "session_source": "explicit",
        "developer_id": None,
        "timestamp": NOON,
        "model": "claude-sonnet-4-5",
        "tokens_in": None,
        "tokens_out": None,
        "latency_ms": None,
        "status_code": None,
        "accepted_flag": None,
        "source": "claude_code_otel",
    }
    return CanonicalTrace(**{**values, **changes})


def attempt(number: int) -> CanonicalTrace:
    return call(
        native_key=f"claude_attempt:req_1/{number}",
        other_keys=("request:req_1",),
        timestamp=NOON + timedelta(seconds=number),
        error_type="overloaded_error",
        status_code=529,
    )


LINE = call(
    source="claude_code",
    native_key="claude_record:u1",
    other_keys=("request:req_1",),
    model=None,
    timestamp=NOON + timedelta(seconds=9),
    error_type="server_error",
    status_code=529,
)
ANSWER = call(native_key="request:req_1", tokens_in=100, tokens_out=10, status_code=200)


def rows(folder: Path, calls: tuple[CanonicalTrace, ...]) -> list[tuple[int, str, int | None]]:
    """Return what calls become that arrive one by one: second, sources, tokens."""
    with ProdLensStore(folder / "cache.db") as store:
        for one in calls:
            store.insert_sessions([one])
        return [
            (int(row["timestamp"][17:19]), row["sources"], row["tokens_in"])
            for row in store.fetch_sessions()
        ]


def test_every_attempt_is_a_call_and_the_transcript_tells_the_last(tmp_path: Path) -> None:
    for number, order in enumerate(itertools.permutations((attempt(1), attempt(2), LINE))):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert rows(folder, order) == [
            (1, "claude_code_otel", None),
            (2, "claude_code,claude_code_otel", None),
        ]


def test_a_request_that_was_answered_in_the_end_keeps_its_failure(tmp_path: Path) -> None:
    for number, order in enumerate(itertools.permutations((attempt(1), ANSWER))):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert rows(folder, order) == [
            (0, "claude_code_otel", 100),
            (1, "claude_code_otel", None),
        ]
