"""One corpus of hostile strings through every renderer of text: nothing executes, nothing breaks."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from fakes.hostile_strings import HOSTILE
from fakes.sample_report import hostile_model, sample_model
from prodlens.exports import flat_csv, json_document, markdown, terminal
from prodlens.exports.markdown import escaped
from prodlens.exports.registry import FORMATS
from prodlens.exports.report_tables import tables_of
from prodlens.exports.text import columns, from_outside

HARMFUL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝")  # noqa: RUF001 - the full-width sign is the point


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_every_format_takes_every_string(suffix: str, *, raw: bool) -> None:
    content = FORMATS[suffix].render(hostile_model(raw=raw))
    assert len(content) > 1000


def test_the_same_report_gives_the_same_bytes_in_every_format() -> None:
    for known in FORMATS.values():
        assert known.render(hostile_model()) == known.render(hostile_model())


@pytest.mark.parametrize("width", [48, 80, 120])
@pytest.mark.parametrize("raw", [False, True])
def test_nothing_reaches_a_terminal_that_it_would_obey(width: int, *, raw: bool) -> None:
    text = terminal.page(hostile_model(raw=raw), width=width).plain()
    assert not HARMFUL.search(text)
    assert max(columns(line) for line in text.splitlines()) <= width


@pytest.mark.parametrize("raw", [False, True])
def test_no_cell_of_csv_is_a_formula_and_numbers_stay_numbers(*, raw: bool) -> None:
    model = hostile_model(raw=raw)
    for content in (
        flat_csv.render(model),
        flat_csv.render_table(tables_of(model)["models"]),
        flat_csv.render_table(tables_of(model)["daily_tokens"]),
    ):
        rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))
        assert len({len(row) for row in rows}) == 1
        for cell in (cell for row in rows for cell in row):
            if not re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", cell):
                assert not cell.lstrip().startswith(FORMULA), cell
    table = list(
        csv.DictReader(
            io.StringIO(
                flat_csv.render_table(tables_of(model)["models"]).decode("utf-8"), newline=""
            )
        )
    )
    assert len(table) == len(HOSTILE)
    assert {row["score"] for row in table} == {"-0.3"}
    assert table[-1]["cost"] == ""


@pytest.mark.parametrize("raw", [False, True])
def test_json_is_ascii_and_gives_back_what_it_was_given(*, raw: bool) -> None:
    content = json_document.render(hostile_model(raw=raw))
    assert content.isascii()
    document = json.loads(content)
    table = document["report"]["sections"][2]["blocks"][1]
    given = [text if raw else from_outside(text) for text in HOSTILE.values()]
    assert [row[0] for row in table["rows"]] == given


def unescaped(line: str) -> str:
    """Return a line of Markdown without its escaped characters."""
    return re.sub(r"\\.", "", line)


@pytest.mark.parametrize("raw", [False, True])
def test_markdown_holds_no_markup_from_outside(*, raw: bool) -> None:
    text = markdown.render(hostile_model(raw=raw)).decode("utf-8")
    assert not HARMFUL.search(text)
    bare = unescaped(text)
    assert "<" not in bare
    assert "](" not in bare
    assert not re.search(r"@\w", bare)
    assert not re.search(r"(?i)https?:|www\.", bare)
    ordinary = markdown.render(sample_model()).decode("utf-8")
    heads = [line for line in text.splitlines() if line.startswith("#")]
    assert heads == [line for line in ordinary.splitlines() if line.startswith("#")]


def test_a_name_can_be_no_cell_of_markdown() -> None:
    for text in HOSTILE.values():
        line = escaped(from_outside(text))
        assert "\n" not in line
        assert "|" not in unescaped(line)
    rows = markdown.render(hostile_model()).decode("utf-8").splitlines()
    models = [row for row in rows if "1,048.31" in row]
    assert len(models) == len(HOSTILE) - 1
    assert {unescaped(row).count("|") for row in models} == {13}


def test_a_name_in_a_report_is_short_and_printable() -> None:
    for text in HOSTILE.values():
        line = from_outside(text)
        assert len(line) <= 400
        assert not HARMFUL.search(line)
        assert line.encode("utf-8").decode("utf-8") == line
