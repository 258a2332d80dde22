from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
GOLDEN = json.loads(
    (HERE.parents[1] / "golden" / "report_metrics.json").read_text(encoding="utf-8")
)
CASES = {case["name"]: case for case in GOLDEN["cases"]}
ADAPTER = runpy.run_path(str(HERE / "golden_report_metrics.py"))


def approximately(expected: Any) -> Any:
    """The expected value with the file's tolerance; None only equals None."""
    tolerance = GOLDEN["tolerance"]
    if isinstance(expected, dict):
        return {key: approximately(value) for key, value in expected.items()}
    if isinstance(expected, int | float):
        return pytest.approx(expected, abs=tolerance["abs"], rel=tolerance["rel"])
    return expected


@pytest.mark.parametrize("name", CASES)
def test_the_golden_case_passes(name: str) -> None:
    got = ADAPTER["report_metrics"](CASES[name]["input"])
    expected = CASES[name]["expected"]
    assert set(got) == set(expected)
    for key, values in got.items():
        assert values == approximately(expected[key]), key


def test_all_golden_cases_are_there() -> None:
    assert list(CASES) == ["two_weeks_edge_rows", "empty", "peer_example"]
