"""The report as a PDF of A4 pages, set by typst from a template of our own.

The same report gives the same bytes anywhere: only the fonts inside of typst are used, the date is
that of the report, and nothing is read from disk or network. Texts are data and are never run.
Source: typst.app/docs/reference (sys.inputs, json, image, table.header); typst-py.readthedocs.io.
"""

from __future__ import annotations

import json
import tempfile
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from prodlens.exports.pdf_document import content_of

if TYPE_CHECKING:
    from prodlens.exports.model import ReportModel

TEMPLATE: Final = "pdf_report.typ"
"""The template, a file of this package."""


def render(model: ReportModel) -> bytes:
    """Return the whole PDF file of a report."""
    import typst

    content = json.dumps(content_of(model), ensure_ascii=True, allow_nan=False)
    template = files("prodlens.exports").joinpath(TEMPLATE).read_bytes()
    with tempfile.TemporaryDirectory() as empty:  # the template may read no file of the reader's
        compiler = typst.Compiler(
            template,
            root=empty,
            ignore_system_fonts=True,
            sys_inputs={"report": content},
        )
        made = compiler.compile(format="pdf")
    if not isinstance(made, bytes):
        raise TypeError(f"typst gave a {type(made).__name__} instead of a file")
    return made
