"""Owns one small invented team, as a report, for every test of an export."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.metrics import ReportGenerator
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


GOLDEN = Path(__file__).parents[2] / "golden" / "lagged_association.json"
FRIDAY = datetime(2025, 12, 12, 8, tzinfo=UTC)
"""The first day of the quarter, of the weekday that the golden series begins with."""


def quarter() -> tuple[list[int], list[int]]:
    """Return 90 days of calls and commits whose association is known."""
    cases = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]
    given = next(case for case in cases if case["name"] == "effect_90d_lag1")["input"]
    return given["x"], given["y"]


def _at(counts: list[int]) -> list[datetime]:
    return [
        FRIDAY + timedelta(days=day, minutes=7 * number)
        for day, count in enumerate(counts)
        for number in range(count)
    ]


def quarter_calls() -> list[dict[str, Any]]:
    """Calls of twelve developers; each is a session, and one in two is decided."""
    return [
        {
            "native_key": f"test:{n}",
            "timestamp": at,
            "session_id": f"s{n}",
            "developer_id": f"dev-{n % 12:02d}",
            "repo_slug": "acme/payments",
            "model": MODELS[n % 2],
            "tokens_in": 900 + 10 * (n % 23),
            "tokens_out": 100,
            "latency_ms": 800.0 + 20.0 * (n % 29) - 90.0 * (n % 4 == 0),
            "status_code": 200,
            "accepted_flag": n % 4 == 0 if n % 2 == 0 else None,
            "accepted_lines": 5 if n % 4 == 0 else None,
            "cost_usd": 0.0125,
            "source": "litellm",
        }
        for n, at in enumerate(_at(quarter()[0]))
    ]


def quarter_deliveries(store: ProdLensStore, *, source: str) -> None:
    """Commits of four people, every third one a pull request; one in twenty is reverted."""
    landed = _at(quarter()[1])
    store.insert_commits(
        {
            "sha": f"{n:040x}",
            "repo_slug": "acme/payments",
            "timestamp": at,
            "author": f"dev-{n % 4:02d}",
            "subject": f"Change {n}",
            "reverts_sha": f"{n - 1:040x}" if n % 60 == 1 else None,
            "source": source,
        }
        for n, at in enumerate(landed)
    )
    store.insert_pull_requests(
        {
            "number": n // 3 + 1,
            "repo_slug": "acme/payments",
            "title": f"Change {n}",
            "created_at": at - timedelta(hours=2 + n % 50) if source == "github" else None,
            "merged_at": at,
            "closed_at": at,
            "updated_at": at,
            "reopened": n % 30 == 0 if source == "github" else None,
            "reopened_at": at - timedelta(hours=1) if n % 30 == 0 else None,
            "merge_commit_sha": f"{n:040x}",
            "source": source,
        }
        for n, at in enumerate(landed)
        if n % 3 == 0
    )
    synced = "2026-03-12T06:00:00.000000Z"
    store.conn.execute("update repositories set synced_at = ? where repo_id > 0", (synced,))


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Report]]:
    """Build a report over given calls, and over the quarter's deliveries as a source tells them."""
    opened: list[ProdLensStore] = []

    def build(calls: list[dict[str, Any]], *, source: str | None = None, **asked: Any) -> Report:
        store = ProdLensStore(tmp_path / f"{len(opened)}.db")
        opened.append(store)
        store.insert_sessions(calls)
        if source is not None:
            quarter_deliveries(store, source=source)
        given: dict[str, Any] = {"repo": None, "since": "2026-02-01", **asked}
        generator = ReportGenerator(store, now=lambda: NOW)
        whole: bool = given.pop("whole", False)
        return generator.build_whole(**given) if whole else generator.build(**given)

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


@pytest.fixture
def delivering(make: Callable[..., Report]) -> Report:
    """Return the report over a quarter of calls and deliveries of one repository."""
    return make(quarter_calls(), source="github", repo="acme/payments", since="2025-12-12")


@pytest.fixture
def from_clone(make: Callable[..., Report]) -> Report:
    """Return the same report where deliveries come from git alone."""
    return make(quarter_calls(), source="git", repo="acme/payments", since="2025-12-12")


@pytest.fixture
def no_calls(make: Callable[..., Report]) -> Report:
    """Return a report over deliveries alone."""
    return make([], source="github")


@pytest.fixture
def whole(make: Callable[..., Report]) -> Report:
    """Return the report over the last six weeks of the quarter, with days, lags and a comparison."""
    asked = {"repo": "acme/payments", "since": "2026-01-29", "compare": "previous"}
    asked["until"] = "2026-03-12"  # deliveries were read on that day, calls end before it
    return make(quarter_calls(), source="github", whole=True, **asked)
