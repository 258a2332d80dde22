from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.exports import flat_csv
from prodlens.exports.flat_csv import cell, csv_text, flat

if TYPE_CHECKING:
    from prodlens.metrics.report import Report


def rows(content: bytes) -> dict[str, str]:
    table = list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))
    assert table[0] == ["metric", "value"]
    assert all(len(row) == 2 for row in table)
    found = dict(table[1:])
    assert len(found) == len(table) - 1
    return found


def test_the_specification_s_metrics_are_dotted_names(report: Report) -> None:
    found = rows(flat_csv.render(report))
    assert found["ai_interaction_velocity.total_sessions"] == "60"
    assert found["acceptance_rate"] == "0.6666666666666666"
    assert found["token_efficiency.tokens_per_accept"].startswith("1419")
    assert found["cost_metrics.total_session_cost_usd"] == "1.725"
    assert found["pr_throughput.weekly_merged_prs"] == ""
    assert found["metrics.acceptance_rate.n"] == "45"
    assert found["metadata.window_clipped"] == "true"
    assert found["metadata.policy_models"] == '["claude-*"]'


def test_the_file_is_utf_8_without_bom_and_ends_lines_as_rfc_4180(report: Report) -> None:
    content = flat_csv.render(report)
    assert content.startswith(b"metric,value\r\n")
    assert content.endswith(b"\r\n")
    assert content.count(b"\n") == content.count(b"\r\n")


def test_hostile_text_is_no_formula_and_numbers_stay_numbers(report: Report) -> None:
    found = rows(flat_csv.render(report))
    names = [value for key, value in found.items() if key.endswith(".model")]
    assert "'=cmd|' /C calc'!A0" in names
    assert "evilred" in names
    assert cell(-0.3) == "-0.3"
    assert cell(-5) == "-5"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (math.nan, ""),
        (math.inf, ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (0.0, "0.0"),
        (2**70, "1180591620717411303424"),
        ([1.5, 2, None], "[1.5, 2, null]"),
        ([], "[]"),
        ("@sum(a1)", "'@sum(a1)"),
        ("two\nlines", "two lines"),
    ],
)
def test_a_cell(value: object, text: str) -> None:
    assert cell(value) == text


def test_lists_of_records_are_indexed_and_plain_lists_are_one_cell() -> None:
    document = {"a": [{"b": 1}, {"b": None}], "c": [1, 2], "d": {}, "e": {"f.g": "x"}}
    assert list(flat("", document)) == [
        ("a.0.b", 1),
        ("a.1.b", None),
        ("c", [1, 2]),
        ("e.f.g", "x"),
    ]


@given(st.dictionaries(st.text(), st.none() | st.text() | st.floats() | st.integers(), max_size=5))
@settings(max_examples=100)
def test_no_cell_is_ever_a_formula(document: dict[str, Any]) -> None:
    table = list(csv.reader(io.StringIO(csv_text(document), newline="")))
    for name, value in table[1:]:
        assert not name.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))  # noqa: RUF001 - full-width signs
        if not isinstance(document.get(name), int | float):
            try:
                float(value)
            except ValueError:
                assert not value.lstrip().startswith(("=", "+", "-", "@"))
