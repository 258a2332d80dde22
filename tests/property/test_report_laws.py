"""Laws of the report: repositories never mix, order and whole weeks of shift don't matter."""

from __future__ import annotations

import json
import re
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.metrics import ReportGenerator
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from collections.abc import Iterable

FIRST = date(2026, 3, 2)
DAYS = 35
ONE, OTHER = "acme/one", "acme/other"

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DAY = st.integers(0, DAYS - 1)
_CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "day": _DAY,
            "session_id": st.sampled_from(["a", "b", "c"]),
            "developer_id": st.none() | st.sampled_from(["ana", "ben"]),
            "accepted_flag": st.none() | st.booleans(),
            "latency_ms": st.none() | st.integers(1, 900),
            "tokens_in": st.none() | st.integers(0, 900),
            "cost_usd": st.none() | st.sampled_from([0.0, 0.125]),
        }
    ),
    min_size=1,
    max_size=40,
)
_COMMITS = st.lists(
    st.fixed_dictionaries(
        {
            "day": _DAY,
            "sha": st.sampled_from([f"{n:040x}" for n in range(30)]),
            "author": st.sampled_from(["ana", "ben"]),
            "is_merge": st.booleans(),
            "is_bot": st.none() | st.booleans(),
            "reverts_sha": st.none() | st.sampled_from([f"{n:040x}" for n in range(5)]),
        }
    ),
    max_size=20,
    unique_by=lambda commit: commit["sha"],
)
_REQUESTS = st.lists(
    st.fixed_dictionaries(
        {
            "day": _DAY,
            "number": st.integers(1, 12),
            "hours": st.integers(-4, 400),
            "merged": st.booleans(),
            "reopened": st.none() | st.booleans(),
            "known": st.booleans(),
        }
    ),
    max_size=10,
    unique_by=lambda request: request["number"],
)
_DELIVERIES = st.tuples(_COMMITS, _REQUESTS)
Deliveries = tuple[list[dict[str, Any]], list[dict[str, Any]]]


def at(day: int, shift: int) -> datetime:
    moment = FIRST + timedelta(days=day + shift)
    return datetime(moment.year, moment.month, moment.day, 9, tzinfo=UTC)


def put_calls(
    store: ProdLensStore, repo: str, calls: Iterable[tuple[int, dict[str, Any]]], shift: int = 0
) -> None:
    store.insert_sessions(
        {
            **{name: value for name, value in call.items() if name != "day"},
            "native_key": f"{repo}:{number}",
            "timestamp": at(call["day"], shift),
            "repo_slug": repo,
        }
        for number, call in calls
    )


def put_deliveries(store: ProdLensStore, repo: str, deliveries: Deliveries, shift: int = 0) -> None:
    commits, requests = deliveries
    store.insert_commits(
        {
            **{name: value for name, value in commit.items() if name != "day"},
            "timestamp": at(commit["day"], shift),
            "repo_slug": repo,
        }
        for commit in commits
    )
    for request in requests:
        closed = at(request["day"], shift)
        row = {
            "number": request["number"],
            "repo_slug": repo,
            "closed_at": closed,
            "merged_at": closed if request["merged"] else None,
            "created_at": closed - timedelta(hours=request["hours"]) if request["known"] else None,
            "reopened": request["reopened"],
            "reopened_at": closed + timedelta(days=3) if request["reopened"] else None,
            "merge_commit_sha": f"{request['number'] % 5:040x}",
        }
        store.insert_pull_requests([row])


def report(store: ProdLensStore, repo: str | None, shift: int = 0) -> dict[str, Any]:
    found = ReportGenerator(store, now=lambda: at(60, shift)).generate_report(
        repo=repo, since=at(0, shift).date(), until=at(DAYS, shift).date()
    )
    json.dumps(found, allow_nan=False)
    return found


@given(_CALLS, _DELIVERIES, _DELIVERIES, st.data())
@settings(max_examples=25, deadline=None)
def test_a_repository_says_the_same_whatever_lies_beside_it(
    calls: list[dict[str, Any]], own: Deliveries, other: Deliveries, data: st.DataObject
) -> None:
    """The other repository is used on the same days: when capture was on is a shared fact."""
    beside = data.draw(st.lists(st.sampled_from(calls), max_size=15))
    with tempfile.TemporaryDirectory() as folder:
        with ProdLensStore(Path(folder) / "one.db") as store:
            put_calls(store, ONE, enumerate(calls))
            put_deliveries(store, ONE, own)
            alone = report(store, ONE)
        with ProdLensStore(Path(folder) / "both.db") as store:
            put_deliveries(store, OTHER, other)
            put_calls(store, OTHER, enumerate(beside))
            put_calls(store, ONE, enumerate(calls))
            put_deliveries(store, ONE, own)
            assert report(store, ONE) == alone


@given(_CALLS, _DELIVERIES)
@settings(max_examples=20, deadline=None)
def test_whole_weeks_of_shift_and_the_order_of_rows_do_not_matter(
    calls: list[dict[str, Any]], deliveries: Deliveries
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with ProdLensStore(Path(folder) / "first.db") as store:
            put_calls(store, ONE, enumerate(calls))
            put_deliveries(store, ONE, deliveries)
            first = report(store, None)
        with ProdLensStore(Path(folder) / "second.db") as store:
            put_deliveries(store, ONE, (deliveries[0][::-1], deliveries[1][::-1]), 7)
            put_calls(store, ONE, reversed(list(enumerate(calls))), 7)
            second = report(store, None, 7)
    for name in ("metrics", "effect_sizes", "multiple_comparison_adjustment", "models"):
        assert second[name] == first[name], name
    one, two = (found["ai_outcome_association"] for found in (first, second))
    assert one["pearson"] == two["pearson"]
    for name in ("status", "r", "p_value", "ci_low", "ci_high", "n_eff", "sensitivity"):
        assert one["calibrated"][name] == two["calibrated"][name], name
    said = [_DATE.sub("", found["calibrated"]["sentence"]) for found in (one, two)]
    assert said[0] == said[1]
