"""Decides what a delivery's row says when records of different age tell of it; pure, knows no SQL.

Each field stands as the newest record that knew it said, so a record that knows little can't hide
what others know, and an old record that arrives late fills gaps only. Where records of equal age
differ, the larger value stands, except that a state other than `open` comes before `open`. A
maximum over (age, value) commutes: any order of the same records gives the same row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

Row = dict[str, Any]

AGE: Final = "updated_at"
"""Column that says how new a row is; records without it are older than any with it."""
OPEN: Final = "open"

_EARLIEST: Final = "first_seen_at"
_LAST_SAID: Final = "on_default_branch"
_AGELESS: Final = frozenset({_EARLIEST, _LAST_SAID})
"""The earliest sight stays, whatever the age. A commit leaves its branch by a force push, which no
record dates: there the last one to say so is right."""


def merge(
    stored: Mapping[str, Any], older: Mapping[str, str], said: Mapping[str, Any]
) -> tuple[Row, dict[str, str]]:
    """Return what a row says after one more record.

    Args:
        stored: Every column of the row; all None when there is none yet.
        older: Ages of the fields that are older than the row's `updated_at`, as this function
            returned them; a field that is None there was said to be none.
        said: What the record says, one value for each column it gives; None says nothing. Its age
            is its `updated_at`. Saying `open` says that `closed_at` is none.

    Returns:
        `(columns, ages of the fields older than the new updated_at)`.
    """
    age = said.get(AGE) or ""
    ages = _ages(stored, older)
    merged = dict(stored)
    for name, value in _statements(said).items():
        if name in _AGELESS:
            merged[name] = _ageless(name, value, stored.get(name))
        elif name not in ages or (age, _order(name, value)) > (
            ages[name],
            _order(name, merged[name]),
        ):
            merged[name], ages[name] = value, age
    newest = merged.get(AGE) or ""
    return merged, {
        name: age
        for name, age in ages.items()
        if (age != newest if merged[name] is not None else not _implied(name, merged, ages))
    }


def _statements(said: Mapping[str, Any]) -> Row:
    known = {name: value for name, value in said.items() if value is not None}
    return {"closed_at": None} | known if known.get("state") == OPEN else known


def _ages(stored: Mapping[str, Any], older: Mapping[str, str]) -> dict[str, str]:
    """Return the age of every field about which something was said."""
    newest = stored.get(AGE) or ""
    known = {name for name, value in stored.items() if value is not None} - _AGELESS
    ages = {name: older.get(name, newest) for name in known}
    if stored.get("state") == OPEN:
        ages.setdefault("closed_at", ages["state"])
    return ages | dict(older)


def _implied(name: str, merged: Row, ages: dict[str, str]) -> bool:
    """Return whether "none" follows from the state, so that its age need not be kept."""
    return name == "closed_at" and merged["state"] == OPEN and ages[name] == ages["state"]


def _order(name: str, value: Any) -> tuple[Any, ...]:
    if value is None:
        return (False,)
    return (True, value != OPEN, value) if name == "state" else (True, value)


def _ageless(name: str, value: Any, stored: Any) -> Any:
    return min(value, stored) if name == _EARLIEST and stored is not None else value
