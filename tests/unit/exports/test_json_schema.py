from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import prodlens.exports
from fakes.sample_report import empty_model, hostile_model, sample_model
from prodlens.exports import json_document
from prodlens.exports.json_schema import schema

if TYPE_CHECKING:
    from prodlens.metrics.report import Report

PUBLISHED = Path(prodlens.exports.__file__).parent / "report_schema.json"
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}


def faults(value: Any, rule: dict[str, Any], whole: dict[str, Any], at: str = "$") -> list[str]:
    """Return where a document breaks its schema; knows the words that our schema uses."""
    if "$ref" in rule:
        return faults(value, whole["$defs"][rule["$ref"].rpartition("/")[2]], whole, at)
    if "anyOf" in rule:
        tried = [faults(value, one, whole, at) for one in rule["anyOf"]]
        return [] if any(not found for found in tried) else min(tried, key=len)
    allowed = [rule["const"]] if "const" in rule else rule.get("enum", [value])
    if value not in allowed:
        return [f"{at}: {value!r} is none of {allowed}"]
    if "type" in rule:
        names = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
        fits = any(
            isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))
            for name in names
        )
        if not fits:
            return [f"{at}: {value!r} is no {names}"]
    if isinstance(value, list):
        return _items(value, rule, whole, at)
    return _properties(value, rule, whole, at) if isinstance(value, dict) else []


def _items(value: list[Any], rule: dict[str, Any], whole: dict[str, Any], at: str) -> list[str]:
    if not rule.get("minItems", 0) <= len(value) <= rule.get("maxItems", len(value)):
        return [f"{at}: {len(value)} items"]
    rules = rule.get("prefixItems", [rule.get("items", {})] * len(value))
    return [
        fault
        for place, (item, one) in enumerate(zip(value, rules, strict=True))
        for fault in faults(item, one, whole, f"{at}[{place}]")
    ]


def _properties(
    value: dict[str, Any], rule: dict[str, Any], whole: dict[str, Any], at: str
) -> list[str]:
    found = [f"{at}: no {name}" for name in rule.get("required", ()) if name not in value]
    for name, item in value.items():
        one = rule.get("properties", {}).get(name, rule.get("additionalProperties", {}))
        if one is False:
            found.append(f"{at}: {name} is not foreseen")
        else:
            found += faults(item, one, whole, f"{at}.{name}")
    return found


def test_the_published_schema_is_the_derived_one() -> None:
    text = json.dumps(schema(), indent=1) + "\n"
    if os.environ.get("UPDATE_GOLDEN_TEXT"):
        PUBLISHED.write_text(text, encoding="utf-8")
    assert PUBLISHED.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", ["report", "empty", "delivering", "no_calls", "whole"])
def test_every_report_keeps_the_schema(name: str, request: pytest.FixtureRequest) -> None:
    made: Report = request.getfixturevalue(name)
    rule = schema()
    assert faults(json.loads(json_document.render(made)), rule, rule) == []


def test_the_sample_report_keeps_the_schema() -> None:
    rule = schema()
    part = rule["properties"]["report"]
    for model in (sample_model(), hostile_model(), empty_model()):
        assert faults(json_document.document(model)["report"], part, rule) == []


def test_a_document_that_breaks_the_schema_is_found_out() -> None:
    rule = schema()
    part = rule["properties"]["report"]
    good = json_document.document(sample_model())["report"]
    for path, value in (
        (("key_figures", 0, "value"), "many"),
        (("key_figures", 0, "status"), "fine"),
        (("filters", "lag_days"), 1.5),
        (("generated_at",), None),
        (("sections", 0, "blocks", 0, "type"), "Picture"),
    ):
        bad = copy.deepcopy(good)
        target: Any = bad
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value
        assert faults(bad, part, rule) != [], path
