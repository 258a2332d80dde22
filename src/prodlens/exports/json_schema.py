"""Owns the JSON Schema of a report: derived from the report's own types and the catalogue.

Published as `report_schema.json` beside this module; a test keeps the two the same.
Source: json-schema.org, draft 2020-12.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from datetime import date, datetime
from enum import Enum
from typing import Any, Final, get_args, get_origin, get_type_hints

from prodlens.exports import charts, model, tables, words
from prodlens.exports.json_document import REPORT, metrics_schema
from prodlens.metrics.metric import Better
from prodlens.metrics.values import Unit

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_NUMBER: Final = {"type": ["number", "null"]}

_RECORD: Final = {"type": "object"}
_CONTRACT: Final[dict[str, dict[str, Any]]] = {
    "ai_interaction_velocity": _RECORD,
    "acceptance_rate": _NUMBER,
    "model_selection_accuracy": _NUMBER,
    "error_rate": _NUMBER,
    "token_efficiency": _RECORD,
    "acceptance_quality": _RECORD,
    "pr_throughput": _RECORD,
    "commit_frequency": _RECORD,
    "pr_merge_time_hours": {"type": ["array", "null"], "items": {"type": "number"}},
    "rework_rate": _NUMBER,
    "revert_rate": _NUMBER,
    "cost_metrics": _RECORD,
    "ai_outcome_association": _RECORD,
    "effect_sizes": _RECORD,
    "multiple_comparison_adjustment": _RECORD,
    "models": {"type": "array", "items": _RECORD},
    "coverage": _RECORD,
    "notes": {"type": "array", "items": _RECORD},
    "metadata": _RECORD,
}
"""Keys of the public contract beside `metrics`."""
_SIMPLE: Final[dict[object, dict[str, Any]]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    types.NoneType: {"type": "null"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
    Any: {},
}
_NAMES: Final[dict[str, Any]] = {
    **vars(typing),
    **vars(charts),
    **vars(tables),
    **vars(words),
    **vars(model),
    "date": date,
    "datetime": datetime,
    "Unit": Unit,
    "Better": Better,
    "Mapping": dict,
    "Table": tables.Table,
    "Sparkline": charts.Sparkline,
}
"""What the types of a report may name."""


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a report written as JSON."""
    found: dict[str, Any] = {}
    whole = _of(model.ReportModel, found)
    metrics = {key: value for key, value in metrics_schema().items() if key != "$schema"}
    properties = {
        "schema": {"const": model.SCHEMA},
        **_CONTRACT,
        "metrics": metrics,
        REPORT: whole,
    }
    return {
        "$schema": _DRAFT,
        "title": f"A report of prodlens, form {model.SCHEMA}",
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "$defs": dict(sorted(found.items())),
    }


def _of(kind: Any, found: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a type; records are put into `found` once and referred to."""
    if kind in _SIMPLE:
        return dict(_SIMPLE[kind])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in found:
            found[kind.__name__] = {}  # a record may hold records of its own kind
            found[kind.__name__] = _record(kind, found)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        return _list(arguments, found)
    if get_origin(kind) is dict:
        return {"type": "object", "additionalProperties": _of(arguments[1], found)}
    return {"anyOf": [_of(one, found) for one in arguments]}


def _list(arguments: tuple[Any, ...], found: dict[str, Any]) -> dict[str, Any]:
    if arguments[-1] is Ellipsis:
        return {"type": "array", "items": _of(arguments[0], found)}
    items = [_of(one, found) for one in arguments]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _record(kind: type, found: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind, localns=_NAMES)
    fields = {
        one.name: _of(hints[one.name], found)
        for one in dataclasses.fields(kind)
        if one.name != "contract"
    }
    if kind in get_args(model.Block):
        fields = {"type": {"const": kind.__name__}, **fields}
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }
