from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fakes.sample_report import empty_model, sample_model
from prodlens.exports import markdown, terminal
from prodlens.exports.building import model_of

if TYPE_CHECKING:
    from prodlens.exports.model import ReportModel
    from prodlens.metrics.report import Report

GOLDEN = Path(__file__).parents[2] / "golden_text"


def compare(name: str, content: bytes) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN_TEXT"):
        path.write_bytes(content)
    assert content.decode("utf-8") == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "model"), [("sample", sample_model()), ("nothing", empty_model())]
)
def test_the_markdown_of_a_report(name: str, model: ReportModel) -> None:
    compare(f"report_{name}.md", markdown.render(model))


def test_the_text_file_is_the_page_of_80_columns() -> None:
    compare("report_sample_80.txt", terminal.render(sample_model()))


def test_the_page_with_days_lags_and_a_comparison(whole: Report) -> None:
    page = terminal.page(model_of(whole), width=100)
    compare("report_whole_100.txt", page.plain().encode("utf-8"))


def test_a_markdown_page_says_the_first_sentence_and_how_far_to_trust_it(whole: Report) -> None:
    model = model_of(whole)
    text = markdown.render(model).decode("utf-8")
    assert text.startswith("# AI use and delivery\n")
    assert "## How far to trust it" in text
    assert f"data `{model.fingerprint[:16]}`" in text
