"""Owns the fingerprint of the data behind a report: equal data, equal digest; reads no store."""

from __future__ import annotations

import hashlib
import json
import sys
from array import array
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prodlens.metrics.inputs import MetricInputs


def fingerprint(inputs: MetricInputs) -> str:
    """Return the SHA-256 of everything the metrics of a report were computed from.

    When the repositories were last read is left out: reading them again without news changes no
    digest.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for part in (inputs.latencies.every, inputs.latencies.without_errors):
        durations = array("d", part)
        if sys.byteorder == "big":
            durations.byteswap()  # the same digest on every machine
        digest.update(durations.tobytes())
        digest.update(f":{len(durations)}:".encode("ascii"))
    daily, delivery = inputs.daily, inputs.delivery
    seen = {
        "models": [[model, asdict(figures)] for model, figures in inputs.models.items()],
        "distinct": asdict(inputs.distinct),
        "sessions": [inputs.decided_sessions, inputs.accepted_sessions],
        "policy": list(inputs.policy.patterns),
        "sources": dict(inputs.sources),
        "edits": [[*key, asdict(figures)] for key, figures in inputs.edits.items()],
        "work": [[one.start, one.end, one.calls] for one in inputs.work],
        "traffic": dict(inputs.traffic),
        "identification": asdict(inputs.identification),
        "requests": sorted(json.dumps(_plain(one)) for one in delivery.requests),
        "commits": asdict(delivery.commits),
        "days": [] if daily.days is None else [str(daily.days.first), str(daily.days.last)],
        "series": [
            [one.name, sorted((str(day), count) for day, count in one.counts.items())]
            for one in (daily.sessions, daily.calls, daily.commits, daily.merged_prs)
        ],
    }
    digest.update(json.dumps(seen, sort_keys=True, default=str).encode("ascii"))
    return digest.hexdigest()


def _plain(record: Any) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(record).items()}
