"""`prod-lens doctor`: what is there, what is missing, and the command that mends each."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from prodlens.cli.context import pass_app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from prodlens.cli.context import App
    from prodlens.doctor import Finding, Setup
    from prodlens.errors import SettingsError
    from prodlens.exports.page import Page

_TITLES: Final = {
    "settings": "Settings",
    "database": "Database",
    "integrity": "Integrity",
    "access": "Access",
    "sources": "Traces",
    "freshness": "Freshness",
    "daily_tables": "Daily tables",
    "dead_letters": "Set aside",
    "prices": "Prices",
    "developers": "Developers",
    "repositories": "Repositories",
    "sessions": "Sessions",
    "acceptance": "Acceptance",
    "deliveries": "Delivery",
    "people": "People",
}
_MARKS: Final = {"ok": "✓", "warning": "!", "problem": "✗"}
_PLAIN_MARKS: Final = {"ok": "+", "warning": "!", "problem": "x"}
_COLORS: Final = {"ok": "green", "warning": "yellow", "problem": "red"}
_TITLE_WIDTH: Final = max(map(len, _TITLES.values()))
_MARGIN: Final = 1 + 2 + _TITLE_WIDTH + 2
_NARROWEST: Final = 48
_WIDEST: Final = 120


@click.command("doctor")
@click.option(
    "--ignore",
    "ignored",
    multiple=True,
    metavar="CHECK",
    help="Leave a check out (as --json names it); may be repeated.",
)
@pass_app
def doctor(app: App, ignored: tuple[str, ...]) -> None:
    """Look for what is missing, and name the command that mends it; exit 4 when something is."""
    from prodlens.doctor import CHECKS, Status

    for name in ignored:
        if name not in CHECKS:
            raise click.UsageError(f"There is no check {name!r}. Checks: {', '.join(CHECKS)}.")
    found = [_exact(one, app.flags) for one in _examined(app) if one.check not in ignored]
    if app.json:
        checks = [one.to_dict() for one in found]
        app.out.json({"schema": "prodlens.doctor/1", "checks": checks})
    else:
        _show(app, found)
    if any(one.status is not Status.OK for one in found):
        app.exit(4)


def _examined(app: App) -> Sequence[Finding]:
    """Look over the installation; settings that can't be read are a finding, too."""
    from prodlens.clock import utc_now
    from prodlens.doctor import diagnose
    from prodlens.errors import SettingsError

    try:
        settings = app.settings
    except SettingsError as error:
        return [_unreadable_settings(error, app.flags.get("config"))]
    return diagnose(settings.database, setup=_setup(app), now=utc_now())


def _setup(app: App) -> Setup:
    from prodlens.doctor import Setup

    settings = app.settings
    return Setup(
        file=settings.file,
        notes=settings.notes,
        trace_paths=settings.ingest.paths,
        repositories=settings.repositories,
        nonworking_days=settings.report.nonworking_days,
    )


def _unreadable_settings(error: SettingsError, config: str | None) -> Finding:
    from prodlens.doctor import Finding, Status
    from prodlens.settings import FILE_NAME
    from prodlens.settings.loading import find_file

    file = Path(config) if config else find_file(Path.cwd())
    mend = f"${{EDITOR:-vi}} {shlex.quote(str(file or FILE_NAME))}"
    return Finding(check="settings", status=Status.PROBLEM, text=str(error), command=mend)


def _exact(finding: Finding, flags: dict[str, Any]) -> Finding:
    """Return a finding whose command is about the same database and settings as this run."""
    command = finding.command
    if command is None or not command.startswith("prod-lens "):
        return finding
    words = [
        f"--{name} {shlex.quote(flags[name])}"
        for name in ("db", "config")
        if name in flags and f" --{name} " not in command
    ]
    return dataclasses.replace(finding, command=" ".join([command, *words]))


def _show(app: App, found: Sequence[Finding]) -> None:
    marks = _marks(sys.stdout.encoding or "ascii")
    sheet = _page(found, marks, width=min(max(app.out.width, _NARROWEST), _WIDEST))
    if app.out.color:
        app.out.styled(_coloured(sheet, marks))
    else:
        app.out.line(sheet.plain().removesuffix("\n"))


def _marks(encoding: str) -> dict[str, str]:
    """Return the marks that a terminal of this encoding can show."""
    try:
        "".join(_MARKS.values()).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return _PLAIN_MARKS
    return _MARKS


def _page(found: Sequence[Finding], marks: dict[str, str], *, width: int) -> Page:
    """Return a line per finding: mark, title, sentence; below it the command, never broken."""
    from prodlens.exports.page import Cell, Page
    from prodlens.exports.text import one_line

    sheet = Page(width=width)
    widths = [1, _TITLE_WIDTH, width - _MARGIN]
    for one in found:
        title = Cell(_TITLES[one.check], "bold")
        sheet.row([Cell(marks[one.status]), title, Cell(one.text)], widths)
        if one.command is not None:
            sheet.lines.append([(" " * _MARGIN + one_line(one.command), "bold")])
    sheet.text(_verdict([one.status for one in found]), "dim", indent="   ")
    return sheet


def _verdict(statuses: Sequence[str]) -> str:
    parts = [
        f"{count:,} {word if count == 1 else word + 's'}"
        for word in ("problem", "warning")
        if (count := statuses.count(word))
    ]
    return f"exit 4: {', '.join(parts)}" if parts else "exit 0: nothing to mend"


def _coloured(sheet: Page, marks: dict[str, str]) -> Text:
    """Return the page for a terminal with colours: those of the page, and one for each mark."""
    from rich.text import Text

    colors = {mark: _COLORS[status] for status, mark in marks.items()}
    page = Text(no_wrap=True, overflow="ignore")
    for number, line in enumerate(sheet.lines):
        page.append("\n" if number else "")
        for place, (text, style) in enumerate(line):
            mark = "" if place else text
            page.append(text, style=colors.get(mark, style) or None)
    return page
