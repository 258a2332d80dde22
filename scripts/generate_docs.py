"""Write `docs/reference/` from the program: command line, settings, database schema, metrics.

    python scripts/generate_docs.py            write the pages
    python scripts/generate_docs.py --check    exit 1 when a page is stale

Runs no command and touches no database on disk.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prodlens.cli.__main__ import COMMANDS, prod_lens
from prodlens.exports import metric_reference
from prodlens.settings import FILE_NAME, SETTINGS, Kind, PriceSetting
from prodlens.storage.migrations import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.settings import Setting

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
_GENERATED = "<!-- Written by scripts/generate_docs.py: change the program, not this page. -->"
_EXIT_CODES = """\
## Exit codes

| code | meaning |
| --- | --- |
| 0 | done; records that were set aside are reported, and still 0 |
| 1 | failed: a path is missing or unreadable, a folder holds no traces, every record was set aside, the database is damaged |
| 2 | usage: an option or argument makes no sense |
| 3 | done with records set aside, and `--strict` was given |
| 4 | a check found something |
| 5 | stopped by a remote service; nothing is lost, run the same command later |
| 130 | interrupted |
"""
_OUTPUT = """\
## Output

Results go to stdout, notes and warnings to stderr. `--json` prints one document whose `schema`
names its form and version. Colour is used on terminals only; `NO_COLOR`, `FORCE_COLOR` and
`TERM=dumb` are honoured. Times are UTC; `WHEN` is a day (`2026-10-01`), an instant
(`2026-10-01T12:00:00Z`), a span up to now (`90d`, `12w`) or `today`, `yesterday`, `this-week`,
`this-month`, `last-month`. Of a window the beginning belongs to it and the end does not.
"""


def pages() -> dict[str, str]:
    """Return every page: file name -> text."""
    return {
        "cli.md": _cli(),
        "settings.md": _settings(),
        "schema.md": _schema(),
        "metrics.md": f"{_GENERATED}\n\n{metric_reference.page()}",
    }


def _cli() -> str:
    lines = [_GENERATED, "", "# Command line", "", prod_lens.help or "", ""]
    lines += ["| command | what it does |", "| --- | --- |"]
    lines += [f"| [`{name}`](#{name}) | {entry.summary} |" for name, entry in COMMANDS.items()]
    lines += ["", "## Options valid everywhere", "", *_options(prod_lens), ""]
    for name, entry in COMMANDS.items():
        lines += _command(name, entry.load(), depth=2)
    return "\n".join([*lines, _OUTPUT, _EXIT_CODES])


def _command(path: str, command: click.Command, *, depth: int) -> Iterator[str]:
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    yield from (f"{'#' * depth} {path}", "")
    if not isinstance(command, click.Group):
        words = [_metavar(argument) for argument in arguments]
        yield from ("```", " ".join(["prod-lens", path, *words, "[OPTIONS]"]), "```", "")
    yield from (_paragraph(command.help), "")
    if isinstance(command, click.Group):
        for name, sub_command in command.commands.items():
            yield from _command(f"{path} {name}", sub_command, depth=depth + 1)
    elif options := _options(command):
        yield from (*options, "")


def _options(command: click.Command) -> list[str]:
    """Return the table of a command's own options; those valid everywhere stand there once."""
    everywhere = {name for p in prod_lens.params for name in p.opts}
    shared = set() if command is prod_lens else everywhere
    rows = [
        _option(p)
        for p in command.params
        if isinstance(p, click.Option)
        and not p.hidden
        and (p.expose_value or not shared.intersection(p.opts))
    ]
    return ["| option | meaning |", "| --- | --- |", *rows] if rows else []


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    value = "" if option.is_flag else f" `{_metavar(option)}`"
    default = f" Default: {option.default}." if option.show_default else ""
    return f"| {names}{value} | {_cell(option.help or '')}{default} |"


def _metavar(param: click.Parameter) -> str:
    if param.metavar:
        return param.metavar
    name = (param.name or "").upper() if isinstance(param, click.Argument) else param.type.name
    word = name.upper().replace(" RANGE", "")
    word = f"{word}..." if param.nargs == -1 else word
    return word if param.required or isinstance(param, click.Option) else f"[{word}]"


def _paragraph(text: str | None) -> str:
    return " ".join((text or "").replace("\b", "").split())


