"""Owns what a text may hold on a printed page: characters that the fonts have, words that break.

The fonts are those inside of typst, so that a file looks the same everywhere. What they lack gets
a visible mark and never an empty place. Draws nothing.
Source: unicode.org/reports/tr15 (NFKC), unicode.org/reports/tr14 (zero width space).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from prodlens.exports.text import LONGEST, from_outside, one_line

MARK: Final = "\u25af"
"""A small empty frame: stands where a sign can't be drawn."""
OPENING: Final = "\u2039"
CLOSING: Final = "\u203a"
"""Marks around the code points of letters that can't be drawn."""
ELLIPSIS: Final = "\u2026"
_LONGEST_SENTENCE: Final = 2000
_PIECE: Final = 12
_LONGEST_WORD: Final = 18
_BREAK: Final = "\u200b"
_LONG: Final = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}")
_PART: Final = re.compile(rf"[^-/_.:,;=&?]{{1,{_PIECE}}}[-/_.:,;=&?]?|[-/_.:,;=&?]")
_FOREIGN: Final = re.compile(
    "[^ -~\u00a0-\u04ff\u0531-\u060c\u061b\u061f\u0621-\u063a\u0640-\u0655\u0660-\u066d"
    "\u06f0-\u06f9\u0900-\u097f\u0e3f\u10d0-\u10ff\u13a0-\u13fd\u1d00-\u2151\u2153-\u2184"
    "\u2190-\u23ff\u2460-\u262f\u2638-\u268b\u2690-\u269c\u26a0-\u26a7\u2701-\u2704"
    "\u2706-\u2709\u270c-\u2727\u2729-\u274b\u274d\u274f-\u2752\u2756\u2758-\u275e"
    "\u2761-\u277f\u2794\u2798-\u27af\u27b1-\u2bff\u2c60-\u2cff\ufb00-\ufb4f\ufffd]"
)
"""Characters that the fonts inside of typst lack; what Unicode has not assigned is told apart."""
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})


def sentence(text: str) -> str:
    """Return a text as a page may hold it: one line that breaks anywhere and can be drawn."""
    return _breaking(spelled(_cut(one_line(text), _LONGEST_SENTENCE)))


def name(text: str) -> str:
    """Return a name or a text that others wrote: one line, not endless, can be drawn."""
    return _breaking(spelled(from_outside(text)))


def short(text: str, most: int = LONGEST) -> str:
    """Return a text of at most so many characters.

    >>> short("acme/payments", 8)
    'acme/pa…'
    """
    return _breaking(_cut(spelled(from_outside(text)), most))


def spelled(text: str) -> str:
    """Return a text in which what the fonts lack is spelled out.

    What is another form of plain characters becomes those, letters become their code points, so
    that two names stay two, and each other sign becomes `MARK`.

    >>> spelled(chr(0xFF1D) + "1"), spelled(chr(0x6A21)) == f"{OPENING}6A21{CLOSING}"
    ('=1', True)
    """
    written: list[str] = []
    letters: list[str] = []
    for char in text:
        form = char if is_drawn(char) else unicodedata.normalize("NFKC", char)
        if not is_drawn(form) and _is_letter(char, within=bool(letters)):
            letters.append(f"{ord(char):04X}")
            continue
        written += [*_closed(letters), form if is_drawn(form) else _sign(char)]
        letters = []
    return "".join([*written, *_closed(letters)])


def is_marked(text: str) -> bool:
    """Return whether something in a text was spelled out or replaced by a mark."""
    return MARK in text or OPENING in text


def marked(text: str) -> str:
    """Return markup in which each character that the fonts lack is a `MARK`: it keeps its length.

    Nothing is put in the place of a character but the mark, so markup stays the markup it was.
    """
    return "".join(char if is_drawn(char) else _sign(char) for char in text)


def is_drawn(text: str) -> bool:
    """Return whether the fonts have every character of a text; an empty one is not drawn."""
    if text.isascii():
        return bool(text) and text.isprintable()
    return _FOREIGN.search(text) is None and not any(
        unicodedata.category(char) in _INVISIBLE for char in text
    )


def _is_letter(char: str, *, within: bool) -> bool:
    """Return whether a character tells names apart: a letter, a digit, or a sign on a letter."""
    return unicodedata.category(char)[0] in ("LNM" if within else "LN")


def _closed(letters: list[str]) -> list[str]:
    return [f"{OPENING}{' '.join(letters)}{CLOSING}"] if letters else []


def _sign(char: str) -> str:
    """Return the mark of a sign; nothing for what only joins or modifies the one before."""
    is_modifier = unicodedata.category(char)[0] in "CM" or "\U0001f3fb" <= char <= "\U0001f3ff"
    return "" if is_modifier else MARK


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + ELLIPSIS


def _breaking(text: str) -> str:
    """Return a text whose long words may break: behind a sign, or after so many characters."""
    return _LONG.sub(lambda word: _BREAK.join(_PART.findall(word[0])), text)
