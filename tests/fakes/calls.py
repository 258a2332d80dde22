"""Calls with every kind of gap in them, the same for the same seed."""

from __future__ import annotations

import random
from typing import Any

from prodlens.storage.trace_rows import BY_RULE


def awkward_calls(count: int, *, seed: int = 7) -> list[dict[str, Any]]:
    """Return mappings for `ProdLensStore.insert_sessions`, over five days of October 2026."""
    dice = random.Random(seed)  # noqa: S311 - invented data
    return [
        {
            "timestamp": f"2026-10-{dice.randint(1, 5):02}T{dice.randint(0, 23):02}:00:00.{n:06}Z",
            "repo_slug": dice.choice([None, "", "a/b-c", "a-b/c", "x/y"]),
            "developer_id": dice.choice([None, "kim", "lee", "ány"]),
            "session_id": dice.choice([None, "s1", "s2", "s3", "s4"]),
            "model": dice.choice([None, "m", "n"]),
            "tokens_in": dice.choice([None, 5, 2**40]),
            "tokens_out": dice.choice([None, 1]),
            "latency_ms": dice.choice([None, -1.0, 0.0, 0.1, 0.3, 1e3 / 3, 1e3 * dice.random()]),
            "status_code": dice.choice([None, 200, 500]),
            "error_type": dice.choice([None, None, "Timeout"]),
            "accepted_flag": dice.choice([None, True, False]),
            "accepted_source": dice.choice([None, "reported", BY_RULE]),
            "accepted_lines": dice.choice([None, 3]),
            "cost_usd": dice.choice([None, 0.0, 0.0123]),
            "traffic_class": dice.choice([None, "cache_hit"]),
            "source": dice.choice(["litellm", "claude_code"]),
        }
        for n in range(count)
    ]
