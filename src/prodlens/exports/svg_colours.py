"""Owns the colours of drawings in both themes, and the rules that put them on their classes.

Series keep apart under the three kinds of colour blindness and have contrast 3 to their ground,
texts 4.5. Red and green are for verdicts alone. Draws nothing.
Source: Machado, Oliveira and Fernandes 2009, doi 10.1109/TVCG.2009.113; WCAG 2.2, 1.4.3 and 1.4.11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LIGHT: Final = {
    "page": "#f6f7f9",
    "card": "#ffffff",
    "line": "#e3e6eb",
    "grid": "#e9ecf0",
    "axis": "#8d95a3",
    "ink": "#14171f",
    "muted": "#545d6c",
    "faint": "#626a78",
    "accent": "#2b56d6",
    "band": "#dfe7fc",
    "tint": "#eff3fe",
    "none": "#b3bccb",
    "lit": "#b3c4f3",
    "good": "#0a6e4c",
    "good-band": "#b0d3c6",
    "bad": "#b92b2b",
    "bad-band": "#eabcbc",
    "s1": "#1746e0",
    "s2": "#e2762b",
    "s3": "#27a786",
    "s4": "#bb75f0",
    "s5": "#7d2248",
    "rest": "#8e92bd",
}
"""Colours on paper and on a light screen."""
DARK: Final = {
    "page": "#0c0e13",
    "card": "#14171e",
    "line": "#272c37",
    "grid": "#232833",
    "axis": "#6d7585",
    "ink": "#eceff4",
    "muted": "#a9b1bf",
    "faint": "#8f98a8",
    "accent": "#8aa9ff",
    "band": "#25335c",
    "tint": "#1a2440",
    "none": "#4c5565",
    "lit": "#3a4f8f",
    "good": "#4cc495",
    "good-band": "#215040",
    "bad": "#ff8a83",
    "bad-band": "#63302f",
    "s1": "#3f86ff",
    "s2": "#f19a5b",
    "s3": "#56d6bb",
    "s4": "#efaafe",
    "s5": "#cd3a52",
    "rest": "#777e99",
}
"""Colours on a dark screen."""
SERIES: Final = ("s1", "s2", "s3", "s4", "s5", "rest")
"""Classes of series; the last one is what all others are lumped into."""
VARIABLES: Final = {name: f"var(--{name})" for name in LIGHT}
"""Each colour as a variable of a page that switches themes."""
FONT: Final = 'Inter,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'
"""Fonts that are on the reader's computer; none is loaded."""


def rules(colours: Mapping[str, str], font: str = FONT) -> str:
    """Return the style rules of every class of a drawing.

    Args:
        colours: Colour by name: `VARIABLES` in a page that declares them, `LIGHT` alone.
        font: Family of the font of every text, as CSS writes it.
    """
    fills = {one: colours[one] for one in SERIES}
    fills |= {"dot": colours["accent"], "band": colours["band"], "tint": colours["tint"]}
    fills |= {"bar": colours["none"], "good": colours["good-band"], "bad": colours["bad-band"]}
    fills |= {"gap": colours["grid"], "lit": colours["lit"], "hit": "transparent"}
    written = [f".{name}{{fill:{colour}}}" for name, colour in fills.items()]
    written += [
        f"text{{font:11px {font};fill:{colours['faint']};font-variant-numeric:tabular-nums}}",
        f"text.name{{font-size:12px;fill:{colours['ink']};unicode-bidi:isolate}}",
        f"text.strong{{font-weight:600;fill:{colours['ink']}}}",
        f"text.said{{font-weight:600;fill:{colours['accent']}}}",
        f"text.better{{font-weight:600;fill:{colours['good']}}}",
        f"text.worse{{font-weight:600;fill:{colours['bad']}}}",
        f".grid{{stroke:{colours['grid']};fill:none}}",
        f".axis{{stroke:{colours['axis']};fill:none}}",
        f".mark{{stroke:{colours['muted']};stroke-dasharray:3 3;fill:none}}",
        (
            f".curve{{stroke:{colours['accent']};stroke-width:2;stroke-linejoin:round;"
            "stroke-linecap:round;fill:none}"
        ),
        (
            f".days{{stroke:{colours['accent']};stroke-width:3;stroke-linecap:round;opacity:.4;"
            "fill:none}"
        ),
        f".hollow{{fill:{colours['card']};stroke:{colours['muted']};stroke-width:2}}",
        f".full{{fill:{colours['accent']};stroke:{colours['card']};stroke-width:1.5}}",
        f".at{{stroke:{colours['ink']};stroke-width:2.5;fill:none}}",
        f".at.better{{stroke:{colours['good']}}}",
        f".at.worse{{stroke:{colours['bad']}}}",
    ]
    return "".join(written)
