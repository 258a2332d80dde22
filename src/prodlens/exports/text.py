"""Owns what text from outside may hold in an export: no terminal escapes, no spreadsheet formulas.

Model names, branches and repositories come from untrusted records. Source: interfaces.md 6,
OWASP "CSV Injection" (owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_HARMFUL: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # a whole CSI sequence, so that no "[31m" is left behind
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
LONGEST: Final = 400
"""Characters of a text from outside that a report shows; JSON and CSV hold all of them."""
_NO_TEXT: Final = re.compile(
    "[\u200b\u2060\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"  # invisible, or no character
)
_BREAKS: Final = re.compile(r"[\t\n\u2028\u2029]+")
_FORMULA: Final = re.compile(r"[ \u00a0\u3000]*[=+\-@\t\r\n＝＋－＠]")  # noqa: RUF001 - full-width signs


def one_line(text: str) -> str:
    """Return a text in one line, without control, escape or direction characters.

    >>> one_line("gpt" + chr(27) + "[31m-5" + chr(10) + "red")
    'gpt-5 red'
    """
    return _BREAKS.sub(" ", _HARMFUL.sub("", text.replace("\r", "\n")))


def formula_safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: `'` before what looks like one.

    >>> formula_safe("=1+1"), formula_safe("gpt-5")
    ("'=1+1", 'gpt-5')
    """
    return f"'{text}" if _FORMULA.match(text) else text


def columns(text: str) -> int:
    """Return how many terminal columns a text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(bool(unicodedata.combining(char)) for char in text)


def from_outside(text: str) -> str:
    """Return a name or text that others wrote as a report may hold it: one line, not endless.

    >>> from_outside("main" + chr(10) + "x" * 500)[-5:]
    'xx...'
    """
    line = _NO_TEXT.sub("", one_line(text))
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."
