"""Owns what reaches a terminal or a pipe: data to stdout, notes to stderr, nothing that can harm.

Text from outside (model names, branches, paths) may hold escape sequences: everything printed here
is stripped of control and direction characters first. rich is imported only by `styled`.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import sys
import unicodedata
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, TextIO

from prodlens.clock import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import RenderableType

_HARMFUL: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # a whole CSI sequence, so that no "[31m" is left behind
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
"""C0, C1, ESC, line separators and direction marks, except tab and newline (interfaces.md 6)."""
_GAP: Final = "  "
_DEFAULT_COLUMNS: Final = 80
_HELP_COLUMNS: Final = (50, 78)


def clean(text: str) -> str:
    r"""Return a text without control or direction characters, in one line.

    >>> clean("gpt\x1b[31m-5\nred")
    'gpt-5 red'
    """
    return clean_page(text).replace("\n", " ").replace("\t", " ")


def clean_page(text: str) -> str:
    """Return a text of several lines without control or direction characters."""
    return _HARMFUL.sub("", text.replace("\r\n", "\n"))


def plain(value: object) -> Any:
    """Return a value as JSON can hold it: NaN and infinities are None, times are UTC text."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return _plain_scalar(value)


def help_width() -> int:
    """Return how wide pages of help are, in columns."""
    least, most = _HELP_COLUMNS
    return max(min(_columns() - 2, most), least)


def _columns() -> int:
    """Return the width of the terminal, as `shutil.get_terminal_size` finds it.

    Written out, because that module takes as long to import as all of this one.
    """
    said = os.environ.get("COLUMNS", "")
    if said.isdigit() and int(said) > 0:
        return int(said)
    try:
        stream = sys.__stdout__
        found = 0 if stream is None else os.get_terminal_size(stream.fileno()).columns
    except (ValueError, OSError):  # closed, or no terminal
        return _DEFAULT_COLUMNS
    return found or _DEFAULT_COLUMNS


def _plain_scalar(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    decimal = sys.modules.get("decimal")  # without the module there is no value of it
    is_decimal = decimal is not None and isinstance(value, decimal.Decimal)
    return str(value) if is_decimal or isinstance(value, os.PathLike) else value


def json_text(document: Mapping[str, Any]) -> str:
    """Return a document as indented JSON in ASCII, safe on any terminal.

    Raises:
        TypeError: The document holds something that JSON has no form for.
    """
    import json

    return json.dumps(plain(document), indent=2, allow_nan=False)


def wants_color(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Decide on colour as no-color.org and force-color.org say; else a terminal decides."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return environ.get("TERM") != "dumb" and stream.isatty()


def cell_width(text: str) -> int:
    """Return how many columns a text takes: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(bool(unicodedata.combining(char)) for char in text)


class Output:
    """Where one run of a command prints to.

    Attributes:
        color: Whether results may hold colour.
        width: Columns of the terminal; 80 when there is none.
        quiet: Whether notes are left out; warnings and errors never are.
    """

    def __init__(
        self,
        *,
        color: bool | None = None,
        quiet: bool = False,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._stdout, self._stderr = sys.stdout, sys.stderr
        self.color = wants_color(self._stdout, environ) if color is None else color
        self._notes_color = wants_color(self._stderr, environ) if color is None else color
        self._dumb = environ.get("TERM") == "dumb"
        self.width = _columns()
        self.quiet = quiet

    @property
    def shows_progress(self) -> bool:
        """Whether a progress display makes sense: a real terminal on stderr, and not quiet."""
        return not self.quiet and not self._dumb and self._stderr.isatty()

    def line(self, text: str = "") -> None:
        """Print a result, of one or more lines, to stdout."""
        _write(self._stdout, clean_page(text) + "\n")

    def done(self, text: str) -> None:
        """Print a result that says what was done, behind a tick."""
        tick = "✓" if _can_show("✓", self._stdout) else "ok"
        _write(self._stdout, f"{_colored(tick, '32', self.color)} {clean_page(text)}\n")

    def json(self, document: Mapping[str, Any]) -> None:
        """Print one JSON document to stdout; the key `schema` names its form and version."""
        _write(self._stdout, json_text(document) + "\n")

    def note(self, text: str) -> None:
        """Print what helps but is no result to stderr, unless quiet."""
        if not self.quiet:
            _write(self._stderr, clean_page(text) + "\n")

    def warn(self, text: str) -> None:
        """Print what a person should look at to stderr."""
        _write(self._stderr, f"{_colored('!', '33', self._notes_color)} {clean_page(text)}\n")

    def error(self, text: str) -> None:
        """Print why a command failed to stderr."""
        _write(self._stderr, f"{_colored('Error:', '31', self._notes_color)} {clean_page(text)}\n")

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print an aligned table; numbers stand right, None is `-`."""
        body = [[_cell(value) for value in row] for row in rows]
        numeric = [
            bool(body) and all(row[column][1] for row in body) for column in range(len(headings))
        ]
        lines = [list(headings), *([text for text, _ in row] for row in body)]
        widths = [
            max(cell_width(line[column]) for line in lines) for column in range(len(headings))
        ]
        for line in lines:
            cells = [
                _pad(text, width, right=right)
                for text, width, right in zip(line, widths, numeric, strict=True)
            ]
            self.line(_GAP.join(cells).rstrip())

    def styled(self, renderable: RenderableType) -> None:
        """Print something made with rich; texts in it must have gone through `clean`."""
        import io

        from rich.console import Console

        page = io.StringIO()
        Console(
            file=page,
            force_terminal=self.color,
            no_color=not self.color,
            width=self.width,
            markup=False,
            emoji=False,
            highlight=False,
        ).print(renderable)
        _write(self._stdout, page.getvalue())


def discard_stdout() -> None:
    """Let everything printed from now on vanish: nobody reads it any more."""
    void = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):  # a stream without a descriptor
        os.dup2(void, sys.stdout.fileno())
    os.close(void)


def _write(stream: TextIO, text: str) -> None:
    """Write text; a reader that went away (`| head`) doesn't stop the work that is under way."""
    try:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        if stream is sys.stdout:
            discard_stdout()


def _can_show(sign: str, stream: TextIO) -> bool:
    try:
        sign.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _colored(text: str, code: str, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color else text


def _cell(value: object) -> tuple[str, bool]:
    if value is None:
        return "-", True
    if isinstance(value, bool):
        return ("yes" if value else "no"), False
    if isinstance(value, int):
        return f"{value:,}", True
    return clean(str(plain(value))), isinstance(value, float)


def _pad(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - cell_width(text))
    return space + text if right else text + space
