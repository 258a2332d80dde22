"""Owns how the gap of one day and model falls into parts; exact, pure, knows no file and no store.

With `w(x)` the usage `x` weighed by the list price of each kind of token (every token alike where
there is no price), `b` what is billed for usage `t`, `s` what the store says for usage `p` with a
cost and `u` without one, and `r = b / w(t)` the bill's own price of one unit:

* not captured: `r (w(t) - w(p + u))` when the bill has more usage,
* not priced: `r w(u)`,
* price difference: `r w(p) - s`,
* rest: `r (w(t) - w(p + u))` when the store has more usage.

They add up to `b - s`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from prodlens.audit.invoice import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

ALIKE: Final[Mapping[str, Fraction]] = dict.fromkeys(KINDS, Fraction(1))
"""Weights where no price is known: every token counts alike."""


class Part(StrEnum):
    """Part of the gap between a bill and the store."""

    NOT_CAPTURED = "not_captured"
    NOT_PRICED = "not_priced"
    PRICE = "price_difference"
    TIME_ZONE = "time_zone"
    REST = "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Why the bill and the store differ on one day for one model.

    Attributes:
        part: Part of the gap it belongs to.
        day: Day.
        model: Model; '' is none.
        nanos: Amount, nano-dollars: what the bill has more than the store.
        reason: What was found, in words.
        billed_tokens: Tokens on the bill; None when it names none.
        stored_tokens: Tokens in the store.
    """

    part: Part
    day: date
    model: str
    nanos: int
    reason: str
    billed_tokens: int | None = None
    stored_tokens: int | None = None


@dataclass(slots=True, kw_only=True)
class Cell:
    """What a bill and the store say of one model on one day.

    Attributes:
        day: Day.
        model: Model; '' is none.
        billed: Amount on the bill, nano-dollars; None when it has no such line.
        tokens: Tokens on the bill by kind; None when it names none.
        total: Tokens on the bill in all, where only that is known.
        priced: Usage in the store with a cost, by kind.
        unpriced: Usage in the store without one, by kind.
        stored: Cost in the store, nano-dollars, without subscriptions.
        calls: Calls in the store, without subscriptions.
        unpriced_calls: Those of them without a cost.
        subscription: Cost in the store that stands for calls on a subscription.
        weights: Price of a token of each kind, relative to the others.
        is_whole_day: Whether the bill names no models, so that a day is compared as a whole.
    """

    day: date
    model: str
    billed: int | None = None
    tokens: dict[str, int] | None = None
    total: int | None = None
    priced: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    unpriced: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    stored: int = 0
    calls: int = 0
    unpriced_calls: int = 0
    subscription: int = 0
    weights: Mapping[str, Fraction] = field(default_factory=lambda: ALIKE)
    is_whole_day: bool = False

    @property
    def billed_tokens(self) -> int | None:
        """Tokens on the bill; None when it names none."""
        return self.total if self.tokens is None else sum(self.tokens.values()) + (self.total or 0)

    @property
    def stored_tokens(self) -> int:
        """Tokens in the store."""
        return sum(self.priced.values()) + sum(self.unpriced.values())

    def items(self) -> list[Item]:
        """Return the parts of `billed - stored - subscription`; they add up to it exactly."""
        found = []
        if self.subscription:
            words = "on a subscription: API-equivalent, on no bill of the API"
            found.append(self._item(Part.REST, -self.subscription, words))
        found += self._of_the_bill()
        return [item for item in found if item.nanos]

    def _of_the_bill(self) -> list[Item]:
        if self.billed is None:
            return [self._item(Part.REST, -self.stored, "in the store, not on the bill")]
        if not self.model and not self.calls and not self.is_whole_day:
            return [self._item(Part.REST, self.billed, "a charge that names no model")]
        if not self.calls:
            return [self._item(Part.NOT_CAPTURED, self.billed, "no call in the store")]
        if self.billed_tokens is None:
            return [self._without_tokens(self.billed)]
        if self.tokens is not None and self.total is not None:
            return [self._without_tokens(self.billed)]
        return self._by_tokens(self.billed)

    def _without_tokens(self, billed: int) -> Item:
        """Without tokens on the bill, fewer calls and other prices can't be told apart.

        Nor can calls without a price, where others have one: a single one would explain any gap.
        """
        gap = billed - self.stored
        if self.unpriced_calls == self.calls and gap > 0:
            return self._item(Part.NOT_PRICED, gap, self._unpriced())
        words = "the bill names no tokens to compare"
        if self.unpriced_calls:
            words = f"{words}; {self._unpriced()}"
        return self._item(Part.REST, gap, words)

    def _by_tokens(self, billed: int) -> list[Item]:
        known, weights = self.tokens, self.weights
        if known is None:
            known, weights = {"fresh": self.total or 0}, ALIKE
        whole = _weight(known, weights)
        if not whole:
            return [self._item(Part.REST, billed - self.stored, "billed without a token")]
        rate = Fraction(billed) / whole
        unpriced = _weight(self.unpriced, weights)
        more = whole - _weight(self.priced, weights) - unpriced
        missing, left = round(rate * more), round(rate * unpriced)
        part = Part.NOT_CAPTURED if more > 0 else Part.REST
        words = "more usage on the bill" if more > 0 else "more usage in the store"
        return [
            self._item(part, missing, words),
            self._item(Part.NOT_PRICED, left, self._unpriced()),
            self._item(
                Part.PRICE, billed - self.stored - missing - left, "the same usage, another price"
            ),
        ]

    def _unpriced(self) -> str:
        return f"without a price: {self.unpriced_calls:,} of {self.calls:,} calls"

    def _item(self, part: Part, nanos: int, reason: str) -> Item:
        return Item(
            part=part,
            day=self.day,
            model=self.model,
            nanos=nanos,
            reason=reason,
            billed_tokens=self.billed_tokens,
            stored_tokens=self.stored_tokens,
        )


def _weight(tokens: Mapping[str, int], weights: Mapping[str, Fraction]) -> Fraction:
    return sum((weights[kind] * count for kind, count in tokens.items()), Fraction(0))
