"""Owns one small invented team, as a report, for every test of an export."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.metrics import ReportGenerator
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prodlens.metrics.report import Report

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
MODELS = (
    "claude-sonnet-4-5-20250929",
    "gpt-5",
    "=cmd|' /C calc'!A0",
    "evil\x1b[31mred\u202e",
    "gemini-2.5-pro",
    "a-very-long-model-name-that-somebody-invented-for-a-house-model-70b-instruct",
)


def team_calls() -> list[dict[str, Any]]:
    """60 calls of three developers on ten days; every fourth one has no decision."""
    return [
        {
            "native_key": f"test:{n}",
            "timestamp": f"2026-03-{2 + n // 6:02d}T{9 + n % 6:02d}:15:00Z",
            "session_id": None if n % 10 == 9 else f"s{n // 4}",
            "developer_id": ("ana", "ben", "chris", None)[n % 4] if n % 8 else "ana",
            "repo_slug": "acme/payments" if n % 12 else None,
            "model": MODELS[(0, 0, 0, 1, 1, 2, 3, 4, 5, 0)[n % 10]],
            "tokens_in": 1000 + 10 * n,
            "tokens_out": 100 + n,
            "latency_ms": None if n % 15 == 14 else 400.0 + 37.5 * n,
            "status_code": (200, 200, 200, 200, 429)[n % 5] if n % 7 else None,
            "accepted_flag": None if n % 4 == 3 else n % 3 != 0,
            "accepted_lines": n % 9 if n % 4 != 3 and n % 3 and n % 5 else None,
            "diff_ratio": 0.5 + (n % 5) / 10 if n % 6 == 1 else None,
            "cost_usd": None if n % 10 == 8 else 0.0125 * (1 + n % 4),
            "subscription": True if n % 20 == 1 else None,
            "source": "litellm" if n % 3 else "otlp",
        }
        for n in range(60)
    ]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Report]]:
    """Build a report over given calls."""
    opened: list[ProdLensStore] = []

    def build(calls: list[dict[str, Any]], **asked: Any) -> Report:
        store = ProdLensStore(tmp_path / f"{len(opened)}.db")
        opened.append(store)
        store.insert_sessions(calls)
        given: dict[str, Any] = {"repo": None, "since": "2026-02-01", **asked}
        return ReportGenerator(store, now=lambda: NOW).build(**given)

    yield build
    for store in opened:
        store.close()


@pytest.fixture
def report(make: Callable[..., Report]) -> Report:
    """Return the report over the whole team."""
    return make(team_calls(), policy_models=["claude-*"])


@pytest.fixture
def empty(make: Callable[..., Report]) -> Report:
    """Return the report of an empty store."""
    return make([], since=None)
