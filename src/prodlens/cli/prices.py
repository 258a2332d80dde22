"""`prod-lens prices`: what models cost, which have no price, prices of one's own, restating."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

import click

from prodlens.cli.context import pass_app
from prodlens.cli.output import clean

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from prodlens.cli.context import App
    from prodlens.pricing import PriceBook, PriceRow
    from prodlens.settings import PriceSetting

_NANOS_PER_USD: Final = 1_000_000_000
_HEADINGS: Final = ("provider", "model", "input", "output", "cache read", "write", "write 1h")


class _Amount(click.ParamType[Decimal]):
    """A price in US dollars per million tokens."""

    name = "usd"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            self.fail(f"{value!r} is no price: write 3 or 0.25.", param, ctx)
        if not amount.is_finite() or amount < 0:
            self.fail(f"{value!r} is no price: write 3 or 0.25.", param, ctx)
        return amount


_AMOUNT: Final = _Amount()


@click.group("prices")
def prices() -> None:
    """Show prices, find models without one, set your own, restate costs."""


@prices.command("list")
@click.option("--model", "pattern", metavar="GLOB", help="Models, such as 'claude-*'.")
@click.option("--day", metavar="DATE", help="Prices of that day; today when not given.")
@pass_app
def list_prices(app: App, pattern: str | None, day: str | None) -> None:
    """Show prices in US dollars per million tokens; without --model, of the models in use."""
    from prodlens.cli.price_book import price_book
    from prodlens.clock import parse_day, utc_day, utc_now

    on = parse_day(day) if day else utc_day(utc_now())
    book = price_book(app.settings)
    rows = book.search(pattern, day=on) if pattern else _in_use(app, book, on)
    if app.json:
        listed = [_plain(row) for row in rows]
        app.out.json({"schema": "prodlens.prices/1", "day": on, "prices": listed})
        return
    if not rows:
        app.out.line("No price is known for that: set one with prod-lens prices set MODEL.")
        return
    app.out.table([*_HEADINGS, "since", "from"], [_line(row) for row in rows])


def _in_use(app: App, book: PriceBook, on: date) -> list[PriceRow]:
    from prodlens.storage import costs

    with app.open_store(read_only=True) as store:
        used = costs.models(store.conn)
    found = (
        book.explain(provider=row["provider"] or None, model=row["model"], day=on) for row in used
    )
    return list(dict.fromkeys(row for row in found if row is not None))


def _line(row: PriceRow) -> tuple[object, ...]:
    p = row.prices
    amounts = (p.input_usd_per_mtok, p.output_usd_per_mtok, p.cache_read_usd_per_mtok)
    writes = (p.cache_write_usd_per_mtok, p.cache_write_1h_usd_per_mtok)
    shown = [None if a is None else float(a) for a in (*amounts, *writes)]
    return (row.provider, clean(row.model), *shown, row.valid_from, row.price_version)


def _plain(row: PriceRow) -> dict[str, Any]:
    keys = ("provider", "model", "input", "output", "cache_read", "cache_write", "cache_write_1h")
    line = _line(row)
    return dict(zip((*keys, "valid_from", "price_version"), line, strict=True)) | {
        "tiers_above_tokens_in": [tier.above_tokens_in for tier in row.tiers]
    }


@prices.command("missing")
@pass_app
def missing(app: App) -> None:
    """Show models that used tokens and have neither a reported cost nor a price."""
    from prodlens.cli.price_book import price_book
    from prodlens.clock import parse_day
    from prodlens.storage import costs

    book = price_book(app.settings)
    with app.open_store(read_only=True) as store:
        rows = costs.unpriced_models(store.conn)
    for row in rows:
        row["reason"] = _reason(book, row, day=parse_day(row["last_day"]))
    if app.json:
        app.out.json({"schema": "prodlens.unpriced/1", "models": rows})
        return
    if not rows:
        app.out.line("Every call with tokens has a cost.")
        return
    names = ("model", "provider", "calls", "tokens", "first_day", "last_day", "reason")
    app.out.table(
        ["model", "provider", "calls", "tokens", "first day", "last day", "why"],
        [[row[name] for name in names] for row in rows],
    )
    app.out.note("Set one: prod-lens prices set MODEL --input 3 --output 15")
    app.out.note("and, where the provider's cache was used, --cache-read and --cache-write")


def _reason(book: PriceBook, row: dict[str, Any], *, day: date) -> str:
    """Return why calls like these have no price; the largest use of the cache counts, too."""
    from prodlens.pricing import Usage

    reads, writes = row["cache_read"], row["cache_write"]
    found = book.unpriced_reason(
        provider=row["provider"] or None,
        model=row["model"] or None,
        day=day,
        usage=Usage(
            tokens_in=None if row["input"] is None else (reads or 0) + (writes or 0) + 1,
            tokens_out=row["output"],
            cache_read_tokens=reads,
            cache_write_tokens=writes,
            cache_write_1h_tokens=row["cache_write_1h"],
        ),
    )
    return found or "priced now: run prod-lens prices restate"


@prices.command("set")
@click.argument("model")
@click.option("--input", "input_", type=_AMOUNT, required=True, help="USD per million tokens.")
@click.option("--output", type=_AMOUNT, required=True, help="USD per million tokens.")
@click.option("--cache-read", type=_AMOUNT, help="USD per million tokens.")
@click.option("--cache-write", type=_AMOUNT, help="USD per million tokens, five minutes.")
@click.option("--cache-write-1h", type=_AMOUNT, help="USD per million tokens, one hour.")
@click.option("--provider", metavar="NAME", help="Only calls that this provider served.")
@click.option("--from", "valid_from", metavar="DATE", help="First day of the price.")
@pass_app
def set_price(
    app: App,
    model: str,
    input_: Decimal,
    output: Decimal,
    cache_read: Decimal | None,
    cache_write: Decimal | None,
    cache_write_1h: Decimal | None,
    provider: str | None,
    valid_from: str | None,
) -> None:
    """Set the price of MODEL (a name or a glob) in prodlens.toml."""
    from pathlib import Path

    from prodlens.cli.price_book import price_override
    from prodlens.settings import FILE_NAME, PriceSetting

    row = PriceSetting(
        model=model,
        provider=provider,
        input=input_,
        output=output,
        cache_read=cache_read,
        cache_write=cache_write,
        cache_write_1h=cache_write_1h,
        valid_from=_day(valid_from),
    )
    price_override(row)  # refuses what the lookup could not use
    file = app.settings.file or Path.cwd() / FILE_NAME
    _write(file, row)
    if app.json:
        app.out.json({"schema": "prodlens.price-set/1", "model": model, "file": file})
        return
    app.out.done(f"Price of {clean(model)} written to {file}")
    if None in (cache_read, cache_write, cache_write_1h):
        app.out.note(
            "Calls that read or wrote the provider's cache stay unpriced until --cache-read, "
            "--cache-write and --cache-write-1h are given, too."
        )
    app.out.note("Calls stored before keep their cost until: prod-lens prices restate")


def _day(text: str | None) -> date | None:
    from prodlens.clock import parse_day
    from prodlens.errors import InputError

    try:
        return parse_day(text) if text else None
    except InputError as error:
        raise click.UsageError(str(error)) from None


def _write(file: Path, row: PriceSetting) -> None:
    """Add or replace a `[[prices]]` row, leaving the rest of the file as it is."""
    import os
    import shutil
    import tomllib

    import tomlkit
    from tomlkit.items import AoT

    text = file.read_text(encoding="utf-8") if file.exists() else ""
    document = tomlkit.parse(text)
    given = document.get("prices")
    rows = given if isinstance(given, AoT) else tomlkit.aot()
    if given is None or rows is not given:
        for old in given or ():  # rows written in one line become tables
            rows.append(tomlkit.item(dict(old)))
        document.pop("prices", None)
        document.append("prices", rows)
    table = tomlkit.table()
    for name in row.__dataclass_fields__:
        value = getattr(row, name)
        if value is not None:
            table[name] = float(value) if isinstance(value, Decimal) else value
    same = [i for i, old in enumerate(rows) if _subject(old) == _subject(table)]
    if same:
        rows[same[0]] = table
    else:
        rows.append(table)
    written = tomlkit.dumps(document)
    tomllib.loads(written)  # never replace a file by one that can't be read
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    partial.write_text(written, encoding="utf-8")
    if file.exists():
        shutil.copymode(file, partial)
    partial.replace(file)


def _subject(table: Any) -> tuple[Any, ...]:
    return tuple(str(table.get(name)) for name in ("model", "provider", "valid_from"))


@prices.command("restate")
@pass_app
def restate(app: App) -> None:
    """Compute costs that no source reported anew with the prices that hold now."""
    from prodlens.cli.price_book import price_book
    from prodlens.trace_ingestion.restating import restate as restate_all

    with app.open_store() as store:
        done = restate_all(store, price_book(app.settings))
    before, after = (n / _NANOS_PER_USD for n in (done.before_nanos, done.after_nanos))
    if app.json:
        counts = {"looked_at": done.looked_at, "changed": done.changed}
        sums = {"before_usd": before, "after_usd": after}
        app.out.json({"schema": "prodlens.restated/1", **counts, **sums})
        return
    app.out.done(
        f"{done.changed:,} of {done.looked_at:,} calls without a reported cost restated: "
        f"${before:,.6f} before, ${after:,.6f} now"
    )
    if done.changed:
        app.out.note("What was said before is kept in the table price_restatements.")
