"""`prod-lens audit`: what stands behind each dollar; only reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from prodlens.cli.context import pass_app
from prodlens.cli.money import UNPRICED, dollars, exact_usd, place, wall_time
from prodlens.cli.output import clean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from prodlens.audit import Audit, AuditedCall
    from prodlens.audit.behind import LeftOut, Price, SeenRecord, Tokens
    from prodlens.cli.context import App
    from prodlens.selection import Selection

_KINDS: Final = {
    "input": "in",
    "cache_read": "cache read",
    "cache_write": "write 5m",
    "cache_write_1h": "write 1h",
    "output": "out",
}
_LABEL: Final = 14
_ON_A_SUBSCRIPTION: Final = "API-equivalent: on a subscription, not spent"


@click.command("audit")
@click.option("--day", metavar="DATE", help="One day (2026-10-01, today), of the report's zone.")
@click.option("--session", metavar="ID", help="One session.")
@click.option("--model", metavar="GLOB", help="Models, such as 'claude-*'.")
@click.option("--call", metavar="TRACE_HASH", help="One call, by its hash or the beginning of it.")
@click.option("--repo", metavar="OWNER/NAME", help="One repository; all of them if not given.")
@click.option("--since", metavar="WHEN", help="First day (2026-10-01, 90d, this-month).")
@click.option("--until", metavar="WHEN", help="First day after the audit.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Calls shown in full, the dearest first; 0 is all. The sums are over all of them.",
)
@pass_app
def audit(
    app: App,
    day: str | None,
    session: str | None,
    model: str | None,
    call: str | None,
    repo: str | None,
    since: str | None,
    until: str | None,
    limit: int,
) -> None:
    """Show the records, usage and price behind each cost, and what was counted only once."""
    from prodlens.audit import audit as audited
    from prodlens.cli.listing import open_known
    from prodlens.cli.price_book import price_book
    from prodlens.errors import InputError

    if day and (since or until):
        raise click.UsageError("--day is a time already: leave --since and --until away.")
    selection = _selection(app, repo, model, _times(app, day, since, until))
    with open_known(app, selection) as store:
        found = audited(
            store,
            selection,
            price_book(app.settings),
            session=session,
            call=call,
            limit=limit or None,
        )
    if call is not None and not found.calls:
        raise InputError(f"No call's hash begins with {call!r}. `--json` shows the hashes.")
    if app.json:
        app.out.json(document(found))
        return
    _show(app, found)


def _times(
    app: App, day: str | None, since: str | None, until: str | None
) -> tuple[datetime | None, datetime | None]:
    """Return the first instant and the first one after the slice, in the settings' zone.

    Raises:
        click.UsageError: A text is no time.
    """
    from datetime import timedelta

    from prodlens.clock import local_day, local_start, parse_when, utc_now, zone_named
    from prodlens.errors import InputError

    now = utc_now()
    try:
        zone = zone_named(app.settings.report.timezone)
        if day is not None:
            first = local_day(parse_when(day, now, zone), zone)
            return local_start(first, zone), local_start(first + timedelta(days=1), zone)
        begin = None if since is None else parse_when(since, now, zone)
        return begin, None if until is None else parse_when(until, now, zone)
    except InputError as error:
        raise click.UsageError(str(error)) from None


def _selection(
    app: App,
    repo: str | None,
    model: str | None,
    times: tuple[datetime | None, datetime | None],
) -> Selection:
    from prodlens.errors import InputError
    from prodlens.selection import Selection

    try:
        return Selection(
            since=times[0],
            until=times[1],
            repositories=() if repo is None else (repo,),
            models=() if model is None else (model,),
            timezone=app.settings.report.timezone,
        )
    except InputError as error:
        raise click.UsageError(str(error)) from None


def _show(app: App, found: Audit) -> None:
    from prodlens.clock import zone_named

    zone = zone_named(found.timezone)
    app.out.line(_sum(found))
    for label, text in _parts(found):
        app.out.line(f"  {label:<{_LABEL}}{text}")
    for call in found.shown:
        app.out.line()
        where = [wall_time(call.timestamp, zone), clean(call.model or "no model")]
        if call.provider:
            where.append(clean(call.provider))
        app.out.line("  ".join([*where, _cost(call)]))
        for label, text in _behind(call):
            app.out.line(f"  {label:<{_LABEL}}{text}")
    if not found.calls:
        app.out.note("No call is in this slice: prod-lens sessions and prod-lens models name some.")
    if len(found.shown) < found.calls:
        app.out.note(
            f"{found.calls - len(found.shown):,} more calls, all of them in the sums: --limit 0."
        )


def _sum(found: Audit) -> str:
    many = f"{found.calls:,} {'call' if found.calls == 1 else 'calls'}"
    total = None if found.cost_usd is None else found.cost_nanos
    return f"{dollars(total)} for {many}"


def _parts(found: Audit) -> Iterator[tuple[str, str]]:
    for label, (calls, nanos) in (("reported", found.reported), ("computed", found.computed)):
        if calls:
            yield label, f"{dollars(nanos)} for {calls:,}"
    if found.unpriced:
        yield (
            UNPRICED,
            f"{found.unpriced:,} with {found.unpriced_tokens:,} tokens: not known, in no sum",
        )
    if found.subscription_nanos:
        yield "subscription", f"{dollars(found.subscription_nanos)} is {_ON_A_SUBSCRIPTION}"
    if found.records > found.calls:
        yield "records", f"{found.records:,} describe these calls; each call counts once"
    if found.left_out and found.left_out[0]:
        count, tokens, nanos = found.left_out
        yield (
            "left out",
            f"{count:,} sums or repeats of other records: {tokens:,} tokens, {dollars(nanos)}",
        )


def _cost(call: AuditedCall) -> str:
    label = f"  {_ON_A_SUBSCRIPTION}" if call.subscription else ""
    kind = "" if call.cost_nanos is None else f" {call.cost_source}"
    return f"{dollars(call.cost_nanos)}{kind}{label}"


def _behind(call: AuditedCall) -> Iterator[tuple[str, str]]:
    yield "call", call.trace_hash
    for record in call.records:
        if record.gave:
            label = "from" if "cost" in record.gave or call.cost_nanos is None else "tokens from"
            yield label, f"{record.source}  {place(record.spot)}"
    yield "usage", usage(call.tokens)
    yield "price", _price_text(call)
    if call.difference_nanos is not None:
        gap = dollars(call.difference_nanos, sign=True)
        yield "check", f"the price gives {dollars(call.computed_nanos)}, difference {gap}"
        if told := call.explained_by:
            yield "", f"{told.source} splits the tokens further, which gives exactly this cost"
    for one in call.dropped:
        yield "dropped", _dropped(one)
    for left in call.left_out:
        yield "left out", _left_out(left)
    for change in call.restated:
        old = dollars(change.old_nanos)
        yield "restated", f"{change.at:%Y-%m-%d}: {old} ({change.old_version or 'no price'}) before"


def usage(tokens: Tokens | None) -> str:
    """Return token counts in words; what is not known is `?`."""
    if tokens is None or (tokens.tokens_in is None and tokens.tokens_out is None):
        return "no tokens known"
    parts = [
        ("in", tokens.fresh),
        ("cache read", tokens.cache_read or None),
        ("write 5m", tokens.cache_write_5m or None),
        ("write 1h", tokens.cache_write_1h or None),
        ("out", tokens.tokens_out),
    ]
    words = [
        f"{name} {'?' if count is None else f'{count:,}'}"
        for name, count in parts
        if count is not None or name in {"in", "out"}
    ]
    return " · ".join(words)


def _price_text(call: AuditedCall) -> str:
    price = call.price
    if price is None:
        return f"none: {call.reason}"
    per = " · ".join(
        f"{name} {price.usd_per_mtok[kind]}"
        for kind, name in _KINDS.items()
        if price.usd_per_mtok[kind] is not None
    )
    parts = [
        f"{clean(price.provider or 'any')} {clean(price.model)}: {per} $ per million",
        *_of(price),
    ]
    if call.reason:
        parts.append(f"not applied: {call.reason}")
    if call.cost_source == "computed" and call.price_version != price.version:
        parts.append(f"computed with {call.price_version}: prod-lens prices restate")
    return "; ".join(parts)


def _of(price: Price) -> Iterator[str]:
    if price.above_tokens_in is not None:
        yield f"above {price.above_tokens_in:,} tokens in"
    if price.discount_share:
        yield f"{price.discount_share:%} off"
    since = "the beginning" if price.valid_from is None else price.valid_from.isoformat()
    yield f"since {since}"
    yield price.version


def _dropped(record: SeenRecord) -> str:
    nanos = record.computed_nanos if record.reported_nanos is None else record.reported_nanos
    total = None if record.tokens is None else record.tokens.total
    tokens = "tokens not known" if total is None else f"{total:,} tokens"
    return f"{record.source}  {place(record.spot)}  {tokens}, {dollars(nanos)}"


def _left_out(record: LeftOut) -> str:
    total = record.total_tokens
    tokens = "tokens not known" if total is None else f"{total:,} tokens"
    return f"{record.source}  {place(record.spot)}  {tokens}, {dollars(record.cost_nanos)}"


def document(found: Audit) -> dict[str, Any]:
    """Return an audit as plain values; money exact, as integer nano-dollars and as text."""
    return {
        "schema": "prodlens.audit/1",
        "since": found.since,
        "until": found.until,
        "timezone": found.timezone,
        "calls": found.calls,
        "cost_nanos": None if found.cost_usd is None else found.cost_nanos,
        "cost_usd": found.cost_usd,
        "reported": {"calls": found.reported[0], "cost_nanos": found.reported[1]},
        "computed": {"calls": found.computed[0], "cost_nanos": found.computed[1]},
        "unpriced": {"calls": found.unpriced, "tokens": found.unpriced_tokens},
        "subscription_nanos": found.subscription_nanos,
        "records": found.records,
        "left_out": None
        if found.left_out is None
        else dict(zip(("records", "tokens", "cost_nanos"), found.left_out, strict=True)),
        "shown": [_call_document(call) for call in found.shown],
    }


def _call_document(call: AuditedCall) -> dict[str, Any]:
    import dataclasses

    plain = dataclasses.asdict(call)
    price = plain["price"]
    if price is not None:
        price["is_stored_version"] = call.price_version in {None, call.price.version}  # type: ignore[union-attr]
    return {
        **plain,
        "cost_usd": exact_usd(call.cost_nanos),
        "cost_label": _ON_A_SUBSCRIPTION if call.subscription else None,
        "difference_nanos": call.difference_nanos,
    }
