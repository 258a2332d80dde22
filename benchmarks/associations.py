"""Time of 12 pairs x 11 lags with their strips over a year of 50 developers, and from the cache.

    python benchmarks/associations.py [DEVELOPERS]      default: 50

Only ratios within one run mean anything.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodlens.metrics import ReportGenerator
from prodlens.metrics.daily_metrics import read_daily_metrics
from prodlens.metrics.developers import read_developers
from prodlens.metrics.high_low_days import high_low_days
from prodlens.metrics.lag_profile import lag_profile
from prodlens.metrics.panel import panel
from prodlens.metrics.profile import Question
from prodlens.metrics.sensitivity import Compared, sensitivity
from prodlens.metrics.span import comparable
from prodlens.selection import Selection
from prodlens.stats.association import lagged_association
from prodlens.storage import ProdLensStore

if TYPE_CHECKING:
    from prodlens.metrics.daily_metrics import DailyMetrics
    from prodlens.metrics.developers import Developers

DAYS = 365
START = datetime(2025, 1, 6, 9, tzinfo=UTC)
NOW = START + timedelta(days=DAYS + 30)
USE = ("sessions", "calls", "tokens", "cost", "accepted", "errors")
DELIVERED = ("commits", "merged_prs")


def fill(store: ProdLensStore, developers: int) -> None:
    dice = random.Random(1)
    calls: list[dict[str, Any]] = []
    commits: list[dict[str, Any]] = []
    requests: list[dict[str, Any]] = []
    for day, developer in product(range(DAYS), range(developers)):
        at = START + timedelta(days=day, minutes=developer)
        count = dice.randrange(5) if day % 7 < 5 else int(dice.random() < 0.1)
        calls.extend(
            {
                "native_key": f"{day}:{developer}:{number}",
                "timestamp": at + timedelta(minutes=number),
                "session_id": f"{day}-{developer}-{number // 2}",
                "developer_id": f"d{developer}",
                "tokens_in": dice.randrange(50_000),
                "tokens_out": dice.randrange(2_000),
                "cost_usd": dice.random(),
                "status_code": 500 if dice.random() < 0.02 else 200,
                "accepted_flag": dice.random() < 0.4,
            }
            for number in range(count)
        )
        if day % 7 < 5 and dice.random() < 0.3:
            sha = f"{day:04x}{developer:04x}"
            commits.append(
                {"sha": sha, "timestamp": at, "repo_slug": "acme/web", "author": f"d{developer}"}
            )
            requests.append(
                {
                    "number": len(requests) + 1,
                    "repo_slug": "acme/web",
                    "state": "closed",
                    "created_at": at,
                    "merged_at": at,
                }
            )
    store.insert_sessions(calls)
    store.insert_commits(commits)
    store.insert_pull_requests(requests)


def timed(what: str, started: float, of: float | None = None) -> float:
    took = time.perf_counter() - started
    ratio = "" if of is None else f"  {of / took:6.1f} times as fast"
    print(f"{what:<52}{1000 * took:9.1f} ms{ratio}")
    return took


def ask(store: ProdLensStore, metrics: DailyMetrics, people: Developers, asked: Selection) -> int:
    """Ask for every pair at 11 lags, and for its strip; return how many lines were computed."""
    computed = 0
    for x, y in product(USE, DELIVERED):
        question = Question(x=x, y=y, selection=asked)
        profile = lag_profile(store, metrics, question, now=NOW)
        computed += sum(not line.from_cache for line in profile.lines)
        span = comparable(metrics.series[x], metrics.series[y], metrics.days)
        assert span is not None
        compared = Compared(pair=(x, y), span=span, lag_days=1, asking=question, developers=people)
        assert sensitivity(store, compared).span is not None
    return computed


def main() -> None:
    developers = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    asked = Selection(since=START.replace(hour=0), until=START.replace(hour=0) + timedelta(DAYS))
    with (
        tempfile.TemporaryDirectory() as folder,
        ProdLensStore(Path(folder) / "cache.db") as store,
    ):
        fill(store, developers)
        lagged_association([1, 2] * 20, [2, 1] * 20, 0, 1)  # imports are no part of it
        started = time.perf_counter()
        metrics = read_daily_metrics(store, asked, now=NOW)
        timed("read every daily metric", started)
        started = time.perf_counter()
        people = read_developers(store, asked, metrics.days)
        timed("read who is behind them", started)
        computed, what = 0.0, f"{len(USE) * len(DELIVERED)} pairs x 11 lags and strips"
        for turn in ("computed and kept", "from the cache"):
            started, changes = time.perf_counter(), store.conn.total_changes
            lines = ask(store, metrics, people, asked)
            computed = timed(f"{what}, {turn}", started, computed or None)
            # the second run reads only
            assert bool(lines) == (turn == "computed and kept")
            assert (store.conn.total_changes == changes) == (turn == "from the cache")
        started = time.perf_counter()
        for pair in product(USE, DELIVERED):
            high_low_days(metrics, pair)
        timed("high against low days of each pair", started)
        started = time.perf_counter()
        panel(metrics, people, ("sessions", "commits"), (1,))
        timed("one pair and lag within developers", started)
        first = 0.0
        for turn in ("first", "second"):
            started = time.perf_counter()
            ReportGenerator(store, now=lambda: NOW).build_whole(
                repo=None, since=asked.since, until=asked.until
            )
            first = timed(f"the whole report, {turn} time", started, first or None)


if __name__ == "__main__":
    main()
