"""Owns which formats a report can be written in, by the ending of the file's name.

A new format is one module and one line here. Renders and writes; computes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prodlens.errors import InputError
from prodlens.exports import flat_csv, json_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prodlens.metrics.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format a report can be written in.

    Attributes:
        suffix: Ending of the file's name, with the dot, lower case.
        title: What it is, in a few words.
        render: Returns the whole file.
    """

    suffix: str
    title: str
    render: Callable[[Report], bytes]


FORMATS: Final = {
    known.suffix: known
    for known in (
        Format(suffix=".csv", title="flat table of metric and value", render=flat_csv.render),
        Format(suffix=".json", title="versioned JSON document", render=json_document.render),
    )
}
"""Every format by suffix."""


def format_of(path: Path) -> Format:
    """Return the format that the name of a file asks for.

    Raises:
        InputError: No format has that ending; the message lists those that exist.
    """
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        raise InputError(f"{path} names no format of a report: end it in {' or '.join(FORMATS)}.")
    return found
