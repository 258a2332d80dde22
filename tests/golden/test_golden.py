from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
RUN = runpy.run_path(str(HERE / "run.py"))
CASES = list(RUN["load"](HERE))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file_id}-{case.name}")
def test_agrees_with_independent_software(case: Any) -> None:
    assert RUN["check"](case) == []


def test_every_file_has_a_function_that_is_checked() -> None:
    functions = {case.function for case in RUN["load"](HERE)}
    assert functions <= set(RUN["ADAPTERS"])
    assert len(CASES) == 111


def test_a_wrong_value_is_reported_with_its_place() -> None:
    wrong = RUN["Case"]("x/wilson", "", {"k": 5, "n": 10}, {"p": 0.6}, {"abs": 1e-9, "rel": 0})
    assert RUN["check"](wrong) == ["p is 0.5, not 0.6"]


def test_none_is_not_zero() -> None:
    case = RUN["Case"]("x/wilson", "", {"k": 0, "n": 4}, {"p": None}, {"abs": 1e-9, "rel": 0})
    assert RUN["check"](case) == ["p is 0.0, not None"]
