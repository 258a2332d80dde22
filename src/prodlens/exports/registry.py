"""Owns which formats a report can be written in, by the ending of the file's name.

A new format is one module and one line here: the module is imported when a file of it is asked
for, and has a function `render(model) -> bytes`. Renders; computes and writes nothing.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from prodlens.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prodlens.exports.model import ReportModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format a report can be written in.

    Attributes:
        suffix: Ending of the file's name, with the dot, lower case.
        title: What it is, in a few words.
        module: Module whose `render(model: ReportModel) -> bytes` returns the whole file.
        library: Module of an extra that it needs; '' when it needs none.
        extra: Name of that extra.
    """

    suffix: str
    title: str
    module: str
    library: str = ""
    extra: str = ""

    def check(self, path: Path) -> None:
        """Refuse a format whose extra is not installed.

        Raises:
            InputError: It is missing; the message names the command that installs it.
        """
        if self.library and importlib.util.find_spec(self.library) is None:
            raise InputError(
                f"{path} needs the extra {self.extra}: run `pip install 'prodlens[{self.extra}]'`, "
                f"or write {path.with_suffix('.html').name} instead."
            )

    def render(self, model: ReportModel) -> bytes:
        """Return the whole file of a report."""
        module = importlib.import_module(self.module)
        return cast("Callable[[ReportModel], bytes]", module.render)(model)


FORMATS: Final = {
    known.suffix: known
    for known in (
        Format(
            suffix=".csv",
            title="flat table of metric and value",
            module="prodlens.exports.flat_csv",
        ),
        Format(
            suffix=".json",
            title="versioned JSON document",
            module="prodlens.exports.json_document",
        ),
        Format(suffix=".html", title="HTML page, one file", module="prodlens.exports.html_page"),
        Format(
            suffix=".pdf",
            title="A4 pages",
            module="prodlens.exports.pdf",
            library="typst",
            extra="pdf",
        ),
        Format(suffix=".md", title="Markdown page", module="prodlens.exports.markdown"),
        Format(suffix=".txt", title="page as on the terminal", module="prodlens.exports.terminal"),
        Format(suffix=".xlsx", title="workbook", module="prodlens.exports.workbook"),
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
        *others, last = FORMATS
        known = f"{', '.join(others)} or {last}"
        raise InputError(f"{path} names no format of a report: end it in {known}.")
    return found
