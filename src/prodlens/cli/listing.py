"""What `summary`, `models`, `sessions` and `prs` share: options, order, and how a list is printed.

On a terminal a list is as wide as the terminal and names the columns that don't fit; in a pipe it
is tab separated with every column, always the same ones. Computes nothing.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click

from prodlens.cli.output import cell_width, clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prodlens.cli.context import App
    from prodlens.exports.listings import Listing
    from prodlens.exports.tables import Column, Table, Value
    from prodlens.selection import Selection
    from prodlens.storage import ProdLensStore

MOST: Final = 20
"""Rows without `--limit`."""
_GAP: Final = "  "
_LONGEST_TEXT: Final = 40
_SHORTEST_TEXT: Final = 14
"""Characters of a text cell: the first width with which all columns fit is taken."""


def list_options(
    sorts: Sequence[str], *, most: int | None = MOST
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that gives a command `--sort`, `--limit` and `--csv`.

    Args:
        sorts: What it can be sorted by; the first one is what it is sorted by anyway.
        most: Rows without `--limit`; None is all.
    """
    first = "all" if most is None else str(most)
    options = (
        click.option(
            "--sort",
            type=click.Choice(sorts),
            default=sorts[0],
            show_default=True,
            help="Column to sort by: largest or latest first, names from A on.",
        ),
        click.option(
            "--limit",
            type=click.IntRange(min=0),
            default=most or 0,
            help=f"Rows at most; 0 is all.  [default: {first}]",
        ),
        click.option("--csv", "as_csv", is_flag=True, help="Print CSV, for spreadsheets."),
    )

    def give(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return give


def check(app: App, *, as_csv: bool) -> None:
    """Refuse two formats at once.

    Raises:
        click.UsageError: Both `--json` and `--csv` were given.
    """
    if as_csv and app.json:
        raise click.UsageError("Give --json or --csv, not both.")


@contextlib.contextmanager
def open_known(app: App, wanted: Selection) -> Iterator[ProdLensStore]:
    """Open the database for reading; refuse a repository that it doesn't know.

    Raises:
        InputError: The store knows other repositories, but not this one.
        StoreError: The database can't be read.
    """
    from prodlens.errors import InputError
    from prodlens.storage.readings import known_repositories

    with app.open_store(read_only=True) as store:
        known = known_repositories(store.conn) if wanted.repositories else []
        missing = [slug for slug in wanted.repositories if known and slug not in known]
        if missing:
            named = ", ".join(known[:5])
            raise InputError(f"Nothing in this database belongs to {missing[0]}. It knows {named}.")
        yield store


def ordered(listing: Listing, sort: str, limit: int) -> Listing:
    """Return a list sorted by a column and cut; what is not known stands last.

    Args:
        listing: The list; ties stay in its order.
        sort: Id of the column: numbers and times descend, texts ascend.
        limit: Rows that stay; 0 is all.
    """
    at = [column.id for column in listing.table.columns].index(sort)
    places = range(len(listing.table.rows))
    known = [place for place in places if listing.table.rows[place][at] is not None]
    is_text = any(isinstance(listing.table.rows[place][at], str) for place in known)
    known.sort(key=lambda place: _key(listing.table.rows[place][at]), reverse=not is_text)
    unknown = [place for place in places if listing.table.rows[place][at] is None]
    return cut(listing, [*known, *unknown], limit)


def cut(listing: Listing, places: Sequence[int], limit: int) -> Listing:
    """Return a list with some of its rows, in the order of `places`, at most `limit` of them."""
    kept = places[:limit] if limit else places
    return replace(
        listing,
        table=_with(listing.table, kept),
        page=None if listing.page is None else _with(listing.page, kept),
    )


def _with(table: Table, places: Sequence[int]) -> Table:
    return replace(table, rows=tuple(table.rows[place] for place in places))


def _key(value: Value) -> Any:
    return value.lower() if isinstance(value, str) else value


def show(app: App, listing: Listing, wanted: Selection, *, as_csv: bool, nothing: str) -> None:
    """Print a list as the options and the place it goes to ask for.

    Args:
        app: The run.
        listing: The list.
        wanted: The slice it is about.
        as_csv: Whether `--csv` was given.
        nothing: What to say when there is none, and what mends it.
    """
    if app.json:
        app.out.json(document(listing, wanted))
        return
    table = listing.table
    if as_csv:
        from prodlens.exports.flat_csv import render_table

        _raw(app, render_table(table).decode("utf-8").replace("\r\n", "\n"))
        return
    if not table.rows:
        app.out.line(nothing)
        return
    if is_piped():
        app.out.line("\n".join(lines_of_pipe(table)))
    else:
        app.out.line("\n".join(page(listing, app.out.width)))
    if len(table.rows) < listing.every:
        app.out.note(f"{len(table.rows):,} of {listing.every:,}; --limit 0 shows all of them.")
    for note in listing.notes:
        app.out.note(note)


def is_piped() -> bool:
    """Whether stdout is read by a program and not by a person."""
    return not sys.stdout.isatty()


def _raw(app: App, text: str) -> None:
    app.out.line(text.removesuffix("\n"))


def document(listing: Listing, wanted: Selection) -> dict[str, Any]:
    """Return a list as plain values; what is not known is null."""
    table = listing.table
    names = [column.id for column in table.columns]
    return {
        "schema": f"prodlens.{table.id}/1",
        "filters": {
            "repo": wanted.repositories[0] if wanted.repositories else None,
            "since": wanted.since,
            "until": wanted.until,
        },
        "columns": [
            {"id": column.id, "title": column.title, "kind": column.kind.value}
            for column in table.columns
        ],
        "rows": [dict(zip(names, row, strict=True)) for row in table.rows],
        "total": listing.every,
        "notes": list(listing.notes),
    }


def lines_of_pipe(table: Table) -> list[str]:
    """Return a table with tabs between cells: ids as headings, plain values, nothing left out."""
    from prodlens.cli.output import plain

    lines = ["\t".join(column.id for column in table.columns)]
    for row in table.rows:
        cells = ("" if value is None else clean(str(plain(value))) for value in row)
        lines.append("\t".join(cells))
    return lines


def page(listing: Listing, width: int) -> list[str]:
    """Return a list in aligned columns that fit a terminal; columns that don't fit are named."""
    from prodlens.exports.cells import is_number

    columns, cells = _for_people(listing)
    heads = [column.title for column in columns]
    numeric = [is_number(column.kind) for column in columns]
    body, widths = _fitted(cells, columns, width)
    count = _fitting(widths, width)
    lines = [
        _GAP.join(
            _padded(text, wide, right=right)
            for text, wide, right in zip(row, widths[:count], numeric, strict=False)
        ).rstrip()
        for row in (heads, *body)
    ]
    if count < len(heads):
        lines += _said(f"Not shown for want of width: {', '.join(heads[count:])}. ", width)
    return lines


def _fitted(
    cells: Sequence[Sequence[str]], columns: Sequence[Column], width: int
) -> tuple[list[list[str]], list[int]]:
    """Return cells with long texts shortened as far as the width asks for, and their widths."""
    from prodlens.exports.words import Kind

    is_text = [column.kind is Kind.TEXT for column in columns]
    heads = [cell_width(column.title) for column in columns]
    natural = [max(map(cell_width, texts), default=0) for texts in zip(*cells, strict=True)]

    def wide(most: int) -> list[int]:
        return [
            max(head, min(cell, most) if text else cell)
            for head, cell, text in zip(heads, natural, is_text, strict=True)
        ]

    # as many columns as the shortest texts leave room for, then texts as long as those columns let
    count = _fitting(wide(_SHORTEST_TEXT), width)
    gaps = len(_GAP) * (count - 1)
    lengths = range(_LONGEST_TEXT, _SHORTEST_TEXT, -1)
    fitting = (one for one in lengths if sum(wide(one)[:count]) + gaps <= width)
    most = next(fitting, _SHORTEST_TEXT)
    body = [
        [_shortened(text, most) if at else text for text, at in zip(row, is_text, strict=True)]
        for row in cells
    ]
    widths = [
        max(head, *map(cell_width, texts))
        for head, texts in zip(heads, zip(*body, strict=True), strict=True)
    ]
    return body, widths


def _said(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(f"{text}A pipe, --csv and --json have every column.", max(width, 20))


def _for_people(listing: Listing) -> tuple[list[Column], list[list[str]]]:
    """Return columns and texts; a rate and what it rests on are one cell."""
    from prodlens.exports.cells import cell_text

    table = listing.page or listing.table
    at = {column.id: place for place, column in enumerate(table.columns)}
    inside = {name for pair in listing.basis.values() for name in pair} - set(listing.basis)
    kept = [column for column in table.columns if column.id not in inside or column.id == "calls"]
    cells = []
    for row in table.rows:
        line = []
        for column in kept:
            value = row[at[column.id]]
            text = clean(cell_text(column, value)) if value != "" else ""
            if value is not None and column.id in listing.basis:
                part, whole = (row[at[name]] for name in listing.basis[column.id])
                text += _basis(column.id, listing.basis[column.id], part, whole)
            line.append(text)
        cells.append(line)
    return kept, cells


def _basis(name: str, pair: tuple[str, str], part: Value, whole: Value) -> str:
    """Return what a value rests on, to stand behind it."""
    if not isinstance(part, int) or not isinstance(whole, int):
        return ""
    if name == pair[0]:
        return f" of {whole:,}"
    if pair == ("priced", "calls"):
        return "" if part == whole else f" for {part:,}"
    return f", {part:,} of {whole:,}"


def _fitting(widths: Sequence[int], width: int) -> int:
    """Return how many columns fit, at least one."""
    used = 0
    for count, wide in enumerate(widths):
        used += wide + (len(_GAP) if count else 0)
        if used > width:
            return max(count, 1)
    return len(widths)


def _shortened(text: str, widest: int) -> str:
    if cell_width(text) <= widest:
        return text
    while cell_width(text) > widest - 3:
        text = text[:-1]
    return f"{text}..."


def _padded(text: str, wide: int, *, right: bool) -> str:
    space = " " * (wide - cell_width(text))
    return space + text if right else text + space