def _settings() -> str:
    lines = [
        _GENERATED,
        "",
        "# Settings",
        "",
        "A flag goes before the environment, the environment before `.env`, `.env` before",
        f"`{FILE_NAME}`, and the file before the defaults. `prod-lens config show --origin` says",
        "which one a value comes from; `prod-lens init` writes a first file.",
        "",
        f"`{FILE_NAME}` is searched in the working directory and above it, up to the root of the",
        "git repository or the home directory; `--config` names another file. `.env` is read",
        "beside it and never enters the environment. Relative paths in the file, in `.env` and in",
        "defaults start from the folder of the file; those in the environment and in flags from",
        "the working directory. Lists in the environment are separated by commas. A key that is",
        "no setting is an error. Secrets are never read from the file and never shown.",
        "",
    ]
    for setting in SETTINGS:
        lines += _setting(setting)
    return "\n".join(lines)


def _setting(setting: Setting) -> Iterator[str]:
    yield from (f"## {setting.key}", "", setting.help, "")
    yield from ("| | |", "| --- | --- |", f"| kind | {setting.kind} |")
    if setting.kind is Kind.INTEGER:
        yield f"| at least | {setting.minimum} |"
    default = ", ".join(setting.default) if isinstance(setting.default, tuple) else setting.default
    yield f"| default | {f'`{default}`' if default not in (None, '') else 'none'} |"
    if setting.environment:
        yield f"| environment | {', '.join(f'`{name}`' for name in setting.environment)} |"
    if setting.flag:
        yield f"| flag | `{setting.flag}` |"
    if setting.example:
        header = [f"[{setting.section}]"] if setting.section else []
        example = f"{setting.name} = {setting.example}"
        yield from ("", "```toml", *header, example, "```")
    if setting.kind is Kind.PRICES:
        fields = dataclasses.fields(PriceSetting)
        needed = [f"`{f.name}`" for f in fields if f.default is dataclasses.MISSING]
        other = [f"`{f.name}`" for f in fields if f.default is not dataclasses.MISSING]
        yield from ("", f"A row needs {', '.join(needed)} and may have {', '.join(other)}.")
    yield ""


def _schema() -> str:
    lines = [
        _GENERATED,
        "",
        "# Database schema",
        "",
        f"Schema {MIGRATIONS[-1].version}, one SQLite file. Times are UTC text of fixed width",
        "(`2024-10-28T12:00:00.000000Z`), days are UTC days (`2024-10-28`), `*_nanos` are integer",
        "billionths of a US dollar, and NULL means not known.",
        "",
    ]
    with closing(sqlite3.connect(":memory:")) as conn:
        for migration in MIGRATIONS:
            for statement in migration.statements:
                conn.execute(statement)
        tables = conn.execute(
            "select name, sql from sqlite_master "
            "where type = 'table' and name not like 'sqlite_%' order by name"
        ).fetchall()
        for name, sql in tables:
            indexes = conn.execute(
                "select name from sqlite_master "
                "where type = 'index' and tbl_name = ? and sql is not null order by name",
                (name,),
            ).fetchall()
            lines += _table(name, sql, [row[0] for row in indexes])
    return "\n".join(lines)


def _table(name: str, sql: str, indexes: list[str]) -> Iterator[str]:
    first, *rest = sql.splitlines()
    yield from (f"## {name}", "", _comment(first), "")
    yield from ("| column | type | meaning |", "| --- | --- | --- |")
    constraints = []
    for line in rest:
        column = re.fullmatch(r"\s+(\w+) (.+?),? -- (.+)", line)
        if column:
            yield f"| `{column[1]}` | {_cell(column[2])} | {_cell(column[3])} |"
        elif line.strip() not in (")", ") without rowid"):
            constraints.append(line.strip().rstrip(","))
    yield ""
    if constraints:
        yield from (f"Constraints: {', '.join(f'`{text}`' for text in constraints)}.", "")
    if indexes:
        yield from (f"Indexes: {', '.join(f'`{text}`' for text in indexes)}.", "")


def _comment(line: str) -> str:
    return line.partition("-- ")[2]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    """Write or check the pages; return the exit code."""
    parser = argparse.ArgumentParser(description="Write docs/reference/ from the program.")
    parser.add_argument("--check", action="store_true", help="exit 1 when a page is stale")
    check = parser.parse_args().check
    REFERENCE.mkdir(parents=True, exist_ok=True)
    stale = 0
    for name, text in pages().items():
        page = REFERENCE / name
        if page.exists() and page.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if not check:
            page.write_text(text, encoding="utf-8")
        print(f"{name} is stale" if check else f"{name} written")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
