"""The report as one versioned JSON document, and the JSON Schema of its metrics.

NaN and infinities can't occur: they become null on the way. ASCII only, so that no escape or
direction character of a foreign name reaches a terminal.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from prodlens.metrics.catalog import METRICS

if TYPE_CHECKING:
    from prodlens.metrics.catalog import Metric
    from prodlens.metrics.report import Report

SCHEMA: Final = "prodlens.report/1"
"""Name and version of the form; a key that changes its meaning makes a new version."""


def document(report: Report) -> dict[str, Any]:
    """Return the document of a report: `schema` first, then the keys of the public contract."""
    return {"schema": SCHEMA, **without_nan(report.to_dict())}


def render(report: Report) -> bytes:
    """Return the whole JSON file of a report."""
    return (json.dumps(document(report), indent=2, allow_nan=False) + "\n").encode("ascii")


def without_nan(value: Any) -> Any:
    """Return plain values in which every NaN and infinity is None."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def metrics_schema() -> dict[str, Any]:
    """Return the JSON Schema of the key `metrics`, derived from the catalogue.

    Source: json-schema.org, draft 2020-12.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{SCHEMA}: metrics",
        "type": "object",
        "properties": {slug: _metric_schema(metric) for slug, metric in METRICS.items()},
        "required": list(METRICS),
        "additionalProperties": False,
    }


def _metric_schema(metric: Metric) -> dict[str, Any]:
    number = {"type": ["number", "null"]}
    fields = {
        "value": number,
        "unit": {"const": metric.unit.value},
        "n": {"type": ["integer", "null"]},
        "numerator": number,
        "denominator": number,
        "ci_low": number,
        "ci_high": number,
        "note": {"type": ["string", "null"]},
    }
    return {
        "type": "object",
        "title": metric.title,
        "description": metric.definition,
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }
