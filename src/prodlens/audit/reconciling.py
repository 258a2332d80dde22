"""Holds a bill against the store and splits the gap; reads the store, writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from prodlens.audit.gap import ALIKE, Cell, Item, Part
from prodlens.audit.invoice import KINDS
from prodlens.audit.model_groups import groups
from prodlens.clock import local_start, zone_named
from prodlens.metrics.inputs import one_state
from prodlens.pricing.providers import provider_id
from prodlens.schemas import NANOS_PER_USD
from prodlens.selection import Selection
from prodlens.storage import audit_readings, where
from prodlens.storage.connection import naming_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prodlens.audit.invoice import Bill
    from prodlens.pricing import PriceBook
    from prodlens.storage import ProdLensStore
    from prodlens.storage.audit_readings import UsageRow

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zones:
    """Zones in which days are cut: of the invoice, and of the team's own reports."""

    invoice: str = "UTC"
    report: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """A bill against the store; every amount is exact nano-dollars.

    Attributes:
        first_day: First day of the bill.
        last_day: Last day of it.
        zones: Zones in which days were cut.
        billed_nanos: Sum of the bill.
        stored_nanos: Cost that reports show for these days and for what the bill is about.
        calls: Calls of that.
        outside_nanos: Cost of other providers' models on these days; not compared.
        items: Why both differ; they add up to the gap.
    """

    first_day: date
    last_day: date
    zones: Zones
    billed_nanos: int
    stored_nanos: int
    calls: int
    outside_nanos: int
    items: tuple[Item, ...]

    @property
    def gap_nanos(self) -> int:
        """What the bill has more than the store."""
        return self.billed_nanos - self.stored_nanos

    def amount(self, part: Part) -> int:
        """Return one part of the gap; the parts add up to it exactly."""
        return sum(item.nanos for item in self.items if item.part is part)


def reconcile(
    store: ProdLensStore,
    bill: Bill,
    prices: PriceBook,
    *,
    zones: Zones | None = None,
    providers: Iterable[str] = (),
) -> Reconciliation:
    """Return how a bill and the store differ, and why.

    Args:
        store: The store; it is only read.
        bill: The bill.
        prices: Prices, used to weigh kinds of tokens against each other, never as amounts.
        zones: Zones of the invoice and of reports; None is UTC for both.
        providers: Who sent the bill, where its form doesn't say; empty is not known.

    Raises:
        InputError: A zone is none.
        StoreError: The database can't be read.
    """
    zones = zones or Zones()
    first, last = min(day for day, _ in bill.cells), max(day for day, _ in bill.cells)
    with naming_errors(store.path), one_state(store):
        theirs = _usage(store, first, last, zones.invoice)
        ours = theirs if zones.invoice == zones.report else _usage(store, first, last, zones.report)
    known = {*bill.providers, *(provider_id(one) or one for one in providers)}
    scope = _Scope(bill, [*theirs, *ours], known, prices)
    cells = _cells(bill, scope, theirs, prices)
    items = [item for cell in cells.values() for item in cell.items()]
    items += _moved(scope, theirs, ours)
    stored = sum(row.cost_nanos for row in ours if scope.holds(row))
    return Reconciliation(
        first_day=first,
        last_day=last,
        zones=zones,
        billed_nanos=sum(cell.billed or 0 for cell in cells.values()),
        stored_nanos=stored,
        calls=sum(row.calls for row in ours if scope.holds(row)),
        outside_nanos=sum(row.cost_nanos for row in ours) - stored,
        items=tuple(sorted(items, key=lambda one: (-abs(one.nanos), one.day, one.model))),
    )


def _usage(store: ProdLensStore, first: date, last: date, timezone: str) -> list[UsageRow]:
    zone = zone_named(timezone)
    days = Selection(
        since=local_start(first, zone), until=local_start(last + _DAY, zone), timezone=timezone
    )
    return audit_readings.usage(store.conn, where.sessions(days))


class _Scope:
    """Which calls of the store a bill is about, and under which name of the bill."""

    def __init__(
        self, bill: Bill, rows: Sequence[UsageRow], providers: set[str], prices: PriceBook
    ) -> None:
        self._by_model = bill.has_models
        billed = {model for _, model in bill.cells if model}
        self._names = groups(billed, {row.model for row in rows if row.model})
        self._billed = {self._names[model] for model in billed}
        last = date.fromisoformat(max((row.day for row in rows), default="2020-01-01"))
        self._sellers = {
            (row.provider, row.model): _seller(prices, row.provider, row.model, last)
            for row in rows
        }
        self._providers = providers or {
            seller
            for row in rows
            if self.model(row.model) in self._billed and (seller := self._seller(row))
        }

    def model(self, name: str) -> str:
        """Return the name under which a model's usage is compared; '' for a bill without models."""
        return self._names.get(name, name) if self._by_model else ""

    def holds(self, row: UsageRow) -> bool:
        """Return whether usage in the store belongs to what the bill is about."""
        seller = self._seller(row)
        if seller is not None:
            return seller in self._providers or not (self._providers or self._by_model)
        return not self._by_model or self.model(row.model) in self._billed

    def _seller(self, row: UsageRow) -> str | None:
        return self._sellers[row.provider, row.model]


