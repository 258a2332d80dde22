from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodlens.exports import json_document
from prodlens.metrics.catalog import METRICS

if TYPE_CHECKING:
    from prodlens.metrics.report import Report

SNAPSHOT = Path(__file__).parents[2] / "golden_text" / "report_team.json"


def test_the_document_is_the_snapshot(report: Report) -> None:
    document = json_document.document(report)
    document["metadata"]["version"] = "VERSION"
    text = json.dumps(document, indent=2) + "\n"
    if os.environ.get("UPDATE_GOLDEN_TEXT"):
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert text == SNAPSHOT.read_text(encoding="utf-8")


def test_the_file_names_its_form_first_and_is_ascii(report: Report) -> None:
    content = json_document.render(report)
    assert content.startswith(b'{\n  "schema": "prodlens.report/1",\n')
    assert content.isascii()
    assert json.loads(content) == json_document.document(report)


def test_keys_are_the_same_with_and_without_data(report: Report, empty: Report) -> None:
    def keys(value: Any) -> Any:
        return {key: keys(item) for key, item in value.items()} if isinstance(value, dict) else None

    varying = ("models", "notes")
    full, none = json_document.document(report), json_document.document(empty)
    for document in (full, none):
        document["effect_sizes"]["model_acceptance_rates"] = None
        document["coverage"]["sources"] = None
        for name in varying:
            document[name] = None
    assert keys(full) == keys(none)


def test_nan_and_infinities_become_null() -> None:
    document = {"a": math.nan, "b": [math.inf, {"c": -math.inf}], "d": 1.5}
    assert json_document.without_nan(document) == {"a": None, "b": [None, {"c": None}], "d": 1.5}


def test_the_schema_derives_from_the_catalogue_and_fits_the_document(report: Report) -> None:
    schema = json_document.metrics_schema()
    metrics = json_document.document(report)["metrics"]
    assert list(schema["properties"]) == list(METRICS) == list(metrics)
    for slug, properties in schema["properties"].items():
        assert properties["description"] == METRICS[slug].definition
        assert properties["required"] == list(metrics[slug])
        assert properties["properties"]["unit"] == {"const": metrics[slug]["unit"]}
