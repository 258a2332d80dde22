"""Time of 12 pairs x 11 lags over a year of 50 developers: reading, computing, and from the cache.

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
from typing import Any

from prodlens.metrics.daily_metrics import read_daily_metrics
from prodlens.metrics.high_low_days import high_low_days
from prodlens.metrics.lag_profile import lag_profile
from prodlens.metrics.profile import Question
from prodlens.selection import Selection
from prodlens.stats.association import lagged_association
from prodlens.storage import ProdLensStore

DAYS = 365
START = datetime(2025, 1, 6, 9, tzinfo=UTC)
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
            commits.append({"sha": sha, "timestamp": at, "repo_slug": "acme/web", "author": "a"})
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
    ratio = "" if of is None else f"  {of / took:6.1f} times as fast as computing"
    print(f"{what:<46}{1000 * took:9.1f} ms{ratio}")
    return took


def main() -> None:
    developers = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    now = START + timedelta(days=DAYS + 30)
    asked = Selection(since=START.replace(hour=0), until=START.replace(hour=0) + timedelta(DAYS))
    pairs = list(product(USE, DELIVERED))
    with (
        tempfile.TemporaryDirectory() as folder,
        ProdLensStore(Path(folder) / "cache.db") as store,
    ):
        fill(store, developers)
        started = time.perf_counter()
        metrics = read_daily_metrics(store, asked, now=now)
        timed("read every daily metric", started)
        lagged_association([1, 2] * 20, [2, 1] * 20, 0, 1)  # imports are no part of it
        computed = 0.0
        for turn in ("computed and kept", "from the cache"):
            started = time.perf_counter()
            for x, y in pairs:
                question = Question(x=x, y=y, selection=asked)
                profile = lag_profile(store, metrics, question, now=now)
                assert all(line.from_cache == (turn == "from the cache") for line in profile.lines)
            what = f"{len(pairs)} pairs x 11 lags, {turn}"
            computed = timed(what, started, computed or None)
        started = time.perf_counter()
        for x, y in pairs:
            high_low_days(metrics, (x, y))
        timed(f"{len(pairs)} pairs with the strip of checks", started)


if __name__ == "__main__":
    main()
