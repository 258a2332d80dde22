"""The report as one versioned JSON document: the public contract, then the whole report.

NaN and infinities can't occur: they become null on the way. ASCII only, so that no escape or
direction character of a foreign name reaches a terminal. Its schema: `prodlens.exports.json_schema`.
"""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from prodlens.clock import format_instant
from prodlens.exports.building import model_of
from prodlens.exports.model import SCHEMA, Block
from prodlens.metrics.catalog import METRICS

if TYPE_CHECKING:
    from prodlens.exports.model import ReportModel
    from prodlens.metrics.catalog import Metric
    from prodlens.metrics.report import Report

REPORT: Final = "report"
"""Key below which the whole report stands, beside the keys of the public contract."""


def document(report: Report | ReportModel) -> dict[str, Any]:
    """Return the document of a report: `schema`, the keys of the public contract, the report."""
    model = model_of(report)
    return {
        "schema": SCHEMA,
        **without_nan(dict(model.contract)),
        REPORT: without_nan(plain(model)),
    }


def render(report: Report | ReportModel) -> bytes:
    """Return the whole JSON file of a report."""
    return (json.dumps(document(report), indent=2, allow_nan=False) + "\n").encode("ascii")


def plain(value: Any) -> Any:
    """Return a part of a report as plain values: records by field, days and instants as text.

    A record that may stand where others may, too (a block), says what it is under `type`.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value) if field.name != "contract"]
        fields = {name: plain(getattr(value, name)) for name in names}
        return {"type": type(value).__name__, **fields} if isinstance(value, Block) else fields
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return format_instant(value)
    return value.isoformat() if isinstance(value, date) else value


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
