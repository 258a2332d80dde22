from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prodlens.exports.page import Cell, Page, wrap
from prodlens.exports.text import columns, formula_safe, one_line


@given(st.text(max_size=200), st.integers(2, 60))
@settings(max_examples=100)
def test_wrapping_keeps_the_width_and_every_character(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(columns(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == one_line(text).replace(" ", "")


def test_a_hanging_indent_holds_for_every_line() -> None:
    page = Page(width=12)
    page.text("one two three four", indent="! ")
    assert page.plain() == "! one two\n  three four\n"


def test_a_row_wraps_its_cells_side_by_side() -> None:
    page = Page(width=20)
    page.row([Cell("a long title"), Cell("7", right=True), Cell("x\ny")], [6, 3, 4])
    assert page.plain() == "a long    7  x\ntitle        y\n"


def test_lines_never_end_in_spaces() -> None:
    page = Page(width=20)
    page.row([Cell("a"), Cell("", right=True), Cell("")], [6, 3, 4])
    page.blank()
    assert page.plain() == "a\n\n"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("  =1", "'  =1"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("＝1", "'＝1"),  # noqa: RUF001 - full-width sign
        ("＠x", "'＠x"),  # noqa: RUF001 - full-width sign
        ("gpt-5", "gpt-5"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_what_a_spreadsheet_takes_for_a_formula_is_quoted(text: str, safe: str) -> None:
    assert formula_safe(text) == safe


@given(st.text())
@settings(max_examples=100)
def test_one_line_is_one_line_without_control_characters(text: str) -> None:
    cleaned = one_line(text)
    assert one_line(cleaned) == cleaned
    assert len(cleaned.splitlines()) <= 1
    assert not any(ord(char) < 32 or 0x7F <= ord(char) <= 0x9F for char in cleaned)
