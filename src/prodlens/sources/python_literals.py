"""Owns objects that a program wrote as text: JSON, or Python's `repr` of a dict.

Evaluates literals only, of bounded size and depth. Knows no vendor and no names.

Source: LiteLLM's `otel` callback writes its metadata with `str()`; people who save a data frame
as Parquet do the same to its nested columns.
"""

from __future__ import annotations

import ast
import functools
import re
import warnings
from collections.abc import Mapping
from typing import Any, Final

from prodlens.sources import fields

_LONGEST: Final = 256 * 1024
_MOST_LEVELS: Final = 40
_REMEMBERED: Final = 2048
"""Longer texts are read anew each time rather than kept."""
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\"", re.DOTALL)
_BRACKETS: Final = re.compile(r"[\[({]|[\])}]")
_FOREIGN: Final = re.compile(r"\b(?:nan|inf)\b")
"""`repr` of a float that no literal can be; it stands for a missing value."""


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object, or one that was written as JSON or as Python's repr; else an empty one.

    Never raises; keys that are no text are left out.
    """
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, str):
        return fields.EMPTY
    text = value.strip()
    if text[:1] != "{" or text[-1:] != "}":
        return fields.EMPTY
    decoded = fields.mapping(text)
    return decoded or _from_repr(text)


def _from_repr(text: str) -> Mapping[str, Any]:
    if len(text) > _LONGEST or not _is_shallow(text):
        return fields.EMPTY
    return _remembered(text) if len(text) <= _REMEMBERED else _evaluated(text)


def _is_shallow(text: str) -> bool:
    """Return whether brackets outside of strings nest no deeper than is read."""
    level = 0
    for found in _BRACKETS.finditer(_QUOTED.sub("", text)):
        level += 1 if found[0] in "[({" else -1
        if level > _MOST_LEVELS:
            return False
    return True


def _evaluated(text: str) -> Mapping[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in the text is no fault of the program
            value: object = ast.literal_eval(_outside_strings(text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return fields.EMPTY
    if not isinstance(value, dict):
        return fields.EMPTY
    return {name: inner for name, inner in value.items() if isinstance(name, str)}


def _outside_strings(text: str) -> str:
    """Write `None` for `nan` and `inf` where they stand outside of strings."""
    if _FOREIGN.search(text) is None:
        return text
    pieces: list[str] = []
    at = 0
    for found in _QUOTED.finditer(text):
        pieces += (_FOREIGN.sub("None", text[at : found.start()]), found[0])
        at = found.end()
    return "".join((*pieces, _FOREIGN.sub("None", text[at:])))


_remembered = functools.lru_cache(maxsize=1024)(_evaluated)
