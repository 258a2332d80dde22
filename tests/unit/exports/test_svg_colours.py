"""Colours have contrast, and series keep apart under every kind of colour blindness.

Source: Machado, Oliveira and Fernandes 2009, doi 10.1109/TVCG.2009.113 (severity 1.0);
CIE 1976 L*a*b* and its distance; WCAG 2.2 relative luminance.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from prodlens.exports.svg_colours import DARK, LIGHT, SERIES, VARIABLES, rules

SEEN = {
    "usual": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1.0, 1.089])


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    parts = TO_XYZ @ light / WHITE
    bent = np.where(parts > 0.008856, np.cbrt(parts), 7.787 * parts + 16 / 116)
    return np.array([116 * bent[1] - 16, 500 * (bent[0] - bent[1]), 200 * (bent[1] - bent[2])])


def contrast(one: str, other: str) -> float:
    dark, light = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("kind", SEEN)
def test_series_keep_apart_however_one_sees(theme: dict[str, str], kind: str) -> None:
    seen = {name: lab(np.clip(np.array(SEEN[kind]) @ linear(theme[name]), 0, 1)) for name in SERIES}
    near = {
        (one, other): round(float(np.linalg.norm(seen[one] - seen[other])), 1)
        for one, other in combinations(SERIES, 2)
    }
    assert {pair: distance for pair, distance in near.items() if distance < 20} == {}


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_series_and_texts_have_contrast(theme: dict[str, str]) -> None:
    assert {one: contrast(theme[one], theme["card"]) >= 3 for one in SERIES} == dict.fromkeys(
        SERIES, True
    )
    texts = ("ink", "muted", "faint", "accent", "good", "bad")
    low = {
        (text, ground): round(contrast(theme[text], theme[ground]), 2)
        for text in texts
        for ground in ("card", "page")
        if contrast(theme[text], theme[ground]) < 4.5
    }
    assert low == {}


def test_both_themes_name_the_same_colours() -> None:
    assert list(LIGHT) == list(DARK) == list(VARIABLES)


def test_rules_hold_the_colours_they_are_given() -> None:
    assert f".s1{{fill:{LIGHT['s1']}}}" in rules(LIGHT)
    assert "var(" not in rules(LIGHT)
    assert ".s1{fill:var(--s1)}" in rules(VARIABLES)
