"""`prod-lens reconcile`: a provider's bill against the store, and why they differ; only reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from prodlens.cli.context import pass_app
from prodlens.cli.money import dollars, exact_usd
from prodlens.cli.output import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prodlens.audit.gap import Item
    from prodlens.audit.invoice import Bill
    from prodlens.audit.reconciling import Reconciliation
    from prodlens.cli.context import App

_WORDS: Final = {
    "not_captured": "not captured",
    "not_priced": "not priced",
    "price_difference": "price difference",
    "time_zone": "time zone",
    "rest": "rest",
}
_LABEL: Final = max(map(len, _WORDS.values())) + 2
_NANOS_PER_USD: Final = 1_000_000_000


@click.command("reconcile")
@click.option(
    "--invoice",
    "invoices",
    multiple=True,
    required=True,
    metavar="FILE.csv",
    help="Cost or usage export; may be repeated, so that one gives costs and one gives tokens.",
)
@click.option(
    "--columns",
    metavar="MEANING=NAME,...",
    help="Columns whose names are not known: date=Day,model=Model,cost=Total.",
)
@click.option(
    "--time-zone",
    metavar="ZONE",
    default="UTC",
    show_default=True,
    help="Zone in which the invoice cuts its days.",
)
@click.option(
    "--provider",
    "providers",
    multiple=True,
    metavar="NAME",
    help="Whose bill it is, where its columns don't say; may be repeated.",
)
@click.option(
    "--tolerance",
    metavar="USD",
    help="Leave with 4 when the gap is larger, either way; 2% is a share of the bill.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Days and models shown of each part, the largest first; 0 is all.",
)
@pass_app
def reconcile(
    app: App,
    invoices: tuple[str, ...],
    columns: str | None,
    time_zone: str,
    providers: tuple[str, ...],
    tolerance: str | None,
    limit: int,
) -> None:
    """Split the gap between a bill and the store into its reasons; leave with 4 beyond --tolerance."""
    from prodlens.audit.reconciling import Zones
    from prodlens.audit.reconciling import reconcile as reconciled
    from prodlens.cli.price_book import price_book

    zones = Zones(invoice=time_zone, report=app.settings.report.timezone)
    bill, allowed = _read(invoices, columns, zones.invoice, tolerance)
    with app.open_store(read_only=True) as store:
        found = reconciled(store, bill, price_book(app.settings), zones=zones, providers=providers)
    if app.json:
        app.out.json(document(found, bill))
    else:
        _show(app, found, bill, limit or None)
    if allowed is not None and abs(found.gap_nanos) > allowed(found.billed_nanos):
        app.out.warn(f"The gap is larger than --tolerance {tolerance}.")
        app.exit(4)


def _read(
    invoices: tuple[str, ...], columns: str | None, time_zone: str, tolerance: str | None
) -> tuple[Bill, Any]:
    """Return the bill, and what gap is allowed of it.

    Raises:
        click.UsageError: An option makes no sense.
        InputError: A file can't be read.
    """
    from prodlens.audit.columns import parse_overrides
    from prodlens.audit.invoice import read_bill
    from prodlens.clock import zone_named
    from prodlens.errors import InputError

    try:
        overrides = {} if columns is None else parse_overrides(columns)
        zone = zone_named(time_zone)
        allowed = None if tolerance is None else _tolerance(tolerance)
    except InputError as error:
        raise click.UsageError(str(error)) from None
    paths = [Path(one).expanduser() for one in invoices]
    return read_bill(paths, overrides, zone), allowed


def _tolerance(text: str) -> Any:
    """Return a function from the bill's nano-dollars to the gap that is allowed."""
    from prodlens.audit.invoice import money
    from prodlens.errors import InputError

    share = text.strip().endswith("%")
    amount = money(text.strip().removesuffix("%"))
    if amount < 0:
        raise InputError(f"A tolerance of {text} makes no sense: write 0.01 or 2%.")
    if share:
        return lambda billed: abs(billed) * amount / 100
    return lambda _: amount * _NANOS_PER_USD


def _show(app: App, found: Reconciliation, bill: Bill, limit: int | None) -> None:
    days = f"{found.first_day} to {found.last_day}"
    zone = found.zones
    app.out.line(f"{'bill':<{_LABEL}}{dollars(found.billed_nanos)}  {days}, {zone.invoice}")
    app.out.line(
        f"{'store':<{_LABEL}}{dollars(found.stored_nanos)}  {found.calls:,} calls, {zone.report}"
    )
    app.out.line(f"{'gap':<{_LABEL}}{dollars(found.gap_nanos, sign=True)}")
    for part, items in _by_part(found):
        app.out.line()
        amount = dollars(sum(item.nanos for item in items), sign=True)
        app.out.line(f"{_WORDS[part]:<{_LABEL}}{amount}")
        if items:
            app.out.table(_HEADINGS, [_row(item) for item in items[:limit]])
        if limit is not None and len(items) > limit:
            app.out.line(f"... and {len(items) - limit:,} more: --limit 0")
    for text in _notes(found, bill):
        app.out.note(text)


_HEADINGS: Final = ("  day", "model", "amount", "bill tokens", "store tokens", "why")


def _row(item: Item) -> tuple[object, ...]:
    return (
        f"  {item.day.isoformat()}",
        clean(item.model) or None,
        dollars(item.nanos, sign=True),
        item.billed_tokens,
        item.stored_tokens,
        item.reason,
    )


def _by_part(found: Reconciliation) -> Iterator[tuple[str, list[Item]]]:
    for part in _WORDS:
        yield part, [item for item in found.items if item.part == part]


def _notes(found: Reconciliation, bill: Bill) -> Iterator[str]:
    for path, columns in bill.files:
        named = ", ".join(f"{what} = {clean(header)}" for what, header in columns.named.items())
        yield f"{clean(path)} was read as {columns.kind}: {named}"
    if all(billed.tokens is None and billed.total is None for billed in bill.cells.values()):
        yield (
            "The bill names no tokens, so fewer calls and other prices can't be told apart: add "
            "the usage export of the same days with a second --invoice."
        )
    if found.outside_nanos:
        yield f"{dollars(found.outside_nanos)} of other providers on these days is not compared."


def document(found: Reconciliation, bill: Bill) -> dict[str, Any]:
    """Return a reconciliation as plain values; money exact, as nano-dollars and as text."""
    return {
        "schema": "prodlens.reconciliation/1",
        "files": [
            {"file": path, "kind": one.kind, "columns": dict(one.named)} for path, one in bill.files
        ],
        "rows": bill.rows,
        "first_day": found.first_day,
        "last_day": found.last_day,
        "time_zones": {"invoice": found.zones.invoice, "report": found.zones.report},
        "billed": _amount(found.billed_nanos),
        "stored": _amount(found.stored_nanos) | {"calls": found.calls},
        "gap": _amount(found.gap_nanos),
        "outside": _amount(found.outside_nanos),
        "parts": [
            {
                "part": part,
                **_amount(sum(item.nanos for item in items)),
                "items": [_item(item) for item in items],
            }
            for part, items in _by_part(found)
        ],
    }


def _amount(nanos: int) -> dict[str, Any]:
    return {"nanos": nanos, "usd": exact_usd(nanos)}


def _item(item: Item) -> dict[str, Any]:
    return {
        "day": item.day,
        "model": item.model or None,
        **_amount(item.nanos),
        "reason": item.reason,
        "billed_tokens": item.billed_tokens,
        "stored_tokens": item.stored_tokens,
    }
