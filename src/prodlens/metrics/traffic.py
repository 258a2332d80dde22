"""Owns the names of traffic classes as people write and read them, and what a filter leaves out.

Which class a call is was decided when it was read; a report counts every class unless asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prodlens.errors import InputError
from prodlens.schemas import TrafficClass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UNCLASSIFIED: Final = "unclassified"
"""Name of calls of which no rule says whose traffic they are; '' inside."""
_NAMES: Final = (*(one.value for one in TrafficClass), UNCLASSIFIED)


def parse_traffic(text: str | None) -> tuple[str, ...]:
    """Return the classes that a text names, separated by commas; none named is all.

    Raises:
        InputError: There is no class of that name.

    >>> parse_traffic("human, unclassified"), parse_traffic(None)
    (('', 'human'), ())
    """
    found = set()
    for word in (text or "").split(","):
        name = word.strip().lower().replace("-", "_")
        if not name:
            continue
        if name not in _NAMES:
            import difflib

            near = difflib.get_close_matches(name, _NAMES, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            known = ", ".join(_NAMES)
            raise InputError(f"{word.strip()!r} is no class of traffic.{hint} There are: {known}.")
        found.add("" if name == UNCLASSIFIED else name)
    return tuple(sorted(found))


def traffic_name(one: str) -> str:
    """Return a class as people read it."""
    return one or UNCLASSIFIED


def by_class(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts under the name of every class there is, 0 where none was counted."""
    return {name: counts.get("" if name == UNCLASSIFIED else name, 0) for name in _NAMES}


def left_out(counts: Mapping[str, int], chosen: Sequence[str]) -> dict[str, int]:
    """Return the calls that a filter leaves out by class; nothing when nothing was chosen."""
    if not chosen:
        return {}
    return {one: calls for one, calls in counts.items() if one not in chosen and calls}
