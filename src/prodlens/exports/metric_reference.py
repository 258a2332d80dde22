"""The reference page of every metric, generated from the catalogue; reads no data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.metrics.catalog import METRICS, Better, Family

if TYPE_CHECKING:
    from prodlens.metrics.catalog import Metric

_DIRECTION: Final = {
    Better.UP: "higher is better",
    Better.DOWN: "lower is better",
    Better.NEITHER: "no direction is better",
}
_INTRODUCTION: Final = """# Metrics

This page is generated from the catalogue of metrics. The name in `code` is the metric's name in
CSV, JSON and on the command line. A value that is not defined, or not known, is empty in CSV, null
in JSON, and comes with a reason; it is never 0. Shares are 0 to 1. Intervals of shares are 95%
Wilson intervals and take calls as independent; that of a weekly rate is the exact Poisson interval.

Days are UTC days. Calls count when they began, commits when they landed on the default branch, pull
requests when they were merged, closed or reopened. How to read the report as a whole:
[docs/explanation/report.md](../explanation/report.md).
"""


def page() -> str:
    """Return the page as Markdown, one section per family."""
    sections = [
        f"## {family.value.capitalize()}\n\n" + "\n".join(entries)
        for family in Family
        if (entries := [_entry(metric) for metric in METRICS.values() if metric.family is family])
    ]
    return "\n".join([_INTRODUCTION, *sections])


def _entry(metric: Metric) -> str:
    needs = ", ".join(sorted(need.value for need in metric.needs))
    return (
        f"### {metric.title}\n\n`{metric.slug}` · {metric.unit.value} · "
        f"{_DIRECTION[metric.better]} · needs {needs}\n\n{metric.definition}\n"
    )
