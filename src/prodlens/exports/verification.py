"""Holds a report that was written against the same one made anew: which numbers still hold.

Reads the file and compares; computes no metric. Only numbers count: words may have been improved
since, and what tells of the making (`metadata`, versions, the fingerprint) is expected to differ.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from prodlens.clock import parse_stored
from prodlens.errors import InputError, MissingPathError
from prodlens.exports.flat_csv import flat
from prodlens.exports.model import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from prodlens.metrics.against import Compare

_CLOSE: Final = 1e-9
"""Relative difference that two numerical libraries may have."""
_UNSAID: Final = "The report doesn't say what it was asked for: make it anew."
_LEFT_OUT: Final = ("metadata.", "report.versions.", "report.filters.")
_GONE: Final = "is gone"
_NAMES: Final = ("slug", "id")
"""What a part of a document is called by."""


@dataclass(frozen=True, slots=True)
class Check:
    """One number, or one list of them, then and now.

    Attributes:
        name: Dotted name in the document.
        then: What the file says.
        now: What the store says now; None when it is not known, or not there, any more.
        holds: Whether both are the same.
        is_gone: Whether the report made now has no such number.
    """

    name: str
    then: Any
    now: Any
    holds: bool
    is_gone: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"name": self.name, "then": self.then, "now": self.now, "holds": self.holds}

    @property
    def then_text(self) -> str:
        """What the file says, in short."""
        return _short(self.then)

    @property
    def now_text(self) -> str:
        """What the store says now, in short."""
        return _GONE if self.is_gone else _short(self.now)


def read(path: Path) -> dict[str, Any]:
    """Return the document of a file.

    Raises:
        MissingPathError: There is no such file.
        InputError: It is no report of this form.
        OSError: It can't be read.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingPathError(f"{path} does not exist: name a report written as JSON.") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path} is no JSON document: name a report written as JSON.") from None
    form = document.get("schema") if isinstance(document, dict) else None
    if form != SCHEMA:
        raise InputError(f"{path} is no report of the form {SCHEMA}: its schema is {form!r}.")
    return cast("dict[str, Any]", document)


def asked_by(document: Mapping[str, Any]) -> tuple[dict[str, Any], datetime, Compare]:
    """Return what a report was asked for, when it was made, and what it was compared with.

    Raises:
        InputError: The document does not say it.
    """
    try:
        said = document["metadata"]
        made = said["generated_at"]
        asked = {name: said[name] for name in ("repo", "since", "until", "policy_models")}
        asked["lag_days"] = int(said["lag_days"])
        compare = document.get("report", {}).get("filters", {}).get("compare", "none")
        as_of = parse_stored(str(made))
        calls = [said.get("models", []), said.get("traffic", [])]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InputError(_UNSAID) from None
    if not all(isinstance(one, list) for one in calls):
        raise InputError(_UNSAID)
    return asked, as_of, cast("Compare", compare if compare in {"previous", "year"} else "none")


def held(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[Check]:
    """Return every number of a document with what it is now, in the document's order.

    Args:
        then: The document of the file.
        now: The document made anew.
    """
    found = dict(_numbers(now))
    return [
        Check(name, value, found.get(name), _same(value, found.get(name)), name not in found)
        for name, value in _numbers(then)
        if _is_number(value)
    ]


def _numbers(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in flat("", _named(dict(document))):
        if not name.startswith(_LEFT_OUT):
            yield name, value


def _named(value: Any) -> Any:
    """Return plain values in which parts with a name stand under it instead of their place.

    So that a number is held against the same one also when parts were added or left out since.
    """
    if isinstance(value, dict):
        return {key: _named(item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    names = [
        next((str(item[key]) for key in _NAMES if key in item), "")
        if isinstance(item, dict)
        else ""
        for item in value
    ]
    items = [_named(item) for item in value]
    unique = value and all(names) and len(set(names)) == len(names)
    return dict(zip(names, items, strict=True)) if unique else items


def _is_number(value: object) -> bool:
    """Return whether a value is a number, or a list that holds one at any depth."""
    if isinstance(value, list):
        return any(_is_number(item) for item in value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(then: object, now: object) -> bool:
    if isinstance(then, list) and isinstance(now, list):
        return len(then) == len(now) and all(map(_same, then, now))
    if _is_number(then) and _is_number(now):
        return math.isclose(cast("float", then), cast("float", now), rel_tol=_CLOSE, abs_tol=_CLOSE)
    # words beside numbers in a table may have been improved
    return then == now or (isinstance(then, str) and isinstance(now, str))


def _short(value: object) -> str:
    if isinstance(value, list):
        return f"{len(value):,} values"
    return (
        "not known"
        if value is None
        else f"{value:.10g}"
        if isinstance(value, float)
        else str(value)
    )