def _seller(prices: PriceBook, provider: str, model: str, day: date) -> str | None:
    """Return who sold calls: as stored, else the one maker of such names; None: not known."""
    if stated := provider_id(provider):
        return stated
    found = prices.explain(provider=None, model=model or None, day=day)
    return None if found is None else found.provider


def _cells(
    bill: Bill, scope: _Scope, rows: Sequence[UsageRow], prices: PriceBook
) -> dict[tuple[date, str], Cell]:
    cells: dict[tuple[date, str], Cell] = {}
    _put_billed(bill, scope, cells)
    for row in rows:
        if not scope.holds(row):
            continue
        day, model = date.fromisoformat(row.day), scope.model(row.model)
        cell = cells.setdefault((day, model), _cell(bill, day, model))
        if row.subscription:
            cell.subscription += row.cost_nanos
            continue
        if cell.weights is ALIKE and model:
            cell.weights = _weights(prices, row, day)
        cell.stored += row.cost_nanos
        cell.calls += row.calls
        cell.unpriced_calls += 0 if row.priced else row.calls
        usage = cell.priced if row.priced else cell.unpriced
        for kind, count in _kinds(row).items():
            usage[kind] += count
    return cells


def _cell(bill: Bill, day: date, model: str) -> Cell:
    return Cell(day=day, model=model, is_whole_day=not bill.has_models)


def _put_billed(bill: Bill, scope: _Scope, cells: dict[tuple[date, str], Cell]) -> None:
    """Put what is billed into its cells, rounded so that the whole bill stays exact."""
    total, before = Fraction(0), 0
    for (day, name), billed in sorted(bill.cells.items()):
        model = scope.model(name)
        cell = cells.setdefault((day, model), _cell(bill, day, model))
        total += billed.cost or 0
        here = round(total * NANOS_PER_USD)
        if billed.cost is not None:
            cell.billed = (cell.billed or 0) + here - before
        before = here
        if billed.tokens is not None:
            known = cell.tokens or dict.fromkeys(KINDS, 0)
            cell.tokens = {kind: known[kind] + billed.tokens[kind] for kind in KINDS}
        if billed.total is not None:
            cell.total = (cell.total or 0) + billed.total


def _kinds(row: UsageRow) -> dict[str, int]:
    write = row.cache_write - row.cache_write_1h
    return {
        "fresh": row.tokens_in - row.cache_read - row.cache_write,
        "cache_read": row.cache_read,
        "cache_write": write,
        "cache_write_1h": row.cache_write_1h,
        "output": row.tokens_out,
    }


def _weights(prices: PriceBook, row: UsageRow, day: date) -> Mapping[str, Fraction]:
    """Return list prices by kind of token; all alike where the model has none."""
    found = prices.explain(provider=row.provider or None, model=row.model or None, day=day)
    if found is None or not found.prices.input_usd_per_mtok:
        return ALIKE
    listed = found.prices
    fresh = listed.input_usd_per_mtok
    amounts = {
        "fresh": fresh,
        "cache_read": listed.cache_read_usd_per_mtok,
        "cache_write": listed.cache_write_usd_per_mtok,
        "cache_write_1h": listed.cache_write_1h_usd_per_mtok,
        "output": listed.output_usd_per_mtok,
    }
    return {kind: Fraction(fresh if one is None else one) for kind, one in amounts.items()}


def _moved(scope: _Scope, theirs: Sequence[UsageRow], ours: Sequence[UsageRow]) -> list[Item]:
    """Return per day and model what moves when days are cut in the invoice's zone."""
    moved: dict[tuple[str, str], int] = {}
    for sign, rows in ((1, theirs), (-1, ours)):
        for row in rows if theirs is not ours else ():
            if scope.holds(row):
                place = (row.day, scope.model(row.model))
                moved[place] = moved.get(place, 0) + sign * row.cost_nanos
    return [
        Item(
            part=Part.TIME_ZONE,
            day=date.fromisoformat(day),
            model=model,
            nanos=nanos,
            reason="in this day of the invoice's zone" if nanos > 0 else "in another day there",
        )
        for (day, model), nanos in moved.items()
        if nanos
    ]
