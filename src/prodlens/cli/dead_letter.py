"""`prod-lens dead-letter`: records that were set aside, and another try at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from prodlens.cli.context import pass_app
from prodlens.cli.output import clean
from prodlens.errors import InputError

if TYPE_CHECKING:
    from prodlens.cli.context import App

_SCHEMA: Final = "prodlens.dead-letters/1"


@click.group("dead-letter")
def dead_letter() -> None:
    """List, look at, retry or forget records that could not be read."""


@dead_letter.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those resolved or gone.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="Rows.")
@pass_app
def list_letters(app: App, everything: bool, limit: int) -> None:
    """List what was set aside: where it stands and why."""
    from prodlens.storage import ledger

    with app.open_store(read_only=True) as store:
        rows = ledger.letters(store.conn, None if everything else "open")
    if app.json:
        app.out.json({"schema": _SCHEMA, "count": len(rows), "dead_letters": rows})
        return
    if not rows:
        app.out.line("Nothing is set aside.")
        return
    app.out.table(
        ["id", "reason", "field", "line", "file", "status"],
        [
            (r["id"], r["reason"], r["field"], r["line"], clean(r["path"]), r["status"])
            for r in rows[:limit]
        ],
    )
    if len(rows) > limit:
        app.out.note(f"{len(rows) - limit:,} more: add --limit {len(rows)}.")
    app.out.note(
        "A mended file is read by prod-lens ingest-traces; what a newer ProdLens can read,"
    )
    app.out.note("by prod-lens dead-letter retry")


@dead_letter.command("show")
@click.argument("letter_id", type=int, metavar="ID")
@pass_app
def show(app: App, letter_id: int) -> None:
    """Show one record that was set aside: its place, digest and what may be told of it."""
    from prodlens.storage import ledger

    with app.open_store(read_only=True) as store:
        row = ledger.letter(store.conn, letter_id)
    if row is None:
        raise InputError(f"There is no dead letter {letter_id}: see prod-lens dead-letter list.")
    if app.json:
        app.out.json({"schema": _SCHEMA, "dead_letters": [row]})
        return
    scalars = row.pop("scalars")
    app.out.table(["what", "value"], [*row.items(), *scalars.items()])


@dead_letter.command("retry")
@click.argument("letter_ids", type=int, nargs=-1, metavar="[ID...]")
@pass_app
def retry(app: App, letter_ids: tuple[int, ...]) -> None:
    """Read records again at their source; without ID, all that are open."""
    from prodlens.cli.price_book import price_book
    from prodlens.storage import ledger
    from prodlens.trace_ingestion.retry import GONE, RESOLVED, STILL
    from prodlens.trace_ingestion.retry import retry as retry_letters

    with app.open_store() as store:
        rows = ledger.letters(store.conn)
        if letter_ids:
            unknown = sorted(set(letter_ids) - {row["id"] for row in rows})
            if unknown:
                raise InputError(f"No open dead letter has the id {unknown[0]}.")
            rows = [row for row in rows if row["id"] in letter_ids]
        done = retry_letters(
            store,
            rows,
            prices=price_book(app.settings),
            dead_letter_dir=app.settings.ingest.dead_letter_dir,
        )
    if app.json:
        counts = {status: done[status] for status in (RESOLVED, GONE, STILL)}
        app.out.json({"schema": "prodlens.dead-letter-retry/1", **counts})
        return
    app.out.done(
        f"{done[RESOLVED]:,} entered, {done[GONE]:,} no longer at their source, "
        f"{done[STILL]:,} still can't be read"
    )


@dead_letter.command("purge")
@click.option(
    "--older-than", required=True, metavar="90d", help="First seen before that many days."
)
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_app
def purge(app: App, older_than: str, yes: bool) -> None:
    """Forget dead letters; the files they stand for are not touched."""
    from prodlens.storage import ledger
    from prodlens.trace_ingestion import mirror

    before = app.parse_when(older_than)
    if before is None:
        raise InputError("--older-than needs a time such as 90d.")
    app.confirm(f"Forget dead letters first seen before {before:%Y-%m-%d}?", yes=yes)
    with app.open_store() as store:
        with store.transaction() as conn:
            paths = ledger.purge(conn, before)
        for path in set(paths):
            mirror.write(store, app.settings.ingest.dead_letter_dir, path)
    if app.json:
        app.out.json({"schema": "prodlens.dead-letter-purge/1", "forgotten": len(paths)})
        return
    app.out.done(f"{len(paths):,} dead letters forgotten")
