from __future__ import annotations

from prodlens.exports.metric_reference import page
from prodlens.metrics.catalog import METRICS


def test_every_metric_has_its_entry() -> None:
    text = page()
    assert text.count("\n### ") == len(METRICS)
    for metric in METRICS.values():
        assert f"### {metric.title}\n\n`{metric.slug}` · {metric.unit.value} · " in text
        assert metric.definition in text


def test_an_entry_says_unit_direction_and_needs() -> None:
    assert (
        "### Error rate\n\n`error_rate` · share · lower is better · needs calls, status\n"
    ) in page()
