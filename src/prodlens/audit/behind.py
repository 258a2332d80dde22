"""What stands behind a cost, as plain records; reads nothing and computes no price.

Money is integer nano-dollars; None means not known, never free.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prodlens.schemas import nanos_to_usd

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal

    from prodlens.storage.audit_readings import Restatement


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a record stands; all None when it came from no file.

    Attributes:
        path: File.
        line: Line in the decompressed file.
        offset: Byte offset in it.
    """

    path: str | None = None
    line: int | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Token counts of one record; None where not known.

    Attributes:
        tokens_in: Whole input with cache.
        tokens_out: Whole output with reasoning.
        cache_read: Part of the input read from the provider's cache.
        cache_write_5m: Part of the input written to it for five minutes.
        cache_write_1h: Part of the input written to it for one hour.
        basis: How the source counts: inclusive, exclusive_added or total_only.
    """

    tokens_in: int | None
    tokens_out: int | None
    cache_read: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    basis: str | None = None

    @property
    def fresh(self) -> int | None:
        """Input that touched no cache; None when the input is not known."""
        if self.tokens_in is None:
            return None
        cached = (self.cache_read, self.cache_write_5m, self.cache_write_1h)
        return self.tokens_in - sum(count or 0 for count in cached)

    @property
    def total(self) -> int | None:
        """Input and output; None when either is not known."""
        if self.tokens_in is None or self.tokens_out is None:
            return None
        return self.tokens_in + self.tokens_out


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRecord:
    """One distinct record of a call.

    Attributes:
        source: Format it was read from.
        spot: Where it stands.
        tokens: What it counts; None when it counts nothing.
        reported_nanos: Cost that it reports.
        computed_nanos: Cost that was computed from its own tokens when it was read.
        gave: What of the row it gave: `cost`, `tokens`, both or nothing; `call` when the call has
            neither and this record leads.
    """

    source: str
    spot: Spot
    tokens: Tokens | None
    reported_nanos: int | None
    computed_nanos: int | None
    gave: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A record that describes the call once more and never counts (a parent span, a repeat)."""

    source: str
    spot: Spot
    total_tokens: int | None
    cost_nanos: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The price row for a call, US dollars per million tokens.

    Attributes:
        provider: Seller in the price list; None is any (a row of one's own).
        model: Model, or pattern, of the row.
        version: Price list, or `override:` with a digest.
        valid_from: First UTC day of these prices; None: no earlier price is known.
        usd_per_mtok: By kind of token: `input`, `output`, `cache_read`, `cache_write`,
            `cache_write_1h`; None where the row has no price.
        above_tokens_in: The long-context tier that applies; None is the base price.
        discount_share: Share taken off; None is nothing.
    """

    provider: str | None
    model: str
    version: str
    valid_from: date | None
    usd_per_mtok: Mapping[str, Decimal | None]
    above_tokens_in: int | None = None
    discount_share: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedCall:
    """One call and everything behind its cost.

    Attributes:
        trace_hash: Which call.
        timestamp: Its start, aware UTC.
        session_id: Session; None when not known.
        developer_id: Person or account; None when not known.
        repo_slug: Repository; None when not known.
        model: Model; None when not known.
        provider: Who served it; None when not known.
        traffic_class: Class of traffic; None: no rule says whose it is.
        cost_nanos: The cost that every sum uses; None is unpriced.
        cost_source: reported, computed or unknown.
        price_version: Price list behind a computed cost, as stored.
        subscription: Whether the cost is what the API would have charged, not what was spent.
        tokens: The usage that the cost belongs to.
        price: The price row that holds for it now; None when there is none.
        computed_nanos: What that row makes of the usage now; None when it can't be priced.
        reason: Why it can't; '' when it can.
        records: Every distinct record, the one that gave the cost first.
        left_out: Records that never count.
        restated: How the cost was restated, oldest first.
    """

    trace_hash: str
    timestamp: datetime
    session_id: str | None
    developer_id: str | None
    repo_slug: str | None
    model: str | None
    provider: str | None
    traffic_class: str | None
    cost_nanos: int | None
    cost_source: str
    price_version: str | None
    subscription: bool
    tokens: Tokens
    price: Price | None
    computed_nanos: int | None
    reason: str
    records: tuple[SeenRecord, ...]
    left_out: tuple[LeftOut, ...] = ()
    restated: tuple[Restatement, ...] = ()

    @property
    def difference_nanos(self) -> int | None:
        """The cost less what today's prices make of the usage; None when either is not known."""
        if self.cost_nanos is None or self.computed_nanos is None:
            return None
        return self.cost_nanos - self.computed_nanos

    @property
    def explained_by(self) -> SeenRecord | None:
        """A record whose own tokens give exactly the cost, where those of the row don't."""
        if not self.difference_nanos:
            return None
        return next((one for one in self.records if one.computed_nanos == self.cost_nanos), None)

    @property
    def dropped(self) -> tuple[SeenRecord, ...]:
        """Records of the same call that gave neither its cost nor its tokens."""
        return tuple(record for record in self.records if not record.gave)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The costs of a slice and what stands behind the dearest calls of it.

    Attributes:
        since: First instant, aware UTC; None is from the beginning.
        until: First instant after it; None is to the end.
        timezone: Zone whose days were asked for.
        calls: Calls of the slice.
        cost_nanos: Sum of their known costs: what a report over the same slice says.
        reported: Calls with a reported cost, and their nano-dollars.
        computed: Calls with a computed cost, and their nano-dollars.
        unpriced: Calls without a cost; they are in no sum.
        unpriced_tokens: Their tokens.
        subscription_nanos: Part of the sum that stands for calls on a subscription.
        records: Distinct records that describe the calls.
        left_out: Records of these UTC days that never count, with their tokens and nano-dollars;
            None when the slice is about less than whole UTC days.
        shown: Calls in full, the dearest first.
    """

    since: datetime | None
    until: datetime | None
    timezone: str
    calls: int
    cost_nanos: int
    reported: tuple[int, int]
    computed: tuple[int, int]
    unpriced: int
    unpriced_tokens: int
    subscription_nanos: int
    records: int
    left_out: tuple[int, int, int] | None
    shown: tuple[AuditedCall, ...]

    @property
    def cost_usd(self) -> float | None:
        """The sum in dollars, as a report shows it; None when calls exist and none is priced."""
        if self.calls and self.unpriced == self.calls:
            return None
        return nanos_to_usd(self.cost_nanos)
