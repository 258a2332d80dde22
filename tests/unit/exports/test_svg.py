"""Markup is escaped by construction, and a drawing holds finite numbers alone."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import pytest

from fakes.hostile_strings import HOSTILE
from prodlens.exports.svg import (
    Markup,
    box_path,
    dots_path,
    element,
    escaped,
    joined,
    line_path,
    number,
)
from prodlens.exports.svg_text import shortened, width_of


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_any_text_stays_text_in_an_element_and_an_attribute(text: str) -> None:
    made = element("text", text, class_=text, x=1.0)
    root = ET.fromstring(made)  # noqa: S314 - our own markup is what is tested
    assert len(root) == 0
    assert set(root.attrib) == {"class", "x"}
    assert "<" not in escaped(text)


def test_markup_is_taken_as_it_is_and_text_is_escaped() -> None:
    inner = element("tspan", "a&b")
    assert element("text", inner, "<i>") == "<text><tspan>a&amp;b</tspan>&lt;i&gt;</text>"
    assert joined(("<", Markup("<br>"))) == "&lt;<br>"


def test_an_attribute_that_is_none_is_left_out() -> None:
    made = element("text", text_anchor=None, aria_label='a"b')
    assert made == '<text aria-label="a&quot;b"></text>'


def test_an_element_without_an_end_has_none() -> None:
    assert element("meta", charset="utf-8") == '<meta charset="utf-8">'


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_drawing_holds_a_number_that_is_none(value: float) -> None:
    with pytest.raises(ValueError, match="can't hold"):
        number(value)
    with pytest.raises(ValueError, match="can't hold"):
        element("rect", x=value)


@pytest.mark.parametrize("name", ["", "a b", "a>", "1a", "on click"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        element(name)
    with pytest.raises(ValueError, match="no name"):
        element("rect", **{f"{name} ": "x"})


def test_numbers_are_short() -> None:
    assert [number(one) for one in (1.0, 0.25, -0.5, 10.0, 100.06, -0.01, 0.96)] == [
        *("1", ".2", "-.5", "10", "100.1", "0", "1"),
    ]


def test_paths() -> None:
    assert line_path([(1.0, 2.0), (3.5, 0.25)]) == "M1 2L3.5 .2"
    assert dots_path([(1.0, 2.0), (3.0, 4.0)]) == "M1 2h0M3 4h0"
    assert box_path(1.0, 2.0, 3.0, 4.0) == "M1 2h3v4h-3z"


def test_a_text_is_cut_to_its_room() -> None:
    assert shortened("short", 100.0, 10.0) == "short"
    cut = shortened("claude-sonnet-4-6-20261001", 80.0, 10.0)
    assert cut == "claude-sonn…"
    assert width_of(cut, 10.0) <= 80.0
    assert len(shortened("x" * 10_000, 1e9, 10.0)) == 401


def test_wide_characters_take_more_room_and_combining_ones_none() -> None:
    assert width_of("模型", 10.0) > width_of("ab", 10.0)
    assert width_of("e\u0301", 10.0) == width_of("e", 10.0)
    assert width_of("ab", 10.0, bold=True) > width_of("ab", 10.0)
