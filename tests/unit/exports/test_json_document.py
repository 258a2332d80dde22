from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.exports import json_document
from prodlens.metrics.catalog import METRICS

if TYPE_CHECKING:
    from prodlens.metrics.report import Report

GOLDEN = Path(__file__).parents[2] / "golden_text"


@pytest.mark.parametrize(
    ("name", "snapshot"), [("report", "report_team"), ("delivering", "report_delivering")]
)
def test_the_document_is_the_snapshot(
    name: str, snapshot: str, request: pytest.FixtureRequest
) -> None:
    document = json_document.document(request.getfixturevalue(name))
    document["metadata"]["version"] = "VERSION"
    text = json.dumps(_rounded(document), indent=2) + "\n"
    path = GOLDEN / f"{snapshot}.json"
    if os.environ.get("UPDATE_GOLDEN_TEXT"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def _rounded(value: Any) -> Any:
    """Return a document without the last digits, in which numerical libraries may differ."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def test_the_file_names_its_form_first_and_is_ascii(report: Report) -> None:
    content = json_document.render(report)
    assert content.startswith(b'{\n  "schema": "prodlens.report/1",\n')
    assert content.isascii()
    assert json.loads(content) == json_document.document(report)


@pytest.mark.parametrize("name", ["report", "delivering", "from_clone", "no_calls"])
def test_keys_are_the_same_with_and_without_data(
    name: str, request: pytest.FixtureRequest, empty: Report
) -> None:
    def keys(value: Any) -> Any:
        return {key: keys(item) for key, item in value.items()} if isinstance(value, dict) else None

    varying = ("models", "notes", "report")
    full = json_document.document(request.getfixturevalue(name))
    none = json_document.document(empty)
    for document in (full, none):
        document["effect_sizes"]["model_acceptance_rates"] = None
        document["coverage"]["sources"] = None
        for found in ("calibrated", "merged_prs"):
            document["ai_outcome_association"][found]["sensitivity"] = None
        for key in varying:
            document[key] = None
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
