"""Owns the fingerprint of the data behind a report: equal data, equal digest; reads no store."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields
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
    daily, delivery = inputs.daily, inputs.delivery
    seen = {
        "models": [[model, asdict(figures)] for model, figures in inputs.models.items()],
        "distinct": asdict(inputs.distinct),
        "sessions": [inputs.decided_sessions, inputs.accepted_sessions],
        "policy": list(inputs.policy.patterns),
        "sources": dict(inputs.sources),
        "edits": [[*key, asdict(figures)] for key, figures in inputs.edits.items()],
        "latencies": inputs.latencies.digest,
        "work": [len(inputs.work), inputs.work.calls, inputs.work.total_seconds],
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
    return {one.name: str(getattr(record, one.name)) for one in fields(record)}
