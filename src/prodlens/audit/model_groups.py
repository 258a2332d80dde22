"""Owns which names of models on a bill and in the store mean the same; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from prodlens.pricing import normalise_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DATED: Final = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2})$")
_LATEST: Final = re.compile(r"-(?:latest|default)$")
_SEPARATORS: Final = re.compile(r"[\s._:]+")


def plain_name(name: str) -> str:
    """Return a model's name without route and decoration, in one spelling.

    >>> plain_name("anthropic/claude-haiku-4-5-20251001"), plain_name("Claude Haiku 4.5")
    ('claude-haiku-4-5-20251001', 'claude-haiku-4-5')
    """
    text = _SEPARATORS.sub("-", normalise_model(name).model.strip().lower())
    return _LATEST.sub("", text)


def family(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return a plain name without its date, words sorted: `Claude Sonnet 3.7` is 3-7-sonnet."""
    parts = _DATED.sub("", name).split("-")
    numbers = tuple(part for part in parts if part.isdigit())
    return tuple(sorted(part for part in parts if not part.isdigit())), numbers


def groups(billed: Iterable[str], stored: Iterable[str]) -> Mapping[str, str]:
    """Return for each name, of the bill and of the store, the one name of its group.

    Names that differ by nothing but a date are the same where the bill leaves no doubt: it has
    one of them, or one dated one and others without a date.

    Args:
        billed: Names of models as the bill writes them; '' is none.
        stored: Names as the store has them.
    """
    of_bill: dict[tuple[tuple[str, ...], tuple[str, ...]], set[str]] = {}
    for name in billed:
        of_bill.setdefault(family(plain_name(name)), set()).add(plain_name(name))
    found = {}
    for name in {*billed, *stored}:
        plain = plain_name(name)
        mine = of_bill.get(family(plain), set())
        dated = sorted(one for one in mine if _DATED.search(one))
        if len(mine) == 1:
            found[name] = next(iter(mine))
        elif len(dated) == 1:
            found[name] = dated[0]
        else:
            found[name] = plain
    return found
